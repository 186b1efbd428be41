//! Every operation of STS by boto3, and every error that botocore's model has for it. docs/sts-api.md says what is
//! not here; these tests read it from there, so that it says what is so.

use std::path::Path;

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use super::saml::{Partners, provider_arn, script};
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::directory::{add_role, in_account, role_arn};
use super::support::gateway::READER;
use super::{python, run_script, tools::Tool};

pub(super) const KEY: &str = "AKIAQYLPMN5HADAAAAAA";
const CI_KEY: &str = "AKIAQYLPMN5HCICICICI";
const MEMBER: &str = "482011739056";
const MEMBER_KEY: &str = "AKIAQYLPMN5HADAAAAAC";
pub(super) const SECRET: &str = "a-secret-of-ada-that-stands-in-no-log";
pub(super) const DEVICE: &str = "arn:aws:iam::123456789012:mfa/phone";
const SEED: &[u8] = b"12345678901234567890";

/// What docs/sts-api.md says of the model.
#[derive(Debug, Default)]
struct Inventory {
    raised: Vec<Value>,
    not_raised: Vec<Value>,
    absent: Vec<String>,
    not_given: Vec<String>,
}

/// The rows of a table of the page, without its head; backquotes are taken away.
fn rows(page: &str, head: &str) -> Vec<Vec<String>> {
    let lines = page.lines().skip_while(|line| *line != head).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> = rows
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().replace('`', "")).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table {head}");
    rows
}

impl Inventory {
    fn read() -> Self {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sts-api.md");
        let page = std::fs::read_to_string(page).unwrap();
        let mut inventory = Self::default();
        for row in rows(&page, "| operation | error of the model | here |") {
            let [operation, error, here] = row.as_slice() else {
                panic!("{row:?}");
            };
            let pair = json!([operation, error]);
            match here.as_str() {
                "yes" => inventory.raised.push(pair),
                why if why.starts_with("no operation: ") => {
                    inventory.absent.push(operation.clone());
                }
                why => {
                    assert!(why.starts_with("no: "), "{row:?}");
                    inventory.not_raised.push(pair);
                }
            }
        }
        for row in rows(&page, "| member of the model | why not here |") {
            inventory.not_given.push(row[0].clone());
        }
        inventory
    }

    fn json(&self) -> Value {
        json!({ "raised": self.raised, "not_raised": self.not_raised, "absent": self.absent,
                "not_given": self.not_given })
    }
}

/// What a function of tests/clients/every_operation.py says.
fn boto3(partners: &Partners, function: &str, arguments: &Value) -> Value {
    let mut python = python(&partners.gateway);
    python.arg(script("every_operation.py")).arg(function);
    run_script(python, arguments)
}

#[track_caller]
fn assert_none(problems: &Value) {
    let problems = problems.as_array().unwrap();
    let lines: Vec<&str> = problems.iter().map(|it| it.as_str().unwrap()).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// A gateway with a user, roles and both kinds of provider, and what its callers have to show.
pub(super) struct Scene {
    pub(super) partners: Partners,
    pub(super) told: Value,
}

impl Scene {
    pub(super) fn start() -> Self {
        let partners = Partners::start();
        let mut files = partners.files();
        files.extend(partners.gateway.directory());
        let seed = data_encoding::BASE32_NOPAD.encode(SEED);
        let user = format!(
            "[[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}'\n[[mfa_devices]]\nname = 'phone'\nseed = '{seed}'\n"
        );
        files.insert(in_account("users/ada.toml"), user);
        let may = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "sts:*", "Resource": "*",
        }});
        files.insert(in_account("users/ada.policies/sts.json"), may.to_string());
        let trust = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow",
            "Principal": { "AWS": "123456789012" },
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        }});
        for (role, condition) in [
            ("Worker", json!({})),
            ("Last", json!({})),
            (
                "Supplier",
                json!({ "StringEquals": { "sts:ExternalId": "agreed" } }),
            ),
            (
                "Careful",
                json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }),
            ),
        ] {
            let mut trust = trust.clone();
            trust["Statement"]["Condition"] = condition;
            add_role(&mut files, role, &json!({}), &trust);
        }
        for role in ["Worker", "Reader"] {
            let path = in_account(&format!("roles/{role}.policies/sts.json"));
            files.insert(path, may.to_string());
        }
        add_regions_and_root(&mut files);
        let service = format!("[[access_keys]]\nid = '{CI_KEY}'\nsecret = '{SECRET}'\n");
        files.insert("services/ci.example.com.toml".to_owned(), service);
        partners.gateway.apply(&files);
        let told = scene(&partners, &seed);
        Self { partners, told }
    }

    fn ask(&self, function: &str) -> Value {
        boto3(&self.partners, function, &json!({ "scene": self.told }))
    }

    fn ask_by(&self, function: &str, inventory: &Inventory) -> Value {
        let arguments = json!({ "scene": self.told, "inventory": inventory.json() });
        boto3(&self.partners, function, &arguments)
    }
}

/// The account gives tokens for others and manages another one, and has no keys given in one region.
fn add_regions_and_root(files: &mut DirectoryFiles) {
    let off = "deactivated_regions = ['eu-west-3']\n";
    let account = files.get_mut(&in_account("account.toml")).unwrap();
    account.push_str(&[off, "outbound_federation = true\n"].concat());
    let organization = "management_account = '123456789012'\nroot_sessions = true\n";
    files.insert("organization.toml".to_owned(), organization.to_owned());
    let member = |path: &str| format!("accounts/{MEMBER}/{path}");
    let settings = ["alias = 'member'\n", off].concat();
    files.insert(member("account.toml"), settings);
    let user = format!("[[access_keys]]\nid = '{MEMBER_KEY}'\nsecret = '{SECRET}'\n");
    files.insert(member("users/bob.toml"), user);
    let may = files[&in_account("users/ada.policies/sts.json")].clone();
    files.insert(member("users/bob.policies/sts.json"), may);
}

fn tags(count: usize) -> Value {
    (0..count)
        .map(|number| (format!("Key{number}"), json!(["v".repeat(250)])))
        .collect()
}

/// Tokens of a person: good ones, and one for each error.
fn tokens(partners: &Partners) -> Value {
    let gateway = &partners.gateway;
    let now = gateway.now();
    let with = |changes: &Value| gateway.token_with("ines", changes);
    let tags = json!({ "https://aws.amazon.com/tags": { "principal_tags": tags(20) } });
    json!({
        "good": gateway.token("ines"),
        "source_identity": with(&json!({ "https://aws.amazon.com/source_identity": "ines" })),
        "old": with(&json!({ "iat": now - 7200, "exp": now - 3600 })),
        "elsewhere": with(&json!({ "aud": "somebody-else" })),
        "large": with(&tags),
        "unreachable": gateway.unreachable_token(),
    })
}

/// Responses of a provider, likewise.
fn responses(partners: &Partners) -> Value {
    let made = |changes: &Value| partners.response("signxml", "both", changes);
    let attribute = |name: &str| ["https://aws.amazon.com/SAML/Attributes/", name].concat();
    let attributes = |more: &[(String, Value)]| {
        let pair = [&*role_arn("Partner"), ",", &provider_arn()].concat();
        let mut attributes = json!({
            (attribute("Role")): [pair],
            (attribute("RoleSessionName")): ["ana"],
        });
        for (name, values) in more {
            attributes[name] = values.clone();
        }
        json!({ "attributes": attributes })
    };
    let source = (attribute("SourceIdentity"), json!(["ana"]));
    let large: Vec<(String, Value)> = (0..20)
        .map(|number| {
            let name = attribute(&format!("PrincipalTag:Key{number}"));
            (name, json!(["v".repeat(250)]))
        })
        .collect();
    json!({
        "good": made(&attributes(&[source])),
        "old": made(&json!({ "age": 3600 })),
        "elsewhere": made(&json!({ "audience": "urn:other" })),
        "refused": made(&json!({ "status": "urn:oasis:names:tc:SAML:2.0:status:Responder" })),
        "large": made(&attributes(&large)),
    })
}

/// What a service hands to ada when it refuses her, for her account to decode.
fn encoded_message(partners: &Partners) -> Value {
    let gateway = &partners.gateway;
    let keys = |id: &str| AwsKeys {
        id: id.to_owned(),
        secret: SECRET.to_owned(),
        token: None,
    };
    let by_ada = Signing {
        service: "ci",
        ..Signing::at(gateway.now())
    };
    let received = Call::get("127.0.0.1:1".parse().unwrap(), "/jobs").signed(&keys(KEY), &by_ada);
    let question = json!({
        "service": "ci",
        "request": { "method": "GET", "path": received.target, "headers": received.headers },
        "action": "ci:RunJob",
        "resource": "arn:aws:ci:us-east-1:123456789012:job/7",
    });
    let answer = Call::admin(gateway.address, "/authorize", question.to_string())
        .signed(&keys(CI_KEY), &Signing::admin(gateway.now()))
        .send(gateway.address);
    let told = answer.json();
    assert_eq!(told["decision"], "deny", "{told}");
    told["encoded_message"].clone()
}

fn scene(partners: &Partners, seed: &str) -> Value {
    json!({
        "encoded": encoded_message(partners),
        "keys": { "aws_access_key_id": KEY, "aws_secret_access_key": SECRET },
        "origin": partners.gateway.origin(),
        "member": MEMBER,
        "member_keys": { "aws_access_key_id": MEMBER_KEY, "aws_secret_access_key": SECRET },
        "device": DEVICE,
        "seed": seed,
        "worker": role_arn("Worker"),
        "reader": READER,
        "partner": role_arn("Partner"),
        "saml_provider": provider_arn(),
        "tokens": tokens(partners),
        "responses": responses(partners),
    })
}

#[test]
fn the_page_about_sts_says_of_every_operation_and_error_of_the_model_whether_it_is_here() {
    let mut python = std::process::Command::new(Tool::Python.path());
    python
        .arg(script("every_operation.py"))
        .arg("holds_the_inventory");
    let arguments = json!({ "inventory": Inventory::read().json() });
    assert_none(&run_script(python, &arguments));
}

#[test]
fn boto3_finds_every_member_of_the_model_in_every_answer() {
    let told = Scene::start().ask_by("answers_every_operation", &Inventory::read());
    assert_none(&told["problems"]);
    assert!(told["operations"].as_array().unwrap().len() >= 10, "{told}");
}

#[test]
fn boto3_raises_every_error_of_the_model_as_its_class_with_its_status() {
    let told = Scene::start().ask("raises_every_error");
    assert_none(&told["problems"]);
    let raised = Inventory::read().raised.len();
    assert_eq!(told["raised"], json!(raised));
}

#[test]
fn boto3_is_refused_by_every_constraint_of_the_model_at_its_very_bounds() {
    let told = Scene::start().ask("keeps_to_every_constraint");
    assert_none(&told["problems"]);
    assert!(told["tried"].as_u64().unwrap() > 100, "{told}");
}
