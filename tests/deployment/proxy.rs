//! A proxy that runs the example of `config/`, at other addresses.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use reqwest::ClientBuilder;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tempfile::TempDir;

use crate::example;
use crate::support::http::PATIENCE;
use crate::tools::Tool;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Nginx,
    Haproxy,
}

/// A proxy with a certificate for `localhost`; it stops when it is dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    child: Child,
}

/// A loopback address whose port nobody has just now.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

impl Proxy {
    /// Two of its three nodes are down: the first and the last.
    pub(crate) fn start(kind: Kind, address: SocketAddr, node: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_certificate(folder.path());
        let down = free_address();
        let nodes = [
            ("10.0.0.11:8080", down.to_string()),
            ("10.0.0.12:8080", node.to_string()),
            ("10.0.0.13:8080", down.to_string()),
        ];
        let command = match kind {
            Kind::Nginx => nginx(folder.path(), address, &nodes),
            Kind::Haproxy => haproxy(folder.path(), address, node, &nodes),
        };
        let mut proxy = Self {
            address,
            child: run(command),
            folder,
        };
        proxy.wait();
        proxy
    }

    fn wait(&mut self) {
        let give_up = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the proxy ended: {ended:?}");
            assert!(Instant::now() < give_up, "the proxy never listened");
            std::thread::yield_now();
        }
    }

    pub(crate) fn origin(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The certificate that clients must trust, in PEM.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("fullchain.pem")
    }

    /// A client that trusts the proxy's certificate.
    #[expect(
        clippy::disallowed_methods,
        reason = "the rule keeps the gateway's outgoing requests in one place; this is a client of it"
    )]
    pub(crate) fn client(&self) -> ClientBuilder {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.authority()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .resolve("localhost", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_certificate(folder: &Path) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    std::fs::write(folder.join("bundle.pem"), [&*certificate, &*key].concat()).unwrap();
    std::fs::write(folder.join("fullchain.pem"), certificate).unwrap();
    std::fs::write(folder.join("key.pem"), key).unwrap();
}

/// The example with other addresses; each that is replaced must be there.
fn example_with(path: &str, changes: &[(&str, String)]) -> String {
    let mut text = std::fs::read_to_string(example(path)).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{path} has no {from}");
        text = text.replace(from, to);
    }
    text
}

fn nginx(folder: &Path, address: SocketAddr, nodes: &[(&str, String)]) -> Command {
    let place = folder.display();
    let mut changes = nodes.to_vec();
    changes.extend([
        ("listen 443 ssl", format!("listen {address} ssl")),
        ("aws.example.com", "localhost".to_owned()),
        ("/etc/rolegate/tls", place.to_string()),
    ]);
    let site = example_with("nginx/rolegate.conf", &changes);
    std::fs::write(folder.join("rolegate.conf"), site).unwrap();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let paths = kinds.map(|name| format!("{name}_temp_path {place}/{name};"));
    let paths = paths.join("\n");
    let main = format!(
        "daemon off; master_process off; pid {place}/nginx.pid; error_log stderr;\n\
         events {{}}\nhttp {{\naccess_log off;\n{paths}\ninclude {place}/rolegate.conf;\n}}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, main).unwrap();
    let mut command = Command::new(Tool::Nginx.path());
    command
        .arg("-e")
        .arg("stderr")
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(file);
    command
}

fn haproxy(
    folder: &Path,
    address: SocketAddr,
    node: SocketAddr,
    nodes: &[(&str, String)],
) -> Command {
    let mut changes = nodes.to_vec();
    changes.extend([
        ("bind :443", format!("bind {address}")),
        ("port 8081", format!("port {}", node.port())),
        ("/etc/rolegate/tls", folder.display().to_string()),
    ]);
    let text = example_with("haproxy/haproxy.cfg", &changes);
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(Tool::Haproxy.path());
    command.arg("-db").arg("-f").arg(file);
    command
}

fn run(mut command: Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
