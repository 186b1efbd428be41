//! A demo provider over real HTTP, and a service provider that is registered there.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;

use actix_web::web;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rolegate::clock::FixedClock;
use rolegate::demo::{DemoProvider, RunningDemo, SamlOptions, StsParty, Transport, meridale, run};
use rolegate::domain::{EntityId, UnixTime};
use rolegate::entropy::SystemEntropy;
use rolegate::federation::saml::messages::{
    AuthnRequest, Envelope, MessageId, ServiceProviderMetadata,
};
use rolegate::federation::saml::metadata::{IdpMetadata, parse};
use rolegate::federation::saml::redirect::{MessageKind, RedirectMessage};
use rolegate::federation::saml::service_provider::ServiceProviderKey;
use rolegate::federation::saml::vocabulary::{Binding, EndpointUrl};
use serde_json::Value;
use url::Url;

use crate::support::http::{Request, Response};
use crate::tools::Tool;

/// In the past, so that verifiers with a clock of their own take certificates of this time.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_750_000_000);
pub(crate) const OURS: &str = "https://sso.example/saml/metadata";
pub(crate) const ACS: &str = "https://sso.example/saml/acs";
pub(crate) const SLO: &str = "https://sso.example/saml/slo";
pub(crate) const STS: &str = "https://sso.example/saml";

/// The provider, and the keys of the service provider that it knows.
pub(crate) struct Scene {
    running: RunningDemo,
    pub(crate) provider: web::Data<DemoProvider>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) key: ServiceProviderKey,
    folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn start() -> Self {
        Self::start_with(&SamlOptions::default())
    }

    pub(crate) fn start_with(options: &SamlOptions) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let clock = Arc::new(FixedClock::at(NOW));
        let entropy = Arc::new(SystemEntropy);
        let provider = DemoProvider::new(
            issuer.parse().unwrap(),
            Vec::new(),
            meridale(),
            clock.clone(),
            entropy,
        );
        let sts = StsParty {
            audience: OURS.parse().unwrap(),
            recipient: STS.parse().unwrap(),
        };
        let options = SamlOptions {
            sts: Some(sts),
            ..options.clone()
        };
        let provider = web::Data::new(provider.unwrap().with_saml(options));
        let key = ServiceProviderKey::generate("sso.example", NOW).unwrap();
        provider.saml().register(&metadata(&key)).unwrap();
        let running = run(provider.clone(), listener, Transport::Plain).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let scene = Self {
            running,
            provider,
            clock,
            key,
            folder,
        };
        scene.write_pem("idp.pem", "CERTIFICATE", &scene.idp_certificate());
        let key = scene.key.private_key().expose().clone();
        scene.write_pem("sp.key", "PRIVATE KEY", &key);
        scene
    }

    pub(crate) fn idp(&self) -> IdpMetadata {
        let metadata = self.provider.saml().metadata();
        parse(&metadata, None).unwrap().metadata
    }

    fn idp_certificate(&self) -> Vec<u8> {
        let idp = self.idp();
        let mut certificates = idp.signing_certificates.iter();
        certificates.next().unwrap().der().to_vec()
    }

    fn write_pem(&self, name: &str, label: &str, der: &[u8]) {
        let text = STANDARD.encode(der);
        let pem = format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n");
        std::fs::write(self.folder.path().join(name), pem).unwrap();
    }

    pub(crate) async fn get(&self, target: &str) -> Response {
        let request = Request::get(self.running.address(), target);
        request.send_async().await
    }

    pub(crate) async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Response {
        let request = Request::post_form(self.running.address(), target, fields);
        request.send_async().await
    }

    pub(crate) fn sign_on(&self) -> EndpointUrl {
        self.idp().sign_on_at(Binding::Redirect).unwrap().clone()
    }

    pub(crate) fn logout(&self) -> EndpointUrl {
        let idp = self.idp();
        idp.logout_at(Binding::Redirect).unwrap().location.clone()
    }

    /// A request of the service provider's, which `change` may spoil before it is signed.
    pub(crate) fn request(&self, change: impl FnOnce(String) -> String) -> String {
        let request = AuthnRequest {
            envelope: Envelope {
                id: &request_id(),
                issue_instant: NOW,
                destination: &self.sign_on(),
                issuer: &ours(),
            },
            assertion_consumer_service: &ACS.parse::<Url>().unwrap(),
            name_id_format: None,
            force_authn: false,
            requested_context: None,
        };
        change(request.to_xml())
    }

    /// Sends a message as the redirect binding does, signed by `key`; what it is answered.
    pub(crate) async fn redirect(
        &self,
        (kind, xml): (MessageKind, &str),
        to: &EndpointUrl,
        key: Option<&ServiceProviderKey>,
    ) -> Response {
        let message = RedirectMessage {
            kind,
            xml,
            relay_state: Some("state"),
        };
        let url = message.url(to, key.map(ServiceProviderKey::signing));
        let url = Url::parse(&url.unwrap()).unwrap();
        let target = [url.path(), "?", url.query().unwrap()].concat();
        self.get(&target).await
    }

    /// The page with the people, asked for by a good request.
    pub(crate) async fn asked(&self) -> Response {
        let xml = self.request(|xml| xml);
        let message = (MessageKind::Request, xml.as_str());
        self.redirect(message, &self.sign_on(), Some(&self.key))
            .await
    }

    /// The form that comes of choosing a person on such a page.
    pub(crate) async fn chosen(&self, page: &Response, person: &str) -> Form {
        assert_eq!(page.status, 200, "{}", page.text());
        let ticket = Form::of(page).fields["ticket"].clone();
        let fields = [("ticket", &*ticket), ("person", person)];
        Form::of(&self.post("/saml/sso/choose", &fields).await)
    }

    /// Signs somebody in; what signxml says of the response.
    pub(crate) async fn signed_in(&self, person: &str) -> Value {
        let form = self.chosen(&self.asked().await, person).await;
        self.verified(&form.fields["SAMLResponse"]).await
    }

    /// What signxml says of a response.
    pub(crate) async fn verified(&self, response: &str) -> Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/saml_verify.py");
        let mut command = Command::new(Tool::Python.path());
        command.arg(script).arg("--certificate");
        command.arg(self.folder.path().join("idp.pem"));
        command.arg("--key").arg(self.folder.path().join("sp.key"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let response = response.to_owned();
        let run = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let mut input = child.stdin.take().unwrap();
            input.write_all(response.as_bytes()).unwrap();
            drop(input);
            child.wait_with_output().unwrap()
        });
        let output = run.await.unwrap();
        assert!(output.status.success(), "signxml refused");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A form that a page holds.
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: HashMap<String, String>,
}

impl Form {
    pub(crate) fn of(page: &Response) -> Self {
        let html = page.text();
        let action = html.split("action=\"").nth(1);
        let action = action.unwrap_or_else(|| panic!("no form: {html}"));
        let fields = html.split("<input type=\"hidden\" name=\"").skip(1);
        let quoted = |text: &str| text.split('"').next().unwrap().to_owned();
        Self {
            action: quoted(action),
            fields: fields
                .map(|field| {
                    let value = field.split("value=\"").nth(1).unwrap();
                    (quoted(field), quoted(value))
                })
                .collect(),
        }
    }

    /// The message in a field, decoded.
    pub(crate) fn message(&self, field: &str) -> String {
        decoded(&self.fields[field])
    }
}

pub(crate) fn decoded(base64: &str) -> String {
    String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
}

pub(crate) fn request_id() -> MessageId {
    "_request".parse().unwrap()
}

pub(crate) fn ours() -> EntityId {
    OURS.parse().unwrap()
}

pub(crate) fn metadata(key: &ServiceProviderKey) -> String {
    ServiceProviderMetadata {
        entity_id: &ours(),
        certificates: vec![key.certificate()],
        name_id_formats: &[],
        assertion_consumer_service: &ACS.parse().unwrap(),
        single_logout_service: &SLO.parse().unwrap(),
    }
    .to_xml()
}
