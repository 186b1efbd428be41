use super::*;
use crate::domain::Unusable;

fn failed(condition: &str, claims: &str) -> Failure {
    failure(&mapped(&when(condition), claims)).clone()
}

#[test]
fn near_misses_are_named() {
    let case = |value: &str| Some(NearMiss::Case(value.into()));
    let space = |value: &str| Some(NearMiss::Whitespace(value.into()));
    let joined = |value: &str| Some(NearMiss::JoinedString(value.into()));
    let dn = |value: &str| Some(NearMiss::DistinguishedName(value.into()));
    for (comparison, value, expected) in [
        ("equals = 'aws-read'", "AWS-Read", case("AWS-Read")),
        ("glob = 'aws-*'", "AWS-Read", case("AWS-Read")),
        ("regex = 'aws-.*'", "AWS-Read", case("AWS-Read")),
        (
            "one_of = ['x', 'aws-read']",
            "aws-read ",
            space("aws-read "),
        ),
        (
            "equals = 'aws-read'",
            "all,aws-read",
            joined("all,aws-read"),
        ),
        (
            "regex = 'aws-[a-z]*'",
            "all aws-read",
            joined("all aws-read"),
        ),
        (
            "equals = 'Eng'",
            "CN=Eng,OU=Groups,DC=x",
            dn("CN=Eng,OU=Groups,DC=x"),
        ),
        ("equals = 'CN=Eng,OU=Groups,DC=x'", "Eng", dn("Eng")),
        ("equals = 'aws-read'", "aws-write", None),
        ("equals = 'aws-read'", "xaws-read", None),
    ] {
        let claims = serde_json::json!({ "groups": ["other", value] }).to_string();
        let failure = failed(&format!("{{ claim = 'groups', {comparison} }}"), &claims);
        assert_eq!(failure.near_miss, expected, "{comparison} {value}");
    }
}

#[test]
fn trace_names_the_first_condition_that_failed() {
    let condition = "{ all = [
        { claim = 'a', equals = '1' },
        { any = [ { claim = 'a', equals = '2' }, { claim = 'b', equals = 'X' } ] },
        { not = { claim = 'a', equals = '1' } } ] }"
        .replace('\n', " ");
    let at = |claims| failed(&condition, claims).at;
    assert_eq!(at(r"{}"), "when.all[0]");
    assert_eq!(at(r#"{"a": "1", "b": "y"}"#), "when.all[1].any[0]");
    assert_eq!(
        at(r#"{"a": "1", "b": "x"}"#),
        "when.all[1].any[1]",
        "the near miss"
    );
    assert_eq!(at(r#"{"a": "1", "b": "X"}"#), "when.all[2].not");
}

#[test]
fn trace_shows_what_was_seen() {
    let condition = "{ claim = 'groups', equals = 'x' }";
    let seen = |claims| failed(condition, claims).seen;
    assert_eq!(seen("{}"), Seen::Absent);
    assert_eq!(seen(r#"{"groups": []}"#), Seen::NoValues);
    assert_eq!(seen(r#"{"groups": {"a": "x"}}"#), Seen::Object);
    assert_eq!(
        seen(r#"{"hasgroups": true, "groups": ["x"]}"#),
        Seen::Unusable(Unusable::Incomplete)
    );
    let groups: Vec<String> = (0..30).map(|n| format!("{n}").repeat(300)).collect();
    let claims = serde_json::json!({ "groups": groups }).to_string();
    let Seen::Values { first, more } = seen(&claims) else {
        panic!("values were there");
    };
    assert_eq!((first.len(), more), (10, 20));
    assert!(first.iter().all(|value| value.chars().count() == 201));
}

#[test]
fn every_rule_leaves_a_trace_that_serialises() {
    let set = rules(&[
        &when("{ claim = 'a', equals = 'x' }"),
        &when("{ absent = 'a' }"),
        &capturing("").replace("workforce", "partners"),
    ]);
    let trace = apply(&set, &person(r#"{"a": "y"}"#)).trace;
    let rules: Vec<&str> = trace.iter().map(|trace| trace.rule.as_str()).collect();
    assert_eq!(rules, ["r0", "r1", "r2"]);
    let json = serde_json::to_string(&trace).unwrap();
    assert_eq!(
        serde_json::from_str::<Vec<RuleTrace>>(&json).unwrap(),
        trace
    );
    let bytes = postcard::to_stdvec(&trace).unwrap();
    assert_eq!(
        postcard::from_bytes::<Vec<RuleTrace>>(&bytes).unwrap(),
        trace
    );
}
