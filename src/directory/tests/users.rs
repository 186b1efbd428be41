//! Users and managed policies in files.

use super::assert_named;
use crate::directory::testing::{NOW, files};
use crate::directory::{Directory, DirectoryFiles, KeyStatus, MfaDevice, check, read, write};
use crate::domain::{AccountId, Partition, UserName};
use crate::entropy::SystemEntropy;

const USER_FILE: &str = "accounts/482011739056/users/ada.toml";
const KEY: &str = "AKIARZPUZDIKAAAAAAAA";
const SECRET: &str = "a-secret-that-no-file-ever-holds-again";
const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// The directory's files with a user who has a key and a device.
fn with_user(more: &str) -> DirectoryFiles {
    let mut files = files();
    let text = format!(
        "path = '/engineering/'\nmanaged_policies = ['arn:aws:iam::aws:policy/PowerUserAccess']\n{more}\n\
         [[access_keys]]\nid = '{KEY}'\nsecret = '{SECRET}'\n\
         [[mfa_devices]]\nname = 'phone'\nseed = '{SEED}'\n"
    );
    files.insert(USER_FILE.to_owned(), text);
    files
}

fn read_over(files: &DirectoryFiles, current: &Directory) -> Directory {
    read(files, current, NOW, &SystemEntropy).unwrap()
}

fn user(directory: &Directory) -> &crate::directory::User {
    let account: AccountId = "482011739056".parse().unwrap();
    let name: UserName = "ada".parse().unwrap();
    &directory.accounts[&account].users[&name]
}

#[test]
fn secrets_are_in_no_file_that_is_written_and_stay_where_none_gives_them() {
    let first = read_over(&with_user(""), &Directory::default());
    let written = write(&first, Partition::Aws).unwrap();
    let all: String = written.values().map(String::as_str).collect();
    assert!(all.contains(KEY) && all.contains("phone"));
    assert!(!all.contains(SECRET) && !all.contains(SEED));
    assert_eq!(read_over(&written, &first), first);
    let key = user(&first).access_keys.values().next().unwrap();
    assert_eq!(key.secret().expose(), SECRET);
    assert!(!format!("{first:?}").contains(SECRET));
}

#[test]
fn a_key_that_is_new_needs_its_secret() {
    let first = read_over(&with_user(""), &Directory::default());
    let written = write(&first, Partition::Aws).unwrap();
    let problems = read(&written, &Directory::default(), NOW, &SystemEntropy).unwrap_err();
    assert_named(&problems, USER_FILE, "so its secret must stand beside it");
    assert_named(&problems, USER_FILE, "so its seed must stand beside it");
}

#[test]
fn a_user_of_another_id_takes_nothing_over() {
    let first = read_over(&with_user(""), &Directory::default());
    let mut written = write(&first, Partition::Aws).unwrap();
    let text = written.get_mut(USER_FILE).unwrap();
    let id = user(&first).unique_id.to_string();
    *text = text.replace(&id, "AIDAAAAAAAAAAAAAAAAAA");
    let problems = read(&written, &first, NOW, &SystemEntropy).unwrap_err();
    assert_named(&problems, USER_FILE, "so its secret must stand beside it");
}

#[test]
fn a_device_that_is_kept_without_a_seed_shows_no_code() {
    for damaged in ["", "AAAA", "not base32 at all"] {
        let kept = serde_json::json!({ "seed": damaged, "enabled_at": 0 });
        let device: MfaDevice = serde_json::from_value(kept).unwrap();
        assert!(device.seed().is_none(), "{damaged}");
    }
    let good = serde_json::json!({ "seed": SEED, "enabled_at": 0 });
    let good: MfaDevice = serde_json::from_value(good).unwrap();
    assert_eq!(good.seed().unwrap().expose().len(), 20);
}

#[test]
fn a_key_can_be_switched_off() {
    let first = read_over(&with_user(""), &Directory::default());
    let mut written = write(&first, Partition::Aws).unwrap();
    let text = written.get_mut(USER_FILE).unwrap();
    *text = text.replace("Active", "Inactive");
    let second = read_over(&written, &first);
    let key = user(&second).access_keys.values().next().unwrap();
    assert_eq!(key.status, KeyStatus::Inactive);
    assert_eq!(key.secret().expose(), SECRET);
}

#[test]
fn what_users_have_must_be_there_and_be_theirs_alone() {
    let problems = |files: &DirectoryFiles| {
        check(
            &read_over(files, &Directory::default()),
            Partition::default(),
        )
    };
    let good = with_user("");
    assert_eq!(problems(&good), []);
    let mut files = with_user("permissions_boundary = 'arn:aws:iam::482011739056:policy/None'");
    let found = problems(&files);
    assert_named(
        &found,
        "accounts/482011739056/users/ada",
        "permissions_boundary: there is no policy",
    );
    let again = files[USER_FILE].replace("permissions_boundary", "# permissions_boundary");
    files.insert(USER_FILE.to_owned(), again.clone());
    files.insert("accounts/482011739056/users/ADA.toml".to_owned(), again);
    let found = problems(&files);
    assert_named(
        &found,
        "accounts/482011739056/users/ada",
        "differs in upper and lower case only",
    );
    assert_named(
        &found,
        "accounts/482011739056/users/ada",
        "has the access key AKIARZPUZDIKAAAAAAAA, too",
    );
    let foreign = good[USER_FILE].replace(
        "iam::aws:policy/PowerUserAccess",
        "iam::123456789012:policy/Other",
    );
    files.remove("accounts/482011739056/users/ADA.toml");
    files.insert(USER_FILE.to_owned(), foreign);
    let found = problems(&files);
    assert_named(
        &found,
        "accounts/482011739056/users/ada",
        "managed_policies: there is no policy",
    );
}
