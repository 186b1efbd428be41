//! A gateway and the demo's identity provider over TLS, each at a registrable domain of its own, both on
//! free loopback ports. The provider is reached by the gateway too, so its port is in its issuer.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use actix_web::web::Data;
use rolegate::clock::SystemClock;
use rolegate::demo::{
    Client, ClientKind, DemoProvider, Encryption, RunningDemo, SamlOptions, SamlSeed, Seed,
    Transport, meridale, run,
};
use rolegate::domain::Secret;
use rolegate::entropy::SystemEntropy;
use rustls_pki_types::PrivatePkcs8KeyDer;

use crate::tls_gateway::{Authority, GATEWAY, PROVIDER, TlsGateway};

const PORTAL_CLIENT: &str = "rolegate-portal";
const STS_CLIENT: &str = "rolegate-sts";
const PORTAL_SECRET: &str = "the secret of the portal's client";
/// A connection whose provider answers by redirect, and one whose provider lets the browser post.
const BY_REDIRECT: &str = "workforce";
const BY_FORM_POST: &str = "partners";
/// A connection whose requests go by redirect, and one whose requests are posted.
const SAML_BY_REDIRECT: &str = "workforce-saml";
const SAML_BY_POST: &str = "partners-saml";

/// Both servers.
pub(crate) struct House {
    gateway: TlsGateway,
    provider: Data<DemoProvider>,
    running: RunningDemo,
}

impl House {
    /// Starts both and applies the demo's directory, as an administrator would.
    pub(crate) async fn start() -> Self {
        let gateway = TlsGateway::start().await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = format!("https://{PROVIDER}:{port}");
        let provider = Data::new(provider(&issuer));
        let tls = Transport::Tls(Box::new(provider_tls(&gateway.authority)));
        let running = run(provider.clone(), listener, tls).unwrap();
        let metadata = gateway.saml_metadata().await;
        provider.saml().register(&metadata).unwrap();
        let directory = gateway.folder().join("directory");
        write_directory(&directory, gateway.folder(), &provider);
        gateway.apply(&directory).await;
        Self {
            gateway,
            provider,
            running,
        }
    }

    /// What a browser's script has to know.
    pub(crate) fn settings(&self) -> serde_json::Value {
        self.gateway.settings(self.provider.issuer().as_str())
    }

    /// Stops both.
    pub(crate) async fn stop(self) {
        self.gateway.stop().await;
        self.running.stop().await.unwrap();
    }
}

fn provider_tls(authority: &Authority) -> rustls::ServerConfig {
    let (certificate, key) = authority.issue(&[PROVIDER]);
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone(), authority.0.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap()
}

/// A provider that signs and encrypts whatever can be.
fn provider(issuer: &str) -> DemoProvider {
    let provider = DemoProvider::new(
        issuer.parse().unwrap(),
        clients(),
        meridale(),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    provider.unwrap().with_saml(SamlOptions {
        encryption: Encryption::Assertions,
        ..SamlOptions::default()
    })
}

fn clients() -> Vec<Client> {
    let callback = |connection| format!("https://{GATEWAY}/oidc/callback/{connection}");
    let redirect_uris = [BY_REDIRECT, BY_FORM_POST].map(|id| callback(id).parse().unwrap());
    let portal = Client {
        id: PORTAL_CLIENT.parse().unwrap(),
        kind: ClientKind::Web {
            secret: Secret::new(PORTAL_SECRET.to_owned()),
            redirect_uris: redirect_uris.into(),
        },
    };
    let sts = Client {
        id: STS_CLIENT.parse().unwrap(),
        kind: ClientKind::AudienceOnly,
    };
    vec![portal, sts]
}

/// The demo's directory, and a second connection by each protocol that reaches the same accounts by
/// the same rules.
fn write_directory(directory: &Path, folder: &Path, provider: &DemoProvider) {
    let portal_secret_file = folder.join("portal-secret");
    fs::write(&portal_secret_file, PORTAL_SECRET).unwrap();
    let seed = Seed {
        issuer: provider.issuer().clone(),
        portal_client: PORTAL_CLIENT.parse().unwrap(),
        sts_client: STS_CLIENT.parse().unwrap(),
        portal_secret_file,
        saml: SamlSeed::of(provider.saml(), &format!("https://{GATEWAY}")).unwrap(),
    };
    for file in seed.files().unwrap() {
        let seeded = format!("connections = [\"{BY_REDIRECT}\", \"{SAML_BY_REDIRECT}\"]");
        let all = [BY_REDIRECT, BY_FORM_POST, SAML_BY_REDIRECT, SAML_BY_POST];
        let all = format!("connections = {all:?}");
        write(
            &directory.join(file.path),
            &file.text.replace(&seeded, &all),
        );
        write_second(directory, file.path, &file.text);
    }
}

/// Writes the connection or the link again for the second connection.
fn write_second(directory: &Path, path: &Path, text: &str) {
    let partners = |text: &str| text.replace("Meridale Workforce", "Meridale Partners");
    let (name, text) = match path.to_str().unwrap() {
        "connections/workforce.toml" => (
            BY_FORM_POST,
            partners(text) + "response_mode = \"form_post\"\n",
        ),
        "connections/workforce-saml.toml" => {
            let text = partners(text).replace("idp_initiated = true\n", "");
            (SAML_BY_POST, text + "request_binding = \"post\"\n")
        }
        "links/workforce.toml" => (BY_FORM_POST, text.replace(BY_REDIRECT, BY_FORM_POST)),
        "links/workforce-saml.toml" => (SAML_BY_POST, text.replace(SAML_BY_REDIRECT, SAML_BY_POST)),
        _ => return,
    };
    let path = path.with_file_name(format!("{name}.toml"));
    write(&directory.join(path), &text);
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
