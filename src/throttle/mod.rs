//! How often anybody may ask: token buckets by address, principal and account.
//!
//! ```text
//! a request's address ── before its body is read ── Address, SignIn, FailedProof
//! who was proven      ── before anything is issued ── Principal, Account
//!                         └ no token: Throttled, counted
//! ```
//! A node counts for itself, in fixed memory and without a lock (decision 60). Keys are hashed under a
//! key of the process, so that nobody can choose addresses or names that share a place.

mod pace;
mod table;

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use self::pace::{Empty, Pace};
use self::table::Table;
use crate::clock::Clock;
pub use crate::metrics::Limit;
use crate::metrics::Metrics;

/// How often something may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// As often as anybody likes.
    Off,
    /// A token bucket.
    Limited {
        /// Tokens that it gains a second; at least one.
        per_second: u32,
        /// Tokens that it holds; at least one.
        burst: u32,
    },
}

/// The rates of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests of an address.
    pub address: Rate,
    /// Steps of sign-ins and sign-outs of an address.
    pub sign_in: Rate,
    /// Proofs of an address that did not hold.
    pub failed_proof: Rate,
    /// Calls to STS of somebody who was proven.
    pub principal: Rate,
    /// Calls to STS for an account.
    pub account: Rate,
}

/// A request too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("over the rate of requests per {}; wait {} s and try again", limit.as_str(), self.seconds())]
pub struct Throttled {
    /// Which rate.
    pub limit: Limit,
    /// There may be a token after this time.
    pub wait: Duration,
}

impl Throttled {
    /// How long to wait, in whole seconds; at least one.
    pub fn seconds(&self) -> u64 {
        let seconds = self.wait.as_secs();
        let is_whole = self.wait.subsec_nanos() == 0 && seconds > 0;
        seconds.saturating_add(u64::from(!is_whole))
    }
}

/// Holds everybody to the rates.
pub struct Throttle {
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    hashes: RandomState,
    /// By the place of the limit.
    gates: [Gate; Limit::ALL.len()],
}

enum Gate {
    Open,
    Buckets(Table),
}

impl fmt::Debug for Throttle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Throttle")
    }
}

impl Rates {
    /// No rate limits anything.
    pub const OFF: Self = Self {
        address: Rate::Off,
        sign_in: Rate::Off,
        failed_proof: Rate::Off,
        principal: Rate::Off,
        account: Rate::Off,
    };

    const fn of(&self, limit: Limit) -> Rate {
        match limit {
            Limit::Address => self.address,
            Limit::SignIn => self.sign_in,
            Limit::FailedProof => self.failed_proof,
            Limit::Principal => self.principal,
            Limit::Account => self.account,
        }
    }
}

impl Gate {
    fn of(rate: Rate) -> Self {
        match rate {
            Rate::Off => Self::Open,
            Rate::Limited { per_second, burst } => {
                Self::Buckets(Table::new(Pace::new(per_second, burst)))
            }
        }
    }
}

impl Throttle {
    /// Every bucket is full at first.
    pub fn new(rates: &Rates, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self {
            clock,
            metrics,
            hashes: RandomState::new(),
            gates: Limit::ALL.map(|limit| Gate::of(rates.of(limit))),
        }
    }

    /// Asks for several rates at one moment: a clock takes as long as a bucket.
    pub fn now(&self) -> Asked<'_> {
        Asked {
            throttle: self,
            at: self.elapsed(),
        }
    }

    /// One more request of `key`.
    ///
    /// # Errors
    /// [`Throttled`]; it is counted.
    pub fn admit(&self, limit: Limit, key: &impl Hash) -> Result<(), Throttled> {
        self.now().admit(limit, key)
    }

    /// A number by which `key` is known again, as long as the process runs.
    pub fn number_of(&self, key: &impl Hash) -> u64 {
        self.hashes.hash_one(key)
    }

    /// Something of `key` was done that is paid for afterwards.
    pub fn charge(&self, limit: Limit, key: &impl Hash) {
        if let Some(Gate::Buckets(table)) = self.gates.get(limit as usize) {
            table.lose(self.hashes.hash_one(key), self.elapsed());
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// The throttle at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'t> {
    throttle: &'t Throttle,
    at: u64,
}

impl Asked<'_> {
    /// One more request of `key`.
    ///
    /// # Errors
    /// [`Throttled`]; it is counted.
    pub fn admit(self, limit: Limit, key: &impl Hash) -> Result<(), Throttled> {
        self.ask(limit, key, Table::take)
    }

    /// Whether a request of `key` would be admitted; it takes nothing.
    ///
    /// # Errors
    /// [`Throttled`]; it is counted.
    pub fn check(self, limit: Limit, key: &impl Hash) -> Result<(), Throttled> {
        self.ask(limit, key, Table::look)
    }

    fn ask(
        self,
        limit: Limit,
        key: &impl Hash,
        ask: impl FnOnce(&Table, u64, u64) -> Result<(), Empty>,
    ) -> Result<(), Throttled> {
        let Some(Gate::Buckets(table)) = self.throttle.gates.get(limit as usize) else {
            return Ok(());
        };
        let hash = self.throttle.hashes.hash_one(key);
        ask(table, hash, self.at).map_err(|Empty(wait)| {
            self.throttle.metrics.throttled(limit);
            Throttled { limit, wait }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use crate::domain::UnixTime;

    fn throttle(clock: &Arc<FixedClock>) -> Throttle {
        let rates = Rates {
            address: Rate::Limited {
                per_second: 2,
                burst: 3,
            },
            principal: Rate::Limited {
                per_second: 1,
                burst: 1,
            },
            ..Rates::OFF
        };
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        Throttle::new(&rates, clock, Arc::default())
    }

    fn admitted(throttle: &Throttle, limit: Limit, key: &str) -> usize {
        (0..10)
            .filter(|_| throttle.admit(limit, &key).is_ok())
            .count()
    }

    #[test]
    fn limits_and_keys_do_not_take_from_one_another() {
        let clock = Arc::new(FixedClock::at(UnixTime::from_seconds(1_795_254_067)));
        let throttle = throttle(&clock);
        assert_eq!(admitted(&throttle, Limit::Address, "a"), 3);
        assert_eq!(admitted(&throttle, Limit::Address, "b"), 3);
        assert_eq!(admitted(&throttle, Limit::Principal, "a"), 1);
        assert_eq!(admitted(&throttle, Limit::Account, "a"), 10);
        clock.advance(1);
        assert_eq!(admitted(&throttle, Limit::Address, "a"), 2);
    }

    #[test]
    fn a_request_too_many_says_which_rate_and_how_long_to_wait() {
        let clock = Arc::new(FixedClock::at(UnixTime::from_seconds(1_795_254_067)));
        let throttle = throttle(&clock);
        admitted(&throttle, Limit::Address, "a");
        let throttled = throttle.admit(Limit::Address, &"a").unwrap_err();
        let text = "over the rate of requests per address; wait 1 s and try again";
        assert_eq!(throttled.to_string(), text);
        assert_eq!(throttled.wait, Duration::from_millis(500));
    }
}
