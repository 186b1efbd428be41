//! Where we are as a SAML service provider.

use url::Url;

use crate::domain::{EntityId, InvalidValue};

/// What providers know us by, below the public URL: one name and two addresses, whichever connection
/// they serve. No request changes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAddresses {
    /// Our entity ID, `{public_url}/saml/metadata`, where our metadata is.
    pub entity_id: EntityId,
    /// Where browsers post responses: `{public_url}/saml/acs`.
    pub assertion_consumer_service: Url,
    /// Where logout messages come to, by both bindings: `{public_url}/saml/slo`.
    pub single_logout_service: Url,
}

impl OwnAddresses {
    /// The addresses below a public URL, which has no path.
    ///
    /// # Errors
    /// Where the entity ID would be longer than one may be.
    pub fn at(public_url: &Url) -> Result<Self, InvalidValue> {
        let below = |path: &str| {
            let mut url = public_url.clone();
            url.set_path(path);
            url.set_query(None);
            url.set_fragment(None);
            url
        };
        Ok(Self {
            entity_id: below("/saml/metadata").as_str().parse()?,
            assertion_consumer_service: below("/saml/acs"),
            single_logout_service: below("/saml/slo"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_below_the_public_url() {
        let own = OwnAddresses::at(&"https://sso.example.com:8443".parse().unwrap()).unwrap();
        assert_eq!(
            own.entity_id.as_str(),
            "https://sso.example.com:8443/saml/metadata"
        );
        let acs = own.assertion_consumer_service;
        assert_eq!(acs.as_str(), "https://sso.example.com:8443/saml/acs");
        let slo = own.single_logout_service;
        assert_eq!(slo.as_str(), "https://sso.example.com:8443/saml/slo");
    }
}
