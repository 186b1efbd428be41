//! What a line holds, and that hostile text can't break it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::audit::json::is_deceptive;
use crate::audit::{CheckOutcome, Mfa};
use crate::domain::{IssuerName, Principal, ProvenPerson, Subject, UserPrincipal};

const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

pub(crate) fn occasion(name: &str) -> Occasion<'_> {
    Occasion {
        id: EventId::from_random([1; 16]),
        request: RequestId::from_random([2; 16]),
        at: NOW,
        source: EventSource::Sts,
        name: name.into(),
        read_only: ReadOnly::No,
        region: Cow::Owned(Region::us_east_1()),
        source_address: IpAddr::from([192, 0, 2, 7]),
        user_agent: Some("aws-cli/2.36.7".into()),
    }
}

fn role() -> RoleArn {
    "arn:aws:iam::123456789012:role/team/Deploy"
        .parse()
        .unwrap()
}

fn session() -> SessionPrincipal {
    SessionPrincipal {
        role: role(),
        role_id: "AROAABCDEFGHIJKLMNOPQ".parse().unwrap(),
        session: "ines".parse().unwrap(),
    }
}

fn key_id() -> AccessKeyId {
    "ASIARZPUZDIKGB2VALC4".parse().unwrap()
}

fn read(event: &Event<'_>) -> Value {
    serde_json::from_slice(&event.to_line().unwrap()).unwrap()
}

#[test]
fn issued_credentials_are_recorded_in_the_shape_of_cloudtrail() {
    let issuer: IssuerName = "https://idp.meridale.example".parse().unwrap();
    let subject: Subject = "ines".parse().unwrap();
    let lineage = Lineage {
        origin: Origin::Person(ProvenPerson {
            provider: ProviderRef::Connection("meridale".parse().unwrap()),
            issuer: issuer.clone(),
            subject: subject.clone(),
        }),
        rule: Some("deployers".parse().unwrap()),
        generation: 42,
        sign_in: None,
        through: Vec::new(),
    };
    let (role, key_id) = (role(), key_id());
    let event = Event::new(occasion("AssumeRoleWithWebIdentity"))
        .by(UserIdentity::federated(
            &issuer,
            Some(&"gateway".parse().unwrap()),
            &subject,
        ))
        .parameter(Parameter::RoleArn, role.as_str())
        .parameter(Parameter::DurationSeconds, 3600)
        .parameter(Parameter::TagKeys, ParameterValue::list(["team", "cost"]))
        .role(&role)
        .checks([
            Check::new("signature", CheckOutcome::Passed),
            Check::new("audience", CheckOutcome::Passed).compared("gateway", "gateway"),
        ])
        .lineage(&lineage)
        .assumed(&session())
        .issued(&key_id, NOW.plus(3600));
    insta::assert_snapshot!(serde_json::to_string_pretty(&read(&event)).unwrap());
}

#[test]
fn refusal_carries_code_message_and_the_failed_check() {
    let event = Event::new(occasion("AssumeRole"))
        .checks([Check::new("external id", CheckOutcome::Failed).compared("a", "b")])
        .refused("AccessDenied", "not authorized");
    let line = read(&event);
    assert_eq!(line["errorCode"], "AccessDenied");
    assert_eq!(line["errorMessage"], "not authorized");
    assert_eq!(line["responseElements"], Value::Null);
    assert_eq!(line["requestParameters"], Value::Null);
    assert_eq!(line["userIdentity"], json!({"type": "Unknown"}));
    assert_eq!(
        line["additionalEventData"]["checks"],
        json!([{"name": "external id", "outcome": "failed", "expected": "a", "found": "b"}])
    );
}

#[test]
fn caller_in_a_session_is_named_with_its_key_and_role() {
    let (session, key_id) = (session(), key_id());
    let principal = Principal::Session(session.clone());
    let identity = UserIdentity::of(&principal)
        .with_access_key(&key_id)
        .with_session(&session, NOW, Mfa::Present);
    let line = read(&Event::new(occasion("GetCallerIdentity")).by(identity));
    assert_eq!(
        line["userIdentity"],
        json!({
            "type": "AssumedRole",
            "principalId": "AROAABCDEFGHIJKLMNOPQ:ines",
            "arn": "arn:aws:sts::123456789012:assumed-role/Deploy/ines",
            "accountId": "123456789012",
            "accessKeyId": "ASIARZPUZDIKGB2VALC4",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAABCDEFGHIJKLMNOPQ",
                    "arn": "arn:aws:iam::123456789012:role/team/Deploy",
                    "accountId": "123456789012",
                    "userName": "Deploy"
                },
                "attributes": {
                    "creationDate": "2026-11-21T09:41:07Z",
                    "mfaAuthenticated": "true"
                }
            }
        })
    );
}

#[test]
fn user_is_named_with_its_id() {
    let principal = Principal::User(UserPrincipal {
        partition: crate::domain::Partition::Aws,
        account: "123456789012".parse().unwrap(),
        path: "/".parse().unwrap(),
        name: "ines".parse().unwrap(),
        unique_id: "AIDAABCDEFGHIJKLMNOPQ".parse().unwrap(),
    });
    let line = read(&Event::new(occasion("AssumeRole")).by(UserIdentity::of(&principal)));
    assert_eq!(line["userIdentity"]["type"], "IAMUser");
    assert_eq!(line["userIdentity"]["userName"], "ines");
    assert_eq!(line["userIdentity"]["principalId"], "AIDAABCDEFGHIJKLMNOPQ");
}

#[test]
fn a_repeated_parameter_keeps_its_last_value() {
    let event = Event::new(occasion("AssumeRole"))
        .parameter(Parameter::DurationSeconds, 900)
        .parameter(Parameter::DurationSeconds, 3600);
    let line = String::from_utf8(event.to_line().unwrap()).unwrap();
    assert_eq!(line.matches("durationSeconds").count(), 1);
    assert_eq!(read(&event)["requestParameters"]["durationSeconds"], 3600);
}

#[test]
fn the_largest_event_is_bounded() {
    // Every character of these is escaped as twelve bytes for four.
    let hostile = "\u{e0041}".repeat(100_000);
    let (hostile, role) = (hostile.as_str(), role());
    let value = ParameterValue::list(std::iter::repeat_n(hostile, 1000));
    let check = Check::new("claim", CheckOutcome::Failed).compared(hostile, hostile);
    let mut event = Event::new(occasion(hostile))
        .parameter(Parameter::PolicyArns, value)
        .checks(std::iter::repeat_n(check, 1000))
        .refused("ValidationError", hostile);
    for _ in 0..100 {
        event = event.role(&role);
    }
    let line = event.to_line().unwrap();
    assert!(line.len() < 400 * 1024, "{} bytes", line.len());
}

proptest! {
    #[test]
    fn hostile_text_in_any_field_stays_one_line_and_reads_back(
        text in ".{0,80}|[\u{0}-\u{a0}\u{2000}-\u{2070}\u{e0000}-\u{e0fff}\\\\\"{}]{0,80}"
    ) {
        let text = text.as_str();
        let mut hostile = occasion(text);
        hostile.user_agent = Some(Text::new(text));
        let event = Event::new(hostile)
            .parameter(Parameter::ExternalId, text)
            .parameter(Parameter::PolicyArns, ParameterValue::list([text]))
            .checks([Check::new("claim", CheckOutcome::Failed).compared(text, text)])
            .refused("ValidationError", text);
        let line = String::from_utf8(event.to_line().unwrap()).unwrap();
        let line = line.strip_suffix('\n').unwrap();
        prop_assert!(!line.chars().any(is_deceptive), "{line}");
        let read: Value = serde_json::from_str(line).unwrap();
        let cut = Text::<{ Occasion::MAX_NAME_BYTES }>::new(text);
        prop_assert_eq!(&read["eventName"], cut.as_str());
        for found in [
            &read["userAgent"],
            &read["errorMessage"],
            &read["requestParameters"]["externalId"],
            &read["requestParameters"]["policyArns"][0],
            &read["additionalEventData"]["checks"][0]["expected"],
            &read["additionalEventData"]["checks"][0]["found"],
        ] {
            prop_assert_eq!(found, text);
        }
    }
}

#[test]
fn a_person_is_named_by_the_protocol_of_the_issuer() {
    let subject: Subject = "ines".parse().unwrap();
    for (issuer, kind) in [
        (
            IssuerName::Oidc("https://idp.example".parse().unwrap()),
            "WebIdentityUser",
        ),
        (
            IssuerName::Saml("https://idp.example".parse().unwrap()),
            "SAMLUser",
        ),
    ] {
        let identity = UserIdentity::federated(&issuer, None, &subject);
        let event = read(&Event::new(occasion("SignIn")).by(identity));
        let identity = &event["userIdentity"];
        assert_eq!(identity["type"], kind);
        assert_eq!(identity["identityProvider"], "https://idp.example");
        assert_eq!(identity["principalId"], "https://idp.example:ines");
    }
}
