//! What the demo provider answers to, an endpoint a file.

pub(super) mod authorize;
pub(super) mod discovery;
pub(super) mod home;
pub(super) mod mint;
pub(super) mod publish;
pub(super) mod saml;
pub(super) mod saml_logout;
pub(super) mod sign_out;
pub(super) mod token;
pub(super) mod userinfo;
