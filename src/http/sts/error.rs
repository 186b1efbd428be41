//! What a refusal looks like on the wire: AWS's code, text and status (STS API reference, "Errors").

use actix_web::http::StatusCode;

use super::{access_token_error, saml_error};
use crate::domain::Principal;
use crate::federation::id_token::TokenError;
use crate::flows::{
    AssumeRoleError, CallerIdentityError, MfaError, RegionDisabled, RootError, TokenRefused,
    UserSessionError,
};
use crate::http::query::{QueryFault, sentence};
use crate::policy::{AssumeAction, Denial, StsAction};

impl From<CallerIdentityError> for QueryFault {
    fn from(error: CallerIdentityError) -> Self {
        match error {
            CallerIdentityError::Authentication(error) => error.into(),
            CallerIdentityError::Throttled(_) => Self::throttling().recorded_by_flow(),
        }
    }
}

impl From<AssumeRoleError> for QueryFault {
    fn from(error: AssumeRoleError) -> Self {
        Self::not_assumed(&error)
            .recorded_by_flow()
            .after_failed_proof(error.is_failed_proof())
            .crowded_out(error.is_crowded_out())
    }
}

impl From<UserSessionError> for QueryFault {
    fn from(error: UserSessionError) -> Self {
        Self::not_given(&error)
            .recorded_by_flow()
            .after_failed_proof(error.is_failed_proof())
    }
}

/// Before anything of the request was read.
impl From<RootError> for QueryFault {
    fn from(error: RootError) -> Self {
        let fault = match &error {
            RootError::Authentication(error) => Self::unauthenticated(error),
            _ => Self::unavailable(),
        };
        fault
            .recorded_by_flow()
            .after_failed_proof(error.is_failed_proof())
    }
}

impl From<TokenRefused> for QueryFault {
    fn from(error: TokenRefused) -> Self {
        Self::not_vouched(&error)
            .recorded_by_flow()
            .after_failed_proof(error.is_failed_proof())
    }
}

impl QueryFault {
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
        fault
            .recorded_by_flow()
            .after_failed_proof(error.is_failed_proof())
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
            MfaError::TwoNeeded => {
                " with invalid MFA one time pass code. After many wrong codes two in a row are needed: show the next one that the device shows, too."
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

impl From<&Denial> for QueryFault {
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

impl QueryFault {
    pub(super) fn not_authorized(action: StsAction) -> Self {
        let message = format!("Not authorized to perform {}", action.as_str());
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }
}

fn too_large(percent: u32) -> String {
    format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::federation::saml::prove::SamlProofError;
    use crate::federation::saml::second_opinion::{Overload, SecondOpinionError};

    #[test]
    fn who_finds_no_place_is_crowded_out_and_nobody_else() {
        let of = |error: SecondOpinionError| {
            QueryFault::from(AssumeRoleError::from(SamlProofError::from(error))).is_crowded_out()
        };
        assert!(of(Overload::Provider.into()));
        assert!(!of(SecondOpinionError::Panicked));
        let none = AssumeRoleError::from(SamlProofError::NoSecondOpinion);
        assert!(!QueryFault::from(none).is_crowded_out());
    }
}
