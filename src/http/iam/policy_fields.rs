//! Parameters that are about roles and policies.

use super::parameters::{Field, arn, word};
use crate::domain::{InvalidValue, ManagedPolicyArn, SessionDuration};
use crate::http::query::{
    Constraint, Parameters, QueryFault, Quoting, Violations, is_policy_character,
};

/// `roleNameType`
pub(super) const ROLE_NAME: Field = word("RoleName", "roleName", 64);
/// `policyNameType`
pub(super) const POLICY_NAME: Field = word("PolicyName", "policyName", 128);
/// `arnType`
pub(super) const POLICY_ARN: Field = arn("PolicyArn", "policyArn");
/// `policyDocumentType`
pub(super) const POLICY_DOCUMENT: Field = document("PolicyDocument", "policyDocument");
/// `policyDocumentType`
pub(super) const TRUST_DOCUMENT: Field =
    document("AssumeRolePolicyDocument", "assumeRolePolicyDocument");
/// `roleDescriptionType`
pub(super) const ROLE_DESCRIPTION: Field = Field {
    name: "Description",
    constraint: Constraint {
        field: "description",
        min: 0,
        max: 1000,
        pattern: Some((
            is_description_character,
            r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*",
        )),
        quoting: Quoting::Quoted,
    },
};
/// `policyPathType`, as a prefix
pub(super) const POLICY_PATH_PREFIX: Field = policy_path("PathPrefix", "pathPrefix");

/// `policyPathType`
pub(super) const fn policy_path(name: &'static str, field: &'static str) -> Field {
    Field {
        name,
        constraint: Constraint {
            field,
            min: 1,
            max: 512,
            pattern: Some((is_policy_path_character, r"((/[A-Za-z0-9\.,\+@=_-]+)*)/")),
            quoting: Quoting::Quoted,
        },
    }
}

/// `policyDocumentType`, under this name.
pub(super) const fn document(name: &'static str, field: &'static str) -> Field {
    Field {
        name,
        constraint: Constraint {
            field,
            min: 1,
            max: 131_072,
            pattern: Some((is_policy_character, r"[\u0009\u000A\u000D\u0020-\u00FF]+")),
            quoting: Quoting::Quoted,
        },
    }
}

const fn is_description_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}')
}

const fn is_policy_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | ',' | '+' | '@' | '=' | '_' | '-')
}

/// `roleMaxSessionDurationType`, in seconds.
const MAX_SESSION_SECONDS: (u32, u32) = (3600, 43_200);

/// `MaxSessionDuration`; what breaks its bounds is added to `violations`.
///
/// # Errors
/// Where it is no number.
pub(super) fn max_session(
    parameters: &Parameters<'_>,
    violations: &mut Violations,
) -> Result<Option<SessionDuration>, QueryFault> {
    let number = |text: &str| match text {
        "" => Err(QueryFault::missing_number()),
        text => text.parse().map_err(|_| QueryFault::malformed_input()),
    };
    let asked = parameters.find("MaxSessionDuration").map(number);
    let field = "maxSessionDuration";
    let seconds = violations.number(asked.transpose()?, field, MAX_SESSION_SECONDS);
    Ok(seconds.and_then(SessionDuration::from_seconds))
}

/// `true` or `false`; `false` where it isn't given.
///
/// # Errors
/// Where it is neither.
pub(super) fn flag(parameters: &Parameters<'_>, name: &str) -> Result<bool, QueryFault> {
    match parameters.find(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(QueryFault::malformed_input()),
    }
}

/// The ARN of a managed policy. What is none names no policy.
///
/// # Errors
/// `InvalidInput`
pub(super) fn policy_arn(text: Option<&str>) -> Result<ManagedPolicyArn, QueryFault> {
    let text = text.unwrap_or_default();
    let parsed: Result<_, InvalidValue> = text.parse();
    parsed.map_err(|_| {
        QueryFault::new(
            actix_web::http::StatusCode::BAD_REQUEST,
            "InvalidInput",
            format!("ARN {text} is not valid."),
        )
    })
}
