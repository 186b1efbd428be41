//! Administrators who were shut out on another node, of which this one has not heard.

use super::administer::{admin, administration, assert_denied, generation, session_of, told};
use super::*;
use crate::directory::Change;
use crate::directory::testing::{ADMIN, READER_FILE, change_set, edited, edited_in, with};
use crate::domain::{AccessKeyId, SecretAccessKey};
use crate::federation::saml::metadata::refresh::NewKeys;

const ADA_FILE: &str = "accounts/123456789012/users/ada.toml";
const SECRET: &str = "a-secret-of-ada-that-is-long";
const ADMINISTER: &str = "accounts/123456789012/roles/Admin.policies/administer.json";

fn key() -> AccessKeyId {
    let account = "123456789012".parse().unwrap();
    AccessKeyId::from_random(KeyKind::LongTerm, account, [7; 5])
}

/// The files with a user who may do everything.
fn files() -> DirectoryFiles {
    let attached = "managed_policies = ['arn:aws:iam::aws:policy/AdministratorAccess']\n";
    let key = format!("[[access_keys]]\nid = '{}'\nsecret = '{SECRET}'\n", key());
    with(ADA_FILE, &[attached, &key].concat())
}

async fn ada(node: &Node) -> Caller {
    let credentials = Credentials {
        access_key_id: key(),
        secret_access_key: SecretAccessKey::new(SECRET.to_owned()),
        session_token: SessionToken::new(String::new()),
        expiration: NOW,
    };
    authenticate(&node.authenticator(), &credentials, "sts", NOW)
        .await
        .unwrap()
}

/// How somebody is shut out.
#[derive(Debug, Clone, Copy)]
enum Way {
    SessionRevoked,
    RolePolicyRemoved,
    KeyInactive,
    UserPolicyDetached,
}

impl Way {
    const ALL: [Self; 4] = [
        Self::SessionRevoked,
        Self::RolePolicyRemoved,
        Self::KeyInactive,
        Self::UserPolicyDetached,
    ];

    /// Whom it shuts out.
    async fn caller(self, node: &Node) -> Caller {
        match self {
            Self::SessionRevoked | Self::RolePolicyRemoved => session_of(node, ADMIN, None).await,
            Self::KeyInactive | Self::UserPolicyDetached => ada(node).await,
        }
    }

    /// Shuts them out at this node.
    async fn take(self, caller: &Caller, node: &Node) {
        match self {
            Self::SessionRevoked => revoke_session(caller, node).await,
            Self::RolePolicyRemoved => {
                let mut files = files();
                files.remove(ADMINISTER);
                node.apply(&files).await;
            }
            Self::KeyInactive => {
                let inactive = "status = 'Inactive'\nsecret =";
                let files = edited_in(files(), ADA_FILE, "secret =", inactive);
                node.apply(&files).await;
            }
            Self::UserPolicyDetached => {
                let other = "policy/ReadOnlyAccess";
                let files = edited_in(files(), ADA_FILE, "policy/AdministratorAccess", other);
                node.apply(&files).await;
            }
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::SessionRevoked | Self::KeyInactive => "InvalidClientTokenId",
            Self::RolePolicyRemoved | Self::UserPolicyDetached => "AccessDenied",
        }
    }
}

async fn revoke_session(caller: &Caller, node: &Node) {
    let session = caller.access_key_id.to_string().parse().unwrap();
    let target = RevokeTarget::Session(session);
    let by = admin(node).await;
    let revoked = administration(node).revoke(&by, &target, &meta()).await;
    revoked.unwrap();
}

fn another_directory() -> Desired {
    Desired {
        files: edited(READER_FILE, "7200", "3600"),
        mode: ApplyMode::Apply,
        base: None,
    }
}

fn another_account() -> PutAccount {
    PutAccount {
        account: "555555555555".parse().unwrap(),
        mode: PutMode::Create,
        alias: Some("lab".parse().unwrap()),
        name: None,
        environment: None,
        access_role: None,
    }
}

fn readers() -> RevokeTarget {
    RevokeTarget::Role(READER.parse().unwrap())
}

/// What changes something, or gives everything away.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Apply,
    RollBack,
    PutAccount,
    RemoveAccount,
    RotateKeys,
    RotateSamlKeys,
    RotateWebIdentityKeys,
    RefreshMetadata,
    UpgradeStore,
    Revoke,
    EraseDecisions,
    BackUp,
    Export,
}

impl Deed {
    const ALL: [Self; 13] = [
        Self::Apply,
        Self::RollBack,
        Self::PutAccount,
        Self::RemoveAccount,
        Self::RotateKeys,
        Self::RotateSamlKeys,
        Self::RotateWebIdentityKeys,
        Self::RefreshMetadata,
        Self::UpgradeStore,
        Self::Revoke,
        Self::EraseDecisions,
        Self::BackUp,
        Self::Export,
    ];

    async fn attempt(self, node: &Node, caller: &Caller) -> Result<(), AdminError> {
        let flow = administration(node);
        let (meta, previous) = (&meta(), PreviousKeys::Keep);
        match self {
            Self::Apply => flow
                .apply(caller, another_directory(), meta)
                .await
                .map(drop),
            Self::RollBack => {
                let asked = RollBack {
                    to: 1,
                    mode: ApplyMode::Apply,
                    base: None,
                };
                flow.roll_back(caller, asked, meta).await.map(drop)
            }
            Self::PutAccount => {
                let put = flow.put_account(caller, &another_account(), meta).await;
                put.map(drop)
            }
            Self::RemoveAccount => {
                let what = ("482011739056".parse().unwrap(), Contents::Remove);
                flow.remove_account(caller, what, meta).await.map(drop)
            }
            Self::RotateKeys => flow.rotate_keys(caller, previous, meta).await.map(drop),
            Self::RotateSamlKeys => {
                let rotated = flow.rotate_saml_keys(caller, previous, meta).await;
                rotated.map(drop)
            }
            Self::RotateWebIdentityKeys => {
                let rotated = flow.rotate_web_identity_keys(caller, previous, meta).await;
                rotated.map(drop)
            }
            Self::RefreshMetadata => {
                let (id, keys) = ("workforce".parse().unwrap(), NewKeys::Refuse);
                flow.refresh_metadata(caller, &id, keys, meta)
                    .await
                    .map(drop)
            }
            Self::UpgradeStore => flow.upgrade_store(caller, meta).await.map(drop),
            Self::Revoke => flow.revoke(caller, &readers(), meta).await.map(drop),
            Self::EraseDecisions => {
                let person = (&ISSUER.parse().unwrap(), &"ines".parse().unwrap());
                flow.erase_decisions(caller, person, meta).await.map(drop)
            }
            Self::BackUp => flow.back_up(caller, meta).await.map(drop),
            Self::Export => flow.export(caller, meta).await.map(drop),
        }
    }
}

/// The node that is asked has not heard of it: it found out who signed by what it knew.
#[tokio::test]
async fn who_was_shut_out_on_another_node_changes_nothing() {
    for way in Way::ALL {
        for deed in Deed::ALL {
            let node = Node::with(&files()).await;
            let caller = way.caller(&node).await;
            let other = node.beside().await;
            way.take(&caller, &other).await;
            assert_eq!((generation(&node), generation(&other)), (1, 2));
            let refused = deed.attempt(&node, &caller).await;
            let code = refused.as_ref().map_err(AdminError::code);
            assert_eq!(code, Err(way.code()), "{way:?} {deed:?}: {refused:?}");
            let after = node.directory.catch_up(NOW).await.unwrap();
            assert_eq!(after.generation(), 2, "{way:?} {deed:?}");
            let codes = node.audit.told();
            let codes: Vec<&str> = codes.iter().map(|(_, code)| &**code).collect();
            assert_eq!(codes, [way.code()], "{way:?} {deed:?}");
        }
    }
}

/// An audit log at whose first line another node changes the directory: between what was decided and its commit.
struct Overtaken {
    kept: Audit,
    other: Node,
    shut_out: Option<Caller>,
    left: AtomicUsize,
}

#[async_trait]
impl AuditSink for Overtaken {
    async fn record(&self, event: &Event<'_>) -> Result<(), AuditUnavailable> {
        let one = |left: usize| left.checked_sub(1);
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one);
        match (&self.shut_out, left) {
            (_, Err(_)) => {}
            (Some(caller), Ok(_)) => revoke_session(caller, &self.other).await,
            (None, Ok(_)) => {
                let nobody = "nobody".parse().unwrap();
                let change = Change::RemoveUser("482011739056".parse().unwrap(), nobody);
                let changes = change_set(vec![change]);
                let committed = self.other.directory.commit(1, changes, NOW).await;
                committed.unwrap();
            }
        }
        self.kept.record(event).await
    }
}

/// An administration that another node comes before once, by this caller's end if there is one.
async fn overtaken(node: &Node, shut_out: Option<Caller>) -> Administration {
    let sink = Overtaken {
        kept: node.audit.clone(),
        other: node.beside().await,
        shut_out,
        left: AtomicUsize::new(1),
    };
    let recorder = Recorder::new(
        Arc::new(sink),
        Arc::new(SystemEntropy),
        RefusalLimits::default(),
        NOW,
    );
    Administration {
        recorder: Arc::new(recorder),
        ..administration(node)
    }
}

#[tokio::test]
async fn a_try_that_lost_to_the_end_of_the_caller_s_session_is_the_last() {
    for name in ["PutAccount", "RevokeRole"] {
        let node = Node::new().await;
        let caller = session_of(&node, ADMIN, None).await;
        let flow = overtaken(&node, Some(caller.clone())).await;
        let refused = if name == "PutAccount" {
            flow.put_account(&caller, &another_account(), &meta()).await
        } else {
            flow.revoke(&caller, &readers(), &meta()).await
        };
        assert!(matches!(refused, Err(AdminError::Ended)), "{refused:?}");
        let after = node.directory.catch_up(NOW).await.unwrap();
        assert_eq!(after.generation(), 2);
        let codes = ["", "NotCommitted", "InvalidClientTokenId"];
        assert_eq!(node.audit.told(), told(&codes.map(|code| (name, code))));
    }
}

#[tokio::test]
async fn a_try_that_lost_to_anything_else_is_made_again() {
    for name in ["PutAccount", "RevokeRole"] {
        let node = Node::new().await;
        let caller = session_of(&node, ADMIN, None).await;
        let flow = overtaken(&node, None).await;
        let done = if name == "PutAccount" {
            flow.put_account(&caller, &another_account(), &meta()).await
        } else {
            flow.revoke(&caller, &readers(), &meta()).await
        };
        assert_eq!(done.unwrap().generation, 3);
        let codes = ["", "NotCommitted", "", ""];
        assert_eq!(node.audit.told(), told(&codes.map(|code| (name, code))));
    }
}

/// Nobody could write these.
#[tokio::test]
async fn of_who_may_not_do_it_no_mark_is_kept() {
    let node = Node::with(&files()).await;
    let flow = Administration {
        marks: Arc::new(MarksDown),
        ..administration(&node)
    };
    let action = AdminAction::RotateKeys;
    let reader = session_of(&node, READER, None).await;
    assert_denied(&flow.once(&reader, action, &meta()).await);
    let allowed = ada(&node).await;
    let unmarked = flow.once(&allowed, action, &meta()).await;
    assert!(
        matches!(unmarked, Err(AdminError::Store(_))),
        "{unmarked:?}"
    );
    Way::KeyInactive.take(&allowed, &node.beside().await).await;
    let ended = flow.once(&allowed, action, &meta()).await;
    assert!(matches!(ended, Err(AdminError::Ended)), "{ended:?}");
    let codes = ["AccessDenied", "NotCommitted", "InvalidClientTokenId"];
    let codes = codes.map(|code| ("RotateKeys", code));
    assert_eq!(node.audit.told(), told(&codes));
}
