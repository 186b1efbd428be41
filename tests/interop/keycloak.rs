//! Whole sign-ins and sign-outs by SAML at Keycloak, through the gateway, in a browser. Gateway and
//! Keycloak are at registrable domains of their own, over TLS, and know each other by their metadata
//! alone. `saml_journey.mjs` is the browser's side.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::support::directory::{ACCOUNT, account_files, add_role, in_account, role_arn};
use crate::tls_gateway::{GATEWAY, PROVIDER, TlsGateway, run_script};
use crate::tools::Tool;
use crate::{RunningProvider, free_port, script};

const BY_REDIRECT: &str = "by-redirect";
const BY_POST: &str = "by-post";
const ROLE: &str = "Engineer";
const AWS: &str = "https://aws.amazon.com/SAML/Attributes/";

/// A starting Keycloak takes 768 MB and all the processor's cores.
pub(crate) static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// How Keycloak's client for the gateway is set up.
struct Client {
    /// `Sign documents`: responses, and every message about a sign-out.
    signs_documents: bool,
    /// `Encrypt assertions`.
    encrypts: bool,
}

impl Client {
    fn options(&self) -> Vec<&'static str> {
        let mut options = vec!["--sign"];
        options.push(if self.signs_documents {
            "both"
        } else {
            "assertion"
        });
        options.extend(self.encrypts.then_some("--encrypt"));
        options
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_at_keycloak_with_encrypted_assertions_and_out_from_either_side() {
    let client = Client {
        signs_documents: true,
        encrypts: true,
    };
    journey(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keycloak_that_signs_assertions_alone_signs_people_in_and_nobody_out() {
    let client = Client {
        signs_documents: false,
        encrypts: false,
    };
    journey(&client).await;
}

async fn journey(client: &Client) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let gateway = TlsGateway::start().await;
    let (_keycloak, facts) = start_keycloak(&gateway, client).await;
    let entity_id = facts["entityId"].as_str().unwrap();
    let descriptor = [entity_id, "/protocol/saml/descriptor"].concat();
    let address = facts["address"].as_str().unwrap();
    let metadata = gateway.fetch(&descriptor, address).await;
    let directory = gateway.folder().join("directory");
    write_directory(&directory, entity_id, &descriptor, metadata);
    gateway.apply(&directory).await;

    let mut settings = gateway.settings(facts["origin"].as_str().unwrap());
    settings["keycloak"] = facts;
    settings["signsDocuments"] = json!(client.signs_documents);
    settings["encrypts"] = json!(client.encrypts);
    settings["connections"] = json!({ "byRedirect": BY_REDIRECT, "byPost": BY_POST });
    settings["role"] = json!(role_arn(ROLE));
    settings["principal"] = json!(provider_arn());
    run_script("interop/saml_journey.mjs", settings).await;
    gateway.stop().await;
}

/// Keycloak, which has read the gateway's metadata; with what it says of itself, and where it is.
async fn start_keycloak(gateway: &TlsGateway, client: &Client) -> (RunningProvider, Value) {
    let folder = gateway.folder();
    let file = |name: &str| folder.join(name);
    fs::write(file("gateway.xml"), gateway.saml_metadata().await).unwrap();
    fs::write(file("people.json"), people().to_string()).unwrap();
    let [chain, key] = gateway.authority.write(&[PROVIDER], folder, "keycloak");
    let port = free_port().to_string();
    let origin = format!("https://{PROVIDER}:{port}");
    let mut command = script("keycloak.mjs");
    command
        .env("ROLEGATE_TEST_JAVA_TOOLS", Tool::JavaTools.path())
        .args(["--stop-with-stdin", "--port", &port, "--url", &origin])
        .arg("--sp-metadata")
        .arg(file("gateway.xml"))
        .arg("--accounts")
        .arg(file("people.json"))
        .arg("--tls-certificate")
        .arg(chain)
        .arg("--tls-key")
        .arg(key)
        .args(client.options());
    let (keycloak, mut facts) = RunningProvider::announced(command);
    facts["origin"] = json!(origin);
    facts["address"] = json!(format!("{PROVIDER}:{port}:127.0.0.1:{port}"));
    (keycloak, facts)
}

/// Ana, whom a rule knows by her group, and whose role the assertion names for STS; and Ben.
fn people() -> Value {
    let role = [role_arn(ROLE), provider_arn()].join(",");
    json!({
        "ana": {
            "mail": "ana@corp.example",
            "groups": ["engineering", "on & call"],
            ([AWS, "Role"].concat()): role,
            ([AWS, "RoleSessionName"].concat()): "ana.at.sts",
        },
        "ben": { "mail": "ben@corp.example", "groups": ["finance"] },
    })
}

fn provider_arn() -> String {
    ["arn:aws:iam::", ACCOUNT, ":saml-provider/Keycloak"].concat()
}

/// One role for those of a group, by two connections that differ in how requests go.
fn write_directory(folder: &Path, entity_id: &str, metadata_url: &str, metadata: String) {
    let mut files = account_files();
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "Federated": provider_arn() },
        "Action": "sts:AssumeRoleWithSAML",
        "Condition": { "StringEquals": {
            "saml:aud": format!("https://{GATEWAY}/saml/acs"),
            "saml:iss": entity_id,
        }},
    }});
    add_role(&mut files, ROLE, &json!({}), &trust);
    let provider = in_account("saml-providers/Keycloak");
    files.insert([&provider, ".toml"].concat(), String::new());
    files.insert([&provider, ".metadata.xml"].concat(), metadata);
    for (id, settings) in [
        (BY_REDIRECT, "idp_initiated = true"),
        (BY_POST, "request_binding = \"post\""),
    ] {
        let connection = format!(
            "display_name = \"{id}\"\n[saml]\nentity_id = \"{entity_id}\"\nmetadata = {{ url = \"{metadata_url}\" }}\n{settings}\n"
        );
        let link = format!(
            "connection = \"{id}\"\nproviders = [\"{}\"]\n",
            provider_arn()
        );
        files.insert(["connections/", id, ".toml"].concat(), connection);
        files.insert(["links/", id, ".toml"].concat(), link);
    }
    let rule = format!(
        "connections = [\"{BY_REDIRECT}\", \"{BY_POST}\"]\norder = 10\nsession_name = \"{{mail}}\"\nroles = [\"{}\"]\n[when]\nclaim = \"groups\"\nequals = \"engineering\"\n",
        role_arn(ROLE)
    );
    files.insert("rules/10-engineers.toml".to_owned(), rule);
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
