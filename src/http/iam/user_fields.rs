//! Parameters of users, groups, keys and devices.

use super::parameters::{Checked, Field, word};
use crate::directory::KeyStatus;
use crate::http::query::{Constraint, QueryFault, Quoting};

/// `groupNameType`
pub(super) const GROUP_NAME: Field = word("GroupName", "groupName", 128);
/// `groupNameType`
pub(super) const NEW_GROUP_NAME: Field = word("NewGroupName", "newGroupName", 128);
/// `userNameType`
pub(super) const OTHER_USER_NAME: Field = word("NewUserName", "newUserName", 64);
/// `pathType`
pub(super) const NEW_PATH: Field = Field {
    name: "NewPath",
    constraint: Constraint {
        field: "newPath",
        ..super::parameters::PATH.constraint
    },
};
/// `accessKeyIdType`
pub(super) const ACCESS_KEY_ID: Field = Field {
    name: "AccessKeyId",
    constraint: Constraint {
        field: "accessKeyId",
        min: 16,
        max: 128,
        pattern: Some((is_key_character, r"[\w]+")),
        quoting: Quoting::Quoted,
    },
};
/// `statusType`
pub(super) const STATUS: Field = word("Status", "status", 128);

const fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
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
