//! Who runs on which processor.

use std::process::Command;

use crate::Outcome;

/// Where the server shall run, and what is to be said of it.
pub struct Placing {
    /// The processor of the server, where it has one to itself.
    pub server: Option<usize>,
    /// In words.
    pub told: &'static str,
}

/// Leaves the first processor to the server, where there are two and a tool that can do it.
pub fn part() -> Outcome<Placing> {
    let shared = Placing {
        server: None,
        told: "node and load generator share the processors",
    };
    if std::thread::available_parallelism()?.get() < 2 {
        return Ok(shared);
    }
    let own = std::process::id().to_string();
    let moved = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", "1", &own])
        .stdout(std::process::Stdio::null())
        .status();
    Ok(match moved {
        Ok(status) if status.success() => Placing {
            server: Some(0),
            told: "the node has one processor, the load generator another",
        },
        _ => shared,
    })
}
