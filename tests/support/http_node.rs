//! A node on a free loopback port with one identity provider, one account and one role, and the ways
//! in: signing in by browser, asking STS, signing requests. Its clock stands still until it is moved.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use rolegate::app::RunningNode;
use rolegate::clock::{Clock, FixedClock, SystemClock};
use rolegate::config::{Config, Environment};
use rolegate::domain::UnixTime;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::http::{PATIENCE, Request, Response};
use super::keys::{SigningKey, sign_claims};
use super::provider::{Answer, HostileProvider, TOKEN};

/// What the clock shows at first.
pub const NOW: i64 = 1_795_254_067;
pub const ACCOUNT: &str = "123456789012";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/Reader";
pub const ADMIN_KEY: &str = "AKIAQYLPMN5HAAAAAAAA";
pub const ADMIN_SECRET: &str = "the-admins-secret-of-forty-characters-xx";
pub const CLIENT_SECRET: &str = "client-secret-that-stands-in-no-log";
/// The client of the portal, and the one whose tokens STS takes.
pub const PORTAL_CLIENT: &str = "portal";
pub const STS_CLIENT: &str = "sts";
pub const REGION: &str = "us-east-1";

/// What an AWS client signs with.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl AwsKeys {
    /// The administrator of the environment.
    pub fn admin() -> Self {
        Self {
            id: ADMIN_KEY.to_owned(),
            secret: ADMIN_SECRET.to_owned(),
            token: None,
        }
    }
}

/// Where a signature goes, what it covers and for whom.
#[derive(Debug, Clone)]
pub struct Signing {
    pub region: &'static str,
    pub service: &'static str,
    pub at: i64,
    pub expires: Option<Duration>,
    pub left_out: Vec<&'static str>,
}

impl Signing {
    pub fn at(at: i64) -> Self {
        Self {
            region: REGION,
            service: "sts",
            at,
            expires: None,
            left_out: Vec::new(),
        }
    }

    pub fn presigned(at: i64) -> Self {
        Self {
            expires: Some(Duration::from_mins(1)),
            ..Self::at(at)
        }
    }
}

/// A request in parts, so that a test can change any of them after it was signed.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub const GET_CALLER_IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

impl Call {
    /// A POST of this form to STS.
    pub fn post(address: SocketAddr, form: &str) -> Self {
        Self {
            method: "POST",
            target: "/".to_owned(),
            headers: vec![
                ("host".to_owned(), address.to_string()),
                (
                    "content-type".to_owned(),
                    "application/x-www-form-urlencoded".to_owned(),
                ),
            ],
            body: form.as_bytes().to_vec(),
        }
    }

    /// A GET of this target.
    pub fn get(address: SocketAddr, target: &str) -> Self {
        Self {
            method: "GET",
            target: target.to_owned(),
            headers: vec![("host".to_owned(), address.to_string())],
            body: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the header, or takes it out.
    pub fn set_header(&mut self, name: &str, value: Option<&str>) {
        self.headers
            .retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.headers
            .extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(present, _)| present.eq_ignore_ascii_case(name));
        &found.unwrap().1
    }

    /// Signed by the AWS SDK's own signer.
    #[must_use]
    pub fn signed(mut self, keys: &AwsKeys, signing: &Signing) -> Self {
        let identity = AwsCredentials::new(
            keys.id.clone(),
            keys.secret.clone(),
            keys.token.clone(),
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        settings.expires_in = signing.expires;
        if signing.expires.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
        }
        let excluded = settings.excluded_headers.get_or_insert_default();
        excluded.extend(signing.left_out.iter().map(|name| (*name).into()));
        let at = UNIX_EPOCH + Duration::from_secs(signing.at.try_into().unwrap());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(signing.region)
            .name(signing.service)
            .time(at)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let url = ["http://", self.header("host"), &self.target].concat();
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(&self.body);
        let request = SignableRequest::new(self.method, &url, headers, body).unwrap();
        let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
        let (headers, query) = instructions.into_parts();
        for header in headers {
            let (name, value) = (header.name(), header.value());
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        if !query.is_empty() {
            let separator = if self.target.contains('?') { '&' } else { '?' };
            let mut encoded = form_urlencoded::Serializer::new(String::new());
            let query = query.iter().map(|(name, value)| (*name, value.as_ref()));
            let encoded = encoded.extend_pairs(query).finish();
            self.target = [&self.target, &*separator.to_string(), &encoded].concat();
        }
        self
    }

    pub fn send(&self, address: SocketAddr) -> Response {
        let mut request = Request::new(address, self.method, &self.target);
        for (name, value) in &self.headers {
            request = request.with_header(name, value);
        }
        request.with_body(self.body.clone()).send()
    }
}

/// The text of the first element of this name in an XML answer.
pub fn element(response: &Response, name: &str) -> String {
    let text = response.text();
    let start = ["<", name, ">"].concat();
    let (_, rest) = text
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name} in {response:?}"));
    let (value, _) = rest.split_once("</").unwrap();
    value.to_owned()
}

/// Asserts a refusal of the STS API by status and code.
#[track_caller]
pub fn assert_refused(response: &Response, status: u16, code: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(element(response, "Code"), code, "{response:?}");
}

/// How a node is to be.
#[derive(Debug, Clone, Default)]
pub struct NodeOptions {
    /// Settings beside those that every test needs.
    pub settings: String,
    /// Keeps what there is in the node's folder instead of in memory.
    pub keeps: bool,
    /// Has a directory of nothing.
    pub empty: bool,
}

pub struct HttpNode {
    pub address: SocketAddr,
    pub ops_address: Option<SocketAddr>,
    pub provider: HostileProvider,
    pub key: SigningKey,
    pub clock: Arc<FixedClock>,
    options: NodeOptions,
    folder: TempDir,
    runtime: Runtime,
    node: Option<RunningNode>,
}

impl HttpNode {
    pub fn start() -> Self {
        Self::with(NodeOptions::default())
    }

    pub fn with_settings(settings: &str) -> Self {
        Self::with(NodeOptions {
            settings: settings.to_owned(),
            ..NodeOptions::default()
        })
    }

    pub fn with(options: NodeOptions) -> Self {
        let provider = HostileProvider::start();
        let key = SigningKey::ec_p256("k1");
        provider.publish(&[&key]);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut node = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            ops_address: None,
            provider,
            key,
            clock: Arc::new(FixedClock::at(UnixTime::from_seconds(NOW))),
            options,
            folder: tempfile::tempdir().unwrap(),
            runtime,
            node: None,
        };
        node.run();
        let files = directory(&node.provider.issuer(), node.folder.path());
        if !node.options.empty {
            node.apply(&files);
        }
        node
    }

    fn run(&mut self) {
        let issuer = self.provider.issuer();
        let config = config(&self.options, self.folder.path(), &issuer);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let node = self
            .runtime
            .block_on(RunningNode::start_with(config, clock));
        let node = node.unwrap();
        self.address = node.address;
        self.ops_address = node.ops_address;
        self.node = Some(node);
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

    pub fn stop(&mut self) {
        if let Some(node) = self.node.take() {
            self.runtime.block_on(node.stop());
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    /// Moves the clock, and waits until the node has looked after its directory at the new time.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
        let give_up = Instant::now() + PATIENCE;
        while Request::get(self.address, "/readyz").send().status != 200 {
            assert!(Instant::now() < give_up, "the node never became ready");
        }
    }

    /// The lines of the audit log.
    pub fn audit(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(audit_file(self.folder.path())).unwrap();
        text.lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// Applies these files as the whole directory.
    #[track_caller]
    pub fn apply(&self, files: &Value) {
        let body = json!({ "mode": "apply", "files": files }).to_string();
        let response = self.admin("POST", "/admin/v1/directory", &body);
        assert_eq!(response.status, 200, "{}", response.text());
    }

    /// A request of the administrator.
    pub fn admin(&self, method: &'static str, target: &str, body: &str) -> Response {
        let call = Call {
            method,
            target: target.to_owned(),
            headers: vec![
                ("host".to_owned(), self.address.to_string()),
                ("content-type".to_owned(), "application/json".to_owned()),
            ],
            body: body.as_bytes().to_vec(),
        };
        let signing = Signing {
            service: "rolegate",
            ..Signing::at(self.now())
        };
        call.signed(&AwsKeys::admin(), &signing).send(self.address)
    }

    /// An id_token for STS.
    pub fn id_token(&self, subject: &str) -> String {
        let claims = self.provider.claims(subject, STS_CLIENT, self.now());
        sign_claims(&claims, &self.key)
    }

    /// Asks STS for credentials.
    pub fn assume(&self, token: &str, further: &[(&str, &str)]) -> Response {
        let mut fields = vec![
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", ROLE),
            ("RoleSessionName", "ines"),
            ("WebIdentityToken", token),
        ];
        fields.retain(|(name, _)| !further.iter().any(|(other, _)| other == name));
        fields.extend_from_slice(further);
        Request::post_form(self.address, "/", &fields).send()
    }

    /// Keys of a session of their own.
    pub fn session(&self) -> AwsKeys {
        let response = self.assume(&self.id_token("ines"), &[]);
        assert_eq!(response.status, 200, "{}", response.text());
        AwsKeys {
            id: element(&response, "AccessKeyId"),
            secret: element(&response, "SecretAccessKey"),
            token: Some(element(&response, "SessionToken")),
        }
    }

    /// `GetCallerIdentity`, signed with these keys.
    pub fn who(&self, keys: &AwsKeys) -> Response {
        Call::post(self.address, GET_CALLER_IDENTITY)
            .signed(keys, &Signing::at(self.now()))
            .send(self.address)
    }

    /// A form of a browser that is on one of the node's own pages.
    pub fn form(&self, target: &str, fields: &[(&str, &str)]) -> Request {
        Request::post_form(self.address, target, fields)
            .with_header("origin", &["http://", &self.address.to_string()].concat())
            .with_header("sec-fetch-site", "same-origin")
    }

    /// The first half of a sign-in.
    pub fn begin_sign_in(&self, return_to: &str) -> Begun {
        let fields = [("connection", "idp"), ("return_to", return_to)];
        Begun::read(self.form("/sign-in", &fields).send())
    }

    /// The second half: the provider answers for this subject.
    pub fn finish_sign_in(&self, begun: &Begun, subject: &str, planted: Option<&str>) -> Response {
        self.provider.set(TOKEN, self.token_answer(begun, subject));
        let target = begun.callback();
        let cookies = [planted.unwrap_or_default(), &begun.cookie];
        let cookies: Vec<&str> = cookies
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        Request::get(self.address, &target)
            .with_header("cookie", &cookies.join("; "))
            .with_header("sec-fetch-site", "cross-site")
            .send()
    }

    fn token_answer(&self, begun: &Begun, subject: &str) -> Answer {
        let mut claims = self.provider.claims(subject, PORTAL_CLIENT, self.now());
        claims["nonce"] = begun.nonce.clone().into();
        claims["groups"] = json!(["staff"]);
        claims["email"] = "ines@meridale.example".into();
        claims["email_verified"] = true.into();
        let token = sign_claims(&claims, &self.key);
        Answer::json(&json!({
            "access_token": "access-token-that-stands-in-no-log",
            "token_type": "Bearer",
            "id_token": token,
        }))
    }

    /// A whole sign-in.
    pub fn sign_in(&self, subject: &str) -> Browser {
        let begun = self.begin_sign_in("/roles");
        let response = self.finish_sign_in(&begun, subject, None);
        Browser::read(self, &response)
    }
}

impl Drop for HttpNode {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A sign-in that was begun.
#[derive(Debug, Clone)]
pub struct Begun {
    pub location: url::Url,
    pub state: String,
    pub nonce: String,
    /// `name=value` of the cookie that ties it to the browser.
    pub cookie: String,
    pub response: Response,
}

impl Begun {
    pub fn read(response: Response) -> Self {
        assert_eq!(response.status, 303, "{}", response.text());
        let location: url::Url = response.header("location").unwrap().parse().unwrap();
        let parameter = |wanted: &str| {
            let mut pairs = location.query_pairs();
            let found = pairs.find(|(name, _)| name == wanted);
            found.unwrap().1.into_owned()
        };
        Self {
            state: parameter("state"),
            nonce: parameter("nonce"),
            cookie: cookie(&response, "__Host-rolegate-login-").unwrap(),
            location: location.clone(),
            response,
        }
    }

    /// Where the provider sends the browser back to.
    pub fn callback(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let issuer = self.location.origin().ascii_serialization();
        let pairs = [
            ("code", "authorization-code-in-no-log"),
            ("state", &self.state),
            ("iss", &issuer),
        ];
        ["/oidc/callback/idp?", &query.extend_pairs(pairs).finish()].concat()
    }
}

/// A browser in which somebody is signed in.
#[derive(Debug, Clone)]
pub struct Browser {
    /// `name=value` of the session's cookie.
    pub cookie: String,
    /// What its forms carry.
    pub csrf: String,
}

impl Browser {
    pub fn read(node: &HttpNode, response: &Response) -> Self {
        assert_eq!(response.status, 303, "{}", response.text());
        let cookie = cookie(response, "__Host-rolegate-session").unwrap();
        let page = Request::get(node.address, "/roles")
            .with_header("cookie", &cookie)
            .send();
        assert_eq!(page.status, 200, "{}", page.text());
        let csrf = csrf(&page);
        Self { cookie, csrf }
    }

    pub fn get(&self, node: &HttpNode, target: &str) -> Response {
        Request::get(node.address, target)
            .with_header("cookie", &self.cookie)
            .send()
    }

    /// Whether the cookie still opens a session.
    pub fn is_signed_in(&self, node: &HttpNode) -> bool {
        let response = self.get(node, "/roles");
        match response.status {
            200 => true,
            303 => {
                assert_eq!(response.header("location"), Some("/"));
                false
            }
            _ => panic!("{response:?}"),
        }
    }

    /// A form of one of this session's pages.
    pub fn form(&self, node: &HttpNode, target: &str, fields: &[(&str, &str)]) -> Request {
        let mut fields = fields.to_vec();
        fields.push(("csrf", &self.csrf));
        node.form(target, &fields)
            .with_header("cookie", &self.cookie)
    }
}

/// `name=value` of the cookie whose name begins so, where the answer sets one.
pub fn cookie(response: &Response, start: &str) -> Option<String> {
    let mut set = response.headers.iter().filter_map(|(name, value)| {
        let is_set = name.eq_ignore_ascii_case("set-cookie");
        let pair = value.split(';').next()?;
        (is_set && pair.starts_with(start) && !pair.ends_with('=')).then_some(pair)
    });
    set.next_back().map(str::to_owned)
}

fn csrf(page: &Response) -> String {
    let text = page.text();
    let (_, field) = text.split_once("name=\"csrf\"").unwrap();
    let (_, value) = field.split_once("value=\"").unwrap();
    let (value, _) = value.split_once('"').unwrap();
    value.to_owned()
}

pub fn audit_file(folder: &Path) -> PathBuf {
    folder.join("audit/audit.jsonl")
}

/// The environment of a node whose provider is `issuer`.
pub fn environment(issuer: &str) -> [(&'static str, String); 5] {
    [
        ("ROLEGATE_LISTEN", "127.0.0.1:0".to_owned()),
        ("ROLEGATE_ALLOW_HTTP_ISSUERS", issuer.to_owned()),
        ("ROLEGATE_ADMIN_ACCESS_KEY_ID", ADMIN_KEY.to_owned()),
        ("ROLEGATE_ADMIN_SECRET_ACCESS_KEY", ADMIN_SECRET.to_owned()),
        ("ROLEGATE_ADMIN_ACCOUNT_ID", ACCOUNT.to_owned()),
    ]
}

/// The folder of the client's secret is the node's own, for the sake of simple tests.
const SETTINGS: &str = "workers = 2\ndrain_seconds = 1\nfederation.secret_folder = '.'\n";

fn config(options: &NodeOptions, folder: &Path, issuer: &str) -> Config {
    let mut variables = environment(issuer).to_vec();
    if !options.keeps {
        variables.push(("ROLEGATE_STORE_URL", "memory:".to_owned()));
    }
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let settings = [SETTINGS, &options.settings].concat();
    Config::from_toml(&settings, folder, &Environment::of(&variables)).unwrap()
}

/// One account, one provider, one role, one connection with one rule.
pub fn directory(issuer: &str, folder: &Path) -> Value {
    let secret_file = folder.join("client-secret");
    std::fs::write(&secret_file, CLIENT_SECRET).unwrap();
    let issuer_name = issuer.trim_start_matches("http://");
    let provider_arn = ["arn:aws:iam::", ACCOUNT, ":oidc-provider/", issuer_name].concat();
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": provider_arn },
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
        }],
    });
    let files = [
        (
            "accounts/123456789012/account.toml",
            "alias = \"main\"\nname = \"Main\"\n".to_owned(),
        ),
        (
            "accounts/123456789012/oidc-providers/idp.toml",
            toml_text(&json!({ "url": issuer, "client_ids": [STS_CLIENT] })),
        ),
        (
            "accounts/123456789012/roles/Reader.toml",
            "max_session_duration = 3600\n".to_owned(),
        ),
        (
            "accounts/123456789012/roles/Reader.trust.json",
            trust.to_string(),
        ),
        (
            "connections/idp.toml",
            toml_text(&json!({
                "display_name": "Meridale",
                "issuer": issuer,
                "client_id": PORTAL_CLIENT,
                "scopes": ["openid", "email"],
                "client_auth": { "client_secret_basic": { "file": secret_file } },
            })),
        ),
        (
            "links/idp.toml",
            toml_text(&json!({ "connection": "idp", "providers": [provider_arn] })),
        ),
        (
            "rules/10-staff.toml",
            toml_text(&json!({
                "connections": ["idp"],
                "order": 10,
                "session_name": "{email}",
                "roles": [ROLE],
                "when": { "claim": "groups", "equals": "staff" },
            })),
        ),
    ];
    let files = files
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text.into()));
    Value::Object(files.collect())
}

fn toml_text(value: &Value) -> String {
    toml::to_string(value).unwrap()
}

/// The time of this machine, for nodes that run in processes of their own.
pub fn system_now() -> i64 {
    SystemClock.now().seconds()
}
