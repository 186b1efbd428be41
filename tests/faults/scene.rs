//! Nodes in processes of their own that share a store, and who signs what is given to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::directory::DirectoryFiles;
use serde_json::json;
use tempfile::TempDir;

use super::node::{Expected, Node};
use super::saml::{self, PROVIDERS, Signed, draft, pair};
use super::support::aws::{AwsKeys, Call, GET_CALLER_IDENTITY, Signing};
use super::support::browser::Departure;
use super::support::clock::system_now;
use super::support::directory::{
    PORTAL_CLIENT, STS_CLIENT, add_role, every_assume_action, role_arn, trust,
};
use super::support::http::Request;
use super::support::http_node::{CLIENT_SECRET, CONNECTION, directory, token_answer};
use super::support::keys::{SigningKey, sign_claims};
use super::support::provider::{HostileProvider, TOKEN};
use super::watch::locked;

/// A node that could not confirm its directory for so many seconds answers nothing.
pub(crate) const MAX_STALENESS: u64 = 5;
/// The secret's file in the folder of every node.
const SECRET: &str = "client-secret";

/// The root keys that a node is given.
#[derive(Debug, Clone)]
pub(crate) struct RootKeys {
    pub(crate) current: PathBuf,
    pub(crate) previous: Option<PathBuf>,
}

/// Nodes that are one gateway; browsers know all by the first one's address.
pub(crate) struct House {
    pub(crate) nodes: Vec<Node>,
    pub(crate) provider: HostileProvider,
    /// Whether a session may be gone that nobody has ended.
    pub(crate) may_lose_sessions: bool,
    key: SigningKey,
    stranger: SigningKey,
    /// The provider has one answer at a time.
    answering: Mutex<()>,
    drawn: AtomicU32,
    roles: Mutex<BTreeSet<String>>,
    urls: Vec<String>,
    replicas: u32,
    keys: TempDir,
}

impl House {
    /// A node for each URL of the store, which waits for so many replicas.
    pub(crate) fn new(urls: &[String], replicas: u32) -> Self {
        let provider = HostileProvider::start();
        let key = SigningKey::ec_p256("k1");
        provider.publish(&[&key]);
        let issuer = provider.issuer();
        let house = Self {
            nodes: urls.iter().map(|_| Node::new(&issuer)).collect(),
            provider,
            may_lose_sessions: false,
            key,
            stranger: SigningKey::ec_p256("k1"),
            answering: Mutex::new(()),
            drawn: AtomicU32::new(0),
            roles: Mutex::default(),
            urls: urls.to_vec(),
            replicas,
            keys: tempfile::tempdir().unwrap(),
        };
        let keys = RootKeys {
            current: house.root_key(0),
            previous: None,
        };
        for (number, node) in house.nodes.iter().enumerate() {
            std::fs::write(node.folder().join(SECRET), CLIENT_SECRET).unwrap();
            house.configure(number, &keys);
            node.start();
        }
        let applied = house.apply(&house.nodes[0]).send();
        assert_eq!(applied.status, 200, "{}", applied.text());
        house
    }

    /// The file of the root key of this number.
    pub(crate) fn root_key(&self, number: u8) -> PathBuf {
        let file = self.keys.path().join(number.to_string());
        std::fs::write(&file, STANDARD.encode([number; 32])).unwrap();
        file
    }

    /// Writes the settings of a node, for its next start.
    pub(crate) fn configure(&self, number: usize, keys: &RootKeys) {
        let shown = |path: &Path| path.display().to_string();
        let mut settings = format!(
            "workers = 2\ndrain_notice_seconds = 2\nmax_staleness_seconds = {MAX_STALENESS}\n\
             federation.secret_folder = '.'\nlog.level = 'warn'\npublic_url = '{}'\n\
             store.url = '{}'\nstore.redis.replicas = {}\nroot_key.file = '{}'\n",
            self.origin(),
            self.urls[number],
            self.replicas,
            shown(&keys.current),
        );
        // One address asks more often here than people do.
        for rate in ["address", "sign_in", "failed_proof", "principal", "account"] {
            settings.push_str(&["limits.rates.", rate, "_per_second = 'off'\n"].concat());
        }
        if let Some(previous) = &keys.previous {
            let line = ["root_key.previous_file = '", &shown(previous), "'\n"];
            settings.push_str(&line.concat());
        }
        self.nodes[number].configure(&settings);
    }

    /// Where browsers find the gateway.
    pub(crate) fn origin(&self) -> String {
        ["http://", &self.nodes[0].address.to_string()].concat()
    }

    /// Says what may be expected of every node from now on.
    pub(crate) fn expect(&self, expected: Expected) {
        for node in &self.nodes {
            node.expect(expected);
        }
    }

    /// A number that nobody else has.
    pub(crate) fn draw(&self) -> u32 {
        self.drawn.fetch_add(1, Ordering::Relaxed)
    }

    /// The directory: a role for tokens, one for SAML responses that are good once, a connection, and
    /// the roles that were made.
    fn files(&self) -> DirectoryFiles {
        let issuer = self.provider.issuer();
        let folder = self.keys.path();
        let secret = folder.join(SECRET).display().to_string();
        let files = directory(&issuer, folder).into_iter();
        let mut files: DirectoryFiles = files
            .map(|(path, text)| (path, text.replace(&secret, SECRET)))
            .collect();
        files.extend(saml::directory("replay = 'once'\n"));
        let trust = trust(&[&issuer], &every_assume_action(), &json!({}));
        for name in self.roles().iter() {
            add_role(&mut files, name, &json!({}), &trust);
        }
        files
    }

    /// Adds a role to those that are made.
    pub(crate) fn add_role(&self) -> String {
        let name = format!("Made{}", self.draw());
        self.roles().insert(name.clone());
        name
    }

    /// Has the next directory without the roles that were made.
    pub(crate) fn forget_roles(&self) {
        self.roles().clear();
    }

    fn roles(&self) -> MutexGuard<'_, BTreeSet<String>> {
        locked(&self.roles)
    }

    /// A good id_token for STS.
    pub(crate) fn token(&self, subject: &str) -> String {
        let claims = self.provider.claims(subject, STS_CLIENT, system_now());
        sign_claims(&claims, &self.key)
    }

    /// One that somebody else signed.
    pub(crate) fn forged(&self) -> String {
        let claims = self.provider.claims("mallory", STS_CLIENT, system_now());
        sign_claims(&claims, &self.stranger)
    }

    /// A SAML response that is good once, in base64.
    pub(crate) fn response(&self) -> String {
        let id = format!("_a{}", self.draw() + 10);
        let draft = draft(&self.origin(), system_now(), Signed::Assertion);
        let draft = draft.replace("\"_a1\"", &["\"", &id, "\""].concat());
        STANDARD.encode(PROVIDERS[0].sign(&draft, &[&id]))
    }

    /// Has the provider answer this sign-in until the guard is dropped.
    pub(crate) fn answering(&self, begun: &Departure, subject: &str) -> MutexGuard<'_, ()> {
        let guard = locked(&self.answering);
        let claims = self.provider.claims(subject, PORTAL_CLIENT, system_now());
        self.provider
            .set(TOKEN, token_answer(claims, begun, &self.key));
        guard
    }
}

/// Requests as they reach a node behind the load balancer.
impl House {
    fn host(&self) -> String {
        self.nodes[0].address.to_string()
    }

    fn post(&self, node: &Node, target: &str, fields: &[(&str, &str)]) -> Request {
        Request::post_form(node.address, target, fields).with_header("host", &self.host())
    }

    pub(crate) fn assume(&self, node: &Node, role: &str, token: &str) -> Request {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("RoleSessionName", "ines"),
            ("WebIdentityToken", token),
        ];
        self.post(node, "/", &fields)
    }

    pub(crate) fn redeem(&self, node: &Node, response: &str) -> Request {
        let pair = pair(0);
        let (role, provider) = pair.split_once(',').unwrap();
        let fields = [
            ("Action", "AssumeRoleWithSAML"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("PrincipalArn", provider),
            ("SAMLAssertion", response),
        ];
        self.post(node, "/", &fields)
    }

    pub(crate) fn who(&self, node: &Node, keys: &AwsKeys) -> Request {
        Call::post(self.nodes[0].address, GET_CALLER_IDENTITY)
            .signed(keys, &Signing::at(system_now()))
            .request(node.address)
    }

    pub(crate) fn admin(
        &self,
        node: &Node,
        method: &'static str,
        target: &str,
        body: &str,
    ) -> Request {
        let call = Call {
            method,
            ..Call::admin(self.nodes[0].address, target, body)
        };
        call.signed(&AwsKeys::admin(), &Signing::admin(system_now()))
            .request(node.address)
    }

    pub(crate) fn apply(&self, node: &Node) -> Request {
        let body = json!({ "mode": "apply", "files": self.files() }).to_string();
        self.admin(node, "POST", "/admin/v1/directory", &body)
    }

    pub(crate) fn export(&self, node: &Node) -> Request {
        self.admin(node, "GET", "/admin/v1/directory", "")
    }

    pub(crate) fn revoke(&self, node: &Node, keys: &AwsKeys) -> Request {
        let body = json!({ "revoke": { "session": keys.id } }).to_string();
        self.admin(node, "POST", "/admin/v1/revocations", &body)
    }

    pub(crate) fn begin(&self, node: &Node) -> Request {
        let fields = [("connection", CONNECTION), ("return_to", "/roles")];
        self.post(node, "/sign-in", &fields)
            .with_header("origin", &self.origin())
            .with_header("sec-fetch-site", "same-origin")
    }

    pub(crate) fn finish(&self, node: &Node, begun: &Departure) -> Request {
        Request::get(node.address, &begun.callback())
            .with_header("host", &self.host())
            .with_header("cookie", &begun.cookie)
            .with_header("sec-fetch-site", "cross-site")
    }

    pub(crate) fn roles_page(&self, node: &Node, cookie: &str) -> Request {
        Request::get(node.address, "/roles")
            .with_header("host", &self.host())
            .with_header("cookie", cookie)
    }

    pub(crate) fn sign_out(&self, node: &Node, cookie: &str, csrf: &str) -> Request {
        self.post(node, "/sign-out", &[("csrf", csrf)])
            .with_header("origin", &self.origin())
            .with_header("sec-fetch-site", "same-origin")
            .with_header("cookie", cookie)
    }
}

/// The ARN of a role that was made.
pub(crate) fn made(name: &str) -> String {
    role_arn(name)
}
