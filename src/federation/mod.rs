//! Identity providers: their messages in, proven identities out.
//!
//! ```text
//! bearer id_token (STS, exchange)   UnverifiedIdToken::parse ─> OidcProvider::prove ─┐
//! browser                           RelyingParty::begin … finish ────────────────┼─> ProvenIdentity
//!                                                                                │
//!            redeem (browser) | unless_redeemed | into_federated (STS)  <────────┘
//!                └─> FederatedIdentity
//!
//! bearer access token (STS)         UnverifiedAccessToken::parse ─> TokenInspector::prove ─> ProvenIdentity
//! ```
//!
//! A provider that can't be asked is always told apart from a message that is wrong.

pub mod access_token;
mod address;
mod algorithm;
pub mod connection;
pub mod discovery;
pub mod id_token;
pub mod json;
pub mod jwks;
pub mod key_cache;
pub mod known;
pub mod oidc_logout;
pub mod outbound;
pub mod outgoing;
mod proven;
mod quoted;
pub mod relying_party;
pub mod saml;
pub mod secret_file;
pub mod sign_in;
#[cfg(test)]
pub(crate) mod testing;

pub use address::BlockedAddress;
pub use algorithm::Algorithm;
pub use proven::{ProvenIdentity, RedeemError};
pub use quoted::Quoted;

use self::id_token::{Expected, Purpose, TokenError, UnverifiedIdToken};
use self::key_cache::KeyCache;
use crate::domain::{Audience, Issuer, ProviderRef, UnixTime};

/// A registered identity provider, by its protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// OpenID Connect.
    Oidc(OidcProvider),
}

/// A registered OpenID Connect provider: one of an account, or the one behind a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// What it is registered as.
    pub reference: ProviderRef,
    /// Its issuer.
    pub issuer: Issuer,
    /// The clients whose tokens it may vouch with; an empty list lets nobody in.
    pub clients: Vec<Audience>,
}

impl OidcProvider {
    /// Proves a token that somebody presents as a bearer, at STS or for an exchange.
    pub async fn prove(
        &self,
        token: UnverifiedIdToken<'_>,
        keys: &KeyCache,
        now: UnixTime,
    ) -> Result<ProvenIdentity, TokenError> {
        let expected = Expected {
            provider: &self.reference,
            issuer: &self.issuer,
            clients: &self.clients,
            purpose: Purpose::Bearer,
        };
        token.verify(&expected, keys, now).await
    }
}
