//! A change of the directory that is recorded: what is about to be done, and what became of it.

use super::node_keys::AUTHOR;
use super::record::{Deed, Outcome, Recorder, Subject};
use super::request::RequestMeta;
use crate::audit::{AuditUnavailable, Event};
use crate::causes::with_causes;
use crate::directory::{Change, ChangeSet, CommitError, LiveDirectory};
use crate::store::Generation;

/// Who changes what.
pub(super) struct RecordedChange<'a> {
    pub(super) directory: &'a LiveDirectory,
    pub(super) recorder: &'a Recorder,
    pub(super) subject: Subject<'a>,
    pub(super) deed: Deed,
    pub(super) meta: &'a RequestMeta,
    /// What is told of the change, a line each.
    pub(super) lines: &'a [String],
}

/// Why nothing was changed, or why it is not known whether it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordedChangeError {
    /// It can't be recorded.
    #[error(transparent)]
    Audit(#[from] AuditUnavailable),
    /// The directory can't be changed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl RecordedChange<'_> {
    /// Records the intent, changes the directory and records the outcome.
    pub(super) async fn commit(
        &self,
        base: Generation,
        changes: Vec<Change>,
    ) -> Result<Generation, RecordedChangeError> {
        // A line of the audit keeps so many values of a list: further changes are further lines.
        for some in self.lines.chunks(Event::MAX_LIST) {
            let intent = Outcome::Intent {
                base,
                changes: some,
                of: self.lines.len(),
            };
            self.record(intent).await?;
        }
        let author = match self.subject {
            Subject::Caller(caller) => caller.principal.arn(),
            Subject::Person(person) => person.to_string(),
            Subject::Node => AUTHOR.to_owned(),
        };
        let set = ChangeSet {
            author,
            at: self.meta.now,
            request: self.meta.id,
            changes,
        };
        let committed = self.directory.commit(base, set, self.meta.now).await;
        self.record(match &committed {
            Ok(generation) => Outcome::Committed {
                generation: *generation,
            },
            Err(error) => Outcome::NotCommitted {
                why: with_causes(error),
            },
        })
        .await?;
        Ok(committed?)
    }

    async fn record(&self, outcome: Outcome<'_>) -> Result<(), AuditUnavailable> {
        self.recorder
            .admin(self.meta, &self.subject, self.deed, outcome)
            .await
    }
}
