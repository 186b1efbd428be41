//! What callers wrote, in logs; and what must never be in any.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::child::ChildNode;
use super::support::audit::audit_file;
use super::support::aws::{ADMIN_SECRET, AwsKeys, Call, GET_CALLER_IDENTITY, Signing};
use super::support::browser::{Departure, Session};
use super::support::clock::system_now;
use super::support::directory::{PORTAL_CLIENT, STS_CLIENT};
use super::support::http::{Request, Response};
use super::support::http_node::{CLIENT_SECRET, HttpNode, ROLE, directory};
use super::support::keys::{SigningKey, sign_claims};
use super::support::provider::{Answer, HostileProvider, TOKEN};
use super::support::sts::assume_role;

/// Text that could end a line or a string, colour a terminal, or turn words around.
const HOSTILE: [&str; 6] = [
    "a\r\n{\"eventName\":\"Forged\"}",
    "a\u{1b}[31mred\u{1b}]0;title\u{7}",
    "a\",\"errorCode\":null,\"x\":\"",
    "a\u{202e}drowssap\u{2066}\u{200b}\u{2028}\u{85}",
    "a\\u000a\\\"\\",
    "a\u{0}b",
];

/// Every field that a caller can fill, filled; returns how many requests were sent.
fn fill(node: &HttpNode, text: &str) {
    let token = node.id_token("ines");
    let visible: String = text.chars().filter(|c| !c.is_control()).collect();
    for (name, value) in [
        ("RoleArn", text),
        ("RoleSessionName", text),
        ("WebIdentityToken", text),
        ("Policy", text),
        ("Action", text),
    ] {
        node.assume(&token, &[(name, Some(value))]);
    }
    for claim in [
        "sub",
        "iss",
        "aud",
        "azp",
        "https://aws.amazon.com/source_identity",
    ] {
        let mut claims = node.provider.claims("ines", STS_CLIENT, node.now());
        claims[claim] = text.into();
        let response = node.assume(&sign_claims(&claims, &node.key), &[]);
        assert!(response.status < 500, "{claim}: {response:?}");
    }
    Request::post_form(
        node.address,
        "/",
        &[("Action", "GetCallerIdentity"), ("Version", "2011-06-15")],
    )
    .with_header("user-agent", &visible)
    .with_header(
        "authorization",
        &["AWS4-HMAC-SHA256 Credential=", &visible].concat(),
    )
    .send();
    node.form("/sign-in", &[("connection", text), ("return_to", text)])
        .send();
    let begun = node.begin_sign_in("/");
    let mut query = form_urlencoded::Serializer::new(String::new());
    let issuer = node.provider.issuer();
    let pairs = [
        ("error", text),
        ("error_description", text),
        ("state", &begun.state),
        ("iss", &issuer),
    ];
    let target = ["/oidc/callback/idp?", &query.extend_pairs(pairs).finish()].concat();
    Request::get(node.address, &target)
        .with_header("cookie", &begun.cookie)
        .send();
    let begun = node.begin_sign_in("/");
    let response = node.finish_sign_in(&begun, text, None);
    assert!(response.status < 500, "{response:?}");
}

#[track_caller]
fn assert_one_line_each(folder: &Path) {
    let bytes = std::fs::read(audit_file(folder)).unwrap();
    assert_eq!(bytes.last(), Some(&b'\n'));
    let text = String::from_utf8(bytes).unwrap();
    for line in text.split_terminator('\n') {
        assert!(line.len() < 256 * 1024, "a line of {} bytes", line.len());
        let misleading = |c: char| {
            c.is_control()
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}')
        };
        assert!(!line.contains(misleading), "{line:?}");
        let event: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let known = [
            "eventID",
            "eventName",
            "eventSource",
            "eventTime",
            "requestID",
        ];
        assert!(known.iter().all(|name| event[name].is_string()), "{line}");
        assert_ne!(event["eventName"], "Forged");
    }
}

#[test]
fn a21_one_event_is_one_line_whatever_was_written() {
    for text in HOSTILE {
        // A node each: after many refusals of one address the rest are counted only.
        let node = HttpNode::start();
        fill(&node, text);
        assert_one_line_each(node.folder());
        assert!(node.audit().len() >= 5, "{text:?}: {}", node.audit().len());
    }
}

#[test]
fn a21_a_megabyte_in_a_field_stays_a_short_line() {
    let node = HttpNode::start();
    let long = |length| "a".repeat(length);
    node.assume(
        &node.id_token("ines"),
        &[("RoleSessionName", Some(&long(1_000_000)))],
    );
    let mut claims = node.provider.claims("ines", STS_CLIENT, node.now());
    claims["sub"] = long(10_000).into();
    node.assume(&sign_claims(&claims, &node.key), &[]);
    Request::get(
        node.address,
        "/?Action=GetCallerIdentity&Version=2011-06-15",
    )
    .with_header("user-agent", &long(60_000))
    .send();
    node.form("/sign-in", &[("connection", &long(100_000))])
        .send();
    assert_eq!(node.assume(&node.id_token("ines"), &[]).status, 200);
    let text = std::fs::read_to_string(audit_file(node.folder())).unwrap();
    for line in text.lines() {
        assert!(line.len() < 32 * 1024, "a line of {} bytes", line.len());
    }
}

/// A node in a process of its own, with everything that must never be written down.
struct Run {
    child: ChildNode,
    provider: HostileProvider,
    key: SigningKey,
    secrets: Vec<(&'static str, String)>,
}

impl Run {
    fn keep(&mut self, what: &'static str, secret: &str) {
        assert!(
            secret.len() >= 16,
            "{what}: {secret} is too short to be looked for"
        );
        self.secrets.push((what, secret.to_owned()));
    }

    fn admin(&self, method: &'static str, target: &str, body: &str) -> Response {
        let call = Call {
            method,
            ..Call::admin(self.child.address, target, body)
        };
        call.signed(&AwsKeys::admin(), &Signing::admin(system_now()))
            .send(self.child.address)
    }

    fn id_token(&mut self, audience: &str, nonce: Option<&str>, kept: &'static str) -> String {
        let mut claims = self.provider.claims("ines", audience, system_now());
        claims["groups"] = serde_json::json!(["staff"]);
        claims["email"] = "ines@meridale.example".into();
        claims["email_verified"] = true.into();
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let token = sign_claims(&claims, &self.key);
        self.keep(kept, &token);
        let signature = token.rsplit('.').next().unwrap().to_owned();
        self.keep("an id_token's signature", &signature);
        token
    }

    fn assume(&mut self, role: &str) -> Response {
        let token = self.id_token(STS_CLIENT, None, "an id_token for STS");
        assume_role(self.child.address, role, &token, &[])
    }

    /// STS, with keys that are used, and refusals that come with secrets.
    fn sts(&mut self) {
        let response = self.assume(ROLE);
        assert_eq!(response.status, 200, "{}", response.text());
        let keys = AwsKeys::issued(&response);
        self.keep("a secret access key", &keys.secret);
        self.keep("a session token", keys.token.as_deref().unwrap());
        let call = Call::post(self.child.address, GET_CALLER_IDENTITY);
        let signed = call.signed(&keys, &Signing::at(system_now()));
        let authorization = signed.header("authorization");
        let signature = authorization.split("Signature=").nth(1).unwrap().to_owned();
        self.keep("a signature", &signature);
        assert_eq!(signed.send(self.child.address).status, 200);
        let mut bad = signed.clone();
        bad.body.extend(b"&a=b");
        assert_eq!(bad.send(self.child.address).status, 403);
        assert_eq!(
            self.assume("arn:aws:iam::123456789012:role/None").status,
            403
        );
        let broken = self.id_token("another-audience", None, "an id_token for somebody else");
        for token in [broken.clone(), [&broken, "x"].concat()] {
            let refused = assume_role(self.child.address, ROLE, &token, &[]);
            assert_eq!(refused.status, 400, "{}", refused.text());
        }
    }

    fn form(&self, target: &str, fields: &[(&str, &str)], cookie: &str) -> Request {
        Request::post_form(self.child.address, target, fields).with_header("cookie", cookie)
    }

    fn begin(&mut self) -> Departure {
        let fields = [("connection", "idp"), ("return_to", "/roles")];
        let begun = Departure::read(self.form("/sign-in", &fields, "a=b").send());
        self.keep("a state", &begun.state);
        self.keep("a nonce", &begun.nonce);
        self.keep(
            "an attempt's cookie",
            begun.cookie.split_once('=').unwrap().1,
        );
        begun
    }

    /// A sign-in by browser, keys from the portal, and refused ones.
    fn portal(&mut self) {
        let begun = self.begin();
        let token = self.id_token(
            PORTAL_CLIENT,
            Some(&begun.nonce),
            "an id_token of a sign-in",
        );
        let answer = serde_json::json!({
            "access_token": "access-token-that-stands-in-no-log",
            "token_type": "Bearer",
            "id_token": token,
        });
        self.provider.set(TOKEN, Answer::json(&answer));
        let callback = Request::get(self.child.address, &begun.callback())
            .with_header("cookie", &begun.cookie);
        let response = callback.send();
        assert_eq!(response.status, 303, "{}", response.text());
        assert_eq!(callback.send().status, 403, "a second time");
        let session = Session::read(self.child.address, &response);
        let (_, secret) = session.cookie.split_once('=').unwrap();
        self.keep("a session's cookie", secret);
        self.keep("a form's token", &session.csrf);
        self.take(&session);
        let verifier = self.pkce_verifier();
        self.keep("a PKCE verifier", &verifier);

        let begun = self.begin();
        self.provider
            .set(TOKEN, Answer::bytes(500, "token-endpoint-answer-in-no-log"));
        self.keep(
            "a token endpoint's answer",
            "token-endpoint-answer-in-no-log",
        );
        let failed = Request::get(self.child.address, &begun.callback())
            .with_header("cookie", &begun.cookie)
            .send();
        assert!(matches!(failed.status, 403 | 502), "{}", failed.text());
    }

    fn take(&mut self, session: &Session) {
        let fields = [("role", ROLE), ("duration", "900"), ("csrf", &session.csrf)];
        let page = self.form("/credentials", &fields, &session.cookie).send();
        assert_eq!(page.status, 200, "{}", page.text());
        let text = page.text();
        let runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)));
        let runs: Vec<&str> = runs.map(|run| run.trim_start_matches('=')).collect();
        // 30 bytes in base64; a session token is far longer.
        let secret = runs.iter().find(|run| run.len() == 40).unwrap();
        let token = runs.iter().max_by_key(|run| run.len()).unwrap();
        assert!(text.to_lowercase().contains("secret") && token.len() > 200);
        self.keep("a secret access key of the portal", secret);
        self.keep("a session token of the portal", token);
        let form = [("csrf", "wrong-token-of-a-form-in-no-log"), ("role", ROLE)];
        assert_eq!(
            self.form("/credentials", &form, &session.cookie)
                .send()
                .status,
            403
        );
        self.keep("a wrong form's token", form[0].1);
    }

    /// As the token endpoint was sent it.
    fn pkce_verifier(&self) -> String {
        let requests = self.provider.requests();
        let body = &requests
            .iter()
            .find(|request| request.path == TOKEN)
            .unwrap()
            .body;
        let mut pairs = form_urlencoded::parse(body);
        pairs
            .find(|(name, _)| name == "code_verifier")
            .unwrap()
            .1
            .into_owned()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn a21_no_secret_is_in_any_file_or_log_of_a_whole_run() {
    let folder = tempfile::tempdir().unwrap();
    let provider = HostileProvider::start();
    let key = SigningKey::ec_p256("k1");
    provider.publish(&[&key]);
    // The file in which the operator keeps the client's secret stands elsewhere.
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = format!(
        "drain_seconds = 1\nfederation.secret_folder = '{}'\n[log]\nformat = \"json\"\nlevel = \"trace\"\n",
        elsewhere.path().display()
    );
    let child = ChildNode::start(folder.path(), &provider.issuer(), &settings);
    let mut run = Run {
        child,
        provider,
        key,
        secrets: Vec::new(),
    };
    let files_of_directory = directory(&run.provider.issuer(), elsewhere.path());
    let apply = serde_json::json!({ "mode": "apply", "files": files_of_directory }).to_string();
    let applied = run.admin("POST", "/admin/v1/directory", &apply);
    assert_eq!(applied.status, 200, "{}", applied.text());
    run.keep("the client's secret", CLIENT_SECRET);
    run.keep("the administrator's secret", ADMIN_SECRET);
    run.keep("an authorization code", "authorization-code-in-no-log");
    run.keep("an access token", "access-token-that-stands-in-no-log");
    run.sts();
    run.portal();
    assert_eq!(
        run.admin("POST", "/admin/v1/keys/rotate", "{\"previous\":\"keep\"}")
            .status,
        200
    );
    assert_eq!(
        run.admin("POST", "/admin/v1/keys/rotate", "{\"previous\":1}")
            .status,
        400
    );
    run.child.terminate();
    assert!(run.child.wait().success());
    assert_nothing_kept(&run, folder.path());
}

fn assert_nothing_kept(run: &Run, folder: &Path) {
    let log = run.child.log();
    assert!(log.len() > 100, "the log is empty");
    let mut places = vec![("the log".to_owned(), log)];
    places.extend(files(folder).into_iter().map(|path| {
        let bytes = std::fs::read(&path).unwrap();
        (path.display().to_string(), bytes)
    }));
    let of = |name: &str| {
        places
            .iter()
            .any(|(place, bytes)| place.ends_with(name) && bytes.len() > 1000)
    };
    assert!(
        of("audit.jsonl") && of("rolegate.redb"),
        "{:?}",
        files(folder)
    );
    for (place, bytes) in &places {
        // The rig can see: what is no secret is there.
        if place.ends_with("audit.jsonl") {
            assert!(memchr::memmem::find(bytes, ROLE.as_bytes()).is_some());
        }
        for (what, secret) in &run.secrets {
            let found = memchr::memmem::find(bytes, secret.as_bytes());
            assert_eq!(found, None, "{what} is in {place}");
        }
    }
    assert!(run.secrets.len() >= 20, "{}", run.secrets.len());
}
