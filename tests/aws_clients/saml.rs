//! Responses that libraries of others signed, given to STS by AWS's clients.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_sdk_sts::operation::assume_role_with_saml::{
    AssumeRoleWithSAMLError as AssumeError, AssumeRoleWithSamlOutput,
};
use aws_sdk_sts::types::Credentials;
use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use super::support::aws::{ADMIN_KEY, ADMIN_SECRET};
use super::support::directory::{ACCOUNT, account_files, add_role, in_account, role_arn};
use super::support::gateway::Gateway;
use super::{client, json_of, sdk_config, succeeded, tools::Tool};

const ENTITY: &str = "https://idp.example/saml";
const PERSON: &str = "ana & <co>";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/Partner/ana";
const MAKERS: [&str; 3] = ["signxml", "pysaml2", "samlify"];
const PARTS: [&str; 3] = ["assertion", "response", "both"];

/// A gateway that knows one SAML provider, whose key lies in a folder.
pub(super) struct Partners {
    pub(super) gateway: Gateway,
    folder: PathBuf,
}

pub(super) fn provider_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:saml-provider/Partners")
}

/// What a script of tests/clients makes of its input.
fn run(mut command: Command, arguments: &[&str], input: &Value) -> String {
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).unwrap();
    drop(stdin);
    succeeded(&child.wait_with_output().unwrap())
}

pub(super) fn script(name: &str) -> String {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    clients.join(name).to_str().unwrap().to_owned()
}

impl Partners {
    pub(super) fn start() -> Self {
        let gateway = Gateway::start_at_amazon();
        let folder = gateway.folder().join("partners");
        std::fs::create_dir(&folder).unwrap();
        let partners = Self { gateway, folder };
        partners.python(
            "saml_response.py",
            &["provider", &partners.place(), ENTITY],
            &json!({}),
        );
        partners.gateway.apply(&partners.files());
        partners
    }

    /// The directory that it starts with.
    pub(super) fn files(&self) -> DirectoryFiles {
        let mut files = account_files();
        let metadata = std::fs::read_to_string(self.folder.join("metadata.xml")).unwrap();
        files.insert(in_account("saml-providers/Partners.toml"), String::new());
        files.insert(in_account("saml-providers/Partners.metadata.xml"), metadata);
        let trust = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": provider_arn() },
            "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
            "Condition": { "StringEquals": {
                "saml:aud": self.acs(),
                "saml:sub_type": "persistent",
            }},
        }});
        add_role(&mut files, "Partner", &json!({}), &trust);
        files
    }

    fn place(&self) -> String {
        self.folder.to_str().unwrap().to_owned()
    }

    fn acs(&self) -> String {
        [&*self.gateway.origin(), "/saml/acs"].concat()
    }

    fn python(&self, name: &str, arguments: &[&str], input: &Value) -> String {
        let mut python = client(&self.gateway, &Tool::Python.path());
        // pysaml2 uses what its libraries warn of.
        python.args(["-W", "ignore", &script(name)]);
        run(python, arguments, input)
    }

    /// A response in base64, signed by a library; `changes` are in place of what is wanted of it.
    pub(super) fn response(&self, maker: &str, part: &str, changes: &Value) -> String {
        let attribute = |name: &str| ["https://aws.amazon.com/SAML/Attributes/", name].concat();
        let pair = [&*role_arn("Partner"), ",", &provider_arn()].concat();
        let audience = [&*self.gateway.origin(), "/saml/metadata"].concat();
        let mut wanted = json!({
            "entity_id": ENTITY,
            "acs": self.acs(),
            "audience": audience,
            "name_id": PERSON,
            "in_response_to": "_request",
            "attributes": {
                (attribute("Role")): ["arn:aws:iam::1:role/x,arn:aws:iam::1:saml-provider/x", pair],
                (attribute("RoleSessionName")): ["ana"],
                (attribute("SessionDuration")): ["1800"],
                (attribute("PrincipalTag:team")): ["ops"],
            },
            "sign": part,
        });
        for (name, value) in changes.as_object().unwrap() {
            wanted[name] = value.clone();
        }
        let text = if maker == "samlify" {
            let mut node = client(&self.gateway, &Tool::Node.path());
            node.env("ROLEGATE_TEST_NODE_MODULES", Tool::NodeModules.path());
            run(
                node,
                &[&script("saml_response.mjs"), &self.place()],
                &wanted,
            )
        } else {
            self.python(
                "saml_response.py",
                &["response", &self.place(), "--by", maker],
                &wanted,
            )
        };
        text.trim().to_owned()
    }
}

#[test]
fn boto3_takes_a_role_with_a_response_of_every_library_and_is_told_who_it_is() {
    let partners = Partners::start();
    for maker in MAKERS {
        let parameters = json!({
            "RoleArn": role_arn("Partner"),
            "PrincipalArn": provider_arn(),
            "SAMLAssertion": partners.response(maker, "both", &json!({})),
            "DurationSeconds": 900,
        });
        let told = partners.python("assume_role_with_saml.py", &[], &parameters);
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["identity"]["Arn"], SESSION, "{maker}: {told}");
        let answer = &told["answer"];
        assert_eq!(answer["Subject"], PERSON);
        assert_eq!(answer["SubjectType"], "persistent");
        assert_eq!(answer["Issuer"], ENTITY);
        assert_eq!(answer["Audience"], partners.acs());
        assert_eq!(answer["NameQualifier"].as_str().unwrap().len(), 28);
        assert!(answer["PackedPolicySize"].is_u64(), "{answer}");
        assert_eq!(answer["AssumedRoleUser"]["Arn"], SESSION);
    }
}

#[test]
fn boto3_knows_a_refusal_by_its_class() {
    let partners = Partners::start();
    let good = partners.response("signxml", "assertion", &json!({}));
    let told = |changes: &Value| {
        let mut parameters = json!({
            "RoleArn": role_arn("Partner"),
            "PrincipalArn": provider_arn(),
            "SAMLAssertion": good,
        });
        for (name, value) in changes.as_object().unwrap() {
            parameters[name] = value.clone();
        }
        let told = partners.python("assume_role_with_saml.py", &[], &parameters);
        let told: Value = serde_json::from_str(&told).unwrap();
        let text = |name: &str| told["error"][name].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}: {}",
            text("class"),
            told["error"]["status"],
            text("message")
        )
    };
    let other = [&*provider_arn(), "2"].concat();
    let elsewhere = partners.response("signxml", "assertion", &json!({ "audience": "urn:other" }));
    for (changes, expected) in [
        (
            json!({ "PrincipalArn": other }),
            "InvalidIdentityTokenException 400: Specified provider doesn't exist",
        ),
        (
            json!({ "SAMLAssertion": elsewhere }),
            "InvalidIdentityTokenException 400: Response does not contain the required audience",
        ),
        (
            json!({ "RoleArn": role_arn("Other") }),
            "ClientError 403: Not authorized to perform sts:AssumeRoleWithSAML",
        ),
        (
            json!({ "Policy": "{" }),
            "MalformedPolicyDocumentException 400: ",
        ),
    ] {
        let told = told(&changes);
        assert!(told.starts_with(expected), "{told} instead of {expected}");
    }
}

impl Partners {
    /// Changes the provider through IAM; the ids of its private keys then.
    fn update(&self, update: &Value) -> Vec<String> {
        let input = json!({
            "endpoint": self.gateway.origin(),
            "key": [ADMIN_KEY, ADMIN_SECRET],
            "provider": provider_arn(),
            "update": update,
        });
        let told = self.python("iam/update_saml_provider.py", &[], &input);
        serde_json::from_str(&told).unwrap()
    }

    /// Why the response is refused, if it is.
    fn assume(&self, response: &str) -> Result<(), String> {
        self.gateway.runtime.block_on(async {
            let config = sdk_config(&self.gateway.origin(), "us-east-1").await;
            let client = aws_sdk_sts::Client::new(&config);
            let answer = assume_by_sdk(&client, response).await;
            let told = |error: AssumeError| error.message().unwrap_or_default().to_owned();
            answer.map(|_| ()).map_err(told)
        })
    }
}

#[test]
fn a_provider_s_own_key_opens_its_assertions_and_one_in_the_open_is_refused_where_it_must_be() {
    let partners = Partners::start();
    let own = partners.gateway.folder().join("encryption");
    std::fs::create_dir(&own).unwrap();
    let place = own.to_str().unwrap();
    partners.python("saml_response.py", &["provider", place, ENTITY], &json!({}));
    let key = std::fs::read_to_string(own.join("key.pem")).unwrap();
    let certificate = own.join("certificate.pem");
    let sealed = |algorithm: &str| {
        let encrypt = json!({ "certificate": certificate, "algorithm": algorithm });
        partners.response("pysaml2", "assertion", &json!({ "encrypt": encrypt }))
    };
    let open = || partners.response("pysaml2", "both", &json!({}));
    let unopened = "The encrypted assertion can't be decrypted, or is not signed inside.";
    assert_eq!(
        partners.assume(&sealed("aes256-gcm")),
        Err(unopened.to_owned())
    );
    assert_eq!(partners.assume(&open()), Ok(()));

    let keys = partners.update(&json!({
        "AddPrivateKey": key,
        "AssertionEncryptionMode": "Required",
    }));
    for algorithm in ["aes128-gcm", "aes256-gcm"] {
        assert_eq!(partners.assume(&sealed(algorithm)), Ok(()), "{algorithm}");
    }
    let refused = "The assertion is not encrypted; assertions of this provider must be.";
    assert_eq!(partners.assume(&open()), Err(refused.to_owned()));

    partners.update(&json!({ "RemovePrivateKey": keys[0] }));
    assert_eq!(
        partners.assume(&sealed("aes256-gcm")),
        Err(unopened.to_owned())
    );
    partners.update(&json!({ "AssertionEncryptionMode": "Allowed" }));
    assert_eq!(partners.assume(&open()), Ok(()));
}

async fn assume_by_sdk(
    client: &aws_sdk_sts::Client,
    assertion: &str,
) -> Result<AssumeRoleWithSamlOutput, AssumeError> {
    let call = client.assume_role_with_saml().role_arn(role_arn("Partner"));
    let call = call.principal_arn(provider_arn()).saml_assertion(assertion);
    let answer = call.send().await;
    answer.map_err(aws_sdk_sts::error::SdkError::into_service_error)
}

async fn who(config: &aws_config::SdkConfig, keys: &Credentials) -> Option<String> {
    let keys = aws_credential_types::Credentials::new(
        keys.access_key_id(),
        keys.secret_access_key(),
        Some(keys.session_token().to_owned()),
        None,
        "tests",
    );
    let config = aws_sdk_sts::config::Builder::from(config);
    let client = aws_sdk_sts::Client::from_conf(config.credentials_provider(keys).build());
    let identity = client.get_caller_identity().send().await.unwrap();
    identity.arn().map(str::to_owned)
}

#[test]
fn the_sdk_for_rust_takes_a_role_with_a_response_of_every_library_whatever_it_signed() {
    let partners = Partners::start();
    for maker in MAKERS {
        for part in PARTS {
            let response = partners.response(maker, part, &json!({}));
            partners.gateway.runtime.block_on(async {
                let config = sdk_config(&partners.gateway.origin(), "us-east-1").await;
                let client = aws_sdk_sts::Client::new(&config);
                let answer = assume_by_sdk(&client, &response).await;
                let answer = answer.unwrap_or_else(|error| panic!("{maker} {part}: {error:?}"));
                assert_eq!(answer.subject(), Some(PERSON), "{maker} {part}");
                assert_eq!(answer.issuer(), Some(ENTITY));
                let arn = who(&config, answer.credentials().unwrap()).await;
                assert_eq!(arn.as_deref(), Some(SESSION), "{maker} {part}");
            });
        }
    }
}

#[test]
fn the_sdk_for_rust_knows_a_refusal_by_its_variant() {
    let partners = Partners::start();
    let nobody = json!({ "audience": "urn:other" });
    let elsewhere = partners.response("signxml", "assertion", &nobody);
    partners.gateway.runtime.block_on(async {
        let config = sdk_config(&partners.gateway.origin(), "us-east-1").await;
        let client = aws_sdk_sts::Client::new(&config);
        let error = assume_by_sdk(&client, &elsewhere).await.unwrap_err();
        assert!(error.is_invalid_identity_token_exception(), "{error:?}");
        let text = "Response does not contain the required audience";
        assert_eq!(error.message(), Some(text));
    });
}

/// The command line asks the same.
#[test]
fn the_command_line_takes_a_role_with_a_response() {
    let partners = Partners::start();
    let mut command = super::aws(&partners.gateway);
    command.args(["assume-role-with-saml", "--output", "json"]);
    command.args(["--role-arn", &role_arn("Partner")]);
    command.args(["--principal-arn", &provider_arn()]);
    let response = partners.response("signxml", "response", &json!({}));
    command.args(["--saml-assertion", &response]);
    let answer = json_of(&command.output().unwrap());
    assert_eq!(answer["AssumedRoleUser"]["Arn"], SESSION);
    assert_eq!(answer["Subject"], PERSON);
}
