//! What an administrator sees.

use std::borrow::Cow;

use serde_json::json;

use super::*;
use crate::audit::{Check, Event, EventId, EventSource, Occasion, Parameter, ReadOnly};
use crate::decisions::{Beside, steps};
use crate::domain::{ClaimSource, Claims, ProviderRef, Region, RequestId, UnixTime};
use crate::mapping::Comparison;

const HOSTILE: &str = "\u{1b}[2J\u{202e}x\r\ny\u{9b}31m";

fn event() -> Event<'static> {
    Event::new(Occasion {
        id: EventId::from_random([1; 16]),
        request: RequestId::from_random([7; 16]),
        at: UnixTime::from_seconds(1_795_254_067),
        source: EventSource::SignIn,
        name: "TakeRoleCredentials".into(),
        read_only: ReadOnly::No,
        region: Cow::Owned(Region::us_east_1()),
        source_address: [198, 51, 100, 7].into(),
        user_agent: Some("Firefox".into()),
    })
}

fn refused<'a>(event: Event<'a>, check: &'static str) -> Event<'a> {
    event
        .checks([Check::new(check, CheckOutcome::Failed)])
        .refused("AccessDenied", "no mapping rule gives this role")
}

fn rule(near: Option<NearMiss>, value: &str) -> RuleTrace {
    RuleTrace {
        rule: "10-admins".parse().unwrap(),
        description: String::new(),
        outcome: RuleOutcome::Failed(Failure {
            at: "when".to_owned(),
            comparison: Comparison::Equals,
            wanted: "Admins".to_owned(),
            claim: "groups".parse().unwrap(),
            seen: Seen::Values {
                first: vec![value.to_owned()],
                more: 2,
            },
            near_miss: near,
        }),
    }
}

fn told(event: &Event<'_>, beside: Beside<'_>) -> String {
    let (_, trace) = Trace::of(event, beside);
    let bytes = postcard::to_stdvec(&trace).unwrap();
    let decision: Trace<'static> = postcard::from_bytes(&bytes).unwrap();
    let steps = steps(&decision);
    let line = line(&decision);
    [line, whole(&Decision { steps, decision })].join("\n")
}

#[test]
fn a_refusal_shows_at_a_glance_what_failed_and_what_to_do() {
    let rules = [rule(Some(NearMiss::Case("admins".to_owned())), "admins")];
    let role = "arn:aws:iam::123456789012:role/Admin".parse().unwrap();
    let event = refused(event(), "mapping rules")
        .parameter(Parameter::DurationSeconds, 3600)
        .role(&role)
        .mapping(&rules);
    let claims = json!({"email": "ines@example.com", "email_verified": true, "groups": ["admins", "b", "c"]});
    let claims = Claims::from_json(claims.as_object().unwrap(), ClaimSource::IdToken);
    let issuer = "https://idp.example.com".parse().unwrap();
    let subject = "mrd-20417".parse().unwrap();
    let provider = ProviderRef::Connection("workforce".parse().unwrap());
    let beside = Beside {
        person: Some((&issuer, &subject)),
        provider: Some(&provider),
        claims: Some(&claims),
        ..Beside::default()
    };
    insta::assert_snapshot!(told(&event, beside));
}

#[test]
fn nothing_that_came_from_outside_reaches_a_terminal() {
    let rules = [rule(
        Some(NearMiss::Whitespace(HOSTILE.to_owned())),
        HOSTILE,
    )];
    let event = event()
        .checks([Check::new("trust policy", CheckOutcome::Failed).compared(HOSTILE, HOSTILE)])
        .refused("AccessDenied", HOSTILE)
        .parameter(Parameter::RoleSessionName, HOSTILE)
        .mapping(&rules);
    let claims = json!({"name": HOSTILE, HOSTILE: [HOSTILE]});
    let claims = Claims::from_json(claims.as_object().unwrap(), ClaimSource::IdToken);
    let issuer = "https://idp.example.com".parse().unwrap();
    let subject = "a\u{202e}b".parse().unwrap();
    let verdicts = [RoleVerdict {
        role: "arn:aws:iam::123456789012:role/Admin".parse().unwrap(),
        rule: "a".parse().unwrap(),
        is_permitted: false,
        because: HOSTILE.to_owned(),
    }];
    let beside = Beside {
        person: Some((&issuer, &subject)),
        claims: Some(&claims),
        roles: &verdicts,
        ..Beside::default()
    };
    let told = told(&event, beside);
    let shown = told.chars().filter(|character| *character != '\n');
    let deceptive: Vec<char> = shown.filter(|character| is_deceptive(*character)).collect();
    assert_eq!(deceptive, [] as [char; 0], "{told}");
    assert!(told.contains("\\u{202e}"), "{told}");
    assert!(!told.lines().any(|line| line.starts_with('y')), "{told}");
}

#[test]
fn what_limited_a_duration_is_marked() {
    let key = "ASIARZPUZDIKCBIGNLAH".parse().unwrap();
    let event = event()
        .parameter(Parameter::DurationSeconds, 43_200)
        .issued(&key, UnixTime::from_seconds(1_795_257_667));
    let bounds = [
        crate::decisions::TracedBound {
            of: "the role's maximum".into(),
            seconds: 3600,
        },
        crate::decisions::TracedBound {
            of: "the end of the sign-in".into(),
            seconds: 40_000,
        },
    ];
    let beside = Beside {
        bounds: &bounds,
        ..Beside::default()
    };
    let told = told(&event, beside);
    assert!(
        told.contains("3600 s: the role's maximum <- this limited it"),
        "{told}"
    );
    assert!(!told.contains("sign-in <-"), "{told}");
    assert!(told.contains("ASIARZPUZDIKCBIGNLAH until"), "{told}");
}
