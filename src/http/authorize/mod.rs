//! `POST /authorize`: JSON, signed by a registered service with SigV4 for the service `rolegate`.
//!
//! A refusal of the question itself is `{"error": {"code", "message"}, "request_id"}`; what was decided
//! is always 200.
//!
//! ```text
//! Host ── its address's rate ── body ── signed by a service ── JSON ── flow
//! ```

mod answer;
mod question;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ContentType, HeaderName, HeaderValue};
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

pub use question::MAX_HEADERS;

use self::answer::Told;
use self::question::Sent;
use super::edge::{Body, BodyError, Edge, HostError, NotAdmitted, pass_over};
use crate::domain::RequestId;
use crate::entropy::EntropyError;
use crate::flows::{AuthenticationError, Authorize, AuthorizeError, Caller, RequestMeta};
use crate::sigv4;

/// A question has so many bytes at most. Of a request with a longer body its hash can be given.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// The header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// Seconds after which a service may try again when this node can't answer.
const RETRY_AFTER: u64 = 1;

/// The flow behind it.
#[derive(Clone)]
pub struct AuthorizeApi {
    /// The edge.
    pub edge: Edge,
    /// The flow.
    pub authorize: Authorize,
}

/// Adds the route.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/authorize", web::post().to(post));
}

async fn post(api: Data<AuthorizeApi>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let Ok(mut meta) = api.edge.meta(&request) else {
        return Fault::from(EntropyError).respond(RequestId::NIL);
    };
    match api.answer(&request, payload, &mut meta).await {
        Ok(response) => response,
        Err(fault) => fault.respond(meta.id),
    }
}

impl AuthorizeApi {
    async fn answer(
        &self,
        request: &HttpRequest,
        payload: Payload,
        meta: &mut RequestMeta,
    ) -> Result<HttpResponse, Fault> {
        self.edge.hosts.check(request.headers())?;
        if let Err(refused) = self.edge.admit_proof(meta) {
            pass_over(payload).await;
            return Err(refused.into());
        }
        let bodies = &self.edge.bodies;
        let body = bodies.read(request, payload, MAX_BODY_BYTES).await?;
        self.edge.begin(meta);
        // Boxed, so that the request is not moved about with the room that both take.
        let service = Box::pin(self.service(request, &body, meta)).await?;
        let response = Box::pin(self.ask(&service, &body, meta)).await;
        Ok(response?)
    }

    /// Who asks.
    async fn service(
        &self,
        request: &HttpRequest,
        body: &Body,
        meta: &RequestMeta,
    ) -> Result<Caller, Fault> {
        let headers: Vec<(&str, &[u8])> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let signed = sigv4::HttpRequest {
            method: request.method().as_str(),
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            headers: &headers,
            body,
        };
        let found = self.authorize.service(&signed, meta).await;
        if let Err(AuthorizeError::Authentication(error)) = &found
            && error.is_failed_proof()
        {
            self.edge.proof_failed(meta);
        }
        Ok(found?)
    }

    async fn ask(
        &self,
        service: &Caller,
        body: &Body,
        meta: &RequestMeta,
    ) -> Result<HttpResponse, AuthorizeError> {
        let refuse = async |error| {
            let refused = Box::pin(self.authorize.refused(Some(service), error, meta));
            Err(refused.await)
        };
        let sent = match Sent::read(body) {
            Ok(sent) => sent,
            Err(error) => return refuse(error.into()).await,
        };
        let parts = match sent.parts() {
            Ok(parts) => parts,
            Err(error) => return refuse(error.into()).await,
        };
        let question = match sent.question(&parts) {
            Ok(question) => question,
            Err(error) => return refuse(error.into()).await,
        };
        let answer = self.authorize.run(&question, service, meta).await?;
        let told = Told::new(&answer, question.action.as_str(), meta.id);
        Ok(respond(StatusCode::OK, meta.id, &told))
    }
}

fn respond(status: StatusCode, id: RequestId, body: &impl Serialize) -> HttpResponse {
    const USUAL_BYTES: usize = 1024;
    let mut json = Vec::with_capacity(USUAL_BYTES);
    if serde_json::to_writer(&mut json, body).is_err() {
        return HttpResponse::InternalServerError().finish();
    }
    HttpResponse::build(status)
        .content_type(ContentType::json())
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((REQUEST_ID, id.to_string()))
        .body(json)
}

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Asked(#[from] AuthorizeError),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

#[derive(Serialize)]
struct Refusal {
    error: RefusalError,
    request_id: String,
}

#[derive(Serialize)]
struct RefusalError {
    code: &'static str,
    message: String,
}

impl Fault {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Host(HostError::Missing) => (StatusCode::BAD_REQUEST, "InvalidHost"),
            Self::Host(HostError::NotServed) => (StatusCode::MISDIRECTED_REQUEST, "InvalidHost"),
            Self::NotAdmitted(NotAdmitted::Throttled(_)) => {
                (StatusCode::TOO_MANY_REQUESTS, "Throttling")
            }
            Self::Body(BodyError::TooLarge) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
            }
            Self::Body(BodyError::TooSlow) => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
            Self::Body(BodyError::Broken) => (StatusCode::BAD_REQUEST, "MalformedInput"),
            Self::Asked(error) => (status(error), error.code()),
            Self::Body(BodyError::NoRoom)
            | Self::NotAdmitted(NotAdmitted::Queue(_))
            | Self::Entropy(_) => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
        }
    }

    fn respond(&self, id: RequestId) -> HttpResponse {
        let (status, code) = self.status_and_code();
        let message = match self {
            Self::Asked(AuthorizeError::Authentication(AuthenticationError::Signature(error))) => {
                error.aws_message().into_owned()
            }
            other => other.to_string(),
        };
        let refusal = Refusal {
            error: RefusalError { code, message },
            request_id: id.to_string(),
        };
        let mut response = respond(status, id, &refusal);
        let seconds = match self {
            Self::NotAdmitted(NotAdmitted::Throttled(throttled)) => Some(throttled.seconds()),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER),
            _ => None,
        };
        if let Some(seconds) = seconds {
            let name = actix_web::http::header::RETRY_AFTER;
            response.headers_mut().insert(name, seconds.into());
        }
        response
    }
}

fn status(error: &AuthorizeError) -> StatusCode {
    match error {
        AuthorizeError::Authentication(AuthenticationError::Signature(error)) => {
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN)
        }
        AuthorizeError::Authentication(
            AuthenticationError::Unavailable(_) | AuthenticationError::Audit(_),
        )
        | AuthorizeError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        AuthorizeError::Authentication(_) | AuthorizeError::NotAService(_) => StatusCode::FORBIDDEN,
        AuthorizeError::Question(error) => {
            if error.is_denial() {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::BAD_REQUEST
            }
        }
    }
}
