//! Decisions: looking for them, reading one, erasing a person from them.

use super::{Act, AdminAction, AdminError, Administration};
use crate::decisions::{Found, NotWritten, Place, Step, Trace, Wanted, steps};
use crate::domain::{IssuerName, RequestId, Subject};
use crate::flows::authenticate::Caller;
use crate::flows::record::{Outcome, Subject as By};
use crate::flows::request::RequestMeta;
use crate::store::StoreError;

/// A decision and how far it came.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Decision {
    /// The steps of such an attempt, in their order.
    pub steps: Vec<Step>,
    /// What it was decided by.
    pub decision: Trace<'static>,
}

/// What was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Erased {
    /// So many decisions.
    pub erased: usize,
    /// Whether the person had favourite roles, or had taken any.
    #[serde(default)]
    pub own_roles: bool,
}

impl Administration {
    /// The newest decisions that are wanted, older than `after`; at most `limit`.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn list_decisions(
        &self,
        caller: &Caller,
        (wanted, after): (&Wanted, Option<Place>),
        limit: usize,
        meta: &RequestMeta,
    ) -> Result<Found, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::ListDecisions,
            meta,
        };
        self.begin_reading(&act).await?;
        let Ok(_place) = self.searches.try_acquire() else {
            return Err(self.failed(&act, AdminError::Searching).await);
        };
        let found = self.decisions.search(wanted, after, limit).await;
        self.read(&act, found).await
    }

    /// The decision of a request.
    ///
    /// # Errors
    /// [`AdminError::NoDecision`] where none is kept.
    pub async fn decision(
        &self,
        caller: &Caller,
        request: RequestId,
        meta: &RequestMeta,
    ) -> Result<Decision, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::GetDecision,
            meta,
        };
        self.begin_reading(&act).await?;
        let found = self.decisions.find(request).await;
        match self.read(&act, found).await? {
            Some(decision) => Ok(Decision {
                steps: steps(&decision),
                decision,
            }),
            None => Err(AdminError::NoDecision(request)),
        }
    }

    /// Takes every decision about a person out, and their favourite and last taken roles.
    ///
    /// # Errors
    /// [`AdminError`]; some may have been taken out.
    pub async fn erase_decisions(
        &self,
        caller: &Caller,
        (issuer, subject): (&IssuerName, &Subject),
        meta: &RequestMeta,
    ) -> Result<Erased, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::EraseDecisions,
            meta,
        };
        self.authorise(&act).await?;
        let what = format!("erase the decisions about {subject} of {issuer}, and their own roles");
        self.told(&act, Outcome::Erasing { what }).await?;
        match self.erase(issuer, subject, meta).await {
            Ok(done) => {
                let count = done.erased;
                self.told(&act, Outcome::Erased { count }).await?;
                Ok(done)
            }
            Err(error) => Err(self.failed(&act, error.into()).await),
        }
    }

    async fn erase(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        meta: &RequestMeta,
    ) -> Result<Erased, NotWritten> {
        let own_roles = self.own_roles.forget(issuer, subject).await?;
        let erased = self.decisions.erase(issuer, subject, meta.now).await?;
        Ok(Erased { erased, own_roles })
    }

    async fn begin_reading(&self, act: &Act<'_>) -> Result<(), AdminError> {
        self.authorise(act).await?;
        if self.decisions.is_off() {
            return Err(self.failed(act, AdminError::DecisionsOff).await);
        }
        Ok(())
    }

    /// What was read, recorded.
    async fn read<T>(&self, act: &Act<'_>, read: Result<T, StoreError>) -> Result<T, AdminError> {
        match read {
            Ok(read) => {
                self.told(act, Outcome::Done).await?;
                Ok(read)
            }
            Err(error) => Err(self.failed(act, NotWritten::from(error).into()).await),
        }
    }

    async fn told(&self, act: &Act<'_>, outcome: Outcome<'_>) -> Result<(), AdminError> {
        let by = By::Caller(act.caller);
        let told = self.recorder.admin(act.meta, &by, act.action, outcome);
        Ok(told.await?)
    }
}
