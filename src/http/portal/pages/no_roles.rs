//! Signed in, and no role came out.

use askama::Template;

use super::{Found, PersonMenu, assets};
use crate::domain::RequestId;
use crate::http::portal::frame::Frame;
use crate::http::portal::language::MessageName;
use crate::http::portal::shown::Shown;

/// The page of a person whom no rule gives a role.
#[derive(Template)]
#[template(path = "no_roles.html")]
pub struct NoRolesPage {
    /// What stands around it.
    pub frame: Frame,
    /// Who is signed in.
    pub person: PersonMenu,
    /// The claims that rules may look at, as the provider sent them: this person's own, no one
    /// else's.
    pub claims: Vec<ClaimSeen>,
    /// What the likely reason is, where it shows.
    pub hint: Option<NoRolesHint>,
    /// What else stands out in their sign-in.
    pub findings: Vec<Found>,
    /// Under which id an administrator finds the trace.
    pub request_id: RequestId,
}

/// One claim as it was received.
pub struct ClaimSeen {
    /// The claim's name.
    pub name: Shown,
    /// Its values in the order they came; may be empty.
    pub values: Vec<Shown>,
    /// How many more there are.
    pub more: usize,
}

impl ClaimSeen {
    pub(super) fn joined(&self, frame: &Frame) -> String {
        if self.values.is_empty() {
            return frame.say("admin-message-nothing").to_string();
        }
        let values: Vec<&str> = self.values.iter().map(Shown::as_str).collect();
        let joined = values.join(", ");
        if self.more == 0 {
            return joined;
        }
        let more = frame.say("claim-more").with("more", self.more).to_string();
        [joined, more].join(" ")
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
    const fn what(self) -> MessageName {
        match self {
            Self::GroupsLeftOut => "no-roles-left-out",
            Self::NoGroupsSent => "no-roles-not-sent",
        }
    }

    const fn what_to_do(self) -> MessageName {
        match self {
            Self::GroupsLeftOut => "no-roles-left-out-do",
            Self::NoGroupsSent => "no-roles-not-sent-do",
        }
    }
}

impl NoRolesPage {
    /// What stands out beside the reason that is told above.
    fn other_findings(&self) -> Vec<&Found> {
        let is_told = |found: &Found| match (self.hint, found) {
            (Some(NoRolesHint::GroupsLeftOut), Found::LeftOut(claim))
            | (Some(NoRolesHint::NoGroupsSent), Found::Missing(claim)) => {
                claim.as_str() == "groups"
            }
            _ => false,
        };
        let findings = self.findings.iter();
        findings.filter(|found| !is_told(found)).collect()
    }

    fn has_other_findings(&self) -> bool {
        !self.other_findings().is_empty()
    }

    fn letter(&self) -> Option<String> {
        let subject = self.frame.say("no-roles-letter");
        self.frame
            .letter(subject.with("id", self.request_id.to_string()))
    }

    /// How many lines the message has: four of its own, and one for each claim or that there is none.
    fn message_lines(&self) -> usize {
        4 + self.claims.len().max(1) + self.findings.len()
    }
}
