//! What a node is like now, for whoever watches it: what was counted, how old what it knows is, how full
//! its queues are.

use std::fmt;
use std::sync::Arc;

use super::metadata::Looks;
use crate::audit::AuditSink;
use crate::decisions::Decisions;
use crate::directory::{LiveDirectory, Snapshot};
use crate::domain::{ConnectionId, UnixTime};
use crate::federation::key_cache::KeyCache;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::metadata::IdpMetadata;
use crate::federation::saml::prove::SamlVerifier;
use crate::metrics::{Gauge, Gauges, Metrics};

const DAY: f64 = 86_400.0;

/// Tells Prometheus.
#[derive(Clone)]
pub struct Observe {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How old it is; whose names are told.
    pub directory: Arc<LiveDirectory>,
    /// The keys of OpenID Connect issuers.
    pub keys: Arc<KeyCache>,
    /// The looks at the metadata of SAML connections.
    pub looks: Arc<Looks>,
    /// Where SAML responses wait.
    pub verifier: SamlVerifier,
    /// Where records wait.
    pub audit: Arc<dyn AuditSink>,
    /// Traces of decisions.
    pub decisions: Arc<Decisions>,
}

impl fmt::Debug for Observe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Observe")
    }
}

impl Observe {
    /// Everything at `now`, in Prometheus' text format. What names a connection, a provider or an issuer is
    /// there only while the directory can be vouched for.
    ///
    /// # Errors
    /// Never with a string to write to.
    pub fn text(&self, now: UnixTime) -> Result<String, fmt::Error> {
        let snapshot = self.directory.snapshot(now).ok();
        if let Some(snapshot) = &snapshot {
            let is_there = |id: &ConnectionId| snapshot.connection(id).is_some();
            self.metrics.retain_connections(is_there);
        }
        let snapshot = snapshot.as_deref();
        let gauges = self.of_node(now, snapshot);
        let gauges = self.of_decisions(self.queues(gauges), now);
        self.metrics.text(self.of_providers(gauges, snapshot, now))
    }

    fn of_node(&self, now: UnixTime, snapshot: Option<&Snapshot>) -> Gauges {
        let version = Gauge {
            labels: vec![("version", env!("CARGO_PKG_VERSION").to_owned())],
            value: 1.0,
        };
        let age = seconds(now.since(self.directory.confirmed_at()));
        let generation = snapshot.map(|snapshot| Gauge::of_node(count(snapshot.generation())));
        Gauges::default()
            .with("build_info", "The version that runs", [version])
            .with(
                "directory_age_seconds",
                "Since the directory's head was confirmed",
                [Gauge::of_node(age)],
            )
            .with(
                "directory_generation",
                "The generation of the directory that is decided by",
                generation,
            )
    }

    fn queues(&self, gauges: Gauges) -> Gauges {
        let load = self.verifier.load();
        let of_saml = |which: fn(&crate::federation::saml::prove::Load) -> usize| {
            let opening = Some(("open", &load.opening));
            let second = load
                .second_opinion
                .as_ref()
                .map(|it| ("second opinion", it));
            let queues = opening.into_iter().chain(second);
            let gauge = |(queue, load)| Gauge {
                labels: vec![("queue", String::from(queue))],
                value: count(which(load) as u64),
            };
            queues.map(gauge).collect::<Vec<_>>()
        };
        let queued = count(self.audit.queued_bytes() as u64);
        gauges
            .with(
                "audit_queued_bytes",
                "Records that wait to be written",
                [Gauge::of_node(queued)],
            )
            .with(
                "saml_busy",
                "SAML responses that are worked on",
                of_saml(|load| load.busy),
            )
            .with(
                "saml_waiting",
                "SAML responses that wait for a place",
                of_saml(|load| load.waiting),
            )
    }

    fn of_decisions(&self, gauges: Gauges, now: UnixTime) -> Gauges {
        let stock = self.decisions.stock();
        let bytes = stock.bytes().map(|(share, bytes)| Gauge {
            labels: vec![("share", share.as_str().to_owned())],
            value: count(bytes),
        });
        let oldest = stock.oldest();
        gauges
            .with(
                "decisions_bytes",
                "What traces of decisions take in the store, of all nodes",
                bytes.collect::<Vec<_>>(),
            )
            .with(
                "decisions_oldest_age_seconds",
                "Since the oldest page of traces was begun",
                oldest.map(|begun_at| Gauge::of_node(seconds(now.since(begun_at)))),
            )
    }

    fn of_providers(&self, gauges: Gauges, snapshot: Option<&Snapshot>, now: UnixTime) -> Gauges {
        let keys = snapshot.into_iter().flat_map(Snapshot::issuers);
        let keys = keys.filter_map(|issuer| {
            let read_at = self.keys.status(issuer)?.read_at?;
            Some(Gauge {
                labels: vec![("issuer", issuer.as_str().to_owned())],
                value: seconds(now.since(read_at)),
            })
        });
        let looks: Vec<_> = snapshot
            .into_iter()
            .flat_map(Snapshot::connections)
            .filter_map(|connection| Some((&connection.id, self.looks.last(&connection.id)?)))
            .collect();
        let of_look = |id: &ConnectionId, value| Gauge {
            labels: vec![("connection", id.as_str().to_owned())],
            value,
        };
        let ages = looks.iter();
        let ages = ages.map(|(id, last)| of_look(id, seconds(now.since(last.at))));
        let problems = looks.iter().map(|(id, last)| {
            let has_problem = if last.problem.is_some() { 1.0 } else { 0.0 };
            of_look(id, has_problem)
        });
        gauges
            .with(
                "keys_age_seconds",
                "Since the keys of an OpenID Connect issuer were read",
                keys,
            )
            .with(
                "saml_metadata_look_age_seconds",
                "Since the metadata of a connection was looked at",
                ages,
            )
            .with(
                "saml_metadata_problem",
                "1 where what was looked at was not taken",
                problems,
            )
            .with(
                "certificate_days_left",
                "Until a certificate ends; of a provider the one that ends first",
                self.certificates(snapshot, now),
            )
    }

    fn certificates(&self, snapshot: Option<&Snapshot>, now: UnixTime) -> Vec<Gauge> {
        let of = |kind: &str, name: String, end: UnixTime| Gauge {
            labels: vec![("certificate", kind.to_owned()), ("name", name)],
            value: seconds(end.since(now)) / DAY,
        };
        let listener = self.metrics.certificate_end();
        let mut all: Vec<_> = listener
            .map(|end| of("listener", String::new(), end))
            .into_iter()
            .collect();
        let Some(snapshot) = snapshot else {
            return all;
        };
        let own = snapshot.service_provider_keys().ok();
        let own = own.and_then(|keys| Some(keys.signing(now)?.certificate().not_after()));
        all.extend(own.map(|end| of("saml key", String::new(), end)));
        let directory = snapshot.directory();
        for (id, metadata) in &directory.connection_metadata {
            let end = first_end(metadata.provider());
            all.extend(end.map(|end| of("connection", id.as_str().to_owned(), end)));
        }
        for (account, resources) in &directory.accounts {
            for (name, provider) in &resources.saml_providers {
                let end = first_end(provider.metadata.metadata());
                let name = [account.to_string().as_str(), "/", name.as_str()].concat();
                all.extend(end.map(|end| of("provider", name, end)));
            }
        }
        // Of more than are told, those that end first are.
        all.sort_by(|one, other| one.value.total_cmp(&other.value));
        all
    }
}

/// When the first of a provider's signing certificates ends.
fn first_end(metadata: &IdpMetadata) -> Option<UnixTime> {
    let certificates = metadata.signing_certificates.iter();
    certificates.map(Certificate::not_after).min()
}

fn seconds(seconds: i64) -> f64 {
    crate::metrics::whole(seconds)
}

fn count(count: u64) -> f64 {
    crate::metrics::whole(i64::try_from(count).unwrap_or(i64::MAX))
}
