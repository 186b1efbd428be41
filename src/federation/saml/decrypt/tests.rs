use super::*;
use crate::domain::UnixTime;
use crate::entropy::SystemEntropy;
use crate::federation::saml::testing::cut;
use crate::federation::saml::xml::{Document, Profile};

const PLAINTEXT: &str = "<saml:Assertion>é</saml:Assertion>";
const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

fn key() -> ServiceProviderKey {
    ServiceProviderKey::generate("sso.example.com", NOW).unwrap()
}

fn encrypted(key: &ServiceProviderKey, transport: KeyTransport) -> EncryptedAssertion {
    EncryptedAssertion::encrypt(
        PLAINTEXT,
        key.certificate(),
        (ContentAlgorithm::Aes128Gcm, transport),
        &SystemEntropy,
    )
    .unwrap()
}

fn decrypted(
    encrypted: &EncryptedAssertion,
    keys: &[&ServiceProviderKey],
) -> Result<Secret<String>, DecryptError> {
    encrypted.decrypt(keys.iter().copied(), &SystemEntropy)
}

#[test]
fn every_algorithm_decrypts_what_it_encrypted() {
    let key = key();
    let mut transports = vec![KeyTransport::OaepMgf1p];
    transports.extend(OaepHash::ALL.map(KeyTransport::Oaep));
    for algorithm in ContentAlgorithm::ALL {
        for transport in &transports {
            let encrypted = EncryptedAssertion::encrypt(
                PLAINTEXT,
                key.certificate(),
                (algorithm, *transport),
                &SystemEntropy,
            );
            let plaintext = decrypted(&encrypted.unwrap(), &[&key]).unwrap();
            assert_eq!(plaintext.expose(), PLAINTEXT, "{algorithm:?} {transport:?}");
        }
    }
}

#[test]
fn any_of_our_keys_and_any_of_the_wrapped_ones_may_fit() {
    let (new, old) = (key(), key());
    let mut message = encrypted(&old, KeyTransport::OaepMgf1p);
    assert_eq!(
        decrypted(&message, &[&new, &old]).unwrap().expose(),
        PLAINTEXT
    );
    let others = encrypted(&new, KeyTransport::OaepMgf1p);
    message.keys.insert(0, others.keys[0].clone());
    assert_eq!(
        decrypted(&message, &[&new, &old]).unwrap().expose(),
        PLAINTEXT
    );
}

#[test]
fn every_failure_is_the_same_error() {
    let (ours, others) = (key(), key());
    let good = encrypted(&ours, KeyTransport::Oaep(OaepHash::Sha256));
    let with = |change: fn(&mut EncryptedAssertion)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    for (what, message) in [
        ("no content", with(|m| m.content.clear())),
        ("a nonce alone", with(|m| m.content.truncate(NONCE_BYTES))),
        (
            "a short tag",
            with(|m| m.content.truncate(NONCE_BYTES + 15)),
        ),
        ("another content", with(|m| m.content[NONCE_BYTES] ^= 1)),
        ("another tag", with(|m| *m.content.last_mut().unwrap() ^= 1)),
        ("another nonce", with(|m| m.content[0] ^= 1)),
        (
            "another algorithm",
            with(|m| m.algorithm = ContentAlgorithm::Aes256Gcm),
        ),
        ("no key", with(|m| m.keys.clear())),
        ("an empty key", with(|m| m.keys[0].ciphertext.clear())),
        ("a short key", with(|m| m.keys[0].ciphertext.truncate(255))),
        ("another key", with(|m| m.keys[0].ciphertext[255] ^= 1)),
        (
            "a key above the modulus",
            with(|m| m.keys[0].ciphertext.fill(0xff)),
        ),
        (
            "another transport",
            with(|m| m.keys[0].transport = KeyTransport::OaepMgf1p),
        ),
        (
            "another recipient",
            encrypted(&others, KeyTransport::OaepMgf1p),
        ),
    ] {
        let error = decrypted(&message, &[&ours]).unwrap_err();
        assert_eq!(error, DecryptError::Undecryptable, "{what}");
    }
    let error = decrypted(&good, &[]).unwrap_err();
    assert_eq!(error, DecryptError::Undecryptable);
}

#[test]
fn a_plaintext_that_is_no_text_is_the_same_error() {
    let key = key();
    let content_key = [7; 16];
    let mut sealed = vec![0xff, 0xfe];
    let own = ContentAlgorithm::Aes128Gcm.key(&[7; LONGEST_KEY]).unwrap();
    let nonce = Nonce::assume_unique_for_key([0; NONCE_BYTES]);
    own.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
        .unwrap();
    let wrapped =
        WrappedKey::wrap(&content_key, key.certificate(), KeyTransport::OaepMgf1p).unwrap();
    let message = EncryptedAssertion {
        algorithm: ContentAlgorithm::Aes128Gcm,
        content: [&[0; NONCE_BYTES][..], &sealed].concat(),
        keys: vec![wrapped],
    };
    let error = decrypted(&message, &[&key]).unwrap_err();
    assert_eq!(error, DecryptError::Undecryptable);
}

/// Whoever knows what stands in for a key that does not open could seal a content under it.
#[test]
fn the_key_that_stands_in_is_drawn_anew_each_time() {
    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(7);
            Ok(())
        }
    }
    let key = key();
    let mut message = encrypted(&key, KeyTransport::OaepMgf1p);
    message.keys[0].ciphertext[255] ^= 1;
    let mut sealed = PLAINTEXT.as_bytes().to_vec();
    let stand_in = ContentAlgorithm::Aes128Gcm.key(&[7; LONGEST_KEY]).unwrap();
    let nonce = Nonce::assume_unique_for_key([0; NONCE_BYTES]);
    stand_in
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed)
        .unwrap();
    message.content = [&[0; NONCE_BYTES][..], &sealed].concat();
    let known = message.decrypt([&key], &Fixed).unwrap();
    assert_eq!(known.expose(), PLAINTEXT, "the random key does stand in");
    let error = decrypted(&message, &[&key]).unwrap_err();
    assert_eq!(error, DecryptError::Undecryptable);
}

#[test]
fn only_an_rsa_key_can_be_encrypted_to() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&pair)
        .unwrap();
    let certificate = Certificate::from_der(certificate.der()).unwrap();
    let algorithms = (ContentAlgorithm::Aes128Gcm, KeyTransport::OaepMgf1p);
    let result = EncryptedAssertion::encrypt(PLAINTEXT, &certificate, algorithms, &SystemEntropy);
    assert_eq!(result, Err(EncryptError::NotRsa));
}

fn read(xml: &str) -> Result<EncryptedAssertion, FormatError> {
    let document = Document::parse(xml.as_bytes(), Profile::MESSAGE).unwrap();
    EncryptedAssertion::read(document.root())
}

#[test]
fn what_is_written_reads_back() {
    let key = key();
    for transport in [
        KeyTransport::OaepMgf1p,
        KeyTransport::Oaep(OaepHash::Sha256),
    ] {
        let message = encrypted(&key, transport);
        assert_eq!(read(&message.to_xml()), Ok(message));
    }
}

#[test]
fn a_key_may_stand_beside_the_data_and_base64_may_be_broken_into_lines() {
    let message = encrypted(&key(), KeyTransport::OaepMgf1p);
    let xml = message.to_xml();
    let wrapped = cut(&xml, "<xenc:EncryptedKey>", "</xenc:EncryptedKey>").to_owned();
    let retrieval = "<ds:RetrievalMethod URI=\"#k\"></ds:RetrievalMethod>";
    let beside = xml
        .replace(&wrapped, retrieval)
        .replace(
            "</xenc:EncryptedData>",
            &["</xenc:EncryptedData>", &wrapped].concat(),
        )
        .replace("<xenc:CipherValue>", "<xenc:CipherValue>\r\n \t")
        .replace("</xenc:CipherValue>", "\n</xenc:CipherValue>");
    assert_eq!(read(&beside), Ok(message));
}

#[test]
fn hash_and_mask_are_sha_1_where_nothing_is_said() {
    let message = encrypted(&key(), KeyTransport::OaepMgf1p);
    let xml = message.to_xml();
    let digest = cut(&xml, "<ds:DigestMethod", "</ds:DigestMethod>");
    let bare = xml.replace(digest, "");
    assert_eq!(read(&bare), Ok(message.clone()));
    let newer = bare.replace(
        KeyTransport::OaepMgf1p.uri(),
        KeyTransport::Oaep(OaepHash::Sha1).uri(),
    );
    let transport = read(&newer).unwrap().keys[0].transport;
    assert_eq!(transport, KeyTransport::Oaep(OaepHash::Sha1));
}

#[test]
fn two_hashes_that_differ_are_refused_by_name() {
    let key = key();
    let older = encrypted(&key, KeyTransport::OaepMgf1p).to_xml();
    let newer = encrypted(&key, KeyTransport::Oaep(OaepHash::Sha256)).to_xml();
    let [sha1, sha256] = [OaepHash::Sha1, OaepHash::Sha256];
    let mask = cut(&newer, "<xenc11:MGF", "</xenc11:MGF>");
    for (xml, digest, mask) in [
        // The older algorithm's mask is made with SHA-1, whatever hash it names.
        (
            older.replace(sha1.digest_uri(), sha256.digest_uri()),
            sha256.digest_uri(),
            sha1.mask_uri(),
        ),
        (
            newer.replace(
                KeyTransport::Oaep(sha256).uri(),
                KeyTransport::OaepMgf1p.uri(),
            ),
            sha256.digest_uri(),
            sha256.mask_uri(),
        ),
        (
            newer.replace(mask, ""),
            sha256.digest_uri(),
            sha1.mask_uri(),
        ),
        (
            newer.replace(sha256.digest_uri(), sha1.digest_uri()),
            sha1.digest_uri(),
            sha256.mask_uri(),
        ),
        (
            newer.replace(sha256.digest_uri(), "urn:md5"),
            "urn:md5",
            sha256.mask_uri(),
        ),
    ] {
        let [digest, mask] = [digest, mask].map(Quoted::new);
        assert_eq!(read(&xml), Err(FormatError::Hashes { digest, mask }));
    }
}

#[test]
fn what_gives_an_oracle_is_not_spoken() {
    let xml = encrypted(&key(), KeyTransport::OaepMgf1p).to_xml();
    for name in ["aes128-cbc", "aes256-cbc", "tripledes-cbc"] {
        let uri = [ENCRYPTION, name].concat();
        let changed = xml.replace(ContentAlgorithm::Aes128Gcm.uri(), &uri);
        let error = FormatError::ContentAlgorithm(Quoted::new(&uri));
        assert_eq!(read(&changed), Err(error));
    }
    for name in ["rsa-1_5", "kw-aes128", "RSA-OAEP-MGF1P"] {
        let uri = [ENCRYPTION, name].concat();
        let changed = xml.replace(KeyTransport::OaepMgf1p.uri(), &uri);
        let error = FormatError::KeyTransport(Quoted::new(&uri));
        assert_eq!(read(&changed), Err(error));
    }
}

#[test]
fn a_form_that_says_too_little_or_too_much_is_refused() {
    let xml = encrypted(&key(), KeyTransport::OaepMgf1p).to_xml();
    let wrapped = cut(&xml, "<xenc:EncryptedKey>", "</xenc:EncryptedKey>");
    let value = cut(wrapped, "<xenc:CipherValue>", "</xenc:CipherValue>");
    let label = "<xenc:OAEPparams>AA==</xenc:OAEPparams><ds:DigestMethod";
    for (changed, error) in [
        (xml.replace(wrapped, ""), FormatError::NoKey),
        (
            xml.replace(wrapped, &wrapped.repeat(MAX_WRAPPED_KEYS + 1)),
            FormatError::TooManyKeys,
        ),
        (xml.replace("#Element", "#Content"), FormatError::Type),
        (xml.replace("<ds:DigestMethod", label), FormatError::Label),
        (
            xml.replace(value, "<xenc:CipherValue>A</xenc:CipherValue>"),
            FormatError::NotBase64,
        ),
        (
            xml.replace(
                value,
                "<xenc:CipherReference URI=\"http://a\"></xenc:CipherReference>",
            ),
            FormatError::Shape(ShapeError::Missing {
                parent: Quoted::new("CipherData"),
                child: "CipherValue",
            }),
        ),
    ] {
        assert_eq!(read(&changed), Err(error));
    }
    assert_eq!(
        read(&xml.replace(wrapped, &wrapped.repeat(MAX_WRAPPED_KEYS)))
            .unwrap()
            .keys
            .len(),
        2
    );
}

#[test]
fn a_plaintext_does_not_print() {
    let key = key();
    let message = encrypted(&key, KeyTransport::OaepMgf1p);
    let printed = format!("{:?}", decrypted(&message, &[&key]).unwrap());
    assert_eq!(printed, "Secret(redacted)");
}

#[test]
fn a_response_with_an_encrypted_assertion_is_read() {
    use crate::federation::saml::SamlError;
    use crate::federation::saml::error::InsideError;
    use crate::federation::saml::response::{Undecryptable, authenticate};
    use crate::federation::saml::testing::{PROVIDER, Signed, assertion_of, response};

    let key = key();
    let signed = response(Signed::Assertion);
    let assertion = assertion_of(&signed);
    let encrypted = |assertion: &str| {
        let algorithms = (
            ContentAlgorithm::Aes256Gcm,
            KeyTransport::Oaep(OaepHash::Sha256),
        );
        let certificate = key.certificate();
        EncryptedAssertion::encrypt(assertion, certificate, algorithms, &SystemEntropy)
            .unwrap()
            .to_xml()
    };
    let decrypt = |assertion: Element<'_>| {
        let encrypted = EncryptedAssertion::read(assertion).map_err(|_| Undecryptable)?;
        decrypted(&encrypted, &[&key]).map_err(|_| Undecryptable)
    };
    let message = signed.replace(assertion, &encrypted(assertion));
    let read = authenticate(message.as_bytes(), &PROVIDER.certificates, &decrypt).unwrap();
    assert_eq!(read.document(), assertion.as_bytes());
    let unsigned = response(Signed::Nothing);
    let evil = assertion_of(&unsigned);
    let message = unsigned.replace(evil, &encrypted(evil));
    let refused = authenticate(message.as_bytes(), &PROVIDER.certificates, &decrypt);
    assert_eq!(refused.unwrap_err(), InsideError::Unsigned.into());
    let broken = signed.replace(assertion, &encrypted(assertion).replace("aes256", "aes192"));
    let refused = authenticate(broken.as_bytes(), &PROVIDER.certificates, &decrypt);
    assert_eq!(refused.unwrap_err(), SamlError::Decryption);
}
