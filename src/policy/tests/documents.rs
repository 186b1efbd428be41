//! What is a policy and what is refused.

use super::*;
use crate::policy::{MAX_BYTES, MatchedBy, PolicyKind, StatementRef};

fn good() -> Value {
    json!({"Sid": "One", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"})
}

fn with(element: &str, value: Value) -> Value {
    let mut statement = good();
    statement[element] = value;
    statement
}

fn without(element: &str) -> Value {
    let mut statement = good();
    statement.as_object_mut().unwrap().remove(element);
    statement
}

fn problem(statement: &Value) -> Problem {
    identity(statement).unwrap_err().problem
}

fn document_problem(text: &str) -> Problem {
    text.parse::<IdentityPolicy>().unwrap_err().problem
}

#[test]
fn scalars_and_lists_are_the_same() {
    let lists =
        json!([{"Sid": "One", "Effect": "Allow", "Action": ["s3:Get*"], "Resource": ["*"]}]);
    let context = Context::new();
    for statements in [good(), lists] {
        let evaluation = identity(&statements)
            .unwrap()
            .evaluate("p", &request(&context));
        let reference = StatementRef {
            kind: PolicyKind::IdentityBased,
            policy: "p".into(),
            statement: StatementName::Sid("One".into()),
            matched_by: MatchedBy::Holder,
        };
        assert_eq!(evaluation.allows, [reference]);
    }
}

#[test]
fn elements_are_spelt_exactly() {
    for element in ["effect", "Actions", "Comment", "Sid ", ""] {
        assert_eq!(
            problem(&with(element, json!("x"))),
            Problem::UnknownElement(element.into())
        );
    }
    assert_eq!(
        document_problem(r#"{"Statement": [], "version": "2012-10-17"}"#),
        Problem::UnknownElement("version".into())
    );
}

#[test]
fn effect_is_one_of_two() {
    for effect in ["allow", "ALLOW", "Permit", ""] {
        let statement = with("Effect", json!(effect));
        assert_eq!(problem(&statement), Problem::BadEffect(effect.into()));
    }
    assert_eq!(
        problem(&without("Effect")),
        Problem::MissingElement("Effect")
    );
}

#[test]
fn version_is_one_of_two() {
    assert_eq!(
        document_problem(r#"{"Version": "2012-10-18", "Statement": []}"#),
        Problem::UnknownVersion("2012-10-18".into())
    );
}

#[test]
fn needed_elements_are_named() {
    assert_eq!(
        problem(&without("Action")),
        Problem::MissingElement("Action")
    );
    assert_eq!(
        problem(&without("Resource")),
        Problem::MissingElement("Resource")
    );
    assert_eq!(document_problem("{}"), Problem::MissingElement("Statement"));
}

#[test]
fn an_identity_policy_names_no_principal() {
    for element in ["Principal", "NotPrincipal"] {
        let statement = with(element, json!("*"));
        assert_eq!(
            problem(&statement),
            Problem::ForbiddenElement("Principal"),
            "{element}"
        );
    }
}

#[test]
fn an_element_and_its_negation_exclude_each_other() {
    assert_eq!(
        problem(&with("NotAction", json!("a:b"))),
        Problem::BothForms("Action")
    );
    assert_eq!(
        problem(&with("NotResource", json!("*"))),
        Problem::BothForms("Resource")
    );
}

#[test]
fn empty_lists_and_other_types_are_refused() {
    for (element, value) in [
        ("Action", json!([])),
        ("Action", json!([1])),
        ("Resource", json!({})),
        ("Sid", json!(1)),
        ("Effect", json!(["Allow"])),
    ] {
        let problem = problem(&with(element, value));
        assert!(
            matches!(problem, Problem::WrongShape { .. }),
            "{element}: {problem}"
        );
    }
    for text in [
        "[]",
        r#"{"Statement": []}"#,
        r#"{"Statement": "x"}"#,
        r#"{"Id": 1}"#,
    ] {
        let problem = document_problem(text);
        assert!(
            matches!(problem, Problem::WrongShape { .. }),
            "{text}: {problem}"
        );
    }
}

#[test]
fn sids_are_unique_words_and_an_empty_one_is_none() {
    assert_eq!(
        problem(&json!([good(), good()])),
        Problem::DuplicateSid("One".into())
    );
    assert_eq!(
        problem(&with("Sid", json!("a b"))),
        Problem::BadSid("a b".into())
    );
    let unnamed = with("Sid", json!(""));
    assert!(identity(&json!([unnamed, unnamed])).is_ok());
}

#[test]
fn the_error_names_the_statement() {
    let bad = |sid: &str| json!({"Sid": sid, "Effect": "No", "Action": "*", "Resource": "*"});
    let named = identity(&json!([good(), bad("Two")])).unwrap_err();
    assert_eq!(named.statement, Some(StatementName::Sid("Two".into())));
    let numbered = identity(&json!([good(), bad("")])).unwrap_err();
    assert_eq!(
        numbered.to_string(),
        "statement 2: Effect must be \"Allow\" or \"Deny\", not \"No\""
    );
}

#[test]
fn actions_have_a_service_and_a_name() {
    for action in [
        "",
        "s3",
        "s3:",
        ":Get",
        "s*:Get",
        "s3:Get Object",
        "s3:a:b",
        "s3:${x:y}",
        "**",
    ] {
        let statement = with("Action", json!(action));
        assert_eq!(problem(&statement), Problem::BadAction(action.into()));
    }
}

#[test]
fn actions_match_in_any_case() {
    let context = Context::new();
    for (element, value, expected) in [
        ("Action", "S3:getOBJECT", true),
        ("Action", "s3:Get?bject", true),
        ("Action", "s3:Put*", false),
        ("Action", "*", true),
        ("Action", "iam:*", false),
        ("NotAction", "iam:*", true),
        ("NotAction", "s3:*", false),
    ] {
        let policy =
            identity(&json!({"Effect": "Allow", element: value, "Resource": "*"})).unwrap();
        let allowed = !policy.evaluate("p", &request(&context)).allows.is_empty();
        assert_eq!(allowed, expected, "{element} {value}");
    }
}

#[test]
fn resources_are_arns() {
    for resource in [
        "",
        "bucket",
        "arn:aws:s3",
        "arn:aws:s3:::",
        "**",
        "a*",
        "a*:aws:s3:::b",
    ] {
        let statement = with("Resource", json!(resource));
        assert_eq!(problem(&statement), Problem::BadResource(resource.into()));
    }
}

#[test]
fn resources_match_in_their_case_and_across_colons() {
    let context = Context::new();
    for (element, value, expected) in [
        ("Resource", "arn:aws:s3:::bucket/*", true),
        ("Resource", "arn:aws:s3:::Bucket/*", false),
        ("Resource", "arn:aws:s3:*:*:*file", true),
        ("Resource", "arn:aws:s3:::bucket/home/ada/file?", false),
        ("NotResource", "arn:aws:s3:::bucket/*", false),
        ("NotResource", "arn:aws:s3:::other/*", true),
    ] {
        let policy = identity(&json!({"Effect": "Allow", "Action": "*", element: value})).unwrap();
        let allowed = !policy.evaluate("p", &request(&context)).allows.is_empty();
        assert_eq!(allowed, expected, "{element} {value}");
    }
}

#[test]
fn a_policy_is_stored_as_its_text() {
    let text = "{ \"Statement\" : {\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"} }\n";
    let policy: IdentityPolicy = text.parse().unwrap();
    let stored = serde_json::to_string(&policy).unwrap();
    let back: IdentityPolicy = serde_json::from_str(&stored).unwrap();
    assert_eq!(back.as_json(), text);
    assert_eq!(back, policy);
    assert!(serde_json::from_str::<TrustPolicy>(&stored).is_err());
}

#[test]
fn what_a_reader_could_understand_in_two_ways_is_refused() {
    let twice = r#"{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*"}}"#;
    assert_eq!(
        document_problem(twice),
        Problem::DuplicateMember("Effect".into())
    );
    assert_eq!(document_problem("\u{feff}{}"), Problem::ByteOrderMark);
    assert_eq!(
        document_problem(&" ".repeat(MAX_BYTES + 1)),
        Problem::TooLong
    );
}

#[test]
fn errors_quote_little() {
    let error = identity(&with("Effect", json!("x".repeat(5000)))).unwrap_err();
    assert!(error.to_string().len() < 200);
}

#[test]
fn white_space_between_elements_is_not_counted() {
    let statement = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a \" b"}"#;
    let tight = format!(r#"{{"Statement":{statement}}}"#);
    let loose = format!("{{\n  \"Statement\" : \t{statement}\r\n}}");
    for text in [&tight, &loose] {
        let policy: IdentityPolicy = text.parse().unwrap();
        assert_eq!(policy.counted_characters(), tight.chars().count());
    }
}
