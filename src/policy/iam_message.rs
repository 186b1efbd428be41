//! A refused policy in IAM's own words, for `MalformedPolicyDocument`.
//!
//! IAM tells less than [`PolicyError`]'s own text does: most of what is wrong is `Syntax errors in
//! policy.` Clients compare the first sentence, people read the rest, so an answer may have both.

use super::authority::PolicyKind;
use super::error::{PolicyError, Problem};

const SYNTAX: &str = "Syntax errors in policy.";

impl PolicyError {
    /// IAM's text for a policy of this kind.
    pub fn iam_message(&self, kind: PolicyKind) -> String {
        match (&self.problem, kind) {
            (
                Problem::NotJson(_) | Problem::ByteOrderMark | Problem::TooDeep,
                PolicyKind::RoleTrust,
            ) => "This policy contains invalid Json".to_owned(),
            (Problem::DuplicateMember(_), PolicyKind::RoleTrust) => {
                "This policy contains invalid Json".to_owned()
            }
            (Problem::UnknownVersion(_), _) => {
                "Policy document must be version 2012-10-17 or greater.".to_owned()
            }
            (Problem::DuplicateSid(_), _) => {
                "Statement IDs (SID) in a single policy must be unique.".to_owned()
            }
            (Problem::MissingElement(element), _) => missing(element, kind),
            (Problem::ForbiddenElement(element), _) => forbidden(element, kind),
            (Problem::UnknownElement(name), PolicyKind::RoleTrust) => {
                ["Unknown field ", name].concat()
            }
            (Problem::BadPrincipal { kind, value }, _) => {
                format!("Invalid principal in policy: {kind:?}:{value:?}")
            }
            (Problem::CanonicalUser, _) => {
                "Invalid principal in policy: \"CanonicalUser\"".to_owned()
            }
            (Problem::NotATrustAction(_), _) => {
                "AssumeRole policy may only specify STS AssumeRole actions.".to_owned()
            }
            (Problem::BadAction(text), _) => action(text),
            (Problem::BadConditionKey(key), _) if !key.contains(':') => vendorless(),
            (Problem::BadResource(text), _) => {
                format!("Resource {text} must be in ARN format or \"*\".")
            }
            (
                Problem::BadPartition {
                    partition,
                    resource,
                },
                _,
            ) => {
                format!("Partition \"{partition}\" is not valid for resource \"{resource}\".")
            }
            _ => SYNTAX.to_owned(),
        }
    }
}

fn missing(element: &str, kind: PolicyKind) -> String {
    match (element, kind) {
        ("Statement" | "Effect", _) => SYNTAX.to_owned(),
        (element, PolicyKind::RoleTrust) => ["Missing required field ", element].concat(),
        ("Action", _) => "Policy statement must contain actions.".to_owned(),
        ("Resource", _) => "Policy statement must contain resources.".to_owned(),
        (_, _) => SYNTAX.to_owned(),
    }
}

fn forbidden(element: &str, kind: PolicyKind) -> String {
    match (element, kind) {
        (element, PolicyKind::RoleTrust) => ["Has prohibited field ", element].concat(),
        ("Principal", _) => "Policy document should not specify a principal.".to_owned(),
        (_, _) => SYNTAX.to_owned(),
    }
}

fn vendorless() -> String {
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned()
}

fn action(text: &str) -> String {
    match text.split_once(':') {
        None | Some(("", _)) => vendorless(),
        Some((_, name)) if name.contains(':') => {
            "Actions/Condition can contain only one colon.".to_owned()
        }
        Some((vendor, _)) => ["Vendor ", vendor, " is not valid"].concat(),
    }
}
