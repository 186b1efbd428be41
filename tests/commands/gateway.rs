//! A gateway as a child process, a directory's files in a folder, and signed calls.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rolegate::clock::{Clock as _, SystemClock};
use rolegate::domain::{Region, SecretAccessKey, SessionToken};
use rolegate::sigv4::{self, HttpRequest, Signer};

pub(crate) const ADMIN_ID: &str = "AKIAADMINADMINADMIN1";
pub(crate) const ADMIN_SECRET: &str = "admin/admin+admin/admin+admin";
/// The first administrator's key, as the environment gives it.
pub(crate) const ADMIN: [(&str, &str); 2] = [
    ("ROLEGATE_ADMIN_ACCESS_KEY_ID", ADMIN_ID),
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

/// An answer: its status and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text of the first element of this name.
    pub(crate) fn element(&self, name: &str) -> String {
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        let found = self
            .body
            .split_once(&start)
            .and_then(|(_, rest)| rest.split_once(&end));
        found
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .0
            .to_owned()
    }
}

/// What a call is signed with.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

impl Key {
    pub(crate) fn admin() -> Self {
        Self {
            id: ADMIN_ID.to_owned(),
            secret: ADMIN_SECRET.to_owned(),
            token: None,
        }
    }
}

/// A call, and whether it is signed.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) service: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a str,
    pub(crate) key: Option<&'a Key>,
}

/// An answer, or none where the other side went away.
pub(crate) fn try_call(address: SocketAddr, call: &Call<'_>) -> std::io::Result<Answer> {
    let host = address.to_string();
    let mut headers: Vec<(&str, String)> = vec![
        ("host", host),
        ("content-type", call.content_type.to_owned()),
    ];
    if let Some(key) = call.key {
        headers.extend(signature(call, &headers, key));
    }
    headers.push(("content-length", call.body.len().to_string()));
    headers.push(("connection", "close".to_owned()));
    let mut request = [call.method, " ", call.path, " HTTP/1.1\r\n"].concat();
    for (name, value) in &headers {
        request.extend([*name, ": ", value.as_str(), "\r\n"]);
    }
    request.extend(["\r\n", call.body]);
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.ok_or(std::io::ErrorKind::InvalidData)?,
        body: body.to_owned(),
    })
}

pub(crate) fn call(address: SocketAddr, call: &Call<'_>) -> Answer {
    try_call(address, call).unwrap()
}

pub(crate) fn get(gateway: &Gateway, path: &str) -> Answer {
    let plain = Call {
        method: "GET",
        path,
        service: "",
        content_type: "text/plain",
        body: "",
        key: None,
    };
    call(gateway.address, &plain)
}

/// Who signs with this key: `GetCallerIdentity`.
pub(crate) fn caller_identity(gateway: &Gateway, key: &Key) -> Answer {
    let asked = Call {
        method: "POST",
        path: "/",
        service: "sts",
        content_type: "application/x-www-form-urlencoded",
        body: "Action=GetCallerIdentity&Version=2011-06-15",
        key: Some(key),
    };
    call(gateway.address, &asked)
}

fn signature(
    call: &Call<'_>,
    headers: &[(&'static str, String)],
    key: &Key,
) -> Vec<(&'static str, String)> {
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let request = HttpRequest {
        method: call.method,
        path: call.path,
        query: "",
        headers: &headers,
        body: call.body.as_bytes(),
    };
    let token = key.token.clone().map(SessionToken::new);
    let signer = Signer {
        access_key_id: &key.id.parse().unwrap(),
        secret: &SecretAccessKey::new(key.secret.clone()),
        session_token: token.as_ref(),
        region: &Region::us_east_1(),
        service: call.service,
    };
    let added = sigv4::sign(&request, &signer, SystemClock.now()).unwrap();
    let added = added.into_iter();
    added
        .map(|(name, value)| (name, value.expose().clone()))
        .collect()
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
