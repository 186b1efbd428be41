//! What STS says where a SAML response is refused: AWS's text where it has one for the check that failed,
//! the check's own otherwise. None of them quotes the assertion but for names that it compares.

use actix_web::http::StatusCode;

use crate::federation::saml::SamlError;
use crate::federation::saml::prove::SamlProofError;
use crate::flows::SamlSessionError;
use crate::http::query::{QueryFault, sentence};
use crate::policy::{AssumeAction, StsAction};

/// The account has no provider of that name.
pub(super) fn no_provider() -> QueryFault {
    let message = "Specified provider doesn't exist";
    QueryFault::new(StatusCode::BAD_REQUEST, "InvalidIdentityToken", message)
}

/// The response is not accepted.
pub(super) fn of_response(code: &'static str, error: &SamlProofError) -> QueryFault {
    let status = match error {
        SamlProofError::Response(SamlError::Status { .. }) => StatusCode::FORBIDDEN,
        SamlProofError::Response(_)
        | SamlProofError::MetadataExpired(_)
        | SamlProofError::TooManyClaims { .. }
        | SamlProofError::Disagreement(_)
        | SamlProofError::SecondOpinion(_)
        | SamlProofError::NoSecondOpinion => StatusCode::BAD_REQUEST,
    };
    QueryFault::new(status, code, message(error))
}

/// Which of the two verifiers refuses a response is for the audit to say.
fn message(error: &SamlProofError) -> String {
    const SIGNATURE: &str = "Response signature invalid";
    const SEALED: &str = "The encrypted assertion can't be decrypted, or is not signed inside.";
    match error {
        SamlProofError::Response(error) => match error {
            SamlError::Signature(_) | SamlError::Unsigned => SIGNATURE.to_owned(),
            // One text: no stranger learns what is in a message that is encrypted to us, nor whether it
            // opens.
            SamlError::Decryption | SamlError::Inside(_) => SEALED.to_owned(),
            SamlError::Issuer { .. } => "Issuer not present in specified provider".to_owned(),
            SamlError::Audience { .. } | SamlError::NoAudience | SamlError::Recipient { .. } => {
                "Response does not contain the required audience".to_owned()
            }
            SamlError::TooOld { .. } => {
                "Token must be redeemed within 5 minutes of issuance".to_owned()
            }
            SamlError::Expired { now, at, .. } => format!(
                "Token expired: current date/time {now} must be before the expiration date/time {at}"
            ),
            other => sentence(other),
        },
        SamlProofError::Disagreement(_)
        | SamlProofError::SecondOpinion(_)
        | SamlProofError::NoSecondOpinion => SIGNATURE.to_owned(),
        SamlProofError::MetadataExpired(_) | SamlProofError::TooManyClaims { .. } => {
            sentence(error)
        }
    }
}

/// The assertion is good, and not for this role or not for a session of it.
pub(super) fn of_session(code: &'static str, error: SamlSessionError) -> QueryFault {
    let message = match error {
        SamlSessionError::NotListed | SamlSessionError::ReservedRole => {
            return QueryFault::not_authorized(StsAction::Assume(AssumeAction::WithSaml));
        }
        SamlSessionError::SessionOver { now, at } => format!(
            "Token expired: current date/time {now} must be before the expiration date/time {at}"
        ),
        SamlSessionError::NoSessionName
        | SamlSessionError::SessionName
        | SamlSessionError::SessionDuration
        | SamlSessionError::SourceIdentity
        | SamlSessionError::Tag
        | SamlSessionError::Tags(_)
        | SamlSessionError::UnknownTransitiveKey => error.to_string(),
    };
    QueryFault::new(StatusCode::BAD_REQUEST, code, message)
}
