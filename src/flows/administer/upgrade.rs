//! The store's format, for when every node runs a newer version.

use super::{Act, AdminAction, AdminError, Administration, Applied};
use crate::directory::{Change, PolicyWarnings};
use crate::flows::authenticate::Caller;
use crate::flows::request::RequestMeta;

impl Administration {
    /// Has the store be written in the newest format that this node knows. A node that doesn't know it
    /// decides nothing from then on.
    ///
    /// # Errors
    /// [`AdminError`]; the store is written in the format that it was.
    pub async fn upgrade_store(
        &self,
        caller: &Caller,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::UpgradeStore,
            meta,
        };
        let snapshot = self.authorise(&act).await?;
        let (used, known) = (snapshot.directory().format, self.directory.known());
        if used >= known {
            let error = AdminError::NewestFormat(used);
            return Err(self.failed(&act, error).await);
        }
        let change = Change::UseFormat(known);
        let changes = vec![change.to_string()];
        let generation = self.commit(&act, &snapshot, vec![change]).await?;
        Ok(Applied {
            generation,
            changes,
            notes: Vec::new(),
            warnings: PolicyWarnings::default(),
        })
    }
}
