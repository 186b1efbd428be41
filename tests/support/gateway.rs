//! A whole node in this process, with an identity provider that a test programs.
//!
//! Its directory has one account with these roles; all but `Stranger` trust tokens of the provider
//! for the client `sts-client`:
//!
//! | role | what is special |
//! |---|---|
//! | `team/Reader` | sessions of up to two hours, tags and source identities |
//! | `Stranger` | trusts a subject that nobody has, sessions of up to an hour |
//! | `Untagged` | neither tags nor source identities |

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use rolegate::app::RunningNode;
use rolegate::clock::{Clock, SystemClock};
use rolegate::config::Config;
use rolegate::config::environment::{self, Environment};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::http::{Request, Response};
use super::keys::{SigningKey, sign_claims};
use super::provider::HostileProvider;

pub const ACCOUNT: &str = "123456789012";
pub const AUDIENCE: &str = "sts-client";
pub const READER: &str = "arn:aws:iam::123456789012:role/team/Reader";
pub const STRANGER: &str = "arn:aws:iam::123456789012:role/Stranger";
pub const UNTAGGED: &str = "arn:aws:iam::123456789012:role/Untagged";
/// The access key of the user `admin`.
pub const ADMIN_KEY_ID: &str = "AKIARZPUZDIKGB2VALC4";
pub const ADMIN_SECRET: &str = "a-secret-of-the-tests-alone-0123456789ab";

const SETTINGS: &str = r#"
regions = ["us-east-1", "eu-central-1"]
workers = 2
drain_seconds = 1
log.level = "error"
store.url = "memory:"
federation.secret_folder = "."
"#;

/// A node, its provider, and another provider that is registered and can't be reached.
pub struct Gateway {
    pub provider: HostileProvider,
    pub unreachable: HostileProvider,
    /// The key that signs the tokens of both.
    pub key: SigningKey,
    pub address: SocketAddr,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    pub runtime: Runtime,
    node: Option<RunningNode>,
    folder: TempDir,
}

impl Gateway {
    pub fn start() -> Self {
        let gateway = Self::empty(None);
        gateway.apply(&gateway.directory());
        gateway
    }

    /// A gateway that lets one issuer more be plain http, still without a directory.
    pub fn start_allowing(issuer: &str) -> Self {
        Self::empty(Some(issuer))
    }

    fn empty(issuer: Option<&str>) -> Self {
        let (provider, unreachable) = (HostileProvider::start(), HostileProvider::start());
        let key = SigningKey::ec_p256("k1");
        provider.publish(&[&key]);
        unreachable.set(
            super::provider::JWKS,
            super::provider::Answer::bytes(500, ""),
        );
        let folder = tempfile::tempdir().unwrap();
        let mut issuers = vec![provider.issuer(), unreachable.issuer()];
        issuers.extend(issuer.map(str::to_owned));
        let issuers = issuers.join(",");
        let variables = [
            (environment::LISTEN, "127.0.0.1:0"),
            (environment::ALLOW_HTTP_ISSUERS, &issuers),
            (environment::ADMIN_ACCESS_KEY_ID, ADMIN_KEY_ID),
            (environment::ADMIN_SECRET_ACCESS_KEY, ADMIN_SECRET),
            (environment::ADMIN_ACCOUNT_ID, ACCOUNT),
        ];
        let config = Config::from_toml(SETTINGS, folder.path(), &Environment::of(&variables));
        let runtime = Runtime::new().unwrap();
        let node = runtime.block_on(RunningNode::start(config.unwrap()));
        let node = node.unwrap_or_else(|error| panic!("{error}"));
        Self {
            address: node.address,
            url: node.flows.public_url().to_owned(),
            provider,
            unreachable,
            key,
            runtime,
            node: Some(node),
            folder,
        }
    }

    /// A folder that goes with the gateway.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A good token for a person.
    pub fn token(&self, subject: &str) -> String {
        self.token_with(subject, &json!({}))
    }

    /// A token of the provider with these claims in place of a good one's; a null leaves a claim out.
    pub fn token_with(&self, subject: &str, changes: &Value) -> String {
        let mut claims = self.provider.claims(subject, AUDIENCE, now());
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = claims.as_object().unwrap().clone();
        let claims = claims.into_iter().filter(|(_, value)| !value.is_null());
        sign_claims(&Value::Object(claims.collect()), &self.key)
    }

    /// A token of the provider that can't be reached.
    pub fn unreachable_token(&self) -> String {
        let issuer = self.unreachable.issuer();
        self.token_with("ines", &json!({ "iss": issuer }))
    }

    /// Puts these files in the place of the directory.
    pub fn apply(&self, files: &BTreeMap<String, String>) {
        let body = json!({ "mode": "apply", "files": files }).to_string();
        let request = Unsigned {
            method: "POST",
            target: "/admin/v1/directory",
            headers: vec![("content-type", "application/json")],
            body: &body,
        };
        let admin = admin();
        let scope = Scope {
            service: "rolegate",
            ..Scope::sts(&admin)
        };
        let answer = request.signed(self, &scope).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    fn directory(&self) -> BTreeMap<String, String> {
        let aud = json!({ "aud": AUDIENCE });
        let sub = json!({ "aud": AUDIENCE, "sub": "nobody" });
        let assume = "sts:AssumeRoleWithWebIdentity";
        let all = json!([assume, "sts:TagSession", "sts:SetSourceIdentity"]);
        let files = [
            (
                "account.toml",
                "alias = \"test\"\nname = \"Test\"\nenvironment = \"sandbox\"".to_owned(),
            ),
            ("oidc-providers/main.toml", provider_file(&self.provider)),
            ("oidc-providers/down.toml", provider_file(&self.unreachable)),
            (
                "roles/Reader.toml",
                "path = \"/team/\"\nmax_session_duration = 7200".to_owned(),
            ),
            ("roles/Reader.trust.json", self.trust(&all, &aud)),
            ("roles/Stranger.toml", String::new()),
            ("roles/Stranger.trust.json", self.trust(&all, &sub)),
            ("roles/Untagged.toml", String::new()),
            (
                "roles/Untagged.trust.json",
                self.trust(&json!(assume), &aud),
            ),
        ];
        let files = files.into_iter();
        files
            .map(|(path, text)| ([&format!("accounts/{ACCOUNT}/"), path].concat(), text))
            .collect()
    }

    /// A trust policy for both providers whose condition keys must equal `claims`.
    fn trust(&self, actions: &Value, claims: &Value) -> String {
        let statements = [&self.provider, &self.unreachable].map(|provider| {
            let issuer = provider.issuer().replacen("http://", "", 1);
            let claims = claims.as_object().unwrap().iter();
            let condition: Value = claims
                .map(|(name, value)| ([&issuer, ":", name].concat(), value.clone()))
                .collect();
            json!({
                "Effect": "Allow",
                "Principal": { "Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}") },
                "Action": actions,
                "Condition": { "StringEquals": condition },
            })
        });
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            self.runtime.block_on(node.stop());
        }
    }
}

fn provider_file(provider: &HostileProvider) -> String {
    format!(
        "url = \"{}\"\nclient_ids = [\"{AUDIENCE}\"]\n",
        provider.issuer()
    )
}

/// The time in seconds, by the clock that the node goes by.
pub fn now() -> i64 {
    SystemClock.now().seconds()
}

pub fn admin() -> Credentials {
    Credentials::new(ADMIN_KEY_ID, ADMIN_SECRET, None, None, "tests")
}

/// What a request is signed with, for what and when.
#[derive(Clone)]
pub struct Scope<'a> {
    pub credentials: &'a Credentials,
    pub service: &'a str,
    pub region: &'a str,
    /// Seconds from now.
    pub skew: i64,
}

impl<'a> Scope<'a> {
    pub fn sts(credentials: &'a Credentials) -> Self {
        Self {
            credentials,
            service: "sts",
            region: "us-east-1",
            skew: 0,
        }
    }
}

/// A request that AWS's own signer signs.
#[derive(Clone)]
pub struct Unsigned<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub headers: Vec<(&'a str, &'a str)>,
    pub body: &'a str,
}

impl<'a> Unsigned<'a> {
    /// A form, posted.
    pub fn form(body: &'a str) -> Self {
        Self {
            method: "POST",
            target: "/",
            headers: vec![("content-type", "application/x-www-form-urlencoded")],
            body,
        }
    }

    /// The request with its `Authorization` header.
    pub fn signed(&self, gateway: &Gateway, scope: &Scope<'_>) -> Request {
        let host = gateway.address.to_string();
        let url = [&gateway.url, self.target].concat();
        let mut signed = self.headers.clone();
        signed.push(("host", &host));
        let identity = scope.credentials.clone().into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::Headers;
        let seconds = u64::try_from(now() + scope.skew).unwrap();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(scope.region)
            .name(scope.service)
            .time(UNIX_EPOCH + Duration::from_secs(seconds))
            .settings(settings)
            .build()
            .unwrap();
        let body = SignableBody::Bytes(self.body.as_bytes());
        let request = SignableRequest::new(self.method, url, signed.into_iter(), body).unwrap();
        let signature = sign(request, &parameters.into()).unwrap();
        let (instructions, _) = signature.into_parts();
        let headers = instructions.headers();
        headers.fold(self.plain(gateway), |request, (name, value)| {
            request.with_header(name, value)
        })
    }

    /// The request without a signature.
    pub fn plain(&self, gateway: &Gateway) -> Request {
        let request = Request::new(gateway.address, self.method, self.target).with_body(self.body);
        let headers = self.headers.iter();
        headers.fold(request, |request, (name, value)| {
            request.with_header(name, value)
        })
    }
}

/// The text of the first XML element of this name.
pub fn element(answer: &Response, name: &str) -> Option<String> {
    let text = answer.text();
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(quick_xml::escape::unescape(value).unwrap().into_owned())
}
