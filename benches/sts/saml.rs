//! The SAML provider: a key, metadata for the node, and responses that it signed beforehand.

use std::path::Path;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rolegate::clock::{Clock as _, SystemClock};
use rolegate::domain::UnixTime;
use rolegate::federation::saml::certificate::Certificate;
use rolegate::federation::saml::signing::{PLACEHOLDER, SigningKey};

use crate::Outcome;

/// Where the provider's responses go, and for whom they are: as AWS's own endpoint is called.
pub const RECIPIENT: &str = "https://signin.aws.amazon.com/saml";
/// See [`RECIPIENT`].
pub const AUDIENCE: &str = "urn:amazon:webservices";
/// The file with the public key, for the bare server.
const PUBLISHED: &str = "saml-key.der";
const ENTITY_ID: &str = "https://idp.example.com/saml";
/// The longest that a response takes from being signed to being accepted, in seconds.
const LIFETIME: i64 = 270;

/// A provider that signs.
pub struct SamlProvider {
    key: SigningKey,
    certificate: Certificate,
}

/// The key in the form in which [`SamlProvider::publish`] wrote it: a `SubjectPublicKeyInfo`.
pub fn published_key(folder: &Path) -> Outcome<Vec<u8>> {
    Ok(std::fs::read(folder.join(PUBLISHED))?)
}

impl SamlProvider {
    /// A provider with a new RSA key of 2,048 bits.
    pub fn new() -> Outcome<Self> {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let names = ["idp.example.com".to_owned()];
        let certificate = CertificateParams::new(names)?.self_signed(&pair)?;
        Ok(Self {
            key: SigningKey::from_pkcs8(&pair.serialize_der())?,
            certificate: Certificate::from_der(certificate.der())?,
        })
    }

    /// Writes the public key for the bare server.
    pub fn publish(&self, folder: &Path) -> Outcome<()> {
        let key = self.certificate.key().public_key_info();
        Ok(std::fs::write(folder.join(PUBLISHED), key)?)
    }

    /// Its metadata.
    pub fn metadata(&self) -> String {
        [
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"",
            ENTITY_ID,
            "\"><IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">\
             <X509Data><X509Certificate>",
            &String::from(self.certificate.clone()),
            "</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
             Location=\"https://idp.example.com/sso\"/></IDPSSODescriptor></EntityDescriptor>",
        ]
        .concat()
    }

    /// So many responses for `role` of `provider`, each about another person, made now and good for
    /// some minutes.
    pub fn responses(&self, count: u32, role: &str, provider: &str) -> Outcome<Vec<String>> {
        let count = usize::try_from(count)?;
        let now = SystemClock.now();
        let pair = [role, ",", provider].concat();
        let numbers: Vec<usize> = (0..count).collect();
        let threads = std::thread::available_parallelism()?.get();
        std::thread::scope(|scope| {
            let shares: Vec<_> = numbers
                .chunks(count.div_ceil(threads))
                .map(|share| scope.spawn(|| self.sign_all(share, &pair, now)))
                .collect();
            let mut responses = Vec::with_capacity(count);
            for share in shares {
                responses.extend(share.join().map_err(|_| "signing failed")??);
            }
            Ok(responses)
        })
    }

    fn sign_all(&self, numbers: &[usize], pair: &str, now: UnixTime) -> Outcome<Vec<String>> {
        let sign = |number: &usize| {
            let draft = draft(*number, pair, now)?;
            Ok(self.key.sign_element(&draft, &assertion_id(*number))?)
        };
        numbers.iter().map(sign).collect()
    }
}

fn assertion_id(number: usize) -> String {
    format!("_5c0d7a421c9b4f6e8a3d{number:012}")
}

/// A response as large identity providers make them, before it is signed.
fn draft(number: usize, pair: &str, now: UnixTime) -> Outcome<String> {
    let time = |seconds: i64| -> Outcome<String> {
        Ok(jiff::Timestamp::from_second(now.seconds() + seconds)?.to_string())
    };
    let groups: String = (0..24)
        .map(|group| value(&format!("engineering-team-{group:02}")))
        .collect();
    let attributes = [
        attribute("https://aws.amazon.com/SAML/Attributes/Role", &value(pair)),
        attribute(
            "https://aws.amazon.com/SAML/Attributes/RoleSessionName",
            &value(&format!("ines.almeida.{number:08}")),
        ),
        attribute("displayName", &value("Inés Almeida")),
        attribute(
            "mail",
            &value(&format!("ines.almeida.{number:08}@example.com")),
        ),
        attribute("groups", &groups),
        attribute("costCenter", &value("4711")),
    ]
    .concat();
    Ok(include_str!("response.xml")
        .replace('\n', "")
        .replace("{signature}", PLACEHOLDER)
        .replace("{number}", &format!("{number:012}"))
        .replace("{assertion}", &assertion_id(number))
        .replace("{issuer}", ENTITY_ID)
        .replace("{recipient}", RECIPIENT)
        .replace("{audience}", AUDIENCE)
        .replace("{now}", &time(0)?)
        .replace("{until}", &time(LIFETIME)?)
        .replace("{session}", &time(3600)?)
        .replace("{attributes}", &attributes))
}

fn attribute(name: &str, values: &str) -> String {
    [
        "<saml:Attribute Name=\"",
        name,
        "\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\">",
        values,
        "</saml:Attribute>",
    ]
    .concat()
}

fn value(text: &str) -> String {
    [
        "<saml:AttributeValue xsi:type=\"xs:string\">",
        text,
        "</saml:AttributeValue>",
    ]
    .concat()
}
