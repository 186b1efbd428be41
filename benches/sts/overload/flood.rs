//! The load generator: one thread, prepared requests, each sent when it is due and not when the server is
//! ready for it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use super::outcome::{Answers, Memory, Pace};
use crate::Outcome;
use crate::load::Connection;
use crate::server::Server;

/// How often it is looked which requests are due.
const TICK: Duration = Duration::from_millis(1);

/// What the server answers where each of so many connections asks again when it has its answer.
pub async fn peak(
    server: &Server,
    requests: &[Vec<u8>],
    connections: usize,
    time: Duration,
) -> Outcome<Pace> {
    let opening = (0..connections).map(|_| Connection::open(server.address));
    let connections = try_join_all(opening).await?;
    let (good, next) = (Cell::new(0), Cell::new(0));
    let before = server.cpu()?;
    let until = Instant::now() + time;
    let asking = connections.into_iter().map(async |mut connection| {
        while Instant::now() < until {
            let request = another(requests, &next)?;
            match connection.status(request).await? {
                200 => good.set(good.get() + 1),
                503 => {}
                status => return Err(format!("the server answered {status}").into()),
            }
        }
        Outcome::Ok(())
    });
    try_join_all(asking).await?;
    Ok(Pace {
        good: good.get(),
        time,
        cpu: server.cpu()?.saturating_sub(before),
    })
}

fn another<'r>(requests: &'r [Vec<u8>], next: &Cell<usize>) -> Outcome<&'r [u8]> {
    let place = next.get();
    next.set((place + 1) % requests.len());
    Ok(requests.get(place).ok_or("there are no requests")?)
}

/// So many requests a second for so long, whatever the server makes of them.
pub struct Flood<'r> {
    /// Of the server.
    pub address: SocketAddr,
    /// What is sent, again and again.
    pub requests: &'r [Vec<u8>],
    /// How many requests are due each second.
    pub each_second: f64,
    /// For how long.
    pub time: Duration,
    /// Over so many connections, each with one request under way at most.
    pub connections: usize,
}

/// What the connections of a flood share.
struct Shared {
    began: Instant,
    /// When each request was due that a free connection is about to take.
    due: RefCell<VecDeque<Instant>>,
    /// Connections without a request.
    free: Cell<usize>,
    is_due: Notify,
    is_over: Cell<bool>,
    next: Cell<usize>,
    answers: RefCell<Answers>,
}

impl Shared {
    /// A request is due. Where no connection is free it is not sent: waiting here would be no doing of the server's.
    fn tell(&self, now: Instant) {
        let mut due = self.due.borrow_mut();
        if due.len() >= self.free.get() {
            self.answers.borrow_mut().unsent += 1;
        } else {
            due.push_back(now);
            self.is_due.notify_one();
        }
    }

    /// When the next request was due; none where no more are.
    async fn wait(&self) -> Option<Instant> {
        self.free.set(self.free.get() + 1);
        loop {
            let due = self.due.borrow_mut().pop_front();
            if due.is_some() || self.is_over.get() {
                self.free.set(self.free.get() - 1);
                return due;
            }
            self.is_due.notified().await;
        }
    }
}

impl Flood<'_> {
    /// Sends everything and waits for the last answers; looks at the memory each second.
    pub async fn run(&self, memory: &mut Memory) -> Outcome<Answers> {
        let opening = (0..self.connections).map(|_| Connection::open(self.address));
        let connections = try_join_all(opening).await?;
        let shared = Shared {
            began: Instant::now(),
            due: RefCell::default(),
            free: Cell::new(0),
            is_due: Notify::new(),
            is_over: Cell::new(false),
            next: Cell::new(0),
            answers: RefCell::default(),
        };
        let sending = connections
            .into_iter()
            .map(|connection| self.send(connection, &shared));
        let (paced, sent) = tokio::join!(self.pace(&shared, memory), try_join_all(sending));
        paced?;
        sent?;
        let mut answers = shared.answers.into_inner();
        answers.time = self.time;
        Ok(answers)
    }

    /// Says which requests are due.
    async fn pace(&self, shared: &Shared, memory: &mut Memory) -> Outcome<()> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut told, mut looked) = (0.0, 0);
        while shared.began.elapsed() < self.time {
            ticks.tick().await;
            let passed = shared.began.elapsed();
            let now = Instant::now();
            while told < passed.as_secs_f64() * self.each_second {
                told += 1.0;
                shared.tell(now);
            }
            if passed.as_secs() >= looked {
                memory.look()?;
                looked += 1;
            }
        }
        shared.is_over.set(true);
        shared.is_due.notify_waiters();
        Ok(())
    }

    async fn send(&self, mut connection: Connection, shared: &Shared) -> Outcome<()> {
        while let Some(due) = shared.wait().await {
            let request = another(self.requests, &shared.next)?;
            let status = connection.status(request).await?;
            let mut answers = shared.answers.borrow_mut();
            answers.sent += 1;
            answers.add(status, due.elapsed(), shared.began.elapsed());
        }
        Ok(())
    }
}
