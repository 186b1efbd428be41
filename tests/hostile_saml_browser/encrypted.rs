//! Assertions that are encrypted to the node, posted to the address for responses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::entropy::SystemEntropy;
use rolegate::federation::saml::certificate::Certificate;
use rolegate::federation::saml::decrypt::{
    ContentAlgorithm, EncryptedAssertion, KeyTransport, OaepHash,
};

use crate::scene::{ADMIN, OTHERS, PARTNERS, PERSON, Provider, Scene, begin, sign};

const START: &str = "<saml:Assertion ";
const END: &str = "</saml:Assertion>";
const NAMESPACE: &str = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ";

/// What stands before the assertion, the assertion, and what stands behind it.
fn parts(response: &str) -> (&str, &str, &str) {
    let (before, rest) = response.split_at(response.find(START).unwrap());
    let (assertion, behind) = rest.split_at(rest.find(END).unwrap() + END.len());
    (before, assertion, behind)
}

/// A text with an assertion that can stand alone.
fn alone(draft: &str) -> String {
    draft.replacen(START, &[START, NAMESPACE].concat(), 1)
}

fn encrypt(assertion: &str, recipient: &Certificate) -> String {
    let algorithms = (
        ContentAlgorithm::Aes256Gcm,
        KeyTransport::Oaep(OaepHash::Sha256),
    );
    let encrypted =
        EncryptedAssertion::encrypt(assertion, recipient, algorithms, &SystemEntropy).unwrap();
    encrypted.to_xml()
}

/// The response with its assertion encrypted.
fn hidden(response: &str, recipient: &Certificate) -> String {
    let (before, assertion, behind) = parts(response);
    [before, &encrypt(assertion, recipient), behind].concat()
}

/// The certificate that the node's metadata says to encrypt with.
fn recipient(scene: &Scene) -> Certificate {
    let metadata = scene.browser().get("/saml/metadata").text();
    let key = metadata.split("use=\"encryption\"").nth(1).unwrap();
    let (_, certificate) = key.split_once("X509Certificate>").unwrap();
    let text = certificate.split('<').next().unwrap();
    Certificate::from_der(&STANDARD.decode(text).unwrap()).unwrap()
}

/// A certificate of somebody else's key.
fn of_somebody_else() -> Certificate {
    let size = rcgen::RsaKeySize::_2048;
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
    let made = rcgen::CertificateParams::new(["keys.example.com".to_owned()]).unwrap();
    Certificate::from_der(made.self_signed(&pair).unwrap().der()).unwrap()
}

/// The response with one letter of its longest text in base64 changed: the encrypted content.
fn altered(response: &str) -> String {
    let longest = response.split(['<', '>']).max_by_key(|text| text.len());
    let longest = longest.unwrap();
    let (start, end) = longest.split_at(longest.len() / 2);
    let other = if end.starts_with('A') { "B" } else { "A" };
    let changed = [start, other, end.get(1..).unwrap()].concat();
    response.replacen(longest, &changed, 1)
}

struct Hidden {
    scene: Scene,
    recipient: Certificate,
}

impl Hidden {
    fn new() -> Self {
        let scene = Scene::new();
        let recipient = recipient(&scene);
        Self { scene, recipient }
    }

    fn draft(&self, request: &str) -> String {
        alone(&self.scene.draft(&PARTNERS, Some(request)))
    }

    fn good(&self, request: &str) -> String {
        sign(&PARTNERS, &self.draft(request))
    }

    /// Posts what is made of a request's ID, and asserts which check refuses it; what the page says,
    /// without its time and the request's own id.
    #[track_caller]
    fn refuses(&self, make: impl FnOnce(&str) -> String, check: &str) -> String {
        let mut browser = self.scene.browser();
        let begun = begin(&mut browser);
        let response = make(&begun.request);
        let page = self.scene.post(&mut browser, &response, &begun.relay_state);
        self.scene.refuses(&mut browser, &page, check);
        let text = page.text();
        let (_, note) = text.split_once("role=\"alert\"").unwrap();
        note.split("</div>").next().unwrap().to_owned()
    }
}

#[test]
fn an_encrypted_assertion_signs_a_person_in() {
    let hidden_from_all = Hidden::new();
    let scene = &hidden_from_all.scene;
    let mut browser = scene.browser();
    let begun = begin(&mut browser);
    let good = hidden_from_all.good(&begun.request);
    let response = hidden(&good, &hidden_from_all.recipient);
    assert!(!response.contains(PERSON));
    let answer = scene.post(&mut browser, &response, &begun.relay_state);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(browser.is_signed_in());
}

/// S40: nobody learns from the page why it doesn't open.
#[test]
fn s40_an_assertion_that_does_not_open_here_signs_nobody_in() {
    let to_us = Hidden::new();
    let for_another_key = to_us.refuses(
        |request| hidden(&to_us.good(request), &of_somebody_else()),
        "decryption",
    );
    let altered = to_us.refuses(
        |request| altered(&hidden(&to_us.good(request), &to_us.recipient)),
        "decryption",
    );
    assert_eq!(for_another_key, altered);
}

/// Our certificate is public: that something is encrypted to us says nothing of who did it.
#[test]
fn s40_what_is_encrypted_to_us_and_not_signed_by_the_provider_signs_nobody_in() {
    let to_us = Hidden::new();
    let by = |signer: Option<&Provider>, request: &str| {
        let draft = to_us.draft(request).replace(PERSON, ADMIN);
        let response = match signer {
            Some(signer) => sign(signer, &draft),
            None => draft.replace(rolegate::federation::saml::signing::PLACEHOLDER, ""),
        };
        hidden(&response, &to_us.recipient)
    };
    let unsigned = to_us.refuses(|request| by(None, request), "signature");
    let by_others = to_us.refuses(|request| by(Some(&OTHERS), request), "signature");
    // Nor does the page say whether it opened.
    let closed = to_us.refuses(
        |request| hidden(&to_us.good(request), &of_somebody_else()),
        "decryption",
    );
    assert_eq!([&unsigned, &by_others], [&closed; 2]);
}

/// S3: an encrypted assertion beside the one that is signed.
#[test]
fn s3_an_encrypted_assertion_beside_a_good_one_signs_nobody_in() {
    let to_us = Hidden::new();
    let evil = |request: &str| {
        let draft = to_us.draft(request).replace(PERSON, ADMIN);
        let draft = draft.replace(rolegate::federation::saml::signing::PLACEHOLDER, "");
        let (_, assertion, _) = parts(&draft);
        encrypt(&assertion.replace(" ID=\"_a", " ID=\"_e"), &to_us.recipient)
    };
    let beside = |request: &str, is_first: bool| {
        let good = to_us.good(request);
        let (before, assertion, behind) = parts(&good);
        let evil = evil(request);
        let both = if is_first {
            [&evil, assertion]
        } else {
            [assertion, &evil]
        };
        [before, &both.concat(), behind].concat()
    };
    to_us.refuses(|request| beside(request, true), "assertion");
    to_us.refuses(|request| beside(request, false), "assertion");
}
