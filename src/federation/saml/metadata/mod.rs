//! Metadata of identity providers (SAML 2.0 metadata).

mod document;
mod parse;
pub mod record;
pub mod refresh;
pub mod source;

pub use document::{DocumentError, MetadataDocument};
pub use parse::{MetadataError, MetadataNote, ParsedMetadata, check, parse};
pub use record::{
    Binding, Endpoint, EndpointUrl, IdpMetadata, LogoutEndpoint, SigningCertificates,
};
