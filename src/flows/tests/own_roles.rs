//! Favourite roles and those that were taken last.

use async_trait::async_trait;

use super::administer::{admin, administration};
use super::portal::{portal, session, signed_in, take};
use super::*;
use crate::directory::testing::{ADMIN, without};
use crate::domain::RoleArn;
use crate::flows::{OpenBrowserSession, Star, StarError};
use crate::store::{MAX_FAVOURITES, PersonKey, RolesChange, RolesChanged, RolesOfPerson};

fn role(arn: &str) -> RoleArn {
    arn.parse().unwrap()
}

async fn open(node: &Node) -> OpenBrowserSession {
    signed_in(node, session(&["readers", "admins"])).await
}

async fn star(
    portal: &Portal,
    open: &OpenBrowserSession,
    arn: &str,
    star: Star,
) -> Result<(), StarError> {
    portal.star(open, (&role(arn), star), &meta()).await
}

/// The favourites, and the roles that were taken last, as a page would show them.
async fn shown(portal: &Portal, open: &OpenBrowserSession) -> [Vec<String>; 2] {
    let offers = portal.offers(open, &meta()).unwrap();
    let own = portal.own_offers(open, &offers, NOW).await;
    let own = own.unwrap();
    let favourites = own.favourites.iter();
    let favourites = favourites.map(|role| role.arn.to_string());
    let recent = own.recent.iter().map(|(role, _)| role.arn.to_string());
    [favourites.collect(), recent.collect()]
}

const NONE: [Vec<String>; 2] = [Vec::new(), Vec::new()];

#[tokio::test]
async fn a_star_is_set_and_taken_for_every_session_of_a_person() {
    let node = Node::new().await;
    let beside = node.beside().await;
    let [portal, elsewhere] = [&node, &beside].map(portal);
    let open = open(&node).await;
    assert_eq!(shown(&portal, &open).await, NONE);
    star(&portal, &open, READER, Star::Set).await.unwrap();
    star(&portal, &open, ADMIN, Star::Set).await.unwrap();
    let [favourites, _] = shown(&portal, &open).await;
    assert_eq!(favourites, [READER, ADMIN]);

    let [favourites, _] = shown(&elsewhere, &open).await;
    assert_eq!(favourites, [READER, ADMIN]);

    star(&elsewhere, &open, READER, Star::Taken).await.unwrap();
    let [favourites, _] = shown(&portal, &open).await;
    assert_eq!(favourites, [ADMIN]);
}

#[tokio::test]
async fn another_person_has_favourites_of_their_own() {
    let node = Node::new().await;
    let portal = portal(&node);
    let open = open(&node).await;
    star(&portal, &open, READER, Star::Set).await.unwrap();
    let mut other = open.clone();
    other.session.identity.subject = "lukas".parse().unwrap();
    assert_eq!(shown(&portal, &other).await, NONE);
    let mut other = open.clone();
    other.session.identity.issuer = "https://idp.example.net".parse().unwrap();
    let other = &other.session.identity;
    let forgotten = portal.own_roles.forget(&other.issuer, &other.subject).await;
    assert!(!forgotten.unwrap(), "the same subject of another issuer");
}

#[tokio::test]
async fn only_what_is_offered_becomes_a_favourite_or_is_shown() {
    let node = Node::new().await;
    let portal = portal(&node);
    let reader = signed_in(&node, session(&["readers"])).await;
    let refused = star(&portal, &reader, ADMIN, Star::Set).await;
    assert!(matches!(refused, Err(StarError::NotOffered)), "{refused:?}");
    let nobodys = "arn:aws:iam::482011739056:role/Nobodys";
    let refused = star(&portal, &reader, nobodys, Star::Set).await;
    assert!(matches!(refused, Err(StarError::NotOffered)), "{refused:?}");

    star(&portal, &reader, READER, Star::Set).await.unwrap();
    take(&node, &reader, 900).await.unwrap();
    node.apply(&without("links/")).await;
    assert_eq!(shown(&portal, &reader).await, NONE);
    node.apply(&testing::files()).await;
    let [favourites, _] = shown(&portal, &reader).await;
    assert_eq!(
        favourites,
        [READER],
        "it is kept as long as it is not shown"
    );
}

#[tokio::test]
async fn a_favourite_that_nobody_sees_gives_way_and_no_other_does() {
    let node = Node::new().await;
    let portal = portal(&node);
    let open = open(&node).await;
    let identity = &open.session.identity;
    let person = PersonKey::of(&identity.issuer, &[identity.subject.as_str()]);
    star(&portal, &open, READER, Star::Set).await.unwrap();
    for number in 1..MAX_FAVOURITES {
        let hidden = format!("arn:aws:iam::482011739056:role/Gone{number}");
        let add = RolesChange::AddFavourite(role(&hidden));
        let kept = node.store.change_personal_roles(&person, &add, NOW).await;
        assert_eq!(kept.unwrap(), RolesChanged::Kept);
    }
    star(&portal, &open, ADMIN, Star::Set).await.unwrap();
    let [favourites, _] = shown(&portal, &open).await;
    assert_eq!(favourites, [READER, ADMIN]);
    let kept = node.store.personal_roles(&person, NOW).await.unwrap();
    let kept = kept.unwrap().favourites;
    assert_eq!(kept.len(), MAX_FAVOURITES);
    assert!(!kept.contains(&role("arn:aws:iam::482011739056:role/Gone1")));
}

#[tokio::test]
async fn a_role_that_was_taken_is_known_once_that_is_written() {
    let node = Node::new().await;
    let portal = portal(&node);
    let open = open(&node).await;
    let asked = SessionDuration::MIN;
    let taken = portal.take(&open, &role(ADMIN), asked, &meta()).await;
    taken.unwrap();
    assert_eq!(shown(&portal, &open).await, NONE, "nobody waited for it");
    portal.own_roles.write(NOW).await;
    let [_, recent] = shown(&portal, &open).await;
    assert_eq!(recent, [ADMIN]);

    let denied = "arn:aws:iam::482011739056:role/Nobodys";
    let refused = portal.take(&open, &role(denied), asked, &meta()).await;
    assert!(refused.is_err());
    portal.own_roles.write(NOW).await;
    let [_, recent] = shown(&portal, &open).await;
    assert_eq!(recent, [ADMIN]);
}

/// A store that answers nothing.
struct Down;

#[async_trait]
impl PersonalRoles for Down {
    async fn personal_roles(
        &self,
        _: &PersonKey,
        _: UnixTime,
    ) -> Result<Option<RolesOfPerson>, StoreError> {
        Err(StoreError::Unavailable("down".into()))
    }

    async fn change_personal_roles(
        &self,
        _: &PersonKey,
        _: &RolesChange,
        _: UnixTime,
    ) -> Result<RolesChanged, StoreError> {
        Err(StoreError::Unavailable("down".into()))
    }

    async fn forget_personal_roles(&self, _: &PersonKey) -> Result<bool, StoreError> {
        Err(StoreError::Unavailable("down".into()))
    }
}

#[tokio::test]
async fn without_favourites_roles_are_offered_and_keys_given_out() {
    let node = Node::new().await;
    let portal = Portal {
        own_roles: OwnRoles::new(Arc::new(Down)),
        ..portal(&node)
    };
    let open = open(&node).await;
    let offers = portal.offers(&open, &meta()).unwrap();
    assert_eq!(offers.roles.len(), 2);
    assert!(portal.own_offers(&open, &offers, NOW).await.is_none());
    let refused = star(&portal, &open, READER, Star::Set).await;
    assert!(
        matches!(refused, Err(StarError::Unavailable(_))),
        "{refused:?}"
    );
    take_role(&portal, &open).await;
    portal.own_roles.write(NOW).await;
}

#[tokio::test]
async fn erasing_a_person_takes_their_own_roles_along() {
    let node = Node::new().await;
    let portal = portal(&node);
    let open = open(&node).await;
    star(&portal, &open, READER, Star::Set).await.unwrap();
    let administration = Administration {
        own_roles: portal.own_roles.clone(),
        ..administration(&node)
    };
    let admin = admin(&node).await;
    take_role(&portal, &open).await;
    let identity = &open.session.identity;
    let person = (&identity.issuer, &identity.subject);
    let erased = administration
        .erase_decisions(&admin, person, &meta())
        .await;
    assert!(erased.unwrap().own_roles);
    // What waited to be written is gone with the rest.
    portal.own_roles.write(NOW).await;
    assert_eq!(shown(&portal, &open).await, NONE);
    let erased = administration
        .erase_decisions(&admin, person, &meta())
        .await;
    assert!(!erased.unwrap().own_roles);
}

async fn take_role(portal: &Portal, open: &OpenBrowserSession) {
    let (role, asked) = (role(READER), SessionDuration::MIN);
    portal.take(open, &role, asked, &meta()).await.unwrap();
}
