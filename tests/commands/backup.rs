//! Backups of a running gateway and of stores at hand, and gateways that are made of them.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Instant;

use rolegate::config::root_key_file;
use rolegate::directory::bar;
use rolegate::entropy::SystemEntropy;
use rolegate::store::StoreSeal;
use rolegate::store::embedded::EmbeddedStore;

use super::gateway::{Gateway, caller_identity, run, text};
use super::migrate::{ROLE, Setting};
use super::support::aws::AwsKeys;
use super::support::http::PATIENCE;
use super::support::sts::{assert_refused, assume_role};

impl Setting {
    /// What a command says that needs no gateway.
    fn say(&self, arguments: &[&str]) -> Result<String, String> {
        let output = run(self.path(), arguments, &[]);
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
            Err(text(&output.stderr))
        }
    }

    /// A backup of a running gateway.
    fn back_up(&self, gateway: &Gateway) {
        let output = gateway.run(self.path(), &["backup", "gate.backup"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }

    fn restore(&self, to: &str, more: &[&str]) -> Result<String, String> {
        let key = ["--root-key-file", "gate.redb.key"];
        self.say(&[&["restore", "gate.backup", "--to", to], &key[..], more].concat())
    }

    fn start_on(&self, store: &str) -> Gateway {
        self.start(&[("ROLEGATE_STORE_URL", store)])
    }
}

fn is_alive(gateway: &Gateway, keys: &AwsKeys) -> bool {
    match caller_identity(gateway, keys).status {
        200 => true,
        403 => false,
        other => panic!("{other}"),
    }
}

/// What is signed within the second of the restore may have been signed before it, and is not taken.
fn applied_after_restore(gateway: &Gateway, setting: &Setting) -> String {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let output = gateway.run(setting.path(), &["apply", "dir"]);
        if output.status.success() {
            return text(&output.stdout);
        }
        let told = text(&output.stderr);
        assert!(told.contains("sign it again"), "{told}");
        assert!(Instant::now() < give_up, "{told}");
    }
}

#[test]
fn a_running_gateway_is_backed_up_and_what_it_had_issued_is_over_after_a_restore() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    let keys = setting.keys(&gateway);
    setting.back_up(&gateway);
    let later = setting.keys(&gateway);
    assert!(is_alive(&gateway, &keys) && is_alive(&gateway, &later));
    gateway.terminate();
    let told = setting.restore("redb:new.redb", &[]).unwrap();
    assert!(told.contains("what was issued before is over"), "{told}");
    let gateway = setting.start_on("redb:new.redb");
    assert!(!is_alive(&gateway, &keys) && !is_alive(&gateway, &later));
    // The directory is back, and for a minute no proof is good: it may be one that was used up.
    let applied = applied_after_restore(&gateway, &setting);
    assert!(applied.contains("\n0 changed"), "{applied}");
    let refused = assume_role(gateway.address, ROLE, &setting.token(), &[]);
    assert_refused(&refused, 400, "InvalidIdentityToken");
}

/// Half of a directory is one of long ago.
#[tokio::test]
async fn a_store_that_is_being_filled_is_neither_backed_up_nor_migrated() {
    let setting = Setting::new();
    setting.start_on_file().terminate();
    let key = root_key_file(&setting.path().join("gate.redb.key"));
    let seal = StoreSeal::new(&key.unwrap().key, None, Arc::new(SystemEntropy));
    let store = EmbeddedStore::open(&setting.path().join("gate.redb"), seal).unwrap();
    bar(&store, 9).await.unwrap();
    drop(store);
    let from = "redb:gate.redb";
    for arguments in [
        &["backup", "gate.backup", "--from", from][..],
        &["migrate", "--from", from, "--to", "redb:new.redb"],
    ] {
        let told = setting.say(arguments).unwrap_err();
        assert!(told.contains("the store is being filled"), "{told}");
    }
}

#[test]
fn a_restore_that_keeps_sessions_keeps_them() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    let keys = setting.keys(&gateway);
    gateway.terminate();
    let made = setting.say(&["backup", "gate.backup", "--from", "redb:gate.redb"]);
    assert!(made.unwrap().contains("changes"));
    setting
        .restore("redb:new.redb", &["--keep-sessions"])
        .unwrap();
    assert!(is_alive(&setting.start_on("redb:new.redb"), &keys));
}

#[test]
fn a_gateway_on_redis_is_restored_from_a_file_s_backup_and_back_under_other_root_keys() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    let keys = setting.keys(&gateway);
    let revoked = setting.keys(&gateway);
    let key = revoked.id.as_str();
    let output = gateway.run(setting.path(), &["revoke", "session", key]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    gateway.terminate();
    setting
        .say(&["backup", "gate.backup", "--from", "redb:gate.redb"])
        .unwrap();
    let redis = setting.redis.url();
    let other = ["--to-root-key-file", "redis.key", "--keep-sessions"];
    setting.restore(&redis, &other).unwrap();
    let gateway = setting.start_on_redis();
    assert!(is_alive(&gateway, &keys));
    assert!(!is_alive(&gateway, &revoked), "a revocation is kept");
    // Of Redis a backup is made at any time, beside a node that runs.
    let key = ["--root-key-file", "redis.key"];
    let from = ["backup", "redis.backup", "--from", &redis];
    setting.say(&[&from[..], &key].concat()).unwrap();
    let to = [
        "restore",
        "redis.backup",
        "--to",
        "redb:back.redb",
        "--keep-sessions",
    ];
    setting.say(&[&to[..], &key].concat()).unwrap();
    drop(gateway);
    let gateway = setting.start_on("redb:back.redb");
    assert!(is_alive(&gateway, &keys));
    assert!(!is_alive(&gateway, &revoked), "a revocation is kept");
}

#[test]
fn a_backup_is_for_its_owner_s_eyes_and_never_written_over() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    setting.back_up(&gateway);
    let file = setting.path().join("gate.backup");
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    let output = gateway.run(setting.path(), &["backup", "gate.backup"]);
    assert!(
        text(&output.stderr).contains("gate.backup exists"),
        "{output:?}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn what_is_refused_leaves_no_file() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    let arguments = ["backup", "gate.backup", "--endpoint", &gateway.endpoint()];
    let nobody = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        (
            "AWS_SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
    ];
    let refused = run(setting.path(), &arguments, &nobody);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("InvalidClientTokenId"),
        "{refused:?}"
    );
    assert!(!setting.path().join("gate.backup").exists());
}

#[test]
fn a_backup_is_checked_without_a_store_and_a_damaged_one_restores_nothing() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    setting.keys(&gateway);
    setting.back_up(&gateway);
    gateway.terminate();
    let check = [
        "restore",
        "--check",
        "gate.backup",
        "--root-key-file",
        "gate.redb.key",
    ];
    let told = setting.say(&check).unwrap();
    assert!(
        told.starts_with("whole, of 20") && told.contains("2 changes"),
        "{told}"
    );
    let file = setting.path().join("gate.backup");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.truncate(bytes.len() - 1);
    std::fs::write(&file, &bytes).unwrap();
    for refused in [setting.say(&check), setting.restore("redb:new.redb", &[])] {
        let refused = refused.unwrap_err();
        assert!(refused.contains("not whole"), "{refused}");
    }
    assert!(!setting.path().join("new.redb").exists());
}

#[test]
fn another_root_key_opens_nothing_and_none_is_made_for_it() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    setting.back_up(&gateway);
    gateway.terminate();
    let wrong = [
        "restore",
        "gate.backup",
        "--to",
        "redb:new.redb",
        "--root-key-file",
        "redis.key",
    ];
    let refused = setting.say(&wrong).unwrap_err();
    assert!(refused.contains("the root key is another one"), "{refused}");
    let none = setting.say(&wrong[..4]).unwrap_err();
    assert!(none.contains("--root-key-file"), "{none}");
    for made in ["new.redb", "new.redb.key"] {
        assert!(!setting.path().join(made).exists(), "{made}");
    }
}

#[test]
fn a_store_that_has_something_is_not_restored_over() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    setting.back_up(&gateway);
    gateway.terminate();
    let refused = setting.restore("redb:gate.redb", &[]).unwrap_err();
    assert!(refused.contains("has a directory already"), "{refused}");
}

#[test]
fn a_gateway_in_memory_makes_no_backup() {
    let setting = Setting::new();
    let gateway = setting.start_on("memory:");
    let output = gateway.run(setting.path(), &["backup", "gate.backup"]);
    assert!(text(&output.stderr).contains("NoBackup"), "{output:?}");
}
