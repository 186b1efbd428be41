//! `userIdentity`: who called, as CloudTrail names callers.

use serde::Serialize;

use super::Text;
use crate::domain::{
    AccessKeyId, AccountId, Audience, IssuerName, Principal, SessionPrincipal, Subject, UniqueId,
    UnixTime,
};

/// The names of callers are cut to this many bytes; no ARN of theirs is longer.
const MAX_NAME_BYTES: usize = 1024;
type Name<'a> = Text<'a, MAX_NAME_BYTES>;

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity<'a> {
    r#type: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_id: Option<Name<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<Name<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a AccessKeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<Name<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_provider: Option<Name<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by: Option<Name<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum Kind {
    #[serde(rename = "IAMUser")]
    IamUser,
    AssumedRole,
    Root,
    FederatedUser,
    WebIdentityUser,
    #[serde(rename = "SAMLUser")]
    SamlUser,
    /// A service; where none is named, the node itself: a start, a rotation.
    #[serde(rename = "AWSService")]
    Service,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'a> {
    session_issuer: SessionIssuer<'a>,
    attributes: SessionAttributes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer<'a> {
    r#type: &'static str,
    principal_id: Name<'a>,
    arn: Name<'a>,
    account_id: AccountId,
    user_name: Name<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionAttributes {
    #[serde(serialize_with = "super::event::as_text")]
    creation_date: UnixTime,
    mfa_authenticated: Mfa,
}

/// Whether a session was begun with a second factor; CloudTrail writes it as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Mfa {
    /// It was.
    #[serde(rename = "true")]
    Present,
    /// It was not.
    #[serde(rename = "false")]
    Absent,
}

impl<'a> UserIdentity<'a> {
    /// Nobody is known to have called.
    pub const fn unknown() -> Self {
        Self::of_kind(Kind::Unknown)
    }

    /// A user, or whoever has sessions of a role, of whom only the id is kept.
    pub fn of_id(id: &'a UniqueId) -> Self {
        Self {
            principal_id: Some(id.as_str().into()),
            ..Self::unknown()
        }
    }

    /// The node itself acted.
    pub const fn node() -> Self {
        Self::of_kind(Kind::Service)
    }

    /// Somebody whom an identity provider vouches for; `audience` where a token names one.
    pub fn federated(
        issuer: &'a IssuerName,
        audience: Option<&Audience>,
        subject: &'a Subject,
    ) -> Self {
        let parts = [
            Some(issuer.as_str()),
            audience.map(Audience::as_str),
            Some(subject.as_str()),
        ];
        let principal_id = parts.into_iter().flatten().collect::<Vec<_>>().join(":");
        Self {
            principal_id: Some(principal_id.into()),
            user_name: Some(subject.as_str().into()),
            identity_provider: Some(issuer.as_str().into()),
            ..Self::of_kind(match issuer {
                IssuerName::Oidc(_) => Kind::WebIdentityUser,
                IssuerName::Saml(_) => Kind::SamlUser,
            })
        }
    }

    /// A caller whose signature was verified.
    pub fn of(principal: &'a Principal) -> Self {
        let identity = Self {
            principal_id: Some(principal.user_id().into()),
            arn: Some(principal.arn().into()),
            account_id: principal.account(),
            ..Self::of_kind(Kind::AssumedRole)
        };
        match principal {
            Principal::User(user) => Self {
                r#type: Kind::IamUser,
                user_name: Some(user.name.as_str().into()),
                ..identity
            },
            Principal::FederatedUser(_) => Self {
                r#type: Kind::FederatedUser,
                ..identity
            },
            Principal::Root(_) => Self {
                r#type: Kind::Root,
                ..identity
            },
            Principal::Session(_) => identity,
            Principal::Service(name) => Self {
                invoked_by: Some(name.as_str().into()),
                ..Self::of_kind(Kind::Service)
            },
        }
    }

    /// Whose signature was verified: their ARN, or what a service is called, and the key.
    pub(super) fn signer(&self) -> Option<(&str, Option<&AccessKeyId>)> {
        let name = match self.r#type {
            Kind::IamUser | Kind::AssumedRole | Kind::FederatedUser | Kind::Root => &self.arn,
            Kind::Service => &self.invoked_by,
            Kind::WebIdentityUser | Kind::SamlUser | Kind::Unknown => &None,
        };
        let name = name.as_ref()?;
        Some((name.as_str(), self.access_key_id))
    }

    /// Adds the access key that the request was, or claims to be, signed with.
    pub const fn with_access_key(mut self, id: &'a AccessKeyId) -> Self {
        self.access_key_id = Some(id);
        self
    }

    /// Adds the role behind a session, when the session began and whether with a second factor.
    pub fn with_session(
        mut self,
        session: &'a SessionPrincipal,
        began_at: UnixTime,
        mfa: Mfa,
    ) -> Self {
        self.session_context = Some(SessionContext {
            session_issuer: SessionIssuer {
                r#type: "Role",
                principal_id: session.role_id.as_str().into(),
                arn: session.role.as_str().into(),
                account_id: session.role.account(),
                user_name: session.role.name().into(),
            },
            attributes: SessionAttributes {
                creation_date: began_at,
                mfa_authenticated: mfa,
            },
        });
        self
    }

    const fn of_kind(kind: Kind) -> Self {
        Self {
            r#type: kind,
            principal_id: None,
            arn: None,
            account_id: None,
            access_key_id: None,
            user_name: None,
            identity_provider: None,
            session_context: None,
            invoked_by: None,
        }
    }
}
