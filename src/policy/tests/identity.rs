//! What a caller's own policies decide together.

use super::*;
use crate::policy::{
    IdentityDecision, MatchedBy, NamedPolicy, PolicyKind, StatementRef, decide_identity,
};

fn policy(effect: &str, sid: &str, action: &str) -> IdentityPolicy {
    identity(&json!({"Sid": sid, "Effect": effect, "Action": action, "Resource": "*"})).unwrap()
}

fn reference(policy: &str, sid: &str) -> StatementRef {
    StatementRef {
        kind: PolicyKind::IdentityBased,
        policy: policy.into(),
        statement: StatementName::Sid(sid.into()),
        matched_by: MatchedBy::Holder,
    }
}

fn decision(policies: &[(&str, &IdentityPolicy)]) -> IdentityDecision {
    let named: Vec<_> = policies
        .iter()
        .map(|&(name, policy)| NamedPolicy { name, policy })
        .collect();
    let context = Context::new();
    decide_identity(
        &named,
        &Request {
            caller: Caller::Anonymous,
            action: "rolegate:ReadSignIns",
            resource: "arn:aws:rolegate:::sign-ins",
            context: &context,
        },
    )
}

#[test]
fn nothing_allows_by_itself() {
    let other = policy("Allow", "A", "s3:*");
    assert_eq!(decision(&[]), IdentityDecision::ImplicitDeny);
    assert_eq!(decision(&[("p", &other)]), IdentityDecision::ImplicitDeny);
}

#[test]
fn an_allow_in_any_policy_is_enough() {
    let (other, reader) = (
        policy("Allow", "A", "s3:*"),
        policy("Allow", "B", "rolegate:Read*"),
    );
    let expected = IdentityDecision::Allow(vec![reference("reader", "B")]);
    assert_eq!(
        decision(&[("other", &other), ("reader", &reader)]),
        expected
    );
}

#[test]
fn an_explicit_deny_in_any_policy_wins() {
    let (allow, deny) = (policy("Allow", "A", "*"), policy("Deny", "D", "rolegate:*"));
    let expected = IdentityDecision::ExplicitDeny(vec![reference("d", "D")]);
    assert_eq!(decision(&[("a", &allow), ("d", &deny)]), expected);
    assert_eq!(decision(&[("d", &deny), ("a", &allow)]), expected);
}
