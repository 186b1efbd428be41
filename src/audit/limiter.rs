//! Bounds how much of the log refusals can fill (decision 29).
//!
//! Time is cut into windows. A source gets so many lines in a window, all sources together get so
//! many, and what got none is told by its number when the window is over.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::domain::{IssuerName, SamlProviderArn, Subject, UniqueId, UnixTime, network_of};

/// How many refusals get a line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalLimits {
    /// Lines of one source in a window.
    pub per_source: u32,
    /// Lines of all sources in a window.
    pub total: u32,
    /// A window, in seconds; what was held back in it is told at its end.
    pub window_seconds: u32,
}

impl Default for RefusalLimits {
    /// 100 a minute and source, 1,000 a minute in all.
    fn default() -> Self {
        Self {
            per_source: 100,
            total: 1_000,
            window_seconds: 60,
        }
    }
}

/// Who is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// An IPv4 address, or the first address of an IPv6 /64: nobody was proven.
    Network(IpAddr),
    /// Who was proven and refused nevertheless; by the account's SAML provider, where one vouched for them, so
    /// that no account hides another's people by giving their entity keys of its own.
    Person(Option<SamlProviderArn>, IssuerName, Subject),
    /// The same of a user, or of a role's session that came of one.
    Id(UniqueId),
    /// Everybody who came when [`RefusalLimiter::MAX_SOURCES`] were known already, and those who are
    /// told together because [`RefusalLimiter::MAX_REPORTED`] are told by themselves.
    Others,
}

impl Source {
    /// Whoever asks from this address.
    pub fn network_of(address: IpAddr) -> Self {
        Self::Network(network_of(address))
    }
}

/// Whether a refusal gets a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Write it.
    Record,
    /// It was counted; [`RefusalLimiter::due`] will give the count.
    Counted,
}

/// Refusals of one source that got no line of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coalesced {
    /// Whose.
    pub source: Source,
    /// How many.
    pub count: u64,
    /// When the first of them came.
    pub since: UnixTime,
}

/// Decides, source by source, which refusals get a line of their own.
#[derive(Debug)]
pub struct RefusalLimiter {
    limits: RefusalLimits,
    sources: HashMap<Source, Counted>,
    /// Lines that all sources together still have in this window.
    left: u32,
    window_began: UnixTime,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    left: u32,
    held_back: u64,
    since: UnixTime,
}

impl RefusalLimiter {
    /// At most this many sources are told apart.
    pub const MAX_SOURCES: usize = 10_000;
    /// At most this many sources are told by themselves when a window is over, those with most
    /// refusals.
    pub const MAX_REPORTED: usize = 200;

    /// A limiter that has seen nothing yet.
    pub fn new(limits: RefusalLimits, now: UnixTime) -> Self {
        Self {
            limits,
            sources: HashMap::new(),
            left: limits.total,
            window_began: now,
        }
    }

    /// Whether the refusal of a request from `source` gets a line of its own at `now`. The window
    /// ends when [`Self::due`] is asked for, so that nothing that was counted is forgotten.
    pub fn admit(&mut self, source: Source, now: UnixTime) -> Admission {
        let left_in_all = self.left;
        let counted = self.counted(source.clone(), now);
        let left = (counted.left.checked_sub(1), left_in_all.checked_sub(1));
        if let (Some(of_source), Some(in_all)) = left {
            counted.left = of_source;
            self.left = in_all;
            return Admission::Record;
        }
        self.hold_back(source, 1, now);
        Admission::Counted
    }

    /// What was held back, once a window; empty in between.
    pub fn due(&mut self, now: UnixTime) -> Vec<Coalesced> {
        // A clock that was set back begins a new window: nobody waits until it has caught up.
        let elapsed = now.since(self.window_began);
        if (0..i64::from(self.limits.window_seconds)).contains(&elapsed) {
            return Vec::new();
        }
        self.window_began = now;
        self.left = self.limits.total;
        let coalesced = self.flush();
        self.sources.clear();
        coalesced
    }

    /// What was held back until now, e.g. at shutdown; the window goes on.
    pub fn flush(&mut self) -> Vec<Coalesced> {
        let held_back = |(source, counted): (&Source, &mut Counted)| Coalesced {
            source: source.clone(),
            count: std::mem::take(&mut counted.held_back),
            since: counted.since,
        };
        let mut coalesced: Vec<_> = self.sources.iter_mut().map(held_back).collect();
        coalesced.retain(|one| one.count > 0);
        fold_small(&mut coalesced);
        coalesced.sort_unstable_by(|one, other| one.source.cmp(&other.source));
        coalesced
    }

    /// Takes back what could not be told.
    pub fn give_back(&mut self, coalesced: Coalesced) {
        self.hold_back(coalesced.source, coalesced.count, coalesced.since);
    }

    fn hold_back(&mut self, source: Source, count: u64, since: UnixTime) {
        let counted = self.counted(source, since);
        if counted.held_back == 0 {
            counted.since = since;
        }
        counted.held_back = counted.held_back.saturating_add(count);
    }

    fn counted(&mut self, source: Source, now: UnixTime) -> &mut Counted {
        let is_full = self.sources.len() >= Self::MAX_SOURCES;
        let source = if is_full && !self.sources.contains_key(&source) {
            Source::Others
        } else {
            source
        };
        self.sources.entry(source).or_insert(Counted {
            left: self.limits.per_source,
            held_back: 0,
            since: now,
        })
    }
}

/// Counts the smaller ones together where there are too many to be told by themselves.
fn fold_small(coalesced: &mut Vec<Coalesced>) {
    if coalesced.len() <= RefusalLimiter::MAX_REPORTED {
        return;
    }
    coalesced.sort_unstable_by(|one, other| {
        let by_count = other.count.cmp(&one.count);
        by_count.then_with(|| one.source.cmp(&other.source))
    });
    let small = coalesced.split_off(RefusalLimiter::MAX_REPORTED);
    let Some(since) = small.iter().map(|one| one.since).min() else {
        return;
    };
    let count = small
        .iter()
        .fold(0_u64, |sum, one| sum.saturating_add(one.count));
    match coalesced
        .iter_mut()
        .find(|one| one.source == Source::Others)
    {
        Some(others) => others.count = others.count.saturating_add(count),
        None => coalesced.push(Coalesced {
            source: Source::Others,
            count,
            since,
        }),
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
            window_seconds: 60,
        };
        RefusalLimiter::new(limits, NOW)
    }

    fn source(last: u8) -> Source {
        Source::network_of(IpAddr::from([192, 0, 2, last]))
    }

    fn recorded(limiter: &mut RefusalLimiter, last: u8, now: UnixTime, tries: usize) -> usize {
        let admitted = (0..tries).map(|_| limiter.admit(source(last), now));
        admitted.filter(|one| *one == Admission::Record).count()
    }

    #[test]
    fn source_gets_its_share_each_window() {
        let mut limiter = limiter();
        assert_eq!(recorded(&mut limiter, 1, NOW, 10), 2);
        assert_eq!(recorded(&mut limiter, 1, NOW.plus(59), 10), 0);
        limiter.due(NOW.plus(60));
        assert_eq!(recorded(&mut limiter, 1, NOW.plus(60), 10), 2);
        assert_eq!(recorded(&mut limiter, 1, NOW.plus(55), 10), 0);
        limiter.due(NOW.plus(55));
        assert_eq!(recorded(&mut limiter, 1, NOW.plus(55), 10), 2);
    }

    #[test]
    fn the_usual_limits_hold_for_a_minute() {
        let mut limiter = RefusalLimiter::new(RefusalLimits::default(), NOW);
        let lines = (0..60).map(|second| recorded(&mut limiter, 1, NOW.plus(second), 1_500));
        assert_eq!(lines.sum::<usize>(), 100);
        let all = (2..=250).map(|last| recorded(&mut limiter, last, NOW.plus(59), 1_500));
        assert_eq!(all.sum::<usize>(), 900);
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
    fn held_back_refusals_are_reported_once_a_window() {
        let mut limiter = limiter();
        recorded(&mut limiter, 1, NOW, 10);
        assert_eq!(limiter.due(NOW.plus(59)), []);
        let coalesced = Coalesced {
            source: source(1),
            count: 8,
            since: NOW,
        };
        assert_eq!(limiter.due(NOW.plus(60)), [coalesced]);
        assert_eq!(limiter.due(NOW.plus(120)), []);
    }

    #[test]
    fn telling_early_gives_nobody_more_lines() {
        let mut limiter = limiter();
        recorded(&mut limiter, 1, NOW, 10);
        assert_eq!(limiter.flush().len(), 1);
        assert_eq!(limiter.flush(), []);
        assert_eq!(recorded(&mut limiter, 1, NOW.plus(1), 10), 0);
    }

    #[test]
    fn what_could_not_be_told_is_told_later() {
        let mut limiter = limiter();
        recorded(&mut limiter, 1, NOW, 10);
        let mut told = limiter.due(NOW.plus(60));
        limiter.give_back(told.remove(0));
        recorded(&mut limiter, 1, NOW.plus(61), 4);
        let told = limiter.flush();
        assert_eq!((told[0].count, told[0].since), (10, NOW));
    }

    /// Refusals of so many sources, none of which gets a line.
    fn flood(sources: u32) -> Vec<Coalesced> {
        let limits = RefusalLimits {
            per_source: 0,
            ..RefusalLimits::default()
        };
        let mut limiter = RefusalLimiter::new(limits, NOW);
        for number in 0..sources {
            limiter.admit(Source::Network(IpAddr::V4(number.into())), NOW);
        }
        assert!(limiter.sources.len() <= RefusalLimiter::MAX_SOURCES + 1);
        limiter.flush()
    }

    #[test]
    fn sources_are_bounded_and_none_is_lost() {
        let many = u32::try_from(RefusalLimiter::MAX_SOURCES).unwrap() + 100;
        let coalesced = flood(many);
        assert_eq!(coalesced.len(), RefusalLimiter::MAX_REPORTED);
        let counts = coalesced.iter().map(|one| one.count);
        assert_eq!(counts.sum::<u64>(), u64::from(many));
        assert_eq!(
            coalesced.last().map(|one| one.source.clone()),
            Some(Source::Others)
        );
    }

    #[test]
    fn more_sources_than_are_told_by_themselves_are_told_together() {
        let told = u32::try_from(RefusalLimiter::MAX_REPORTED).unwrap();
        assert_eq!(flood(told).len(), RefusalLimiter::MAX_REPORTED);
        let coalesced = flood(told + 7);
        assert_eq!(coalesced.len(), RefusalLimiter::MAX_REPORTED + 1);
        let others = coalesced.last().unwrap();
        assert_eq!((&others.source, others.count), (&Source::Others, 7));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let mut limiter = limiter();
        let admitted = (0..10_u16).map(|last| {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
            limiter.admit(Source::network_of(address), NOW)
        });
        assert_eq!(admitted.filter(|one| *one == Admission::Record).count(), 2);
    }
}
