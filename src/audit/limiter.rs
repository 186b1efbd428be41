//! Bounds how much of the log unauthenticated callers can fill (decision 10).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::domain::UnixTime;

/// How many refusals get a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalLimits {
    /// Lines a second and source, and as many at once.
    pub per_source: u32,
    /// Lines a second over all sources, and as many at once.
    pub total: u32,
    /// Seconds between two lines that stand for the others.
    pub interval_seconds: u32,
}

impl Default for RefusalLimits {
    /// 100 a second and source, 500 a second in all, the others once a minute.
    fn default() -> Self {
        Self {
            per_source: 100,
            total: 500,
            interval_seconds: 60,
        }
    }
}

/// Who is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// An IPv4 address, or the first address of an IPv6 /64.
    Network(IpAddr),
    /// Everybody who came when [`RefusalLimiter::MAX_SOURCES`] were known already.
    Others,
}

/// Whether a refusal gets a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Write it.
    Record,
    /// It was counted; [`RefusalLimiter::due`] will give the count.
    Counted,
}

/// Refusals that had no line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coalesced {
    /// Where they came from.
    pub source: Source,
    /// How many there were.
    pub count: u64,
    /// When the first of them came.
    pub since: UnixTime,
}

/// A token bucket a source, one over all, and counts of what they held back. Pure: it is given the
/// time.
#[derive(Debug)]
pub struct RefusalLimiter {
    limits: RefusalLimits,
    total: Bucket,
    sources: HashMap<Source, Counted>,
    reported_at: UnixTime,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: u32,
    filled_at: UnixTime,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    bucket: Bucket,
    held_back: u64,
    since: UnixTime,
}

impl Bucket {
    const fn full(size: u32, now: UnixTime) -> Self {
        Self {
            tokens: size,
            filled_at: now,
        }
    }

    /// Takes a token; the bucket fills at `size` a second. A clock that steps back fills nothing.
    fn take(&mut self, size: u32, now: UnixTime) -> bool {
        if now > self.filled_at {
            *self = Self::full(size, now);
        }
        let taken = self.tokens.checked_sub(1);
        self.tokens = taken.unwrap_or(0);
        taken.is_some()
    }
}

impl RefusalLimiter {
    /// At most this many sources are told apart.
    pub const MAX_SOURCES: usize = 10_000;

    /// A limiter that has seen nothing yet.
    pub fn new(limits: RefusalLimits, now: UnixTime) -> Self {
        Self {
            limits,
            total: Bucket::full(limits.total, now),
            sources: HashMap::new(),
            reported_at: now,
        }
    }

    /// Whether the refusal of a request from `address` gets a line of its own at `now`.
    pub fn admit(&mut self, address: IpAddr, now: UnixTime) -> Admission {
        let source = self.source_of(address);
        let limits = self.limits;
        let counted = self.sources.entry(source).or_insert(Counted {
            bucket: Bucket::full(limits.per_source, now),
            held_back: 0,
            since: now,
        });
        if counted.bucket.take(limits.per_source, now) && self.total.take(limits.total, now) {
            return Admission::Record;
        }
        if counted.held_back == 0 {
            counted.since = now;
        }
        counted.held_back = counted.held_back.saturating_add(1);
        Admission::Counted
    }

    /// What was held back, once an interval and source; empty in between. Sources that were quiet
    /// are forgotten.
    pub fn due(&mut self, now: UnixTime) -> Vec<Coalesced> {
        if now.since(self.reported_at) < i64::from(self.limits.interval_seconds) {
            return Vec::new();
        }
        self.flush(now)
    }

    /// What was held back until now, e.g. at shutdown.
    pub fn flush(&mut self, now: UnixTime) -> Vec<Coalesced> {
        self.reported_at = now;
        let held_back = |(source, counted): (Source, Counted)| {
            (counted.held_back > 0).then_some(Coalesced {
                source,
                count: counted.held_back,
                since: counted.since,
            })
        };
        let mut coalesced: Vec<_> = self.sources.drain().filter_map(held_back).collect();
        coalesced.sort_unstable_by_key(|one| one.source);
        coalesced
    }

    fn source_of(&self, address: IpAddr) -> Source {
        let source = Source::Network(network_of(address));
        if self.sources.len() >= Self::MAX_SOURCES && !self.sources.contains_key(&source) {
            return Source::Others;
        }
        source
    }
}

/// One IPv6 subscriber has a /64 and could use each of its addresses once.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

    fn limiter() -> RefusalLimiter {
        let limits = RefusalLimits {
            per_source: 2,
            total: 3,
            interval_seconds: 60,
        };
        RefusalLimiter::new(limits, NOW)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn recorded(limiter: &mut RefusalLimiter, last: u8, now: UnixTime, tries: usize) -> usize {
        let admitted = (0..tries).map(|_| limiter.admit(address(last), now));
        admitted.filter(|one| *one == Admission::Record).count()
    }

    #[test]
    fn source_gets_its_share_each_second() {
        let mut limiter = limiter();
        assert_eq!(recorded(&mut limiter, 1, NOW, 10), 2);
        assert_eq!(recorded(&mut limiter, 1, NOW.plus(1), 10), 2);
        assert_eq!(recorded(&mut limiter, 1, NOW.plus(-5), 10), 0);
    }

    #[test]
    fn all_sources_together_are_bounded() {
        let mut limiter = limiter();
        let sum: usize = (0..50)
            .map(|last| recorded(&mut limiter, last, NOW, 5))
            .sum();
        assert_eq!(sum, 3);
    }

    #[test]
    fn held_back_refusals_are_reported_once_an_interval() {
        let mut limiter = limiter();
        recorded(&mut limiter, 1, NOW, 10);
        assert_eq!(limiter.due(NOW.plus(59)), []);
        let coalesced = Coalesced {
            source: Source::Network(address(1)),
            count: 8,
            since: NOW,
        };
        assert_eq!(limiter.due(NOW.plus(60)), [coalesced]);
        assert_eq!(limiter.due(NOW.plus(120)), []);
    }

    #[test]
    fn sources_are_bounded_and_none_is_lost() {
        let limits = RefusalLimits {
            per_source: 0,
            ..RefusalLimits::default()
        };
        let mut limiter = RefusalLimiter::new(limits, NOW);
        let many = u32::try_from(RefusalLimiter::MAX_SOURCES).unwrap() + 100;
        for number in 0..many {
            limiter.admit(IpAddr::V4(number.into()), NOW);
        }
        let coalesced = limiter.flush(NOW);
        assert!(coalesced.len() <= RefusalLimiter::MAX_SOURCES + 1);
        let counts = coalesced.iter().map(|one| one.count);
        assert_eq!(counts.sum::<u64>(), u64::from(many));
        assert_eq!(
            coalesced.last().map(|one| (one.source, one.count)),
            Some((Source::Others, 100))
        );
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let mut limiter = limiter();
        let admitted = (0..10_u16)
            .map(|last| limiter.admit(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]), NOW));
        assert_eq!(admitted.filter(|one| *one == Admission::Record).count(), 2);
    }
}
