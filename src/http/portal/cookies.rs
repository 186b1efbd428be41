//! The portal's cookies (decision 15). Every one is `__Host-`, Secure and HttpOnly.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::HeaderMap;

use crate::domain::{ConnectionId, Secret};
use crate::flows::{ATTEMPT_SECONDS, AttemptKey, MAX_ATTEMPT_BYTES};

const SESSION: &str = "__Host-rolegate-session";
const NAME: &str = "__Host-rolegate-browser";
const LOGIN: &str = "__Host-rolegate-login-";
const LOGOUT: &str = "__Host-rolegate-logout-";
const LOOK: &str = "__Host-rolegate-look";
const CONNECTION: &str = "__Host-rolegate-connection";
/// No id of a connection is longer.
const MAX_CONNECTION_BYTES: usize = 64;
/// What a browser wants pages to look like is never longer: a tag and a theme.
const MAX_LOOK_BYTES: usize = 64;
/// So long a browser keeps what is no secret, in days; Chromium keeps nothing longer.
const LOOK_DAYS: i64 = 400;
/// The value of the session's cookies is never longer; ours have 64 characters.
const MAX_SESSION_BYTES: usize = 128;

/// The session cookie's value.
pub(super) fn session_cookie(request: &HttpRequest) -> Option<String> {
    value(request.headers(), SESSION, MAX_SESSION_BYTES)
}

/// The name of the session that the browser says to have. It opens nothing.
pub(super) fn session_name(request: &HttpRequest) -> Option<String> {
    value(request.headers(), NAME, MAX_SESSION_BYTES)
}

/// The value of the cookie for this attempt.
pub(super) fn login_cookie(request: &HttpRequest, attempt: &AttemptKey) -> Option<String> {
    value(
        request.headers(),
        &name_of(LOGIN, attempt),
        MAX_ATTEMPT_BYTES,
    )
}

/// The value of the cookie for this logout.
pub(super) fn logout_cookie(request: &HttpRequest, attempt: &AttemptKey) -> Option<String> {
    value(
        request.headers(),
        &name_of(LOGOUT, attempt),
        MAX_ATTEMPT_BYTES,
    )
}

/// What this browser wants pages to look like.
pub(super) fn look(request: &HttpRequest) -> Option<String> {
    value(request.headers(), LOOK, MAX_LOOK_BYTES)
}

/// The connection that this browser signed in by last, whether or not it is still there.
pub(super) fn last_connection(request: &HttpRequest) -> Option<ConnectionId> {
    let id = value(request.headers(), CONNECTION, MAX_CONNECTION_BYTES)?;
    id.parse().ok()
}

/// Keeps which connection a browser signed in by: its id, and nothing of who did.
pub(super) fn set_last_connection(connection: &ConnectionId) -> Cookie<'static> {
    cookie(CONNECTION.to_owned(), connection.to_string())
        .same_site(SameSite::Lax)
        .max_age(Duration::days(LOOK_DAYS))
        .finish()
}

/// Keeps what a browser wants pages to look like.
pub(super) fn set_look(look: String) -> Cookie<'static> {
    cookie(LOOK.to_owned(), look)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(LOOK_DAYS))
        .finish()
}

/// One that opens the session, sent with navigations from elsewhere, never with their forms; and one
/// that names it, so that a sign-in which a provider's form begins can end it.
pub(super) fn set_session(secret: &Secret<String>, name: &str) -> [Cookie<'static>; 2] {
    let opens = cookie(SESSION.to_owned(), secret.expose().clone());
    let names = cookie(NAME.to_owned(), name.to_owned());
    [
        opens.same_site(SameSite::Lax).finish(),
        names.same_site(SameSite::None).finish(),
    ]
}

/// Keeps a sign-in with this browser for ten minutes.
pub(super) fn set_login(attempt: &AttemptKey, sealed: &Secret<String>) -> Cookie<'static> {
    set_attempt(LOGIN, attempt, sealed)
}

/// Removes the cookie of an attempt that is over.
pub(super) fn end_login(attempt: &AttemptKey) -> Cookie<'static> {
    end_attempt(LOGIN, attempt)
}

/// Keeps a logout with this browser for ten minutes.
pub(super) fn set_logout(attempt: &AttemptKey, sealed: &Secret<String>) -> Cookie<'static> {
    set_attempt(LOGOUT, attempt, sealed)
}

/// Removes the cookie of a logout that is over.
pub(super) fn end_logout(attempt: &AttemptKey) -> Cookie<'static> {
    end_attempt(LOGOUT, attempt)
}

/// What a provider posts comes cross-site, so this one is sent with it.
fn set_attempt(kind: &str, attempt: &AttemptKey, sealed: &Secret<String>) -> Cookie<'static> {
    cookie(name_of(kind, attempt), sealed.expose().clone())
        .same_site(SameSite::None)
        .max_age(Duration::seconds(ATTEMPT_SECONDS))
        .finish()
}

fn end_attempt(kind: &str, attempt: &AttemptKey) -> Cookie<'static> {
    cookie(name_of(kind, attempt), String::new())
        .same_site(SameSite::None)
        .max_age(Duration::ZERO)
        .finish()
}

/// Removes the session's cookies.
pub(super) fn end_session() -> [Cookie<'static>; 2] {
    let gone = |name: &str, same_site| {
        let cookie = cookie(name.to_owned(), String::new());
        let cookie = cookie.same_site(same_site).max_age(Duration::ZERO);
        cookie.finish()
    };
    [gone(SESSION, SameSite::Lax), gone(NAME, SameSite::None)]
}

/// A cookie of its own for every attempt, so that two tabs don't disturb each other.
fn name_of(kind: &str, attempt: &AttemptKey) -> String {
    let start = attempt
        .0
        .first_chunk::<8>()
        .map(|start| data_encoding::HEXLOWER.encode(start));
    let start = start.unwrap_or_default();
    [kind, &start].concat()
}

fn cookie(name: String, value: String) -> actix_web::cookie::CookieBuilder<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
}

/// The value of the one cookie of this name. Names are compared byte for byte: a browser guards
/// `__Host-` as it is written, so a name that only means the same once it is decoded is anybody's.
/// Of two cookies with the name, at least one is not ours; none is taken then.
fn value(headers: &HeaderMap, name: &str, longest: usize) -> Option<String> {
    let pairs = headers
        .get_all("cookie")
        .flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let mut values = pairs.filter_map(|pair| value_of(pair, name.as_bytes()));
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let value = std::str::from_utf8(value).ok()?;
    (!value.is_empty() && value.len() <= longest).then(|| value.to_owned())
}

/// What stands behind the name, where the pair begins with it; nothing where it has no `=`.
fn value_of<'a>(pair: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = pair.trim_ascii().strip_prefix(name)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn session(headers: &[&'static str]) -> Option<String> {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(
                HeaderName::from_static("cookie"),
                HeaderValue::from_static(header),
            );
        }
        value(&map, SESSION, MAX_SESSION_BYTES)
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        for headers in [
            &["__Host-rolegate-session=abc"][..],
            &["theme=dark; __Host-rolegate-session=abc; x=y"],
            &["theme=dark", "__Host-rolegate-session=abc"],
            &["__Host-rolegate-session-2=no;__Host-rolegate-session=abc"],
        ] {
            assert_eq!(session(headers).as_deref(), Some("abc"), "{headers:?}");
        }
    }

    #[test]
    fn a_name_that_has_to_be_decoded_is_another_name() {
        for header in [
            "__%48ost-rolegate-session=abc",
            "__Host-rolegate-sessio%6e=abc",
            "%5f_Host-rolegate-session=abc",
            "__host-rolegate-session=abc",
            "__Host-rolegate-session =abc",
            "\"__Host-rolegate-session\"=abc",
        ] {
            assert_eq!(session(&[header]), None, "{header}");
        }
    }

    #[test]
    fn a_name_that_comes_twice_gives_nothing() {
        for headers in [
            &["__Host-rolegate-session=abc; __Host-rolegate-session=abc"][..],
            &["__Host-rolegate-session=abc", "__Host-rolegate-session=def"],
            &["__Host-rolegate-session=abc; __Host-rolegate-session"],
        ] {
            assert_eq!(session(headers), None, "{headers:?}");
        }
    }

    #[test]
    fn a_value_is_taken_as_it_is_written() {
        assert_eq!(
            session(&["__Host-rolegate-session=a%62c"]).as_deref(),
            Some("a%62c")
        );
        assert_eq!(session(&["__Host-rolegate-session="]), None);
        assert_eq!(session(&["__Host-rolegate-session"]), None);
    }
}
