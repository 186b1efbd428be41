//! What every store does with the last uses of keys.

use std::sync::Arc;

use rolegate::domain::UnixTime;
use rolegate::store::{KeyUse, UsedKey};

use crate::conformance::Store;
use crate::samples::NOW;

fn used(service: &str, at: UnixTime) -> KeyUse {
    KeyUse {
        at,
        service: service.into(),
        region: "eu-west-1".parse().unwrap(),
    }
}

fn key(id: &str) -> UsedKey {
    UsedKey::of(&id.parse().unwrap())
}

pub(crate) async fn a_key_has_the_last_of_its_uses(store: Arc<impl Store>) {
    let (ana, bob) = (key("AKIAAAAAAAAAAAAAAAAA"), key("AKIABBBBBBBBBBBBBBBB"));
    assert_eq!(store.last_use(ana).await.unwrap(), None);
    let uses = [
        used("sts", NOW),
        used("iam", NOW.plus(60)),
        used("s3", NOW.plus(30)),
        used("sqs", NOW.plus(60)),
    ];
    for one in &uses {
        store.note(ana, one).await.unwrap();
    }
    assert_eq!(store.last_use(ana).await.unwrap(), Some(uses[1].clone()));
    assert_eq!(store.last_use(bob).await.unwrap(), None);
    store.note(bob, &uses[0]).await.unwrap();
    assert_eq!(store.last_use(bob).await.unwrap(), Some(uses[0].clone()));
    assert_eq!(store.last_use(ana).await.unwrap(), Some(uses[1].clone()));
}
