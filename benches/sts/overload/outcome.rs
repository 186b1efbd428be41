//! What came back, and how much memory the server had.

use std::time::Duration;

use crate::Outcome;

/// The answers to a flood; times in milliseconds, from when a request was due.
#[derive(Default)]
pub struct Answers {
    /// How long it lasted.
    pub time: Duration,
    /// Requests that were sent.
    pub sent: usize,
    /// Requests that were due while every connection was taken, and never sent.
    pub unsent: usize,
    /// Times of answers that are 200.
    pub good: Vec<f32>,
    /// Times of answers that are 503.
    pub refused: Vec<f32>,
    /// Any other answers.
    pub other: usize,
    /// When the last answer came that was refused or slow.
    last_trouble: Duration,
}

/// An answer that takes longer is not as before.
const SLOW: Duration = Duration::from_millis(50);

impl Answers {
    /// Adds an answer: its status, after how long it came, and when.
    pub fn add(&mut self, status: u16, took: Duration, at: Duration) {
        let milliseconds = took.as_secs_f32() * 1e3;
        match status {
            200 => self.good.push(milliseconds),
            503 => self.refused.push(milliseconds),
            _ => self.other += 1,
        }
        if status != 200 || took > SLOW {
            self.last_trouble = at;
        }
    }

    /// For how long answers were refused or slow.
    pub const fn unsettled_for(&self) -> Duration {
        self.last_trouble
    }

    /// The time that so large a part of the answers took at most; nothing where there are none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a length is a place in it"
    )]
    pub fn percentile(times: &[f32], part: f64) -> f32 {
        let mut sorted = times.to_vec();
        sorted.sort_by(f32::total_cmp);
        let place = (number(sorted.len()) * part) as usize;
        sorted.get(place).copied().unwrap_or_default()
    }
}

/// A count, for dividing.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub const fn number(count: usize) -> f64 {
    count as f64
}

/// How many good answers there were, and what they and all else cost the server meanwhile.
pub struct Pace {
    /// Good answers.
    pub good: usize,
    /// In this time.
    pub time: Duration,
    /// The server's CPU time.
    pub cpu: Duration,
}

impl Pace {
    /// Good answers a second.
    pub fn each_second(&self) -> f64 {
        number(self.good) / self.time.as_secs_f64()
    }

    /// CPU time for each good answer, in microseconds.
    pub fn cost(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / number(self.good)
    }

    /// In words. A server that had less than its processor shared it with somebody, or was not asked enough.
    pub fn told(&self) -> String {
        format!(
            "{:.0} answers a second, {:.1} µs of CPU for each; the node had {:.2} of a processor",
            self.each_second(),
            self.cost(),
            self.cpu.as_secs_f64() / self.time.as_secs_f64(),
        )
    }
}

/// How much of the machine's memory a process has, looked at once a second.
pub struct Memory {
    process: u32,
    kilobytes: Vec<f64>,
}

impl Memory {
    /// Of the process with this id.
    pub const fn of(process: u32) -> Self {
        Self {
            process,
            kilobytes: Vec::new(),
        }
    }

    /// Looks.
    pub fn look(&mut self) -> Outcome<()> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        self.kilobytes.push(number.ok_or("no VmRSS")?.parse()?);
        Ok(())
    }

    /// At the beginning, at the end, and how fast it grew over the second half of the time.
    pub fn told(&self) -> String {
        let megabytes = |place: Option<&f64>| place.copied().unwrap_or_default() / 1024.0;
        let (first, last) = (self.kilobytes.first(), self.kilobytes.last());
        let half = self.kilobytes.get(self.kilobytes.len() / 2..);
        let slope = slope(half.unwrap_or_default());
        format!(
            "{:.1} MiB at first, {:.1} MiB at last, {slope:.1} KiB more each second of the second half",
            megabytes(first),
            megabytes(last),
        )
    }
}

/// Of the line that lies nearest to these values, one after another.
fn slope(values: &[f64]) -> f64 {
    let count = number(values.len());
    let middle = (count - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / count;
    let places = || (0..values.len()).map(|place| number(place) - middle);
    let above: f64 = places()
        .zip(values)
        .map(|(place, value)| place * (value - mean))
        .sum();
    let below: f64 = places().map(|place| place * place).sum();
    if below > 0.0 { above / below } else { 0.0 }
}
