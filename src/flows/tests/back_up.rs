use tokio::sync::mpsc::channel;

use super::administer::{admin, administration, session_of};
use super::portal::{SECRET, session, signed_in};
use super::*;
use crate::directory::testing::{ADMIN, edited};
use crate::seal::RootKey;
use crate::store::DirectoryLog as _;
use crate::store::archive::{ArchiveReader, ArchiveSeal, Contents};

const POLICY: &str = "accounts/123456789012/roles/Admin.policies/administer.json";

fn seal() -> ArchiveSeal {
    ArchiveSeal::new(&RootKey::new([1; 32]), None, Arc::new(SystemEntropy))
}

fn backing_up(node: &Node) -> Administration {
    let store = &node.store;
    Administration {
        back_ups: BackUps::new(Arc::clone(store) as _, Arc::clone(store) as _, Some(seal())),
        ..administration(node)
    }
}

/// All of an archive, and what its end says of it.
async fn made(back_up: BackUp) -> (Vec<u8>, Contents) {
    let (into, mut pieces) = channel(1);
    let take = async {
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.recv().await {
            bytes.extend(piece);
        }
        bytes
    };
    let run = async {
        let contents = back_up.run(&into).await.unwrap();
        drop(into);
        contents
    };
    tokio::join!(take, run)
}

#[tokio::test]
async fn it_has_what_the_store_has() {
    let node = Node::new().await;
    signed_in(&node, session(&["readers"])).await;
    let caller = admin(&node).await;
    let back_up = backing_up(&node).back_up(&caller, &meta()).await.unwrap();
    let (bytes, contents) = made(back_up).await;
    assert_eq!(contents.generations, 1);
    assert_eq!(contents.sessions, 1);
    let mut archive = ArchiveReader::new(&bytes[..], seal()).unwrap();
    while archive.next_record().unwrap().is_some() {}
    assert_eq!(archive.contents(), Some((NOW, contents)));
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("readers") && !text.contains(SECRET));
}

#[tokio::test]
async fn it_needs_an_action_of_its_own_and_is_recorded() {
    for (action, is_allowed) in [
        ("rolegate:BackUp", true),
        ("rolegate:ExportDirectory", false),
    ] {
        let node = Node::with(&edited(POLICY, "rolegate:*", action)).await;
        let caller = session_of(&node, ADMIN, None).await;
        let begun = backing_up(&node).back_up(&caller, &meta()).await;
        assert_eq!(begun.is_ok(), is_allowed, "{action}: {begun:?}");
        let events = node.audit.kept.events();
        let last = events.last().unwrap();
        assert_eq!(last["eventName"], "BackUp");
        assert_eq!(last["errorCode"].is_null(), is_allowed, "{last}");
    }
}

#[tokio::test]
async fn one_is_made_at_a_time() {
    let node = Node::new().await;
    let (flow, caller) = (backing_up(&node), admin(&node).await);
    let first = flow.back_up(&caller, &meta()).await.unwrap();
    let second = flow.back_up(&caller, &meta()).await.unwrap_err();
    assert_eq!(second.code(), "BackupUnderWay");
    made(first).await;
    flow.back_up(&caller, &meta()).await.unwrap();
}

#[tokio::test]
async fn nothing_waits_for_whoever_left() {
    let node = Node::new().await;
    let (flow, caller) = (backing_up(&node), admin(&node).await);
    let back_up = flow.back_up(&caller, &meta()).await.unwrap();
    let (into, pieces) = channel(1);
    drop(pieces);
    back_up.run(&into).await.unwrap();
    flow.back_up(&caller, &meta()).await.unwrap();
}

/// Half of a directory is one of long ago.
#[tokio::test]
async fn none_is_made_of_a_store_that_is_being_filled() {
    let node = Node::new().await;
    let (flow, caller) = (backing_up(&node), admin(&node).await);
    crate::directory::bar(&*node.store, 9).await.unwrap();
    let refused = flow.back_up(&caller, &meta()).await.unwrap_err();
    assert_eq!(refused.code(), "StoreBarred");
    node.store.save_checkpoint(9, b"").await.unwrap();
    flow.back_up(&caller, &meta()).await.unwrap();
}

/// Nobody could open it.
#[tokio::test]
async fn none_is_made_where_nobody_has_the_root_key() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let refused = administration(&node).back_up(&caller, &meta()).await;
    assert_eq!(refused.unwrap_err().code(), "NoBackup");
}

#[tokio::test]
async fn none_is_made_that_can_t_be_recorded() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    node.audit.leave_room_for(0);
    let refused = backing_up(&node).back_up(&caller, &meta()).await;
    assert!(matches!(refused, Err(AdminError::Audit(_))), "{refused:?}");
}
