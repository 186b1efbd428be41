//! What time it is for a node.

use std::time::Duration;

use rolegate::clock::{Clock, FixedClock, SystemClock};
use rolegate::domain::UnixTime;

/// What a still clock shows at first: 21 November 2026.
pub const NOW: i64 = 1_795_254_067;

/// What time it is for a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Time {
    /// [`NOW`], until the test moves it.
    #[default]
    Still,
    /// These seconds, until the test moves it.
    At(i64),
    /// That of this machine, for clients in processes of their own.
    System,
}

/// A node's clock.
#[derive(Debug)]
pub enum TestClock {
    Still(FixedClock),
    System(SystemClock),
}

impl TestClock {
    pub const fn new(time: Time) -> Self {
        match time {
            Time::Still => Self::Still(FixedClock::at(UnixTime::from_seconds(NOW))),
            Time::At(seconds) => Self::Still(FixedClock::at(UnixTime::from_seconds(seconds))),
            Time::System => Self::System(SystemClock),
        }
    }

    /// Moves it, without waiting until the node has seen it.
    pub fn advance(&self, seconds: i64) {
        match self {
            Self::Still(clock) => clock.advance(seconds),
            Self::System(_) => panic!("the machine's time is nobody's to move"),
        }
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        match self {
            Self::Still(clock) => clock.now(),
            Self::System(clock) => clock.now(),
        }
    }

    fn elapsed(&self) -> Duration {
        match self {
            Self::Still(clock) => clock.elapsed(),
            Self::System(clock) => clock.elapsed(),
        }
    }
}

/// The time of this machine, for nodes that run in processes of their own.
pub fn system_now() -> i64 {
    SystemClock.now().seconds()
}
