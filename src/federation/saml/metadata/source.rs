//! Reads the metadata of a connection's provider from where its settings say.
//!
//! ```text
//! Url   outgoing: https, no redirect, allowed addresses, 10 s, 10 MB ──┐
//! File  the folder of secret files, 10 MB ─────────────────────────────┴─ parse ─ check ─> ParsedMetadata
//! ```

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::{IdpMetadata, MetadataDocument, MetadataError, ParsedMetadata, check, parse};
use crate::domain::{Issuer, UnixTime};
use crate::federation::connection::SamlConnection;
use crate::federation::outgoing::{AnswerBounds, FetchError, Outgoing};
use crate::federation::saml::settings::MetadataSource;
use crate::federation::secret_file::{SecretFileError, SecretFolder};

/// What is taken of a server that publishes metadata: as much as of an upload, within ten seconds.
const BOUNDS: AnswerBounds = AnswerBounds {
    bytes: 10_000_000,
    time: Duration::from_secs(10),
};

/// Reads metadata from servers and from files of the node.
#[derive(Debug, Clone)]
pub struct MetadataReader {
    /// The way to servers.
    pub outgoing: Arc<Outgoing>,
    /// Where files may be.
    pub files: SecretFolder,
    /// Whose endpoints may be plain http: those at the origins of these issuers.
    pub plain_http: Arc<[Issuer]>,
}

/// Why there is no metadata.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is uploaded with the directory, and read from nowhere.
    #[error("the connection's metadata is uploaded with the directory; apply another document")]
    Uploaded,
    /// The server gave none.
    #[error("the metadata could not be fetched")]
    Fetch(#[from] FetchError),
    /// The file can't be read.
    #[error("the metadata's file could not be read")]
    File(#[from] SecretFileError),
    /// The reader was stopped.
    #[error("the metadata could not be read to its end")]
    Interrupted,
    /// It is of no use.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl SourceError {
    /// Whether there was no answer at all: the provider is to blame, or the way to it, and not what it
    /// publishes.
    pub const fn is_unreachable(&self) -> bool {
        matches!(self, Self::Fetch(_) | Self::File(_) | Self::Interrupted)
    }
}

impl MetadataReader {
    /// What the connection's provider publishes now, checked: it is about this provider, it counts at
    /// `now`, and its endpoints are https, or plain http where the node allows it.
    ///
    /// # Errors
    /// [`SourceError`]
    pub async fn read(
        &self,
        connection: SamlConnection<'_>,
        now: UnixTime,
    ) -> Result<ParsedMetadata, SourceError> {
        let settings = connection.settings;
        let document = self.document(&settings.metadata).await?;
        let entity = settings.entity_id.clone();
        // A long document is read where it holds nobody up.
        let parsed = tokio::task::spawn_blocking(move || parse(&document, Some(&entity)));
        let parsed = parsed.await.map_err(|_| SourceError::Interrupted)??;
        self.check(&parsed.metadata, now)?;
        Ok(parsed)
    }

    /// Checks that metadata counts at `now`, and that its endpoints are https, or plain http where the
    /// node allows it.
    ///
    /// # Errors
    /// [`MetadataError`]
    pub fn check(&self, metadata: &IdpMetadata, now: UnixTime) -> Result<(), MetadataError> {
        check(metadata, now, |url| {
            let mut issuers = self.plain_http.iter();
            issuers.any(|issuer| url.has_origin_of(issuer))
        })
    }

    async fn document(&self, source: &MetadataSource) -> Result<String, SourceError> {
        match source {
            MetadataSource::Upload => Err(SourceError::Uploaded),
            MetadataSource::Url { url, .. } => {
                // It was a URL when it came in.
                let url = Url::parse(url.as_str()).map_err(|_| SourceError::Interrupted)?;
                Ok(self.outgoing.get_text(&url, BOUNDS).await?)
            }
            MetadataSource::File(file) => {
                let (files, file) = (self.files.clone(), file.clone());
                let most = MetadataDocument::MAX_BYTES;
                let read =
                    tokio::task::spawn_blocking(move || files.read_document_now(&file, most));
                Ok(read.await.map_err(|_| SourceError::Interrupted)??)
            }
        }
    }
}
