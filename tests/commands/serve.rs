//! `serve` and `check-config`.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use super::gateway::{ADMIN, Gateway, STORE, caller_identity, files, get, run, text, write};
use super::support::aws::AwsKeys;
use super::support::sts::{assert_refused, element};

#[test]
fn a_gateway_serves_without_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &[]);
    assert_eq!(get(&gateway, "/healthz").status, 200);
    assert_eq!(get(&gateway, "/readyz").status, 200);
    let made: std::collections::BTreeSet<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = ["audit", "rolegate.redb", "rolegate.redb.key"];
    assert_eq!(made, expected.map(str::to_owned).into());
}

/// The allocator tells what was built into it before it heeds the environment.
#[test]
fn the_allocator_has_its_settings_from_the_build() {
    let folder = tempfile::tempdir().unwrap();
    let told = ("MALLOC_CONF", "confirm_conf:true");
    let output = run(folder.path(), &["--version"], &[told]);
    let settings = text(&output.stderr);
    for setting in [
        "background_thread:true",
        "narenas_ratio:1",
        "dirty_decay_ms:1000",
    ] {
        let line = format!("-- Set conf value: {setting}\n");
        assert!(settings.contains(&line), "{setting}: {settings}");
    }
}

#[test]
fn in_memory_nothing_but_the_audit_log_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &[("ROLEGATE_STORE_URL", "memory:")]);
    assert_eq!(get(&gateway, "/readyz").status, 200);
    let made = std::fs::read_dir(folder.path()).unwrap();
    let made: Vec<_> = made.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(made, ["audit"]);
}

#[test]
fn the_first_administrator_is_the_environment_s() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &ADMIN);
    let answer = caller_identity(&gateway, &AwsKeys::admin());
    assert_eq!(
        element(&answer, "Arn"),
        "arn:aws:iam::123456789012:user/admin"
    );
    assert_eq!(element(&answer, "Account"), "123456789012");
    assert_eq!(answer.status, 200);
}

#[test]
fn the_first_administrator_s_account_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let account = ("ROLEGATE_ADMIN_ACCOUNT_ID", "000000000042");
    let gateway = Gateway::start(folder.path(), &[&ADMIN[..], &[account]].concat());
    let answer = caller_identity(&gateway, &AwsKeys::admin());
    assert_eq!(
        element(&answer, "Arn"),
        "arn:aws:iam::000000000042:user/admin"
    );
}

#[test]
fn without_the_variables_there_is_no_administrator() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &[]);
    let answer = caller_identity(&gateway, &AwsKeys::admin());
    assert_refused(&answer, 403, "InvalidClientTokenId");
}

#[test]
fn the_public_url_is_the_listener_s_unless_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &[("ROLEGATE_STORE_URL", "memory:")]);
    assert_eq!(get(&gateway, "/").status, 200);
    drop(gateway);
    let elsewhere = [
        ("ROLEGATE_STORE_URL", "memory:"),
        ("ROLEGATE_PUBLIC_URL", "http://localhost:1"),
    ];
    let gateway = Gateway::start(folder.path(), &elsewhere);
    assert_eq!(get(&gateway, "/healthz").status, 200);
}

#[test]
fn a_root_key_is_made_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    drop(Gateway::start(folder.path(), &[STORE]));
    let key = std::fs::metadata(folder.path().join("gate.redb.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(folder.path().join("gate.redb.key")).unwrap();
    assert_eq!(
        data_encoding::BASE64
            .decode(text.trim().as_bytes())
            .unwrap()
            .len(),
        32
    );
}

#[test]
fn a_root_key_s_file_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let key = data_encoding::BASE64.encode(&[7; 32]);
    std::fs::write(folder.path().join("root.key"), &key).unwrap();
    let path = folder.path().join("root.key");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let named = [STORE, ("ROLEGATE_ROOT_KEY_FILE", "root.key")];
    Gateway::start(folder.path(), &named).kill();
    assert!(!folder.path().join("gate.redb.key").exists());
    Gateway::start(folder.path(), &[STORE, ("ROLEGATE_ROOT_KEY", &key)]).kill();
}

#[test]
fn another_root_key_opens_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    Gateway::start(folder.path(), &[STORE]).kill();
    let other = data_encoding::BASE64.encode(&[9; 32]);
    let output = run(
        folder.path(),
        &["serve"],
        &[STORE, ("ROLEGATE_ROOT_KEY", &other)],
    );
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("the store is sealed under another root key"),
        "{told}"
    );
}

/// A new one in its place would open nothing, and be taken for the one that was lost.
#[test]
fn a_root_key_that_is_gone_is_missed_and_none_is_made_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    Gateway::start(folder.path(), &[STORE]).kill();
    let (key, away) = ("gate.redb.key", "elsewhere.key");
    let [key, away] = [key, away].map(|name| folder.path().join(name));
    std::fs::rename(&key, &away).unwrap();
    let output = run(folder.path(), &["serve"], &[STORE]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("put the key back"), "{told}");
    assert!(!key.exists());
    // It is the previous one where another is named.
    let other = data_encoding::BASE64.encode(&[9; 32]);
    let both = [
        STORE,
        ("ROLEGATE_ROOT_KEY", &*other),
        ("ROLEGATE_ROOT_KEY_PREVIOUS_FILE", "elsewhere.key"),
    ];
    Gateway::start(folder.path(), &both).kill();
    Gateway::start(folder.path(), &both[..2]).kill();
}

#[test]
fn a_store_that_is_in_use_is_not_opened_twice() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Gateway::start(folder.path(), &[STORE]);
    let told = Gateway::try_start(folder.path(), &[STORE]).err().unwrap();
    assert!(
        told.contains("another process has the store open"),
        "{told}"
    );
    let listen = ("ROLEGATE_LISTEN", "127.0.0.1:0");
    let second = run(folder.path(), &["serve"], &[STORE, listen]);
    assert_eq!(second.status.code(), Some(1));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(folder.path(), &["serve"], &[("ROLEGATE_LISTEN", &address)]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains(&format!("{address} can't be listened on")),
        "{told}"
    );
    assert!(
        !folder.path().join("rolegate.redb").exists(),
        "nothing was made"
    );
}

#[test]
fn a_gateway_that_is_told_to_stop_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &[STORE]);
    assert_eq!(get(&gateway, "/healthz").status, 200);
    let (status, log) = gateway.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn every_wrong_variable_is_named_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        ("ROLEGATE_LISTEN", "here"),
        ("ROLEGATE_STORE_URL", "redis://:p@x"),
        ("ROLEGATE_PUBLIC_URL", "http://example.com"),
        ("ROLEGATE_ALLOW_HTTP_ISSUERS", "http://example.com"),
        ("ROLEGATE_ROOT_KEY", "short"),
        ("ROLEGATE_ADMIN_ACCESS_KEY_ID", "x"),
        ("ROLEGATE_ADMIN_ACCOUNT_ID", "42"),
    ];
    let output = run(folder.path(), &["serve"], &wrong);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    for (name, _) in wrong {
        assert!(told.contains(name), "{name} in {told}");
    }
}

#[test]
fn a_settings_file_is_checked_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gate.toml");
    let wrong =
        "listen = 'here'\nlistn = 1\n[limits]\nbody_bytes = 1\n[sessions]\nidle_seconds = 'x'\n";
    std::fs::write(&file, wrong).unwrap();
    let output = run(folder.path(), &["check-config", "gate.toml"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    for path in [
        "listen:",
        "listn:",
        "limits.body_bytes:",
        "sessions.idle_seconds:",
    ] {
        assert!(told.contains(path), "{path} in {told}");
    }
    std::fs::write(&file, "listen = '127.0.0.1:0'\n").unwrap();
    let output = run(folder.path(), &["check-config", "gate.toml"], &[]);
    assert_eq!(text(&output.stdout), "gate.toml: no problems\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_example_settings_have_no_problem() {
    let folder = tempfile::tempdir().unwrap();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/rolegate.example.toml");
    let output = run(folder.path(), &["check-config", example], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn the_first_administrator_is_warned_of_once_there_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &ADMIN);
    let warnings = |gateway: &Gateway| {
        let report = get(gateway, "/readyz").json();
        report["warnings"].as_array().unwrap().len()
    };
    assert_eq!(warnings(&gateway), 0);
    let mut files = files("https://idp.example.com");
    let policy = &mut files
        .iter_mut()
        .find(|(path, _)| path.ends_with("read.json"))
        .unwrap()
        .1;
    *policy = policy.replace("s3:Get*", "rolegate:*");
    write(&folder.path().join("dir"), &files);
    let output = gateway.run(folder.path(), &["apply", "dir"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    // A report is kept for a second.
    let deadline = Instant::now() + Duration::from_secs(5);
    while warnings(&gateway) == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(warnings(&gateway), 1);
    let report = get(&gateway, "/readyz");
    assert_eq!(report.status, 200);
    assert!(
        report.text().contains("another administrator exists"),
        "{report:?}"
    );
}
