use super::*;
use crate::directory::testing::{
    ADMIN, CONNECTION_FILE, READER_FILE, RULE_FILE, edited, with, without,
};
use crate::directory::{Change, Problem, SealingKeyRecord};
use crate::federation::saml::service_provider::Rotation;
use crate::federation::secret_file::SecretFolder;

/// The issuers of a node that takes these by plain http.
pub(super) fn fit_issuers(plain_http: &[&str]) -> FitIssuers {
    FitIssuers {
        own: OwnIssuers::below("https://sso.example.com"),
        plain_http: plain_http.iter().map(|it| it.parse().unwrap()).collect(),
    }
}

pub(super) fn administration(node: &Node) -> Administration {
    Administration {
        authenticator: node.authenticator(),
        directory: Arc::clone(&node.directory),
        recorder: Arc::clone(&node.recorder),
        entropy: Arc::new(SystemEntropy),
        account: "123456789012".parse().unwrap(),
        first_key: Some(bootstrap_admin().access_key_id),
        secrets: SecretFolder::default(),
        marks: Arc::clone(&node.store) as Arc<dyn OneTimeUse>,
        issuers: fit_issuers(&[]),
        key_propagation: 0,
        saml_keys: SamlKeySettings {
            host: "sso.example.com".into(),
            rotation: Rotation::default(),
        },
        metadata: node.metadata(&nowhere()),
        stock: Arc::clone(&node.store) as _,
        back_ups: BackUps::new(
            Arc::clone(&node.store) as _,
            Arc::clone(&node.store) as _,
            None,
        ),
        decisions: Arc::clone(&node.decisions),
        own_roles: own_roles(node),
        searches: Arc::new(tokio::sync::Semaphore::new(1)),
        replays: Arc::new(tokio::sync::Semaphore::new(1)),
    }
}

/// The first administrator.
pub(super) async fn admin(node: &Node) -> Caller {
    let admin = long_term(&bootstrap_admin());
    authenticate(&node.authenticator(), &admin, "sts", NOW)
        .await
        .unwrap()
}

/// A session of a role, within `policy` if there is one. Its own record is taken out of the count.
pub(super) async fn session_of(node: &Node, role: &str, policy: Option<&str>) -> Caller {
    let token = good_token();
    let request = WebIdentityRequest {
        role: role.parse().unwrap(),
        narrowing: Narrowing {
            policy: policy.map(|policy| policy.parse().unwrap()),
            ..Narrowing::default()
        },
        ..request(&token)
    };
    let elsewhere = node.beside().await;
    let session = elsewhere
        .web_identity()
        .run(request, &meta())
        .await
        .unwrap();
    let credentials = &session.issued.credentials;
    authenticate(&node.authenticator(), credentials, "sts", NOW)
        .await
        .unwrap()
}

fn desired(files: &DirectoryFiles, mode: ApplyMode) -> Desired {
    Desired {
        files: files.clone(),
        mode,
        base: None,
    }
}

async fn apply(
    node: &Node,
    caller: &Caller,
    files: &DirectoryFiles,
) -> Result<Applied, AdminError> {
    administration(node)
        .apply(caller, desired(files, ApplyMode::Apply), &meta())
        .await
}

pub(super) fn generation(node: &Node) -> u64 {
    node.directory.snapshot(NOW).unwrap().generation()
}

pub(super) fn told(codes: &[(&str, &str)]) -> Vec<(String, String)> {
    codes
        .iter()
        .map(|(name, code)| ((*name).to_owned(), (*code).to_owned()))
        .collect()
}

#[track_caller]
pub(super) fn assert_denied<T: std::fmt::Debug>(result: &Result<T, AdminError>) {
    assert!(
        matches!(result, Err(AdminError::Denied { .. })),
        "{result:?}"
    );
}

#[track_caller]
fn assert_ended<T: std::fmt::Debug>(result: &Result<T, AdminError>) {
    assert!(matches!(result, Err(AdminError::Ended)), "{result:?}");
}

#[tokio::test]
async fn the_first_administrator_applies_a_directory() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let files = edited(READER_FILE, "7200", "3600");
    let applied = apply(&node, &caller, &files).await.unwrap();
    assert_eq!(applied.generation, 2);
    assert_eq!(applied.changes, ["put role Reader in 482011739056"]);
}

#[tokio::test]
async fn a_change_is_recorded_before_it_is_made_and_after() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let files = edited(READER_FILE, "7200", "3600");
    apply(&node, &caller, &files).await.unwrap();
    let events = node.audit.kept.events();
    assert_eq!(events.len(), 2);
    let [intent, outcome] = [&events[0], &events[1]].map(Value::to_string);
    assert!(
        intent.contains("intent")
            && intent.contains("put role Reader in 482011739056: longest session changed")
    );
    assert!(
        outcome.contains("committed") && outcome.contains("\"generation\":2"),
        "{outcome}"
    );
    for event in [intent, outcome] {
        assert!(event.contains("arn:aws:iam::123456789012:user/admin"));
    }
}

#[tokio::test]
async fn what_can_t_be_recorded_is_not_done() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    node.audit.leave_room_for(0);
    let files = edited(READER_FILE, "7200", "3600");
    let refused = apply(&node, &caller, &files).await;
    assert!(matches!(refused, Err(AdminError::Audit(_))), "{refused:?}");
    let refused = administration(&node)
        .rotate_keys(&caller, PreviousKeys::Keep, &meta())
        .await;
    assert!(matches!(refused, Err(AdminError::Audit(_))), "{refused:?}");
    let refused = administration(&node).export(&caller, &meta()).await;
    assert!(matches!(refused, Err(AdminError::Audit(_))), "{refused:?}");
    node.directory.catch_up(NOW).await.unwrap();
    assert_eq!(generation(&node), 1);
}

#[tokio::test]
async fn an_outcome_that_can_t_be_recorded_is_told() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    node.audit.leave_room_for(1);
    let files = edited(READER_FILE, "7200", "3600");
    let unrecorded = apply(&node, &caller, &files).await;
    assert!(
        matches!(unrecorded, Err(AdminError::Audit(_))),
        "{unrecorded:?}"
    );
    assert_eq!(node.audit.told(), told(&[("ApplyDirectory", "")]));
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let files = edited(READER_FILE, "7200", "3600");
    let planned = administration(&node)
        .apply(&caller, desired(&files, ApplyMode::DryRun), &meta())
        .await
        .unwrap();
    assert_eq!(planned.changes, ["put role Reader in 482011739056"]);
    node.directory.catch_up(NOW).await.unwrap();
    assert_eq!((planned.generation, generation(&node)), (1, 1));
    assert_eq!(node.audit.told(), told(&[("ApplyDirectory", "")]));
}

#[tokio::test]
async fn the_same_files_again_change_nothing() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let again = apply(&node, &caller, &testing::files()).await.unwrap();
    assert_eq!((again.generation, again.changes.len()), (1, 0));
}

#[tokio::test]
async fn an_export_applied_changes_nothing() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let exported = administration(&node)
        .export(&caller, &meta())
        .await
        .unwrap();
    let again = apply(&node, &caller, &exported.files).await.unwrap();
    assert_eq!((again.generation, again.changes), (1, Vec::new()));
    assert_eq!(exported.generation, 1);
}

#[tokio::test]
async fn files_with_a_problem_change_nothing_and_are_recorded() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    for (files, at) in [
        (edited(READER_FILE, "7200", "1"), READER_FILE),
        (without("connections/"), "links/workforce"),
        (
            edited(RULE_FILE, "groups = ['readers']", "groups = []"),
            "rules/readers",
        ),
    ] {
        let refused = apply(&node, &caller, &files).await;
        let Err(AdminError::Invalid(problems)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(problems[0].at, at);
    }
    assert_eq!(generation(&node), 1);
    let each = ("ApplyDirectory", "NotCommitted");
    assert_eq!(node.audit.told(), told(&[each; 3]));
    let told = node.audit.kept.lines().join("\n");
    assert!(told.contains(READER_FILE), "{told}");
}

#[tokio::test]
async fn a_plain_http_issuer_is_refused_unless_it_is_listed() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let mut files = testing::files();
    for text in files.values_mut() {
        *text = text.replace("https://idp.example.com", "http://127.0.0.1:9000");
        *text = text.replace("idp.example.com", "127.0.0.1:9000");
    }
    let refused = apply(&node, &caller, &files).await;
    let Err(AdminError::Invalid(problems)) = refused else {
        panic!("{refused:?}")
    };
    let places: Vec<&str> = problems.iter().map(|problem| &*problem.at).collect();
    let expected = [
        "accounts/123456789012/oidc-providers",
        "accounts/482011739056/oidc-providers",
        "connections/workforce",
    ];
    assert_eq!(places, expected);
    let listing = Administration {
        issuers: fit_issuers(&["http://127.0.0.1:9000"]),
        ..administration(&node)
    };
    let applied = listing
        .apply(&caller, desired(&files, ApplyMode::Apply), &meta())
        .await;
    assert!(applied.is_ok(), "{applied:?}");
}

#[tokio::test]
async fn a_connection_s_secret_is_read_from_the_node_s_folder_only() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good"), "s3cret").unwrap();
    let with_folder = Administration {
        secrets: SecretFolder::at(folder.path().to_owned()),
        ..administration(&node)
    };
    for (administration, file, why) in [
        (
            administration(&node),
            "good",
            "set federation.secret_folder",
        ),
        (
            with_folder.clone(),
            "/proc/self/environ",
            "is not in the folder",
        ),
        (with_folder.clone(), "none", "can't be read"),
    ] {
        let auth = format!("{{ client_secret_basic = {{ file = '{file}' }} }}");
        let files = edited(CONNECTION_FILE, "'none'", &auth);
        for mode in [ApplyMode::DryRun, ApplyMode::Apply] {
            let refused = administration
                .apply(&caller, desired(&files, mode), &meta())
                .await;
            let problems = problems_of(refused.unwrap_err());
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].at, "connections/workforce");
            assert!(problems[0].text.contains(why), "{}", problems[0].text);
        }
    }
    let auth = "{ client_secret_basic = { file = 'good' } }";
    let files = edited(CONNECTION_FILE, "'none'", auth);
    let applied = with_folder
        .apply(&caller, desired(&files, ApplyMode::Apply), &meta())
        .await;
    assert!(applied.is_ok(), "{applied:?}");
}

fn problems_of(error: AdminError) -> Vec<Problem> {
    match error {
        AdminError::Invalid(problems) => problems,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_of_an_administrating_role_may_do_it_too() {
    let node = Node::new().await;
    let caller = session_of(&node, ADMIN, None).await;
    let files = edited(READER_FILE, "7200", "3600");
    assert!(apply(&node, &caller, &files).await.is_ok());
}

#[tokio::test]
async fn another_account_s_role_may_not_whatever_its_policies_say() {
    let all = edited(
        "accounts/482011739056/roles/Reader.policies/read.json",
        "s3:Get*",
        "*",
    );
    let node = Node::with(&all).await;
    let caller = session_of(&node, READER, None).await;
    let denied = apply(&node, &caller, &testing::files()).await;
    assert_denied(&denied);
    assert_denied(&administration(&node).export(&caller, &meta()).await);
    let rotated = administration(&node)
        .rotate_keys(&caller, PreviousKeys::Drop, &meta())
        .await;
    assert_denied(&rotated);
    let expected = ["ApplyDirectory", "ExportDirectory", "RotateKeys"];
    let expected = expected.map(|name| (name, "AccessDenied"));
    assert_eq!(node.audit.told(), told(&expected));
    assert_eq!(generation(&node), 1);
}

#[tokio::test]
async fn a_role_of_the_managing_account_needs_a_policy_that_allows_it() {
    let path = "accounts/123456789012/roles/Admin.policies/administer.json";
    let node = Node::with(&edited(path, "rolegate:*", "rolegate:ExportDirectory")).await;
    let caller = session_of(&node, ADMIN, None).await;
    assert!(administration(&node).export(&caller, &meta()).await.is_ok());
    assert_denied(&apply(&node, &caller, &testing::files()).await);
}

#[tokio::test]
async fn an_explicit_deny_of_the_role_wins() {
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"rolegate:Apply*","Resource":"*"}}"#;
    let path = "accounts/123456789012/roles/Admin.policies/never.json";
    let node = Node::with(&with(path, deny)).await;
    let caller = session_of(&node, ADMIN, None).await;
    assert_denied(&apply(&node, &caller, &testing::files()).await);
}

#[tokio::test]
async fn a_session_policy_narrows_what_the_role_may() {
    let node = Node::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"rolegate:ExportDirectory","Resource":"arn:aws:rolegate::123456789012:directory"}}"#;
    let caller = session_of(&node, ADMIN, Some(policy)).await;
    assert!(administration(&node).export(&caller, &meta()).await.is_ok());
    assert_denied(&apply(&node, &caller, &testing::files()).await);
}

#[tokio::test]
async fn a_session_policy_gives_nothing_that_the_role_has_not() {
    let mut files = testing::files();
    files.remove("accounts/123456789012/roles/Admin.policies/administer.json");
    let node = Node::with(&files).await;
    let all =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let caller = session_of(&node, ADMIN, Some(all)).await;
    assert_denied(&administration(&node).export(&caller, &meta()).await);
}

#[tokio::test]
async fn an_administrator_removed_on_another_node_may_do_nothing_once_the_head_is_seen() {
    let node = Node::new().await;
    let caller = session_of(&node, ADMIN, None).await;
    let mut fewer = without("accounts/123456789012/roles/");
    fewer.remove("rules/admins.toml");
    node.beside().await.apply(&fewer).await;
    node.directory.catch_up(NOW).await.unwrap();
    assert_ended(&apply(&node, &caller, &testing::files()).await);
}

async fn rotate(node: &Node, previous: PreviousKeys, now: UnixTime) -> Applied {
    node.directory.catch_up(now).await.unwrap();
    let caller = admin(node).await;
    administration(node)
        .rotate_keys(&caller, previous, &meta_at(now))
        .await
        .unwrap()
}

async fn is_alive(node: &Node, credentials: &Credentials) -> bool {
    authenticate(&node.authenticator(), credentials, "sts", NOW)
        .await
        .is_ok()
}

#[tokio::test]
async fn a_rotation_keeps_the_sessions_that_are_alive() {
    let node = Node::new().await;
    let before = node.credentials_of(READER).await;
    let applied = rotate(&node, PreviousKeys::Keep, NOW.plus(1)).await;
    assert_eq!(applied.changes.len(), 1);
    assert!(is_alive(&node, &before).await);
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let (now, later) = (NOW, NOW.plus(1));
    let sealing = |at| {
        snapshot
            .keys()
            .sealing_at(at)
            .map(crate::seal::SealingKey::id)
    };
    assert_ne!(sealing(now), sealing(later));
}

#[tokio::test]
async fn a_rotation_that_drops_the_previous_keys_ends_every_session() {
    let node = Node::new().await;
    let before = node.credentials_of(READER).await;
    rotate(&node, PreviousKeys::Drop, NOW).await;
    assert!(!is_alive(&node, &before).await);
    let after = node.credentials_of(READER).await;
    assert!(is_alive(&node, &after).await);
}

#[tokio::test]
async fn a_key_that_was_dropped_elsewhere_opens_nothing_that_was_remembered_here() {
    let node = Node::new().await;
    let here = node.beside().await;
    let before = node.credentials_of(READER).await;
    here.remember(&before).await;
    rotate(&node, PreviousKeys::Drop, NOW).await;
    here.directory.catch_up(NOW).await.unwrap();
    assert!(!is_alive(&here, &before).await);
}

/// A call may wait for its turn while its session's key is dropped.
#[tokio::test]
async fn a_rotation_that_drops_the_previous_keys_ends_the_calls_that_are_under_way() {
    for (previous, is_over) in [(PreviousKeys::Keep, false), (PreviousKeys::Drop, true)] {
        let node = Node::new().await;
        let (keys, credentials) = (node.authenticator(), node.credentials_of(READER).await);
        let caller = authenticate(&keys, &credentials, "sts", NOW).await;
        let caller = caller.unwrap();
        rotate(&node, previous, NOW).await;
        let now = node.directory.snapshot(NOW).unwrap();
        assert_eq!(!node.authenticator().stands(&caller, &now), is_over);
    }
}

#[tokio::test]
async fn a_key_is_taken_out_once_nothing_it_sealed_is_good_any_more() {
    let node = Node::new().await;
    let keys = |node: &Node| {
        let snapshot = node.directory.snapshot(NOW).unwrap();
        snapshot.directory().sealing_keys.len()
    };
    rotate(&node, PreviousKeys::Keep, NOW.plus(1)).await;
    rotate(&node, PreviousKeys::Keep, NOW.plus(60)).await;
    assert_eq!(keys(&node), 3);
    let long_after = NOW.plus(60 + 37 * 3600 + 1);
    rotate(&node, PreviousKeys::Keep, long_after).await;
    let snapshot = node.directory.snapshot(long_after).unwrap();
    assert_eq!(snapshot.directory().sealing_keys.len(), 2);
}

#[tokio::test]
async fn a_new_key_waits_until_every_node_can_know_it() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let waiting = Administration {
        key_propagation: 30,
        ..administration(&node)
    };
    waiting
        .rotate_keys(&caller, PreviousKeys::Keep, &meta())
        .await
        .unwrap();
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let first = SealingKeyRecord::new(testing::FIRST_KEY, NOW, NOW).sealing_key();
    let sealing = |at| {
        snapshot
            .keys()
            .sealing_at(at)
            .map(crate::seal::SealingKey::id)
    };
    assert_eq!(sealing(NOW.plus(29)), Some(first.id()));
    assert_ne!(sealing(NOW.plus(30)), Some(first.id()));
}

#[tokio::test]
async fn a_key_ring_is_no_part_of_a_plan() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let key = SealingKeyRecord::new([5; 32], NOW, NOW);
    let added = testing::change_set(vec![Change::AddSealingKey(key)]);
    node.directory.commit(1, added, NOW).await.unwrap();
    let again = apply(&node, &caller, &testing::files()).await.unwrap();
    assert_eq!(again.changes, [""; 0]);
    let keys = node.directory.snapshot(NOW).unwrap();
    assert_eq!(keys.directory().sealing_keys.len(), 2);
}

#[tokio::test]
async fn a_role_made_anew_gives_its_earlier_sessions_nothing() {
    let node = Node::new().await;
    let caller = session_of(&node, ADMIN, None).await;
    let mut fewer = without("accounts/123456789012/roles/");
    fewer.remove("rules/admins.toml");
    node.apply(&fewer).await;
    node.apply(&testing::files()).await;
    assert_ended(&apply(&node, &caller, &edited(READER_FILE, "7200", "3600")).await);
}

#[tokio::test]
async fn who_may_not_apply_is_told_before_the_files_are_read() {
    let node = Node::new().await;
    let action = AdminAction::ApplyDirectory;
    let may = |caller: Caller| {
        let administration = administration(&node);
        async move { administration.admit(&caller, action, &meta()).await }
    };
    assert!(may(admin(&node).await).await.is_ok());
    assert_denied(&may(session_of(&node, READER, None).await).await);
    assert_eq!(
        node.audit.told(),
        told(&[("ApplyDirectory", "AccessDenied")])
    );
}

#[tokio::test]
async fn a_signed_request_is_taken_once_on_every_node() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let action = AdminAction::ApplyDirectory;
    let beside = node.beside().await;
    let first = administration(&node).once(&caller, action, &meta()).await;
    assert!(first.is_ok(), "{first:?}");
    let again = administration(&beside).once(&caller, action, &meta()).await;
    assert!(matches!(again, Err(AdminError::Replayed)), "{again:?}");
    assert_eq!(
        beside.audit.told(),
        told(&[("ApplyDirectory", "NotCommitted")])
    );
}

#[tokio::test]
async fn files_made_for_another_generation_are_a_conflict() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let files = edited(READER_FILE, "7200", "3600");
    let made_for = |base| Desired {
        base: Some(base),
        ..desired(&files, ApplyMode::Apply)
    };
    let administration = administration(&node);
    let stale = administration.apply(&caller, made_for(0), &meta()).await;
    assert!(
        matches!(stale, Err(AdminError::Conflict { head: 1 })),
        "{stale:?}"
    );
    let applied = administration.apply(&caller, made_for(1), &meta()).await;
    assert_eq!(applied.unwrap().generation, 2);
}

#[tokio::test]
async fn every_change_of_a_large_apply_is_recorded() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let mut files = testing::files();
    for number in 0..120 {
        let account = format!("accounts/{}/account.toml", 600_000_000_000_u64 + number);
        files.insert(account, format!("alias = 'a{number}'\n"));
    }
    apply(&node, &caller, &files).await.unwrap();
    let events = node.audit.kept.events();
    let lines = events.iter().map(|event| &event["requestParameters"]);
    let changes: Vec<&str> = lines
        .clone()
        .filter_map(|parameters| parameters["changes"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(changes.len(), 120);
    assert!(
        changes.contains(&"put account 600000000119 (a119): new"),
        "{changes:?}"
    );
    let counts: Vec<&Value> = lines.map(|parameters| &parameters["changeCount"]).collect();
    assert_eq!(
        counts,
        [&json!(120), &json!(120), &json!(120), &Value::Null]
    );
}

#[tokio::test]
async fn the_key_ring_does_not_grow_without_end() {
    let node = Node::new().await;
    for _ in 1..MAX_SEALING_KEYS {
        rotate(&node, PreviousKeys::Keep, NOW).await;
    }
    let caller = admin(&node).await;
    let administration = administration(&node);
    let full = administration
        .rotate_keys(&caller, PreviousKeys::Keep, &meta())
        .await;
    assert!(matches!(full, Err(AdminError::TooManyKeys)), "{full:?}");
    rotate(&node, PreviousKeys::Drop, NOW).await;
    let snapshot = node.directory.snapshot(NOW).unwrap();
    assert_eq!(snapshot.directory().sealing_keys.len(), 1);
}

/// The directory with a SAML connection whose metadata comes from here.
fn saml_files_from(source: &str) -> DirectoryFiles {
    let path = testing::SAML_CONNECTION_FILE;
    let mut files = testing::edited_in(testing::saml_files(), path, "'upload'", source);
    files.remove(testing::SAML_CONNECTION_METADATA);
    files
}

#[tokio::test]
async fn saml_metadata_comes_from_where_the_node_allows() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("idp.xml"), "<a/>").unwrap();
    let node = Node::new().await;
    let caller = admin(&node).await;
    let administration = Administration {
        secrets: SecretFolder::at(folder.path().to_owned()),
        issuers: fit_issuers(&["http://127.0.0.1:9000/realm"]),
        ..administration(&node)
    };
    for (source, refused) in [
        ("{ url = 'https://saml.example.com/metadata' }", None),
        ("{ url = 'http://127.0.0.1:9000/metadata' }", None),
        ("{ file = 'idp.xml' }", None),
        (
            "{ url = 'http://127.0.0.1:9001/metadata' }",
            Some("is plain http"),
        ),
        (
            "{ url = 'http://saml.example.com/metadata' }",
            Some("is plain http"),
        ),
        ("{ file = 'none.xml' }", Some("can't be read")),
        ("{ file = '/etc/passwd' }", Some("is not in the folder")),
    ] {
        let files = without_second_opinion(saml_files_from(source));
        let planned = administration
            .apply(&caller, desired(&files, ApplyMode::DryRun), &meta())
            .await;
        match (planned, refused) {
            (Ok(_), None) => {}
            (Err(AdminError::Invalid(problems)), Some(why)) => {
                let told: Vec<&Problem> = problems.iter().collect();
                assert!(
                    told.len() == 1
                        && told[0].at == "connections/partners"
                        && told[0].text.starts_with("saml.metadata: ")
                        && told[0].text.contains(why),
                    "{source}: {told:?}"
                );
            }
            (other, _) => panic!("{source}: {other:?}"),
        }
    }
}

/// A session must not become another one, without its end and its bounds, by what the gateway says itself.
#[tokio::test]
async fn the_gateway_s_own_issuers_are_nobody_s_providers() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let file = "accounts/123456789012/oidc-providers/own.toml";
    for own in [
        "https://sso.example.com/issuers/123456789012",
        "https://SSO.example.com/issuers/482011739056",
    ] {
        let provider = format!("url = \"{own}\"\nclient_ids = [\"sts.example.com\"]\n");
        let refused = apply(&node, &caller, &with(file, &provider)).await;
        let problems = problems_of(refused.unwrap_err());
        let is_told = |it: &Problem| it.to_string().contains("is this gateway's own");
        assert!(problems.iter().any(is_told), "{problems:?}");
    }
}
