//! The portal's pages: one struct a page, plain data in, `render` (of `askama::Template`) gives the
//! HTML.
//!
//! Templates escape everything; text from elsewhere is [`Shown`] before, and links are
//! [`LocalPath`](crate::domain::LocalPath). Nothing here decides: a page says what it was given.
//!
//! Forms post to `/sign-in`, `/sign-out` and `/credentials`; links lead to `/roles` and `/sign-in`.

mod credentials;
mod door;
mod no_roles;
mod roles;

pub use credentials::{ChoiceState, CredentialsPage, DurationChoice, DurationLimit, LimitedBy};
pub use door::{
    AtProvider, ConnectionChoice, Destination, ErrorPage, LeavePage, NextStep, RefusedPage,
    SignInPage, SignedOutPage, Way,
};
pub use no_roles::{ClaimSeen, NoRolesHint, NoRolesPage};
pub use roles::{AccountRoles, RoleRow, RolesPage};

use super::assets;
use super::shown::Shown;
use crate::domain::{Secret, UnixTime};

/// The person that the account menu names, and the token that its forms carry.
pub struct PersonMenu {
    /// The organisation that runs this gateway.
    pub organisation: Option<Shown>,
    /// What the person is called.
    pub display_name: Shown,
    /// The verified e-mail address, or the provider's subject where there is none.
    pub email_or_subject: Shown,
    /// The connection that vouched.
    pub connection_name: Shown,
    /// When the person signed in.
    pub signed_in_at: UnixTime,
    /// Goes back with every form of the page.
    pub csrf: Secret<String>,
}

impl PersonMenu {
    /// The first letters of the first two words, for the round badge.
    fn initials(&self) -> String {
        let words = self.display_name.as_str().split_whitespace();
        let letters = words.filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
        letters.take(2).flat_map(char::to_uppercase).collect()
    }

    fn signed_in_time(&self) -> String {
        time_of_day(self.signed_in_at)
    }
}

/// What kind of work an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Real customers, real data.
    Production,
    /// The last step before production.
    Staging,
    /// Where things are built.
    Development,
    /// Where things are tried.
    Sandbox,
    /// What all environments share: logs, network, tools.
    Shared,
}

impl Environment {
    /// The word that is always there beside the colour.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Staging => "Staging",
            Self::Development => "Development",
            Self::Sandbox => "Sandbox",
            Self::Shared => "Shared",
        }
    }

    /// The end of the class names `env-…` and `acct-…`.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
            Self::Sandbox => "sandbox",
            Self::Shared => "shared",
        }
    }
}

/// `21 Nov 2026, 09:33:51 UTC`
fn date_and_time(at: UnixTime) -> String {
    written(at, "%-d %b %Y, %H:%M:%S UTC")
}

/// `09:33 UTC`
fn time_of_day(at: UnixTime) -> String {
    written(at, "%H:%M UTC")
}

fn written(at: UnixTime, pattern: &str) -> String {
    jiff::Timestamp::from_second(at.seconds())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime(pattern)
        .to_string()
}

/// `15 min`, `4 h`, `1 h 30 min`; below a minute `45 s`. Rounded down: never more than is left.
fn lasting(seconds: u32) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => [&seconds.to_string(), " s"].concat(),
        (0, minutes) => [&minutes.to_string(), " min"].concat(),
        (hours, 0) => [&hours.to_string(), " h"].concat(),
        (hours, minutes) => [&hours.to_string(), " h ", &minutes.to_string(), " min"].concat(),
    }
}

#[cfg(test)]
mod tests;
