//! How long steps take.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::attempts::Operation;
use super::stripes::Stripes;
use crate::telemetry::OpenSpan;

/// What is measured of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The proof, or the signature, is checked; the provider's keys are fetched where they must be.
    Prove,
    /// It is decided, and credentials are made.
    Issue,
    /// The record is written to the audit log.
    Record,
    /// All of it, from the request that was read to the answer that can be written.
    Whole,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Prove, Self::Issue, Self::Record, Self::Whole];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Prove => "prove",
            Self::Issue => "issue",
            Self::Record => "record",
            Self::Whole => "whole",
        }
    }
}

/// The upper bounds of the buckets, in microseconds; one without a bound follows.
const BOUNDS: [u32; 15] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 5_000_000,
];
/// With the one that has no bound.
const BUCKETS: usize = BOUNDS.len() + 1;

/// How long one step of one operation took.
#[derive(Debug, Default)]
struct Latency {
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
}

impl Latency {
    fn took(&self, time: Duration) {
        let at_most = |bound: &u32| time <= Duration::from_micros((*bound).into());
        let bucket = BOUNDS.iter().position(at_most).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

/// By the places of operation and step.
type Table = [[Latency; Step::ALL.len()]; Operation::ALL.len()];

#[derive(Debug, Default)]
pub(super) struct Latencies(Stripes<Table>);

/// A step that is being measured.
#[derive(Debug)]
#[must_use = "it measures until it is dropped"]
pub struct Timing<'m> {
    latencies: &'m Latencies,
    operation: Operation,
    step: Step,
    since: Instant,
    /// Over when this is dropped.
    _span: Option<OpenSpan>,
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        let own = self.latencies.0.own().get(self.operation as usize);
        if let Some(latency) = own.and_then(|steps| steps.get(self.step as usize)) {
            latency.took(self.since.elapsed());
        }
    }
}

impl Latencies {
    pub(super) fn time(
        &self,
        operation: Operation,
        step: Step,
        span: Option<OpenSpan>,
    ) -> Timing<'_> {
        Timing {
            latencies: self,
            operation,
            step,
            since: Instant::now(),
            _span: span,
        }
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "How long a step of an operation takes";
        let (name, unit) = ("step", Unit::Seconds);
        let mut family =
            encoder.encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?;
        let all = Operation::ALL.into_iter();
        let all = all.flat_map(|operation| Step::ALL.map(|step| (operation, step)));
        for (operation, step) in all {
            let Sum { buckets, seconds } = self.sum(operation, step);
            let count: u64 = buckets.iter().map(|(_, count)| count).sum();
            if count > 0 {
                let labels = [("operation", operation.as_str()), ("step", step.as_str())];
                let mut one = family.encode_family(&labels)?;
                one.encode_histogram::<NoLabelSet>(seconds, count, &buckets, None)?;
            }
        }
        Ok(())
    }

    fn sum(&self, operation: Operation, step: Step) -> Sum {
        let bounds = BOUNDS.map(|bound| f64::from(bound) / 1e6);
        let bounds = bounds.into_iter().chain([f64::INFINITY]);
        let mut buckets: Vec<_> = bounds.map(|bound| (bound, 0)).collect();
        let mut total = Duration::ZERO;
        let tables = self.0.iter();
        for steps in tables.filter_map(|table| table.get(operation as usize)) {
            let Some(latency) = steps.get(step as usize) else {
                continue;
            };
            for ((_, sum), bucket) in buckets.iter_mut().zip(&latency.buckets) {
                *sum += bucket.load(Ordering::Relaxed);
            }
            total += Duration::from_nanos(latency.nanoseconds.load(Ordering::Relaxed));
        }
        Sum {
            buckets,
            seconds: total.as_secs_f64(),
        }
    }
}

/// Of all threads.
struct Sum {
    buckets: Vec<(f64, u64)>,
    seconds: f64,
}
