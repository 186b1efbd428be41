//! The directory's history, and accounts.

use super::administer::{admin, administration, assert_denied, generation, session_of, told};
use super::*;
use crate::directory::testing::{ADMIN, READER_FILE, edited, without};

const ROLES: &str = "accounts/482011739056/roles/";

/// A node at its third generation: without the roles of an account, then with one of another maximum again.
async fn changed() -> Node {
    let node = Node::new().await;
    let mut files = without(ROLES);
    files.remove("rules/readers.toml");
    node.apply(&files).await;
    node.apply(&edited(READER_FILE, "7200", "3600")).await;
    node
}

fn to(generation: u64, mode: ApplyMode) -> RollBack {
    RollBack {
        to: generation,
        mode,
        base: None,
    }
}

async fn lines_of(node: &Node, caller: &Caller, generation: u64) -> Vec<String> {
    let flow = administration(node);
    let found = flow.logged_generation(caller, generation, &meta()).await;
    found.unwrap().changes
}

#[tokio::test]
async fn the_log_tells_who_changed_what_newest_first_and_page_by_page() {
    let node = changed().await;
    let caller = admin(&node).await;
    let flow = administration(&node);
    let page = |before, limit| {
        let query = LogQuery { before, limit };
        let (flow, caller) = (flow.clone(), caller.clone());
        async move { flow.directory_log(&caller, query, &meta()).await }
    };
    let all = page(None, None).await.unwrap();
    let numbers = |log: &LoggedGenerations| -> Vec<u64> {
        let generations = log.generations.iter();
        generations.map(|it| it.generation).collect()
    };
    assert_eq!((numbers(&all), all.next), (vec![3, 2, 1], None));
    assert_eq!(all.generations[0].author, "somebody");
    assert_eq!(
        all.generations[1].changes,
        ["remove rule readers", "remove role Reader in 482011739056"]
    );
    let first = &all.generations[2];
    let whole = lines_of(&node, &caller, 1).await;
    assert_eq!(first.changes.len() + first.more_changes, whole.len());
    assert_eq!(first.changes[..], whole[..first.changes.len()]);

    let newest = page(None, Some(2)).await.unwrap();
    assert_eq!((numbers(&newest), newest.next), (vec![3, 2], Some(2)));
    let rest = page(newest.next, Some(2)).await.unwrap();
    assert_eq!((numbers(&rest), rest.next), (vec![1], None));
    for limit in [0, MAX_GENERATIONS + 1] {
        let refused = page(None, Some(limit)).await.unwrap_err();
        assert!(matches!(refused, AdminError::LogLimit), "{refused:?}");
    }
    for none in [0, 4] {
        let refused = flow.logged_generation(&caller, none, &meta()).await;
        assert_eq!(refused.unwrap_err().code(), "NoSuchEntity");
    }
}

#[tokio::test]
async fn two_generations_are_told_apart_by_what_has_to_change() {
    let node = changed().await;
    let caller = admin(&node).await;
    let flow = administration(&node);
    let between = |from, to| {
        let flow = flow.clone();
        let caller = caller.clone();
        async move { flow.difference(&caller, (from, to), &meta()).await }
    };
    let reader = "put role Reader in 482011739056";
    assert_eq!(between(1, 3).await.unwrap().changes, [reader]);
    let back = between(2, 1).await.unwrap();
    assert_eq!(back.changes, [reader, "put rule readers"]);
    let refused = between(1, 4).await.unwrap_err();
    assert_eq!(refused.code(), "NoSuchEntity");
}

#[tokio::test]
async fn what_is_rolled_back_is_what_it_was_but_for_the_sessions_that_ended() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let is_alive = async || {
        let authenticator = node.authenticator();
        authenticate(&authenticator, &credentials, "sts", NOW)
            .await
            .is_ok()
    };
    assert!(is_alive().await);
    let mut files = without(ROLES);
    files.remove("rules/readers.toml");
    node.apply(&files).await;
    assert!(!is_alive().await);
    let caller = admin(&node).await;
    let before = node.directory.snapshot(NOW).unwrap();

    let flow = administration(&node);
    let planned = flow
        .roll_back(&caller, to(1, ApplyMode::DryRun), &meta())
        .await;
    assert_eq!((planned.unwrap().generation, generation(&node)), (2, 2));
    let done = flow
        .roll_back(&caller, to(1, ApplyMode::Apply), &meta())
        .await;
    let done = done.unwrap();
    let expected = ["put role Reader in 482011739056", "put rule readers"];
    assert_eq!(
        (done.generation, &*done.changes),
        (3, &expected.map(String::from)[..])
    );
    let after = node.directory.snapshot(NOW).unwrap();
    let id = |snapshot: &crate::directory::Snapshot| {
        let role = snapshot.role(&READER.parse().unwrap())?;
        Some(role.role.unique_id.clone())
    };
    assert_eq!(id(&before), None);
    assert!(id(&after).is_some());
    // Its role is there again, with the id that the session names.
    assert!(!is_alive().await);
    let again = node.credentials_of(READER).await;
    let alive = authenticate(&node.authenticator(), &again, "sts", NOW).await;
    assert!(alive.is_ok());

    let nothing = flow
        .roll_back(&caller, to(3, ApplyMode::Apply), &meta())
        .await;
    assert_eq!(nothing.unwrap().generation, 3);
    let conflict = RollBack {
        base: Some(2),
        ..to(1, ApplyMode::Apply)
    };
    let refused = flow
        .roll_back(&caller, conflict, &meta())
        .await
        .unwrap_err();
    assert!(matches!(refused, AdminError::Conflict { head: 3 }));
    for none in [0, 9] {
        let asked = to(none, ApplyMode::Apply);
        let refused = flow.roll_back(&caller, asked, &meta()).await;
        assert_eq!(refused.unwrap_err().code(), "NoSuchEntity");
    }
}

#[tokio::test]
async fn a_rollback_is_recorded_before_it_is_made_and_after() {
    let node = changed().await;
    let caller = admin(&node).await;
    let flow = administration(&node);
    let done = flow
        .roll_back(&caller, to(1, ApplyMode::Apply), &meta())
        .await;
    assert_eq!(done.unwrap().changes, ["put role Reader in 482011739056"]);
    let events = node.audit.kept.events();
    let [intent, outcome] = [0, 1].map(|at| events[at].to_string());
    assert!(intent.contains("intent") && intent.contains("put role Reader"));
    assert!(outcome.contains("committed"), "{outcome}");
    assert_eq!(
        node.audit.told(),
        told(&[("RollBackDirectory", ""), ("RollBackDirectory", "")])
    );
}

#[tokio::test]
async fn history_and_accounts_are_for_who_may() {
    let node = Node::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"rolegate:ExportDirectory","Resource":"*"}}"#;
    let caller = session_of(&node, ADMIN, Some(policy)).await;
    let flow = administration(&node);
    assert_denied(
        &flow
            .directory_log(&caller, LogQuery::default(), &meta())
            .await,
    );
    assert_denied(&flow.logged_generation(&caller, 1, &meta()).await);
    assert_denied(&flow.difference(&caller, (1, 1), &meta()).await);
    let asked = to(1, ApplyMode::DryRun);
    assert_denied(&flow.roll_back(&caller, asked, &meta()).await);
    assert_denied(
        &flow
            .accounts(&caller, AccountQuery::default(), &meta())
            .await,
    );
    assert_denied(
        &flow
            .put_account(&caller, &named("x", PutMode::Create), &meta())
            .await,
    );
    let what = (OTHER.parse().unwrap(), Contents::Remove);
    assert_denied(&flow.remove_account(&caller, what, &meta()).await);
    assert_eq!(generation(&node), 1);
}

const OTHER: &str = "555555555555";

fn named(alias: &str, mode: PutMode) -> PutAccount {
    PutAccount {
        account: OTHER.parse().unwrap(),
        mode,
        alias: Some(alias.parse().unwrap()),
        name: None,
        environment: None,
        access_role: None,
    }
}

#[tokio::test]
async fn a_new_account_can_be_entered_by_a_role_that_trusts_the_managing_one() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let flow = administration(&node);
    let put = async |asked: &PutAccount| flow.put_account(&caller, asked, &meta()).await;
    let with_role = |mode| PutAccount {
        access_role: Some("Access".parse().unwrap()),
        ..named("lab", mode)
    };
    let made = put(&with_role(PutMode::Create)).await.unwrap();
    let lines = [
        "put account 555555555555 (lab)",
        "put role Access in 555555555555",
    ];
    assert_eq!(made.changes, lines);
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let account = snapshot.account(OTHER.parse().unwrap()).unwrap();
    let (name, role) = account.roles.iter().next().unwrap();
    assert_eq!(name.as_str(), "Access");
    let attached: Vec<_> = role.attached.iter().map(ToString::to_string).collect();
    assert_eq!(attached, ["arn:aws:iam::aws:policy/AdministratorAccess"]);
    let trust: Value = serde_json::from_str(role.trust.as_json()).unwrap();
    assert_eq!(
        trust["Statement"],
        json!([{
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
            "Action": "sts:AssumeRole",
        }])
    );
    // Neither in an account that is there, nor in the one whose roles administer.
    let late = put(&with_role(PutMode::Rename)).await.unwrap_err();
    assert!(matches!(late, AdminError::NoAccessRole), "{late:?}");
    let own = PutAccount {
        account: "123456789012".parse().unwrap(),
        ..with_role(PutMode::Create)
    };
    assert!(matches!(put(&own).await, Err(AdminError::NoAccessRole)));
}

#[tokio::test]
async fn an_account_is_made_called_otherwise_and_removed() {
    let node = Node::new().await;
    let caller = admin(&node).await;
    let flow = administration(&node);
    let put = async |asked: &PutAccount| flow.put_account(&caller, asked, &meta()).await;
    let missing = put(&named("lab", PutMode::Rename)).await.unwrap_err();
    assert_eq!(missing.code(), "NoSuchEntity");
    let nameless = PutAccount {
        alias: None,
        ..named("lab", PutMode::Create)
    };
    assert!(matches!(put(&nameless).await, Err(AdminError::NoAlias)));
    let made = put(&named("lab", PutMode::Create)).await.unwrap();
    assert_eq!(made.changes, ["put account 555555555555 (lab)"]);
    let twice = put(&named("lab", PutMode::Create)).await.unwrap_err();
    assert_eq!(twice.code(), "EntityAlreadyExists");
    let renamed = PutAccount {
        name: Some("The laboratory".parse().unwrap()),
        alias: None,
        ..named("lab", PutMode::Rename)
    };
    put(&renamed).await.unwrap();
    let list = async |after: Option<&str>, limit| {
        let query = AccountQuery {
            after: after.map(|id| id.parse().unwrap()),
            limit,
        };
        flow.accounts(&caller, query, &meta()).await
    };
    let all = list(None, None).await.unwrap();
    assert_eq!((all.accounts.len(), all.next), (3, None));
    let lab = &all.accounts[2];
    assert_eq!(
        (lab.alias.as_str(), lab.name.as_str()),
        ("lab", "The laboratory")
    );
    assert_eq!((all.accounts[1].roles, all.accounts[1].providers), (1, 1));
    let first = list(None, Some(1)).await.unwrap();
    assert_eq!(first.next, Some("123456789012".parse().unwrap()));
    let rest = list(Some("123456789012"), Some(2)).await.unwrap();
    assert_eq!((rest.accounts.len(), rest.next), (2, None));
    assert!(matches!(list(None, Some(0)).await, Err(AdminError::Limit)));

    let remove = async |id: &str, contents| {
        let what = (id.parse().unwrap(), contents);
        flow.remove_account(&caller, what, &meta()).await
    };
    let full = remove("482011739056", Contents::Refuse).await.unwrap_err();
    assert_eq!(full.code(), "DeleteConflict");
    // A link still speaks there.
    let linked = remove("482011739056", Contents::Remove).await.unwrap_err();
    assert!(matches!(linked, AdminError::Invalid(_)), "{linked:?}");
    let gone = remove(OTHER, Contents::Refuse).await.unwrap();
    assert_eq!(gone.changes, ["remove account 555555555555"]);
    let again = remove(OTHER, Contents::Refuse).await.unwrap_err();
    assert_eq!(again.code(), "NoSuchEntity");
}
