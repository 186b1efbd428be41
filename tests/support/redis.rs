//! Servers of Redis that a test starts on free ports of loopback, and that end with it, however it ends.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test crate takes the parts that it needs"
)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as SocketName, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::tools::Tool;

/// A server answers within this time, or the test fails.
const PATIENCE: Duration = Duration::from_mins(1);
/// Who says nothing for so long, in milliseconds, is replaced, where a test is about that.
const SILENCE: u32 = 5000;
/// The same where nobody is to be replaced, however busy other tests keep the machine.
const LONG_SILENCE: u32 = 60_000;
/// Another program may take a free port before the server does.
const ATTEMPTS: usize = 5;
/// The system gives none of these to outgoing connections, which would take the port of a server that is
/// down for a moment.
const PORTS: std::ops::Range<u16> = 15_000..32_000;
/// Where a node's rights are told.
const OPERATIONS: &str = include_str!("../../docs/operations.md");
/// A user who may do what the documentation says that a node does, and nothing else.
const GATEWAY: &str = "gateway";
/// Their password.
pub const GATEWAY_PASSWORD: &str = "a-password-of-the-gateway";

/// Runs a program, tells its process id, and kills it when this process is gone: then nobody holds the
/// other end of standard input any more. Whoever is gone without a word has left the folder, too.
const KEEPER: &str = r#"
log=$1; shift
"$@" </dev/null >"$log" 2>&1 &
echo $!
word=$(cat)
kill -9 $! 2>/dev/null
wait
[ -n "$word" ] || rm -rf "$(dirname "$log")"
"#;

/// A program that ends with the test.
struct Kept {
    keeper: Child,
    id: u32,
    folder: TempDir,
}

impl Kept {
    fn start(program: &Path, arguments: &[String], folder: TempDir) -> Self {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(folder.path().join("log"))
            .arg(program)
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut id = String::new();
        let told = keeper.stdout.take().unwrap();
        BufReader::new(told).read_line(&mut id).unwrap();
        Self {
            keeper,
            id: id.trim().parse().unwrap(),
            folder,
        }
    }

    fn signal(&self, signal: &str) {
        let id = self.id.to_string();
        let status = Command::new("kill").args([signal, &id]).status();
        assert!(status.unwrap().success(), "{signal} {id}");
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(mut ear) = self.keeper.stdin.take() {
            drop(ear.write_all(b"end"));
        }
        drop(self.keeper.wait());
    }
}

/// One server.
pub struct RedisServer {
    pub port: u16,
    kept: Kept,
    settings: Vec<String>,
}

impl RedisServer {
    /// A server with an append-only file, which the system writes when it likes: the tests' servers may
    /// die, and their machine not.
    pub fn start() -> Self {
        Self::with(&["--appendonly", "yes", "--appendfsync", "no"])
    }

    /// A server with these settings.
    pub fn with(settings: &[&str]) -> Self {
        let settings: Vec<_> = settings.iter().map(|it| (*it).to_owned()).collect();
        Self::in_folder(&settings, &|_| Vec::new())
    }

    /// A server that speaks TLS only, by the files of [`write_certificates`].
    pub fn with_tls() -> Self {
        let certificates = |folder: &Path| {
            write_certificates(folder);
            let file = |name: &str| folder.join(name).display().to_string();
            let settings = [
                ("--tls-cert-file", file("server.pem")),
                ("--tls-key-file", file("server.key")),
                ("--tls-ca-cert-file", file("ca.pem")),
            ];
            settings
                .into_iter()
                .flat_map(|(name, value)| [name.to_owned(), value])
                .collect()
        };
        let settings = ["--appendonly".to_owned(), "yes".to_owned()];
        Self::in_folder(&settings, &certificates)
    }

    fn in_folder(settings: &[String], more: &dyn Fn(&Path) -> Vec<String>) -> Self {
        for _ in 0..ATTEMPTS {
            let folder = tempfile::tempdir().unwrap();
            let mut settings = settings.to_vec();
            settings.extend(more(folder.path()));
            let port = free_port();
            let kept = start_server(port, &settings, folder);
            if let Some(kept) = kept {
                return Self {
                    port,
                    kept,
                    settings,
                };
            }
        }
        panic!("no redis-server starts");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.kept.folder.path()
    }

    /// Ends it at once. What has much memory is still there for a moment, and has its port.
    pub fn kill(&self) {
        self.kept.signal("-KILL");
        let give_up = Instant::now() + PATIENCE;
        while TcpListener::bind(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < give_up, "redis-server does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets it do nothing until [`Self::go_on`].
    pub fn freeze(&self) {
        self.kept.signal("-STOP");
    }

    pub fn go_on(&self) {
        self.kept.signal("-CONT");
    }

    /// Starts it again, with the same port and files, after it was killed.
    pub fn restart(&mut self) {
        self.restart_with(&[]);
    }

    /// As [`Self::restart`], with these settings beside its own, this once. Does not wait until it has
    /// loaded its files.
    pub fn restart_with(&mut self, more: &[&str]) {
        let folder = std::mem::replace(&mut self.kept.folder, tempfile::tempdir().unwrap());
        let mut settings = self.settings.clone();
        settings.extend(more.iter().map(|it| (*it).to_owned()));
        self.kept = start_server(self.port, &settings, folder).expect("the port is free");
    }

    /// As [`Self::restart`], as the replica of whoever listens there, whatever it was before.
    pub fn restart_as_replica_of(&mut self, port: u16) {
        if let Some(at) = self.settings.iter().position(|it| it == "--replicaof") {
            self.settings.drain(at..at + 3);
        }
        self.restart_with(&["--replicaof", "127.0.0.1", &port.to_string()]);
    }

    /// As [`Self::url`], for the user with the rights of the documentation.
    pub fn gateway_url(&self) -> String {
        format!("redis://{GATEWAY}@127.0.0.1:{}", self.port)
    }

    /// Lets a user do with these keys what the documentation says that a node does, and nothing else.
    pub fn grant_documented_rights(&self, prefix: &str) {
        let password = format!(">{GATEWAY_PASSWORD}");
        let (keys, channel) = (format!("~{prefix}:*"), format!("&{prefix}:{{dir}}:changed"));
        let commands = documented_commands();
        let mut rights = vec!["ACL", "SETUSER", GATEWAY, "reset", "on"];
        rights.extend([password.as_str(), &keys, &channel]);
        rights.extend(commands.iter().map(String::as_str));
        assert_eq!(self.run(&rights).trim(), "OK");
    }

    /// What somebody was not allowed to do.
    pub fn denials(&self) -> String {
        self.run(&["ACL", "LOG"]).trim().to_owned()
    }

    /// Runs a command by `redis-cli`, and gives what it says.
    pub fn run(&self, arguments: &[&str]) -> String {
        run_at(self.port, arguments)
    }
}

/// The commands that an ACL must allow a node, as `ACL SETUSER` takes them.
fn documented_commands() -> Vec<String> {
    let (_, rest) = OPERATIONS
        .split_once("An ACL must allow the node the commands")
        .unwrap();
    let (paragraph, _) = rest.split_once("\n\n").unwrap();
    let words = paragraph.split(|letter: char| !letter.is_ascii_alphanumeric());
    let is_command = |word: &&str| {
        word.len() > 2 && *word != "PREFIX" && word.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    words
        .filter(is_command)
        .map(|command| format!("+{}", command.to_ascii_lowercase()))
        .collect()
}

fn start_server(port: u16, settings: &[String], folder: TempDir) -> Option<Kept> {
    let is_tls = settings.iter().any(|it| it.starts_with("--tls"));
    let (plain, tls) = if is_tls { (0, port) } else { (port, 0) };
    let mut arguments: Vec<String> = ["--bind", "127.0.0.1", "--save", "", "--port"]
        .map(str::to_owned)
        .to_vec();
    arguments.push(plain.to_string());
    if is_tls {
        arguments.extend(["--tls-port".to_owned(), tls.to_string()]);
    }
    arguments.extend(settings.iter().cloned());
    let kept = Kept::start(&Tool::RedisServer.path(), &arguments, folder);
    is_up(port, is_tls, &kept).then_some(kept)
}

/// Waits until the server takes commands; `false` where it has ended.
fn is_up(port: u16, is_tls: bool, kept: &Kept) -> bool {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if answers(port, is_tls) {
            return true;
        }
        let log = kept.log();
        if log.contains("Address already in use") {
            return false;
        }
        assert!(
            Instant::now() < give_up,
            "redis-server does not start: {log}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn answers(port: u16, is_tls: bool) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
        return false;
    };
    if is_tls {
        return true;
    }
    let mut answer = [0; 5];
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let asked = stream.write_all(b"PING\r\n");
    let answered = asked.and_then(|()| stream.read_exact(&mut answer));
    answered.is_ok() && [b"+PONG", b"-NOAU", b"-LOAD"].contains(&&answer)
}

/// A port that nobody listens on, and that no test is given while this process lasts: the server that has it
/// may be down for a while.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    static TAKEN: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());
    // Processes begin at different places.
    let begin = usize::try_from(std::process::id()).unwrap() * 97;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + u16::try_from((begin + usize::from(step)) % PORTS.len()).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_err() {
            continue;
        }
        // A name that one process at a time has, and that goes with it.
        let name = SocketName::from_abstract_name(format!("rolegate-test-port-{port}")).unwrap();
        if let Ok(taken) = UnixListener::bind_addr(&name) {
            TAKEN.lock().unwrap().push(taken);
            return port;
        }
    }
}

fn run_at(port: u16, arguments: &[&str]) -> String {
    let output = Command::new(Tool::RedisCli.path())
        .args(["-h", "127.0.0.1", "-p", &port.to_string()])
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Three primaries with a replica each, or the other way round once one has failed.
pub struct RedisCluster {
    pub nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// One in which nobody is replaced.
    pub fn start() -> Self {
        Self::with_silence(LONG_SILENCE)
    }

    /// One in which who dies is soon replaced.
    pub fn that_fails_over() -> Self {
        Self::with_silence(SILENCE)
    }

    /// One in which who says nothing for so many milliseconds is replaced.
    pub fn with_silence(silence: u32) -> Self {
        let nodes: Vec<_> = (0..6).map(|_| Self::node(silence)).collect();
        let addresses: Vec<String> = nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        let output = Command::new(Tool::RedisCli.path())
            .args(["--cluster", "create"])
            .args(&addresses)
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        let cluster = Self { nodes };
        let give_up = Instant::now() + PATIENCE;
        while !cluster.is_whole() {
            assert!(Instant::now() < give_up, "the Cluster does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        cluster
    }

    fn node(silence: u32) -> RedisServer {
        let bus = free_port().to_string();
        RedisServer::with(&[
            "--appendonly",
            "yes",
            "--appendfsync",
            "no",
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            &bus,
            "--cluster-node-timeout",
            &silence.to_string(),
        ])
    }

    /// The number of the primary that has a key, as the first living node has it.
    pub fn primary_of(&self, key: &str) -> usize {
        let mut nodes = self.nodes.iter();
        let told = nodes.find_map(|node| {
            let slot = node.run(&["cluster", "keyslot", key]).trim().parse().ok()?;
            primary_in(&node.run(&["cluster", "nodes"]), slot)
        });
        let mut nodes = self.nodes.iter();
        let found = nodes.position(|node| Some(node.port) == told);
        found.unwrap_or_else(|| panic!("{told:?} has {key}"))
    }

    /// Whether all see three primaries and three replicas, and each primary has its own.
    pub fn is_whole(&self) -> bool {
        let has_its_own = |node: &RedisServer| {
            let info = node.run(&["info", "replication"]);
            info.contains("role:slave") || info.contains("state=online")
        };
        let knows_all = |node: &RedisServer| {
            let info = node.run(&["cluster", "info"]);
            let nodes = node.run(&["cluster", "nodes"]);
            info.contains("cluster_state:ok")
                && info.contains("cluster_known_nodes:6")
                && nodes.matches(" slave ").count() + nodes.matches(",slave ").count() == 3
                && !nodes.contains("fail")
        };
        self.nodes.iter().all(knows_all) && self.nodes.iter().all(has_its_own)
    }

    pub fn url(&self) -> String {
        self.url_of("")
    }

    /// As [`RedisServer::gateway_url`].
    pub fn gateway_url(&self) -> String {
        self.url_of(&format!("{GATEWAY}@"))
    }

    /// As [`RedisServer::grant_documented_rights`].
    pub fn grant_documented_rights(&self, prefix: &str) {
        for node in &self.nodes {
            node.grant_documented_rights(prefix);
        }
    }

    fn url_of(&self, user: &str) -> String {
        let mut url = format!("redis+cluster://{user}");
        for (index, node) in self.nodes.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(url, "{comma}127.0.0.1:{}", node.port).unwrap();
        }
        url
    }
}

/// The port of who has a slot, in what `CLUSTER NODES` says: id, address, flags, …, ranges of slots.
fn primary_in(nodes: &str, slot: u16) -> Option<u16> {
    let mut lines = nodes
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let has = |range: &&str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        matches!((first.parse(), last.parse()), (Ok(first), Ok(last)) if (first..=last).contains(&slot))
    };
    let words = lines.find(|words| words.iter().skip(8).any(&has))?;
    let (address, _) = words[1].split_once('@')?;
    address.rsplit(':').next()?.parse().ok()
}

/// A primary, its replicas, and three sentinels that watch them under the name `main`.
pub struct Watched {
    /// The first was the primary at the start.
    pub servers: Vec<RedisServer>,
    sentinels: Vec<(u16, Kept)>,
}

impl Watched {
    /// With one replica; nobody is replaced.
    pub fn start() -> Self {
        Self::with(1, LONG_SILENCE)
    }

    /// With one replica; a primary that dies is soon replaced.
    pub fn that_fails_over() -> Self {
        Self::with(1, SILENCE)
    }

    /// With so many replicas; a primary that says nothing for so many milliseconds is replaced.
    pub fn with(replicas: usize, silence: u32) -> Self {
        let mut servers = vec![RedisServer::start()];
        let primary = servers[0].port;
        for _ in 0..replicas {
            servers.push(replica_of(primary));
        }
        let sentinels = (0..3).map(|_| sentinel(primary, silence)).collect();
        let watched = Self { servers, sentinels };
        let give_up = Instant::now() + PATIENCE;
        while !watched.is_whole() {
            assert!(Instant::now() < give_up, "nobody watches over a whole set");
            std::thread::sleep(Duration::from_millis(50));
        }
        watched
    }

    /// Whether every replica follows the primary, and the sentinels know all of them and each other.
    pub fn is_whole(&self) -> bool {
        let replicas = self.servers.len() - 1;
        let primary = self.primary();
        let told = primary.run(&["info", "replication"]);
        told.matches("state=online").count() == replicas
            && self.sentinels.iter().all(|(port, _)| {
                let told = run_at(*port, &["sentinel", "master", "main"]);
                let after = |name: &str| {
                    let mut lines = told.lines().skip_while(|line| *line != name);
                    lines.nth(1).map(str::to_owned)
                };
                after("num-other-sentinels").as_deref() == Some("2")
                    && after("num-slaves") == Some(replicas.to_string())
                    && after("port") == Some(primary.port.to_string())
                    && after("flags").as_deref() == Some("master")
            })
    }

    /// The number of who is the primary, as the sentinels have it.
    pub fn primary_index(&self) -> usize {
        let ask = ["sentinel", "get-master-addr-by-name", "main"];
        let told = run_at(self.sentinels[0].0, &ask);
        let port = told.lines().nth(1).unwrap_or_default().parse();
        let mut servers = self.servers.iter();
        let found = servers.position(|server| Ok(server.port) == port);
        found.unwrap_or_else(|| panic!("no primary in {told:?}"))
    }

    fn primary(&self) -> &RedisServer {
        &self.servers[self.primary_index()]
    }

    pub fn url(&self) -> String {
        let hosts: Vec<String> = self
            .sentinels
            .iter()
            .map(|(port, _)| format!("127.0.0.1:{port}"))
            .collect();
        format!("redis+sentinel://{}/main", hosts.join(","))
    }
}

fn replica_of(primary: u16) -> RedisServer {
    let settings = ["--appendonly", "yes", "--appendfsync", "no"];
    let port = primary.to_string();
    RedisServer::with(&[&settings[..], &["--replicaof", "127.0.0.1", &port]].concat())
}

fn sentinel(primary: u16, silence: u32) -> (u16, Kept) {
    for _ in 0..ATTEMPTS {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let file = folder.path().join("sentinel.conf");
        let timeout = 2 * silence;
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {primary} 2\n\
             sentinel down-after-milliseconds main {silence}\nsentinel failover-timeout main {timeout}\n"
        );
        std::fs::write(&file, settings).unwrap();
        let file = file.display().to_string();
        let kept = Kept::start(
            &Tool::RedisServer.path(),
            &[file, "--sentinel".to_owned()],
            folder,
        );
        if is_up(port, false, &kept) {
            return (port, kept);
        }
    }
    panic!("no sentinel starts");
}

/// Writes `ca.pem`, and `server` and `client` with `.pem` and `.key`, for 127.0.0.1.
fn write_certificates(folder: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    // One that is named as its issuer would count as its own.
    let named = |name: &str, names: Vec<String>| {
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = named("authority", Vec::new());
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).unwrap();
    std::fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    for name in ["server", "client"] {
        let key = KeyPair::generate().unwrap();
        let params = named(name, vec!["127.0.0.1".to_owned()]);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        std::fs::write(folder.join([name, ".pem"].concat()), certificate.pem()).unwrap();
        std::fs::write(folder.join([name, ".key"].concat()), key.serialize_pem()).unwrap();
    }
}
