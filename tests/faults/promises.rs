//! What callers were told, and what must hold ever after, whatever breaks.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::load::{Load, Won};
use super::node::Node;
use super::scene::{MAX_STALENESS, made};
use super::support::aws::AwsKeys;
use super::support::browser::Departure;
use super::watch::{Seen, locked};

/// A node learns of a revocation, or answers nothing any more, within this time; a second of it is that
/// of a clock that counts seconds.
const REVOKED_WITHIN: Duration = Duration::from_secs(MAX_STALENESS + 2);

/// Something that is good once.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// A SAML response for STS.
    Response(String),
    /// An answer to a sign-in.
    Answer(Box<Departure>),
}

/// Keys, and the number of the node that gave them.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) keys: AwsKeys,
    pub(crate) by: usize,
}

/// What was promised in one round.
#[derive(Default)]
pub(crate) struct Promises {
    /// Everything that was given out.
    pub(crate) issued: Mutex<Vec<Issued>>,
    /// Keys that nobody has revoked.
    pub(crate) alive: Mutex<Vec<AwsKeys>>,
    /// Keys whose revocation was confirmed, and when.
    pub(crate) revoked: Mutex<Vec<(AwsKeys, Instant)>>,
    /// The cookie of a session that nobody ends.
    pub(crate) kept: Mutex<Option<String>>,
    /// Cookies of sessions whose end was confirmed.
    pub(crate) ended: Mutex<Vec<String>>,
    /// What was used up, or perhaps was.
    pub(crate) proofs: Mutex<Vec<(Proof, Won)>>,
    /// Roles whose making was confirmed.
    pub(crate) roles: Mutex<Vec<String>>,
}

impl Load<'_> {
    /// A revoked key is refused; by a node that has not heard of it, at most so long.
    pub(crate) fn check_revoked(&self, node: &Node, (keys, at): &(AwsKeys, Instant)) {
        let begun = Instant::now();
        let what = "revoked keys are refused";
        if let Seen::Answer(answer) = self.ask(what, node, &self.house.who(node, keys)) {
            let is_late = begun.duration_since(*at) > REVOKED_WITHIN;
            self.watch
                .judge(what, answer.status == 403 || !is_late, &answer);
        }
    }

    /// A session that was ended stays so.
    pub(crate) fn check_ended(&self, node: &Node, cookie: &str) {
        let what = "ended sessions are refused";
        let request = self.house.roles_page(node, cookie);
        if let Seen::Answer(answer) = self.ask(what, node, &request) {
            let is_refused = answer.status == 303 && answer.header("location") == Some("/");
            self.watch.judge(what, is_refused, &answer);
        }
    }

    /// What was used up is refused; what perhaps was is good once more at most.
    pub(crate) fn check_proof(&self, node: &Node, (proof, won): &mut (Proof, Won)) {
        let what = "used proofs are refused";
        let seen = match proof {
            Proof::Response(response) => self.redeem(what, node, response),
            Proof::Answer(begun) => {
                let _answering = self.house.answering(begun, "again");
                self.finish(what, node, begun)
            }
        };
        if let Some(is_won) = seen {
            let is_right = !(is_won && *won == Won::Once);
            self.watch.judge(what, is_right, proof);
            if is_won {
                *won = Won::Once;
            }
        }
    }

    /// Looks after everything that was promised: what the nodes' own copies of the directory say, at
    /// every node; what only the store says, at each in turn.
    pub(crate) fn check_everything(&self) {
        let mut nodes = self.house.nodes.iter().cycle();
        for (cookie, node) in locked(&self.promises.ended).iter().zip(nodes.by_ref()) {
            self.check_ended(node, cookie);
        }
        for (proof, node) in locked(&self.promises.proofs).iter_mut().zip(nodes) {
            self.check_proof(node, proof);
        }
        for node in &self.house.nodes {
            for keys in locked(&self.promises.revoked).iter() {
                self.check_revoked(node, keys);
            }
            for keys in locked(&self.promises.alive).iter() {
                self.check_alive(node, keys);
            }
            if let Some(cookie) = locked(&self.promises.kept).as_deref() {
                self.look_at(node, cookie);
            }
            self.check_roles(node);
        }
        self.check_audit();
    }

    /// Every role that was made is there, and good.
    fn check_roles(&self, node: &Node) {
        let what = "roles that were made are there";
        let roles = locked(&self.promises.roles);
        let Seen::Answer(answer) = self.ask(what, node, &self.house.export(node)) else {
            return self.watch.judge(what, false, &"no export");
        };
        let files = &answer.json()["files"];
        for name in roles.iter() {
            let is_there = files.as_object().is_some_and(|files| {
                let file = ["/roles/", name, ".toml"].concat();
                files.keys().any(|path| path.ends_with(&file))
            });
            self.watch.judge(what, is_there, name);
        }
        if let Some(name) = roles.last() {
            let request = self
                .house
                .assume(node, &made(name), &self.house.token("ines"));
            if let Seen::Answer(answer) = self.ask(what, node, &request) {
                self.watch.judge(what, answer.status == 200, &answer);
            }
        }
    }

    /// Nothing was given out that is not in the audit log of who gave it.
    fn check_audit(&self) {
        for (number, node) in self.house.nodes.iter().enumerate() {
            let audit = node.audit();
            let written = key_ids(&audit);
            let issued = locked(&self.promises.issued);
            for Issued { keys, .. } in issued.iter().filter(|it| it.by == number) {
                let what = "keys given out are in the audit log";
                let is_written = written.contains(keys.id.as_str());
                self.watch.judge(what, is_written, &keys.id);
            }
        }
    }
}

/// The temporary access keys that a text names. The log of many rounds is long, and is read once.
fn key_ids(text: &str) -> HashSet<&str> {
    const LENGTH: usize = 20;
    let begins = memchr::memmem::find_iter(text.as_bytes(), b"ASIA");
    begins.filter_map(|at| text.get(at..at + LENGTH)).collect()
}
