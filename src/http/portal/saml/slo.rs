//! `/saml/slo`: a SAML provider asks for a logout, or answers ours, by redirect or by form.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::read_form;
use crate::federation::saml::messages::LogoutReach;
use crate::federation::saml::redirect::MessageKind;
use crate::federation::saml::single_logout::{LogoutMessage, LogoutMessageError};
use crate::flows::{LogoutRefusal, RequestMeta, attempt_key};
use crate::http::portal::error::PortalError;
use crate::http::portal::frame::Frame;
use crate::http::portal::leave::{Leaving, leave};
use crate::http::portal::pages::{AtProvider, SignedOutPage};
use crate::http::portal::respond::page;
use crate::http::portal::sign_out::clear_site_data;
use crate::http::portal::{Api, PortalApi, cookies};

pub(in crate::http::portal) async fn get(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |meta| {
        api.edge.admit_sign_in(&meta)?;
        let message = LogoutMessage::from_query(request.query_string());
        received(&api, &request, message, &meta).await
    })
    .await
}

pub(in crate::http::portal) async fn post(
    api: Api,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        let body = read_form(&api, &request, payload, &mut meta).await?;
        received(&api, &request, LogoutMessage::from_form(&body), &meta).await
    })
    .await
}

async fn received(
    api: &PortalApi,
    request: &HttpRequest,
    message: Result<LogoutMessage, LogoutMessageError>,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let message = match message {
        Ok(message) => message,
        Err(error) => {
            let refusal = api.sign_out.refuse(error.into(), meta).await;
            return Err(refused(api, request, refusal, meta).await);
        }
    };
    match message.kind() {
        MessageKind::Request => asked(api, request, &message, meta).await,
        MessageKind::Response => answered(api, request, message, meta).await,
    }
}

async fn asked(
    api: &PortalApi,
    request: &HttpRequest,
    message: &LogoutMessage,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let ended = match api.sign_out.asked(message, meta).await {
        Ok(ended) => ended,
        Err(refusal) => return Err(refused(api, request, refusal, meta).await),
    };
    match ended.departure {
        Some(departure) => leave(
            api.frame(request),
            Leaving::AfterSignOut,
            departure,
            &ended.sites,
        ),
        None => Ok(signed_out(api.frame(request), AtProvider::SignedOut)),
    }
}

/// The page leads on to the roles only where somebody is still signed in. A form of the provider's
/// comes without the cookie that would tell.
async fn refused(
    api: &PortalApi,
    request: &HttpRequest,
    refusal: LogoutRefusal,
    meta: &RequestMeta,
) -> PortalError {
    let session = api.session(request, meta).await;
    PortalError::LogoutRequest {
        refusal,
        is_signed_in: matches!(session, Ok(Some(_))),
    }
}

async fn answered(
    api: &PortalApi,
    request: &HttpRequest,
    message: LogoutMessage,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let attempt = message.relay_state().map(attempt_key);
    let sealed = attempt.and_then(|attempt| cookies::logout_cookie(request, &attempt));
    let reach = api.sign_out.answered(message, sealed.as_deref(), meta);
    let mut response = match reach.await {
        Ok(LogoutReach::Everywhere) => signed_out(api.frame(request), AtProvider::SignedOut),
        Ok(LogoutReach::Partial) => signed_out(api.frame(request), AtProvider::Partly),
        Err(LogoutRefusal::Unavailable(error)) => return Err(error.into()),
        Err(refusal) => {
            PortalError::LogoutAnswer(refusal).respond(api.frame(request), meta.id, meta.now)
        }
    };
    if let (Some(attempt), Some(_)) = (attempt, sealed) {
        response
            .add_cookie(&cookies::end_logout(&attempt))
            .map_err(|_| PortalError::Unavailable)?;
    }
    Ok(response)
}

fn signed_out(frame: Frame, at_provider: AtProvider) -> HttpResponse {
    let mut response = page(StatusCode::OK, &SignedOutPage { frame, at_provider });
    clear_site_data(&mut response);
    response
}
