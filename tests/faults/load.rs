//! Callers of every kind, each again and again until they are told to stop.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Scope, sleep};
use std::time::{Duration, Instant};

use super::node::Node;
use super::promises::{Issued, Promises, Proof};
use super::scene::{House, made};
use super::support::aws::AwsKeys;
use super::support::browser::{Departure, cookie, csrf};
use super::support::http::{Request, Response};
use super::support::http_node::ROLE;
use super::support::sts::find_element;
use super::watch::{Seen, Watch, locked};

/// It looks so often whether it should stop.
const LOOK: Duration = Duration::from_millis(20);
/// So many keys are held, to be asked about and revoked.
const HELD: usize = 50;
/// Sessions are looked at so often before they are ended.
const LOOKS: usize = 3;
/// A revocation that another node has not heard of by then, it never will.
const NEVER: Duration = Duration::from_secs(20);

/// How often a proof was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Won {
    Once,
    /// Nobody was told that it was.
    Perhaps,
}

/// What a look at a session's page gives.
pub(crate) enum Looked {
    /// The page, whose forms carry this.
    Page(String),
    /// The session is gone.
    Lost,
    /// Nobody says.
    Nothing,
}

/// The callers of one round.
pub(crate) struct Load<'h> {
    pub(crate) house: &'h House,
    pub(crate) watch: &'h Watch,
    pub(crate) promises: Promises,
    rest: Duration,
    /// What is good once reaches so many nodes at once.
    racers: usize,
    turn: AtomicUsize,
    is_over: AtomicBool,
}

impl<'h> Load<'h> {
    /// Callers that rest so long between two calls.
    pub(crate) fn new(house: &'h House, watch: &'h Watch, rest: Duration) -> Self {
        Self {
            house,
            watch,
            rest,
            promises: Promises::default(),
            racers: 2,
            turn: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    /// Callers who give what is good once to every node at once.
    pub(crate) fn racing(house: &'h House, watch: &'h Watch, rest: Duration) -> Self {
        Self {
            racers: house.nodes.len(),
            ..Self::new(house, watch, rest)
        }
    }

    /// Starts the callers.
    pub(crate) fn begin<'s>(&'s self, threads: &'s Scope<'s, '_>) {
        let callers: [fn(&Self); 6] = [
            Self::ask_sts,
            Self::sign_in_and_out,
            Self::stay_signed_in,
            Self::use_up_a_response,
            Self::administer,
            Self::try_what_is_over,
        ];
        for call in callers {
            threads.spawn(move || self.repeat(call));
        }
    }

    fn repeat(&self, call: fn(&Self)) {
        while !self.is_over() {
            call(self);
            let begun = Instant::now();
            while begun.elapsed() < self.rest && !self.is_over() {
                sleep(LOOK.min(self.rest));
            }
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Tells the callers to stop.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub(crate) fn ask(&self, what: &'static str, node: &Node, request: &Request) -> Seen {
        self.watch.ask(what, node, request)
    }

    /// A node that the load balancer would choose, each in its turn, and its number.
    fn next(&self) -> (usize, &'h Node) {
        loop {
            let number = self.turn.fetch_add(1, Ordering::Relaxed) % self.house.nodes.len();
            let node = &self.house.nodes[number];
            if node.is_in_service() {
                return (number, node);
            }
        }
    }

    /// Two of them, where there are two.
    fn next_two(&self) -> [&'h Node; 2] {
        [self.next().1, self.next().1]
    }

    pub(crate) fn ask_sts(&self) {
        let (by, node) = self.next();
        let subject = format!("caller-{}", self.house.draw());
        let token = self.house.token(&subject);
        let what = "AssumeRoleWithWebIdentity";
        let request = self.house.assume(node, ROLE, &token);
        if let Seen::Answer(answer) = self.ask(what, node, &request) {
            let named = find_element(&answer, "SubjectFromWebIdentityToken");
            let is_right = answer.status == 200 && named.as_deref() == Some(&subject);
            self.watch.judge(what, is_right, &answer);
            if is_right {
                self.hold(AwsKeys::issued(&answer), by);
            }
        }
        let what = "a forged token is refused";
        let request = self.house.assume(node, ROLE, &self.house.forged());
        if let Seen::Answer(answer) = self.ask(what, node, &request) {
            self.watch.judge(what, answer.status == 400, &answer);
        }
        let keys = locked(&self.promises.alive).first().cloned();
        if let Some(keys) = keys {
            self.check_alive(self.next().1, &keys);
        }
    }

    fn hold(&self, keys: AwsKeys, by: usize) {
        let mut alive = locked(&self.promises.alive);
        if alive.len() < HELD {
            alive.push(keys.clone());
        }
        locked(&self.promises.issued).push(Issued { keys, by });
    }

    /// Keys that nobody has revoked are good.
    pub(crate) fn check_alive(&self, node: &Node, keys: &AwsKeys) {
        let what = "GetCallerIdentity";
        if let Seen::Answer(answer) = self.ask(what, node, &self.house.who(node, keys)) {
            let named = find_element(&answer, "Arn").unwrap_or_default();
            let is_right = answer.status == 200 && named.ends_with("assumed-role/Reader/ines");
            // Perhaps they were revoked meanwhile.
            if is_right || locked(&self.promises.alive).contains(keys) {
                self.watch.judge(what, is_right, &answer);
            }
        }
    }

    /// A sign-in whose answer reaches several nodes at once, looks at its session, and its end.
    fn sign_in_and_out(&self) {
        let Some(cookie) = self.sign_in() else {
            return;
        };
        let mut form = None;
        for _ in 0..LOOKS {
            match self.look_at(self.next().1, &cookie) {
                Looked::Page(csrf) => form = Some(csrf),
                Looked::Nothing => {}
                Looked::Lost => return,
            }
        }
        if let Some(form) = form {
            self.sign_out(cookie, &form);
        }
    }

    /// One session, for as long as it lasts.
    fn stay_signed_in(&self) {
        let kept = locked(&self.promises.kept).clone();
        let Some(cookie) = kept.or_else(|| self.sign_in()) else {
            return;
        };
        *locked(&self.promises.kept) = match self.look_at(self.next().1, &cookie) {
            Looked::Lost => None,
            Looked::Page(_) | Looked::Nothing => Some(cookie),
        };
    }

    /// A session that nobody has ended is there, unless the store may lose it.
    pub(crate) fn look_at(&self, node: &Node, cookie: &str) -> Looked {
        let what = "a session is known";
        let request = self.house.roles_page(node, cookie);
        match self.ask(what, node, &request) {
            Seen::Answer(page) if page.status == 200 => {
                self.watch.judge(what, true, &());
                Looked::Page(csrf(&page))
            }
            Seen::Answer(page) => {
                if !self.house.may_lose_sessions {
                    self.watch.judge(what, false, &page);
                }
                Looked::Lost
            }
            Seen::Refused | Seen::Gone => Looked::Nothing,
        }
    }

    /// A sign-in that begins at one node, and whose answer reaches several at once: its session's cookie.
    pub(crate) fn sign_in(&self) -> Option<String> {
        let what = "a sign-in begins";
        let (_, node) = self.next();
        let Seen::Answer(answer) = self.ask(what, node, &self.house.begin(node)) else {
            return None;
        };
        self.watch.judge(what, answer.status == 303, &answer);
        let begun = Departure::read(answer);
        let what = "a sign-in ends once";
        let answers = {
            let subject = format!("person-{}", self.house.draw());
            let _answering = self.house.answering(&begun, &subject);
            self.at_once(|node| self.ask(what, node, &self.house.finish(node, &begun)))
        };
        let is_known = answers.iter().all(|it| matches!(it, Seen::Answer(_)));
        let answered = answers.iter().enumerate();
        let mut opened = answered.filter_map(|(racer, seen)| match seen {
            Seen::Answer(answer) => Some((racer, opened(answer)?)),
            Seen::Refused | Seen::Gone => None,
        });
        let (first, second) = (opened.next(), opened.next());
        let is_right = second.is_none() && (first.is_some() || !is_known);
        let told: Vec<_> = answers.iter().filter_map(Seen::answer).collect();
        self.watch.judge(what, is_right, &told);
        if let Some((racer, _)) = first {
            self.watch.won(what, racer);
        }
        let won = first.as_ref().map_or(Won::Perhaps, |_| Won::Once);
        let proof = Proof::Answer(Box::new(begun));
        locked(&self.promises.proofs).push((proof, won));
        first.map(|(_, cookie)| cookie)
    }

    /// Whether an answer to a sign-in opened a session; `None` where nobody says.
    pub(crate) fn finish(
        &self,
        what: &'static str,
        node: &Node,
        begun: &Departure,
    ) -> Option<bool> {
        match self.ask(what, node, &self.house.finish(node, begun)) {
            Seen::Answer(answer) => Some(opened(&answer).is_some()),
            Seen::Refused | Seen::Gone => None,
        }
    }

    fn sign_out(&self, cookie: String, form: &str) {
        let what = "a session ends";
        let node = self.next().1;
        let request = self.house.sign_out(node, &cookie, form);
        if let Seen::Answer(answer) = self.ask(what, node, &request) {
            let may_be_lost = self.house.may_lose_sessions && answer.status == 303;
            let is_ended = answer.status == 200;
            self.watch.judge(what, is_ended || may_be_lost, &answer);
            if is_ended {
                self.check_ended(self.next().1, &cookie);
                locked(&self.promises.ended).push(cookie);
            }
        }
    }

    /// A response that reaches several nodes at once.
    pub(crate) fn use_up_a_response(&self) {
        let response = self.house.response();
        let what = "AssumeRoleWithSAML, once";
        let outcomes = self.at_once(|node| self.redeem(what, node, &response));
        if let Some(racer) = outcomes.iter().position(|it| *it == Some(true)) {
            self.watch.won(what, racer);
        }
        let won = outcomes.iter().filter(|it| **it == Some(true)).count();
        let is_known = outcomes.iter().all(Option::is_some);
        let is_right = won == 1 || (won == 0 && !is_known);
        self.watch.judge(what, is_right, &outcomes);
        let won = if won == 0 { Won::Perhaps } else { Won::Once };
        let proof = Proof::Response(response);
        locked(&self.promises.proofs).push((proof, won));
    }

    /// Whether a response was taken; `None` where nobody says.
    pub(crate) fn redeem(&self, what: &'static str, node: &Node, response: &str) -> Option<bool> {
        match self.ask(what, node, &self.house.redeem(node, response)) {
            Seen::Answer(answer) => {
                let is_used = answer.text().contains("The token was used already");
                if answer.status != 200 && !is_used {
                    self.watch.judge(what, false, &answer);
                }
                Some(answer.status == 200)
            }
            Seen::Refused | Seen::Gone => None,
        }
    }

    /// Does the same at several nodes at the same moment.
    fn at_once<T: Send>(&self, ask: impl Fn(&Node) -> T + Sync) -> Vec<T> {
        let nodes: Vec<&Node> = (0..self.racers).map(|_| self.next().1).collect();
        let start = Barrier::new(nodes.len());
        let race = |node| {
            start.wait();
            ask(node)
        };
        let race = &race;
        std::thread::scope(|threads| {
            let racers: Vec<_> = nodes
                .iter()
                .map(|node| threads.spawn(move || race(node)))
                .collect();
            let answers = racers.into_iter().map(|racer| racer.join().unwrap());
            answers.collect()
        })
    }

    fn administer(&self) {
        self.revoke();
        self.make_a_role();
    }

    /// Revokes keys at one node; how long another takes them after the answer is told.
    pub(crate) fn revoke(&self) {
        let keys = locked(&self.promises.alive).pop();
        let Some(keys) = keys else {
            return;
        };
        let [one, other] = self.next_two();
        let what = "a revocation";
        let Seen::Answer(answer) = self.ask(what, one, &self.house.revoke(one, &keys)) else {
            return;
        };
        self.watch.judge(what, is_done(&answer), &answer);
        if answer.status != 200 {
            return;
        }
        let revoked = (keys, Instant::now());
        let what = "revoked at one node, good at another";
        while let Seen::Answer(answer) = self.ask(what, other, &self.house.who(other, &revoked.0)) {
            let after = revoked.1.elapsed();
            if answer.status == 403 {
                self.watch.took(what, after);
                self.watch.judge(what, true, &());
                break;
            }
            if self.is_over() || after > NEVER {
                break;
            }
        }
        self.check_revoked(other, &revoked);
        locked(&self.promises.revoked).push(revoked);
    }

    /// Makes a role at one node, which another must know at once.
    pub(crate) fn make_a_role(&self) {
        let name = self.house.add_role();
        let [one, other] = self.next_two();
        let what = "a change of the directory";
        let Seen::Answer(answer) = self.ask(what, one, &self.house.apply(one)) else {
            return;
        };
        self.watch.judge(what, is_done(&answer), &answer);
        if answer.status != 200 {
            return;
        }
        let begun = Instant::now();
        let what = "made at one node, assumed at another";
        let request = self
            .house
            .assume(other, &made(&name), &self.house.token("ines"));
        if let Seen::Answer(answer) = self.ask(what, other, &request) {
            self.watch.took(what, begun.elapsed());
            self.watch.judge(what, answer.status == 200, &answer);
        }
        locked(&self.promises.roles).push(name);
    }

    /// Sessions, keys and proofs that are over, the newest first.
    fn try_what_is_over(&self) {
        let node = self.next().1;
        let revoked = locked(&self.promises.revoked).last().cloned();
        if let Some(keys) = revoked {
            self.check_revoked(node, &keys);
        }
        let ended = locked(&self.promises.ended).last().cloned();
        if let Some(cookie) = ended {
            self.check_ended(node, &cookie);
        }
        let proof = locked(&self.promises.proofs).last().cloned();
        if let Some(mut proof) = proof.filter(|(_, won)| *won == Won::Once) {
            self.check_proof(node, &mut proof);
        }
    }
}

impl Seen {
    const fn answer(&self) -> Option<&Response> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::Refused | Self::Gone => None,
        }
    }
}

/// The cookie of the session that an answer opens.
fn opened(answer: &Response) -> Option<String> {
    let cookie = cookie(answer, "__Host-rolegate-session");
    cookie.filter(|_| answer.status == 303)
}

/// Whether an admin request was done, or told to be tried again since somebody else changed the directory.
fn is_done(answer: &Response) -> bool {
    answer.status == 200 || (answer.status == 409 && answer.text().contains("\"Conflict\""))
}
