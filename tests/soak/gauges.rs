//! What the process of a node takes of the machine.

use std::time::Duration;

/// What was measured at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Since the beginning.
    pub(crate) at: Duration,
    /// Resident memory in bytes.
    pub(crate) memory: u64,
    /// What of it is in no file: what the program holds, and what the allocator has not given back.
    pub(crate) anonymous: u64,
    /// Open file descriptors.
    pub(crate) files: usize,
}

impl Reading {
    /// Reads what the process takes now (proc(5)).
    pub(crate) fn of(process: u32, at: Duration) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let bytes = |name| {
            let kibibytes = field(&status, name).strip_suffix(" kB").unwrap();
            kibibytes.parse::<u64>().unwrap() * 1024
        };
        let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
        Self {
            at,
            memory: bytes("VmRSS:"),
            anonymous: bytes("RssAnon:"),
            files: files.count(),
        }
    }
}

/// What a line of `/proc/PID/status` says.
fn field<'s>(status: &'s str, name: &str) -> &'s str {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim()
}

/// Whether the kernel may give the process huge pages.
pub(crate) fn may_have_huge_pages(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    field(&status, "THP_enabled:") != "0"
}

/// The least of each minute: what is more is what the allocator has not given back yet.
pub(crate) fn least_of_each_minute(readings: &[Reading]) -> Vec<Reading> {
    let minutes = readings.chunk_by(|one, other| one.at.as_secs() / 60 == other.at.as_secs() / 60);
    minutes
        .filter_map(|minute| minute.iter().min_by_key(|reading| reading.memory))
        .copied()
        .collect()
}

/// By how many bytes an hour memory grew, and how far that may be off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// The slope of the line that fits best (least squares).
    pub(crate) slope: f64,
    /// Its standard error.
    pub(crate) error: f64,
}

impl Growth {
    /// Of what `of` says of each of at least three readings.
    #[expect(
        clippy::cast_precision_loss,
        reason = "bytes of memory are far below 2^53"
    )]
    pub(crate) fn of(readings: &[Reading], of: fn(&Reading) -> u64) -> Self {
        let hours = |reading: &Reading| reading.at.as_secs_f64() / 3_600.0;
        let bytes = |reading: &Reading| of(reading) as f64;
        let count = readings.len() as f64;
        let sum = |of: &dyn Fn(&Reading) -> f64| readings.iter().map(of).sum::<f64>();
        let (middle, level) = (sum(&hours) / count, sum(&bytes) / count);
        let away = |reading: &Reading| hours(reading) - middle;
        let alone = sum(&|reading| away(reading).powi(2));
        let slope = sum(&|reading| away(reading) * (bytes(reading) - level)) / alone;
        let off = |reading: &Reading| bytes(reading) - level - slope * away(reading);
        let scatter = sum(&|reading| off(reading).powi(2)) / (count - 2.0);
        Self {
            slope,
            error: (scatter / alone).sqrt(),
        }
    }
}

impl std::fmt::Display for Growth {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { slope, error } = self;
        write!(
            formatter,
            "{:.2} ± {:.2} MB an hour",
            slope / 1e6,
            error / 1e6
        )
    }
}

#[test]
fn a_line_has_its_own_slope() {
    let line = |minute: u64| Reading {
        at: Duration::from_secs(minute * 60),
        memory: 1_000_000 + minute * 50,
        anonymous: 1_000 * (minute % 2),
        files: 3,
    };
    let readings: Vec<_> = (0..60).map(line).collect();
    let growth = Growth::of(&readings, |reading| reading.memory);
    assert!((growth.slope - 3_000.0).abs() < 1e-6, "{growth:?}");
    assert!(growth.error < 1e-6, "{growth:?}");
    let growth = Growth::of(&readings, |reading| reading.anonymous);
    assert!(growth.slope.abs() < growth.error, "{growth:?}");
}
