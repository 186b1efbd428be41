//! Certificates that are read, and those that are refused, each by its own name.

use rcgen::{
    CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, date_time_ymd,
};

use super::*;

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    params
}

fn made(name: &str) -> rcgen::Certificate {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    params(name).self_signed(&key).unwrap()
}

#[test]
fn pem_base64_and_der_say_the_same() {
    let certificate = made("idp");
    let from_der = Certificate::from_der(certificate.der()).unwrap();
    let base64 = STANDARD.encode(certificate.der());
    let wrapped: String = base64
        .chars()
        .flat_map(|c| [' ', '\r', '\n', '\t', c])
        .collect();
    for text in [certificate.pem(), base64, wrapped] {
        assert_eq!(text.parse(), Ok(from_der.clone()));
    }
}

#[test]
fn a_certificate_tells_admins_whose_it_is_and_how_long() {
    let certificate: Certificate = made("idp \u{202e}one").pem().parse().unwrap();
    assert_eq!(certificate.subject().as_str(), "CN=idp one");
    assert_eq!(certificate.not_before().to_string(), "2020-01-01T00:00:00Z");
    assert_eq!(certificate.not_after().to_string(), "2030-01-01T00:00:00Z");
    assert_eq!(certificate.key().kind(), KeyKind::EcP256);
    let own = digest(&SHA256, certificate.der());
    assert_eq!(certificate.fingerprint().as_bytes(), own.as_ref());
    assert_eq!(certificate.fingerprint().to_string().len(), 64);
}

#[test]
fn a_certificate_reads_what_it_writes() {
    let certificate: Certificate = made("idp").pem().parse().unwrap();
    let written = serde_json::to_string(&certificate).unwrap();
    assert_eq!(
        serde_json::from_str::<Certificate>(&written).unwrap(),
        certificate
    );
}

#[test]
fn a_key_of_no_use_is_named() {
    let refusal = |text: &str| text.parse::<Certificate>().unwrap_err();
    for (text, because) in [
        (
            include_str!("fixtures/rsa-1024.pem"),
            CertificateError::RsaTooShort { bits: 1024 },
        ),
        (
            include_str!("fixtures/rsa-2047.pem"),
            CertificateError::RsaTooShort { bits: 2047 },
        ),
        (
            include_str!("fixtures/rsa-exponent-3.pem"),
            CertificateError::RsaExponent,
        ),
        (
            include_str!("fixtures/rsa-pss.pem"),
            CertificateError::KeyType,
        ),
        (
            include_str!("fixtures/secp256k1.pem"),
            CertificateError::Curve,
        ),
    ] {
        assert_eq!(refusal(text), because);
    }
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let ed25519 = params("ed25519").self_signed(&key).unwrap();
    assert_eq!(refusal(&ed25519.pem()), CertificateError::KeyType);
}

#[test]
fn a_point_off_its_curve_is_no_key() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut der = params("idp").self_signed(&key).unwrap().der().to_vec();
    let point = &key.public_key_raw()[1..];
    let at = der
        .windows(point.len())
        .position(|window| window == point)
        .unwrap();
    der[at + 40] ^= 1;
    assert_eq!(
        Certificate::from_der(&der),
        Err(CertificateError::MalformedKey)
    );
}

#[test]
fn what_is_no_certificate_is_refused() {
    let good = made("idp");
    let base64 = STANDARD.encode(good.der());
    let longer = STANDARD.encode([good.der(), &[0_u8][..]].concat());
    let shorter = STANDARD.encode(&good.der()[..good.der().len() - 1]);
    for (text, because) in [
        (String::new(), CertificateError::NotACertificate),
        ("AAAA".to_owned(), CertificateError::NotACertificate),
        (longer, CertificateError::NotACertificate),
        (shorter, CertificateError::NotACertificate),
        (good.pem().repeat(2), CertificateError::NotBase64),
        (
            good.pem().replace("-----END", "-----BEGIN"),
            CertificateError::NotBase64,
        ),
        (base64.replacen('M', "<", 1), CertificateError::NotBase64),
        (
            base64.replacen('M', "\u{a0}M", 1),
            CertificateError::NotBase64,
        ),
        (" ".repeat(MAX_TEXT + 1), CertificateError::TooLong),
    ] {
        assert_eq!(text.parse::<Certificate>(), Err(because), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn a_changed_byte_never_ends_the_program(at in 0_usize..300, bit in 0_u32..8) {
        let mut der = made("idp").der().to_vec();
        let at = at % der.len();
        der[at] ^= 1 << bit;
        let read = Certificate::from_der(&der);
        proptest::prop_assert!(read.is_err() || read.unwrap().der() == der);
    }
}
