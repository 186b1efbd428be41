//! Conditions that are hard to match, and conditions that can't be judged: a whole node is asked by `AssumeRole`.

use rolegate::policy::{Caller, Context, IdentityPolicy, Request};
use serde_json::{Value, json};

use super::support::directory::{add_role, every_assume_action, in_account, trust};
use super::support::http_node::HttpNode;
use super::support::sts::assert_refused;
use super::{LAST, MIDDLE, ada, allows, directory, issued, start, take, trusts_account};

/// Whether ada may take Middle under these conditions of her own policies, with these parameters.
fn may(node: &HttpNode, statements: &[Value], more: &[(&str, &str)]) -> bool {
    let mut files = directory(node);
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    files.insert(
        in_account("users/ada.policies/sts.json"),
        policy.to_string(),
    );
    node.apply(&files);
    let answer = take(node, &ada(), MIDDLE, more);
    if answer.status != 200 {
        assert_refused(&answer, 403, "AccessDenied");
    }
    answer.status == 200
}

fn statement(effect: &str, condition: &Value) -> Value {
    json!({ "Effect": effect, "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*",
            "Condition": condition })
}

fn allow(condition: &Value) -> Value {
    statement("Allow", condition)
}

/// How guides deny what comes from elsewhere, and what is asked for without a second factor: but not what a
/// service asks in somebody's name, which nothing does here.
#[test]
fn every_call_is_made_by_who_signed_it() {
    let node = start();
    let everything = allow(&json!({}));
    let elsewhere = json!({
        "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" }, "Bool": { "aws:ViaAWSService": "false" },
    });
    let without = json!({
        "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" },
        "Bool": { "aws:ViaAWSService": "false" },
    });
    assert!(may(&node, std::slice::from_ref(&everything), &[]));
    for condition in [elsewhere, without] {
        let denied = statement("Deny", &condition);
        assert!(
            !may(&node, &[everything.clone(), denied], &[]),
            "{condition}"
        );
    }
}

#[test]
fn policies_know_whose_role_is_asked_for() {
    let node = start();
    let of =
        |operator: &str, account: &str| json!({ operator: { "aws:ResourceAccount": account } });
    let (own, other) = ("123456789012", "482011739056");
    assert!(may(&node, &[allow(&of("StringEquals", own))], &[]));
    assert!(!may(&node, &[allow(&of("StringEquals", other))], &[]));
    assert!(!may(&node, &[allow(&of("StringNotEquals", own))], &[]));
    let denied = statement("Deny", &of("StringEquals", own));
    assert!(!may(&node, &[allow(&json!({})), denied], &[]));
}

#[test]
fn a_role_knows_whose_it_is_and_that_no_service_asks() {
    let node = start();
    for (key, good, bad) in [
        ("aws:ViaAWSService", "false", "true"),
        ("aws:ResourceAccount", "123456789012", "482011739056"),
    ] {
        for (value, expected) in [(good, 200), (bad, 403)] {
            let mut files = directory(&node);
            let issuer = node.provider.issuer();
            let mut trust = trust(&[&issuer], &every_assume_action(), &json!({}));
            trust["Statement"][0]["Condition"]["StringEquals"][key] = value.into();
            add_role(&mut files, "Reader", &json!({}), &trust);
            node.apply(&files);
            assert_eq!(
                node.assume(&node.id_token("ines"), &[]).status,
                expected,
                "{key} {value}"
            );
        }
    }
}

const TAGGED: [(&str, &str); 2] = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "ops")];

/// The least time of many that one evaluation took: what else the machine does only adds to it.
fn least_time(policy: &IdentityPolicy, context: &Context<'_>) -> std::time::Duration {
    let request = Request {
        caller: Caller::Anonymous,
        action: "s3:GetObject",
        resource: "arn:aws:s3:::bucket/key",
        context,
    };
    let times = (0..50).map(|_| {
        let begun = std::time::Instant::now();
        assert!(policy.evaluate("p", &request).allows.is_empty());
        begun.elapsed()
    });
    times.min().unwrap()
}

fn policy(operator: &str, values: &Value) -> IdentityPolicy {
    let condition = json!({ operator: { "a:key": values } });
    let statement =
        json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition });
    let policy = json!({ "Version": "2012-10-17", "Statement": statement });
    policy.to_string().parse().unwrap()
}

#[test]
fn a15_a_wildcard_bomb_is_judged_within_ten_milliseconds() {
    const MOST: std::time::Duration = std::time::Duration::from_millis(10);
    let bomb = ["*?".repeat(900), "x".to_owned()].concat();
    let value = "a".repeat(2048);
    let mut context = Context::new();
    context.set("a:key", value.as_str());
    for (operator, pattern) in [
        ("StringLike", bomb.clone()),
        ("StringLike", ["*a".repeat(900), "x".to_owned()].concat()),
        ("StringLike", ["a*".repeat(900), "x".to_owned()].concat()),
        ("StringLike", ["*".repeat(1800), "x".to_owned()].concat()),
    ] {
        let took = least_time(&policy(operator, &json!(pattern)), &context);
        assert!(took < MOST, "{operator} {took:?}");
    }
}

#[test]
fn a15_ten_thousand_values_are_more_than_a_policy_has() {
    let values = vec!["*?x"; 10_000];
    let condition = json!({ "StringLike": { "a:key": values } });
    let policy = json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition } });
    assert!(policy.to_string().parse::<IdentityPolicy>().is_err());
    // As many as there is room for, each of which nearly fits.
    let values = vec!["*?x"; 4_000];
    let mut context = Context::new();
    let value = "a".repeat(2048);
    context.set("a:key", value.as_str());
    let took = least_time(&self::policy("StringLike", &json!(values)), &context);
    let few = vec!["*?x"; 40];
    let one = least_time(&self::policy("StringLike", &json!(few)), &context);
    // A hundred times as much costs a hundred times as much, and no more than twice that.
    assert!(took < one * 200, "{took:?}, and {one:?} for a hundredth");
}

#[test]
fn a15_a_node_judges_a_bomb_that_is_longer_than_what_it_is_given() {
    let node = start();
    let bomb = ["*?".repeat(900), "x".to_owned()].concat();
    let like = allow(&json!({ "StringLike": { "sts:ExternalId": bomb } }));
    let value = "a".repeat(1224);
    assert!(!may(&node, &[like], &[("ExternalId", &value)]));
    let bomb = ["*?".repeat(600), "x".to_owned()].concat();
    let like = allow(&json!({ "StringLike": { "sts:ExternalId": bomb } }));
    let fits = [value.get(1..).unwrap(), "x"].concat();
    assert!(may(&node, &[like], &[("ExternalId", &fits)]));
}

#[test]
fn a15_what_a_variable_stands_for_is_never_a_wildcard() {
    let node = start();
    // The value that a caller chooses can't say more than itself.
    let variable = allow(&json!({ "StringLike": { "sts:ExternalId": "${aws:RequestTag/a}" } }));
    let tags = |value: &'static str| {
        [
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", value),
            ("ExternalId", "agreed"),
        ]
    };
    let variable = [variable];
    assert!(may(&node, &variable, &tags("agreed")));
    // AWS's tags have no such characters, so that they come no further; and no policy would take them.
    for value in ["*", "agree?", "a*"] {
        let answer = take(&node, &ada(), MIDDLE, &tags(value));
        assert_refused(&answer, 400, "ValidationError");
    }
    for value in ["${aws:username}", "$", "{"] {
        let answer = take(&node, &ada(), MIDDLE, &tags(value));
        assert_refused(&answer, 400, "ValidationError");
    }
}

#[test]
fn a15_a_variable_without_a_value_lets_nobody_in() {
    let node = start();
    let with = [("ExternalId", "agreed")];
    for operator in ["StringEquals", "StringLike"] {
        for value in [
            "${aws:RequestTag/none}",
            "${aws:nothing}",
            "a${aws:nothing}*",
        ] {
            let condition = json!({ operator: { "sts:ExternalId": value } });
            assert!(!may(&node, &[allow(&condition)], &with), "{condition}");
        }
        // Under the negation it can't be judged, and what can't be judged allows nothing.
        let negated = operator.replace("String", "StringNot");
        let condition = json!({ negated: { "sts:ExternalId": "${aws:nothing}" } });
        assert!(!may(&node, &[allow(&condition)], &with), "{condition}");
    }
}

#[test]
fn a15_variables_that_stand_in_each_other_are_refused() {
    let node = start();
    for value in [
        "${aws:RequestTag/${aws:username}}",
        "${${aws:username}}",
        "${",
        "${aws:username",
        "${}",
    ] {
        let mut files = directory(&node);
        let trust = {
            let mut trust = trusts_account();
            trust["Statement"]["Condition"] = json!({ "StringLike": { "sts:ExternalId": value } });
            trust
        };
        add_role(&mut files, "Last", &json!({}), &trust);
        let answer = node.try_apply(&files);
        assert_eq!(answer.status, 422, "{value}: {}", answer.text());
    }
    // The characters themselves are written so.
    let plain = allow(&json!({ "StringEquals": { "sts:ExternalId": "${*}" } }));
    assert!(!may(&node, &[plain], &[("ExternalId", "agreed")]));
}

#[test]
fn a16_a_condition_that_can_t_be_judged_lets_nobody_in_and_keeps_out() {
    let node = start();
    let everything = allow(&json!({ "StringLike": { "aws:username": "a*" } }));
    assert!(may(&node, std::slice::from_ref(&everything), &TAGGED));
    for condition in [
        json!({ "NumericEquals": { "aws:RequestTag/a": "1" } }),
        json!({ "NumericNotEquals": { "aws:RequestTag/a": "1" } }),
        json!({ "DateLessThan": { "aws:RequestTag/a": "2030-01-01T00:00:00Z" } }),
        json!({ "IpAddress": { "aws:RequestTag/a": "10.0.0.0/8" } }),
        json!({ "NotIpAddress": { "aws:RequestTag/a": "10.0.0.0/8" } }),
        json!({ "Bool": { "aws:RequestTag/a": "true" } }),
        json!({ "NumericLessThanIfExists": { "aws:RequestTag/a": "1" } }),
    ] {
        assert!(!may(&node, &[allow(&condition)], &TAGGED), "{condition}");
        let denied = [everything.clone(), statement("Deny", &condition)];
        assert!(!may(&node, &denied, &TAGGED), "{condition}");
    }
}

#[test]
fn a16_a_key_that_is_missing_lets_nobody_in_unless_the_policy_says_so() {
    let node = start();
    for (condition, untagged, tagged) in [
        (
            json!({ "StringEquals": { "aws:RequestTag/a": "ops" } }),
            false,
            true,
        ),
        (
            json!({ "StringEqualsIfExists": { "aws:RequestTag/a": "ops" } }),
            true,
            true,
        ),
        (
            json!({ "StringEqualsIfExists": { "aws:RequestTag/a": "board" } }),
            true,
            false,
        ),
        (
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "b" } }),
            true,
            false,
        ),
        (
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "b" }, "Null": { "aws:TagKeys": "false" } }),
            false,
            false,
        ),
        (
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "a" }, "Null": { "aws:TagKeys": "false" } }),
            false,
            true,
        ),
        (
            json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }),
            false,
            true,
        ),
        (
            json!({ "Null": { "aws:RequestTag/a": "true" } }),
            true,
            false,
        ),
        (
            json!({ "Null": { "aws:RequestTag/a": "false" } }),
            false,
            true,
        ),
    ] {
        let statements = [allow(&condition)];
        assert_eq!(
            may(&node, &statements, &[]),
            untagged,
            "{condition}, no tag"
        );
        assert_eq!(
            may(&node, &statements, &TAGGED),
            tagged,
            "{condition}, a tag"
        );
    }
}

#[test]
fn a16_an_explicit_deny_wins_in_every_order_and_place() {
    let node = start();
    let allow = json!({ "Effect": "Allow", "Action": "sts:*", "Resource": "*" });
    let deny = json!({ "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": MIDDLE });
    for statements in [
        vec![allow.clone(), deny.clone()],
        vec![deny.clone(), allow.clone()],
        vec![allow.clone(), deny.clone(), allow.clone()],
    ] {
        assert!(!may(&node, &statements, &[]));
    }
    assert!(may(&node, std::slice::from_ref(&allow), &[]));
    // In the trust policy, in the caller's other policy, and in the session's.
    let mut files = directory(&node);
    let mut trust = trusts_account();
    let never = json!({ "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole" });
    trust["Statement"] = json!([trust["Statement"], never]);
    add_role(&mut files, "Last", &json!({}), &trust);
    node.apply(&files);
    assert_refused(&take(&node, &ada(), LAST, &[]), 403, "AccessDenied");
    node.apply(&directory(&node));
    let policy = json!({ "Version": "2012-10-17", "Statement": [allow, {
        "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": LAST,
    }]})
    .to_string();
    let session = issued(&take(&node, &ada(), MIDDLE, &[("Policy", &policy)]));
    assert_refused(&take(&node, &session, LAST, &[]), 403, "AccessDenied");
    let wide = allows(&json!("sts:*"));
    let session = issued(&take(&node, &ada(), MIDDLE, &[("Policy", &wide)]));
    assert_eq!(take(&node, &session, LAST, &[]).status, 200);
}

#[test]
fn a16_what_the_language_does_not_have_is_refused_when_it_is_applied() {
    let node = start();
    for condition in [
        json!({ "StringEqual": { "aws:username": "ada" } }),
        json!({ "stringequals": { "aws:username": "ada" } }),
        json!({ "ForEveryValue:StringEquals": { "aws:username": "ada" } }),
        json!({ "StringEqualsIfexists": { "aws:username": "ada" } }),
        json!({ "NullIfExists": { "aws:username": "true" } }),
        json!({ "NumericEquals": { "aws:MultiFactorAuthAge": "ten" } }),
        json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/33" } }),
        json!({ "DateLessThan": { "aws:CurrentTime": "tomorrow" } }),
        json!({ "Bool": { "aws:SecureTransport": "yes" } }),
        json!({ "StringEquals": { "username": "ada" } }),
    ] {
        let mut files = directory(&node);
        let policy = json!({ "Version": "2012-10-17", "Statement": allow(&condition) });
        files.insert(
            in_account("users/ada.policies/sts.json"),
            policy.to_string(),
        );
        let answer = node.try_apply(&files);
        assert_eq!(answer.status, 422, "{condition}: {}", answer.text());
    }
}
