//! What a person is told about what went wrong.

use actix_web::http::StatusCode;

use super::error::PortalError;
use super::frame::Frame;
use super::language::{MessageName, Said};
use super::shown::Shown;
use crate::domain::UnixTime;
use crate::federation::Quoted;
use crate::federation::id_token::TokenError;
use crate::federation::key_cache::KeyError;
use crate::federation::relying_party::SignInError;
use crate::federation::saml::SamlError;
use crate::federation::saml::authentication::AuthenticationError;
use crate::federation::saml::browser_sso::SamlSignInError;
use crate::federation::saml::prove::SamlProofError;
use crate::federation::sign_in::ProviderError;
use crate::flows::{AssumeRoleError, LogoutRefusal, SignInRefusal};
use crate::http::edge::{BodyError, HostError};

const NOT_SIGNED_IN: MessageName = "refused";
const NOT_ACCEPTED: MessageName = "refused-not-accepted";
const SIGN_IN_AGAIN: MessageName = "refused-not-accepted-do";

/// What a page says about an error.
pub(super) struct Words {
    /// The status of the answer.
    pub(super) status: StatusCode,
    /// The heading.
    pub(super) title: MessageName,
    /// What happened, in one short sentence.
    pub(super) what: What,
    /// What is known beyond it.
    pub(super) more: Option<What>,
    /// What to do next.
    pub(super) what_to_do: MessageName,
}

/// What happened: a message, and what it speaks of.
pub(super) struct What {
    message: MessageName,
    arguments: Vec<(&'static str, Value)>,
}

/// What a message speaks of.
enum Value {
    Text(Shown),
    Time(UnixTime),
}

impl What {
    /// The sentence in a page's language, of what happened at `now`.
    pub(super) fn said(&self, frame: &Frame, now: UnixTime) -> Said {
        let said = frame.say(self.message);
        self.arguments
            .iter()
            .fold(said, |said, (name, value)| match value {
                Value::Text(text) => said.with(name, text),
                Value::Time(at) => said.with(name, frame.moment(*at, now)),
            })
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.arguments.push((name, Value::Text(value.into())));
        self
    }

    fn with_time(mut self, name: &'static str, at: UnixTime) -> Self {
        self.arguments.push((name, Value::Time(at)));
        self
    }
}

fn say(message: MessageName) -> What {
    What {
        message,
        arguments: Vec::new(),
    }
}

const fn words(
    status: StatusCode,
    title: MessageName,
    what: What,
    what_to_do: MessageName,
) -> Words {
    Words {
        status,
        title,
        what,
        more: None,
        what_to_do,
    }
}

impl Words {
    fn with_more(mut self, more: What) -> Self {
        self.more = Some(more);
        self
    }
}

impl PortalError {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::NotSignedIn => words(
                StatusCode::UNAUTHORIZED,
                "refused",
                say("error-not-signed-in"),
                "error-not-signed-in-do",
            ),
            Self::Forbidden => words(
                StatusCode::FORBIDDEN,
                "error-forbidden",
                say("error-forbidden-what"),
                "error-form-do",
            ),
            Self::NotFound => words(
                StatusCode::NOT_FOUND,
                "error-not-found",
                say("error-not-found-what"),
                "error-not-found-do",
            ),
            Self::TooManyFavourites => words(
                StatusCode::CONFLICT,
                "favourites-full",
                say("favourites-full-what"),
                "favourites-full-do",
            ),
            Self::Malformed(what) => form_words(StatusCode::BAD_REQUEST, what, "error-form-do"),
            Self::Host(error) => words(
                host_status(*error),
                "error-host",
                say("error-host-what"),
                "error-host-do",
            ),
            Self::Throttled(_) => words(
                StatusCode::TOO_MANY_REQUESTS,
                "error-throttled",
                say("error-throttled-address"),
                "error-throttled-address-do",
            ),
            Self::Body(error) => {
                form_words(body_status(*error), body_what(*error), "error-try-again-do")
            }
            Self::SignIn(refusal) => refusal_words(refusal),
            Self::Assume(error) => assume_words(error),
            Self::LogoutRequest { refusal, .. } => {
                logout_words(refusal, "logout-request", "logout-request-do")
            }
            Self::LogoutAnswer(refusal) => {
                logout_words(refusal, "logout-answer", "logout-answer-do")
            }
            Self::Unavailable => unavailable_words(),
        }
    }
}

fn form_words(status: StatusCode, what: MessageName, what_to_do: MessageName) -> Words {
    words(status, "error-form", say(what), what_to_do)
}

const fn host_status(error: HostError) -> StatusCode {
    match error {
        HostError::Missing => StatusCode::BAD_REQUEST,
        HostError::NotServed => StatusCode::MISDIRECTED_REQUEST,
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

const fn body_what(error: BodyError) -> MessageName {
    match error {
        BodyError::TooLarge => "body-too-large",
        BodyError::TooSlow => "body-too-slow",
        BodyError::NoRoom => "body-no-room",
        BodyError::Broken => "body-broken",
    }
}

fn unavailable_words() -> Words {
    words(
        StatusCode::SERVICE_UNAVAILABLE,
        "error-unavailable",
        say("error-unavailable-what"),
        "error-unavailable-do",
    )
}

/// What a person is told about a refused sign-in: never foreign text, never a check's inner values,
/// which the administrator finds under the request id.
fn refusal_words(refusal: &SignInRefusal) -> Words {
    match refusal {
        SignInRefusal::Answer(_) | SignInRefusal::Form(_) | SignInRefusal::ResponseText(_) => {
            words(
                StatusCode::BAD_REQUEST,
                NOT_SIGNED_IN,
                say("refused-unreadable"),
                SIGN_IN_AGAIN,
            )
        }
        SignInRefusal::UnknownConnection => words(
            StatusCode::NOT_FOUND,
            NOT_SIGNED_IN,
            say("refused-no-connection"),
            "refused-no-connection-do",
        ),
        SignInRefusal::NothingKnown => words(
            StatusCode::BAD_GATEWAY,
            NOT_SIGNED_IN,
            say("refused-nothing-known"),
            "refused-later-do",
        ),
        SignInRefusal::UnknownProvider => refused("refused-unknown-provider", SIGN_IN_AGAIN),
        SignInRefusal::LoggedOut => refused("refused-logged-out", "refused-again-do"),
        SignInRefusal::Revoked => refused("refused-revoked", "refused-revoked-do"),
        SignInRefusal::NoAttempt => refused("refused-no-attempt", "refused-again-do"),
        SignInRefusal::OtherBrowser => {
            let why = say("refused-other-browser-why");
            refused("refused-other-browser", "refused-other-browser-do").with_more(why)
        }
        SignInRefusal::UsedAlready => refused("refused-used-already", "refused-again-do"),
        SignInRefusal::Provider(ProviderError::Oidc(error)) => provider_words(error),
        SignInRefusal::Provider(ProviderError::Saml(error)) => saml_words(error),
        SignInRefusal::Provider(ProviderError::OtherProtocol) => {
            refused("refused-other-provider", SIGN_IN_AGAIN)
        }
        SignInRefusal::Unavailable(_) => unavailable_words(),
    }
}

fn refused(what: MessageName, what_to_do: MessageName) -> Words {
    words(StatusCode::FORBIDDEN, NOT_SIGNED_IN, say(what), what_to_do)
}

fn provider_words(error: &SignInError) -> Words {
    match error {
        SignInError::Metadata(_) | SignInError::Provider { .. } => words(
            StatusCode::BAD_GATEWAY,
            NOT_SIGNED_IN,
            say("refused-silent"),
            "refused-later-do",
        ),
        SignInError::Refused { description, error } => turned_away(&said(error, description)),
        SignInError::Token(error) => token_words(error),
        SignInError::OtherIssuer { .. } | SignInError::OtherConnection => {
            refused("refused-other-provider", SIGN_IN_AGAIN)
        }
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
        | SignInError::OtherSubject { .. } => refused(NOT_ACCEPTED, SIGN_IN_AGAIN),
    }
}

fn token_words(error: &TokenError) -> Words {
    match error {
        TokenError::Expired { now, expired_at } => late(*now, *expired_at),
        TokenError::IssuedInFuture {
            now,
            issued_at: from,
        }
        | TokenError::NotYetValid {
            now,
            not_before: from,
        } => early(*now, *from),
        TokenError::Audience { .. } | TokenError::AuthorizedParty { .. } => {
            refused("refused-other-audience", "refused-other-audience-do")
        }
        TokenError::Nonce { .. } => refused("refused-other-sign-in", SIGN_IN_AGAIN),
        TokenError::Key {
            source: KeyError::UnknownKey,
            ..
        }
        | TokenError::Algorithm { .. }
        | TokenError::Signature => unknown_signature(),
        _ => refused(NOT_ACCEPTED, SIGN_IN_AGAIN),
    }
}

fn late(now: UnixTime, end: UnixTime) -> Words {
    let times = say("refused-late-when").with_time("end", end);
    refused("refused-late", "refused-late-do").with_more(times.with_time("now", now))
}

fn early(now: UnixTime, from: UnixTime) -> Words {
    let times = say("refused-early-when").with_time("from", from);
    refused("refused-early", "refused-early-do").with_more(times.with_time("now", now))
}

fn unknown_signature() -> Words {
    refused("refused-signature", "refused-signature-do").with_more(say("refused-signature-why"))
}

fn not_set_up() -> Words {
    words(
        StatusCode::BAD_GATEWAY,
        NOT_SIGNED_IN,
        say("refused-not-set-up"),
        "refused-not-set-up-do",
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
        SamlSignInError::OtherConnection | SamlSignInError::OtherIssuer { .. } => {
            refused("refused-other-provider", SIGN_IN_AGAIN)
        }
        SamlSignInError::NotAsked => refused("refused-not-asked", "refused-not-asked-do"),
        SamlSignInError::RefusedUnasked => refused("refused-turned-away", "refused-not-asked-do"),
        SamlSignInError::Authentication(AuthenticationError::NotAnew { .. }) => {
            refused("refused-not-anew", "refused-not-anew-do")
        }
        SamlSignInError::Authentication(AuthenticationError::OtherClass { .. }) => {
            refused("refused-other-class", "refused-other-class-do")
        }
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
        } => {
            let code = if detail.as_str().is_empty() {
                code
            } else {
                detail
            };
            turned_away(&said(code, message))
        }
        SamlError::Expired { now, at, .. } => late(*now, *at),
        SamlError::IssuedInFuture { now, at, .. } | SamlError::NotYetValid { now, at, .. } => {
            early(*now, *at)
        }
        SamlError::Audience { .. } => {
            refused("refused-other-audience", "refused-other-audience-do")
        }
        SamlError::InResponseTo { .. }
        | SamlError::Solicited { .. }
        | SamlError::Unsolicited { .. } => refused("refused-other-sign-in", SIGN_IN_AGAIN),
        SamlError::Signature(_) | SamlError::Unsigned => unknown_signature(),
        SamlError::Assertions { .. } | SamlError::MisplacedAssertion { .. } => {
            refused("refused-rebuilt", SIGN_IN_AGAIN).with_more(say("refused-rebuilt-why"))
        }
        SamlError::Issuer { .. } => refused("refused-other-provider", SIGN_IN_AGAIN),
        // Of what was decrypted nothing is told before the provider has vouched for it.
        SamlError::Inside(_) => check_failed(SamlError::Decryption.check()),
        error => check_failed(error.check()),
    }
}

/// With the provider's own words.
fn turned_away(said: &str) -> Words {
    let words = say("refused-turned-away-said").with("said", said);
    refused("refused-turned-away", SIGN_IN_AGAIN).with_more(words)
}

fn check_failed(check: &str) -> Words {
    let which = say("refused-check").with("check", check);
    refused(NOT_ACCEPTED, SIGN_IN_AGAIN).with_more(which)
}

fn logout_words(refusal: &LogoutRefusal, what: MessageName, what_to_do: MessageName) -> Words {
    match refusal {
        LogoutRefusal::Unavailable(_) => unavailable_words(),
        LogoutRefusal::Send(_) => words(
            StatusCode::BAD_GATEWAY,
            "leave-signed-out",
            say("logout-not-told"),
            "logout-answer-do",
        ),
        LogoutRefusal::Message(_)
        | LogoutRefusal::Token(_)
        | LogoutRefusal::UnknownProvider
        | LogoutRefusal::NothingKnown
        | LogoutRefusal::OtherBrowser
        | LogoutRefusal::TooLate
        | LogoutRefusal::UsedAlready => words(
            StatusCode::FORBIDDEN,
            "logout-refused",
            say(what),
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
        AssumeRoleError::Throttled(_) => words(
            StatusCode::TOO_MANY_REQUESTS,
            "error-throttled",
            say("error-throttled-keys"),
            "error-throttled-keys-do",
        ),
        AssumeRoleError::TooLarge { .. } => words(
            StatusCode::BAD_REQUEST,
            "error-no-keys",
            say("error-too-large"),
            "error-too-large-do",
        ),
        AssumeRoleError::ProviderSessionEnds { .. } => words(
            StatusCode::FORBIDDEN,
            "error-no-keys",
            say("error-provider-ends"),
            "error-provider-ends-do",
        ),
        _ => words(
            StatusCode::FORBIDDEN,
            "error-not-yours",
            say("error-not-yours-what"),
            "error-not-yours-do",
        ),
    }
}
