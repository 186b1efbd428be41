//! Services: who takes roles because their trust policies name it, and is nobody's account.

use super::administer::{admin, administration, assert_denied};
use super::*;
use crate::directory::testing::{ADMIN, with};
use crate::domain::{AccessKeyId, Principal, SecretAccessKey};
use crate::policy::{Because, Denial};

const FILE: &str = "services/ci.example.com.toml";
pub(super) const KEY: &str = "AKIARZPUZDIKAAAAAAAB";
pub(super) const SECRET: &str = "a-secret-of-the-service-ci";
const BUILD: &str = "arn:aws:iam::482011739056:role/Build";
pub(super) const TRUST_FILE: &str = "accounts/482011739056/roles/Build.trust.json";

/// The directory's files with a service, and a role that it may take.
pub(super) fn service_files(more: &str) -> DirectoryFiles {
    let key = format!("[[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}'\n");
    let mut files = with(FILE, &format!("{more}\n{key}"));
    files.insert(
        "accounts/482011739056/roles/Build.toml".to_owned(),
        String::new(),
    );
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "Service": "ci.example.com" },
        "Action": "sts:AssumeRole",
        "Condition": {
            "Bool": { "aws:PrincipalIsAWSService": "true" },
            "StringEquals": { "aws:PrincipalServiceName": "ci.example.com" },
            "Null": { "aws:PrincipalAccount": "true", "aws:PrincipalArn": "true" },
        },
    }});
    files.insert(TRUST_FILE.to_owned(), trust.to_string());
    files
}

fn keys() -> Credentials {
    Credentials {
        access_key_id: KEY.parse().unwrap(),
        secret_access_key: SecretAccessKey::new(SECRET.to_owned()),
        session_token: SessionToken::new(String::new()),
        expiration: NOW,
    }
}

pub(super) async fn service(node: &Node) -> Caller {
    service_at(node, NOW).await
}

pub(super) async fn service_at(node: &Node, now: UnixTime) -> Caller {
    let authenticator = node.authenticator();
    authenticate(&authenticator, &keys(), "sts", now)
        .await
        .unwrap()
}

fn assume_role(node: &Node) -> AssumeRole {
    AssumeRole {
        authenticator: node.authenticator(),
        directory: Arc::clone(&node.directory),
        marks: Arc::clone(&node.store) as Arc<dyn OneTimeUse>,
        throttle: no_rates(),
        recorder: Arc::clone(&node.recorder),
        entropy: Arc::new(SystemEntropy),
    }
}

async fn take(node: &Node, caller: &Caller, role: &str) -> Result<RoleSession, AssumeRoleError> {
    let request = RoleRequest {
        role: role.parse().unwrap(),
        session: "build-7".parse().unwrap(),
        duration: SessionDuration::DEFAULT,
        narrowing: Narrowing::default(),
        tags: crate::domain::SessionTags::none(),
        source_identity: None,
        external_id: None,
        shown: ShownCode {
            serial_number: None,
            code: None,
        },
    };
    assume_role(node).run(request, caller, &meta()).await
}

async fn taken(node: &Node) -> Credentials {
    let caller = service(node).await;
    take(node, &caller, BUILD).await.unwrap().issued.credentials
}

async fn is_alive(node: &Node, credentials: &Credentials) -> bool {
    match authenticate(&node.authenticator(), credentials, "sts", NOW).await {
        Ok(_) => true,
        Err(AuthenticationError::InvalidToken) => false,
        Err(error) => panic!("{error:?}"),
    }
}

fn because(result: Result<RoleSession, AssumeRoleError>) -> Because {
    match result.unwrap_err() {
        AssumeRoleError::Denied(Denial::Refused { because, .. }) => because,
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_service_takes_a_role_whose_trust_policy_names_it() {
    let node = Node::with(&service_files("")).await;
    let caller = service(&node).await;
    assert_eq!(
        caller.principal,
        Principal::Service("ci.example.com".parse().unwrap())
    );
    let session = take(&node, &caller, BUILD).await.unwrap();
    let credentials = &session.issued.credentials;
    let of_role = authenticate(&node.authenticator(), credentials, "sts", NOW)
        .await
        .unwrap();
    assert_eq!(
        of_role.principal.arn(),
        "arn:aws:sts::482011739056:assumed-role/Build/build-7"
    );
    let event = node.audit.kept.events().pop().unwrap();
    assert_eq!(event["userIdentity"]["type"], "AWSService");
    assert_eq!(event["userIdentity"]["invokedBy"], "ci.example.com");
    assert_eq!(event["userIdentity"]["accessKeyId"], KEY);
    assert!(event["userIdentity"].get("accountId").is_none());
    assert_eq!(event["additionalEventData"]["subject"], "ci.example.com");
}

#[tokio::test]
async fn no_other_role_is_a_service_s_and_no_policy_of_its_own_helps() {
    let mut files = service_files("");
    let account = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": "482011739056" }, "Action": "sts:AssumeRole",
    }});
    files.insert(TRUST_FILE.to_owned(), account.to_string());
    let node = Node::with(&files).await;
    let caller = service(&node).await;
    assert_eq!(because(take(&node, &caller, BUILD).await), Because::NoAllow);
    assert_eq!(because(take(&node, &caller, ADMIN).await), Because::NoAllow);
    let other = "arn:aws:iam::482011739056:role/Nobody";
    assert_eq!(
        because(take(&node, &caller, other).await),
        Because::UnknownRole
    );
}

#[tokio::test]
async fn a_service_takes_no_role_of_an_account_out_of_its_reach() {
    let node = Node::with(&service_files("accounts = ['123456789012']")).await;
    let caller = service(&node).await;
    assert_eq!(
        because(take(&node, &caller, BUILD).await),
        Because::OutOfReach
    );
}

#[tokio::test]
async fn what_came_of_a_service_ends_with_it_for_good() {
    let node = Node::with(&service_files("")).await;
    let credentials = taken(&node).await;
    let mut without = service_files("");
    without.remove(FILE);
    node.apply(&without).await;
    assert!(!is_alive(&node, &credentials).await);
    let error = authenticate(&node.authenticator(), &keys(), "sts", NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(error, AuthenticationError::InvalidToken),
        "{error:?}"
    );
    node.apply(&service_files("")).await;
    assert!(
        !is_alive(&node, &credentials).await,
        "it was away in between"
    );
    let anew = taken(&node).await;
    assert!(is_alive(&node, &anew).await);
}

#[tokio::test]
async fn what_came_of_a_service_ends_where_it_reaches_no_more() {
    let node = Node::with(&service_files("")).await;
    let credentials = taken(&node).await;
    node.apply(&service_files("accounts = ['123456789012']"))
        .await;
    assert!(!is_alive(&node, &credentials).await);
    // What was ended stays ended.
    node.apply(&service_files("")).await;
    assert!(!is_alive(&node, &credentials).await);
    let anew = taken(&node).await;
    assert!(is_alive(&node, &anew).await);
}

#[tokio::test]
async fn a_role_that_lets_in_everybody_lets_in_no_service() {
    for principal in [json!("*"), json!({ "AWS": "*" })] {
        let mut files = service_files("");
        let everybody = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole",
        }});
        files.insert(TRUST_FILE.to_owned(), everybody.to_string());
        let node = Node::with(&files).await;
        let caller = service(&node).await;
        assert_eq!(because(take(&node, &caller, BUILD).await), Because::NoAllow);
    }
}

#[tokio::test]
async fn whoever_revokes_a_service_ends_what_came_of_it_and_bars_it_from_nothing() {
    let node = Node::with(&service_files("")).await;
    let credentials = taken(&node).await;
    let target = RevokeTarget::Service("ci.example.com".parse().unwrap());
    let caller = admin(&node).await;
    administration(&node)
        .revoke(&caller, &target, &meta())
        .await
        .unwrap();
    assert!(!is_alive(&node, &credentials).await);
    let again = taken(&node).await;
    assert!(is_alive(&node, &again).await);
    let unknown = RevokeTarget::Service("other.example.com".parse().unwrap());
    let missing = administration(&node)
        .revoke(&caller, &unknown, &meta())
        .await;
    assert!(matches!(
        missing,
        Err(AdminError::NotThere {
            what: "service",
            ..
        })
    ));
}

#[tokio::test]
async fn an_inactive_key_signs_nothing_and_whoever_signed_before_gets_nothing() {
    let node = Node::with(&service_files("")).await;
    let caller = service(&node).await;
    let mut files = service_files("");
    files
        .get_mut(FILE)
        .unwrap()
        .push_str("status = 'Inactive'\n");
    node.apply(&files).await;
    let error = authenticate(&node.authenticator(), &keys(), "sts", NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(error, AuthenticationError::InvalidToken),
        "{error:?}"
    );
    let error = take(&node, &caller, BUILD).await.unwrap_err();
    assert_eq!(error.code(), "InvalidClientTokenId");
}

#[tokio::test]
async fn a_service_has_no_session_of_its_own_and_administers_nothing() {
    let node = Node::with(&service_files("")).await;
    let caller = service(&node).await;
    let flow = UserSessions {
        authenticator: node.authenticator(),
        directory: Arc::clone(&node.directory),
        marks: Arc::clone(&node.store) as Arc<dyn OneTimeUse>,
        throttle: no_rates(),
        recorder: Arc::clone(&node.recorder),
        entropy: Arc::new(SystemEntropy),
    };
    let no_code = ShownCode {
        serial_number: None,
        code: None,
    };
    let error = flow
        .get_session_token((900, no_code), &caller, &meta())
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        UserSessionError::ServiceCaller("GetSessionToken")
    ));
    let request = FederationRequest {
        name: "ines".parse().unwrap(),
        seconds: 900,
        narrowing: Narrowing::default(),
        tags: crate::domain::SessionTags::none(),
    };
    let error = flow
        .get_federation_token(request, &caller, &meta())
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        UserSessionError::ServiceCaller("GetFederationToken")
    ));
    let key: AccessKeyId = KEY.parse().unwrap();
    let error = flow
        .get_access_key_info(&key, &caller, &meta())
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        UserSessionError::ServiceCaller("GetAccessKeyInfo")
    ));
    assert_denied(&administration(&node).export(&caller, &meta()).await);
}

#[tokio::test]
async fn nobody_gets_the_first_administrator_s_key() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let key = bootstrap_admin().access_key_id;
    let file = format!("[[access_keys]]\nid = '{key}'\nsecret = '{SECRET}'\n");
    for path in [FILE, "accounts/482011739056/users/ada.toml"] {
        let files = with(path, &file);
        let desired = Desired {
            files: files.clone(),
            mode: ApplyMode::Apply,
            base: None,
        };
        let error = administration(&node)
            .apply(&caller, desired, &meta())
            .await
            .unwrap_err();
        let AdminError::Invalid(problems) = error else {
            panic!("{error:?}");
        };
        assert!(
            problems[0].text.contains("is the first administrator's"),
            "{problems:?}"
        );
    }
}
