use super::*;
use crate::federation::saml::testing::{
    ACS, AUDIENCE, EXPECTED, ISSUER, PERSON, PROVIDER, REQUEST, Signed, accept, draft, read,
    response, response_with,
};
use crate::federation::saml::xml::ShapeError;
use crate::federation::testing::NOW;

const CONDITIONS: &str =
    "<saml:Conditions NotBefore=\"2026-11-21T09:41:00Z\" NotOnOrAfter=\"2026-11-21T10:41:05Z\">";
const RESTRICTION: &str = "<saml:AudienceRestriction><saml:Audience>https://sso.example.com/saml</saml:Audience></saml:AudienceRestriction>";
const DATA: &str = "<saml:SubjectConfirmationData InResponseTo=\"_q1\" NotOnOrAfter=\"2026-11-21T09:46:05Z\" Recipient=\"https://sso.example.com/saml/acs\"/>";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// The error of a response that was good before `from` became `to`.
fn error(from: &str, to: &str) -> SamlError {
    accept(&response_with(from, to)).unwrap_err()
}

fn error_at(now: UnixTime) -> SamlError {
    let text = response(Signed::Assertion);
    read(&text).unwrap().accept(&EXPECTED, now).unwrap_err()
}

/// What comes of a good response, or one that was changed outside of its signature, where something
/// else is expected.
fn accept_as(text: &str, expected: &Expected<'_>) -> Result<AcceptedAssertion, SamlError> {
    read(text).unwrap().accept(expected, NOW)
}

fn is_missing(error: &SamlError, name: &str) -> bool {
    match error {
        SamlError::Shape(ShapeError::Missing { child, .. }) => *child == name,
        SamlError::Shape(ShapeError::MissingAttribute { attribute, .. }) => *attribute == name,
        _ => false,
    }
}

#[test]
fn a_good_response_is_accepted_and_says_what_it_is() {
    for by in Signed::BY_SOMEBODY {
        let accepted = accept(&response(by)).unwrap();
        assert_eq!(accepted.id(), "_a1");
        assert_eq!(accepted.issuer(), ISSUER);
        assert_eq!(accepted.name_id().value, PERSON);
        assert_eq!(accepted.audience(), AUDIENCE);
        assert_eq!(accepted.recipient(), ACS);
        assert_eq!(accepted.issued_at().to_string(), "2026-11-21T09:41:05Z");
        assert_eq!(accepted.ends_at().to_string(), "2026-11-21T09:46:05Z");
        assert_eq!(
            accepted.authentication().at.to_string(),
            "2026-11-21T09:40:00Z"
        );
        assert_eq!(accepted.attributes().len(), 1);
        assert!(!accepted.is_for_one_use());
    }
}

#[test]
fn s54_another_issuer_is_refused_wherever_it_stands() {
    let other = "https://idp.example.com/metadata/";
    let wrong = SamlError::Issuer {
        expected: Quoted::new(ISSUER),
        found: Quoted::new(other),
    };
    let issuer = ["<saml:Issuer>", ISSUER].concat();
    assert_eq!(error(&issuer, &["<saml:Issuer>", other].concat()), wrong);
    let of_response = ["SAML:2.0:assertion\">", ISSUER].concat();
    let text = response(Signed::Assertion);
    let changed = text.replace(&of_response, &["SAML:2.0:assertion\">", other].concat());
    assert_ne!(changed, text);
    assert_eq!(accept(&changed).unwrap_err(), wrong);
    let format = "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">";
    assert!(accept(&response_with("<saml:Issuer>", format)).is_ok());
    let format = "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">";
    assert!(matches!(
        error("<saml:Issuer>", format),
        SamlError::Malformed { .. }
    ));
}

#[test]
fn s43_the_recipient_and_the_destination_are_whole_addresses_of_ours() {
    for found in [
        "https://sso.example.com/saml/acs/",
        "https://sso.example.com/saml/ac",
        "https://SSO.example.com/saml/acs",
        "https://evil.example/?https://sso.example.com/saml/acs",
        "",
    ] {
        let recipient = format!("Recipient=\"{ACS}\"");
        let wrong = |what| SamlError::Recipient {
            what,
            expected: Quoted::new(ACS),
            found: Quoted::new(found),
        };
        assert_eq!(
            error(&recipient, &format!("Recipient=\"{found}\"")),
            wrong("Recipient")
        );
        let destination = format!("Destination=\"{ACS}\"");
        assert_eq!(
            error(&destination, &format!("Destination=\"{found}\"")),
            wrong("Destination")
        );
    }
    let missing = error(&format!(" Recipient=\"{ACS}\""), "");
    assert!(is_missing(&missing, "Recipient"));
    assert!(accept(&response_with(&format!(" Destination=\"{ACS}\""), "")).is_ok());
    let nowhere = Expected {
        recipients: &[],
        ..EXPECTED
    };
    assert!(matches!(
        accept_as(&response(Signed::Both), &nowhere),
        Err(SamlError::Recipient { .. })
    ));
    let two = Expected {
        recipients: &["https://other.example.com/", ACS],
        ..EXPECTED
    };
    assert!(accept_as(&response(Signed::Both), &two).is_ok());
}

#[test]
fn s43_every_restriction_must_name_us() {
    let audience = |audience: &str| format!("<saml:Audience>{audience}</saml:Audience>");
    for found in [
        "https://sso.example.com",
        "https://sso.example.com/saml/",
        "HTTPS://sso.example.com/saml",
        " https://sso.example.com/saml",
        "",
    ] {
        let wrong = SamlError::Audience {
            expected: Quoted::new(AUDIENCE),
            found: Quoted::new(found),
        };
        assert_eq!(
            error(&audience(AUDIENCE), &audience(found)),
            wrong,
            "{found}"
        );
    }
    let other = RESTRICTION.replace(AUDIENCE, "https://other.example.com");
    for both in [
        [RESTRICTION, &other].concat(),
        [&other, RESTRICTION].concat(),
    ] {
        assert!(matches!(
            error(RESTRICTION, &both),
            SamlError::Audience { .. }
        ));
    }
    let several = [audience("https://other.example.com"), audience(AUDIENCE)].concat();
    assert!(accept(&response_with(&audience(AUDIENCE), &several)).is_ok());
    assert!(accept(&response_with(RESTRICTION, &RESTRICTION.repeat(2))).is_ok());
    assert_eq!(error(RESTRICTION, ""), SamlError::NoAudience);
    assert!(matches!(
        error(RESTRICTION, "<saml:AudienceRestriction/>"),
        SamlError::Audience { .. }
    ));
    let nobody = Expected {
        audiences: &[],
        ..EXPECTED
    };
    assert!(matches!(
        accept_as(&response(Signed::Both), &nobody),
        Err(SamlError::Audience { .. })
    ));
}

#[test]
fn s44_conditions_must_be_there_and_end() {
    let draft = draft(Signed::Assertion);
    let all = [CONDITIONS, RESTRICTION, "</saml:Conditions>"].concat();
    assert!(draft.contains(&all));
    assert!(is_missing(&error(&all, ""), "Conditions"));
    let twice = error(&all, &all.repeat(2));
    assert!(matches!(
        twice,
        SamlError::Shape(ShapeError::Repeated {
            child: "Conditions",
            ..
        })
    ));
    assert!(is_missing(
        &error(" NotOnOrAfter=\"2026-11-21T10:41:05Z\"", ""),
        "NotOnOrAfter"
    ));
    assert!(is_missing(
        &error(" NotOnOrAfter=\"2026-11-21T09:46:05Z\"", ""),
        "NotOnOrAfter"
    ));
    assert!(accept(&response_with(" NotBefore=\"2026-11-21T09:41:00Z\"", "")).is_ok());
}

#[test]
fn s44_conditions_hold_within_a_minute_of_skew() {
    // It is 09:41:07.
    let until = |time: &str| format!("NotOnOrAfter=\"2026-11-21T{time}Z\">");
    let end = until("10:41:05");
    let begin = "NotBefore=\"2026-11-21T09:41:00Z\"";
    let from = |time: &str| format!("NotBefore=\"2026-11-21T{time}Z\"");
    let no_begin = |end_at: &str| response_with(&[begin, " ", &end].concat(), &until(end_at));
    assert!(accept(&no_begin("09:40:08")).is_ok());
    let expired = accept(&no_begin("09:40:07")).unwrap_err();
    assert!(matches!(
        expired,
        SamlError::Expired {
            element: "Conditions",
            now: NOW,
            ..
        }
    ));
    assert!(accept(&response_with(begin, &from("09:42:07"))).is_ok());
    assert!(matches!(
        error(begin, &from("09:42:08")),
        SamlError::NotYetValid {
            element: "Conditions",
            now: NOW,
            ..
        }
    ));
    let window = |a: &str, b: &str| {
        error(
            &[begin, " ", &end].concat(),
            &[from(a), " ".to_owned(), until(b)].concat(),
        )
    };
    for (begin, end) in [
        ("09:41:30", "09:40:30"),
        ("09:41:07", "09:41:07"),
        ("09:41:08", "09:41:07"),
    ] {
        assert!(
            matches!(window(begin, end), SamlError::Inverted { .. }),
            "{begin} {end}"
        );
    }
}

#[test]
fn s44_a_confirmation_holds_within_a_minute_of_skew() {
    let end = "NotOnOrAfter=\"2026-11-21T09:46:05Z\"";
    assert!(accept(&response_with(end, "NotOnOrAfter=\"2026-11-21T09:40:08Z\"")).is_ok());
    let expired = error(end, "NotOnOrAfter=\"2026-11-21T09:40:07Z\"");
    assert!(matches!(
        expired,
        SamlError::Expired {
            element: "SubjectConfirmationData",
            now: NOW,
            ..
        }
    ));
}

#[test]
fn s44_a_message_is_at_most_five_minutes_old() {
    // The Response is issued at 09:41:06, the Assertion a second before.
    let text = response(Signed::Assertion);
    let accept_at = |seconds| {
        read(&text)
            .unwrap()
            .accept(&EXPECTED, NOW.plus(seconds))
            .map(|_| ())
    };
    assert_eq!(accept_at(298), Ok(()));
    let too_old = |element, seconds| Err(SamlError::TooOld { element, seconds });
    assert_eq!(accept_at(299), too_old("Assertion", 301));
    assert_eq!(accept_at(300), too_old("Response", 301));
    assert_eq!(accept_at(-61), Ok(()));
    assert!(matches!(
        error_at(NOW.plus(-62)),
        SamlError::IssuedInFuture {
            element: "Response",
            ..
        }
    ));
    let ahead = error(
        "IssueInstant=\"2026-11-21T09:41:05Z\"",
        "IssueInstant=\"2026-11-21T09:42:08Z\"",
    );
    assert!(matches!(
        ahead,
        SamlError::IssuedInFuture {
            element: "Assertion",
            ..
        }
    ));
}

#[test]
fn s44_a_session_that_is_over_is_refused() {
    let end = " SessionNotOnOrAfter=\"2026-11-21T17:40:00Z\"";
    let over = error(end, " SessionNotOnOrAfter=\"2026-11-21T09:40:07Z\"");
    assert!(matches!(
        over,
        SamlError::Expired {
            element: "AuthnStatement",
            ..
        }
    ));
    let accepted = accept(&response_with(end, "")).unwrap();
    assert_eq!(accepted.authentication().session_ends_at, None);
}

#[test]
fn s44_a_time_that_is_none_is_refused_wherever_it_stands() {
    for (from, attribute) in [
        ("2026-11-21T09:41:05Z", "IssueInstant"),
        ("2026-11-21T09:41:00Z", "NotBefore"),
        ("2026-11-21T10:41:05Z", "NotOnOrAfter"),
        ("2026-11-21T09:46:05Z", "NotOnOrAfter"),
        ("2026-11-21T09:40:00Z", "AuthnInstant"),
        ("2026-11-21T17:40:00Z", "SessionNotOnOrAfter"),
    ] {
        for to in [
            "2026-02-30T09:41:05Z",
            "99999999999-01-01T00:00:00Z",
            "never",
            "",
        ] {
            let expected = SamlError::Time {
                attribute,
                found: Quoted::new(to),
            };
            assert_eq!(error(from, to), expected, "{attribute} {to}");
        }
    }
}

#[test]
fn s45_there_is_one_bearer_and_it_has_its_data() {
    let confirmations = |found| SamlError::Confirmations { found };
    for method in ["holder-of-key", "sender-vouches", "Bearer", ""] {
        let method = ["urn:oasis:names:tc:SAML:2.0:cm:", method].concat();
        assert_eq!(error(BEARER, &method), confirmations(0), "{method}");
    }
    let whole =
        format!("<saml:SubjectConfirmation Method=\"{BEARER}\">{DATA}</saml:SubjectConfirmation>");
    assert_eq!(error(&whole, ""), confirmations(0));
    assert_eq!(error(&whole, &whole.repeat(2)), confirmations(2));
    assert!(is_missing(&error(DATA, ""), "SubjectConfirmationData"));
    let vouching = whole.replace("bearer", "sender-vouches");
    assert!(
        accept(&response_with(
            &whole,
            &[vouching.as_str(), &whole].concat()
        ))
        .is_ok()
    );
    let not_before = error(
        "<saml:SubjectConfirmationData ",
        "<saml:SubjectConfirmationData NotBefore=\"2026-11-21T09:41:00Z\" ",
    );
    assert_eq!(not_before, SamlError::ConfirmationNotBefore);
}

#[test]
fn s46_a_condition_that_nobody_understands_is_refused() {
    for condition in [
        "<saml:Condition xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:x=\"urn:x\" xsi:type=\"x:Weekdays\"/>",
        "<x:AudienceRestriction xmlns:x=\"urn:x\"/>",
        "<saml:DoNotCacheCondition/>",
    ] {
        let both = [RESTRICTION, condition].concat();
        assert!(
            matches!(error(RESTRICTION, &both), SamlError::Condition { .. }),
            "{condition}"
        );
    }
    let known = [
        RESTRICTION,
        "<saml:OneTimeUse/><saml:ProxyRestriction Count=\"0\"/>",
    ]
    .concat();
    assert!(
        accept(&response_with(RESTRICTION, &known))
            .unwrap()
            .is_for_one_use()
    );
}

#[test]
fn s42_a_request_is_answered_by_something_that_is_signed() {
    let of_response = format!(" Destination=\"{ACS}\" InResponseTo=\"{REQUEST}\"");
    let of_bearer = format!("Data InResponseTo=\"{REQUEST}\"");
    let other = |text: &str| text.replace(REQUEST, "_q2");
    let without = |text: &str| text.replace(&format!(" InResponseTo=\"{REQUEST}\""), "");
    let wrong = SamlError::InResponseTo {
        expected: Quoted::new(REQUEST),
        found: Quoted::new("_q2"),
    };
    assert_eq!(error(&of_response, &other(&of_response)), wrong);
    assert_eq!(error(&of_bearer, &other(&of_bearer)), wrong);
    assert!(accept(&response_with(&of_response, &without(&of_response))).is_ok());

    let none_inside = |by: Signed| {
        PROVIDER.sign(
            &draft(by).replace(&of_bearer, &without(&of_bearer)),
            by.ids(),
        )
    };
    let unsolicited = SamlError::Unsolicited {
        expected: Quoted::new(REQUEST),
    };
    assert_eq!(
        accept(&none_inside(Signed::Assertion)).unwrap_err(),
        unsolicited
    );
    assert!(accept(&none_inside(Signed::Response)).is_ok());
    assert!(accept(&none_inside(Signed::Both)).is_ok());
}

#[test]
fn s42_without_a_request_nothing_may_be_answered() {
    let expected = Expected {
        request: Request::None,
        ..EXPECTED
    };
    let solicited = SamlError::Solicited {
        found: Quoted::new(REQUEST),
    };
    let text = response(Signed::Assertion);
    assert_eq!(accept_as(&text, &expected), Err(solicited.clone()));
    let own = format!(" InResponseTo=\"{REQUEST}\"");
    let of_response = text.replacen(&own, "", 1);
    assert_eq!(accept_as(&of_response, &expected), Err(solicited.clone()));
    let of_bearer = response_with(&format!("Data{own}"), "Data");
    assert_eq!(accept_as(&of_bearer, &expected), Err(solicited));
    let neither = response_with(&own, "");
    assert!(accept_as(&neither, &expected).is_ok());
    assert!(matches!(
        accept(&neither),
        Err(SamlError::Unsolicited { .. })
    ));
    let of_the_caller = Expected {
        request: Request::OfTheCaller,
        ..EXPECTED
    };
    for text in [text, neither] {
        assert!(accept_as(&text, &of_the_caller).is_ok());
    }
}

#[test]
fn an_assertion_says_once_who_signed_in_and_how() {
    let statement = "<saml:AuthnStatement ";
    let text = draft(Signed::Assertion);
    let whole = crate::federation::saml::testing::cut(&text, statement, "</saml:AuthnStatement>");
    assert_eq!(error(whole, ""), SamlError::AuthnStatements { found: 0 });
    assert_eq!(
        error(whole, &whole.repeat(2)),
        SamlError::AuthnStatements { found: 2 }
    );
    let subject = crate::federation::saml::testing::cut(&text, "<saml:Subject>", "</saml:Subject>");
    assert!(is_missing(&error(subject, ""), "Subject"));
    assert!(matches!(
        error(subject, &subject.repeat(2)),
        SamlError::Shape(ShapeError::Repeated { .. })
    ));
    let name = crate::federation::saml::testing::cut(&text, "<saml:NameID ", "</saml:NameID>");
    assert!(is_missing(&error(name, ""), "NameID"));
    assert!(is_missing(&error(name, "<saml:EncryptedID/>"), "NameID"));
    assert!(matches!(
        error(name, &name.repeat(2)),
        SamlError::Shape(ShapeError::Repeated { .. })
    ));
    for empty in ["", " ", "\n"] {
        assert!(matches!(
            error(PERSON, empty),
            SamlError::Malformed { what: "NameID", .. }
        ));
    }
}

#[test]
fn every_error_names_its_check() {
    assert_eq!(error(RESTRICTION, "").check(), "audience");
    assert_eq!(error_at(NOW.plus(1000)).check(), "age");
    assert_eq!(SamlError::Decryption.check(), "decryption");
}
