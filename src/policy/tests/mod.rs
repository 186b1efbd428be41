//! The rules of the language, seen from outside.

mod assuming;
mod authorising;
mod conditions;
mod documents;
mod identity;
mod principals;
mod properties;
mod signed;
mod telling;
mod variables;

use serde_json::{Value, json};

use super::{
    Caller, Context, IdentityPolicy, PolicyError, Problem, Request, StatementName, TrustPolicy,
};

const RESOURCE: &str = "arn:aws:s3:::bucket/home/ada/file";
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/idp.example.com";
const ROLE: &str = "arn:aws:iam::123456789012:role/eng/Reader";

/// An identity policy of these statements.
fn identity(statements: &Value) -> Result<IdentityPolicy, PolicyError> {
    json!({"Version": "2012-10-17", "Statement": statements})
        .to_string()
        .parse()
}

/// A trust policy of these statements.
fn trust(statements: &Value) -> Result<TrustPolicy, PolicyError> {
    json!({"Version": "2012-10-17", "Statement": statements})
        .to_string()
        .parse()
}

/// Whether a statement with this effect and condition applies.
fn applies(effect: &str, condition: &Value, context: &Context<'_>) -> bool {
    let policy = identity(&json!({
        "Effect": effect, "Action": "*", "Resource": "*", "Condition": condition,
    }))
    .unwrap();
    let evaluation = policy.evaluate("p", &request(context));
    !evaluation.allows.is_empty() || !evaluation.explicit_denies.is_empty()
}

/// Whether an `Allow` and a `Deny` with this condition agree, and on what.
fn holds(condition: &Value, context: &Context<'_>) -> bool {
    let (allow, deny) = (
        applies("Allow", condition, context),
        applies("Deny", condition, context),
    );
    assert_eq!(allow, deny, "unclear: {condition}");
    allow
}

/// Whether a condition can't be judged: an `Allow` doesn't apply, a `Deny` does.
fn unclear(condition: &Value, context: &Context<'_>) -> bool {
    !applies("Allow", condition, context) && applies("Deny", condition, context)
}

fn one(key: &'static str, value: &'static str) -> Context<'static> {
    let mut context = Context::new();
    context.set(key, value);
    context
}

fn many(key: &'static str, values: &[&'static str]) -> Context<'static> {
    let mut context = Context::new();
    context.set(key, values.iter().copied().collect::<super::Values<'_>>());
    context
}

fn request<'a>(context: &'a Context<'a>) -> Request<'a> {
    Request {
        caller: Caller::Anonymous,
        action: "s3:GetObject",
        resource: RESOURCE,
        context,
    }
}

/// Why a condition is refused.
fn refusal(condition: &Value) -> Problem {
    let error = identity(&json!({
        "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition,
    }))
    .unwrap_err();
    assert_eq!(error.statement, Some(StatementName::Number(1)));
    error.problem
}
