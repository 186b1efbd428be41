//! The relying parties that the demo provider knows.

use std::str::FromStr;

use url::Url;

use crate::domain::{Audience, InvalidValue, Secret};

/// A client of the demo provider.
#[derive(Debug, Clone)]
pub struct Client {
    /// The client id, which is also the audience of its tokens.
    pub id: Audience,
    /// What the client may do.
    pub kind: ClientKind,
}

/// What a client may do.
#[derive(Debug, Clone)]
pub enum ClientKind {
    /// A confidential web client: authorization codes, redeemed with its secret.
    Web {
        /// The client secret.
        secret: Secret<String>,
        /// Where codes may be sent, compared character by character.
        redirect_uris: Vec<RedirectUri>,
    },
    /// Only an audience: tokens for it are minted directly, for command lines.
    AudienceOnly,
}

impl Client {
    /// The registered address that is exactly `uri`.
    pub(super) fn redirect_uri(&self, uri: &str) -> Option<&RedirectUri> {
        match &self.kind {
            ClientKind::Web { redirect_uris, .. } => {
                redirect_uris.iter().find(|known| known.as_str() == uri)
            }
            ClientKind::AudienceOnly => None,
        }
    }

    /// Whether `secret` is this client's, compared in constant time.
    pub(super) fn has_secret(&self, secret: &str) -> bool {
        match &self.kind {
            ClientKind::Web { secret: own, .. } => {
                let own = own.expose().as_bytes();
                aws_lc_rs::constant_time::verify_slices_are_equal(own, secret.as_bytes()).is_ok()
            }
            ClientKind::AudienceOnly => false,
        }
    }
}

/// Where a browser may be sent back to: an `http` or `https` URL without user info or fragment,
/// whose host holds nothing that could end a Content-Security-Policy source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    url: Url,
}

impl RedirectUri {
    const INVALID: InvalidValue = InvalidValue::new(
        "redirect URI",
        "an http or https URL without user info or fragment",
    );

    /// The address exactly as it was registered.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port, as a Content-Security-Policy names them.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The address with `parameters` added to its query.
    pub fn with_query(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }
}

impl FromStr for RedirectUri {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| Self::INVALID)?;
        let host_is_plain = url.host_str().is_some_and(|host| {
            host.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-[]:".contains(&byte))
        });
        let good = matches!(url.scheme(), "http" | "https")
            && host_is_plain
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none();
        if good {
            Ok(Self {
                text: text.to_owned(),
                url,
            })
        } else {
            Err(Self::INVALID)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portal() -> Client {
        Client {
            id: "rolegate-portal".parse().unwrap(),
            kind: ClientKind::Web {
                secret: Secret::new("open sesame".to_owned()),
                redirect_uris: vec!["https://gw.example/callback".parse().unwrap()],
            },
        }
    }

    #[test]
    fn a_redirect_uri_matches_character_by_character() {
        assert!(
            portal()
                .redirect_uri("https://gw.example/callback")
                .is_some()
        );
        for other in [
            "https://gw.example/callback/",
            "https://gw.example/callback?x=1",
            "https://GW.example/callback",
            "https://gw.example:443/callback",
            "https://gw.example/callback/../evil",
            "",
        ] {
            assert_eq!(portal().redirect_uri(other), None, "{other}");
        }
    }

    #[test]
    fn an_audience_has_no_secret_that_fits() {
        let audience = Client {
            kind: ClientKind::AudienceOnly,
            ..portal()
        };
        assert!(!audience.has_secret(""));
        assert!(portal().has_secret("open sesame"));
        assert!(!portal().has_secret("open sesam"));
    }

    #[test]
    fn a_redirect_uri_is_plain_http_or_https() {
        for bad in [
            "javascript:alert(1)",
            "https://u@gw.example/",
            "https://gw.example/#x",
            "https://gw.example;script-src/",
            "/callback",
        ] {
            assert_eq!(
                bad.parse::<RedirectUri>(),
                Err(RedirectUri::INVALID),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_answer_is_added_to_the_query_that_is_there() {
        let uri: RedirectUri = "https://gw.example/cb?tenant=a".parse().unwrap();
        let url = uri.with_query(&[("code", "x&y"), ("state", "é")]);
        assert_eq!(
            url,
            "https://gw.example/cb?tenant=a&code=x%26y&state=%C3%A9"
        );
    }
}
