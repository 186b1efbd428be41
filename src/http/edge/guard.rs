//! What no handler gets to see, and what no handler may do to the rest.
//!
//! The HTTP library refuses whatever frames a request badly. Left to this guard are requests that
//! are well framed and that a proxy could still read differently: one that asks to become a
//! WebSocket, whose body would go on to the end of the connection whatever its Content-Length says;
//! CONNECT, likewise; and a target that names another host than the Host header does.

use actix_web::dev::RequestHead;
use actix_web::error::InternalError;
use actix_web::http::header::{HOST, HeaderValue, UPGRADE};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::{Error, HttpResponse};

/// Why a request is not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum GuardError {
    #[error("there is nothing to tunnel to or to upgrade to here")]
    Tunnel,
    #[error("the request's target names another host than its Host header")]
    TwoHosts,
}

/// The answer to a request that a proxy could read differently.
pub(super) fn refusal(head: &RequestHead) -> Option<HttpResponse> {
    let error = check(head).err()?;
    Some(closing(StatusCode::BAD_REQUEST, error.to_string()))
}

/// The answer where a handler panicked.
pub(super) fn panicked() -> Error {
    tracing::error!("a handler panicked");
    let text = "the service failed".to_owned();
    let answer = closing(StatusCode::INTERNAL_SERVER_ERROR, text);
    InternalError::from_response("a handler panicked", answer).into()
}

fn check(head: &RequestHead) -> Result<(), GuardError> {
    if head.method == Method::CONNECT || wants_web_socket(head) {
        return Err(GuardError::Tunnel);
    }
    let host = head.headers().get(HOST).map(HeaderValue::as_bytes);
    match head.uri.authority() {
        Some(authority) if host != Some(authority.as_str().as_bytes()) => Err(GuardError::TwoHosts),
        _ => Ok(()),
    }
}

/// A client may offer to go on in HTTP/2 (`h2c`), which is passed over (RFC 9110, section 7.8).
fn wants_web_socket(head: &RequestHead) -> bool {
    head.headers().get_all(UPGRADE).any(|value| {
        let value = value.as_bytes().to_ascii_lowercase();
        memchr::memmem::find(&value, b"websocket").is_some()
    })
}

/// The connection ends with it.
fn closing(status: StatusCode, text: String) -> HttpResponse {
    let mut response = HttpResponse::build(status)
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Content-Type", "text/plain; charset=utf-8"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header((
            "Content-Security-Policy",
            "default-src 'none'; frame-ancestors 'none'",
        ))
        .body(text);
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
    response
}
