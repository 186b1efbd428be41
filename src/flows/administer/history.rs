//! The directory's history: who changed what, and back to what it was.

use std::sync::Arc;

use super::{Act, AdminAction, AdminError, Administration, Applied, ApplyMode};
use crate::directory::{Directory, Logged, diff};
use crate::domain::{RequestId, UnixTime};
use crate::flows::authenticate::Caller;
use crate::flows::record::{Outcome, Subject};
use crate::flows::request::RequestMeta;
use crate::store::Generation;

/// So many generations are listed unless said otherwise.
pub const USUAL_GENERATIONS: u16 = 20;
/// The most that are listed.
pub const MAX_GENERATIONS: u16 = 200;
/// A generation's lines in the list; further ones are counted.
pub const LISTED_LINES: usize = 10;
/// The lines of one generation, or of a difference; further ones are counted.
pub const MAX_LINES: usize = 10_000;
/// So many replays of the log are under way at once; further ones wait.
pub const MAX_REPLAYS: usize = 1;

/// Which part of the log is wanted.
#[derive(Debug, Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogQuery {
    /// Generations before this one; the newest where nothing is said.
    pub before: Option<Generation>,
    /// So many at most, 1 to [`MAX_GENERATIONS`].
    pub limit: Option<u16>,
}

/// One generation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoggedGeneration {
    /// Which one.
    pub generation: Generation,
    /// When it was made (RFC 3339).
    pub at: String,
    /// The ARN of whoever made it, or `rolegate`.
    pub author: String,
    /// Under which request.
    pub request: String,
    /// What was changed, a line each.
    pub changes: Vec<String>,
    /// How many changes have no line here.
    pub more_changes: usize,
}

impl LoggedGeneration {
    fn of(logged: &Logged, most: usize) -> Self {
        let changes = &logged.set.changes;
        let lines: Vec<String> = changes.iter().take(most).map(ToString::to_string).collect();
        let (at, request): (UnixTime, RequestId) = (logged.set.at, logged.set.request);
        Self {
            generation: logged.generation,
            at: at.to_string(),
            author: logged.set.author.clone(),
            request: request.to_string(),
            more_changes: changes.len() - lines.len(),
            changes: lines,
        }
    }
}

/// A part of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LoggedGenerations {
    /// The generations.
    pub generations: Vec<LoggedGeneration>,
    /// Before which the next part begins; none where this is the end.
    pub next: Option<Generation>,
}

/// What tells two generations apart.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Difference {
    /// What has to change in the one to make it the other, a line each.
    pub changes: Vec<String>,
    /// How many changes have no line here.
    pub more_changes: usize,
}

/// What is to be as it was.
#[derive(Debug, Clone, Copy)]
pub struct RollBack {
    /// At this generation.
    pub to: Generation,
    /// Whether to change anything.
    pub mode: ApplyMode,
    /// The generation that it is now; at another one it is a conflict.
    pub base: Option<Generation>,
}

impl Administration {
    /// A part of the directory's log, newest first.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn directory_log(
        &self,
        caller: &Caller,
        query: LogQuery,
        meta: &RequestMeta,
    ) -> Result<LoggedGenerations, AdminError> {
        let act = reading(caller, meta);
        let head = self.authorise(&act).await?.generation();
        let limit = query.limit.unwrap_or(USUAL_GENERATIONS);
        if !(1..=MAX_GENERATIONS).contains(&limit) {
            return Err(self.failed(&act, AdminError::LogLimit).await);
        }
        let end = query
            .before
            .map_or(head, |before| head.min(before.saturating_sub(1)));
        let begin = end.saturating_sub(limit.into());
        let found = self.summaries((begin, end)).await;
        let generations = match found {
            Ok(generations) => generations,
            Err(error) => return Err(self.failed(&act, error).await),
        };
        self.log_was_read(&act).await?;
        Ok(LoggedGenerations {
            generations,
            next: (begin > 0).then_some(begin + 1),
        })
    }

    /// The generations after the first and up to the second, newest first. One is read at a time: each may be
    /// as large as a directory.
    async fn summaries(
        &self,
        (begin, end): (Generation, Generation),
    ) -> Result<Vec<LoggedGeneration>, AdminError> {
        let mut found = Vec::new();
        for after in (begin..end).rev() {
            let logged = self.directory.logged_after(after, 1).await?;
            found.extend(
                logged
                    .iter()
                    .map(|it| LoggedGeneration::of(it, LISTED_LINES)),
            );
        }
        Ok(found)
    }

    /// One generation of the directory's log.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn logged_generation(
        &self,
        caller: &Caller,
        generation: Generation,
        meta: &RequestMeta,
    ) -> Result<LoggedGeneration, AdminError> {
        let act = reading(caller, meta);
        let head = self.authorise(&act).await?.generation();
        let found = match generation.checked_sub(1).filter(|_| generation <= head) {
            Some(after) => self.directory.logged_after(after, 1).await,
            None => Ok(Vec::new()),
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => return Err(self.failed(&act, error.into()).await),
        };
        let Some(logged) = found.first() else {
            return Err(self.failed(&act, no_generation(generation)).await);
        };
        self.log_was_read(&act).await?;
        Ok(LoggedGeneration::of(logged, MAX_LINES))
    }

    /// What has to change in the directory of one generation to make it that of another.
    ///
    /// # Errors
    /// [`AdminError`]
    pub async fn difference(
        &self,
        caller: &Caller,
        (from, to): (Generation, Generation),
        meta: &RequestMeta,
    ) -> Result<Difference, AdminError> {
        let act = reading(caller, meta);
        self.authorise(&act).await?;
        let both = match self.at(from).await {
            Ok(from) => self.at(to).await.map(|to| (from, to)),
            Err(error) => Err(error),
        };
        let (from, to) = match both {
            Ok(both) => both,
            Err(error) => return Err(self.failed(&act, error).await),
        };
        let changes = self.elsewhere(move |_| Ok(diff(&from, &to))).await?;
        self.log_was_read(&act).await?;
        let lines: Vec<String> = changes
            .iter()
            .take(MAX_LINES)
            .map(ToString::to_string)
            .collect();
        Ok(Difference {
            more_changes: changes.len() - lines.len(),
            changes: lines,
        })
    }

    /// Makes the directory what it was, by a new generation, or says what that would change. What was removed
    /// since then comes back without the sessions that it had: they stay ended.
    ///
    /// # Errors
    /// [`AdminError`]; the directory is as it was.
    pub async fn roll_back(
        &self,
        caller: &Caller,
        asked: RollBack,
        meta: &RequestMeta,
    ) -> Result<Applied, AdminError> {
        let act = Act {
            caller,
            action: AdminAction::RollBackDirectory,
            meta,
        };
        let snapshot = self.authorise_on(&act, asked.base).await?;
        let then = match self.at(asked.to).await {
            Ok(then) => then,
            Err(error) => return Err(self.failed(&act, error).await),
        };
        let (current, now) = (Arc::clone(&snapshot), meta.now);
        let work = move |flow: &Self| {
            let current = current.directory();
            flow.plan(current.rolled_back_to(then), current, now)
        };
        match self.elsewhere(work).await {
            Ok(plan) => self.carry_out(&act, &snapshot, plan, asked.mode).await,
            Err(error) => Err(self.failed(&act, error).await),
        }
    }

    /// The directory as it was at this generation.
    async fn at(&self, generation: Generation) -> Result<Directory, AdminError> {
        let _turn = self.replays.acquire().await;
        let found = self.directory.at(generation).await?;
        found
            .filter(|_| generation > 0)
            .ok_or_else(|| no_generation(generation))
    }

    async fn log_was_read(&self, act: &Act<'_>) -> Result<(), AdminError> {
        let subject = Subject::Caller(act.caller);
        let told = self
            .recorder
            .admin(act.meta, &subject, act.action, Outcome::Done);
        Ok(told.await?)
    }
}

const fn reading<'a>(caller: &'a Caller, meta: &'a RequestMeta) -> Act<'a> {
    Act {
        caller,
        action: AdminAction::ReadDirectoryLog,
        meta,
    }
}

fn no_generation(generation: Generation) -> AdminError {
    AdminError::NotThere {
        what: "generation",
        name: generation.to_string(),
    }
}
