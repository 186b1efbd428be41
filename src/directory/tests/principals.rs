//! Whom a trust policy names is kept by unique id: whoever is made again under the same name is somebody
//! else.

use std::sync::Arc;

use super::assert_named;
use crate::directory::testing::{NOW, READER, apply, directory_of, files, open, seeded};
use crate::directory::{
    Account, Change, Directory, DirectoryFiles, PrincipalNames, Snapshot, check, diff, read, write,
};
use crate::domain::{
    AccountId, Lineage, Origin, Partition, RoleArn, SessionDuration, SessionPrincipal, SessionTags,
    UniqueId, UserPrincipal,
};
use crate::entropy::SystemEntropy;
use crate::policy::{
    AssumeAction, Assumption, Authority, Boundary, Caller, Context, Credentials, IdentityPolicy,
    NamedPolicy, Preview, RoleTerms, SessionBounds, Signer, would_permit_signed,
};
use crate::store::memory::MemoryStore;

const HOME: &str = "accounts/482011739056";
const TARGET: &str = "arn:aws:iam::482011739056:role/Target";
const ADA: &str = "arn:aws:iam::482011739056:user/staff/ada";
const ABROAD: &str = "arn:aws:iam::123456789012:user/bob";
const ADMIN: &str = "arn:aws:iam::123456789012:role/Admin";
const TRUST: &str = "accounts/482011739056/roles/Target.trust.json";

/// The files of a directory with two users, and a role `Target` with this trust policy.
fn world(trust: &str) -> DirectoryFiles {
    let mut files = files();
    for (path, text) in [
        ("users/ada.toml", "path = '/staff/'"),
        ("roles/Target.toml", ""),
        ("roles/Target.trust.json", trust),
    ] {
        files.insert(format!("{HOME}/{path}"), text.to_owned());
    }
    files.insert("accounts/123456789012/users/bob.toml".into(), String::new());
    files
}

fn trusting(principal: &str) -> DirectoryFiles {
    world(&format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}}}"#
    ))
}

fn account<'d>(directory: &'d Directory, id: &str) -> &'d Account {
    &directory.accounts[&id.parse::<AccountId>().unwrap()]
}

fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap()
}

fn trust_of(directory: &Directory) -> String {
    let account = account(directory, "482011739056");
    account.roles["Target"].trust.as_json().to_owned()
}

fn shown(directory: &Directory) -> String {
    let account = account(directory, "482011739056");
    PrincipalNames::of(directory, Partition::Aws).show(&account.roles["Target"].trust)
}

/// The user as a caller, by a key or a session of `GetSessionToken`: to a policy both are the user.
fn user(directory: &Directory, arn: &str) -> UserPrincipal {
    let (id, name) = (account_of(arn), arn.rsplit('/').next().unwrap());
    let user = &account(directory, id).users[name];
    user.principal(Partition::Aws, id.parse().unwrap(), &name.parse().unwrap())
}

fn session(directory: &Directory, role: &str) -> SessionPrincipal {
    let role: RoleArn = role.parse().unwrap();
    let entry = &directory.accounts[&role.account()].roles[role.name()];
    SessionPrincipal {
        role_id: entry.unique_id.clone(),
        role,
        session: "one".parse().unwrap(),
    }
}

/// The same without the user or role, and with one that is made again under its name.
fn made_again(directory: &Directory, arn: &str, id: &str) -> (Directory, Directory) {
    let id: UniqueId = id.parse().unwrap();
    let (account, name) = (
        account_of(arn).parse::<AccountId>().unwrap(),
        arn.rsplit('/').next().unwrap(),
    );
    let (mut without, mut again) = (directory.clone(), directory.clone());
    if arn.contains(":user/") {
        let mut user = directory.accounts[&account].users[name].as_ref().clone();
        user.unique_id = id;
        without.apply(Change::RemoveUser(account, name.parse().unwrap()));
        again.apply(Change::PutUser(
            account,
            name.parse().unwrap(),
            Arc::new(user),
        ));
    } else {
        let mut role = directory.accounts[&account].roles[name].as_ref().clone();
        role.unique_id = id;
        without.apply(Change::RemoveRole(account, name.parse().unwrap()));
        again.apply(Change::PutRole(
            account,
            name.parse().unwrap(),
            Arc::new(role),
        ));
    }
    (without, again)
}

const NEW_USER: &str = "AIDA77777777777777777";
const NEW_ROLE: &str = "AROA77777777777777777";

/// Whether the caller, whose own policies allow everything, may assume `Target`.
fn is_trusted(directory: &Directory, caller: Caller<'_>) -> bool {
    let snapshot = Snapshot::compile(1, Arc::new(directory.clone()), Partition::Aws);
    let entry = snapshot.role(&TARGET.parse().unwrap()).unwrap();
    let all: IdentityPolicy =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#
            .parse()
            .unwrap();
    let own = [NamedPolicy {
        name: "all",
        policy: &all,
    }];
    let tags = SessionTags::none();
    let signer = Signer {
        authority: Authority {
            identity: &own,
            boundary: Boundary::Unbounded,
            session: SessionBounds::Unbounded,
        },
        credentials: Credentials::Temporary,
        tags: &tags,
        source_identity: None,
    };
    let assumption = Assumption {
        action: AssumeAction::AssumeRole,
        caller,
        context: Context::new(),
        session: "next".parse().unwrap(),
        tags: SessionTags::none(),
        source_identity: None,
        duration: SessionDuration::DEFAULT,
        ends_by: None,
        lineage: Lineage {
            origin: Origin::Service("ci.example.com".parse().unwrap()),
            rule: None,
            generation: 1,
            sign_in: None,
            through: Vec::new(),
        },
    };
    let terms = RoleTerms {
        arn: entry.arn,
        id: &entry.role.unique_id,
        trust: &entry.role.trust,
        max_session: entry.role.max_session_duration,
    };
    matches!(
        would_permit_signed(&assumption, &signer, Some(terms)),
        Preview::WouldPermit(_)
    )
}

fn trusts_user(directory: &Directory, arn: &str) -> bool {
    let principal = crate::domain::Principal::User(user(directory, arn));
    is_trusted(directory, Caller::from(&principal))
}

fn trusts_session(directory: &Directory, role: &str) -> bool {
    is_trusted(directory, Caller::Session(&session(directory, role)))
}

#[test]
fn a_user_who_is_made_again_is_not_trusted() {
    for arn in [ADA, ABROAD] {
        let first = directory_of(&trusting(&format!(r#"{{"AWS":"{arn}"}}"#)));
        assert!(trusts_user(&first, arn), "{arn}");
        let (_, again) = made_again(&first, arn, NEW_USER);
        assert!(!trusts_user(&again, arn), "{arn}");
    }
}

#[test]
fn a_session_of_a_role_that_is_made_again_is_not_trusted() {
    for arn in [READER, ADMIN] {
        let first = directory_of(&trusting(&format!(r#"{{"AWS":["{arn}"]}}"#)));
        assert!(trusts_session(&first, arn), "{arn}");
        let (_, again) = made_again(&first, arn, NEW_ROLE);
        assert!(!trusts_session(&again, arn), "{arn}");
    }
}

#[test]
fn who_is_named_by_account_is_trusted_whoever_it_is() {
    let first = directory_of(&trusting(r#"{"AWS":"482011739056"}"#));
    let (_, again) = made_again(&first, ADA, NEW_USER);
    assert!(trusts_user(&again, ADA));
}

#[test]
fn a_session_s_own_arn_and_a_federated_user_s_are_not_bound() {
    let session = "arn:aws:sts::482011739056:assumed-role/Reader/one";
    let federated = "arn:aws:sts::482011739056:federated-user/ada";
    let principals = format!(r#"{{"AWS":["{session}","{federated}"]}}"#);
    let first = directory_of(&trusting(&principals));
    assert!(trust_of(&first).contains(session) && trust_of(&first).contains(federated));
    let (_, again) = made_again(&first, READER, NEW_ROLE);
    assert!(trusts_session(&again, READER));
    let caller = Caller::FederatedUser {
        partition: Partition::Aws,
        account: "482011739056".parse().unwrap(),
        name: "ada",
    };
    assert!(is_trusted(&again, caller));
}

/// Beside an account that is spared, too, a `NotPrincipal` spares only who is listed.
#[test]
fn a_denial_spares_nobody_who_is_made_again() {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Effect":"Allow","Principal":{{"AWS":"482011739056"}},"Action":"sts:AssumeRole"}},
        {{"Effect":"Deny","NotPrincipal":{{"AWS":["482011739056","{ADA}"]}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let first = directory_of(&world(&trust));
    assert!(trusts_user(&first, ADA));
    assert!(!trusts_session(&first, READER));
    let (_, again) = made_again(&first, ADA, NEW_USER);
    assert!(!trusts_user(&again, ADA));
}

#[test]
fn a_denial_holds_on_for_nobody_else() {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}},
        {{"Effect":"Deny","Principal":{{"AWS":"{READER}"}},"Action":"sts:AssumeRole"}}]}}"#
    );
    let first = directory_of(&world(&trust));
    assert!(!trusts_session(&first, READER));
    let (_, again) = made_again(&first, READER, NEW_ROLE);
    assert!(trusts_session(&again, READER));
}

#[test]
fn a_name_is_shown_while_it_lives_and_the_id_afterwards() {
    let principals = format!(r#"{{"AWS":["{ADA}","{READER}"]}}"#);
    let first = directory_of(&trusting(&principals));
    let (ada, reader) = (user(&first, ADA).unique_id, session(&first, READER).role_id);
    let kept = trust_of(&first);
    assert!(kept.contains(&format!(r#"["{ada}","{reader}"]"#)), "{kept}");
    assert!(shown(&first).contains(&principals), "{}", shown(&first));
    let (without, again) = made_again(&first, ADA, NEW_USER);
    for directory in [without, again] {
        let expected = format!(r#"["{ada}","{READER}"]"#);
        assert!(shown(&directory).contains(&expected));
        let files = write(&directory, Partition::Aws).unwrap();
        assert!(files[TRUST].contains(&expected));
    }
}

#[test]
fn all_else_of_a_text_stays_as_it_was_written() {
    let before = format!(
        "{{\n  \"Version\" : \"2012-10-17\",\n  \"Id\": \"{ADA}\",\n  \"Statement\" : [ {{ \"Sid\":\"A\", \"Effect\":\"Allow\",\
         \"Principal\" : {{ \"Service\":\"ec2.amazonaws.com\", \"AWS\" : [ \"482011739056\",\t\"@\" ] }},\
         \"Action\":\"sts:AssumeRole\", \"Condition\":{{\"ArnEquals\":{{\"aws:PrincipalArn\":\"{ADA}\"}}, \
         \"StringEquals\":{{\"aws:PrincipalTag/AWS\":[\"{ADA}\",\"\\\"\\u00e9\"]}}}} }} ]\n}}\n"
    );
    let escaped = ADA.replace('/', "\\/").replace("ada", "\\u0061da");
    let directory = directory_of(&world(&before.replace('@', &escaped)));
    let id = user(&directory, ADA).unique_id;
    assert_eq!(trust_of(&directory), before.replace('@', id.as_str()));
    assert_eq!(shown(&directory), before.replace('@', ADA));
}

/// However a member's name is written, what stands there is a principal.
#[test]
fn no_way_of_writing_hides_a_principal() {
    let policy = |principal: &str, statement: &str| {
        format!(
            r#"{{"Version":"2012-10-17","{statement}":[{{"Effect":"Allow",{principal},"Action":"sts:AssumeRole"}}]}}"#
        )
    };
    for (principal, statement) in [
        (r#""Princip\u0061l":{"\u0041WS":"@"}"#, "Statement"),
        (r#""Principal":{"AWS":["@"]}"#, r"St\u0061tement"),
        (
            r#""Principal":{"Service":"a.b","A\u0057S":[ "@" ]}"#,
            "Statement",
        ),
    ] {
        let text = policy(principal, statement).replace('@', ADA);
        let first = directory_of(&world(&text));
        let id = user(&first, ADA).unique_id;
        assert!(trust_of(&first).contains(id.as_str()), "{text}");
        assert!(!trust_of(&first).contains(ADA), "{text}");
        let (_, again) = made_again(&first, ADA, NEW_USER);
        assert!(
            trusts_user(&first, ADA) && !trusts_user(&again, ADA),
            "{text}"
        );
    }
}

#[test]
fn nobody_can_be_named_who_is_not_there() {
    for unknown in [
        "arn:aws:iam::482011739056:user/ada",
        "arn:aws:iam::482011739056:user/staff/Ada",
        "arn:aws:iam::482011739056:role/Reader",
        "arn:aws:iam::999999999999:user/staff/ada",
        "arn:aws-cn:iam::482011739056:user/staff/ada",
    ] {
        let directory = directory_of(&trusting(&format!(r#"{{"AWS":["{ADA}","{unknown}"]}}"#)));
        let problems = check(&directory, Partition::Aws);
        assert_named(&problems, TRUST, unknown);
        let message = format!("Invalid principal in policy: \"AWS\":\"{unknown}\"");
        assert_eq!(problems[0].iam_message.as_deref(), Some(&*message));
    }
}

#[test]
fn an_export_of_who_is_gone_is_read_again() {
    let first = directory_of(&trusting(&format!(r#"{{"AWS":"{ADA}"}}"#)));
    let (without, _) = made_again(&first, ADA, NEW_USER);
    let again = directory_of(&write(&without, Partition::Aws).unwrap());
    assert_eq!(again, without);
    assert_eq!(check(&again, Partition::Aws), []);
}

#[tokio::test]
async fn applying_files_names_whoever_is_there_then() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &trusting(&format!(r#"{{"AWS":"{ADA}"}}"#))).await;
    let first = live.snapshot(NOW).unwrap().directory().as_ref().clone();
    let files = write(&first, Partition::Aws).unwrap();
    let mut same = read(&files, &first, NOW, &SystemEntropy).unwrap();
    same.bind_principals(Partition::Aws);
    assert_eq!(diff(&first, &same), []);
    let mut files = files;
    let path = format!("{HOME}/users/ada.toml");
    let ada = user(&first, ADA).unique_id;
    let text = files[&path].replace(ada.as_str(), NEW_USER);
    files.insert(path, text);
    apply(&live, &files).await;
    let again = live.snapshot(NOW).unwrap().directory().as_ref().clone();
    assert!(trusts_user(&again, ADA));
}

/// Whatever writes a trust policy by name, the log has it by id.
#[tokio::test]
async fn a_commit_binds_what_is_not_bound() {
    let log = Arc::new(MemoryStore::default());
    let live = seeded(&log, &trusting(r#"{"AWS":"482011739056"}"#)).await;
    let current = live.catch_up(NOW).await.unwrap();
    let mut role = current
        .role(&TARGET.parse().unwrap())
        .unwrap()
        .role
        .as_ref()
        .clone();
    let by_name = trusting(&format!(r#"{{"AWS":"{ADA}"}}"#))[TRUST]
        .parse()
        .unwrap();
    role.trust = by_name;
    let (account, name) = ("482011739056".parse().unwrap(), "Target".parse().unwrap());
    let set = vec![Change::PutRole(account, name, Arc::new(role))];
    let set = crate::directory::testing::change_set(set);
    live.commit(current.generation(), set, NOW).await.unwrap();
    let other = open(&log).await;
    let directory = other.snapshot(NOW).unwrap().directory().as_ref().clone();
    let id = user(&directory, ADA).unique_id;
    assert!(trust_of(&directory).contains(id.as_str()));
    assert!(trusts_user(&directory, ADA));
}
