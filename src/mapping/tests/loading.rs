use super::*;
use crate::domain::RoleArn;

/// The whole form of a rule's file.
const WHOLE: &str = r#"
id = "engineers"
description = "Engineers look into every team account"
connections = ["workforce"]
order = 10
max_duration = 28800
session_name = "{email}"
source_identity = "{sub}"
roles = ["arn:aws:iam::{account}:role/engineering/ReadOnly"]
allowed_roles = ["arn:aws:iam::4820117*:role/engineering/*"]
optional_tags = ["team"]

[when]
all = [
  { claim = "groups", regex = "^aws-(?P<account>[0-9]{12})-readonly$" },
  { not = { claim = "department", equals = "Interns" } },
]

[tags]
team = "{team}"

[split]
scope = "space"

[repair]
session_name = "truncate"

[[tests]]
name = "an engineer of 482011739056"
roles = ["arn:aws:iam::482011739056:role/engineering/ReadOnly"]

[tests.claims]
email = "ines@x.example"
email_verified = true
groups = ["aws-482011739056-readonly"]
department = "Data"

[[tests]]
name = "an intern"
roles = []
[tests.claims]
email = "otto@x.example"
email_verified = true
groups = ["aws-482011739056-readonly"]
department = "Interns"
"#;

#[test]
fn written_rule_reads_back_the_same() {
    let rule = rule(WHOLE);
    assert_eq!(rule.id().map(RuleId::as_str), Some("engineers"));
    let toml = toml::to_string(&rule).unwrap();
    assert_eq!(Rule::from_toml(&toml).unwrap(), rule, "{toml}");
    let json = serde_json::to_string(&rule).unwrap();
    assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
}

#[test]
fn tests_pass_on_the_path_of_production() {
    let set = RuleSet::new(vec![(id("engineers"), rule(WHOLE))]);
    assert_eq!(set.run_tests(), []);
}

#[test]
fn failing_test_says_what_came_out_and_why() {
    let toml = WHOLE
        .replace("groups = [\"aws-", "groups = [\"AWS-")
        .replace("roles = []", "roles = ['arn:aws:iam::482011739056:role/x']");
    let failed = RuleSet::new(vec![(id("engineers"), rule(&toml))]).run_tests();
    let paths: Vec<&str> = failed.iter().map(|failed| &*failed.path).collect();
    assert_eq!(paths, ["tests[0]", "tests[1]"]);
    let (given, trace) = gave(&failed[0]);
    assert!(given.is_empty());
    let RuleOutcome::Failed(failure) = &trace.outcome else {
        panic!("{trace:?}");
    };
    let near_miss = NearMiss::Case("AWS-482011739056-readonly".into());
    assert_eq!(failure.near_miss, Some(near_miss));
}

fn gave(failed: &FailedTest) -> (Vec<&str>, &RuleTrace) {
    match &failed.instead {
        Instead::Gave { given, trace } => (given.iter().map(RoleArn::as_str).collect(), &trace[0]),
        Instead::Nobody(invalid) => panic!("{invalid}"),
    }
}

#[test]
fn test_that_expects_nothing_fails_where_a_role_comes_out() {
    let toml = WHOLE.replace("department = \"Interns\"", "department = \"Data\"");
    let failed = RuleSet::new(vec![(id("engineers"), rule(&toml))]).run_tests();
    assert_eq!((failed.len(), gave(&failed[0]).0), (1, vec![READER]));
}

#[test]
fn sample_that_is_nobody_fails() {
    let toml =
        when("{ absent = 'x' }") + "[[tests]]\nname = 'n'\nroles = []\nclaims = { sub = '' }";
    let failed = rules(&[&toml]).run_tests();
    let Instead::Nobody(invalid) = failed[0].instead else {
        panic!("{:?}", failed[0]);
    };
    assert_eq!(invalid.what, "subject");
}

fn error(toml: &str) -> RuleError {
    Rule::from_toml(toml).expect_err(toml)
}

#[track_caller]
fn assert_refused(condition: &str, path: &str, problem: RuleProblem) {
    let expected = RuleError::new(path, problem);
    assert_eq!(error(&when(condition)), expected, "{condition}");
}

#[test]
fn condition_of_a_wrong_shape_is_told_with_its_path() {
    use RuleProblem as P;
    for (condition, path, problem) in [
        ("{ }", "when", P::NotOneCondition),
        ("{ claim = 'x' }", "when", P::NotOneCondition),
        ("{ equals = 'x' }", "when", P::NotOneCondition),
        (
            "{ claim = 'x', equals = 'a', glob = 'b' }",
            "when",
            P::NotOneCondition,
        ),
        ("{ absent = 'x', equals = 'a' }", "when", P::NotOneCondition),
        (
            "{ all = [{ absent = 'x' }], any = [{ absent = 'x' }] }",
            "when",
            P::NotOneCondition,
        ),
        ("{ all = [] }", "when.all", P::EmptyList),
        ("{ claim = 'x', one_of = [] }", "when.one_of", P::EmptyList),
        ("{ absent = '/groups' }", "when.absent", P::PointerToTop),
        (
            "{ claim = 'x', regex = 'a', ignore_case = true }",
            "when.ignore_case",
            P::IgnoreCase,
        ),
    ] {
        assert_refused(condition, path, problem);
    }
}

#[test]
fn condition_beyond_a_bound_is_told_with_its_path() {
    use RuleProblem as P;
    let deep = "{ not = ".repeat(MAX_DEPTH) + "{ absent = 'x' }" + &" }".repeat(MAX_DEPTH);
    let wide = format!(
        "{{ any = [{}] }}",
        "{ absent = 'x' }, ".repeat(MAX_CONDITIONS)
    );
    for (condition, path, problem) in [
        (
            "{ not = { claim = 'x', regex = '(?P<a>.)' } }",
            "when.not",
            P::CaptureUnderNot("a".into()),
        ),
        (
            "{ all = [{ claim = 'x', regex = '(?P<a>.)' }, { claim = 'y', regex = '(?P<a>.)' }] }",
            "when.all[1]",
            P::CaptureTwice("a".into()),
        ),
        (
            &wide,
            &format!("when.any[{}]", MAX_CONDITIONS - 1),
            too_many(MAX_CONDITIONS, "conditions"),
        ),
        (
            &deep,
            &format!("when{}", ".not".repeat(MAX_DEPTH)),
            too_many(MAX_DEPTH, "conditions in one another"),
        ),
    ] {
        assert_refused(condition, path, problem);
    }
}

fn too_many(most: usize, what: &'static str) -> RuleProblem {
    RuleProblem::TooMany { most, what }
}

#[test]
fn bad_expression_is_told_with_its_path() {
    let error = error(&when("{ all = [{ claim = 'x', regex = 'a(' }] }"));
    assert_eq!(
        error.to_string(),
        "when.all[0].regex: the expression can't be used: unclosed group"
    );
}

/// Each change of a good rule is refused, with this path.
#[track_caller]
fn assert_paths(changes: &[(&str, &str, &str)]) {
    let good = capturing("[tags]\nteam = '{team}'\n");
    for (from, to, path) in changes {
        assert!(good.contains(from), "{from}");
        assert_eq!(error(&good.replace(from, to)).path, *path, "{to}");
    }
}

#[test]
fn wrong_connection_or_role_is_told_with_its_path() {
    assert_paths(&[
        ("['workforce']", "[]", "connections"),
        ("['workforce']", "['Work Force']", "connections[0]"),
        (
            "roles = ['arn:aws:iam::{account}",
            "roles = []\nx = ['",
            "line 3, column 1",
        ),
        (
            "allowed_roles = ['arn:aws:iam::4820*:role/engineering/*']",
            "",
            "roles[0]",
        ),
        (
            "arn:aws:iam::4820*:role/engineering/*",
            "*",
            "allowed_roles[0]",
        ),
        (
            "arn:aws:iam::{account}",
            "arn:aws:sts::{account}",
            "roles[0]",
        ),
        (
            "arn:aws:iam::{account}",
            "arn:aws:iam::{account",
            "roles[0]",
        ),
        (
            "arn:aws:iam::{account}",
            "arn:aws:iam::582011739056",
            "roles[0]",
        ),
    ]);
}

#[test]
fn wrong_field_is_told_with_its_path() {
    assert_paths(&[
        ("'{team}'", "'{}'", "tags.team"),
        ("[tags]", "max_duration = 899\n[tags]", "max_duration"),
        ("[tags]", "max_duration = 43201\n[tags]", "max_duration"),
        ("[tags]", "session_name = '}'\n[tags]", "session_name"),
        (
            "[tags]",
            "optional_tags = ['x']\n[tags]",
            "optional_tags[0]",
        ),
        (
            "[tags]",
            "transitive_tags = ['x']\n[tags]",
            "transitive_tags[0]",
        ),
        (
            "[tags]",
            "repair = { tags = 'truncate' }\n[tags]",
            "repair.tags",
        ),
        (
            "[tags]",
            "repair = { source_identity = 'truncate' }\n[tags]",
            "repair.source_identity",
        ),
        ("[tags]", "split = { '/x' = 'comma' }\n[tags]", "split./x"),
        ("[tags]", "[tags]\nTeam = 'x'", "tags.team"),
        ("[tags]", "[tags]\n'aws:x' = 'x'", "tags.aws:x"),
        (
            "[tags]",
            "[[tests]]\nname = 'n'\nclaims = {}\nroles = ['x']\n[tags]",
            "tests[0].roles[0]",
        ),
    ]);
}

#[test]
fn unknown_field_is_refused() {
    for toml in [
        "stop = true\n".to_owned() + &when("{ absent = 'x' }"),
        when("{ absent = 'x', equal = 'a' }"),
        when("{ absent = 'x' }") + "repair = { tag = 'hash' }",
    ] {
        let error = error(&toml);
        assert!(
            matches!(&error.problem, RuleProblem::Syntax(text) if text.contains("unknown field")),
            "{error}"
        );
    }
}

#[test]
fn rule_without_a_condition_is_refused() {
    let toml = format!("connections = ['workforce']\nroles = ['{READER}']");
    assert!(matches!(error(&toml).problem, RuleProblem::Syntax(text) if text.contains("when")));
}
