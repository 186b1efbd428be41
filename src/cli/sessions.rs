//! `sessions`

use super::arguments::Sessions;
use super::{CommandError, client, say};
use crate::clock::SystemClock;
use crate::flows::{ListedSession, ListedSessions, Person, SessionQuery};

pub(super) async fn run(command: Sessions) -> Result<(), CommandError> {
    let person = match (command.issuer, command.person) {
        (Some(issuer), Some(subject)) => Some(Person { issuer, subject }),
        _ => None,
    };
    let query = SessionQuery {
        person,
        connection: command.connection,
        role: command.role,
        rule: command.rule,
        limit: Some(command.limit),
    };
    let listed: ListedSessions = client(command.gateway)?
        .post("/admin/v1/sessions", &query, &SystemClock)
        .await?;
    if command.json {
        return say(&serde_json::to_string_pretty(&listed).map_err(std::io::Error::from)?);
    }
    for session in &listed.sessions {
        say(&line(session))?;
    }
    let rest = if listed.is_whole {
        ""
    } else {
        "; the store is larger than could be looked through in 30 s"
    };
    let (found, shown) = (listed.found, listed.sessions.len());
    say(&format!("{found} found, {shown} listed{rest}"))
}

/// Names are of others' making, and a terminal obeys what is printed to it.
fn line(session: &ListedSession) -> String {
    let Person { issuer, subject } = &session.person;
    format!(
        "{}  {}, {} of {}, by {}; since {}, until {} at the latest; last used {}",
        session.id,
        session.display_name.escape_debug(),
        subject.as_str().escape_debug(),
        issuer,
        session.connection,
        session.created_at,
        session.ends_at,
        session.last_seen,
    )
}
