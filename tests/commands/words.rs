//! What `--help` says.

use super::gateway::{run, text};

#[test]
fn every_command_says_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        ("rolegate", &[][..]),
        ("serve", &["serve"]),
        ("demo", &["demo"]),
        ("check-config", &["check-config"]),
        ("lint", &["lint"]),
        ("migrate", &["migrate"]),
        ("apply", &["apply"]),
        ("export", &["export"]),
        ("keys", &["keys"]),
        ("keys-rotate", &["keys", "rotate"]),
        (
            "connections-refresh-metadata",
            &["connections", "refresh-metadata"],
        ),
        ("connections-template", &["connections", "template"]),
        ("keys-rotate-saml", &["keys", "rotate-saml"]),
        ("keys-rotate-web-identity", &["keys", "rotate-web-identity"]),
        ("store-upgrade", &["store", "upgrade"]),
        ("revoke", &["revoke"]),
        ("revoke-person", &["revoke", "person"]),
        ("sessions", &["sessions"]),
        ("backup", &["backup"]),
        ("restore", &["restore"]),
        ("accounts", &["accounts"]),
        ("accounts-list", &["accounts", "list"]),
        ("accounts-create", &["accounts", "create"]),
        ("accounts-rename", &["accounts", "rename"]),
        ("accounts-remove", &["accounts", "remove"]),
        ("directory", &["directory"]),
        ("directory-log", &["directory", "log"]),
        ("directory-show", &["directory", "show"]),
        ("directory-diff", &["directory", "diff"]),
        ("directory-rollback", &["directory", "rollback"]),
        ("decisions", &["decisions"]),
        ("decisions-erase", &["decisions", "erase"]),
    ] {
        let output = run(folder.path(), &[arguments, &["--help"]].concat(), &[]);
        assert_eq!(output.status.code(), Some(0));
        insta::assert_snapshot!(name, text(&output.stdout));
    }
}

#[test]
fn an_unknown_command_is_a_mistake_of_usage() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["srve"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert!(told.contains("'serve'"), "{told}");
}
