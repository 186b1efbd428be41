//! STS by users and by sessions of roles: what ends with what, what narrows what, and codes that are good once.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "signed_sts/codes.rs"]
mod codes;
#[path = "signed_sts/conditions.rs"]
mod conditions;
#[path = "signed_sts/made_again.rs"]
mod made_again;
#[path = "signed_sts/roles.rs"]
mod roles;
#[path = "signed_sts/session_policies.rs"]
mod session_policies;
mod support;
#[path = "signed_sts/telling_apart.rs"]
mod telling_apart;

use aws_lc_rs::hmac;
use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use support::aws::{AwsKeys, Call, Signing};
use support::directory::{add_role, every_assume_action, in_account, trust};
use support::http::Response;
use support::http_node::HttpNode;
use support::sts::{assert_refused, element};

const KEY: &str = "AKIAQYLPMN5HADAAAAAA";
const SECRET: &str = "a-secret-of-ada-that-stands-in-no-log";
const SEED: &[u8] = b"12345678901234567890";
const DEVICE: &str = "arn:aws:iam::123456789012:mfa/phone";
const MIDDLE: &str = "arn:aws:iam::123456789012:role/Middle";
const LAST: &str = "arn:aws:iam::123456789012:role/Last";
const BOUNDED: &str = "arn:aws:iam::123456789012:role/Bounded";

fn ada() -> AwsKeys {
    AwsKeys {
        id: KEY.to_owned(),
        secret: SECRET.to_owned(),
        token: None,
    }
}

/// Everybody of the account, if their own policies allow it.
fn trusts_account() -> Value {
    json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "AWS": "123456789012" },
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    }})
}

fn allows(actions: &Value) -> String {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

/// Reader (by token) → Middle → Last, each allowed to go on; and ada, who may take all of them.
fn directory(node: &HttpNode) -> DirectoryFiles {
    let mut files = node.directory();
    let issuer = node.provider.issuer();
    let mut reader = trust(&[&issuer], &every_assume_action(), &json!({}));
    let statements = reader["Statement"].as_array_mut().unwrap();
    statements.push(trusts_account()["Statement"].clone());
    add_role(&mut files, "Reader", &json!({}), &reader);
    for name in ["Middle", "Last"] {
        add_role(&mut files, name, &json!({}), &trusts_account());
    }
    let bounded = json!({
        "permissions_boundary": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        "managed_policies": ["arn:aws:iam::aws:policy/AdministratorAccess"],
    });
    add_role(&mut files, "Bounded", &bounded, &trusts_account());
    let go_on = allows(&json!([
        "sts:AssumeRole",
        "sts:SetSourceIdentity",
        "sts:TagSession"
    ]));
    for role in ["Reader", "Middle"] {
        let path = in_account(&format!("roles/{role}.policies/go-on.json"));
        files.insert(path, go_on.clone());
    }
    let seed = data_encoding::BASE32_NOPAD.encode(SEED);
    let user = format!(
        "[[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}'\n[[mfa_devices]]\nname = 'phone'\nseed = '{seed}'\n"
    );
    files.insert(in_account("users/ada.toml"), user);
    let may = allows(&json!(["sts:*"]));
    files.insert(in_account("users/ada.policies/sts.json"), may);
    files
}

fn start() -> HttpNode {
    let node = HttpNode::start();
    node.apply(&directory(&node));
    node
}

fn call(node: &HttpNode, keys: &AwsKeys, parameters: &[(&str, &str)]) -> Response {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", "2011-06-15");
    let form = form.extend_pairs(parameters).finish();
    Call::post(node.address, &form)
        .signed(keys, &Signing::at(node.now()))
        .send(node.address)
}

fn take(node: &HttpNode, keys: &AwsKeys, role: &str, more: &[(&str, &str)]) -> Response {
    let mut parameters = vec![
        ("Action", "AssumeRole"),
        ("RoleArn", role),
        ("RoleSessionName", "ada"),
    ];
    parameters.extend_from_slice(more);
    call(node, keys, &parameters)
}

#[track_caller]
fn issued(answer: &Response) -> AwsKeys {
    assert_eq!(answer.status, 200, "{}", answer.text());
    AwsKeys::issued(answer)
}

/// A person's session of Reader, from which Middle, from which Last.
fn chain(node: &HttpNode) -> [AwsKeys; 3] {
    let first = node.session();
    let second = issued(&take(node, &first, MIDDLE, &[]));
    let third = issued(&take(node, &second, LAST, &[]));
    for keys in [&first, &second, &third] {
        assert_eq!(node.who(keys).status, 200);
    }
    [first, second, third]
}

fn revoke(node: &HttpNode, what: &Value) {
    let answer = node.admin(
        "POST",
        "/admin/v1/revocations",
        &json!({ "revoke": what }).to_string(),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a10_whoever_revokes_a_session_ends_what_came_of_it() {
    let node = start();
    let [first, second, third] = chain(&node);
    revoke(&node, &json!({ "session": second.id }));
    assert_eq!(node.who(&first).status, 200);
    assert_eq!(node.who(&second).status, 403);
    assert_eq!(node.who(&third).status, 403);
}

#[test]
fn a10_whoever_revokes_a_person_ends_the_last_session_of_a_chain() {
    let node = start();
    let [first, second, third] = chain(&node);
    let issuer = node.provider.issuer();
    revoke(
        &node,
        &json!({ "person": { "issuer": issuer, "subject": "ines" } }),
    );
    for keys in [first, second, third] {
        assert_eq!(node.who(&keys).status, 403);
    }
}

#[test]
fn a10_a_role_that_is_taken_away_ends_what_came_of_it_for_good() {
    let node = start();
    let [first, _, third] = chain(&node);
    let whole = directory(&node);
    let mut without = whole.clone();
    without.retain(|path, _| !path.contains("roles/Middle"));
    node.apply(&without);
    assert_eq!(node.who(&first).status, 200);
    assert_eq!(node.who(&third).status, 403);
    node.apply(&whole);
    assert_eq!(node.who(&third).status, 403);
}

#[test]
fn a10_a_provider_that_is_taken_away_ends_every_session_of_a_chain() {
    let node = start();
    let keys = chain(&node);
    let mut without = directory(&node);
    without.retain(|path, _| !path.contains("oidc-providers") && !path.starts_with("links/"));
    node.apply(&without);
    for keys in keys {
        assert_eq!(node.who(&keys).status, 403);
    }
}

#[test]
fn a10_a_user_who_is_taken_away_ends_what_came_of_their_key() {
    let node = start();
    let own = issued(&call(&node, &ada(), &[("Action", "GetSessionToken")]));
    let role = issued(&take(&node, &ada(), LAST, &[]));
    let through = issued(&take(&node, &own, LAST, &[]));
    let mut without = directory(&node);
    without.retain(|path, _| !path.contains("users/"));
    node.apply(&without);
    for keys in [ada(), own, role, through] {
        assert_refused(&node.who(&keys), 403, "InvalidClientTokenId");
    }
}

#[test]
fn whoever_revokes_a_user_ends_what_came_of_their_key() {
    let node = start();
    let own = issued(&call(&node, &ada(), &[("Action", "GetSessionToken")]));
    let role = issued(&take(&node, &ada(), LAST, &[]));
    let through = issued(&take(&node, &own, LAST, &[]));
    revoke(
        &node,
        &json!({ "user": "arn:aws:iam::123456789012:user/ada" }),
    );
    for keys in [own, role, through] {
        assert_refused(&node.who(&keys), 403, "InvalidClientTokenId");
    }
    assert_eq!(node.who(&ada()).status, 200);
    node.advance(1);
    let anew = issued(&take(&node, &ada(), LAST, &[]));
    assert_eq!(node.who(&anew).status, 200);
}

#[test]
fn a_user_who_is_moved_is_another_one_to_their_sessions() {
    let node = start();
    let own = issued(&call(&node, &ada(), &[("Action", "GetSessionToken")]));
    let exported = node.admin("GET", "/admin/v1/directory", "").json();
    let mut files: DirectoryFiles = serde_json::from_value(exported["files"].clone()).unwrap();
    let user = files.get_mut(&in_account("users/ada.toml")).unwrap();
    let moved = user.replace("path = \"/\"", "path = \"/contractors/\"");
    assert_ne!(*user, moved, "{user}");
    let secret = format!("id = \"{KEY}\"\nsecret = \"{SECRET}\"");
    let seed = data_encoding::BASE32_NOPAD.encode(SEED);
    *user = moved.replace(&format!("id = \"{KEY}\""), &secret).replace(
        "name = \"phone\"",
        &format!("name = \"phone\"\nseed = \"{seed}\""),
    );
    node.apply(&files);
    assert_refused(&node.who(&own), 403, "InvalidClientTokenId");
    let who = node.who(&ada());
    assert_eq!(
        element(&who, "Arn"),
        "arn:aws:iam::123456789012:user/contractors/ada"
    );
}

#[test]
fn nothing_of_a_user_s_file_is_told_where_it_can_t_be_read() {
    let node = start();
    for broken in [
        format!("[[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}"),
        format!("access_keys = [{{ id = '{KEY}', secret = '{SECRET}', staus = 'Active' }}]"),
        format!("[[access_keys]]\nid = '{KEY}'\nsecret = ['{SECRET}']"),
        format!("[[mfa_devices]]\nname = 'phone'\nseed = '{SECRET}'"),
    ] {
        let mut files = directory(&node);
        files.insert(in_account("users/ada.toml"), broken);
        let answer = node.try_apply(&files);
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(
            answer.text().contains("users/ada.toml"),
            "{}",
            answer.text()
        );
        assert!(!answer.text().contains(SECRET), "{}", answer.text());
    }
    assert!(!node.audit_text().contains(SECRET));
}

#[test]
fn a_parameter_that_would_narrow_is_not_passed_over() {
    let node = start();
    let policy = allows(&json!(["s3:*"]));
    for more in [("Policy", &*policy), ("Tags.member.1.Key", "a")] {
        let answer = call(&node, &ada(), &[("Action", "GetSessionToken"), more]);
        assert_refused(&answer, 400, "ValidationError");
    }
    let parameters = [
        ("Action", "GetFederationToken"),
        ("Name", "helper"),
        ("TokenCode", "123456"),
    ];
    assert_refused(&call(&node, &ada(), &parameters), 400, "ValidationError");
}

#[test]
fn a_key_that_is_switched_off_signs_nothing() {
    let node = start();
    assert_eq!(node.who(&ada()).status, 200);
    let mut files = directory(&node);
    let user = files.get_mut(&in_account("users/ada.toml")).unwrap();
    *user = user.replace("secret =", "status = 'Inactive'\nsecret =");
    node.apply(&files);
    assert_refused(&node.who(&ada()), 403, "InvalidClientTokenId");
}

#[test]
fn a_wrong_secret_or_a_key_that_nobody_has_is_refused() {
    let node = start();
    let wrong = AwsKeys {
        secret: "another-secret-of-enough-characters".to_owned(),
        ..ada()
    };
    assert_refused(&node.who(&wrong), 403, "SignatureDoesNotMatch");
    let unknown = AwsKeys {
        id: "AKIAQYLPMN5HADAAAAAB".to_owned(),
        ..ada()
    };
    assert_refused(&node.who(&unknown), 403, "InvalidClientTokenId");
    let with_token = AwsKeys {
        token: Some("AAAA".to_owned()),
        ..ada()
    };
    assert_refused(&node.who(&with_token), 403, "InvalidClientTokenId");
}

#[test]
fn a14_a_session_policy_and_a_boundary_narrow_what_the_next_call_may_do() {
    let node = start();
    let nothing = allows(&json!(["s3:GetObject"]));
    let narrowed = issued(&take(&node, &ada(), MIDDLE, &[("Policy", &nothing)]));
    assert_refused(&take(&node, &narrowed, LAST, &[]), 403, "AccessDenied");
    let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let managed = take(&node, &ada(), MIDDLE, &[("PolicyArns.member.1.arn", arn)]);
    assert_refused(
        &take(&node, &issued(&managed), LAST, &[]),
        403,
        "AccessDenied",
    );
    let wide = take(
        &node,
        &ada(),
        MIDDLE,
        &[("Policy", &allows(&json!(["sts:*"])))],
    );
    assert_eq!(take(&node, &issued(&wide), LAST, &[]).status, 200);
    let bounded = issued(&take(&node, &ada(), BOUNDED, &[]));
    assert_refused(&take(&node, &bounded, LAST, &[]), 403, "AccessDenied");
}

#[test]
fn a14_a_managed_policy_of_another_account_or_none_narrows_no_session() {
    let node = start();
    for arn in [
        "arn:aws:iam::aws:policy/NobodyMadeIt",
        "arn:aws:iam::482011739056:policy/Theirs",
        "arn:aws:iam::123456789012:role/Last",
    ] {
        let answer = take(&node, &ada(), MIDDLE, &[("PolicyArns.member.1.arn", arn)]);
        assert_refused(&answer, 400, "MalformedPolicyDocument");
    }
    let gap = take(
        &node,
        &ada(),
        MIDDLE,
        &[(
            "PolicyArns.member.2.arn",
            "arn:aws:iam::aws:policy/PowerUserAccess",
        )],
    );
    assert_refused(&gap, 400, "MalformedInput");
}

#[test]
fn a16_an_explicit_deny_of_the_caller_s_own_ends_it() {
    let node = start();
    let mut files = directory(&node);
    let deny = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": LAST,
    }});
    files.insert(
        in_account("users/ada.policies/never.json"),
        deny.to_string(),
    );
    node.apply(&files);
    assert_refused(&take(&node, &ada(), LAST, &[]), 403, "AccessDenied");
    assert_eq!(take(&node, &ada(), MIDDLE, &[]).status, 200);
}

#[test]
fn a10_sessions_from_before_a_moment_are_denied_by_the_policy_that_aws_writes() {
    let node = start();
    let first = issued(&take(&node, &ada(), MIDDLE, &[]));
    assert_eq!(take(&node, &first, LAST, &[]).status, 200);
    node.advance(60);
    let mut files = directory(&node);
    // AWSRevokeOlderSessions, as the console attaches it.
    let older = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Action": ["*"], "Resource": ["*"],
        "Condition": { "DateLessThan": { "aws:TokenIssueTime": rolegate::domain::UnixTime::from_seconds(node.now()).to_string() } },
    }]});
    let path = in_account("roles/Middle.policies/AWSRevokeOlderSessions.json");
    files.insert(path, older.to_string());
    node.apply(&files);
    assert_refused(&take(&node, &first, LAST, &[]), 403, "AccessDenied");
    node.advance(1);
    let second = issued(&take(&node, &ada(), MIDDLE, &[]));
    assert_eq!(take(&node, &second, LAST, &[]).status, 200);
}

/// The code of the half minute that is so many away from the node's (RFC 6238).
fn code(node: &HttpNode, away: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SEED);
    let tag = hmac::sign(&key, &(node.now() / 30 + away).to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 0xf);
    let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn show(node: &HttpNode, code: &str) -> Response {
    let parameters = [
        ("Action", "GetSessionToken"),
        ("SerialNumber", DEVICE),
        ("TokenCode", code),
    ];
    call(node, &ada(), &parameters)
}

#[test]
fn w10_a_code_is_good_once_and_a_step_before_and_after() {
    let node = start();
    for away in [-1, 0, 1] {
        let shown = code(&node, away);
        assert_eq!(show(&node, &shown).status, 200, "{away}");
        assert_refused(&show(&node, &shown), 403, "AccessDenied");
        node.advance(90);
    }
    for away in [-2, 2] {
        assert_refused(&show(&node, &code(&node, away)), 403, "AccessDenied");
    }
}

#[test]
fn w10_five_codes_may_be_tried_in_half_a_minute() {
    let node = start();
    node.advance(30 - node.now() % 30);
    let good = code(&node, 0);
    let wrong = if good == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_refused(&show(&node, wrong), 403, "AccessDenied");
    }
    assert_refused(&show(&node, &good), 403, "AccessDenied");
    node.advance(30);
    assert_eq!(show(&node, &code(&node, 0)).status, 200);
}

#[test]
fn half_of_a_second_factor_and_another_s_device_are_refused() {
    let node = start();
    let half = call(
        &node,
        &ada(),
        &[("Action", "GetSessionToken"), ("TokenCode", "123456")],
    );
    assert_refused(&half, 403, "AccessDenied");
    assert!(half.text().contains("must provide both"), "{}", half.text());
    let other = [
        ("Action", "GetSessionToken"),
        ("SerialNumber", "arn:aws:iam::123456789012:mfa/another"),
        ("TokenCode", "123456"),
    ];
    let other = call(&node, &ada(), &other);
    assert_refused(&other, 403, "AccessDenied");
    assert!(
        other.text().contains("unable to validate MFA code"),
        "{}",
        other.text()
    );
}

#[test]
fn a_session_makes_no_session_of_its_own() {
    let node = start();
    let own = issued(&call(&node, &ada(), &[("Action", "GetSessionToken")]));
    let role = node.session();
    for keys in [&own, &role] {
        for action in ["GetSessionToken", "GetFederationToken"] {
            let answer = call(&node, keys, &[("Action", action), ("Name", "helper")]);
            assert_refused(&answer, 403, "AccessDenied");
        }
    }
    let info = [("Action", "GetAccessKeyInfo"), ("AccessKeyId", KEY)];
    assert_refused(&call(&node, &own, &info), 403, "AccessDenied");
    let answer = call(&node, &ada(), &info);
    assert_eq!(element(&answer, "Account"), "123456789012");
}

#[test]
fn a_federated_user_takes_no_role_and_ends_with_who_made_it() {
    let node = start();
    let policy = allows(&json!(["sts:*"]));
    let parameters = [
        ("Action", "GetFederationToken"),
        ("Name", "helper"),
        ("Policy", &*policy),
    ];
    let answer = call(&node, &ada(), &parameters);
    let helper = issued(&answer);
    assert_eq!(element(&answer, "FederatedUserId"), "123456789012:helper");
    let who = node.who(&helper);
    assert_eq!(
        element(&who, "Arn"),
        "arn:aws:sts::123456789012:federated-user/helper"
    );
    assert_refused(&take(&node, &helper, LAST, &[]), 403, "AccessDenied");
    let mut without = directory(&node);
    without.retain(|path, _| !path.contains("users/"));
    node.apply(&without);
    assert_eq!(node.who(&helper).status, 403);
}

#[test]
fn no_secret_of_a_user_stands_in_the_audit_log() {
    let node = start();
    let own = issued(&call(&node, &ada(), &[("Action", "GetSessionToken")]));
    let shown = code(&node, 0);
    assert_eq!(show(&node, &shown).status, 200);
    let audit = node.audit_text();
    assert!(audit.contains(&own.id) && audit.contains(KEY));
    for secret in [SECRET, &own.secret, own.token.as_deref().unwrap(), &shown] {
        assert!(!audit.contains(secret), "{secret}");
    }
}
