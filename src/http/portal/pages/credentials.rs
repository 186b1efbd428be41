//! The keys of one role.

use askama::Template;

use super::{Environment, PersonMenu, assets};
use crate::domain::{Credentials, RoleArn, SessionDuration, SessionName, UnixTime};
use crate::http::portal::formats::Formats;
use crate::http::portal::frame::Frame;
use crate::http::portal::language::{MessageName, Said};
use crate::http::portal::shown::Shown;

/// Credentials that were just issued, ready to paste. Never to be stored by a browser.
#[derive(Template)]
#[template(path = "credentials.html")]
pub struct CredentialsPage {
    /// What stands around it.
    pub frame: Frame,
    /// Who is signed in.
    pub person: PersonMenu,
    /// The role that the keys are for.
    pub role: RoleArn,
    /// What the role's account is called.
    pub account_alias: Option<Shown>,
    /// What the account is for, where it is known.
    pub environment: Option<Environment>,
    /// What the role is for.
    pub description: Option<Shown>,
    /// The address of the role's page, to be handed on.
    pub link: String,
    /// The session that the keys belong to.
    pub session_name: SessionName,
    /// The keys, for the table of parts.
    pub credentials: Credentials,
    /// The same keys as text to paste.
    pub formats: Formats,
    /// When the page was made: the time left counts from here.
    pub now: UnixTime,
    /// The lifetime that was issued, in seconds; usually, not always, one of `durations`.
    pub lifetime_seconds: u32,
    /// The lifetime that was asked for.
    pub asked: SessionDuration,
    /// What held the lifetime below what was asked for.
    pub shortened_by: Option<LimitedBy>,
    /// The lifetimes to renew for, shortest first.
    pub durations: Vec<DurationChoice>,
    /// Everything that bounds the lifetime; may be empty.
    pub limits: Vec<DurationLimit>,
}

/// One lifetime that may be chosen.
pub struct DurationChoice {
    /// The lifetime; goes back as `duration`, in seconds.
    pub duration: SessionDuration,
    /// Whether it is chosen, open or out of reach.
    pub state: ChoiceState,
}

/// How a choice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceState {
    /// It is the current one.
    Chosen,
    /// It may be chosen.
    Open,
    /// It is longer than a limit allows.
    TooLong,
}

/// What bounds the lifetime of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitedBy {
    /// The role's own maximum.
    Role,
    /// The mapping rule that gave the role, by its name.
    Rule(Shown),
    /// The sign-in ends before.
    SignIn,
    /// The identity provider says so.
    Provider,
    /// Keys that were got with other keys last an hour at most.
    RoleChaining,
}

/// One bound.
pub struct DurationLimit {
    /// What bounds.
    pub by: LimitedBy,
    /// The longest lifetime it allows, in seconds.
    pub seconds: u32,
}

impl DurationChoice {
    pub(super) fn is_chosen(&self) -> bool {
        self.state == ChoiceState::Chosen
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.state == ChoiceState::TooLong
    }
}

impl LimitedBy {
    fn words(&self, frame: &Frame) -> Said {
        match self {
            Self::Role => frame.say("limit-role"),
            Self::Rule(name) => frame.say("limit-rule").with("rule", name),
            Self::SignIn => frame.say("limit-sign-in"),
            Self::Provider => frame.say("limit-provider"),
            Self::RoleChaining => frame.say("limit-chaining"),
        }
    }
}

impl CredentialsPage {
    fn account_name(&self) -> String {
        let number = || self.role.account().to_string();
        self.account_alias
            .as_ref()
            .map_or_else(number, ToString::to_string)
    }

    fn path(&self) -> Option<&str> {
        Some(self.role.path()).filter(|path| *path != "/")
    }

    fn is_production(&self) -> bool {
        self.environment == Some(Environment::Production)
    }

    /// Seconds until the keys end; 0 where they have ended.
    fn left_seconds(&self) -> i64 {
        self.credentials.expiration.since(self.now).max(0)
    }

    /// `3:54:12`
    fn left_clock(&self) -> String {
        let left = self.left_seconds();
        format!("{}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60)
    }

    /// Why the lifetime isn't the one that was asked for: a whole sentence, or nothing.
    fn shortened(&self) -> Option<Said> {
        let message: MessageName = match self.shortened_by.as_ref()? {
            LimitedBy::Role => "shortened-by-role",
            LimitedBy::Rule(_) => "shortened-by-rule",
            LimitedBy::SignIn => "shortened-by-sign-in",
            LimitedBy::Provider => "shortened-by-provider",
            LimitedBy::RoleChaining => "shortened-by-chaining",
        };
        let said = self.frame.say(message);
        let said = said.with("asked", self.frame.lasting(self.asked.seconds()));
        Some(said.with("got", self.frame.lasting(self.lifetime_seconds)))
    }

    fn is_lowest(&self, limit: &DurationLimit) -> bool {
        self.limits
            .iter()
            .all(|other| limit.seconds <= other.seconds)
    }
}
