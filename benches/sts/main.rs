//! What one call to STS costs the server, beside a bare route that does the same cryptography.
//!
//! ```text
//! this process: load, 64 connections ──┬──> child `ours`: a whole node, its audit log in a file
//!   reads the children's CPU time      └──> child `bare`: actix-web and the cryptography alone
//! ```
//! The two are asked in turn, round after round, with the same number of requests of the same size,
//! so that whatever else the machine does falls on both. The figure is server CPU time a request,
//! user and system, over all threads; the ratio is the bare route's by ours: 1 means that
//! everything ours does beyond the bare route costs nothing.
//!
//! `docs/performance.md` says what the figures mean.

mod authorize;
mod bare;
mod directory;
mod iam;
mod identity;
mod load;
mod ours;
mod overload;
mod report;
mod requests;
mod rounds;
mod saml;
mod server;

use std::error::Error;
use std::path::Path;

/// The allocator of the `rolegate` binary; both servers have it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What can go wrong in a benchmark ends it.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--server", "ours", folder] => ours::serve(Path::new(folder)),
        ["--server", "bare", folder] => bare::serve(Path::new(folder)),
        ["iam", ..] => iam::run(),
        ["overload", seconds, rest @ ..] => {
            let connections = rest.first().and_then(|it| it.parse().ok());
            overload::run(
                seconds.parse()?,
                connections.unwrap_or(overload::CONNECTIONS),
            )
        }
        arguments if arguments.contains(&"--bench") => rounds::run(),
        _ => report::say("this is a benchmark: run it with `make bench`"),
    }
}
