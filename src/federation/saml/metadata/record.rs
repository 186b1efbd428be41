//! What is known of a SAML identity provider: what its metadata said, checked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{EntityId, InvalidValue, UnixTime};
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::vocabulary::SamlUri;

pub use crate::federation::saml::vocabulary::{Binding, EndpointUrl};

/// An identity provider as its metadata describes it (SAML 2.0 metadata, section 2.4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdpMetadata {
    /// What it is called.
    pub entity_id: EntityId,
    /// What its messages are signed with.
    pub signing_certificates: SigningCertificates,
    /// Where sign-ins are asked for, in the order of preference.
    pub single_sign_on: Vec<Endpoint>,
    /// Where sign-outs are told, in the order of preference.
    pub single_logout: Vec<LogoutEndpoint>,
    /// Whether requests for sign-ins must be signed (`WantAuthnRequestsSigned`).
    pub wants_signed_requests: bool,
    /// From when on the metadata counts no more.
    pub valid_until: Option<UnixTime>,
    /// The formats of name identifiers that it can give.
    pub name_id_formats: Vec<SamlUri>,
}

impl IdpMetadata {
    /// Where a sign-in is asked for by this binding.
    pub fn sign_on_at(&self, binding: Binding) -> Option<&EndpointUrl> {
        let mut endpoints = self.single_sign_on.iter();
        let found = endpoints.find(|endpoint| endpoint.binding == binding);
        found.map(|endpoint| &endpoint.location)
    }

    /// Where a sign-out is told by this binding.
    pub fn logout_at(&self, binding: Binding) -> Option<&LogoutEndpoint> {
        let mut endpoints = self.single_logout.iter();
        endpoints.find(|endpoint| endpoint.binding == binding)
    }

    /// Whether the metadata still counts.
    pub fn is_valid(&self, now: UnixTime) -> bool {
        self.valid_until.is_none_or(|end| now < end)
    }
}

/// The certificates that a provider's messages are signed with: 1 to 16, each once.
///
/// Without one nothing could be checked, so that there is no such list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Certificate>", into = "Vec<Certificate>")]
pub struct SigningCertificates(Arc<[Certificate]>);

impl SigningCertificates {
    /// At most so many.
    pub const MAX: usize = 16;

    /// The certificates, in the order of the metadata.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Certificate> {
        self.0.iter()
    }

    /// The certificates, in the order of the metadata.
    pub fn as_slice(&self) -> &[Certificate] {
        &self.0
    }
}

impl TryFrom<Vec<Certificate>> for SigningCertificates {
    type Error = InvalidValue;

    fn try_from(certificates: Vec<Certificate>) -> Result<Self, Self::Error> {
        let mut kept: Vec<Certificate> = Vec::new();
        for certificate in certificates {
            if !kept.contains(&certificate) {
                kept.push(certificate);
            }
        }
        if (1..=Self::MAX).contains(&kept.len()) {
            Ok(Self(kept.into()))
        } else {
            Err(InvalidValue::new(
                "signing certificates",
                "a list of 1 to 16",
            ))
        }
    }
}

impl From<SigningCertificates> for Vec<Certificate> {
    fn from(certificates: SigningCertificates) -> Self {
        certificates.0.to_vec()
    }
}

/// Where messages of one binding go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// How they travel.
    pub binding: Binding,
    /// Where to.
    pub location: EndpointUrl,
}

/// Where messages about sign-outs go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogoutEndpoint {
    /// How they travel.
    pub binding: Binding,
    /// Where requests go to.
    pub location: EndpointUrl,
    /// Where responses go to, if elsewhere (SAML 2.0 metadata, section 2.2.2).
    pub response_location: Option<EndpointUrl>,
}

impl LogoutEndpoint {
    /// Where responses go to.
    pub fn responses(&self) -> &EndpointUrl {
        self.response_location.as_ref().unwrap_or(&self.location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificates(count: u64) -> Vec<Certificate> {
        let key = rcgen::KeyPair::generate().unwrap();
        let one = |number: u64| {
            let mut params = rcgen::CertificateParams::default();
            params.serial_number = Some(number.into());
            let made = params.self_signed(&key).unwrap();
            Certificate::from_der(made.der()).unwrap()
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_provider_has_one_to_sixteen_certificates() {
        let invalid = |count| SigningCertificates::try_from(certificates(count)).is_err();
        assert!(invalid(0) && !invalid(1) && !invalid(16) && invalid(17));
    }

    #[test]
    fn a_certificate_that_is_listed_twice_counts_once() {
        let mut twice = certificates(1);
        twice.extend(twice.clone());
        assert_eq!(
            SigningCertificates::try_from(twice).unwrap().iter().len(),
            1
        );
    }

    #[test]
    fn a_record_reads_what_it_writes() {
        let endpoint = |text: &str| text.parse::<EndpointUrl>().unwrap();
        let metadata = IdpMetadata {
            entity_id: "urn:idp".parse().unwrap(),
            signing_certificates: certificates(2).try_into().unwrap(),
            single_sign_on: vec![Endpoint {
                binding: Binding::Post,
                location: endpoint("https://idp.example.com/sso"),
            }],
            single_logout: vec![LogoutEndpoint {
                binding: Binding::Redirect,
                location: endpoint("https://idp.example.com/slo"),
                response_location: Some(endpoint("https://idp.example.com/slo/answer")),
            }],
            wants_signed_requests: true,
            valid_until: Some(UnixTime::from_seconds(9)),
            name_id_formats: vec!["urn:x".parse().unwrap()],
        };
        let written = serde_json::to_string(&metadata).unwrap();
        assert_eq!(
            serde_json::from_str::<IdpMetadata>(&written).unwrap(),
            metadata
        );
        assert!(metadata.sign_on_at(Binding::Post).is_some());
        assert_eq!(metadata.sign_on_at(Binding::Redirect), None);
        let logout = metadata.logout_at(Binding::Redirect).unwrap();
        assert_eq!(
            logout.responses().as_str(),
            "https://idp.example.com/slo/answer"
        );
        assert_eq!(metadata.logout_at(Binding::Post), None);
        assert!(metadata.is_valid(UnixTime::from_seconds(8)));
        assert!(!metadata.is_valid(UnixTime::from_seconds(9)));
    }
}
