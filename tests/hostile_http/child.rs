//! The real binary in a process of its own, with everything that it writes kept.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::support::http::PATIENCE;
use super::support::node::environment;

/// `rolegate serve`; killed when it is dropped.
pub(crate) struct ChildNode {
    pub(crate) address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<u8>>>,
    reading: Option<JoinHandle<()>>,
}

impl ChildNode {
    /// Starts in this folder with these settings, and returns once it says where it listens.
    pub(crate) fn start(folder: &Path, issuer: &str, settings: &str) -> Self {
        let file = folder.join("rolegate.toml");
        std::fs::write(&file, settings).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_rolegate"))
            .args(["serve", "--config"])
            .arg(&file)
            .env_clear()
            .envs(environment(issuer))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (sender, receiver) = mpsc::channel();
        let stderr = child.stderr.take().unwrap();
        let kept = Arc::clone(&log);
        let reading = std::thread::spawn(move || keep(stderr, &kept, &sender));
        let address = receiver.recv_timeout(PATIENCE);
        let log_so_far = String::from_utf8_lossy(&log.lock().unwrap()).into_owned();
        let address = address.unwrap_or_else(|_| panic!("it did not start: {log_so_far}"));
        Self {
            address,
            child,
            log,
            reading: Some(reading),
        }
    }

    pub(crate) fn terminate(&self) {
        let status = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// How it ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
        status
    }

    /// What it wrote to standard error.
    pub(crate) fn log(&self) -> Vec<u8> {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for ChildNode {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Keeps every line, and tells the address once it is written.
fn keep(stderr: ChildStderr, log: &Mutex<Vec<u8>>, told: &Sender<SocketAddr>) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    while matches!(lines.read_until(b'\n', &mut line), Ok(read) if read > 0) {
        log.lock().unwrap().extend_from_slice(&line);
        if let Some(address) = address(&String::from_utf8_lossy(&line)) {
            // Nobody listens for a second one.
            let _sent = told.send(address);
        }
        line.clear();
    }
    drop(lines.read_to_end(&mut Vec::new()));
}

/// The address in the line that says it serves.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("\"address\":\"")?;
    rest.split('"').next()?.parse().ok()
}
