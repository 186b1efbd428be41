//! Long metadata documents, which are read while nobody waits for them.

use super::iam_devices::{ada, iam, node};
use super::*;
use crate::domain::OwnTags;
use crate::federation::saml::settings::AssertionEncryption;
use crate::flows::iam::saml_providers::{CreateSamlProvider, SentMetadata};
use crate::flows::iam::{Action as _, IamError};

/// Makes a provider of a document that is read elsewhere, for its length.
fn create() -> CreateSamlProvider {
    let document = testing::metadata_document("https://idp.example.com");
    let long = [document, " ".repeat(100_000)].concat();
    CreateSamlProvider {
        name: "Partners".parse().unwrap(),
        metadata: SentMetadata::new(&long),
        tags: OwnTags::default(),
        encryption: AssertionEncryption::default(),
        private_key: None,
    }
}

#[tokio::test]
async fn a_long_document_is_read_before_a_turn_is_taken() {
    let node = node().await;
    let caller = ada(&node).await;
    let flow = iam(&node, Arc::clone(&node.store) as Arc<dyn OneTimeUse>);
    let action = create();
    let meta = meta();
    let others = node.directory.turn().await;
    let read = async {
        while action.preparation().is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        drop(others);
    };
    let made = async { flow.run(&action, &caller, &meta).await };
    let read = tokio::time::timeout(std::time::Duration::from_mins(1), read);
    let (made, read) = tokio::join!(made, read);
    read.unwrap();
    made.unwrap();
}

#[tokio::test]
async fn nobody_has_a_document_read_who_may_not_use_it() {
    let node = node().await;
    let credentials = node.credentials_of(READER).await;
    let caller = authenticate(&node.authenticator(), &credentials, "sts", NOW).await;
    let flow = iam(&node, Arc::clone(&node.store) as Arc<dyn OneTimeUse>);
    let action = create();
    let refused = flow.run(&action, &caller.unwrap(), &meta()).await;
    assert!(matches!(refused, Err(IamError::Denied(_))), "{refused:?}");
    assert!(action.preparation().is_some());
}
