//! The pages of `docs/walkthroughs`, as they stand there: each is typed into a shell of its own, with the real
//! AWS command line, against a `rolegate serve` that `rolegate apply` has given the directory beside them, or
//! what else the page begins with.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

mod support;
#[path = "tools/mod.rs"]
mod tools;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use rolegate::directory::DirectoryFiles;
use support::clock::{Time, system_now};
use support::http::{PATIENCE, Request};
use support::node::{Node, Settings};
use tempfile::TempDir;
use tools::Tool;

const ADMIN: [(&str, &str); 2] = [
    ("ROLEGATE_ADMIN_ACCESS_KEY_ID", "AKIAFIRSTADMIN000001"),
    (
        "ROLEGATE_ADMIN_SECRET_ACCESS_KEY",
        "the-first-administrators-secret",
    ),
];
const ADA: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIAWORKSHOPADA00001"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "ada-types-this-into-her-shell-and-nowhere",
    ),
];
/// Where a page has the demo's identity provider.
const PROVIDER: &str = "http://127.0.0.1:8081";
/// Stands in a page for what differs from run to run.
const ANYTHING: char = '…';

/// The files of a directory, by their paths below it.
fn read_files(place: &Path, below: &str, files: &mut DirectoryFiles) {
    for entry in std::fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        let name = [below, path.file_name().unwrap().to_str().unwrap()].concat();
        if path.is_dir() {
            read_files(&path, &[&name, "/"].concat(), files);
        } else {
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/walkthroughs")
}

/// A gateway, which ends when it is dropped.
struct Gateway {
    folder: TempDir,
    origin: String,
    /// Where the demo's identity provider is, if there is one.
    provider: Option<String>,
    /// What the shell is told before the page is typed.
    prelude: String,
    running: Running,
}

enum Running {
    Process(Child),
    /// In this process, so that its clock can be moved.
    Node(Box<Node>),
}

impl Gateway {
    /// The gateway that a page begins with.
    fn of(page: &str) -> Self {
        match page {
            "federated.md" => Self::demo(),
            "expired-keys.md" => Self::with_a_clock(),
            _ => Self::start(),
        }
    }

    fn new(folder: TempDir, origin: String, running: Running) -> Self {
        Self {
            folder,
            origin,
            provider: None,
            prelude: String::new(),
            running,
        }
    }

    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let child = Command::new(env!("CARGO_BIN_EXE_rolegate"))
            .arg("serve")
            .env_clear()
            .envs(ADMIN)
            .env("ROLEGATE_LISTEN", address.to_string())
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let origin = format!("http://{address}");
        let gateway = Self::new(folder, origin, Running::Process(child));
        let begun = Instant::now();
        let is_ready = || {
            let answer = Request::get(address, "/readyz").try_send();
            answer.is_ok_and(|answer| answer.status == 200)
        };
        while !is_ready() {
            assert!(begun.elapsed() < PATIENCE, "it did not start");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        gateway.apply();
        gateway
    }

    /// `rolegate demo`, on free ports.
    fn demo() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_rolegate"))
            .args(["demo", "--port", "0", "--provider-port", "0"])
            .env_clear()
            .env("TMPDIR", folder.path())
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
        let after = |label: &str| {
            let rest = printed.split_once(label).unwrap().1;
            rest.split_whitespace().next().unwrap().to_owned()
        };
        let running = Running::Process(child);
        let mut gateway = Self::new(folder, after("AWS_ENDPOINT_URL_STS="), running);
        gateway.provider = Some(after("The identity provider"));
        gateway
    }

    /// A gateway whose clock stands, nearly as far behind as a signature may be old; whoever sleeps in the
    /// shell moves it.
    fn with_a_clock() -> Self {
        const BEHIND: i64 = 14 * 60;
        let node = Node::start(Settings {
            time: Time::At(system_now() - BEHIND),
            toml: "max_staleness_seconds = 3600\n".to_owned(),
            ..Settings::default()
        });
        let mut files = DirectoryFiles::new();
        read_files(&folder().join("directory"), "", &mut files);
        node.apply(&files);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let clock = Arc::clone(&node.clock);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut seconds = String::new();
                stream.read_line(&mut seconds).unwrap();
                clock.advance(seconds.trim().parse().unwrap());
                stream.get_mut().write_all(b"moved\n").unwrap();
            }
        });
        let origin = node.origin();
        let running = Running::Node(Box::new(node));
        let mut gateway = Self::new(tempfile::tempdir().unwrap(), origin, running);
        gateway.prelude = format!(
            "sleep() {{ exec 9<>/dev/tcp/127.0.0.1/{port}; echo \"$1\" >&9; read -r <&9; exec 9>&-; }}\n"
        );
        gateway
    }

    fn apply(&self) {
        let [(_, id), (_, secret)] = ADMIN;
        let applied = Command::new(env!("CARGO_BIN_EXE_rolegate"))
            .arg("apply")
            .arg(folder().join("directory"))
            .args(["--endpoint", &self.origin])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_REGION", "us-east-1")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&applied.stderr).into_owned();
        assert!(applied.status.success(), "{errors}");
    }

    /// What each block prints, one after the other in one shell.
    fn typed(&self, blocks: &[Block]) -> Vec<String> {
        const MARK: &str = "--- next block ---";
        let mut script = ["exec 2>&1\n", &self.prelude].concat();
        let provider = self.provider.as_deref().unwrap_or(PROVIDER);
        for block in blocks {
            let typed = block.typed.replace(PROVIDER, provider);
            writeln!(script, "{typed}\necho '{MARK}'").unwrap();
        }
        let aws = Tool::AwsCli.path();
        let own = Path::new(env!("CARGO_BIN_EXE_rolegate"));
        let folders = [&aws, own].map(|program| program.parent().unwrap().to_str().unwrap());
        let path = [&folders.join(":"), "/usr/local/bin:/usr/bin:/bin"].join(":");
        let output = Command::new("bash")
            .args(["-c", &script])
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL_STS", &self.origin)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .envs(ADA)
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
}

impl Drop for Gateway {
    fn drop(&mut self) {
        match &mut self.running {
            Running::Process(child) => {
                drop(child.kill());
                drop(child.wait());
            }
            Running::Node(node) => node.stop(),
        }
    }
}

/// What is typed, and what is printed then.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    typed: String,
    printed: Option<String>,
}

/// The blocks of a page: ```` ```sh ```` is typed, ```` ```text ```` is what the one before prints.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (kind, after) = after.split_once('\n').unwrap();
        let (content, after) = after.split_once("```").unwrap();
        match kind {
            "sh" => blocks.push(Block {
                typed: content.to_owned(),
                printed: None,
            }),
            "text" => blocks.last_mut().unwrap().printed = Some(content.to_owned()),
            other => panic!("{other} is neither typed nor printed"),
        }
        rest = after;
    }
    blocks
}

/// Whether a text is what a page shows.
fn is_shown(text: &str, shown: &str) -> bool {
    let (text, shown) = (text.trim(), shown.trim());
    let mut pieces = shown.split(ANYTHING);
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap()) else {
        return false;
    };
    let pieces: Vec<_> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in between {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn what_is_shown_may_leave_out_what_differs() {
    assert!(is_shown("a\n\nid 7: x\n", "a\n\nid …: x"));
    assert!(is_shown("a b", "a …b"));
    assert!(!is_shown("id 7: y", "id …: x"));
    assert!(!is_shown("id 7: x, more", "id …: x"));
    assert!(!is_shown("a", "b"));
}

#[test]
fn every_page_prints_what_it_shows() {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut pages: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| {
        path.extension().is_some_and(|it| it == "md") && !path.ends_with("README.md")
    });
    pages.sort();
    let list = std::fs::read_to_string(folder().join("README.md")).unwrap();
    assert!(pages.len() >= 15, "{pages:?}");
    for page in pages {
        let name = page.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(list.contains(&format!("({name})")), "the list lacks {name}");
        let text = std::fs::read_to_string(&page).unwrap();
        let blocks = blocks(&text);
        assert!(!blocks.is_empty(), "{name}");
        let gateway = Gateway::of(&name);
        for (block, printed) in blocks.iter().zip(gateway.typed(&blocks)) {
            let shown = block.printed.as_deref().unwrap_or_default();
            assert!(
                is_shown(&printed, shown),
                "{name}\n{}\nprinted\n{printed}\nand not\n{shown}",
                block.typed
            );
        }
    }
}
