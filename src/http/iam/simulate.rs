//! Trying policies out.

use super::exclusions::{exclusions, read_exclusions, refuse_exclusions};
use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, arn, text};
use super::policy_fields::document;
use crate::domain::{AccountId, Arn, UserArn};
use crate::flows::iam::Page;
use crate::flows::iam::simulate::{
    EvaluationResult, GetContextKeysForCustomPolicy, GetContextKeysForPrincipalPolicy, Holder,
    MatchedStatement, Setting, SimulateCustomPolicy, SimulatePrincipalPolicy,
};
use crate::http::query::{Constraint, Members, Parameters, QueryFault, Value, Violations};
use crate::policy::{Position, SimulatedDecision, Values};

/// `policyDocumentType`
const POLICY: Field = document("PolicyInputList", "policyInputList");
/// `policyDocumentType`
const RESOURCE_POLICY: Field = document("ResourcePolicy", "resourcePolicy");
/// `arnType`
const SOURCE: Field = arn("PolicySourceArn", "policySourceArn");
/// `ResourceNameType`
const RESOURCE_OWNER: Field = text("ResourceOwner", "resourceOwner", (1, 2048));
/// `ResourceNameType`
const CALLER: Field = text("CallerArn", "callerArn", (1, 2048));
/// `ResourceNameType`
const RESOURCE: Field = text("ResourceArns", "resourceArns", (1, 2048));
/// `ResourceHandlingOptionType`
const HANDLING: Field = text("ResourceHandlingOption", "resourceHandlingOption", (1, 64));
/// `ActionNameType`
const ACTION: Field = text("ActionNames", "actionNames", (3, 128));
/// `ContextKeyNameType`
const KEY: Field = text("ContextKeyName", "contextKeyName", (5, 256));

/// `ContextKeyTypeEnum`
const KEY_TYPES: [&str; 12] = [
    "string",
    "stringList",
    "numeric",
    "numericList",
    "boolean",
    "booleanList",
    "ip",
    "ipList",
    "binary",
    "binaryList",
    "date",
    "dateList",
];

pub(super) fn invalid(text: String) -> QueryFault {
    QueryFault::new(
        actix_web::http::StatusCode::BAD_REQUEST,
        "InvalidInput",
        text,
    )
}

/// The members of a list, each within its bounds.
fn list(
    parameters: &Parameters<'_>,
    name: &str,
    member: &Constraint,
    violations: &mut Violations,
) -> Result<Vec<String>, QueryFault> {
    let members = parameters.list(name, "")?;
    let mut kept = Vec::with_capacity(members.len());
    for text in members {
        kept.extend(violations.optional(Some(text), member).map(str::to_owned));
    }
    Ok(kept)
}

/// `PolicyInputList`
fn policies(
    parameters: &Parameters<'_>,
    violations: &mut Violations,
) -> Result<Vec<String>, QueryFault> {
    list(parameters, POLICY.name, &POLICY.constraint, violations)
}

/// `PermissionsBoundaryPolicyInputList`
fn boundary(
    parameters: &Parameters<'_>,
    violations: &mut Violations,
) -> Result<Vec<String>, QueryFault> {
    let name = "PermissionsBoundaryPolicyInputList";
    list(parameters, name, &POLICY.constraint, violations)
}

/// `ContextEntries`
fn context(
    parameters: &Parameters<'_>,
    violations: &mut Violations,
) -> Result<Vec<(String, Values<'static>)>, QueryFault> {
    let mut entries = Vec::new();
    for number in 1.. {
        let part = |name: &str| format!("ContextEntries.member.{number}.{name}");
        if !parameters.has_any(&part("")) {
            break;
        }
        let key = parameters.find(&part(KEY.name));
        let key = violations.required(key, &KEY.constraint);
        let kind = parameters.find(&part("ContextKeyType"));
        let kind = violations.one_of(kind, "contextKeyType", &KEY_TYPES);
        let values = parameters.list(&part("ContextKeyValues"), "")?;
        let Some(key) = key else { continue };
        let is_list = kind.is_some_and(|kind| kind.ends_with("List"));
        match (is_list, values.as_slice()) {
            (true, values) => {
                let values = values.iter().map(|value| (*value).to_owned());
                entries.push((key.to_owned(), values.collect()));
            }
            (false, []) => {}
            (false, [value]) => entries.push((key.to_owned(), (*value).to_owned().into())),
            (false, _) => {
                return Err(invalid(format!(
                    "The context key {key} has several values and no list for its type."
                )));
            }
        }
    }
    Ok(entries)
}

/// Whose resources are meant: an account, or an ARN with one.
fn owner(text: &str) -> Result<AccountId, QueryFault> {
    let account = Arn::parse(text).map_or(text, |arn| arn.account);
    let refused = |_| invalid(format!("ResourceOwner {text} names no account."));
    account.parse().map_err(refused)
}

fn caller(text: &str) -> Result<UserArn, QueryFault> {
    let refused = |_| invalid(format!("CallerArn {text} names no user."));
    text.parse().map_err(refused)
}

/// What is asked.
fn setting(
    parameters: &Parameters<'_>,
    mut violations: Violations,
    required: &[Field],
) -> Result<Setting, QueryFault> {
    let actions = list(parameters, ACTION.name, &ACTION.constraint, &mut violations)?;
    if !parameters.has_any("ActionNames.member.") {
        violations.required(None, &ACTION.constraint);
    }
    let mut resources = list(
        parameters,
        RESOURCE.name,
        &RESOURCE.constraint,
        &mut violations,
    )?;
    let context = context(parameters, &mut violations)?;
    let optional = [
        RESOURCE_POLICY,
        RESOURCE_OWNER,
        CALLER,
        HANDLING,
        MARKER,
        MAX_ITEMS,
    ];
    let checked = Checked::beside(violations, parameters, required, &optional)?;
    if let Some(action) = actions.iter().find(|action| !is_action(action)) {
        return Err(invalid(format!("Invalid Action: {action}")));
    }
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    Ok(Setting {
        actions,
        resources,
        resource_policy: checked.text(RESOURCE_POLICY).map(str::to_owned),
        owner: checked.text(RESOURCE_OWNER).map(owner).transpose()?,
        caller: checked.text(CALLER).map(caller).transpose()?,
        context,
        page: checked.page()?,
    })
}

/// One action by name: `s3:GetObject`.
fn is_action(text: &str) -> bool {
    let is_word = |text: &str| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.split_once(':')
        .is_some_and(|(service, name)| is_word(service) && is_word(name))
}

fn holder(parameters: &Parameters<'_>) -> Result<Holder, QueryFault> {
    let text = parameters.find(SOURCE.name).unwrap_or_default();
    let holder: Result<Holder, _> = text.parse();
    holder.map_err(|refusal| invalid(refusal.text))
}

const fn decision(decision: SimulatedDecision) -> &'static str {
    match decision {
        SimulatedDecision::Allowed => "allowed",
        SimulatedDecision::ExplicitDeny => "explicitDeny",
        SimulatedDecision::ImplicitDeny => "implicitDeny",
    }
}

/// `Position`
fn position(position: Position) -> Value<'static> {
    Value::Members(vec![
        ("Line", Value::Number(position.line)),
        ("Column", Value::Number(position.column)),
    ])
}

/// `Statement`
fn statement(statement: MatchedStatement) -> Value<'static> {
    let mut members = vec![
        ("SourcePolicyId", statement.source.into()),
        ("SourcePolicyType", statement.kind.as_str().into()),
    ];
    if let Some((start, end)) = statement.place {
        members.push(("StartPosition", position(start)));
        members.push(("EndPosition", position(end)));
    }
    Value::Members(members)
}

/// `EvaluationResult`
fn result(result: EvaluationResult) -> Value<'static> {
    let matched = result.matched.into_iter().map(statement);
    let missing = result.missing.into_iter().map(Value::from);
    let mut members = vec![
        ("EvalActionName", result.action.into()),
        ("EvalResourceName", result.resource.into()),
        ("EvalDecision", decision(result.decision).into()),
        ("MatchedStatements", Value::List(matched.collect())),
        ("MissingContextValues", Value::List(missing.collect())),
    ];
    if let Some(allowed) = result.allowed_by_boundary {
        let detail = Value::Members(vec![("AllowedByPermissionsBoundary", Value::Bool(allowed))]);
        members.push(("PermissionsBoundaryDecisionDetail", detail));
    }
    Value::Members(members)
}

fn results(page: Page<EvaluationResult>) -> Option<Members<'static>> {
    super::shapes::page("EvaluationResults", page, result)
}

fn keys(keys: Vec<String>) -> Members<'static> {
    let names = keys.into_iter().map(Value::from).collect();
    vec![("ContextKeyNames", Value::List(names))]
}

/// A list that must have members.
fn check_policies(
    parameters: &Parameters<'_>,
    violations: &mut Violations,
) -> Result<Vec<String>, QueryFault> {
    if !parameters.has_any("PolicyInputList.member.") {
        violations.required(None, &POLICY.constraint);
    }
    policies(parameters, violations)
}

impl Operation for SimulateCustomPolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        refuse_exclusions(parameters)?;
        let mut violations = Violations::default();
        Ok(Self {
            policies: check_policies(parameters, &mut violations)?,
            boundary: boundary(parameters, &mut violations)?,
            setting: setting(parameters, violations, &[])?,
        })
    }

    fn members(page: Page<EvaluationResult>) -> Option<Members<'static>> {
        results(page)
    }
}

impl Operation for SimulatePrincipalPolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let mut violations = Violations::default();
        let policies = policies(parameters, &mut violations)?;
        let boundary = boundary(parameters, &mut violations)?;
        let excluded = read_exclusions(parameters, &mut violations)?;
        let setting = setting(parameters, violations, &[SOURCE])?;
        Ok(Self {
            holder: holder(parameters)?,
            policies,
            boundary,
            without: exclusions(&excluded)?,
            setting,
        })
    }

    fn members(page: Page<EvaluationResult>) -> Option<Members<'static>> {
        results(page)
    }
}

impl Operation for GetContextKeysForCustomPolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let mut violations = Violations::default();
        let policies = check_policies(parameters, &mut violations)?;
        Checked::beside(violations, parameters, &[], &[])?;
        Ok(Self { policies })
    }

    fn members(answer: Vec<String>) -> Option<Members<'static>> {
        Some(keys(answer))
    }
}

impl Operation for GetContextKeysForPrincipalPolicy {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let mut violations = Violations::default();
        let policies = policies(parameters, &mut violations)?;
        Checked::beside(violations, parameters, &[SOURCE], &[])?;
        Ok(Self {
            holder: holder(parameters)?,
            policies,
        })
    }

    fn members(answer: Vec<String>) -> Option<Members<'static>> {
        Some(keys(answer))
    }
}
