use super::*;
use crate::federation::saml::testing::{ELLIPTIC, PROVIDER, Signed, draft};

#[test]
fn what_is_signed_stays_what_it_was() {
    let draft = draft(Signed::Both);
    let signed = PROVIDER.sign(&draft, &["_a1", "_r1"]);
    assert_eq!(signed.matches("<ds:SignatureValue>").count(), 2);
    assert!(!signed.contains(PLACEHOLDER));
    let (before, _) = draft.split_once(PLACEHOLDER).unwrap();
    assert!(signed.starts_with(before));
}

#[test]
fn each_key_signs_by_its_own_algorithm() {
    assert_eq!(
        PROVIDER.key.algorithm(),
        SignatureAlgorithm::Rsa(Hash::Sha256)
    );
    assert_eq!(
        ELLIPTIC.key.algorithm(),
        SignatureAlgorithm::Ecdsa(Hash::Sha256)
    );
    assert_eq!(ELLIPTIC.key.sign(b"x").unwrap().len(), 64);
    assert_eq!(SigningKey::from_pkcs8(b"x").unwrap_err(), SigningError::Key);
}

#[test]
fn nothing_is_signed_without_a_place_for_it() {
    for (message, id) in [
        ("<a ID=\"x\"/>".to_owned(), "x"),
        (["<a ID=\"x\">", PLACEHOLDER, "</a>"].concat(), "y"),
        (["<a ID=\"x y\">", PLACEHOLDER, "</a>"].concat(), "x y"),
        (["<a ID=\"x\"><b/></a>", PLACEHOLDER].concat(), "y"),
        (["<r>", "<a ID=\"x\"/>", PLACEHOLDER, "</r>"].concat(), "x"),
    ] {
        let signed = PROVIDER.key.sign_element(&message, id);
        assert_eq!(signed, Err(SigningError::NoPlace), "{message}");
    }
}
