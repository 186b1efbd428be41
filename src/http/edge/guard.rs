//! What no handler gets to see, and what no handler may do to the rest.
//!
//! The HTTP library refuses whatever frames a request badly. Left to this guard are requests that
//! are well framed and that a proxy could still read differently: one that asks to become a
//! WebSocket, whose body would go on to the end of the connection whatever its Content-Length says;
//! CONNECT, likewise; and a target that names another host than the Host header does.

use std::panic::AssertUnwindSafe;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::HeaderValue;
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use futures_util::FutureExt as _;

/// Why a request is not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum GuardError {
    #[error("there is nothing to tunnel to or to upgrade to here")]
    Tunnel,
    #[error("the request's target names another host than its Host header")]
    TwoHosts,
}

/// Refuses what a proxy could read differently, and answers 500 where a handler panics; the worker
/// that ran it goes on.
///
/// # Errors
/// The answer to a panic. It comes without the headers that outer middleware adds to answers.
pub async fn guard<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if let Err(error) = check(request.head()) {
        let response = closing(StatusCode::BAD_REQUEST, error.to_string());
        return Ok(request.into_response(response).map_into_right_body());
    }
    if let Ok(answer) = AssertUnwindSafe(next.call(request)).catch_unwind().await {
        return answer.map(ServiceResponse::map_into_left_body);
    }
    tracing::error!("a handler panicked");
    let text = "the service failed".to_owned();
    let answer = closing(StatusCode::INTERNAL_SERVER_ERROR, text);
    Err(InternalError::from_response("a handler panicked", answer).into())
}

fn check(head: &RequestHead) -> Result<(), GuardError> {
    if head.method == Method::CONNECT || wants_web_socket(head) {
        return Err(GuardError::Tunnel);
    }
    let host = head.headers().get("host").map(HeaderValue::as_bytes);
    match head.uri.authority() {
        Some(authority) if host != Some(authority.as_str().as_bytes()) => Err(GuardError::TwoHosts),
        _ => Ok(()),
    }
}

/// A client may offer to go on in HTTP/2 (`h2c`), which is passed over (RFC 9110, section 7.8).
fn wants_web_socket(head: &RequestHead) -> bool {
    head.headers().get_all("upgrade").any(|value| {
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
