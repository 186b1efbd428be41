//! Calls from pages of other origins (decision 16; Fetch standard, "CORS protocol").
//!
//! Any page may call the API and read its answers: a call proves itself by what it carries, a token
//! or a signature, never by a cookie, and the browser is not asked to send any.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue,
};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// Seconds for which a browser may remember what a preflight allowed.
const MAX_AGE: &str = "3600";
/// `*` stands for every header but `Authorization`, which has to be named.
const REQUEST_HEADERS: &str = "Authorization, *";
/// What a page may read beside the body; `Date` is how an SDK finds out that its clock is wrong.
const EXPOSED: &str = "x-amzn-RequestId, x-amz-sts-extended-request-id, Date, Retry-After";

/// Lets a page read this answer.
pub(super) fn readable(response: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    response
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")))
        .insert_header((
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        ))
}

/// The answer to a preflight.
pub fn preflight() -> HttpResponse {
    HttpResponse::build(StatusCode::NO_CONTENT)
        .insert_header(("Access-Control-Allow-Origin", "*"))
        .insert_header(("Access-Control-Allow-Methods", "GET, POST"))
        .insert_header(("Access-Control-Allow-Headers", REQUEST_HEADERS))
        .insert_header(("Access-Control-Max-Age", MAX_AGE))
        .finish()
}
