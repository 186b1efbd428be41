//! The demo provider's own metadata (SAML 2.0 metadata, section 2.4.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::idp::Addresses;
use super::response::PERSISTENT;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::vocabulary::Binding;
use crate::federation::saml::writer::XmlWriter;
use crate::federation::saml::xml::namespace::{METADATA, PROTOCOL, SIGNATURE};

/// The whole document. Requests must be signed.
pub(super) fn document(addresses: &Addresses, certificates: &[Certificate]) -> String {
    let mut xml = XmlWriter::default();
    let attributes = [
        ("xmlns:md", METADATA),
        ("xmlns:ds", SIGNATURE),
        ("entityID", addresses.entity_id.as_str()),
    ];
    xml.element("md:EntityDescriptor", &attributes, |xml| {
        let attributes = [
            ("WantAuthnRequestsSigned", "true"),
            ("protocolSupportEnumeration", PROTOCOL),
        ];
        xml.element("md:IDPSSODescriptor", &attributes, |xml| {
            role(xml, addresses, certificates);
        });
    });
    xml.finish()
}

/// The children in the order of the schema.
fn role(xml: &mut XmlWriter, addresses: &Addresses, certificates: &[Certificate]) {
    for certificate in certificates {
        key(xml, certificate);
    }
    for binding in Binding::ALL {
        let location = ("Location", addresses.logout.as_str());
        xml.empty(
            "md:SingleLogoutService",
            &[("Binding", binding.as_uri()), location],
        );
    }
    xml.text("md:NameIDFormat", &[], PERSISTENT);
    for binding in Binding::ALL {
        let location = ("Location", addresses.sign_on.as_str());
        xml.empty(
            "md:SingleSignOnService",
            &[("Binding", binding.as_uri()), location],
        );
    }
}

fn key(xml: &mut XmlWriter, certificate: &Certificate) {
    xml.element("md:KeyDescriptor", &[("use", "signing")], |xml| {
        xml.element("ds:KeyInfo", &[], |xml| {
            xml.element("ds:X509Data", &[], |xml| {
                let certificate = STANDARD.encode(certificate.der());
                xml.text("ds:X509Certificate", &[], &certificate);
            });
        });
    });
}
