//! The session of a role that a person takes in the portal.
//!
//! The rule says what it is. Where the connection lets AWS's own attributes count, the assertion
//! narrows it (decision 49): the role must be listed there too, and nothing that the rule sets is
//! replaced but the session's name.

use crate::domain::{
    Claims, SamlProviderArn, SessionDuration, SessionName, SessionTags, SourceIdentity,
};
use crate::flows::saml_session::{self, SamlSessionError};
use crate::mapping::MappedRole;

/// What a session is to be.
#[derive(Debug)]
pub(super) struct PortalSession {
    pub(super) name: SessionName,
    pub(super) tags: SessionTags,
    pub(super) source_identity: Option<SourceIdentity>,
    /// The longest that the assertion allows; none where it sets no bound of its own.
    pub(super) longest: Option<SessionDuration>,
}

impl PortalSession {
    /// The session as the rule has it.
    pub(super) fn by_rule(mapped: &MappedRole) -> Self {
        Self {
            name: mapped.session_name.clone(),
            tags: mapped.tags.clone(),
            source_identity: mapped.source_identity.clone(),
            longest: None,
        }
    }

    /// The session as the rule has it, and the assertion beside: it must list the role with this
    /// provider; it names the session; it adds tags and a source identity where the rule sets none;
    /// it bounds the duration.
    pub(super) fn narrowed(
        mapped: &MappedRole,
        claims: &Claims,
        provider: &SamlProviderArn,
    ) -> Result<Self, SamlSessionError> {
        saml_session::check_pair(claims, &mapped.role, provider)?;
        let terms = saml_session::kept_terms(claims)?;
        let by_rule = Self::by_rule(mapped);
        Ok(Self {
            name: saml_session::name(claims)?.unwrap_or(by_rule.name),
            tags: both(by_rule.tags, &terms.tags)?,
            source_identity: by_rule.source_identity.or(terms.source_identity),
            longest: saml_session::duration(claims)?,
        })
    }
}

/// The rule's tags, and those of the assertion whose keys the rule does not set.
fn both(by_rule: SessionTags, asserted: &SessionTags) -> Result<SessionTags, SamlSessionError> {
    let mut tags = by_rule;
    for (key, value, is_transitive) in asserted.iter() {
        if !tags.has(key) {
            tags.add(key.clone(), value.clone(), is_transitive)?;
        }
    }
    Ok(tags)
}
