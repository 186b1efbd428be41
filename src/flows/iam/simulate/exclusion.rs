//! Policies that are left out of a simulation, as if somebody didn't have them (`PolicyExclusionList`).

use super::{SourceKind, invalid};
use crate::domain::{Arn, ManagedPolicyArn};
use crate::flows::iam::Refusal;

/// What is left out; what nobody has is left out of nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exclusion {
    /// Every policy of a type.
    Type(ExcludedType),
    /// Managed policies by ARN. A boundary stays.
    Managed(Wildcards),
    /// Inline policies of this name.
    Inline {
        /// The name.
        policy: String,
        /// What has it: a user, a group or a role.
        holder_kind: SourceKind,
        /// Which of them.
        holder: Wildcards,
    },
}

/// `PolicyIdentifierPolicyType`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExcludedType {
    /// Inline ones.
    Inline,
    /// Managed ones that every account has.
    AwsManaged,
    /// Managed ones of the account.
    UserManaged,
    /// The boundary, unless it is given with the call.
    Boundary,
    /// What there is none of here: policies of an organization.
    Control,
}

/// A text in which `?` stands for one character, and at most one `*` for any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcards {
    head: String,
    /// What follows the star.
    tail: Option<String>,
}

impl Exclusion {
    /// Managed policies by ARN, with wildcards in what follows `policy/`.
    ///
    /// # Errors
    /// `InvalidInput`
    pub fn managed(arn: &str) -> Result<Self, Refusal> {
        let refused = || {
            invalid(format!(
                "PolicyExclusionList: {arn} is no ARN of managed policies"
            ))
        };
        let parts = Arn::parse(arn).map_err(|_| refused())?;
        let name = parts.resource.strip_prefix("policy/").unwrap_or_default();
        let before = arn.strip_suffix(name).unwrap_or_default();
        let is_account = parts.account == "aws" || parts.account.len() == 12;
        let is_iam = parts.service == "iam" && parts.region.is_empty() && is_account;
        if !is_iam || name.is_empty() || before.contains(['*', '?']) {
            return Err(refused());
        }
        Ok(Self::Managed(Wildcards::parse(arn)?))
    }
}

impl Wildcards {
    /// Reads them.
    ///
    /// # Errors
    /// `InvalidInput` of a second star.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (head, tail) = match text.split_once('*') {
            Some((head, tail)) => (head, Some(tail)),
            None => (text, None),
        };
        if tail.is_some_and(|tail| tail.contains('*')) {
            let text = format!("PolicyExclusionList: {text} has more than one *");
            return Err(invalid(text));
        }
        Ok(Self {
            head: head.to_owned(),
            tail: tail.map(str::to_owned),
        })
    }

    fn matches(&self, text: &str) -> bool {
        let characters: Vec<char> = text.chars().collect();
        let head_length = self.head.chars().count();
        let Some(tail) = &self.tail else {
            return is_alike(&self.head, &characters);
        };
        let Some((head, rest)) = characters.split_at_checked(head_length) else {
            return false;
        };
        let tail_start = rest.len().checked_sub(tail.chars().count());
        let found_tail = tail_start.and_then(|start| rest.get(start..));
        is_alike(&self.head, head) && found_tail.is_some_and(|found| is_alike(tail, found))
    }
}

fn is_alike(pattern: &str, text: &[char]) -> bool {
    let mut pairs = pattern.chars().zip(text);
    pattern.chars().count() == text.len()
        && pairs.all(|(wanted, found)| wanted == '?' || wanted == *found)
}

/// Whether an inline policy of a user, group or role is left out.
pub(super) fn excludes_inline(
    all: &[Exclusion],
    name: &str,
    (kind, holder): (SourceKind, &str),
) -> bool {
    all.iter().any(|exclusion| match exclusion {
        Exclusion::Inline {
            policy,
            holder_kind,
            holder: holders,
        } => policy == name && *holder_kind == kind && holders.matches(holder),
        Exclusion::Type(excluded) => *excluded == ExcludedType::Inline,
        Exclusion::Managed(_) => false,
    })
}

/// Whether a managed policy is left out. AWS compares its ARN without the path; here either will do.
pub(super) fn excludes_managed(all: &[Exclusion], arn: &ManagedPolicyArn) -> bool {
    let kind = match arn.account() {
        Some(_) => ExcludedType::UserManaged,
        None => ExcludedType::AwsManaged,
    };
    let start = arn.as_str().split_once("policy/").map(|(start, _)| start);
    let pathless = [start.unwrap_or_default(), "policy/", arn.name().as_str()].concat();
    all.iter().any(|exclusion| match exclusion {
        Exclusion::Managed(arns) => arns.matches(arn.as_str()) || arns.matches(&pathless),
        Exclusion::Type(excluded) => *excluded == kind,
        Exclusion::Inline { .. } => false,
    })
}

/// Whether the boundary is left out.
pub(super) fn excludes_boundary(all: &[Exclusion]) -> bool {
    all.contains(&Exclusion::Type(ExcludedType::Boundary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_and_a_question_mark_for_one_character() {
        for (pattern, yes, no) in [
            ("ana", "ana", "anna"),
            ("a?a", "ana", "aa"),
            ("a*", "a", "b"),
            ("*a", "bba", "ab"),
            ("ab*ba", "abba", "aba"),
            ("a?*", "ab", "a"),
        ] {
            let pattern = Wildcards::parse(pattern).unwrap();
            assert!(pattern.matches(yes), "{pattern:?}");
            assert!(!pattern.matches(no), "{pattern:?}");
        }
        assert!(Wildcards::parse("*").unwrap().matches(""));
        assert!(Wildcards::parse("a*b*").is_err());
    }

    #[test]
    fn wildcards_of_an_arn_stand_in_the_name_alone() {
        for good in [
            "arn:aws:iam::aws:policy/*",
            "arn:aws:iam::123456789012:policy/team/re?d",
        ] {
            assert!(Exclusion::managed(good).is_ok(), "{good}");
        }
        for bad in [
            "arn:aws:iam::*:policy/a",
            "arn:*:iam::aws:policy/a",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::aws:poli*y/a",
            "arn:aws:iam::123456789012:role/a",
            "arn:aws:s3:::policy/a",
            "no arn, but long enough",
        ] {
            assert!(Exclusion::managed(bad).is_err(), "{bad}");
        }
    }
}
