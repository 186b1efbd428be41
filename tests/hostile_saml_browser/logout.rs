//! Logging out, from either side.

use rolegate::domain::{NameId, UnixTime};
use rolegate::federation::saml::messages::{
    Envelope, LogoutReason, LogoutRequest, LogoutResponse, LogoutStatus,
};
use rolegate::federation::saml::redirect::{MessageKind, RedirectMessage, UnverifiedRedirect};

use crate::scene::{OTHERS, PARTNERS, PERSON, Provider, Scene, id_of};
use crate::support::browser::{Browser, own_form};

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
