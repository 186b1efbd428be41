//! Export: the directory as files.

use super::{Act, AdminAction, AdminError, Administration};
use crate::directory::{DirectoryFiles, write};
use crate::flows::authenticate::Caller;
use crate::flows::record::{Outcome, Subject};
use crate::flows::request::RequestMeta;
use crate::store::Generation;

/// What `export` gives.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exported {
    /// The generation that it is.
    pub generation: Generation,
    /// Every file by its path.
    pub files: DirectoryFiles,
}

impl Administration {
    /// The directory as files.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn export(
        &self,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<Exported, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::ExportDirectory,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let files = match write(snapshot.directory(), snapshot.partition()) {
            Ok(files) => files,
            Err(problem) => {
                let error = AdminError::Invalid(vec![problem]);
                return Err(self.failed(&act, error).await);
            }
        };
        let subject = Subject::Caller(caller);
        self.recorder
            .admin(meta, &subject, AdminAction::ExportDirectory, Outcome::Done)
            .await?;
        Ok(Exported {
            generation: snapshot.generation(),
            files,
        })
    }
}
