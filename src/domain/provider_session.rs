//! What a SAML provider calls a person and its session with them.

use serde::{Deserialize, Serialize};

use super::UnixTime;

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

/// A provider's session with a person, as it wants to hear of it at a sign-out.
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
