//! What the operations that assume a role share: parameters and members of the answer.

use std::str::FromStr;

use crate::credentials::Issued;
use crate::domain::{Arn, Credentials, ManagedPolicyArn, RoleArn, SessionDuration, SessionTags};
use crate::flows::Narrowing;
use crate::http::query::Value;
use crate::http::query::{
    Constraint, Quoting, Violations, is_arn_character, is_policy_character, is_word,
};
use crate::http::query::{Parameters, QueryFault};
use crate::policy::{AssumeAction, IdentityPolicy, PolicyKind, StsAction};

const ARN_PATTERN: &str =
    r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";
const POLICY: Constraint = Constraint {
    field: "policy",
    min: 1,
    max: 2048,
    pattern: Some((
        |text| text.chars().all(is_policy_character),
        r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    )),
    quoting: Quoting::Quoted,
};

pub(super) const SESSION_NAME: Constraint = Constraint {
    field: "roleSessionName",
    min: 2,
    max: 64,
    pattern: Some((|text| text.chars().all(is_word), r"[\w+=,.@-]*")),
    quoting: Quoting::Quoted,
};
pub(super) const MFA_SERIAL: Constraint = Constraint {
    field: "serialNumber",
    min: 9,
    max: 256,
    pattern: Some((|text| text.chars().all(is_serial), r"[\w+=/:,.@-]*")),
    quoting: Quoting::Quoted,
};
pub(super) const TOKEN_CODE: Constraint = Constraint {
    field: "tokenCode",
    min: 6,
    max: 6,
    pattern: Some((|text| text.chars().all(is_digit), r"[\d]*")),
    quoting: Quoting::Withheld,
};
/// `tagListType`: at most 50.
const MAX_TAGS: usize = SessionTags::MAX;

fn is_serial(c: char) -> bool {
    is_word(c) || "/:".contains(c)
}

const fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Session tags: `Tags` and which of them are transitive.
pub(super) fn tags(parameters: &Parameters<'_>) -> Result<SessionTags, QueryFault> {
    let pairs = parameters.pairs("Tags")?;
    let mut transitive = parameters.list("TransitiveTagKeys", "")?;
    if pairs.len() > MAX_TAGS || transitive.len() > MAX_TAGS {
        let over = if pairs.len() > MAX_TAGS {
            "tags"
        } else {
            "transitiveTagKeys"
        };
        return Err(QueryFault::validation(format!(
            "1 validation error detected: Value at '{over}' failed to satisfy constraint: Member must have length less than or equal to {MAX_TAGS}"
        )));
    }
    let mut tags = SessionTags::none();
    for (key, value) in pairs {
        let before = transitive.len();
        transitive.retain(|other| *other != key);
        let is_transitive = transitive.len() < before;
        let (key, value) = (key.parse(), value.parse());
        let (Ok(key), Ok(value)) = (key, value) else {
            return Err(QueryFault::validation(
                "Tags: a key has 1 to 128 and a value at most 256 letters, digits, spaces or _ . : / = + - @; a key must not begin with aws:",
            ));
        };
        let added = tags.add(key, value, is_transitive);
        added.map_err(|_| {
            invalid_value(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        })?;
    }
    if transitive.is_empty() {
        Ok(tags)
    } else {
        Err(invalid_value(
            "The specified transitive tag key must be included in the requested tags.",
        ))
    }
}

fn invalid_value(message: &str) -> QueryFault {
    QueryFault::new(
        actix_web::http::StatusCode::BAD_REQUEST,
        "InvalidParameterValue",
        message,
    )
}

/// `arnType`, under the member's name.
pub(super) const fn arn(field: &'static str) -> Constraint {
    Constraint {
        field,
        min: 20,
        max: 2048,
        pattern: Some((|text| text.chars().all(is_arn_character), ARN_PATTERN)),
        quoting: Quoting::Quoted,
    }
}

/// What a session may last and may do at the most, as it is asked for.
pub(super) struct Bounds<'a> {
    duration: Option<u32>,
    policy: Option<&'a str>,
    policy_arns: Vec<&'a str>,
}

impl<'a> Bounds<'a> {
    /// Reads `DurationSeconds`, in these bounds, `Policy` and `PolicyArns`; what breaks the model's bounds
    /// is added to `violations`.
    ///
    /// # Errors
    /// Where the list isn't numbered from 1 on.
    pub(super) fn read(
        parameters: &'a Parameters<'_>,
        (duration, bounds): (Option<i32>, (u32, u32)),
        violations: &mut Violations,
    ) -> Result<Self, QueryFault> {
        let arns = parameters.list("PolicyArns", ".arn")?;
        let arns = arns.into_iter();
        Ok(Self {
            policy: violations.optional(parameters.find("Policy"), &POLICY),
            policy_arns: arns
                .filter_map(|text| violations.optional(Some(text), &arn("policyArns")))
                .collect(),
            duration: violations.number(duration, "durationSeconds", bounds),
        })
    }

    /// How long a session of a role shall last.
    pub(super) fn duration(&self) -> SessionDuration {
        self.duration
            .and_then(SessionDuration::from_seconds)
            .unwrap_or(SessionDuration::DEFAULT)
    }

    /// How many seconds were asked for, if any were.
    pub(super) const fn seconds(&self) -> Option<u32> {
        self.duration
    }

    /// What it stays within.
    pub(super) fn narrowing(&self) -> Result<Narrowing, QueryFault> {
        if self.policy_arns.len() > Narrowing::MAX_ARNS {
            return Err(QueryFault::validation("PolicyArns: at most 10"));
        }
        let arns = self.policy_arns.iter();
        let policy_arns: Result<Vec<_>, QueryFault> = arns.map(|text| policy_arn(text)).collect();
        let policy_arns = policy_arns?;
        let plain: usize = self.policy.map_or(0, |text| text.chars().count());
        let named: usize = self.policy_arns.iter().map(|text| text.len()).sum();
        if plain + named > MAX_PLAIN {
            return Err(QueryFault::validation(
                "Policy and PolicyArns: at most 2048 characters together",
            ));
        }
        Ok(Narrowing {
            policy: self.policy.map(session_policy).transpose()?,
            policy_arns,
        })
    }
}

/// The bounds of `roleDurationSeconds`.
pub(super) const ROLE_SECONDS: (u32, u32) = (
    SessionDuration::MIN.seconds(),
    SessionDuration::MAX.seconds(),
);
/// The bounds of `durationSecondsType`: sessions of users.
pub(super) const SESSION_SECONDS: (u32, u32) = (900, 129_600);
/// Characters of the session policy and of the names of managed ones together ("Passing session
/// policies", IAM user guide).
const MAX_PLAIN: usize = 2048;

fn policy_arn(text: &str) -> Result<ManagedPolicyArn, QueryFault> {
    check_arn(text)?;
    text.parse().map_err(|_| {
        QueryFault::new(
            actix_web::http::StatusCode::BAD_REQUEST,
            "MalformedPolicyDocument",
            format!("Policy {text} does not exist or is not attachable."),
        )
    })
}

/// `DurationSeconds` as Java reads an integer: a sign and leading zeros are fine.
pub(super) fn duration(parameters: &Parameters<'_>) -> Result<Option<i32>, QueryFault> {
    let number = |text: &str| match text {
        "" => Err(QueryFault::missing_number()),
        text => text.parse().map_err(|_| QueryFault::malformed_input()),
    };
    parameters.find("DurationSeconds").map(number).transpose()
}

/// What is no ARN is invalid. An ARN that names something else than a role is refused as one of a
/// role that doesn't exist; whether there is a role is for the flow to know.
pub(super) fn role_arn(text: &str, action: AssumeAction) -> Result<RoleArn, QueryFault> {
    let action = StsAction::Assume(action);
    arn_of(text, || QueryFault::not_authorized(action))
}

/// The ARN of what a parameter is about: what is none is invalid, and what is one of something else is refused
/// as `refusal` says. What is read is an ARN, so that only what is not is looked at twice.
pub(super) fn arn_of<T: FromStr>(
    text: &str,
    refusal: impl FnOnce() -> QueryFault,
) -> Result<T, QueryFault> {
    text.parse()
        .map_err(|_| check_arn(text).err().unwrap_or_else(refusal))
}

/// What is no ARN is invalid.
pub(super) fn check_arn(text: &str) -> Result<(), QueryFault> {
    match Arn::parse(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(QueryFault::validation([text, " is invalid"].concat())),
    }
}

/// IAM's own sentence, and where the mistake is.
fn session_policy(json: &str) -> Result<IdentityPolicy, QueryFault> {
    json.parse().map_err(|error: crate::policy::PolicyError| {
        QueryFault::new(
            actix_web::http::StatusCode::BAD_REQUEST,
            "MalformedPolicyDocument",
            format!("{} ({error})", error.iam_message(PolicyKind::Session)),
        )
    })
}

/// The members `AssumedRoleUser` and `Credentials`.
pub(super) fn user_and_credentials(issued: Issued) -> (Value<'static>, Value<'static>) {
    let user = vec![
        ("AssumedRoleId", issued.principal.assumed_role_id().into()),
        ("Arn", issued.principal.arn().into()),
    ];
    (Value::Members(user), credentials(issued.credentials))
}

/// The member `Credentials`.
pub(super) fn credentials(credentials: Credentials) -> Value<'static> {
    let key = credentials.access_key_id.as_str().to_owned();
    let secret = credentials.secret_access_key.into_text();
    let token = credentials.session_token.into_text();
    Value::Members(vec![
        ("AccessKeyId", key.into()),
        ("SecretAccessKey", secret.into()),
        ("SessionToken", token.into()),
        ("Expiration", Value::Time(credentials.expiration)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, action: AssumeAction) -> (&'static str, String) {
        let fault = role_arn(text, action).unwrap_err();
        (fault.code(), fault.reason().to_owned())
    }

    #[test]
    fn what_is_no_arn_is_invalid() {
        for text in [
            "aaaaaaaaaaaaaaaaaaaaaaa",
            "arn:a:::x",
            "arn:a:a::aaaaaaaaaa:",
            "arn:aws:iam::123456789012",
        ] {
            let expected = ("ValidationError", [text, " is invalid"].concat());
            assert_eq!(refused(text, AssumeAction::WithWebIdentity), expected);
        }
    }

    #[test]
    fn an_arn_of_something_else_is_like_a_role_that_is_not_there() {
        for text in [
            "arn:aws:iam::123456789012:user/ines",
            "arn:aws:iam::1234:role/Reader",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:s3:::bucket/with/a/long/name",
            "arn:moon:iam::123456789012:role/Reader",
        ] {
            for (action, name) in [
                (AssumeAction::WithWebIdentity, "AssumeRoleWithWebIdentity"),
                (AssumeAction::WithSaml, "AssumeRoleWithSAML"),
            ] {
                let message = ["Not authorized to perform sts:", name].concat();
                assert_eq!(refused(text, action), ("AccessDenied", message), "{text}");
            }
        }
    }
}
