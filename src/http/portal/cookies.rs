//! The portal's cookies (decision 15). Every one is `__Host-`, Secure and HttpOnly.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::domain::Secret;
use crate::flows::{ATTEMPT_SECONDS, LoginAttemptKey, MAX_ATTEMPT_BYTES};

const SESSION: &str = "__Host-rolegate-session";
const LOGIN: &str = "__Host-rolegate-login-";
/// The session cookie's value is never longer; ours have 43 characters.
const MAX_SESSION_BYTES: usize = 128;

/// The session cookie's value.
pub(super) fn session_cookie(request: &HttpRequest) -> Option<String> {
    value(request, SESSION, MAX_SESSION_BYTES)
}

/// The value of the cookie for this attempt.
pub(super) fn login_cookie(request: &HttpRequest, attempt: &LoginAttemptKey) -> Option<String> {
    value(request, &login_name(attempt), MAX_ATTEMPT_BYTES)
}

/// Opens the session; sent with navigations from elsewhere, never with their forms.
pub(super) fn set_session(secret: &Secret<String>) -> Cookie<'static> {
    cookie(SESSION.to_owned(), secret.expose().clone())
        .same_site(SameSite::Lax)
        .finish()
}

/// Keeps a sign-in with this browser for ten minutes. A provider's `form_post` comes cross-site, so
/// this one is sent with it.
pub(super) fn set_login(attempt: &LoginAttemptKey, sealed: &Secret<String>) -> Cookie<'static> {
    cookie(login_name(attempt), sealed.expose().clone())
        .same_site(SameSite::None)
        .max_age(Duration::seconds(ATTEMPT_SECONDS))
        .finish()
}

/// Removes the cookie of an attempt that is over.
pub(super) fn end_login(attempt: &LoginAttemptKey) -> Cookie<'static> {
    cookie(login_name(attempt), String::new())
        .same_site(SameSite::None)
        .max_age(Duration::ZERO)
        .finish()
}

/// Removes the session cookie.
pub(super) fn end_session() -> Cookie<'static> {
    cookie(SESSION.to_owned(), String::new())
        .same_site(SameSite::Lax)
        .max_age(Duration::ZERO)
        .finish()
}

/// A cookie of its own for every attempt, so that two tabs don't disturb each other.
fn login_name(attempt: &LoginAttemptKey) -> String {
    let start = attempt
        .0
        .first_chunk::<8>()
        .map(|start| data_encoding::HEXLOWER.encode(start));
    let start = start.unwrap_or_default();
    [LOGIN, &start].concat()
}

fn cookie(name: String, value: String) -> actix_web::cookie::CookieBuilder<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
}

fn value(request: &HttpRequest, name: &str, longest: usize) -> Option<String> {
    let cookie = request.cookie(name)?;
    (!cookie.value().is_empty() && cookie.value().len() <= longest)
        .then(|| cookie.value().to_owned())
}
