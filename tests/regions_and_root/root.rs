//! `AssumeRoot`: who gets at the root of another account, what they may do there, and when it is over.

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use crate::outbound::boto3;
use crate::support::aws::{AwsKeys, Call, Signing};
use crate::support::clock::Time;
use crate::support::directory::{add_role, in_account};
use crate::support::http::Response;
use crate::support::http_node::{HttpNode, ROLE};
use crate::support::node::Settings;
use crate::support::sts::{assert_refused, element, find_element};
use crate::{
    ADA, Endpoint, GLOBAL, IRELAND, PARIS, ada, call, directory, session, who, with_token,
};

/// The account that is managed.
const MEMBER: &str = "482011739056";
const ROOT: &str = "arn:aws:iam::482011739056:root";
const AUDIT: &str = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials";
const UNLOCK: &str = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy";
const ORGANIZATION: &str = "management_account = '123456789012'\nroot_sessions = true\n";

/// ada and the role `Reader` may assume the root of the member for every task.
fn files(node: &HttpNode, organization: &str) -> DirectoryFiles {
    let mut files = directory(node, "");
    let member = format!("accounts/{MEMBER}/account.toml");
    files.insert(member, "alias = 'member'\n".to_owned());
    files.insert("organization.toml".to_owned(), organization.to_owned());
    for path in [
        "users/ada.policies/sts.json",
        "roles/Reader.policies/root.json",
    ] {
        let policy = allows(&json!({}), &[ROOT]);
        files.insert(in_account(path), policy);
    }
    files
}

fn allows(condition: &Value, resources: &[&str]) -> String {
    let statement = json!({
        "Effect": "Allow",
        "Action": ["sts:AssumeRoot", "sts:AssumeRole"],
        "Resource": resources,
        "Condition": condition,
    });
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

fn start() -> HttpNode {
    let node = HttpNode::start();
    node.apply(&files(&node, ORGANIZATION));
    node
}

fn assume(node: &HttpNode, keys: &AwsKeys, more: &[(&str, &str)]) -> Response {
    assume_at(node, keys, IRELAND, more)
}

fn assume_at(node: &HttpNode, keys: &AwsKeys, at: Endpoint, more: &[(&str, &str)]) -> Response {
    let mut parameters = vec![
        ("Action", "AssumeRoot"),
        ("TargetPrincipal", MEMBER),
        ("TaskPolicyArn.arn", AUDIT),
    ];
    parameters.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    parameters.extend_from_slice(more);
    call(node, keys, at, &parameters)
}

#[track_caller]
fn root(answer: &Response) -> AwsKeys {
    assert_eq!(answer.status, 200, "{}", answer.text());
    AwsKeys::issued(answer)
}

/// Whether the keys are good at all.
fn lives(node: &HttpNode, keys: &AwsKeys) -> bool {
    let answer = who(node, keys, IRELAND);
    if answer.status != 200 {
        assert_refused(&answer, 403, "InvalidClientTokenId");
    }
    answer.status == 200
}

#[test]
fn a_root_session_is_the_root_of_the_member() {
    let node = start();
    let of_role = AwsKeys::issued(&with_token(&node, IRELAND));
    for keys in [ada(), of_role] {
        for target in [MEMBER, ROOT] {
            let answer = assume(&node, &keys, &[("TargetPrincipal", target)]);
            let told = who(&node, &root(&answer), IRELAND);
            assert_eq!(element(&told, "Arn"), ROOT);
            assert_eq!(element(&told, "UserId"), MEMBER);
            assert_eq!(element(&told, "Account"), MEMBER);
            assert_eq!(find_element(&answer, "SourceIdentity"), None);
        }
    }
}

#[test]
fn it_lasts_a_quarter_of_an_hour_at_most() {
    let node = start();
    let answer = assume(&node, &ada(), &[]);
    let keys = root(&answer);
    let short = root(&assume(&node, &ada(), &[("DurationSeconds", "60")]));
    let over = root(&assume(&node, &ada(), &[("DurationSeconds", "0")]));
    let expired = |keys: &AwsKeys| assert_refused(&who(&node, keys, IRELAND), 403, "ExpiredToken");
    expired(&over);
    node.advance(60);
    expired(&short);
    node.advance(839);
    assert!(lives(&node, &keys));
    node.advance(1);
    expired(&keys);
    for seconds in ["901", "-1", "3600"] {
        let answer = assume(&node, &ada(), &[("DurationSeconds", seconds)]);
        assert_refused(&answer, 400, "ValidationError");
    }
}

#[test]
fn it_ends_with_the_session_that_made_it() {
    let node = start();
    let keys = AwsKeys::issued(&with_token(&node, IRELAND));
    node.advance(3600 - 60);
    let root = root(&assume(&node, &keys, &[]));
    node.advance(59);
    assert!(lives(&node, &root));
    node.advance(1);
    assert_refused(&who(&node, &root, IRELAND), 403, "ExpiredToken");
}

#[test]
fn only_the_managing_account_gets_at_roots() {
    let node = start();
    let mut others = files(&node, ORGANIZATION);
    // A user of the member, who may do everything.
    let user = "[[access_keys]]\nid = 'AKIAQYLPMN5HBOBBBBBB'\nsecret = 'a-secret-of-bob-that-is-long'\nstatus = 'Active'\n";
    others.insert(format!("accounts/{MEMBER}/users/bob.toml"), user.to_owned());
    let policy = allows(&json!({}), &["*"]);
    let path = format!("accounts/{MEMBER}/users/bob.policies/all.json");
    others.insert(path, policy.clone());
    others.insert(in_account("users/ada.policies/sts.json"), policy);
    node.apply(&others);
    let bob = AwsKeys {
        id: "AKIAQYLPMN5HBOBBBBBB".to_owned(),
        secret: "a-secret-of-bob-that-is-long".to_owned(),
        token: None,
    };
    assert_eq!(who(&node, &bob, IRELAND).status, 200);
    for target in [MEMBER, "123456789012"] {
        let answer = assume(&node, &bob, &[("TargetPrincipal", target)]);
        assert_refused(&answer, 403, "AccessDenied");
    }
    // Not even its own, and none that there is not.
    for target in ["123456789012", "999999999999"] {
        let answer = assume(&node, &ada(), &[("TargetPrincipal", target)]);
        assert_refused(&answer, 403, "AccessDenied");
    }
    assert_eq!(assume(&node, &ada(), &[]).status, 200);
}

#[test]
fn without_an_organization_that_has_them_there_are_none() {
    let node = start();
    for organization in [
        None,
        Some("management_account = '123456789012'\n"),
        Some("management_account = '123456789012'\nroot_sessions = false\n"),
        Some("management_account = '482011739056'\nroot_sessions = true\n"),
    ] {
        let mut files = files(&node, organization.unwrap_or_default());
        if organization.is_none() {
            files.remove("organization.toml");
        }
        node.apply(&files);
        let answer = assume(&node, &ada(), &[]);
        assert_refused(&answer, 403, "AccessDenied");
        let text = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::482011739056:root";
        assert_eq!(element(&answer, "Message"), text, "{organization:?}");
    }
    for wrong in [
        "management_account = '999999999999'\n",
        "root_sessions = true\n",
        "management_account = '123456789012'\ndelegated = true\n",
    ] {
        let answer = node.try_apply(&files(&node, wrong));
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text());
    }
}

#[test]
fn the_caller_s_policies_say_whose_root_and_what_for() {
    let node = start();
    let mut files = files(&node, ORGANIZATION);
    let only_audit = json!({ "ArnEquals": { "sts:TaskPolicyArn": AUDIT } });
    let path = in_account("users/ada.policies/sts.json");
    files.insert(path.clone(), allows(&only_audit, &[ROOT]));
    node.apply(&files);
    assert_eq!(assume(&node, &ada(), &[]).status, 200);
    let unlock = [("TaskPolicyArn.arn", UNLOCK)];
    assert_refused(&assume(&node, &ada(), &unlock), 403, "AccessDenied");
    for resource in [
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::482011739056:user/*",
    ] {
        files.insert(path.clone(), allows(&json!({}), &[resource]));
        node.apply(&files);
        assert_refused(&assume(&node, &ada(), &[]), 403, "AccessDenied");
    }
    files.remove(&path);
    node.apply(&files);
    assert_refused(&assume(&node, &ada(), &[]), 403, "AccessDenied");
    // What the member's account says of itself is not asked.
    let member = allows(&json!({}), &["*"]);
    let role = format!("accounts/{MEMBER}/roles/Any");
    files.insert(format!("{role}.toml"), String::new());
    files.insert(format!("{role}.policies/any.json"), member);
    let everybody = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
    }});
    files.insert(format!("{role}.trust.json"), everybody.to_string());
    node.apply(&files);
    assert_refused(&assume(&node, &ada(), &[]), 403, "AccessDenied");
}

#[test]
fn a_session_policy_and_a_boundary_bound_this_too() {
    let node = start();
    let mut files = files(&node, ORGANIZATION);
    let trusts = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": "123456789012" }, "Action": "sts:AssumeRole",
    }});
    let bounded = json!({
        "permissions_boundary": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    });
    for (name, settings) in [("Free", json!({})), ("Bounded", bounded)] {
        add_role(&mut files, name, &settings, &trusts);
        let path = format!("roles/{name}.policies/root.json");
        files.insert(in_account(&path), allows(&json!({}), &[ROOT]));
    }
    let roles = ["arn:aws:iam::123456789012:role/*"];
    let path = in_account("users/ada.policies/roles.json");
    files.insert(path, allows(&json!({}), &roles));
    node.apply(&files);
    let take = |role: &str, more: &[(&str, &str)]| {
        let arn = format!("arn:aws:iam::123456789012:role/{role}");
        let parameters = [
            ("Action", "AssumeRole"),
            ("RoleArn", &*arn),
            ("RoleSessionName", "ada"),
        ];
        root(&call(&node, &ada(), IRELAND, &[&parameters, more].concat()))
    };
    assert_eq!(assume(&node, &take("Free", &[]), &[]).status, 200);
    let narrow = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*",
    }});
    let narrowed = take("Free", &[("Policy", &narrow.to_string())]);
    for keys in [narrowed, take("Bounded", &[])] {
        assert_refused(&assume(&node, &keys, &[]), 403, "AccessDenied");
    }
}

#[test]
fn a_root_session_asks_sts_for_nothing_more() {
    let node = start();
    let mut open = files(&node, ORGANIZATION);
    let everybody = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:*",
    }});
    open.insert(
        format!("accounts/{MEMBER}/roles/Any.trust.json"),
        everybody.to_string().replace("sts:*", "sts:AssumeRole"),
    );
    open.insert(format!("accounts/{MEMBER}/roles/Any.toml"), String::new());
    let settings = "alias = 'member'\noutbound_federation = true\n";
    open.insert(
        format!("accounts/{MEMBER}/account.toml"),
        settings.to_owned(),
    );
    node.apply(&open);
    let keys = root(&assume(&node, &ada(), &[]));
    let take = [
        ("Action", "AssumeRole"),
        ("RoleArn", "arn:aws:iam::482011739056:role/Any"),
        ("RoleSessionName", "root"),
    ];
    let answer = call(&node, &keys, IRELAND, &take);
    assert_refused(&answer, 403, "AccessDenied");
    let text = "Roles may not be assumed by root accounts.";
    assert_eq!(element(&answer, "Message"), text);
    let federate = [("Action", "GetFederationToken"), ("Name", "helper")];
    let info = [("Action", "GetAccessKeyInfo"), ("AccessKeyId", &*keys.id)];
    let vouch = [
        ("Action", "GetWebIdentityToken"),
        ("Audience.member.1", "a"),
        ("SigningAlgorithm", "RS256"),
    ];
    for parameters in [
        &[("Action", "GetSessionToken")][..],
        &federate,
        &info,
        &vouch,
    ] {
        let answer = call(&node, &keys, IRELAND, parameters);
        assert_refused(&answer, 403, "AccessDenied");
    }
    assert_refused(&assume(&node, &keys, &[]), 403, "AccessDenied");
    for target in ["999999999999", "123456789012"] {
        let answer = assume(&node, &keys, &[("TargetPrincipal", target)]);
        assert_refused(&answer, 403, "AccessDenied");
    }
}

/// The managing account of an organization may be the one that administers the gateway, or a member that is.
#[test]
fn a_root_session_administers_nothing() {
    let node = start();
    let organization = "management_account = '482011739056'\nroot_sessions = true\n";
    let mut swapped = files(&node, organization);
    let user =
        "[[access_keys]]\nid = 'AKIAQYLPMN5HBOBBBBBB'\nsecret = 'a-secret-of-bob-that-is-long'\n";
    swapped.insert(format!("accounts/{MEMBER}/users/bob.toml"), user.to_owned());
    let path = format!("accounts/{MEMBER}/users/bob.policies/all.json");
    swapped.insert(path, allows(&json!({}), &["*"]));
    node.apply(&swapped);
    let bob = AwsKeys {
        id: "AKIAQYLPMN5HBOBBBBBB".to_owned(),
        secret: "a-secret-of-bob-that-is-long".to_owned(),
        token: None,
    };
    let answer = assume(&node, &bob, &[("TargetPrincipal", "123456789012")]);
    let keys = root(&answer);
    let told = who(&node, &keys, IRELAND);
    assert_eq!(element(&told, "Arn"), "arn:aws:iam::123456789012:root");
    let call = Call {
        method: "GET",
        ..Call::admin(node.address, "/admin/v1/directory", "")
    };
    let refused = call
        .signed(&keys, &Signing::admin(node.now()))
        .send(node.address);
    assert_eq!(refused.status, 403, "{}", refused.text());
}

#[test]
fn sessions_that_may_do_little_get_at_no_root() {
    let node = start();
    let mut more = files(&node, ORGANIZATION);
    let all = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:*", "Resource": "*",
    }});
    more.insert(in_account("users/ada.policies/sts.json"), all.to_string());
    node.apply(&more);
    let own = session(&node, IRELAND);
    let parameters = [
        ("Action", "GetFederationToken"),
        ("Name", "helper"),
        ("Policy", &*all.to_string()),
    ];
    let federated = root(&call(&node, &ada(), IRELAND, &parameters));
    for keys in [own, federated] {
        assert_refused(&assume(&node, &keys, &[]), 403, "AccessDenied");
    }
    assert_eq!(assume(&node, &ada(), &[]).status, 200);
}

/// What is taken away, and how.
type Loss = (&'static str, fn(&mut DirectoryFiles));

#[test]
fn it_dies_when_what_it_rests_on_is_gone_and_stays_dead() {
    let whole = |node: &HttpNode| files(node, ORGANIZATION);
    let cases: [Loss; 7] = [
        ("another manages", |files| {
            let other = ORGANIZATION.replace("123456789012", MEMBER);
            files.insert("organization.toml".to_owned(), other);
        }),
        ("no root sessions", |files| {
            let without = ORGANIZATION.replace("true", "false");
            files.insert("organization.toml".to_owned(), without);
        }),
        ("no organization", |files| {
            drop(files.remove("organization.toml"));
        }),
        ("the member is gone", |files| {
            files.retain(|path, _| !path.contains(MEMBER));
        }),
        ("the user is gone", |files| {
            files.retain(|path, _| !path.contains("users/"));
        }),
        ("the user is another one", |files| {
            let user = files.get_mut(&in_account("users/ada.toml")).unwrap();
            *user = format!("path = '/other/'\n{user}");
        }),
        ("the provider is gone", |files| {
            files.retain(|path, _| !path.contains("oidc-providers") && !path.starts_with("links/"));
        }),
    ];
    for (what, take_away) in cases {
        let node = start();
        let by_user = root(&assume(&node, &ada(), &[]));
        let of_role = AwsKeys::issued(&with_token(&node, IRELAND));
        let by_role = root(&assume(&node, &of_role, &[]));
        assert!(lives(&node, &by_user) && lives(&node, &by_role));
        let mut left = whole(&node);
        take_away(&mut left);
        node.apply(&left);
        let (user_lives, role_lives) = (lives(&node, &by_user), lives(&node, &by_role));
        assert_eq!(user_lives, what.contains("provider"), "{what}");
        assert_eq!(role_lives, what.contains("user"), "{what}");
        node.apply(&whole(&node));
        assert_eq!(lives(&node, &by_user), user_lives, "{what}");
        assert_eq!(lives(&node, &by_role), role_lives, "{what}");
    }
}

#[test]
fn whoever_revokes_who_made_it_ends_it() {
    let issuer_and_subject =
        |node: &HttpNode| json!({ "issuer": node.provider.issuer(), "subject": "ines" });
    for kind in ["user", "role", "session", "person"] {
        let node = start();
        let of_role = AwsKeys::issued(&with_token(&node, IRELAND));
        let by = if kind == "user" {
            ada()
        } else {
            of_role.clone()
        };
        let keys = root(&assume(&node, &by, &[]));
        let what = json!({ kind: match kind {
            "user" => ADA.into(),
            "role" => ROLE.into(),
            "session" => of_role.id.into(),
            _ => issuer_and_subject(&node),
        }});
        let body = json!({ "revoke": what }).to_string();
        let answer = node.admin("POST", "/admin/v1/revocations", &body);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        assert!(!lives(&node, &keys), "{what}");
    }
    // Itself, too.
    let node = start();
    let keys = root(&assume(&node, &ada(), &[]));
    let body = json!({ "revoke": { "session": keys.id } }).to_string();
    node.admin("POST", "/admin/v1/revocations", &body);
    assert!(!lives(&node, &keys));
    assert_eq!(who(&node, &ada(), IRELAND).status, 200);
}

#[test]
fn what_is_no_task_or_no_root_is_refused() {
    let node = start();
    for policy in [
        "arn:aws:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::aws:policy/root-task/Everything",
        "arn:aws:iam::aws:policy/root-task/iamAuditRootUserCredentials",
        "arn:aws:iam::aws:policy/IAMAuditRootUserCredentials",
        "arn:aws-cn:iam::aws:policy/root-task/IAMAuditRootUserCredentials",
        "arn:aws:iam::123456789012:policy/root-task/IAMAuditRootUserCredentials",
    ] {
        let answer = assume(&node, &ada(), &[("TaskPolicyArn.arn", policy)]);
        assert_refused(&answer, 400, "ValidationError");
    }
    for target in [
        "arn:aws:iam::482011739056:user/root",
        "arn:aws:iam::482011739056:root/",
        "arn:aws:sts::482011739056:root",
        "arn:aws-cn:iam::482011739056:root",
        "arn:aws:iam:us-east-1:482011739056:root",
        "48201173905",
        "4820117390567",
        "*************",
    ] {
        let answer = assume(&node, &ada(), &[("TargetPrincipal", target)]);
        assert_refused(&answer, 400, "ValidationError");
    }
    for name in ["Policy", "SourceIdentity", "Tags.member.1.Key"] {
        let answer = assume(&node, &ada(), &[(name, "wider")]);
        assert_refused(&answer, 400, "ValidationError");
    }
    let without = [("Action", "AssumeRoot"), ("TargetPrincipal", MEMBER)];
    let answer = call(&node, &ada(), IRELAND, &without);
    assert_refused(&answer, 400, "ValidationError");
}

#[test]
fn the_policy_of_a_task_narrows_and_widens_nothing_else() {
    let node = start();
    let mut more = files(&node, ORGANIZATION);
    let attached = format!("managed_policies = ['{AUDIT}']\n");
    more.insert(in_account("roles/Reader.toml"), attached);
    let answer = node.try_apply(&more);
    assert_eq!(answer.status, 422, "{}", answer.text());
}

#[test]
fn a_root_session_is_had_at_a_region_s_endpoint_where_the_member_has_it() {
    let node = start();
    let answer = assume_at(&node, &ada(), GLOBAL, &[]);
    assert_refused(&answer, 400, "InvalidAction");
    let mut more = files(&node, ORGANIZATION);
    let settings = "alias = 'member'\ndeactivated_regions = ['eu-west-3']\n";
    more.insert(
        format!("accounts/{MEMBER}/account.toml"),
        settings.to_owned(),
    );
    node.apply(&more);
    let answer = assume_at(&node, &ada(), PARIS, &[]);
    assert_refused(&answer, 403, "RegionDisabledException");
    assert!(answer.text().contains(MEMBER), "{}", answer.text());
}

#[test]
fn the_source_identity_goes_along_and_the_audit_knows_both_accounts() {
    let node = start();
    let mut more = files(&node, ORGANIZATION);
    let trusts = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::123456789012:user/ada" },
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
    }});
    add_role(&mut more, "Named", &json!({}), &trusts);
    let path = in_account("roles/Named.policies/root.json");
    more.insert(path, allows(&json!({}), &[ROOT]));
    node.apply(&more);
    let take = [
        ("Action", "AssumeRole"),
        ("RoleArn", "arn:aws:iam::123456789012:role/Named"),
        ("RoleSessionName", "ada"),
        ("SourceIdentity", "ada-herself"),
    ];
    let named = root(&call(&node, &ada(), IRELAND, &take));
    let answer = assume(&node, &named, &[]);
    let keys = root(&answer);
    assert_eq!(element(&answer, "SourceIdentity"), "ada-herself");
    let record = node.audit_of(&element(&answer, "RequestId")).0;
    assert_eq!(record["eventName"], "AssumeRoot");
    assert_eq!(record["requestParameters"]["targetPrincipal"], MEMBER);
    let task = "IAMAuditRootUserCredentials";
    assert_eq!(record["requestParameters"]["taskPolicy"], task);
    assert_eq!(record["userIdentity"]["type"], "AssumedRole");
    let told = who(&node, &keys, IRELAND);
    let record = node.audit_of(&element(&told, "RequestId")).0;
    assert_eq!(record["userIdentity"]["type"], "Root");
    assert_eq!(record["userIdentity"]["accountId"], MEMBER);
    let refused = assume(&node, &ada(), &[("TargetPrincipal", "999999999999")]);
    let record = node.audit_of(&element(&refused, "RequestId")).0;
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!(
        record["requestParameters"]["targetPrincipal"],
        "999999999999"
    );
}

#[test]
fn no_trade_in_token_is_exchanged() {
    let node = start();
    let ask = |more: &[(&str, &str)]| {
        let action = ("Action", "GetDelegatedAccessToken");
        call(&node, &ada(), GLOBAL, &[&[action], more].concat())
    };
    let answer = ask(&[("TradeInToken", "whatever-it-is")]);
    assert_refused(&answer, 400, "ExpiredTradeInTokenException");
    assert_refused(&ask(&[]), 400, "ValidationError");
    assert!(!node.audit_text().contains("whatever-it-is"));
    let wrong = AwsKeys {
        secret: "another-secret-of-enough-characters".to_owned(),
        ..ada()
    };
    let parameters = [("Action", "GetDelegatedAccessToken")];
    let answer = call(&node, &wrong, GLOBAL, &parameters);
    assert_refused(&answer, 403, "SignatureDoesNotMatch");
}

#[test]
fn boto3_knows_both_operations() {
    let settings = Settings {
        time: Time::System,
        ..Settings::default()
    };
    let node = HttpNode::with(settings);
    node.apply(&files(&node, ORGANIZATION));
    let asked = json!({ "TargetPrincipal": MEMBER, "TaskPolicyArn": { "arn": AUDIT } });
    let told = boto3(&node, &ada(), "assume_root", &asked);
    let field = |name: &str| told["Credentials"][name].as_str().unwrap().to_owned();
    let keys = AwsKeys {
        id: field("AccessKeyId"),
        secret: field("SecretAccessKey"),
        token: Some(field("SessionToken")),
    };
    let told = boto3(&node, &keys, "get_caller_identity", &json!({}));
    assert_eq!(told["Arn"], ROOT);
    let asked = json!({ "TradeInToken": "a-token" });
    let told = boto3(&node, &ada(), "get_delegated_access_token", &asked);
    assert_eq!(told["class"], "ExpiredTradeInTokenException");
    assert_eq!(told["status"], 400);
}
