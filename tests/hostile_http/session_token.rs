//! Session tokens that are old, damaged or somebody else's.

use std::collections::HashSet;

use data_encoding::BASE64;
use rolegate::credentials::{self, Extent, Mint, TokenError};
use rolegate::domain::{
    AccessKeyId, Credentials, Lineage, Origin, ProvenPerson, ProviderRef, RoleArn, SessionDuration,
    SessionTags, UniqueId, UniqueIdKind, UnixTime,
};
use rolegate::entropy::SystemEntropy;
use rolegate::policy::{
    self, AssumeAction, Assumption, Caller, Context, Decision, RoleTerms, TrustPolicy,
};
use rolegate::seal::{KeyRing, SealingKey};

use super::support::aws::AwsKeys;
use super::support::http_node::{HttpNode, ROLE};
use super::support::sts::assert_refused;

const INVALID: &str = "InvalidClientTokenId";

fn with_token(keys: &AwsKeys, token: impl Into<String>) -> AwsKeys {
    AwsKeys {
        token: Some(token.into()),
        ..keys.clone()
    }
}

fn token(keys: &AwsKeys) -> &str {
    keys.token.as_deref().unwrap()
}

#[test]
fn a8_a_session_token_that_was_touched_is_refused() {
    let node = HttpNode::start();
    let keys = node.session();
    assert_eq!(node.who(&keys).status, 200);
    let good = token(&keys);
    let raw = BASE64.decode(good.as_bytes()).unwrap();
    let cut = |length| good.get(..length).unwrap().to_owned();
    let (head, tail) = good.split_at(8);
    let bad = [
        ("truncated", cut(good.len() / 2)),
        ("one character short", cut(good.len() - 1)),
        ("one byte short", BASE64.encode(&raw[..raw.len() - 1])),
        ("appended", [good, "AAAA"].concat()),
        ("one byte more", BASE64.encode(&[&raw[..], &[0]].concat())),
        ("with a space inside", [head, " ", tail].concat()),
        ("in base64url", data_encoding::BASE64URL.encode(&raw) + "_"),
        (
            "without padding",
            [good.trim_end_matches('='), "A"].concat(),
        ),
        ("text", "garbage".to_owned()),
        ("long", "A".repeat(60 * 1024)),
        ("at the limit", "A".repeat(4096)),
    ];
    for (what, token) in bad {
        let response = node.who(&with_token(&keys, token));
        assert_eq!(response.status, 403, "{what}: {response:?}");
        assert_refused(&response, 403, INVALID);
    }
}

#[test]
fn a8_a_missing_session_token_is_refused() {
    let node = HttpNode::start();
    let keys = AwsKeys {
        token: None,
        ..node.session()
    };
    assert_refused(&node.who(&keys), 403, INVALID);
    assert_refused(&node.who(&with_token(&keys, "")), 403, INVALID);
}

#[test]
fn a8_a_session_token_is_its_own_keys_only() {
    let node = HttpNode::start();
    let (one, other) = (node.session(), node.session());
    assert_refused(&node.who(&with_token(&one, token(&other))), 403, INVALID);
    let renamed = AwsKeys {
        id: other.id.clone(),
        ..one.clone()
    };
    assert_refused(&node.who(&renamed), 403, INVALID);
    let stolen = AwsKeys {
        secret: other.secret.clone(),
        ..one
    };
    assert_refused(&node.who(&stolen), 403, "SignatureDoesNotMatch");
    assert_refused(
        &node.who(&with_token(&AwsKeys::admin(), token(&other))),
        403,
        INVALID,
    );
}

#[test]
fn a8_bit_flips_over_the_wire_are_refused() {
    let node = HttpNode::start();
    let keys = node.session();
    let raw = BASE64.decode(token(&keys).as_bytes()).unwrap();
    for bit in (0..raw.len() * 8).step_by(29) {
        let mut flipped = raw.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let response = node.who(&with_token(&keys, BASE64.encode(&flipped)));
        assert_refused(&response, 403, INVALID);
    }
}

#[test]
fn a8_every_bit_flip_of_a_session_token_is_refused() {
    let minted = Minted::new();
    assert!(minted.open(&minted.token).is_ok());
    let raw = BASE64.decode(minted.token.as_bytes()).unwrap();
    for bit in 0..raw.len() * 8 {
        let mut flipped = raw.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = minted.open(&BASE64.encode(&flipped)).unwrap_err();
        // The key id follows the version; an unknown one is worth one look at the directory.
        let expected = if (8..40).contains(&bit) {
            TokenError::UnknownKey
        } else {
            TokenError::Invalid
        };
        assert_eq!(error, expected, "bit {bit}");
    }
}

#[test]
fn a8_every_bit_flip_of_a_session_tokens_text_is_refused() {
    let minted = Minted::new();
    for bit in 0..minted.token.len() * 8 {
        let mut flipped = minted.token.clone().into_bytes();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // What is no text never comes so far.
        if let Ok(text) = String::from_utf8(flipped) {
            assert!(minted.open(&text).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a8_a_session_token_of_every_shorter_length_is_refused() {
    let minted = Minted::new();
    let raw = BASE64.decode(minted.token.as_bytes()).unwrap();
    for length in 0..raw.len() {
        let token = BASE64.encode(&raw[..length]);
        assert!(minted.open(&token).is_err(), "{length} bytes");
    }
}

#[test]
fn a8_a_session_ends_to_the_second() {
    let node = HttpNode::start();
    let keys = node.session();
    node.advance(3599);
    assert_eq!(node.who(&keys).status, 200);
    node.advance(1);
    assert_refused(&node.who(&keys), 403, "ExpiredToken");
    node.advance(86_400);
    assert_refused(&node.who(&keys), 403, "ExpiredToken");
}

#[test]
fn a9_no_two_messages_share_a_salt() {
    let mut keys = KeyRing::empty();
    keys.add(SealingKey::new(KEY), NOW);
    let (mut salts, mut secrets) = (HashSet::new(), HashSet::new());
    for _ in 0..100_000 {
        let minted = mint(&keys);
        let token = BASE64.decode(minted.session_token.expose().as_bytes());
        // The salt follows the version and the key id.
        let salt: [u8; 32] = token.unwrap()[5..37].try_into().unwrap();
        assert!(salts.insert(salt), "a salt was used twice");
        let secret = minted.secret_access_key.expose().to_owned();
        assert!(secrets.insert(secret), "a secret was given out twice");
    }
}

#[test]
fn a9_a_key_that_is_dropped_opens_nothing_any_more() {
    let node = HttpNode::start();
    let keys = node.session();
    let rotate = |previous: &str| {
        let body = serde_json::json!({ "previous": previous }).to_string();
        let response = node.admin("POST", "/admin/v1/keys/rotate", &body);
        assert_eq!(response.status, 200, "{}", response.text());
    };
    rotate("keep");
    assert_eq!(node.who(&keys).status, 200);
    let newer = node.session();
    rotate("drop");
    assert_refused(&node.who(&keys), 403, INVALID);
    assert_refused(&node.who(&newer), 403, INVALID);
    assert_eq!(node.who(&node.session()).status, 200);
}

#[test]
fn a9_another_version_is_refused() {
    let minted = Minted::new();
    let raw = BASE64.decode(minted.token.as_bytes()).unwrap();
    for version in (0..=u8::MAX).filter(|version| *version != raw[0]) {
        let mut other = raw.clone();
        other[0] = version;
        let error = minted.open(&BASE64.encode(&other)).unwrap_err();
        assert_eq!(error, TokenError::Invalid, "version {version}");
    }
}

#[test]
fn a9_a_token_under_an_unknown_key_is_refused() {
    let minted = Minted::new();
    let mut other = KeyRing::empty();
    other.add(SealingKey::new([8; 32]), NOW);
    let opened = credentials::open(&minted.token, &minted.key_id, &other, NOW);
    assert_eq!(opened.unwrap_err(), TokenError::UnknownKey);
    let none = credentials::open(&minted.token, &minted.key_id, &KeyRing::empty(), NOW);
    assert_eq!(none.unwrap_err(), TokenError::UnknownKey);
}

#[test]
fn a9_what_is_sealed_for_another_purpose_is_no_session_token() {
    let minted = Minted::new();
    let raw = BASE64.decode(minted.token.as_bytes()).unwrap();
    let key = SealingKey::new(KEY);
    let context: [&[u8]; 3] = [b"session token", &[3], minted.key_id.as_str().as_bytes()];
    let plain = key.plaintext(&context, &raw[1..]).unwrap();
    let sealed = |context: &[&[u8]]| {
        let sealed = key.seal(context, &plain, &SystemEntropy).unwrap();
        BASE64.encode(&[&[3], &sealed[..]].concat())
    };
    assert!(minted.open(&sealed(&context)).is_ok());
    let id = minted.key_id.as_str().as_bytes();
    let others: [&[&[u8]]; 6] = [
        &[b"session cookie", &[3], id],
        &[b"sessions", &[3], id],
        &[b"session token", &[1], id],
        &[b"session token", &[3], b"ASIAQYLPMN5HAAAAAAAA"],
        &[b"session token", &[3]],
        &[],
    ];
    for context in others {
        let error = minted.open(&sealed(context)).unwrap_err();
        assert_eq!(error, TokenError::Invalid, "{context:?}");
    }
}

const NOW: UnixTime = UnixTime::from_seconds(super::support::clock::NOW);
const KEY: [u8; 32] = [7; 32];

/// A session token that was issued in this process.
struct Minted {
    token: String,
    key_id: AccessKeyId,
    keys: KeyRing,
}

impl Minted {
    fn new() -> Self {
        let mut keys = KeyRing::empty();
        keys.add(SealingKey::new(KEY), NOW);
        let issued = mint(&keys);
        Self {
            token: issued.session_token.expose().to_owned(),
            key_id: issued.access_key_id,
            keys,
        }
    }

    fn open(&self, token: &str) -> Result<(), TokenError> {
        credentials::open(token, &self.key_id, &self.keys, NOW).map(drop)
    }
}

/// Credentials for a grant of a trust policy.
fn mint(keys: &KeyRing) -> Credentials {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/idp.example"},
        "Action":"sts:AssumeRoleWithWebIdentity"}]}"#;
    let trust: TrustPolicy = trust.parse().unwrap();
    let (arn, id): (RoleArn, _) = (
        ROLE.parse().unwrap(),
        UniqueId::from_random(UniqueIdKind::Role, [1; 11]),
    );
    let terms = RoleTerms {
        arn: &arn,
        id: &id,
        trust: &trust,
        max_session: SessionDuration::DEFAULT,
    };
    let provider = "arn:aws:iam::123456789012:oidc-provider/idp.example";
    let assumption = Assumption {
        action: AssumeAction::WithWebIdentity,
        caller: Caller::Federated { provider },
        context: Context::default(),
        session: "ines".parse().unwrap(),
        tags: SessionTags::none(),
        source_identity: None,
        duration: SessionDuration::DEFAULT,
        ends_by: None,
        lineage: Lineage {
            origin: Origin::Person(ProvenPerson {
                provider: ProviderRef::Account(provider.parse().unwrap()),
                issuer: "https://idp.example".parse().unwrap(),
                subject: "ines".parse().unwrap(),
            }),
            rule: None,
            generation: 1,
            sign_in: None,
            through: Vec::new(),
        },
    };
    let Decision::Permit(grant) = policy::decide(assumption, Some(terms)) else {
        panic!("the trust policy allows it");
    };
    let mint = Mint {
        keys,
        now: NOW,
        entropy: &SystemEntropy,
    };
    let issued = credentials::issue(grant, Extent::default(), mint);
    issued.unwrap().credentials
}
