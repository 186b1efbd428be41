//! Logout, begun at either side.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::federation::saml::certificate::Certificate;
use rolegate::federation::saml::claims::NameId;
use rolegate::federation::saml::messages::{
    Envelope, LogoutReason, LogoutRequest, LogoutResponse, LogoutStatus, MessageId,
};
use rolegate::federation::saml::redirect::{MessageKind, UnverifiedRedirect, VerifiedRedirect};
use rolegate::federation::saml::service_provider::ServiceProviderKey;
use url::Url;

use crate::scene::{Form, NOW, OURS, SLO, Scene, ours};
use crate::support::http::Response;

/// A logout request for one of the provider's people.
fn request_for(scene: &Scene, subject: &str, index: Option<&str>) -> LogoutParts {
    LogoutParts {
        id: "_logout".parse().unwrap(),
        destination: scene.logout(),
        issuer: ours(),
        name_id: NameId {
            value: subject.to_owned(),
            format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
            name_qualifier: Some(scene.idp().entity_id.as_str().to_owned()),
            sp_name_qualifier: Some(OURS.to_owned()),
        },
        indexes: index.map(str::to_owned).into_iter().collect(),
    }
}

struct LogoutParts {
    id: MessageId,
    destination: rolegate::federation::saml::vocabulary::EndpointUrl,
    issuer: rolegate::domain::EntityId,
    name_id: NameId,
    indexes: Vec<String>,
}

impl LogoutParts {
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method itself is not general enough in its lifetimes"
    )]
    fn xml(&self) -> String {
        self.with(|request| request.to_xml())
    }

    fn with<T>(&self, use_it: impl FnOnce(&LogoutRequest<'_>) -> T) -> T {
        let indexes: Vec<&str> = self.indexes.iter().map(String::as_str).collect();
        use_it(&LogoutRequest {
            envelope: Envelope {
                id: &self.id,
                issue_instant: NOW,
                destination: &self.destination,
                issuer: &self.issuer,
            },
            name_id: &self.name_id,
            session_indexes: &indexes,
            not_on_or_after: NOW.plus(60),
            reason: LogoutReason::User,
        })
    }
}

/// How many sessions the home page shows, by person; the page says nothing of those without.
async fn sessions(scene: &Scene) -> String {
    let home = scene.get("/").await.text();
    let Some((_, after)) = home.split_once("Who is signed in by SAML") else {
        return String::new();
    };
    let listed = after.split_once("A token for a command line").unwrap().0;
    let of = |(name, short): &(&str, &str)| {
        let (_, rest) = listed.split_once(name)?;
        let count = rest.split_once("<span class=\"soft\">")?.1;
        Some(format!("{short}:{}", count.split(' ').next()?))
    };
    let people = [("Ines Okafor", "ines"), ("Noor Haddad", "noor")];
    people.iter().filter_map(of).collect::<Vec<_>>().join(" ")
}

async fn sign_in(scene: &Scene, person: &str) -> String {
    let xml = scene.chosen(&scene.asked().await, person).await;
    let xml = xml.message("SAMLResponse");
    let index = xml.split("SessionIndex=\"").nth(1).unwrap();
    index.split('"').next().unwrap().to_owned()
}

/// The message that a redirect to the service provider carries, verified with the provider's key.
fn brought(scene: &Scene, answer: &Response) -> VerifiedRedirect {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let url = Url::parse(answer.header("location").unwrap()).unwrap();
    assert_eq!(url.as_str().split('?').next(), Some(SLO));
    let idp = scene.idp();
    let keys = idp.signing_certificates.iter().map(Certificate::key);
    let message = UnverifiedRedirect::parse(url.query().unwrap()).unwrap();
    message.verify(keys).unwrap()
}

#[tokio::test]
async fn a_signed_request_ends_the_session_that_it_names_and_is_answered() {
    let scene = Scene::start();
    let first = sign_in(&scene, "ines").await;
    sign_in(&scene, "ines").await;
    sign_in(&scene, "noor").await;
    assert_eq!(sessions(&scene).await, "ines:2 noor:1");
    let request = request_for(&scene, "mrd-20417", Some(&first));
    let xml = request.xml();
    let message = (MessageKind::Request, xml.as_str());
    let answer = scene
        .redirect(message, &scene.logout(), Some(&scene.key))
        .await;
    let message = brought(&scene, &answer);
    assert_eq!(message.kind, MessageKind::Response);
    assert_eq!(message.relay_state.as_deref(), Some("state"));
    assert!(
        message.xml.contains("InResponseTo=\"_logout\""),
        "{}",
        message.xml
    );
    assert!(message.xml.contains("status:Success"), "{}", message.xml);
    assert_eq!(sessions(&scene).await, "ines:1 noor:1");
}

#[tokio::test]
async fn a_posted_request_without_a_session_ends_all_of_the_person() {
    let scene = Scene::start();
    sign_in(&scene, "ines").await;
    sign_in(&scene, "ines").await;
    sign_in(&scene, "noor").await;
    let request = request_for(&scene, "mrd-20417", None);
    let signed = request.with(|request| request.to_signed_xml(scene.key.signing()).unwrap());
    let message = STANDARD.encode(&signed);
    let fields = [("SAMLRequest", message.as_str()), ("RelayState", "r")];
    let form = Form::of(&scene.post("/saml/logout", &fields).await);
    assert_eq!(
        (form.action.as_str(), form.fields["RelayState"].as_str()),
        (SLO, "r")
    );
    let answer = form.message("SAMLResponse");
    assert!(answer.contains("InResponseTo=\"_logout\""), "{answer}");
    assert!(answer.contains("<ds:SignatureValue>"), "{answer}");
    assert_eq!(sessions(&scene).await, "noor:1");
}

#[tokio::test]
async fn a_request_that_nobody_signed_ends_nothing() {
    let scene = Scene::start();
    sign_in(&scene, "ines").await;
    let other = ServiceProviderKey::generate("sso.example", NOW).unwrap();
    let request = request_for(&scene, "mrd-20417", None);
    let xml = request.xml();
    for key in [None, Some(&other)] {
        let message = (MessageKind::Request, xml.as_str());
        let answer = scene.redirect(message, &scene.logout(), key).await;
        assert_eq!((answer.status, answer.header("location")), (400, None));
    }
    let forged = request.with(|request| request.to_signed_xml(other.signing()).unwrap());
    for message in [STANDARD.encode(&xml), STANDARD.encode(&forged)] {
        let fields = [("SAMLRequest", message.as_str())];
        let answer = scene.post("/saml/logout", &fields).await;
        assert_eq!(answer.status, 400);
    }
    assert_eq!(sessions(&scene).await, "ines:1");
}

#[tokio::test]
async fn a_sign_out_here_tells_the_service_provider_and_waits_for_its_answer() {
    let scene = Scene::start();
    let index = sign_in(&scene, "ines").await;
    sign_in(&scene, "noor").await;
    let answer = scene.post("/saml/sign-out", &[("person", "ines")]).await;
    let request = brought(&scene, &answer);
    assert_eq!(request.kind, MessageKind::Request);
    assert!(
        request.xml.contains(">mrd-20417</saml:NameID>"),
        "{}",
        request.xml
    );
    let named = format!("<samlp:SessionIndex>{index}</samlp:SessionIndex>");
    assert!(request.xml.contains(&named), "{}", request.xml);
    assert_eq!(sessions(&scene).await, "noor:1");

    let id = request.xml.split(" ID=\"").nth(1).unwrap();
    let id = id.split('"').next().unwrap();
    let state = request.relay_state.unwrap();
    let told = respond(&scene, (id, LogoutStatus::Success), &state).await;
    assert!(
        told.text().contains("Signed out everywhere"),
        "{}",
        told.text()
    );
    let again = respond(&scene, (id, LogoutStatus::Success), &state).await;
    assert_eq!(again.status, 400, "an answer counts once");
}

#[tokio::test]
async fn an_answer_to_another_request_or_without_success_does_not_say_everywhere() {
    let scene = Scene::start();
    for (own_id, status, expected) in [
        (false, LogoutStatus::Success, "This sign-out can’t go on"),
        (true, LogoutStatus::Responder, "could not end its own"),
    ] {
        sign_in(&scene, "ines").await;
        let answer = scene.post("/saml/sign-out", &[("person", "ines")]).await;
        let request = brought(&scene, &answer);
        let id = request.xml.split(" ID=\"").nth(1).unwrap();
        let id = if own_id {
            id.split('"').next().unwrap()
        } else {
            "_other"
        };
        let told = respond(&scene, (id, status), &request.relay_state.unwrap()).await;
        assert!(told.text().contains(expected), "{}", told.text());
    }
}

#[tokio::test]
async fn whoever_is_signed_in_nowhere_is_signed_out_everywhere() {
    let scene = Scene::start();
    let told = scene.post("/saml/sign-out", &[("person", "tomas")]).await;
    assert!(
        told.text().contains("Signed out everywhere"),
        "{}",
        told.text()
    );
}

/// Posts the service provider's answer to a logout request.
async fn respond(scene: &Scene, (id, status): (&str, LogoutStatus), state: &str) -> Response {
    let response = LogoutResponse {
        envelope: Envelope {
            id: &"_answer".parse().unwrap(),
            issue_instant: NOW,
            destination: &scene.logout(),
            issuer: &ours(),
        },
        in_response_to: &id.parse().unwrap(),
        status,
    };
    let message = STANDARD.encode(response.to_signed_xml(scene.key.signing()).unwrap());
    let fields = [("SAMLResponse", message.as_str()), ("RelayState", state)];
    scene.post("/saml/logout", &fields).await
}
