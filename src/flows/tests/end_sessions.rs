//! Sessions that end from elsewhere, and what was taken in them.

use super::portal::{SECRET, ends, session, signed_in, take};
use super::*;
use crate::directory::{Change, Revocation, Revoked, testing};
use crate::domain::SignInId;
use crate::flows::administer::{AdminAction, MAX_REVOCATIONS};
use crate::flows::end_sessions::{Ended, MAX_BY_PEOPLE, TakenKeys};
use crate::flows::portal::OpenBrowserSession;
use crate::flows::record::Subject;
use crate::flows::revoked::check_session;
use crate::store::{BrowserSession, SessionKey, Sessions};

async fn kept(node: &Node, open: &OpenBrowserSession) -> Vec<(SessionKey, BrowserSession)> {
    let person = open.session.person;
    node.store.sessions_of(&person, NOW).await.unwrap()
}

fn is_revoked(node: &Node, open: &OpenBrowserSession) -> bool {
    let snapshot = node.directory.snapshot(NOW).unwrap();
    check_session(&snapshot, &open.session).is_err()
}

#[tokio::test]
async fn a_session_ends_with_what_was_taken_in_it() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers"])).await;
    take(&node, &open, 900).await.unwrap();
    let which = kept(&node, &open).await;
    let ended = ends(&node).these(&which, Subject::Node, &meta()).await;
    let ended = ended.unwrap();
    assert_eq!((ended.count, ended.keys), (1, TakenKeys::Over));
    assert!(is_revoked(&node, &open));
    assert_eq!(kept(&node, &open).await, []);
}

#[tokio::test]
async fn where_nothing_was_taken_nothing_is_revoked() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers"])).await;
    let before = node.directory.snapshot(NOW).unwrap().generation();
    let which = kept(&node, &open).await;
    let ended = ends(&node).these(&which, Subject::Node, &meta()).await;
    assert_eq!(ended.unwrap().count, 1);
    assert!(!is_revoked(&node, &open));
    assert_eq!(node.directory.snapshot(NOW).unwrap().generation(), before);
}

/// What was taken after it was asked which sessions there are is over as well.
#[tokio::test]
async fn what_is_taken_meanwhile_is_over_too() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers"])).await;
    let which = kept(&node, &open).await;
    take(&node, &open, 900).await.unwrap();
    let ended = ends(&node).these(&which, Subject::Node, &meta()).await;
    assert_eq!(ended.unwrap().keys, TakenKeys::Over);
    assert!(is_revoked(&node, &open));
}

#[tokio::test]
async fn in_a_session_that_is_over_nothing_is_taken() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers"])).await;
    let key = super::super::sign_in::session_key(SECRET);
    node.store.end(&key).await.unwrap();
    let error = take(&node, &open, 900).await.unwrap_err();
    assert!(matches!(error, AssumeRoleError::Revoked), "{error:?}");
}

#[tokio::test]
async fn without_the_audit_no_session_ends() {
    let node = Node::new().await;
    let open = signed_in(&node, session(&["readers"])).await;
    take(&node, &open, 900).await.unwrap();
    let which = kept(&node, &open).await;
    node.audit.leave_room_for(0);
    let ended = ends(&node).these(&which, Subject::Node, &meta()).await;
    assert!(ended.is_err());
    assert_eq!(kept(&node, &open).await.len(), 1);
}

/// Some revocations are left to administrators; then all that the person has is over.
#[tokio::test]
async fn where_too_many_sign_ins_are_revoked_the_person_is() {
    let node = Node::new().await;
    let (open, ended) = ended_after(&node, MAX_BY_PEOPLE).await;
    assert_eq!((ended.count, ended.keys), (1, TakenKeys::Over));
    assert!(is_revoked(&node, &open));
    assert_eq!(kept(&node, &open).await, []);
}

#[tokio::test]
async fn where_nothing_more_can_be_revoked_sessions_end_and_keys_go_on() {
    let node = Node::new().await;
    let (open, ended) = ended_after(&node, MAX_REVOCATIONS).await;
    assert_eq!((ended.count, ended.keys), (1, TakenKeys::GoOn));
    assert!(!is_revoked(&node, &open));
    assert_eq!(kept(&node, &open).await, []);
    let name = AdminAction::RevokeSession.as_str().rsplit(':').next();
    let told = node.audit.told();
    let last = told
        .last()
        .map(|(name, code)| (name.as_str(), code.as_str()));
    assert_eq!(last, name.zip(Some("NotCommitted")));
}

/// A session that ends after so many sign-ins were revoked.
async fn ended_after(node: &Node, revoked: usize) -> (OpenBrowserSession, Ended) {
    let open = signed_in(node, session(&["readers"])).await;
    take(node, &open, 900).await.unwrap();
    let revocation = Revocation { up_to: 1, at: NOW };
    let numbers = 0..u128::try_from(revoked).unwrap();
    let changes = numbers.map(|number| {
        let id = SignInId::from_random(number.to_be_bytes());
        Change::Revoke(Revoked::SignIn(id), revocation)
    });
    let changes = testing::change_set(changes.collect());
    node.directory.commit(1, changes, NOW).await.unwrap();
    let which = kept(node, &open).await;
    let ended = ends(node).these(&which, Subject::Node, &meta()).await;
    (open, ended.unwrap())
}
