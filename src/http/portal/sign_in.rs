//! `POST /sign-in`: off to the provider that was chosen.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::leave::{Leaving, leave};
use super::{Api, PortalApi, cookies, guard};
use crate::domain::{ConnectionId, LocalPath};
use crate::flows::{RequestMeta, SignInRefusal, Wish};

pub(super) async fn post(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        begin(&api, &request, payload, &mut meta).await
    })
    .await
}

async fn begin(
    api: &PortalApi,
    request: &HttpRequest,
    payload: Payload,
    meta: &mut RequestMeta,
) -> Result<HttpResponse, PortalError> {
    api.edge.admit_sign_in(meta)?;
    guard::check_origin(request.headers(), api.edge.hosts.origin())?;
    let body = api.edge.bodies.read(request, payload, guard::MAX_BYTES);
    let body = body.await?;
    api.edge.begin(meta);
    let form = guard::Form::read(request.headers(), &body)?;
    let connection: Option<ConnectionId> = form.find("connection").and_then(|id| id.parse().ok());
    let connection = connection.ok_or(SignInRefusal::UnknownConnection)?;
    let return_to = form.find("return_to").and_then(|path| path.parse().ok());
    let return_to = return_to.unwrap_or_else(LocalPath::root);
    let session = cookies::session_cookie(request);
    let wish = Wish {
        connection: &connection,
        return_to: &return_to,
        session: session.as_deref(),
    };
    let begun = api.sign_in.begin(wish, meta).await?;
    let mut response = leave(
        api.frame(request),
        Leaving::ToSignIn,
        begun.departure,
        &begun.sites,
    )?;
    response
        .add_cookie(&cookies::set_login(&begun.attempt, &begun.sealed))
        .map_err(|_| PortalError::Unavailable)?;
    Ok(response)
}
