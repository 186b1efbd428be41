//! Uses a grant up and gives credentials for it.

use super::token::{OpenSession, seal};
use crate::domain::{
    AccessKeyId, Credentials, KeyKind, Lineage, SessionPrincipal, SessionToken, UnixTime,
};
use crate::entropy::{Entropy, EntropyError, draw_id};
use crate::policy::{Grant, IdentityPolicy, StatementRef};
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

/// Why nothing was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The token would be longer than 4,096 bytes.
    #[error("the session token would take {percent} per cent of its room")]
    TooLarge {
        /// Over 100.
        percent: u32,
    },
    /// No sealing key is ready.
    #[error("there is no key to seal session tokens with")]
    NoSealingKey,
    /// The system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Issues credentials for `grant`, good from `now` on, with these session policies. They end after its
/// duration, or when it ends at the latest.
///
/// # Errors
/// [`IssueError`]; the grant is used up in any case.
pub fn issue(
    grant: Grant,
    session_policies: Vec<IdentityPolicy>,
    keys: &KeyRing,
    now: UnixTime,
    entropy: &dyn Entropy,
) -> Result<Issued, IssueError> {
    let key = keys.sealing_at(now).ok_or(IssueError::NoSealingKey)?;
    let parts = grant.into_parts();
    let after_duration = now.plus(parts.duration.seconds().into());
    let expiration = parts
        .ends_by
        .map_or(after_duration, |end| end.min(after_duration));
    let account = parts.principal.role.account();
    let [random @ .., _, _, _, _, _, _, _, _, _, _, _] = draw_id(entropy)?;
    let access_key_id = AccessKeyId::from_random(KeyKind::Temporary, account, random);
    let is_packed = !(parts.tags.is_empty() && session_policies.is_empty());
    let session = OpenSession {
        principal: parts.principal,
        lineage: parts.lineage,
        issued_at: now,
        expires_at: expiration,
        mfa_at: None,
        source_identity: parts.source_identity,
        tags: parts.tags,
        session_policies,
    };
    let (session_token, secret_access_key) = seal(&session, &access_key_id, key, entropy)?;
    let percent = share(session_token.expose().len());
    if percent > 100 {
        return Err(IssueError::TooLarge { percent });
    }
    Ok(Issued {
        credentials: Credentials {
            access_key_id,
            secret_access_key,
            session_token,
            expiration,
        },
        principal: session.principal,
        allowed_by: parts.allowed_by,
        lineage: session.lineage,
        packed_size: is_packed.then_some(percent),
    })
}

fn share(length: usize) -> u32 {
    let percent = (length * 100).div_ceil(SessionToken::MAX_BYTES);
    u32::try_from(percent).unwrap_or(u32::MAX)
}
