//! What every store does with families of refresh tokens.

use std::sync::Arc;

use rolegate::domain::{SignInId, UnixTime};
use rolegate::store::{
    Begun, Ending, FamiliesOf, FamilyKey, RefreshFamilies, RefreshFamily, Rotated, Rotation,
    TokenDigest,
};

use crate::conformance::{CALLERS, Store, all_at_once};
use crate::samples::{IDLE, LASTS, NOW};

const ROLE: &str = "AROA2345672345672345A";
const OTHER_ROLE: &str = "AROA2345672345672345B";

pub(crate) const fn family_key(byte: u8) -> FamilyKey {
    FamilyKey([byte; 32])
}

pub(crate) const fn token(byte: u8) -> TokenDigest {
    TokenDigest([byte; 32])
}

/// A family whose first token is 1.
pub(crate) fn family(subject: &str) -> RefreshFamily {
    RefreshFamily {
        sign_in: SignInId::from_random([9; 16]),
        issuer: "https://idp.example.com".parse().unwrap(),
        subject: subject.parse().unwrap(),
        connection: "staff".parse().unwrap(),
        role: ROLE.parse().unwrap(),
        rule: Some("admins".parse().unwrap()),
        proof_issued_at: NOW,
        begun_at: NOW,
        last_used: NOW,
        idle_seconds: u32::try_from(IDLE).unwrap(),
        ends_at: NOW.plus(LASTS),
        rotations: 0,
        current: token(1),
    }
}

pub(crate) async fn begin(store: &impl RefreshFamilies, key: u8, family: &RefreshFamily) -> Begun {
    store.begin(&family_key(key), family).await.unwrap()
}

/// Presents a token so many seconds after [`NOW`].
pub(crate) async fn rotate(
    store: &impl RefreshFamilies,
    key: u8,
    (presented, next): (u8, u8),
    after: i64,
) -> Rotated {
    let rotation = Rotation {
        presented: token(presented),
        next: token(next),
        now: NOW.plus(after),
    };
    store.rotate(&family_key(key), &rotation).await.unwrap()
}

pub(crate) fn is_next(rotated: &Rotated) -> bool {
    matches!(rotated, Rotated::Next(_))
}

/// The names of families, in order.
async fn listed(store: &impl RefreshFamilies, now: UnixTime) -> Vec<u8> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(99);
    store.list(now, sender).await.unwrap();
    let mut names = Vec::new();
    while let Some((key, _)) = receiver.recv().await {
        names.push(key.0[0]);
    }
    names.sort_unstable();
    names.dedup();
    names
}

pub(crate) async fn each_token_of_a_family_is_good_once_and_brings_the_next(
    store: Arc<impl Store>,
) {
    assert_eq!(begin(&*store, 1, &family("a")).await, Begun::Kept);
    for used in 1..=5_u8 {
        let expected = RefreshFamily {
            last_used: NOW.plus(i64::from(used)),
            rotations: used.into(),
            current: token(used + 1),
            ..family("a")
        };
        let rotated = rotate(&*store, 1, (used, used + 1), used.into()).await;
        assert_eq!(rotated, Rotated::Next(Box::new(expected)));
    }
}

pub(crate) async fn a_token_that_was_used_ends_its_family_and_no_other(store: Arc<impl Store>) {
    for (key, name) in [(1, "a"), (2, "a")] {
        begin(&*store, key, &family(name)).await;
        assert!(is_next(&rotate(&*store, key, (1, 2), 1).await));
        assert!(is_next(&rotate(&*store, key, (2, 3), 2).await));
    }
    let replayed = rotate(&*store, 1, (1, 9), 3).await;
    let Rotated::Replayed(ended) = replayed else {
        panic!("{replayed:?}");
    };
    assert_eq!((ended.rotations, ended.current), (2, token(3)));
    for presented in [1, 2, 3, 9] {
        let rotated = rotate(&*store, 1, (presented, 8), 3).await;
        assert_eq!(rotated, Rotated::Unknown, "token {presented}");
    }
    assert_eq!(listed(&*store, NOW.plus(3)).await, [2]);
    assert!(is_next(&rotate(&*store, 2, (3, 4), 3).await));
}

pub(crate) async fn a_token_of_no_family_is_unknown_and_ends_none(store: Arc<impl Store>) {
    begin(&*store, 1, &family("a")).await;
    assert_eq!(rotate(&*store, 2, (1, 2), 0).await, Rotated::Unknown);
    assert!(is_next(&rotate(&*store, 1, (1, 2), 0).await));
}

/// Two who present one token are one too many: one gets the next, and by the other it is over.
pub(crate) async fn of_all_who_present_a_token_at_once_one_gets_the_next(store: Arc<impl Store>) {
    begin(&*store, 1, &family("a")).await;
    let rotated = all_at_once(&store, |store, caller| async move {
        let next = u8::try_from(100 + caller).unwrap();
        rotate(&*store, 1, (1, next), 0).await
    })
    .await;
    assert_eq!(rotated.iter().filter(|it| is_next(it)).count(), 1);
    let replayed = |it: &&Rotated| matches!(it, Rotated::Replayed(_));
    assert!(rotated.iter().any(|it| replayed(&it)), "{rotated:?}");
    for caller in 0..CALLERS {
        let next = u8::try_from(100 + caller).unwrap();
        let after = rotate(&*store, 1, (next, 2), 0).await;
        assert_eq!(after, Rotated::Unknown, "{next}");
    }
}

pub(crate) async fn a_family_is_over_when_idle_too_long(store: Arc<impl Store>) {
    for (key, after, is_alive) in [(1, IDLE - 1, true), (2, IDLE, false)] {
        begin(&*store, key, &family("a")).await;
        let rotated = rotate(&*store, key, (1, 2), after).await;
        assert_eq!(is_next(&rotated), is_alive, "{rotated:?}");
    }
    assert_eq!(listed(&*store, NOW.plus(IDLE)).await, [1]);
    assert!(listed(&*store, NOW.plus(2 * IDLE - 1)).await.is_empty());
}

pub(crate) async fn use_keeps_a_family_and_its_end_does_not_move(store: Arc<impl Store>) {
    let forever = RefreshFamily {
        idle_seconds: u32::MAX,
        ends_at: NOW.plus(i64::MAX / 2),
        ..family("a")
    };
    for (key, family, last) in [
        (1, family("a"), LASTS),
        (2, forever, RefreshFamily::MAX_SECONDS),
    ] {
        begin(&*store, key, &family).await;
        let (mut used, mut at) = (1, 0);
        while at + IDLE - 1 < last && used < 50 {
            at += IDLE - 1;
            let rotated = rotate(&*store, key, (used, used + 1), at).await;
            assert!(is_next(&rotated), "{rotated:?} after {at}");
            used += 1;
        }
        let over = rotate(&*store, key, (used, used + 1), last).await;
        assert_eq!(over, Rotated::Unknown);
    }
}

pub(crate) async fn a_family_ends_once_and_alone(store: Arc<impl Store>) {
    begin(&*store, 1, &family("a")).await;
    begin(&*store, 2, &family("a")).await;
    let ended = all_at_once(&store, |store, _| async move {
        store.end_family(&family_key(1)).await.unwrap()
    })
    .await;
    assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1);
    assert_eq!(rotate(&*store, 1, (1, 2), 0).await, Rotated::Unknown);
    assert!(is_next(&rotate(&*store, 2, (1, 2), 0).await));
}

pub(crate) async fn use_never_brings_an_ended_family_back(store: Arc<impl Store>) {
    begin(&*store, 1, &family("a")).await;
    all_at_once(&store, |store, caller| async move {
        match caller {
            0 => drop(rotate(&*store, 1, (1, 2), 0).await),
            25 => drop(store.end_family(&family_key(1)).await.unwrap()),
            _ => assert!(listed(&*store, NOW).await.len() < 2),
        }
    })
    .await;
    for presented in [1, 2] {
        let rotated = rotate(&*store, 1, (presented, 3), 0).await;
        assert_eq!(rotated, Rotated::Unknown);
    }
}

/// Families 1 to 5 differ from the sixth, each in one thing that families may be ended by.
async fn begin_six(store: &impl RefreshFamilies) {
    let sixth = family("a");
    let five = [
        RefreshFamily {
            issuer: "https://other.example.com".parse().unwrap(),
            ..sixth.clone()
        },
        RefreshFamily {
            subject: "b".parse().unwrap(),
            ..sixth.clone()
        },
        RefreshFamily {
            connection: "partners".parse().unwrap(),
            ..sixth.clone()
        },
        RefreshFamily {
            role: OTHER_ROLE.parse().unwrap(),
            ..sixth.clone()
        },
        RefreshFamily {
            rule: None,
            ..sixth.clone()
        },
    ];
    for (key, family) in (1..).zip(five.iter().chain([&sixth])) {
        assert_eq!(begin(store, key, family).await, Begun::Kept);
    }
}

fn person() -> FamiliesOf {
    FamiliesOf::Person(
        "https://idp.example.com".parse().unwrap(),
        "a".parse().unwrap(),
    )
}

const fn ending(after: i64) -> Ending {
    Ending {
        at: NOW.plus(after),
    }
}

async fn ends_all_but(store: &impl RefreshFamilies, of: &FamiliesOf, left: &[u8]) {
    begin_six(store).await;
    for ended in [6 - left.len(), 0] {
        assert_eq!(store.end_families(of, ending(5)).await.unwrap(), ended);
    }
    assert_eq!(listed(store, NOW).await, left);
    for key in 1..=6 {
        let rotated = rotate(store, key, (1, 2), 6).await;
        assert_eq!(is_next(&rotated), left.contains(&key), "family {key}");
    }
}

pub(crate) async fn a_person_s_families_end_together(store: Arc<impl Store>) {
    ends_all_but(&*store, &person(), &[1, 2]).await;
}

pub(crate) async fn a_connection_s_families_end_together(store: Arc<impl Store>) {
    let connection = FamiliesOf::Connection("staff".parse().unwrap());
    ends_all_but(&*store, &connection, &[3]).await;
}

pub(crate) async fn a_role_s_families_end_together(store: Arc<impl Store>) {
    let role = FamiliesOf::Role(ROLE.parse().unwrap());
    ends_all_but(&*store, &role, &[4]).await;
}

pub(crate) async fn a_rule_s_families_end_together(store: Arc<impl Store>) {
    let rule = FamiliesOf::Rule("admins".parse().unwrap());
    ends_all_but(&*store, &rule, &[5]).await;
}

pub(crate) async fn all_families_end_together(store: Arc<impl Store>) {
    ends_all_but(&*store, &FamiliesOf::Everybody, &[]).await;
}

pub(crate) async fn what_comes_from_before_an_ending_begins_no_family(store: Arc<impl Store>) {
    // The later of two endings counts, whichever came first.
    for after in [5, 3] {
        let ended = store.end_families(&person(), ending(after)).await.unwrap();
        assert_eq!(ended, 0);
    }
    for (key, proven, begun, outcome) in [
        (1, 0, 9, Begun::Ended),
        (2, 5, 9, Begun::Ended),
        (3, 9, 5, Begun::Ended),
        (4, 6, 6, Begun::Kept),
    ] {
        let new = RefreshFamily {
            proof_issued_at: NOW.plus(proven),
            begun_at: NOW.plus(begun),
            last_used: NOW.plus(begun),
            ..family("a")
        };
        assert_eq!(begin(&*store, key, &new).await, outcome, "family {key}");
        let rotated = rotate(&*store, key, (1, 2), 9).await;
        assert_eq!(is_next(&rotated), outcome == Begun::Kept, "family {key}");
    }
    assert_eq!(begin(&*store, 5, &family("b")).await, Begun::Kept);
}

pub(crate) async fn no_family_slips_past_an_ending(store: Arc<impl Store>) {
    all_at_once(&store, |store, caller| async move {
        let key = u8::try_from(caller).unwrap();
        if caller % 10 == 0 {
            store.end_families(&person(), ending(5)).await.unwrap();
        } else {
            begin(&*store, key, &family("a")).await;
            rotate(&*store, key, (1, 2), 1).await;
        }
    })
    .await;
    for key in 0..u8::try_from(CALLERS).unwrap() {
        for presented in [1, 2] {
            let rotated = rotate(&*store, key, (presented, 3), 2).await;
            assert_eq!(rotated, Rotated::Unknown, "family {key}");
        }
    }
}
