//! What is so at the moment of a scrape.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// The most series of one name; further ones are left out. Names come from the directory alone.
pub const MAX_SERIES: usize = 1_000;

/// One value, and what it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// What it is of.
    pub labels: Vec<(&'static str, String)>,
    /// How much.
    pub value: f64,
}

impl Gauge {
    /// Of the node as a whole.
    pub const fn of_node(value: f64) -> Self {
        Self {
            labels: Vec::new(),
            value,
        }
    }
}

/// The values of several names.
#[derive(Debug, Default)]
pub struct Gauges(Vec<Named>);

#[derive(Debug)]
struct Named {
    name: &'static str,
    help: &'static str,
    values: Vec<Gauge>,
}

impl Gauges {
    /// Adds the values of one name.
    #[must_use]
    pub fn with(
        mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = Gauge>,
    ) -> Self {
        self.0.push(Named {
            name,
            help,
            values: values.into_iter().take(MAX_SERIES).collect(),
        });
        self
    }
}

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.0
            .iter()
            .try_for_each(|it| encode(&mut encoder, it.name, it.help, &it.values))
    }
}

/// A number as Prometheus has them.
#[expect(
    clippy::cast_precision_loss,
    reason = "nothing here counts to more than 2^53"
)]
pub const fn whole(number: i64) -> f64 {
    number as f64
}

pub(super) fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: &[Gauge],
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for Gauge { labels, value } in values {
        if labels.is_empty() {
            family.encode_gauge(value)?;
        } else {
            family.encode_family(labels)?.encode_gauge(value)?;
        }
    }
    Ok(())
}

pub(super) fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: u64,
) -> Result<(), fmt::Error> {
    let mut one = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    one.encode_counter::<NoLabelSet, _, u64>(&value, None)
}

pub(super) fn counters<'l, const LABELS: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = ([(&'l str, &'l str); LABELS], u64)>,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        let mut one = family.encode_family(&labels)?;
        one.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    Ok(())
}
