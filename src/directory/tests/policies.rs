//! Managed policies with their versions, and instance profiles.

use super::assert_named;
use crate::directory::testing::{NOW, directory_of, with};
use crate::directory::{Directory, DirectoryFiles, Problem, check, examine, read, write};
use crate::domain::{AccountId, Partition, PolicyVersionId};
use crate::entropy::SystemEntropy;

const HOME: &str = "accounts/482011739056";
const READ: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
const LIST: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:List*","Resource":"*"}}"#;

/// The files with a policy whose own file says this, and these documents of other versions.
fn policy(own: &str, others: &[&str]) -> DirectoryFiles {
    let mut files = with(&format!("{HOME}/policies/Own.toml"), own);
    files.insert(format!("{HOME}/policies/Own.json"), READ.to_owned());
    for id in others {
        let path = format!("{HOME}/policies/Own.versions/{id}.json");
        files.insert(path, LIST.to_owned());
    }
    files
}

fn problems(files: &DirectoryFiles) -> Vec<Problem> {
    match read(files, &Directory::default(), NOW, &SystemEntropy) {
        Ok(directory) => check(&directory, Partition::Aws),
        Err(problems) => problems,
    }
}

fn version(text: &str) -> PolicyVersionId {
    text.parse().unwrap()
}

#[test]
fn a_policy_has_the_versions_of_its_files() {
    let own = "default_version = 'v3'\nlast_version = 'v7'\n[versions]\nv1 = 1795254000\n";
    let files = policy(own, &["v1", "v4"]);
    assert_eq!(problems(&files), []);
    let directory = directory_of(&files);
    let account = &directory.accounts[&"482011739056".parse::<AccountId>().unwrap()];
    let policy = &account.policies["Own"];
    let ids = ["v1", "v3", "v4"].map(version);
    assert_eq!(policy.version_ids(), ids);
    assert_eq!(policy.document.as_json(), READ);
    let (document, created_at) = policy.version(version("v1")).unwrap();
    assert_eq!(
        (document.as_json(), created_at.seconds()),
        (LIST, 1_795_254_000)
    );
    let mut next = policy.as_ref().clone();
    let id = next.add_version(READ.parse().unwrap(), NOW);
    assert_eq!(id, version("v8"));
    let again = directory_of(&write(&directory, Partition::Aws).unwrap());
    assert_eq!(again, directory);
}

/// What a file leaves out is not forgotten where it was known before.
#[test]
fn a_number_is_not_given_again_whatever_the_files_say() {
    let before = directory_of(&policy("last_version = 'v7'\n", &[]));
    let after = read(&policy("", &[]), &before, NOW, &SystemEntropy).unwrap();
    assert_eq!(after, before);
}

#[test]
fn versions_are_of_a_policy_and_five_at_most() {
    let at = format!("{HOME}/policies/Own");
    for (own, others, text) in [
        (
            "last_version = 'v1'\n",
            &["v2"][..],
            "last_version must not be below",
        ),
        ("default_version = 'v2'\n", &["v2"], "stands in <Name>.json"),
        ("", &["v2", "v3", "v4", "v5", "v6"], "at most 5 versions"),
    ] {
        assert_named(&problems(&policy(own, others)), &at, text);
    }
    let own = "[versions]\nv2 = 1795254000\n";
    let text = "there is no accounts/482011739056/policies/Own.versions/v2.json";
    assert_named(&problems(&policy(own, &[])), &[&at, ".toml"].concat(), text);
    for bad in ["v0", "2", "v01"] {
        let path = format!("{at}.versions/{bad}.json");
        assert_named(
            &problems(&policy("", &[bad])),
            &path,
            "policy version must be",
        );
    }
    let mut files = policy("", &["v2"]);
    files.remove(&format!("{at}.toml"));
    let path = format!("{at}.versions/v2.json");
    assert_named(&problems(&files), &path, "there is no accounts");
}

#[test]
fn an_instance_profile_is_read_as_it_is_written_and_has_a_role_of_its_account() {
    let path = format!("{HOME}/instance-profiles/Web.toml");
    let text = "path = '/x/'\nrole = 'Reader'\n[tags]\nteam = 'ops'\n";
    let directory = directory_of(&with(&path, text));
    assert_eq!(check(&directory, Partition::Aws), []);
    let again = directory_of(&write(&directory, Partition::Aws).unwrap());
    assert_eq!(again, directory);
    let at = format!("{HOME}/instance-profiles/Web");
    let missing = problems(&with(&path, "role = 'None'\n"));
    assert_named(&missing, &at, "the account has no role None");
    let mut twice = with(&path, "");
    twice.insert(format!("{HOME}/instance-profiles/WEB.toml"), String::new());
    assert_named(&problems(&twice), &at, "upper and lower case only");
    let other = format!("{HOME}/instance-profiles/Web.json");
    assert_named(&problems(&with(&other, "")), &other, "ends in .toml");
}

#[test]
fn a_principal_who_is_not_there_is_found_without_a_gateway() {
    let path = format!("{HOME}/roles/Reader.trust.json");
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::482011739056:user/ada"},"Action":"sts:AssumeRole"}}"#;
    let mut files = with(&path, trust);
    let find =
        |files: &DirectoryFiles| examine(files, Partition::Aws, NOW, &SystemEntropy).problems;
    assert_named(
        &find(&files),
        &path,
        "there is no arn:aws:iam::482011739056:user/ada",
    );
    files.insert(format!("{HOME}/users/ada.toml"), String::new());
    assert_eq!(find(&files), []);
}
