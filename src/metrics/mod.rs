//! What a node counts and measures of its work, for Prometheus.
//!
//! ```text
//! flow ── Recorder: attempt, failed check ──┐
//!   └ time(operation, step) ────────────────┼─> Metrics ──┐
//! store, listeners ── errors, connections ──┘             ├─ a scrape: text
//! directory, keys, queues, as they are now ── Gauges ─────┘
//! ```
//!
//! No label has a value from a request: operations, steps, outcomes and checks are words of ours, and
//! whatever else is named stands in the directory. What happens at each request is counted in atomics, a
//! set for every few threads; only what is refused, or done in a browser, takes a lock.

mod attempts;
mod gauges;
mod latency;
mod limits;
mod stripes;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text};
use prometheus_client::registry::Registry;

pub use attempts::{Attempt, Operation, Outcome};
pub use gauges::{Gauge, Gauges, MAX_SERIES, whole};
pub use latency::{Step, Timing};
pub use limits::Limit;
pub(crate) use stripes::Stripes;

use self::attempts::Attempts;
use self::gauges::{counter, counters};
use self::latency::Latencies;
use self::limits::{Queues, Throttles};
use crate::domain::{ConnectionId, RequestId, UnixTime};
use crate::telemetry::{OpenSpan, Spans};

/// What every name begins with.
const PREFIX: &str = "rolegate";
/// There is no such certificate.
const NONE: i64 = i64::MIN;

/// What a node has counted since it started.
#[derive(Debug)]
pub struct Metrics {
    attempts: Attempts,
    latencies: Latencies,
    throttles: Throttles,
    queues: Queues,
    disagreements: Mutex<u64>,
    store_errors: Mutex<BTreeMap<&'static str, u64>>,
    certificate_ends: AtomicI64,
    /// Where the steps of some requests are told; none where nobody wants to know.
    spans: Option<Arc<Spans>>,
    /// Traces of decisions.
    pub decisions: Arc<Traces>,
    /// Connections that are open now, of the main listener.
    pub connections: Arc<Open>,
    /// Those of the operators' listener.
    pub operator_connections: Arc<Open>,
}

/// What became of traces of decisions.
#[derive(Debug, Default)]
pub struct Traces {
    written: AtomicU64,
    dropped: AtomicU64,
}

impl Traces {
    /// So many more are in the store.
    pub fn wrote(&self, traces: u64) {
        self.written.fetch_add(traces, Ordering::Relaxed);
    }

    /// For so many there was no room.
    pub fn dropped(&self, traces: u64) {
        self.dropped.fetch_add(traces, Ordering::Relaxed);
    }

    /// How many were written, and how many dropped.
    pub fn counts(&self) -> (u64, u64) {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (count(&self.written), count(&self.dropped))
    }
}

/// How many of something are open.
#[derive(Debug, Default)]
pub struct Open(AtomicI64);

/// One of them; it is open until this is dropped.
#[derive(Debug)]
pub struct OpenOne(Arc<Open>);

impl Open {
    /// One more, until what is returned is dropped.
    pub fn one(self: &Arc<Self>) -> OpenOne {
        self.0.fetch_add(1, Ordering::Relaxed);
        OpenOne(Arc::clone(self))
    }

    fn count(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for OpenOne {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            attempts: Attempts::default(),
            latencies: Latencies::default(),
            throttles: Throttles::default(),
            queues: Queues::default(),
            disagreements: Mutex::default(),
            store_errors: Mutex::default(),
            certificate_ends: AtomicI64::new(NONE),
            spans: None,
            decisions: Arc::default(),
            connections: Arc::default(),
            operator_connections: Arc::default(),
        }
    }
}

impl Metrics {
    /// The media type of [`Self::text`].
    pub const CONTENT_TYPE: &'static str = prometheus_text::CONTENT_TYPE;

    /// What is measured is told here, too, for some requests.
    #[must_use]
    pub fn telling(mut self, spans: Option<Arc<Spans>>) -> Self {
        self.spans = spans;
        self
    }

    /// The request that this task is at is answered under this id.
    pub fn of_request(&self, id: RequestId) {
        if let Some(spans) = &self.spans {
            spans.note(|known| known.request = Some(id));
        }
    }

    /// An attempt ended. Where it succeeded without a connection, that is a count in an atomic and no
    /// more.
    pub fn ended(&self, attempt: Attempt<'_>) {
        if let Some(spans) = &self.spans {
            let outcome = attempt.outcome;
            spans.note(|known| known.ended = Some((outcome.as_str(), outcome.failed_check())));
        }
        self.attempts.ended(attempt);
    }

    /// A request was over this rate.
    pub fn throttled(&self, limit: Limit) {
        self.throttles.count(limit);
    }

    /// A request waits for its worker, until [`Self::have_waited`].
    pub fn waits(&self) {
        self.queues.waits();
    }

    /// So many don't any more; told by the same thread.
    pub fn have_waited(&self, many: usize) {
        self.queues.have_waited(many);
    }

    /// A request was refused because too many waited.
    pub fn shed(&self) {
        self.queues.shed();
    }

    /// The two SAML verifiers disagreed.
    pub fn disagreed(&self) {
        let mut disagreements = self
            .disagreements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *disagreements = disagreements.saturating_add(1);
    }

    /// Measures a step from now on, until what is returned is dropped.
    pub fn time(&self, operation: Operation, step: Step) -> Timing<'_> {
        let spans = self.spans.as_ref();
        let span = spans.and_then(|spans| span_of(spans, operation, step));
        self.latencies.time(operation, step, span)
    }

    /// The store gave no answer to a call of this name.
    pub fn store_failed(&self, call: &'static str) {
        let mut errors = self
            .store_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let errors = errors.entry(call).or_default();
        *errors = errors.saturating_add(1);
    }

    /// The certificate of the listeners ends at that time.
    pub fn certificate_ends(&self, at: UnixTime) {
        self.certificate_ends.store(at.seconds(), Ordering::Relaxed);
    }

    /// When the certificate of the listeners ends, where there is one.
    pub fn certificate_end(&self) -> Option<UnixTime> {
        let seconds = self.certificate_ends.load(Ordering::Relaxed);
        (seconds != NONE).then_some(UnixTime::from_seconds(seconds))
    }

    /// Forgets what was counted for connections that are gone.
    pub fn retain_connections(&self, is_there: impl Fn(&ConnectionId) -> bool) {
        self.attempts.retain_connections(is_there);
    }

    /// Everything in Prometheus' text format, version 0.0.4: what was counted, and what is so now.
    ///
    /// # Errors
    /// Never with a string to write to.
    pub fn text(self: &Arc<Self>, gauges: Gauges) -> Result<String, fmt::Error> {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register_collector(Box::new(Arc::clone(self)));
        registry.register_collector(Box::new(gauges));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

/// Apart, so that whoever tells nobody passes it by.
#[cold]
fn span_of(spans: &Arc<Spans>, operation: Operation, step: Step) -> Option<OpenSpan> {
    match step {
        Step::Whole => spans.begin(operation.as_str()),
        Step::Prove | Step::Issue | Step::Record => spans.step(operation.as_str(), step.as_str()),
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.attempts.encode(&mut encoder)?;
        self.latencies.encode(&mut encoder)?;
        self.throttles.encode(&mut encoder)?;
        self.queues.encode(&mut encoder)?;
        let disagreements = *self
            .disagreements
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let help = "Responses that the two SAML verifiers disagreed about";
        counter(&mut encoder, "saml_disagreements", help, disagreements)?;
        let errors = self
            .store_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let errors = errors
            .iter()
            .map(|(call, errors)| ([("call", *call)], *errors));
        counters(
            &mut encoder,
            "store_errors",
            "Calls that the store gave no answer to",
            errors,
        )?;
        let (written, dropped) = self.decisions.counts();
        let help = "Traces of decisions that were written to the store";
        counter(&mut encoder, "decisions_written", help, written)?;
        let help = "Traces of decisions that there was no room for";
        counter(&mut encoder, "decisions_dropped", help, dropped)?;
        let spans = self.spans.as_ref();
        let (sent, dropped) = spans.map_or((0, 0), |spans| spans.counts());
        let help = "Spans that the collector took";
        counter(&mut encoder, "spans_sent", help, sent)?;
        let help = "Spans that it did not take, or that there was no room for";
        counter(&mut encoder, "spans_dropped", help, dropped)?;
        let open = [
            ("main", &self.connections),
            ("operators", &self.operator_connections),
        ];
        let open = open.map(|(listener, open)| Gauge {
            labels: vec![("listener", listener.to_owned())],
            value: whole(open.count()),
        });
        let help = "Connections that are open";
        gauges::encode(&mut encoder, "connections", help, &open)
    }
}

#[cfg(test)]
mod tests;
