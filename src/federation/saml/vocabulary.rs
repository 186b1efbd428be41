//! Words that messages, metadata and settings share.

use serde::{Deserialize, Serialize};

use crate::domain::{Issuer, text_type};

/// How a message travels by the browser (SAML 2.0 bindings).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// In the query of a redirect (section 3.4).
    #[default]
    Redirect,
    /// In a form (section 3.5).
    Post,
}

impl Binding {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Redirect, Self::Post];

    /// The URI that names the binding.
    pub const fn as_uri(self) -> &'static str {
        match self {
            Self::Redirect => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            Self::Post => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        }
    }

    /// The binding that a URI names; `None` for every other one.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|binding| binding.as_uri() == uri)
    }
}

text_type!(
    /// An identifier of SAML, usually a URI: 1 to 1,024 characters without white space and control
    /// characters.
    SamlUri,
    "SAML identifier",
    "1 to 1024 characters without white space and control characters",
    |text| is_one_word(text)
);

text_type!(
    /// Where a browser is sent: an https or http URL of 1 to 2,048 visible ASCII characters with a
    /// host and without user info and fragment. It is kept as written.
    EndpointUrl,
    "endpoint",
    "an https or http URL of at most 2048 characters with a host and without user info and fragment",
    |text| is_endpoint(text)
);

impl EndpointUrl {
    /// Whether an issuer is at the same scheme, host and port.
    pub fn has_origin_of(&self, issuer: &Issuer) -> bool {
        has_same_origin(self.as_str(), issuer.as_str())
    }
}

/// Whether two URLs are of the same scheme, host and port.
pub(super) fn has_same_origin(one: &str, other: &str) -> bool {
    let origin = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
    origin(one).is_some_and(|of_one| origin(other) == Some(of_one))
}

fn is_endpoint(text: &str) -> bool {
    let visible = |byte: u8| (0x21..0x7f).contains(&byte) && byte != b'\\';
    let is_clean = text.len() <= 2048 && text.bytes().all(visible) && !text.contains('#');
    is_clean
        && is_web_address(text)
        && url::Url::parse(text).is_ok_and(|url| {
            url.has_host() && url.username().is_empty() && url.password().is_none()
        })
}

/// Whether a text begins like an http or https URL with a host: a browser would find one behind
/// further slashes, too, and another reader none.
pub(super) fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', ':']))
}

/// Whether a text has 1 to 1,024 characters, none of them white space or a control character.
pub(super) fn is_one_word(text: &str) -> bool {
    (1..=1024).contains(&text.chars().count())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_leads_a_browser_to_a_web_site() {
        for good in [
            "https://idp.example.com/sso",
            "http://127.0.0.1:18999/sso?tenant=a%20b&x=a@b",
        ] {
            assert_eq!(good.parse::<EndpointUrl>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "/sso",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://",
            "https:///sso",
            "https:\\\\idp.example.com",
            "https://user@idp.example.com",
            "https://idp.example.com/#x",
            "https://idp.example.com/a b",
            "https://idp.example.com/\u{e9}",
            "https://idp.example.com/\r\nSet-Cookie:x",
            &["https://idp.example.com/", &"x".repeat(2048)].concat(),
        ] {
            assert!(bad.parse::<EndpointUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_binding_reads_its_own_uri() {
        for binding in Binding::ALL {
            assert_eq!(Binding::from_uri(binding.as_uri()), Some(binding));
        }
        let artifact = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
        assert_eq!(Binding::from_uri(artifact), None);
    }
}
