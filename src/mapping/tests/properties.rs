use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::repair::{Slot, fit};
use super::*;
use crate::domain::{SessionName, TagValue};

/// Conditions over `names`, in TOML's inline form; `absent` over `absent` only.
fn conditions(
    names: &'static [&'static str],
    absent: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let claim = prop::sample::select(names);
    let comparison = prop::sample::select(
        &[
            "equals = 'x'",
            "one_of = ['x', 'y']",
            "glob = '*'",
            "regex = '.*'",
            "equals = ''",
        ][..],
    );
    let compare =
        (claim, comparison).prop_map(|(name, how)| format!("{{ claim = '{name}', {how} }}"));
    let absent = prop::sample::select(absent).prop_map(|name| format!("{{ absent = '{name}' }}"));
    prop_oneof![3 => compare, 1 => absent].prop_recursive(5, 24, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (prop::sample::select(&["all", "any"][..]), list)
                .prop_map(|(kind, list)| format!("{{ {kind} = [{}] }}", list.join(", "))),
            inner.prop_map(|inner| format!("{{ not = {inner} }}")),
        ]
    })
}

proptest! {
    #[test]
    fn unusable_claims_never_make_a_condition_match(
        condition in conditions(
            &["missing", "empty", "groups", "email", "far", "/missing/x"],
            &["empty", "groups", "email", "far"],
        )
    ) {
        let claims = r#"{"empty": [], "hasgroups": true, "groups": ["x"], "email": "x",
            "far": "x", "_claim_names": {"far": "s"}}"#;
        prop_assert_eq!(mapped(&when(&condition), claims).grants, []);
    }

    #[test]
    fn rule_gives_something_or_says_what_failed(
        condition in conditions(&["a", "b", "missing", "empty"], &["a", "missing", "empty"])
    ) {
        let mapped = mapped(&when(&condition), r#"{"a": "x", "b": ["y", "X"], "empty": []}"#);
        let failed = matches!(mapped.trace[0].outcome, RuleOutcome::Failed(_));
        prop_assert_eq!(failed, mapped.grants.is_empty());
    }

    #[test]
    fn any_claim_text_gives_an_allowed_role_or_none(text in "\\PC{0,20}|4820[0-9]{8}") {
        let claims = serde_json::json!({ "groups": [format!("aws-{text}-readonly")] });
        let mapped = mapped(&capturing(""), &claims.to_string());
        for role in role_names(&mapped) {
            prop_assert!(role.starts_with("arn:aws:iam::4820"), "{}", role);
            prop_assert!(role.ends_with(":role/engineering/ReadOnly"), "{}", role);
        }
    }

    #[test]
    fn rule_text_never_panics(text in "\\PC{0,200}") {
        let toml = format!("{}{text}", when("{ absent = 'x' }"));
        let _: Result<Rule, RuleError> = Rule::from_toml(&toml);
        let _: Result<Rule, RuleError> = Rule::from_toml(&text);
    }

    #[test]
    fn repaired_values_fit(text in "\\PC{0,400}") {
        for how in [Repair::Truncate, Repair::Hash] {
            if let Some(name) = fit::<SessionName>(&text, how) {
                prop_assert!(name.value.as_str().len() <= 64);
            } else {
                prop_assert!(how == Repair::Truncate && text.chars().count() < 2);
            }
        }
        prop_assert!(fit::<TagValue>(&text, Repair::Hash).is_some());
    }

    #[test]
    fn hashed_values_are_stable_and_never_the_same(
        texts in prop::collection::btree_set("[a-b ]{0,3}|[a-b]{66,70}", 0..20)
    ) {
        assert_distinct::<SessionName>(&texts);
        assert_distinct::<TagValue>(&texts);
    }
}

fn assert_distinct<T: Slot + Ord>(texts: &BTreeSet<String>) {
    let names = |text: &String| fit::<T>(text, Repair::Hash).map(|fitted| fitted.value);
    let once: BTreeSet<Option<T>> = texts.iter().map(names).collect();
    let again: BTreeSet<Option<T>> = texts.iter().map(names).collect();
    assert!(once == again && once.len() == texts.len());
}

#[test]
fn nobody_can_choose_the_repaired_name_of_another() {
    let victim = fit::<SessionName>("boss of all", Repair::Hash)
        .unwrap()
        .value;
    let posing = fit::<SessionName>(victim.as_str(), Repair::Hash)
        .unwrap()
        .value;
    assert_ne!(posing, victim);
}
