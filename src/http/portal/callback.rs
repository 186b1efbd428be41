//! `/oidc/callback/{connection}`: back from the provider, by redirect or by `form_post`.

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::{PortalError, Retry};
use super::frame::Frame;
use super::respond::redirect;
use super::{Api, PortalApi, cookies, go};
use crate::domain::{ConnectionId, LocalPath};
use crate::federation::relying_party::{AuthorizationAnswer, MAX_ANSWER_BYTES};
use crate::federation::sign_in::Answer;
use crate::flows::{BegunHere, Callback, RequestMeta, SignInRefusal, SignedIn, attempt_key};

pub(super) async fn get(api: Api, request: HttpRequest, connection: Path<String>) -> HttpResponse {
    api.answer(&request, async |meta| {
        api.edge.admit_sign_in(&meta)?;
        received(&api, &request, &connection, request.query_string(), &meta).await
    })
    .await
}

pub(super) async fn post(
    api: Api,
    request: HttpRequest,
    connection: Path<String>,
    payload: Payload,
) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        api.edge.admit_sign_in(&meta)?;
        let body = api.edge.bodies.read(&request, payload, MAX_ANSWER_BYTES);
        let body = body.await?;
        api.edge.begin(&mut meta);
        let text =
            std::str::from_utf8(&body).map_err(|_| PortalError::Malformed("form-not-utf-8"))?;
        received(&api, &request, &connection, text, &meta).await
    })
    .await
}

async fn received(
    api: &PortalApi,
    request: &HttpRequest,
    connection: &str,
    answer: &str,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let connection: ConnectionId = connection
        .parse()
        .map_err(|_| SignInRefusal::UnknownConnection)?;
    match AuthorizationAnswer::parse(answer) {
        Ok(answer) => finish(api, request, Answer::Oidc { connection, answer }, meta).await,
        Err(error) => {
            let refusal = api.sign_in.refuse(Some(&connection), error.into(), meta);
            Err(refusal.await.into())
        }
    }
}

/// Finishes the sign-in that an answer belongs to, whatever its protocol is.
pub(super) async fn finish(
    api: &PortalApi,
    request: &HttpRequest,
    answer: Answer,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let attempt = answer.state().map(attempt_key);
    let sealed = attempt.and_then(|attempt| cookies::login_cookie(request, &attempt));
    let attempt = attempt.filter(|_| sealed.is_some());
    let previous = cookies::session_cookie(request);
    let named = cookies::session_name(request);
    let state = answer.state().map(str::to_owned);
    let callback = Callback {
        answer,
        sealed: sealed.as_deref(),
        previous_session: previous.as_deref(),
        named_session: named.as_deref(),
    };
    let (mut response, is_over) = match api.sign_in.finish(callback, meta).await {
        Ok(signed_in) => (welcome(&signed_in)?, true),
        Err(refusal) => {
            let begun = match state.as_deref().zip(sealed.as_deref()) {
                Some((state, cookie)) => api.sign_in.begun_here(state, cookie, meta).await,
                None => None,
            };
            refused(api.frame(request), refusal, begun, meta)
        }
    };
    if let Some(attempt) = attempt.filter(|_| is_over) {
        response
            .add_cookie(&cookies::end_login(&attempt))
            .map_err(|_| PortalError::Unavailable)?;
    }
    Ok(response)
}

fn welcome(signed_in: &SignedIn) -> Result<HttpResponse, PortalError> {
    let mut response = redirect(signed_in.return_to.as_str());
    for cookie in cookies::set_session(&signed_in.session_secret, &signed_in.session_name) {
        let added = response.add_cookie(&cookie);
        added.map_err(|_| PortalError::Unavailable)?;
    }
    response
        .add_cookie(&cookies::set_last_connection(&signed_in.connection))
        .map_err(|_| PortalError::Unavailable)?;
    Ok(response)
}

/// The page that says so, and whether the attempt is over: then its browser loses the cookie. One that
/// the node could not look at may still be finished.
fn refused(
    frame: Frame,
    refusal: SignInRefusal,
    begun: Option<BegunHere>,
    meta: &RequestMeta,
) -> (HttpResponse, bool) {
    let is_over = !matches!(refusal, SignInRefusal::Unavailable(_));
    let wanted = begun.as_ref().map(|begun| &begun.return_to);
    let retry = Retry {
        href: wanted.map_or_else(LocalPath::root, go::sign_in_to),
        provider: begun.and_then(|begun| Some(begun.connection?.as_str().into())),
    };
    let refused = PortalError::SignIn(refusal);
    let response = refused.respond_to(frame, (meta.id, meta.now), retry);
    (response, is_over)
}
