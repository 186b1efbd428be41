//! What is issued opens again, for its own access key and its own time only.

use std::sync::Arc;

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
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
const HOUR: i64 = 3600;

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

fn tags(count: usize, length: usize) -> SessionTags {
    let mut tags = SessionTags::none();
    for number in 0..count {
        let value = "v".repeat(length).parse().unwrap();
        tags.add(format!("key-{number}").parse().unwrap(), value, false)
            .unwrap();
    }
    tags
}

fn ring(bytes: [u8; 32]) -> KeyRing {
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

fn try_issue(tags: SessionTags, policies: Vec<IdentityPolicy>) -> Result<Issued, IssueError> {
    let extent = Extent {
        policies,
        ..Extent::default()
    };
    issue(grant(tags), extent, mint(&ring([1; 32]), &SystemEntropy))
}

fn issued() -> Issued {
    try_issue(SessionTags::none(), Vec::new()).unwrap()
}

fn open_at(issued: &Issued, seconds: i64) -> Result<OpenToken, TokenError> {
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

/// What a session's token opens to, where `opened` may remember it.
fn open_again(
    opened: &OpenedTokens,
    issued: &Issued,
    keys: &KeyRing,
    seconds: i64,
) -> Result<Arc<OpenToken>, TokenError> {
    let credentials = &issued.credentials;
    let token = credentials.session_token.expose();
    opened.open(token, &credentials.access_key_id, keys, NOW.plus(seconds))
}

/// Opens a session's token twice: what it opens to is remembered from the second call on.
fn open_twice(opened: &OpenedTokens, issued: &Issued, keys: &KeyRing) -> Arc<OpenToken> {
    open_again(opened, issued, keys, 0).unwrap();
    open_again(opened, issued, keys, 0).unwrap()
}

#[test]
fn what_was_opened_is_told_again_to_who_comes_with_the_same() {
    let (opened, issued, keys) = (OpenedTokens::default(), issued(), ring([1; 32]));
    let first = open_twice(&opened, &issued, &keys);
    let again = open_again(&opened, &issued, &keys, 1).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    let plain = open_at(&issued, 0).unwrap();
    assert_eq!(first.principal, plain.principal);
    assert_eq!(first.session, plain.session);
    assert_eq!(first.secret.secret(), plain.secret.secret());
}

#[test]
fn of_a_key_that_comes_once_nothing_is_remembered() {
    let (opened, keys) = (OpenedTokens::default(), ring([1; 32]));
    let often = issued();
    let told = open_twice(&opened, &often, &keys);
    for _ in 0..3 * MAX_OPENED {
        let once = open_again(&opened, &issued(), &keys, 0).unwrap();
        assert_eq!(Arc::strong_count(&once), 1);
    }
    let again = open_again(&opened, &often, &keys, 0).unwrap();
    assert!(
        Arc::ptr_eq(&told, &again),
        "it gave way to one that came once"
    );
}

#[test]
fn what_was_opened_is_over_at_its_expiration() {
    let (opened, issued, keys) = (OpenedTokens::default(), issued(), ring([1; 32]));
    open_twice(&opened, &issued, &keys);
    for (at, is_over) in [
        (0, false),
        (HOUR - 1, false),
        (HOUR, true),
        (HOUR + 1, true),
    ] {
        let again = open_again(&opened, &issued, &keys, at);
        let expired_at = NOW.plus(HOUR);
        assert_eq!(again.is_err(), is_over, "{at}");
        assert!(
            again
                .err()
                .is_none_or(|it| it == TokenError::Expired { expired_at })
        );
    }
}

#[test]
fn what_was_opened_is_told_to_nobody_who_comes_with_anything_else() {
    let (opened, issued, keys) = (OpenedTokens::default(), issued(), ring([1; 32]));
    open_twice(&opened, &issued, &keys);
    let credentials = &issued.credentials;
    let (key, token) = (
        &credentials.access_key_id,
        credentials.session_token.expose(),
    );
    let [other, ..] = [self::issued().credentials];
    for (token, key) in [
        (token, &other.access_key_id),
        (other.session_token.expose(), key),
        (token.get(..token.len() - 4).unwrap(), key),
        (&[token, "AAAA"].concat(), key),
        ("", key),
    ] {
        let refused = opened.open(token, key, &keys, NOW).unwrap_err();
        assert_eq!(refused, TokenError::Invalid, "{token}");
    }
    for at in 0..token.len() {
        let mut changed = token.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let refused = opened.open(&changed, key, &keys, NOW);
        assert!(refused.is_err(), "byte {at}");
    }
    assert!(open_again(&opened, &issued, &keys, 0).is_ok());
}

/// Some of so many stand in the same set.
#[test]
fn what_was_opened_is_told_for_no_other_access_key() {
    let (opened, issued, keys) = (OpenedTokens::default(), issued(), ring([1; 32]));
    open_twice(&opened, &issued, &keys);
    let token = issued.credentials.session_token.expose();
    for number in 0..8 * u32::try_from(MAX_OPENED).unwrap() {
        let [a, b, c, d] = number.to_be_bytes();
        let account = "482011739056".parse().unwrap();
        let other = AccessKeyId::from_random(KeyKind::Temporary, account, [1, a, b, c, d]);
        let refused = opened.open(token, &other, &keys, NOW).unwrap_err();
        assert_eq!(refused, TokenError::Invalid, "{other:?}");
    }
}

#[test]
fn what_would_take_much_room_is_opened_each_time() {
    let (opened, keys) = (OpenedTokens::default(), ring([1; 32]));
    let is_remembered = |issued: &Issued| {
        let first = open_twice(&opened, issued, &keys);
        let again = open_again(&opened, issued, &keys, 0).unwrap();
        assert_eq!(first.session, again.session);
        Arc::ptr_eq(&first, &again)
    };
    let narrowed = try_issue(SessionTags::none(), vec![POLICY.parse().unwrap()]);
    assert!(!is_remembered(&narrowed.unwrap()));
    for (count, is_short) in [(1, true), (4, true), (9, false)] {
        let tagged = try_issue(tags(count, 256), Vec::new()).unwrap();
        let length = tagged.credentials.session_token.expose().len();
        assert_eq!(length <= MAX_BYTES, is_short, "{length}");
        assert_eq!(is_remembered(&tagged), is_short, "{length}");
    }
}

#[test]
fn what_a_ring_opened_is_not_told_for_another_ring() {
    let (opened, issued, mut keys) = (OpenedTokens::default(), issued(), ring([1; 32]));
    let first = open_twice(&opened, &issued, &keys);
    for dropped in [ring([2; 32]), KeyRing::empty()] {
        let refused = open_again(&opened, &issued, &dropped, 0).unwrap_err();
        assert_eq!(refused, TokenError::UnknownKey);
    }
    let copy = open_again(&opened, &issued, &keys.clone(), 0).unwrap();
    assert!(Arc::ptr_eq(&first, &copy));
    keys.add(SealingKey::new([2; 32]), NOW);
    let anew = open_again(&opened, &issued, &keys, 0).unwrap();
    assert!(!Arc::ptr_eq(&first, &anew));
    drop(keys);
    // Whatever comes to stand where the ring stood is another one.
    for _ in 0..100 {
        let refused = open_again(&opened, &issued, &ring([3; 32]), 0).unwrap_err();
        assert_eq!(refused, TokenError::UnknownKey);
    }
}

#[test]
fn what_was_opened_is_forgotten_a_minute_after_its_last_use() {
    let (opened, issued, keys) = (OpenedTokens::default(), issued(), ring([1; 32]));
    let first = open_twice(&opened, &issued, &keys);
    open_again(&opened, &issued, &keys, 50).unwrap();
    opened.forget_unused(NOW.plus(110));
    let again = open_again(&opened, &issued, &keys, 50).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    opened.forget_unused(NOW.plus(111));
    let anew = open_again(&opened, &issued, &keys, 111).unwrap();
    assert!(!Arc::ptr_eq(&first, &anew));
    // The clock was put back.
    opened.forget_unused(NOW.plus(110));
    assert_eq!(Arc::strong_count(&anew), 1);
}

#[test]
fn what_is_over_is_remembered_no_longer() {
    let (opened, issued, keys) = (OpenedTokens::default(), issued(), ring([1; 32]));
    let first = open_twice(&opened, &issued, &keys);
    assert_eq!(Arc::strong_count(&first), 2);
    open_again(&opened, &issued, &keys, HOUR).unwrap_err();
    assert_eq!(Arc::strong_count(&first), 1);
}

#[test]
fn no_more_is_remembered_than_there_is_room_for() {
    let (opened, keys) = (OpenedTokens::default(), ring([1; 32]));
    let many: Vec<_> = (0..3 * MAX_OPENED).map(|_| issued()).collect();
    let told: Vec<_> = many
        .iter()
        .map(|issued| open_twice(&opened, issued, &keys))
        .collect();
    let is_kept = |it: &&Arc<OpenToken>| Arc::strong_count(it) > 1;
    let kept = told.iter().filter(is_kept).count();
    assert!((MAX_OPENED / 2..=MAX_OPENED).contains(&kept), "{kept}");
    for (issued, told) in many.iter().zip(&told) {
        let again = open_again(&opened, issued, &keys, 0).unwrap();
        assert_eq!(again.principal, told.principal);
        assert_eq!(again.secret.secret(), told.secret.secret());
    }
}
