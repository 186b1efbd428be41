//! Encrypted assertions.

use std::sync::LazyLock;

use rolegate::entropy::SystemEntropy;
use rolegate::federation::saml::decrypt::{
    ContentAlgorithm, EncryptedAssertion, KeyTransport, OaepHash,
};
use rolegate::federation::saml::service_provider::ServiceProviderKey;
use rolegate::federation::saml::xml::{Document, Profile};

use super::scene::NOW;

static OURS: LazyLock<ServiceProviderKey> =
    LazyLock::new(|| ServiceProviderKey::generate("sso.example.com", NOW).unwrap());

/// An element is refused, or is the same after it was written. What is no XML is encrypted, and
/// decrypted as what it was.
pub fn run(bytes: &[u8]) {
    if bytes.first() != Some(&b'<') {
        return encrypt(bytes);
    }
    let Ok(document) = Document::parse(bytes, Profile::MESSAGE) else {
        return;
    };
    let Ok(encrypted) = EncryptedAssertion::read(document.root()) else {
        return;
    };
    let written = encrypted.to_xml();
    let written = Document::parse(written.as_bytes(), Profile::MESSAGE).unwrap();
    assert_eq!(EncryptedAssertion::read(written.root()).unwrap(), encrypted);
    // Nobody has encrypted to a key that was drawn at the start.
    assert!(encrypted.decrypt([&*OURS], &SystemEntropy).is_err());
}

fn encrypt(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let content = ContentAlgorithm::ALL[text.len() % 2];
    let transport = match text.len() % 5 {
        4 => KeyTransport::OaepMgf1p,
        hash => KeyTransport::Oaep(OaepHash::ALL[hash]),
    };
    let recipient = OURS.certificate();
    let how = (content, transport);
    let encrypted = EncryptedAssertion::encrypt(text, recipient, how, &SystemEntropy).unwrap();
    let written = encrypted.to_xml();
    let written = Document::parse(written.as_bytes(), Profile::CANONICAL).unwrap();
    let encrypted = EncryptedAssertion::read(written.root()).unwrap();
    let decrypted = encrypted.decrypt([&*OURS], &SystemEntropy).unwrap();
    assert_eq!(decrypted.expose(), text);
}
