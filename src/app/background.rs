//! What a node does beside answering.

use std::future::Future;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use super::compose::Flows;
use super::open::Sweeper;
use super::telemetry::Telemetry;
use super::tls::Certificates;
use crate::causes::with_causes;
use crate::domain::{Issuer, UnixTime};

/// The log's head is looked at so often (decision 7).
const HEAD: Duration = Duration::from_millis(500);
/// Providers' keys are looked after so often.
const KEYS: Duration = Duration::from_secs(30);
/// Whether metadata of SAML connections is due is looked at so often.
const METADATA: Duration = Duration::from_secs(1);
/// Expired records and retired keys are removed so often.
const SWEEP: Duration = Duration::from_mins(1);
/// Counts of refusals without a line of their own are written so often.
const REFUSALS: Duration = Duration::from_secs(10);
/// Traces of decisions are written so often.
const DECISIONS: Duration = Duration::from_millis(250);
/// When keys were last used, and which roles people took, is written so often.
const USED_KEYS: Duration = Duration::from_secs(1);
/// The certificate's files are looked at so often.
const CERTIFICATES: Duration = Duration::from_secs(10);

/// Tasks that run until the node stops.
pub(super) struct Background(Vec<JoinHandle<()>>);

impl Background {
    pub(super) fn start(
        flows: &Flows,
        certificates: Option<Certificates>,
        telemetry: Option<Telemetry>,
    ) -> Self {
        let mut tasks = vec![
            tokio::spawn(follow_head(flows.clone())),
            every(KEYS, flows, refresh_keys),
            every(SWEEP, flows, sweep),
            every(REFUSALS, flows, report_refusals),
            every(DECISIONS, flows, keep_decisions),
            every(USED_KEYS, flows, write_used_keys),
            every(USED_KEYS, flows, write_taken_roles),
            tokio::spawn(refresh_metadata(flows.clone())),
        ];
        if let Some(certificates) = certificates {
            tasks.push(tokio::spawn(watch_certificates(certificates)));
        }
        tasks.extend(telemetry.map(|telemetry| tokio::spawn(telemetry.send())));
        Self(tasks)
    }

    pub(super) async fn stop(self) {
        for task in self.0 {
            task.abort();
            // An aborted task ends with an error that says so.
            let _ended = task.await;
        }
    }
}

fn every<F: Future<Output = ()> + Send>(
    period: Duration,
    flows: &Flows,
    work: impl Fn(Flows, UnixTime) -> F + Send + 'static,
) -> JoinHandle<()> {
    let flows = flows.clone();
    tokio::spawn(async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = flows.edge.clock.now();
            work(flows.clone(), now).await;
        }
    })
}

/// Looks at the log's head all the time, and at once when another node tells of a change.
async fn follow_head(flows: Flows) {
    let mut ticks = interval(HEAD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = flows.directory.changed() => {}
        }
        let now = flows.edge.clock.now();
        if let Err(error) = flows.directory.catch_up(now).await {
            let error = with_causes(&error);
            tracing::warn!(error, "the directory's head could not be read");
        }
    }
}

async fn write_used_keys(flows: Flows, _now: UnixTime) {
    flows.write_used_keys.write().await;
}

async fn write_taken_roles(flows: Flows, now: UnixTime) {
    flows.portal.own_roles.write(now).await;
}

/// Keys that will soon be stale are fetched, issuers that are gone forgotten, and the metadata of
/// every connection kept at hand, so that the sign-in page knows where its forms lead.
async fn refresh_keys(flows: Flows, now: UnixTime) {
    let Ok(snapshot) = flows.directory.snapshot(now) else {
        return;
    };
    let known = &flows.assume_role_with_web_identity.known;
    let is_known = |issuer: &Issuer| known.oidc(issuer.as_str()).is_some();
    flows
        .keys
        .retain(|issuer| is_known(issuer) || snapshot.has_issuer(issuer));
    let wanted = snapshot
        .connections()
        .filter_map(|connection| connection.oidc())
        .map(|connection| flows.keys.metadata(&connection.settings.issuer, now));
    futures_util::future::join_all(wanted).await;
    flows.keys.refresh_due(now).await;
}

/// Each connection's metadata is looked at apart, so that a server that hangs holds nobody else up.
/// The looks end with this task.
async fn refresh_metadata(flows: Flows) {
    let mut looks = JoinSet::new();
    let mut ticks = interval(METADATA);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = flows.edge.clock.now();
        for turn in flows.metadata.due(now) {
            let metadata = flows.metadata.clone();
            looks.spawn(async move { metadata.look(turn, now).await });
        }
        while looks.try_join_next().is_some() {}
    }
}

async fn sweep(flows: Flows, now: UnixTime) {
    flows.authenticator.opened.forget_unused(now);
    let swept = match &*flows.sweeper {
        Sweeper::Memory(store) => Ok(store.sweep(now)),
        Sweeper::Embedded(store) => store.sweep(now).await,
        Sweeper::Redis => Ok(0),
    };
    if let Err(error) = swept {
        tracing::warn!(
            error = with_causes(&error),
            "expired records could not be removed"
        );
    }
    if let Err(error) = flows.node_keys.remove_retired(now).await {
        tracing::warn!(
            error = with_causes(&error),
            "keys of the node that have retired could not be taken out"
        );
    }
}

async fn report_refusals(flows: Flows, now: UnixTime) {
    let region = flows.edge.regions.base();
    if let Err(error) = flows.recorder.report_due_refusals(region, now).await {
        tracing::warn!(
            error = with_causes(&error),
            "counts of refusals could not be recorded yet"
        );
    }
}

async fn keep_decisions(flows: Flows, now: UnixTime) {
    if let Err(error) = flows.decisions.tick(now).await {
        tracing::warn!(
            error = with_causes(&error),
            "traces of decisions could not be written yet"
        );
    }
}

async fn watch_certificates(certificates: Certificates) {
    let mut ticks = interval(CERTIFICATES);
    loop {
        ticks.tick().await;
        certificates.reload_if_changed();
    }
}
