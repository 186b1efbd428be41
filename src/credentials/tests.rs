//! What is issued opens again, for its own access key and its own time only.

use super::*;
use crate::directory::testing::NOW;
use crate::domain::{
    AccessKeyId, KeyKind, Lineage, Origin, Principal, ProvenPerson, ProviderRef, SessionDuration,
    SessionTags, SessionToken, UnixTime,
};
use crate::entropy::{Entropy, EntropyError, SystemEntropy};
use crate::policy::{
    AssumeAction, Assumption, Caller, Context, Decision, Grant, IdentityPolicy, RoleTerms, decide,
};
use crate::seal::{KeyRing, SealingKey};

const PROVIDER: &str = "arn:aws:iam::482011739056:oidc-provider/idp.example.com";
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Principal":{"Federated":"arn:aws:iam::482011739056:oidc-provider/idp.example.com"},
    "Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"]}}"#;
pub(super) const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
pub(super) const HOUR: i64 = 3600;

fn grant(tags: SessionTags) -> Grant {
    grant_until(tags, None)
}

fn grant_until(tags: SessionTags, ends_by: Option<UnixTime>) -> Grant {
    let assumption = Assumption {
        action: AssumeAction::WithWebIdentity,
        caller: Caller::Federated { provider: PROVIDER },
        context: Context::new(),
        session: "ines".parse().unwrap(),
        tags,
        source_identity: None,
        duration: SessionDuration::DEFAULT,
        ends_by,
        lineage: Lineage {
            origin: Origin::Person(ProvenPerson {
                provider: ProviderRef::Account(PROVIDER.parse().unwrap()),
                issuer: "https://idp.example.com".parse().unwrap(),
                subject: "ines".parse().unwrap(),
            }),
            rule: None,
            generation: 1,
            sign_in: None,
            through: Vec::new(),
        },
    };
    let role = RoleTerms {
        arn: &"arn:aws:iam::482011739056:role/Reader".parse().unwrap(),
        id: &"AROAABCDEFGHIJKLMNOPQ".parse().unwrap(),
        trust: &TRUST.parse().unwrap(),
        max_session: SessionDuration::MAX,
    };
    match decide(assumption, Some(role)) {
        Decision::Permit(grant) => grant,
        Decision::Deny(denial) => panic!("{denial}"),
    }
}

pub(super) fn tags(count: usize, length: usize) -> SessionTags {
    let mut tags = SessionTags::none();
    for number in 0..count {
        let value = "v".repeat(length).parse().unwrap();
        tags.add(format!("key-{number}").parse().unwrap(), value, false)
            .unwrap();
    }
    tags
}

pub(super) fn ring(bytes: [u8; 32]) -> KeyRing {
    let mut ring = KeyRing::empty();
    ring.add(SealingKey::new(bytes), NOW);
    ring
}

fn mint<'a>(keys: &'a KeyRing, entropy: &'a dyn Entropy) -> Mint<'a> {
    Mint {
        keys,
        now: NOW,
        entropy,
    }
}

pub(super) fn try_issue(
    tags: SessionTags,
    policies: Vec<IdentityPolicy>,
) -> Result<Issued, IssueError> {
    let extent = Extent {
        policies,
        ..Extent::default()
    };
    issue(grant(tags), extent, mint(&ring([1; 32]), &SystemEntropy))
}

pub(super) fn issued() -> Issued {
    try_issue(SessionTags::none(), Vec::new()).unwrap()
}

pub(super) fn open_at(issued: &Issued, seconds: i64) -> Result<OpenToken, TokenError> {
    let credentials = &issued.credentials;
    let token = credentials.session_token.expose();
    let at = NOW.plus(seconds);
    open(token, &credentials.access_key_id, &ring([1; 32]), at)
}

#[test]
fn what_was_issued_opens_again() {
    let issued = try_issue(tags(2, 5), vec![POLICY.parse().unwrap()]).unwrap();
    let opened = open_at(&issued, 0).unwrap();
    assert_eq!(opened.principal, Principal::Session(issued.principal));
    let session = opened.session;
    assert_eq!(session.lineage, issued.lineage);
    assert_eq!(session.tags, tags(2, 5));
    assert_eq!(session.session_policies, [POLICY.parse().unwrap()]);
    assert_eq!((session.issued_at, session.mfa_at), (NOW, None));
    assert_eq!(session.expires_at, issued.credentials.expiration);
    assert_eq!(session.expires_at, NOW.plus(HOUR));
}

#[test]
fn a_session_ends_with_its_duration_or_at_its_latest_end_whichever_is_first() {
    for (latest, end) in [(HOUR + 1, HOUR), (HOUR - 1, HOUR - 1), (1, 1)] {
        let grant = grant_until(SessionTags::none(), Some(NOW.plus(latest)));
        let issued = issue(
            grant,
            Extent::default(),
            mint(&ring([1; 32]), &SystemEntropy),
        )
        .unwrap();
        assert_eq!(issued.credentials.expiration, NOW.plus(end), "{latest}");
        let opened = open_at(&issued, 0).unwrap();
        assert_eq!(opened.session.expires_at, NOW.plus(end));
    }
}

#[test]
fn the_secret_access_key_comes_out_of_the_token_alone() {
    let issued = issued();
    let credentials = &issued.credentials;
    let token = credentials.session_token.expose();
    let opened = open(token, &credentials.access_key_id, &ring([1; 32]), NOW).unwrap();
    assert_eq!(*opened.secret.secret(), credentials.secret_access_key);
    assert_eq!(opened.secret.secret().expose().len(), 40);
    assert!(!token.contains(opened.secret.secret().expose()));
}

#[test]
fn two_sessions_of_one_grant_share_no_secret() {
    let (one, other) = (issued().credentials, issued().credentials);
    assert_ne!(one.access_key_id, other.access_key_id);
    assert_ne!(one.secret_access_key, other.secret_access_key);
    assert_ne!(one.session_token, other.session_token);
}

#[test]
fn an_access_key_id_is_a_temporary_one_of_the_role_s_account() {
    let id = issued().credentials.access_key_id;
    assert_eq!(id.kind(), Some(KeyKind::Temporary));
    assert_eq!(id.account(), "482011739056".parse().ok());
}

#[test]
fn a_token_with_any_bit_flipped_is_refused() {
    let issued = issued();
    let credentials = &issued.credentials;
    let bytes = data_encoding::BASE64
        .decode(credentials.session_token.expose().as_bytes())
        .unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let token = data_encoding::BASE64.encode(&flipped);
        let opened = open(&token, &credentials.access_key_id, &ring([1; 32]), NOW);
        // The id of the sealing key stands right after the version.
        let expected = if (8..40).contains(&bit) {
            TokenError::UnknownKey
        } else {
            TokenError::Invalid
        };
        assert_eq!(opened.unwrap_err(), expected, "bit {bit}");
    }
}

#[test]
fn a_token_cut_short_anywhere_is_refused() {
    let issued = issued();
    let credentials = &issued.credentials;
    let token = credentials.session_token.expose();
    for end in 0..token.len() {
        let opened = open(
            token.get(..end).unwrap(),
            &credentials.access_key_id,
            &ring([1; 32]),
            NOW,
        );
        assert_eq!(opened.unwrap_err(), TokenError::Invalid, "{end} characters");
    }
}

#[test]
fn a_token_goes_with_its_own_access_key_only() {
    let (one, other) = (issued().credentials, issued().credentials);
    let token = one.session_token.expose();
    let opened = open(token, &other.access_key_id, &ring([1; 32]), NOW);
    assert_eq!(opened.unwrap_err(), TokenError::Invalid);
    let lower: AccessKeyId = one.access_key_id.as_str().to_lowercase().parse().unwrap();
    let opened = open(token, &lower, &ring([1; 32]), NOW);
    assert_eq!(opened.unwrap_err(), TokenError::Invalid);
}

#[test]
fn a_session_is_over_at_the_very_second_of_its_expiration() {
    let issued = issued();
    assert!(open_at(&issued, HOUR - 1).is_ok());
    let expired = TokenError::Expired {
        expired_at: NOW.plus(HOUR),
    };
    assert_eq!(open_at(&issued, HOUR).unwrap_err(), expired);
}

#[test]
fn a_token_of_a_key_that_is_not_known_is_told_apart() {
    let issued = issued();
    let credentials = &issued.credentials;
    let token = credentials.session_token.expose();
    for keys in [ring([2; 32]), KeyRing::empty()] {
        let opened = open(token, &credentials.access_key_id, &keys, NOW);
        assert_eq!(opened.unwrap_err(), TokenError::UnknownKey);
    }
}

#[test]
fn a_token_with_something_after_it_is_refused() {
    let issued = issued();
    let credentials = &issued.credentials;
    for tail in ["A", "AAAA", "====", "\n", " "] {
        let token = [credentials.session_token.expose(), tail].concat();
        let opened = open(&token, &credentials.access_key_id, &ring([1; 32]), NOW);
        assert_eq!(opened.unwrap_err(), TokenError::Invalid, "{tail:?}");
    }
}

#[test]
fn a_token_longer_than_any_of_ours_is_not_even_decoded() {
    let issued = issued();
    let token = "A".repeat(SessionToken::MAX_BYTES + 4);
    let opened = open(
        &token,
        &issued.credentials.access_key_id,
        &ring([1; 32]),
        NOW,
    );
    assert_eq!(opened.unwrap_err(), TokenError::Invalid);
}

#[test]
fn a_session_that_is_more_than_a_token_holds_is_refused_with_its_share() {
    let fitting = try_issue(tags(9, 256), Vec::new()).unwrap();
    assert!(fitting.packed_size.unwrap() <= 100);
    assert!(open_at(&fitting, 0).is_ok());
    let too_large = try_issue(tags(14, 256), Vec::new()).unwrap_err();
    assert!(
        matches!(too_large, IssueError::TooLarge { percent } if (101..200).contains(&percent)),
        "{too_large:?}"
    );
}

#[test]
fn the_packed_size_is_told_where_tags_or_policies_take_room() {
    let size = |tags, policies| try_issue(tags, policies).unwrap().packed_size;
    assert_eq!(size(SessionTags::none(), Vec::new()), None);
    let with_tags = size(tags(1, 5), Vec::new()).unwrap();
    let with_more = size(tags(5, 200), Vec::new()).unwrap();
    assert!(with_tags < with_more && with_more <= 100);
    assert!(size(SessionTags::none(), vec![POLICY.parse().unwrap()]).is_some());
}

#[test]
fn nothing_is_issued_before_a_key_seals() {
    let mut keys = KeyRing::empty();
    keys.add(SealingKey::new([1; 32]), NOW.plus(1));
    let early = issue(
        grant(SessionTags::none()),
        Extent::default(),
        mint(&keys, &SystemEntropy),
    );
    assert_eq!(early.unwrap_err(), IssueError::NoSealingKey);
}

#[test]
fn nothing_is_issued_without_randomness() {
    struct Nothing;
    impl Entropy for Nothing {
        fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }
    let keys = ring([1; 32]);
    let none = issue(
        grant(SessionTags::none()),
        Extent::default(),
        mint(&keys, &Nothing),
    );
    assert_eq!(none.unwrap_err(), IssueError::Entropy(EntropyError));
}
