//! A metadata document as somebody uploaded it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{IdpMetadata, MetadataError, parse};
use crate::domain::EntityId;

/// A metadata document, kept as it is, and what it says of one identity provider. It is read once,
/// when it comes in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataDocument {
    document: Arc<str>,
    metadata: IdpMetadata,
}

/// Why a metadata document is of no use.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is longer than [`MetadataDocument::MAX_CHARS`].
    #[error("the metadata document must have at most 10000000 characters")]
    TooLong,
    /// It describes no usable identity provider.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl MetadataDocument {
    /// At most so many characters (`SAMLMetadataDocumentType` of the IAM model).
    pub const MAX_CHARS: usize = 10_000_000;

    /// The longest document that is read from a file of the node, in bytes.
    pub const MAX_BYTES: u64 = 10_000_000;

    /// Reads what a document says of `entity`, or of the only identity provider in it.
    pub fn read(document: &str, entity: Option<&EntityId>) -> Result<Self, DocumentError> {
        if document.len() > Self::MAX_CHARS && document.chars().count() > Self::MAX_CHARS {
            return Err(DocumentError::TooLong);
        }
        Ok(Self {
            metadata: parse(document, entity)?.metadata,
            document: document.into(),
        })
    }

    /// The document.
    pub fn as_str(&self) -> &str {
        &self.document
    }

    /// What it says.
    pub const fn metadata(&self) -> &IdpMetadata {
        &self.metadata
    }
}

impl fmt::Debug for MetadataDocument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MetadataDocument")
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
