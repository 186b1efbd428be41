//! Policy variables.

use super::*;

fn allows(version: &str, resource: &str, context: &Context<'_>) -> bool {
    let policy = json!({"Version": version, "Statement": {
        "Effect": "Allow", "Action": "*", "Resource": resource,
    }});
    let policy: IdentityPolicy = policy.to_string().parse().unwrap();
    !policy.evaluate("p", &request(context)).allows.is_empty()
}

#[test]
fn a_variable_is_the_value_of_its_key() {
    let resource = "arn:aws:s3:::bucket/home/${aws:username}/*";
    assert!(allows("2012-10-17", resource, &one("AWS:UserName", "ada")));
    assert!(!allows("2012-10-17", resource, &one("aws:username", "bob")));
}

#[test]
fn the_old_version_knows_no_variables() {
    let resource = "arn:aws:s3:::bucket/home/${aws:username}/*";
    assert!(!allows("2008-10-17", resource, &one("aws:username", "ada")));
    let literal = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"a:key": "${a:other"}}}});
    let policy: IdentityPolicy = literal.to_string().parse().unwrap();
    let context = one("a:key", "${a:other");
    assert_eq!(policy.evaluate("p", &request(&context)).allows.len(), 1);
}

#[test]
fn what_a_variable_stands_for_is_no_wildcard() {
    let resource = "arn:aws:s3:::bucket/home/${aws:username}/*";
    for hostile in ["*", "a?a", "???", "${aws:username}", "${*}"] {
        assert!(
            !allows("2012-10-17", resource, &one("aws:username", hostile)),
            "{hostile}"
        );
    }
    let like = json!({"StringLike": {"a:key": "${a:tag}*"}});
    let mut context = one("a:tag", "*");
    assert!(!holds(&like, context.set("a:key", "x")));
    assert!(holds(&like, context.set("a:key", "*x")));
}

#[test]
fn a_colon_in_a_variable_divides_no_arn() {
    let like = json!({"ArnLike": {"a:arn": "arn:aws:iam::${a:account}:role/*"}});
    let mut context = one("a:account", "1:user/x");
    assert!(!holds(
        &like,
        context.set("a:arn", "arn:aws:iam::1:user/x:role/y")
    ));
    context.set("a:account", "1");
    assert!(holds(&like, context.set("a:arn", "arn:aws:iam::1:role/y")));
}

#[test]
fn an_arn_may_come_whole_from_a_variable() {
    let like = json!({"ArnEquals": {"a:arn": "${a:other}"}});
    let mut context = one("a:arn", ROLE);
    assert!(holds(&like, context.set("a:other", ROLE)));
    assert!(!holds(&like, context.set("a:other", "arn:*:*:*:*:*")));
}

/// A key with a value, and contexts in which `${a:tag}` stands for nothing: absent, or of many values.
fn without_tag(value: &'static str) -> [Context<'static>; 2] {
    let absent = one("a:key", value);
    let mut several = one("a:key", value);
    several.set(
        "a:tag",
        ["x", "y"]
            .into_iter()
            .collect::<crate::policy::Values<'_>>(),
    );
    [absent, several]
}

#[test]
fn a_variable_that_cannot_be_resolved_equals_nothing() {
    for (operator, value) in [
        ("StringEquals", ""),
        ("StringEqualsIgnoreCase", "x"),
        ("StringLike", ""),
        ("StringEqualsIfExists", "x"),
        ("ForAnyValue:StringEquals", "x"),
        ("NumericEquals", "1"),
        ("IpAddress", "192.0.2.1"),
        ("ArnLike", ROLE),
    ] {
        let condition = json!({operator: {"a:key": "${a:tag}"}});
        for context in without_tag(value) {
            assert!(!holds(&condition, &context), "{operator}");
        }
    }
}

/// “Everything but what nobody knows” would be everything.
#[test]
fn a_variable_that_cannot_be_resolved_spares_nothing_under_a_negated_operator() {
    for (operator, value, text) in [
        ("StringNotEquals", "x", "${a:tag}"),
        ("StringNotEqualsIgnoreCase", "x", "${a:tag}"),
        ("StringNotLike", "x", "${a:tag}*"),
        ("StringNotEqualsIfExists", "x", "${a:tag}"),
        ("ForAllValues:StringNotEquals", "x", "${a:tag}"),
        ("ForAnyValue:StringNotLike", "x", "${a:tag}"),
        ("NumericNotEquals", "1", "${a:tag}"),
        ("DateNotEquals", "1", "${a:tag}"),
        ("NotIpAddress", "192.0.2.1", "${a:tag}"),
        ("ArnNotEquals", ROLE, "${a:tag}"),
        (
            "ArnNotLike",
            ROLE,
            "arn:aws:iam::123456789012:role/${a:tag}",
        ),
        // Parts before and after the variable differ from the value's anyway.
        ("ArnNotLike", ROLE, "arn:aws:sns::${a:tag}:topic"),
        ("ArnNotEquals", ROLE, "arn:aws:iam::${a:tag}:topic"),
    ] {
        let condition = json!({operator: {"a:key": text}});
        for context in without_tag(value) {
            assert!(unclear(&condition, &context), "{operator}");
        }
    }
}

#[test]
fn a_variable_that_cannot_be_resolved_leaves_other_values_to_decide() {
    let [context, _] = without_tag("x");
    let operands = |operator: &str| json!({operator: {"a:key": ["${a:tag}", "x"]}});
    assert!(holds(&operands("StringEquals"), &context));
    assert!(!holds(&operands("StringNotEquals"), &context));
    assert!(!holds(&operands("StringNotLike"), &context));
}

#[test]
fn an_unresolved_resource_matches_nothing_and_widens_nothing() {
    let context = Context::new();
    let pattern = "arn:aws:s3:::bucket/home/${aws:username}/*";
    for (effect, element, expected) in [
        ("Allow", "Resource", false),
        ("Deny", "Resource", false),
        ("Allow", "NotResource", false),
        ("Deny", "NotResource", true),
    ] {
        let policy = identity(&json!({"Effect": effect, "Action": "*", element: pattern})).unwrap();
        let evaluation = policy.evaluate("p", &request(&context));
        let applies = evaluation.allows.len() + evaluation.explicit_denies.len() > 0;
        assert_eq!(applies, expected, "{effect} {element}");
    }
}

#[test]
fn a_default_stands_in_for_an_absent_key_only() {
    let condition = json!({"StringEquals": {"a:key": "${a:team, 'blue'}"}});
    let mut context = one("a:key", "blue");
    assert!(holds(&condition, &context));
    assert!(!holds(&condition, context.set("a:team", "red")));
    let mut several = one("a:key", "blue");
    several.set(
        "a:team",
        ["red"].into_iter().collect::<crate::policy::Values<'_>>(),
    );
    assert!(!holds(&condition, &several));
}

#[test]
fn special_variables_are_the_characters_themselves() {
    let condition = json!({"StringLike": {"a:key": "${*}${?}${$}{*"}});
    assert!(holds(&condition, &one("a:key", "*?${and more")));
    assert!(!holds(&condition, &one("a:key", "xy${and more")));
}

#[test]
fn typed_operators_read_the_value_of_a_variable() {
    let condition = json!({"NumericLessThanEquals": {"a:key": "${a:limit}"}});
    let mut context = one("a:key", "5");
    assert!(holds(&condition, context.set("a:limit", "5")));
    assert!(!holds(&condition, context.set("a:limit", "4")));
    assert!(unclear(&condition, context.set("a:limit", "many")));
}

#[test]
fn what_begins_no_variable_is_refused() {
    for text in [
        "${",
        "${}",
        "${aws:username",
        "${username}",
        "${aws:${x}}",
        "${aws:username,'x'}",
        "${aws:username, x}",
        "${aws:username, 'x}",
        "${aws:*}",
        "${**}",
    ] {
        let problem = refusal(&json!({"StringEquals": {"a:key": text}}));
        assert_eq!(problem, Problem::BadVariable(text.into()));
    }
}

#[test]
fn a_resource_has_variables_after_the_fifth_colon_only() {
    let resource = "arn:aws:s3::${aws:PrincipalAccount}:bucket";
    let policy = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
    assert_eq!(
        identity(&policy).unwrap_err().problem,
        Problem::BadVariable(resource.into())
    );
}
