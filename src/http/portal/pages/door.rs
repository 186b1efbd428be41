//! Pages without an account menu: signing in, signing out, and what went wrong.

use askama::Template;

use super::assets;
use crate::domain::LocalPath;
use crate::domain::{ConnectionId, RequestId, UnixTime};
use crate::federation::saml::messages::PostForm;
use crate::http::portal::frame::Frame;
use crate::http::portal::language::{MessageName, Said};
use crate::http::portal::shown::Shown;

/// Where a person chooses how to sign in.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// What stands around it.
    pub frame: Frame,
    /// Whether it asks for an e-mail address first.
    pub asks_for_address: bool,
    /// Why the address that was given led nowhere; the list is open then.
    pub problem: Option<AddressProblem>,
    /// Every connection that may be chosen; where empty, the page says so. The one that was used last is
    /// the first.
    pub connections: Vec<ConnectionChoice>,
    /// Where to go after signing in; goes back with the form.
    pub return_to: Option<LocalPath>,
    /// What `return_to` means in words.
    pub destination: Option<Destination>,
}

/// One connection to sign in through.
pub struct ConnectionChoice {
    /// Goes back as `connection`.
    pub id: ConnectionId,
    /// What people call it.
    pub display_name: Shown,
    /// Who it is for.
    pub description: Option<Shown>,
    /// Whether this browser used it last.
    pub is_last: bool,
}

/// Why an e-mail address led nowhere. Nothing of its person is known or told.
pub enum AddressProblem {
    /// It is none.
    NoAddress,
    /// No connection has its domain.
    UnknownDomain(Shown),
}

impl SignInPage {
    /// The connection that is shown before the list is opened.
    fn last(&self) -> Option<&ConnectionChoice> {
        let mut connections = self.connections.iter().filter(|_| self.folds());
        connections.find(|connection| connection.is_last)
    }

    /// Whether the list of connections is folded up below the question for an address.
    fn folds(&self) -> bool {
        self.asks_for_address && self.problem.is_none()
    }
}

/// The role that a deep link leads to.
pub struct Destination {
    /// The account's alias, or its number; any where it isn't said.
    pub account: Option<Shown>,
    /// The role's name.
    pub role: Shown,
}

/// A sign-in was refused; no keys were given out.
#[derive(Template)]
#[template(path = "refused.html")]
pub struct RefusedPage {
    /// What stands around it.
    pub frame: Frame,
    /// The heading, e.g. “You are not signed in”.
    pub title: MessageName,
    /// Through whom the sign-in went, where that is known.
    pub provider: Option<Shown>,
    /// What happened, in one short sentence without a code.
    pub what_happened: Said,
    /// What is known beyond it.
    pub more: Option<Said>,
    /// What to do next.
    pub what_to_do: MessageName,
    /// Under which id an administrator finds the reason.
    pub request_id: RequestId,
    /// When it was refused.
    pub at: UnixTime,
    /// Where “Sign in again” leads.
    pub retry_href: LocalPath,
}

impl RefusedPage {
    fn letter(&self) -> Option<String> {
        let subject = self.frame.say("refused-letter");
        self.frame
            .letter(subject.with("id", self.request_id.to_string()))
    }
}

/// Any other page that can't be given: 403, 404, 503, …
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What stands around it.
    pub frame: Frame,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The heading: what happened in a few words.
    pub title: MessageName,
    /// What happened, in one sentence.
    pub what_happened: Said,
    /// What is known beyond it.
    pub more: Option<Said>,
    /// What to do next.
    pub what_to_do: MessageName,
    /// Under which id an administrator finds the reason.
    pub request_id: RequestId,
    /// When it happened.
    pub at: UnixTime,
    /// Where the one button leads, where there is somewhere to go.
    pub next: Option<NextStep>,
}

impl ErrorPage {
    fn letter(&self) -> Option<String> {
        let subject = self.frame.say("error-letter");
        let subject = subject.with("status", self.status.to_string());
        self.frame
            .letter(subject.with("id", self.request_id.to_string()))
    }
}

/// The button of an error page.
pub struct NextStep {
    /// What it does, beginning with a verb: “Go to my roles”.
    pub label: MessageName,
    /// Where it leads.
    pub href: LocalPath,
}

/// The person has signed out.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// What stands around it.
    pub frame: Frame,
    /// What is known of their provider.
    pub at_provider: AtProvider,
}

/// Whether a person is signed out at their identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtProvider {
    /// It was not told.
    NotTold,
    /// It was not told, and keys that were to end go on.
    KeysGoOn,
    /// They are.
    SignedOut,
    /// It was asked to, and does not say what came of it.
    Asked,
    /// Not everywhere.
    Partly,
}

/// The browser leaves for a provider: by script, or by the one button.
#[derive(Template)]
#[template(path = "leave.html")]
pub struct LeavePage {
    /// What stands around it.
    pub frame: Frame,
    /// The heading.
    pub title: MessageName,
    /// What happens, and what to do if it doesn't.
    pub explanation: MessageName,
    /// What the button does.
    pub button: MessageName,
    /// How it leaves.
    pub way: Way,
}

/// How a browser leaves.
pub enum Way {
    /// By posting a message to the provider.
    Form(PostForm),
    /// By a link to the provider.
    Link(String),
}
