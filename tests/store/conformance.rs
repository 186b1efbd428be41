//! What every store does. Each function is given an empty store and checks one rule.

use std::sync::{Arc, Barrier};

use futures_util::future::join_all;
use rolegate::store::{
    Appended, BrowserSession, Created, DecisionLog, DirectoryLog, KeyUses, Kind, LogEntry,
    MAX_CHANGE_BYTES, MAX_RECORD_BYTES, NotTheirs, OneTimeUse, PersonalRoles, Position, Redeemed,
    RefreshFamilies, SessionKey, Sessions, ShortLived, Stock, StoreError, TooLarge,
};
use tokio::runtime::Builder;

pub(crate) use crate::families::{
    a_connection_s_families_end_together, a_family_ends_once_and_alone,
    a_family_is_over_when_idle_too_long, a_person_s_families_end_together,
    a_role_s_families_end_together, a_rule_s_families_end_together,
    a_token_of_no_family_is_unknown_and_ends_none,
    a_token_that_was_used_ends_its_family_and_no_other, all_families_end_together,
    each_token_of_a_family_is_good_once_and_brings_the_next, no_family_slips_past_an_ending,
    of_all_who_present_a_token_at_once_one_gets_the_next,
    use_keeps_a_family_and_its_end_does_not_move, use_never_brings_an_ended_family_back,
    what_comes_from_before_an_ending_begins_no_family,
};
pub(crate) use crate::key_uses::a_key_has_the_last_of_its_uses;
pub(crate) use crate::pages::{
    a_page_is_found_as_it_was_written_and_on_its_share,
    a_page_takes_the_place_of_the_one_it_names_and_of_no_other,
    a_page_that_is_too_large_is_not_kept, heads_are_told_newest_first_and_part_by_part,
    of_all_who_replace_a_page_one_does, sizes_are_told_oldest_first_and_end_with_their_pages,
};
pub(crate) use crate::personal_roles::{
    favourites_are_kept_once_and_in_their_order, of_changes_at_once_each_is_kept,
    roles_of_a_person_are_forgotten_in_time_and_on_demand, the_roles_that_were_taken_last_are_kept,
    there_is_no_favourite_beyond_the_last,
};
use crate::samples::{
    IDLE, LASTS, NOW, logout_after, person, session, session_key, session_key_of, taken,
};

/// All that a node keeps.
pub(crate) trait Store:
    DirectoryLog
    + Sessions
    + OneTimeUse
    + KeyUses
    + PersonalRoles
    + DecisionLog
    + RefreshFamilies
    + Stock
    + 'static
{
}

impl<S> Store for S where
    S: DirectoryLog
        + Sessions
        + OneTimeUse
        + KeyUses
        + PersonalRoles
        + DecisionLog
        + RefreshFamilies
        + Stock
        + 'static
{
}

/// How many ask at once.
pub(crate) const CALLERS: usize = 50;

/// Runs `work` for all callers at once: each has a thread and a runtime of its own, as the workers of
/// the server have.
pub(crate) async fn all_at_once<S, T, F>(store: &Arc<S>, work: fn(Arc<S>, usize) -> F) -> Vec<T>
where
    S: Store,
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let start = Arc::new(Barrier::new(CALLERS));
    let callers = (0..CALLERS).map(|caller| {
        let (store, start) = (Arc::clone(store), Arc::clone(&start));
        tokio::task::spawn_blocking(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            start.wait();
            runtime.block_on(work(store, caller))
        })
    });
    let callers: Vec<_> = callers.collect();
    join_all(callers)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

pub(crate) async fn one_append_wins_each_generation(store: Arc<impl Store>) {
    let changes = all_at_once(&store, |store, caller| async move {
        let change = format!("change {caller}").into_bytes();
        let mut base = Position::START;
        loop {
            match store.append(base, &change).await.unwrap() {
                Appended::Written(head) => return (head.generation, change),
                Appended::Conflict { head } => {
                    assert_ne!(head, base, "a conflict names another head");
                    base = head;
                }
            }
        }
    })
    .await;
    let mut acknowledged: Vec<_> = changes
        .into_iter()
        .map(|(generation, change)| LogEntry { generation, change })
        .collect();
    acknowledged.sort_by_key(|entry| entry.generation);
    let generations: Vec<_> = acknowledged.iter().map(|entry| entry.generation).collect();
    assert_eq!(generations, (1..=CALLERS as u64).collect::<Vec<_>>());
    assert_eq!(store.read_after(0, usize::MAX).await.unwrap(), acknowledged);
    let last = acknowledged.last().unwrap().position();
    assert_eq!(store.head().await.unwrap(), last);
}

pub(crate) async fn an_append_with_another_base_writes_nothing(store: Arc<impl Store>) {
    assert_eq!(store.head().await.unwrap(), Position::START);
    let head = Position::after(1, b"a");
    let first = store.append(Position::START, b"a").await.unwrap();
    assert_eq!(first, Appended::Written(head));
    for base in [
        Position::START,
        Position::after(2, b"a"),
        Position::after(u64::MAX, b"a"),
        // The same number, and another history.
        Position::after(1, b"b"),
    ] {
        let outcome = store.append(base, b"b").await;
        let conflicts = matches!(outcome, Ok(Appended::Conflict { head: found }) if found == head);
        // There is no number after the last one.
        assert!(
            conflicts || base.generation == u64::MAX,
            "{base:?} {outcome:?}"
        );
    }
    assert_eq!(store.read_after(0, 9).await.unwrap(), [entry(1, b"a")]);
}

pub(crate) async fn the_log_is_read_in_order_and_bounded(store: Arc<impl Store>) {
    assert_eq!(store.read_after(0, 9).await.unwrap(), []);
    for change in [b"a", b"b", b"c"] {
        append(&*store, change).await;
    }
    let entries = [entry(1, b"a"), entry(2, b"b"), entry(3, b"c")];
    for (after, limit, expected) in [
        (0, 0, &entries[..0]),
        (0, 2, &entries[..2]),
        (0, 3, &entries[..]),
        (1, 1, &entries[1..2]),
        (1, 9, &entries[1..]),
        (3, 9, &entries[3..]),
        (u64::MAX, 9, &entries[3..]),
    ] {
        let read = store.read_after(after, limit).await.unwrap();
        assert_eq!(read, expected, "{limit} after {after}");
    }
}

pub(crate) async fn a_change_may_be_empty_or_large_and_not_too_large(store: Arc<impl Store>) {
    append(&*store, b"").await;
    let large = vec![0xa5; MAX_CHANGE_BYTES];
    append(&*store, &large).await;
    let head = store.head().await.unwrap();
    let too_large = store.append(head, &vec![0xa5; MAX_CHANGE_BYTES + 1]).await;
    assert!(is_too_large(too_large, MAX_CHANGE_BYTES));
    let entries = store.read_after(0, 9).await.unwrap();
    assert_eq!(entries, [entry(1, b""), entry(2, &large)]);
}

pub(crate) async fn the_newest_checkpoint_wins(store: Arc<impl Store>) {
    assert_eq!(store.checkpoint().await.unwrap(), None);
    for (generation, directory) in [(7, b"seven"), (3, b"three"), (8, b"eight"), (7, b"again")] {
        store.save_checkpoint(generation, directory).await.unwrap();
    }
    let newest = store.checkpoint().await.unwrap();
    assert_eq!(newest, Some(entry(8, b"eight")));
}

pub(crate) async fn a_session_is_found_as_it_was_made(store: Arc<impl Store>) {
    store.create(&session_key(1), &session("a")).await.unwrap();
    store.create(&session_key(2), &session("b")).await.unwrap();
    assert_eq!(find(&store, 1, 0).await, Some(session("a")));
    assert_eq!(find(&store, 2, 0).await, Some(session("b")));
    assert_eq!(find(&store, 3, 0).await, None);
}

pub(crate) async fn a_session_is_over_when_idle_too_long(store: Arc<impl Store>) {
    store.create(&session_key(1), &session("a")).await.unwrap();
    assert_eq!(find(&store, 1, IDLE - 1).await, Some(session("a")));
    assert_eq!(find(&store, 1, IDLE).await, None);
}

pub(crate) async fn use_keeps_a_session_and_its_end_does_not_move(store: Arc<impl Store>) {
    store.create(&session_key(1), &session("a")).await.unwrap();
    let mut used = 0;
    while used + IDLE - 1 < LASTS {
        used += IDLE - 1;
        store.touch(&session_key(1), NOW.plus(used)).await.unwrap();
        let expected = BrowserSession {
            last_seen: NOW.plus(used),
            ..session("a")
        };
        assert_eq!(find(&store, 1, used).await, Some(expected));
    }
    assert!(find(&store, 1, LASTS - 1).await.is_some());
    assert_eq!(find(&store, 1, LASTS).await, None);
}

pub(crate) async fn an_older_use_takes_nothing_from_a_session(store: Arc<impl Store>) {
    store.create(&session_key(1), &session("a")).await.unwrap();
    for after in [100, 50] {
        store.touch(&session_key(1), NOW.plus(after)).await.unwrap();
    }
    let found = find(&store, 1, 100).await.unwrap();
    assert_eq!(found.last_seen, NOW.plus(100));
}

pub(crate) async fn use_wakes_no_session_that_is_over(store: Arc<impl Store>) {
    store.create(&session_key(1), &session("a")).await.unwrap();
    store.touch(&session_key(1), NOW.plus(IDLE)).await.unwrap();
    assert_eq!(find(&store, 1, IDLE).await, None);
    store.touch(&session_key(2), NOW).await.unwrap();
    assert_eq!(find(&store, 2, 0).await, None);
}

pub(crate) async fn a_session_ends_once_and_alone(store: Arc<impl Store>) {
    store.create(&session_key(1), &session("a")).await.unwrap();
    store.create(&session_key(2), &session("b")).await.unwrap();
    let ended = all_at_once(&store, |store, _| async move {
        store.end(&session_key(1)).await.unwrap()
    })
    .await;
    let ended: Vec<_> = ended.into_iter().flatten().collect();
    assert_eq!(ended, [session("a")]);
    assert_eq!(find(&store, 1, 0).await, None);
    assert_eq!(find(&store, 2, 0).await, Some(session("b")));
}

pub(crate) async fn use_never_brings_an_ended_session_back(store: Arc<impl Store>) {
    store.create(&session_key(1), &session("a")).await.unwrap();
    all_at_once(&store, |store, caller| async move {
        if caller == CALLERS / 2 {
            assert!(store.end(&session_key(1)).await.unwrap().is_some());
        } else {
            store.touch(&session_key(1), NOW.plus(1)).await.unwrap();
        }
    })
    .await;
    assert_eq!(find(&store, 1, 1).await, None);
}

pub(crate) async fn a_person_s_sessions_end_together_and_nobody_else_s(store: Arc<impl Store>) {
    for (key, name) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
        store
            .create(&session_key(key), &session(name))
            .await
            .unwrap();
    }
    store.end(&session_key(4)).await.unwrap();
    for ended in [2, 0] {
        let outcome = store.end_all(&person("a"), logout_after(5)).await;
        assert_eq!(outcome.unwrap(), vec![session("a"); ended]);
    }
    for (key, is_there) in [(1, false), (2, true), (3, false), (4, false)] {
        let found = find(&store, key, 0).await.is_some();
        assert_eq!(found, is_there, "session {key}");
    }
}

pub(crate) async fn a_proof_from_before_a_logout_opens_no_session(store: Arc<impl Store>) {
    // The later of two logouts counts, whichever came first.
    for after in [5, 3] {
        let outcome = store.end_all(&person("a"), logout_after(after)).await;
        assert_eq!(outcome.unwrap(), []);
    }
    for (key, issued, outcome) in [
        (1, 0, Created::LoggedOut),
        (3, 5, Created::LoggedOut),
        (5, 6, Created::Kept),
    ] {
        let proven = BrowserSession {
            proof_issued_at: NOW.plus(issued),
            ..session("a")
        };
        let created = store.create(&session_key(key), &proven).await.unwrap();
        assert_eq!(created, outcome, "issued after {issued} s");
        let found = find(&store, key, 0).await;
        assert_eq!(found.is_some(), outcome == Created::Kept);
    }
    let key = session_key_of("b", 4);
    let other = store.create(&key, &session("b")).await.unwrap();
    assert_eq!(other, Created::Kept);
}

pub(crate) async fn no_session_slips_past_a_logout(store: Arc<impl Store>) {
    all_at_once(&store, |store, caller| async move {
        let key = session_key(u8::try_from(caller).unwrap());
        if caller % 10 == 0 {
            let logout = store.end_all(&person("a"), logout_after(5)).await;
            logout.unwrap();
        } else if key != session_key(2) {
            store.create(&key, &session("a")).await.unwrap();
        }
    })
    .await;
    for caller in 0..CALLERS {
        let found = find(&store, u8::try_from(caller).unwrap(), 0).await;
        assert_eq!(found, None, "session {caller}");
    }
}

pub(crate) async fn a_person_s_sessions_are_told_and_nobody_else_s(store: Arc<impl Store>) {
    for (key, name) in [(1, "a"), (2, "b"), (3, "a"), (4, "a")] {
        let kept = store.create(&session_key(key), &session(name)).await;
        kept.unwrap();
    }
    store.end(&session_key(4)).await.unwrap();
    store.touch(&session_key(3), NOW.plus(1)).await.unwrap();
    for (after, there) in [(0, &[1, 3][..]), (IDLE, &[3]), (IDLE + 1, &[])] {
        let found = store.sessions_of(&person("a"), NOW.plus(after)).await;
        let mut found = found.unwrap();
        found.sort_by_key(|(key, _)| key.0);
        let names: Vec<_> = found.iter().map(|(key, _)| *key).collect();
        let expected: Vec<_> = there.iter().map(|key| session_key(*key)).collect();
        assert_eq!(names, expected, "after {after} s");
        assert!(found.iter().all(|(_, it)| it.person == person("a")));
    }
    assert_eq!(store.sessions_of(&person("c"), NOW).await.unwrap(), []);
}

pub(crate) async fn what_was_taken_is_told_with_the_session(store: Arc<impl Store>) {
    store.create(&session_key(1), &session("a")).await.unwrap();
    for (role, after) in [("r1", 1), ("r2", 2)] {
        let noted = store.note_taken(&session_key(1), &taken(role, after)).await;
        assert!(noted.unwrap(), "{role}");
    }
    let mut expected = session("a");
    expected.details.taken = vec![taken("r2", 2), taken("r1", 1)];
    assert_eq!(find(&store, 1, 2).await, Some(expected.clone()));
    for (key, after) in [(2, 0), (3, 0), (1, IDLE)] {
        let (key_of, role) = (session_key(key), taken("r3", after));
        let noted = store.note_taken(&key_of, &role).await.unwrap();
        assert!(!noted, "{key} after {after} s");
    }
    assert_eq!(store.end(&session_key(1)).await.unwrap(), Some(expected));
    let noted = store.note_taken(&session_key(1), &taken("r3", 3)).await;
    assert!(!noted.unwrap());
    assert_eq!(find(&store, 1, 3).await, None);
}

/// Of a note and an end, one is first: no credentials are taken that whoever ends the session does not
/// hear of.
pub(crate) async fn nothing_is_taken_that_an_end_does_not_hear_of(store: Arc<impl Store>) {
    const ENDS: usize = CALLERS / 2;
    store.create(&session_key(1), &session("a")).await.unwrap();
    let outcomes = all_at_once(&store, |store, caller| async move {
        if caller == ENDS {
            let ended = store.end(&session_key(1)).await.unwrap().unwrap();
            return ended.details.taken;
        }
        let taken = taken(&format!("r{caller}"), 1);
        // Others come into one's way: who is told of an error takes nothing.
        let is_noted =
            caller % 2 == 0 && matches!(store.note_taken(&session_key(1), &taken).await, Ok(true));
        is_noted.then_some(taken).into_iter().collect()
    })
    .await;
    let heard = &outcomes[ENDS];
    let others = outcomes.iter().enumerate().filter(|(it, _)| *it != ENDS);
    let noted: Vec<_> = others.flat_map(|(_, taken)| taken).collect();
    assert!(noted.iter().all(|taken| heard.contains(taken)), "{noted:?}");
    assert_eq!(noted.len(), heard.len());
    assert_eq!(find(&store, 1, 1).await, None);
}

pub(crate) async fn a_place_holds_one_session_until_it_is_over(store: Arc<impl Store>) {
    let [first, second] = [1, 3].map(|proof| SessionKey::new(person("a").place(7), [proof; 16]));
    for _ in 0..2 {
        // The same again is what a node sends that got no answer.
        let created = store.create(&first, &session("a")).await.unwrap();
        assert_eq!(created, Created::Kept);
    }
    let created = store.create(&second, &session("a")).await.unwrap();
    assert_eq!(created, Created::Taken(first));
    assert_eq!(store.find(&second, NOW).await.unwrap(), None);
    store.touch(&second, NOW.plus(1)).await.unwrap();
    assert_eq!(store.end(&second).await.unwrap(), None);
    let kept = store.find(&first, NOW).await.unwrap();
    assert_eq!(kept, Some(session("a")));
    let later = BrowserSession {
        created_at: NOW.plus(IDLE),
        last_seen: NOW.plus(IDLE),
        ..session("a")
    };
    let created = store.create(&second, &later).await.unwrap();
    assert_eq!(created, Created::Kept);
    let now = NOW.plus(IDLE);
    assert_eq!(store.find(&first, now).await.unwrap(), None);
    assert_eq!(store.find(&second, now).await.unwrap(), Some(later.clone()));
    let ended = store.end_all(&person("a"), logout_after(5)).await;
    assert_eq!(ended.unwrap(), [later]);
}

pub(crate) async fn of_all_who_take_a_place_at_once_one_gets_it(store: Arc<impl Store>) {
    let key = |caller| SessionKey::new(person("a").place(7), [caller; 16]);
    let created = all_at_once(&store, |store, caller| async move {
        let key = SessionKey::new(person("a").place(7), [u8::try_from(caller).unwrap(); 16]);
        store.create(&key, &session("a")).await.unwrap()
    })
    .await;
    let kept: Vec<_> = (0..)
        .zip(&created)
        .filter(|(_, it)| **it == Created::Kept)
        .collect();
    assert_eq!(kept.len(), 1, "{created:?}");
    let winner = key(kept[0].0);
    for outcome in created {
        assert!(matches!(outcome, Created::Kept) || outcome == Created::Taken(winner));
    }
    assert!(store.find(&winner, NOW).await.unwrap().is_some());
}

pub(crate) async fn a_session_under_another_person_s_name_is_not_kept(store: Arc<impl Store>) {
    let key = session_key_of("b", 1);
    let outcome = store.create(&key, &session("a")).await;
    let Err(StoreError::Unavailable(cause)) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(cause.is::<NotTheirs>());
    assert_eq!(store.find(&key, NOW).await.unwrap(), None);
}

pub(crate) async fn a_session_that_is_too_large_is_not_kept(store: Arc<impl Store>) {
    let large = BrowserSession {
        display_name: "x".repeat(MAX_RECORD_BYTES),
        ..session("a")
    };
    let outcome = store.create(&session_key(1), &large).await;
    assert!(is_too_large(outcome, MAX_RECORD_BYTES));
    assert_eq!(find(&store, 1, 0).await, None);
}

pub(crate) async fn one_of_many_is_first(store: Arc<impl Store>) {
    let outcomes = all_at_once(&store, |store, _| async move {
        store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap()
    })
    .await;
    let first = |outcome: &&Redeemed| **outcome == Redeemed::First;
    assert_eq!(outcomes.iter().filter(first).count(), 1);
    assert!(store.is_redeemed(&[1; 32], NOW).await.unwrap());
    assert!(!store.is_redeemed(&[2; 32], NOW).await.unwrap());
}

pub(crate) async fn a_mark_holds_through_its_last_second(store: Arc<impl Store>) {
    store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
    for (after, marked, outcome) in [(60, true, Redeemed::Again), (61, false, Redeemed::First)] {
        let now = NOW.plus(after);
        let found = store.is_redeemed(&[1; 32], now).await.unwrap();
        assert_eq!(found, marked, "after {after} s");
        let redeemed = store.redeem(&[1; 32], NOW.plus(60), now).await.unwrap();
        assert_eq!(redeemed, outcome, "after {after} s");
    }
}

pub(crate) async fn a_mark_is_kept_for_the_longest_that_was_asked(store: Arc<impl Store>) {
    for keep in [60, 120, 30] {
        store.redeem(&[1; 32], NOW.plus(keep), NOW).await.unwrap();
    }
    for (after, marked) in [(120, true), (121, false)] {
        let found = store.is_redeemed(&[1; 32], NOW.plus(after)).await.unwrap();
        assert_eq!(found, marked, "after {after} s");
    }
}

pub(crate) async fn a_mark_that_is_over_already_holds_this_second(store: Arc<impl Store>) {
    for expected in [Redeemed::First, Redeemed::Again] {
        let outcome = store.redeem(&[1; 32], NOW.plus(-60), NOW).await.unwrap();
        assert_eq!(outcome, expected);
    }
}

/// What there is of a kind so many seconds after [`NOW`]. One may come twice, and is told once.
async fn stock_of(store: &Arc<impl Store>, kind: Kind, after: i64) -> Vec<ShortLived> {
    let (into, mut told) = tokio::sync::mpsc::channel(4);
    let taking = store.take_stock(kind, NOW.plus(after), into);
    let reading = async {
        let mut all = Vec::new();
        while let Some(record) = told.recv().await {
            all.push(record);
        }
        all
    };
    let (taken, all) = tokio::join!(taking, reading);
    taken.unwrap();
    let mut once: Vec<ShortLived> = Vec::new();
    for record in all {
        if !once.contains(&record) {
            once.push(record);
        }
    }
    once
}

/// Everything, in a store of many records of each kind, and of no kind what is over.
pub(crate) async fn what_is_kept_for_a_while_is_told_whole(store: Arc<impl Store>) {
    const MANY: u8 = 120;
    let person_of = |number: u8| format!("person-{number}");
    let (mut sessions, mut marks, mut logouts) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..MANY {
        let name = person_of(number);
        let key = session_key_of(&name, number);
        let ended = BrowserSession {
            ends_at: NOW.plus(1),
            ..session(&name)
        };
        let is_over = number % 10 == 0;
        let session = if is_over { ended } else { session(&name) };
        assert_eq!(store.create(&key, &session).await.unwrap(), Created::Kept);
        let until = NOW.plus(if is_over { 1 } else { 600 });
        store.redeem(&[number; 32], until, NOW).await.unwrap();
        if !is_over {
            sessions.push((key, session));
            marks.push(([number; 32], until));
        }
        if number < 20 {
            let person = person(&["logged-out-", &name].concat());
            let logout = logout_after(i64::from(number));
            store.end_all(&person, logout).await.unwrap();
            logouts.push((person, logout));
        }
    }
    for kind in Kind::ALL {
        let found = stock_of(&store, kind, 2).await;
        let expected: Vec<ShortLived> = match kind {
            Kind::Mark => marks
                .iter()
                .map(|(what, until)| ShortLived::Mark(*what, *until))
                .collect(),
            Kind::Logout => logouts
                .iter()
                .map(|(person, logout)| ShortLived::Logout(*person, *logout))
                .collect(),
            Kind::Session => sessions
                .iter()
                .map(|(key, it)| ShortLived::Session(*key, Box::new(it.clone())))
                .collect(),
        };
        assert_eq!(found.len(), expected.len(), "{kind:?}");
        for record in &expected {
            assert!(found.contains(record), "{record:?}");
        }
    }
}

/// Appends to whatever is there.
pub(crate) async fn append(store: &impl Store, change: &[u8]) {
    let head = store.head().await.unwrap();
    let appended = store.append(head, change).await.unwrap();
    assert!(matches!(appended, Appended::Written(_)), "{appended:?}");
}

fn entry(generation: u64, change: &[u8]) -> LogEntry {
    LogEntry {
        generation,
        change: change.to_vec(),
    }
}

async fn find(store: &Arc<impl Store>, byte: u8, after: i64) -> Option<BrowserSession> {
    let found = store.find(&session_key(byte), NOW.plus(after)).await;
    found.unwrap()
}

pub(crate) fn is_too_large<T>(outcome: Result<T, StoreError>, limit: usize) -> bool {
    let Err(StoreError::Unavailable(cause)) = outcome else {
        return false;
    };
    cause
        .downcast_ref::<TooLarge>()
        .is_some_and(|too_large| too_large.limit == limit)
}

/// One test for each rule, on the store that `$empty` makes; `$empty` gives the store and whatever
/// must live as long.
macro_rules! conforms {
    ($empty:expr) => {
        $crate::conformance::conforms! { @rules $empty,
            one_append_wins_each_generation
            an_append_with_another_base_writes_nothing
            the_log_is_read_in_order_and_bounded
            a_change_may_be_empty_or_large_and_not_too_large
            the_newest_checkpoint_wins
            a_session_is_found_as_it_was_made
            a_session_is_over_when_idle_too_long
            use_keeps_a_session_and_its_end_does_not_move
            an_older_use_takes_nothing_from_a_session
            use_wakes_no_session_that_is_over
            a_session_ends_once_and_alone
            use_never_brings_an_ended_session_back
            a_person_s_sessions_end_together_and_nobody_else_s
            a_person_s_sessions_are_told_and_nobody_else_s
            what_was_taken_is_told_with_the_session
            nothing_is_taken_that_an_end_does_not_hear_of
            a_proof_from_before_a_logout_opens_no_session
            no_session_slips_past_a_logout
            a_place_holds_one_session_until_it_is_over
            of_all_who_take_a_place_at_once_one_gets_it
            a_session_under_another_person_s_name_is_not_kept
            a_session_that_is_too_large_is_not_kept
            one_of_many_is_first
            a_mark_holds_through_its_last_second
            a_mark_is_kept_for_the_longest_that_was_asked
            a_mark_that_is_over_already_holds_this_second
            what_is_kept_for_a_while_is_told_whole
            a_page_is_found_as_it_was_written_and_on_its_share
            a_page_takes_the_place_of_the_one_it_names_and_of_no_other
            of_all_who_replace_a_page_one_does
            heads_are_told_newest_first_and_part_by_part
            sizes_are_told_oldest_first_and_end_with_their_pages
            a_page_that_is_too_large_is_not_kept
            each_token_of_a_family_is_good_once_and_brings_the_next
            a_token_that_was_used_ends_its_family_and_no_other
            a_token_of_no_family_is_unknown_and_ends_none
            of_all_who_present_a_token_at_once_one_gets_the_next
            a_family_is_over_when_idle_too_long
            use_keeps_a_family_and_its_end_does_not_move
            a_family_ends_once_and_alone
            use_never_brings_an_ended_family_back
            a_person_s_families_end_together
            a_connection_s_families_end_together
            a_role_s_families_end_together
            a_rule_s_families_end_together
            all_families_end_together
            what_comes_from_before_an_ending_begins_no_family
            no_family_slips_past_an_ending
            a_key_has_the_last_of_its_uses
            favourites_are_kept_once_and_in_their_order
            there_is_no_favourite_beyond_the_last
            the_roles_that_were_taken_last_are_kept
            of_changes_at_once_each_is_kept
            roles_of_a_person_are_forgotten_in_time_and_on_demand
        }
    };
    (@rules $empty:expr, $($rule:ident)+) => {
        $(
            #[tokio::test]
            async fn $rule() {
                let (store, _alive) = $empty;
                $crate::conformance::$rule(std::sync::Arc::new(store)).await;
            }
        )+
    };
}

pub(crate) use conforms;
