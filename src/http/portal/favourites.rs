//! `POST /favourites`: a role becomes a favourite, or is none any more.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded;

use super::error::PortalError;
use super::guard::Form;
use super::respond::redirect;
use super::{Api, PortalApi};
use crate::domain::RoleArn;
use crate::flows::{AssumeRoleError, RequestMeta, Star, StarError};

pub(super) async fn post(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        star(&api, &request, payload, &mut meta).await
    })
    .await
}

async fn star(
    api: &PortalApi,
    request: &HttpRequest,
    payload: Payload,
    meta: &mut RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let (session, form) = api.own_form(request, payload, meta).await?;
    let (role, star) = wanted(&form)?;
    api.portal.star(&session, (&role, star), meta).await?;
    if form.find("answer") == Some("none") {
        return Ok(HttpResponse::build(StatusCode::NO_CONTENT)
            .insert_header(("Cache-Control", "no-store"))
            .finish());
    }
    Ok(redirect(&back_to(&role, &form)))
}

/// Of both buttons only one is pressed.
fn wanted(form: &Form) -> Result<(RoleArn, Star), PortalError> {
    let (role, star) = match (form.find("add"), form.find("remove")) {
        (Some(role), None) => (role, Star::Set),
        (None, Some(role)) => (role, Star::Taken),
        _ => return Err(PortalError::Malformed("form-no-star")),
    };
    let role: Option<RoleArn> = role.parse().ok();
    let role = role.ok_or(PortalError::Malformed("form-no-role"))?;
    Ok((role, star))
}

/// The list as it was searched, where the role's account stands.
fn back_to(role: &RoleArn, form: &Form) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in ["q", "env"] {
        if let Some(value) = form.find(name).filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    let asks = if query.is_empty() { "" } else { "?" };
    let account = role.account().to_string();
    ["/roles", asks, &query, "#acct-", &account].concat()
}

impl From<StarError> for PortalError {
    fn from(error: StarError) -> Self {
        match error {
            StarError::NotOffered => Self::Assume(AssumeRoleError::NotMapped),
            StarError::TooMany => Self::TooManyFavourites,
            StarError::Throttled(throttled) => Self::Throttled(throttled),
            StarError::Unavailable(error) => error.into(),
        }
    }
}
