//! `rolegate serve` in a process of its own, which may die and come back at the same address.

use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::servers::free_port;
use super::support::audit::audit_file;
use super::support::http::{PATIENCE, Request};
use super::support::node::environment;
use super::watch::locked;

/// What may be expected of a node at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Every answer is right.
    Right,
    /// What it can't do it refuses.
    RefusalsToo,
    /// It may be gone.
    Anything,
}

/// A node; it ends when it is dropped.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    issuer: String,
    child: Mutex<Option<Child>>,
    expected: AtomicU8,
    /// What the load balancer thinks of it.
    in_service: AtomicBool,
}

impl Node {
    /// A node that isn't started yet.
    pub(crate) fn new(issuer: &str) -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], free_port())),
            folder: tempfile::tempdir().unwrap(),
            issuer: issuer.to_owned(),
            child: Mutex::new(None),
            expected: AtomicU8::new(0),
            in_service: AtomicBool::new(true),
        }
    }

    /// Its working directory.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the file of its settings, for the next start.
    pub(crate) fn configure(&self, settings: &str) {
        std::fs::write(self.folder().join("rolegate.toml"), settings).unwrap();
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(&self) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let child = self.spawn(log);
        *self.child() = Some(child);
        let give_up = Instant::now() + PATIENCE;
        while !self.is_ready() {
            let ended = self.child().as_mut().and_then(|it| it.try_wait().unwrap());
            assert!(
                ended.is_none() && Instant::now() < give_up,
                "it did not start: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn spawn(&self, log: File) -> Child {
        let environment = environment(&self.issuer);
        Command::new(env!("CARGO_BIN_EXE_rolegate"))
            .args(["serve", "--config", "rolegate.toml"])
            .env_clear()
            .envs(environment)
            .env("ROLEGATE_LISTEN", self.address.to_string())
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// Whether a load balancer would send it requests.
    pub(crate) fn is_ready(&self) -> bool {
        let answer = Request::get(self.address, "/readyz").try_send();
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Asks it to end, and waits until it has; it must end well.
    pub(crate) fn stop(&self) {
        let Some(mut child) = self.child().take() else {
            return;
        };
        let id = child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.unwrap().success());
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// Says what may be expected of it from now on.
    pub(crate) fn expect(&self, expected: Expected) {
        self.expected.store(expected as u8, Ordering::SeqCst);
    }

    pub(crate) fn expected(&self) -> Expected {
        match self.expected.load(Ordering::SeqCst) {
            0 => Expected::Right,
            1 => Expected::RefusalsToo,
            _ => Expected::Anything,
        }
    }

    /// Has the load balancer send it requests, or not.
    pub(crate) fn serve(&self, is_in_service: bool) {
        self.in_service.store(is_in_service, Ordering::SeqCst);
    }

    pub(crate) fn is_in_service(&self) -> bool {
        self.in_service.load(Ordering::SeqCst)
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child().as_ref().unwrap().id()
    }

    /// Its audit log, of every file that is still there.
    pub(crate) fn audit(&self) -> String {
        let files = self.audit_files().into_iter();
        files
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .collect()
    }

    /// The files of its audit log, the one that is written now the first.
    pub(crate) fn audit_files(&self) -> Vec<PathBuf> {
        let current = audit_file(self.folder());
        let entries = std::fs::read_dir(current.parent().unwrap()).unwrap();
        let renamed = entries.map(|entry| entry.unwrap().path());
        let mut files = vec![current.clone()];
        files.extend(renamed.filter(|file| *file != current));
        files
    }

    /// What it wrote to standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder().join("log")
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        locked(&self.child)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut child) = self.child().take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
