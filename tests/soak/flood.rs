//! Connections to the nodes, each with one request under way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{Scope, sleep};
use std::time::{Duration, Instant};

use super::mix::{Expects, Mix, Prepared};
use super::scene::House;
use super::support::http::{NoResponse, PATIENCE, RawConnection, Response};
use super::watch::{is_documented, locked};

/// Connections to each node.
const CONNECTIONS: usize = 8;
/// A hostile client sends half of a request and then nothing, so often, on a connection of its own.
const HALF: Duration = Duration::from_millis(500);
/// So much of what is wrong is told.
const TOLD: usize = 10;

/// How often each kind of request was answered, and how.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) right: BTreeMap<&'static str, u64>,
    pub(crate) refused: u64,
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    /// All answers that were right.
    pub(crate) fn rights(&self) -> u64 {
        self.right.values().sum()
    }
}

/// Senders of what the nodes' mixes have.
pub(crate) struct Flood<'h> {
    house: &'h House,
    mixes: Vec<RwLock<Arc<Mix>>>,
    tally: Mutex<Tally>,
    is_over: AtomicBool,
}

impl<'h> Flood<'h> {
    pub(crate) fn new(house: &'h House, mixes: Vec<Mix>) -> Self {
        let mixes = mixes.into_iter().map(|mix| RwLock::new(Arc::new(mix)));
        Self {
            house,
            mixes: mixes.collect(),
            tally: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Has other requests sent from now on.
    pub(crate) fn replace(&self, mixes: Vec<Mix>) {
        for (place, mix) in self.mixes.iter().zip(mixes) {
            *place.write().unwrap() = Arc::new(mix);
        }
    }

    /// How many requests are answered in a second, where each connection sends its next one at once.
    pub(crate) fn peak(&self, time: Duration) -> f64 {
        let begun = Instant::now();
        std::thread::scope(|threads| {
            self.begin(threads, None);
            sleep(time);
            self.end();
        });
        let tally = self.taken();
        assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
        self.is_over.store(false, Ordering::SeqCst);
        let right = u32::try_from(tally.rights()).unwrap();
        f64::from(right) / begun.elapsed().as_secs_f64()
    }

    /// Starts the senders: so many requests a second of all together, or as many as are answered.
    pub(crate) fn begin<'s>(&'s self, threads: &'s Scope<'s, '_>, each_second: Option<f64>) {
        let senders = self.mixes.len() * CONNECTIONS;
        let senders = u32::try_from(senders).unwrap();
        let pause = each_second.map(|rate| Duration::from_secs_f64(f64::from(senders) / rate));
        for number in 0..self.mixes.len() {
            for connection in 0..CONNECTIONS {
                threads.spawn(move || self.send(number, connection, pause));
            }
        }
    }

    /// Starts whoever sends half of a request and leaves the node waiting.
    pub(crate) fn begin_halves<'s>(&'s self, threads: &'s Scope<'s, '_>) {
        threads.spawn(|| self.send_halves());
    }

    fn send_halves(&self) {
        const HELD: usize = 50;
        let mut held = std::collections::VecDeque::new();
        let mut nodes = self.house.nodes.iter().cycle();
        while !self.is_over.load(Ordering::SeqCst) {
            let mut connection = RawConnection::open(nodes.next().unwrap().address);
            drop(connection.send(b"POST / HTTP/1.1\r\nHost: "));
            held.push_front(connection);
            held.truncate(HELD);
            sleep(HALF);
        }
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// What was counted since it was last asked.
    pub(crate) fn taken(&self) -> Tally {
        std::mem::take(&mut *locked(&self.tally))
    }

    fn send(&self, number: usize, connection: usize, pause: Option<Duration>) {
        let node = &self.house.nodes[number];
        let turn = AtomicUsize::new(connection * 7);
        let mut open = None;
        let mut due = Instant::now();
        while !self.is_over.load(Ordering::SeqCst) {
            if let Some(pause) = pause {
                due += pause;
                let now = Instant::now();
                sleep(due.saturating_duration_since(now));
                // What could not be sent in time is not sent later.
                due = due.max(now);
            }
            let mix = Arc::clone(&self.mixes[number].read().unwrap());
            let request = &mix.requests[turn.fetch_add(1, Ordering::Relaxed) % mix.requests.len()];
            let through = open.get_or_insert_with(|| RawConnection::open(node.address));
            let answer = through.exchange(&request.bytes, PATIENCE);
            let is_last = answer.as_ref().map_or(true, |answer| {
                answer
                    .header("connection")
                    .is_some_and(|it| it.eq_ignore_ascii_case("close"))
            });
            if is_last || request.expects == Expects::RefusalOrEnd {
                open = None;
            }
            self.count(request, answer);
        }
    }

    fn count(&self, request: &Prepared, answer: Result<Response, NoResponse>) {
        let mut tally = locked(&self.tally);
        let is_right = match (&answer, request.expects) {
            (Ok(answer), _) if is_refusal(answer) => {
                tally.refused += 1;
                return;
            }
            (Ok(answer), Expects::Good) => answer.status == 200,
            (Ok(answer), Expects::Refusal | Expects::RefusalOrEnd) => {
                (400..500).contains(&answer.status)
            }
            (Err(NoResponse::Closed), Expects::RefusalOrEnd) => true,
            (Err(_), _) => false,
        };
        if is_right {
            *tally.right.entry(request.kind).or_default() += 1;
        } else if tally.wrong.len() < TOLD {
            let told = answer.map(|answer| (answer.status, answer.text()));
            tally.wrong.push(format!("{}: {told:.300?}", request.kind));
        }
    }
}

fn is_refusal(answer: &Response) -> bool {
    answer.status == 503 && is_documented(answer)
}
