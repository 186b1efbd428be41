//! Whether this node can do its work.

mod saml;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub use saml::SamlConnectionReport;

use super::administer::{AdminAction, Administration};
use super::authenticate::BootstrapAdmin;
use super::metadata::Looks;
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

/// What `/readyz` says. Its warnings name no account and no role: strangers may read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadinessReport {
    /// Whether all checks hold.
    pub ready: bool,
    /// Every check.
    pub checks: Vec<ReadinessCheck>,
    /// What should be looked at, and keeps nothing from working.
    pub warnings: Vec<&'static str>,
    /// What is known of SAML connections; for operators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saml_connections: Vec<SamlConnectionReport>,
}

impl ReadinessReport {
    /// The report without what is wrong and why, and without names: which checks there are and whether
    /// they hold.
    #[must_use]
    pub fn without_reasons(mut self) -> Self {
        for check in &mut self.checks {
            check.because = None;
        }
        self.saml_connections.clear();
        self
    }
}

/// Says whether this node is ready.
#[derive(Debug, Clone)]
pub struct Readiness {
    directory: Arc<LiveDirectory>,
    draining: Arc<AtomicBool>,
    admin: Option<Arc<BootstrapAdmin>>,
    account: AccountId,
    looks: Arc<Looks>,
    state: Arc<Mutex<State>>,
}

/// What was found, and what the log was told.
#[derive(Debug, Default)]
struct State {
    last: Option<Look>,
    has_warned: bool,
}

#[derive(Debug, Clone)]
struct Look {
    at: UnixTime,
    taken: Instant,
    report: ReadinessReport,
}

impl Readiness {
    /// A report is given again for so long, so that nobody can have the store looked at all the
    /// time.
    const KEPT: Duration = Duration::from_secs(1);

    /// Of this directory; `draining` is set once the node was told to stop, `admin` the user that
    /// the environment set up in the managing `account`, `looks` what came of the looks at SAML
    /// connections' metadata.
    pub fn new(
        directory: Arc<LiveDirectory>,
        draining: Arc<AtomicBool>,
        admin: Option<Arc<BootstrapAdmin>>,
        account: AccountId,
        looks: Arc<Looks>,
    ) -> Self {
        Self {
            directory,
            draining,
            admin,
            account,
            looks,
            state: Arc::default(),
        }
    }

    /// The report at `now`. The store is looked at once a second at most; callers that come
    /// meanwhile share what was found.
    pub async fn report(&self, now: UnixTime) -> ReadinessReport {
        let mut state = self.state.lock().await;
        let is_recent = |look: &&Look| look.at == now && look.taken.elapsed() < Self::KEPT;
        let found = if let Some(look) = state.last.as_ref().filter(is_recent) {
            look.report.clone()
        } else {
            let report = self.look(now, &mut state.has_warned).await;
            state.last = Some(Look {
                at: now,
                taken: Instant::now(),
                report: report.clone(),
            });
            report
        };
        drop(state);
        self.with_draining(found)
    }

    async fn look(&self, now: UnixTime, has_warned: &mut bool) -> ReadinessReport {
        let mut checks = Vec::new();
        let mut warnings = Vec::new();
        let mut saml_connections = Vec::new();
        // The store is asked, so that a load balancer learns of its loss before the callers do.
        let looked = self.directory.catch_up(now).await;
        match self.directory.snapshot(now) {
            Ok(snapshot) => {
                checks.push(check("directory", Ok(())));
                checks.push(check("sealing key", sealing_key(&snapshot, now)));
                warnings.extend(self.bootstrap_warning(&snapshot, has_warned));
                let (connections, of_saml) = saml::report(&snapshot, &self.looks, now);
                warnings.extend(of_saml);
                saml_connections = connections;
            }
            Err(error) => checks.push(check("directory", Err(error.to_string()))),
        }
        if let Err(error) = looked {
            tracing::debug!(%error, "the store was not reached for a report");
            warnings.push("the store was not reached just now");
        }
        ReadinessReport {
            ready: checks.iter().all(|check| check.ready),
            checks,
            warnings,
            saml_connections,
        }
    }

    /// Whether the node was told to stop is never an old answer.
    fn with_draining(&self, mut report: ReadinessReport) -> ReadinessReport {
        let accepting = if self.draining.load(Ordering::Acquire) {
            Err("this node was told to stop and finishes what it has begun".to_owned())
        } else {
            Ok(())
        };
        report.ready &= accepting.is_ok();
        report
            .checks
            .insert(0, check("accepting requests", accepting));
        report
    }

    /// The bootstrap admin is meant for the first set-up. The log is told once who else there is.
    fn bootstrap_warning(
        &self,
        snapshot: &Snapshot,
        has_warned: &mut bool,
    ) -> Option<&'static str> {
        self.admin.as_ref()?;
        let action = AdminAction::ApplyDirectory;
        let role = Administration::another_admin(snapshot, self.account, action)?;
        if !std::mem::replace(has_warned, true) {
            tracing::warn!(
                role = role.as_str(),
                "this role administers the gateway already: unset ROLEGATE_ADMIN_ACCESS_KEY_ID and ROLEGATE_ADMIN_SECRET_ACCESS_KEY, which are meant for the first set-up"
            );
        }
        Some(
            "the first administrator's variables are still set although another administrator exists",
        )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testing::{self, ADMIN, MAX_STALENESS, NOW};
    use crate::store::memory::MemoryStore;

    async fn readiness(admin: Option<Arc<BootstrapAdmin>>) -> Readiness {
        let store = Arc::new(MemoryStore::default());
        let directory = testing::seeded(&store, &testing::files()).await;
        let account = "123456789012".parse().unwrap();
        let looks = Arc::default();
        Readiness::new(Arc::new(directory), Arc::default(), admin, account, looks)
    }

    #[tokio::test]
    async fn the_store_is_looked_at_once_a_second() {
        let readiness = readiness(None).await;
        assert!(readiness.report(NOW).await.ready);
        let first = readiness.state.lock().await.last.as_ref().unwrap().taken;
        assert!(readiness.report(NOW).await.ready);
        let kept = readiness.state.lock().await.last.as_ref().unwrap().taken;
        assert_eq!(kept, first);
        let later = NOW.plus(MAX_STALENESS + 1);
        assert!(readiness.report(later).await.ready);
        let looked = readiness.state.lock().await.last.as_ref().unwrap().at;
        assert_eq!(looked, later);
    }

    #[tokio::test]
    async fn that_the_node_stops_is_told_at_once() {
        let readiness = readiness(None).await;
        assert!(readiness.report(NOW).await.ready);
        readiness.draining.store(true, Ordering::Release);
        let report = readiness.report(NOW).await;
        assert!(!report.ready);
        assert_eq!(report.checks[0].name, "accepting requests");
        assert!(report.checks[0].because.is_some());
        assert_eq!(report.without_reasons().checks[0].because, None);
    }

    #[tokio::test]
    async fn a_warning_names_nobody() {
        let admin = crate::flows::tests::bootstrap_admin();
        let readiness = readiness(Some(Arc::new(admin))).await;
        let report = readiness.report(NOW).await;
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(report.warnings.len(), 1);
        assert!(!text.contains(ADMIN) && !text.contains("arn:"), "{text}");
    }
}
