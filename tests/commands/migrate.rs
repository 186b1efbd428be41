//! A gateway that moves from a file to Redis and back.

use std::path::Path;

use super::gateway::{ADMIN, Gateway, STORE, caller_identity, files, run, text, write};
use super::servers::RedisServer;
use super::support::aws::AwsKeys;
use super::support::clock::system_now;
use super::support::keys::{SigningKey, sign_claims};
use super::support::provider::HostileProvider;
use super::support::sts::assume_role;

pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/Reader";
/// Base64 of 32 bytes.
const REDIS_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A gateway with a directory and somebody's keys.
pub(super) struct Setting {
    folder: tempfile::TempDir,
    provider: HostileProvider,
    key: SigningKey,
    pub(super) redis: RedisServer,
}

impl Setting {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (provider, key) = (HostileProvider::start(), SigningKey::ec_p256("k1"));
        provider.publish(&[&key]);
        write(&folder.path().join("dir"), &files(&provider.issuer()));
        std::fs::write(folder.path().join("redis.key"), REDIS_KEY).unwrap();
        Self {
            folder,
            provider,
            key,
            redis: RedisServer::start(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn start(&self, store: &[(&str, &str)]) -> Gateway {
        let issuer = self.provider.issuer();
        let allowed = ("ROLEGATE_ALLOW_HTTP_ISSUERS", issuer.as_str());
        Gateway::start(self.path(), &[&ADMIN[..], store, &[allowed]].concat())
    }

    pub(super) fn start_on_file(&self) -> Gateway {
        self.start(&[STORE])
    }

    pub(super) fn start_on_redis(&self) -> Gateway {
        let url = self.redis.url();
        let key = ("ROLEGATE_ROOT_KEY_FILE", "redis.key");
        self.start(&[("ROLEGATE_STORE_URL", &url), key])
    }

    /// Keys of a role, of a gateway with a directory.
    pub(super) fn keys(&self, gateway: &Gateway) -> AwsKeys {
        let applied = gateway.run(self.path(), &["apply", "dir"]);
        assert!(applied.status.success(), "{}", text(&applied.stderr));
        let answer = assume_role(gateway.address, ROLE, &self.token(), &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        AwsKeys::issued(&answer)
    }

    /// A token that the provider has signed now.
    pub(super) fn token(&self) -> String {
        let claims = self.provider.claims("ines", "app", system_now());
        sign_claims(&claims, &self.key)
    }

    /// What the command says.
    fn migrate(&self, from: &str, to: &str, keys: &[&str]) -> Result<String, String> {
        let arguments = [&["migrate", "--from", from, "--to", to], keys].concat();
        let output = run(self.path(), &arguments, &[]);
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
            Err(text(&output.stderr))
        }
    }

    fn to_redis(&self) -> Result<String, String> {
        let keys = ["--to-root-key-file", "redis.key"];
        self.migrate("redb:gate.redb", &self.redis.url(), &keys)
    }
}

/// What two runs say of the directory.
pub(super) fn digest(told: &str) -> &str {
    told.trim().rsplit(' ').next().unwrap()
}

#[test]
fn a_gateway_moves_to_redis_and_back_with_its_keys_and_directory() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    let keys = setting.keys(&gateway);
    gateway.terminate();
    let there = setting.to_redis().unwrap();
    let gateway = setting.start_on_redis();
    assert_eq!(caller_identity(&gateway, &keys).status, 200);
    let applied = gateway.run(setting.path(), &["apply", "dir"]);
    assert!(
        text(&applied.stdout).contains("\n0 changed"),
        "{}",
        text(&applied.stdout)
    );
    gateway.terminate();
    let back = setting
        .migrate(
            &setting.redis.url(),
            "redb:back.redb",
            &["--from-root-key-file", "redis.key"],
        )
        .unwrap();
    assert_eq!(digest(&there), digest(&back));
    let gateway = setting.start(&[("ROLEGATE_STORE_URL", "redb:back.redb")]);
    assert_eq!(caller_identity(&gateway, &keys).status, 200);
}

#[test]
fn a_store_with_a_directory_is_not_written_over() {
    let setting = Setting::new();
    let gateway = setting.start_on_file();
    setting.keys(&gateway);
    gateway.terminate();
    setting.to_redis().unwrap();
    let refused = setting.to_redis().unwrap_err();
    assert!(refused.contains("has a directory already"), "{refused}");
}

#[test]
fn a_file_that_is_in_use_or_not_there_is_refused_and_nothing_is_made() {
    let setting = Setting::new();
    let refused = setting.to_redis().unwrap_err();
    assert!(refused.contains("there is no file"), "{refused}");
    assert!(!setting.path().join("gate.redb").exists());
    let gateway = setting.start_on_file();
    let refused = setting.to_redis().unwrap_err();
    assert!(refused.contains("another process"), "{refused}");
    drop(gateway);
    assert_eq!(setting.redis.run(&["dbsize"]).trim(), "0");
}

#[test]
fn another_root_key_than_that_of_the_store_is_refused() {
    let setting = Setting::new();
    setting.start_on_file().terminate();
    let wrong = [
        "--from-root-key-file",
        "redis.key",
        "--to-root-key-file",
        "redis.key",
    ];
    let refused = setting
        .migrate("redb:gate.redb", &setting.redis.url(), &wrong)
        .unwrap_err();
    assert!(refused.contains("another root key"), "{refused}");
}
