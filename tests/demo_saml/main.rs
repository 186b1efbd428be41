//! The demo provider's SAML side over real HTTP: signxml, which shares no code with it, verifies and
//! decrypts what it makes.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

mod logout;
mod scene;
#[path = "../support/mod.rs"]
mod support;
#[path = "../tools/mod.rs"]
mod tools;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::demo::{Encryption, SamlOptions, Signed};
use rolegate::federation::saml::redirect::MessageKind;
use rolegate::federation::saml::service_provider::ServiceProviderKey;
use serde_json::{Value, json};

use scene::{ACS, Form, NOW, OURS, STS, Scene, decoded, request_id};

type Change = Box<dyn Fn(String) -> String>;

const AWS: &str = "https://aws.amazon.com/SAML/Attributes/";

#[tokio::test]
async fn a_signed_request_is_answered_with_what_is_known_of_whoever_was_chosen() {
    let scene = Scene::start();
    let page = scene.asked().await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.ends_with("form-action 'self' https://sso.example"),
        "{policy}"
    );
    let form = scene.chosen(&page, "lukas").await;
    assert_eq!(form.action, ACS);
    assert_eq!(form.fields["RelayState"], "state");
    let facts = scene.verified(&form.fields["SAMLResponse"]).await;
    assert_eq!(facts["signed"], json!(["Assertion", "Response"]));
    assert_eq!(facts["response"]["Destination"], ACS);
    assert_eq!(facts["response"]["InResponseTo"], request_id().as_str());
    assert_eq!(facts["subject"], "mrd-31850");
    let attributes = json!({
        "urn:oid:2.16.840.1.113730.3.1.241": ["Lukas Brandt"],
        "urn:oid:0.9.2342.19200300.100.1.3": ["lukas.brandt@meridale.example"],
        "email": ["lukas.brandt@meridale.example"], "email_verified": ["true"],
        "department": ["Finance"], "groups": ["all-staff", "finance-analysts", "data-readers"],
    });
    assert_eq!(facts["attributes"], attributes);
}

#[tokio::test]
async fn a_posted_request_is_read_as_well() {
    use rolegate::federation::saml::messages::{AuthnRequest, Envelope};

    let scene = Scene::start();
    let request = AuthnRequest {
        envelope: Envelope {
            id: &request_id(),
            issue_instant: NOW,
            destination: &scene.sign_on(),
            issuer: &scene::ours(),
        },
        assertion_consumer_service: &ACS.parse().unwrap(),
        name_id_format: None,
        force_authn: false,
        requested_context: None,
    };
    let signed = request.to_signed_xml(scene.key.signing()).unwrap();
    let message = STANDARD.encode(&signed);
    let page = scene.post("/saml/sso", &[("SAMLRequest", &message)]).await;
    let form = scene.chosen(&page, "noor").await;
    assert!(
        form.message("SAMLResponse")
            .contains("InResponseTo=\"_request\"")
    );
    assert!(!form.fields.contains_key("RelayState"));

    let changed = STANDARD.encode(signed.replace("_request\" Version", "_request \" Version"));
    let unsigned = STANDARD.encode(request.to_xml());
    for (message, told) in [
        (changed.as_str(), "signature is not accepted"),
        (&unsigned, "is not signed"),
        ("%", "no SAMLRequest in base64"),
        ("", "does not say who asks"),
    ] {
        let page = scene.post("/saml/sso", &[("SAMLRequest", message)]).await;
        assert_refused(&page, told);
    }
}

fn assert_refused(page: &support::http::Response, told: &str) {
    let html = page.text();
    assert!(page.status == 400 && html.contains(told), "{told}: {html}");
    assert_eq!(page.header("location"), None);
}

#[tokio::test]
async fn what_is_signed_and_whether_it_is_encrypted_can_be_chosen() {
    let gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    for (signed, encryption, by) in [
        (Signed::Assertion, Encryption::None, json!(["Assertion"])),
        (Signed::Response, Encryption::None, json!(["Response"])),
        (
            Signed::Assertion,
            Encryption::Assertions,
            json!(["Assertion"]),
        ),
        (
            Signed::Response,
            Encryption::Assertions,
            json!(["Assertion", "Response"]),
        ),
    ] {
        let scene = Scene::start_with(&SamlOptions {
            signed,
            encryption,
            sts: None,
        });
        let facts = scene.signed_in("tomas").await;
        assert_eq!(facts["signed"], by, "{signed:?} {encryption:?}");
        let first = match encryption {
            Encryption::None => Value::Null,
            Encryption::Assertions => json!(gcm),
        };
        assert_eq!(facts["encrypted"].get(0).unwrap_or(&Value::Null), &first);
        // More groups than are sent.
        let link = &facts["attributes"]["http://schemas.microsoft.com/claims/groups.link"][0];
        assert!(
            link.as_str()
                .unwrap()
                .ends_with("/users/mrd-10093/getMemberObjects")
        );
        assert_eq!(facts["attributes"]["groups"], Value::Null);
    }
}

#[tokio::test]
async fn the_gateways_own_verifier_accepts_a_response() {
    use rolegate::federation::saml::checks::{Expected, Request};
    use rolegate::federation::saml::response::{Undecryptable, authenticate};

    let scene = Scene::start();
    let form = scene.chosen(&scene.asked().await, "ines").await;
    let idp = scene.idp();
    let certificates = idp.signing_certificates.iter();
    let certificates: Vec<_> = certificates.cloned().collect();
    let xml = form.message("SAMLResponse");
    let response = authenticate(xml.as_bytes(), &certificates, &|_| Err(Undecryptable)).unwrap();
    let id = request_id();
    let expected = Expected {
        issuer: idp.entity_id.as_str(),
        audiences: &[OURS],
        recipients: &[ACS],
        request: Request::Exactly(id.as_str()),
    };
    let accepted = response.accept(&expected, NOW).unwrap();
    let name_id = accepted.name_id();
    assert_eq!(name_id.sp_name_qualifier.as_deref(), Some(OURS));
    assert_eq!(
        name_id.name_qualifier.as_deref(),
        Some(idp.entity_id.as_str())
    );
    let session = accepted.authentication().session_index.as_deref();
    assert!(session.unwrap().starts_with('_'));
}

#[tokio::test]
async fn a_request_that_can_not_be_trusted_sends_the_browser_nowhere() {
    let scene = Scene::start();
    let other = ServiceProviderKey::generate("sso.example", NOW).unwrap();
    let other_acs = |xml: String| xml.replace(ACS, "https://evil.example/acs");
    let policy = "<samlp:NameIDPolicy AllowCreate=\"true\"";
    let cases: [(Change, &str); 8] = [
        (Box::new(other_acs), "does not have the address"),
        (
            Box::new(|xml| xml.replace(OURS, "https://other.example")),
            "not registered",
        ),
        (
            Box::new(|xml| xml.replace("/saml/sso\"", "/saml/other\"")),
            "meant for another address",
        ),
        (
            Box::new(|xml| xml.replace("2025-06-15T15:06:40Z", "2025-06-15T15:01:39Z")),
            "within the last five minutes",
        ),
        (
            Box::new(|xml| xml.replace("2025-06-15T15:06:40Z", "2025-06-15T15:07:41Z")),
            "within the last five minutes",
        ),
        (
            Box::new(|xml| xml.replace("AuthnRequest", "LogoutRequest")),
            "no AuthnRequest",
        ),
        (
            Box::new(move |xml| {
                let format = " Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"";
                xml.replace(policy, &[policy, format].concat())
            }),
            "kind of name",
        ),
        (Box::new(|xml| xml.replace("_request", "1")), "no usable ID"),
    ];
    for (change, told) in cases {
        let xml = scene.request(|good| {
            let bad = change(good.clone());
            assert_ne!(bad, good, "{told}");
            bad
        });
        let message = (MessageKind::Request, xml.as_str());
        let page = scene
            .redirect(message, &scene.sign_on(), Some(&scene.key))
            .await;
        assert_refused(&page, told);
    }
    let good = scene.request(|xml| xml);
    for (kind, key, told) in [
        (MessageKind::Request, None, "Signature is missing"),
        (MessageKind::Request, Some(&other), "none of the sender"),
        (MessageKind::Response, Some(&scene.key), "no AuthnRequest"),
    ] {
        let page = scene.redirect((kind, &good), &scene.sign_on(), key).await;
        assert_refused(&page, told);
    }
}

#[tokio::test]
async fn a_sign_in_is_finished_once_and_within_ten_minutes() {
    let scene = Scene::start();
    let (first, second) = (scene.asked().await, scene.asked().await);
    scene.chosen(&first, "ines").await;
    let ticket = |page| Form::of(page).fields["ticket"].clone();
    scene.clock.advance(600);
    for page in [&first, &second] {
        let fields = [("ticket", &*ticket(page)), ("person", "ines")];
        let again = scene.post("/saml/sso/choose", &fields).await;
        assert_refused(&again, "finished already");
    }
}

#[tokio::test]
async fn without_a_person_the_service_provider_is_told_that_nobody_signed_in() {
    let scene = Scene::start();
    let form = scene.chosen(&scene.asked().await, "mallory").await;
    let xml = form.message("SAMLResponse");
    assert!(
        xml.contains("status:Responder\"><samlp:StatusCode Value"),
        "{xml}"
    );
    assert!(xml.contains("status:AuthnFailed"), "{xml}");
    assert!(!xml.contains("Assertion "), "{xml}");
    assert!(xml.contains("<ds:SignatureValue>"), "{xml}");
}

#[tokio::test]
async fn a_sign_in_can_begin_at_the_provider() {
    let scene = Scene::start();
    let home = scene.get("/").await.text();
    let link = "/saml/start?at=https%3A//sso.example/saml/metadata";
    assert!(home.contains(link), "{home}");
    let form = scene.chosen(&scene.get(link).await, "ines").await;
    let xml = form.message("SAMLResponse");
    assert!(!xml.contains("InResponseTo"), "{xml}");
    assert!(!form.fields.contains_key("RelayState"));
    assert_refused(
        &scene.get("/saml/start?at=https://x.example").await,
        "not registered",
    );
    assert_refused(&scene.get("/saml/start").await, "not registered");
}

#[tokio::test]
async fn a_response_for_sts_lists_the_roles_that_the_provider_gives() {
    let scene = Scene::start();
    let response = scene.get("/demo/saml-response?person=lukas").await;
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let facts = scene.verified(&response.text()).await;
    assert_eq!(facts["response"]["Destination"], STS);
    let attribute = |name: &str| facts["attributes"][[AWS, name].concat()].clone();
    let pair = "arn:aws:iam::571203948816:role/data/Analyst,\
                arn:aws:iam::571203948816:saml-provider/Meridale";
    assert_eq!(attribute("Role")[0], pair);
    assert_eq!(
        attribute("RoleSessionName"),
        json!(["lukas.brandt@meridale.example"])
    );
    assert_eq!(attribute("SessionDuration"), json!(["3600"]));
    assert_eq!(attribute("SourceIdentity"), json!(["mrd-31850"]));
    assert_eq!(attribute("PrincipalTag:Department"), json!(["Finance"]));

    let noor = decoded(&scene.get("/demo/saml-response?person=noor").await.text());
    assert!(noor.contains("Attributes/RoleSessionName"), "{noor}");
    assert!(!noor.contains("Attributes/Role\""), "{noor}");
    let nobody = scene.get("/demo/saml-response?person=mallory").await;
    assert_eq!(nobody.status, 400);
}

#[tokio::test]
async fn a_response_for_a_browser_names_no_role_of_aws() {
    let scene = Scene::start();
    let form = scene.chosen(&scene.asked().await, "ines").await;
    let xml = form.message("SAMLResponse");
    assert!(!xml.contains(AWS), "{xml}");
}

#[tokio::test]
async fn a_service_provider_without_a_certificate_or_an_address_is_not_registered() {
    let scene = Scene::start();
    let good = scene::metadata(&scene.key);
    for (from, to) in [
        ("use=\"signing\"", "use=\"encryption\""),
        ("md:AssertionConsumerService", "md:Other"),
        ("https://sso.example/saml/acs", "javascript:alert(1)"),
        ("md:SPSSODescriptor", "md:IDPSSODescriptor"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert!(scene.provider.saml().register(&bad).is_err(), "{from}");
    }
}
