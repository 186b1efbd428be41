//! Each operator, with a value, with another, and without the key.

use super::*;

#[test]
fn strings_compare_as_their_operator_says() {
    for (operator, operand, value, expected) in [
        ("StringEquals", "a", "a", true),
        ("StringEquals", "a", "A", false),
        ("StringEquals", "a*", "ab", false),
        ("StringEquals", "", "", true),
        ("StringNotEquals", "a", "a", false),
        ("StringNotEquals", "a", "A", true),
        ("StringEqualsIgnoreCase", "ÄB", "äb", true),
        ("StringEqualsIgnoreCase", "ab", "abc", false),
        ("StringEqualsIgnoreCase", "Kate", "\u{212a}ate", false),
        ("StringNotEqualsIgnoreCase", "ab", "AB", false),
        ("StringLike", "repo:org/*", "repo:org/app", true),
        ("StringLike", "repo:org/?", "repo:org/app", false),
        ("StringLike", "REPO:*", "repo:org/app", false),
        ("StringNotLike", "repo:org/*", "repo:org/app", false),
        ("StringNotLike", "repo:org/*", "repo:other/app", true),
        ("StringEqualsIfExists", "a", "b", false),
    ] {
        let condition = json!({operator: {"idp.example.com:sub": operand}});
        let context = one("idp.example.com:sub", value);
        assert_eq!(holds(&condition, &context), expected, "{condition} {value}");
    }
}

#[test]
fn numbers_compare_exactly() {
    for (operator, operand, value, expected) in [
        ("NumericEquals", json!("10"), "10.0", true),
        ("NumericEquals", json!(10), "010", true),
        (
            "NumericEquals",
            json!("9007199254740993"),
            "9007199254740992",
            false,
        ),
        ("NumericNotEquals", json!("10"), "11", true),
        ("NumericLessThan", json!(3600), "3599.999", true),
        ("NumericLessThan", json!(3600), "3600", false),
        ("NumericLessThanEquals", json!(3600), "3600", true),
        ("NumericGreaterThan", json!("-1"), "0", true),
        ("NumericGreaterThan", json!("-0.5"), "-0.75", false),
        ("NumericGreaterThanEquals", json!(2.5), "2.5", true),
    ] {
        let condition = json!({operator: {"sts:DurationSeconds": operand}});
        let context = one("sts:DurationSeconds", value);
        assert_eq!(holds(&condition, &context), expected, "{condition} {value}");
    }
}

#[test]
fn dates_compare_as_points_in_time() {
    const NOW: &str = "2026-11-21T09:41:07Z";
    for (operator, operand, expected) in [
        ("DateEquals", "2026-11-21T10:41:07+01:00", true),
        ("DateEquals", "1795254067", true),
        ("DateNotEquals", "2026-11-21T09:41:07Z", false),
        ("DateLessThan", "2026-11-22", true),
        ("DateLessThan", "2026-11-21T09:41:07Z", false),
        ("DateLessThanEquals", "2026-11-21T09:41:07Z", true),
        ("DateGreaterThan", "2026-11-21", true),
        ("DateGreaterThan", "2026-11-21T09:41Z", true),
        ("DateGreaterThanEquals", "2026-11-21T09:41:07.5Z", false),
    ] {
        let condition = json!({operator: {"aws:CurrentTime": operand}});
        assert_eq!(
            holds(&condition, &one("aws:CurrentTime", NOW)),
            expected,
            "{condition}"
        );
    }
    let by_epoch = json!({"DateGreaterThan": {"aws:EpochTime": "2026-11-21"}});
    assert!(holds(&by_epoch, &one("aws:EpochTime", "1795254067")));
}

#[test]
fn booleans_are_strings_or_json() {
    for (operand, value, expected) in [
        (json!("true"), "true", true),
        (json!(true), "true", true),
        (json!("false"), "true", false),
        (json!(false), "False", true),
    ] {
        let condition = json!({"Bool": {"aws:SecureTransport": operand}});
        let context = one("aws:SecureTransport", value);
        assert_eq!(holds(&condition, &context), expected, "{condition} {value}");
    }
}

#[test]
fn binary_compares_the_bytes() {
    let condition = json!({"BinaryEquals": {"a:key": "QmluYXJ5"}});
    assert!(holds(&condition, &one("a:key", "QmluYXJ5")));
    assert!(!holds(&condition, &one("a:key", "QmluYXJ6")));
}

#[test]
fn addresses_lie_in_their_range() {
    for (operator, operand, value, expected) in [
        ("IpAddress", "203.0.113.0/24", "203.0.113.255", true),
        ("IpAddress", "203.0.113.0/24", "203.0.114.0", false),
        ("IpAddress", "203.0.113.7", "203.0.113.7", true),
        ("IpAddress", "203.0.113.7", "203.0.113.8", false),
        ("IpAddress", "203.0.113.0/24", "::ffff:203.0.113.7", true),
        ("IpAddress", "2001:db8::/32", "2001:db8:1::1", true),
        ("IpAddress", "2001:db8::1", "2001:db8::2", false),
        ("IpAddress", "::/0", "203.0.113.7", false),
        ("NotIpAddress", "203.0.113.0/24", "203.0.113.7", false),
        ("NotIpAddress", "203.0.113.0/24", "2001:db8::1", true),
    ] {
        let condition = json!({operator: {"aws:SourceIp": operand}});
        let context = one("aws:SourceIp", value);
        assert_eq!(holds(&condition, &context), expected, "{condition} {value}");
    }
}

#[test]
fn arns_match_part_by_part() {
    const ARN: &str = "arn:aws:iam::123456789012:role/eng/Reader";
    for (operand, expected) in [
        (ARN, true),
        ("arn:aws:iam::*:role/*", true),
        ("arn:*:*:*:*:*", true),
        ("arn:aws:iam::123456789012:role/eng/?eader", true),
        ("arn:aws:iam:*:role/eng/Reader:*", false),
        ("arn:aws:iam::123456789012:ROLE/*", false),
        ("arn:aws:i*:role/eng/Reader:x:y", false),
    ] {
        for (operator, expected) in [
            ("ArnEquals", expected),
            ("ArnLike", expected),
            ("ArnNotEquals", !expected),
            ("ArnNotLike", !expected),
        ] {
            let condition = json!({operator: {"aws:PrincipalArn": operand}});
            let context = one("aws:PrincipalArn", ARN);
            assert_eq!(holds(&condition, &context), expected, "{condition}");
        }
    }
}

#[test]
fn a_list_of_operands_is_any_of_them_and_negated_none_of_them() {
    let equals = json!({"StringEquals": {"a:key": ["x", "y"]}});
    let differs = json!({"StringNotEquals": {"a:key": ["x", "y"]}});
    for (value, expected) in [("x", true), ("y", true), ("z", false)] {
        assert_eq!(holds(&equals, &one("a:key", value)), expected);
        assert_eq!(holds(&differs, &one("a:key", value)), !expected);
    }
}

#[test]
fn operators_and_keys_must_all_hold() {
    let condition = json!({
        "StringEquals": {"a:one": "1", "a:two": "2"},
        "Bool": {"a:three": "true"},
    });
    let mut context = Context::new();
    context
        .set("a:one", "1")
        .set("a:two", "2")
        .set("a:three", "true");
    assert!(holds(&condition, &context));
    for key in ["a:one", "a:two", "a:three"] {
        let mut changed = Context::over(&context);
        changed.set(key, "false");
        assert!(!holds(&condition, &changed), "{key}");
    }
}

#[test]
fn an_absent_key_fails_unless_the_operator_is_negated_or_lenient() {
    let operand = |operator: &str| match operator {
        _ if operator.starts_with("Numeric") => "1",
        _ if operator.starts_with("Date") => "2026-11-21",
        _ if operator.contains("Ip") => "203.0.113.7",
        _ if operator.starts_with("Arn") => ROLE,
        "Bool" => "true",
        _ => "QQ==",
    };
    let operators = [
        "StringEquals StringEqualsIgnoreCase StringLike Bool BinaryEquals IpAddress",
        "NumericEquals NumericLessThan NumericLessThanEquals NumericGreaterThan",
        "NumericGreaterThanEquals DateEquals DateLessThan DateLessThanEquals DateGreaterThan",
        "DateGreaterThanEquals ArnEquals ArnLike StringNotEquals StringNotEqualsIgnoreCase",
        "StringNotLike NumericNotEquals DateNotEquals NotIpAddress ArnNotEquals ArnNotLike",
    ];
    let absent = Context::new();
    for operator in operators.iter().flat_map(|line| line.split(' ')) {
        for (prefix, suffix, expected) in [
            ("", "", operator.contains("Not")),
            ("", "IfExists", true),
            ("ForAllValues:", "", true),
            ("ForAllValues:", "IfExists", true),
            ("ForAnyValue:", "", false),
            ("ForAnyValue:", "IfExists", true),
        ] {
            let name = [prefix, operator, suffix].concat();
            let condition = json!({name: {"a:key": operand(operator)}});
            assert_eq!(holds(&condition, &absent), expected, "{condition}");
            assert_eq!(
                holds(&condition, &many("a:key", &[])),
                expected,
                "empty {condition}"
            );
        }
    }
}

#[test]
fn null_asks_whether_the_key_is_there() {
    let absent = json!({"Null": {"a:key": "true"}});
    let present = json!({"Null": {"a:key": false}});
    for (context, is_there) in [
        (one("a:key", "x"), true),
        (one("a:key", ""), true),
        (many("a:key", &["x"]), true),
        (many("a:key", &[]), false),
        (Context::new(), false),
    ] {
        assert_eq!(holds(&present, &context), is_there);
        assert_eq!(holds(&absent, &context), !is_there);
    }
}

#[test]
fn set_operators_count_the_values() {
    for (operator, values, expected) in [
        ("ForAllValues:StringEquals", ["a", "b"], true),
        ("ForAllValues:StringEquals", ["a", "c"], false),
        ("ForAnyValue:StringEquals", ["a", "c"], true),
        ("ForAnyValue:StringEquals", ["c", "d"], false),
        ("ForAllValues:StringNotEquals", ["c", "d"], true),
        ("ForAllValues:StringNotEquals", ["a", "c"], false),
        ("ForAnyValue:StringNotEquals", ["a", "c"], true),
        ("ForAnyValue:StringNotEquals", ["a", "b"], false),
    ] {
        let condition = json!({operator: {"aws:TagKeys": ["a", "b"]}});
        let context = many("aws:TagKeys", &values);
        assert_eq!(
            holds(&condition, &context),
            expected,
            "{condition} {values:?}"
        );
    }
}

#[test]
fn a_key_of_one_value_is_a_set_of_one() {
    for operator in ["ForAllValues:StringLike", "ForAnyValue:StringLike"] {
        let condition = json!({operator: {"a:key": "x*"}});
        assert!(holds(&condition, &one("a:key", "xy")));
        assert!(!holds(&condition, &one("a:key", "y")));
    }
}

#[test]
fn a_key_of_many_values_needs_a_set_operator() {
    for operator in ["StringEquals", "StringNotEquals", "StringEqualsIfExists"] {
        let condition = json!({operator: {"a:groups": "eng"}});
        for values in [&["eng"][..], &["eng", "ops"], &["ops"]] {
            assert!(
                unclear(&condition, &many("a:groups", values)),
                "{operator} {values:?}"
            );
        }
    }
}

#[test]
fn a_value_of_the_wrong_type_never_helps_the_caller() {
    for (operator, operand, value) in [
        ("NumericEquals", "1", "one"),
        ("NumericNotEquals", "1", "1e3"),
        ("NumericLessThanIfExists", "1", ""),
        ("DateLessThan", "2026-11-21", "yesterday"),
        ("DateNotEquals", "2026-11-21", "2026-02-30"),
        ("Bool", "true", "yes"),
        ("BinaryEquals", "QQ==", "QQ"),
        ("IpAddress", "203.0.113.0/24", "203.0.113.0/25"),
        ("NotIpAddress", "203.0.113.0/24", "203.0.113.07"),
        ("ArnLike", "arn:*:*:*:*:*", "arn:aws:iam"),
        ("ArnNotLike", "arn:aws:iam::*:role/*", "*"),
        ("ForAllValues:NumericEquals", "1", "x"),
        ("ForAnyValue:NumericEquals", "1", "x"),
    ] {
        let condition = json!({operator: {"a:key": operand}});
        assert!(
            unclear(&condition, &one("a:key", value)),
            "{condition} {value}"
        );
    }
}

#[test]
fn one_good_value_settles_any_and_one_bad_value_settles_all() {
    let context = many("a:key", &["1", "x"]);
    let any = json!({"ForAnyValue:NumericEquals": {"a:key": "1"}});
    let all = json!({"ForAllValues:NumericEquals": {"a:key": "2"}});
    assert!(holds(&any, &context));
    assert!(!holds(&all, &context));
}

#[test]
fn keys_are_found_in_any_case_ports_and_paths_included() {
    for (written, sent) in [
        ("AWS:principaltag/TEAM", "aws:PrincipalTag/Team"),
        ("idp.example.com/path:aud", "IdP.example.com/path:aud"),
        ("127.0.0.1:18999:aud", "127.0.0.1:18999:aud"),
    ] {
        let condition = json!({"StringEquals": {written: "x"}});
        assert!(holds(&condition, &one(sent, "x")), "{written}");
    }
}

#[test]
fn operators_that_do_not_exist_are_refused() {
    for operator in [
        "stringEquals",
        "StringEquals ",
        "StringNotEqual",
        "StringNot",
        "IfExists",
        "NumericLike",
        "NumericNotLessThan",
        "BinaryNotEquals",
        "BoolNot",
        "NullIfExists",
        "ForAllValues:Null",
        "ForAllValues:",
        "ForSomeValues:StringEquals",
        "forAnyValue:StringEquals",
        "ForAnyValue:ForAllValues:StringEquals",
        "StringEqualsIfExistsIfExists",
    ] {
        let condition = json!({operator: {"a:key": "true"}});
        assert_eq!(
            refusal(&condition),
            Problem::UnknownOperator(operator.into())
        );
    }
}

#[test]
fn values_that_their_operator_cannot_read_are_refused() {
    for (operator, value) in [
        ("NumericEquals", json!("ten")),
        ("NumericEquals", json!("1e3")),
        ("NumericEquals", json!("0x10")),
        ("NumericEquals", json!("")),
        ("NumericEquals", json!("1234567890123456789")),
        ("DateLessThan", json!("21.11.2026")),
        ("DateLessThan", json!("2026-02-30")),
        ("DateLessThan", json!("2026-11-21T09:41:07")),
        ("Bool", json!("yes")),
        ("Bool", json!(1)),
        ("BinaryEquals", json!("QQ")),
        ("BinaryEquals", json!("Q-==")),
        ("IpAddress", json!("203.0.113.0/33")),
        ("IpAddress", json!("203.0.113")),
        ("IpAddress", json!("0x7f.1")),
        ("IpAddress", json!("::ffff:203.0.113.0/120")),
        ("NotIpAddress", json!("::ffff:203.0.113.7")),
        ("ArnLike", json!("*")),
        ("ArnEquals", json!("arn:aws:iam::123456789012")),
        ("ArnNotLike", json!("a*:aws:iam::123456789012:role/x")),
        ("Null", json!("yes")),
        ("Null", json!(["true", "false"])),
    ] {
        let problem = refusal(&json!({operator: {"a:key": value}}));
        assert!(
            matches!(&problem, Problem::BadConditionValue { key, .. } if key == "a:key"),
            "{operator} {value}: {problem}"
        );
    }
}

#[test]
fn conditions_of_the_wrong_shape_are_refused() {
    for condition in [
        json!([]),
        json!("x"),
        json!({"StringEquals": {}}),
        json!({"StringEquals": "x"}),
        json!({"StringEquals": {"a:key": []}}),
        json!({"StringEquals": {"a:key": null}}),
        json!({"StringEquals": {"a:key": [["x"]]}}),
        json!({"StringEquals": {"a:key": {"x": "y"}}}),
    ] {
        let problem = refusal(&condition);
        assert!(
            matches!(problem, Problem::WrongShape { .. }),
            "{condition}: {problem}"
        );
    }
}

#[test]
fn a_key_is_written_once_under_an_operator() {
    let condition = json!({"StringEquals": {"aws:SourceIp": "x", "AWS:sourceip": "y"}});
    assert!(matches!(refusal(&condition), Problem::DuplicateMember(_)));
}

#[test]
fn what_cannot_be_a_key_is_refused() {
    for key in ["sub", ":sub", "a:", "aws:PrincipalTag/*", "a:b\n", " a:b"] {
        let condition = json!({"StringEquals": {key: "x"}});
        assert_eq!(refusal(&condition), Problem::BadConditionKey(key.into()));
    }
}

#[test]
fn a_saml_key_that_is_none_is_refused() {
    for operator in ["StringEquals", "StringNotEqualsIfExists", "Null"] {
        let condition = json!({operator: {"saml:edupersonaffilation": "true"}});
        let expected = Problem::UnknownSamlKey("saml:edupersonaffilation".into());
        assert_eq!(refusal(&condition), expected);
    }
    assert!(holds(
        &json!({"StringEquals": {"SAML:Sub_Type": "persistent"}}),
        &one("saml:sub_type", "persistent")
    ));
    let staff = many("saml:edupersonaffiliation", &["staff", "member"]);
    let any = json!({"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": "staff"}});
    assert!(holds(&any, &staff));
}
