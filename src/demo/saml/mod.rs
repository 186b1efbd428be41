//! The demo provider's SAML 2.0 side.
//!
//! ```text
//! /saml/sso            request: read and verified with the keys of a registered service provider
//!   └ a person is chosen
//!      └ /saml/sso/choose   sessions: one begins; response: written, signed, encrypted on demand
//!         └ a form that the browser posts to the service provider
//! /saml/start          the same without a request: the provider begins
//! /saml/logout         logout, either side's requests and answers
//! ```
//!
//! Messages are written, signed and read with the product's own means. That others understand them,
//! tests show that drive libraries of others.

mod answers;
mod attributes;
mod idp;
mod keys;
mod logout;
mod metadata;
mod request;
mod response;
mod service_provider;
mod sessions;

pub use idp::{Encryption, SamlIdp, SamlOptions, Signed, StsParty};
pub use request::RequestError;
pub use response::ResponseError;
pub use service_provider::ServiceProviderError;

pub(super) use idp::Asked;
pub(super) use logout::{Answered, Departure, LogoutFault, Success};
pub(super) use request::Incoming;
