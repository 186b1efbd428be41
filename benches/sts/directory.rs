//! The node's directory: one account with a provider of each kind, and a role for each.

use std::net::SocketAddr;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use rolegate::clock::{Clock as _, SystemClock};
use rolegate::config::environment::{
    ADMIN_ACCESS_KEY_ID, ADMIN_ACCOUNT_ID, ADMIN_SECRET_ACCESS_KEY,
};
use rolegate::domain::{AccessKeyId, KeyKind, Region, SecretAccessKey};
use rolegate::entropy::{SystemEntropy, draw};
use rolegate::sigv4::Signer;
use serde_json::{Value, json};

use crate::Outcome;
use crate::authorize::{KEY_ID, SECRET, SERVICE};
use crate::identity::{CLIENT, Provider};
use crate::load::ask;
use crate::requests::signed;
use crate::saml::{AUDIENCE, RECIPIENT, SamlProvider};

/// The account.
pub const ACCOUNT: &str = "123456789012";
/// The role that tokens open.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/deploy/Deployment";
/// The role that SAML responses open.
pub const SAML_ROLE: &str = "arn:aws:iam::123456789012:role/Support";
/// The role that sessions of [`ROLE`] assume.
pub const ASSUMED_ROLE: &str = "arn:aws:iam::123456789012:role/Audit";
/// The SAML provider about whose responses no second verifier is asked.
pub const QUICK: &str = "arn:aws:iam::123456789012:saml-provider/Quick";
/// The one about whose responses it is.
pub const CHECKED: &str = "arn:aws:iam::123456789012:saml-provider/Checked";

/// The first administrator of the node.
pub struct Admin {
    access_key_id: AccessKeyId,
    secret: SecretAccessKey,
}

impl Admin {
    /// A key that nobody else knows.
    pub fn new() -> Outcome<Self> {
        let secret: [u8; 30] = draw(&SystemEntropy)?;
        let random = draw(&SystemEntropy)?;
        Ok(Self {
            access_key_id: AccessKeyId::from_random(KeyKind::LongTerm, ACCOUNT.parse()?, random),
            secret: SecretAccessKey::new(BASE64.encode(&secret)),
        })
    }

    /// The environment variables that make it known to the node.
    pub fn variables(&self) -> [(&'static str, &str); 3] {
        [
            (ADMIN_ACCESS_KEY_ID, self.access_key_id.as_str()),
            (ADMIN_SECRET_ACCESS_KEY, self.secret.expose()),
            (ADMIN_ACCOUNT_ID, ACCOUNT),
        ]
    }
}

impl Admin {
    /// Signs requests to this service.
    pub const fn signer<'a>(&'a self, region: &'a Region, service: &'a str) -> Signer<'a> {
        Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: None,
            region,
            service,
        }
    }
}

/// One of many roles that sessions of [`ROLE`] assume.
pub fn numbered_role(number: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/Role{number}")
}

/// Gives the node its directory.
pub fn apply(
    node: SocketAddr,
    (provider, saml_provider): (&Provider, &SamlProvider),
    admin: &Admin,
) -> Outcome<()> {
    let metadata = saml_provider.metadata();
    let saml_folder = format!("accounts/{ACCOUNT}/saml-providers");
    let mut files = deployments(provider.issuer());
    let more = json!({
        format!("accounts/{ACCOUNT}/roles/Audit.toml"): "",
        format!("accounts/{ACCOUNT}/roles/Audit.trust.json"): role_trust(),
        format!("accounts/{ACCOUNT}/roles/Deployment.policies/builds.json"): builds(),
        format!("services/{SERVICE}.toml"):
            format!("[[access_keys]]\nid = \"{KEY_ID}\"\nsecret = \"{SECRET}\"\n"),
        format!("{saml_folder}/Quick.toml"): saml_settings("false"),
        format!("{saml_folder}/Quick.metadata.xml"): metadata,
        format!("{saml_folder}/Checked.toml"): saml_settings("true"),
        format!("{saml_folder}/Checked.metadata.xml"): metadata,
        format!("accounts/{ACCOUNT}/roles/Support.toml"): "",
        format!("accounts/{ACCOUNT}/roles/Support.trust.json"): saml_trust(),
    });
    merge(&mut files, more);
    send(node, &files, admin)
}

/// Gives the node a directory of so many roles beside the first.
pub fn apply_many(
    node: SocketAddr,
    provider: &Provider,
    roles: usize,
    admin: &Admin,
) -> Outcome<()> {
    let mut files = deployments(provider.issuer());
    for number in 0..roles {
        let role = format!("accounts/{ACCOUNT}/roles/Role{number}");
        merge(
            &mut files,
            json!({ format!("{role}.toml"): "", format!("{role}.trust.json"): role_trust() }),
        );
    }
    send(node, &files, admin)
}

/// The account, its provider, and the role that tokens open.
fn deployments(issuer: &str) -> Value {
    json!({
        format!("accounts/{ACCOUNT}/account.toml"): "alias = \"example\"\nname = \"Example\"\n",
        format!("accounts/{ACCOUNT}/oidc-providers/example.toml"):
            format!("url = \"{issuer}\"\nclient_ids = [\"{CLIENT}\"]\n"),
        format!("accounts/{ACCOUNT}/roles/Deployment.toml"): "path = \"/deploy/\"\n",
        format!("accounts/{ACCOUNT}/roles/Deployment.trust.json"): web_identity_trust(issuer),
    })
}

fn merge(files: &mut Value, more: Value) {
    if let (Value::Object(files), Value::Object(more)) = (files, more) {
        files.extend(more);
    }
}

/// Gives the node these files as its directory.
pub fn send(node: SocketAddr, files: &Value, admin: &Admin) -> Outcome<()> {
    let body = json!({ "mode": "apply", "files": files }).to_string();
    let host = node.to_string();
    let hash = HEXLOWER.encode(digest(&SHA256, body.as_bytes()).as_ref());
    let headers = [
        ("host", host.as_str()),
        ("content-type", "application/json"),
        ("x-amz-content-sha256", hash.as_str()),
    ];
    let region = Region::us_east_1();
    let signer = admin.signer(&region, "rolegate");
    let path = "/admin/v1/directory";
    let now = SystemClock.now();
    ask(
        node,
        &signed(path, &headers, body.as_bytes(), &signer, now)?,
    )?;
    Ok(())
}

/// A policy of a role.
pub fn builds() -> String {
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Builds",
        "Effect": "Allow",
        "Action": ["ci:StartBuild", "ci:StopBuild"],
        "Resource": format!("arn:aws:ci:*:{ACCOUNT}:build/*"),
    }] });
    policy.to_string()
}

fn web_identity_trust(issuer: &str) -> String {
    let name = issuer.trim_start_matches("http://");
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Deployments",
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{name}") },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": { format!("{name}:aud"): CLIENT },
            "StringLike": { format!("{name}:sub"): "2f6d9c1e-*" },
        },
    }] });
    trust.to_string()
}

/// The trust policy of roles that sessions of [`ROLE`] assume.
pub fn role_trust() -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Deployments",
        "Effect": "Allow",
        "Principal": { "AWS": ROLE },
        "Action": "sts:AssumeRole",
        "Condition": { "StringLike": { "sts:RoleSessionName": "deployment-*" } },
    }] });
    trust.to_string()
}

fn saml_trust() -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Support",
        "Effect": "Allow",
        "Principal": { "Federated": [QUICK, CHECKED] },
        "Action": "sts:AssumeRoleWithSAML",
        "Condition": {
            "StringEquals": { "SAML:aud": RECIPIENT },
            "StringLike": { "SAML:sub": "2f6d9c1e-*" },
        },
    }] });
    trust.to_string()
}

fn saml_settings(second_opinion: &str) -> String {
    format!(
        "audiences = [\"{AUDIENCE}\"]\nrecipients = [\"{RECIPIENT}\"]\n\
         second_opinion = {second_opinion}\n"
    )
}
