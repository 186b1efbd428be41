//! Parameters of users, groups, keys and devices.

use actix_web::http::StatusCode;

use super::parameters::{Checked, Field, arn, word};
use crate::directory::KeyStatus;
use crate::domain::{InvalidValue, ManagedPolicyArn, TagKey};
use crate::http::query::{Constraint, Parameters, QueryFault, Quoting, is_policy_character};

/// `groupNameType`
pub(super) const GROUP_NAME: Field = word("GroupName", "groupName", 128);
/// `groupNameType`
pub(super) const NEW_GROUP_NAME: Field = word("NewGroupName", "newGroupName", 128);
/// `userNameType`
pub(super) const OTHER_USER_NAME: Field = word("NewUserName", "newUserName", 64);
/// `policyNameType`
pub(super) const POLICY_NAME: Field = word("PolicyName", "policyName", 128);
/// `arnType`
pub(super) const POLICY_ARN: Field = arn("PolicyArn", "policyArn");
/// `pathType`
pub(super) const NEW_PATH: Field = Field {
    name: "NewPath",
    constraint: Constraint {
        field: "newPath",
        ..super::parameters::PATH.constraint
    },
};
/// `policyDocumentType`
pub(super) const POLICY_DOCUMENT: Field = Field {
    name: "PolicyDocument",
    constraint: Constraint {
        field: "policyDocument",
        min: 1,
        max: 131_072,
        pattern: Some((
            |text| text.chars().all(is_policy_character),
            r"[\u0009\u000A\u000D\u0020-\u00FF]+",
        )),
        quoting: Quoting::Quoted,
    },
};
/// `policyPathType`
pub(super) const POLICY_PATH_PREFIX: Field = Field {
    name: "PathPrefix",
    constraint: Constraint {
        field: "pathPrefix",
        min: 1,
        max: 512,
        pattern: Some((
            |text| text.chars().all(is_policy_path_character),
            r"((/[A-Za-z0-9\.,\+@=_-]+)*)/",
        )),
        quoting: Quoting::Quoted,
    },
};
/// `accessKeyIdType`
pub(super) const ACCESS_KEY_ID: Field = Field {
    name: "AccessKeyId",
    constraint: Constraint {
        field: "accessKeyId",
        min: 16,
        max: 128,
        pattern: Some((|text| text.chars().all(is_key_character), r"[\w]+")),
        quoting: Quoting::Quoted,
    },
};
/// `statusType`
pub(super) const STATUS: Field = word("Status", "status", 128);

const fn is_policy_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | ',' | '+' | '@' | '=' | '_' | '-')
}

const fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `PolicyArn`
///
/// # Errors
/// `InvalidInput` where it keeps the model's bounds and is none all the same.
pub(super) fn policy_arn(checked: &Checked<'_>) -> Result<ManagedPolicyArn, QueryFault> {
    let text = checked.text(POLICY_ARN).unwrap_or_default();
    text.parse().map_err(|_: InvalidValue| {
        let text = format!("ARN {text} is not valid.");
        QueryFault::new(StatusCode::BAD_REQUEST, "InvalidInput", text)
    })
}

/// `Status`. A key is made inactive by whoever asks so, and expired by nobody.
///
/// # Errors
/// `ValidationError`
pub(super) fn status(checked: &Checked<'_>) -> Result<KeyStatus, QueryFault> {
    match checked.text(STATUS) {
        Some("Active") => Ok(KeyStatus::Active),
        Some("Inactive") => Ok(KeyStatus::Inactive),
        other => Err(not_one_of(STATUS, other, "Active, Inactive")),
    }
}

/// AWS's text for a value that is none of those that there are.
pub(super) fn not_one_of(field: Field, value: Option<&str>, all: &str) -> QueryFault {
    let (name, value) = (field.constraint.field, value.unwrap_or_default());
    QueryFault::validation(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: [{all}]"
    ))
}

/// `TagKeys`: at most 50.
///
/// # Errors
/// `ValidationError`
pub(super) fn tag_keys(parameters: &Parameters<'_>) -> Result<Vec<TagKey>, QueryFault> {
    let keys = parameters.list("TagKeys", "")?;
    if keys.len() > 50 {
        return Err(QueryFault::validation(
            "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50",
        ));
    }
    let parsed = keys.into_iter().map(|key| {
        key.parse().map_err(|error: InvalidValue| {
            QueryFault::validation(format!(
                "The specified value for TagKeys is invalid: {error}."
            ))
        })
    });
    parsed.collect()
}
