//! What holds for every policy and every request.

use proptest::prelude::*;

use super::*;
use crate::policy::{Evaluation, MAX_BYTES};

/// A statement over a small world, so that statements often meet.
fn any_statement() -> impl Strategy<Value = Value> {
    let effect = prop_oneof![Just("Allow"), Just("Deny")];
    let action = prop_oneof![
        Just("*"),
        Just("s3:Get*"),
        Just("s3:*Object"),
        Just("iam:*")
    ];
    let resource = prop_oneof![
        Just("*"),
        Just("arn:aws:s3:::bucket/*"),
        Just("arn:aws:s3:::bucket/home/${a:user}/*"),
        Just("arn:aws:s3:::other"),
    ];
    let operator = prop_oneof![
        Just("StringEquals"),
        Just("StringNotLike"),
        Just("NumericLessThan"),
        Just("ForAllValues:StringEquals"),
        Just("ForAnyValue:StringNotEqualsIfExists"),
    ];
    let operand = prop_oneof![Just("1"), Just("2"), Just("3")];
    (
        effect,
        action,
        resource,
        operator,
        operand,
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(effect, action, resource, operator, operand, (negate, conditional))| {
                let action_element = if negate { "NotAction" } else { "Action" };
                let mut statement =
                    json!({"Effect": effect, action_element: action, "Resource": resource});
                if conditional {
                    statement["Condition"] = json!({operator: {"a:key": operand}});
                }
                statement
            },
        )
}

fn any_context() -> impl Strategy<Value = Context<'static>> {
    let value = prop_oneof![
        Just(None),
        Just(Some("1")),
        Just(Some("2")),
        Just(Some("x"))
    ];
    let user = prop_oneof![Just(None), Just(Some("ada")), Just(Some("*"))];
    (value, user).prop_map(|(value, user)| {
        let mut context = Context::new();
        value.map(|value| context.set("a:key", value));
        user.map(|user| context.set("a:user", user));
        context
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        "[a-zA-Z:*?${}/' ,]{0,12}",
        proptest::sample::select(vec![
            "Version",
            "2012-10-17",
            "Statement",
            "Effect",
            "Allow",
            "Deny",
            "Principal",
            "NotPrincipal",
            "AWS",
            "Federated",
            "Action",
            "sts:*",
            "Resource",
            "Condition",
            "StringLike",
            "ForAnyValue:ArnLike",
            "DateLessThan",
            "NumericEquals",
            "Null",
            "IpAddress",
            "aws:SourceIp",
            "${aws:username}",
            "arn:aws:iam::123456789012:role/x",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        word.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(word.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn evaluate(statements: &[Value], context: &Context<'_>) -> Evaluation {
    identity(&Value::from(statements))
        .unwrap()
        .evaluate("p", &request(context))
}

fn is_allowed(evaluation: &Evaluation) -> bool {
    evaluation.explicit_denies.is_empty() && !evaluation.allows.is_empty()
}

proptest! {
    #[test]
    fn order_never_changes_a_decision(
        statements in proptest::collection::vec(any_statement(), 1..6),
        context in any_context(),
        turn in any::<prop::sample::Index>(),
    ) {
        let before = evaluate(&statements, &context);
        let mut turned = statements.clone();
        turned.rotate_left(turn.index(statements.len()));
        turned.reverse();
        let after = evaluate(&turned, &context);
        prop_assert_eq!(before.allows.len(), after.allows.len());
        prop_assert_eq!(before.explicit_denies.len(), after.explicit_denies.len());
    }

    #[test]
    fn deny_beats_allow_in_any_order(
        mut statements in proptest::collection::vec(any_statement(), 0..6),
        context in any_context(),
        at in any::<prop::sample::Index>(),
    ) {
        let deny = json!({"Effect": "Deny", "Action": "s3:GetObject", "Resource": RESOURCE});
        statements.insert(at.index(statements.len() + 1), deny);
        prop_assert!(!is_allowed(&evaluate(&statements, &context)));
    }

    #[test]
    fn another_deny_never_allows_and_another_allow_never_denies(
        mut statements in proptest::collection::vec(any_statement(), 1..6),
        added in any_statement(),
        context in any_context(),
    ) {
        let before = is_allowed(&evaluate(&statements, &context));
        let denies = added["Effect"] == "Deny";
        statements.push(added);
        let after = is_allowed(&evaluate(&statements, &context));
        let (weaker, stronger) = if denies { (after, before) } else { (before, after) };
        prop_assert!(stronger || !weaker);
    }

    #[test]
    fn a_statement_never_both_applies_as_allow_and_spares_as_deny(
        statement in any_statement(),
        context in any_context(),
    ) {
        let with = |effect: &str| {
            let mut statement = statement.clone();
            statement["Effect"] = json!(effect);
            evaluate(&[statement], &context)
        };
        let allows = !with("Allow").allows.is_empty();
        let denies = !with("Deny").explicit_denies.is_empty();
        prop_assert!(denies || !allows);
    }

    #[test]
    fn parsing_never_panics_on_text(text in any::<String>()) {
        let _ = (text.parse::<TrustPolicy>(), text.parse::<IdentityPolicy>());
    }

    #[test]
    fn parsing_never_panics_on_json(json in any_json()) {
        let statement = json!({"Version": "2012-10-17", "Statement": json}).to_string();
        let _ = (statement.parse::<TrustPolicy>(), statement.parse::<IdentityPolicy>());
        let condition = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": json,
        }});
        if let Ok(policy) = condition.to_string().parse::<IdentityPolicy>() {
            policy.evaluate("p", &request(&Context::new()));
        }
    }

    #[test]
    fn a_damaged_policy_is_refused_or_read_as_it_stands(
        at in any::<prop::sample::Index>(),
        byte in proptest::char::range(' ', '~'),
    ) {
        let text = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
        let mut damaged: Vec<char> = text.chars().collect();
        let at = at.index(damaged.len());
        damaged[at] = byte;
        let damaged: String = damaged.into_iter().collect();
        if let Ok(policy) = damaged.parse::<IdentityPolicy>() {
            let context = Context::new();
            prop_assert!(policy.evaluate("p", &request(&context)).allows.is_empty());
            prop_assert_eq!(policy.as_json(), damaged);
        }
    }
}

#[test]
fn thousands_of_values_are_bounded_by_the_length_of_the_policy() {
    let policy = |count: usize| {
        let values = vec!["*x"; count];
        identity(&json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"StringLike": {"a:key": values}}}))
    };
    assert_eq!(policy(10_000).unwrap_err().problem, Problem::TooLong);
    let context = one("a:key", "y");
    let evaluation = policy(MAX_BYTES / 6)
        .unwrap()
        .evaluate("p", &request(&context));
    assert!(evaluation.allows.is_empty());
}
