//! The sealed session token.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{
    AccessKeyId, Lineage, ManagedPolicyArn, Principal, Secret, SecretAccessKey, SessionTags,
    SessionToken, SourceIdentity, TokenVersion, UnixTime, Wipe as _,
};
use crate::entropy::{Entropy, EntropyError};
use crate::policy::IdentityPolicy;
use crate::seal::{HEAD, KeyRing, SealingKey, key_id_of};
use crate::sigv4::SigningSecret;

/// Another one is written only where a format of the store is used that says so: nodes that don't know it
/// refuse it (decision 70).
const VERSION: u8 = 3;
const PURPOSE: &[u8] = b"session token";
/// What is sealed comes after the version, and begins with the head of a sealed message.
const SEALED: usize = 1;
const BODY: usize = SEALED + HEAD;
/// Of the token of a session without policies and many tags.
const USUAL_BYTES: usize = 640;
/// 30 bytes are the 40 base64 characters of a secret access key.
const SECRET_BYTES: usize = 30;

/// What a session token holds beside whose session it is, which comes first there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
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

/// What a session token opened to.
#[derive(Debug)]
pub struct OpenToken {
    /// Whose session it is.
    pub principal: Principal,
    /// The session, which whoever signs with it shares.
    pub session: Arc<OpenSession>,
    /// What its requests must be signed with.
    pub secret: SigningSecret,
    /// The key that it is sealed under: as long as it is in the ring, it opens.
    pub sealed_under: [u8; 4],
}

impl OpenToken {
    /// Refuses what is over.
    pub(super) fn check_time(&self, now: UnixTime) -> Result<(), TokenError> {
        let expired_at = self.session.expires_at;
        if now >= expired_at {
            return Err(TokenError::Expired { expired_at });
        }
        Ok(())
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

/// Seals a session of `principal` under `key`, for this access key only.
pub(super) fn seal(
    (principal, session): (&impl Serialize, &OpenSession),
    access_key_id: &AccessKeyId,
    key: &SealingKey,
    entropy: &dyn Entropy,
) -> Result<(SessionToken, SecretAccessKey), EntropyError> {
    // With room from the beginning: what grows leaves copies behind that nobody wipes.
    let mut token = Vec::with_capacity(USUAL_BYTES);
    token.push(VERSION);
    token.resize(BODY, 0);
    let mut token = postcard::to_io(&(principal, session), token).map_err(|_| EntropyError)?;
    let context = context(access_key_id);
    let companion = key.seal_with_companion(&context, &mut token, SEALED, entropy)?;
    let token = SessionToken::new(data_encoding::BASE64.encode(&token));
    Ok((token, secret_access_key(&companion)))
}

/// Opens a session token that came with `access_key_id`.
///
/// # Errors
/// [`TokenError`]; the time is looked at only after the token has opened.
pub fn open(
    token: &str,
    access_key_id: &AccessKeyId,
    keys: &KeyRing,
    now: UnixTime,
) -> Result<OpenToken, TokenError> {
    if token.len() > SessionToken::MAX_BYTES {
        return Err(TokenError::Invalid);
    }
    let mut bytes = data_encoding::BASE64
        .decode(token.as_bytes())
        .map_err(|_| TokenError::Invalid)?;
    let opened = open_in_place(&mut bytes, access_key_id, keys);
    bytes.wipe();
    let opened = opened?;
    opened.check_time(now)?;
    Ok(opened)
}

/// Opens a token in its own bytes, where it is left open.
fn open_in_place(
    token: &mut [u8],
    access_key_id: &AccessKeyId,
    keys: &KeyRing,
) -> Result<OpenToken, TokenError> {
    let (version, sealed) = token.split_first_mut().ok_or(TokenError::Invalid)?;
    if *version != VERSION {
        return Err(TokenError::Invalid);
    }
    let key_id = key_id_of(sealed).ok_or(TokenError::Invalid)?;
    let key = keys.find(key_id).ok_or(TokenError::UnknownKey)?;
    let opened = key
        .open(&context(access_key_id), sealed)
        .map_err(|_| TokenError::Invalid)?;
    let (principal, session) =
        postcard::from_bytes(opened.plaintext).map_err(|_| TokenError::Invalid)?;
    Ok(OpenToken {
        principal,
        session: Arc::new(session),
        secret: SigningSecret::new(secret_access_key(&opened.companion)),
        sealed_under: key_id,
    })
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
