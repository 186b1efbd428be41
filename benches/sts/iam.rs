//! What changes of the directory by IAM cost: how many there are in a second, and what becomes of those who
//! ask STS meanwhile; with a directory of nothing, and with a large one.
//!
//! ```text
//! quiet  64 connections ask who they are                       ── calls a second
//! busy   the same, while somebody makes ten users a second     ── calls a second; the ratio of both
//! writes one connection makes users, then roles, then gives these a policy ── writes a second
//! start  the node is stopped and started on its file           ── seconds, memory
//! ```

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use form_urlencoded::Serializer;
use rolegate::clock::{Clock as _, SystemClock};
use rolegate::domain::Region;
use serde_json::{Map, Value, json};

use crate::directory::{ACCOUNT, Admin, builds, role_trust, send};
use crate::identity::Provider;
use crate::load::{ask, send_all};
use crate::report::{median, say};
use crate::requests::form_signed;
use crate::server::{Server, WORKERS};
use crate::{Outcome, ours};

/// How large the large directory is.
const ROLES: usize = 10_000;
const PROVIDERS: usize = 1_000;
/// Room for those that are made is left of what an account may have.
const USERS: usize = 99_000;
/// They are applied in so many parts.
const PARTS: usize = 10;
/// Rounds of each kind, in turn.
const ROUNDS: usize = 7;
/// Calls of a round.
const CALLS: usize = 30_000;
/// So many of each are written one after another.
const WRITES: usize = 400;
/// By these actions, and what has been done then.
const WRITTEN: [(&str, &str); 3] = [
    ("CreateUser", "users made"),
    ("CreateRole", "roles made"),
    ("PutRolePolicy", "policies of roles put"),
];
/// How often somebody writes while others call.
const BETWEEN_WRITES: Duration = Duration::from_millis(100);

/// Measures a node with a directory of nothing, and one with a large one.
pub fn run() -> Outcome<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let provider = Provider::new()?;
    let size = ours::Size {
        workers: WORKERS,
        traces: ours::USUAL_TRACES,
    };
    ours::write_settings(folder.path(), provider.issuer(), &size)?;
    let admin = Admin::new()?;
    let node = Node {
        folder: folder.path(),
        admin: &admin,
    };
    let (server, _) = node.start()?;
    send(server.address, &directory(0, 0, 0), &admin)?;
    node.measure(
        "with nothing in the directory",
        &server,
        "calls_under_writes",
    )?;
    let began = Instant::now();
    // One generation of the log can't hold all of them.
    for part in 1..=PARTS {
        let some = |all: usize| all * part / PARTS;
        let files = directory(some(ROLES), some(PROVIDERS), some(USERS));
        send(server.address, &files, &admin)?;
    }
    say(&format!(
        "{ROLES} roles, {PROVIDERS} providers, {USERS} users with a key each: applied in {:.1} s",
        began.elapsed().as_secs_f64()
    ))?;
    node.measure("with all of them", &server, "calls_under_writes_at_scale")?;
    say(&format!(
        "  memory before the end {:.0} MiB",
        server.memory()?
    ))?;
    drop(server);
    let (server, took) = node.start()?;
    say(&format!(
        "  started in {:.2} s, memory {:.0} MiB",
        took.as_secs_f64(),
        server.memory()?
    ))
}

struct Node<'a> {
    folder: &'a Path,
    admin: &'a Admin,
}

impl Node<'_> {
    /// Starts on the file, and says how long it took until it listened.
    fn start(&self) -> Outcome<(Server, Duration)> {
        let began = Instant::now();
        let file = format!("redb:{}", self.folder.join("store.redb").display());
        let mut variables = self.admin.variables().to_vec();
        variables.push(("ROLEGATE_STORE_URL", &file));
        let server = Server::start("ours", self.folder, &variables)?;
        Ok((server, began.elapsed()))
    }

    fn measure(&self, what: &str, server: &Server, ratio: &str) -> Outcome<()> {
        say(what)?;
        let address = server.address;
        let mut quiet = Vec::new();
        let mut busy = Vec::new();
        for round in 0..ROUNDS {
            let calls = self.calls(address)?;
            quiet.push(rate(&calls, address)?);
            let calls = self.calls(address)?;
            let ended = AtomicBool::new(false);
            let during = std::thread::scope(|scope| {
                let writer = scope.spawn(|| self.write(address, (what, round), &ended));
                let rate = rate(&calls, address);
                ended.store(true, Ordering::Release);
                let written = writer.join().map_err(|_| "the writer panicked")?;
                written?;
                rate
            });
            busy.push(during?);
            self.forget_records()?;
        }
        let (quiet, busy) = (median(quiet.into_iter()), median(busy.into_iter()));
        say(&format!(
            "  {quiet:.0} calls a second, {busy:.0} while somebody makes ten users a second"
        ))?;
        say(&format!("ratio {ratio} {:.3}", busy / quiet))?;
        for (action, done) in WRITTEN {
            let name = |number: usize| format!("one-{}-{number}", what.len());
            let requests: Outcome<Vec<_>> = (0..WRITES)
                .map(|number| self.signed(address, "iam", &body(action, &name(number))))
                .collect();
            let began = Instant::now();
            for request in requests? {
                ask(address, &request)?;
            }
            let alone = f64::from(u32::try_from(WRITES)?) / began.elapsed().as_secs_f64();
            say(&format!("  {alone:.0} {done} a second, one after another"))?;
        }
        Ok(())
    }

    /// Requests of the administrator, who asks who they are.
    fn calls(&self, node: SocketAddr) -> Outcome<Vec<Vec<u8>>> {
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        let one = self.signed(node, "sts", body)?;
        Ok(vec![one; CALLS])
    }

    fn make(&self, node: SocketAddr, name: &str) -> Outcome<Vec<u8>> {
        self.signed(node, "iam", &body("CreateUser", name))
    }

    fn signed(&self, node: SocketAddr, service: &str, body: &str) -> Outcome<Vec<u8>> {
        let region = Region::us_east_1();
        let signer = self.admin.signer(&region, service);
        form_signed(node, body, &signer, SystemClock.now())
    }

    fn write(
        &self,
        node: SocketAddr,
        (what, round): (&str, usize),
        ended: &AtomicBool,
    ) -> Outcome<()> {
        let mut number = 0;
        while !ended.load(Ordering::Acquire) {
            let began = Instant::now();
            let name = format!("user-{}-{round}-{number}", what.len());
            ask(node, &self.make(node, &name)?)?;
            number += 1;
            std::thread::sleep(BETWEEN_WRITES.saturating_sub(began.elapsed()));
        }
        Ok(())
    }

    /// Empties the audit log, so that the disk is not filled.
    fn forget_records(&self) -> Outcome<()> {
        for file in fs::read_dir(self.folder.join(ours::AUDIT))? {
            let file = fs::OpenOptions::new().write(true).open(file?.path())?;
            file.set_len(0)?;
        }
        Ok(())
    }
}

/// A form that has IAM do this to a user or a role of this name.
fn body(action: &str, name: &str) -> String {
    let holder = if action == "CreateUser" {
        "UserName"
    } else {
        "RoleName"
    };
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", action)
        .append_pair("Version", "2010-05-08")
        .append_pair(holder, name);
    match action {
        "CreateRole" => form.append_pair("AssumeRolePolicyDocument", &role_trust()),
        "PutRolePolicy" => form
            .append_pair("PolicyName", "builds")
            .append_pair("PolicyDocument", &builds()),
        _ => &mut form,
    };
    form.finish()
}

/// Calls a second.
fn rate(calls: &[Vec<u8>], node: SocketAddr) -> Outcome<f64> {
    let elapsed = send_all(node, calls)?;
    Ok(f64::from(u32::try_from(calls.len())?) / elapsed.as_secs_f64())
}

/// A directory of one account with so many roles, providers, and users with a key each.
fn directory(roles: usize, providers: usize, users: usize) -> Value {
    let mut files = Map::new();
    let mut put = |path: String, text: String| files.insert(path, text.into());
    put(
        format!("accounts/{ACCOUNT}/account.toml"),
        "alias = \"example\"\n".to_owned(),
    );
    let trusted = format!("accounts/{ACCOUNT}/roles/Deployment");
    put(
        format!("{trusted}.toml"),
        "path = \"/deploy/\"\n".to_owned(),
    );
    put(format!("{trusted}.trust.json"), role_trust_of_root());
    for number in 0..roles {
        let role = format!("accounts/{ACCOUNT}/roles/Role{number}");
        put(format!("{role}.toml"), String::new());
        put(format!("{role}.trust.json"), role_trust());
    }
    for number in 0..providers {
        put(
            format!("accounts/{ACCOUNT}/oidc-providers/p{number}.toml"),
            format!("url = \"https://idp{number}.example.com\"\nclient_ids = [\"app\"]\n"),
        );
    }
    for number in 0..users {
        let key = key_id(number);
        put(
            format!("accounts/{ACCOUNT}/users/u{number:06}.toml"),
            format!("[[access_keys]]\nid = \"{key}\"\nsecret = \"secret-of-{number:030}\"\n"),
        );
    }
    json!(files)
}

/// Whoever the account lets may take the role that the others trust.
fn role_trust_of_root() -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "AWS": ACCOUNT },
        "Action": "sts:AssumeRole",
    }] });
    trust.to_string()
}

/// An access key that carries its number.
fn key_id(number: usize) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digit = |at: u32| {
        let digit = number / 32_usize.pow(at) % 32;
        char::from(DIGITS.get(digit).copied().unwrap_or_default())
    };
    let tail: String = (0..4).rev().map(digit).collect();
    format!("AKIAQYLPMN5HAAAA{tail}")
}
