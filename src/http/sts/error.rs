//! What a refusal looks like on the wire: AWS's code, text and status (STS API reference, "Errors").

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::answer::{FAULT_NAMESPACE, Fault, Format, STS_NAMESPACE};
use super::parameters::ParameterError;
use super::{access_token_error, saml_error};
use crate::domain::{Principal, RequestId};
use crate::federation::id_token::TokenError;
use crate::flows::{
    AssumeRoleError, AuthenticationError, CallerIdentityError, MfaError, RegionDisabled, RootError,
    TokenRefused, UserSessionError,
};
use crate::http::edge::{BodyError, HostError, NotAdmitted};
use crate::policy::{AssumeAction, Denial, StsAction};
use crate::sigv4::SigV4Error;

/// Seconds after which a caller may try again when this node can't answer.
const RETRY_AFTER: &str = "1";

/// A refusal by the STS API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsFault {
    status: StatusCode,
    namespace: &'static str,
    code: &'static str,
    message: Option<String>,
    recorded: Recorded,
    operation: Option<String>,
    /// Whether a proof that the call carried did not hold.
    is_failed_proof: bool,
}

/// Whether the audit knows of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The flow that refused has recorded it, or could not.
    ByFlow,
    /// No flow was reached.
    NotYet,
    /// It is counted, and nothing else: there may be any number of them.
    Counted,
}

impl StsFault {
    /// A refusal after an operation was found.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            namespace: STS_NAMESPACE,
            code,
            message: Some(message.into()),
            recorded: Recorded::NotYet,
            operation: None,
            is_failed_proof: false,
        }
    }

    /// A refusal before an operation was found.
    pub fn undispatched(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            namespace: FAULT_NAMESPACE,
            ..Self::new(status, code, message)
        }
    }

    /// A value of the wrong shape; AWS gives no text for it.
    pub const fn malformed_input() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            namespace: STS_NAMESPACE,
            code: "MalformedInput",
            message: None,
            recorded: Recorded::NotYet,
            operation: None,
            is_failed_proof: false,
        }
    }

    /// A number that is there without a value.
    pub fn missing_number() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "MalformedInput",
            "missing value for decimal type",
        )
    }

    /// `ValidationError`, 400.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }

    /// This node can't answer now.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "The service can't answer at the moment; try again.",
        )
    }

    /// The caller, its address or its account asks too often.
    fn throttling() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Throttling", "Rate exceeded")
    }

    /// The code, for the audit.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The text, for the audit; the code where AWS gives none.
    pub fn reason(&self) -> &str {
        self.message.as_deref().unwrap_or(self.code)
    }

    /// The operation that was asked for, as the caller wrote it; empty where none was read.
    pub fn operation(&self) -> &str {
        self.operation.as_deref().unwrap_or_default()
    }

    /// The same refusal, of a call for this operation.
    pub(super) fn of_operation(self, action: &str) -> Self {
        Self {
            operation: Some(action.to_owned()),
            ..self
        }
    }

    /// Whether the audit knows of it.
    pub const fn recorded(&self) -> Recorded {
        self.recorded
    }

    /// Whether a proof that the call carried did not hold.
    pub const fn is_failed_proof(&self) -> bool {
        self.is_failed_proof
    }

    /// The same refusal, of which the audit knows.
    pub(super) fn recorded_by_flow(self) -> Self {
        Self {
            recorded: Recorded::ByFlow,
            ..self
        }
    }

    /// The answer.
    pub fn respond(&self, id: RequestId, format: Format) -> HttpResponse {
        let blame = if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let fault = Fault {
            namespace: self.namespace,
            blame,
            code: self.code,
            message: self.message.as_deref(),
        };
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header(("Retry-After", RETRY_AFTER));
        }
        super::headers(&mut response, id, format).body(fault.render(id, format))
    }
}

impl From<BodyError> for StsFault {
    fn from(error: BodyError) -> Self {
        let (status, code) = match error {
            BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge"),
            BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
            BodyError::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "MalformedInput"),
        };
        Self::undispatched(status, code, sentence(&error))
    }
}

impl From<HostError> for StsFault {
    fn from(error: HostError) -> Self {
        let status = match error {
            HostError::Missing => StatusCode::BAD_REQUEST,
            HostError::NotServed => StatusCode::MISDIRECTED_REQUEST,
        };
        Self::undispatched(status, "InvalidHost", sentence(&error))
    }
}

impl From<ParameterError> for StsFault {
    fn from(error: ParameterError) -> Self {
        let code = match error {
            ParameterError::TooMany | ParameterError::Malformed => "MalformedQueryString",
            ParameterError::Repeated { .. } => "InvalidParameterCombination",
            ParameterError::List { .. } => "MalformedInput",
        };
        Self::undispatched(StatusCode::BAD_REQUEST, code, sentence(&error))
    }
}

impl From<AuthenticationError> for StsFault {
    fn from(error: AuthenticationError) -> Self {
        Self {
            is_failed_proof: error.is_failed_proof(),
            ..Self::unauthenticated(&error).recorded_by_flow()
        }
    }
}

impl From<CallerIdentityError> for StsFault {
    fn from(error: CallerIdentityError) -> Self {
        match error {
            CallerIdentityError::Authentication(error) => error.into(),
            CallerIdentityError::Throttled(_) => Self::throttling().recorded_by_flow(),
        }
    }
}

impl From<AssumeRoleError> for StsFault {
    fn from(error: AssumeRoleError) -> Self {
        Self {
            is_failed_proof: error.is_failed_proof(),
            ..Self::not_assumed(&error).recorded_by_flow()
        }
    }
}

impl From<UserSessionError> for StsFault {
    fn from(error: UserSessionError) -> Self {
        Self {
            is_failed_proof: error.is_failed_proof(),
            ..Self::not_given(&error).recorded_by_flow()
        }
    }
}

/// Before anything of the request was read.
impl From<RootError> for StsFault {
    fn from(error: RootError) -> Self {
        let fault = match &error {
            RootError::Authentication(error) => Self::unauthenticated(error),
            _ => Self::unavailable(),
        };
        Self {
            is_failed_proof: error.is_failed_proof(),
            ..fault.recorded_by_flow()
        }
    }
}

impl From<TokenRefused> for StsFault {
    fn from(error: TokenRefused) -> Self {
        Self {
            is_failed_proof: error.is_failed_proof(),
            ..Self::not_vouched(&error).recorded_by_flow()
        }
    }
}

/// Before anything of the call was read.
impl From<NotAdmitted> for StsFault {
    fn from(error: NotAdmitted) -> Self {
        let fault = match error {
            NotAdmitted::Throttled(_) => Self::throttling(),
            NotAdmitted::Queue(_) => Self::unavailable(),
        };
        Self {
            recorded: Recorded::Counted,
            ..fault
        }
    }
}

impl StsFault {
    fn unauthenticated(error: &AuthenticationError) -> Self {
        let message = match error {
            AuthenticationError::Signature(error) => return (*error).into(),
            AuthenticationError::Unavailable(_) | AuthenticationError::Audit(_) => {
                return Self::unavailable();
            }
            AuthenticationError::NotSigned => "Request is missing Authentication Token",
            AuthenticationError::InvalidToken => {
                "The security token included in the request is invalid"
            }
            AuthenticationError::ExpiredToken { .. } => {
                "The security token included in the request is expired"
            }
        };
        Self::new(StatusCode::FORBIDDEN, error.code(), message)
    }

    fn not_given(error: &UserSessionError) -> Self {
        match error {
            UserSessionError::Authentication(error) => Self::unauthenticated(error),
            UserSessionError::Throttled(_) => Self::throttling(),
            UserSessionError::Unavailable(_) => Self::unavailable(),
            UserSessionError::Mfa(error) => Self::second_factor(error),
            UserSessionError::SessionCredentials(_)
            | UserSessionError::ServiceCaller(_)
            | UserSessionError::Denied(_) => Self::denied(error.to_string()),
            UserSessionError::RegionDisabled(disabled) => Self::region_disabled(*disabled),
            UserSessionError::TooLarge { percent } => {
                Self::new(StatusCode::BAD_REQUEST, error.code(), too_large(*percent))
            }
            UserSessionError::TradeInToken => Self::new(
                StatusCode::BAD_REQUEST,
                error.code(),
                "The trade-in token provided in the request has expired and can no longer be exchanged for credentials.",
            ),
            UserSessionError::InvalidMessage => {
                Self::new(StatusCode::BAD_REQUEST, error.code(), error.to_string())
            }
            UserSessionError::UnknownPolicy(_) | UserSessionError::UnknownKey => {
                Self::new(StatusCode::BAD_REQUEST, error.code(), sentence(error))
            }
        }
    }

    /// AWS's text: it is the same whether the caller's policies are silent, or the account is none that their
    /// account manages.
    pub(super) fn no_root(error: &RootError, (principal, root): (&Principal, &str)) -> Self {
        let fault = match error {
            RootError::Authentication(error) => Self::unauthenticated(error),
            RootError::Throttled(_) => Self::throttling(),
            RootError::Unavailable(_) => Self::unavailable(),
            RootError::RegionDisabled(disabled) => Self::region_disabled(*disabled),
            RootError::NoRootSessions
            | RootError::UnknownAccount
            | RootError::Credentials
            | RootError::Caller(_)
            | RootError::Denied(_) => Self::denied(format!(
                "User: {principal} is not authorized to perform: sts:AssumeRoot on resource: {root}"
            )),
        };
        Self {
            is_failed_proof: error.is_failed_proof(),
            ..fault.recorded_by_flow()
        }
    }

    fn not_vouched(error: &TokenRefused) -> Self {
        let (status, message) = match error {
            TokenRefused::Authentication(error) => return Self::unauthenticated(error),
            TokenRefused::Throttled(_) => return Self::throttling(),
            TokenRefused::Unavailable(_) => return Self::unavailable(),
            TokenRefused::RegionDisabled(disabled) => return Self::region_disabled(*disabled),
            TokenRefused::Credentials | TokenRefused::Denied(_) => {
                return Self::denied(error.to_string());
            }
            TokenRefused::Disabled => (
                StatusCode::FORBIDDEN,
                "The outbound web identity federation feature is not enabled for this account.",
            ),
            TokenRefused::OutlivesSession { .. } => (
                StatusCode::FORBIDDEN,
                "The requested token duration would extend the session beyond its original expiration time.",
            ),
            TokenRefused::TooLarge { .. } => (
                StatusCode::BAD_REQUEST,
                "The requested token payload size exceeds the maximum allowed size. Reduce the number of request tags.",
            ),
        };
        Self::new(status, error.code(), message)
    }

    /// AWS's text, where whoever asks would otherwise be given credentials.
    fn region_disabled(disabled: RegionDisabled) -> Self {
        let account = disabled.account;
        Self::new(
            StatusCode::FORBIDDEN,
            "RegionDisabledException",
            format!(
                "STS is not activated in this region for account:{account}. Your account administrator can activate STS in this region using the IAM Console."
            ),
        )
    }

    /// `AccessDenied`, 403.
    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    /// AWS's texts; that a code was used before, or too many were tried, is told as that it is wrong.
    pub(super) fn second_factor(error: &MfaError) -> Self {
        let why = match error {
            MfaError::Incomplete => ", must provide both MFA serial number and one time pass code.",
            MfaError::UnknownDevice => {
                ", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."
            }
            MfaError::WrongCode | MfaError::UsedCode | MfaError::TooManyTries => {
                " with invalid MFA one time pass code."
            }
            MfaError::Unavailable(_) => return Self::unavailable(),
        };
        Self::denied(["MultiFactorAuthentication failed", why].concat())
    }

    fn not_assumed(error: &AssumeRoleError) -> Self {
        let message = match error {
            AssumeRoleError::Unavailable(_) => return Self::unavailable(),
            AssumeRoleError::Throttled(_) => return Self::throttling(),
            AssumeRoleError::Denied(denial) => return denial.into(),
            AssumeRoleError::NotMapped
            | AssumeRoleError::NotConnected
            | AssumeRoleError::NotLinked => {
                return Self::not_authorized(StsAction::Assume(AssumeAction::WithWebIdentity));
            }
            AssumeRoleError::NoProvider { issuer } => {
                format!("No OpenIDConnect provider found in your account for {issuer}")
            }
            AssumeRoleError::NoSamlProvider => return saml_error::no_provider(),
            AssumeRoleError::Token(error) => token_message(error),
            AssumeRoleError::AccessToken(error) => return access_token_error::of(error),
            AssumeRoleError::ResponseText(error) => sentence(error),
            AssumeRoleError::Saml(refusal) => {
                return saml_error::of_response(error.code(), refusal);
            }
            AssumeRoleError::SamlSession(refusal) => {
                return saml_error::of_session(error.code(), *refusal);
            }
            AssumeRoleError::Consumed => {
                "The token was used already and can't be used again".to_owned()
            }
            AssumeRoleError::Revoked => {
                "The token was issued before sessions of its subject were revoked".to_owned()
            }
            AssumeRoleError::Tags(error) => sentence(error),
            AssumeRoleError::Authentication(error) => return Self::unauthenticated(error),
            AssumeRoleError::Mfa(error) => return Self::second_factor(error),
            AssumeRoleError::CallerGone => return Self::denied(sentence(error)),
            AssumeRoleError::ProviderSessionEnds { .. } | AssumeRoleError::ChainTooLong => {
                sentence(error)
            }
            AssumeRoleError::UnknownPolicy(error) => sentence(error),
            AssumeRoleError::RegionDisabled(disabled) => return Self::region_disabled(*disabled),
            AssumeRoleError::TooLarge { percent } => too_large(*percent),
        };
        Self::new(StatusCode::BAD_REQUEST, error.code(), message)
    }
}

impl From<SigV4Error> for StsFault {
    fn from(error: SigV4Error) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN);
        Self::new(status, error.code(), error.aws_message())
    }
}

/// AWS's text where it has one for the check that failed; the check's own text otherwise. None of
/// them quotes the token.
fn token_message(error: &TokenError) -> String {
    const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";
    match error {
        TokenError::Key { .. } => NO_KEY.to_owned(),
        TokenError::Audience { .. } | TokenError::AuthorizedParty { .. } => {
            "Incorrect token audience".to_owned()
        }
        TokenError::Missing { claim } => format!("Missing a required claim: {claim}"),
        TokenError::Expired { now, expired_at } => {
            format!(
                "Token expired: current date/time {now} must be before the expiration date/time {expired_at}"
            )
        }
        TokenError::TooOld { seconds } => format!("Token too old: {seconds}"),
        other => sentence(other),
    }
}

impl From<&Denial> for StsFault {
    /// Whether the role is unknown, its trust policy silent or denying: the answer is the same.
    fn from(denial: &Denial) -> Self {
        match denial {
            Denial::DurationExceedsRoleMaximum { .. } => Self::validation(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            ),
            Denial::DurationExceedsChained { .. } => Self::validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ),
            Denial::RootCaller => Self::new(
                StatusCode::FORBIDDEN,
                "AccessDenied",
                "Roles may not be assumed by root accounts.",
            ),
            Denial::TagIsInherited { .. } => Self::new(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
            ),
            Denial::TooManyTags => Self::validation(sentence(denial)),
            Denial::Refused { action, .. } => Self::not_authorized(*action),
        }
    }
}

impl StsFault {
    pub(super) fn not_authorized(action: StsAction) -> Self {
        let message = format!("Not authorized to perform {}", action.as_str());
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }
}

fn too_large(percent: u32) -> String {
    format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.")
}

/// An error's own text as a sentence.
pub(super) fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first
        .chain(characters)
        .chain(std::iter::once('.'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UnixTime;

    #[test]
    fn a_session_that_is_over_has_an_expired_token() {
        let expired_at = UnixTime::from_seconds(1_795_254_067);
        let fault = StsFault::from(AuthenticationError::ExpiredToken { expired_at });
        let expected = StsFault::new(
            StatusCode::FORBIDDEN,
            "ExpiredToken",
            "The security token included in the request is expired",
        );
        assert!(fault.is_failed_proof());
        let expected = StsFault {
            is_failed_proof: true,
            ..expected.recorded_by_flow()
        };
        assert_eq!(fault, expected);
    }
}
