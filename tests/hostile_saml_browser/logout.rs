//! Logging out, from either side.

use std::io::Write as _;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rolegate::domain::{NameId, UnixTime};
use rolegate::federation::saml::messages::{
    Envelope, LogoutReason, LogoutRequest, LogoutResponse, LogoutStatus,
};
use rolegate::federation::saml::redirect::{MessageKind, RedirectMessage, UnverifiedRedirect};

use crate::scene::{OTHERS, PARTNERS, PERSON, Provider, Scene, begin, cross_site, id_of};
use crate::support::browser::{Browser, own_form};
use crate::support::http::Request;
use crate::support::node::LONGEST_ANSWER;

/// The query of a provider's request to sign the person out.
fn request(scene: &Scene, signer: &Provider, id: &str) -> String {
    let slo = scene.url("/saml/slo");
    let request = LogoutRequest {
        envelope: Envelope {
            id: &id.parse().unwrap(),
            issue_instant: UnixTime::from_seconds(scene.node.now()),
            destination: &slo.parse().unwrap(),
            issuer: &PARTNERS.entity.parse().unwrap(),
        },
        name_id: &NameId {
            value: PERSON.to_owned(),
            format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
            name_qualifier: None,
            sp_name_qualifier: None,
        },
        session_indexes: &["_s1"],
        not_on_or_after: UnixTime::from_seconds(scene.node.now() + 300),
        reason: LogoutReason::User,
    };
    query(
        scene,
        signer,
        MessageKind::Request,
        &request.to_xml(),
        "theirs",
    )
}

fn query(scene: &Scene, signer: &Provider, kind: MessageKind, xml: &str, state: &str) -> String {
    let message = RedirectMessage {
        kind,
        xml,
        relay_state: Some(state),
    };
    let slo = scene.url("/saml/slo").parse().unwrap();
    let url = message.url(&slo, Some(&signer.key)).unwrap();
    url.split_once('?').unwrap().1.to_owned()
}

#[test]
fn a_provider_signs_a_person_out_of_every_browser() {
    let scene = Scene::new();
    let (mut one, mut other) = (scene.browser(), scene.browser());
    scene.sign_in(&mut one);
    scene.sign_in(&mut other);
    let target = ["/saml/slo?", &request(&scene, &PARTNERS, "_l1")].concat();
    let response = one.get(&target);
    assert_eq!(response.status, 303, "{}", response.text());
    let location = response.header("location").unwrap();
    let answer = UnverifiedRedirect::parse(location.split_once('?').unwrap().1).unwrap();
    assert!(location.starts_with("https://idp.example.com/there?SAMLResponse="));
    assert!(location.contains("&Signature="));
    assert_eq!(answer.relay_state(), Some("theirs"));
    assert!(answer.unverified_xml().contains("InResponseTo=\"_l1\""));
    assert!(!one.is_signed_in() && !other.is_signed_in());
    let again = scene.browser().get(&target);
    assert_eq!(again.status, 403);
}

#[test]
fn s56_s31_a_request_that_the_provider_did_not_sign_so_ends_nothing() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    scene.sign_in(&mut browser);
    let good = request(&scene, &PARTNERS, "_l1");
    let (unsigned, _) = good.split_once("&SigAlg=").unwrap();
    let reordered = {
        let (message, rest) = good.split_once("&RelayState=theirs").unwrap();
        ["RelayState=other&", message, rest].concat()
    };
    for query in [
        unsigned.to_owned(),
        request(&scene, &OTHERS, "_l1"),
        reordered,
        [&good, "&RelayState=x"].concat(),
        good.replace("rsa-sha256", "rsa-sha1"),
        good.replace("RelayState=theirs", "RelayState=%74heirs"),
    ] {
        let response = scene.browser().get(&["/saml/slo?", &query].concat());
        assert_eq!(response.status, 403, "{query}");
        assert!(browser.is_signed_in());
    }
    let response = scene.browser().get(&["/saml/slo?", &good].concat());
    assert_eq!(response.status, 303);
    assert!(!browser.is_signed_in());
}

/// A message of 20 MB that is 20 KB on its way.
#[test]
fn s27_a_redirect_is_not_inflated_beyond_its_bound() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    scene.sign_in(&mut browser);
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 20_000_000]).unwrap();
    let bomb = STANDARD.encode(encoder.finish().unwrap());
    assert!(bomb.len() < 60_000, "{}", bomb.len());
    for name in ["SAMLRequest", "SAMLResponse"] {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair(name, &bomb)
            .append_pair("RelayState", "x")
            .append_pair(
                "SigAlg",
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            )
            .append_pair("Signature", "AAAA")
            .finish();
        let started = Instant::now();
        let response = scene.browser().get(&["/saml/slo?", &query].concat());
        assert!(started.elapsed() <= LONGEST_ANSWER);
        scene.refused("SamlLogout", &response, "message");
        assert!(browser.is_signed_in());
    }
}

/// An attacker's own request around an assertion that the provider signed for somebody else.
#[test]
fn s31_a_request_around_a_captured_assertion_ends_nothing() {
    let scene = Scene::new();
    let mut victim = scene.browser();
    let begun = begin(&mut victim);
    let answer = scene.answer(&begun);
    let posted = scene.post(&mut victim, &answer, &begun.relay_state);
    assert_eq!(posted.status, 303, "{}", posted.text());
    let start = answer.find("<saml:Assertion ").unwrap();
    let end = answer.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    let captured = answer.get(start..end).unwrap();
    for name in ["LogoutRequest", "AuthnRequest"] {
        let request = format!(
            "<samlp:{name} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             ID=\"_l1\" Version=\"2.0\" IssueInstant=\"{}\" Destination=\"{}\"><saml:Issuer>{}</saml:Issuer>\
             <samlp:Extensions>{captured}</samlp:Extensions><saml:NameID>{PERSON}</saml:NameID></samlp:{name}>",
            scene.time(0),
            scene.url("/saml/slo"),
            PARTNERS.entity
        );
        let fields = [("SAMLRequest", &*STANDARD.encode(request))];
        let form = Request::post_form(scene.node.address, "/saml/slo", &fields);
        let response = scene.browser().send(cross_site(form));
        assert_eq!(response.status, 403, "{}", response.text());
        assert!(victim.is_signed_in());
    }
}

/// Signs out by the form of a page, and gives the page that leads on.
pub fn sign_out(browser: &mut Browser, scene: &Scene) -> String {
    let roles = browser.get("/roles").text();
    let token = roles.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap().to_owned();
    let form = own_form(scene.node.address, "/sign-out", &[("csrf", &token)]);
    let page = browser.send(form);
    assert_eq!(page.status, 200);
    page.text()
}

/// The request that a page leads on with.
pub fn request_of(page: &str) -> UnverifiedRedirect {
    let link = page.split("id=\"leave\" href=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap();
    let link = link.replace("&amp;", "&").replace("&#38;", "&");
    UnverifiedRedirect::parse(link.split_once('?').unwrap().1).unwrap()
}

#[test]
fn a_person_signs_out_here_first_and_then_at_the_provider() {
    let scene = Scene::new();
    let mut browser = scene.browser();
    scene.sign_in(&mut browser);
    let page = sign_out(&mut browser, &scene);
    assert!(!browser.is_signed_in());
    let message = request_of(&page);
    let state = message.relay_state().unwrap().to_owned();
    assert!(
        message
            .unverified_xml()
            .contains(&format!(">{PERSON}</saml:NameID>"))
    );
    let slo = scene.url("/saml/slo");
    let response = LogoutResponse {
        envelope: Envelope {
            id: &"_x1".parse().unwrap(),
            issue_instant: UnixTime::from_seconds(scene.node.now()),
            destination: &slo.parse().unwrap(),
            issuer: &PARTNERS.entity.parse().unwrap(),
        },
        in_response_to: &id_of(message.unverified_xml()).parse().unwrap(),
        status: LogoutStatus::Success,
    };
    let query = query(
        &scene,
        &PARTNERS,
        MessageKind::Response,
        &response.to_xml(),
        &state,
    );
    let target = ["/saml/slo?", &query].concat();
    assert_eq!(scene.browser().get(&target).status, 403, "another browser");
    let done = browser.get(&target);
    assert_eq!(done.status, 200);
    assert!(
        done.text()
            .contains("You are signed out at your identity provider, too.")
    );
    assert_eq!(browser.get(&target).status, 403, "the cookie is gone");
}
