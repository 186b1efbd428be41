//! What SAML identity providers are set up with: our metadata.

use std::fmt;
use std::sync::Arc;

use super::request::RequestMeta;
use super::unavailable::Unavailable;
use crate::directory::LiveDirectory;
use crate::federation::saml::messages::ServiceProviderMetadata;
use crate::federation::saml::own_addresses::OwnAddresses;
use crate::federation::saml::vocabulary::SamlUri;

/// Tells what we are as a SAML service provider.
#[derive(Clone)]
pub struct OwnMetadata {
    /// Our keys.
    pub directory: Arc<LiveDirectory>,
    /// Where we are.
    pub own: Arc<OwnAddresses>,
    /// The formats of name identifiers that we ask for, in the order of preference; others are taken
    /// too.
    pub name_id_formats: Arc<[SamlUri]>,
}

impl fmt::Debug for OwnMetadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OwnMetadata")
    }
}

impl OwnMetadata {
    /// The document, with the certificate of every key that signs, will sign or still opens.
    ///
    /// # Errors
    /// [`Unavailable`] where the directory or the keys can't be read.
    pub fn document(&self, meta: &RequestMeta) -> Result<String, Unavailable> {
        let snapshot = self.directory.snapshot(meta.now)?;
        let keys = snapshot.service_provider_keys()?;
        let metadata = ServiceProviderMetadata {
            entity_id: &self.own.entity_id,
            certificates: keys.published(meta.now).collect(),
            name_id_formats: &self.name_id_formats,
            assertion_consumer_service: &self.own.assertion_consumer_service,
            single_logout_service: &self.own.single_logout_service,
        };
        Ok(metadata.to_xml())
    }
}
