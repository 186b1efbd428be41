//! The sealed session token.

use serde::{Deserialize, Serialize};

use crate::domain::{
    AccessKeyId, Lineage, ManagedPolicyArn, Principal, Secret, SecretAccessKey, SessionTags,
    SessionToken, SourceIdentity, TokenVersion, UnixTime,
};
use crate::entropy::{Entropy, EntropyError};
use crate::policy::IdentityPolicy;
use crate::seal::{KeyRing, SealingKey, key_id_of};

/// Another one is written only where a format of the store is used that says so: nodes that don't know it
/// refuse it (decision 70).
const VERSION: u8 = 3;
const PURPOSE: &[u8] = b"session token";
/// Of a session without policies and many tags.
const USUAL_BYTES: usize = 512;
/// 30 bytes are the 40 base64 characters of a secret access key.
const SECRET_BYTES: usize = 30;

/// What a session token holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
    /// Whose session it is.
    pub principal: Principal,
    /// Where it comes from.
    pub lineage: Lineage,
    /// When it was issued (`aws:TokenIssueTime`).
    pub issued_at: UnixTime,
    /// From this second on it is refused.
    pub expires_at: UnixTime,
    /// When a second factor was shown to us; never for web identity.
    pub mfa_at: Option<UnixTime>,
    /// Who stands behind it.
    pub source_identity: Option<SourceIdentity>,
    /// Its tags.
    pub tags: SessionTags,
    /// Session policies: what the session may do is also within these.
    pub session_policies: Vec<IdentityPolicy>,
    /// Managed policies as session policies: those, too, are the most that it may do.
    pub session_policy_arns: Vec<ManagedPolicyArn>,
    /// In which regions it counts.
    pub token_version: TokenVersion,
}

impl OpenSession {
    /// Whether the session was given policies to stay within.
    pub const fn is_narrowed(&self) -> bool {
        !(self.session_policies.is_empty() && self.session_policy_arns.is_empty())
    }
}

/// Why a session token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was not made by us for this access key, or it is damaged.
    #[error("the session token is not valid")]
    Invalid,
    /// It names a sealing key that isn't known (yet); worth one look at the directory.
    #[error("the session token is sealed under an unknown key")]
    UnknownKey,
    /// Its time is over.
    #[error("the session token expired at {expired_at}")]
    Expired {
        /// When.
        expired_at: UnixTime,
    },
}

/// Seals a session under `key`, for this access key only.
pub(super) fn seal(
    session: &OpenSession,
    access_key_id: &AccessKeyId,
    key: &SealingKey,
    entropy: &dyn Entropy,
) -> Result<(SessionToken, SecretAccessKey), EntropyError> {
    // With room from the beginning: what grows leaves copies behind that nobody wipes.
    let room = Vec::with_capacity(USUAL_BYTES);
    let plain = Secret::new(postcard::to_io(session, room).map_err(|_| EntropyError)?);
    let (sealed, companion) =
        key.seal_with_companion(&context(access_key_id), plain.expose(), entropy)?;
    let mut bytes = Vec::with_capacity(1 + sealed.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&sealed);
    let token = data_encoding::BASE64.encode(&bytes);
    Ok((SessionToken::new(token), secret_access_key(&companion)))
}

/// Opens a session token that came with `access_key_id`.
///
/// Gives the session, on the heap because it is handed on a dozen times, and the secret access key
/// that its requests must be signed with.
///
/// # Errors
/// [`TokenError`]; the time is looked at only after the token has opened.
pub fn open(
    token: &str,
    access_key_id: &AccessKeyId,
    keys: &KeyRing,
    now: UnixTime,
) -> Result<(Box<OpenSession>, SecretAccessKey), TokenError> {
    if token.len() > SessionToken::MAX_BYTES {
        return Err(TokenError::Invalid);
    }
    let bytes = data_encoding::BASE64
        .decode(token.as_bytes())
        .map_err(|_| TokenError::Invalid)?;
    let (version, sealed) = bytes.split_first().ok_or(TokenError::Invalid)?;
    if *version != VERSION {
        return Err(TokenError::Invalid);
    }
    let key_id = key_id_of(sealed).ok_or(TokenError::Invalid)?;
    let key = keys.find(key_id).ok_or(TokenError::UnknownKey)?;
    let opened = key
        .open(&context(access_key_id), sealed)
        .map_err(|_| TokenError::Invalid)?;
    let plain = Secret::new(opened.plaintext);
    let session: Box<OpenSession> =
        postcard::from_bytes(plain.expose()).map_err(|_| TokenError::Invalid)?;
    if now >= session.expires_at {
        return Err(TokenError::Expired {
            expired_at: session.expires_at,
        });
    }
    Ok((session, secret_access_key(&opened.companion)))
}

fn context(access_key_id: &AccessKeyId) -> [&[u8]; 3] {
    [PURPOSE, &[VERSION], access_key_id.as_str().as_bytes()]
}

fn secret_access_key(companion: &Secret<[u8; 32]>) -> SecretAccessKey {
    let bytes = companion.expose().first_chunk::<SECRET_BYTES>();
    SecretAccessKey::new(
        bytes
            .map(|bytes| data_encoding::BASE64.encode(bytes))
            .unwrap_or_default(),
    )
}
