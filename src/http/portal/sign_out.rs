//! `POST /sign-out`: the session is over, here and on every node.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::pages::SignedOutPage;
use super::respond::page;
use super::{Api, PortalApi, cookies};
use crate::flows::RequestMeta;

pub(super) async fn post(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        sign_out(&api, &request, payload, &mut meta).await
    })
    .await
}

async fn sign_out(
    api: &PortalApi,
    request: &HttpRequest,
    payload: Payload,
    meta: &mut RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let (session, _) = api.own_form(request, payload, meta).await?;
    api.portal.sign_out(&session, meta).await?;
    let mut response = page(
        StatusCode::OK,
        &SignedOutPage {
            organisation: api.organisation(),
        },
    );
    response
        .add_cookie(&cookies::end_session())
        .map_err(|_| PortalError::Unavailable)?;
    response.headers_mut().insert(
        "clear-site-data"
            .parse()
            .map_err(|_| PortalError::Unavailable)?,
        actix_web::http::header::HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""),
    );
    Ok(response)
}
