//! The pages of `docs/walkthroughs`, as they stand there: each is typed into a shell of its own, with the real
//! AWS command line, against a `rolegate serve` that `rolegate apply` has given the directory beside them.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

mod support;
#[path = "tools/mod.rs"]
mod tools;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use support::http::{PATIENCE, Request};
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
/// Stands in a page for what differs from run to run.
const ANYTHING: char = '…';

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/walkthroughs")
}

/// A gateway in a process of its own; it ends when it is dropped.
struct Gateway {
    folder: TempDir,
    child: Child,
    origin: String,
}

impl Gateway {
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
        let gateway = Self {
            folder,
            child,
            origin: format!("http://{address}"),
        };
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
        let mut script = String::new();
        for block in blocks {
            writeln!(script, "{}\necho '{MARK}'", block.typed).unwrap();
        }
        let aws = Tool::AwsCli.path();
        let path = [
            aws.parent().unwrap().to_str().unwrap(),
            "/usr/local/bin:/usr/bin:/bin",
        ]
        .join(":");
        let output = Command::new("bash")
            .args(["-c", &["exec 2>&1\n", &script].concat()])
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL_STS", &self.origin)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .envs(ADA)
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
        drop(self.child.kill());
        drop(self.child.wait());
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
    assert!(pages.len() >= 9, "{pages:?}");
    for page in pages {
        let name = page.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(list.contains(&format!("({name})")), "the list lacks {name}");
        let text = std::fs::read_to_string(&page).unwrap();
        let blocks = blocks(&text);
        assert!(!blocks.is_empty(), "{name}");
        let gateway = Gateway::start();
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
