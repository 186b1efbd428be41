//! Why a role is not there.

use askama::Template;

use super::{ClaimSeen, PersonMenu, assets};
use crate::domain::{LocalPath, RequestId};
use crate::http::portal::frame::Frame;
use crate::http::portal::language::{MessageName, Said};
use crate::http::portal::shown::Shown;

/// Where a person asks about a role, and what they are told. It speaks of their own sign-in alone.
#[derive(Template)]
#[template(path = "why_not.html")]
pub struct WhyNotPage {
    /// What stands around it.
    pub frame: Frame,
    /// Who is signed in.
    pub person: PersonMenu,
    /// The account as it was asked for.
    pub account: Shown,
    /// The role as it was asked for.
    pub role: Shown,
    /// What was asked.
    pub asked: Asked,
}

/// What a person asked.
pub enum Asked {
    /// Nothing yet.
    Nothing,
    /// What can be no role's name.
    Unreadable,
    /// About this role.
    Role(Box<WhyNotAnswer>),
}

/// What is told about a role.
pub struct WhyNotAnswer {
    /// The account that was named.
    pub account: Option<Shown>,
    /// The role that was named.
    pub role: Shown,
    /// How it stands.
    pub standing: Standing,
    /// What stands out in the person's sign-in.
    pub findings: Vec<Found>,
    /// What their provider sent.
    pub claims: Vec<ClaimSeen>,
    /// Other roles of theirs in the account.
    pub beside: Vec<LinkedRole>,
    /// A new sign-in, which leads back to this page.
    pub sign_in_again: LocalPath,
    /// Under which id an administrator finds the trace.
    pub request_id: RequestId,
}

/// How a role stands to a person.
pub enum Standing {
    /// It is theirs.
    Offered(LinkedRole),
    /// A rule gives it to them, and it does not take them.
    NotTaken,
    /// No rule gives it to them.
    NotGiven,
}

/// A role of the person's, with a link to its page.
pub struct LinkedRole {
    /// What its account is called.
    pub account: Shown,
    /// Its name.
    pub role: Shown,
    /// Where its page is.
    pub href: LocalPath,
}

/// Something that stands out in a person's own sign-in.
pub enum Found {
    /// The provider left values of this claim out.
    LeftOut(Shown),
    /// A value nearly fits.
    Near {
        /// The claim.
        claim: Shown,
        /// How near it is.
        how: Nearness,
        /// The person's own value.
        value: Shown,
    },
    /// The provider has not verified this claim.
    Unverified(Shown),
    /// The provider did not send this claim.
    Missing(Shown),
    /// A rule fits, and what it makes of their values can't be used.
    Unfit,
}

/// How a value nearly fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nearness {
    /// But for upper and lower case.
    Case,
    /// But for white space around it.
    Space,
    /// As a part of it.
    Joined,
    /// One is a distinguished name, the other a common name.
    CommonName,
}

impl Nearness {
    const fn message(self) -> MessageName {
        match self {
            Self::Case => "found-case",
            Self::Space => "found-space",
            Self::Joined => "found-joined",
            Self::CommonName => "found-common-name",
        }
    }
}

impl Found {
    /// The sentence that says so.
    pub(super) fn words(&self, frame: &Frame) -> Said {
        match self {
            Self::LeftOut(claim) => frame.say("found-left-out").with("claim", claim),
            Self::Unverified(claim) => frame.say("found-unverified").with("claim", claim),
            Self::Missing(claim) => frame.say("found-missing").with("claim", claim),
            Self::Unfit => frame.say("found-unfit"),
            Self::Near { claim, how, value } => frame
                .say(how.message())
                .with("claim", claim)
                .with("value", value),
        }
    }
}

impl Found {
    /// The same for a message to an administrator, without the marks that isolate text on a page.
    pub(super) fn line(&self, frame: &Frame) -> String {
        let found = self.words(frame).to_string();
        let found = found.replace(['\u{2068}', '\u{2069}'], "");
        let said = frame.say("admin-message-found").with("found", found);
        said.to_string()
    }
}

impl WhyNotPage {
    /// What stands above the answer.
    fn heading(&self, answer: &WhyNotAnswer) -> Said {
        match &answer.account {
            Some(account) => self
                .frame
                .say("why-not-of")
                .with("role", &answer.role)
                .with("account", account),
            None => self.frame.say("why-not-of-any").with("role", &answer.role),
        }
    }

    /// Where a letter about the answer begins.
    fn letter(&self, answer: &WhyNotAnswer) -> Option<String> {
        let subject = self.frame.say("why-not-letter");
        let subject = subject.with("role", &answer.role);
        self.frame
            .letter(subject.with("id", answer.request_id.to_string()))
    }
}

impl WhyNotAnswer {
    /// How many lines the message to the administrator has.
    fn message_lines(&self) -> usize {
        4 + self.findings.len()
    }
}
