//! A provider's own session with a person, as it wants to hear of it at a sign-out.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Secret, UnixTime};

/// Whom an assertion or a logout is about (SAML 2.0 Core, section 2.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameId {
    /// The name.
    pub value: String,
    /// What kind of name it is.
    pub format: Option<String>,
    /// The domain that qualifies it.
    pub name_qualifier: Option<String>,
    /// The service provider, or the group of them, that qualifies it.
    pub sp_name_qualifier: Option<String>,
}

/// A SAML provider's session with a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderSession {
    /// The person.
    pub name_id: NameId,
    /// The session, where the provider named it (`SessionIndex`).
    pub index: Option<String>,
    /// When it is over, where the provider says so (`SessionNotOnOrAfter`): nothing that comes of it
    /// lasts longer.
    pub ends_at: Option<UnixTime>,
}

/// An OpenID Connect provider's session with a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OidcSession {
    /// What the provider calls it (`sid`), where it says so.
    pub sid: Option<String>,
    /// The id_token that the sign-in brought, to be shown to its own provider at a sign-out and to nobody
    /// else (`id_token_hint`). One that is too long for an address is not kept.
    pub id_token: Option<IdTokenHint>,
}

impl OidcSession {
    /// The longest `sid`, in bytes: a longer one is not kept, and names no session.
    pub const MAX_SID_BYTES: usize = 255;
    /// The longest id_token that is kept, in bytes: servers take addresses of 8,000.
    pub const MAX_HINT_BYTES: usize = 6_000;

    /// The session of this name, which began with this id_token; of each what may be kept.
    pub fn new(sid: Option<&str>, id_token: &str) -> Self {
        let sid = sid.filter(|sid| Self::is_sid(sid));
        let is_short = id_token.len() <= Self::MAX_HINT_BYTES;
        Self {
            sid: sid.map(str::to_owned),
            id_token: is_short.then(|| IdTokenHint(Secret::new(id_token.to_owned()))),
        }
    }

    /// Whether a session may be called so.
    pub fn is_sid(text: &str) -> bool {
        (1..=Self::MAX_SID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
    }
}

/// An id_token that its provider is shown. It is kept as text, in records that are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTokenHint(Secret<String>);

impl IdTokenHint {
    /// The token. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl Serialize for IdTokenHint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for IdTokenHint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Secret::new(String::deserialize(deserializer)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_not_kept() {
        let long = "a".repeat(OidcSession::MAX_HINT_BYTES + 1);
        let session = OidcSession::new(Some(&"s".repeat(256)), &long);
        assert_eq!(session, OidcSession::default());
        assert_eq!(OidcSession::new(Some("a\nb"), "t").sid, None);
        let session = OidcSession::new(Some("s"), "token");
        assert!(!format!("{session:?}").contains("token\""), "{session:?}");
        let written = serde_json::to_string(&session).unwrap();
        assert_eq!(
            serde_json::from_str::<OidcSession>(&written).unwrap(),
            session
        );
    }
}
