//! A gateway as a child process, a directory's files in a folder, and calls.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::support::aws::{ADMIN_KEY, ADMIN_SECRET, AwsKeys, Call, GET_CALLER_IDENTITY, Signing};
use super::support::clock::system_now;
use super::support::http::{Request, Response};

/// The first administrator's key, as the environment gives it.
pub(crate) const ADMIN: [(&str, &str); 2] = [
    ("ROLEGATE_ADMIN_ACCESS_KEY_ID", ADMIN_KEY),
    ("ROLEGATE_ADMIN_SECRET_ACCESS_KEY", ADMIN_SECRET),
];
/// A store in a file of the working directory.
pub(crate) const STORE: (&str, &str) = ("ROLEGATE_STORE_URL", "redb:gate.redb");

/// A program is waited for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program, with nothing in its environment but `variables` and a PATH.
pub(crate) fn program(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolegate"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(variables.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    program(folder, arguments, variables).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running `serve`; it is killed when it is dropped.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    child: Child,
    log: Receiver<String>,
}

impl Gateway {
    /// Starts `serve` on a free port and waits until it serves.
    pub(crate) fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::try_start(folder, variables).unwrap_or_else(|log| panic!("{log}"))
    }

    /// What it wrote to standard error where it ended before it served.
    pub(crate) fn try_start(folder: &Path, variables: &[(&str, &str)]) -> Result<Self, String> {
        let mut command = program(folder, &["serve"], variables);
        if !variables.iter().any(|(name, _)| *name == "ROLEGATE_LISTEN") {
            command.env("ROLEGATE_LISTEN", "127.0.0.1:0");
        }
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = lines_of(child.stderr.take().unwrap());
        let mut told = String::new();
        while let Ok(line) = log.recv_timeout(PATIENCE) {
            if let Some(address) = address_in(&line) {
                return Ok(Self {
                    address,
                    child,
                    log,
                });
            }
            told.push_str(&line);
            told.push('\n');
        }
        drop(child.kill());
        drop(child.wait());
        Err(told)
    }

    pub(crate) fn endpoint(&self) -> String {
        ["http://", &self.address.to_string()].concat()
    }

    /// Ends it at once, with no chance to finish anything.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and gives what it ended with and what it logged.
    pub(crate) fn terminate(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let status = self.child.wait().unwrap();
        (status, self.log.iter().collect::<Vec<_>>().join("\n"))
    }

    /// Runs a command against this gateway, as the first administrator.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        let endpoint = self.endpoint();
        let arguments = [arguments, &["--endpoint", &endpoint]].concat();
        run(folder, &arguments, &ADMIN)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn lines_of(stderr: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("serving address=")?;
    rest.split(' ').next()?.parse().ok()
}

/// What a page or a report says.
pub(crate) fn get(gateway: &Gateway, path: &str) -> Response {
    Request::get(gateway.address, path).send()
}

/// Who signs with this key: `GetCallerIdentity`.
pub(crate) fn caller_identity(gateway: &Gateway, keys: &AwsKeys) -> Response {
    Call::post(gateway.address, GET_CALLER_IDENTITY)
        .signed(keys, &Signing::at(system_now()))
        .send(gateway.address)
}

/// The request that exports the directory, still unsigned.
pub(crate) fn export(gateway: &Gateway) -> Call {
    Call {
        method: "GET",
        ..Call::admin(gateway.address, "/admin/v1/directory", "")
    }
}

/// The files of a small directory: an account, its provider and a role that a token for the client
/// `app` may take.
pub(crate) fn files(issuer: &str) -> Vec<(String, String)> {
    let name = issuer.split_once("://").unwrap().1;
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
        "Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/@name@"},
        "Action":"sts:AssumeRoleWithWebIdentity"}}"#;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
    let account = "accounts/123456789012/";
    [
        ("account.toml", "alias = 'one'\n".to_owned()),
        ("roles/Reader.toml", "description = 'Reads'\n".to_owned()),
        ("roles/Reader.trust.json", trust.replace("@name@", name)),
        ("roles/Reader.policies/read.json", policy.to_owned()),
        (
            "oidc-providers/idp.toml",
            format!("url = '{issuer}'\nclient_ids = ['app']\n"),
        ),
    ]
    .map(|(path, text)| ([account, path].concat(), text))
    .into()
}

/// Writes files below `root`.
pub(crate) fn write(root: &Path, files: &[(String, String)]) {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
