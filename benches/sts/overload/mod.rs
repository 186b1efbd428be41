//! What becomes of a node that is asked for three times what it can do.
//!
//! ```text
//! peak      64 and 256 connections, each asks again when it has its answer ── answers a second
//! flood     three times as many, at moments of their own            ── goodput, refusals, memory
//! after it  half as many                                            ── when all is as before
//! ```
//! The node has one processor and the load generator another, so that neither takes from the other. The
//! node counts rates as ever, and none is reached: what refuses here is the queue before its worker. Its store
//! is in its memory, and traces of decisions fill their part of it before the flood begins.
//!
//! `docs/performance.md` says what the figures mean.

mod flood;
mod outcome;
mod processors;

use std::path::Path;
use std::time::Duration;

use self::flood::{Flood, peak};
use self::outcome::{Answers, Memory, Pace, number};
use crate::directory::{Admin, CHECKED, SAML_ROLE};
use crate::identity::Provider;
use crate::report::say;
use crate::saml::SamlProvider;
use crate::server::Server;
use crate::{Outcome, directory, load, ours, requests};

/// How many times its peak the node is asked for.
const TIMES: f64 = 3.0;
/// Different requests, sent again and again.
const REQUESTS: u32 = 10_000;
/// Likewise with SAML responses, which are larger and are signed just before.
const SAML_REQUESTS: u32 = 4_000;
/// How long the peak is looked for, before the time that counts and in it.
const WARM_UP: Duration = Duration::from_secs(2);
const PEAK: Duration = Duration::from_secs(8);
/// What traces of decisions may take: filled before the flood, so that it is not their growth that is seen.
const TRACES: u64 = 16 << 20;
/// How long it is looked whether all is as before.
const AFTERWARDS: Duration = Duration::from_secs(8);

/// Connections of a flood, where nobody says otherwise.
pub const CONNECTIONS: usize = 1_024;

/// Floods a node for so many seconds, over so many connections, with each kind of request, and prints what
/// became of it.
pub fn run(seconds: u64, connections: usize) -> Outcome<()> {
    let time = Duration::from_secs(seconds);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let provider = Provider::new()?;
    provider.publish(folder.path())?;
    let saml_provider = SamlProvider::new()?;
    let size = ours::Size {
        workers: 1,
        traces: TRACES,
    };
    ours::write_settings(folder.path(), provider.issuer(), &size)?;
    let admin = Admin::new()?;
    let placing = processors::part()?;
    let server = Server::start_on(placing.server, "ours", folder.path(), &admin.variables())?;
    say(&format!(
        "one worker; {}; {seconds} s at {TIMES} times the peak, over {connections} connections",
        placing.told
    ))?;
    directory::apply(server.address, (&provider, &saml_provider), &admin)?;
    let addresses = requests::Addresses {
        bare: server.address,
        ours: server.address,
    };
    let audit = folder.path().join(ours::AUDIT);
    let flooded = |name: &str, requests: &[Vec<u8>]| {
        flood(name, &server, requests, (time, connections), &audit)
    };
    let paired = requests::web_identities(&addresses, &provider, REQUESTS)?;
    flooded("web_identity", &paired.ours)?;
    let responses = saml_provider.responses(SAML_REQUESTS, SAML_ROLE, CHECKED)?;
    let paired = requests::saml_responses(&addresses, CHECKED, &responses);
    flooded("assume_role_with_saml_second_opinion", &paired.ours)
}

fn flood(
    name: &str,
    server: &Server,
    requests: &[Vec<u8>],
    (time, connections): (Duration, usize),
    audit: &Path,
) -> Outcome<()> {
    empty(audit)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let peak = async |connections, time| peak(server, requests, connections, time).await;
        peak(CLOSED, WARM_UP).await?;
        let few = peak(CLOSED, PEAK).await?;
        say(&format!("{name}: by {CLOSED} connections {}", few.told()))?;
        let many = peak(MANY, PEAK).await?;
        say(&format!("  by {MANY} connections {}", many.told()))?;
        let peaks = Peaks { few, many };
        let mut memory = Memory::of(server.id());
        let flood = |times: f64, time| Flood {
            address: server.address,
            requests,
            each_second: peaks.highest() * times,
            time,
            connections,
        };
        let before = server.cpu()?;
        let flooded = flood(TIMES, time).run(&mut memory).await?;
        let goodput = Pace {
            good: flooded.good.len(),
            time,
            cpu: server.cpu()?.saturating_sub(before),
        };
        let after = flood(0.5, AFTERWARDS)
            .run(&mut Memory::of(server.id()))
            .await?;
        report(name, &peaks, &flooded, &goodput)?;
        say(&format!("  memory: {}", memory.told()))?;
        let recovery = after.unsettled_for().as_secs_f64();
        say(&format!("  as before after {recovery:.1} s"))?;
        say(&format!("recovery_seconds {name} {recovery:.1}"))
    })
}

/// What a node answers at most that nobody asks for more.
struct Peaks {
    /// By [`CLOSED`] connections, whose buffers a processor has at hand.
    few: Pace,
    /// By [`MANY`].
    many: Pace,
}

impl Peaks {
    fn highest(&self) -> f64 {
        self.few.each_second().max(self.many.each_second())
    }
}

fn report(name: &str, peaks: &Peaks, flooded: &Answers, goodput: &Pace) -> Outcome<()> {
    if flooded.other > 0 {
        return Err(format!("{} answers were neither 200 nor 503", flooded.other).into());
    }
    let each_second = |count: usize| number(count) / flooded.time.as_secs_f64();
    say(&format!(
        "  asked {:.0} a second ({:.2} of the peak), {:.0} more found no connection free",
        each_second(flooded.sent),
        each_second(flooded.sent) / peaks.highest(),
        each_second(flooded.unsent),
    ))?;
    for (kind, times) in [("answered", &flooded.good), ("refused", &flooded.refused)] {
        say(&format!(
            "  {kind} {:.0} a second, after {:.1} ms at the median, {:.1} ms at the 99th percentile",
            each_second(times.len()),
            Answers::percentile(times, 0.5),
            Answers::percentile(times, 0.99),
        ))?;
    }
    say(&format!("  in all {}", goodput.told()))?;
    for (which, peak) in [("goodput", &peaks.many), ("goodput_by_few", &peaks.few)] {
        let ratio = goodput.each_second() / peak.each_second();
        say(&format!("ratio {which}_{name} {ratio:.3}"))?;
        let ratio = peak.cost() / goodput.cost();
        say(&format!("ratio {which}_of_cpu_{name} {ratio:.3}"))?;
    }
    Ok(())
}

/// So that the disk is not filled.
fn empty(audit: &Path) -> Outcome<()> {
    for file in std::fs::read_dir(audit)? {
        let file = std::fs::OpenOptions::new().write(true).open(file?.path())?;
        file.set_len(0)?;
    }
    Ok(())
}

/// Connections of the closed loop that finds what few get.
const CLOSED: usize = load::CONNECTIONS;
/// Likewise as many as a worker takes in a round, so that nobody is refused.
const MANY: usize = 256;
