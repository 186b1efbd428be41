//! `PolicyExclusionList`: what is left out of a simulation.

use super::parameters::{Field, arn, word};
use super::simulate::invalid;
use crate::flows::iam::Refusal;
use crate::flows::iam::simulate::{ExcludedType, Exclusion, SourceKind, Wildcards};
use crate::http::query::{Constraint, ParameterError, Parameters, QueryFault, Violations, is_word};

const LIST: &str = "PolicyExclusionList.";
/// So many may be given (`PolicyExclusionsListType`).
pub(super) const MAX_EXCLUSIONS: usize = 256;
/// `arnType`
const POLICY_ARN: Field = arn("PolicyArn", "policyArn");
/// `policyNameType`
const POLICY_NAME: Field = word("InlinePolicyIdentifier.PolicyName", "policyName", 128);
/// `AttachmentName`, whose pattern has no wildcards, though the documentation has.
const HOLDER_NAME: Field = Field {
    name: "InlinePolicyIdentifier.AttachmentName",
    constraint: Constraint {
        field: "attachmentName",
        pattern: Some((
            |text| text.chars().all(is_word_or_wildcard),
            r"[\w+=,.@*?-]+",
        )),
        ..POLICY_NAME.constraint
    },
};
/// `AttachmentType`, beside its values.
const HOLDER_KIND: Field = word(
    "InlinePolicyIdentifier.AttachmentType",
    "attachmentType",
    64,
);
/// `AttachmentType`
const HOLDER_KINDS: [&str; 3] = ["user", "group", "role"];
/// `PolicyIdentifierPolicyType`
const TYPES: [&str; 6] = [
    "inline",
    "aws-managed",
    "user-managed",
    "permission-boundary",
    "scp",
    "rcp",
];

fn is_word_or_wildcard(c: char) -> bool {
    is_word(c) || matches!(c, '*' | '?')
}

/// A member of the list, as it is given: a union of which one part must be there.
pub(super) struct Given<'a> {
    policy_type: Option<&'a str>,
    arn: Option<&'a str>,
    inline: Option<GivenInline<'a>>,
}

/// `InlinePolicyIdentifierType`
struct GivenInline<'a> {
    policy: Option<&'a str>,
    holder_kind: Option<&'a str>,
    holder: Option<&'a str>,
}

/// The members within the model's bounds.
///
/// # Errors
/// `MalformedInput` where they are not numbered from 1: what is passed over would be left out in silence.
pub(super) fn read_exclusions<'a>(
    parameters: &'a Parameters<'_>,
    violations: &mut Violations,
) -> Result<Vec<Given<'a>>, QueryFault> {
    let mut all = Vec::new();
    let mut read = 0;
    for number in 1.. {
        let member = format!("{LIST}member.{number}.");
        let parts = parameters.count_of(&member);
        if parts == 0 {
            break;
        }
        read += parts;
        let find = |name: &str| parameters.find(&[&member, name].concat());
        let arn = find(POLICY_ARN.name);
        violations.optional(arn, &POLICY_ARN.constraint);
        let policy_type = find("PolicyType");
        violations.choice(policy_type, "policyType", &TYPES);
        let has_inline = parameters.has_any(&[&member, "InlinePolicyIdentifier."].concat());
        all.push(Given {
            policy_type,
            arn,
            inline: has_inline.then(|| inline(find, violations)),
        });
    }
    if parameters.count_of(LIST) > read {
        let name = "PolicyExclusionList".to_owned();
        return Err(ParameterError::List { name }.into());
    }
    if all.len() > MAX_EXCLUSIONS {
        violations.too_many("policyExclusionList", MAX_EXCLUSIONS);
    }
    Ok(all)
}

/// An action that has no such list is not answered as though it had none.
///
/// # Errors
/// `InvalidInput`
pub(super) fn refuse_exclusions(parameters: &Parameters<'_>) -> Result<(), QueryFault> {
    if parameters.has_any(LIST) {
        let what = "PolicyExclusionList is taken by SimulatePrincipalPolicy alone.";
        return Err(invalid(what.to_owned()));
    }
    Ok(())
}

fn inline<'a>(
    find: impl Fn(&str) -> Option<&'a str>,
    violations: &mut Violations,
) -> GivenInline<'a> {
    let [policy, holder_kind, holder] = [POLICY_NAME, HOLDER_KIND, HOLDER_NAME].map(|field| {
        let value = find(field.name);
        violations.required(value, &field.constraint);
        value
    });
    violations.choice(holder_kind, HOLDER_KIND.constraint.field, &HOLDER_KINDS);
    GivenInline {
        policy,
        holder_kind,
        holder,
    }
}

/// What they leave out.
pub(super) fn exclusions(given: &[Given<'_>]) -> Result<Vec<Exclusion>, QueryFault> {
    given.iter().map(exclusion).collect()
}

fn exclusion(given: &Given<'_>) -> Result<Exclusion, QueryFault> {
    let refused = |refusal: Refusal| invalid(refusal.text);
    match given {
        Given {
            policy_type: Some(name),
            arn: None,
            inline: None,
        } => Ok(Exclusion::Type(excluded_type(name))),
        Given {
            policy_type: None,
            arn: Some(arn),
            inline: None,
        } => Exclusion::managed(arn).map_err(refused),
        Given {
            policy_type: None,
            arn: None,
            inline: Some(inline),
        } => Ok(Exclusion::Inline {
            policy: inline.policy.unwrap_or_default().to_owned(),
            holder_kind: match inline.holder_kind {
                Some("group") => SourceKind::Group,
                Some("role") => SourceKind::Role,
                _ => SourceKind::User,
            },
            holder: Wildcards::parse(inline.holder.unwrap_or_default()).map_err(refused)?,
        }),
        _ => Err(invalid(
            "Each member of PolicyExclusionList has exactly one of PolicyType, PolicyArn and InlinePolicyIdentifier."
                .to_owned(),
        )),
    }
}

/// Of one of [`TYPES`].
fn excluded_type(name: &str) -> ExcludedType {
    match name {
        "inline" => ExcludedType::Inline,
        "aws-managed" => ExcludedType::AwsManaged,
        "user-managed" => ExcludedType::UserManaged,
        "permission-boundary" => ExcludedType::Boundary,
        _ => ExcludedType::Control,
    }
}
