//! Uses a grant up and gives credentials for it.

use std::fmt;

use serde::{Serialize, Serializer};

use super::token::{OpenSession, seal};
use crate::domain::{
    AccessKeyId, AccountId, Credentials, FederatedName, FederatedUser, KeyKind, Lineage,
    ManagedPolicyArn, Origin, Principal, SessionPrincipal, SessionTags, SessionToken, TokenVersion,
    UnixTime, UserPrincipal,
};
use crate::entropy::{Entropy, EntropyError, draw_id};
use crate::policy::{Grant, IdentityPolicy, RootGrant, StatementRef};
use crate::seal::KeyRing;

/// Credentials, and what they were issued for.
#[derive(Debug)]
pub struct Issued {
    /// To be handed to the caller, once.
    pub credentials: Credentials,
    /// The session that they open.
    pub principal: SessionPrincipal,
    /// The statements that allowed it.
    pub allowed_by: Vec<StatementRef>,
    /// Where it comes from.
    pub lineage: Lineage,
    /// The share of the room in the token that is used, in per cent, rounded up
    /// (`PackedPolicySize`); `None` where neither tags nor session policies were given.
    pub packed_size: Option<u32>,
}

/// Credentials of a session that is no role's.
#[derive(Debug)]
pub struct IssuedToUser {
    /// To be handed to the caller, once.
    pub credentials: Credentials,
    /// Whose session it is.
    pub principal: Principal,
    /// As [`Issued::packed_size`].
    pub packed_size: Option<u32>,
}

/// Why nothing was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The token would be longer than 4,096 bytes.
    #[error("the session token would take {percent} per cent of its room")]
    TooLarge {
        /// Over 100.
        percent: u32,
    },
    /// The task of a root's session has no policy to stay within.
    #[error("there is no policy for the task")]
    NoTaskPolicy,
    /// No sealing key is ready.
    #[error("there is no key to seal session tokens with")]
    NoSealingKey,
    /// The system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// What a session stays within, where it counts, and how its second factor was shown.
#[derive(Debug, Default)]
pub struct Extent {
    /// Session policies.
    pub policies: Vec<IdentityPolicy>,
    /// Managed policies as session policies.
    pub policy_arns: Vec<ManagedPolicyArn>,
    /// When a second factor was shown, if one was.
    pub mfa_at: Option<UnixTime>,
    /// In which regions it counts.
    pub token_version: TokenVersion,
}

/// With what, and when, credentials are made.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    /// The sealing keys.
    pub keys: &'a KeyRing,
    /// From now on they are good.
    pub now: UnixTime,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

impl fmt::Debug for Mint<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Mint")
    }
}

/// Issues credentials for `grant`, within this extent. They end after its duration, or when it ends at the
/// latest.
///
/// # Errors
/// [`IssueError`]; the grant is used up in any case.
pub fn issue(grant: Grant, extent: Extent, mint: Mint<'_>) -> Result<Issued, IssueError> {
    let parts = grant.into_parts();
    let after_duration = mint.now.plus(parts.duration.seconds().into());
    let expiration = parts
        .ends_by
        .map_or(after_duration, |end| end.min(after_duration));
    let account = parts.principal.role.account();
    let session = OpenSession {
        lineage: parts.lineage,
        issued_at: mint.now,
        expires_at: expiration,
        mfa_at: extent.mfa_at,
        source_identity: parts.source_identity,
        tags: parts.tags,
        session_policies: extent.policies,
        session_policy_arns: extent.policy_arns,
        token_version: extent.token_version,
    };
    let principal = OfRole(&parts.principal);
    let (credentials, packed_size) = mint.credentials(&principal, &session, account)?;
    Ok(Issued {
        credentials,
        principal: parts.principal,
        allowed_by: parts.allowed_by,
        lineage: session.lineage,
        packed_size,
    })
}

/// A session of a role, as a [`Principal`] that is one is sealed: without a copy for the purpose.
struct OfRole<'a>(&'a SessionPrincipal);

impl Serialize for OfRole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const SESSION: u32 = 1;
        serializer.serialize_newtype_variant("Principal", SESSION, "Session", self.0)
    }
}

/// A session that a user makes of their own long-term key: it can do what they can, or less.
#[derive(Debug)]
pub struct UserSession {
    /// The user.
    pub user: UserPrincipal,
    /// The name of whoever it is for (`GetFederationToken`); the user (`GetSessionToken`) where there is
    /// none.
    pub federated: Option<FederatedName>,
    /// The directory's generation.
    pub generation: u64,
    /// How long it lasts, in seconds: at most 129,600.
    pub seconds: u32,
    /// Its tags.
    pub tags: SessionTags,
}

/// Issues credentials for a session of a user, within this extent.
///
/// # Errors
/// [`IssueError`]
pub fn issue_to_user(
    asked: UserSession,
    extent: Extent,
    mint: Mint<'_>,
) -> Result<IssuedToUser, IssueError> {
    let lineage = Lineage {
        origin: Origin::User(asked.user.clone()),
        rule: None,
        generation: asked.generation,
        sign_in: None,
        through: Vec::new(),
    };
    let by = asked.user;
    let account = by.account;
    let principal = match asked.federated {
        Some(name) => Principal::FederatedUser(FederatedUser { by, name }),
        None => Principal::User(by),
    };
    let session = OpenSession {
        lineage,
        issued_at: mint.now,
        expires_at: mint.now.plus(asked.seconds.into()),
        mfa_at: extent.mfa_at,
        source_identity: None,
        tags: asked.tags,
        session_policies: extent.policies,
        session_policy_arns: extent.policy_arns,
        token_version: extent.token_version,
    };
    let (credentials, packed_size) = mint.credentials(&principal, &session, account)?;
    Ok(IssuedToUser {
        credentials,
        principal,
        packed_size,
    })
}

/// Issues credentials for a session of a root, within its task's policy. Nothing else bounds a root.
///
/// # Errors
/// [`IssueError`]; the grant is used up in any case.
pub fn issue_root(
    grant: RootGrant,
    token_version: TokenVersion,
    mint: Mint<'_>,
) -> Result<IssuedToUser, IssueError> {
    let parts = grant.into_parts();
    let task = parts.task.arn(parts.principal.partition);
    let account = parts.principal.account;
    let after_duration = mint.now.plus(parts.seconds.into());
    let expiration = parts
        .ends_by
        .map_or(after_duration, |end| end.min(after_duration));
    let session = OpenSession {
        lineage: parts.lineage,
        issued_at: mint.now,
        expires_at: expiration,
        mfa_at: None,
        source_identity: parts.source_identity,
        tags: SessionTags::none(),
        session_policies: Vec::new(),
        session_policy_arns: vec![task.parse().map_err(|_| IssueError::NoTaskPolicy)?],
        token_version,
    };
    let principal = Principal::Root(parts.principal);
    let (credentials, packed_size) = mint.credentials(&principal, &session, account)?;
    Ok(IssuedToUser {
        credentials,
        principal,
        packed_size,
    })
}

impl Mint<'_> {
    /// A key of its own, of this account, for a session, and the share of the token's room that it takes
    /// where that is told.
    fn credentials(
        self,
        principal: &impl Serialize,
        session: &OpenSession,
        account: AccountId,
    ) -> Result<(Credentials, Option<u32>), IssueError> {
        let key = self.keys.sealing_at(self.now);
        let key = key.ok_or(IssueError::NoSealingKey)?;
        let [random @ .., _, _, _, _, _, _, _, _, _, _, _] = draw_id(self.entropy)?;
        let access_key_id = AccessKeyId::from_random(KeyKind::Temporary, account, random);
        let (session_token, secret_access_key) =
            seal((principal, session), &access_key_id, key, self.entropy)?;
        let percent = share(session_token.expose().len());
        if percent > 100 {
            return Err(IssueError::TooLarge { percent });
        }
        let is_packed = session.is_narrowed() || !session.tags.is_empty();
        let credentials = Credentials {
            access_key_id,
            secret_access_key,
            session_token,
            expiration: session.expires_at,
        };
        Ok((credentials, is_packed.then_some(percent)))
    }
}

fn share(length: usize) -> u32 {
    let percent = (length * 100).div_ceil(SessionToken::MAX_BYTES);
    u32::try_from(percent).unwrap_or(u32::MAX)
}
