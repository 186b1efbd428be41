//! The server `ours`: a whole node, with the settings that the parent wrote.

use std::collections::BTreeMap;
use std::path::Path;

use rolegate::app::RunningNode;
use rolegate::config::{Config, Environment};
use serde::Serialize;

use crate::Outcome;
use crate::server::{listening, runtime};

/// The folder of the audit log, in the server's folder.
pub const AUDIT: &str = "audit";
/// The file of the settings, in the server's folder.
const SETTINGS: &str = "rolegate.toml";

/// Serves until its input ends.
pub fn serve(folder: &Path) -> Outcome<()> {
    let settings = folder.join(SETTINGS);
    runtime()?.block_on(async {
        let config = Config::load(Some(&settings), &Environment::of_this_process())?;
        let node = RunningNode::start(config).await?;
        listening(node.address).await?;
        node.stop().await;
        Ok(())
    })
}

#[derive(Serialize)]
struct Settings<'a> {
    listen: &'static str,
    workers: usize,
    drain_seconds: u32,
    store: Store,
    audit: Audit,
    federation: Federation<'a>,
    limits: Limits,
    decisions: Decisions,
    log: Log,
}

#[derive(Serialize)]
struct Store {
    url: &'static str,
}

#[derive(Serialize)]
struct Audit {
    dir: &'static str,
    sync: &'static str,
}

#[derive(Serialize)]
struct Federation<'a> {
    allow_http_issuers: [&'a str; 1],
}

#[derive(Serialize)]
struct Decisions {
    max_bytes: u64,
}

#[derive(Serialize)]
struct Limits {
    rates: BTreeMap<String, u32>,
}

#[derive(Serialize)]
struct Log {
    level: &'static str,
}

/// Every rate is looked at, and none is reached, although all requests come from one address.
fn high_rates() -> BTreeMap<String, u32> {
    const RATES: [&str; 5] = ["address", "sign_in", "failed_proof", "principal", "account"];
    let per_second = RATES.map(|rate| ([rate, "_per_second"].concat(), 1_000_000));
    per_second.into()
}

/// How large a node is.
pub struct Size {
    /// Its threads that serve requests.
    pub workers: usize,
    /// Bytes of its store that traces of decisions take.
    pub traces: u64,
}

/// What traces may take by default.
pub const USUAL_TRACES: u64 = 256 << 20;

/// Writes the settings of a node of this size that may ask `issuer` for its keys; but for the rates everything else is as a
/// node has it by default, the audit log included.
pub fn write_settings(folder: &Path, issuer: &str, size: &Size) -> Outcome<()> {
    let settings = Settings {
        listen: "127.0.0.1:0",
        workers: size.workers,
        drain_seconds: 1,
        store: Store { url: "memory:" },
        audit: Audit {
            dir: AUDIT,
            sync: "write",
        },
        federation: Federation {
            allow_http_issuers: [issuer],
        },
        limits: Limits {
            rates: high_rates(),
        },
        decisions: Decisions {
            max_bytes: size.traces,
        },
        log: Log { level: "warn" },
    };
    std::fs::write(folder.join(SETTINGS), toml::to_string(&settings)?)?;
    Ok(())
}
