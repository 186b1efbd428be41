//! `rolegate decisions`: why somebody was let in or refused, and who holds which key.

mod advice;
mod words;

use std::io;

use super::arguments::{Decisions, DecisionsCommand, EraseDecisions, Look};
use super::{CommandError, client, say, say_bytes};
use crate::audit::json;
use crate::clock::{Clock as _, SystemClock};
use crate::decisions::{Found, Place, Trace, Wanted};
use crate::domain::RequestId;
use crate::flows::{Decision, Erased};
use crate::http::admin::{EraseRequest, ErasedPerson, SearchRequest};

/// The gateway tells so many at once.
const AT_ONCE: usize = 200;

pub(super) async fn run(command: Decisions) -> Result<(), CommandError> {
    match (command.command, command.look) {
        (Some(DecisionsCommand::Erase(erase)), _) => run_erase(erase).await,
        (None, look) => match look.id {
            Some(id) => show(id, look).await,
            None => list(look).await,
        },
    }
}

async fn show(id: RequestId, look: Look) -> Result<(), CommandError> {
    let path = format!("/admin/v1/decisions/{id}");
    let decision: Decision = client(look.gateway)?.get(&path, &SystemClock).await?;
    if look.json {
        return say_json(&decision);
    }
    write(&words::whole(&decision))
}

async fn list(look: Look) -> Result<(), CommandError> {
    let since = look.since.map(|since| since.before(SystemClock.now()));
    let wanted = Wanted {
        person: look.person,
        issuer: look.issuer,
        connection: look.connection,
        provider: look.provider,
        refused: look.failed.then_some(true),
        check: look.check,
        key: look.key,
        since,
    };
    let client = client(look.gateway)?;
    let mut left = look.limit;
    let mut after: Option<Place> = None;
    let mut is_any = false;
    while left > 0 {
        let request = SearchRequest {
            wanted: wanted.clone(),
            after,
            limit: Some(left.min(AT_ONCE)),
        };
        let path = "/admin/v1/decisions/search";
        let found: Found = client.post(path, &request, &SystemClock).await?;
        for decision in &found.decisions {
            is_any = true;
            say_one(decision, look.json)?;
        }
        left = left.saturating_sub(found.decisions.len());
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    match (is_any, look.json) {
        (false, false) => say("no decision fits"),
        _ => Ok(()),
    }
}

fn say_one(decision: &Trace<'_>, as_json: bool) -> Result<(), CommandError> {
    if as_json {
        say_json(decision)
    } else {
        write(&words::line(decision))
    }
}

async fn run_erase(erase: EraseDecisions) -> Result<(), CommandError> {
    if !erase.yes {
        return Err(CommandError::NotConfirmed);
    }
    let request = EraseRequest {
        person: ErasedPerson {
            issuer: erase.issuer,
            subject: erase.person,
        },
    };
    let path = "/admin/v1/decisions/erase";
    let client = client(erase.gateway)?;
    let done: Erased = client.post(path, &request, &SystemClock).await?;
    let own_roles = if done.own_roles {
        ", and the person's own roles"
    } else {
        ""
    };
    say(&format!("{} decisions erased{own_roles}", done.erased))
}

/// One line, in which nothing is written that a terminal would obey.
fn say_json(value: &impl serde::Serialize) -> Result<(), CommandError> {
    let line = json::to_line(value).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    say_bytes(&line)
}

fn write(text: &str) -> Result<(), CommandError> {
    say_bytes(text.as_bytes())
}
