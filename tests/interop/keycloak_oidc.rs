//! Signing in and out by OpenID Connect at Keycloak, with its own id_tokens and logout tokens.
//! `keycloak_sign_out.mjs` is the browser's side.

use std::fs;

use serde_json::{Value, json};

use crate::keycloak::ONE_AT_A_TIME;
use crate::support::aws::AwsKeys;
use crate::support::gateway::Gateway;
use crate::tools::Tool;
use crate::{RunningProvider, SECRET, callback, directory, free_port, output, script};

/// Keycloak's realm as a connection by a client with a secret.
struct AtKeycloak {
    gateway: Gateway,
    _keycloak: RunningProvider,
    issuer: String,
    password: String,
}

impl AtKeycloak {
    fn start() -> Self {
        let port = free_port().to_string();
        let origin = ["http://127.0.0.1:", &port].concat();
        let issuer = [&origin, "/realms/corp"].concat();
        let gateway = Gateway::start_allowing(&issuer);
        let folder = gateway.folder();
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        fs::write(folder.join("client.pem"), pair.serialize_pem()).unwrap();
        fs::write(folder.join("secret"), SECRET).unwrap();
        let here = |path: &str| [&*gateway.origin(), path].concat();
        let client = json!({
            "id": "rolegate",
            "secret": SECRET,
            "redirectUri": callback(&gateway, "basic"),
            "afterLogout": here("/signed-out"),
            "backChannel": here("/oidc/backchannel-logout/basic"),
        });
        fs::write(folder.join("keycloak.json"), client.to_string()).unwrap();
        let mut command = script("keycloak.mjs");
        command
            .env("ROLEGATE_TEST_JAVA_TOOLS", Tool::JavaTools.path())
            .args(["--stop-with-stdin", "--port", &port, "--url", &origin])
            .arg("--oidc-client")
            .arg(folder.join("keycloak.json"));
        let (keycloak, facts) = RunningProvider::announced(command);
        assert_eq!(facts["entityId"], issuer);
        gateway.apply(&directory(&issuer, folder));
        Self {
            gateway,
            _keycloak: keycloak,
            issuer,
            password: facts["password"].as_str().unwrap().to_owned(),
        }
    }
}

/// The audit's lines about logout tokens.
fn told(gateway: &Gateway) -> Vec<Value> {
    let mut lines = gateway.audit();
    lines.retain(|line| line["eventName"] == "OidcLogout");
    lines
}

#[test]
fn people_sign_out_at_keycloak_and_by_way_of_it() {
    let _alone = ONE_AT_A_TIME.blocking_lock();
    let at = AtKeycloak::start();
    let mut command = script("keycloak_sign_out.mjs");
    command
        .args(["--gateway", &at.gateway.origin(), "--issuer", &at.issuer])
        .args(["--connection", "basic", "--login", "ana"])
        .args(["--password", &at.password]);
    let said: Value = serde_json::from_str(&output(command)).unwrap();
    assert_eq!(
        said["toldBy"], "/",
        "Keycloak ended no session here: {said}"
    );
    assert_eq!(said["signedOut"]["path"], "/signed-out", "{said}");
    let text = said["signedOut"]["text"].as_str().unwrap();
    assert!(text.contains("was asked to sign you out"), "{said}");
    assert_eq!(said["asksAgain"], true, "{said}");
    let told = told(&at.gateway);
    assert!(!told.is_empty(), "no logout token came");
    for line in &told {
        assert_eq!(line["errorCode"], Value::Null, "{line}");
    }
    // What was taken in the session that Keycloak ended is over, too.
    let key = |name: &str| said["keys"][name].as_str().unwrap().to_owned();
    let keys = AwsKeys {
        id: key("AccessKeyId"),
        secret: key("SecretAccessKey"),
        token: Some(key("SessionToken")),
    };
    assert_ne!(at.gateway.who(&keys).status, 200, "its keys go on");
}
