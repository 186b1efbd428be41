//! `rolegate decisions`: what an administrator learns of those who were let in or refused.

use std::path::Path;
use std::process::Output;
use std::time::Instant;

use serde_json::{Value, json};

use super::gateway::{ADMIN, Gateway, STORE, files, run, text, write};
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::clock::{Time, system_now};
use super::support::directory::{PORTAL_CLIENT, add_role, every_assume_action, role_arn, trust};
use super::support::http::PATIENCE;
use super::support::http_node::{CONNECTION, HttpNode, ROLE};
use super::support::keys::{SigningKey, sign_claims};
use super::support::node::Settings;
use super::support::provider::{Answer, HostileProvider, TOKEN};
use super::support::sts::{assume_role, element};

const EMAIL: &str = "ines@meridale.example";

/// A node by the system's clock, which commands sign by.
fn node() -> HttpNode {
    HttpNode::with(Settings {
        time: Time::System,
        ..Settings::default()
    })
}

fn decisions(node: &HttpNode, arguments: &[&str]) -> Output {
    let endpoint = node.origin();
    let arguments = [&["decisions"][..], arguments, &["--endpoint", &endpoint]].concat();
    run(node.folder(), &arguments, &ADMIN)
}

/// What the command says once it says this: traces are written a moment after the answer.
#[track_caller]
fn says(node: &HttpNode, arguments: &[&str], wanted: &str) -> String {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let output = decisions(node, arguments);
        let told = text(&output.stdout);
        if told.contains(wanted) {
            assert!(output.status.success());
            return told;
        }
        let errors = text(&output.stderr);
        assert!(Instant::now() < give_up, "no {wanted:?} in {told}{errors}");
    }
}

/// The request id that a page tells.
#[track_caller]
fn id_on(page: &str) -> String {
    let is_id =
        |word: &&str| word.len() == 36 && word.bytes().filter(|byte| *byte == b'-').count() == 4;
    let words = page.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    words
        .into_iter()
        .find(is_id)
        .unwrap_or_else(|| panic!("no id on {page}"))
        .to_owned()
}

/// What the provider gives for the code of a sign-in, with these changes of the claims.
fn answer_with(node: &HttpNode, nonce: &str, changes: &Value) -> Answer {
    let mut claims = node.provider.claims("mrd-20417", PORTAL_CLIENT, node.now());
    claims["nonce"] = nonce.into();
    claims["groups"] = json!(["staff"]);
    claims["email"] = EMAIL.into();
    claims["email_verified"] = true.into();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let token = sign_claims(&claims, &node.key);
    Answer::json(&json!({
        "access_token": "access-token-that-stands-in-no-log",
        "token_type": "Bearer",
        "id_token": token,
    }))
}

/// A sign-in for which the provider says this; the last answer.
fn sign_in_with(node: &HttpNode, changes: &Value) -> super::support::http::Response {
    let begun = node.begin_sign_in("/roles");
    node.provider
        .set(TOKEN, answer_with(node, &begun.nonce, changes));
    super::support::http::Request::get(node.address, &begun.callback())
        .with_header("cookie", &begun.cookie)
        .with_header("sec-fetch-site", "cross-site")
        .send()
}

#[test]
fn the_id_on_a_refusal_s_page_leads_to_the_check_that_failed() {
    let node = node();
    let page = sign_in_with(&node, &json!({ "aud": "somebody-else" }));
    assert_ne!(page.status, 303);
    let id = id_on(&page.text());
    let told = says(&node, &[&id], "REFUSED");
    for part in ["at: audience", "somebody-else", CONNECTION, "what to do"] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    let steps = [
        "passed       the answer can be read",
        "FAILED       the provider vouches for somebody",
        "not reached  it was not used before",
    ];
    for step in steps {
        assert!(told.contains(step), "no {step:?} in {told}");
    }
    let listed = says(&node, &["--failed", "--check", "audience"], &id);
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

#[test]
fn a_rule_that_nearly_matched_is_shown_with_what_the_person_has() {
    let node = node();
    assert_eq!(
        sign_in_with(&node, &json!({ "groups": ["Staff"] })).status,
        303
    );
    let listed = says(&node, &["--person", EMAIL, "--json"], "SignIn");
    let decision: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let id = decision["request"].as_str().unwrap();
    assert_eq!(decision["person"]["subject"], "mrd-20417");
    let told = says(&node, &[id], "succeeded");
    for part in [
        "does not match at when: groups equals \"staff\"",
        "the person has \"Staff\"",
        "NEAR MISS: \"Staff\" differs in upper and lower case only",
        "set ignore_case",
        "groups = Staff",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
}

#[test]
fn a_role_s_trust_policy_is_quoted_by_its_verdict() {
    let node = node();
    assert_eq!(sign_in_with(&node, &json!({})).status, 303);
    let listed = says(&node, &["--person", "MRD-20417", "--json"], "SignIn");
    let decision: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let verdict = &decision["roles"][0];
    assert_eq!(verdict["role"], ROLE);
    assert_eq!(verdict["is_permitted"], true);
    assert!(verdict["because"].as_str().unwrap().contains("statement 1"));
}

#[test]
fn who_holds_a_key_is_told_and_for_how_long() {
    let node = node();
    let keys = node.session();
    let told = says(&node, &["--key", &keys.id, "--json"], &keys.id);
    let decision: Value = serde_json::from_str(told.trim()).unwrap();
    assert_eq!(decision["operation"], "AssumeRoleWithWebIdentity");
    assert_eq!(decision["person"]["subject"], "ines");
    assert_eq!(decision["role"], ROLE);
    assert_eq!(decision["issued"]["access_key_id"], keys.id.as_str());
    // Keys that were taken in the portal, too.
    let session = node.sign_in("tomas");
    let page = session
        .form(node.address, "/credentials", &[("role", ROLE)])
        .send();
    assert_eq!(page.status, 200, "{}", page.text());
    let (_, rest) = page
        .text()
        .split_once("ASIA")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let taken = ["ASIA", rest.get(..16).unwrap()].concat();
    let told = says(&node, &["--key", &taken], &taken);
    assert!(told.contains("TakeRoleCredentials"), "{told}");
    let id = id_on(&told);
    let told = says(&node, &[&id], "duration");
    assert!(told.contains("3600 s: the role's maximum"), "{told}");
    let nobody = text(&decisions(&node, &["--key", "ASIAQYLPMN5HBBBBBBBB"]).stdout);
    assert_eq!(nobody, "no decision fits\n");
}

#[test]
fn a_refusal_of_sts_is_found_by_the_id_in_its_answer() {
    let node = node();
    let claims = node.provider.claims("ines", "somebody-else", node.now());
    let answer = node.assume(&sign_claims(&claims, &node.key), &[]);
    assert_eq!(answer.status, 400);
    let told = says(&node, &[&element(&answer, "RequestId")], "REFUSED");
    assert!(
        told.contains("at: audience") && told.contains("nobody was proven"),
        "{told}"
    );
}

#[test]
fn a_signed_call_is_found_by_who_signed_it_and_shows_how_far_it_came() {
    let node = node();
    let keys = node.session();
    let role = role_arn("Nobody");
    let form =
        format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=farther");
    let call = Call::post(node.address, &form).signed(&keys, &Signing::at(node.now()));
    let answer = call.send(node.address);
    assert_eq!(answer.status, 403, "{}", answer.text());
    let id = element(&answer, "RequestId");
    let told = says(&node, &[&id], "REFUSED");
    for part in [
        "caller      arn:aws:sts::",
        &*format!(" by {}", keys.id),
        "who         ines of ",
        "passed       the signature holds",
        "FAILED       the trust policy and the caller's policies allow it",
        "not reached  the role lasts so long",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    assert!(!told.contains("nobody was proven"), "{told}");
    for wanted in [["--key", &*keys.id], ["--person", "ines"]] {
        let listed = says(&node, &[&["--failed"][..], &wanted[..]].concat(), &id);
        assert!(listed.contains("assumed-role/"), "{listed}");
    }
}

#[test]
fn a_silent_trust_policy_is_explained_condition_by_condition() {
    let node = node();
    let issuer = node.provider.issuer();
    let mut files = node.directory();
    let strict = trust(
        &[&issuer],
        &every_assume_action(),
        &json!({ "sub": "tomas" }),
    );
    add_role(&mut files, "Strict", &json!({}), &strict);
    node.apply(&files);
    let answer = node.assume_role(&role_arn("Strict"), &node.id_token("ines"), &[]);
    assert_eq!(answer.status, 403);
    let told = says(&node, &[&element(&answer, "RequestId")], "REFUSED");
    for part in [
        "at: trust policy",
        "FAILED  trust policy, statement 1: expected StringEquals",
        ":sub [\"tomas\"]; found \"ines\"",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    // The caller learns nothing of it.
    assert!(!answer.text().contains("tomas"), "{}", answer.text());
}

#[test]
fn nothing_secret_is_told_and_nothing_hostile_reaches_the_terminal() {
    let node = node();
    let hostile = "\u{1b}[2J\u{202e}\u{9b}x";
    assert_eq!(
        sign_in_with(&node, &json!({ "name": hostile, "groups": [hostile] })).status,
        303
    );
    let token = node.id_token("ines");
    assert_eq!(node.assume(&token, &[]).status, 200);
    let keys = node.session();
    says(&node, &["--key", &keys.id], &keys.id);
    let listed = says(&node, &["--json", "--limit", "100"], "SignIn");
    let id = id_on(listed.lines().find(|line| line.contains("SignIn")).unwrap());
    let whole = says(&node, &[&id], "groups");
    for told in [&listed, &whole] {
        assert!(told.contains("202e"), "{told}");
        let is_bad = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!told.contains(is_bad), "{told:?}");
        let secrets = [&keys.secret, keys.token.as_ref().unwrap(), &token];
        for secret in secrets {
            assert!(!told.contains(secret.as_str()));
        }
        assert!(!told.contains("access-token-that-stands-in-no-log"));
        assert!(!told.contains("authorization-code-in-no-log"));
    }
}

#[test]
fn a_person_is_erased_and_the_audit_says_by_whom() {
    let node = node();
    let issuer = node.provider.issuer();
    for subject in ["ines", "tomas"] {
        assert_eq!(node.assume(&node.id_token(subject), &[]).status, 200);
        says(&node, &["--person", subject], "AssumeRole");
    }
    let erase = |more: &[&str]| {
        let arguments = [
            &["erase", "--person", "ines", "--issuer", &issuer][..],
            more,
        ]
        .concat();
        decisions(&node, &arguments)
    };
    let unconfirmed = erase(&[]);
    assert_eq!(unconfirmed.status.code(), Some(1));
    assert!(text(&unconfirmed.stderr).contains("--yes"));
    assert_eq!(text(&erase(&["--yes"]).stdout), "1 decisions erased\n");
    assert_eq!(text(&erase(&["--yes"]).stdout), "0 decisions erased\n");
    let told = text(&decisions(&node, &[]).stdout);
    // Every session is called ines; the person who is left is another.
    let json = text(&decisions(&node, &["--json"]).stdout);
    assert_eq!(json.lines().count(), 1, "{told}");
    assert!(json.contains("\"subject\":\"tomas\""), "{json}");
    let audit = node.audit();
    let erasures = audit
        .iter()
        .filter(|event| event["eventName"] == "EraseDecisions");
    let erasures: Vec<_> = erasures
        .map(|event| event["additionalEventData"]["checks"][0]["name"].clone())
        .collect();
    assert_eq!(erasures, ["intent", "committed", "intent", "committed"]);
}

#[test]
fn who_has_no_policy_for_it_sees_and_erases_nothing() {
    let node = node();
    let keys = node.session();
    let calls = [
        ("POST", "/admin/v1/decisions/search", "{}"),
        (
            "GET",
            "/admin/v1/decisions/6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
            "",
        ),
        (
            "POST",
            "/admin/v1/decisions/erase",
            r#"{"person":{"issuer":"https://idp.example.com","subject":"ines"}}"#,
        ),
    ];
    for (method, path, body) in calls {
        let call = Call {
            method,
            ..Call::admin(node.address, path, body)
        };
        let answer = call
            .signed(&keys, &Signing::admin(node.now()))
            .send(node.address);
        assert_eq!(answer.json()["error"]["code"], "AccessDenied", "{path}");
    }
}

#[test]
fn what_is_no_id_or_no_filter_is_refused() {
    let node = node();
    let unknown = decisions(&node, &["6f9619ff-8b86-4d01-b42d-00cf4fc964ff"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("no decision is kept under"));
    for arguments in [&["nonsense"][..], &["--since", "soon"], &["--key", "x"]] {
        assert_eq!(
            decisions(&node, arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
    for body in [
        r#"{"wanted": {"persons": "ines"}}"#,
        "{",
        r#"{"limit": -1}"#,
    ] {
        let answer = node.admin("POST", "/admin/v1/decisions/search", body);
        assert_eq!(answer.status, 400, "{body}");
    }
    assert_eq!(
        node.admin("GET", "/admin/v1/decisions/nonsense", "").status,
        400
    );
}

#[test]
fn where_nothing_is_kept_that_is_said() {
    let node = HttpNode::with(Settings {
        time: Time::System,
        toml: "decisions.keep_days = 0\n".to_owned(),
        ..Settings::default()
    });
    node.session();
    let output = decisions(&node, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("decisions.keep_days"));
}

fn start(folder: &Path, issuer: &str) -> Gateway {
    let allowed = ("ROLEGATE_ALLOW_HTTP_ISSUERS", issuer);
    Gateway::start(folder, &[&ADMIN[..], &[STORE, allowed]].concat())
}

#[test]
fn what_was_written_outlives_a_kill() {
    let (provider, key) = (HostileProvider::start(), SigningKey::ec_p256("k1"));
    provider.publish(&[&key]);
    let folder = tempfile::tempdir().unwrap();
    let issuer = provider.issuer();
    write(&folder.path().join("dir"), &files(&issuer));
    let mut gateway = start(folder.path(), &issuer);
    assert!(
        gateway
            .run(folder.path(), &["apply", "dir"])
            .status
            .success()
    );
    for round in 0..3 {
        let claims = provider.claims("ines", "app", system_now());
        let token = sign_claims(&claims, &key);
        let answer = assume_role(gateway.address, ROLE, &token, &[]);
        let keys = AwsKeys::issued(&answer);
        let find = |gateway: &Gateway| {
            let found = gateway.run(folder.path(), &["decisions", "--key", &keys.id]);
            text(&found.stdout).contains(&keys.id)
        };
        let give_up = Instant::now() + PATIENCE;
        while !find(&gateway) {
            assert!(Instant::now() < give_up, "round {round}");
        }
        gateway.kill();
        gateway = start(folder.path(), &issuer);
        assert!(find(&gateway), "round {round}");
    }
    let all = gateway.run(folder.path(), &["decisions", "--person", "ines"]);
    assert_eq!(text(&all.stdout).lines().count(), 3);
    // What waits when a node is told to stop is written.
    let claims = provider.claims("last", "app", system_now());
    let answer = assume_role(gateway.address, ROLE, &sign_claims(&claims, &key), &[]);
    assert_eq!(answer.status, 200);
    gateway.terminate();
    let gateway = start(folder.path(), &issuer);
    let all = gateway.run(folder.path(), &["decisions", "--person", "last"]);
    assert_eq!(text(&all.stdout).lines().count(), 1);
}
