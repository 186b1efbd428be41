use super::assert_named;
use crate::directory::testing::{
    NOW, READER_FILE, READER_TRUST, directory_of, edited, edited_in, files, with, without,
};
use crate::directory::{
    Directory, DirectoryFiles, Findings, MAX_WARNINGS, PolicyWarnings, Problem, examine, lint, read,
};
use crate::domain::Partition;
use crate::entropy::SystemEntropy;

const ADMIN_TRUST: &str = "accounts/123456789012/roles/Admin.trust.json";
const WIDE: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}"#;

fn warned(found: &PolicyWarnings) -> Vec<&str> {
    found.warnings.iter().map(|it| it.at.as_str()).collect()
}

fn examined(files: &DirectoryFiles) -> Findings {
    examine(files, Partition::Aws, NOW, &SystemEntropy)
}

/// The files with a user whose key and device stand there as `export` writes them.
fn with_a_user(policy: &str) -> DirectoryFiles {
    let user = "[[access_keys]]\nid = 'AKIAQYLPMN5HADAAAAAA'\n[[mfa_devices]]\nname = 'phone'\n";
    let mut files = with("accounts/482011739056/users/ada.toml", user);
    let inline = "accounts/482011739056/users/ada.policies/own.json";
    files.insert(inline.to_owned(), policy.to_owned());
    files
}

#[test]
fn what_a_trust_policy_leaves_open_is_told_by_its_file() {
    let found = lint(&directory_of(&files()));
    assert_eq!(warned(&found), [ADMIN_TRUST, ADMIN_TRUST, READER_TRUST]);
    let texts: Vec<&str> = found.warnings.iter().map(|it| it.text.as_str()).collect();
    for (text, key) in texts.iter().zip([":aud", ":sub", ":sub"]) {
        let start = format!("statement 1: no condition must hold on \"idp.example.com{key}\"");
        assert!(text.starts_with(&start), "{text}");
    }
    assert_eq!((found.number(), found.more_warnings), (3, 0));
}

/// Whoever has no token that STS takes comes by the portal, where a rule says who has the role.
#[test]
fn a_client_of_the_portal_alone_needs_no_subject() {
    let warned_of = |audiences: &str| {
        let files = edited(READER_TRUST, r#"["sts","portal"]"#, audiences);
        let found = lint(&directory_of(&files));
        warned(&found).contains(&READER_TRUST)
    };
    for (audiences, is_odd) in [
        (r#""portal""#, false),
        (r#"["portal","other"]"#, false),
        (r#""sts""#, true),
        (r#"["portal","sts"]"#, true),
    ] {
        assert_eq!(warned_of(audiences), is_odd, "{audiences}");
    }
    // What is like a client that STS takes is taken.
    let files = edited(READER_TRUST, r#"["sts","portal"]"#, r#""*t*""#);
    let files = edited_in(files, READER_TRUST, "StringEquals", "StringLike");
    let found = lint(&directory_of(&files));
    assert!(warned(&found).contains(&READER_TRUST));
}

#[test]
fn policies_of_every_kind_are_looked_at() {
    let mut files = with_a_user(WIDE);
    for path in [
        "accounts/482011739056/roles/Reader.policies/read.json",
        "accounts/482011739056/policies/Wide.json",
    ] {
        files.insert(path.to_owned(), WIDE.to_owned());
    }
    files.insert(
        "accounts/482011739056/policies/Wide.toml".to_owned(),
        String::new(),
    );
    let found = examined(&files).warnings;
    assert_eq!(
        warned(&found),
        [
            ADMIN_TRUST,
            ADMIN_TRUST,
            "accounts/482011739056/policies/Wide.json",
            "accounts/482011739056/roles/Reader.policies/read.json",
            READER_TRUST,
            "accounts/482011739056/users/ada.policies/own.json",
        ]
    );
}

#[test]
fn so_many_are_told_and_the_others_counted() {
    let one = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#;
    let many = vec![one; 350].join(",");
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{many}]}}"#);
    let mut files = files();
    for name in ["a", "b", "c"] {
        let path = format!("accounts/482011739056/roles/Reader.policies/{name}.json");
        files.insert(path, policy.clone());
    }
    let found = lint(&directory_of(&files));
    assert_eq!(
        (found.warnings.len(), found.more_warnings),
        (MAX_WARNINGS, 53)
    );
}

#[test]
fn a_policy_that_is_refused_is_told_in_the_words_of_iam_as_well() {
    let files = edited(READER_TRUST, r#""Action""#, r#""Resource":"*","Action""#);
    let path = "accounts/482011739056/roles/Reader.policies/read.json";
    let files = edited_in(files, path, r#""Action":"s3:Get*","#, "");
    let problems = read(&files, &Directory::default(), NOW, &SystemEntropy).unwrap_err();
    let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(
        told,
        [
            format!(
                "{READER_TRUST}: statement 1: remove Resource, which this kind of policy does not have (IAM: Has prohibited field Resource)"
            ),
            format!(
                "{path}: statement 1: add the element Action (IAM: Policy statement must contain actions.)"
            ),
        ]
    );
}

#[test]
fn files_are_examined_without_the_secrets_that_a_directory_keeps() {
    let files = with_a_user(WIDE);
    assert_eq!(examined(&files).problems, []);
    let problems = read(&files, &Directory::default(), NOW, &SystemEntropy).unwrap_err();
    let at = "accounts/482011739056/users/ada.toml";
    assert_named(&problems, at, "AKIAQYLPMN5HADAAAAAA is new here");
    assert_named(&problems, at, "phone is new here");
}

#[test]
fn files_are_examined_as_far_as_they_can_be_read() {
    let found = examined(&edited(READER_FILE, "7200", "'long'"));
    assert_named(&found.problems, READER_FILE, "max_session_duration");
    assert_eq!(warned(&found.warnings), [ADMIN_TRUST, ADMIN_TRUST]);
    let found = examined(&without("connections/"));
    assert_named(
        &found.problems,
        "links/workforce",
        "there is no connection workforce",
    );
}
