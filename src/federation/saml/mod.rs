//! SAML 2.0: signed messages in, identities out.

pub mod xml;
