//! `lint`, and what `apply` says beside its work.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::gateway::{ADMIN, Gateway, STORE, files, program, run, text, write};

const TRUST: &str = "dir/accounts/123456789012/roles/Reader.trust.json";
const OPEN: &str = "warning: accounts/123456789012/roles/Reader.trust.json: statement 1: no condition must hold on \"idp.example.com:";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder.path().join("dir"),
        &files("https://idp.example.com"),
    );
    folder
}

fn lint(folder: &Path, more: &[&str]) -> Output {
    run(folder, &[&["lint", "dir"], more].concat(), &[])
}

/// Narrows the role to a client and a subject.
fn narrow(folder: &Path) {
    let file = folder.join(TRUST);
    let trust = std::fs::read_to_string(&file).unwrap();
    let narrowed = trust.replace(
        r#""Action""#,
        r#""Condition":{"StringEquals":{"idp.example.com:aud":"app","idp.example.com:sub":"ines"}},"Action""#,
    );
    assert_ne!(trust, narrowed);
    std::fs::write(file, narrowed).unwrap();
}

#[test]
fn what_policies_hardly_mean_is_told_without_a_gateway() {
    let folder = folder();
    let output = lint(folder.path(), &[]);
    let told = text(&output.stdout);
    assert!(output.status.success(), "{told}");
    for start in [[OPEN, "aud\""].concat(), [OPEN, "sub\""].concat()] {
        assert!(told.lines().any(|line| line.starts_with(&start)), "{told}");
    }
    assert!(told.ends_with("\nno problems, 2 warnings\n"), "{told}");
    let denied = lint(folder.path(), &["--deny-warnings"]);
    assert_eq!(denied.status.code(), Some(1));
    assert_eq!(text(&denied.stderr), "rolegate: no problems, 2 warnings\n");
    narrow(folder.path());
    let narrowed = lint(folder.path(), &["--deny-warnings"]);
    assert!(narrowed.status.success(), "{}", text(&narrowed.stderr));
    assert_eq!(text(&narrowed.stdout), "no problems, no warnings\n");
}

#[test]
fn what_apply_would_refuse_is_told_without_a_gateway() {
    let folder = folder();
    narrow(folder.path());
    let policy = folder
        .path()
        .join("dir/accounts/123456789012/roles/Reader.policies/read.json");
    std::fs::write(
        policy,
        r#"{"Statement":{"Effect":"Allow","Action":"s3:*"}}"#,
    )
    .unwrap();
    let output = lint(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stdout),
        "problem: accounts/123456789012/roles/Reader.policies/read.json: statement 1: add the element Resource (IAM: Policy statement must contain resources.)\n"
    );
    assert_eq!(text(&output.stderr), "rolegate: 1 problem, no warnings\n");
    let json = lint(folder.path(), &["--json"]);
    assert_eq!(json.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&json.stdout).unwrap();
    let problem = &told["problems"][0];
    assert_eq!(problem["text"], "statement 1: add the element Resource");
    assert_eq!(
        problem["iam_message"],
        "Policy statement must contain resources."
    );
}

#[test]
fn arns_of_another_partition_are_problems_there_alone() {
    let folder = folder();
    narrow(folder.path());
    let role = folder
        .path()
        .join("dir/accounts/123456789012/roles/Reader.toml");
    let arn = "arn:aws-cn:iam::aws:policy/AmazonS3ReadOnlyAccess";
    std::fs::write(role, format!("managed_policies = ['{arn}']\n")).unwrap();
    let output = lint(folder.path(), &[]);
    let told = text(&output.stdout);
    assert!(
        told.contains(&format!("there is no policy {arn}")),
        "{told}"
    );
    assert_eq!(output.status.code(), Some(1));
    let output = lint(folder.path(), &["--partition", "aws-cn"]);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

#[test]
fn an_apply_warns_in_every_mode_and_every_time() {
    let folder = folder();
    let gateway = Gateway::start(folder.path(), &[&ADMIN[..], &[STORE]].concat());
    for arguments in [
        &["apply", "dir", "--dry-run"][..],
        &["apply", "dir"],
        &["apply", "dir"],
    ] {
        let output = gateway.run(folder.path(), arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let told = text(&output.stdout);
        let warnings = told.lines().filter(|line| line.starts_with(OPEN));
        assert_eq!(warnings.count(), 2, "{told}");
    }
    narrow(folder.path());
    let told = text(&gateway.run(folder.path(), &["apply", "dir"]).stdout);
    assert!(!told.contains("warning: "), "{told}");
}

#[test]
fn an_apply_tells_a_refused_policy_in_the_words_of_iam_as_well() {
    let folder = folder();
    let gateway = Gateway::start(folder.path(), &[&ADMIN[..], &[STORE]].concat());
    std::fs::write(folder.path().join(TRUST), "{").unwrap();
    let output = gateway.run(folder.path(), &["apply", "dir"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    let line = told
        .lines()
        .find(|line| line.contains("roles/Reader.trust.json: write the policy as JSON"));
    assert!(
        line.is_some_and(|line| line.ends_with("(IAM: This policy contains invalid Json)")),
        "{told}"
    );
}

/// As after `| head -1`.
#[test]
fn whoever_reads_no_farther_is_told_of_no_failure() {
    let folder = folder();
    let (nobody, output) = std::io::pipe().unwrap();
    drop(nobody);
    let mut lint = program(folder.path(), &["lint", "dir"], &[]);
    let ended = lint.stdout(output).output().unwrap();
    assert_eq!(text(&ended.stderr), "");
    // Nobody is told either that all is well.
    assert_eq!(ended.status.code(), Some(1));
}
