//! The portal's pages: one struct a page, plain data in, `render` (of `askama::Template`) gives the
//! HTML.
//!
//! Templates escape everything; text from elsewhere is [`Shown`] before, and links are
//! [`LocalPath`](crate::domain::LocalPath). Nothing here decides: a page says what it was given.
//!
//! Forms post to `/sign-in`, `/sign-out`, `/sessions/…`, `/favourites` and `/credentials`; links lead to `/roles`,
//! `/sessions` and `/sign-in`.

mod credentials;
mod door;
mod no_roles;
mod role;
mod roles;
mod sessions;
mod why_not;

pub use credentials::{ChoiceState, CredentialsPage, DurationChoice, DurationLimit, LimitedBy};
pub use door::{
    AddressProblem, AtProvider, ConnectionChoice, Destination, ErrorPage, LeavePage, NextStep,
    RefusedPage, SignInPage, SignedOutPage, Way,
};
pub use no_roles::{ClaimSeen, NoRolesHint, NoRolesPage};
pub use role::RolePage;
pub use roles::{
    AccountRoles, Looking, MAX_MORE_TAGS, MAX_SHOWN_TAGS, OwnRoles, PickedRole, RoleRow, RolesPage,
};
pub use sessions::{SessionRow, SessionsPage, TakenIn};
pub use why_not::{Asked, Found, LinkedRole, Nearness, Standing, WhyNotAnswer, WhyNotPage};

use super::assets;
use super::language::MessageName;
use super::shown::Shown;
use crate::domain::{Secret, UnixTime};

/// The person that the account menu names, and the token that its forms carry.
pub struct PersonMenu {
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
    /// All of them, in the order in which the list of roles offers them.
    pub const ALL: [Self; 5] = [
        Self::Production,
        Self::Staging,
        Self::Development,
        Self::Sandbox,
        Self::Shared,
    ];

    /// The one that an address names by its class.
    pub fn named(class: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.class() == class)
    }

    /// The word that is always there beside the colour.
    pub const fn message(self) -> MessageName {
        match self {
            Self::Production => "environment-production",
            Self::Staging => "environment-staging",
            Self::Development => "environment-development",
            Self::Sandbox => "environment-sandbox",
            Self::Shared => "environment-shared",
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

#[cfg(test)]
mod tests;
