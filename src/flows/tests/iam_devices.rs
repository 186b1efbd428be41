//! Codes that the IAM API uses up when it gives a device to a user.

use super::administer::fit_issuers;
use super::*;
use crate::directory::{Change, Snapshot, User, testing::change_set};
use crate::domain::{AccountId, Secret, SecretAccessKey};
use crate::flows::iam::users_devices::{EnableDevice, TwoCodes};
use crate::flows::iam::{Iam, IamCode, IamError};
use crate::flows::mfa::{UsedCode, code_of};
use crate::store::KeyUses;

const ADA: &str = "AKIARZPUZDIKAAAAAAAA";
const ADA_SECRET: &str = "a-secret-of-ada-that-is-long";
const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const SERIAL: &str = "arn:aws:iam::482011739056:mfa/spare";

fn account() -> AccountId {
    "482011739056".parse().unwrap()
}

/// A node with a user who may do everything in their account, which has a device that nobody has.
pub(super) async fn node() -> Node {
    let mut files = testing::files();
    let key = format!("[[access_keys]]\nid = '{ADA}'\nsecret = '{ADA_SECRET}'\n");
    let attached = "managed_policies = ['arn:aws:iam::aws:policy/AdministratorAccess']\n";
    let user = [attached, &key].concat();
    files.insert("accounts/482011739056/users/ada.toml".to_owned(), user);
    let device = format!("[[mfa_devices]]\nname = 'spare'\nseed = '{SEED}'\n");
    files.insert("accounts/482011739056/mfa-devices.toml".to_owned(), device);
    Node::with(&files).await
}

pub(super) async fn ada(node: &Node) -> Caller {
    let credentials = Credentials {
        access_key_id: ADA.parse().unwrap(),
        secret_access_key: SecretAccessKey::new(ADA_SECRET.to_owned()),
        session_token: SessionToken::new(String::new()),
        expiration: NOW,
    };
    let authenticator = node.authenticator();
    authenticate(&authenticator, &credentials, "sts", NOW)
        .await
        .unwrap()
}

pub(super) fn iam(node: &Node, marks: Arc<dyn OneTimeUse>) -> Iam {
    Iam {
        authenticator: node.authenticator(),
        directory: Arc::clone(&node.directory),
        marks,
        key_uses: Arc::clone(&node.store) as Arc<dyn KeyUses>,
        throttle: no_rates(),
        recorder: Arc::clone(&node.recorder),
        entropy: Arc::new(SystemEntropy),
        issuers: fit_issuers(&[]),
    }
}

/// Gives the device to the user by the codes of these steps before now.
fn enable(before: [i64; 2]) -> EnableDevice {
    let code = |before| {
        let step = NOW.seconds() / 30 - before;
        Secret::new(code_of(b"12345678901234567890", step))
    };
    let [first, second] = before;
    EnableDevice {
        user: "ada".parse().unwrap(),
        serial: SERIAL.to_owned(),
        codes: TwoCodes {
            first: code(first),
            second: code(second),
        },
    }
}

fn has_device(snapshot: &Snapshot) -> bool {
    let account = snapshot.account(account()).unwrap();
    let has = account.users["ada"].mfa_devices.contains_key("spare");
    assert_eq!(account.mfa_devices.is_empty(), has);
    has
}

/// Marks by which another node changes the directory when the first code is used up.
struct Overtaken {
    marks: Arc<MemoryStore>,
    other: Node,
    left: AtomicUsize,
}

#[async_trait]
impl OneTimeUse for Overtaken {
    async fn redeem(
        &self,
        what: &[u8; 32],
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<Redeemed, StoreError> {
        let one = |left: usize| left.checked_sub(1);
        let left = &self.left;
        if left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one)
            .is_ok()
        {
            let directory = &self.other.directory;
            let base = directory.catch_up(now).await.unwrap().generation();
            let change = Change::RemoveUser(account(), "nobody".parse().unwrap());
            let changes = change_set(vec![change]);
            directory.commit(base, changes, now).await.unwrap();
        }
        self.marks.redeem(what, keep_until, now).await
    }

    async fn is_redeemed(&self, what: &[u8; 32], now: UnixTime) -> Result<bool, StoreError> {
        self.marks.is_redeemed(what, now).await
    }
}

#[tokio::test]
async fn codes_that_were_used_up_are_no_obstacle_where_another_node_came_first() {
    let node = node().await;
    let marks = Overtaken {
        marks: Arc::clone(&node.store),
        other: node.beside().await,
        left: AtomicUsize::new(1),
    };
    let caller = ada(&node).await;
    let before = node.directory.snapshot(NOW).unwrap().generation();
    let flow = iam(&node, Arc::new(marks));
    flow.run(&enable([1, 0]), &caller, &meta()).await.unwrap();
    let snapshot = node.directory.snapshot(NOW).unwrap();
    assert!(has_device(&snapshot));
    assert_eq!(snapshot.generation(), before + 2);
}

#[tokio::test]
async fn a_code_that_was_used_gives_no_device() {
    let node = node().await;
    let caller = ada(&node).await;
    let marks = Arc::clone(&node.store) as Arc<dyn OneTimeUse>;
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let user = &snapshot.account(account()).unwrap().users["ada"];
    let step = NOW.seconds() / 30;
    let shown = UsedCode::of(&user.unique_id, SERIAL, step);
    shown.use_up(&marks, NOW).await.unwrap();
    let flow = iam(&node, marks);
    let refused = flow.run(&enable([1, 0]), &caller, &meta()).await;
    let Err(IamError::Refused(refusal)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refusal.code, IamCode::InvalidAuthenticationCode);
    assert!(!has_device(&node.directory.snapshot(NOW).unwrap()));
}

#[tokio::test]
async fn where_it_can_t_be_known_whether_a_code_was_used_no_device_is_given() {
    let node = node().await;
    let caller = ada(&node).await;
    let flow = iam(&node, Arc::new(MarksDown));
    let refused = flow.run(&enable([1, 0]), &caller, &meta()).await;
    assert!(
        matches!(refused, Err(IamError::Unavailable(_))),
        "{refused:?}"
    );
    assert!(!has_device(&node.directory.snapshot(NOW).unwrap()));
}

#[tokio::test]
async fn who_was_shut_out_since_their_signature_was_looked_at_changes_nothing() {
    let node = node().await;
    let caller = ada(&node).await;
    let base = node.directory.catch_up(NOW).await.unwrap();
    let mut user = User::clone(&base.account(account()).unwrap().users["ada"]);
    user.access_keys.clear();
    let change = Change::PutUser(account(), "ada".parse().unwrap(), Arc::new(user));
    let changes = change_set(vec![change]);
    let generation = node.directory.commit(base.generation(), changes, NOW);
    let generation = generation.await.unwrap();
    let marks: Arc<dyn OneTimeUse> = Arc::clone(&node.store) as _;
    let refused = iam(&node, marks)
        .run(&enable([1, 0]), &caller, &meta())
        .await;
    assert!(matches!(refused, Err(IamError::Ended)), "{refused:?}");
    let after = node.directory.catch_up(NOW).await.unwrap();
    assert_eq!(after.generation(), generation);
}
