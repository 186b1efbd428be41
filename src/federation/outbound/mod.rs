//! Accounts as issuers: tokens that say to others who calls here (`GetWebIdentityToken`), and the keys
//! that others verify them by.
//!
//! ```text
//! WebIdentityKeys::signing ── WebIdentityKey::sign(Claims) ──> a JWT
//!               └ published ──> JwkSet, which verifiers fetch
//! ```
//! All accounts share the keys, as they share the gateway; a verifier tells accounts apart by `iss`.

mod jwk;
mod keys;
mod token;

pub use jwk::{JwkSet, SigningAlgorithm};
pub use keys::{WebIdentityKey, WebIdentityKeyError, WebIdentityKeys};
pub use token::{AwsClaims, Claims, MAX_PAYLOAD_BYTES, NotSigned};
