//! Identity providers: their messages in, proven identities out.

mod address;
mod algorithm;
pub mod discovery;
pub mod id_token;
pub mod json;
pub mod jwks;
pub mod key_cache;
pub mod outgoing;
mod proven;
mod quoted;

pub use algorithm::Algorithm;
pub use proven::{ProvenIdentity, RedeemError};
pub use quoted::Quoted;
