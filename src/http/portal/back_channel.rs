//! `POST /oidc/backchannel-logout/{connection}`: a provider tells that a session of its own is over. No browser
//! is there; the token is the proof.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER};
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::error::PortalError;
use super::{Api, PortalApi, guard};
use crate::causes::with_causes;
use crate::federation::id_token::MAX_CHARS;
use crate::flows::{LogoutRefusal, RequestMeta};
use crate::http::edge::NotAdmitted;

/// The longest body, in bytes: a token, and what is around it.
const MAX_BYTES: usize = MAX_CHARS + 4 * 1024;
/// Seconds after which a provider may try again when this node can't answer.
const BUSY_SECONDS: u64 = 5;

/// What a provider is told (RFC 6749, section 5.2).
#[derive(Serialize)]
struct Refused<'a> {
    error: &'static str,
    error_description: &'a str,
}

/// Why nothing was ended.
enum NotEnded {
    /// The request, or what it carries, is to blame.
    Invalid(String),
    /// The address asks too often; after so many seconds it may ask again.
    TooOften(u64),
    /// This node, or the way to the provider's keys.
    Unavailable,
}

pub(super) async fn post(
    api: Api,
    request: HttpRequest,
    connection: Path<String>,
    payload: Payload,
) -> HttpResponse {
    match told(&api, &request, &connection, payload).await {
        Ok(()) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish(),
        Err(error) => error.respond(),
    }
}

async fn told(
    api: &PortalApi,
    request: &HttpRequest,
    connection: &str,
    payload: Payload,
) -> Result<(), NotEnded> {
    let meta = api.edge.meta(request);
    let mut meta = meta.map_err(|_| NotEnded::Unavailable)?;
    let host = api.edge.hosts.check(request.headers());
    host.map_err(|error| NotEnded::Invalid(error.to_string()))?;
    api.edge.admit_proof(&meta)?;
    let token = token(api, request, payload, &mut meta).await?;
    match api.sign_out.told(connection, &token, &meta).await {
        Ok(_) => Ok(()),
        Err(refusal) => Err(refused(api, refusal, &meta)),
    }
}

async fn token(
    api: &PortalApi,
    request: &HttpRequest,
    payload: Payload,
    meta: &mut RequestMeta,
) -> Result<String, NotEnded> {
    let unreadable = |_: PortalError| {
        let what =
            "the body must be a form (application/x-www-form-urlencoded) of at most 24096 bytes";
        NotEnded::Invalid(what.to_owned())
    };
    guard::check_media(request.headers()).map_err(unreadable)?;
    let body = api.edge.bodies.read(request, payload, MAX_BYTES).await;
    let body = body.map_err(|error| unreadable(error.into()))?;
    api.edge.begin(meta);
    let form = guard::Form::read(request.headers(), &body).map_err(unreadable)?;
    let token = form.find("logout_token").map(str::to_owned);
    token.ok_or_else(|| NotEnded::Invalid("the form must have one logout_token".to_owned()))
}

/// The check that failed is told; with which values, the audit says.
fn refused(api: &PortalApi, refusal: LogoutRefusal, meta: &RequestMeta) -> NotEnded {
    match refusal {
        LogoutRefusal::Unavailable(error) => {
            tracing::error!(
                error = with_causes(&error),
                "a provider's logout can't be answered"
            );
            NotEnded::Unavailable
        }
        LogoutRefusal::Token(error) if error.is_provider_unreachable() => NotEnded::Unavailable,
        refusal => {
            // A token that was good before is no guess: its provider may not have had our answer.
            if !matches!(refusal, LogoutRefusal::UsedAlready) {
                api.edge.proof_failed(meta);
            }
            let check = refusal.check();
            NotEnded::Invalid(
                [
                    "the logout_token was refused; the check that failed: ",
                    check,
                ]
                .concat(),
            )
        }
    }
}

impl NotEnded {
    fn respond(&self) -> HttpResponse {
        let (status, error, description, after) = match self {
            Self::Invalid(why) => (
                StatusCode::BAD_REQUEST,
                "invalid_request",
                why.as_str(),
                None,
            ),
            Self::TooOften(seconds) => (
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                "this address asks too often",
                Some(*seconds),
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "this node can't answer now; send the token again",
                Some(BUSY_SECONDS),
            ),
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((CACHE_CONTROL, "no-store"));
        if let Some(seconds) = after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.json(Refused {
            error,
            error_description: description,
        })
    }
}

impl From<NotAdmitted> for NotEnded {
    fn from(error: NotAdmitted) -> Self {
        match error {
            NotAdmitted::Throttled(throttled) => Self::TooOften(throttled.seconds()),
            NotAdmitted::Queue(_) => Self::Unavailable,
        }
    }
}
