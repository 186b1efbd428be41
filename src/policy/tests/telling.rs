//! What a decision, a refused policy and an odd one are told as.

use super::*;
use crate::domain::{Partition, SessionPrincipal};
use crate::policy::PolicyKind::{self, IdentityBased, ResourceBased, RoleTrust};
use crate::policy::{
    Authority, MAX_MESSAGE_BYTES, NamedPolicy, ResourcePolicy, Target, authorise,
    authorization_message,
};

fn session() -> SessionPrincipal {
    SessionPrincipal {
        role: ROLE.parse().unwrap(),
        role_id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        session: "ines".parse().unwrap(),
    }
}

fn decoded(policies: &[NamedPolicy<'_>]) -> Value {
    let session = session();
    let mut below = Context::new();
    below
        .set("aws:RequestedRegion", "us-east-1")
        .set("aws:userid", "below");
    let mut context = Context::over(&below);
    context.set("aws:userid", "AROAAAAAAAAAAAAAAAAAA:ines");
    context.set(
        "aws:TagKeys",
        ["a", "b"]
            .into_iter()
            .collect::<crate::policy::Values<'_>>(),
    );
    context.clear("aws:RequestedRegion");
    let request = Request {
        caller: Caller::Session(&session),
        action: "s3:GetObject",
        resource: RESOURCE,
        context: &context,
    };
    let authority = Authority {
        identity: policies,
        ..Authority::NONE
    };
    let target = Target::without_policy(Partition::Aws, "123456789012".parse().unwrap());
    let decision = authorise(&request, &authority, &target);
    let text = authorization_message(&request, &authority, &target, &decision);
    serde_json::from_str(&text).unwrap()
}

fn context_of_decoded() -> Value {
    json!({
        "principal": {
            "id": "AROAAAAAAAAAAAAAAAAAA:ines",
            "arn": "arn:aws:sts::123456789012:assumed-role/Reader/ines",
        },
        "action": "s3:GetObject",
        "resource": RESOURCE,
        "conditions": {"items": [
            {"key": "aws:userid", "values": {"items": [{"value": "AROAAAAAAAAAAAAAAAAAA:ines"}]}},
            {"key": "aws:TagKeys", "values": {"items": [{"value": "a"}, {"value": "b"}]}},
        ]},
    })
}

#[test]
fn a_silent_decision_is_decoded() {
    let expected = json!({
        "allowed": false,
        "explicitDeny": false,
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": context_of_decoded(),
    });
    assert_eq!(decoded(&[]), expected);
}

#[test]
fn a_denying_statement_is_decoded_as_it_was_written() {
    let allowing = identity(&json!({"Effect": "Allow", "Action": "*", "Resource": "*"})).unwrap();
    let denying = identity(&json!([
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "NotAction": ["iam:*", "s3:Put*"], "Resource": RESOURCE,
         "Condition": {"StringLike": {"aws:userid": ["AROA*", "x"]}, "Null": {"aws:TagKeys": false}}},
    ]))
    .unwrap();
    let named = |name, policy| NamedPolicy { name, policy };
    let found = decoded(&[named("a", &allowing), named("b", &denying)]);
    let expected = json!({
        "allowed": false,
        "explicitDeny": true,
        "matchedStatements": {"items": [{
            "statementId": "",
            "effect": "DENY",
            "principals": {"items": [{"value": "AROAAAAAAAAAAAAAAAAAA"}]},
            "principalGroups": {"items": []},
            "actions": {"items": [{"value": "iam:*"}, {"value": "s3:Put*"}]},
            "resources": {"items": [{"value": RESOURCE}]},
            "conditions": {"items": [
                {"key": "aws:TagKeys", "values": {"items": [{"value": "false"}]}},
                {"key": "aws:userid", "values": {"items": [{"value": "AROA*"}, {"value": "x"}]}},
            ]},
        }]},
        "failures": {"items": []},
        "context": context_of_decoded(),
    });
    assert_eq!(found, expected);
}

#[test]
fn a_decision_too_long_to_be_sealed_is_told_without_its_statements() {
    let many = vec!["s3:GetObject"; 600];
    let denying = identity(&json!({"Effect": "Deny", "Action": many, "Resource": "*"})).unwrap();
    let found = decoded(&[NamedPolicy {
        name: "p",
        policy: &denying,
    }]);
    assert_eq!(found["explicitDeny"], true);
    assert_eq!(found["matchedStatements"], json!({"items": []}));
    assert_eq!(found["context"], context_of_decoded());
    assert!(found.to_string().len() < MAX_MESSAGE_BYTES);
}

#[test]
fn a_trust_policys_principals_are_decoded() {
    let session = session();
    let trust = trust(&json!({
        "Sid": "Never", "Effect": "Deny", "Principal": {"AWS": [ROLE, "*"]}, "Action": "sts:*"}))
    .unwrap();
    let context = Context::new();
    let request = Request {
        caller: Caller::Session(&session),
        action: "sts:AssumeRole",
        resource: ROLE,
        context: &context,
    };
    let target = Target::role(&session.role, &trust);
    let decision = authorise(&request, &Authority::NONE, &target);
    let text = authorization_message(&request, &Authority::NONE, &target, &decision);
    let found: Value = serde_json::from_str(&text).unwrap();
    let statement = &found["matchedStatements"]["items"][0];
    assert_eq!(statement["statementId"], "Never");
    assert_eq!(
        statement["principals"],
        json!({"items": [{"value": ROLE}, {"value": "*"}]})
    );
    assert_eq!(statement["resources"], json!({"items": []}));
}

fn refused_as(kind: PolicyKind, text: &str) -> String {
    let error = match kind {
        RoleTrust => text.parse::<TrustPolicy>().unwrap_err(),
        ResourceBased => text.parse::<ResourcePolicy>().unwrap_err(),
        _ => text.parse::<IdentityPolicy>().unwrap_err(),
    };
    error.iam_message(kind)
}

fn with_statement(statement: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

#[test]
fn a_policy_that_lacks_something_has_the_words_of_iam() {
    let without = |element: &str| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        statement.as_object_mut().unwrap().remove(element);
        refused_as(IdentityBased, &with_statement(&statement))
    };
    assert_eq!(refused_as(IdentityBased, "{"), "Syntax errors in policy.");
    assert_eq!(without("Effect"), "Syntax errors in policy.");
    assert_eq!(without("Action"), "Policy statement must contain actions.");
    assert_eq!(
        without("Resource"),
        "Policy statement must contain resources."
    );
    let twice = json!({"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"});
    assert_eq!(
        refused_as(IdentityBased, &with_statement(&json!([twice, twice]))),
        "Statement IDs (SID) in a single policy must be unique."
    );
    let old = r#"{"Version": "2011-01-01", "Statement": []}"#;
    let expected = "Policy document must be version 2012-10-17 or greater.";
    assert_eq!(refused_as(IdentityBased, old), expected);
}

#[test]
fn a_refused_policy_has_the_words_of_iam() {
    let statement = |change: fn(&mut Value)| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        change(&mut statement);
        refused_as(IdentityBased, &with_statement(&statement))
    };
    for (found, expected) in [
        (
            statement(|it| it["Principal"] = json!("*")),
            "Policy document should not specify a principal.",
        ),
        (
            statement(|it| it["Action"] = json!("GetObject")),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            statement(|it| it["Condition"] = json!({"Bool": {"Secure": true}})),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            statement(|it| it["Action"] = json!("s3:Get:Object")),
            "Actions/Condition can contain only one colon.",
        ),
        (
            statement(|it| it["Action"] = json!("s_3:Get")),
            "Vendor s_3 is not valid",
        ),
        (
            statement(|it| it["Resource"] = json!("bucket")),
            "Resource bucket must be in ARN format or \"*\".",
        ),
        (
            statement(|it| it["Resource"] = json!("arn:b:s3:::x")),
            "Partition \"b\" is not valid for resource \"arn:b:s3:::x\".",
        ),
        (
            statement(|it| it["Condition"] = json!({"x": {}})),
            "Syntax errors in policy.",
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn a_refused_trust_policy_has_the_words_of_iam() {
    for (statement, expected) in [
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole"}),
            "Missing required field Principal",
        ),
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}),
            "Has prohibited field Resource",
        ),
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*"}),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"AWS": "ada"}, "Action": "sts:AssumeRole"}),
            "Invalid principal in policy: \"AWS\":\"ada\"",
        ),
        (
            json!({"Effect": "Allow", "Principal": {"CanonicalUser": "a"}, "Action": "sts:AssumeRole"}),
            "Invalid principal in policy: \"CanonicalUser\"",
        ),
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Conditions": {}}),
            "Unknown field Conditions",
        ),
    ] {
        assert_eq!(refused_as(RoleTrust, &with_statement(&statement)), expected);
    }
    assert_eq!(
        refused_as(RoleTrust, "{"),
        "This policy contains invalid Json"
    );
}

#[test]
fn a_resource_policy_has_principals_and_resources() {
    let whole = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    assert!(with_statement(&whole).parse::<ResourcePolicy>().is_ok());
    for element in ["Principal", "Resource", "Action"] {
        let mut statement = whole.clone();
        statement.as_object_mut().unwrap().remove(element);
        let problem = with_statement(&statement)
            .parse::<ResourcePolicy>()
            .unwrap_err()
            .problem;
        assert_eq!(problem, Problem::MissingElement(element));
    }
}

#[test]
fn partitions_are_those_there_are() {
    for (resource, is_good) in [
        ("arn:aws:s3:::x", true),
        ("arn:aws-cn:s3:::x", true),
        ("arn:*:s3:::x", true),
        ("arn:aws*:s3:::x", true),
        ("arn:AWS:s3:::x", false),
        ("arn::s3:::x", false),
    ] {
        let found = identity(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": resource}));
        assert_eq!(found.is_ok(), is_good, "{resource}");
    }
}

fn lints(statement: &Value) -> Vec<String> {
    let warnings = trust(statement).unwrap().lint(&|_| None);
    warnings.iter().map(ToString::to_string).collect()
}

fn web(condition: &Value) -> Value {
    json!({"Sid": "Web", "Effect": "Allow", "Principal": {"Federated": PROVIDER},
           "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition})
}

/// Whoever has a repository gets a token of GitHub for any audience.
#[test]
fn a_provider_of_everybody_needs_a_subject_of_somebody() {
    const GITHUB: &str = "token.actions.githubusercontent.com";
    let of = |provider: &str, operator: &str, subject: &str| {
        let host = provider.split_once('/').map_or(provider, |(host, _)| host);
        let mut statement = web(&json!({operator: {format!("{host}:sub"): subject},
            "StringEqualsIgnoreCase": {format!("{host}:aud"): "sts.amazonaws.com"}}));
        let arn = format!("arn:aws:iam::123456789012:oidc-provider/{provider}");
        statement["Principal"]["Federated"] = arn.into();
        let found = lints(&statement);
        found.iter().any(|it| it.contains("keeps strangers out"))
    };
    for (provider, operator, subject, is_odd) in [
        (GITHUB, "StringLike", "*", true),
        (GITHUB, "StringLike", "repo:*", true),
        (GITHUB, "StringLike", "repo:*/*:ref:refs/heads/main", true),
        (GITHUB, "StringLike", "repo:*:environment:production", true),
        (
            GITHUB,
            "StringNotEquals",
            "repo:example/payments:pull_request",
            true,
        ),
        (GITHUB, "ForAllValues:StringLike", "repo:*", true),
        (GITHUB, "StringLike", "repo:example/*", false),
        (
            GITHUB,
            "StringEquals",
            "repo:example/payments:ref:refs/heads/main",
            false,
        ),
        ("gitlab.com", "StringLike", "project_path:*:ref:main", true),
        ("gitlab.com", "StringLike", "project_path:example/*", false),
        ("login.example.com", "StringLike", "repo:*", false),
    ] {
        assert_eq!(
            of(provider, operator, subject),
            is_odd,
            "{operator} {subject}"
        );
    }
    let mut none = web(
        &json!({"StringEquals": {format!("{GITHUB}:aud"): "sts.amazonaws.com",
        format!("{GITHUB}:repository"): "example/payments"}}),
    );
    none["Principal"]["Federated"] =
        format!("arn:aws:iam::123456789012:oidc-provider/{GITHUB}").into();
    assert!(lints(&none)[0].contains("keeps strangers out"));
}

/// A provider of access tokens says who somebody is under keys of its own.
#[test]
fn a_known_provider_is_narrowed_by_its_own_keys() {
    let of = |condition: &Value| {
        let mut statement = web(condition);
        statement["Principal"]["Federated"] = "graph.facebook.com".into();
        lints(&statement)
    };
    let both =
        json!({"StringEquals": {"graph.facebook.com:app_id": "1", "graph.facebook.com:id": "2"}});
    assert_eq!(of(&both), Vec::<String>::new());
    let others =
        json!({"StringEquals": {"graph.facebook.com:aud": "1", "graph.facebook.com:sub": "2"}});
    let found = of(&others);
    assert!(
        found[0].contains("\"graph.facebook.com:app_id\""),
        "{found:?}"
    );
    assert!(found[1].contains("\"graph.facebook.com:id\""), "{found:?}");
}

#[test]
fn a_web_identity_is_narrowed_to_a_client_and_a_subject() {
    let both = json!({"StringEquals": {"idp.example.com:aud": "a"},
                      "StringLike": {"IDP.example.com:sub": "repo:org/app:*"}});
    assert_eq!(lints(&web(&both)), Vec::<String>::new());
    let neither = lints(&web(&json!({})));
    assert_eq!(neither.len(), 2);
    assert!(
        neither[0].starts_with("statement Web: no condition must hold on \"idp.example.com:aud\"")
    );
    assert!(
        neither[1].starts_with("statement Web: no condition must hold on \"idp.example.com:sub\"")
    );
    for loose in [
        "StringEqualsIfExists",
        "StringNotEquals",
        "ForAllValues:StringEquals",
    ] {
        let mut condition = both.clone();
        condition.as_object_mut().unwrap().remove("StringEquals");
        condition[loose] = json!({"idp.example.com:aud": "a"});
        let found = lints(&web(&condition));
        assert!(
            found[0].contains("\"idp.example.com:aud\""),
            "{loose}: {found:?}"
        );
    }
    let saml = json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithSAML"});
    assert_eq!(lints(&saml), Vec::<String>::new());
}

#[test]
fn what_holds_for_everything_is_warned_of() {
    let mut condition = json!({"StringEquals": {"idp.example.com:aud": "a"},
                               "StringLike": {"idp.example.com:sub": ["x", "**"]}});
    let found = lints(&web(&condition));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("which every value is like"));
    condition["StringLike"] = json!({"idp.example.com:sub": "x"});
    condition["ForAllValues:StringEquals"] = json!({"aws:TagKeys": ["a"]});
    let found = lints(&web(&condition));
    assert_eq!(
        found,
        [
            "statement Web: ForAllValues on \"aws:TagKeys\" holds where the request has no such key; add \"Null\": {\"aws:TagKeys\": \"false\"}"
        ]
    );
    condition["Null"] = json!({"AWS:TagKeys": "false"});
    assert_eq!(lints(&web(&condition)), Vec::<String>::new());
    condition["Null"] = json!({"AWS:TagKeys": "true"});
    assert_eq!(lints(&web(&condition)).len(), 1);
}

#[test]
fn everybody_is_warned_of_where_nothing_narrows_it() {
    let open = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
    assert_eq!(lints(&open).len(), 1);
    let mut narrowed = open.clone();
    narrowed["Condition"] = json!({"StringEquals": {"aws:PrincipalAccount": "123456789012"}});
    assert_eq!(lints(&narrowed), Vec::<String>::new());
    let mut denying = open;
    denying["Effect"] = json!("Deny");
    assert_eq!(lints(&denying), Vec::<String>::new());
    let bucket = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let bucket: ResourcePolicy = with_statement(&bucket).parse().unwrap();
    assert_eq!(bucket.lint().len(), 1);
}

#[test]
fn what_takes_in_what_is_added_later_is_warned_of() {
    let all_but = json!({"Effect": "Allow", "NotAction": "iam:*", "NotResource": RESOURCE});
    let found = identity(&all_but).unwrap().lint();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "statement 1: NotAction beside Allow takes in all that is added later; list what is meant",
            "statement 1: NotResource beside Allow takes in all that is added later; list what is meant",
        ]
    );
}
