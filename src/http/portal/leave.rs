//! How a browser leaves for a provider.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_SECURITY_POLICY;

use super::error::PortalError;
use super::frame::Frame;
use super::language::MessageName;
use super::pages::{LeavePage, Way};
use super::respond::{content_security_policy, page, redirect};
use crate::federation::sign_in::Departure;

/// What a browser leaves for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// To sign in; by a form of ours, whose page names the sites that its redirect leads to.
    ToSignIn,
    /// To sign out there, too; by a form of ours on any page, whose policy names no other site. A page
    /// in between leads on then.
    ToSignOut,
    /// Back, after the provider had its person signed out here.
    AfterSignOut,
}

impl Leaving {
    /// Title, explanation and button.
    const fn words(self) -> (MessageName, MessageName, MessageName) {
        match self {
            Self::ToSignIn => ("leave-to-sign-in", "leave-to-sign-in-wait", "go-on"),
            Self::ToSignOut => (
                "leave-signed-out",
                "leave-to-sign-out-wait",
                "leave-to-sign-out-button",
            ),
            Self::AfterSignOut => ("leave-signed-out", "leave-after-sign-out-wait", "go-on"),
        }
    }
}

/// The answer by which a browser leaves; `sites` are the origins that it leads to.
pub(super) fn leave(
    frame: Frame,
    leaving: Leaving,
    departure: Departure,
    sites: &[String],
) -> Result<HttpResponse, PortalError> {
    let way = match (departure, leaving) {
        (Departure::Redirect(url), Leaving::ToSignIn | Leaving::AfterSignOut) => {
            return Ok(redirect(&url));
        }
        (Departure::Redirect(url), Leaving::ToSignOut) => Way::Link(url),
        (Departure::Post(form), _) => Way::Form(form),
    };
    let (title, explanation, button) = leaving.words();
    let mut response = page(
        StatusCode::OK,
        &LeavePage {
            frame,
            title,
            explanation,
            button,
            way,
        },
    );
    let policy = content_security_policy(sites);
    let policy = policy.parse().map_err(|_| PortalError::Unavailable)?;
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}
