use super::administer::{admin, administration, session_of};
use super::portal::session;
use super::*;
use crate::directory::testing::{ADMIN, edited};
use crate::domain::SignInId;
use crate::store::{BrowserSession, SessionKey, Sessions as _};

const POLICY: &str = "accounts/123456789012/roles/Admin.policies/administer.json";

fn of(number: u8, groups: &[&str]) -> BrowserSession {
    BrowserSession {
        sign_in: SignInId::from_random([number; 16]),
        last_seen: NOW.plus(number.into()),
        ..session(groups)
    }
}

async fn keep(node: &Node, number: u8, session: &BrowserSession) {
    node.store.create(&key(number), session).await.unwrap();
}

fn key(number: u8) -> SessionKey {
    SessionKey::new(session(&[]).person.place(number), [number; 16])
}

/// Two readers and somebody without a role.
async fn three(node: &Node) {
    for (number, groups) in [(1, &["readers"]), (2, &["guests"]), (3, &["readers"])] {
        keep(node, number, &of(number, groups)).await;
    }
}

async fn list(node: &Node, query: SessionQuery) -> Vec<String> {
    let caller = admin(node).await;
    let listed = administration(node)
        .sessions(&caller, &query, &meta())
        .await;
    let listed = listed.unwrap();
    assert!(listed.is_whole);
    let ids = listed.sessions.into_iter().map(|session| session.id);
    ids.collect()
}

fn ids(numbers: &[u8]) -> Vec<String> {
    let id = |number: &u8| SignInId::from_random([*number; 16]).to_string();
    numbers.iter().map(id).collect()
}

#[tokio::test]
async fn the_newest_come_first_and_what_does_not_fit_the_list_is_counted() {
    let node = Node::new().await;
    three(&node).await;
    assert_eq!(list(&node, SessionQuery::default()).await, ids(&[3, 2, 1]));
    let query = SessionQuery {
        limit: Some(2),
        ..SessionQuery::default()
    };
    let caller = admin(&node).await;
    let listed = administration(&node)
        .sessions(&caller, &query, &meta())
        .await;
    let listed = listed.unwrap();
    assert_eq!((listed.sessions.len(), listed.found), (2, 3));
    assert_eq!(listed.sessions[0].id, ids(&[3])[0]);
}

#[tokio::test]
async fn each_filter_takes_what_fits() {
    let node = Node::new().await;
    three(&node).await;
    let person = |subject: &str| SessionQuery {
        person: Some(Person {
            issuer: ISSUER.parse().unwrap(),
            subject: subject.parse().unwrap(),
        }),
        ..SessionQuery::default()
    };
    assert_eq!(list(&node, person("ines")).await.len(), 3);
    assert_eq!(list(&node, person("inês")).await.len(), 0);
    let connection = |id: &str| SessionQuery {
        connection: Some(id.parse().unwrap()),
        ..SessionQuery::default()
    };
    assert_eq!(list(&node, connection("workforce")).await.len(), 3);
    assert_eq!(list(&node, connection("partners")).await.len(), 0);
    let role = SessionQuery {
        role: Some(READER.parse().unwrap()),
        ..SessionQuery::default()
    };
    assert_eq!(list(&node, role.clone()).await, ids(&[3, 1]));
    let by = |id: &str| SessionQuery {
        rule: Some(id.parse().unwrap()),
        ..role.clone()
    };
    assert_eq!(list(&node, by("readers")).await, ids(&[3, 1]));
    assert_eq!(list(&node, by("nobody")).await.len(), 0);
}

#[tokio::test]
async fn what_is_over_or_revoked_is_not_listed() {
    let node = Node::new().await;
    three(&node).await;
    let id = SignInId::from_random([3; 16]).to_string();
    let target = RevokeTarget::Session(id.parse().unwrap());
    let caller = admin(&node).await;
    let flow = administration(&node);
    flow.revoke(&caller, &target, &meta()).await.unwrap();
    node.store.end(&key(2)).await.unwrap();
    assert_eq!(list(&node, SessionQuery::default()).await, ids(&[1]));
}

#[tokio::test]
async fn it_needs_an_action_of_its_own_a_limit_in_bounds_and_is_recorded() {
    for (action, is_allowed) in [
        ("rolegate:ListSessions", true),
        ("rolegate:ExportDirectory", false),
    ] {
        let node = Node::with(&edited(POLICY, "rolegate:*", action)).await;
        let caller = session_of(&node, ADMIN, None).await;
        let query = SessionQuery::default();
        let listed = administration(&node)
            .sessions(&caller, &query, &meta())
            .await;
        assert_eq!(listed.is_ok(), is_allowed, "{action}: {listed:?}");
        let events = node.audit.kept.events();
        assert_eq!(events.last().unwrap()["eventName"], "ListSessions");
    }
    let node = Node::new().await;
    let caller = admin(&node).await;
    for limit in [0, MAX_LISTED + 1] {
        let query = SessionQuery {
            limit: Some(limit),
            ..SessionQuery::default()
        };
        let refused = administration(&node)
            .sessions(&caller, &query, &meta())
            .await;
        assert_eq!(refused.unwrap_err().code(), "MalformedInput");
    }
}
