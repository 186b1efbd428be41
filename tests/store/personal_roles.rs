//! What every store does with people's own roles.

use std::sync::Arc;

use rolegate::domain::{RoleArn, UnixTime};
use rolegate::store::{
    MAX_FAVOURITES, MAX_RECENT, PERSONAL_ROLES_SECONDS, PersonalRoles, RecentRole, RolesChange,
    RolesChanged, RolesOfPerson,
};

use crate::conformance::{CALLERS, Store, all_at_once};
use crate::damage::{Rig, Table};
use crate::samples::{NOW, person};

pub(crate) fn role(number: usize) -> RoleArn {
    let arn = format!("arn:aws:iam::123456789012:role/team/Role{number}");
    arn.parse().unwrap()
}

fn add(number: usize) -> RolesChange {
    RolesChange::AddFavourite(role(number))
}

fn took(number: usize, at: UnixTime) -> RolesChange {
    RolesChange::Took(RecentRole {
        role: role(number),
        at,
    })
}

pub(crate) async fn change(store: &impl PersonalRoles, name: &str, change: RolesChange) {
    let person = person(name);
    let changed = store.change_personal_roles(&person, &change, NOW).await;
    assert_eq!(changed.unwrap(), RolesChanged::Kept);
}

async fn roles_of(store: &impl PersonalRoles, name: &str) -> RolesOfPerson {
    let found = store.personal_roles(&person(name), NOW).await;
    found.unwrap().unwrap()
}

pub(crate) async fn favourites_are_kept_once_and_in_their_order(store: Arc<impl Store>) {
    let nothing = store.personal_roles(&person("a"), NOW).await;
    assert_eq!(nothing.unwrap(), None);
    for number in [2, 1, 2, 3] {
        change(&*store, "a", add(number)).await;
    }
    change(&*store, "b", add(9)).await;
    change(&*store, "a", RolesChange::RemoveFavourite(role(1))).await;
    change(&*store, "a", RolesChange::RemoveFavourite(role(9))).await;
    let kept = roles_of(&*store, "a").await;
    assert_eq!(kept.favourites, [role(2), role(3)]);
    assert_eq!(kept.changed_at, NOW);
    assert_eq!(roles_of(&*store, "b").await.favourites, [role(9)]);
}

pub(crate) async fn there_is_no_favourite_beyond_the_last(store: Arc<impl Store>) {
    for number in 0..MAX_FAVOURITES {
        change(&*store, "a", add(number)).await;
    }
    let more = add(MAX_FAVOURITES);
    let changed = store.change_personal_roles(&person("a"), &more, NOW).await;
    assert_eq!(changed.unwrap(), RolesChanged::TooMany);
    change(&*store, "a", add(7)).await;
    let kept = roles_of(&*store, "a").await.favourites;
    assert_eq!(kept, (0..MAX_FAVOURITES).map(role).collect::<Vec<_>>());
    change(&*store, "a", took(MAX_FAVOURITES, NOW)).await;
    change(&*store, "a", RolesChange::RemoveFavourite(role(0))).await;
    change(&*store, "a", add(MAX_FAVOURITES)).await;
}

pub(crate) async fn the_roles_that_were_taken_last_are_kept(store: Arc<impl Store>) {
    for number in 0..12 {
        let at = NOW.plus(i64::try_from(number).unwrap());
        change(&*store, "a", took(number, at)).await;
    }
    // Nodes may tell of them in another order.
    change(&*store, "a", took(5, NOW.plus(60))).await;
    change(&*store, "a", took(5, NOW.plus(30))).await;
    change(&*store, "a", took(99, NOW.plus(-60))).await;
    let recent = roles_of(&*store, "a").await.recent;
    let expected = [5, 11, 10, 9, 8, 7, 6, 4, 3, 2].map(role);
    let roles: Vec<_> = recent.iter().map(|recent| recent.role.clone()).collect();
    assert_eq!(roles, expected);
    assert_eq!(roles.len(), MAX_RECENT);
    assert_eq!(recent[0].at, NOW.plus(60));
}

pub(crate) async fn of_changes_at_once_each_is_kept(store: Arc<impl Store>) {
    all_at_once(&store, |store, caller| async move {
        // In Redis, who finds that others are always faster is told so and tries again.
        let (person, change) = (person("a"), add(caller));
        loop {
            let changed = store.change_personal_roles(&person, &change, NOW).await;
            if changed.is_ok() {
                return;
            }
        }
    })
    .await;
    let mut kept = roles_of(&*store, "a").await.favourites;
    kept.sort();
    let mut expected: Vec<_> = (0..CALLERS).map(role).collect();
    expected.sort();
    assert_eq!(kept, expected);
}

pub(crate) async fn roles_of_a_person_are_forgotten_in_time_and_on_demand(store: Arc<impl Store>) {
    for name in ["a", "b"] {
        change(&*store, name, add(1)).await;
    }
    let (last, after) = (PERSONAL_ROLES_SECONDS, PERSONAL_ROLES_SECONDS + 1);
    let found = store.personal_roles(&person("a"), NOW.plus(last)).await;
    assert!(found.unwrap().is_some());
    let found = store.personal_roles(&person("a"), NOW.plus(after)).await;
    assert_eq!(found.unwrap(), None);
    let later = NOW.plus(after);
    let anew = store
        .change_personal_roles(&person("a"), &add(2), later)
        .await;
    assert_eq!(anew.unwrap(), RolesChanged::Kept);
    let found = store.personal_roles(&person("a"), later).await;
    assert_eq!(found.unwrap().unwrap().favourites, [role(2)]);

    assert!(store.forget_personal_roles(&person("a")).await.unwrap());
    assert!(!store.forget_personal_roles(&person("a")).await.unwrap());
    let found = store.personal_roles(&person("a"), later).await;
    assert_eq!(found.unwrap(), None);
    assert_eq!(roles_of(&*store, "b").await.favourites, [role(1)]);
}

pub(crate) async fn damaged_roles_of_a_person_count_as_none(mut rig: impl Rig) {
    for (name, number) in [("a", 1), ("b", 2)] {
        change(rig.store(), name, add(number)).await;
    }
    let key = person("a").0;
    let foreign = rig.stored(Table::PersonalRoles, &person("b").0).await;
    for stored in [&foreign.unwrap()[..], b"x"] {
        rig.tamper(Table::PersonalRoles, &key, Some(stored)).await;
        let found = rig.store().personal_roles(&person("a"), NOW).await;
        assert_eq!(found.unwrap(), None);
        change(rig.store(), "a", add(3)).await;
        assert_eq!(roles_of(rig.store(), "a").await.favourites, [role(3)]);
    }
}
