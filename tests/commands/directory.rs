//! `apply` and `export`.

use std::path::Path;

use super::gateway::{ADMIN, Gateway, STORE, export, files, run, text, write};
use super::support::aws::{ADMIN_KEY, AwsKeys, Call, Signing};
use super::support::clock::system_now;

const ISSUER: &str = "https://idp.example.com";
/// What the trust policy leaves open.
const WARNINGS: &str = concat!(
    "warning: accounts/123456789012/roles/Reader.trust.json: statement 1: no condition must hold on ",
    "\"idp.example.com:aud\", so that a token that the provider gave to any client in client_ids is accepted; ",
    "compare it by StringEquals\n",
    "warning: accounts/123456789012/roles/Reader.trust.json: statement 1: no condition must hold on ",
    "\"idp.example.com:sub\", so that everybody whom the provider vouches for is let in; compare it by ",
    "StringEquals or StringLike\n",
);
const READER: &str = "dir/accounts/123456789012/roles/Reader.toml";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("dir"), &files(ISSUER));
    folder
}

fn start(folder: &Path) -> Gateway {
    Gateway::start(folder, &[&ADMIN[..], &[STORE]].concat())
}

#[track_caller]
fn done(gateway: &Gateway, folder: &Path, arguments: &[&str]) -> String {
    let output = gateway.run(folder, arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_directory_is_applied_and_says_what_changed() {
    let folder = folder();
    let gateway = start(folder.path());
    let told = done(&gateway, folder.path(), &["apply", "dir"]);
    let expected = "put account 123456789012 (one)
put provider https://idp.example.com in 123456789012
put role Reader in 123456789012
@warnings@3 changed; the directory is at generation 2
";
    assert_eq!(told, expected.replace("@warnings@", WARNINGS));
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let folder = folder();
    let gateway = start(folder.path());
    let planned = done(&gateway, folder.path(), &["apply", "dir", "--dry-run"]);
    assert!(
        planned.ends_with("3 would change; the directory is at generation 1\n"),
        "{planned}"
    );
    let again = done(&gateway, folder.path(), &["apply", "dir", "--dry-run"]);
    assert_eq!(again, planned);
}

#[test]
fn an_export_applied_again_changes_nothing() {
    let folder = folder();
    let gateway = start(folder.path());
    done(&gateway, folder.path(), &["apply", "dir"]);
    let told = done(&gateway, folder.path(), &["export", "out"]);
    assert_eq!(told, "generation 2: 5 files in out\n");
    let again = done(&gateway, folder.path(), &["apply", "out"]);
    assert_eq!(
        again,
        [WARNINGS, "0 changed; the directory is at generation 2\n"].concat()
    );
}

#[test]
fn an_export_restores_roles_with_their_ids_in_another_gateway() {
    let (folder, other) = (folder(), tempfile::tempdir().unwrap());
    let first = start(folder.path());
    done(&first, folder.path(), &["apply", "dir"]);
    done(&first, folder.path(), &["export", "out"]);
    let second = start(other.path());
    let exported = folder.path().join("out");
    done(
        &second,
        other.path(),
        &["apply", exported.to_str().unwrap()],
    );
    done(&second, other.path(), &["export", "out"]);
    let role = "out/accounts/123456789012/roles/Reader.toml";
    let read = |folder: &Path| std::fs::read_to_string(folder.join(role)).unwrap();
    assert_eq!(read(other.path()), read(folder.path()));
    assert!(read(folder.path()).contains("AROA"));
}

#[test]
fn an_export_goes_to_an_empty_folder_only() {
    let folder = folder();
    let gateway = start(folder.path());
    let output = gateway.run(folder.path(), &["export", "dir"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "rolegate: dir is not empty; name a new folder\n"
    );
}

#[test]
fn every_file_with_a_problem_is_named() {
    let folder = folder();
    let gateway = start(folder.path());
    std::fs::write(folder.path().join(READER), "max_session_duration = 1").unwrap();
    std::fs::create_dir(folder.path().join("dir/links")).unwrap();
    std::fs::write(
        folder.path().join("dir/links/people.toml"),
        "connection = 'x'",
    )
    .unwrap();
    let output = gateway.run(folder.path(), &["apply", "dir"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    for file in [
        "accounts/123456789012/roles/Reader.toml: ",
        "links/people.toml: ",
    ] {
        assert!(told.contains(file), "{file} in {told}");
    }
    assert!(
        told.contains("the directory has problems and was not changed"),
        "{told}"
    );
}

#[test]
fn a_rule_whose_test_fails_refuses_the_whole() {
    let folder = folder();
    let gateway = start(folder.path());
    let more = [
        (
            "connections/people.toml",
            "display_name = 'People'\n[oidc]\nissuer = 'https://idp.example.com'\nclient_id = 'portal'\nclient_auth = 'none'\n",
        ),
        (
            "rules/readers.toml",
            "connections = ['people']
session_name = '{sub}'
roles = ['arn:aws:iam::123456789012:role/Reader']
when = { claim = 'groups', equals = 'readers' }
[[tests]]
name = 'A writer reads'
claims = { sub = 'ines', groups = ['writers'] }
roles = ['arn:aws:iam::123456789012:role/Reader']
",
        ),
    ];
    let more = more.map(|(path, text)| (path.to_owned(), text.to_owned()));
    write(&folder.path().join("dir"), &more);
    let output = gateway.run(folder.path(), &["apply", "dir"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("rules/readers: tests[0] (A writer reads): expected"),
        "{told}"
    );
    let exported = done(&gateway, folder.path(), &["export", "out"]);
    assert!(exported.starts_with("generation 1: 0 files"), "{exported}");
}

#[test]
fn a_directory_outlives_its_process() {
    let folder = folder();
    let gateway = start(folder.path());
    done(&gateway, folder.path(), &["apply", "dir"]);
    gateway.kill();
    let gateway = start(folder.path());
    let again = done(&gateway, folder.path(), &["apply", "dir"]);
    assert_eq!(
        again,
        [WARNINGS, "0 changed; the directory is at generation 2\n"].concat()
    );
}

#[test]
fn a_call_without_a_good_signature_is_refused_and_recorded() {
    let folder = folder();
    let gateway = start(folder.path());
    let admin = AwsKeys::admin();
    let wrong = AwsKeys {
        secret: "another/secret+another".to_owned(),
        ..admin.clone()
    };
    let unknown = AwsKeys {
        id: "AKIANOBODYNOBODYNOBO".to_owned(),
        ..admin.clone()
    };
    let (right, of_sts) = (Signing::admin(system_now()), Signing::at(system_now()));
    let signed = |keys, signing| export(&gateway).signed(keys, signing);
    for (call, code) in [
        (export(&gateway), "MissingAuthenticationToken"),
        (signed(&wrong, &right), "SignatureDoesNotMatch"),
        (signed(&unknown, &right), "InvalidClientTokenId"),
        (signed(&admin, &of_sts), "SignatureDoesNotMatch"),
    ] {
        let answer = call.send(gateway.address);
        let refusal = answer.json();
        assert_eq!(
            (answer.status, &refusal["error"]["code"]),
            (403, &code.into())
        );
        let audit = std::fs::read_to_string(folder.path().join("audit/audit.jsonl")).unwrap();
        let id = refusal["request_id"].as_str().unwrap();
        let record = audit.lines().find(|line| line.contains(id)).unwrap();
        assert!(record.contains(code), "{record}");
    }
}

#[test]
fn a_signature_over_another_body_is_refused() {
    let folder = folder();
    let gateway = start(folder.path());
    let signed = |body: &str| {
        let call = Call::admin(gateway.address, "/admin/v1/keys/rotate", body);
        call.signed(&AwsKeys::admin(), &Signing::admin(system_now()))
    };
    let keep = signed(r#"{"previous":"keep"}"#);
    assert_eq!(keep.send(gateway.address).status, 200);
    let burn = r#"{"previous":"burn"}"#;
    let altered = Call {
        body: burn.into(),
        ..keep
    };
    for (call, status, code) in [
        (altered, 403, "SignatureDoesNotMatch"),
        (signed(burn), 400, "MalformedInput"),
    ] {
        let answer = call.send(gateway.address);
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (status, &code.into())
        );
    }
}

#[test]
fn a_command_without_credentials_says_which_to_set() {
    let folder = folder();
    let output = run(folder.path(), &["apply", "dir"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        "{told}"
    );
}

#[test]
fn a_command_says_when_no_gateway_is_there() {
    let folder = folder();
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("http://{gone}");
    let output = run(
        folder.path(),
        &["export", "out", "--endpoint", &endpoint],
        &ADMIN,
    );
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("can't be reached"), "{told}");
    assert!(
        told.contains("is `rolegate serve` running there?"),
        "{told}"
    );
}

#[test]
fn a_command_takes_the_aws_variables_first() {
    let folder = folder();
    let gateway = start(folder.path());
    let endpoint = gateway.endpoint();
    let own = [
        ("AWS_ACCESS_KEY_ID", ADMIN_KEY),
        ("AWS_SECRET_ACCESS_KEY", "another/secret+another"),
    ];
    let variables = [&own[..], &ADMIN[..]].concat();
    let output = run(
        folder.path(),
        &["export", "out", "--endpoint", &endpoint],
        &variables,
    );
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("SignatureDoesNotMatch"), "{told}");
}
