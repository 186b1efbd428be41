//! The one id_token verifier: for the browser's sign-in, STS, token exchange and Cognito.
//!
//! ```text
//! text ── parse ──> UnverifiedIdToken ── verify ──> ProvenIdentity
//!   size, three parts,   its issuer finds the      issuer, key, signature, subject, audience,
//!   strict base64url,    registered provider       authorized party, times, then what ties it
//!   strict JSON, header                            to our own request
//! ```
//!
//! The key is the registered issuer's. The header names one of its keys; it can bring none along.

mod claims;
mod error;
mod header;
mod logout;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

pub use error::TokenError;
pub use logout::{LoggedOut, UnverifiedLogoutToken};

use self::claims::ClaimReader;
use self::header::Header;
use super::Quoted;
use super::json::parse_object;
use super::jwks::Key;
use super::key_cache::KeyCache;
use super::proven::ProvenIdentity;
use crate::domain::{Audience, ClaimSource, Claims, Issuer, ProviderRef, UnixTime};

/// The longest token, in characters (`clientTokenType` of the STS model).
pub const MAX_CHARS: usize = 20_000;
/// How far two clocks may be apart, in seconds.
pub const SKEW: i64 = 60;
/// How long a token may live, in seconds.
pub const MAX_LIFETIME: i64 = 24 * 60 * 60;
/// How long ago a token may have been issued, in seconds.
pub const MAX_AGE: i64 = 24 * 60 * 60;

/// What a token must be.
#[derive(Clone, Copy)]
pub struct Expected<'e> {
    /// The registered provider that the token is taken to be of.
    pub provider: &'e ProviderRef,
    /// That provider's issuer.
    pub issuer: &'e Issuer,
    /// That provider's clients; an empty list lets nobody in.
    pub clients: &'e [Audience],
    /// What the token is presented for.
    pub purpose: Purpose<'e>,
}

/// What a token is presented for.
#[derive(Clone, Copy)]
pub enum Purpose<'p> {
    /// As a bearer proof, at STS or for an exchange: there was no request of ours that it answers.
    Bearer,
    /// As the answer to our own authorization request.
    SignIn {
        /// The request's nonce.
        nonce: &'p str,
        /// The code that was exchanged for the token.
        code: &'p str,
        /// The access token that came with it.
        access_token: &'p str,
        /// How long ago the person may have proved themselves, in seconds, where that was asked for.
        max_age: Option<u32>,
    },
}

/// A well-formed token of which nothing is proven.
pub struct UnverifiedIdToken<'t> {
    /// `header.payload`, as signed.
    signed: &'t str,
    header: Header,
    claims: Map<String, Value>,
    signature: Vec<u8>,
}

impl<'t> UnverifiedIdToken<'t> {
    /// Takes a token apart.
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        Self::parse_as(text, &["JWT"])
    }

    /// Takes a token of these types apart.
    fn parse_as(text: &'t str, types: &[&str]) -> Result<Self, TokenError> {
        if text.len() > MAX_CHARS {
            return Err(TokenError::TooLong { length: text.len() });
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::NotCompact)?;
        if payload.contains('.') {
            return Err(TokenError::NotCompact);
        }
        let header = Header::read(object("header", header)?, types)?;
        let claims = object("payload", payload)?;
        ClaimReader(&claims).issuer()?;
        Ok(Self {
            signed,
            header,
            claims,
            signature: decode("signature", signature)?,
        })
    }

    /// Who the token says it is of: good for finding the registered provider, and nothing else.
    pub fn unverified_issuer(&self) -> &str {
        ClaimReader(&self.claims).issuer().unwrap_or_default()
    }

    /// Proves the token: it is of `expected.issuer`, for one of its clients, and valid at `now`.
    pub async fn verify(
        self,
        expected: &Expected<'_>,
        keys: &KeyCache,
        now: UnixTime,
    ) -> Result<ProvenIdentity, TokenError> {
        let key = self.key(expected.issuer, keys, now).await?;
        self.verify_with(&key, expected, now)
    }

    /// The key that the token names, of the registered issuer, which must be its own.
    async fn key(
        &self,
        issuer: &Issuer,
        keys: &KeyCache,
        now: UnixTime,
    ) -> Result<Arc<Key>, TokenError> {
        self.check_issuer(issuer)?;
        let Header { algorithm, key_id } = &self.header;
        let key = keys.key_for(issuer, key_id.as_deref(), *algorithm, now);
        key.await.map_err(|source| TokenError::Key {
            key_id: Quoted::new(key_id.as_deref().unwrap_or_default()),
            source,
        })
    }

    /// Proves the token with the registered issuer's key that it names.
    fn verify_with(
        self,
        key: &Key,
        expected: &Expected<'_>,
        now: UnixTime,
    ) -> Result<ProvenIdentity, TokenError> {
        let algorithm = self.header.algorithm;
        self.check_signature(key)?;
        let read = ClaimReader(&self.claims);
        read.check_is_no_event()?;
        let subject = read.subject()?;
        let audience = read.client(expected.clients)?;
        let times = read.times(now)?;
        read.check_purpose(&expected.purpose, algorithm, now)?;
        let claims = Claims::from_json(&self.claims, ClaimSource::IdToken);
        check_count(&claims)?;
        Ok(ProvenIdentity {
            provider: expected.provider.clone(),
            issuer: expected.issuer.clone().into(),
            subject,
            audience,
            claims,
            proved_at: now,
            issued_at: times.issued_at,
            expires_at: times.expires_at,
            proof: ProvenIdentity::proof_of(self.signed),
        })
    }

    fn check_signature(&self, key: &Key) -> Result<(), TokenError> {
        let algorithm = self.header.algorithm;
        if key.has_signed(algorithm, self.signed.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(TokenError::Signature)
        }
    }

    fn check_issuer(&self, expected: &Issuer) -> Result<(), TokenError> {
        let found = self.unverified_issuer();
        if found == expected.as_str() {
            return Ok(());
        }
        Err(TokenError::Issuer {
            expected: Quoted::new(expected.as_str()),
            found: Quoted::new(found),
        })
    }
}

impl fmt::Debug for UnverifiedIdToken<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UnverifiedIdToken")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Refuses claims beyond what is kept.
pub(super) fn check_count(claims: &Claims) -> Result<(), TokenError> {
    if claims.is_too_large() {
        return Err(TokenError::TooManyClaims {
            values: claims.value_count(),
            allowed: Claims::MAX_VALUES,
            bytes: Claims::MAX_BYTES,
        });
    }
    Ok(())
}

fn object(part: &'static str, text: &str) -> Result<Map<String, Value>, TokenError> {
    let bytes = decode(part, text)?;
    parse_object(&bytes).map_err(|source| TokenError::Json { part, source })
}

fn decode(part: &'static str, text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Encoding { part })
}
