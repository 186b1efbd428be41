//! Permission for a session.

use crate::domain::{
    Lineage, SessionDuration, SessionPrincipal, SessionTags, SourceIdentity, UnixTime,
};
use crate::policy::StatementRef;

/// Permission for one session of a role. Used up by whoever issues its credentials.
#[derive(Debug)]
#[must_use]
pub struct Grant(Box<GrantParts>);

/// What a [`Grant`] was made of.
#[derive(Debug)]
pub struct GrantParts {
    /// The session.
    pub principal: SessionPrincipal,
    /// How long it lasts.
    pub duration: SessionDuration,
    /// When it ends at the latest.
    pub ends_by: Option<UnixTime>,
    /// Its tags.
    pub tags: SessionTags,
    /// Its source identity.
    pub source_identity: Option<SourceIdentity>,
    /// Where it comes from.
    pub lineage: Lineage,
    /// The statements that allowed it, each once.
    pub allowed_by: Vec<StatementRef>,
}

impl Grant {
    /// Only what has weighed the role's trust policy may call this.
    pub(super) fn new(parts: GrantParts) -> Self {
        Self(Box::new(parts))
    }

    /// The session.
    pub const fn principal(&self) -> &SessionPrincipal {
        &self.0.principal
    }

    /// How long the session lasts.
    pub const fn duration(&self) -> SessionDuration {
        self.0.duration
    }

    /// The session's tags.
    pub const fn tags(&self) -> &SessionTags {
        &self.0.tags
    }

    /// The session's source identity.
    pub const fn source_identity(&self) -> Option<&SourceIdentity> {
        self.0.source_identity.as_ref()
    }

    /// Where the session comes from.
    pub const fn lineage(&self) -> &Lineage {
        &self.0.lineage
    }

    /// The statements that allowed it, each once.
    pub fn allowed_by(&self) -> &[StatementRef] {
        &self.0.allowed_by
    }

    /// Uses the grant up.
    pub fn into_parts(self) -> GrantParts {
        *self.0
    }
}
