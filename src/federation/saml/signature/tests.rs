use super::*;
use crate::federation::saml::testing::{
    ELLIPTIC, PROVIDER, STRANGER, Signed, cut, draft, response, signature_of,
};
use crate::federation::saml::xml::ShapeError;
use crate::federation::saml::xml::namespace::{ASSERTION, EXCLUSIVE_C14N};

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// Looks at the signature of the Assertion in a response.
fn verify(text: &str, certificates: &[Certificate]) -> Result<String, SignatureError> {
    let document = Document::parse(text.as_bytes(), Profile::MESSAGE).unwrap();
    let assertion = document.root().only_child(ASSERTION, "Assertion").unwrap();
    let verified = Enveloped::find(assertion)?.unwrap().verify(certificates)?;
    Ok(String::from_utf8(verified.bytes().to_vec()).unwrap())
}

fn error(text: &str) -> SignatureError {
    verify(text, &PROVIDER.certificates).unwrap_err()
}

/// A response whose SignedInfo says something else, signed by the provider all the same.
fn with_signed_info(from: &str, to: &str) -> String {
    let signed = response(Signed::Assertion);
    let signed_info = cut(&signed, "<ds:SignedInfo", "</ds:SignedInfo>");
    assert!(signed_info.contains(from), "{from}");
    let other = signed_info.replace(from, to);
    let document = Document::parse(other.as_bytes(), Profile::MESSAGE).unwrap();
    let canonical =
        c14n::canonicalize(document.root(), None, &InclusivePrefixes::default()).unwrap();
    let canonical = String::from_utf8(canonical).unwrap();
    let signature = PROVIDER.key.signature(&canonical).unwrap();
    signed.replace(signature_of(&signed), &signature)
}

/// A response whose Signature looks different outside of its SignedInfo.
fn with_signature(from: &str, to: &str) -> String {
    let signed = response(Signed::Assertion);
    let signature = signature_of(&signed);
    assert!(signature.contains(from), "{from}");
    signed.replace(signature, &signature.replace(from, to))
}

fn algorithm(purpose: &'static str, found: &str) -> SignatureError {
    SignatureError::Algorithm {
        purpose,
        found: Quoted::new(found),
    }
}

#[test]
fn what_is_verified_is_the_element_without_its_signature() {
    let draft = draft(Signed::Assertion);
    let bytes = verify(&response(Signed::Assertion), &PROVIDER.certificates).unwrap();
    assert!(bytes.starts_with("<saml:Assertion ") && bytes.ends_with("</saml:Assertion>"));
    assert!(bytes.contains("alice@example.com") && draft.contains("alice@example.com"));
    assert!(!bytes.contains("Signature"));
}

#[test]
fn every_accepted_algorithm_verifies() {
    let document = PROVIDER.sign(&draft(Signed::Assertion), &["_a1"]);
    assert!(verify(&document, &PROVIDER.certificates).is_ok());
    let document = ELLIPTIC.sign(&draft(Signed::Assertion), &["_a1"]);
    assert!(verify(&document, &ELLIPTIC.certificates).is_ok());
    for (hash, bits) in [(Hash::Sha384, 384), (Hash::Sha512, 512)] {
        let signed = with_signed_info(SHA256, digest_uri(hash));
        let assertion = verify(&response(Signed::Assertion), &PROVIDER.certificates).unwrap();
        let value = |hash| STANDARD.encode(algorithm::digest(hash, assertion.as_bytes()));
        let signed_info = cut(&signed, "<ds:SignedInfo", "</ds:SignedInfo>");
        let signed_info = signed_info.replace(&value(Hash::Sha256), &value(hash));
        let signature = PROVIDER.key.signature(&signed_info).unwrap();
        let signed = signed.replace(signature_of(&signed), &signature);
        assert_eq!(
            verify(&signed, &PROVIDER.certificates),
            Ok(assertion),
            "SHA-{bits}"
        );
    }
}

#[test]
fn only_keys_that_fit_are_tried_and_any_of_them_may_fit() {
    let of = |providers: [&super::super::testing::Provider; 2]| {
        providers.map(|provider| provider.certificates[0].clone())
    };
    let signed = response(Signed::Assertion);
    for certificates in [of([&ELLIPTIC, &PROVIDER]), of([&STRANGER, &PROVIDER])] {
        assert!(verify(&signed, &certificates).is_ok());
    }
    let elliptic = ELLIPTIC.sign(&draft(Signed::Assertion), &["_a1"]);
    assert!(verify(&elliptic, &of([&PROVIDER, &ELLIPTIC])).is_ok());
    let no_key = |algorithm, keys| SignatureError::NoKey { algorithm, keys };
    let rsa = SignatureAlgorithm::Rsa(Hash::Sha256);
    assert_eq!(verify(&signed, &ELLIPTIC.certificates), Err(no_key(rsa, 1)));
    assert_eq!(verify(&signed, &[]), Err(no_key(rsa, 0)));
}

#[test]
fn s36_s37_a_key_that_is_not_registered_vouches_for_nothing() {
    let stranger = STRANGER.sign(&draft(Signed::Assertion), &["_a1"]);
    let of_nobody = SignatureError::Key {
        element: Quoted::new("Assertion"),
    };
    assert_eq!(error(&stranger), of_nobody);
    for certificate in [&STRANGER.certificates[0], &PROVIDER.certificates[0]] {
        let key_info = format!(
            "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
            STANDARD.encode(certificate.der()),
        );
        assert_eq!(
            error(&stranger.replace("</ds:SignatureValue>", &key_info)),
            of_nobody
        );
        let own = response(Signed::Assertion).replace("</ds:SignatureValue>", &key_info);
        assert!(verify(&own, &PROVIDER.certificates).is_ok());
    }
}

#[test]
fn s25_s29_another_digest_or_another_content_is_refused() {
    let changed = response(Signed::Assertion).replace("alice@example.com", "admin@example.com");
    let differs = SignatureError::Digest {
        element: Quoted::new("Assertion"),
    };
    assert_eq!(error(&changed), differs);
    // The attacker's own digest makes another SignedInfo.
    let bytes = verify(&response(Signed::Assertion), &PROVIDER.certificates).unwrap();
    let digest = |text: &str| STANDARD.encode(algorithm::digest(Hash::Sha256, text.as_bytes()));
    let forged = digest(&bytes.replace("alice@example.com", "admin@example.com"));
    assert!(changed.contains(&digest(&bytes)));
    let forged = changed.replace(&digest(&bytes), &forged);
    let key = SignatureError::Key {
        element: Quoted::new("Assertion"),
    };
    assert_eq!(error(&forged), key);
}

#[test]
fn s24_a_digest_of_nothing_is_not_the_digest_of_the_assertion() {
    let bytes = verify(&response(Signed::Assertion), &PROVIDER.certificates).unwrap();
    let digest = |text: &str| STANDARD.encode(algorithm::digest(Hash::Sha256, text.as_bytes()));
    let signed = with_signed_info(&digest(&bytes), &digest(""));
    let differs = SignatureError::Digest {
        element: Quoted::new("Assertion"),
    };
    assert_eq!(error(&signed), differs);
    // A signature of nothing at all is none of the SignedInfo.
    let good = response(Signed::Assertion);
    let value = cut(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let of_nothing = STANDARD.encode(PROVIDER.key.sign(b"").unwrap());
    let signed = good.replace(
        value,
        &format!("<ds:SignatureValue>{of_nothing}</ds:SignatureValue>"),
    );
    assert!(matches!(error(&signed), SignatureError::Key { .. }));
}

#[test]
fn s38_s39_other_signature_algorithms_are_refused() {
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "HTTP://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 ",
        "none",
        "",
    ] {
        assert_eq!(
            error(&with_signed_info(RSA_SHA256, uri)),
            algorithm("signature", uri),
            "{uri}"
        );
    }
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "",
    ] {
        assert_eq!(
            error(&with_signed_info(SHA256, uri)),
            algorithm("digest", uri),
            "{uri}"
        );
    }
    let length = with_signed_info(
        "rsa-sha256\"></ds:SignatureMethod>",
        "rsa-sha256\"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>",
    );
    let structure = SignatureError::Structure {
        element: "SignatureMethod",
        expected: "nothing",
    };
    assert_eq!(error(&length), structure);
}

#[test]
fn s39_an_elliptic_signature_of_zeros_is_refused() {
    let good = ELLIPTIC.sign(&draft(Signed::Assertion), &["_a1"]);
    let value = cut(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    for signature in [vec![0; 64], vec![0; 63], vec![0xff; 64], Vec::new()] {
        let forged = format!(
            "<ds:SignatureValue>{}</ds:SignatureValue>",
            STANDARD.encode(signature)
        );
        let refused = verify(&good.replace(value, &forged), &ELLIPTIC.certificates);
        assert!(
            matches!(refused, Err(SignatureError::Key { .. })),
            "{forged}"
        );
    }
}

#[test]
fn s34_other_transforms_and_canonicalizations_are_refused() {
    let exclusive = [
        "<ds:Transform Algorithm=\"",
        EXCLUSIVE_C14N,
        "\"></ds:Transform>",
    ]
    .concat();
    let enveloped = [
        "<ds:Transform Algorithm=\"",
        ENVELOPED,
        "\"></ds:Transform>",
    ]
    .concat();
    for uri in [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    ] {
        let other = ["<ds:Transform Algorithm=\"", uri, "\"></ds:Transform>"].concat();
        assert_eq!(
            error(&with_signed_info(&exclusive, &other)),
            algorithm("transform", uri)
        );
        assert_eq!(
            error(&with_signed_info(&enveloped, &other)),
            algorithm("transform", uri)
        );
    }
    let structure = SignatureError::Structure {
        element: "Transforms",
        expected: "the enveloped-signature and one exclusive canonicalization",
    };
    for (from, to) in [
        (&enveloped, String::new()),
        (&exclusive, String::new()),
        (&exclusive, exclusive.repeat(2)),
        (&exclusive, exclusive.repeat(2000)),
        (&exclusive, [exclusive.as_str(), &enveloped].concat()),
    ] {
        assert_eq!(error(&with_signed_info(from, &to)), structure);
    }
    let stylesheet = exclusive.replace("></", "><x:s xmlns:x=\"urn:x\"></x:s></");
    assert!(matches!(
        error(&with_signed_info(&exclusive, &stylesheet)),
        SignatureError::Structure { .. }
    ));
    let method = ["CanonicalizationMethod Algorithm=\"", EXCLUSIVE_C14N].concat();
    let inclusive =
        "CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    assert_eq!(
        error(&with_signed_info(&method, inclusive)),
        algorithm(
            "canonicalization",
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
        )
    );
}

#[test]
fn s35_a_reference_is_to_the_parent_and_nothing_else() {
    for uri in [
        "",
        "#",
        "#_r1",
        "#_a1 ",
        "_a1",
        "#_A1",
        "#_a",
        "#_a11",
        "##_a1",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "#xpointer(/)",
        "#xpointer(id('_a1'))",
    ] {
        let other = with_signed_info("URI=\"#_a1\"", &format!("URI=\"{uri}\""));
        let expected = SignatureError::Reference {
            expected: Quoted::new("#_a1"),
            found: Quoted::new(uri),
        };
        assert_eq!(error(&other), expected, "{uri}");
    }
    let none = with_signed_info(" URI=\"#_a1\"", "");
    assert!(matches!(
        error(&none),
        SignatureError::Shape(ShapeError::MissingAttribute {
            attribute: "URI",
            ..
        })
    ));
}

#[test]
fn s11_s28_s33_a_signature_holds_its_parts_once_and_in_order() {
    let good = response(Signed::Assertion);
    let signed_info = cut(&good, "<ds:SignedInfo", "</ds:SignedInfo>");
    let value = cut(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let evil = signed_info.replace("_a1", "_r1");
    let wrong = SignatureError::Structure {
        element: "Signature",
        expected: "SignedInfo, SignatureValue and at most one KeyInfo",
    };
    for (from, to) in [
        (signed_info, [evil.as_str(), signed_info].concat()),
        (signed_info, [signed_info, evil.as_str()].concat()),
        (
            signed_info,
            format!("{evil}<ds:Object>{signed_info}</ds:Object>"),
        ),
        (signed_info, String::new()),
        (signed_info, "text".to_owned()),
        (value, String::new()),
        (value, value.repeat(2)),
        (value, format!("text{value}")),
        (value, format!("{value}<ds:Object></ds:Object>")),
        (value, format!("{value}<ds:KeyInfo/><ds:KeyInfo/>")),
        (value, format!("<ds:KeyInfo/>{value}")),
        (value, format!("{value}<x:KeyInfo xmlns:x=\"urn:x\"/>")),
    ] {
        assert_eq!(error(&with_signature(from, &to)), wrong, "{to}");
    }
    let reference = cut(signed_info, "<ds:Reference", "</ds:Reference>");
    let wrong = SignatureError::Structure {
        element: "SignedInfo",
        expected: "CanonicalizationMethod, SignatureMethod and one Reference",
    };
    for to in [String::new(), reference.repeat(2), reference.repeat(200)] {
        assert_eq!(error(&with_signed_info(reference, &to)), wrong);
    }
}

#[test]
fn s11_values_are_base64_of_something() {
    let good = response(Signed::Assertion);
    let value = cut(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let encoding = |element| SignatureError::Encoding { element };
    for other in [
        "<ds:SignatureValue>!</ds:SignatureValue>",
        "<ds:SignatureValue>QQ</ds:SignatureValue>",
    ] {
        assert_eq!(
            error(&with_signature(value, other)),
            encoding("SignatureValue")
        );
    }
    let empty = with_signature(value, "<ds:SignatureValue/>");
    assert!(matches!(error(&empty), SignatureError::Key { .. }));
    let digest = cut(&good, "<ds:DigestValue>", "</ds:DigestValue>");
    let empty = with_signed_info(digest, "<ds:DigestValue></ds:DigestValue>");
    assert!(matches!(error(&empty), SignatureError::Digest { .. }));
    let nested = with_signature(value, "<ds:SignatureValue><ds:x/></ds:SignatureValue>");
    assert!(matches!(
        error(&nested),
        SignatureError::Shape(ShapeError::ElementsInText { .. })
    ));
    let wrapped = value
        .replace("<ds:SignatureValue>", "<ds:SignatureValue>\r\n  ")
        .replace("==", "=\n=\t");
    assert!(verify(&good.replace(value, &wrapped), &PROVIDER.certificates).is_ok());
}

#[test]
fn an_inclusive_prefix_is_part_of_what_is_signed() {
    let good = response(Signed::Assertion);
    let transform = ["<ds:Transform Algorithm=\"", EXCLUSIVE_C14N, "\">"].concat();
    let listed = |prefixes: &str| {
        format!(
            "{transform}<ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE_C14N}\" PrefixList=\"{prefixes}\"></ec:InclusiveNamespaces>"
        )
    };
    assert!(
        verify(
            &with_signed_info(&transform, &listed("")),
            &PROVIDER.certificates
        )
        .is_ok()
    );
    assert!(
        verify(
            &with_signed_info(&transform, &listed("unbound")),
            &PROVIDER.certificates
        )
        .is_ok()
    );
    for in_scope in ["samlp", "xs"] {
        let other = with_signed_info(&transform, &listed(in_scope));
        assert!(matches!(error(&other), SignatureError::Digest { .. }));
    }
    let many = with_signed_info(&transform, &listed(&"p ".repeat(17)));
    assert_eq!(
        error(&many),
        SignatureError::Canonicalization(c14n::C14nError::TooManyPrefixes)
    );
    assert!(good.contains(&transform));
}

#[test]
fn an_id_that_readers_could_take_for_a_pointer_is_refused() {
    for id in ["", "xpointer(/)", "a b", "a&amp;b", "é", "1", "-a", ".a"] {
        let other = response(Signed::Assertion).replace("ID=\"_a1\"", &format!("ID=\"{id}\""));
        assert!(matches!(error(&other), SignatureError::Id { .. }), "{id}");
    }
}

#[test]
fn s31_a_message_is_signed_itself_or_not_at_all() {
    const LOGOUT: &str = "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_l1\">SIGNATURE<samlp:SessionIndex>_s1</samlp:SessionIndex></samlp:LogoutRequest>";
    let draft = LOGOUT.replace("SIGNATURE", crate::federation::saml::signing::PLACEHOLDER);
    let verify = |text: &str| {
        let document = Document::parse(text.as_bytes(), Profile::MESSAGE).unwrap();
        let verified = verify_message(document.root(), &PROVIDER.certificates)?;
        Ok(verified.map(|verified| String::from_utf8(verified.bytes().to_vec()).unwrap()))
    };
    let signed = PROVIDER.sign(&draft, &["_l1"]);
    let unsigned = LOGOUT.replace("SIGNATURE", "");
    assert_eq!(verify(&signed), Ok(Some(unsigned.clone())));
    assert_eq!(verify(&unsigned), Ok(None));
    let changed = verify(&signed.replace("_s1", "_s2"));
    assert!(matches!(changed, Err(SignatureError::Digest { .. })));
    let captured = response(Signed::Assertion);
    let captured = crate::federation::saml::testing::assertion_of(&captured);
    let wrapped = LOGOUT.replace("SIGNATURE", captured);
    let misplaced = SignatureError::Misplaced {
        parent: Quoted::new("Assertion"),
    };
    assert_eq!(verify(&wrapped), Err(misplaced));
    let twice = signed.replace("<samlp:SessionIndex>", "<samlp:SessionIndex Id=\"_l1\">");
    assert!(matches!(
        verify(&twice),
        Err(SignatureError::RepeatedId { .. })
    ));
}

#[test]
fn every_hash_goes_with_an_rsa_signature() {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair};

    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
    let pair = pair.unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&pair)
        .unwrap();
    let certificates = [Certificate::from_der(certificate.der()).unwrap()];
    let pair = RsaKeyPair::from_pkcs8(&pair.serialize_der()).unwrap();
    let good = response(Signed::Assertion);
    let signed_info = cut(&good, "<ds:SignedInfo", "</ds:SignedInfo>");
    let value = cut(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    for (hash, padding) in [
        (Hash::Sha384, &RSA_PKCS1_SHA384),
        (Hash::Sha512, &RSA_PKCS1_SHA512),
    ] {
        let other = signed_info.replace(RSA_SHA256, SignatureAlgorithm::Rsa(hash).uri());
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            padding,
            &SystemRandom::new(),
            other.as_bytes(),
            &mut signature,
        )
        .unwrap();
        let signature = [
            "<ds:SignatureValue>",
            &STANDARD.encode(signature),
            "</ds:SignatureValue>",
        ]
        .concat();
        let signed = good.replace(signed_info, &other).replace(value, &signature);
        assert!(verify(&signed, &certificates).is_ok(), "{hash:?}");
        // The same value under another name is no signature.
        let renamed = signed.replace(SignatureAlgorithm::Rsa(hash).uri(), RSA_SHA256);
        let refused = verify(&renamed, &certificates);
        assert!(
            matches!(refused, Err(SignatureError::Key { .. })),
            "{hash:?}"
        );
    }
}

#[test]
fn every_algorithm_reads_its_own_name_and_fits_its_own_keys() {
    for algorithm in SignatureAlgorithm::ALL {
        assert_eq!(
            SignatureAlgorithm::from_uri(algorithm.uri()),
            Some(algorithm)
        );
        let is_rsa = matches!(algorithm, SignatureAlgorithm::Rsa(_));
        assert_eq!(algorithm.fits(PROVIDER.certificates[0].key()), is_rsa);
        assert_eq!(algorithm.fits(ELLIPTIC.certificates[0].key()), !is_rsa);
    }
}
