//! SAML 2.0: signed messages in, identities out.
//!
//! ```text
//! bytes ─ response::authenticate ─> AuthenticatedResponse ─ accept(expected, now) ─> AcceptedAssertion
//!          xml, signature, c14n      what a provider signed      checks               what holds here and now
//! ```
//!
//! [`prove`] takes both steps, asks for the second opinion, and is the only way to an identity.

mod alarm;
pub mod attributes;
pub mod authentication;
pub mod browser_sso;
mod bulkhead;
pub mod c14n;
pub mod certificate;
pub mod checks;
pub mod claims;
pub mod decrypt;
pub mod decryption_key;
pub mod error;
pub mod instant;
pub mod messages;
pub mod metadata;
pub mod own_addresses;
pub mod posted;
pub mod prove;
pub mod redirect;
pub mod response;
pub mod second_opinion;
pub mod service_provider;
pub mod settings;
pub mod signature;
pub mod signing;
pub mod single_logout;
#[cfg(test)]
pub(crate) mod testing;
mod usual_names;
pub mod vocabulary;
pub(crate) mod writer;
pub mod xml;

pub use error::SamlError;
