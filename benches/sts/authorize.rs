//! What a service asks about requests that it received: the questions, and how the bare route reads one.

use std::net::SocketAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use data_encoding::BASE64;
use rolegate::clock::{Clock as _, SystemClock};
use rolegate::domain::{Region, SecretAccessKey, UnixTime};
use rolegate::sigv4::{self, Signer};
use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::bare::{SIGNED_HEADERS, is_signed};
use crate::requests::{Addresses, Credentials, Paired, credentials, invocation, signed};

/// The service's file in the directory is called so.
pub const SERVICE: &str = "ci.example.com";
/// Its key.
pub const KEY_ID: &str = "AKIARZPUZDIKBENCHCI7";
/// Its secret; it guards nothing.
pub const SECRET: &str = "a-secret-for-a-benchmark-alone";
/// What its questions sign, in the order of the canonical request.
const QUESTION_HEADERS: [&str; 4] = [
    "amz-sdk-invocation-id",
    "content-type",
    "host",
    "x-amz-date",
];
const BODY: &[u8] = b"{}";

/// A question, as it is asked and as the bare route reads it.
#[derive(Serialize, Deserialize)]
struct Question {
    service: String,
    request: Received,
    action: String,
    resource: String,
}

#[derive(Serialize, Deserialize)]
struct Received {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// Questions about requests that so many callers have signed.
pub fn questions(to: &Addresses, sessions: &Paired, callers: usize, count: u32) -> Outcome<Paired> {
    let (bare, ours) = credentials(to, sessions, callers)?;
    Ok(Paired {
        bare: asked(to.bare, &bare, count)?,
        ours: asked(to.ours, &ours, count)?,
    })
}

fn asked(address: SocketAddr, callers: &[Credentials], count: u32) -> Outcome<Vec<Vec<u8>>> {
    let (host, region, now) = (address.to_string(), Region::us_east_1(), SystemClock.now());
    let (key, secret) = (KEY_ID.parse()?, SecretAccessKey::new(SECRET.to_owned()));
    let signer = Signer {
        access_key_id: &key,
        secret: &secret,
        session_token: None,
        region: &region,
        service: "rolegate",
    };
    let count = usize::try_from(count)?;
    let callers = callers.iter().cycle().take(count).enumerate();
    let question = |(number, caller): (usize, &Credentials)| {
        let question = Question {
            service: "ci".to_owned(),
            request: received(caller, &invocation(number), now)?,
            action: "ci:StartBuild".to_owned(),
            resource: "arn:aws:ci:us-east-1:123456789012:build/new".to_owned(),
        };
        let invocation = invocation(number);
        let headers = [
            ("host", host.as_str()),
            ("content-type", "application/json"),
            ("amz-sdk-invocation-id", invocation.as_str()),
        ];
        let body = serde_json::to_vec(&question)?;
        signed("/authorize", &headers, &body, &signer, now)
    };
    callers.map(question).collect()
}

/// A request that the service received from this caller.
fn received(caller: &Credentials, invocation: &str, now: UnixTime) -> Outcome<Received> {
    let headers: [(&str, &[u8]); 3] = [
        ("host", SERVICE.as_bytes()),
        ("content-type", b"application/json"),
        ("amz-sdk-invocation-id", invocation.as_bytes()),
    ];
    let request = sigv4::HttpRequest {
        method: "POST",
        path: "/builds",
        query: "",
        headers: &headers,
        body: BODY,
    };
    let region = Region::us_east_1();
    let signer = caller.signer(&region, "ci");
    let added = sigv4::sign(&request, &signer, now)?;
    let mut all = Vec::new();
    for (name, value) in headers {
        all.push((name.to_owned(), std::str::from_utf8(value)?.to_owned()));
    }
    for (name, value) in &added {
        all.push(((*name).to_owned(), value.expose().clone()));
    }
    Ok(Received {
        method: "POST".to_owned(),
        path: "/builds".to_owned(),
        headers: all,
        body: BASE64.encode(BODY),
    })
}

/// Verifies both signatures of a question; gives what the caller's session token holds. `open` opens a
/// token and gives its secret.
pub fn answered(
    request: &HttpRequest,
    body: &[u8],
    open: impl FnOnce(Vec<u8>) -> Option<(Vec<u8>, String)>,
) -> Option<Vec<u8>> {
    let headers: &HeaderMap = request.headers();
    let outer = |name: &str| headers.get(name)?.to_str().ok();
    is_signed(&outer, &QUESTION_HEADERS, request.path(), body, SECRET)?;
    let question: Question = serde_json::from_slice(body).ok()?;
    let received = question.request;
    let inner = |name: &str| {
        let found = received.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let token = BASE64.decode(inner("x-amz-security-token")?.as_bytes());
    let (session, secret) = open(token.ok()?)?;
    let body = BASE64.decode(received.body.as_bytes()).ok()?;
    is_signed(&inner, &SIGNED_HEADERS, &received.path, &body, &secret)?;
    Some(session)
}
