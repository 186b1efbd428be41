//! Our own metadata (SAML metadata 2.0, section 2.4.4), which identity providers are set up with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::domain::EntityId;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::decrypt::{ContentAlgorithm, KeyTransport, OaepHash};
use crate::federation::saml::vocabulary::{Binding, SamlUri};
use crate::federation::saml::writer::XmlWriter;
use crate::federation::saml::xml::namespace::{ENCRYPTION_11, METADATA, PROTOCOL, SIGNATURE};

/// What identity providers must know of us.
#[derive(Debug, Clone)]
pub struct ServiceProviderMetadata<'a> {
    /// Our entity ID.
    pub entity_id: &'a EntityId,
    /// The certificates of every key that signs, will sign or still decrypts, newest first.
    pub certificates: Vec<&'a Certificate>,
    /// The NameID formats that we take, in the order of preference.
    pub name_id_formats: &'a [SamlUri],
    /// Where responses are posted.
    pub assertion_consumer_service: &'a Url,
    /// Where logout requests and responses go, by both bindings.
    pub single_logout_service: &'a Url,
}

impl ServiceProviderMetadata<'_> {
    /// The whole document.
    pub fn to_xml(&self) -> String {
        let mut xml = XmlWriter::default();
        let attributes = [
            ("xmlns:md", METADATA),
            ("xmlns:ds", SIGNATURE),
            ("xmlns:xenc11", ENCRYPTION_11),
            ("entityID", self.entity_id.as_str()),
        ];
        xml.element("md:EntityDescriptor", &attributes, |xml| self.role(xml));
        xml.finish()
    }

    /// It does not say `AuthnRequestsSigned`: requests are signed for those providers that want it.
    fn role(&self, xml: &mut XmlWriter) {
        let attributes = [
            ("WantAssertionsSigned", "true"),
            ("protocolSupportEnumeration", PROTOCOL),
        ];
        xml.element("md:SPSSODescriptor", &attributes, |xml| {
            for certificate in &self.certificates {
                key_descriptor(xml, "signing", certificate);
            }
            for certificate in &self.certificates {
                key_descriptor(xml, "encryption", certificate);
            }
            for binding in Binding::ALL {
                let location = self.single_logout_service.as_str();
                let attributes = [("Binding", binding.as_uri()), ("Location", location)];
                xml.empty("md:SingleLogoutService", &attributes);
            }
            for format in self.name_id_formats {
                xml.text("md:NameIDFormat", &[], format.as_str());
            }
            let attributes = [
                ("Binding", Binding::Post.as_uri()),
                ("Location", self.assertion_consumer_service.as_str()),
                ("index", "0"),
                ("isDefault", "true"),
            ];
            xml.empty("md:AssertionConsumerService", &attributes);
        });
    }
}

fn key_descriptor(xml: &mut XmlWriter, purpose: &'static str, certificate: &Certificate) {
    xml.element("md:KeyDescriptor", &[("use", purpose)], |xml| {
        xml.element("ds:KeyInfo", &[], |xml| {
            xml.element("ds:X509Data", &[], |xml| {
                let certificate = STANDARD.encode(certificate.der());
                xml.text("ds:X509Certificate", &[], &certificate);
            });
        });
        if purpose == "encryption" {
            encryption_methods(xml);
        }
    });
}

/// What we can decrypt: a provider that reads this chooses nothing else.
fn encryption_methods(xml: &mut XmlWriter) {
    const NAME: &str = "md:EncryptionMethod";
    for content in ContentAlgorithm::ALL {
        xml.empty(NAME, &[("Algorithm", content.uri())]);
    }
    for transport in [
        KeyTransport::Oaep(OaepHash::Sha256),
        KeyTransport::OaepMgf1p,
    ] {
        xml.element(NAME, &[("Algorithm", transport.uri())], |xml| {
            transport.write_parameters(xml);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UnixTime;
    use crate::federation::saml::service_provider::ServiceProviderKey;

    #[test]
    fn every_certificate_stands_there_for_signing_and_for_encryption() {
        let now = UnixTime::from_seconds(1_795_254_067);
        let keys = [(); 2].map(|()| ServiceProviderKey::generate("sso.example.com", now).unwrap());
        let metadata = ServiceProviderMetadata {
            entity_id: &"https://sso.example.com/saml/metadata".parse().unwrap(),
            certificates: keys.iter().map(ServiceProviderKey::certificate).collect(),
            name_id_formats: &[
                "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
                "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            ]
            .map(|format| format.parse().unwrap()),
            assertion_consumer_service: &"https://sso.example.com/saml/acs".parse().unwrap(),
            single_logout_service: &"https://sso.example.com/saml/logout".parse().unwrap(),
        };
        let mut xml = metadata.to_xml();
        for (key, name) in keys.iter().zip(["ONE", "TWO"]) {
            xml = xml.replace(&STANDARD.encode(key.certificate().der()), name);
        }
        insta::assert_snapshot!(xml.replace(
            "><", ">
<"
        ));
    }
}
