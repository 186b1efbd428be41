//! A gateway and an identity provider over TLS, each at a registrable domain of its own, both on
//! free loopback ports.
//!
//! The gateway's public URL has no port: the browser maps the name to the node's port. The provider
//! is reached by the gateway too, so its port is in its issuer.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use actix_web::web::Data;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rolegate::app::RunningNode;
use rolegate::clock::SystemClock;
use rolegate::config::environment::{ADMIN_ACCESS_KEY_ID, ADMIN_SECRET_ACCESS_KEY};
use rolegate::config::{Config, Environment};
use rolegate::demo::{
    Client, ClientKind, DemoProvider, Encryption, RunningDemo, SamlOptions, SamlSeed, Seed,
    Transport, meridale, run,
};
use rolegate::domain::Secret;
use rolegate::entropy::SystemEntropy;
use rustls_pki_types::PrivatePkcs8KeyDer;

const GATEWAY: &str = "keys.meridale.example";
const PROVIDER: &str = "login.corp-idp.example";
const PORTAL_CLIENT: &str = "rolegate-portal";
const STS_CLIENT: &str = "rolegate-sts";
const PORTAL_SECRET: &str = "the secret of the portal's client";
/// A connection whose provider answers by redirect, and one whose provider lets the browser post.
const BY_REDIRECT: &str = "workforce";
const BY_FORM_POST: &str = "partners";
/// A connection whose requests go by redirect, and one whose requests are posted.
const SAML_BY_REDIRECT: &str = "workforce-saml";
const SAML_BY_POST: &str = "partners-saml";
const ADMIN: [(&str, &str); 2] = [
    (ADMIN_ACCESS_KEY_ID, "AKIAQOLEGATEBROWSERX"),
    (ADMIN_SECRET_ACCESS_KEY, "only-for-this-test-run"),
];

/// Both servers, and the files that they were made from.
pub(crate) struct House {
    folder: tempfile::TempDir,
    node: RunningNode,
    provider: Data<DemoProvider>,
    running: RunningDemo,
}

impl House {
    /// Starts both and applies the demo's directory, as an administrator would.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::make();
        fs::write(authority_file(folder.path()), authority.0.pem()).unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = format!("https://{PROVIDER}:{port}");
        let provider = Data::new(provider(&issuer));
        let tls = Transport::Tls(Box::new(provider_tls(&authority)));
        let running = run(provider.clone(), listener, tls).unwrap();
        let config = config(folder.path(), &authority);
        let node = RunningNode::start(config).await.unwrap();
        let house = Self {
            folder,
            node,
            provider,
            running,
        };
        house.register().await;
        house.apply().await;
        house
    }

    /// What a browser's script has to know.
    pub(crate) fn settings(&self) -> serde_json::Value {
        serde_json::json!({
            "gateway": format!("https://{GATEWAY}"),
            "gatewayPort": self.node.address.port(),
            "provider": self.provider.issuer(),
            "authority": authority_file(self.folder.path()),
        })
    }

    /// Stops both.
    pub(crate) async fn stop(self) {
        self.node.stop().await;
        self.running.stop().await.unwrap();
    }

    /// Gives the gateway's SAML metadata to the provider, as an administrator there would.
    async fn register(&self) {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--fail", "--cacert"])
            .arg(authority_file(self.folder.path()))
            .arg("--connect-to")
            .arg(format!("{GATEWAY}:443:{}", self.node.address))
            .arg(format!("https://{GATEWAY}/saml/metadata"));
        let output = finish(command).await.unwrap();
        assert!(output.status.success(), "{output:?}");
        let metadata = String::from_utf8(output.stdout).unwrap();
        self.provider.saml().register(&metadata).unwrap();
    }

    async fn apply(&self) {
        let directory = self.folder.path().join("directory");
        write_directory(&directory, self.folder.path(), &self.provider);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rolegate"));
        command
            .arg("apply")
            .arg(directory)
            .arg("--endpoint")
            .arg(format!("https://{}", self.node.address))
            .arg("--ca-file")
            .arg(authority_file(self.folder.path()))
            .envs(ADMIN);
        let output = finish(command).await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// Runs a command to its end, beside the servers of this process.
pub(crate) async fn finish(mut command: Command) -> io::Result<Output> {
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.unwrap()
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn make() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn issue(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        // Python's strict check of a chain asks for it.
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
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

fn config(folder: &Path, authority: &Authority) -> Config {
    let (certificate, key) = authority.issue(&[GATEWAY, "localhost", "127.0.0.1"]);
    let chain = certificate.pem() + &authority.0.pem();
    fs::write(folder.join("chain.pem"), chain).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    let text = format!(
        "listen = '127.0.0.1:0'
        public_url = 'https://{GATEWAY}'
        [tls]
        certificate_file = 'chain.pem'
        key_file = 'key.pem'
        [store]
        url = 'memory:'
        [federation]
        allow_private_addresses = ['127.0.0.1']
        ca_file = 'authority.pem'
        secret_folder = '.'
        [federation.resolve]
        '{PROVIDER}' = ['127.0.0.1']"
    );
    Config::from_toml(&text, folder, &Environment::of(&ADMIN)).unwrap()
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

fn authority_file(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}
