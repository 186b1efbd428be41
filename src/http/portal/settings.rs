//! `POST /settings`: another language, another theme.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::frame::{Look, Theme};
use super::language::Language;
use super::respond::redirect;
use super::{Api, PortalApi, cookies, guard};
use crate::domain::LocalPath;
use crate::flows::RequestMeta;

pub(super) async fn post(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        set(&api, &request, payload, &mut meta).await
    })
    .await
}

/// Nobody has to be signed in: what a form of another site could change here is refused by its origin.
async fn set(
    api: &PortalApi,
    request: &HttpRequest,
    payload: Payload,
    meta: &mut RequestMeta,
) -> Result<HttpResponse, PortalError> {
    guard::check_origin(request.headers(), api.edge.hosts.origin())?;
    let body = api.edge.bodies.read(request, payload, guard::MAX_BYTES);
    let body = body.await?;
    api.edge.begin(meta);
    let form = guard::Form::read(request.headers(), &body)?;
    let mut look = Look::of(request);
    if let Some(tag) = form.find("language") {
        let language = Language::tagged(tag).ok_or(PortalError::Malformed("form-no-language"))?;
        look.language = Some(language);
    }
    if let Some(name) = form.find("theme") {
        look.theme = Theme::named(name).ok_or(PortalError::Malformed("form-no-theme"))?;
    }
    let back: Option<LocalPath> = form.find("return_to").and_then(|path| path.parse().ok());
    let mut response = redirect(back.unwrap_or_else(LocalPath::root).as_str());
    response
        .add_cookie(&cookies::set_look(look.written()))
        .map_err(|_| PortalError::Unavailable)?;
    Ok(response)
}
