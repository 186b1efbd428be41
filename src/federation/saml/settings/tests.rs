//! Settings as they are written in files.

use super::*;

fn read(text: &str) -> Result<SamlSettings, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

const SHORT: &str = "entity_id = 'urn:idp'\nmetadata = 'upload'\n";
const LONG: &str = r#"
entity_id = "urn:idp"
metadata = { url = "https://idp.example.com/metadata?x=1", refresh_seconds = 600 }
request_binding = "post"
sign_requests = "always"
force_authn = true
requested_authn_context = { classes = ["urn:a", "urn:b"], comparison = "minimum" }
name_id_format = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
idp_initiated = true
audiences = ["urn:gateway"]
recipients = ["https://old.example.com/acs"]
second_opinion = false
attribute_aliases = ["usual_name", "friendly_name"]
aws_attributes = true
"#;

#[test]
fn what_is_left_out_is_the_careful_choice() {
    let settings = read(SHORT).unwrap();
    assert_eq!(settings.metadata, MetadataSource::Upload);
    assert_eq!(settings.request_binding, Binding::Redirect);
    assert_eq!(settings.sign_requests, SignRequests::WhenWanted);
    assert!(settings.second_opinion);
    assert!(!settings.idp_initiated && !settings.aws_attributes && !settings.force_authn);
    assert_eq!(settings.audiences.iter().count(), 0);
    assert!(settings.attribute_aliases.is_empty());
    let provider: SamlProviderSettings = toml::from_str("").unwrap();
    assert_eq!(provider, SamlProviderSettings::default());
    assert!(provider.second_opinion);
    assert_eq!(provider.replay, Replay::Reusable);
}

#[test]
fn settings_read_what_they_write() {
    let file = SHORT.replace("'upload'", "{ file = 'idp.xml' }");
    let daily = SHORT.replace("'upload'", "{ url = 'http://127.0.0.1:1/m' }");
    for text in [SHORT, LONG, &file, &daily] {
        let settings = read(text).unwrap();
        let written = toml::to_string(&settings).unwrap();
        assert_eq!(read(&written).unwrap(), settings);
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(
            serde_json::from_str::<SamlSettings>(&json).unwrap(),
            settings
        );
    }
}

#[test]
fn every_setting_is_read() {
    let settings = read(LONG).unwrap();
    let MetadataSource::Url { url, refresh } = &settings.metadata else {
        panic!("{:?}", settings.metadata)
    };
    assert_eq!(url.as_str(), "https://idp.example.com/metadata?x=1");
    assert_eq!(refresh.seconds(), 600);
    let context = settings.requested_authn_context.unwrap();
    assert_eq!(context.classes().len(), 2);
    assert_eq!(context.comparison(), AuthnContextComparison::Minimum);
    assert_eq!(settings.attribute_aliases.len(), 2);
    assert!(settings.force_authn && settings.idp_initiated && settings.aws_attributes);
    assert!(!settings.second_opinion);
}

/// Each change of [`LONG`] is refused, and says this.
#[track_caller]
fn assert_refused(changes: &[(&str, &str, &str)]) {
    for (from, to, why) in changes {
        assert!(LONG.contains(from), "{from}");
        let error = read(&LONG.replace(from, to)).unwrap_err();
        assert!(error.contains(why), "{to}: {error}");
    }
}

#[test]
fn a_wrong_source_of_metadata_is_named() {
    const BETWEEN: &str = "refresh_seconds must be 10 to 86400";
    const SHAPE: &str = "metadata must be \"upload\"";
    assert_refused(&[
        ("refresh_seconds = 600", "refresh_seconds = 9", BETWEEN),
        ("refresh_seconds = 600", "refresh_seconds = 86401", BETWEEN),
        ("refresh_seconds = 600", "file = 'x'", SHAPE),
        ("refresh_seconds = 600", "fil = 'x'", "unknown field `fil`"),
    ]);
    for url in [
        "file:///etc/passwd",
        "https://u@idp.example.com",
        "https:///metadata",
        "https://",
        "https://idp.example.com/#x",
    ] {
        assert_refused(&[(
            "https://idp.example.com/metadata?x=1",
            url,
            "metadata url must be",
        )]);
    }
    for source in ["'download'", "{}"] {
        let error = read(&SHORT.replace("'upload'", source)).unwrap_err();
        assert!(error.contains(SHAPE), "{source}: {error}");
    }
}

#[test]
fn a_wrong_setting_is_named() {
    let many = format!("[{}]", "'x', ".repeat(101));
    let recipient = "https://old.example.com/acs";
    assert_refused(&[
        ("\"urn:idp\"", "\"urn: idp\"", "entity id must be"),
        ("\"post\"", "\"artifact\"", "unknown variant `artifact`"),
        ("\"always\"", "\"never\"", "unknown variant `never`"),
        ("[\"urn:a\", \"urn:b\"]", "[]", "of one class at least"),
        ("\"urn:a\"", "\"urn a\"", "SAML identifier must be"),
        ("\"minimum\"", "\"least\"", "unknown variant `least`"),
        (recipient, "javascript:alert(1)", "recipient must be"),
        ("[\"urn:gateway\"]", &many, "list must be of at most 100"),
        ("\"usual_name\"", "\"nick\"", "unknown variant `nick`"),
        ("idp_initiated", "idp_init", "unknown field `idp_init`"),
    ]);
}
