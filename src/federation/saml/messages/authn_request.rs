//! The request that begins a sign-in (SAML core 2.0, section 3.4.1).

use url::Url;

use super::{Envelope, SignaturePlace};
use crate::federation::saml::settings::RequestedAuthnContext;
use crate::federation::saml::signing::{SigningError, SigningKey};
use crate::federation::saml::vocabulary::{Binding, SamlUri};
use crate::federation::saml::writer::XmlWriter;

/// Asks an identity provider to sign somebody in.
#[derive(Debug, Clone, Copy)]
pub struct AuthnRequest<'a> {
    /// What every message says.
    pub envelope: Envelope<'a>,
    /// Where the response shall be posted.
    pub assertion_consumer_service: &'a Url,
    /// The format of the NameID that is asked for; `None` leaves it to the provider.
    pub name_id_format: Option<&'a SamlUri>,
    /// Whether the person must prove who they are again, even where the provider has a session.
    pub force_authn: bool,
    /// How the person must have signed in.
    pub requested_context: Option<&'a RequestedAuthnContext>,
}

impl AuthnRequest<'_> {
    /// The message without a signature, for the redirect binding.
    pub fn to_xml(&self) -> String {
        self.draft(SignaturePlace::Outside)
    }

    /// The message with a signature inside, for the POST binding.
    pub fn to_signed_xml(&self, key: &SigningKey) -> Result<String, SigningError> {
        let draft = self.draft(SignaturePlace::Inside);
        key.sign_element(&draft, self.envelope.id.as_str())
    }

    fn draft(&self, place: SignaturePlace) -> String {
        let mut attributes = vec![
            ("ProtocolBinding", Binding::Post.as_uri()),
            (
                "AssertionConsumerServiceURL",
                self.assertion_consumer_service.as_str(),
            ),
        ];
        if self.force_authn {
            attributes.push(("ForceAuthn", "true"));
        }
        self.envelope
            .write(("samlp:AuthnRequest", place), &attributes, |xml| {
                self.write(xml);
            })
    }

    fn write(&self, xml: &mut XmlWriter) {
        let mut policy = vec![("AllowCreate", "true")];
        policy.extend(
            self.name_id_format
                .map(|format| ("Format", format.as_str())),
        );
        xml.empty("samlp:NameIDPolicy", &policy);
        let Some(context) = self.requested_context else {
            return;
        };
        let comparison = [("Comparison", context.comparison().as_str())];
        xml.element("samlp:RequestedAuthnContext", &comparison, |xml| {
            for class in context.classes() {
                xml.text("saml:AuthnContextClassRef", &[], class.as_str());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UnixTime;

    #[test]
    fn asks_for_all_that_is_set_in_the_order_of_the_schema() {
        let context = r#"{"classes": ["urn:a", "urn:\"b\""], "comparison": "minimum"}"#;
        let context: RequestedAuthnContext = serde_json::from_str(context).unwrap();
        let request = AuthnRequest {
            envelope: Envelope {
                id: &"_00".parse().unwrap(),
                issue_instant: UnixTime::from_seconds(1_795_254_067),
                destination: &"https://idp.example/sso?a=1&b=2".parse().unwrap(),
                issuer: &"https://sso.example.com/saml/metadata".parse().unwrap(),
            },
            assertion_consumer_service: &"https://sso.example.com/saml/acs".parse().unwrap(),
            name_id_format: Some(
                &"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
                    .parse()
                    .unwrap(),
            ),
            force_authn: true,
            requested_context: Some(&context),
        };
        insta::assert_snapshot!(request.to_xml().replace("><", ">\n<"), @r##"
        <samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_00" Version="2.0" IssueInstant="2026-11-21T09:41:07Z" Destination="https://idp.example/sso?a=1&amp;b=2" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AssertionConsumerServiceURL="https://sso.example.com/saml/acs" ForceAuthn="true">
        <saml:Issuer>https://sso.example.com/saml/metadata</saml:Issuer>
        <samlp:NameIDPolicy AllowCreate="true" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">
        </samlp:NameIDPolicy>
        <samlp:RequestedAuthnContext Comparison="minimum">
        <saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>
        <saml:AuthnContextClassRef>urn:&quot;b&quot;</saml:AuthnContextClassRef>
        </samlp:RequestedAuthnContext>
        </samlp:AuthnRequest>
        "##);
    }

    #[test]
    fn asks_for_nothing_that_is_not_set() {
        let request = AuthnRequest {
            envelope: Envelope {
                id: &"_00".parse().unwrap(),
                issue_instant: UnixTime::from_seconds(1_795_254_067),
                destination: &"https://idp.example/sso".parse().unwrap(),
                issuer: &"https://sso.example.com/saml/metadata".parse().unwrap(),
            },
            assertion_consumer_service: &"https://sso.example.com/saml/acs".parse().unwrap(),
            name_id_format: None,
            force_authn: false,
            requested_context: None,
        };
        let xml = request.to_xml();
        for absent in ["ForceAuthn", "Format=", "RequestedAuthnContext"] {
            assert!(!xml.contains(absent), "{xml}");
        }
    }

    #[test]
    fn a_posted_request_carries_its_signature_behind_the_issuer() {
        use crate::federation::saml::service_provider::ServiceProviderKey;
        use crate::federation::saml::signature::Enveloped;
        use crate::federation::saml::xml::{Document, Profile};

        let now = UnixTime::from_seconds(1_795_254_067);
        let key = ServiceProviderKey::generate("sso.example.com", now).unwrap();
        let request = AuthnRequest {
            envelope: Envelope {
                id: &"_00".parse().unwrap(),
                issue_instant: now,
                destination: &"https://idp.example/sso".parse().unwrap(),
                issuer: &"https://sso.example.com/saml/metadata".parse().unwrap(),
            },
            assertion_consumer_service: &"https://sso.example.com/saml/acs".parse().unwrap(),
            name_id_format: None,
            force_authn: false,
            requested_context: None,
        };
        let signed = request.to_signed_xml(key.signing()).unwrap();
        assert!(signed.contains("</saml:Issuer><ds:Signature "), "{signed}");
        let document = Document::parse(signed.as_bytes(), Profile::MESSAGE).unwrap();
        let signature = Enveloped::find(document.root()).unwrap().unwrap();
        let certificates = [key.certificate().clone()];
        let verified = signature.verify(&certificates).unwrap();
        // What was signed is what is sent without a signature, in its canonical form.
        let names = |xml: &[u8]| -> Vec<String> {
            let document = Document::parse(xml, Profile::MESSAGE).unwrap();
            let children = document.root().children();
            children
                .map(|child| child.local_name().to_owned())
                .collect()
        };
        assert_eq!(names(verified.bytes()), names(request.to_xml().as_bytes()));
    }
}
