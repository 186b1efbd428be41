//! S40: nobody learns why an encrypted assertion doesn't open.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::scene::{Refusal, Scene, Signed, assertion_of, replaced, without_signature};

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
/// How many of each; the audit log has a line for each of a hundred refusals.
const VARIANTS: u8 = 20;

fn encrypted(content: &str, transport: &str, key: &[u8], cipher: &[u8]) -> String {
    let (key, cipher) = (STANDARD.encode(key), STANDARD.encode(cipher));
    format!(
        "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:x=\"{XENC}\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <x:EncryptedData Type=\"{XENC}Element\"><x:EncryptionMethod Algorithm=\"{content}\"/><ds:KeyInfo><x:EncryptedKey>\
         <x:EncryptionMethod Algorithm=\"{transport}\"/><x:CipherData><x:CipherValue>{key}</x:CipherValue></x:CipherData></x:EncryptedKey></ds:KeyInfo>\
         <x:CipherData><x:CipherValue>{cipher}</x:CipherValue></x:CipherData></x:EncryptedData></saml:EncryptedAssertion>"
    )
}

#[test]
fn s40_every_failure_to_decrypt_is_answered_alike() {
    let scene = Scene::new();
    scene.accepts_good_ones();
    let good = scene.good(Signed::Response);
    let refusal = Refusal::invalid("decryption", "The assertion could not be decrypted.");
    let unsigned = without_signature(&good);
    let mut texts = BTreeSet::new();
    for (content, transport) in [(CBC, RSA_1_5), (CBC, OAEP), (GCM, RSA_1_5), (GCM, OAEP)] {
        for variant in 0..VARIANTS {
            let key: Vec<u8> = (0..=255)
                .map(|byte: u8| byte.wrapping_mul(variant))
                .collect();
            let cipher: Vec<u8> = vec![variant; 16 * usize::from(variant % 5)];
            let assertion = encrypted(content, transport, &key, &cipher);
            let response = replaced(&unsigned, assertion_of(&unsigned), &assertion);
            let answer = scene.refuses(content, &response, &refusal);
            texts.insert((answer.status, answer.code, answer.message));
        }
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
    let no_key = replaced(
        &unsigned,
        assertion_of(&unsigned),
        "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>",
    );
    scene.refuses("nothing in it", &no_key, &refusal);
}
