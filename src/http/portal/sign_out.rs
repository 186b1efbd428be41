//! `POST /sign-out`: the session is over, here and on every node; the provider is told next.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::frame::Frame;
use super::leave::{Leaving, leave};
use super::pages::{AtProvider, SignedOutPage};
use super::respond::page;
use super::{Api, PortalApi, cookies};
use crate::flows::{RequestMeta, SignedOut, TellingProvider};

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
    let signed_out = api.sign_out.here(&session, meta).await?;
    answer(api.frame(request), signed_out)
}

/// Whoever was signed in is not any more.
pub(super) fn answer(frame: Frame, signed_out: SignedOut) -> Result<HttpResponse, PortalError> {
    let mut response = match signed_out {
        SignedOut::Here => signed_out_here(frame, AtProvider::NotTold),
        SignedOut::ToProvider(telling) => to_provider(frame, *telling)?,
    };
    forget_session(&mut response)?;
    Ok(response)
}

/// Removes the session's cookies.
pub(super) fn forget_session(response: &mut HttpResponse) -> Result<(), PortalError> {
    for cookie in cookies::end_session() {
        let added = response.add_cookie(&cookie);
        added.map_err(|_| PortalError::Unavailable)?;
    }
    Ok(())
}

pub(super) fn signed_out_here(frame: Frame, at_provider: AtProvider) -> HttpResponse {
    let mut response = page(StatusCode::OK, &SignedOutPage { frame, at_provider });
    clear_site_data(&mut response);
    response
}

fn to_provider(frame: Frame, telling: TellingProvider) -> Result<HttpResponse, PortalError> {
    let mut response = leave(frame, Leaving::ToSignOut, telling.departure, &telling.sites)?;
    response
        .add_cookie(&cookies::set_logout(&telling.attempt, &telling.sealed))
        .map_err(|_| PortalError::Unavailable)?;
    clear_site_data(&mut response);
    Ok(response)
}

/// Has the browser forget what it keeps of this site. Cookies are left out: that would end those of every
/// other site of the registrable domain, and ours are ended by name.
pub(super) fn clear_site_data(response: &mut HttpResponse) {
    response.headers_mut().insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\", \"storage\""),
    );
}
