//! Whether a form was sent from one of our own pages.

use std::borrow::Cow;

use actix_web::http::header::HeaderMap;

use super::error::PortalError;

/// A form's body has at most so many bytes: several times what our longest one has.
pub(super) const MAX_BYTES: usize = 16 * 1024;
/// A form has at most so many fields.
const MAX_FIELDS: usize = 64;

/// Refuses what another site sent: by `Sec-Fetch-Site` and by `Origin`, as far as the browser says
/// them. Forms of a session carry its own token beside.
pub(super) fn check_origin(headers: &HeaderMap, own: &str) -> Result<(), PortalError> {
    let is = |name: &str, wanted: &str| {
        headers
            .get_all(name)
            .all(|value| value.as_bytes() == wanted.as_bytes())
    };
    if is("sec-fetch-site", "same-origin") && is("origin", own) {
        Ok(())
    } else {
        Err(PortalError::Forbidden)
    }
}

/// Refuses what is no form of a browser.
pub(super) fn check_media(headers: &HeaderMap) -> Result<(), PortalError> {
    let media = headers
        .get("content-type")
        .and_then(|media| media.to_str().ok())
        .unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(())
    } else {
        Err(PortalError::Forbidden)
    }
}

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body of a form that a browser sent.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, PortalError> {
        check_media(headers)?;
        let fields = form_urlencoded::parse(body).take(MAX_FIELDS);
        Ok(Self(
            fields
                .map(|(name, value)| (name.into_owned(), Cow::into_owned(value)))
                .collect(),
        ))
    }

    /// The one value of a field; none where it is there twice.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(field, _)| field == name);
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() { None } else { value }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn check(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        check_origin(&map, "https://keys.example.com").is_ok()
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        assert!(check(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://keys.example.com")
        ]));
        for bad in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "null")],
            &[("origin", "https://keys.example.com.evil.example")],
            &[("origin", "http://keys.example.com")],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil.example"),
            ],
            &[
                ("origin", "https://keys.example.com"),
                ("origin", "https://evil.example"),
            ],
        ] {
            assert!(!check(bad), "{bad:?}");
        }
    }
}
