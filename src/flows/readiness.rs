//! Whether this node can do its work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::administer::{AdminAction, Administration};
use super::authenticate::BootstrapAdmin;
use crate::directory::{LiveDirectory, Snapshot};
use crate::domain::{AccountId, UnixTime};

/// One thing that must be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadinessCheck {
    /// What.
    pub name: &'static str,
    /// Whether it is so.
    pub ready: bool,
    /// What is wrong, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What `/readyz` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadinessReport {
    /// Whether all checks hold.
    pub ready: bool,
    /// Every check.
    pub checks: Vec<ReadinessCheck>,
    /// What should be looked at, and keeps nothing from working.
    pub warnings: Vec<String>,
}

/// Says whether this node is ready.
#[derive(Debug, Clone)]
pub struct Readiness {
    /// The directory.
    pub directory: Arc<LiveDirectory>,
    /// Set once the node was told to stop.
    pub draining: Arc<AtomicBool>,
    /// The user that the environment set up.
    pub admin: Option<Arc<BootstrapAdmin>>,
    /// The managing account.
    pub account: AccountId,
}

impl Readiness {
    /// The report at `now`.
    pub async fn report(&self, now: UnixTime) -> ReadinessReport {
        let mut checks = vec![check("accepting requests", self.draining())];
        let mut warnings = Vec::new();
        // The store is asked, so that a load balancer learns of its loss before the callers do.
        let looked = self
            .directory
            .catch_up(now)
            .await
            .map_err(|error| error.to_string());
        match self.directory.snapshot(now) {
            Ok(snapshot) => {
                checks.push(check("directory", Ok(())));
                checks.push(check("sealing key", sealing_key(&snapshot, now)));
                warnings.extend(self.bootstrap_warning(&snapshot));
            }
            Err(error) => checks.push(check("directory", Err(error.to_string()))),
        }
        warnings.extend(
            looked
                .err()
                .map(|error| format!("the store was not reached just now: {error}")),
        );
        ReadinessReport {
            ready: checks.iter().all(|check| check.ready),
            checks,
            warnings,
        }
    }

    fn draining(&self) -> Result<(), String> {
        if self.draining.load(Ordering::Acquire) {
            return Err("this node was told to stop and finishes what it has begun".to_owned());
        }
        Ok(())
    }

    /// The bootstrap admin is meant for the first set-up.
    fn bootstrap_warning(&self, snapshot: &Snapshot) -> Option<String> {
        self.admin.as_ref()?;
        Administration::another_admin(snapshot, self.account, AdminAction::ApplyDirectory).map(|role| {
            format!("{role} administers this gateway already: unset ROLEGATE_ADMIN_ACCESS_KEY_ID and ROLEGATE_ADMIN_SECRET_ACCESS_KEY, which are meant for the first set-up")
        })
    }
}

fn sealing_key(snapshot: &Snapshot, now: UnixTime) -> Result<(), String> {
    match snapshot.keys().sealing_at(now) {
        Some(_) => Ok(()),
        None => Err(
            "there is no key to seal session tokens with; run `rolegate keys rotate`".to_owned(),
        ),
    }
}

fn check(name: &'static str, outcome: Result<(), String>) -> ReadinessCheck {
    ReadinessCheck {
        name,
        ready: outcome.is_ok(),
        because: outcome.err(),
    }
}
