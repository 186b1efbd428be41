//! A gateway over TLS at a registrable domain of its own, on a free loopback port, and the authority
//! that vouches for it. Browsers map its name, which its public URL has without a port, to that port.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rolegate::app::RunningNode;
use rolegate::config::environment::{ADMIN_ACCESS_KEY_ID, ADMIN_SECRET_ACCESS_KEY};
use rolegate::config::{Config, Environment};
use serde_json::{Value, json};

use crate::tools::Tool;

pub(crate) const GATEWAY: &str = "keys.meridale.example";
/// The name of an identity provider, which may be on loopback.
pub(crate) const PROVIDER: &str = "login.corp-idp.example";

const ADMIN: [(&str, &str); 2] = [
    (ADMIN_ACCESS_KEY_ID, "AKIAQOLEGATEBROWSERX"),
    (ADMIN_SECRET_ACCESS_KEY, "only-for-this-test-run"),
];

/// The gateway, with an empty directory at first, and the files that it was made from.
pub(crate) struct TlsGateway {
    pub(crate) authority: Authority,
    folder: tempfile::TempDir,
    node: RunningNode,
}

impl TlsGateway {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::make();
        fs::write(authority_file(folder.path()), authority.0.pem()).unwrap();
        let config = config(folder.path(), &authority);
        let node = RunningNode::start(config).await.unwrap();
        Self {
            authority,
            folder,
            node,
        }
    }

    /// A folder that goes with the gateway, where its connections' secrets may be.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a browser's script has to know, `provider` being where the identity provider is.
    pub(crate) fn settings(&self, provider: &str) -> Value {
        json!({
            "gateway": format!("https://{GATEWAY}"),
            "gatewayPort": self.node.address.port(),
            "provider": provider,
            "authority": authority_file(self.folder.path()),
        })
    }

    /// Its SAML metadata, as an administrator of a provider would fetch it.
    pub(crate) async fn saml_metadata(&self) -> String {
        let address = format!("{GATEWAY}:443:{}", self.node.address);
        self.fetch(&format!("https://{GATEWAY}/saml/metadata"), &address)
            .await
    }

    /// What is at a URL, whose host and port `address` leads elsewhere: `HOST:PORT:HOST:PORT`.
    pub(crate) async fn fetch(&self, url: &str, address: &str) -> String {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--fail", "--cacert"])
            .arg(authority_file(self.folder.path()))
            .args(["--connect-to", address, url]);
        let output = finish(command).await.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes its directory what the files of a folder say.
    pub(crate) async fn apply(&self, directory: &Path) {
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

    pub(crate) async fn stop(self) {
        self.node.stop().await;
    }
}

/// Runs a script of the folder `tests` with `settings`; what it says is shown where it fails.
pub(crate) async fn run_script(name: &str, mut settings: Value) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    settings["aws"] = json!(Tool::AwsCli.path());
    settings["artifacts"] = json!(tests.join("artifacts"));
    let mut command = Command::new(Tool::Node.path());
    command
        .args(["--test", "--test-reporter=spec"])
        .arg(tests.join(name))
        .env("ROLEGATE_TEST_HOUSE", settings.to_string())
        .env("ROLEGATE_TEST_CHROMIUM", Tool::Chromium.path())
        .env("ROLEGATE_TEST_FIREFOX", Tool::Firefox.path())
        .env("ROLEGATE_TEST_NODE_MODULES", Tool::NodeModules.path());
    let output = finish(command).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{said}{errors}");
    assert!(output.status.success(), "{name} failed");
}

/// Runs a command to its end, beside the servers of this process.
async fn finish(mut command: Command) -> io::Result<Output> {
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.unwrap()
}

pub(crate) struct Authority(pub(crate) CertifiedIssuer<'static, KeyPair>);

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

    pub(crate) fn issue(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        // Python's strict check of a chain asks for it.
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// Issues a certificate and writes it, with its chain, and its key as PEM; the files of both.
    pub(crate) fn write(&self, names: &[&str], folder: &Path, prefix: &str) -> [PathBuf; 2] {
        let (certificate, key) = self.issue(names);
        let files = ["chain", "key"].map(|what| folder.join(format!("{prefix}-{what}.pem")));
        fs::write(&files[0], certificate.pem() + &self.0.pem()).unwrap();
        fs::write(&files[1], key.serialize_pem()).unwrap();
        files
    }
}

fn config(folder: &Path, authority: &Authority) -> Config {
    authority.write(&[GATEWAY, "localhost", "127.0.0.1"], folder, "gateway");
    let text = format!(
        "listen = '127.0.0.1:0'
        public_url = 'https://{GATEWAY}'
        [tls]
        certificate_file = 'gateway-chain.pem'
        key_file = 'gateway-key.pem'
        [store]
        url = 'memory:'
        [portal]
        organisation = 'Meridale'
        contact = 'access@meridale.example'
        [federation]
        allow_private_addresses = ['127.0.0.1']
        ca_file = 'authority.pem'
        secret_folder = '.'
        [federation.resolve]
        '{PROVIDER}' = ['127.0.0.1']"
    );
    Config::from_toml(&text, folder, &Environment::of(&ADMIN)).unwrap()
}

fn authority_file(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}
