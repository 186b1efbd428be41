//! Commands: bounded in number and in time, and sent again where that may help.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Pipeline, Value};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use super::cluster::Cluster;
use super::failure::Failure;
use super::link::{Link, pause};
use super::settings::Limits;
use super::stock::{Server, every_primary, ping};
use crate::entropy::Entropy;

/// A command that may succeed in a moment is sent so often altogether.
const ATTEMPTS: u32 = 4;
/// A large value may take a second longer for each of these.
const BYTES_PER_SECOND: usize = 4 << 20;

/// Sends commands.
pub(super) struct Calls {
    wire: Wire,
    limits: Limits,
    /// A place for each command that may be under way.
    under_way: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
    /// So many replicas must have what is written.
    replicas: u32,
}

pub(super) enum Wire {
    Server(Link),
    Cluster(Box<Cluster>),
}

/// A command and the key that says which server it is for.
pub(super) struct Call {
    pub(super) key: String,
    pub(super) command: Cmd,
}

/// What goes over the wire in one attempt.
enum Sent<'a> {
    One(&'a Cmd),
    /// To the server of this key, on one connection.
    All(&'a str, &'a Pipeline),
}

impl Calls {
    pub(super) fn new(
        wire: Wire,
        limits: Limits,
        under_way: &Arc<Semaphore>,
        entropy: &Arc<dyn Entropy>,
        replicas: u32,
    ) -> Self {
        Self {
            wire,
            limits,
            under_way: Arc::clone(under_way),
            entropy: Arc::clone(entropy),
            replicas,
        }
    }

    /// The answer to one command.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        self.ask_at_length(command, 0).await
    }

    /// The answer to one command that moves so many bytes.
    pub(super) async fn ask_at_length(
        &self,
        command: &Cmd,
        bytes: usize,
    ) -> Result<Value, Failure> {
        let answers = self.send(&Sent::One(command), self.patience(bytes)).await?;
        first(answers)
    }

    /// Runs the commands one after another, each after the one before; an answer for each.
    pub(super) async fn in_order(&self, calls: Vec<Call>) -> Result<Vec<Value>, Failure> {
        if let (Wire::Server(_), Some(first)) = (&self.wire, calls.first()) {
            let key = first.key.clone();
            let mut all = Pipeline::with_capacity(calls.len());
            for call in calls {
                all.add_command(call.command);
            }
            return self.send(&Sent::All(&key, &all), self.patience(0)).await;
        }
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            answers.push(self.ask(&call.command).await?);
        }
        Ok(answers)
    }

    /// The answer to a command that writes, once as many replicas have the write as must.
    pub(super) async fn write(&self, call: Call) -> Result<Value, Failure> {
        self.write_at_length(call, 0).await
    }

    /// As [`Self::write`], for a command that moves so many bytes.
    pub(super) async fn write_at_length(&self, call: Call, bytes: usize) -> Result<Value, Failure> {
        if self.replicas == 0 {
            return self.ask_at_length(&call.command, bytes).await;
        }
        let patience = self.patience(bytes);
        // Answered before the deadline, so that too few replicas are told from no answer.
        let wait = u64::try_from((patience * 3 / 4).as_millis()).unwrap_or(u64::MAX);
        let mut both = Pipeline::with_capacity(2);
        both.add_command(call.command);
        both.cmd("WAIT").arg(self.replicas).arg(wait);
        let mut answers = self.send(&Sent::All(&call.key, &both), patience).await?;
        match (answers.pop(), answers.pop()) {
            (Some(Value::Int(found)), Some(answer)) if found >= i64::from(self.replicas) => {
                Ok(answer)
            }
            (Some(Value::Int(found)), Some(_)) => Err(Failure::TooFewReplicas {
                wanted: self.replicas,
                found,
            }),
            _ => Err(Failure::Unexpected),
        }
    }

    /// Every server that has keys.
    pub(super) async fn servers(&self) -> Result<Vec<Server>, Failure> {
        match &self.wire {
            Wire::Server(_) => Ok(vec![Server::Only]),
            Wire::Cluster(cluster) => {
                Server::of_answers(cluster.send_to(&ping(), every_primary()).await?)
            }
        }
    }

    /// The answer of one server.
    pub(super) async fn ask_server(
        &self,
        server: &Server,
        command: &Cmd,
    ) -> Result<Value, Failure> {
        match &self.wire {
            Wire::Server(_) => self.ask(command).await,
            Wire::Cluster(cluster) => cluster.send_to(command, server.route()).await,
        }
    }

    fn patience(&self, bytes: usize) -> Duration {
        let seconds = u32::try_from(bytes / BYTES_PER_SECOND).unwrap_or(u32::MAX);
        self.limits.command + Duration::from_secs(seconds.into())
    }

    async fn send(&self, sent: &Sent<'_>, patience: Duration) -> Result<Vec<Value>, Failure> {
        let busy = |_| Failure::Busy(self.limits.in_flight);
        let _under_way = self.under_way.try_acquire().map_err(busy)?;
        let deadline = Instant::now() + patience;
        let mut attempt = 0;
        loop {
            let failure = match self.attempt(sent, deadline, patience).await {
                Ok(answers) => return Ok(answers),
                Err(failure) => failure,
            };
            attempt += 1;
            let again = Instant::now() + pause(attempt - 1, self.entropy.as_ref());
            if !failure.may_pass() || attempt >= ATTEMPTS || again >= deadline {
                return Err(failure);
            }
            sleep(again - Instant::now()).await;
        }
    }

    async fn attempt(
        &self,
        sent: &Sent<'_>,
        deadline: Instant,
        patience: Duration,
    ) -> Result<Vec<Value>, Failure> {
        let answers = match &self.wire {
            Wire::Server(link) => on_link(link, sent, deadline, patience).await,
            Wire::Cluster(cluster) => in_cluster(cluster, sent, deadline, patience).await,
        };
        answers?
            .into_iter()
            .map(|answer| answer.extract_error().map_err(Failure::from))
            .collect()
    }
}

/// A connection on which nothing at all was answered while a command waited in vain leads nowhere any
/// more, whatever the system thinks of it.
async fn on_link(
    link: &Link,
    sent: &Sent<'_>,
    deadline: Instant,
    patience: Duration,
) -> Result<Vec<Value>, Failure> {
    let timed_out = |_| Failure::TimedOut(patience);
    let connection = timeout_at(deadline, link.connection())
        .await
        .map_err(timed_out)??;
    let answers_before = connection.answers();
    let answers = async {
        match sent {
            Sent::One(command) => Ok(vec![connection.send(command).await?]),
            Sent::All(_, commands) => Ok(connection.send_all(commands).await?),
        }
    };
    let answers = timeout_at(deadline, answers).await;
    match &answers {
        Err(_) if connection.answers() == answers_before => connection.give_up(),
        Ok(Err(failure)) if Failure::spoils_connection(failure) => connection.give_up(),
        Ok(Ok(answers)) if answers.iter().any(is_of_no_primary) => connection.give_up(),
        _ => {}
    }
    answers.map_err(timed_out)?
}

/// Where a node answers nothing, perhaps another has taken its place: the Cluster is asked anew.
async fn in_cluster(
    cluster: &Cluster,
    sent: &Sent<'_>,
    deadline: Instant,
    patience: Duration,
) -> Result<Vec<Value>, Failure> {
    let answers = async {
        match sent {
            Sent::One(command) => Ok(vec![cluster.send(command).await?]),
            Sent::All(key, commands) => Ok(cluster.send_all(key, commands).await?),
        }
    };
    timeout_at(deadline, answers).await.map_err(|_| {
        cluster.look_again();
        Failure::TimedOut(patience)
    })?
}

/// What a server says that was demoted, or that has lost its primary.
fn is_of_no_primary(answer: &Value) -> bool {
    match answer {
        Value::ServerError(error) => Failure::Redis(error.clone().into()).spoils_connection(),
        _ => false,
    }
}

fn first(answers: Vec<Value>) -> Result<Value, Failure> {
    answers.into_iter().next().ok_or(Failure::Unexpected)
}
