//! A node in this process, on a free loopback port, whose administrator is the test. What is in its
//! directory, and who its providers are, is said by those who start it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rolegate::app::RunningNode;
use rolegate::clock::Clock;
use rolegate::config::{Config, Environment, environment as variables};
use rolegate::directory::{DirectoryFiles, Format};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::audit::{AuditRecord, audit_file};
use super::aws::{ADMIN_KEY, ADMIN_SECRET, AwsKeys, Call, GET_CALLER_IDENTITY, Signing};
use super::browser::Browser;
use super::clock::{TestClock, Time};
use super::directory::{ACCOUNT, STS_CLIENT};
use super::http::{PATIENCE, Request, Response};
use super::keys::{SigningKey, sign_claims};
use super::provider::HostileProvider;
use super::sts::{Changes, StsAnswer, assume_role};

/// An answer comes within this time, whatever was sent.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(5);

/// The folder of secrets is the node's own, for the sake of simple tests.
const SETTINGS: &str = "workers = 2\ndrain_seconds = 1\nfederation.secret_folder = '.'\n";

/// Where a node's clock stands still no bucket fills, and many a test asks more often than a bucket
/// holds. Tests of the rates say themselves what they are.
pub const NO_RATES: &str = "\n[limits.rates]\naddress_per_second = \"off\"\nsign_in_per_second = \"off\"\n\
    failed_proof_per_second = \"off\"\nprincipal_per_second = \"off\"\naccount_per_second = \"off\"\n";

/// Where the node keeps what it must not forget.
#[derive(Debug, Clone, Copy, Default)]
pub enum Store {
    #[default]
    Memory,
    Embedded,
}

/// How a node is started.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub store: Store,
    pub time: Time,
    /// Issuers that may be plain http.
    pub http_issuers: Vec<String>,
    /// Lines of the node's file after those that every node of the tests has.
    pub toml: String,
    /// The newest format of the store that it knows, where that is another than this program's.
    pub known: Option<Format>,
}

/// A running node with an empty directory; it stops when it is dropped.
pub struct Node {
    /// Another one after each start.
    pub address: SocketAddr,
    pub ops_address: Option<SocketAddr>,
    pub clock: Arc<TestClock>,
    pub runtime: Runtime,
    settings: Settings,
    folder: TempDir,
    running: Option<RunningNode>,
}

impl Node {
    pub fn start(settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut node = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            ops_address: None,
            clock: Arc::new(TestClock::new(settings.time)),
            runtime,
            settings,
            folder: tempfile::tempdir().unwrap(),
            running: None,
        };
        node.run();
        node
    }

    fn run(&mut self) {
        let config = config(&self.settings, self.folder.path());
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let known = self.settings.known.unwrap_or(Format::NEWEST);
        let started = RunningNode::start_knowing(known, config, clock);
        let running = self.runtime.block_on(started);
        let running = running.unwrap_or_else(|error| panic!("{error}"));
        self.address = running.address;
        self.ops_address = running.ops_address;
        self.running = Some(running);
    }

    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }

    /// Stops the node, lets `meanwhile` at its folder and starts it anew, on another port.
    pub fn restart(&mut self, meanwhile: impl FnOnce(&Path)) {
        self.stop();
        // Its threads let go of the store a moment after it has stopped.
        let store = self.folder.path().join("rolegate.redb");
        let give_up = Instant::now() + PATIENCE;
        while redb::Database::open(&store).is_err() {
            assert!(Instant::now() < give_up, "the store stays in use");
        }
        meanwhile(self.folder.path());
        self.run();
    }

    /// A folder that goes with the node.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where browsers find the node: `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        ["http://", &self.address.to_string()].concat()
    }

    /// What the node's clock shows, in seconds.
    pub fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    /// Moves the clock and waits until the node has looked after its directory at the new time.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
        let give_up = Instant::now() + PATIENCE;
        while Request::get(self.address, "/readyz").send().status != 200 {
            assert!(Instant::now() < give_up, "the node never became ready");
            std::thread::yield_now();
        }
    }

    /// Asks for the directory to be what these files say.
    pub fn try_apply(&self, files: &DirectoryFiles) -> Response {
        let body = json!({ "mode": "apply", "files": files }).to_string();
        self.admin("POST", "/admin/v1/directory", &body)
    }

    /// Makes the directory what these files say.
    #[track_caller]
    pub fn apply(&self, files: &DirectoryFiles) {
        let response = self.try_apply(files);
        assert_eq!(response.status, 200, "{}", response.text());
    }

    /// A request of the administrator.
    pub fn admin(&self, method: &'static str, target: &str, body: &str) -> Response {
        let call = Call {
            method,
            ..Call::admin(self.address, target, body)
        };
        call.signed(&AwsKeys::admin(), &Signing::admin(self.now()))
            .send(self.address)
    }

    /// The claims of an honest token of a provider for STS: subject `person-1`, of now.
    pub fn claims(&self, provider: &HostileProvider) -> Value {
        provider.claims("person-1", STS_CLIENT, self.now())
    }

    /// The token of [`Self::claims`].
    pub fn token(&self, provider: &HostileProvider, key: &SigningKey) -> String {
        sign_claims(&self.claims(provider), key)
    }

    /// [`assume_role`], asked of this node.
    pub fn assume_role(&self, role: &str, token: &str, changes: Changes<'_>) -> Response {
        assume_role(self.address, role, token, changes)
    }

    /// [`Self::assume_role`], read.
    pub fn assume(&self, role: &str, token: &str) -> StsAnswer {
        let begun = Instant::now();
        let response = self.assume_role(role, token, &[]);
        StsAnswer::read(&response, begun.elapsed())
    }

    /// A POST to STS with these parameters.
    pub fn sts(&self, parameters: &[(&str, &str)]) -> StsAnswer {
        let begun = Instant::now();
        let response = Request::post_form(self.address, "/", parameters).send();
        StsAnswer::read(&response, begun.elapsed())
    }

    /// `GetCallerIdentity`, signed with these keys.
    pub fn who(&self, keys: &AwsKeys) -> Response {
        Call::post(self.address, GET_CALLER_IDENTITY)
            .signed(keys, &Signing::at(self.now()))
            .send(self.address)
    }

    /// A browser without cookies.
    pub const fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Every audit record so far, oldest first.
    ///
    /// A line whose end is not there yet is being written at this moment, and is none so far.
    pub fn audit(&self) -> Vec<Value> {
        let text = self.audit_text();
        let whole = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        let read = whole.map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        });
        read.collect()
    }

    /// The audit log as it stands in its file.
    pub fn audit_text(&self) -> String {
        std::fs::read_to_string(audit_file(self.folder())).unwrap()
    }

    /// The one audit record of a request.
    pub fn audit_of(&self, request_id: &str) -> AuditRecord {
        let lines = self.audit();
        let mut found = lines.iter().filter(|line| line["requestID"] == request_id);
        let line = found.next().cloned();
        let line = line.unwrap_or_else(|| panic!("no audit record of request {request_id}"));
        assert!(found.next().is_none(), "two audit records of {request_id}");
        AuditRecord(line)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The environment of a node that takes plain http from these issuers, with commas between them.
pub fn environment(http_issuers: &str) -> [(&'static str, String); 5] {
    [
        (variables::LISTEN, "127.0.0.1:0".to_owned()),
        (variables::ALLOW_HTTP_ISSUERS, http_issuers.to_owned()),
        (variables::ADMIN_ACCESS_KEY_ID, ADMIN_KEY.to_owned()),
        (variables::ADMIN_SECRET_ACCESS_KEY, ADMIN_SECRET.to_owned()),
        (variables::ADMIN_ACCOUNT_ID, ACCOUNT.to_owned()),
    ]
}

fn config(settings: &Settings, folder: &Path) -> Config {
    let own = environment(&settings.http_issuers.join(","));
    let mut own: Vec<_> = own
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    if matches!(settings.store, Store::Memory) {
        own.push((variables::STORE_URL, "memory:"));
    }
    let has_rates = settings.toml.contains("limits.rates") || settings.time == Time::System;
    let rates = if has_rates { "" } else { NO_RATES };
    let text = [SETTINGS, &settings.toml, rates].concat();
    Config::from_toml(&text, folder, &Environment::of(&own)).unwrap()
}
