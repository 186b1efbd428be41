use super::*;

fn matches(condition: &str, claims: &str) -> bool {
    !mapped(&when(condition), claims).grants.is_empty()
}

#[test]
fn comparisons_match_whole_values_of_lists() {
    let claims = r#"{"groups": ["all", "aws-read"], "level": 7, "staff": true, "d": ""}"#;
    for (condition, expected) in [
        ("{ claim = 'groups', equals = 'aws-read' }", true),
        ("{ claim = 'groups', equals = 'AWS-read' }", false),
        (
            "{ claim = 'groups', equals = 'AWS-read', ignore_case = true }",
            true,
        ),
        ("{ claim = 'groups', equals = 'aws' }", false),
        ("{ claim = 'level', equals = 7 }", true),
        ("{ claim = 'staff', equals = true }", true),
        ("{ claim = 'groups', one_of = ['x', 'all'] }", true),
        ("{ claim = 'groups', one_of = ['x', 'y'] }", false),
        ("{ claim = 'groups', glob = 'aws-*' }", true),
        ("{ claim = 'groups', glob = 'AWS-*' }", false),
        (
            "{ claim = 'groups', glob = 'AWS-*', ignore_case = true }",
            true,
        ),
        ("{ claim = 'groups', regex = 'aws-(read|write)' }", true),
        ("{ claim = 'groups', regex = 'aws' }", false),
        ("{ claim = 'd', equals = '' }", true),
        ("{ claim = 'sub', equals = 'ines' }", true),
    ] {
        assert_eq!(matches(condition, claims), expected, "{condition}");
    }
}

#[test]
fn three_values_combine_as_kleene_says() {
    // t matches, f doesn't, u is unknown
    let claims = r#"{"c": "x"}"#;
    let term = |letter| match letter {
        't' => "{ claim = 'c', equals = 'x' }",
        'f' => "{ claim = 'c', equals = 'y' }",
        _ => "{ claim = 'missing', equals = 'x' }",
    };
    for (one, other, all, any, none, not_all) in [
        ('t', 't', true, true, false, false),
        ('t', 'f', false, true, false, true),
        ('f', 'f', false, false, true, true),
        ('t', 'u', false, true, false, false),
        ('f', 'u', false, false, false, true),
        ('u', 'u', false, false, false, false),
    ] {
        for (one, other) in [(one, other), (other, one)] {
            let list = format!("[{}, {}]", term(one), term(other));
            let (all_of, any_of) = (format!("{{ all = {list} }}"), format!("{{ any = {list} }}"));
            assert_eq!(matches(&all_of, claims), all, "all {one}{other}");
            assert_eq!(matches(&any_of, claims), any, "any {one}{other}");
            let not_any = format!("{{ not = {any_of} }}");
            assert_eq!(matches(&not_any, claims), none, "not any {one}{other}");
            let negated = format!("{{ not = {all_of} }}");
            assert_eq!(matches(&negated, claims), not_all, "not all {one}{other}");
        }
    }
}

#[test]
fn only_what_was_not_sent_is_absent() {
    for (claims, absent, present) in [
        (r"{}", true, false),
        (r#"{"groups": null}"#, true, false),
        (r#"{"groups": ["a"]}"#, false, true),
        (r#"{"groups": ""}"#, false, true),
        (r#"{"groups": {"a": 1}}"#, false, true),
        (r#"{"groups": []}"#, false, false),
        (r#"{"groups": [{"a": 1}]}"#, false, false),
        (r#"{"hasgroups": true}"#, false, false),
        (r#"{"hasgroups": true, "groups": ["a"]}"#, false, false),
    ] {
        assert_eq!(matches("{ absent = 'groups' }", claims), absent, "{claims}");
        assert_eq!(
            matches("{ not = { absent = 'groups' } }", claims),
            present,
            "{claims}"
        );
    }
}

#[test]
fn negated_condition_needs_a_claim_to_look_at() {
    let not_intern = "{ not = { claim = 'groups', equals = 'Interns' } }";
    for (claims, expected) in [
        (r#"{"groups": ["Staff"]}"#, true),
        (r#"{"groups": ["Staff", "Interns"]}"#, false),
        (r"{}", false),
        (r#"{"groups": []}"#, false),
        (r#"{"groups": ["Staff"], "hasgroups": true}"#, false),
        (
            r#"{"groups": ["Staff"], "_claim_names": {"groups": "s"}}"#,
            false,
        ),
    ] {
        assert_eq!(matches(not_intern, claims), expected, "{claims}");
    }
}

/// The provider says that it left out values of the claim that a pointer leads into.
#[test]
fn pointer_into_a_claim_that_was_left_out_matches_nothing() {
    let absent = "{ absent = '/realm_access/roles' }";
    let reader = "{ claim = '/realm_access/roles', equals = 'reader' }";
    let not_intern = "{ not = { claim = '/realm_access/roles', equals = 'intern' } }";
    let left_out = r#""_claim_names": {"realm_access": "s"}"#;
    for claims in [
        format!("{{{left_out}}}"),
        format!(r#"{{{left_out}, "realm_access": {{"roles": ["reader"]}}}}"#),
        format!(r#"{{{left_out}, "realm_access": {{"groups": ["reader"]}}}}"#),
        format!(r#"{{{left_out}, "realm_access": [{{"roles": ["reader"]}}]}}"#),
    ] {
        for condition in [absent, reader, not_intern] {
            let negated = format!("{{ not = {condition} }}");
            assert!(!matches(condition, &claims), "{condition} of {claims}");
            assert!(!matches(&negated, &claims), "{negated} of {claims}");
        }
    }
    let whole = r#"{"realm_access": {"roles": ["reader"]}}"#;
    assert!(matches(reader, whole) && matches(not_intern, whole));
    assert!(matches(
        absent,
        r#"{"realm_access": {"groups": ["reader"]}}"#
    ));
}

#[test]
fn email_counts_only_when_verified() {
    let condition = "{ claim = 'email', glob = '*@x.example' }";
    assert!(matches(
        condition,
        r#"{"email": "i@x.example", "email_verified": true}"#
    ));
    assert!(!matches(
        condition,
        r#"{"email": "i@x.example", "email_verified": false}"#
    ));
    assert!(!matches(condition, r#"{"email": "i@x.example"}"#));
}

#[test]
fn nested_claim_is_named_by_its_pointer() {
    let condition = "{ claim = '/realm_access/roles', equals = 'reader' }";
    assert!(matches(
        condition,
        r#"{"realm_access": {"roles": ["reader"]}}"#
    ));
    assert!(!matches(condition, r#"{"realm_access": "reader"}"#));
}

#[test]
fn a_string_is_split_only_where_the_rule_says_so() {
    let condition = when("{ claim = 'scope', equals = 'aws' }");
    let claims = r#"{"scope": "openid aws"}"#;
    assert_eq!(mapped(&condition, claims).grants, []);
    for (claims, split) in [(claims, "space"), (r#"{"scope": "openid, aws,"}"#, "comma")] {
        let split = format!("{condition}split = {{ scope = '{split}' }}");
        assert_eq!(role_names(&mapped(&split, claims)), [READER]);
    }
}

#[test]
fn text_that_splits_into_too_many_matches_nothing() {
    let condition = when("{ claim = 'scope', equals = 'aws' }");
    let split = format!("{condition}split = {{ scope = 'comma' }}");
    let claims = |parts| format!(r#"{{"scope": "aws{}"}}"#, ",x".repeat(parts));
    assert_eq!(
        role_names(&mapped(&split, &claims(MAX_SPLIT_VALUES - 1))),
        [READER]
    );
    assert_eq!(mapped(&split, &claims(MAX_SPLIT_VALUES)).grants, []);
}

#[test]
fn rule_is_for_its_connections_only() {
    let set = rules(&[&when("{ claim = 'c', equals = 'x' }")]);
    let mut other = person(r#"{"c": "x"}"#);
    other.provider = ProviderRef::Connection("partners".parse().unwrap());
    assert_eq!(
        apply(&set, &other).trace[0].outcome,
        RuleOutcome::OtherProvider
    );
    other.provider = ProviderRef::Account(
        "arn:aws:iam::482011739056:oidc-provider/workforce"
            .parse()
            .unwrap(),
    );
    let mapped = apply(&set, &other);
    assert_eq!(mapped.grants, []);
    assert_eq!(mapped.trace[0].outcome, RuleOutcome::OtherProvider);
}

#[test]
fn rule_that_is_off_gives_nothing() {
    let off = format!("enabled = false\n{}", when("{ claim = 'c', equals = 'x' }"));
    let mapped = mapped(&off, r#"{"c": "x"}"#);
    assert_eq!(mapped.grants, []);
    assert_eq!(mapped.trace[0].outcome, RuleOutcome::Disabled);
}
