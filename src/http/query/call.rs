//! A request of the Query protocol, read as far as every operation needs it.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName};

use super::answer::Format;
use super::fault::QueryFault;
use super::parameters::Parameters;
use crate::flows::RequestMeta;
use crate::sigv4;

/// A request to an API.
#[derive(Debug)]
pub struct Call<'a> {
    /// What the edge knows of it.
    pub meta: &'a RequestMeta,
    /// Its parameters.
    pub parameters: Parameters<'a>,
    /// As it came.
    pub request: &'a HttpRequest,
    /// Its body.
    pub body: &'a [u8],
}

impl Call<'_> {
    /// Its headers, for [`Self::signed`].
    pub fn headers(&self) -> Vec<(&str, &[u8])> {
        let headers = self.request.headers();
        let mut received = Vec::with_capacity(headers.len());
        received.extend(
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes())),
        );
        received
    }

    /// The request as it was received, for verifying its signature.
    pub fn signed<'c>(&'c self, headers: &'c [(&'c str, &'c [u8])]) -> sigv4::HttpRequest<'c> {
        let uri = self.request.uri();
        sigv4::HttpRequest {
            method: self.request.method().as_str(),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            headers,
            body: self.body,
        }
    }
}

/// How the caller wants the answer.
pub fn accepted(headers: &HeaderMap) -> Format {
    let accept = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case("application/json") {
        Format::Json
    } else {
        Format::Xml
    }
}

/// A POST must say that it carries a form, and carry it as it is. What is said twice is not said.
pub fn check_content(headers: &HeaderMap) -> Result<(), QueryFault> {
    let all = |name: HeaderName| {
        headers
            .get_all(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    if all(CONTENT_ENCODING).any(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(unsupported("Send the body without a Content-Encoding."));
    }
    let mut media = all(CONTENT_TYPE);
    match (media.next(), media.next()) {
        (Some(media), None) if is_form(media) => Ok(()),
        (Some(_), _) => Err(unsupported(
            "Send the parameters as application/x-www-form-urlencoded.",
        )),
        (None, _) => Err(missing_action()),
    }
}

fn is_form(media: &str) -> bool {
    const FORM: &str = "application/x-www-form-urlencoded";
    if media == FORM {
        return true;
    }
    let media = media.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case(FORM)
}

fn unsupported(message: &str) -> QueryFault {
    QueryFault::undispatched(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        message,
    )
}

/// The parameters of a POST are in its body: what two readers could look for in different places is
/// refused.
pub fn refuse_split_parameters(request: &HttpRequest) -> Result<(), QueryFault> {
    if request.query_string().is_empty() {
        return Ok(());
    }
    let message = "Send the parameters of a POST in its body only.";
    Err(QueryFault::undispatched(
        StatusCode::BAD_REQUEST,
        "InvalidParameterCombination",
        message,
    ))
}

/// A call that names no operation.
pub fn missing_action() -> QueryFault {
    let message = "The request must say what to do: send Action and Version as application/x-www-form-urlencoded parameters.";
    QueryFault::undispatched(StatusCode::BAD_REQUEST, "MissingAction", message)
}

/// A call that names an operation that there is not.
pub fn unknown_action(action: &str, version: Option<&str>) -> QueryFault {
    const SHOWN: usize = 128;
    let shown = |text: &str| text.chars().take(SHOWN).collect::<String>();
    let version = version.map_or_else(|| "NO_VERSION_SPECIFIED".to_owned(), shown);
    let message = format!(
        "Could not find operation {} for version {version}",
        shown(action)
    );
    QueryFault::undispatched(StatusCode::BAD_REQUEST, "InvalidAction", message)
}
