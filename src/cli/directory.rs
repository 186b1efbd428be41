//! `directory`

use super::arguments::{Command, History};
use super::{CommandError, client, say, say_applied};
use crate::clock::SystemClock;
use crate::flows::{Applied, Difference, LogQuery, LoggedGeneration, LoggedGenerations};
use crate::http::admin::{DiffRequest, RollBackRequest, ShowRequest};

pub(super) async fn run(command: History) -> Result<(), CommandError> {
    match command {
        History::Log {
            before,
            limit,
            json,
            gateway,
        } => {
            let query = LogQuery {
                before,
                limit: Some(limit),
            };
            let log: LoggedGenerations = client(gateway)?
                .post("/admin/v1/directory/log", &query, &SystemClock)
                .await?;
            if json {
                return say(&serde_json::to_string_pretty(&log).map_err(std::io::Error::from)?);
            }
            say_log(&log)
        }
        History::Show {
            generation,
            gateway,
        } => {
            let request = ShowRequest { generation };
            let found: LoggedGeneration = client(gateway)?
                .post("/admin/v1/directory/show", &request, &SystemClock)
                .await?;
            say_generation(&found)
        }
        History::Diff { from, to, gateway } => {
            let request = DiffRequest { from, to };
            let found: Difference = client(gateway)?
                .post("/admin/v1/directory/diff", &request, &SystemClock)
                .await?;
            say_lines(&found.changes, found.more_changes, "")
        }
        History::Rollback {
            generation,
            dry_run,
            base,
            gateway,
        } => {
            let request = RollBackRequest {
                generation,
                mode: Command::mode(dry_run),
                base,
            };
            let applied: Applied = client(gateway)?
                .post("/admin/v1/directory/rollback", &request, &SystemClock)
                .await?;
            say_applied(&applied, if dry_run { "would change" } else { "changed" })
        }
    }
}

fn say_log(log: &LoggedGenerations) -> Result<(), CommandError> {
    for generation in &log.generations {
        say_generation(generation)?;
    }
    match log.next {
        Some(next) => say(&format!("there are more; ask with --before {next}")),
        None => Ok(()),
    }
}

fn say_generation(found: &LoggedGeneration) -> Result<(), CommandError> {
    say(&format!(
        "generation {}: {}, by {}, request {}",
        found.generation,
        found.at.escape_debug(),
        found.author.escape_debug(),
        found.request.escape_debug()
    ))?;
    say_lines(&found.changes, found.more_changes, "  ")
}

/// Names are of others' making, and a terminal obeys what is printed to it.
fn say_lines(lines: &[String], more: usize, indent: &str) -> Result<(), CommandError> {
    for line in lines {
        say(&format!("{indent}{}", line.escape_debug()))?;
    }
    if more > 0 {
        say(&format!("{indent}and {more} more"))?;
    }
    Ok(())
}
