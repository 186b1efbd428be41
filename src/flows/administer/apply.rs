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

/// What has to change so that the directory is what it shall be.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) desired: Directory,
    pub(super) changes: Vec<Change>,
    pub(super) notes: Vec<String>,
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
        let snapshot = self.authorise_on(&act, desired.base).await?;
        let (current, files, now) = (Arc::clone(&snapshot), desired.files, meta.now);
        let work = move |flow: &Self| flow.plan_of_files(&files, current.directory(), now);
        let mut plan = match self.elsewhere(work).await {
            Ok(plan) => plan,
            Err(error) => return Err(self.failed(&act, error).await),
        };
        plan.notes = Self::document_notes(&plan.changes, now);
        let notes = self.add_first_metadata(&mut plan, now).await;
        plan.notes.extend(notes);
        self.carry_out(&act, &snapshot, plan, desired.mode).await
    }

    /// As [`Self::authorise`]; the newest generation must be the one that the change was made for, where that is
    /// said.
    pub(super) async fn authorise_on(
        &self,
        act: &Act<'_>,
        made_for: Option<Generation>,
    ) -> Result<Arc<Snapshot>, AdminError> {
        let snapshot = self.authorise(act).await?;
        let head = snapshot.generation();
        if made_for.is_some_and(|made_for| made_for != head) {
            return Err(self.failed(act, AdminError::Conflict { head }).await);
        }
        Ok(snapshot)
    }

    /// Commits what is planned, or says only what that is.
    pub(super) async fn carry_out(
        &self,
        act: &Act<'_>,
        snapshot: &Snapshot,
        plan: Plan,
        mode: ApplyMode,
    ) -> Result<Applied, AdminError> {
        let lines: Vec<String> = plan.changes.iter().map(ToString::to_string).collect();
        let generation = if mode == ApplyMode::DryRun || plan.changes.is_empty() {
            let base = snapshot.generation();
            let (subject, outcome) = (Subject::Caller(act.caller), Outcome::Unchanged { base });
            let recorder = &self.recorder;
            recorder
                .admin(act.meta, &subject, act.action, outcome)
                .await?;
            base
        } else {
            self.commit(act, snapshot, plan.changes).await?
        };
        Ok(Applied {
            generation,
            changes: lines,
            notes: plan.notes,
            warnings: plan.warnings,
        })
    }

    /// Does what reads a whole directory: with a hundred thousand users that takes seconds, for which no other
    /// request of the thread waits.
    pub(super) async fn elsewhere<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, AdminError> + Send + 'static,
    ) -> Result<T, AdminError> {
        let flow = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&flow)).await;
        done.map_err(|source| DirectoryError::from(StoreError::Unavailable(Box::new(source))))?
    }

    /// What has to change so that the directory is what the files say.
    fn plan_of_files(
        &self,
        files: &DirectoryFiles,
        current: &Directory,
        now: UnixTime,
    ) -> Result<Plan, AdminError> {
        let mut desired =
            read(files, current, now, self.entropy.as_ref()).map_err(AdminError::Invalid)?;
        desired.bind_principals(self.directory.partition());
        self.plan(desired, current, now)
    }

    /// What has to change so that the directory is this one, which must be whole.
    pub(super) fn plan(
        &self,
        desired: Directory,
        current: &Directory,
        now: UnixTime,
    ) -> Result<Plan, AdminError> {
        let changes = diff(current, &desired);
        let mut problems = self.check(&desired);
        problems.extend(self.check_documents(&changes, now));
        if !problems.is_empty() {
            return Err(AdminError::Invalid(problems));
        }
        let warnings = lint(&desired);
        Ok(Plan {
            desired,
            changes,
            notes: Vec::new(),
            warnings,
        })
    }
}
