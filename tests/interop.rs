//! Sign-ins at identity providers that nobody here wrote, with a real browser against a running node:
//! here the npm package `oidc-provider`, and its id_tokens at STS; in [`keycloak`] Keycloak by SAML, in
//! [`keycloak_oidc`] by OpenID Connect.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "interop/keycloak.rs"]
mod keycloak;
#[path = "interop/keycloak_oidc.rs"]
mod keycloak_oidc;
mod support;
#[path = "browser/tls_gateway.rs"]
mod tls_gateway;
#[path = "tools/mod.rs"]
mod tools;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use support::directory::{in_account, provider_arn};
use support::gateway::Gateway;
use support::http::Response;
use support::keys::base64url;
use support::sts::{assert_refused, element};
use tools::Tool;

const ROLE: &str = "arn:aws:iam::123456789012:role/Engineer";
const SECRET: &str = "a secret: with + and % to be encoded";

/// A node and a provider that is a connection twice: as a client with a secret, and as one with a key.
struct Interop {
    gateway: Gateway,
    provider: RunningProvider,
    issuer: String,
}

impl Interop {
    fn start() -> Self {
        Self::start_with(&[])
    }

    /// With more options for the provider.
    fn start_with(options: &[&str]) -> Self {
        let issuer = ["http://127.0.0.1:", &free_port().to_string()].concat();
        let gateway = Gateway::start_allowing(&issuer);
        let folder = gateway.folder();
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        std::fs::write(folder.join("secret"), SECRET).unwrap();
        std::fs::write(folder.join("client.pem"), pair.serialize_pem()).unwrap();
        let jwt_client = json!({ "redirect_uri": callback(&gateway, "jwt"), "jwk": jwk(&pair) });
        std::fs::write(folder.join("jwt.json"), jwt_client.to_string()).unwrap();
        let provider = RunningProvider::start(&gateway, &issuer, options);
        gateway.apply(&directory(&issuer, folder));
        Self {
            gateway,
            provider,
            issuer,
        }
    }

    /// The provider anew at the same place: its keys are others.
    fn rotate_keys(self) -> Self {
        let Self {
            gateway,
            provider,
            issuer,
        } = self;
        drop(provider);
        let provider = RunningProvider::start(&gateway, &issuer, &[]);
        Self {
            gateway,
            provider,
            issuer,
        }
    }

    /// What tests/interop/portal.mjs says of a sign-in.
    fn sign_in(&self, connection: &str, login: &str, more: &[&str]) -> Value {
        let mut command = script("portal.mjs");
        command.args([
            "--gateway",
            &self.gateway.origin(),
            "--connection",
            connection,
        ]);
        command.args(["--login", login]).args(more);
        serde_json::from_str(&output(command)).unwrap()
    }

    fn id_token(&self, client: &str) -> String {
        let mut command = script("id_token.mjs");
        command.args([
            "--issuer",
            &self.issuer,
            "--login",
            "ana",
            "--client",
            client,
        ]);
        output(command).trim().to_owned()
    }

    fn assume(&self, token: &str) -> Response {
        self.gateway.assume_role(ROLE, token, &[])
    }
}

/// The provider's process; it ends when this is dropped.
struct RunningProvider(Child);

impl RunningProvider {
    fn start(gateway: &Gateway, issuer: &str, options: &[&str]) -> Self {
        let (_, port) = issuer.rsplit_once(':').unwrap();
        let mut command = script("oidc-provider.mjs");
        command
            .args([
                "--port",
                port,
                "--stop-with-stdin",
                "--client-secret",
                SECRET,
            ])
            .args(["--redirect-uri", &callback(gateway, "basic")])
            .arg("--jwt-client")
            .arg(gateway.folder().join("jwt.json"))
            .args(options)
            .stderr(Stdio::null());
        let (provider, ready) = Self::announced(command);
        assert_eq!(ready["issuer"], issuer);
        provider
    }

    /// Starts a provider; with what it says when it answers.
    fn announced(mut command: Command) -> (Self, Value) {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        (Self(child), serde_json::from_str(&line).unwrap())
    }
}

impl Drop for RunningProvider {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to stop.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn callback(gateway: &Gateway, connection: &str) -> String {
    [&gateway.origin(), "/oidc/callback/", connection].concat()
}

fn jwk(pair: &rcgen::KeyPair) -> Value {
    let (x, y) = pair.public_key_raw()[1..].split_at(32);
    json!({
        "kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y),
        "kid": "client-1", "alg": "ES256", "use": "sig",
    })
}

fn directory(issuer: &str, folder: &Path) -> BTreeMap<String, String> {
    let name = issuer.strip_prefix("http://").unwrap();
    let arn = provider_arn(issuer);
    let file = |name: &str| folder.join(name).display().to_string();
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "Federated": arn },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": {
            [name, ":aud"].concat(): ["rolegate", "rolegate-jwt", "sts-rs256", "sts-es256"],
        }},
    }});
    let connection = |client: &str, authentication: &str| {
        format!(
            "display_name = \"Corp\"\n[oidc]\nissuer = \"{issuer}\"\nclient_id = \"{client}\"\nclient_auth = {authentication}\nscopes = [\"openid\", \"email\", \"groups\"]\n"
        )
    };
    let basic = format!(
        "{{ client_secret_basic = {{ file = \"{}\" }} }}",
        file("secret")
    );
    let jwt = format!(
        "{{ private_key_jwt = {{ file = \"{}\", key_id = \"client-1\" }} }}",
        file("client.pem")
    );
    let link =
        |connection: &str| format!("connection = \"{connection}\"\nproviders = [\"{arn}\"]\n");
    let rule = format!(
        "connections = [\"basic\", \"jwt\"]\norder = 10\nmax_duration = 3600\nsession_name = \"{{email}}\"\nroles = [\"{ROLE}\"]\n[when]\nclaim = \"groups\"\nequals = \"engineering\"\n"
    );
    BTreeMap::from([
        (
            in_account("account.toml"),
            "alias = \"corp\"\nname = \"Corp\"\n".to_owned(),
        ),
        (
            in_account("oidc-providers/corp.toml"),
            format!("url = \"{issuer}\"\nclient_ids = [\"sts-rs256\", \"sts-es256\"]\n"),
        ),
        (in_account("roles/Engineer.toml"), String::new()),
        (in_account("roles/Engineer.trust.json"), trust.to_string()),
        (
            "connections/basic.toml".to_owned(),
            connection("rolegate", &basic),
        ),
        (
            "connections/jwt.toml".to_owned(),
            connection("rolegate-jwt", &jwt),
        ),
        ("links/basic.toml".to_owned(), link("basic")),
        ("links/jwt.toml".to_owned(), link("jwt")),
        ("rules/10-engineers.toml".to_owned(), rule),
    ])
}

fn script(name: &str) -> Command {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
    let mut command = Command::new(Tool::Node.path());
    command
        .arg(folder.join(name))
        .env("ROLEGATE_TEST_NODE_MODULES", Tool::NodeModules.path())
        .env("ROLEGATE_TEST_CHROMIUM", Tool::Chromium.path());
    command
}

fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the AWS command line is told with the keys that the portal shows as JSON.
fn caller_identity(gateway: &Gateway, keys: &Value) -> Value {
    let path: PathBuf = Tool::AwsCli.path();
    let key = |name: &str| keys[name].as_str().unwrap();
    let mut command = Command::new(path);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", gateway.folder())
        .env("AWS_ENDPOINT_URL_STS", gateway.origin())
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", key("AccessKeyId"))
        .env("AWS_SECRET_ACCESS_KEY", key("SecretAccessKey"))
        .env("AWS_SESSION_TOKEN", key("SessionToken"))
        .args(["sts", "get-caller-identity", "--output", "json"]);
    serde_json::from_str(&output(command)).unwrap()
}

#[test]
fn a_person_signs_in_and_takes_keys_whichever_way_the_gateway_authenticates() {
    let interop = Interop::start();
    for connection in ["basic", "jwt"] {
        let told = interop.sign_in(connection, "ana", &["--role", ROLE]);
        let identity = caller_identity(&interop.gateway, &told["credentials"]);
        assert_eq!(
            identity["Arn"], "arn:aws:sts::123456789012:assumed-role/Engineer/ana@corp.example",
            "{connection}"
        );
    }
}

#[test]
fn a_person_whom_no_rule_names_signs_in_and_gets_no_role() {
    let interop = Interop::start();
    let told = interop.sign_in("basic", "ben", &[]);
    assert_eq!(told["path"], "/roles");
    assert!(
        !told["text"].as_str().unwrap().contains("Engineer"),
        "{told}"
    );
}

#[test]
fn a_person_signs_out_at_the_provider_and_by_way_of_it() {
    let interop = Interop::start();
    let mut command = script("sign_out.mjs");
    command
        .args(["--gateway", &interop.gateway.origin()])
        .args(["--issuer", &interop.issuer])
        .args(["--connection", "basic", "--login", "ana"]);
    let told: Value = serde_json::from_str(&output(command)).unwrap();
    assert_eq!(told["toldBy"], "/", "the gateway was not told: {told}");
    assert_eq!(told["signedOut"]["path"], "/signed-out", "{told}");
    let text = told["signedOut"]["text"].as_str().unwrap();
    assert!(text.contains("was asked to sign you out"), "{told}");
}

#[test]
fn an_answer_that_names_another_issuer_is_refused() {
    let interop = Interop::start_with(&["--answer-iss", "http://127.0.0.1:9"]);
    let told = interop.sign_in("basic", "ana", &[]);
    assert_eq!(told["path"], "/oidc/callback/basic", "{told}");
    let said = "The answer came from another identity provider than the one you chose.";
    assert!(told["text"].as_str().unwrap().contains(said), "{told}");
}

#[test]
fn its_tokens_buy_a_session_at_sts() {
    let interop = Interop::start();
    for client in ["sts-rs256", "sts-es256"] {
        let answer = interop.assume(&interop.id_token(client));
        assert_eq!(answer.status, 200, "{client}: {}", answer.text());
        assert_eq!(element(&answer, "Audience"), client);
        assert_eq!(element(&answer, "Provider"), interop.issuer);
        assert_eq!(element(&answer, "SubjectFromWebIdentityToken"), "ana");
    }
}

#[test]
fn a_new_key_of_the_provider_counts_at_once_and_its_old_one_no_longer() {
    let interop = Interop::start();
    let old = interop.id_token("sts-es256");
    assert_eq!(interop.assume(&old).status, 200);
    let interop = interop.rotate_keys();
    let new = interop.id_token("sts-es256");
    let answer = interop.assume(&new);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = interop.assume(&old);
    assert_refused(&answer, 400, "InvalidIdentityToken");
}
