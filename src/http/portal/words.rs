//! What a person is told about what went wrong.

use actix_web::http::StatusCode;

use super::error::PortalError;
use crate::federation::Quoted;
use crate::federation::id_token::TokenError;
use crate::federation::relying_party::SignInError;
use crate::federation::saml::SamlError;
use crate::federation::saml::authentication::AuthenticationError;
use crate::federation::saml::browser_sso::SamlSignInError;
use crate::federation::saml::prove::SamlProofError;
use crate::federation::sign_in::ProviderError;
use crate::flows::{AssumeRoleError, LogoutRefusal, SignInRefusal};
use crate::http::edge::{BodyError, HostError};

const NOT_SIGNED_IN: &str = "You are not signed in";
const NOT_ACCEPTED: &str = "The answer of your identity provider was not accepted.";
const SIGN_IN_AGAIN: &str =
    "Sign in again. If it happens twice, send the id below to your administrator.";

/// What a page says about an error: status, heading, what happened, what to do.
pub(super) type Words = (StatusCode, &'static str, String, &'static str);

impl PortalError {
    pub(super) fn words(&self) -> Words {
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
            Self::Throttled(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
                "More was asked from your network address in a short time than is answered here. Nothing was changed.".to_owned(),
                "Wait a few seconds and try again. If it goes on, tell your administrator your network address and the time below: others may share the address, and such a refusal is counted, not recorded.",
            ),
            Self::Body(error) => (
                body_status(*error),
                "This form can’t be read",
                error.to_string(),
                "Try again.",
            ),
            Self::SignIn(refusal) => refusal_words(refusal),
            Self::Assume(error) => assume_words(error),
            Self::LogoutRequest { refusal, .. } => logout_words(
                refusal,
                "Your identity provider’s request to sign you out was not accepted.",
                "Sign out here by the menu of your roles. If it happens twice, send the id below to your administrator.",
            ),
            Self::LogoutAnswer(refusal) => logout_words(
                refusal,
                "You are signed out here. The answer of your identity provider was not accepted, so that you may still be signed in there.",
                "On a shared computer, sign out at your identity provider as well.",
            ),
            Self::Unavailable => unavailable_words(),
        }
    }
}

const fn body_status(error: BodyError) -> StatusCode {
    match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
        BodyError::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
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
    match refusal {
        SignInRefusal::Answer(_) | SignInRefusal::Form(_) | SignInRefusal::ResponseText(_) => (
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
        SignInRefusal::NothingKnown => (
            StatusCode::BAD_GATEWAY,
            NOT_SIGNED_IN,
            "Nothing is known of your identity provider yet.".to_owned(),
            "Try again in a minute. If it goes on, tell your administrator the id below.",
        ),
        SignInRefusal::UnknownProvider => refused(
            "The answer is of an identity provider that is not known here.",
            SIGN_IN_AGAIN,
        ),
        SignInRefusal::LoggedOut => refused(
            "You have signed out at your identity provider since.",
            "Sign in again.",
        ),
        SignInRefusal::Revoked => refused(
            "Your sessions were ended by an administrator since your identity provider answered.",
            "Wait a minute, and sign in again.",
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
        SignInRefusal::Provider(ProviderError::Oidc(error)) => provider_words(error),
        SignInRefusal::Provider(ProviderError::Saml(error)) => saml_words(error),
        SignInRefusal::Provider(ProviderError::OtherProtocol) => refused(
            "The answer came from another identity provider than the one you chose.",
            SIGN_IN_AGAIN,
        ),
        SignInRefusal::Unavailable(_) => unavailable_words(),
    }
}

fn refused(what: &str, what_to_do: &'static str) -> Words {
    (
        StatusCode::FORBIDDEN,
        NOT_SIGNED_IN,
        what.to_owned(),
        what_to_do,
    )
}

fn provider_words(error: &SignInError) -> Words {
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
        | SignInError::PrivateKeyAsSecret
        | SignInError::Assertion(_)
        | SignInError::NoEndpoint(_)
        | SignInError::NoS256
        | SignInError::Url(_) => not_set_up(),
        SignInError::Entropy(_) => unavailable_words(),
        SignInError::CodeRefused { .. }
        | SignInError::TokenAnswer
        | SignInError::NoIdToken
        | SignInError::OtherSubject { .. }
        | SignInError::Token(_) => refused(NOT_ACCEPTED, SIGN_IN_AGAIN),
    }
}

fn not_set_up() -> Words {
    (
        StatusCode::BAD_GATEWAY,
        NOT_SIGNED_IN,
        "This way to sign in is not set up correctly.".to_owned(),
        "Send the id below to your administrator.",
    )
}

fn saml_words(error: &SamlSignInError) -> Words {
    match error {
        SamlSignInError::MetadataExpired(_)
        | SamlSignInError::NoEndpoint(_)
        | SamlSignInError::NoKey
        | SamlSignInError::Signing(_)
        | SamlSignInError::Send(_) => not_set_up(),
        SamlSignInError::Entropy(_) => unavailable_words(),
        SamlSignInError::OtherConnection | SamlSignInError::OtherIssuer { .. } => refused(
            "The answer came from another identity provider than the one you chose.",
            SIGN_IN_AGAIN,
        ),
        SamlSignInError::NotAsked => refused(
            "Your identity provider sent you here without being asked, which is not allowed for it.",
            "Sign in from here.",
        ),
        SamlSignInError::RefusedUnasked => refused(
            "Your identity provider turned the sign-in away.",
            "Sign in from here.",
        ),
        SamlSignInError::Authentication(AuthenticationError::NotAnew { .. }) => refused(
            "Your identity provider let you in without asking you again, which is wanted here.",
            "Sign in again, and prove yourself when you are asked. If you are not asked, send the id below to your administrator.",
        ),
        SamlSignInError::Authentication(AuthenticationError::OtherClass { .. }) => refused(
            "You proved yourself to your identity provider in another way than is wanted here.",
            "Sign in again with what is wanted, such as a second factor. If you are not asked for it, send the id below to your administrator.",
        ),
        SamlSignInError::Proof(error) => match &**error {
            SamlProofError::MetadataExpired(_) => not_set_up(),
            SamlProofError::Response(error) => response_words(error),
            SamlProofError::TooManyClaims { .. }
            | SamlProofError::Disagreement(_)
            | SamlProofError::SecondOpinion(_)
            | SamlProofError::NoSecondOpinion => refused(NOT_ACCEPTED, SIGN_IN_AGAIN),
        },
    }
}

fn response_words(error: &SamlError) -> Words {
    match error {
        SamlError::Status {
            code,
            detail,
            message,
        } => (
            StatusCode::FORBIDDEN,
            NOT_SIGNED_IN,
            format!(
                "Your identity provider turned the sign-in away and said: {}",
                said(
                    if detail.as_str().is_empty() {
                        code
                    } else {
                        detail
                    },
                    message
                )
            ),
            SIGN_IN_AGAIN,
        ),
        SamlError::Expired { now, at, .. } => (
            StatusCode::FORBIDDEN,
            NOT_SIGNED_IN,
            format!(
                "The answer of your identity provider came too late: it was good until {at} and reached us at {now}."
            ),
            "Sign in again. If it happens twice, the provider’s clock is wrong: send the id below to your administrator.",
        ),
        SamlError::Issuer { .. } => refused(
            "The answer came from another identity provider than the one you chose.",
            SIGN_IN_AGAIN,
        ),
        // Of what was decrypted nothing is told before the provider has vouched for it.
        SamlError::Inside(_) => check_failed(SamlError::Decryption.check()),
        error => check_failed(error.check()),
    }
}

fn check_failed(check: &str) -> Words {
    let what = format!("{NOT_ACCEPTED} The check that failed is “{check}”.");
    refused(&what, SIGN_IN_AGAIN)
}

fn logout_words(refusal: &LogoutRefusal, what: &str, what_to_do: &'static str) -> Words {
    match refusal {
        LogoutRefusal::Unavailable(_) => unavailable_words(),
        LogoutRefusal::Send(_) => (
            StatusCode::BAD_GATEWAY,
            "You are signed out here",
            "Your identity provider could not be told.".to_owned(),
            "On a shared computer, sign out at your identity provider as well.",
        ),
        LogoutRefusal::Message(_)
        | LogoutRefusal::UnknownProvider
        | LogoutRefusal::NothingKnown
        | LogoutRefusal::OtherBrowser
        | LogoutRefusal::TooLate
        | LogoutRefusal::UsedAlready => (
            StatusCode::FORBIDDEN,
            "This sign-out was not accepted",
            what.to_owned(),
            what_to_do,
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
        AssumeRoleError::Throttled(_) => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests",
            "Keys were taken more often in a short time than is allowed, by you or in this account. None were given out.".to_owned(),
            "Wait a few seconds and try again. If it goes on, send the id below to your administrator.",
        ),
        AssumeRoleError::TooLarge { .. } => (
            StatusCode::BAD_REQUEST,
            "No keys were given out",
            "What this role’s session carries does not fit into its token.".to_owned(),
            "Send the id below to your administrator: the mapping rule gives too many or too long tags.",
        ),
        AssumeRoleError::ProviderSessionEnds { .. } => (
            StatusCode::FORBIDDEN,
            "No keys were given out",
            "Your identity provider ends your session in less than 15 minutes, which is the shortest time that keys are made for.".to_owned(),
            "Sign out and in again, then take the role.",
        ),
        _ => (
            StatusCode::FORBIDDEN,
            "You can’t take this role",
            "Your sign-in does not give you this role, or not any more.".to_owned(),
            "Choose a role from your list. If this one should be there, send the id below to your administrator.",
        ),
    }
}
