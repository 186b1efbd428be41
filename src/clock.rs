//! Time, asked for once a flow and passed down from there.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use crate::domain::UnixTime;

/// What time it is.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> UnixTime;

    /// How long it is since some moment that stays the same. It never goes back, whatever the time is set
    /// to: for measuring rates, and for nothing that is told anybody.
    fn elapsed(&self) -> Duration;
}

/// The system's clock: the only place that asks it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system's clock"
    )]
    fn now(&self) -> UnixTime {
        let elapsed = SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seconds = elapsed.map_or(0, |elapsed| elapsed.as_secs());
        UnixTime::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        static FIRST_ASKED: LazyLock<Instant> = LazyLock::new(Instant::now);
        FIRST_ASKED.elapsed()
    }
}

/// How many microseconds ago this second began: to put what happened within it in order, and for no decision.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the system's clock"
)]
pub fn microseconds_since(second: UnixTime) -> u32 {
    let began = Duration::from_secs(second.seconds().try_into().unwrap_or_default());
    let elapsed = SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let since = elapsed.unwrap_or_default().saturating_sub(began);
    since.as_micros().try_into().unwrap_or(u32::MAX)
}

/// From a moment until now, as the system's clock told both when this was first asked: for what is told to
/// others who measure, and for no decision. It never goes back.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the system's clock"
)]
pub fn between(since: Instant) -> (SystemTime, SystemTime) {
    static FIRST_ASKED: LazyLock<(Instant, SystemTime)> =
        LazyLock::new(|| (Instant::now(), SystemTime::now()));
    let (then, told) = *FIRST_ASKED;
    let told_at = |moment: Instant| match moment.checked_duration_since(then) {
        Some(later) => told.checked_add(later),
        None => told.checked_sub(then.duration_since(moment)),
    };
    let at = |moment| told_at(moment).unwrap_or(told);
    (at(since), at(Instant::now()))
}

/// A clock that stands still until it is set, for tests.
#[derive(Debug, Default)]
pub struct FixedClock(std::sync::atomic::AtomicI64);

impl FixedClock {
    /// A clock that shows `now`.
    pub const fn at(now: UnixTime) -> Self {
        Self(std::sync::atomic::AtomicI64::new(now.seconds()))
    }

    /// Moves the clock; `seconds` may be negative.
    pub fn advance(&self, seconds: i64) {
        self.0
            .fetch_add(seconds, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    /// Where nobody sets the clock back.
    fn elapsed(&self) -> Duration {
        let seconds = self.now().seconds();
        Duration::from_secs(seconds.try_into().unwrap_or_default())
    }
}
