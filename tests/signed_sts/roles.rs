//! Roles that are taken by signed calls: what was agreed on with a third party, chains, what a chain passes on.

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use super::support::aws::AwsKeys;
use super::support::directory::{add_role, in_account, role_arn};
use super::support::http::Response;
use super::support::http_node::{HttpNode, ROLE};
use super::support::sts::{assert_refused, element};
use super::{
    LAST, MIDDLE, SECRET, ada, chain, directory, issued, revoke, start, take, trusts_account,
};

const PARTNER: &str = "arn:aws:iam::123456789012:role/Partner";
const OTHER_ACCOUNT: &str = "482011739056";
const THEIR_KEY: &str = "AKIAQYLPMN5HADAAAAAC";

/// A role that lets the account in under this condition.
fn narrowed(condition: &Value) -> Value {
    let mut trust = trusts_account();
    trust["Statement"]["Condition"] = condition.clone();
    trust
}

fn with_role(node: &HttpNode, trust: &Value) -> DirectoryFiles {
    let mut files = wide(node);
    add_role(&mut files, "Partner", &json!({}), trust);
    files
}

/// Bob of another account, who may assume everything.
pub(super) fn add_bob(files: &mut DirectoryFiles) -> AwsKeys {
    let place = |path: &str| ["accounts/", OTHER_ACCOUNT, "/", path].concat();
    files.insert(place("account.toml"), "alias = 'other'\n".to_owned());
    let user = format!("[[access_keys]]\nid = '{THEIR_KEY}'\nsecret = '{SECRET}'\n");
    files.insert(place("users/bob.toml"), user);
    let may = super::allows(&json!("sts:AssumeRole"));
    files.insert(place("users/bob.policies/sts.json"), may);
    AwsKeys {
        id: THEIR_KEY.to_owned(),
        secret: SECRET.to_owned(),
        token: None,
    }
}

/// As [`start`], where sessions of Last may go on, too.
fn start_wide() -> HttpNode {
    let node = start();
    node.apply(&wide(&node));
    node
}

fn wide(node: &HttpNode) -> DirectoryFiles {
    let mut files = directory(node);
    let go_on = in_account("roles/Last.policies/go-on.json");
    files.insert(go_on, super::allows(&json!("sts:*")));
    files
}

/// What is told, without what differs from request to request.
fn told(answer: &Response) -> (u16, String) {
    let id = element(answer, "RequestId");
    (answer.status, answer.text().replace(&id, ""))
}

#[test]
fn a11_a_third_party_comes_by_the_external_id_that_was_agreed_on_and_no_other() {
    let node = start();
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "AWS": OTHER_ACCOUNT },
        "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "sts:ExternalId": "Partner-4711" } },
    }});
    let mut files = with_role(&node, &trust);
    let bob = add_bob(&mut files);
    node.apply(&files);
    let good = take(&node, &bob, PARTNER, &[("ExternalId", "Partner-4711")]);
    assert_eq!(good.status, 200, "{}", good.text());
    assert_refused(&take(&node, &bob, PARTNER, &[]), 403, "AccessDenied");
    for wrong in [
        "partner-4711",
        "PARTNER-4711",
        "Partner-471",
        "Partner-47111",
        "Partner-4712",
    ] {
        let answer = take(&node, &bob, PARTNER, &[("ExternalId", wrong)]);
        assert_refused(&answer, 403, "AccessDenied");
    }
    // What would be a wildcard, or a second value, is no external id.
    for none in ["*", "Partner-*", "Partner-471?", "", "a", "Partner 4711"] {
        let answer = take(&node, &bob, PARTNER, &[("ExternalId", none)]);
        assert_refused(&answer, 400, "ValidationError");
    }
    let twice = [("ExternalId", "wrong"), ("ExternalId", "Partner-4711")];
    let answer = take(&node, &bob, PARTNER, &twice);
    assert_refused(&answer, 400, "InvalidParameterCombination");
}

#[test]
fn a11_a_wildcard_is_one_under_string_like_alone() {
    let node = start();
    for (condition, external_id, status) in [
        (
            json!({ "StringEquals": { "sts:ExternalId": "*" } }),
            "anything",
            403,
        ),
        (
            json!({ "StringEquals": { "sts:ExternalId": "Partner-*" } }),
            "Partner-1",
            403,
        ),
        (
            json!({ "StringLike": { "sts:ExternalId": "Partner-*" } }),
            "Partner-1",
            200,
        ),
        (
            json!({ "StringLike": { "sts:ExternalId": "Partner-*" } }),
            "partner-1",
            403,
        ),
        (
            json!({ "StringLike": { "sts:ExternalId": "Partner-?" } }),
            "Partner-12",
            403,
        ),
    ] {
        node.apply(&with_role(&node, &narrowed(&condition)));
        let answer = take(&node, &ada(), PARTNER, &[("ExternalId", external_id)]);
        assert_eq!(answer.status, status, "{condition} {external_id}");
        // Whoever shows none is let in by neither.
        assert_refused(&take(&node, &ada(), PARTNER, &[]), 403, "AccessDenied");
    }
}

#[test]
fn a11_who_has_the_wrong_external_id_does_not_learn_that_there_is_a_role() {
    let node = start();
    let trust = narrowed(&json!({ "StringEquals": { "sts:ExternalId": "Partner-4711" } }));
    node.apply(&with_role(&node, &trust));
    for more in [&[][..], &[("ExternalId", "another")]] {
        let there = told(&take(&node, &ada(), PARTNER, more));
        let not_there = told(&take(&node, &ada(), &role_arn("Partned"), more));
        assert_eq!(there.0, 403);
        assert_eq!(there.1, not_there.1.replace("Partned", "Partner"));
    }
}

/// As many links as there can be, from one key of a user, of two roles in turn.
fn loop_of(node: &HttpNode, links: usize, more: &[(&str, &str)]) -> Vec<AwsKeys> {
    let mut chain = vec![issued(&take(node, &ada(), MIDDLE, more))];
    for link in 1..links {
        let role = if link % 2 == 0 { MIDDLE } else { LAST };
        let next = take(node, &chain[link - 1], role, &[]);
        assert_eq!(next.status, 200, "link {link}: {}", next.text());
        chain.push(AwsKeys::issued(&next));
    }
    chain
}

#[test]
fn a12_a_chained_session_lasts_an_hour_at_most_whatever_the_role_allows() {
    let node = start();
    let mut files = directory(&node);
    let long = json!({ "max_session_duration": 43200 });
    add_role(&mut files, "Last", &long, &trusts_account());
    node.apply(&files);
    let hours = ("DurationSeconds", "7200");
    assert_eq!(take(&node, &ada(), LAST, &[hours]).status, 200);
    let first = issued(&take(&node, &ada(), MIDDLE, &[]));
    for seconds in ["3601", "7200", "43200"] {
        let answer = take(&node, &first, LAST, &[("DurationSeconds", seconds)]);
        assert_refused(&answer, 400, "ValidationError");
        assert_eq!(
            element(&answer, "Message"),
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        );
    }
    let hour = take(&node, &first, LAST, &[("DurationSeconds", "3600")]);
    assert_eq!(node.who(&issued(&hour)).status, 200);
    node.advance(3600);
    assert_refused(&node.who(&issued(&hour)), 403, "ExpiredToken");
}

#[test]
fn a12_a_chain_of_twenty_hangs_on_its_first_link() {
    let node = start_wide();
    let links = loop_of(&node, 20, &[]);
    assert_eq!(node.who(&links[19]).status, 200);
    revoke(&node, &json!({ "session": links[0].id }));
    for keys in &links {
        assert_refused(&node.who(keys), 403, "InvalidClientTokenId");
    }
}

#[test]
fn a12_a_loop_of_two_roles_comes_to_an_end() {
    let node = start_wide();
    let links = loop_of(&node, 33, &[]);
    let answer = take(&node, &links[32], LAST, &[]);
    assert_refused(&answer, 400, "ValidationError");
    assert_eq!(
        element(&answer, "Message"),
        "A session is reached through at most 32 others."
    );
    // The same is told of a role that is not there.
    let other = take(&node, &links[32], &role_arn("Nobody"), &[]);
    assert_eq!(told(&other), told(&answer));
    assert_eq!(node.who(&links[32]).status, 200);
    node.advance(3600);
    for keys in &links {
        assert_refused(&node.who(keys), 403, "ExpiredToken");
    }
}

#[test]
fn a12_nobody_changes_the_source_identity_of_a_chain() {
    let node = start_wide();
    let ines = ("SourceIdentity", "ines");
    let first = issued(&take(&node, &ada(), MIDDLE, &[ines]));
    for other in ["Ines", "ada", "ines2"] {
        let answer = take(&node, &first, LAST, &[("SourceIdentity", other)]);
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_refused(&answer, 403, "AccessDenied");
    }
    for more in [&[][..], &[ines]] {
        let next = take(&node, &first, LAST, more);
        assert_eq!(element(&next, "SourceIdentity"), "ines");
        let after = take(&node, &issued(&next), MIDDLE, &[]);
        assert_eq!(element(&after, "SourceIdentity"), "ines");
    }
    // Whoever has none can be given one, once.
    let without = issued(&take(&node, &ada(), MIDDLE, &[]));
    let given = take(&node, &without, LAST, &[("SourceIdentity", "ada")]);
    let last = take(&node, &issued(&given), MIDDLE, &[ines]);
    assert_refused(&last, 403, "AccessDenied");
}

/// A session of Middle with the transitive tag `Team`, `ops`, and another that is not passed on.
fn tagged(node: &HttpNode) -> AwsKeys {
    let tags = [
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "ops"),
        ("Tags.member.2.Key", "Shift"),
        ("Tags.member.2.Value", "night"),
        ("TransitiveTagKeys.member.1", "Team"),
    ];
    issued(&take(node, &ada(), MIDDLE, &tags))
}

#[test]
fn a13_nobody_sets_a_tag_anew_that_a_chain_passes_on() {
    let node = start();
    let first = tagged(&node);
    for key in ["Team", "team", "TEAM", "tEAM"] {
        for value in ["ops", "board"] {
            let tag = [("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
            let transitive = [&tag[..], &[("TransitiveTagKeys.member.1", key)]].concat();
            for more in [&tag[..], &transitive] {
                let answer = take(&node, &first, LAST, more);
                assert_refused(&answer, 400, "InvalidParameterValue");
                assert_eq!(
                    element(&answer, "Message"),
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."
                );
            }
        }
    }
    let shift = [
        ("Tags.member.1.Key", "shift"),
        ("Tags.member.1.Value", "day"),
    ];
    assert_eq!(take(&node, &first, LAST, &shift).status, 200);
}

#[test]
fn a13_the_inherited_value_is_what_policies_go_by() {
    let node = start_wide();
    let of_team = |value: &str| json!({ "StringEquals": { "aws:PrincipalTag/Team": value } });
    // Two links on, somebody whose session still has the tag may take Partner.
    let first = tagged(&node);
    let second = issued(&take(&node, &first, LAST, &[]));
    for (value, status) in [("ops", 200), ("board", 403)] {
        node.apply(&with_role(&node, &narrowed(&of_team(value))));
        for keys in [&first, &second] {
            assert_eq!(take(&node, keys, PARTNER, &[]).status, status, "{value}");
        }
    }
    let of_shift = json!({ "StringEquals": { "aws:PrincipalTag/Shift": "night" } });
    node.apply(&with_role(&node, &narrowed(&of_shift)));
    assert_eq!(take(&node, &first, PARTNER, &[]).status, 200);
    assert_eq!(take(&node, &second, PARTNER, &[]).status, 403);
}

#[test]
fn a10_a_trust_policy_that_changes_lets_nobody_in_any_more() {
    let node = start();
    let whole = directory(&node);
    let [first, second, _] = chain(&node);
    let nobody = narrowed(&json!({ "StringEquals": { "aws:PrincipalAccount": OTHER_ACCOUNT } }));
    for (name, role, keys) in [("Last", LAST, &second), ("Middle", MIDDLE, &first)] {
        let mut files = whole.clone();
        add_role(&mut files, name, &json!({}), &nobody);
        node.apply(&files);
        assert_refused(&take(&node, keys, role, &[]), 403, "AccessDenied");
        // As at AWS, a trust policy is about taking the role, and ends no session of it.
        assert_eq!(node.who(keys).status, 200);
    }
    let mut files = whole.clone();
    add_role(&mut files, "Reader", &json!({}), &nobody);
    node.apply(&files);
    let token = node.id_token("ines");
    assert_refused(&node.assume(&token, &[]), 403, "AccessDenied");
    node.apply(&whole);
    assert_eq!(node.assume_role(ROLE, &token, &[]).status, 200);
}

#[test]
fn a10_what_a_role_may_do_is_what_its_policies_say_now() {
    let node = start();
    let [_, second, _] = chain(&node);
    let mut files = directory(&node);
    files.remove(&in_account("roles/Middle.policies/go-on.json"));
    node.apply(&files);
    assert_refused(&take(&node, &second, LAST, &[]), 403, "AccessDenied");
}
