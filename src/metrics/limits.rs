//! What was turned away because there was too much of it.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use prometheus_client::encoding::DescriptorEncoder;

use super::gauges::{Gauge, counter, counters, encode, whole};
use super::stripes::Stripes;

/// What a rate is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// An address.
    Address,
    /// An address that signs in or out by browser.
    SignIn,
    /// An address whose proofs don't hold.
    FailedProof,
    /// Somebody who was proven.
    Principal,
    /// An account.
    Account,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Address,
        Self::SignIn,
        Self::FailedProof,
        Self::Principal,
        Self::Account,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::SignIn => "sign-in",
            Self::FailedProof => "failed proof",
            Self::Principal => "principal",
            Self::Account => "account",
        }
    }
}

/// Requests over a rate, by the place of the limit.
#[derive(Debug, Default)]
pub(super) struct Throttles(Stripes<[AtomicU64; Limit::ALL.len()]>);

impl Throttles {
    pub(super) fn count(&self, limit: Limit) {
        if let Some(count) = self.0.own().get(limit as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let count = |limit: Limit| {
            let stripes = self.0.iter();
            let counts = stripes.filter_map(|stripe| stripe.get(limit as usize));
            counts.map(|count| count.load(Ordering::Relaxed)).sum()
        };
        let all = Limit::ALL.map(|limit| ([("limit", limit.as_str())], count(limit)));
        let help = "Requests that were over a rate";
        counters(encoder, "throttled", help, all)
    }
}

/// Requests before the workers.
#[derive(Debug, Default)]
pub(super) struct Queues(Stripes<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    now: AtomicI64,
    shed: AtomicU64,
}

impl Queues {
    pub(super) fn waits(&self) {
        self.0.own().now.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn have_waited(&self, many: usize) {
        let many = i64::try_from(many).unwrap_or(i64::MAX);
        self.0.own().now.fetch_sub(many, Ordering::Relaxed);
    }

    pub(super) fn shed(&self) {
        self.0.own().shed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stripes = || self.0.iter();
        let now: i64 = stripes().map(|it| it.now.load(Ordering::Relaxed)).sum();
        let shed: u64 = stripes().map(|it| it.shed.load(Ordering::Relaxed)).sum();
        let help = "Requests that wait for their worker";
        encode(
            encoder,
            "requests_waiting",
            help,
            &[Gauge::of_node(whole(now))],
        )?;
        let help = "Requests that were refused because too many waited";
        counter(encoder, "requests_shed", help, shed)
    }
}
