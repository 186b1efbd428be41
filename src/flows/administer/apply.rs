//! Apply: the directory becomes what files say.

use std::sync::Arc;

use super::{Act, AdminAction, AdminError, Administration};
use crate::directory::{
    Change, Directory, DirectoryError, DirectoryFiles, PolicyWarnings, Snapshot, diff, lint, read,
};
use crate::domain::UnixTime;
use crate::flows::authenticate::Caller;
use crate::flows::record::{Outcome, Subject};
use crate::flows::request::RequestMeta;
use crate::store::{Generation, StoreError};

/// Whether to change the directory or to say only what would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApplyMode {
    /// Change it.
    Apply,
    /// Say what would change.
    DryRun,
}

/// What the directory shall be.
#[derive(Debug, Clone)]
pub struct Desired {
    /// Its files.
    pub files: DirectoryFiles,
    /// Whether to change it.
    pub mode: ApplyMode,
    /// The generation that the files were made for, where that matters: with another one at the head
    /// it is a conflict.
    pub base: Option<Generation>,
}

/// What `apply` did or would do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Applied {
    /// The directory's generation after it.
    pub generation: Generation,
    /// Every change, a line each.
    pub changes: Vec<String>,
    /// What should be looked at, and kept nothing from being done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What policies say that is hardly meant, whether they changed or not.
    #[serde(flatten)]
    pub warnings: PolicyWarnings,
}

/// What has to change so that the directory is what the files say.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) desired: Directory,
    pub(super) changes: Vec<Change>,
    warnings: PolicyWarnings,
}

impl Administration {
    /// Makes the directory what the files say, or says what that would change.
    ///
    /// # Errors
    /// [`AdminError`]; the directory is as it was.
    pub async fn apply(
        &self,
        caller: &Caller,
        desired: Desired,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let action = AdminAction::ApplyDirectory;
        let act = Act {
            caller,
            action,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let base = snapshot.generation();
        if desired.base.is_some_and(|made_for| made_for != base) {
            let conflict = AdminError::Conflict { head: base };
            return Err(self.failed(&act, conflict).await);
        }
        let planned = self.plan_elsewhere(desired.files, Arc::clone(&snapshot), meta.now);
        let mut plan = match planned.await {
            Ok(plan) => plan,
            Err(error) => return Err(self.failed(&act, error).await),
        };
        let mut notes = Self::document_notes(&plan.changes, meta.now);
        notes.extend(self.add_first_metadata(&mut plan, meta.now).await);
        let Plan {
            changes, warnings, ..
        } = plan;
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let generation = if desired.mode == ApplyMode::DryRun || changes.is_empty() {
            let subject = Subject::Caller(caller);
            self.recorder
                .admin(meta, &subject, action, Outcome::Unchanged { base })
                .await?;
            base
        } else {
            self.commit(&act, &snapshot, changes).await?
        };
        Ok(Applied {
            generation,
            changes: lines,
            notes,
            warnings,
        })
    }

    /// As [`Self::plan`]: a hundred thousand files take seconds, for which no other request of the thread waits.
    async fn plan_elsewhere(
        &self,
        files: DirectoryFiles,
        current: Arc<Snapshot>,
        now: UnixTime,
    ) -> Result<Plan, AdminError> {
        let flow = self.clone();
        let work = move || flow.plan(&files, current.directory(), now);
        let planned = tokio::task::spawn_blocking(work).await;
        planned.map_err(|source| DirectoryError::from(StoreError::Unavailable(Box::new(source))))?
    }

    /// What has to change so that the directory is what the files say.
    fn plan(
        &self,
        files: &DirectoryFiles,
        current: &Directory,
        now: UnixTime,
    ) -> Result<Plan, AdminError> {
        let mut desired =
            read(files, current, now, self.entropy.as_ref()).map_err(AdminError::Invalid)?;
        desired.bind_principals(self.directory.partition());
        let changes = diff(current, &desired);
        let mut problems = self.check(&desired);
        problems.extend(self.check_documents(&changes, now));
        if problems.is_empty() {
            let warnings = lint(&desired);
            Ok(Plan {
                desired,
                changes,
                warnings,
            })
        } else {
            Err(AdminError::Invalid(problems))
        }
    }
}
