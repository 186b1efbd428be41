//! The gateway that a page begins with: fresh, with nothing in it but the administrator of the environment.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::page::Block;
use super::servers::{RedisServer, free_port};
use super::support::audit::audit_file;
use super::support::aws::{ADMIN_KEY, ADMIN_SECRET};
use super::support::clock::{TestClock, Time, system_now};
use super::support::http::{PATIENCE, Request};
use super::support::node::{Node, Settings, Store};
use super::tools::Tool;

const ADMIN: [(&str, &str); 2] = [
    ("ROLEGATE_ADMIN_ACCESS_KEY_ID", ADMIN_KEY),
    ("ROLEGATE_ADMIN_SECRET_ACCESS_KEY", ADMIN_SECRET),
];
/// Base64 of 32 bytes.
const ROOT_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Where a page has the demo's identity provider.
const PROVIDER: &str = "127.0.0.1:8081";
/// Printed between one block and the next.
const MARK: &str = "--- next block ---";

/// What a gateway is made of.
#[derive(Debug, Clone, Copy)]
pub enum House {
    /// One node with a store in a file: IAM and STS are asked there.
    OneNode,
    /// Two nodes over one Redis: IAM is asked at one, STS at the other.
    TwoNodes,
}

/// A gateway, which ends when it is dropped.
pub struct Gateway {
    /// The folder of the shell, and of what runs beside it.
    folder: TempDir,
    /// The folder and the origin of the node that IAM is asked at, and of the one that STS is asked at.
    iam: (PathBuf, String),
    sts: (PathBuf, String),
    /// Where the demo's identity provider is, if there is one.
    provider: Option<SocketAddr>,
    /// What the shell is told before the page is typed.
    prelude: String,
    running: Vec<Running>,
    _redis: Option<RedisServer>,
}

enum Running {
    Process(Child),
    /// In this process, so that its clock can be moved.
    Node(Box<Node>),
}

impl Gateway {
    /// The gateway that a page begins with.
    pub fn of(page: &str, house: House) -> Self {
        match page {
            "federated.md" => Self::start(house, Some(local(free_port()))),
            "expired-keys.md" => Self::with_clocks(house),
            _ => Self::start(house, None),
        }
    }

    fn start(house: House, provider: Option<SocketAddr>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = matches!(house, House::TwoNodes).then(RedisServer::start);
        let mut variables: Vec<(&str, String)> = Vec::new();
        if let Some(redis) = &redis {
            variables.push(("ROLEGATE_STORE_URL", redis.url()));
            variables.push(("ROLEGATE_ROOT_KEY", ROOT_KEY.to_owned()));
        }
        if let Some(provider) = provider {
            let issuer = format!("http://{provider}");
            variables.push(("ROLEGATE_ALLOW_HTTP_ISSUERS", issuer));
        }
        let address = local(free_port());
        let public_url = format!("http://{address}");
        variables.push(("ROLEGATE_PUBLIC_URL", public_url.clone()));
        let mut running = Vec::new();
        let mut serve = |name: &str, address: SocketAddr| {
            let place = folder.path().join(name);
            running.push(Running::Process(serve(&place, address, &variables)));
            (place, format!("http://{address}"))
        };
        let sts = serve("sts", address);
        let iam = match house {
            House::OneNode => sts.clone(),
            House::TwoNodes => serve("iam", local(free_port())),
        };
        if let Some(provider) = provider {
            let child = demo_provider(folder.path(), &public_url, provider);
            running.push(Running::Process(child));
        }
        Self {
            folder,
            iam,
            sts,
            provider,
            prelude: String::new(),
            running,
            _redis: redis,
        }
    }

    /// A gateway whose clocks stand, as far behind as a signature may be old with minutes to spare; whoever
    /// sleeps in the shell moves them.
    fn with_clocks(house: House) -> Self {
        const BEHIND: i64 = 8 * 60;
        let folder = tempfile::tempdir().unwrap();
        let redis = matches!(house, House::TwoNodes).then(RedisServer::start);
        let mut toml = "max_staleness_seconds = 3600\n".to_owned();
        if let Some(redis) = &redis {
            let key = folder.path().join("root.key");
            std::fs::write(&key, ROOT_KEY).unwrap();
            let (url, key) = (redis.url(), key.display());
            write!(toml, "store.url = '{url}'\nroot_key.file = '{key}'\n").unwrap();
        }
        let settings = Settings {
            store: Store::Embedded,
            time: Time::At(system_now() - BEHIND),
            toml,
            ..Settings::default()
        };
        let count = match house {
            House::OneNode => 1,
            House::TwoNodes => 2,
        };
        let nodes: Vec<_> = (0..count).map(|_| Node::start(settings.clone())).collect();
        let place = |node: &Node| (node.folder().to_owned(), node.origin());
        let clocks = nodes.iter().map(|node| Arc::clone(&node.clock)).collect();
        Self {
            folder,
            iam: place(nodes.first().unwrap()),
            sts: place(nodes.last().unwrap()),
            provider: None,
            prelude: sleep_that_moves(clocks),
            running: nodes.into_iter().map(Box::new).map(Running::Node).collect(),
            _redis: redis,
        }
    }

    /// What each block prints, one after the other in one shell.
    pub fn typed(&self, blocks: &[Block]) -> Vec<String> {
        let mut script = ["exec 2>&1\n", &self.prelude].concat();
        let provider = self.provider.map(|address| address.to_string());
        for block in blocks {
            let typed = match &provider {
                Some(provider) => &block.typed.replace(PROVIDER, provider),
                None => &block.typed,
            };
            writeln!(script, "{typed}\necho '{MARK}'").unwrap();
        }
        let home = self.folder.path().join("home");
        std::fs::create_dir_all(&home).unwrap();
        let output = Command::new("bash")
            .args(["-c", &script])
            .env_clear()
            .env("PATH", path())
            .env("HOME", home)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL_IAM", &self.iam.1)
            .env("AWS_ENDPOINT_URL_STS", &self.sts.1)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", ADMIN_KEY)
            .env("AWS_SECRET_ACCESS_KEY", ADMIN_SECRET)
            .envs(ADMIN)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut parts: Vec<_> = text
            .split(&[MARK, "\n"].concat())
            .map(str::to_owned)
            .collect();
        assert_eq!(parts.pop().as_deref(), Some(""), "{text}");
        parts
    }

    /// Which of the two APIs the node that is there for IAM was asked for, and the one that is there for STS.
    pub fn asked(&self) -> [Vec<&'static str>; 2] {
        [&self.iam.0, &self.sts.0].map(|folder| {
            let text = std::fs::read_to_string(audit_file(folder)).unwrap();
            let is_asked =
                |api: &&str| text.contains(&format!("\"eventSource\":\"{api}.amazonaws.com\""));
            ["iam", "sts"].into_iter().filter(is_asked).collect()
        })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        for running in &mut self.running {
            match running {
                Running::Process(child) => {
                    drop(child.kill());
                    drop(child.wait());
                }
                Running::Node(node) => node.stop(),
            }
        }
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A node in a process of its own, once it is ready.
fn serve(folder: &Path, address: SocketAddr, variables: &[(&str, String)]) -> Child {
    std::fs::create_dir(folder).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_rolegate"))
        .arg("serve")
        .env_clear()
        .envs(ADMIN)
        .env("ROLEGATE_LISTEN", address.to_string())
        .envs(variables.iter().cloned())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let give_up = Instant::now() + PATIENCE;
    let is_ready = || {
        let answer = Request::get(address, "/readyz").try_send();
        answer.is_ok_and(|answer| answer.status == 200)
    };
    while !is_ready() {
        assert!(Instant::now() < give_up, "it did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

/// The demo's provider, for the gateway of this URL.
fn demo_provider(folder: &Path, gateway: &str, address: SocketAddr) -> Child {
    let port = address.port().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rolegate"))
        .args(["demo", "--provider-for", gateway, "--provider-port", &port])
        .env_clear()
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut printed = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !printed.contains("Ctrl-C") {
        assert!(output.read_line(&mut printed).unwrap() > 0, "{printed}");
    }
    child
}

/// Has the shell's `sleep` move these clocks.
fn sleep_that_moves(clocks: Vec<Arc<TestClock>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut seconds = String::new();
            stream.read_line(&mut seconds).unwrap();
            for clock in &clocks {
                clock.advance(seconds.trim().parse().unwrap());
            }
            stream.get_mut().write_all(b"moved\n").unwrap();
        }
    });
    format!(
        "sleep() {{ exec 9<>/dev/tcp/127.0.0.1/{port}; echo \"$1\" >&9; read -r <&9; exec 9>&-; }}\n"
    )
}

fn path() -> String {
    let aws = Tool::AwsCli.path();
    let own = Path::new(env!("CARGO_BIN_EXE_rolegate"));
    let folders = [&aws, own].map(|program| program.parent().unwrap().to_str().unwrap());
    [&folders.join(":"), "/usr/local/bin:/usr/bin:/bin"].join(":")
}
