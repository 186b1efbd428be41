//! What services ask of requests that they received.

use super::services::{TRUST_FILE, service, service_at, service_files};
use super::*;
use crate::domain::{AccessKeyId, SecretAccessKey};
use crate::policy::{PolicyKind, Refusal};
use crate::sigv4::{Payload, ReceivedBody};

const ADA: &str = "AKIARZPUZDIKAAAAAAAA";
const ADA_SECRET: &str = "a-secret-of-ada-that-is-long";
const ADA_FILE: &str = "accounts/482011739056/users/ada.toml";
const ADA_POLICY: &str = "accounts/482011739056/users/ada.policies/ci.json";
const CI_FILE: &str = "services/ci.example.com.toml";
const JOB: &str = "arn:aws:ci:us-east-1:482011739056:job/7";
const BUILD: &str = "arn:aws:iam::482011739056:role/Build";

fn policy(statement: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

/// A service, a role for it, and a user who may run jobs of the team's and pass that role to it.
pub(super) fn question_files(more: &str) -> DirectoryFiles {
    let mut files = service_files(more);
    let user =
        format!("[tags]\nTeam = 'blue'\n[[access_keys]]\nid = '{ADA}'\nsecret = '{ADA_SECRET}'\n");
    files.insert(ADA_FILE.to_owned(), user);
    let statements = json!([
        { "Sid": "Run", "Effect": "Allow", "Action": "ci:Run*", "Resource": "arn:aws:ci:*:482011739056:job/*",
          "Condition": { "StringEquals": { "aws:PrincipalTag/Team": "blue" } } },
        { "Sid": "NoSecrets", "Effect": "Deny", "Action": "ci:ReadSecret", "Resource": "*" },
        { "Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
          "Condition": { "StringEquals": { "iam:PassedToService": "ci.example.com", "iam:ResourceTag/For": "builds" } } },
        { "Sid": "Home", "Effect": "Allow", "Action": "ci:Look", "Resource": "*",
          "Condition": { "IpAddress": { "aws:SourceIp": "198.51.100.0/24" }, "StringEquals": { "ci:branch": "main" } } },
    ]);
    files.insert(ADA_POLICY.to_owned(), policy(&statements));
    let role = "accounts/482011739056/roles/Build.toml";
    files.insert(role.to_owned(), "[tags]\nFor = 'builds'\n".to_owned());
    files
}

fn ada() -> Credentials {
    Credentials {
        access_key_id: ADA.parse().unwrap(),
        secret_access_key: SecretAccessKey::new(ADA_SECRET.to_owned()),
        session_token: SessionToken::new(String::new()),
        expiration: NOW,
    }
}

fn authorize(node: &Node, throttle: Arc<Throttle>) -> Authorize {
    Authorize {
        authenticator: node.authenticator(),
        directory: Arc::clone(&node.directory),
        regions: Arc::new(crate::domain::Regions::new(
            crate::domain::Partition::Aws,
            &node.authenticator().regions,
        )),
        throttle,
        recorder: Arc::clone(&node.recorder),
        entropy: Arc::new(SystemEntropy),
    }
}

/// A request to the service `ci` that was signed then, by these credentials.
#[derive(Clone)]
struct Received {
    headers: Vec<(String, Vec<u8>)>,
    query: &'static str,
}

fn received_for(service: &str, credentials: &Credentials, at: UnixTime) -> Received {
    let token = Some(&credentials.session_token).filter(|token| !token.expose().is_empty());
    let signer = sigv4::Signer {
        access_key_id: &credentials.access_key_id,
        secret: &credentials.secret_access_key,
        session_token: token,
        region: &Region::us_east_1(),
        service,
    };
    let host: [(&str, &[u8]); 1] = [("host", b"ci.example.com")];
    let plain = HttpRequest {
        method: "POST",
        path: "/jobs",
        query: "",
        headers: &host,
        body: b"{}",
    };
    let added = sigv4::sign(&plain, &signer, at).unwrap();
    let mut headers = vec![("host".to_owned(), b"ci.example.com".to_vec())];
    let added = added.iter();
    headers.extend(added.map(|(name, value)| ((*name).to_owned(), value.expose().clone().into())));
    Received { headers, query: "" }
}

fn received(credentials: &Credentials) -> Received {
    received_for("ci", credentials, NOW)
}

/// What is asked about it, each of which a test may change.
struct Asked<'a> {
    received: Received,
    scope: &'a str,
    region: Option<&'a str>,
    action: &'a str,
    resource: &'a str,
    account: Option<&'a str>,
    policy: Option<String>,
    keys: Vec<(&'a str, &'a str)>,
    at: UnixTime,
}

fn run_job(received: Received) -> Asked<'static> {
    Asked {
        received,
        scope: "ci",
        region: None,
        action: "ci:RunJob",
        resource: JOB,
        account: None,
        policy: None,
        keys: Vec::new(),
        at: NOW,
    }
}

async fn ask_with(
    node: &Node,
    throttle: &Arc<Throttle>,
    asked: &Asked<'_>,
) -> Result<Answer, AuthorizeError> {
    let caller = service_at(node, asked.at).await;
    let headers: Vec<(&str, &[u8])> = asked
        .received
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    let keys = asked.keys.iter();
    let keys = keys.map(|(key, value)| ((*key).to_owned(), KeyValues::One((*value).to_owned())));
    let account = asked.account.map(|account| account.parse().unwrap());
    let question = Question {
        service: asked.scope.parse().unwrap(),
        region: asked.region.map(|region| region.parse().unwrap()),
        request: HttpRequest {
            method: "POST",
            path: "/jobs",
            query: asked.received.query,
            headers: &headers,
            body: b"{}",
        },
        body: ReceivedBody::Whole,
        action: asked.action.parse().unwrap(),
        resource: Resource::read(asked.resource, account).unwrap(),
        policy: asked
            .policy
            .as_deref()
            .map(|policy| policy.parse().unwrap()),
        keys: ServiceKeys::new(keys.collect()).unwrap(),
    };
    let flow = authorize(node, Arc::clone(throttle));
    flow.run(&question, &caller, &meta_at(asked.at)).await
}

async fn ask(node: &Node, asked: &Asked<'_>) -> Result<Answer, AuthorizeError> {
    ask_with(node, &no_rates(), asked).await
}

async fn decided(node: &Node, asked: &Asked<'_>) -> Decided {
    match ask(node, asked).await.unwrap() {
        Answer::Decided(decided) => *decided,
        other => panic!("{other:?}"),
    }
}

/// AWS's code for a request that nobody signed.
async fn unproven_code(node: &Node, asked: &Asked<'_>) -> &'static str {
    match ask(node, asked).await.unwrap() {
        Answer::Unproven(error) => unproven(&error).0,
        other => panic!("{other:?}"),
    }
}

async fn refused(node: &Node, asked: &Asked<'_>) -> QuestionError {
    match ask(node, asked).await.unwrap_err() {
        AuthorizeError::Question(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_user_may_what_their_policies_allow() {
    let node = Node::with(&question_files("")).await;
    let answer = decided(&node, &run_job(received(&ada()))).await;
    assert!(answer.verdict.is_allowed());
    assert_eq!(answer.payload, Payload::Signed);
    assert_eq!(answer.refusal, None);
    assert_eq!(answer.tags, [("Team".to_owned(), "blue".to_owned())]);
    assert_eq!(
        answer.caller.principal.arn(),
        "arn:aws:iam::482011739056:user/ada"
    );
    let event = node.audit.kept.events().pop().unwrap();
    assert_eq!(event["eventName"], "Authorize");
    assert_eq!(event["userIdentity"]["invokedBy"], "ci.example.com");
    let asked = &event["requestParameters"];
    assert_eq!(asked["caller"], "arn:aws:iam::482011739056:user/ada");
    assert_eq!(asked["accessKeyId"], ADA);
    assert_eq!(
        (&asked["action"], &asked["resource"]),
        (&json!("ci:RunJob"), &json!(JOB))
    );
    assert_eq!(asked["decision"], "allow");
    let found = &event["additionalEventData"]["checks"][0]["found"];
    assert!(found.as_str().unwrap().contains("Run of ci"), "{event}");
    assert!(event.get("errorCode").is_none());
}

#[tokio::test]
async fn a_user_may_what_the_policies_of_their_groups_allow() {
    let mut files = question_files("");
    files.remove(ADA_POLICY);
    let node = Node::with(&files).await;
    let silent = Verdict::Deny(Refusal::Silent(PolicyKind::IdentityBased));
    let run = run_job(received(&ada()));
    assert_eq!(decided(&node, &run).await.verdict, silent);

    let user = ["groups = ['builders']\n", &files[ADA_FILE]].concat();
    files.insert(ADA_FILE.to_owned(), user);
    let group = "accounts/482011739056/groups/builders";
    files.insert([group, ".toml"].concat(), String::new());
    let allow = json!({ "Sid": "Run", "Effect": "Allow", "Action": "ci:*", "Resource": "*" });
    files.insert([group, ".policies/ci.json"].concat(), policy(&allow));
    let node = Node::with(&files).await;
    assert!(decided(&node, &run).await.verdict.is_allowed());
    let event = node.audit.kept.events().pop().unwrap();
    let found = &event["additionalEventData"]["checks"][0]["found"];
    let found = found.as_str().unwrap();
    assert!(found.contains("Run of group/builders/ci"), "{event}");

    // The boundary is the user's, and bounds what groups give.
    let bounded = "permissions_boundary = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'\n";
    let user = [bounded, &files[ADA_FILE]].concat();
    files.insert(ADA_FILE.to_owned(), user);
    let node = Node::with(&files).await;
    let unbounded = Verdict::Deny(Refusal::Silent(PolicyKind::PermissionsBoundary));
    assert_eq!(decided(&node, &run).await.verdict, unbounded);
}

#[tokio::test]
async fn a_refusal_says_which_kind_of_policy_was_silent_or_denied() {
    let node = Node::with(&question_files("")).await;
    let mut asked = run_job(received(&ada()));
    asked.action = "ci:StopJob";
    let answer = decided(&node, &asked).await;
    assert_eq!(
        answer.verdict,
        Verdict::Deny(Refusal::Silent(PolicyKind::IdentityBased))
    );
    assert_eq!(
        answer
            .refusal
            .as_ref()
            .map(|refusal| refusal.message.as_str()),
        Some(
            "User: arn:aws:iam::482011739056:user/ada is not authorized to perform: ci:StopJob on resource: arn:aws:ci:us-east-1:482011739056:job/7 because no identity-based policy allows the ci:StopJob action"
        )
    );
    let event = node.audit.kept.events().pop().unwrap();
    assert_eq!(event["errorCode"], "AccessDenied");
    assert_eq!(event["requestParameters"]["decision"], "deny");
    asked.action = "ci:ReadSecret";
    let answer = decided(&node, &asked).await;
    assert!(answer.verdict.is_explicit());
    let statements = answer.verdict.statements();
    assert_eq!(statements[0].statement.to_string(), "statement NoSecrets");
}

#[tokio::test]
async fn a_refusal_leaves_a_trace() {
    let node = Node::with(&question_files("")).await;
    let mut asked = run_job(received(&ada()));
    asked.action = "ci:StopJob";
    decided(&node, &asked).await;
    node.decisions.tick(NOW).await.unwrap();
    let admin = administer::admin(&node).await;
    let administration = administer::administration(&node);
    let trace = administration
        .decision(&admin, meta().id, &meta())
        .await
        .unwrap();
    let text = serde_json::to_string(&trace).unwrap();
    assert!(text.contains("no identity-based policy with one"), "{text}");
    let failed = r#"{"name":"the policies allow it","state":"failed"}"#;
    assert!(text.contains(failed), "{text}");
}

#[tokio::test]
async fn a_role_s_session_is_narrowed_by_its_session_policy() {
    let node = Node::with(&question_files("signing_names = ['ci', 's3']")).await;
    let narrowed = |policy: Option<Value>| async {
        let token = good_token();
        let request = WebIdentityRequest {
            narrowing: Narrowing {
                policy: policy.map(|it| authorize::policy(&it).parse().unwrap()),
                ..Narrowing::default()
            },
            ..request(&token)
        };
        let session = node.web_identity().run(request, &meta()).await.unwrap();
        session.issued.credentials
    };
    let allow_list = json!({ "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*" });
    let narrow = narrowed(Some(allow_list)).await;
    let whole = narrowed(None).await;
    let asked = |credentials: &Credentials, action: &'static str| Asked {
        action,
        resource: "arn:aws:s3:::reports",
        account: Some("482011739056"),
        ..run_job(received(credentials))
    };
    assert!(
        decided(&node, &asked(&narrow, "s3:ListBucket"))
            .await
            .verdict
            .is_allowed()
    );
    assert!(
        decided(&node, &asked(&whole, "s3:GetObject"))
            .await
            .verdict
            .is_allowed()
    );
    let answer = decided(&node, &asked(&narrow, "s3:GetObject")).await;
    assert_eq!(
        answer.verdict,
        Verdict::Deny(Refusal::Silent(PolicyKind::Session))
    );
}

#[tokio::test]
async fn another_account_s_resource_needs_both_sides() {
    let node = Node::with(&question_files("")).await;
    let mut files = question_files("");
    files.insert(
        ADA_POLICY.to_owned(),
        policy(&json!({ "Effect": "Allow", "Action": "ci:*", "Resource": "*" })),
    );
    node.apply(&files).await;
    let foreign = "arn:aws:ci:us-east-1:123456789012:job/7";
    let mut asked = Asked {
        resource: foreign,
        ..run_job(received(&ada()))
    };
    let answer = decided(&node, &asked).await;
    assert_eq!(
        answer.verdict,
        Verdict::Deny(Refusal::Silent(PolicyKind::ResourceBased))
    );
    let statement = json!({ "Effect": "Allow", "Action": "ci:RunJob", "Resource": foreign,
        "Principal": { "AWS": "arn:aws:iam::482011739056:user/ada" } });
    asked.policy = Some(policy(&statement));
    assert!(decided(&node, &asked).await.verdict.is_allowed());
    asked.action = "ci:StopJob";
    assert!(!decided(&node, &asked).await.verdict.is_allowed());
}

#[tokio::test]
async fn a_service_vouches_for_the_request_and_for_nothing_of_the_caller() {
    let node = Node::with(&question_files("")).await;
    let mut asked = run_job(received(&ada()));
    asked.action = "ci:Look";
    asked.keys = vec![("aws:SourceIp", "198.51.100.7"), ("ci:branch", "main")];
    assert!(decided(&node, &asked).await.verdict.is_allowed());
    asked.keys.pop();
    assert!(!decided(&node, &asked).await.verdict.is_allowed());
    // The address of the service itself is nobody's who calls it.
    asked.keys = vec![("ci:branch", "main")];
    assert!(!decided(&node, &asked).await.verdict.is_allowed());
    for key in [
        "aws:PrincipalTag/Team",
        "AWS:principalarn",
        "aws:username",
        "s3:prefix",
        "aws:MultiFactorAuthPresent",
    ] {
        asked.keys = vec![(key, "blue")];
        assert_eq!(
            refused(&node, &asked).await,
            QuestionError::ForeignKey(key.to_owned())
        );
    }
}

#[tokio::test]
async fn a_service_asks_about_its_own_requests_and_actions_only() {
    let node = Node::with(&question_files("")).await;
    let mut asked = run_job(received(&ada()));
    asked.action = "s3:GetObject";
    assert!(matches!(
        refused(&node, &asked).await,
        QuestionError::ForeignAction { .. }
    ));
    let mut asked = run_job(received_for("s3", &ada(), NOW));
    assert_eq!(unproven_code(&node, &asked).await, "SignatureDoesNotMatch");
    asked.scope = "s3";
    assert!(matches!(
        refused(&node, &asked).await,
        QuestionError::ForeignScope { .. }
    ));
    let sts = run_job(received_for("sts", &ada(), NOW));
    assert_eq!(unproven_code(&node, &sts).await, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn requests_to_the_gateway_itself_are_no_service_s_to_receive() {
    for (path, more) in [
        ("services/sts.example.com.toml", ""),
        ("services/aws.example.com.toml", ""),
        (CI_FILE, "signing_names = ['rolegate']\n"),
        (CI_FILE, "action_prefixes = ['ci', 'sts']\n"),
    ] {
        let files = testing::with(path, more);
        let directory = testing::directory_of(&files);
        let problems = crate::directory::check(&directory, crate::domain::Partition::Aws);
        assert!(
            problems[0].text.contains("is the gateway's own"),
            "{problems:?}"
        );
    }
}

#[tokio::test]
async fn a_service_hears_of_no_account_out_of_its_reach() {
    let node = Node::with(&question_files("accounts = ['123456789012']")).await;
    let asked = run_job(received(&ada()));
    assert!(matches!(
        refused(&node, &asked).await,
        QuestionError::OutOfReach { .. }
    ));
    let inside = Asked {
        resource: "arn:aws:ci:us-east-1:123456789012:job/7",
        ..run_job(received(&ada()))
    };
    let answer = ask(&node, &inside).await.unwrap();
    assert!(matches!(answer, Answer::OutOfReach(_)), "{answer:?}");
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_told_with_aws_s_code() {
    let node = Node::with(&question_files("")).await;
    let good = received(&ada());
    let code = async |received: Received| unproven_code(&node, &run_job(received)).await;
    assert_eq!(
        code(received_for("ci", &ada(), NOW.plus(-901))).await,
        "RequestExpired"
    );
    assert_eq!(
        code(received_for("ci", &ada(), NOW.plus(901))).await,
        "RequestExpired"
    );
    let mut wrong = ada();
    wrong.secret_access_key = SecretAccessKey::new("another-secret-of-ada".to_owned());
    assert_eq!(code(received(&wrong)).await, "SignatureDoesNotMatch");
    let mut unknown = ada();
    unknown.access_key_id = "AKIARZPUZDIKZZZZZZZZ".parse::<AccessKeyId>().unwrap();
    assert_eq!(code(received(&unknown)).await, "InvalidClientTokenId");
    let mut unsigned = good.clone();
    unsigned.headers.truncate(1);
    assert_eq!(code(unsigned).await, "MissingAuthenticationToken");
    let mut two_hosts = good.clone();
    two_hosts
        .headers
        .push(("Host".to_owned(), b"evil.example".to_vec()));
    assert_eq!(code(two_hosts).await, "IncompleteSignature");
    let mut token = good.clone();
    token
        .headers
        .push(("x-amz-security-token".to_owned(), b"anything".to_vec()));
    assert_eq!(code(token).await, "SignatureDoesNotMatch");
    let mut twice = good;
    twice.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00";
    assert_eq!(code(twice).await, "IncompleteSignature");
}

#[tokio::test]
async fn a_session_that_is_over_or_revoked_may_nothing() {
    let node = Node::with(&question_files("")).await;
    let credentials = node.credentials_of(READER).await;
    let late = NOW.plus(3_600);
    let over = Asked {
        at: late,
        ..run_job(received_for("ci", &credentials, late))
    };
    node.directory.catch_up(late).await.unwrap();
    assert_eq!(unproven_code(&node, &over).await, "ExpiredToken");
    let mut files = question_files("");
    files.retain(|path, _| !path.contains("roles/Reader"));
    files.retain(|path, _| !path.starts_with("rules/"));
    let node = Node::with(&question_files("")).await;
    let credentials = node.credentials_of(READER).await;
    node.apply(&files).await;
    let gone = run_job(received(&credentials));
    assert_eq!(unproven_code(&node, &gone).await, "InvalidClientTokenId");
}

#[tokio::test]
async fn a_role_is_passed_to_the_service_that_asks_and_to_no_other() {
    let node = Node::with(&question_files("")).await;
    let pass = |resource: &'static str| Asked {
        action: "iam:PassRole",
        resource,
        ..run_job(received(&ada()))
    };
    assert!(decided(&node, &pass(BUILD)).await.verdict.is_allowed());
    let silent = Verdict::Deny(Refusal::Silent(PolicyKind::IdentityBased));
    for other in ["arn:aws:iam::482011739056:role/Nobody", testing::ADMIN] {
        assert_eq!(
            decided(&node, &pass(other)).await.verdict,
            silent,
            "{other}"
        );
    }
    // Its tags are the directory's: this role has none.
    let untagged = decided(&node, &pass(READER)).await;
    assert_eq!(
        untagged.verdict,
        Verdict::Deny(Refusal::Silent(PolicyKind::IdentityBased))
    );
    let mut injected = pass(BUILD);
    injected.keys = vec![("iam:PassedToService", "ec2.amazonaws.com")];
    assert!(matches!(
        refused(&node, &injected).await,
        QuestionError::ForeignKey(_)
    ));
    let mut with_policy = pass(BUILD);
    let everybody =
        json!({ "Effect": "Allow", "Action": "iam:*", "Resource": "*", "Principal": "*" });
    with_policy.policy = Some(policy(&everybody));
    assert_eq!(
        refused(&node, &with_policy).await,
        QuestionError::PolicyOfRole
    );
}

/// Who may pass every role still passes none that there isn't, and is told as if no policy allowed it; the
/// audit says what it is. A role of another account is refused whether it is there or not.
#[tokio::test]
async fn which_roles_there_are_is_nobody_s_to_find_out_by_passing_them() {
    let node = Node::with(&question_files("")).await;
    let pass = |resource: &'static str| Asked {
        action: "iam:PassRole",
        resource,
        ..run_job(received(&long_term(&bootstrap_admin())))
    };
    let nobody = decided(&node, &pass("arn:aws:iam::123456789012:role/Nobody")).await;
    assert_eq!(nobody.verdict, Verdict::NoSuchRole);
    let why = "because no identity-based policy allows the iam:PassRole action";
    assert_eq!(nobody.verdict.why_not("iam:PassRole").unwrap(), why);
    assert_eq!(nobody.verdict.blamed(), Some(PolicyKind::IdentityBased));
    assert!(nobody.refusal.unwrap().message.ends_with(why));
    let event = node.audit.kept.events().pop().unwrap();
    assert!(event.to_string().contains("no such role"), "{event}");
    for foreign in [BUILD, "arn:aws:iam::482011739056:role/Nobody"] {
        let verdict = decided(&node, &pass(foreign)).await.verdict;
        let silent = Refusal::Silent(PolicyKind::ResourceBased);
        assert_eq!(verdict, Verdict::Deny(silent), "{foreign}");
    }
}

#[tokio::test]
async fn a_request_is_signed_for_the_service_s_region_where_it_says_which() {
    let node = Node::with(&question_files("")).await;
    let mut asked = run_job(received(&ada()));
    asked.region = Some("us-east-1");
    assert!(decided(&node, &asked).await.verdict.is_allowed());
    asked.region = Some("eu-west-3");
    assert_eq!(unproven_code(&node, &asked).await, "SignatureDoesNotMatch");
}

/// A service is bound to the accounts that it is registered for, as a caller, too.
#[tokio::test]
async fn a_service_that_calls_another_reaches_no_further_than_its_own_accounts() {
    const QUEUE: (&str, &str) = ("AKIAQUEUESERVICE0001", "a-secret-of-the-queue");
    let queue = Credentials {
        access_key_id: QUEUE.0.parse().unwrap(),
        secret_access_key: SecretAccessKey::new(QUEUE.1.to_owned()),
        ..ada()
    };
    let statement = json!({ "Effect": "Allow", "Action": "ci:RunJob", "Resource": JOB,
        "Principal": { "Service": "queue.example.com" } });
    for (account, is_allowed) in [("123456789012", false), ("482011739056", true)] {
        let (id, secret) = QUEUE;
        let file = format!(
            "accounts = ['{account}']\n[[access_keys]]\nid = '{id}'\nsecret = '{secret}'\n"
        );
        let mut files = question_files("");
        files.insert("services/queue.example.com.toml".to_owned(), file);
        let node = Node::with(&files).await;
        let mut asked = run_job(received(&queue));
        asked.policy = Some(policy(&statement));
        let answer = decided(&node, &asked).await;
        assert_eq!(
            answer.verdict.is_allowed(),
            is_allowed,
            "{:?}",
            answer.verdict
        );
    }
}

/// The message is for the caller's account: what another account wrote, and what the service knows of that
/// account's resource, is not in it.
#[tokio::test]
async fn a_message_tells_nothing_of_another_account_s_resource() {
    let node = Node::with(&question_files("")).await;
    let deny = json!({ "Sid": "OnlyFromInside", "Effect": "Deny", "Principal": "*",
        "Action": "ci:*", "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:SourceVpce": "vpce-0123" } } });
    let own: crate::domain::AccountId = "123456789012".parse().unwrap();
    for (caller, account, is_whole) in [
        (long_term(&bootstrap_admin()), own, false),
        (ada(), "482011739056".parse().unwrap(), true),
    ] {
        let asked = Asked {
            policy: Some(policy(&deny)),
            keys: vec![("aws:ResourceTag/Secret", "project-x")],
            ..run_job(received(&caller))
        };
        let answer = decided(&node, &asked).await;
        let encoded = answer.refusal.unwrap().encoded.unwrap();
        let snapshot = node.directory.snapshot(NOW).unwrap();
        let told = crate::credentials::open_message(&encoded, account, snapshot.keys()).unwrap();
        assert!(told.contains("\"explicitDeny\":true"), "{told}");
        for text in ["OnlyFromInside", "vpce-0123", "project-x"] {
            assert_eq!(told.contains(text), is_whole, "{text}: {told}");
        }
    }
}

#[tokio::test]
async fn a_service_that_calls_another_may_what_the_resource_says() {
    let node = Node::with(&question_files("")).await;
    let own = Credentials {
        access_key_id: services::KEY.parse().unwrap(),
        secret_access_key: SecretAccessKey::new(services::SECRET.to_owned()),
        ..ada()
    };
    let mut asked = run_job(received(&own));
    let answer = decided(&node, &asked).await;
    assert_eq!(
        answer.verdict,
        Verdict::Deny(Refusal::Silent(PolicyKind::ResourceBased))
    );
    assert!(
        answer
            .refusal
            .unwrap()
            .message
            .starts_with("User: ci.example.com is not authorized")
    );
    let statement = json!({ "Effect": "Allow", "Action": "ci:RunJob", "Resource": JOB,
        "Principal": { "Service": "ci.example.com" } });
    asked.policy = Some(policy(&statement));
    assert!(decided(&node, &asked).await.verdict.is_allowed());
}

#[tokio::test]
async fn nothing_is_answered_that_is_not_recorded() {
    let node = Node::with(&question_files("")).await;
    node.audit.leave_room_for(0);
    let error = ask(&node, &run_job(received(&ada()))).await.unwrap_err();
    assert_eq!(error.code(), "ServiceUnavailable");
}

#[tokio::test]
async fn a_caller_who_asks_too_often_is_told_so_and_the_service_is_not_to_blame() {
    let node = Node::with(&question_files("")).await;
    let one = crate::throttle::Rate::Limited {
        per_second: 1,
        burst: 1,
    };
    let rates = Rates {
        principal: one,
        ..Rates::OFF
    };
    let throttle = throttle(&rates);
    let asked = run_job(received(&ada()));
    let first = ask_with(&node, &throttle, &asked).await.unwrap();
    assert!(matches!(first, Answer::Decided(_)));
    let second = ask_with(&node, &throttle, &asked).await.unwrap();
    assert!(matches!(second, Answer::Throttled(..)), "{second:?}");
    let other = run_job(received(&long_term(&bootstrap_admin())));
    let other = ask_with(&node, &throttle, &other).await.unwrap();
    assert!(matches!(other, Answer::Decided(_)));
}

#[tokio::test]
async fn a_service_that_is_gone_or_whose_key_is_off_gets_no_answer() {
    for edit in ["remove", "off"] {
        let node = Node::with(&question_files("")).await;
        let caller = service(&node).await;
        let mut files = question_files("");
        if edit == "remove" {
            files.remove(CI_FILE);
            files.remove(TRUST_FILE);
            files.remove("accounts/482011739056/roles/Build.toml");
        } else {
            files
                .get_mut(CI_FILE)
                .unwrap()
                .push_str("status = 'Inactive'\n");
        }
        node.apply(&files).await;
        let headers: [(&str, &[u8]); 0] = [];
        let question = Question {
            region: None,
            service: "ci".parse().unwrap(),
            request: HttpRequest {
                method: "GET",
                path: "/",
                query: "",
                headers: &headers,
                body: b"",
            },
            body: ReceivedBody::Whole,
            action: "ci:RunJob".parse().unwrap(),
            resource: Resource::read(JOB, None).unwrap(),
            policy: None,
            keys: ServiceKeys::default(),
        };
        let flow = authorize(&node, no_rates());
        let error = flow.run(&question, &caller, &meta()).await.unwrap_err();
        assert_eq!(error.code(), "InvalidClientTokenId", "{edit}");
    }
}
