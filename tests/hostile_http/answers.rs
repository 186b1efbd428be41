//! What callers wrote, in answers.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::json;

use super::support::aws::{Call, GET_CALLER_IDENTITY, Signing};
use super::support::directory::STS_CLIENT;
use super::support::http::{Request, Response};
use super::support::http_node::{HttpNode, ROLE};
use super::support::keys::sign_claims;
use super::support::sts::element;

const MARKUP: &str =
    "</Code><Code>Forged</Code><!--]]>&amp;<![CDATA[\"'&#0;&#x3c;\u{1}\u{fffe}\u{202e}";

/// Reads an answer to its end and returns the elements' names.
#[track_caller]
fn well_formed(response: &Response) -> Vec<String> {
    let text = String::from_utf8(response.body.clone()).unwrap();
    let foreign = |c: char| (c < ' ' && !"\t\r\n".contains(c)) || "\u{fffe}\u{ffff}".contains(c);
    assert!(!text.contains(foreign), "{text:?}");
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = true;
    let (mut names, mut depth) = (Vec::new(), 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                names.push(start.name().as_ref().to_owned());
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            Event::Text(_) | Event::GeneralRef(_) => {}
            Event::Eof => break,
            other => panic!("{other:?} in {text}"),
        }
    }
    assert_eq!(depth, 0, "{text}");
    names
}

#[test]
fn a20_markup_in_the_action_is_escaped() {
    let node = HttpNode::start();
    let fields = [("Action", MARKUP), ("Version", MARKUP)];
    let response = Request::post_form(node.address, "/", &fields).send();
    let names = well_formed(&response);
    assert_eq!(
        names,
        [
            "ErrorResponse",
            "Error",
            "Type",
            "Code",
            "Message",
            "RequestId"
        ]
    );
    let message = element(&response, "Message");
    assert!(message.contains("</Code><Code>Forged</Code>"), "{message}");
}

#[test]
fn a20_markup_in_any_parameter_is_escaped() {
    let node = HttpNode::start();
    let token = node.id_token("ines");
    let with_arn = ["arn:aws:iam::123456789012:role/", MARKUP].concat();
    for (name, value) in [
        ("RoleArn", MARKUP),
        ("RoleArn", with_arn.as_str()),
        ("RoleSessionName", MARKUP),
        ("ProviderId", MARKUP),
        ("Policy", MARKUP),
        ("DurationSeconds", MARKUP),
        ("WebIdentityToken", MARKUP),
        (MARKUP, MARKUP),
    ] {
        let response = node.assume(&token, &[(name, Some(value))]);
        let names = well_formed(&response);
        let codes = names.iter().filter(|name| *name == "Code").count();
        if response.status == 200 {
            assert_eq!(name, MARKUP, "a parameter that nobody reads");
        } else {
            assert_eq!(
                (response.status / 100, codes),
                (4, 1),
                "{name}: {response:?}"
            );
        }
    }
    let twice = [("a<b>&", "1"), ("a<b>&", "2")];
    let response = Request::post_form(node.address, "/", &twice).send();
    assert_eq!(response.status, 400);
    well_formed(&response);
}

#[test]
fn a20_markup_in_a_subject_is_refused_or_escaped() {
    let node = HttpNode::start();
    for subject in [MARKUP, "<a>&\"'", "a]]>b", "<!DOCTYPE a>"] {
        let response = node.assume(&node.id_token(subject), &[]);
        let names = well_formed(&response);
        if response.status == 200 {
            assert_eq!(element(&response, "SubjectFromWebIdentityToken"), subject);
            let count = names.iter().filter(|name| *name == "Credentials").count();
            assert_eq!(count, 1);
        } else {
            assert_eq!(response.status, 400, "{response:?}");
        }
    }
    let visible = node.assume(&node.id_token("<a>&\"'"), &[]);
    assert_eq!(visible.status, 200, "{}", visible.text());
}

#[test]
fn a20_markup_in_tags_and_source_identity_is_refused_or_escaped() {
    let node = HttpNode::start();
    for value in [MARKUP, "<a>&"] {
        let mut claims = node.provider.claims("ines", STS_CLIENT, node.now());
        claims["https://aws.amazon.com/tags"] = json!({
            "principal_tags": { value: [value] },
            "transitive_tag_keys": [value],
        });
        claims["https://aws.amazon.com/source_identity"] = value.into();
        let response = node.assume(&sign_claims(&claims, &node.key), &[]);
        well_formed(&response);
        assert_eq!(response.status, 400, "{}", response.text());
        assert!(!response.text().contains("<a>"));
    }
}

#[test]
fn a20_markup_in_an_issuer_or_a_claims_name_is_escaped() {
    let node = HttpNode::start();
    for (claim, value) in [
        ("iss", "https://idp.example/<a>&"),
        ("aud", MARKUP),
        ("azp", MARKUP),
    ] {
        let mut claims = node.provider.claims("ines", STS_CLIENT, node.now());
        claims[claim] = value.into();
        let response = node.assume(&sign_claims(&claims, &node.key), &[]);
        assert_eq!(response.status / 100, 4, "{claim}: {}", response.text());
        well_formed(&response);
    }
}

#[test]
fn a20_markup_in_a_signed_request_is_escaped() {
    let node = HttpNode::start();
    let keys = node.session();
    let call = Call::post(node.address, GET_CALLER_IDENTITY);
    let mut call = call.signed(&keys, &Signing::at(node.now()));
    for (from, to) in [
        ("us-east-1", "<a>&"),
        ("AWS4-HMAC-SHA256", "<a>&"),
        ("SignedHeaders=", "SignedHeaders=<a>&;"),
    ] {
        let changed = call.header("authorization").replacen(from, to, 1);
        let mut other = call.clone();
        other.set_header("authorization", Some(&changed));
        let response = other.send(node.address);
        assert_eq!(response.status / 100, 4, "{to}: {response:?}");
        well_formed(&response);
    }
    call.set_header("x-amz-date", Some("<a>&"));
    well_formed(&call.send(node.address));
}

#[test]
fn a20_an_answer_in_json_is_json() {
    let node = HttpNode::start();
    let fields = [("Action", MARKUP), ("Version", MARKUP)];
    let response = Request::post_form(node.address, "/", &fields)
        .with_header("accept", "application/json")
        .send();
    assert_eq!(response.header("content-type"), Some("application/json"));
    let message = response.json()["Error"]["Message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(message.contains("</Code><Code>Forged</Code>"), "{message}");
    let good = node.assume(&node.id_token("<a>&\"'"), &[]);
    assert_eq!(
        element(&good, "Arn"),
        ROLE.replace(":iam:", ":sts:")
            .replace(":role/", ":assumed-role/")
            + "/ines"
    );
}

#[test]
fn a20_markup_in_the_portals_errors_is_escaped() {
    let node = HttpNode::start();
    let begun = node.begin_sign_in("/");
    let mut query = form_urlencoded::Serializer::new(String::new());
    let pairs = [
        ("error", "<script>alert(1)</script>"),
        ("error_description", "<img src=x onerror=alert(1)>\"'"),
        ("state", begun.state.as_str()),
        ("iss", &node.provider.issuer()),
    ];
    let target = ["/oidc/callback/idp?", &query.extend_pairs(pairs).finish()].concat();
    let response = Request::get(node.address, &target)
        .with_header("cookie", &begun.cookie)
        .send();
    assert_eq!(response.status, 403, "{}", response.text());
    let text = response.text();
    assert!(
        !text.contains("<script>alert") && !text.contains("<img src=x"),
        "{text}"
    );
    assert!(
        text.contains("onerror=alert(1)"),
        "the provider's words are shown: {text}"
    );
}
