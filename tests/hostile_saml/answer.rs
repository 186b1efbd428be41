//! What a good response is answered with, as XML and as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::scene::{PERSON, Scene, Signed, attribute, entity, provider_arn, replaced, role};
use crate::support::http::Request;

/// The names of the elements of an answer, in their order.
fn names(xml: &str) -> Vec<&str> {
    let opened = xml.split('<').skip(1).filter(|tag| !tag.starts_with('/'));
    opened
        .map(|tag| tag.split(['>', ' ']).next().unwrap())
        .collect()
}

#[test]
fn the_answer_has_awss_members_in_awss_order() {
    let scene = Scene::new();
    let name = attribute("RoleSessionName", &["alice"]);
    let more = [
        &*name,
        &attribute("PrincipalTag:Team", &["payments"]),
        &attribute("SourceIdentity", &["alice"]),
    ];
    let answer = scene.accepts("tagged", &scene.signed_with(&name, &more.concat()));
    let expected = [
        "AssumeRoleWithSAMLResponse",
        "AssumeRoleWithSAMLResult",
        "Issuer",
        "AssumedRoleUser",
        "AssumedRoleId",
        "Arn",
        "Credentials",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
        "Subject",
        "SubjectType",
        "Audience",
        "NameQualifier",
        "PackedPolicySize",
        "SourceIdentity",
        "ResponseMetadata",
        "RequestId",
    ];
    assert_eq!(names(&answer.body), expected);
    for told in [
        ["<Issuer>", &entity(0), "</Issuer>"].concat(),
        ["<Subject>", PERSON, "</Subject>"].concat(),
        "<SubjectType>persistent</SubjectType>".to_owned(),
        ["<Audience>", &scene.acs(), "</Audience>"].concat(),
        "<SourceIdentity>alice</SourceIdentity>".to_owned(),
    ] {
        assert!(answer.body.contains(&told), "{told} in {}", answer.body);
    }
    let keys = answer.credentials.unwrap();
    let who = scene.node.who(&keys);
    assert!(who.text().contains("assumed-role/Reader0/alice"), "{who:?}");
}

#[test]
fn the_answer_is_json_for_whoever_asks_for_it() {
    let scene = Scene::new();
    let response = STANDARD.encode(scene.good(Signed::Assertion));
    let ask = |response: &str| {
        let (role, provider) = (role(0), provider_arn(0));
        let fields = [
            ("Action", "AssumeRoleWithSAML"),
            ("Version", "2011-06-15"),
            ("RoleArn", &*role),
            ("PrincipalArn", &*provider),
            ("SAMLAssertion", response),
        ];
        let request = Request::post_form(scene.node.address, "/", &fields);
        request.with_header("accept", "application/json").send()
    };
    let answer = ask(&response).json();
    let result = &answer["AssumeRoleWithSAMLResponse"]["AssumeRoleWithSAMLResult"];
    assert_eq!(result["Subject"], PERSON, "{answer}");
    assert_eq!(result["Audience"], scene.acs());
    assert!(result["Credentials"]["Expiration"].is_i64(), "{answer}");
    let tampered = scene.good(Signed::Assertion);
    let tampered = STANDARD.encode(replaced(&tampered, PERSON, "admin@example.com"));
    let refused = ask(&tampered).json();
    assert_eq!(
        refused["Error"]["Code"], "InvalidIdentityToken",
        "{refused}"
    );
    assert_eq!(refused["Error"]["Message"], "Response signature invalid");
}
