//! A connection to the primary that is made anew when it breaks.
//!
//! ```text
//! Keeper: ask who is the primary ─ connect ─ check ─> Up ── lost ──> Connecting ─ …
//!                 └ failed: Down, a pause that grows and is never the same ──┘
//! ```
//! Who comes while a connection is made waits for it; who comes after an attempt failed is told so at
//! once, so that nobody queues up for a server that isn't there.
//!
//! A store has several links. What one of them finds out, all act on: a server that hung and was replaced
//! meanwhile would answer again, with what it had, on a connection that nobody had used.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike as _, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Cmd, Pipeline, RedisResult, Value};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::checks::{Facts, SECTIONS};
use super::failure::Failure;
use super::settings::{Durability, Limits};
use super::target::Target;
use crate::entropy::{Entropy, draw};

/// The shortest pause between two attempts to connect, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// How a link makes its connections.
#[derive(Clone)]
pub(super) struct Making {
    pub(super) target: Target,
    pub(super) durability: Durability,
    pub(super) limits: Limits,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) alarm: Alarm,
}

/// What the links of a store tell each other.
#[derive(Clone, Default)]
pub(super) struct Alarm {
    /// That a connection is lost.
    lost: watch::Sender<()>,
    /// That there is one again.
    found: watch::Sender<()>,
}

/// A connection that is kept up; the keeper ends with it.
pub(super) struct Link {
    state: watch::Receiver<State>,
    keeper: JoinHandle<()>,
}

#[derive(Clone)]
enum State {
    Connecting,
    Up(Arc<Connection>),
    Down(Arc<Failure>),
}

/// One connection.
pub(super) struct Connection {
    pipelined: MultiplexedConnection,
    /// How many answers have come.
    answers: AtomicU64,
    lost: Notify,
}

impl Link {
    /// Makes the first connection; afterwards `runtime`, which must outlive the link, keeps it up.
    pub(super) async fn open(making: Making, runtime: &Handle) -> Result<Self, Failure> {
        let first = Arc::new(making.connect().await?);
        let (told, state) = watch::channel(State::Up(Arc::clone(&first)));
        let keeper = runtime.spawn(keep(making, first, told));
        Ok(Self { state, keeper })
    }

    /// The connection there is, or the one that is being made.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, Failure> {
        if let State::Up(connection) = &*self.state.borrow() {
            return Ok(Arc::clone(connection));
        }
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, State::Connecting));
        match settled.await.as_deref() {
            Ok(State::Up(connection)) => Ok(Arc::clone(connection)),
            Ok(State::Down(failure)) => Err(Failure::NotConnected(Arc::clone(failure))),
            Ok(State::Connecting) | Err(_) => Err(Failure::Unexpected),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Connection {
    pub(super) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let answer = self.pipelined.clone().req_packed_command(command).await;
        self.answers.fetch_add(1, Ordering::Relaxed);
        answer
    }

    /// Sends the commands at once, and gives an answer for each.
    pub(super) async fn send_all(&self, commands: &Pipeline) -> RedisResult<Vec<Value>> {
        let count = commands.len();
        let answers = self.pipelined.clone();
        let answers = { answers }.req_packed_commands(commands, 0, count).await;
        self.answers.fetch_add(1, Ordering::Relaxed);
        answers
    }

    /// How many answers have come so far.
    pub(super) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Makes the keeper make another one.
    pub(super) fn give_up(&self) {
        self.lost.notify_one();
    }
}

/// Replaces a connection that was given up, as long as somebody has the link.
async fn keep(making: Making, first: Arc<Connection>, told: watch::Sender<State>) {
    let mut current = first;
    let mut of_others = making.alarm.lost.subscribe();
    loop {
        tokio::select! {
            () = current.lost.notified() => {
                tracing::warn!("the connection to Redis is lost");
                making.alarm.lost.send_replace(());
            }
            // The sender is in `making`.
            _ = of_others.changed() => {
                tracing::debug!("another connection to Redis is lost");
            }
        }
        told.send_replace(State::Connecting);
        // One's own alarm, too; one that comes from now on is of what is connected to now, perhaps.
        of_others.mark_unchanged();
        current = making.reconnect(&told).await;
        told.send_replace(State::Up(Arc::clone(&current)));
        tracing::info!("connected to Redis again");
    }
}

impl Making {
    async fn reconnect(&self, told: &watch::Sender<State>) -> Arc<Connection> {
        let mut attempt = 0;
        let mut of_others = self.alarm.found.subscribe();
        loop {
            match self.connect().await {
                Ok(connection) => {
                    self.alarm.found.send_replace(());
                    return Arc::new(connection);
                }
                Err(failure) => {
                    let cause = std::error::Error::source(&failure).map(ToString::to_string);
                    tracing::warn!(%failure, cause, "no connection to Redis");
                    told.send_replace(State::Down(Arc::new(failure)));
                }
            }
            tokio::select! {
                () = sleep(pause(attempt, self.entropy.as_ref())) => attempt += 1,
                // Nobody need be refused any more.
                _ = of_others.changed() => {
                    told.send_replace(State::Connecting);
                }
            }
        }
    }

    /// Connects to who is the primary now, and checks that it may be used.
    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        let limit = self.limits.connect;
        let connecting = async {
            let client = self.target.client().await?;
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(limit))
                .set_response_timeout(None)
                .set_pipeline_buffer_size(self.limits.in_flight);
            let pipelined = client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            self.check(pipelined.clone()).await?;
            Ok(Connection {
                pipelined,
                answers: AtomicU64::new(0),
                lost: Notify::new(),
            })
        };
        timeout(limit, connecting)
            .await
            .map_err(|_| Failure::TimedOut(limit))?
    }

    async fn check(&self, mut connection: MultiplexedConnection) -> Result<(), Failure> {
        let mut facts = Facts::default();
        for section in SECTIONS {
            let info: String = redis::cmd("INFO")
                .arg(section)
                .query_async(&mut connection)
                .await?;
            facts.add(&info);
        }
        Ok(facts.judge(self.durability)?)
    }
}

/// Twice as long each time up to the longest, and of that a random part, so that the nodes of a gateway
/// don't all come at once.
pub(super) fn pause(attempt: u32, entropy: &dyn Entropy) -> Duration {
    let (shortest, longest) = PAUSES;
    let full = shortest.saturating_mul(1 << attempt.min(10)).min(longest);
    let [part] = draw(entropy).unwrap_or([u8::MAX]);
    shortest.max(full.mul_f64(f64::from(part) / f64::from(u8::MAX)))
}
