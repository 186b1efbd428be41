//! What a provider publishes about itself (OpenID Connect Discovery 1.0, RFC 8414), read strictly.

use serde_json::{Map, Value};
use url::Url;

use super::Quoted;
use crate::domain::Issuer;

/// At most this many values of a list are kept.
const MAX_LISTED: usize = 64;

/// A provider's metadata.
///
/// The endpoints of an `https` issuer are `https`; those of a plain-http issuer have its own scheme,
/// host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// The issuer, equal to the registered one character by character.
    pub issuer: Issuer,
    /// Where the keys are.
    pub jwks_uri: Url,
    /// Where a browser is sent to; a provider that only issues tokens has none.
    pub authorization_endpoint: Option<Url>,
    /// Where a code is exchanged.
    pub token_endpoint: Option<Url>,
    /// Where further claims are.
    pub userinfo_endpoint: Option<Url>,
    /// Where a browser is sent to sign out (OpenID Connect RP-Initiated Logout 1.0). One that can't be used
    /// keeps nobody from signing in, so it counts as none.
    pub end_session_endpoint: Option<Url>,
    /// Whether every authorization response carries `iss` (RFC 9207).
    pub sends_issuer: bool,
    /// The PKCE methods; `None` where it doesn't say.
    pub code_challenge_methods: Option<Vec<String>>,
    /// How a client may authenticate; `None` where it doesn't say.
    pub token_endpoint_auth_methods: Option<Vec<String>>,
}

/// Why metadata can't be used: the provider is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It speaks for another issuer.
    #[error("the issuer is \"{found}\" instead of \"{expected}\"")]
    OtherIssuer {
        /// The registered issuer.
        expected: Issuer,
        /// The one that the metadata names.
        found: Quoted,
    },
    /// A member is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A member is of another type than it must be.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// An endpoint is no URL that may be used.
    #[error("{member} is \"{found}\", which is not {rule}")]
    Endpoint {
        /// The member's name.
        member: &'static str,
        /// Its value.
        found: Quoted,
        /// What it must be.
        rule: &'static str,
    },
}

impl ProviderMetadata {
    /// Where the metadata of `issuer` is (OpenID Connect Discovery 1.0, section 4.1).
    pub fn location(issuer: &Issuer) -> Option<Url> {
        let mut url = Url::parse(issuer.as_str()).ok()?;
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend([".well-known", "openid-configuration"]);
        Some(url)
    }

    /// Reads the metadata that was found for `issuer`.
    pub fn read(issuer: &Issuer, members: &Map<String, Value>) -> Result<Self, MetadataError> {
        let read = Reader { issuer, members };
        let found = read
            .text("issuer")?
            .ok_or(MetadataError::Missing("issuer"))?;
        if found != issuer.as_str() {
            return Err(MetadataError::OtherIssuer {
                expected: issuer.clone(),
                found: Quoted::new(found),
            });
        }
        Ok(Self {
            issuer: issuer.clone(),
            jwks_uri: read
                .endpoint("jwks_uri")?
                .ok_or(MetadataError::Missing("jwks_uri"))?,
            authorization_endpoint: read.endpoint("authorization_endpoint")?,
            token_endpoint: read.endpoint("token_endpoint")?,
            userinfo_endpoint: read.endpoint("userinfo_endpoint")?,
            end_session_endpoint: read.endpoint("end_session_endpoint").unwrap_or_default(),
            sends_issuer: read.flag("authorization_response_iss_parameter_supported")?,
            code_challenge_methods: read.texts("code_challenge_methods_supported")?,
            token_endpoint_auth_methods: read.texts("token_endpoint_auth_methods_supported")?,
        })
    }
}

struct Reader<'m> {
    issuer: &'m Issuer,
    members: &'m Map<String, Value>,
}

impl<'m> Reader<'m> {
    fn text(&self, member: &'static str) -> Result<Option<&'m str>, MetadataError> {
        match self.members.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(MetadataError::Malformed(member)),
        }
    }

    fn flag(&self, member: &'static str) -> Result<bool, MetadataError> {
        match self.members.get(member) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(MetadataError::Malformed(member)),
        }
    }

    fn texts(&self, member: &'static str) -> Result<Option<Vec<String>>, MetadataError> {
        let malformed = || MetadataError::Malformed(member);
        let Some(value) = self.members.get(member) else {
            return Ok(None);
        };
        let values = value.as_array().ok_or_else(malformed)?;
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(malformed);
        values
            .iter()
            .take(MAX_LISTED)
            .map(text)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn endpoint(&self, member: &'static str) -> Result<Option<Url>, MetadataError> {
        let Some(text) = self.text(member)? else {
            return Ok(None);
        };
        let refused = |rule| MetadataError::Endpoint {
            member,
            found: Quoted::new(text),
            rule,
        };
        let url = Url::parse(text).map_err(|_| refused("a URL"))?;
        let is_plain = text.bytes().all(|byte| (0x21..0x7f).contains(&byte))
            && !text.contains(['\\', '#'])
            && url.username().is_empty()
            && url.password().is_none();
        if !is_plain {
            return Err(refused("an absolute URL without user info and fragment"));
        }
        if self.issuer.is_plain_http() {
            let own = Url::parse(self.issuer.as_str()).map(|issuer| issuer.origin());
            if own.as_ref() != Ok(&url.origin()) {
                return Err(refused("at the issuer's own scheme, host and port"));
            }
        } else if url.scheme() != "https" {
            return Err(refused("an https URL"));
        }
        Ok(Some(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn issuer(text: &str) -> Issuer {
        text.parse().unwrap()
    }

    fn good() -> Value {
        json!({
            "issuer": "https://idp.example.com/a",
            "jwks_uri": "https://keys.example.com/jwks",
            "authorization_endpoint": "https://idp.example.com/a/authorize",
            "token_endpoint": "https://idp.example.com/a/token",
            "authorization_response_iss_parameter_supported": true,
            "code_challenge_methods_supported": ["S256"],
        })
    }

    fn read(value: &Value) -> Result<ProviderMetadata, MetadataError> {
        let issuer = issuer("https://idp.example.com/a");
        ProviderMetadata::read(&issuer, value.as_object().unwrap())
    }

    fn with(member: &str, value: Value) -> Value {
        let mut metadata = good();
        metadata[member] = value;
        metadata
    }

    #[test]
    fn reads_what_a_provider_publishes() {
        let metadata = read(&good()).unwrap();
        assert_eq!(metadata.jwks_uri.as_str(), "https://keys.example.com/jwks");
        assert!(metadata.sends_issuer);
        assert_eq!(metadata.code_challenge_methods, Some(vec!["S256".into()]));
        assert_eq!(metadata.userinfo_endpoint, None);
    }

    #[test]
    fn the_issuer_is_equal_character_by_character() {
        for found in [
            "https://idp.example.com/a/",
            "https://idp.example.com/A",
            "https://IDP.example.com/a",
            "http://idp.example.com/a",
            "https://evil.example.com",
        ] {
            assert_eq!(
                read(&with("issuer", json!(found))),
                Err(MetadataError::OtherIssuer {
                    expected: issuer("https://idp.example.com/a"),
                    found: Quoted::new(found),
                })
            );
        }
        assert_eq!(
            read(&with("issuer", json!(["https://idp.example.com/a"]))),
            Err(MetadataError::Malformed("issuer"))
        );
    }

    #[test]
    fn an_endpoint_is_an_https_url() {
        for found in [
            "file:///etc/passwd",
            "http://127.0.0.1/jwks",
            "http://idp.example.com/a/jwks",
            "gopher://x/",
            "/jwks",
            "https://user@idp.example.com/",
            "https://idp.example.com/#x",
            "https://redis:6379/\r\nSET x y",
            "https://idp.example.com\\@evil.example.com/",
            "",
        ] {
            let error = read(&with("jwks_uri", json!(found))).unwrap_err();
            assert!(
                matches!(
                    error,
                    MetadataError::Endpoint {
                        member: "jwks_uri",
                        ..
                    }
                ),
                "{found}: {error:?}"
            );
        }
        assert_eq!(
            read(&with("jwks_uri", json!(7))),
            Err(MetadataError::Malformed("jwks_uri"))
        );
    }

    #[test]
    fn an_address_for_signing_out_that_can_t_be_used_is_none() {
        let at = |found: &str| {
            let metadata = read(&with("end_session_endpoint", json!(found))).unwrap();
            metadata.end_session_endpoint.map(String::from)
        };
        let good = "https://idp.example.com/a/logout?x=y";
        assert_eq!(at(good).as_deref(), Some(good));
        for bad in ["http://idp.example.com/logout", "javascript:alert(1)", ""] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_plain_http_issuer_keeps_to_its_own_port() {
        let issuer = issuer("http://127.0.0.1:18999");
        let at = |jwks: &str| {
            let members = json!({"issuer": issuer.as_str(), "jwks_uri": jwks});
            ProviderMetadata::read(&issuer, members.as_object().unwrap()).map(|_| ())
        };
        assert_eq!(at("http://127.0.0.1:18999/jwks"), Ok(()));
        for other in [
            "http://127.0.0.1:6379/jwks",
            "http://127.0.0.2:18999/jwks",
            "https://127.0.0.1:18999/jwks",
        ] {
            assert!(
                matches!(at(other), Err(MetadataError::Endpoint { .. })),
                "{other}"
            );
        }
    }

    #[test]
    fn the_well_known_place_follows_the_issuers_path() {
        for (from, to) in [
            (
                "https://a.example.com",
                "https://a.example.com/.well-known/openid-configuration",
            ),
            (
                "https://a.example.com/",
                "https://a.example.com/.well-known/openid-configuration",
            ),
            (
                "https://a.example.com/r/b",
                "https://a.example.com/r/b/.well-known/openid-configuration",
            ),
            (
                "https://a.example.com/r/b/",
                "https://a.example.com/r/b/.well-known/openid-configuration",
            ),
        ] {
            let location = ProviderMetadata::location(&issuer(from)).unwrap();
            assert_eq!(location.as_str(), to);
        }
    }
}
