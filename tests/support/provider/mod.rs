//! An identity provider that a test programs: every path answers what it is told to, and counts.

mod answer;

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

pub use answer::{Answer, Body};

use self::answer::response;
use super::keys::SigningKey;

pub const DISCOVERY: &str = "/.well-known/openid-configuration";
pub const JWKS: &str = "/jwks";
pub const TOKEN: &str = "/token";
pub const USERINFO: &str = "/userinfo";

/// Requests to the provider may carry at most this many bytes.
const MAX_BODY_BYTES: usize = 16 << 20;

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
