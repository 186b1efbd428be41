//! An identity provider that a test programs: every path answers what it is told to, and counts.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::stream;
use serde_json::{Value, json};

use super::keys::SigningKey;

pub const DISCOVERY: &str = "/.well-known/openid-configuration";
pub const JWKS: &str = "/jwks";
pub const TOKEN: &str = "/token";
pub const USERINFO: &str = "/userinfo";

/// Requests to the provider may carry at most this many bytes.
const MAX_BODY_BYTES: usize = 16 << 20;

/// What a path answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// How long the provider waits before it answers.
    pub delay: Duration,
}

#[derive(Debug, Clone)]
pub enum Body {
    Bytes(Vec<u8>),
    /// These bytes, then white space up to this many bytes in all, without a Content-Length.
    Padded(Vec<u8>, usize),
    /// These bytes, and then the connection breaks.
    CutOff(Vec<u8>),
    /// These bytes one by one with a pause before each.
    Dripped(Vec<u8>, Duration),
}

impl Answer {
    /// 200 with this document as JSON.
    pub fn json(document: &Value) -> Self {
        Self::bytes(200, document.to_string()).with_header("content-type", "application/json")
    }

    /// Any status with any body.
    pub fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(body.into()),
            delay: Duration::ZERO,
        }
    }

    /// 302 to another address.
    pub fn redirect(location: &str) -> Self {
        Self::bytes(302, "").with_header("location", location)
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn with_body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A request that reached the provider.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Recorded {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    requests: Vec<Recorded>,
}

type Shared = Arc<Mutex<State>>;

/// A provider on a free loopback port; it ends when it is dropped.
pub struct HostileProvider {
    address: SocketAddr,
    state: Shared,
    handle: ServerHandle,
    serving: Option<JoinHandle<io::Result<()>>>,
}

impl HostileProvider {
    /// Starts with a right discovery document and an empty key set; every other path is 404.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Shared::default();
        let (sender, receiver) = std::sync::mpsc::channel();
        let shared = Arc::clone(&state);
        let serving = std::thread::spawn(move || {
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(web::Data::new(Arc::clone(&shared)))
                    .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
                    .default_service(web::to(answer))
            });
            let server = server.workers(1).disable_signals().listen(listener)?.run();
            // The other side waits for it.
            sender.send(server.handle()).map_err(io::Error::other)?;
            actix_web::rt::System::new().block_on(server)
        });
        let provider = Self {
            address,
            state,
            handle: receiver.recv().unwrap(),
            serving: Some(serving),
        };
        provider.set(DISCOVERY, Answer::json(&provider.discovery()));
        provider.publish(&[]);
        provider
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub fn issuer(&self) -> String {
        ["http://", &self.address.to_string()].concat()
    }

    /// The address of one path.
    pub fn url(&self, path: &str) -> String {
        [&self.issuer(), path].concat()
    }

    /// A right discovery document, to be changed and set again.
    pub fn discovery(&self) -> Value {
        json!({
            "issuer": self.issuer(),
            "authorization_endpoint": self.url("/authorize"),
            "token_endpoint": self.url(TOKEN),
            "userinfo_endpoint": self.url(USERINFO),
            "jwks_uri": self.url(JWKS),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// From now on `path` answers this.
    pub fn set(&self, path: &str, answer: Answer) {
        self.locked().answers.insert(path.to_owned(), answer);
    }

    /// Publishes the public halves of these keys.
    pub fn publish(&self, keys: &[&SigningKey]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        self.publish_jwks(&keys);
    }

    /// Publishes any JWKs.
    pub fn publish_jwks(&self, keys: &[Value]) {
        self.set(JWKS, Answer::json(&json!({ "keys": keys })));
    }

    /// How often `path` was asked for. A canary is a path whose count must stay 0.
    pub fn fetches(&self, path: &str) -> usize {
        let state = self.locked();
        let asked = state.requests.iter().filter(|request| request.path == path);
        asked.count()
    }

    /// Every request in the order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.locked().requests.clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.locked().requests.clear();
    }

    /// Claims of an honest id_token: issued at `now`, valid for five minutes.
    pub fn claims(&self, subject: &str, audience: &str, now: i64) -> Value {
        json!({
            "iss": self.issuer(),
            "sub": subject,
            "aud": audience,
            "iat": now,
            "exp": now + 300,
        })
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for HostileProvider {
    fn drop(&mut self) {
        // The command is sent here; the future would only wait for its end, as the thread does.
        drop(self.handle.stop(false));
        if let Some(serving) = self.serving.take() {
            drop(serving.join());
        }
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, state: web::Data<Shared>) -> HttpResponse {
    let recorded = recorded(&request, &body);
    let answer = {
        let mut state = state.lock().unwrap();
        state.requests.push(recorded);
        state.answers.get(request.path()).cloned()
    };
    match answer {
        None => HttpResponse::NotFound().finish(),
        Some(answer) => {
            if !answer.delay.is_zero() {
                actix_web::rt::time::sleep(answer.delay).await;
            }
            response(answer)
        }
    }
}

fn recorded(request: &HttpRequest, body: &[u8]) -> Recorded {
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    });
    Recorded {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    }
}

fn response(answer: Answer) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap());
    for (name, value) in answer.headers {
        response.append_header((name, value));
    }
    match answer.body {
        Body::Bytes(bytes) => response.body(bytes),
        Body::Padded(bytes, total) => response.streaming(padded(bytes, total)),
        Body::CutOff(bytes) => {
            let parts = [
                Ok(web::Bytes::from(bytes)),
                Err(io::Error::other("cut off")),
            ];
            response.streaming(stream::iter(parts))
        }
        Body::Dripped(bytes, pause) => response.streaming(dripped(bytes, pause)),
    }
}

/// Made as it is sent, so that a body of gigabytes takes no memory.
fn padded(
    bytes: Vec<u8>,
    total: usize,
) -> impl futures_util::Stream<Item = Result<web::Bytes, Infallible>> {
    static SPACES: [u8; 65_536] = [b' '; 65_536];
    let missing = total.saturating_sub(bytes.len());
    let rest = (0..missing).step_by(SPACES.len()).map(move |sent| {
        let length = SPACES.len().min(missing - sent);
        web::Bytes::from_static(&SPACES[..length])
    });
    stream::iter(std::iter::once(web::Bytes::from(bytes)).chain(rest).map(Ok))
}

fn dripped(
    bytes: Vec<u8>,
    pause: Duration,
) -> impl futures_util::Stream<Item = Result<web::Bytes, Infallible>> {
    stream::unfold(bytes.into_iter(), move |mut rest| async move {
        let byte = rest.next()?;
        actix_web::rt::time::sleep(pause).await;
        Some((Ok(web::Bytes::from(vec![byte])), rest))
    })
}
