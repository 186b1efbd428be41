use super::*;
use crate::domain::UnixTime;
use crate::federation::saml::certificate::{Certificate, Hash};
use crate::federation::saml::service_provider::ServiceProviderKey;

const XML: &str = "<samlp:LogoutRequest ID=\"_1\">é</samlp:LogoutRequest>";
const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

fn key() -> ServiceProviderKey {
    ServiceProviderKey::generate("idp.example", NOW).unwrap()
}

fn destination() -> EndpointUrl {
    "https://idp.example/slo".parse().unwrap()
}

fn request() -> RedirectMessage<'static> {
    RedirectMessage {
        kind: MessageKind::Request,
        xml: XML,
        relay_state: Some("a b&c=d/é+"),
    }
}

fn query_of(url: &str) -> &str {
    url.split_once('?').unwrap().1
}

/// The query of a message that is signed.
fn signed(key: &ServiceProviderKey) -> String {
    let url = request().url(&destination(), Some(key.signing())).unwrap();
    query_of(&url).to_owned()
}

fn verify(query: &str, key: &ServiceProviderKey) -> Result<VerifiedRedirect, RedirectError> {
    UnverifiedRedirect::parse(query)?.verify([key.certificate().key()])
}

/// A query whose parameters are signed as they stand here, and whose signature is at its end.
fn signed_as(parameters: &str, key: &ServiceProviderKey) -> String {
    let signature = STANDARD.encode(key.signing().sign(parameters.as_bytes()).unwrap());
    [parameters, &parameter("Signature", &signature)].join("&")
}

fn message_parameter(xml: &str) -> String {
    parameter("SAMLRequest", &STANDARD.encode(deflate(xml).unwrap()))
}

fn algorithm_parameter() -> String {
    parameter("SigAlg", SignatureAlgorithm::Rsa(Hash::Sha256).uri())
}

#[test]
fn what_is_sent_reads_back_whole() {
    let key = key();
    let expected = VerifiedRedirect {
        kind: MessageKind::Request,
        xml: XML.into(),
        relay_state: Some("a b&c=d/é+".into()),
    };
    assert_eq!(verify(&signed(&key), &key), Ok(expected));
}

#[test]
fn a_destination_keeps_its_own_query_which_nobody_signs() {
    let key = key();
    let destination = "https://idp.example/slo?tenant=a%20b".parse().unwrap();
    let url = request().url(&destination, Some(key.signing())).unwrap();
    let query = query_of(&url);
    assert!(query.starts_with("tenant=a%20b&SAMLRequest="), "{query}");
    assert_eq!(verify(query, &key).unwrap().xml, XML);
    for (destination, start) in [
        ("https://idp.example", "https://idp.example?SAMLRequest="),
        (
            "https://idp.example/slo?",
            "https://idp.example/slo?SAMLRequest=",
        ),
        (
            "https://idp.example/slo?a&",
            "https://idp.example/slo?a&SAMLRequest=",
        ),
    ] {
        let destination = destination.parse().unwrap();
        let url = request().url(&destination, None).unwrap();
        assert!(url.starts_with(start), "{url}");
    }
}

#[test]
fn every_octet_of_a_value_is_encoded_that_could_be_taken_for_another() {
    let key = key();
    let query = signed(&key);
    assert!(
        query.contains("&RelayState=a%20b%26c%3Dd%2F%C3%A9%2B&SigAlg=http%3A%2F%2F"),
        "{query}"
    );
    let names: Vec<_> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["SAMLRequest", "RelayState", "SigAlg", "Signature"]);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~%=&".contains(c);
    assert!(query.chars().all(is_plain), "{query}");
}

#[test]
fn a_message_without_a_key_is_not_signed() {
    let message = RedirectMessage {
        relay_state: None,
        ..request()
    };
    let url = message.url(&destination(), None).unwrap();
    let parsed = UnverifiedRedirect::parse(query_of(&url)).unwrap();
    assert_eq!(parsed.unverified_xml(), XML);
    assert_eq!(
        parsed.verify([key().certificate().key()]),
        Err(RedirectError::Missing("Signature"))
    );
}

#[test]
fn a_long_relay_state_is_neither_sent_nor_read() {
    let key = key();
    let long = "x".repeat(MAX_RELAY_STATE_BYTES + 1);
    let message = RedirectMessage {
        relay_state: Some(&long),
        ..request()
    };
    let refused = message.url(&destination(), None);
    assert_eq!(refused, Err(SendError::RelayStateTooLong));
    let query = [
        message_parameter(XML),
        parameter("RelayState", &long),
        algorithm_parameter(),
    ];
    let query = signed_as(&query.join("&"), &key);
    assert_eq!(verify(&query, &key), Err(RedirectError::RelayStateTooLong));
}

#[test]
fn parameters_may_come_in_any_order_and_beside_others() {
    let key = key();
    let query = signed(&key);
    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.reverse();
    pairs.insert(1, "unknown=%zz");
    pairs.insert(0, "");
    assert_eq!(verify(&pairs.join("&"), &key).unwrap().xml, XML);
}

#[test]
fn s56_a_signature_over_another_order_is_refused() {
    let key = key();
    let reordered = [algorithm_parameter(), message_parameter(XML)].join("&");
    let query = signed_as(&reordered, &key);
    assert_eq!(verify(&query, &key), Err(RedirectError::WrongSignature));
}

#[test]
fn s56_the_octets_that_came_in_are_verified_and_no_others() {
    let key = key();
    // The sender writes lower-case escapes and a plus for a space, and signs that.
    let own = ["RelayState=a+%2fb", &algorithm_parameter()].join("&");
    let query = signed_as(&[message_parameter(XML), own].join("&"), &key);
    let verified = verify(&query, &key).unwrap();
    assert_eq!(verified.relay_state.as_deref(), Some("a /b"));
    for (from, to) in [
        ("%2fb", "%2Fb"),
        ("a+", "a%20"),
        ("RelayState=a", "RelayState=%61"),
    ] {
        let rewritten = query.replacen(from, to, 1);
        assert_ne!(rewritten, query);
        assert_eq!(
            verify(&rewritten, &key),
            Err(RedirectError::WrongSignature),
            "{to}"
        );
    }
}

#[test]
fn s56_what_is_changed_dropped_or_added_breaks_the_signature() {
    let key = key();
    let query = signed(&key);
    let (_, after) = query.split_once('&').unwrap();
    let other_message = [&message_parameter("<other/>"), after].join("&");
    let dropped_state = query.replace("&RelayState=a%20b%26c%3Dd%2F%C3%A9%2B", "");
    let other_state = query.replace("RelayState=a", "RelayState=b");
    let as_response = query.replace("SAMLRequest", "SAMLResponse");
    let other_hash = query.replace("rsa-sha256", "rsa-sha512");
    for changed in [
        other_message,
        dropped_state,
        other_state,
        as_response,
        other_hash,
    ] {
        assert_ne!(changed, query);
        assert_eq!(
            verify(&changed, &key),
            Err(RedirectError::WrongSignature),
            "{changed}"
        );
    }
    let plain = [message_parameter(XML), algorithm_parameter()].join("&");
    let with_state = [&signed_as(&plain, &key), "RelayState="].join("&");
    assert_eq!(
        verify(&with_state, &key),
        Err(RedirectError::WrongSignature)
    );
}

#[test]
fn only_a_key_of_the_sender_counts() {
    let (theirs, others) = (key(), key());
    let query = signed(&theirs);
    assert_eq!(verify(&query, &others), Err(RedirectError::WrongSignature));
    let parsed = UnverifiedRedirect::parse(&query).unwrap();
    let both = [others.certificate().key(), theirs.certificate().key()];
    assert_eq!(parsed.clone().verify(both).unwrap().xml, XML);
    assert_eq!(parsed.verify([]), Err(RedirectError::WrongSignature));
}

#[test]
fn elliptic_curves_sign_with_both_numbers_at_full_length() {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::default()
        .self_signed(&pair)
        .unwrap();
    let certificate = Certificate::from_der(certificate.der()).unwrap();
    let signer =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pair.serialized_der()).unwrap();
    let algorithm = parameter(
        "SigAlg",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    );
    let parameters = [message_parameter(XML), algorithm].join("&");
    let signature = signer
        .sign(&SystemRandom::new(), parameters.as_bytes())
        .unwrap();
    let signature = parameter("Signature", &STANDARD.encode(signature.as_ref()));
    let query = [parameters, signature].join("&");
    let parsed = UnverifiedRedirect::parse(&query).unwrap();
    assert_eq!(parsed.clone().verify([certificate.key()]).unwrap().xml, XML);
    let rsa = key();
    let refused = parsed.verify([rsa.certificate().key()]);
    assert_eq!(refused, Err(RedirectError::WrongSignature));
}

#[test]
fn s56_only_strong_algorithms_are_known() {
    let key = key();
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
        "",
    ] {
        let parameters = [message_parameter(XML), parameter("SigAlg", uri)].join("&");
        let query = signed_as(&parameters, &key);
        assert_eq!(
            verify(&query, &key),
            Err(RedirectError::UnknownAlgorithm),
            "{uri}"
        );
    }
}

#[test]
fn s56_an_ambiguous_query_is_refused() {
    let message = message_parameter(XML);
    let good = signed(&key());
    let with = |more: &str| [&good, more].join("&");
    for (query, error) in [
        (with(&message), RedirectError::Repeated("SAMLRequest")),
        (with("RelayState=x"), RedirectError::Repeated("RelayState")),
        (with("RelayState"), RedirectError::Repeated("RelayState")),
        (with("SigAlg=x"), RedirectError::Repeated("SigAlg")),
        (with("Signature=x"), RedirectError::Repeated("Signature")),
        (with("SAMLResponse=x"), RedirectError::RequestAndResponse),
        (
            with("SAMLEncoding=&SAMLEncoding="),
            RedirectError::Repeated("SAMLEncoding"),
        ),
        (
            with("SAML%52equest=x"),
            RedirectError::EncodedName("SAMLRequest"),
        ),
        (
            with("%52elayState=x"),
            RedirectError::EncodedName("RelayState"),
        ),
        (
            good.replace("SigAlg", "SigAl%67"),
            RedirectError::EncodedName("SigAlg"),
        ),
        (
            good.replace("&Signature=", "&s="),
            RedirectError::Missing("Signature"),
        ),
        (
            good.replace("&SigAlg=", "&s="),
            RedirectError::Missing("SigAlg"),
        ),
        ("RelayState=x".into(), RedirectError::Missing("SAMLRequest")),
        (String::new(), RedirectError::Missing("SAMLRequest")),
        ("x".repeat(MAX_QUERY_BYTES + 1), RedirectError::QueryTooLong),
    ] {
        assert_eq!(UnverifiedRedirect::parse(&query), Err(error), "{query}");
    }
}

#[test]
fn deflate_is_the_only_encoding() {
    let deflate = parameter("SAMLEncoding", DEFLATE);
    let named = [message_parameter(XML), deflate].join("&");
    assert_eq!(
        UnverifiedRedirect::parse(&named).unwrap().unverified_xml(),
        XML
    );
    for other in [
        "",
        "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:GZIP",
        "%zz",
    ] {
        let query = [&message_parameter(XML), "&SAMLEncoding=", other].concat();
        assert_eq!(
            UnverifiedRedirect::parse(&query),
            Err(RedirectError::UnknownSamlEncoding),
            "{other}"
        );
    }
}

#[test]
fn a_value_is_strict_percent_encoding_of_strict_base64() {
    for (value, error) in [
        ("%4", RedirectError::Encoding("SAMLRequest")),
        ("%", RedirectError::Encoding("SAMLRequest")),
        ("%+1", RedirectError::Encoding("SAMLRequest")),
        ("%ff", RedirectError::Encoding("SAMLRequest")),
        ("AA", RedirectError::NotBase64("SAMLRequest")),
        ("AB%3D%3D", RedirectError::NotBase64("SAMLRequest")),
        ("AA%3D%3D%0A", RedirectError::NotBase64("SAMLRequest")),
        ("A+A%2F", RedirectError::NotBase64("SAMLRequest")),
        ("A-A_", RedirectError::NotBase64("SAMLRequest")),
        ("%3Csamlp%3E", RedirectError::NotBase64("SAMLRequest")),
    ] {
        let query = ["SAMLRequest=", value].concat();
        assert_eq!(UnverifiedRedirect::parse(&query), Err(error), "{value}");
    }
    let relay_state = [&message_parameter(XML), "&RelayState=%c3"].concat();
    let refused = UnverifiedRedirect::parse(&relay_state);
    assert_eq!(refused, Err(RedirectError::Encoding("RelayState")));
}

fn inflated(deflated: &[u8]) -> Result<UnverifiedRedirect, RedirectError> {
    UnverifiedRedirect::parse(&parameter("SAMLRequest", &STANDARD.encode(deflated)))
}

#[test]
fn a_message_is_one_whole_stream() {
    let whole = deflate(XML).unwrap();
    for length in 0..whole.len() {
        let refused = inflated(&whole[..length]);
        assert_eq!(refused, Err(RedirectError::NotDeflated), "{length}");
    }
    let trailing = [&whole[..], b"x"].concat();
    assert_eq!(inflated(&trailing), Err(RedirectError::NotDeflated));
    assert_eq!(inflated(XML.as_bytes()), Err(RedirectError::NotDeflated));
    let zlib = [b"\x78\x9c", &whole[..]].concat();
    assert_eq!(inflated(&zlib), Err(RedirectError::NotDeflated));
}

#[test]
fn a_message_is_utf_8() {
    let mut deflated = Vec::with_capacity(64);
    Compress::new(Compression::fast(), false)
        .compress_vec(b"\xff\xfe", &mut deflated, FlushCompress::Finish)
        .unwrap();
    assert_eq!(inflated(&deflated), Err(RedirectError::NotUtf8));
}

#[test]
fn s27_a_message_inflates_to_the_bound_and_not_beyond() {
    for bytes in [
        0,
        1,
        4095,
        4096,
        4097,
        65_536,
        MAX_MESSAGE_BYTES - 1,
        MAX_MESSAGE_BYTES,
    ] {
        let xml = "x".repeat(bytes);
        let parsed = inflated(&deflate(&xml).unwrap()).unwrap();
        assert_eq!(parsed.unverified_xml().len(), bytes);
    }
    for bytes in [MAX_MESSAGE_BYTES + 1, 20_000_000] {
        let bomb = deflate(&"x".repeat(bytes)).unwrap();
        assert_eq!(
            inflated(&bomb),
            Err(RedirectError::MessageTooLong),
            "{bytes}"
        );
    }
}

#[test]
fn a_message_that_can_not_be_compressed_reads_back() {
    // A linear congruential generator: its high bits have no pattern that DEFLATE finds.
    let mut state: u64 = 1;
    let noise: String = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from_u32(0x4e00 + u32::try_from(state >> 52).unwrap()).unwrap()
    })
    .take(10_000)
    .collect();
    let parsed = inflated(&deflate(&noise).unwrap()).unwrap();
    assert_eq!(parsed.unverified_xml(), noise);
}
