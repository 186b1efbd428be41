//! SAML 2.0: signed messages in, identities out.

pub mod c14n;
pub mod certificate;
pub mod xml;
