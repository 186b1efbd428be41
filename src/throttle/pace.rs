//! The token bucket, as one number.
//!
//! A bucket that loses a token a request and gains one every so often need not be refilled: when it will
//! be full again says the same (the generic cell rate algorithm, ITU-T I.371, appendix I).

use std::time::Duration;

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Nanoseconds for a token.
    interval: u64,
    /// Nanoseconds for a whole bucket.
    filling: u64,
}

/// The bucket is empty; there is a token after this time, if nobody else takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Empty(pub(super) Duration);

impl Pace {
    /// At least one of either. An interval is rounded up: never more than the rate.
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        const SECOND: u64 = 1_000_000_000;
        let interval = SECOND.div_ceil(u64::from(per_second.max(1)));
        Self {
            interval,
            filling: interval * u64::from(burst.max(1)),
        }
    }

    /// Takes a token at `now` out of a bucket that is full at `full_at`; gives when it is full then.
    pub(super) fn take(self, full_at: u64, now: u64) -> Result<u64, Empty> {
        let later = full_at.max(now).saturating_add(self.interval);
        match later.saturating_sub(now).checked_sub(self.filling) {
            None | Some(0) => Ok(later),
            Some(wait) => Err(Empty(Duration::from_nanos(wait))),
        }
    }

    /// When a bucket is full that loses a token whether it has one or not. It owes nothing: it is empty
    /// at most.
    pub(super) fn lose(self, full_at: u64, now: u64) -> u64 {
        let later = full_at.max(now).saturating_add(self.interval);
        later.min(now.saturating_add(self.filling))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// The moments of these at which a token was there.
    fn taken(pace: Pace, moments: &[u64]) -> Vec<u64> {
        let mut full_at = 0;
        let mut taken = Vec::new();
        for now in moments {
            if let Ok(later) = pace.take(full_at, *now) {
                full_at = later;
                taken.push(*now);
            }
        }
        taken
    }

    #[test]
    fn a_full_bucket_gives_what_it_holds_and_then_as_fast_as_it_fills() {
        let pace = Pace::new(10, 5);
        assert_eq!(taken(pace, &[SECOND; 9]).len(), 5);
        let moments: Vec<u64> = (0..1_000).map(|n| SECOND + n * SECOND / 100).collect();
        // 9.99 seconds.
        assert_eq!(taken(pace, &moments).len(), 5 + 99);
    }

    #[test]
    fn who_is_refused_is_told_how_long_to_wait() {
        let pace = Pace::new(10, 1);
        let full_at = pace.take(0, SECOND).unwrap();
        let Empty(wait) = pace.take(full_at, SECOND + SECOND / 40).unwrap_err();
        assert_eq!(wait, Duration::from_millis(75));
        assert!(
            pace.take(full_at, SECOND + SECOND / 40 + 75_000_000)
                .is_ok()
        );
    }

    #[test]
    fn what_is_lost_empties_the_bucket_and_owes_nothing() {
        let pace = Pace::new(1, 3);
        let full_at = (0..1_000).fold(0, |full_at, _| pace.lose(full_at, SECOND));
        let Empty(wait) = pace.take(full_at, SECOND).unwrap_err();
        assert_eq!(wait, Duration::from_secs(1));
    }

    #[test]
    fn the_end_of_time_refuses_and_does_not_panic() {
        let pace = Pace::new(1, u32::MAX);
        assert!(pace.take(u64::MAX, 0).is_err());
        assert_eq!(pace.lose(u64::MAX, u64::MAX), u64::MAX);
    }

    proptest! {
        /// However requests are spread, no window lets more through than the burst and what its length
        /// brings; and somebody who stays below the rate is never refused.
        #[test]
        fn no_window_gives_more_than_the_burst_and_the_rate(
            per_second in 1..2_000_u32,
            burst in 1..50_u32,
            gaps in prop::collection::vec(0..20_000_000_u64, 1..300),
        ) {
            let pace = Pace::new(per_second, burst);
            let moments: Vec<u64> = gaps
                .iter()
                .scan(SECOND, |now, gap| { *now += gap; Some(*now) })
                .collect();
            let taken = taken(pace, &moments);
            for (first, from) in taken.iter().enumerate() {
                for (count, to) in taken[first..].iter().enumerate() {
                    let brought = u128::from(to - from) * u128::from(per_second) / u128::from(SECOND);
                    prop_assert!((count as u128) < u128::from(burst) + brought + 1);
                }
            }
            let slow: Vec<u64> = (1..200).map(|n| SECOND + n * pace.interval).collect();
            let all = slow.len();
            prop_assert_eq!(self::taken(pace, &slow).len(), all);
        }
    }
}
