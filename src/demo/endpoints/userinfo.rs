//! `/userinfo` (OpenID Connect Core 1.0, section 5.3).

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::demo::provider::{DemoProvider, UserInfo};

/// `GET` or `POST /userinfo` with a bearer token.
pub(in crate::demo) async fn userinfo(
    request: HttpRequest,
    provider: web::Data<DemoProvider>,
) -> HttpResponse {
    let token = bearer(&request).unwrap_or_default();
    match provider.access_tokens.find(token, provider.clock.now()) {
        Some(person) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(UserInfo::of(&person, provider.issuer())),
        None => HttpResponse::Unauthorized()
            .insert_header((WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
            .finish(),
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
