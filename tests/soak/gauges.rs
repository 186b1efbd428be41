//! What the process of a node takes of the machine.

use std::time::Duration;

/// What was measured at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// Since the beginning.
    pub(crate) at: Duration,
    /// Resident memory in bytes.
    pub(crate) memory: u64,
    /// Open file descriptors.
    pub(crate) files: usize,
}

impl Reading {
    /// Reads what the process takes now (proc(5)).
    pub(crate) fn of(process: u32, at: Duration) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.unwrap().trim().strip_suffix(" kB").unwrap();
        let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
        Self {
            at,
            memory: kibibytes.parse::<u64>().unwrap() * 1024,
            files: files.count(),
        }
    }
}

/// The least of each minute: what is more is what the allocator has not given back yet.
pub(crate) fn least_of_each_minute(readings: &[Reading]) -> Vec<Reading> {
    let minutes = readings.chunk_by(|one, other| one.at.as_secs() / 60 == other.at.as_secs() / 60);
    minutes
        .filter_map(|minute| minute.iter().min_by_key(|reading| reading.memory))
        .copied()
        .collect()
}

/// By how many bytes an hour memory grew: the slope of the line that fits best (least squares).
#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of memory are far below 2^53"
)]
pub(crate) fn growth(readings: &[Reading]) -> f64 {
    let hours = |reading: &Reading| reading.at.as_secs_f64() / 3_600.0;
    let bytes = |reading: &Reading| reading.memory as f64;
    let count = readings.len() as f64;
    let mean = |of: &dyn Fn(&Reading) -> f64| readings.iter().map(of).sum::<f64>() / count;
    let (middle, level) = (mean(&hours), mean(&bytes));
    let (mut together, mut alone) = (0.0, 0.0);
    for reading in readings {
        let away = hours(reading) - middle;
        together += away * (bytes(reading) - level);
        alone += away * away;
    }
    together / alone
}

#[test]
fn a_line_has_its_own_slope() {
    let line = |minute: u64| Reading {
        at: Duration::from_secs(minute * 60),
        memory: 1_000_000 + minute * 50,
        files: 3,
    };
    let readings: Vec<_> = (0..60).map(line).collect();
    assert!((growth(&readings) - 3_000.0).abs() < 1e-6);
}
