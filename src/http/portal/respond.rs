//! Pages as answers, and what went wrong as pages.

use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::assets::StaticFile;
use super::pages::{ErrorPage, NextStep, RefusedPage};
use super::shown::Shown;
use super::{Api, PortalApi};
use crate::domain::{LocalPath, RequestId, UnixTime};
use crate::federation::Quoted;
use crate::federation::id_token::TokenError;
use crate::federation::relying_party::SignInError;
use crate::flows::{AssumeRoleError, SignInRefusal, Unavailable};
use crate::http::edge::{BodyError, HostError};

/// The policy of every answer.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The policy of a page whose form leads on to other sites: Chromium blocks the redirect of a form
/// to any site that is not named.
pub fn content_security_policy(form_leads_to: &[String]) -> String {
    let own = "form-action 'self'";
    let mut with_sites = own.to_owned();
    for site in form_leads_to {
        with_sites.push(' ');
        with_sites.push_str(site);
    }
    CONTENT_SECURITY_POLICY.replace(own, &with_sites)
}

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
    Malformed(&'static str),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    SignIn(#[from] SignInRefusal),
    #[error(transparent)]
    Assume(#[from] AssumeRoleError),
    #[error("this node can't answer now")]
    Unavailable,
}

impl From<Unavailable> for PortalError {
    fn from(error: Unavailable) -> Self {
        tracing::error!(%error, "the portal can't answer");
        Self::Unavailable
    }
}

/// What a page says about an error: status, heading, what happened, what to do.
type Words = (StatusCode, &'static str, String, &'static str);

impl PortalError {
    pub(super) fn respond(self, api: &PortalApi, id: RequestId, at: UnixTime) -> HttpResponse {
        if matches!(self, Self::NotSignedIn) {
            return redirect("/");
        }
        let is_sign_in = matches!(self, Self::SignIn(_));
        let (status, title, what_happened, what_to_do) = self.words();
        let (what_happened, what_to_do) =
            (Shown::from(what_happened.as_str()), Shown::from(what_to_do));
        let (organisation, title) = (api.organisation(), Shown::from(title));
        let mut response = if is_sign_in {
            let retry_href = LocalPath::root();
            let refused = RefusedPage {
                organisation,
                title,
                what_happened,
                what_to_do,
                request_id: id,
                at,
                retry_href,
            };
            page(status, &refused)
        } else {
            let next = Some(NextStep {
                label: "Go to my roles",
                href: LocalPath::root(),
            });
            let error = ErrorPage {
                organisation,
                status: status.as_u16(),
                title,
                what_happened,
                what_to_do,
                request_id: id,
                at,
                next,
            };
            page(status, &error)
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }

    fn words(&self) -> Words {
        match self {
            Self::NotSignedIn => (
                StatusCode::UNAUTHORIZED,
                "You are not signed in",
                "Nobody is signed in in this browser.".to_owned(),
                "Sign in.",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "This form was not accepted",
                "It was not sent from a page of your own session.".to_owned(),
                "Go back to your roles and try again from there.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is no such page",
                "Nothing is at this address.".to_owned(),
                "Check the address, or go on from your roles.",
            ),
            Self::Malformed(what) => (
                StatusCode::BAD_REQUEST,
                "This form can’t be read",
                (*what).to_owned(),
                "Go back to your roles and try again from there.",
            ),
            Self::Host(error) => (
                match error {
                    HostError::Missing => StatusCode::BAD_REQUEST,
                    HostError::NotServed => StatusCode::MISDIRECTED_REQUEST,
                },
                "This address is not served here",
                "The request names a host that this gateway does not answer for.".to_owned(),
                "Use the address that your administrator gave you.",
            ),
            Self::Body(error) => (
                body_status(*error),
                "This form can’t be read",
                error.to_string(),
                "Try again.",
            ),
            Self::SignIn(refusal) => refusal_words(refusal),
            Self::Assume(error) => assume_words(error),
            Self::Unavailable => unavailable_words(),
        }
    }
}

const fn body_status(error: BodyError) -> StatusCode {
    match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken => StatusCode::BAD_REQUEST,
    }
}

fn unavailable_words() -> Words {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "Paused for a moment",
        "This gateway can’t answer at the moment. Nothing was changed.".to_owned(),
        "Try again in a few seconds.",
    )
}

/// What a person is told about a refused sign-in: never foreign text, never a check's inner values,
/// which the administrator finds under the request id.
fn refusal_words(refusal: &SignInRefusal) -> Words {
    let refused = |what: &str, what_to_do| {
        (
            StatusCode::FORBIDDEN,
            NOT_SIGNED_IN,
            what.to_owned(),
            what_to_do,
        )
    };
    match refusal {
        SignInRefusal::Answer(_) => (
            StatusCode::BAD_REQUEST,
            NOT_SIGNED_IN,
            "The answer of your identity provider can’t be read.".to_owned(),
            SIGN_IN_AGAIN,
        ),
        SignInRefusal::UnknownConnection => (
            StatusCode::NOT_FOUND,
            NOT_SIGNED_IN,
            "There is no such way to sign in.".to_owned(),
            "Choose one from the first page.",
        ),
        SignInRefusal::NoAttempt => refused(
            "This sign-in was finished already, or begun more than ten minutes ago.",
            "Sign in again.",
        ),
        SignInRefusal::OtherBrowser => refused(
            "This browser has no such sign-in under way: it was finished already, begun in another browser, or this browser refused our cookie.",
            "Sign in again, and finish in the same browser window.",
        ),
        SignInRefusal::UsedAlready => refused(
            "The answer of your identity provider was used already.",
            "Sign in again.",
        ),
        SignInRefusal::Provider(error) => provider_words(error),
        SignInRefusal::Unavailable(_) => unavailable_words(),
    }
}

const NOT_SIGNED_IN: &str = "You are not signed in";
const SIGN_IN_AGAIN: &str =
    "Sign in again. If it happens twice, send the id below to your administrator.";

fn provider_words(error: &SignInError) -> Words {
    let refused = |what: &str, what_to_do| {
        (
            StatusCode::FORBIDDEN,
            NOT_SIGNED_IN,
            what.to_owned(),
            what_to_do,
        )
    };
    match error {
        SignInError::Metadata(_) | SignInError::Provider { .. } => (
            StatusCode::BAD_GATEWAY,
            NOT_SIGNED_IN,
            "Your identity provider does not answer at the moment.".to_owned(),
            "Try again in a minute. If it goes on, tell your administrator the id below.",
        ),
        SignInError::Refused { description, error } => (
            StatusCode::FORBIDDEN,
            NOT_SIGNED_IN,
            format!(
                "Your identity provider turned the sign-in away and said: {}",
                said(error, description)
            ),
            SIGN_IN_AGAIN,
        ),
        SignInError::Token(TokenError::Expired { now, expired_at }) => (
            StatusCode::FORBIDDEN,
            NOT_SIGNED_IN,
            format!(
                "The answer of your identity provider came too late: it was good until {expired_at} and reached us at {now}."
            ),
            "Sign in again. If it happens twice, the provider’s clock is wrong: send the id below to your administrator.",
        ),
        SignInError::OtherIssuer { .. } | SignInError::OtherConnection => refused(
            "The answer came from another identity provider than the one you chose.",
            SIGN_IN_AGAIN,
        ),
        SignInError::Secret(_)
        | SignInError::Assertion(_)
        | SignInError::NoEndpoint(_)
        | SignInError::NoS256
        | SignInError::Url(_) => (
            StatusCode::BAD_GATEWAY,
            NOT_SIGNED_IN,
            "This way to sign in is not set up correctly.".to_owned(),
            "Send the id below to your administrator.",
        ),
        SignInError::Entropy(_) => unavailable_words(),
        SignInError::CodeRefused { .. }
        | SignInError::TokenAnswer
        | SignInError::NoIdToken
        | SignInError::OtherSubject { .. }
        | SignInError::Token(_) => refused(
            "The answer of your identity provider was not accepted.",
            SIGN_IN_AGAIN,
        ),
    }
}

/// The provider's own words; its code where it has none.
fn said(error: &Quoted, description: &Quoted) -> String {
    let description = description.to_string();
    if description.is_empty() {
        error.to_string()
    } else {
        description
    }
}

fn assume_words(error: &AssumeRoleError) -> Words {
    match error {
        AssumeRoleError::Unavailable(_) => unavailable_words(),
        AssumeRoleError::TooLarge { .. } => (
            StatusCode::BAD_REQUEST,
            "No keys were given out",
            "What this role’s session carries does not fit into its token.".to_owned(),
            "Send the id below to your administrator: the mapping rule gives too many or too long tags.",
        ),
        _ => (
            StatusCode::FORBIDDEN,
            "You can’t take this role",
            "Your sign-in does not give you this role, or not any more.".to_owned(),
            "Choose a role from your list. If this one should be there, send the id below to your administrator.",
        ),
    }
}

/// A page, never to be kept by a browser or a proxy.
pub(super) fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => HttpResponse::build(status)
            .insert_header(ContentType::html())
            .insert_header(("Cache-Control", "no-store"))
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError()
                .insert_header(("Cache-Control", "no-store"))
                .finish()
        }
    }
}

/// On to a place of our own or, from a sign-in, of the provider's. 303: the next request is a GET.
pub(super) fn redirect(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header(("Location", location))
        .insert_header(("Cache-Control", "no-store"))
        .finish()
}

/// `GET /static/{name}`
pub(super) async fn static_file(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |_| {
        let name = request.match_info().query("name");
        let file = StaticFile::named(name).ok_or(PortalError::NotFound)?;
        Ok(file_answer(file, &request))
    })
    .await
}

/// The file, or that the browser has it. Of its address `v` says which version was linked; whatever
/// else stands there is nobody's concern.
fn file_answer(file: &StaticFile, request: &HttpRequest) -> HttpResponse {
    let query = form_urlencoded::parse(request.query_string().as_bytes());
    let version = query.into_iter().find(|(name, _)| name == "v");
    let version = version.map(|(_, version)| version);
    let known = request
        .headers()
        .get("if-none-match")
        .and_then(|tag| tag.to_str().ok());
    let mut response = if known == Some(&*file.etag()) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header(("Content-Type", file.content_type))
        .insert_header(("Cache-Control", file.cache_control(version.as_deref())))
        .insert_header(("ETag", file.etag()));
    if known == Some(&*file.etag()) {
        response.finish()
    } else {
        response.body(file.bytes)
    }
}
