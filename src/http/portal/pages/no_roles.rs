//! Signed in, and no role came out.

use askama::Template;

use super::{PersonMenu, assets, date_and_time};
use crate::domain::RequestId;
use crate::http::portal::shown::Shown;

/// The page of a person whom no rule gives a role.
#[derive(Template)]
#[template(path = "no_roles.html")]
pub struct NoRolesPage {
    /// Who is signed in.
    pub person: PersonMenu,
    /// The claims that rules may look at, as the provider sent them: this person's own, no one
    /// else's.
    pub claims: Vec<ClaimSeen>,
    /// What the likely reason is, where it shows.
    pub hint: Option<NoRolesHint>,
    /// Under which id an administrator finds the trace.
    pub request_id: RequestId,
}

/// One claim as it was received.
pub struct ClaimSeen {
    /// The claim's name.
    pub name: Shown,
    /// Its values in the order they came; may be empty.
    pub values: Vec<Shown>,
}

impl ClaimSeen {
    fn joined(&self) -> String {
        if self.values.is_empty() {
            return "nothing".to_owned();
        }
        let values: Vec<&str> = self.values.iter().map(Shown::as_str).collect();
        values.join(", ")
    }
}

/// Why no role came out, as far as the sign-in itself shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRolesHint {
    /// The provider left the groups out of its answer because there are too many (group overage).
    GroupsLeftOut,
    /// The provider sent no groups at all.
    NoGroupsSent,
}

impl NoRolesHint {
    const fn what(self) -> &'static str {
        match self {
            Self::GroupsLeftOut => {
                "Your provider left out your groups because there are too many of them."
            }
            Self::NoGroupsSent => "Your provider sent no groups with your sign-in.",
        }
    }

    const fn what_to_do(self) -> &'static str {
        match self {
            Self::GroupsLeftOut => {
                "Roles are given by group, so none could be found. An admin can let the provider send only the groups that matter here."
            }
            Self::NoGroupsSent => {
                "Roles are given by group, so none could be found. An admin can add groups to what the provider sends."
            }
        }
    }
}

impl NoRolesPage {
    fn signed_in(&self) -> String {
        date_and_time(self.person.signed_in_at)
    }

    /// How many lines the message has: four of its own, and one for each claim or that there is none.
    fn message_lines(&self) -> usize {
        4 + self.claims.len().max(1)
    }
}
