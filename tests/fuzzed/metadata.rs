//! Metadata of identity providers.

use rolegate::federation::saml::metadata::{IdpMetadata, MetadataError, check, parse};

use super::scene::NOW;

/// What is read of a document has a key and an endpoint, and is the same after it was kept.
pub fn run(bytes: &[u8]) {
    let Ok(document) = str::from_utf8(bytes) else {
        return;
    };
    let Ok(parsed) = parse(document, None) else {
        return;
    };
    let metadata = parsed.metadata;
    assert!(!metadata.single_sign_on.is_empty());
    let _ends = check(&metadata, NOW, |_| false);
    let kept = serde_json::to_string(&metadata).unwrap();
    let read: IdpMetadata = serde_json::from_str(&kept).unwrap();
    assert_eq!(read, metadata);
    match parse(document, Some(&metadata.entity_id)) {
        Ok(of_entity) => assert_eq!(of_entity.metadata, metadata),
        // Another role of it stands elsewhere: who asks for it by its name is told.
        Err(error) => assert!(matches!(error, MetadataError::RepeatedEntity(_))),
    }
}
