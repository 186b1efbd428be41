//! The rotation of the node's keys for SAML.

use std::sync::Arc;

use super::administer::{admin, administration, generation, told};
use super::*;
use crate::directory::{Change, ServiceProviderKeyRecord};
use crate::federation::saml::certificate::{Certificate, Fingerprint};
use crate::federation::saml::service_provider::ServiceProviderKey;

const DAY: i64 = 24 * 60 * 60;

/// A node with its first keys.
async fn node() -> Node {
    let node = Node::new().await;
    let keys = NodeKeys {
        directory: Arc::clone(&node.directory),
        entropy: Arc::new(SystemEntropy),
        host: "sso.example.com".into(),
    };
    keys.make_first(NOW).await.unwrap();
    node
}

async fn rotate(node: &Node, previous: PreviousKeys, now: UnixTime) -> Result<Applied, AdminError> {
    node.directory.catch_up(now).await.unwrap();
    let caller = admin(node).await;
    administration(node)
        .rotate_saml_keys(&caller, previous, &meta_at(now))
        .await
}

/// The key that signs, and all that are published.
fn keys_at(node: &Node, now: UnixTime) -> (Fingerprint, Vec<Fingerprint>) {
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let keys = snapshot.service_provider_keys().unwrap();
    let signing = keys.signing(now).unwrap().certificate().fingerprint();
    let published = keys.published(now);
    (signing, published.map(Certificate::fingerprint).collect())
}

#[tokio::test]
async fn a_new_key_is_published_at_once_and_signs_a_day_later() {
    let node = node().await;
    let (first, _) = keys_at(&node, NOW);
    let applied = rotate(&node, PreviousKeys::Keep, NOW).await.unwrap();
    assert_eq!(applied.changes.len(), 2);
    let (signing, published) = keys_at(&node, NOW);
    assert_eq!(signing, first);
    let [new, old] = published[..] else {
        panic!("{published:?}")
    };
    assert_eq!(old, first);
    assert_eq!(keys_at(&node, NOW.plus(DAY - 1)).0, first);
    assert_eq!(keys_at(&node, NOW.plus(DAY)), (new, vec![new, old]));
    assert_eq!(keys_at(&node, NOW.plus(8 * DAY)), (new, vec![new]));
    let expected = [("RotateSamlKeys", ""), ("RotateSamlKeys", "")];
    assert_eq!(node.audit.told(), told(&expected));
}

#[tokio::test]
async fn no_second_rotation_begins_before_the_new_key_signs() {
    let node = node().await;
    rotate(&node, PreviousKeys::Keep, NOW).await.unwrap();
    let before = generation(&node);
    let again = rotate(&node, PreviousKeys::Keep, NOW).await;
    assert!(
        matches!(again, Err(AdminError::RotationUnderWay(_))),
        "{again:?}"
    );
    assert_eq!(generation(&node), before);
    let told = node.audit.told();
    let last = told.last().unwrap();
    assert_eq!(
        (last.0.as_str(), last.1.as_str()),
        ("RotateSamlKeys", "NotCommitted")
    );
}

#[tokio::test]
async fn dropping_the_previous_keys_leaves_one_that_signs_at_once() {
    let node = node().await;
    rotate(&node, PreviousKeys::Keep, NOW).await.unwrap();
    let (_, before) = keys_at(&node, NOW);
    rotate(&node, PreviousKeys::Drop, NOW).await.unwrap();
    let (signing, published) = keys_at(&node, NOW);
    assert_eq!(published, [signing]);
    assert!(!before.contains(&signing));
}

#[tokio::test]
async fn dropping_the_previous_keys_helps_where_one_can_t_be_opened() {
    let node = node().await;
    let [one, other] =
        [(); 2].map(|()| ServiceProviderKey::generate("sso.example.com", NOW).unwrap());
    let (pkcs8, certificate) = (
        one.private_key().expose().clone(),
        other.certificate().clone(),
    );
    let bad = ServiceProviderKeyRecord::new(pkcs8, certificate, NOW, NOW);
    let change = Change::AddServiceProviderKey(Box::new(bad));
    let set = testing::change_set(vec![change]);
    let commit = node.directory.commit(generation(&node), set, NOW);
    commit.await.unwrap();
    assert!(
        node.directory
            .snapshot(NOW)
            .unwrap()
            .service_provider_keys()
            .is_err()
    );
    rotate(&node, PreviousKeys::Drop, NOW).await.unwrap();
    assert_eq!(keys_at(&node, NOW).1.len(), 1);
}

#[tokio::test]
async fn keys_that_have_retired_go_with_the_next_rotation() {
    let node = node().await;
    let (first, _) = keys_at(&node, NOW);
    rotate(&node, PreviousKeys::Keep, NOW).await.unwrap();
    let later = NOW.plus(8 * DAY);
    let applied = rotate(&node, PreviousKeys::Keep, later).await.unwrap();
    let removed = format!("remove service provider key {first}");
    assert!(applied.changes.contains(&removed), "{applied:?}");
}

#[tokio::test]
async fn there_are_never_more_than_eight_keys() {
    let node = node().await;
    for day in 0..7 {
        // The next one begins as soon as the one before signs, long before the oldest retires.
        let now = NOW.plus(day * DAY);
        rotate(&node, PreviousKeys::Keep, now).await.unwrap();
    }
    let now = NOW.plus(7 * DAY);
    let one_more = rotate(&node, PreviousKeys::Keep, now).await;
    assert!(
        matches!(one_more, Err(AdminError::TooManySamlKeys)),
        "{one_more:?}"
    );
}
