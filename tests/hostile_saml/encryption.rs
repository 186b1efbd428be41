//! S40: nobody learns why an encrypted assertion doesn't open.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::entropy::{SystemEntropy, draw};
use rolegate::federation::saml::certificate::Certificate;
use rolegate::federation::saml::decrypt::{ContentAlgorithm, EncryptedAssertion, KeyTransport};

use crate::scene::{
    ADMIN, PERSON, Refusal, STRANGER, Scene, Signed, assertion_of, cut, entity, replaced,
    without_signature,
};
use crate::support::http::Request;

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
/// How many of each that are looked up in the audit log, which has a line for each of a hundred refusals.
const VARIANTS: u8 = 20;
/// How many of each that are compared with one another.
const MANY: usize = 1_000;

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
    let refusal = Refusal::sealed("decryption");
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

/// A good response whose assertion is encrypted to the node.
fn encrypted_to(scene: &Scene) -> String {
    let plain = scene.good(Signed::Assertion);
    with_sealed(scene, assertion_of(&plain))
}

/// A response of now in which this is encrypted to the node, by a certificate of its metadata.
fn with_sealed(scene: &Scene, content: &str) -> String {
    let published = Request::get(scene.node.address, "/saml/metadata")
        .send()
        .text();
    let (_, published) = published.split_once("use=\"encryption\"").unwrap();
    let certificate = cut(published, "<ds:X509Certificate>", "</ds:X509Certificate>");
    let certificate = certificate.trim_start_matches("<ds:X509Certificate>");
    let certificate = STANDARD.decode(certificate.trim_end_matches("</ds:X509Certificate>"));
    let certificate = Certificate::from_der(&certificate.unwrap()).unwrap();
    let how = (ContentAlgorithm::Aes256Gcm, KeyTransport::OaepMgf1p);
    let sealed = EncryptedAssertion::encrypt(content, &certificate, how, &SystemEntropy);
    let envelope = scene.good(Signed::Nothing);
    replaced(
        &envelope,
        assertion_of(&envelope),
        &sealed.unwrap().to_xml(),
    )
}

/// The text with a value of base64 changed: the wrapped key, which is the first, or the content.
fn changed(text: &str, number: usize, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut values = text.split("<xenc:CipherValue>").skip(1);
    let (value, _) = values.nth(number).unwrap().split_once('<').unwrap();
    let mut bytes = STANDARD.decode(value).unwrap();
    change(&mut bytes);
    replaced(text, value, &STANDARD.encode(bytes))
}

/// What an answer says beside its own number.
fn told(scene: &Scene, response: &str) -> String {
    let answer = scene.ask(&STANDARD.encode(response));
    assert_eq!(answer.credentials, None);
    let body = answer.body.replace(&answer.request_id, "");
    format!("{} {body}", answer.status)
}

#[test]
fn s40_a_thousand_failures_of_each_kind_are_told_alike() {
    const CBC_256: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
    let scene = Scene::new();
    let good = encrypted_to(&scene);
    scene.accepts("encrypted", &good);
    let cbc = replaced(&good, GCM, CBC_256);
    let older = replaced(&good, OAEP, RSA_1_5);
    let flip = |variant: usize| {
        move |bytes: &mut Vec<u8>| {
            let place = variant % bytes.len();
            bytes[place] ^= 1 << (variant % 8);
        }
    };
    let random_content = |_| {
        let random: [u8; 64] = draw(&SystemEntropy).unwrap();
        changed(&cbc, 1, |content| *content = random.to_vec())
    };
    let flipped_content = |variant| changed(&good, 1, flip(variant));
    let flipped_key = |variant| changed(&good, 0, flip(variant));
    let padding_of_key = |variant| changed(&older, 0, flip(variant));
    let kinds: [&(dyn Fn(usize) -> String + Sync); 4] = [
        &random_content,
        &flipped_content,
        &flipped_key,
        &padding_of_key,
    ];
    let scene = &scene;
    let texts: BTreeSet<String> = std::thread::scope(|scope| {
        let all = kinds.map(|kind| {
            let of_kind = move || (0..MANY).map(|variant| told(scene, &kind(variant)));
            scope.spawn(move || of_kind().collect::<BTreeSet<_>>())
        });
        let all = all.into_iter().flat_map(|kind| kind.join().unwrap());
        all.collect()
    });
    assert_eq!(texts.len(), 1, "{texts:?}");
    scene.accepts("encrypted", &good);
}

/// Whoever holds a message that is encrypted to the node, and not what is in it, learns nothing of that:
/// not whether it opens, what it is, whom it is about or for, nor until when it is good.
#[test]
fn s40_what_opens_and_is_not_signed_inside_is_told_as_what_does_not_open() {
    let scene = Scene::new();
    scene.accepts("encrypted", &encrypted_to(&scene));
    let signed = scene.good(Signed::Assertion);
    let unsigned = scene.good(Signed::Nothing);
    let (signed, unsigned) = (assertion_of(&signed), assertion_of(&unsigned));
    let expired = unsigned.replace("NotOnOrAfter=\"2", "NotOnOrAfter=\"1");
    let by_stranger = STRANGER.sign(&scene.draft(Signed::Assertion), &["_a1"]);
    let holding = format!("{signed}</saml:Assertion>");
    let contents = [
        ("xml", "no XML".to_owned()),
        ("xml", String::new()),
        ("message", "<Secret/>".to_owned()),
        ("message", scene.good(Signed::Both)),
        (
            "assertion",
            replaced(unsigned, "</saml:Assertion>", &holding),
        ),
        ("signature", unsigned.to_owned()),
        ("signature", expired),
        (
            "signature",
            replaced(unsigned, &scene.audience(), "urn:other"),
        ),
        (
            "signature",
            unsigned.replace(&scene.acs(), "https://other.example.com/acs"),
        ),
        ("signature", unsigned.replace(&entity(0), &entity(1))),
        ("signature", signed.replace(PERSON, ADMIN)),
        ("signature", assertion_of(&by_stranger).to_owned()),
    ];
    let good = encrypted_to(&scene);
    let closed = changed(&good, 0, |key| key[0] ^= 1);
    let expected = told(&scene, &closed);
    for (check, content) in contents {
        let response = with_sealed(&scene, &content);
        let answer = scene.refuses(&content, &response, &Refusal::sealed(check));
        let body = answer.body.replace(&answer.request_id, "");
        assert_eq!(format!("{} {body}", answer.status), expected, "{content}");
    }
    // What the provider has signed is no secret between it and whoever brings it.
    let audience = scene.signed_with(&format!(">{}<", scene.audience()), ">urn:other<");
    let response = with_sealed(&scene, assertion_of(&audience));
    scene.refuses("signed", &response, &Refusal::audience("audience"));
}
