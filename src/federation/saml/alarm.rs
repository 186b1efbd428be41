//! The log's lines about verifiers that disagree: bounded, so that nobody fills the log with them.

use std::sync::{Mutex, PoisonError};

use crate::domain::UnixTime;

/// The most lines in a [`WINDOW`].
const LINES: u32 = 10;
/// What lines are counted in, in seconds.
const WINDOW: i64 = 60;

/// How many lines were written. Every refusal is in the audit log, whatever is left out here.
#[derive(Debug, Default)]
pub(super) struct AlarmLines(Mutex<Written>);

#[derive(Debug, Default)]
struct Written {
    since: Option<UnixTime>,
    lines: u32,
    left_out: u64,
}

impl AlarmLines {
    /// Whether a line is due at `now`, and how many were left out since the last one.
    pub(super) fn admit(&self, now: UnixTime) -> Option<u64> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = written.since.map(|since| now.since(since));
        if !age.is_some_and(|age| (0..WINDOW).contains(&age)) {
            (written.since, written.lines) = (Some(now), 0);
        }
        if written.lines >= LINES {
            written.left_out = written.left_out.saturating_add(1);
            return None;
        }
        written.lines += 1;
        Some(std::mem::take(&mut written.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: UnixTime = UnixTime::from_seconds(1_795_262_400);

    #[test]
    fn ten_lines_a_minute_are_written_and_the_next_one_tells_what_was_left_out() {
        let lines = AlarmLines::default();
        let first: Vec<_> = (0..15).map(|_| lines.admit(NOON)).collect();
        assert_eq!(first[..10], [Some(0); 10]);
        assert_eq!(first[10..], [None; 5]);
        assert_eq!(lines.admit(NOON.plus(59)), None);
        assert_eq!(lines.admit(NOON.plus(60)), Some(6));
        assert_eq!(lines.admit(NOON.plus(60)), Some(0));
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nothing() {
        let lines = AlarmLines::default();
        for _ in 0..=LINES {
            lines.admit(NOON);
        }
        assert_eq!(lines.admit(NOON.plus(-3600)), Some(1));
    }
}
