//! Services in files.

use super::assert_named;
use crate::directory::testing::{NOW, with};
use crate::directory::{
    Change, Directory, DirectoryFiles, Problem, Reach, check, diff, read, write,
};
use crate::domain::{Partition, ServiceName};
use crate::entropy::SystemEntropy;

const FILE: &str = "services/ci.example.com.toml";
const AT: &str = "services/ci.example.com";
const KEY: &str = "AKIARZPUZDIKAAAAAAAA";
const SECRET: &str = "a-secret-that-no-file-ever-holds-again";

/// The directory's files with a service that has a key.
fn with_service(more: &str) -> DirectoryFiles {
    let key = format!("[[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}'\n");
    with(FILE, &format!("description = 'Builds'\n{more}\n{key}"))
}

fn read_over(files: &DirectoryFiles, current: &Directory) -> Directory {
    read(files, current, NOW, &SystemEntropy).unwrap()
}

fn problems(files: &DirectoryFiles) -> Vec<Problem> {
    let directory = read_over(files, &Directory::default());
    check(&directory, Partition::default())
}

#[test]
fn a_secret_is_in_no_file_that_is_written_and_stays_where_none_gives_it() {
    let first = read_over(&with_service(""), &Directory::default());
    let written = write(&first, Partition::Aws).unwrap();
    assert!(written[FILE].contains(KEY) && !written[FILE].contains(SECRET));
    assert_eq!(read_over(&written, &first), first);
    assert!(!format!("{first:?}").contains(SECRET));
    let elsewhere = read(&written, &Directory::default(), NOW, &SystemEntropy).unwrap_err();
    assert_named(&elsewhere, FILE, "so its secret must stand beside it");
}

#[test]
fn a_service_without_accounts_reaches_every_one() {
    let name: ServiceName = "ci.example.com".parse().unwrap();
    let everywhere = read_over(&with_service(""), &Directory::default());
    assert_eq!(everywhere.services[&name].reach, Reach::EveryAccount);
    let bound = with_service("accounts = ['482011739056']");
    let bound = read_over(&bound, &Directory::default());
    let reach = &bound.services[&name].reach;
    assert!(reach.has("482011739056".parse().unwrap()));
    assert!(!reach.has("123456789012".parse().unwrap()));
}

#[test]
fn a_list_of_no_account_is_not_all_of_them() {
    let found = problems(&with_service("accounts = []"));
    assert_named(&found, AT, "accounts: list one at least");
    let found = problems(&with_service("accounts = ['310957264483']"));
    assert_named(&found, AT, "there is no account 310957264483");
}

#[test]
fn what_a_service_is_called_is_a_name_with_a_dot_in_lower_case() {
    for name in ["ci", "CI.example.com", "ci.example.com.", ".example.com"] {
        let path = format!("services/{name}.toml");
        let read = read(&with(&path, ""), &Directory::default(), NOW, &SystemEntropy);
        assert_named(&read.unwrap_err(), &path, "service name must be");
    }
}

#[test]
fn a_key_is_of_one_user_or_service_alone() {
    assert_eq!(problems(&with_service("")), []);
    let mut files = with_service("");
    let user = format!("[[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}'\n");
    files.insert("accounts/482011739056/users/ada.toml".to_owned(), user);
    assert_named(
        &problems(&files),
        AT,
        "has the access key AKIARZPUZDIKAAAAAAAA, too",
    );
    let mut files = with_service("");
    let other = files[FILE].clone();
    files.insert("services/other.example.com.toml".to_owned(), other);
    let text = "services/ci.example.com has the access key";
    assert_named(&problems(&files), "services/other.example.com", text);
}

#[test]
fn a_service_has_two_keys_at_most_and_each_is_one() {
    let key =
        |id: &str, secret: &str| format!("[[access_keys]]\nid = '{id}'\nsecret = '{secret}'\n");
    let three = ["A", "B", "C"].map(|last| key(&[KEY.get(..19).unwrap(), last].concat(), SECRET));
    let found = problems(&with(FILE, &three.concat()));
    assert_named(&found, AT, "access_keys: at most 2 of one holder");
    let found = problems(&with(FILE, &key("ASIARZPUZDIKAAAAAAAA", "short")));
    assert_named(&found, AT, "must begin with AKIA");
    assert_named(&found, AT, "must have 16 to 128 characters");
}

#[test]
fn a_service_is_put_after_the_accounts_and_removed_alone() {
    let without = read_over(&crate::directory::testing::files(), &Directory::default());
    let there = read_over(&with_service(""), &without);
    let changes: Vec<String> = diff(&without, &there)
        .iter()
        .map(Change::to_string)
        .collect();
    assert_eq!(changes, ["put service ci.example.com"]);
    let changes: Vec<String> = diff(&there, &without)
        .iter()
        .map(Change::to_string)
        .collect();
    assert_eq!(changes, ["remove service ci.example.com"]);
}
