//! `directory` and `accounts`.

use std::path::Path;

use super::gateway::{ADMIN, Gateway, STORE, files, text, write};

fn started() -> (tempfile::TempDir, Gateway) {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder.path().join("dir"),
        &files("https://idp.example.com"),
    );
    let gateway = Gateway::start(folder.path(), &[&ADMIN[..], &[STORE]].concat());
    (folder, gateway)
}

#[track_caller]
fn done(gateway: &Gateway, folder: &Path, arguments: &[&str]) -> String {
    let output = gateway.run(folder, arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn refused(gateway: &Gateway, folder: &Path, arguments: &[&str]) -> String {
    let output = gateway.run(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn what_was_changed_is_told_and_undone() {
    let (folder, gateway) = started();
    let ask = |arguments: &[&str]| done(&gateway, folder.path(), arguments);
    ask(&["apply", "dir"]);
    ask(&["accounts", "create", "210987654321", "--alias", "lab"]);

    let log = ask(&["directory", "log"]);
    assert!(log.starts_with("generation 3: "), "{log}");
    assert!(log.contains("\n  put account 210987654321 (lab)\ngeneration 2: "));
    assert!(log.contains("by arn:aws:iam::123456789012:user/admin, request "));
    let newest = ask(&["directory", "log", "--limit", "1"]);
    assert!(
        newest.ends_with("there are more; ask with --before 3\n"),
        "{newest}"
    );
    let shown = ask(&["directory", "show", "2"]);
    assert!(
        shown.ends_with("  put role Reader in 123456789012\n"),
        "{shown}"
    );
    let json = ask(&["directory", "log", "--json", "--before", "2"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["generations"][0]["generation"], 1);
    assert_eq!(
        ask(&["directory", "diff", "3", "2"]),
        "remove account 210987654321\n"
    );

    let planned = ask(&["directory", "rollback", "2", "--dry-run"]);
    assert!(planned.ends_with("1 would change; the directory is at generation 3\n"));
    let back = ask(&["directory", "rollback", "2", "--base", "3"]);
    assert!(back.starts_with("remove account 210987654321\n"), "{back}");
    assert!(back.ends_with("1 changed; the directory is at generation 4\n"));
    let stale = refused(
        &gateway,
        folder.path(),
        &["directory", "rollback", "3", "--base", "3"],
    );
    assert!(stale.contains("(Conflict)"), "{stale}");
    let none = refused(&gateway, folder.path(), &["directory", "show", "9"]);
    assert!(none.contains("there is no generation 9"), "{none}");
}

#[test]
fn accounts_are_listed_made_called_otherwise_and_removed() {
    let (folder, gateway) = started();
    let ask = |arguments: &[&str]| done(&gateway, folder.path(), arguments);
    ask(&["apply", "dir"]);
    let lab = ["--alias", "lab", "--environment", "sandbox"];
    ask(&[&["accounts", "create", "210987654321"], &lab[..]].concat());
    let name = [
        "accounts",
        "rename",
        "210987654321",
        "--name",
        "The \u{7}lab",
    ];
    let bad = gateway.run(folder.path(), &name);
    assert_eq!(bad.status.code(), Some(2), "{}", text(&bad.stdout));
    ask(&["accounts", "rename", "210987654321", "--name", "The lab"]);
    assert_eq!(
        ask(&["accounts", "list"]),
        "123456789012  one: 0 users, 1 roles, 0 policies, 1 providers\n\
        210987654321  lab (The lab): 0 users, 0 roles, 0 policies, 0 providers\n"
    );
    let first = ask(&["accounts", "list", "--limit", "1"]);
    assert!(first.ends_with("there are more; ask with --after 123456789012\n"));
    let full = refused(
        &gateway,
        folder.path(),
        &["accounts", "remove", "123456789012"],
    );
    assert!(full.contains("(DeleteConflict)"), "{full}");
    let gone = ask(&["accounts", "remove", "123456789012", "--with-contents"]);
    assert!(gone.starts_with("remove account 123456789012\n"), "{gone}");
    ask(&["accounts", "remove", "210987654321"]);
    assert_eq!(ask(&["accounts", "list"]), "");
}
