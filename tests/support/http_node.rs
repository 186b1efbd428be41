//! A node with one identity provider, one role and one connection, and the ways in: signing in by
//! browser, asking STS, signing requests.

use std::ops::{Deref, DerefMut};
use std::path::Path;

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use super::aws::AwsKeys;
use super::browser::{Departure, Session, own_form};
use super::directory::{
    PORTAL_CLIENT, STS_CLIENT, account_files, add_account_provider, add_connection, add_role,
    every_assume_action, trust,
};
use super::http::{Request, Response};
use super::keys::{SigningKey, sign_claims};
use super::node::{Node, Settings};
use super::provider::{Answer, HostileProvider, TOKEN};
use super::sts::Changes;

pub const ROLE: &str = "arn:aws:iam::123456789012:role/Reader";
/// The connection to the provider.
pub const CONNECTION: &str = "idp";
pub const CLIENT_SECRET: &str = "client-secret-that-stands-in-no-log";

pub struct HttpNode {
    pub node: Node,
    pub provider: HostileProvider,
    pub key: SigningKey,
}

impl HttpNode {
    pub fn start() -> Self {
        Self::with(Settings::default())
    }

    pub fn with_settings(toml: &str) -> Self {
        Self::with(Settings {
            toml: toml.to_owned(),
            ..Settings::default()
        })
    }

    pub fn with(settings: Settings) -> Self {
        let node = Self::empty(settings);
        node.apply(&node.directory());
        node
    }

    /// With a directory of nothing.
    pub fn empty(mut settings: Settings) -> Self {
        let provider = HostileProvider::start();
        let key = SigningKey::ec_p256("k1");
        provider.publish(&[&key]);
        settings.http_issuers.push(provider.issuer());
        Self {
            node: Node::start(settings),
            provider,
            key,
        }
    }

    /// The files of the directory that it starts with.
    pub fn directory(&self) -> DirectoryFiles {
        directory(&self.provider.issuer(), self.folder())
    }

    /// An id_token for STS.
    pub fn id_token(&self, subject: &str) -> String {
        let claims = self.provider.claims(subject, STS_CLIENT, self.now());
        sign_claims(&claims, &self.key)
    }

    /// Asks STS for credentials.
    pub fn assume(&self, token: &str, changes: Changes<'_>) -> Response {
        self.assume_role(ROLE, token, changes)
    }

    /// Keys of a session of their own.
    pub fn session(&self) -> AwsKeys {
        let response = self.assume(&self.id_token("ines"), &[]);
        assert_eq!(response.status, 200, "{}", response.text());
        AwsKeys::issued(&response)
    }

    /// A form of a browser that is on one of the node's own pages.
    pub fn form(&self, target: &str, fields: &[(&str, &str)]) -> Request {
        own_form(self.address, target, fields)
    }

    /// The first half of a sign-in.
    pub fn begin_sign_in(&self, return_to: &str) -> Departure {
        let fields = [("connection", CONNECTION), ("return_to", return_to)];
        Departure::read(self.form("/sign-in", &fields).send())
    }

    /// The second half: the provider answers for this subject.
    pub fn finish_sign_in(
        &self,
        begun: &Departure,
        subject: &str,
        planted: Option<&str>,
    ) -> Response {
        self.provider.set(TOKEN, self.token_answer(begun, subject));
        let cookies: Vec<&str> = planted.into_iter().chain([&*begun.cookie]).collect();
        Request::get(self.address, &begun.callback())
            .with_header("cookie", &cookies.join("; "))
            .with_header("sec-fetch-site", "cross-site")
            .send()
    }

    /// What the provider gives for the code of this sign-in.
    pub fn token_answer(&self, begun: &Departure, subject: &str) -> Answer {
        let claims = self.provider.claims(subject, PORTAL_CLIENT, self.now());
        token_answer(claims, begun, &self.key)
    }

    /// A whole sign-in.
    pub fn sign_in(&self, subject: &str) -> Session {
        let begun = self.begin_sign_in("/roles");
        let response = self.finish_sign_in(&begun, subject, None);
        Session::read(self.address, &response)
    }
}

impl Deref for HttpNode {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl DerefMut for HttpNode {
    fn deref_mut(&mut self) -> &mut Node {
        &mut self.node
    }
}

/// What a provider gives for the code of this sign-in, with these claims and those of a member of staff.
pub fn token_answer(mut claims: Value, begun: &Departure, key: &SigningKey) -> Answer {
    claims["nonce"] = begun.nonce.clone().into();
    claims["groups"] = json!(["staff"]);
    claims["email"] = "ines@meridale.example".into();
    claims["email_verified"] = true.into();
    Answer::json(&json!({
        "access_token": "access-token-that-stands-in-no-log",
        "token_type": "Bearer",
        "id_token": sign_claims(&claims, key),
    }))
}

/// One account, one provider, one role, one connection with one rule; the connection's secret is
/// written into this folder.
pub fn directory(issuer: &str, folder: &Path) -> DirectoryFiles {
    let secret_file = folder.join("client-secret");
    std::fs::write(&secret_file, CLIENT_SECRET).unwrap();
    let mut files = account_files();
    add_account_provider(&mut files, "idp", issuer);
    let settings = json!({ "max_session_duration": 3600 });
    let trust = trust(&[issuer], &every_assume_action(), &json!({}));
    add_role(&mut files, "Reader", &settings, &trust);
    let settings = json!({
        "scopes": ["openid", "email"],
        "client_auth": { "client_secret_basic": { "file": secret_file } },
    });
    let rule = json!({
        "order": 10,
        "session_name": "{email}",
        "roles": [ROLE],
        "when": { "claim": "groups", "equals": "staff" },
    });
    add_connection(&mut files, CONNECTION, issuer, &settings, &rule);
    files
}
