//! What a key has signed, in the encodings of XML Signature.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA256_ASN1_SIGNING,
    ECDSA_P521_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::prelude::FromDer as _;

use super::*;

const MESSAGE: &[u8] = b"<ds:SignedInfo></ds:SignedInfo>";

fn read(info: &[u8]) -> Result<VerifyingKey, CertificateError> {
    VerifyingKey::read(&SubjectPublicKeyInfo::from_der(info).unwrap().1)
}

fn ec(algorithm: &'static EcdsaSigningAlgorithm) -> (EcdsaKeyPair, VerifyingKey) {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let info = pair.public_key().as_der().unwrap();
    let key = read(info.as_ref()).unwrap();
    (pair, key)
}

/// The two numbers of an ASN.1 signature, each at full length.
fn to_fixed(asn1: &[u8], length: usize) -> Vec<u8> {
    let header = if asn1[1] == 0x81 { 3 } else { 2 };
    let r = &asn1[header..][..2 + usize::from(asn1[header + 1])];
    let s = &asn1[header + r.len()..];
    let number = |integer: &[u8]| {
        let digits = &integer[2..];
        let digits = if digits[0] == 0 { &digits[1..] } else { digits };
        [vec![0; length - digits.len()], digits.to_vec()].concat()
    };
    [number(r), number(s)].concat()
}

/// Keys that OpenSSL made, each a `SubjectPublicKeyInfo` in base64.
const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3hFtIKTGwTkkiIkzJRCeqlO6XtX+W6T63iZH0srCykgf2Xoewzl0JDXJlVpax7w4LFCP8E+gCgUJ8TDSXYEveg==";
const P384: &str = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE/7xgsyi4XlRtoPL8f/STl6caG5IskODbxMFGzFV7Nc92CFtPrnj799doMWdaSBzlBNfMpntCyg44bsZkvGGP7NTZV5XW5dULKScko52nNl7y7qjon9eVYnIwTXk5SLPJ";

/// What OpenSSL signed over [`MESSAGE`] with these keys and hashes that are not of their size, in
/// ASN.1.
const FOREIGN: [(&str, Hash, &str); 4] = [
    (
        P256,
        Hash::Sha384,
        "MEYCIQD1/7Xz4cvkJ5l76/IS/eNDqbbjey7IM7pPxGQckcVVZAIhALu77Xknmz7GJfjdkrHZdiG3SBSK44DPdwr0HtStkaHN",
    ),
    (
        P256,
        Hash::Sha512,
        "MEUCIQCwQ1lIiOVHJwCDT9tMC1UQIfP7ZzA8laAnDat0Lc+abwIgV6UKD9YK0dbjaLEZx8hYGvRXVfw0WNJm0C3U0UDdluI=",
    ),
    (
        P384,
        Hash::Sha256,
        "MGQCMEB0VlRYeMjWWN0FrSSyXFobXaRxo6egbuDMWqAwgvoAunEP1fEfvfjhyUVcY/sLTgIwQpDNEJQIFvxMOU+RXGXiJ+CkrGxD1FDrFhLRm2RpJRxwt1TarrK+nC7uSB3VR8Ho",
    ),
    (
        P384,
        Hash::Sha512,
        "MGYCMQCb32Dcg6bNuxt36AcZ5v7engmmNYEyUM0jsYAdw4Fyd96I+VaTPB0h0VJxwSaE1koCMQCVsMBO/xvk748N1VAGsGdJI11zI/tFrO6eW/uyJcMXtkvYKxYzfyVLOATbN0/hbr0=",
    ),
];

#[test]
fn every_curve_goes_with_every_hash() {
    let random = SystemRandom::new();
    for (algorithm, kind, hash, length) in [
        (
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            KeyKind::EcP256,
            Hash::Sha256,
            32,
        ),
        (
            &ECDSA_P384_SHA384_ASN1_SIGNING,
            KeyKind::EcP384,
            Hash::Sha384,
            48,
        ),
        (
            &ECDSA_P521_SHA256_ASN1_SIGNING,
            KeyKind::EcP521,
            Hash::Sha256,
            66,
        ),
        (
            &ECDSA_P521_SHA384_ASN1_SIGNING,
            KeyKind::EcP521,
            Hash::Sha384,
            66,
        ),
        (
            &ECDSA_P521_SHA512_ASN1_SIGNING,
            KeyKind::EcP521,
            Hash::Sha512,
            66,
        ),
    ] {
        let (pair, key) = ec(algorithm);
        assert_eq!(key.kind(), kind);
        let asn1 = pair.sign(&random, MESSAGE).unwrap();
        assert_signed(&key, hash, asn1.as_ref(), length);
    }
    for (key, hash, asn1) in FOREIGN {
        let key = read(&STANDARD.decode(key).unwrap()).unwrap();
        let length = if key.kind() == KeyKind::EcP256 {
            32
        } else {
            48
        };
        assert_signed(&key, hash, &STANDARD.decode(asn1).unwrap(), length);
    }
}

/// The key signed [`MESSAGE`], with this hash only, and nothing else.
#[track_caller]
fn assert_signed(key: &VerifyingKey, hash: Hash, asn1: &[u8], length: usize) {
    let fixed = to_fixed(asn1, length);
    for tried in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        assert_eq!(key.has_signed(tried, MESSAGE, &fixed), tried == hash);
    }
    assert!(!key.has_signed(hash, b"<ds:SignedInfo/>", &fixed));
    assert!(!key.has_signed(hash, MESSAGE, asn1), "ASN.1");
}

#[test]
fn numbers_with_and_without_leading_zeros_are_converted() {
    let (pair, key) = ec(&ECDSA_P521_SHA512_FIXED_SIGNING);
    for _ in 0..200 {
        let signature = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
        assert!(key.has_signed(Hash::Sha512, MESSAGE, signature.as_ref()));
    }
}

#[test]
fn a_signature_of_zeros_or_of_another_length_fits_nothing() {
    let (pair, key) = ec(&ECDSA_P521_SHA512_FIXED_SIGNING);
    let good = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
    let good = good.as_ref();
    let shorter = &good[..good.len() - 1];
    let longer = [good, &[0]].concat();
    for bad in [&[][..], &[0; 66], &[0; 132], shorter, &longer] {
        assert!(!key.has_signed(Hash::Sha512, MESSAGE, bad));
    }
}

#[test]
fn rsa_goes_with_every_hash_and_only_with_its_own() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let info = pair.public_key().as_der().unwrap();
    let key = read(info.as_ref()).unwrap();
    assert_eq!(key.kind(), KeyKind::Rsa);
    assert_eq!(key.public_key_info(), info.as_ref());
    for (encoding, hash, other) in [
        (&RSA_PKCS1_SHA256, Hash::Sha256, Hash::Sha384),
        (&RSA_PKCS1_SHA384, Hash::Sha384, Hash::Sha512),
        (&RSA_PKCS1_SHA512, Hash::Sha512, Hash::Sha256),
    ] {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), MESSAGE, &mut signature)
            .unwrap();
        assert!(key.has_signed(hash, MESSAGE, &signature));
        assert!(!key.has_signed(other, MESSAGE, &signature));
        assert!(!key.has_signed(hash, &MESSAGE[1..], &signature));
    }
}

#[test]
fn a_modulus_of_more_than_8192_bits_is_too_long() {
    let long = [&[1_u8][..], &[0xff; 1024]].concat();
    let key = RSAPublicKey {
        modulus: &long,
        exponent: &[1, 0, 1],
    };
    assert_eq!(
        check_rsa(&key),
        Err(CertificateError::RsaTooLong { bits: 8193 })
    );
    let longest = RSAPublicKey {
        modulus: &long[1..],
        ..key
    };
    assert_eq!(check_rsa(&longest), Ok(()));
}
