//! Sessions through key rotations and restarts.

use std::path::Path;

use super::gateway::{ADMIN, Gateway, STORE, caller_identity, export, files, text, write};
use super::support::aws::{AwsKeys, Signing};
use super::support::clock::system_now;
use super::support::http::Response;
use super::support::keys::{SigningKey, sign_claims};
use super::support::provider::HostileProvider;
use super::support::sts::{assert_refused, assume_role, element};

const ROLE: &str = "arn:aws:iam::123456789012:role/Reader";

/// A gateway with a directory, and the provider that its role trusts.
struct Setting {
    folder: tempfile::TempDir,
    provider: HostileProvider,
    key: SigningKey,
    issuer: String,
}

impl Setting {
    fn new() -> Self {
        let (provider, key) = (HostileProvider::start(), SigningKey::ec_p256("k1"));
        provider.publish(&[&key]);
        let folder = tempfile::tempdir().unwrap();
        let issuer = provider.issuer();
        write(&folder.path().join("dir"), &files(&issuer));
        Self {
            folder,
            provider,
            key,
            issuer,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn start(&self) -> Gateway {
        let allowed = ("ROLEGATE_ALLOW_HTTP_ISSUERS", self.issuer.as_str());
        Gateway::start(self.path(), &[&ADMIN[..], &[STORE, allowed]].concat())
    }

    fn applied(&self) -> Gateway {
        let gateway = self.start();
        let output = gateway.run(self.path(), &["apply", "dir"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        gateway
    }

    fn assume(&self, gateway: &Gateway, seconds: u32) -> Response {
        let claims = self.provider.claims("ines", "app", system_now());
        let token = sign_claims(&claims, &self.key);
        let seconds = seconds.to_string();
        let changes = [("DurationSeconds", Some(seconds.as_str()))];
        assume_role(gateway.address, ROLE, &token, &changes)
    }

    fn session(&self, gateway: &Gateway) -> AwsKeys {
        let answer = self.assume(gateway, 3600);
        assert_eq!(answer.status, 200, "{answer:?}");
        AwsKeys::issued(&answer)
    }
}

#[track_caller]
fn assert_alive(gateway: &Gateway, keys: &AwsKeys) {
    let arn = element(&caller_identity(gateway, keys), "Arn");
    assert_eq!(arn, "arn:aws:sts::123456789012:assumed-role/Reader/ines");
}

#[track_caller]
fn assert_dead(gateway: &Gateway, keys: &AwsKeys) {
    assert_refused(&caller_identity(gateway, keys), 403, "InvalidClientTokenId");
}

#[test]
fn a_session_outlives_a_restart() {
    let setting = Setting::new();
    let gateway = setting.applied();
    let session = setting.session(&gateway);
    gateway.kill();
    assert_alive(&setting.start(), &session);
}

#[test]
fn a_session_ends_with_a_store_in_memory() {
    let setting = Setting::new();
    let gateway = setting.applied();
    let session = setting.session(&gateway);
    drop(gateway);
    let memory = ("ROLEGATE_STORE_URL", "memory:");
    assert_dead(&Gateway::start(setting.path(), &[memory]), &session);
}

#[test]
fn a_rotation_keeps_what_earlier_keys_sealed() {
    let setting = Setting::new();
    let gateway = setting.applied();
    let before = setting.session(&gateway);
    let output = gateway.run(setting.path(), &["keys", "rotate"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.starts_with("add sealing key "), "{told}");
    let after = setting.session(&gateway);
    assert_alive(&gateway, &before);
    assert_alive(&gateway, &after);
    gateway.kill();
    let gateway = setting.start();
    assert_alive(&gateway, &before);
    assert_alive(&gateway, &after);
}

#[test]
fn a_store_in_the_newest_format_needs_no_upgrade() {
    let setting = Setting::new();
    let gateway = setting.applied();
    let output = gateway.run(setting.path(), &["store", "upgrade"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("the newest that this version knows"),
        "{told}"
    );
}

#[test]
fn a_rotation_that_drops_earlier_keys_ends_their_sessions() {
    let setting = Setting::new();
    let gateway = setting.applied();
    let before = setting.session(&gateway);
    let output = gateway.run(setting.path(), &["keys", "rotate", "--drop-previous"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_dead(&gateway, &before);
    assert_alive(&gateway, &setting.session(&gateway));
}

#[test]
fn a_session_lasts_from_900_seconds_to_the_role_s_maximum() {
    let setting = Setting::new();
    let gateway = setting.applied();
    for (seconds, status) in [(899, 400), (900, 200), (3600, 200), (3601, 400)] {
        let answer = setting.assume(&gateway, seconds);
        assert_eq!(answer.status, status, "{seconds}: {answer:?}");
        if status == 400 {
            assert_eq!(element(&answer, "Code"), "ValidationError");
        }
    }
}

#[test]
fn a_session_may_not_administer_without_a_policy() {
    let setting = Setting::new();
    let gateway = setting.applied();
    let session = setting.session(&gateway);
    let answer = export(&gateway)
        .signed(&session, &Signing::admin(system_now()))
        .send(gateway.address);
    assert_eq!(
        (answer.status, &answer.json()["error"]["code"]),
        (403, &"AccessDenied".into())
    );
}

#[test]
fn a_plain_http_issuer_needs_to_be_listed() {
    let setting = Setting::new();
    let gateway = Gateway::start(setting.path(), &ADMIN);
    let output = gateway.run(setting.path(), &["apply", "dir"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("is plain http; use https"), "{told}");
}

#[test]
fn who_is_signed_in_is_listed() {
    let setting = Setting::new();
    let gateway = setting.applied();
    let told = |arguments: &[&str]| {
        let output = gateway.run(setting.path(), &[&["sessions"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    // Keys from STS are no browser's session.
    setting.session(&gateway);
    assert_eq!(told(&[]), "0 found, 0 listed\n");
    assert!(told(&["--json", "--role", ROLE]).contains("\"found\": 0"));
    for wrong in [&["--limit", "0"][..], &["--person", "ines"]] {
        let output = gateway.run(setting.path(), &[&["sessions"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    }
}
