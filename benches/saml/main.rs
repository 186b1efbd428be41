//! What it costs to authenticate a SAML response, beside samael (libxml2, libxmlsec1, OpenSSL).
//!
//! Both read the document, verify every signature and read the claims from the bytes that were
//! hashed; neither checks times or audience. One thread; the two take turns, so that whatever else
//! the machine does falls on both. The figure is time; the ratio is samael's by ours: 10 means that
//! ours takes a tenth.
//!
//! `docs/performance.md` says what the figures mean.

mod document;
mod measure;
mod ours;
mod theirs;

use std::error::Error;
use std::io::{self, Write as _};

use document::Signed;

/// The allocator of the `rolegate` binary.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What can go wrong in a benchmark ends it.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    if !std::env::args().any(|argument| argument == "--bench") {
        return say("this is a benchmark: run it with `make bench`");
    }
    say(&format!(
        "one thread; medians of {} rounds, in turn",
        measure::ROUNDS
    ))?;
    let mut ratios = Vec::new();
    for document in Signed::all()? {
        let costs = measure::compare(&document)?;
        say(&format!(
            "{}: {} bytes, {} attributes, {}",
            document.name,
            document.xml.len(),
            document.attributes,
            document.what
        ))?;
        say(&format!("  samael  {:8.1} µs a response", costs.theirs))?;
        say(&format!("  ours    {:8.1} µs a response", costs.ours))?;
        ratios.push((document.name, costs.ratio));
    }
    for (name, ratio) in ratios {
        say(&format!("ratio {name} {ratio:.3}"))?;
    }
    Ok(())
}

fn say(line: &str) -> Outcome<()> {
    let mut output = io::stdout();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}
