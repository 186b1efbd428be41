//! What every store does that keeps sealed records outside the process, when somebody has been at
//! them.

use rolegate::seal::{RootKey, SealingKey};
use rolegate::store::{
    Begun, BrowserSession, Created, DirectoryLog, Ending, FamiliesOf, LogEntry, MAX_RECORD_BYTES,
    OneTimeUse, Redeemed, RefreshFamilies, Rotated, Sessions, StoreError,
};

use crate::conformance::{Store, append};
use crate::families::{begin, family, family_key, is_next, rotate};
pub(crate) use crate::personal_roles::damaged_roles_of_a_person_count_as_none;
use crate::samples::{NOW, logout_after, person, session, session_key};

/// The root key of the stores that are tampered with.
pub(crate) const ROOT_KEY: [u8; 32] = [7; 32];

/// The tables whose records can be tampered with; the names are part of what is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    DirectoryLog,
    DirectoryCheckpoint,
    Sessions,
    OneTimeMarks,
    Logouts,
    RefreshFamilies,
    FamilyEndings,
    PersonalRoles,
}

impl Table {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DirectoryLog => "directory_log",
            Self::DirectoryCheckpoint => "directory_checkpoint",
            Self::Sessions => "sessions",
            Self::OneTimeMarks => "one_time_marks",
            Self::Logouts => "logouts",
            Self::RefreshFamilies => "refresh_families",
            Self::FamilyEndings => "family_endings",
            Self::PersonalRoles => "personal_roles",
        }
    }
}

/// A store and the way to its records behind its back. A record's key is its 32 bytes, or its
/// generation as eight bytes, big-endian.
pub(crate) trait Rig {
    type Store: Store;

    fn store(&self) -> &Self::Store;

    /// What is kept.
    async fn stored(&mut self, table: Table, key: &[u8]) -> Option<Vec<u8>>;

    /// Puts `stored` there, or takes away what is there.
    async fn tamper(&mut self, table: Table, key: &[u8], stored: Option<&[u8]>);

    /// The name of the only ending that there is.
    async fn name_of_the_ending(&mut self) -> [u8; 32];
}

/// Every way in which a session of somebody else, or none, can stand under a key.
async fn damaged_sessions(rig: &mut impl Rig) -> Vec<(&'static str, Vec<u8>)> {
    let (own, other) = (session_key(1), session_key(2));
    rig.store().create(&own, &session("a")).await.unwrap();
    rig.store().create(&other, &session("b")).await.unwrap();
    let good = rig.stored(Table::Sessions, &own.0).await.unwrap();
    let foreign = rig.stored(Table::Sessions, &other.0).await.unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let value = postcard::to_stdvec(&session("a")).unwrap();
    vec![
        ("a flipped bit", flipped),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("empty", Vec::new()),
        ("another session's record", foreign),
        (
            "under another table's name",
            sealed("one_time_marks", &own.0, 1, &value),
        ),
        ("another version", sealed("sessions", &own.0, 2, &value)),
        ("no value", sealed("sessions", &own.0, 1, &[])),
        ("half a value", sealed("sessions", &own.0, 1, &value[..40])),
        (
            "more than a value",
            sealed("sessions", &own.0, 1, &[&value[..], &[0]].concat()),
        ),
        ("a huge length", sealed("sessions", &own.0, 1, &[0xff; 64])),
        (
            "huge",
            sealed("sessions", &own.0, 1, &vec![0; MAX_RECORD_BYTES + 1]),
        ),
        ("not sealed", value),
    ]
}

pub(crate) async fn a_damaged_session_counts_as_absent_and_is_removed(mut rig: impl Rig) {
    let key = session_key(1);
    for (damage, stored) in damaged_sessions(&mut rig).await {
        rig.tamper(Table::Sessions, &key.0, Some(&stored)).await;
        let found = rig.store().find(&key, NOW).await;
        assert_eq!(found.unwrap(), None, "{damage}");
        let left = rig.stored(Table::Sessions, &key.0).await;
        assert_eq!(left, None, "{damage}");
    }
    let other = rig.store().find(&session_key(2), NOW).await;
    assert_eq!(other.unwrap(), Some(session("b")));
}

pub(crate) async fn a_record_that_was_sealed_by_its_rules_opens(mut rig: impl Rig) {
    let key = session_key(1);
    let value = postcard::to_stdvec(&session("a")).unwrap();
    let stored = sealed("sessions", &key.0, 1, &value);
    rig.tamper(Table::Sessions, &key.0, Some(&stored)).await;
    let found = rig.store().find(&key, NOW).await;
    assert_eq!(found.unwrap(), Some(session("a")));
}

pub(crate) async fn a_damaged_session_is_neither_used_nor_ended(mut rig: impl Rig) {
    let key = session_key(1);
    for (damage, stored) in damaged_sessions(&mut rig).await {
        rig.tamper(Table::Sessions, &key.0, Some(&stored)).await;
        rig.store().touch(&key, NOW).await.unwrap();
        assert_eq!(rig.stored(Table::Sessions, &key.0).await, None, "{damage}");
        rig.tamper(Table::Sessions, &key.0, Some(&stored)).await;
        assert_eq!(rig.store().end(&key).await.unwrap(), None, "{damage}");
        assert_eq!(rig.stored(Table::Sessions, &key.0).await, None, "{damage}");
    }
}

pub(crate) async fn a_damaged_session_can_be_made_anew(mut rig: impl Rig) {
    let key = session_key(1);
    rig.tamper(Table::Sessions, &key.0, Some(b"x")).await;
    rig.store().create(&key, &session("a")).await.unwrap();
    let found = rig.store().find(&key, NOW).await;
    assert_eq!(found.unwrap(), Some(session("a")));
}

pub(crate) async fn a_damaged_mark_still_marks(mut rig: impl Rig) {
    let store = rig.store();
    store.redeem(&[2; 32], NOW.plus(60), NOW).await.unwrap();
    let foreign = rig.stored(Table::OneTimeMarks, &[2; 32]).await.unwrap();
    for stored in [&foreign[..], b"x", b""] {
        rig.tamper(Table::OneTimeMarks, &[1; 32], Some(stored))
            .await;
        assert!(rig.store().is_redeemed(&[1; 32], NOW).await.unwrap());
        let outcome = rig.store().redeem(&[1; 32], NOW.plus(60), NOW).await;
        assert_eq!(outcome.unwrap(), Redeemed::Again);
    }
}

/// Nobody knows which proofs it ends, so it ends all.
pub(crate) async fn a_damaged_logout_lets_no_session_begin(mut rig: impl Rig) {
    let store = rig.store();
    let logout = store.end_all(&person("a"), logout_after(-60)).await;
    assert_eq!(logout.unwrap(), []);
    let later = BrowserSession {
        proof_issued_at: NOW.plus(30),
        ..session("a")
    };
    let created = store.create(&session_key(1), &later).await;
    assert_eq!(created.unwrap(), Created::Kept);
    rig.tamper(Table::Logouts, &person("a").0, Some(b"x")).await;
    let created = rig.store().create(&session_key(3), &later).await;
    assert_eq!(created.unwrap(), Created::LoggedOut);
    let again = rig.store().end_all(&person("a"), logout_after(0)).await;
    assert_eq!(again.unwrap().len(), 1);
    let created = rig.store().create(&session_key(3), &later).await;
    assert_eq!(created.unwrap(), Created::Kept);
}

pub(crate) async fn a_damaged_family_counts_as_absent_and_is_removed(mut rig: impl Rig) {
    let key = family_key(1).0;
    begin(rig.store(), 2, &family("b")).await;
    let foreign = rig.stored(Table::RefreshFamilies, &key.map(|_| 2)).await;
    for stored in [&foreign.unwrap()[..], b"x", b""] {
        let table = Table::RefreshFamilies;
        rig.tamper(table, &key, Some(stored)).await;
        let rotated = rotate(rig.store(), 1, (1, 2), 0).await;
        assert_eq!(rotated, Rotated::Unknown);
        assert_eq!(rig.stored(table, &key).await, None);
        rig.tamper(table, &key, Some(stored)).await;
        assert!(!rig.store().end_family(&family_key(1)).await.unwrap());
    }
    assert!(is_next(&rotate(rig.store(), 2, (1, 2), 0).await));
}

/// Nobody knows which families it ends, so it ends all of its kind.
pub(crate) async fn a_damaged_ending_lets_no_family_begin(mut rig: impl Rig) {
    let of = FamiliesOf::Everybody;
    let long_ago = Ending { at: NOW.plus(-60) };
    rig.store().end_families(&of, long_ago).await.unwrap();
    assert_eq!(begin(rig.store(), 1, &family("a")).await, Begun::Kept);
    let name = rig.name_of_the_ending().await;
    rig.tamper(Table::FamilyEndings, &name, Some(b"x")).await;
    assert_eq!(begin(rig.store(), 2, &family("a")).await, Begun::Ended);
    rig.store().end_families(&of, long_ago).await.unwrap();
    assert_eq!(begin(rig.store(), 2, &family("a")).await, Begun::Kept);
}

pub(crate) async fn a_damaged_log_entry_is_an_error_that_names_it(mut rig: impl Rig) {
    for change in [b"a", b"b", b"c"] {
        append(rig.store(), change).await;
    }
    let key = 2_u64.to_be_bytes();
    let good = rig.stored(Table::DirectoryLog, &key).await.unwrap();
    let other = rig
        .stored(Table::DirectoryLog, &3_u64.to_be_bytes())
        .await
        .unwrap();
    let later_version = sealed("directory_log", &key, 2, b"b");
    for stored in [Some(&good[..5]), Some(&other), Some(&later_version), None] {
        rig.tamper(Table::DirectoryLog, &key, stored).await;
        for (after, limit) in [(0, 9), (0, 2), (1, 1)] {
            let read = rig.store().read_after(after, limit).await;
            assert!(
                matches!(&read, Err(StoreError::Damaged { record }) if record == "directory log 2"),
                "{limit} after {after}: {read:?}"
            );
        }
        assert_eq!(rig.store().read_after(2, 9).await.unwrap().len(), 1);
    }
}

pub(crate) async fn a_log_that_lost_its_end_is_an_error(mut rig: impl Rig) {
    for change in [b"a", b"b"] {
        append(rig.store(), change).await;
    }
    let key = 2_u64.to_be_bytes();
    rig.tamper(Table::DirectoryLog, &key, None).await;
    let read = rig.store().read_after(0, 9).await;
    assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
}

pub(crate) async fn a_damaged_checkpoint_counts_as_absent(mut rig: impl Rig) {
    rig.store().save_checkpoint(3, b"three").await.unwrap();
    let key = 3_u64.to_be_bytes();
    rig.tamper(Table::DirectoryCheckpoint, &key, Some(b"x"))
        .await;
    assert_eq!(rig.store().checkpoint().await.unwrap(), None);
    rig.store().save_checkpoint(3, b"again").await.unwrap();
    let saved = LogEntry {
        generation: 3,
        change: b"again".to_vec(),
    };
    assert_eq!(rig.store().checkpoint().await.unwrap(), Some(saved));
}

/// A record as a store seals it, of any version and value.
fn sealed(table: &str, key: &[u8], version: u8, value: &[u8]) -> Vec<u8> {
    let sealing: SealingKey = RootKey::new(ROOT_KEY).sealing_key("store");
    let plaintext = [&[version], value].concat();
    let context: [&[u8]; 2] = [table.as_bytes(), key];
    sealing
        .seal(&context, &plaintext, &rolegate::entropy::SystemEntropy)
        .unwrap()
}

/// One test for each rule, on the rig that `$rig` makes.
macro_rules! withstands_damage {
    ($rig:expr) => {
        $crate::damage::withstands_damage! { @rules $rig,
            a_damaged_session_counts_as_absent_and_is_removed
            a_record_that_was_sealed_by_its_rules_opens
            a_damaged_session_is_neither_used_nor_ended
            a_damaged_session_can_be_made_anew
            a_damaged_mark_still_marks
            a_damaged_logout_lets_no_session_begin
            a_damaged_family_counts_as_absent_and_is_removed
            a_damaged_ending_lets_no_family_begin
            damaged_roles_of_a_person_count_as_none
            a_damaged_log_entry_is_an_error_that_names_it
            a_log_that_lost_its_end_is_an_error
            a_damaged_checkpoint_counts_as_absent
        }
    };
    (@rules $rig:expr, $($rule:ident)+) => {
        $(
            #[tokio::test]
            async fn $rule() {
                $crate::damage::$rule($rig).await;
            }
        )+
    };
}

pub(crate) use withstands_damage;
