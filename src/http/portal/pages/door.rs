//! Pages without an account menu: signing in, signing out, and what went wrong.

use askama::Template;

use super::{assets, date_and_time};
use crate::domain::LocalPath;
use crate::domain::{ConnectionId, RequestId, UnixTime};
use crate::federation::saml::messages::PostForm;
use crate::http::portal::shown::Shown;

/// Where a person chooses how to sign in.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// The organisation that runs this gateway.
    pub organisation: Option<Shown>,
    /// Every connection that may be chosen; where empty, the page says so.
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
}

/// The role that a deep link leads to.
pub struct Destination {
    /// The account's alias, or its number.
    pub account: Shown,
    /// The role's name.
    pub role: Shown,
}

/// A sign-in was refused; no keys were given out.
#[derive(Template)]
#[template(path = "refused.html")]
pub struct RefusedPage {
    /// The organisation that runs this gateway.
    pub organisation: Option<Shown>,
    /// The heading, e.g. “You are not signed in”.
    pub title: Shown,
    /// What happened, in one sentence without a code.
    pub what_happened: Shown,
    /// What to do next.
    pub what_to_do: Shown,
    /// Under which id an administrator finds the reason.
    pub request_id: RequestId,
    /// When it was refused.
    pub at: UnixTime,
    /// Where “Sign in again” leads.
    pub retry_href: LocalPath,
}

impl RefusedPage {
    fn refused_at(&self) -> String {
        date_and_time(self.at)
    }
}

/// Any other page that can't be given: 403, 404, 503, …
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The organisation that runs this gateway.
    pub organisation: Option<Shown>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The heading: what happened in a few words.
    pub title: Shown,
    /// What happened, in one sentence.
    pub what_happened: Shown,
    /// What to do next.
    pub what_to_do: Shown,
    /// Under which id an administrator finds the reason.
    pub request_id: RequestId,
    /// When it happened.
    pub at: UnixTime,
    /// Where the one button leads, where there is somewhere to go.
    pub next: Option<NextStep>,
}

impl ErrorPage {
    fn happened_at(&self) -> String {
        date_and_time(self.at)
    }
}

/// The button of an error page.
pub struct NextStep {
    /// What it does, beginning with a verb: “Go to my roles”.
    pub label: &'static str,
    /// Where it leads.
    pub href: LocalPath,
}

/// The person has signed out.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// The organisation that runs this gateway.
    pub organisation: Option<Shown>,
    /// What is known of their provider.
    pub at_provider: AtProvider,
}

/// Whether a person is signed out at their identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtProvider {
    /// It was not told.
    NotTold,
    /// They are.
    SignedOut,
    /// Not everywhere.
    Partly,
}

/// The browser leaves for a provider: by script, or by the one button.
#[derive(Template)]
#[template(path = "leave.html")]
pub struct LeavePage {
    /// The organisation that runs this gateway.
    pub organisation: Option<Shown>,
    /// The heading.
    pub title: &'static str,
    /// What happens, and what to do if it doesn't.
    pub explanation: &'static str,
    /// What the button does.
    pub button: &'static str,
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
