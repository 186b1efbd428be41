use std::process::Command;

use super::*;
use crate::domain::{AccessKeyId, SecretAccessKey, SessionToken, UnixTime};

const HOSTILE: &str = r#"'$(id)`id`\'\\"!;&|<>#%^~*?[]{}=,"'"#;

fn credentials(secret: &str) -> Credentials {
    Credentials {
        access_key_id: "ASIAY34FZKBOKMUTVV7A".parse::<AccessKeyId>().unwrap(),
        secret_access_key: SecretAccessKey::new(secret.to_owned()),
        session_token: SessionToken::new("rg1.k7.AAEC-_".to_owned()),
        expiration: UnixTime::from_seconds(1_795_266_845),
    }
}

fn formats(secret: &str) -> Result<Formats, NotGraphic> {
    Formats::new(&Source {
        credentials: &credentials(secret),
        sts_url: "https://keys.meridale.example",
        region: &"eu-central-1".parse().unwrap(),
        profile: &profile(Some("payments-prod"), "/", "ReadOnly"),
    })
}

fn profile(alias: Option<&str>, path: &str, name: &str) -> ProfileName {
    let role = format!("arn:aws:iam::482011739056:role{path}{name}");
    ProfileName::of(alias, &role.parse().unwrap())
}

fn text(snippet: &Snippet) -> String {
    snippet
        .lines()
        .iter()
        .map(|line| [&*line.lead, line.rest.expose(), "\n"].concat())
        .collect()
}

#[test]
fn each_format_reads_as_its_tool_expects() {
    let formats = formats("w9Xr/b0Tn4Lq8Yk2+Vd6mHcZs").unwrap();
    insta::assert_snapshot!("bash", text(&formats.bash));
    insta::assert_snapshot!("fish", text(&formats.fish));
    insta::assert_snapshot!("powershell", text(&formats.power_shell));
    insta::assert_snapshot!("profile", text(&formats.profile));
    insta::assert_snapshot!("config", text(&formats.config));
    insta::assert_snapshot!("json", text(&formats.json));
    insta::assert_snapshot!("process", text(&formats.process));
    insta::assert_snapshot!("process_config", text(&formats.process_config));
}

#[test]
fn a_real_shell_reads_back_every_character() {
    let script = text(&formats(HOSTILE).unwrap().bash) + r#"printf %s "$AWS_SECRET_ACCESS_KEY""#;
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), HOSTILE);
    assert!(output.stderr.is_empty());
}

#[test]
fn fish_escapes_backslash_and_quote() {
    let value = Graphic::new("", r"a'b\c\'").unwrap();
    assert_eq!(fish("X", value).rest.expose(), r" X 'a\'b\\c\\\''");
}

#[test]
fn power_shell_doubles_quotes() {
    let value = Graphic::new("", r"a'b$c`''").unwrap();
    assert_eq!(power_shell("X", value).rest.expose(), r" = 'a''b$c`'''''");
}

#[test]
fn json_gives_back_every_character() {
    let json = text(&formats(HOSTILE).unwrap().json);
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["SecretAccessKey"], HOSTILE);
    assert_eq!(read["Version"], 1);
}

#[test]
fn nothing_but_visible_ascii_is_pasted() {
    for secret in [
        "",
        "a b",
        "a\nid",
        "a\rid",
        "a\u{1b}[201~id",
        "a\0",
        "a\u{2019}b",
        "a\u{202e}b",
        "a\u{85}b",
    ] {
        let error = formats(secret).err();
        let expected = NotGraphic {
            what: "the secret access key",
        };
        assert_eq!(error, Some(expected), "{secret:?}");
    }
}

#[test]
fn a_profile_is_named_after_account_path_and_role() {
    for (alias, path, name, expected) in [
        (
            Some("payments-prod"),
            "/",
            "ReadOnly",
            "payments-prod-readonly",
        ),
        (
            Some("Payments Prod"),
            "/support/",
            "ReadOnly",
            "payments-prod-support-readonly",
        ),
        (None, "/", "Admin", "482011739056-admin"),
        (Some("]\n[x"), "/", "a@b", "x-a-b"),
        (Some("李"), "/", "Admin", "482011739056-admin"),
        (Some("default"), "/", "=", "default-account"),
    ] {
        assert_eq!(profile(alias, path, name).as_str(), expected);
    }
}

#[test]
fn a_profile_name_is_bounded() {
    let name = profile(Some(&"a".repeat(500)), "/", "b");
    assert_eq!(name.as_str().len(), ProfileName::MAX_CHARS);
}
