//! What the benchmark prints.

use std::io::{self, Write as _};
use std::time::Duration;

use crate::Outcome;

/// What one server took for the requests of one round.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// CPU time of the server.
    pub cpu: Duration,
    /// Time from the first request to the last answer.
    pub elapsed: Duration,
}

/// One round: the same requests to both servers.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// To the bare route.
    pub bare: Cost,
    /// To a node.
    pub ours: Cost,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.bare.cpu.as_secs_f64() / self.ours.cpu.as_secs_f64()
    }
}

/// Prints a line.
pub fn say(line: &str) -> Outcome<()> {
    let mut output = io::stdout();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// Prints what stands behind a ratio: each server's cost a request, and how far the rounds lie
/// apart.
pub fn say_details(name: &str, rounds: &[Round], requests: u32) -> Outcome<()> {
    let ratios = || rounds.iter().map(Round::ratio);
    let (least, most) = (
        ratios().fold(f64::MAX, f64::min),
        ratios().fold(0.0, f64::max),
    );
    let count = rounds.len();
    say(&format!(
        "{name}: {count} rounds of {requests} requests to each; ratios {least:.3} to {most:.3}"
    ))?;
    say_cost("bare", rounds.iter().map(|round| round.bare), requests)?;
    say_cost("ours", rounds.iter().map(|round| round.ours), requests)
}

fn say_cost(server: &str, costs: impl Iterator<Item = Cost> + Clone, requests: u32) -> Outcome<()> {
    let requests = f64::from(requests);
    let cpu = median(costs.clone().map(|cost| cost.cpu.as_secs_f64())) * 1e6 / requests;
    let rate = requests / median(costs.map(|cost| cost.elapsed.as_secs_f64()));
    say(&format!(
        "  {server}  {cpu:6.1} µs of server CPU a request  {rate:7.0} requests a second"
    ))
}

/// Prints the median of the rounds' ratios.
pub fn say_ratio(name: &str, rounds: &[Round]) -> Outcome<()> {
    let ratio = median(rounds.iter().map(Round::ratio));
    say(&format!("ratio {name} {ratio:.3}"))
}

/// The middle one of an odd number of values.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
