//! A provider's answer to our logout request, posted by a form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::domain::UnixTime;
use rolegate::federation::saml::messages::{Envelope, LogoutResponse, LogoutStatus};
use rolegate::federation::saml::signing::SigningKey;

use crate::logout::{request_of, sign_out};
use crate::scene::{OTHERS, PARTNERS, Scene, cross_site, id_of};
use crate::support::browser::Browser;
use crate::support::http::{Request, Response};

/// A browser that was signed out here, and is awaited back from the provider.
struct Awaited {
    scene: Scene,
    browser: Browser,
    state: String,
    request: String,
}

/// What an answer says.
struct Says<'a> {
    issuer: &'a str,
    request: &'a str,
    destination: String,
    /// Who signs it.
    key: Option<&'a SigningKey>,
}

impl Awaited {
    fn new() -> Self {
        let scene = Scene::new();
        let mut browser = scene.browser();
        scene.sign_in(&mut browser);
        let page = sign_out(&mut browser, &scene);
        let message = request_of(&page);
        Self {
            state: message.relay_state().unwrap().to_owned(),
            request: id_of(message.unverified_xml()),
            scene,
            browser,
        }
    }

    /// The answer of the provider with one thing changed.
    fn answer(&self, change: impl FnOnce(&mut Says<'_>)) -> String {
        let mut says = Says {
            issuer: PARTNERS.entity,
            request: &self.request,
            destination: self.scene.url("/saml/slo"),
            key: Some(&PARTNERS.key),
        };
        change(&mut says);
        let response = LogoutResponse {
            envelope: Envelope {
                id: &"_x1".parse().unwrap(),
                issue_instant: UnixTime::from_seconds(self.scene.node.now()),
                destination: &says.destination.parse().unwrap(),
                issuer: &says.issuer.parse().unwrap(),
            },
            in_response_to: &says.request.parse().unwrap(),
            status: LogoutStatus::Success,
        };
        match says.key {
            Some(key) => response.to_signed_xml(key).unwrap(),
            None => response.to_xml(),
        }
    }

    fn post(&self, browser: &mut Browser, answer: &str) -> Response {
        let fields = [
            ("SAMLResponse", &*STANDARD.encode(answer)),
            ("RelayState", &self.state),
        ];
        let address = self.scene.node.address;
        browser.send(cross_site(Request::post_form(
            address,
            "/saml/slo",
            &fields,
        )))
    }

    /// Posts it from the browser that is awaited, as often as one likes.
    #[track_caller]
    fn refuses(&self, answer: &str, check: &str) {
        let page = self.post(&mut self.browser.clone(), answer);
        self.scene.refused("SamlLogout", &page, check);
        let text = page.text();
        assert!(text.contains("You are signed out here."), "{text}");
        assert!(
            text.contains("Sign in again") && !text.contains("Go to my roles"),
            "{text}"
        );
    }
}

#[test]
fn s56_an_answer_that_the_provider_signed_says_that_the_person_is_signed_out_there() {
    let awaited = Awaited::new();
    let good = awaited.answer(|_| ());
    let mut stranger = awaited.scene.browser();
    let elsewhere = awaited.post(&mut stranger, &good);
    awaited.scene.refused("SamlLogout", &elsewhere, "browser");
    let done = awaited.post(&mut awaited.browser.clone(), &good);
    assert_eq!(done.status, 200);
    let text = done.text();
    assert!(
        text.contains("You are signed out at your identity provider, too."),
        "{text}"
    );
}

#[test]
fn s56_an_answer_that_is_not_signed_is_refused() {
    let awaited = Awaited::new();
    awaited.refuses(&awaited.answer(|says| says.key = None), "signature");
    let signed = awaited.answer(|_| ());
    let start = signed.find("<ds:Signature ").unwrap();
    let end = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let taken_off = [signed.get(..start).unwrap(), signed.get(end..).unwrap()].concat();
    awaited.refuses(&taken_off, "signature");
}

#[test]
fn s56_an_answer_signed_by_another_key_is_refused() {
    let awaited = Awaited::new();
    let others = |says: &mut Says<'_>| says.key = Some(&OTHERS.key);
    awaited.refuses(&awaited.answer(others), "signature");
    let changed = awaited.answer(|_| ()).replace("_x1", "_x2");
    awaited.refuses(&changed, "signature");
}

#[test]
fn s56_an_answer_to_another_request_is_refused() {
    let awaited = Awaited::new();
    let other = awaited.answer(|says| says.request = "_other");
    awaited.refuses(&other, "request");
}

#[test]
fn s56_an_answer_of_another_provider_is_refused() {
    let awaited = Awaited::new();
    let by_the_right_key = awaited.answer(|says| says.issuer = OTHERS.entity);
    awaited.refuses(&by_the_right_key, "issuer");
    let whole = awaited.answer(|says| {
        says.issuer = OTHERS.entity;
        says.key = Some(&OTHERS.key);
    });
    awaited.refuses(&whole, "signature");
}

#[test]
fn s56_an_answer_for_another_address_is_refused() {
    let awaited = Awaited::new();
    let elsewhere = awaited.scene.url("/saml/acs");
    let other = awaited.answer(|says| says.destination = elsewhere);
    awaited.refuses(&other, "recipient");
}
