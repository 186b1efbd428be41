//! `/oidc/callback/{connection}`: back from the provider, by redirect or by `form_post`.

use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::respond::redirect;
use super::{Api, PortalApi, cookies};
use crate::domain::ConnectionId;
use crate::federation::relying_party::{AuthorizationAnswer, MAX_ANSWER_BYTES};
use crate::flows::{Callback, LoginAttemptKey, RequestMeta, SignInRefusal, attempt_key};

pub(super) async fn get(api: Api, request: HttpRequest, connection: Path<String>) -> HttpResponse {
    api.answer(&request, async |meta| {
        finish(&api, &request, &connection, request.query_string(), &meta).await
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
        let body = api.edge.bodies.read(&request, payload, MAX_ANSWER_BYTES);
        let body = body.await?;
        api.edge.begin(&mut meta);
        let text = std::str::from_utf8(&body)
            .map_err(|_| PortalError::Malformed("The answer is not UTF-8."))?;
        finish(&api, &request, &connection, text, &meta).await
    })
    .await
}

async fn finish(
    api: &PortalApi,
    request: &HttpRequest,
    connection: &str,
    answer: &str,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let connection: ConnectionId = connection
        .parse()
        .map_err(|_| SignInRefusal::UnknownConnection)?;
    let answer = match AuthorizationAnswer::parse(answer) {
        Ok(answer) => answer,
        Err(error) => return Err(api.sign_in.refuse(&connection, error, meta).await.into()),
    };
    let attempt = attempt_key(answer.state());
    let sealed = cookies::login_cookie(request, &attempt);
    let previous = cookies::session_cookie(request);
    let callback = Callback {
        answer,
        sealed: sealed.as_deref(),
        previous_session: previous.as_deref(),
    };
    let signed_in = match api.sign_in.finish(&connection, callback, meta).await {
        Ok(signed_in) => signed_in,
        Err(refusal) => return refused(api, refusal, &attempt, meta),
    };
    let mut response = redirect(signed_in.return_to.as_str());
    response
        .add_cookie(&cookies::set_session(&signed_in.session_secret))
        .and_then(|()| response.add_cookie(&cookies::end_login(&attempt)))
        .map_err(|_| PortalError::Unavailable)?;
    Ok(response)
}

/// A refused attempt is over for its browser, which loses the cookie; one that the node could not
/// look at may still be finished.
fn refused(
    api: &PortalApi,
    refusal: SignInRefusal,
    attempt: &LoginAttemptKey,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let is_over = !matches!(refusal, SignInRefusal::Unavailable(_));
    let mut response = PortalError::SignIn(refusal).respond(api, meta.id, meta.now);
    if is_over {
        response
            .add_cookie(&cookies::end_login(attempt))
            .map_err(|_| PortalError::Unavailable)?;
    }
    Ok(response)
}
