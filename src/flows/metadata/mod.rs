//! The metadata of SAML connections: read from where it is published, taken where the rule allows it.
//!
//! ```text
//! due ── read: fetch, parse, check ── fits the connection? ── the rule ── append, if the head is still there
//!             └ no answer, refused: what was known counts on. Told: log, /readyz, audit
//! ```
//! The result is a change of the directory, so that every node goes by the same keys; where nothing
//! changed, nothing is written. [`refresh`](crate::federation::saml::metadata::refresh) is the rule.

mod looks;

use std::fmt;
use std::sync::Arc;

pub use looks::{FILE_SECONDS, LastLook, Looks, MAX_LOOKS, Turn};

use super::administer::AdminAction;
use super::record::{Outcome, Recorder, Subject};
use super::recorded_change::{RecordedChange, RecordedChangeError};
use super::request::RequestMeta;
use crate::audit::AuditUnavailable;
use crate::causes::with_causes;
use crate::directory::{
    Change, CommitError, ConnectionMetadata, Directory, DirectoryError, LiveDirectory, Snapshot,
    unfit_metadata,
};
use crate::domain::{ConnectionId, Region, RequestId, UnixTime};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::federation::connection::ConnectionSettings;
use crate::federation::saml::metadata::ParsedMetadata;
use crate::federation::saml::metadata::refresh::{
    Decision, NewKeys, RefreshRefusal, RefreshWarning, decide, expiry,
};
use crate::federation::saml::metadata::source::{MetadataReader, SourceError};
use crate::federation::saml::settings::MetadataSource;
use crate::store::Generation;

/// How often somebody else may change the directory in between.
const TRIES: usize = 4;

/// Looks after the metadata of SAML connections.
#[derive(Clone)]
pub struct RefreshMetadata {
    /// Where it is kept.
    pub directory: Arc<LiveDirectory>,
    /// Reads it.
    pub reader: MetadataReader,
    /// Where changes and refusals are recorded.
    pub recorder: Arc<Recorder>,
    /// Draws ids, and when to look next.
    pub entropy: Arc<dyn Entropy>,
    /// The region of the node's own records.
    pub region: Region,
    /// When to look, and what came of it.
    pub looks: Arc<Looks>,
}

/// How a look ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// What is published is known now.
    Over,
    /// Somebody changed what is known, or where it is looked for, meanwhile: the next look comes at
    /// once, since this one may have read that a key is gone.
    Overtaken,
}

/// Metadata that takes the place of what was known.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// It.
    pub metadata: Arc<ConnectionMetadata>,
    /// What an admin should know of it.
    pub notes: Vec<String>,
}

/// Why what is published is not taken.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// There is no such connection.
    #[error("there is no SAML connection {0}")]
    NoSuchConnection(ConnectionId),
    /// It can't be read, or is of no use.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It does not fit what the connection says.
    #[error("{0}")]
    Unfit(String),
    /// It may not take the place of what is known.
    #[error(transparent)]
    Refused(#[from] RefreshRefusal),
    /// The directory can't be changed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Nothing can be recorded, so nothing is changed.
    #[error("the audit log can't be written")]
    Audit(#[from] AuditUnavailable),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl RefreshError {
    /// Whether what is published was read and refused, which somebody has to look at.
    pub const fn is_refusal(&self) -> bool {
        match self {
            Self::Source(error) => !error.is_unreachable(),
            Self::Unfit(_) | Self::Refused(_) => true,
            Self::NoSuchConnection(_) | Self::Commit(_) | Self::Audit(_) | Self::Entropy(_) => {
                false
            }
        }
    }
}

impl From<DirectoryError> for RefreshError {
    fn from(error: DirectoryError) -> Self {
        Self::Commit(error.into())
    }
}

impl From<RecordedChangeError> for RefreshError {
    fn from(error: RecordedChangeError) -> Self {
        match error {
            RecordedChangeError::Audit(error) => error.into(),
            RecordedChangeError::Commit(error) => error.into(),
        }
    }
}

impl RefreshMetadata {
    /// Whose metadata is to be looked at now.
    pub fn due(&self, now: UnixTime) -> Vec<Turn> {
        let snapshot = self.directory.snapshot(now);
        snapshot.map_or_else(|_| Vec::new(), |snapshot| self.looks.due(&snapshot, now))
    }

    /// Looks at a connection's metadata and takes what may be taken. What is in the way is told when
    /// it is news.
    pub async fn look(&self, turn: Turn, now: UnixTime) {
        let outcome = self.refresh(&turn.connection, now).await;
        self.note(turn, outcome, now).await;
    }

    /// Notes how a look ended.
    pub(super) async fn note(
        &self,
        turn: Turn,
        outcome: Result<Look, RefreshError>,
        now: UnixTime,
    ) {
        let problem = outcome
            .as_ref()
            .err()
            .map(|error| with_causes(error).into());
        let [random] = draw(self.entropy.as_ref()).unwrap_or_default();
        let is_news = self.looks.done(&turn, now, problem, random);
        if matches!(outcome, Ok(Look::Overtaken)) {
            self.looks.hurry(&turn.connection, now);
        }
        if is_news {
            self.tell(&turn.connection, outcome.err(), now).await;
        }
    }

    /// What the connection's provider publishes now.
    ///
    /// # Errors
    /// [`RefreshError`] where it can't be read, is of no use, or does not fit the connection.
    pub async fn read(
        &self,
        connection: &ConnectionSettings,
        now: UnixTime,
    ) -> Result<ParsedMetadata, RefreshError> {
        let saml = connection.saml();
        let saml = saml.ok_or_else(|| RefreshError::NoSuchConnection(connection.id.clone()))?;
        let _place = self.looks.place().await;
        let parsed = self.reader.read(saml, now).await?;
        match unfit_metadata(saml, &parsed.metadata) {
            Some(text) => Err(RefreshError::Unfit(text)),
            None => Ok(parsed),
        }
    }

    /// The first metadata of each connection of `directory` that has to be read from somewhere and of
    /// which nothing is known, or why there is none. All are read at once.
    pub async fn first(
        &self,
        directory: &Directory,
        now: UnixTime,
    ) -> Vec<(ConnectionId, Result<Proposal, RefreshError>)> {
        let unknown = directory.connections.values().filter(|connection| {
            let known = directory.connection_metadata.contains_key(&connection.id);
            !known && is_published(connection)
        });
        let reads = unknown.map(|connection| async move {
            let read = self.read(connection, now).await;
            let proposal = read.map(|parsed| {
                let warnings = expiry(&parsed.metadata, now);
                Proposal::of(parsed, &warnings)
            });
            (connection.id.clone(), proposal)
        });
        futures_util::future::join_all(reads).await
    }

    /// Reads what is published now and takes it where the rule allows it.
    async fn refresh(&self, id: &ConnectionId, now: UnixTime) -> Result<Look, RefreshError> {
        let snapshot = self.directory.snapshot(now)?;
        let connection = find(&snapshot, id)?;
        let parsed = self.read(&connection, now).await?;
        self.take(snapshot, &connection, parsed, now).await
    }

    /// Takes what was read while `snapshot` was the newest known, where the rule allows it.
    pub(super) async fn take(
        &self,
        mut snapshot: Arc<Snapshot>,
        connection: &ConnectionSettings,
        parsed: ParsedMetadata,
        now: UnixTime,
    ) -> Result<Look, RefreshError> {
        let id = &connection.id;
        let before = snapshot.connection_metadata(id).cloned();
        let mut conflict = None;
        for _ in 0..TRIES {
            let known = snapshot.connection_metadata(id);
            if !asks_the_same(&snapshot, connection) || known != before.as_ref() {
                // What was read is older than what somebody else has taken meanwhile, and would bring
                // keys back that are gone.
                return Ok(Look::Overtaken);
            }
            let known = known.map(AsRef::as_ref);
            let Some(proposal) = Proposal::make(known, parsed.clone(), now, NewKeys::Refuse)?
            else {
                return Ok(Look::Over);
            };
            match self.commit(id, snapshot.generation(), proposal, now).await {
                Err(RefreshError::Commit(error @ CommitError::Conflict { .. })) => {
                    conflict = Some(error);
                    snapshot = self.directory.catch_up(now).await?;
                }
                outcome => return outcome.map(|()| Look::Over),
            }
        }
        conflict.map_or(Ok(Look::Over), |error| Err(error.into()))
    }

    async fn commit(
        &self,
        id: &ConnectionId,
        base: Generation,
        proposal: Proposal,
        now: UnixTime,
    ) -> Result<(), RefreshError> {
        let lines = proposal.lines(id);
        let changes = vec![proposal.change(id)];
        let meta = self.meta(now)?;
        let change = RecordedChange {
            directory: &self.directory,
            recorder: &self.recorder,
            subject: Subject::Node,
            deed: AdminAction::RefreshMetadata.into(),
            meta: &meta,
            lines: &lines,
        };
        let generation = change.commit(base, changes).await?;
        tracing::info!(
            connection = id.as_str(),
            generation,
            notes = lines.join("; "),
            "SAML metadata was taken"
        );
        Ok(())
    }

    async fn tell(&self, id: &ConnectionId, problem: Option<RefreshError>, now: UnixTime) {
        let connection = id.as_str();
        let Some(error) = problem else {
            tracing::info!(connection, "SAML metadata is well again");
            return;
        };
        let why = with_causes(&error);
        tracing::warn!(connection, why, "SAML metadata was not taken");
        if !error.is_refusal() {
            return;
        }
        let why = format!("connection {id}: {why}");
        if let Err(unrecorded) = self.record_refusal(why, now).await {
            let why = with_causes(&unrecorded);
            tracing::error!(connection, why, "a refusal could not be recorded");
        }
    }

    async fn record_refusal(&self, why: String, now: UnixTime) -> Result<(), RefreshError> {
        let (meta, outcome) = (self.meta(now)?, Outcome::NotCommitted { why });
        let action = AdminAction::RefreshMetadata;
        let recorded = self.recorder.admin(&meta, &Subject::Node, action, outcome);
        Ok(recorded.await?)
    }

    fn meta(&self, now: UnixTime) -> Result<RequestMeta, RefreshError> {
        let id = RequestId::from_random(draw(self.entropy.as_ref())?);
        Ok(RequestMeta::of_the_node(id, now, self.region.clone()))
    }
}

impl Proposal {
    /// What is to be taken of what was read, given what is known; nothing where it is known already.
    ///
    /// # Errors
    /// [`RefreshRefusal`]
    pub fn make(
        known: Option<&ConnectionMetadata>,
        parsed: ParsedMetadata,
        now: UnixTime,
        keys: NewKeys,
    ) -> Result<Option<Self>, RefreshRefusal> {
        let known = known.map(ConnectionMetadata::provider);
        match decide(known, &parsed.metadata, now, keys)? {
            Decision::Keep => Ok(None),
            Decision::Take(warnings) => Ok(Some(Self::of(parsed, &warnings))),
        }
    }

    fn of(parsed: ParsedMetadata, warnings: &[RefreshWarning]) -> Self {
        let notes = parsed.notes.iter().map(ToString::to_string);
        let notes = notes.chain(warnings.iter().map(ToString::to_string));
        Self {
            notes: notes.collect(),
            metadata: Arc::new(ConnectionMetadata::Fetched(parsed.metadata)),
        }
    }

    /// The change that takes it.
    pub fn change(&self, connection: &ConnectionId) -> Change {
        Change::PutConnectionMetadata(connection.clone(), Arc::clone(&self.metadata))
    }

    /// What is recorded of it, a line each.
    pub fn lines(&self, connection: &ConnectionId) -> Vec<String> {
        let change = self.change(connection).to_string();
        std::iter::once(change).chain(self.notes.clone()).collect()
    }
}

/// A SAML connection.
pub(super) fn find(
    snapshot: &Snapshot,
    id: &ConnectionId,
) -> Result<Arc<ConnectionSettings>, RefreshError> {
    let connection = snapshot.connection(id).filter(|it| it.saml().is_some());
    let missing = || RefreshError::NoSuchConnection(id.clone());
    connection.cloned().ok_or_else(missing)
}

/// Whether the connection's metadata is read from somewhere.
fn is_published(connection: &ConnectionSettings) -> bool {
    let saml = connection.saml();
    saml.is_some_and(|saml| saml.settings.metadata != MetadataSource::Upload)
}

/// Whether the connection still looks for the same provider at the same place.
fn asks_the_same(snapshot: &Snapshot, before: &ConnectionSettings) -> bool {
    let now = snapshot.connection(&before.id).and_then(|it| it.saml());
    now.zip(before.saml()).is_some_and(|(now, before)| {
        let (now, before) = (now.settings, before.settings);
        now.entity_id == before.entity_id && now.metadata.is_same_place(&before.metadata)
    })
}

impl fmt::Debug for RefreshMetadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RefreshMetadata")
            .field("looks", &self.looks)
            .finish_non_exhaustive()
    }
}
