//! Why there is no page, and the page that says so.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};

use super::frame::Frame;
use super::language::MessageName;
use super::pages::{ErrorPage, NextStep, RefusedPage};
use super::respond::{page, redirect};
use super::shown::Shown;
use super::words::Words;
use crate::causes::with_causes;
use crate::domain::{LocalPath, RequestId, UnixTime};
use crate::flows::{AssumeRoleError, LogoutRefusal, SignInRefusal, Unavailable};
use crate::http::edge::{BodyError, HostError, NotAdmitted};
use crate::throttle::Throttled;

/// Seconds after which somebody may try again when this node can't answer.
const BUSY_SECONDS: u64 = 5;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum PortalError {
    #[error("nobody is signed in")]
    NotSignedIn,
    #[error("the form was not sent from a page of this session")]
    Forbidden,
    #[error("there is no such page")]
    NotFound,
    #[error("the form can't be read: {0}")]
    Malformed(MessageName),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Throttled(#[from] Throttled),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    SignIn(SignInRefusal),
    #[error(transparent)]
    Assume(#[from] AssumeRoleError),
    #[error("there are too many favourites")]
    TooManyFavourites,
    /// A provider's request to sign somebody out.
    #[error("{refusal}")]
    LogoutRequest {
        refusal: LogoutRefusal,
        /// Whether somebody is still signed in in this browser, as far as its request says.
        is_signed_in: bool,
    },
    /// A provider's answer to ours; nobody is signed in any more in any case.
    #[error(transparent)]
    LogoutAnswer(LogoutRefusal),
    #[error("this node can't answer now")]
    Unavailable,
}

impl From<Unavailable> for PortalError {
    fn from(error: Unavailable) -> Self {
        tracing::error!(error = with_causes(&error), "the portal can't answer");
        Self::Unavailable
    }
}

/// Nobody was refused where this node can't answer.
impl From<SignInRefusal> for PortalError {
    fn from(refusal: SignInRefusal) -> Self {
        match refusal {
            SignInRefusal::Unavailable(error) => error.into(),
            refusal => Self::SignIn(refusal),
        }
    }
}

impl From<NotAdmitted> for PortalError {
    fn from(error: NotAdmitted) -> Self {
        match error {
            NotAdmitted::Throttled(throttled) => Self::Throttled(throttled),
            NotAdmitted::Queue(_) => Self::Unavailable,
        }
    }
}

/// How a refused sign-in can be begun anew.
pub(super) struct Retry {
    /// Where it begins.
    pub(super) href: LocalPath,
    /// Through whom it went, where that is known.
    pub(super) provider: Option<Shown>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            href: LocalPath::root(),
            provider: None,
        }
    }
}

impl PortalError {
    /// Where the page leads on to.
    fn next_step(&self, here: &LocalPath) -> Option<NextStep> {
        let label = match self {
            Self::LogoutRequest {
                is_signed_in: false,
                ..
            } => return None,
            Self::LogoutAnswer(_) => "sign-in-again",
            Self::Unavailable | Self::Throttled(_) => {
                return Some(NextStep {
                    label: "try-again",
                    href: here.clone(),
                });
            }
            _ => "to-roles",
        };
        let href = LocalPath::root();
        Some(NextStep { label, href })
    }

    pub(super) fn respond(self, frame: Frame, id: RequestId, at: UnixTime) -> HttpResponse {
        self.respond_to(frame, (id, at), Retry::default())
    }

    /// The page, of a refused sign-in with the way to begin it anew.
    pub(super) fn respond_to(
        self,
        frame: Frame,
        (id, at): (RequestId, UnixTime),
        retry: Retry,
    ) -> HttpResponse {
        if matches!(self, Self::NotSignedIn) {
            return redirect("/");
        }
        let is_sign_in = matches!(self, Self::SignIn(_));
        let next = self.next_step(&frame.here);
        let throttled = match &self {
            Self::Throttled(throttled) | Self::Assume(AssumeRoleError::Throttled(throttled)) => {
                Some(throttled.seconds())
            }
            _ => None,
        };
        let Words {
            status,
            title,
            what,
            more,
            what_to_do,
        } = self.words();
        let what_happened = what.said(&frame, at);
        let more = more.map(|more| more.said(&frame, at));
        let mut response = if is_sign_in {
            let refused = RefusedPage {
                frame,
                title,
                provider: retry.provider,
                what_happened,
                more,
                what_to_do,
                request_id: id,
                at,
                retry_href: retry.href,
            };
            page(status, &refused)
        } else {
            let error = ErrorPage {
                frame,
                status: status.as_u16(),
                title,
                what_happened,
                more,
                what_to_do,
                request_id: id,
                at,
                next,
            };
            page(status, &error)
        };
        let busy = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(BUSY_SECONDS);
        if let Some(seconds) = throttled.or(busy) {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
