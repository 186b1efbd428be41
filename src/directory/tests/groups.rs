//! Groups, and devices that no user has.

use std::sync::Arc;

use super::assert_named;
use crate::directory::testing::{NOW, files};
use crate::directory::{
    Change, Directory, DirectoryFiles, Group, Snapshot, User, check, lint, read, write,
};
use crate::domain::{AccountId, Partition};
use crate::entropy::SystemEntropy;

const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const USER_FILE: &str = "accounts/482011739056/users/ada.toml";
const GROUP_FILE: &str = "accounts/482011739056/groups/Builders.toml";
const GROUP_POLICY: &str = "accounts/482011739056/groups/Builders.policies/build.json";
const DEVICES_FILE: &str = "accounts/482011739056/mfa-devices.toml";
const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ci:*","Resource":"*"}}"#;

fn account() -> AccountId {
    "482011739056".parse().unwrap()
}

/// A user in a group, and a device that nobody has.
fn with_group() -> DirectoryFiles {
    let mut files = files();
    let device = format!("[[mfa_devices]]\nname = 'spare'\nseed = '{SEED}'\n");
    for (path, text) in [
        (USER_FILE, "groups = ['Builders']\n"),
        (GROUP_FILE, "path = '/teams/'\n"),
        (GROUP_POLICY, ALLOW),
        (DEVICES_FILE, &device),
    ] {
        files.insert(path.to_owned(), text.to_owned());
    }
    files
}

#[track_caller]
fn read_over(files: &DirectoryFiles, before: &Directory) -> Directory {
    read(files, before, NOW, &SystemEntropy).unwrap()
}

fn directory() -> Directory {
    read_over(&with_group(), &Directory::default())
}

fn group<'d>(directory: &'d Directory, name: &str) -> &'d Group {
    &directory.accounts[&account()].groups[name]
}

fn user(directory: &Directory) -> &User {
    &directory.accounts[&account()].users["ada"]
}

#[test]
fn a_group_and_a_device_come_from_files_and_go_back_there() {
    let first = directory();
    assert_eq!(check(&first, Partition::default()), []);
    let written = write(&first, Partition::Aws).unwrap();
    assert_eq!(written[GROUP_POLICY], ALLOW);
    assert!(!written[DEVICES_FILE].contains(SEED));
    assert_eq!(read_over(&written, &first), first);
    let problems = read(&written, &Directory::default(), NOW, &SystemEntropy).unwrap_err();
    assert_named(&problems, DEVICES_FILE, "so its seed must stand beside it");
}

#[test]
fn a_renamed_group_keeps_its_users() {
    let first = directory();
    let mut renamed = first.clone();
    let [old, new] = ["Builders", "Makers"].map(|name| name.parse().unwrap());
    let change = Change::RenameGroup(account(), old, new);
    assert_eq!(
        change.to_string(),
        "rename group Builders in 482011739056 to Makers"
    );
    renamed.apply(change.clone());
    assert_eq!(group(&renamed, "Makers"), group(&first, "Builders"));
    let names: Vec<_> = user(&renamed)
        .groups
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names, ["Makers"]);
    assert_eq!(check(&renamed, Partition::default()), []);
    // There is no group of the old name any more.
    let again = renamed.clone();
    renamed.apply(change);
    assert_eq!(renamed, again);
}

#[test]
fn a_group_is_not_renamed_to_one_that_is_there() {
    let mut files = with_group();
    let other = GROUP_FILE.replace("Builders", "Makers");
    files.insert(other, String::new());
    let mut directory = read_over(&files, &Directory::default());
    let before = directory.clone();
    let [old, new] = ["Builders", "Makers"].map(|name| name.parse().unwrap());
    directory.apply(Change::RenameGroup(account(), old, new));
    assert_eq!(directory, before);
}

#[test]
fn a_user_is_in_groups_that_there_are() {
    let mut files = with_group();
    files.remove(GROUP_FILE);
    files.remove(GROUP_POLICY);
    let found = check(
        &read_over(&files, &Directory::default()),
        Partition::default(),
    );
    let text = "the account has no group Builders; make it first";
    assert_named(&found, "accounts/482011739056/users/ada", text);
}

#[test]
fn a_policy_stands_beside_its_group() {
    let mut files = with_group();
    files.remove(GROUP_FILE);
    let problems = read(&files, &Directory::default(), NOW, &SystemEntropy).unwrap_err();
    assert_named(
        &problems,
        GROUP_POLICY,
        "there is no accounts/482011739056/groups/Builders.toml",
    );
}

#[test]
fn there_is_one_device_of_a_name() {
    let mut files = with_group();
    let text = format!("groups = ['Builders']\n[[mfa_devices]]\nname = 'SPARE'\nseed = '{SEED}'\n");
    files.insert(USER_FILE.to_owned(), text);
    let found = check(
        &read_over(&files, &Directory::default()),
        Partition::default(),
    );
    let text = "accounts/482011739056/users/ada has a device spare, too";
    assert_named(&found, "accounts/482011739056/mfa-devices", text);
}

#[test]
fn the_clock_of_a_device_is_no_further_away_than_it_can_be_set() {
    for (drift, is_good) in [(-11, false), (-10, true), (10, true), (i64::MAX, false)] {
        let mut files = with_group();
        let device = format!("[[mfa_devices]]\nname = 'phone'\nseed = '{SEED}'\ndrift = {drift}\n");
        files.insert(
            USER_FILE.to_owned(),
            format!("groups = ['Builders']\n{device}"),
        );
        let found = check(
            &read_over(&files, &Directory::default()),
            Partition::default(),
        );
        assert_eq!(found.is_empty(), is_good, "{drift}: {found:?}");
    }
}

#[test]
fn a_device_keeps_its_seed_when_it_is_given_to_a_user_or_taken_back() {
    let first = directory();
    let mut written = write(&first, Partition::Aws).unwrap();
    written.remove(DEVICES_FILE);
    let text = "groups = ['Builders']\n[[mfa_devices]]\nname = 'spare'\n";
    written.insert(USER_FILE.to_owned(), text.to_owned());
    let given = read_over(&written, &first);
    let device = &user(&given).mfa_devices["spare"];
    assert_eq!(device.seed().unwrap().expose(), b"12345678901234567890");
    let back = read_over(&write(&first, Partition::Aws).unwrap(), &given);
    assert_eq!(
        back.accounts[&account()].mfa_devices,
        first.accounts[&account()].mfa_devices
    );
}

#[test]
fn a_group_s_policies_are_called_by_the_group() {
    let snapshot = Snapshot::compile(1, Arc::new(directory()), Partition::default());
    let entry = snapshot
        .group(account(), &"Builders".parse().unwrap())
        .unwrap();
    let names: Vec<_> = entry.policies.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["group/Builders/build"]);
    assert!(
        snapshot
            .group(account(), &"Makers".parse().unwrap())
            .is_none()
    );
}

#[test]
fn what_a_group_s_policy_hardly_means_is_warned_of() {
    let mut files = with_group();
    let wide = ALLOW.replace("\"Action\"", "\"NotAction\"");
    files.insert(GROUP_POLICY.to_owned(), wide);
    let found = lint(&read_over(&files, &Directory::default()));
    let places: Vec<_> = found.warnings.iter().map(|warning| &*warning.at).collect();
    assert!(places.contains(&GROUP_POLICY), "{places:?}");
}
