//! Bad keys, each beside a good one.

use super::*;
use crate::federation::testing::{Signer, encode};
use serde_json::json;

fn read(keys: &[Value]) -> KeySet {
    KeySet::read(json!({ "keys": keys }).as_object().unwrap()).unwrap()
}

fn fault(jwk: Value) -> KeyFault {
    let set = read(&[jwk, Signer::p256("good").jwk()]);
    assert_eq!(set.keys().len(), 1, "the good key beside it is kept");
    set.refused()[0].because
}

fn changed(mut jwk: Value, member: &str, value: Value) -> Value {
    jwk[member] = value;
    jwk
}

fn without(mut jwk: Value, member: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

fn odd_modulus(bits: usize) -> Value {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= (8 - bits % 8) % 8;
    json!(encode(modulus))
}

#[test]
fn a_bad_rsa_key_is_refused() {
    let good = Signer::rsa("bad").jwk();
    for (member, value, because) in [
        ("e", json!(encode([1])), KeyFault::Exponent),
        ("e", json!(encode([3])), KeyFault::Exponent),
        ("e", json!(encode([1, 0, 0])), KeyFault::Exponent),
        ("e", json!(encode([1, 0, 0, 0, 1])), KeyFault::Exponent),
        ("e", json!(""), KeyFault::Exponent),
        ("e", json!("AQAB="), KeyFault::Encoding),
        ("e", json!(65537), KeyFault::Encoding),
        ("n", odd_modulus(1024), KeyFault::Modulus),
        ("n", odd_modulus(2047), KeyFault::Modulus),
        ("n", odd_modulus(8193), KeyFault::Modulus),
        ("n", json!(encode([0xfe; 256])), KeyFault::Modulus),
        ("n", json!(null), KeyFault::Encoding),
        ("use", json!("enc"), KeyFault::Purpose),
        ("key_ops", json!(["encrypt"]), KeyFault::Purpose),
        ("key_ops", json!("verify"), KeyFault::Purpose),
        ("alg", json!("RSA-OAEP"), KeyFault::Algorithm),
        ("alg", json!("HS256"), KeyFault::Algorithm),
        ("alg", json!("ES256"), KeyFault::Algorithm),
        ("kid", json!(7), KeyFault::Id),
        ("kty", json!("rsa"), KeyFault::Type),
        ("kty", json!("oct"), KeyFault::Type),
        ("d", json!("AQAB"), KeyFault::Private),
    ] {
        let found = fault(changed(good.clone(), member, value.clone()));
        assert_eq!(found, because, "{member} {value}");
    }
    assert_eq!(fault(without(good.clone(), "n")), KeyFault::Encoding);
    assert_eq!(fault(without(good, "kty")), KeyFault::Type);
    assert_eq!(fault(json!("key")), KeyFault::NotAnObject);
}

#[test]
fn a_bad_curve_key_is_refused() {
    let good = Signer::p256("bad").jwk();
    let other = Signer::p256("other").jwk();
    for (member, value, because) in [
        ("y", other["y"].clone(), KeyFault::Point),
        ("x", json!(encode([0; 32])), KeyFault::Point),
        ("x", json!(encode([1; 31])), KeyFault::Encoding),
        ("y", json!(encode([1; 33])), KeyFault::Encoding),
        ("crv", json!("P-384"), KeyFault::Encoding),
        ("crv", json!("P-521"), KeyFault::Curve),
        ("crv", json!("secp256k1"), KeyFault::Curve),
        ("alg", json!("ES384"), KeyFault::Algorithm),
    ] {
        let found = fault(changed(good.clone(), member, value.clone()));
        assert_eq!(found, because, "{member} {value}");
    }
}

#[test]
fn a_degenerate_ed25519_key_is_refused() {
    let good = Signer::ed25519("bad").jwk();
    let mut points = ORDER_EIGHT.to_vec();
    let mut at = |low: u8, middle: u8, high: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (low, high);
        points.push(point);
    };
    at(0, 0, 0);
    at(1, 0, 0);
    at(1, 0, 0x80);
    at(0xec, 0xff, 0x7f);
    at(0xed, 0xff, 0x7f);
    at(0xee, 0xff, 0xff);
    for point in points {
        let found = fault(changed(good.clone(), "x", json!(encode(point))));
        assert_eq!(found, KeyFault::Point, "{point:?}");
    }
    let short = changed(good.clone(), "x", json!(encode([5; 31])));
    assert_eq!(fault(short), KeyFault::Encoding);
    let x25519 = changed(good, "crv", json!("X25519"));
    assert_eq!(fault(x25519), KeyFault::Curve);
}

#[test]
fn no_signature_fits_a_point_off_ed25519() {
    let signer = Signer::ed25519("a");
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    let set = read(&[changed(signer.jwk(), "x", json!(encode(off_curve)))]);
    for signature in [vec![0; 64], signer.signature(Algorithm::EdDsa, b"message")] {
        let fits = |key: &Arc<Key>| key.has_signed(Algorithm::EdDsa, b"message", &signature);
        assert!(!set.keys().iter().any(fits));
    }
}

#[test]
fn an_alg_pins_the_key() {
    let free = read(&[Signer::rsa("a").jwk()]);
    assert_eq!(free.keys()[0].algorithms().count(), 6);
    let pinned = read(&[changed(Signer::rsa("a").jwk(), "alg", json!("PS384"))]);
    let algorithms: Vec<_> = pinned.keys()[0].algorithms().collect();
    assert_eq!(algorithms, [Algorithm::Ps384]);
}

#[test]
fn leading_zeros_do_not_change_a_number() {
    let signer = Signer::rsa("a");
    let jwk = signer.jwk();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let padded = changed(jwk, "n", json!(encode([&[0][..], &modulus].concat())));
    let signature = signer.signature(Algorithm::Rs256, b"message");
    assert!(read(&[padded]).keys()[0].has_signed(Algorithm::Rs256, b"message", &signature));
}

#[test]
fn only_the_first_hundred_keys_are_looked_at() {
    let set = read(&vec![json!({}); 5000]);
    assert_eq!(set.refused().len(), MAX_KEYS);
}

#[test]
fn two_keys_of_one_id_are_ambiguous_where_both_fit() {
    let set = read(&[
        Signer::p256("a").jwk(),
        Signer::p256("a").jwk(),
        Signer::rsa("a").jwk(),
    ]);
    let find = |algorithm| set.find(Some("a"), algorithm).map(|_| ());
    assert_eq!(find(Algorithm::Es256), Err(NoKey::Ambiguous));
    assert_eq!(find(Algorithm::Rs256), Ok(()));
    assert_eq!(find(Algorithm::EdDsa), Err(NoKey::OtherAlgorithm));
}

#[test]
fn a_set_without_a_list_of_keys_is_none() {
    for members in [json!({}), json!({"keys": {}}), json!({"keys": null})] {
        let read = KeySet::read(members.as_object().unwrap());
        assert_eq!(read.err(), Some(NotAKeySet));
    }
}
