use super::*;
use crate::domain::{SessionDuration, SourceIdentity, Unusable};

#[test]
fn every_matching_value_gives_a_role() {
    let claims = r#"{"groups": ["aws-482000000001-readonly", "all", "aws-482000000002-readonly"]}"#;
    assert_eq!(
        role_names(&mapped(&capturing(""), claims)),
        [
            "arn:aws:iam::482000000001:role/engineering/ReadOnly",
            "arn:aws:iam::482000000002:role/engineering/ReadOnly"
        ]
    );
}

#[test]
fn captures_of_all_are_paired_and_of_any_joined() {
    let toml = |list: &str| {
        format!(
            "connections = ['workforce']
            roles = ['arn:aws:iam::{{account}}:role/{{name}}']
            allowed_roles = ['arn:aws:iam::*:role/*']
            when = {{ {list} = [
                {{ claim = 'a', regex = '(?P<account>[0-9]+)' }},
                {{ claim = 'n', regex = '(?P<name>[a-z]+)' }} ] }}"
        )
    };
    let claims = r#"{"a": ["482000000001", "482000000002"], "n": ["x", "y"]}"#;
    assert_eq!(mapped(&toml("all"), claims).grants.len(), 4);
    let any = mapped(&toml("any"), claims);
    assert_eq!(refusal_count(&any), 2, "no set of captures has both names");
}

fn refusal_count(mapped: &Mapped) -> usize {
    match &mapped.trace[0].outcome {
        RuleOutcome::Matched { given: 0, refused } => refused.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn captured_text_cannot_leave_its_place() {
    for hostile in [
        "482011739056:role/engineering/Admin",
        "../Admin",
        "4820*",
        "????",
        "a b",
        "ü",
        "482011739056\u{0}",
    ] {
        let claims = serde_json::json!({ "groups": [format!("aws-{hostile}-readonly")] });
        let mapped = mapped(&capturing(""), &claims.to_string());
        let because = Because::Characters(hostile.to_owned());
        assert_eq!(refusal(&mapped), (&Field::Role, &because));
    }
}

#[test]
fn role_off_the_list_is_refused() {
    let mapped = mapped(
        &capturing(""),
        r#"{"groups": ["aws-582000000001-readonly"]}"#,
    );
    let arn = "arn:aws:iam::582000000001:role/engineering/ReadOnly".to_owned();
    assert_eq!(refusal(&mapped), (&Field::Role, &Because::NotAllowed(arn)));
}

#[test]
fn text_that_is_no_role_is_refused() {
    let mapped = mapped(&capturing(""), r#"{"groups": ["aws-4820-readonly"]}"#);
    assert!(matches!(
        refusal(&mapped),
        (Field::Role, Because::NotARole(_))
    ));
}

#[test]
fn empty_capture_is_no_value() {
    let mapped = mapped(&capturing(""), r#"{"groups": ["aws--readonly"]}"#);
    assert_eq!(
        refusal(&mapped),
        (&Field::Role, &Because::NoCapture("account".into()))
    );
}

#[test]
fn capture_never_falls_back_to_a_claim() {
    let toml = capturing("").replace("(?P<account>.*)", "(?P<account>x)?.*");
    let claims = r#"{"groups": ["aws-1-readonly"], "account": "482011739056"}"#;
    let mapped = mapped(&toml, claims);
    assert_eq!(
        refusal(&mapped),
        (&Field::Role, &Because::NoCapture("account".into()))
    );
}

#[test]
fn placeholder_needs_exactly_one_usable_value() {
    let toml = when("{ claim = 'sub', glob = '*' }") + "session_name = '{email}'";
    let values = |values: &[&str]| Seen::Values {
        first: values.iter().map(|&value| value.to_owned()).collect(),
        more: 0,
    };
    for (claims, seen) in [
        (r"{}", Seen::Absent),
        (r#"{"email": [], "email_verified": true}"#, Seen::NoValues),
        (r#"{"email": "", "email_verified": true}"#, values(&[""])),
        (r#"{"email": "a@x"}"#, Seen::Unusable(Unusable::Unverified)),
        (
            r#"{"email": ["a@x", "b@x"], "email_verified": true}"#,
            values(&["a@x", "b@x"]),
        ),
    ] {
        let mapped = mapped(&toml, claims);
        let because = Because::NoSingleValue {
            claim: "email".parse().unwrap(),
            seen,
        };
        assert_eq!(
            refusal(&mapped),
            (&Field::SessionName, &because),
            "{claims}"
        );
    }
}

#[test]
fn session_name_is_the_subject_unless_the_rule_says_more() {
    let toml = when("{ claim = 'sub', glob = '*' }");
    let claims = r#"{"email": "ines@x.example", "email_verified": true}"#;
    let name = |toml: &str| only(&mapped(toml, claims)).session_name.to_string();
    assert_eq!(name(&toml), "ines");
    assert_eq!(
        name(&(toml.clone() + "session_name = '{email}'")),
        "ines@x.example"
    );
    assert_eq!(
        name(&(toml + "session_name = 'p-{sub}-{{x}}'")).len(),
        "p-ines--x-".len() + 17
    );
}

#[test]
fn misfit_session_name_is_repaired_as_stated() {
    let toml = when("{ claim = 'sub', glob = '*' }") + "session_name = '{name}'\n";
    let claims = r#"{"name": "Inés Ortega"}"#;
    for (how, name) in [("truncate", Some("In-s-Ortega")), ("refuse", None)] {
        let mapped = mapped(
            &format!("{toml}repair = {{ session_name = '{how}' }}"),
            claims,
        );
        let found = mapped
            .grants
            .first()
            .map(|grant| grant.session_name.as_str());
        assert_eq!(found, name);
    }
    let mapped = mapped(&toml, claims);
    let grant = only(&mapped);
    assert!(grant.session_name.as_str().starts_with("In-s-Ortega-"));
    assert_eq!(
        grant.notes,
        [Note::Repaired {
            field: Field::SessionName,
            from: "Inés Ortega".into(),
            how: Repair::Hash
        }]
    );
}

#[test]
fn tags_identity_and_duration_come_from_the_rule() {
    let toml = when("{ claim = 'sub', glob = '*' }")
        + "max_duration = 7200\nsource_identity = '{sub}'\ntransitive_tags = ['team']\n\
           [tags]\nteam = '{team}'\nfrom = 'portal'";
    let mapped = mapped(&toml, r#"{"team": "Data Platform"}"#);
    let grant = only(&mapped);
    let tags: Vec<_> = grant
        .tags
        .iter()
        .map(|(key, value, transitive)| (key.as_str(), value.as_str(), transitive))
        .collect();
    assert_eq!(
        tags,
        [("from", "portal", false), ("team", "Data Platform", true)]
    );
    assert_eq!(
        grant.source_identity.as_ref().map(SourceIdentity::as_str),
        Some("ines")
    );
    assert_eq!(grant.duration_cap.map(SessionDuration::seconds), Some(7200));
}

#[test]
fn tag_that_cannot_be_made_takes_its_role_along_unless_it_is_optional() {
    let toml = when("{ claim = 'sub', glob = '*' }") + "[tags]\nteam = '{team}'";
    let claims = r#"{"team": ["a", "b"]}"#;
    let refused = mapped(&toml, claims);
    let (field, because) = refusal(&refused);
    assert_eq!(*field, Field::Tag("team".parse().unwrap()));
    assert!(matches!(because, Because::NoSingleValue { .. }));
    let optional = mapped(&format!("optional_tags = ['team']\n{toml}"), claims);
    let grant = only(&optional);
    assert!(grant.tags.is_empty());
    assert!(matches!(&grant.notes[..], [Note::TagLeftOut { .. }]));
}

#[test]
fn first_rule_in_order_gives_the_role() {
    let toml = |order: u32, name: &str| {
        when("{ claim = 'sub', glob = '*' }") + &format!("order = {order}\nsession_name = '{name}'")
    };
    let set = rules(&[&toml(20, "late"), &toml(10, "early"), &toml(20, "later")]);
    let mapped = apply(&set, &person("{}"));
    let grant = only(&mapped);
    assert_eq!(
        (grant.rule.as_str(), grant.session_name.as_str()),
        ("r1", "early")
    );
    assert_eq!(
        grant.notes,
        [Note::AlsoGivenBy(id("r0")), Note::AlsoGivenBy(id("r2"))]
    );
}

#[test]
fn too_many_combinations_give_nothing() {
    let toml = "connections = ['workforce']
        roles = ['arn:aws:iam::{a}{b}:role/x']
        allowed_roles = ['arn:aws:iam::*:role/*']
        when = { all = [ { claim = 'g', regex = '(?P<a>.*)' }, { claim = 'g', regex = '(?P<b>.*)' } ] }";
    let groups: Vec<String> = (0..46).map(|n| format!("{n:06}")).collect();
    let claims = |count: usize| serde_json::json!({ "g": groups[..count] }).to_string();
    assert_eq!(mapped(toml, &claims(45)).grants.len(), 45 * 45);
    let too_many = mapped(toml, &claims(46));
    assert_eq!(too_many.grants, []);
    assert_eq!(too_many.trace[0].outcome, RuleOutcome::TooManyCombinations);
}

#[test]
fn unused_captures_make_no_combinations() {
    let toml = when(
        "{ all = [ { claim = 'g', regex = '(?P<a>.*)' }, { claim = 'g', regex = '(?P<b>.*)' } ] }",
    );
    let claims = serde_json::json!({ "g": (0..500).collect::<Vec<u32>>() }).to_string();
    assert_eq!(role_names(&mapped(&toml, &claims)), [READER]);
}

#[test]
fn a_person_has_so_many_roles_and_no_more() {
    let toml = |first: usize| {
        let roles: Vec<String> = (first..first + 1_000)
            .map(|n| format!("'arn:aws:iam::{n:012}:role/x'"))
            .collect();
        let roles = roles.join(", ");
        format!(
            "connections = ['workforce']\nroles = [{roles}]\nwhen = {{ claim = 'sub', glob = '*' }}"
        )
    };
    let set = rules(&[&toml(0), &toml(1_000), &toml(2_000)]);
    let mapped = apply(&set, &person("{}"));
    assert_eq!(mapped.grants.len(), MAX_ROLES);
    let RuleOutcome::Matched { given, refused } = &mapped.trace[2].outcome else {
        panic!("{:?}", mapped.trace[2]);
    };
    assert_eq!(*given, MAX_ROLES - 2_000);
    assert_eq!(refused[0].because, Because::TooManyRoles);
}

#[test]
fn a_thousand_rules_and_groups_give_a_thousand_roles() {
    let tomls: Vec<String> = (0..1_000)
        .map(|n| when(&format!("{{ claim = 'groups', equals = 'G-{n}' }}")))
        .collect();
    let tomls: Vec<String> = tomls
        .iter()
        .enumerate()
        .map(|(n, toml)| toml.replace("482011739056", &format!("{n:012}")))
        .collect();
    let set = rules(&tomls.iter().map(String::as_str).collect::<Vec<_>>());
    let groups: Vec<String> = (0..1_000).map(|n| format!("G-{n}")).collect();
    let identity = person(&serde_json::json!({ "groups": groups }).to_string());
    let mapped = apply(&set, &identity);
    assert_eq!((mapped.grants.len(), mapped.trace.len()), (1_000, 1_000));
}

#[test]
fn claims_may_be_called_by_uris() {
    const EMAIL: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
    const MAIL: &str = "urn:oid:0.9.2342.19200300.100.1.3";
    let toml = format!(
        "connections = ['workforce']\nroles = ['{READER}']\nsession_name = '{{{MAIL}}}'\n\
         [when]\nall = [{{ claim = '{EMAIL}', glob = '*@x.example' }}, {{ claim = '{MAIL}', glob = 'ines*' }}, \
         {{ absent = 'urn:oid:2.5.4.3' }}]\n[tags]\nmail = '{{{EMAIL}}}'\n"
    );
    let claims = format!(r#"{{"{EMAIL}": ["ines@x.example"], "{MAIL}": "ines.okafor"}}"#);
    let mapped = mapped(&toml, &claims);
    let role = only(&mapped);
    assert_eq!(role.session_name.as_str(), "ines.okafor");
    let tags: Vec<&str> = role
        .tags
        .iter()
        .map(|(_, value, _)| value.as_str())
        .collect();
    assert_eq!(tags, ["ines@x.example"]);
}
