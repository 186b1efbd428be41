//! What a session token opened to is told again for the same token, key and ring, and not for long.

use super::super::tests::{HOUR, POLICY, issued, open_at, ring, tags, try_issue};
use super::*;
use crate::credentials::Issued;
use crate::directory::testing::NOW;
use crate::domain::{KeyKind, SessionTags};
use crate::seal::SealingKey;

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

/// Who has no good token changes nothing of what a node knows, and makes it forget nothing.
#[test]
fn of_a_token_that_opens_to_nothing_nothing_is_remembered() {
    let (opened, keys) = (OpenedTokens::default(), ring([1; 32]));
    let (once, never) = (issued(), issued());
    let token = once.credentials.session_token.expose();
    open_again(&opened, &once, &keys, 0).unwrap();
    for _ in 0..3 * MAX_OPENED {
        let another = issued().credentials.access_key_id;
        opened.open(token, &another, &keys, NOW).unwrap_err();
    }
    let again = open_again(&opened, &once, &keys, 0).unwrap();
    assert_eq!(Arc::strong_count(&again), 2, "its first call was forgotten");
    let key = &never.credentials.access_key_id;
    for _ in 0..3 {
        opened.open(token, key, &keys, NOW).unwrap_err();
    }
    let first = open_again(&opened, &never, &keys, 0).unwrap();
    assert_eq!(
        Arc::strong_count(&first),
        1,
        "a call without a good token counted"
    );
}

#[test]
fn a_set_knows_the_last_four_keys_whose_tokens_were_opened() {
    let mut set = Set::default();
    for key in 1..=4 {
        assert!(!set.came_before(key), "{key}");
    }
    for key in (1..=4).rev() {
        assert!(set.came_before(key), "{key}");
    }
    assert!(!set.came_before(5));
    for key in 2..=5 {
        assert!(set.came_before(key), "{key}");
    }
    assert!(!set.came_before(1));
}

/// What this opened to, as a set remembers it.
fn remembered(issued: &Issued, keys: &KeyRing) -> Opened {
    Opened {
        token: issued.credentials.session_token.clone(),
        access_key_id: issued.credentials.access_key_id.clone(),
        ring: keys.identity(),
        to: Arc::new(open_at(issued, 0).unwrap()),
        used_at: NOW,
    }
}

/// Whether a set remembers what this opened to. To ask is to use it.
fn is_remembered(set: &mut Set, issued: &Issued, keys: &KeyRing) -> bool {
    let credentials = &issued.credentials;
    let token = credentials.session_token.expose();
    set.find((token, &credentials.access_key_id, keys), NOW)
        .is_some()
}

#[test]
fn what_was_not_used_for_longer_gives_way() {
    let (mut set, keys) = (Set::default(), ring([1; 32]));
    let [one, two, three] = [issued(), issued(), issued()];
    assert!(set.put(remembered(&one, &keys)).is_none());
    assert!(set.put(remembered(&two, &keys)).is_none());
    assert!(is_remembered(&mut set, &one, &keys));
    let gone = set.put(remembered(&three, &keys)).unwrap();
    assert_eq!(gone.access_key_id, two.credentials.access_key_id);
    for (issued, is_there) in [(&one, true), (&two, false), (&three, true)] {
        assert_eq!(is_remembered(&mut set, issued, &keys), is_there);
    }
}

/// Two calls at once both find nothing, and both put what they opened.
#[test]
fn a_key_has_one_place_in_a_set() {
    let (mut set, keys) = (Set::default(), ring([1; 32]));
    let [one, two] = [issued(), issued()];
    for other in [&one, &two] {
        assert!(set.put(remembered(other, &keys)).is_none());
    }
    for again in [&one, &one, &two, &one] {
        let gone = set.put(remembered(again, &keys)).unwrap();
        assert_eq!(gone.access_key_id, again.credentials.access_key_id);
    }
    assert!(is_remembered(&mut set, &one, &keys) && is_remembered(&mut set, &two, &keys));
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
    assert_eq!(
        Arc::strong_count(&anew),
        1,
        "its key had been forgotten, too"
    );
    let anew = open_again(&opened, &issued, &keys, 111).unwrap();
    assert_eq!(Arc::strong_count(&anew), 2);
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
    assert!((MAX_OPENED / 10 * 9..=MAX_OPENED).contains(&kept), "{kept}");
    for (issued, told) in many.iter().zip(&told) {
        let again = open_again(&opened, issued, &keys, 0).unwrap();
        assert_eq!(again.principal, told.principal);
        assert_eq!(again.secret.secret(), told.secret.secret());
    }
}
