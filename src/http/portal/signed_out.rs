//! `GET /signed-out`: an OpenID Connect provider sends the browser back after it was told of a sign-out.

use actix_web::http::StatusCode;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::error::PortalError;
use super::frame::Frame;
use super::pages::{AtProvider, SignedOutPage};
use super::respond::{page, redirect};
use super::sign_out::clear_site_data;
use super::{Api, PortalApi, cookies};
use crate::flows::{RequestMeta, attempt_key};

/// What comes back.
#[derive(Deserialize)]
struct Answer {
    state: String,
}

pub(super) async fn get(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |meta| {
        api.edge.admit_sign_in(&meta)?;
        returned(&api, &request, &meta).await
    })
    .await
}

/// Whoever did not leave from here is told nothing: they may well be signed in.
async fn returned(
    api: &PortalApi,
    request: &HttpRequest,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let Ok(answer) = Query::<Answer>::from_query(request.query_string()) else {
        return Ok(redirect("/"));
    };
    let attempt = attempt_key(&answer.state);
    let Some(sealed) = cookies::logout_cookie(request, &attempt) else {
        return Ok(redirect("/"));
    };
    let is_ours = api.sign_out.returned(&answer.state, &sealed, meta);
    let mut response = if is_ours.await? {
        signed_out(api.frame(request))
    } else {
        redirect("/")
    };
    response
        .add_cookie(&cookies::end_logout(&attempt))
        .map_err(|_| PortalError::Unavailable)?;
    Ok(response)
}

fn signed_out(frame: Frame) -> HttpResponse {
    let mut response = page(
        StatusCode::OK,
        &SignedOutPage {
            frame,
            at_provider: AtProvider::Asked,
        },
    );
    clear_site_data(&mut response);
    response
}
