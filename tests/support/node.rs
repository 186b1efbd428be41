//! A node in this process, on a free loopback port, with a small directory and a clock that the test
//! moves.
//!
//! ```text
//! provider i ── account provider in ACCOUNT, client STS_CLIENT ── role(i) trusts it, and no other
//!           └── connection(i), client PORTAL_CLIENT ── link ── rule: group "readers" gets role(i)
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rolegate::app::RunningNode;
use rolegate::clock::{Clock as _, FixedClock};
use rolegate::config::{Config, environment::Environment};
use rolegate::directory::DirectoryFiles;
use rolegate::domain::{Region, SecretAccessKey, UnixTime};
use rolegate::sigv4::{self, Signer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use url::Url;

use super::http::{Request, Response};
use super::keys::{SigningKey, sign_claims};
use super::provider::HostileProvider;

/// The account that owns every role and provider.
pub const ACCOUNT: &str = "111122223333";
/// The audience of tokens for STS.
pub const STS_CLIENT: &str = "sts-client";
/// The client that the portal signs in with.
pub const PORTAL_CLIENT: &str = "portal-client";
/// When the clock starts: 21 November 2026.
pub const START: UnixTime = UnixTime::from_seconds(1_795_254_067);
/// An answer comes within this time, whatever was sent.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(5);

const ADMIN_ID: &str = "AKIAQYDZ7UVWB4M2KL5X";
const ADMIN_SECRET: &str = "not-a-secret-of-anybody-0123456789";
const SESSION_COOKIE: &str = "__Host-rolegate-session";

/// Where the node keeps what it must not forget.
#[derive(Debug, Clone, Copy)]
pub enum Store {
    Memory,
    Embedded,
}

/// How a node is started.
#[derive(Debug, Clone)]
pub struct Settings {
    pub store: Store,
    /// Plain-http issuers that are allowed beside those of the providers.
    pub further_http_issuers: Vec<String>,
    /// Lines of the node's file after those that every node of the tests has.
    pub toml: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            store: Store::Memory,
            further_http_issuers: Vec::new(),
            toml: String::new(),
        }
    }
}

/// A running node; it stops when it is dropped.
pub struct Node {
    pub clock: Arc<FixedClock>,
    pub folder: TempDir,
    running: Option<RunningNode>,
    runtime: Runtime,
}

impl Node {
    /// A node whose directory has these providers; see [`directory`].
    pub fn start(providers: &[&HostileProvider]) -> Self {
        Self::start_with(providers, &Settings::default())
    }

    /// As [`Self::start`], with settings of its own.
    pub fn start_with(providers: &[&HostileProvider], settings: &Settings) -> Self {
        let node = Self::start_empty(providers, settings);
        let applied = node.apply(&directory(providers));
        assert_eq!(applied.status, 200, "{}", applied.text());
        node
    }

    /// A node with an empty directory.
    pub fn start_empty(providers: &[&HostileProvider], settings: &Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at(START));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let config = config(providers, settings, &folder);
        let running = runtime.block_on(RunningNode::start_with(config, clock.clone()));
        Self {
            clock,
            folder,
            running: Some(running.unwrap()),
            runtime,
        }
    }

    pub fn address(&self) -> std::net::SocketAddr {
        self.running.as_ref().unwrap().address
    }

    /// Where browsers find the node: `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        ["http://", &self.address().to_string()].concat()
    }

    /// What the node's clock shows, in seconds.
    pub fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    /// Moves the clock and waits until the node has looked after its directory at the new time.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
        let give_up = Instant::now() + super::http::PATIENCE;
        while Request::get(self.address(), "/readyz").send().status != 200 {
            assert!(Instant::now() < give_up, "the node never became ready");
            std::thread::yield_now();
        }
    }

    /// Makes the directory what these files say, as the administrator.
    pub fn apply(&self, files: &DirectoryFiles) -> Response {
        let body = json!({ "mode": "apply", "files": files }).to_string();
        self.admin_post("/admin/v1/directory", &body)
    }

    /// A POST to the admin API, signed by the administrator.
    pub fn admin_post(&self, path: &str, body: &str) -> Response {
        let host = self.address().to_string();
        let headers = [
            ("host", host.as_bytes()),
            ("content-type", b"application/json"),
        ];
        let unsigned = sigv4::HttpRequest {
            method: "POST",
            path,
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        };
        let signer = Signer {
            access_key_id: &ADMIN_ID.parse().unwrap(),
            secret: &SecretAccessKey::new(ADMIN_SECRET.to_owned()),
            session_token: None,
            region: &Region::us_east_1(),
            service: rolegate::http::admin::SERVICE,
        };
        let added = sigv4::sign(&unsigned, &signer, self.clock.now()).unwrap();
        let request = Request::new(self.address(), "POST", path)
            .with_header("content-type", "application/json")
            .with_body(body);
        let request = added.iter().fold(request, |request, (name, value)| {
            request.with_header(name, value.expose())
        });
        request.send()
    }

    /// `AssumeRoleWithWebIdentity` with this role and token.
    pub fn assume(&self, role: &str, token: &str) -> StsAnswer {
        self.sts(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("RoleSessionName", "tester"),
            ("WebIdentityToken", token),
        ])
    }

    /// A POST to STS with these parameters.
    pub fn sts(&self, parameters: &[(&str, &str)]) -> StsAnswer {
        let begun = Instant::now();
        let response = Request::post_form(self.address(), "/", parameters).send();
        StsAnswer::read(&response, begun.elapsed())
    }

    /// An honest token of a provider for STS: subject `person-1`, of now.
    pub fn token(&self, provider: &HostileProvider, key: &SigningKey) -> String {
        sign_claims(&self.claims(provider), key)
    }

    /// The claims of [`Self::token`].
    pub fn claims(&self, provider: &HostileProvider) -> Value {
        provider.claims("person-1", STS_CLIENT, self.now())
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser {
            address: self.address(),
            cookies: BTreeMap::new(),
        }
    }

    /// Every audit record so far, oldest first.
    pub fn audit_lines(&self) -> Vec<Value> {
        let lines = self.audit_text();
        let read = lines.lines().map(serde_json::from_str);
        read.collect::<Result<_, _>>().unwrap()
    }

    /// The audit log as it stands in its file.
    pub fn audit_text(&self) -> String {
        let path = self.folder.path().join("audit/audit.jsonl");
        std::fs::read_to_string(path).unwrap()
    }

    /// The one audit record of a request.
    pub fn audit_of(&self, request_id: &str) -> AuditRecord {
        let lines = self.audit_lines();
        let mut found = lines.iter().filter(|line| line["requestID"] == request_id);
        let line = found.next().cloned();
        let line = line.unwrap_or_else(|| panic!("no audit record of request {request_id}"));
        assert!(found.next().is_none(), "two audit records of {request_id}");
        AuditRecord(line)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

fn config(providers: &[&HostileProvider], settings: &Settings, folder: &TempDir) -> Config {
    let mut issuers: Vec<String> = providers.iter().map(|one| one.issuer()).collect();
    issuers.extend(settings.further_http_issuers.iter().cloned());
    let issuers = issuers.join(",");
    let store = match settings.store {
        Store::Memory => "memory:".to_owned(),
        Store::Embedded => String::new(),
    };
    let variables = [
        ("ROLEGATE_LISTEN", "127.0.0.1:0"),
        ("ROLEGATE_STORE_URL", &store),
        ("ROLEGATE_ALLOW_HTTP_ISSUERS", &issuers),
        ("ROLEGATE_ADMIN_ACCESS_KEY_ID", ADMIN_ID),
        ("ROLEGATE_ADMIN_SECRET_ACCESS_KEY", ADMIN_SECRET),
        ("ROLEGATE_ADMIN_ACCOUNT_ID", ACCOUNT),
    ];
    let text = ["workers = 2\ndrain_seconds = 0\n", &settings.toml].concat();
    Config::from_toml(&text, folder.path(), &Environment::of(&variables)).unwrap()
}

/// The role that trusts the provider of this number.
pub fn role(number: usize) -> String {
    [
        "arn:aws:iam::",
        ACCOUNT,
        ":role/Reader",
        &number.to_string(),
    ]
    .concat()
}

/// The connection to the provider of this number.
pub fn connection(number: usize) -> String {
    ["idp-", &number.to_string()].concat()
}

/// The directory of a node with these providers, to be changed and applied.
pub fn directory(providers: &[&HostileProvider]) -> DirectoryFiles {
    let mut files = DirectoryFiles::new();
    let account = json!({ "alias": "tests", "name": "Tests", "environment": "sandbox" });
    files.insert(in_account(&["account.toml"]), toml(&account));
    for (number, provider) in providers.iter().enumerate() {
        add_provider(&mut files, number, &provider.issuer());
        add_connection(&mut files, number, &provider.issuer());
    }
    files
}

/// Adds an account provider of this issuer, and [`role`] `number` that trusts it.
pub fn add_provider(files: &mut DirectoryFiles, number: usize, issuer: &str) {
    let (name, issuer_name) = (number.to_string(), without_scheme(issuer));
    let provider = json!({ "url": issuer, "client_ids": [STS_CLIENT] });
    files.insert(
        in_account(&["oidc-providers/idp-", &name, ".toml"]),
        toml(&provider),
    );
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": provider_arn(issuer) },
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
            "Condition": { "StringEquals": {
                ([issuer_name, ":aud"].concat()): [STS_CLIENT, PORTAL_CLIENT],
            } },
        }],
    });
    files.insert(
        in_account(&["roles/Reader", &name, ".trust.json"]),
        trust.to_string(),
    );
    files.insert(
        in_account(&["roles/Reader", &name, ".toml"]),
        toml(&json!({ "path": "/" })),
    );
}

/// Adds [`connection`] `number` to this issuer, its link and its rule.
pub fn add_connection(files: &mut DirectoryFiles, number: usize, issuer: &str) {
    let id = connection(number);
    let settings = json!({
        "display_name": id,
        "issuer": issuer,
        "client_id": PORTAL_CLIENT,
        "client_auth": "none",
    });
    let link = json!({ "connection": id, "providers": [provider_arn(issuer)] });
    let rule = json!({
        "connections": [id],
        "session_name": "{sub}",
        "roles": [role(number)],
        "when": { "claim": "groups", "equals": "readers" },
    });
    for (folder, content) in [
        ("connections/", settings),
        ("links/", link),
        ("rules/", rule),
    ] {
        files.insert([folder, &id, ".toml"].concat(), toml(&content));
    }
}

/// The ARN of an account provider of this issuer.
pub fn provider_arn(issuer: &str) -> String {
    let name = without_scheme(issuer);
    ["arn:aws:iam::", ACCOUNT, ":oidc-provider/", name].concat()
}

fn in_account(path: &[&str]) -> String {
    ["accounts/", ACCOUNT, "/", &path.concat()].concat()
}

fn without_scheme(issuer: &str) -> &str {
    issuer.split_once("://").unwrap().1
}

fn toml(content: &Value) -> String {
    toml::to_string(content).unwrap()
}

/// What STS answered, in XML.
#[derive(Debug, Clone)]
pub struct StsAnswer {
    pub status: u16,
    pub code: Option<String>,
    pub message: Option<String>,
    pub credentials: Option<IssuedCredentials>,
    pub request_id: String,
    pub subject: Option<String>,
    pub took: Duration,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCredentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
}

impl StsAnswer {
    /// Reads an answer, which must be well-formed XML.
    pub fn read(response: &Response, took: Duration) -> Self {
        assert_eq!(
            response.header("content-type"),
            Some("text/xml"),
            "{response:?}"
        );
        let body = response.text();
        assert_well_formed(&body);
        let find = |name| element(&body, name);
        let credentials = find("SecretAccessKey").map(|secret_access_key| IssuedCredentials {
            access_key_id: find("AccessKeyId").unwrap(),
            secret_access_key,
            session_token: find("SessionToken").unwrap(),
        });
        Self {
            status: response.status,
            code: find("Code"),
            message: find("Message"),
            credentials,
            request_id: find("RequestId").unwrap(),
            subject: find("SubjectFromWebIdentityToken"),
            took,
            body,
        }
    }
}

/// The text of the one element of this name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&["<", name, ">"].concat())?;
    let (text, _) = rest.split_once(&["</", name, ">"].concat())?;
    Some(quick_xml::escape::unescape(text).unwrap().into_owned())
}

/// Reads to the end, and looks for characters that XML 1.0 doesn't have.
fn assert_well_formed(xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    let is_foreign = |c: char| (c < ' ' && !"\t\r\n".contains(c)) || "\u{fffe}\u{ffff}".contains(c);
    assert!(!xml.contains(is_foreign), "{xml:?}");
}

/// One audit record.
#[derive(Debug, Clone)]
pub struct AuditRecord(pub Value);

impl AuditRecord {
    pub fn event(&self) -> &str {
        self.0["eventName"].as_str().unwrap_or_default()
    }

    /// The code of the refusal.
    pub fn code(&self) -> Option<&str> {
        self.0["errorCode"].as_str()
    }

    /// Why it was refused.
    pub fn reason(&self) -> Option<&str> {
        self.0["errorMessage"].as_str()
    }

    /// The name of the check that failed.
    pub fn failed_check(&self) -> Option<&str> {
        let checks = self.0["additionalEventData"]["checks"].as_array()?;
        let failed = checks.iter().find(|check| check["outcome"] == "failed")?;
        failed["name"].as_str()
    }
}

/// A browser that keeps cookies and follows no redirect.
#[derive(Debug, Clone)]
pub struct Browser {
    address: std::net::SocketAddr,
    pub cookies: BTreeMap<String, String>,
}

/// Where a sign-in led the browser.
#[derive(Debug, Clone)]
pub struct Departure {
    pub authorization_url: Url,
    pub state: String,
    pub nonce: String,
    pub redirect_uri: String,
}

impl Browser {
    /// Begins a sign-in at a connection, as the form of the first page does.
    pub fn begin(&mut self, connection: &str, return_to: &str) -> Departure {
        let response = self.post_sign_in(connection, return_to);
        assert_eq!(response.status, 303, "{}", response.text());
        let location = response.header("location").unwrap();
        let authorization_url: Url = location.parse().unwrap();
        let find = |wanted: &str| {
            let mut pairs = authorization_url.query_pairs();
            let found = pairs.find(|(name, _)| name == wanted);
            found.unwrap().1.into_owned()
        };
        Departure {
            state: find("state"),
            nonce: find("nonce"),
            redirect_uri: find("redirect_uri"),
            authorization_url,
        }
    }

    /// The form of the first page, whatever becomes of it.
    pub fn post_sign_in(&mut self, connection: &str, return_to: &str) -> Response {
        let fields = [("connection", connection), ("return_to", return_to)];
        let origin = ["http://", &self.address.to_string()].concat();
        let request = Request::post_form(self.address, "/sign-in", &fields)
            .with_header("origin", &origin)
            .with_header("sec-fetch-site", "same-origin");
        self.send(request)
    }

    /// Comes back from the provider with these parameters in the query.
    pub fn come_back(&mut self, connection: &str, parameters: &[(&str, &str)]) -> Response {
        let request = self.coming_back(connection, parameters);
        self.send(request)
    }

    /// The request of [`Self::come_back`], with the browser's cookies.
    pub fn coming_back(&self, connection: &str, parameters: &[(&str, &str)]) -> Request {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(parameters).finish();
        let target = ["/oidc/callback/", connection, "?", &query].concat();
        Request::get(self.address, &target)
    }

    /// Gets a page.
    pub fn get(&mut self, target: &str) -> Response {
        self.send(Request::get(self.address, target))
    }

    /// Sends a request with the browser's cookies and keeps those that come back.
    pub fn send(&mut self, request: Request) -> Response {
        let response = self.with_cookies(request).send();
        self.keep_cookies(&response);
        response
    }

    /// The request with the browser's cookies.
    pub fn with_cookies(&self, request: Request) -> Request {
        if self.cookies.is_empty() {
            return request;
        }
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| [name, "=", value].concat())
            .collect();
        request.with_header("cookie", &pairs.join("; "))
    }

    /// Whether the node takes this browser for somebody who signed in.
    pub fn is_signed_in(&mut self) -> bool {
        self.get("/roles").status == 200
    }

    /// The value of the session cookie.
    pub fn session(&self) -> Option<&str> {
        self.cookies.get(SESSION_COOKIE).map(String::as_str)
    }

    fn keep_cookies(&mut self, response: &Response) {
        let set = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("set-cookie");
        for (_, line) in response.headers.iter().filter(set) {
            let pair = line.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
