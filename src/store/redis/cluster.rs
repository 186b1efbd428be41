//! A Cluster: the library knows which node has which keys, and follows when that changes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use redis::aio::ConnectionLike as _;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, Slot, SlotAddr};
use redis::{Cmd, FromRedisValue as _, Pipeline, Value};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::checks::{Facts, SECTIONS, Unfit};
use super::failure::Failure;
use super::settings::Durability;
use super::stock::every_primary;
use crate::causes::with_causes;

/// How long the nodes are left alone after they were looked for anew.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// The primaries are asked so often whether they keep what they are given: one that has taken another's
/// place was not when the connection was made.
const BETWEEN_INSPECTIONS: Duration = Duration::from_secs(1);

/// The connections to a Cluster's nodes.
pub(super) struct Cluster {
    shared: Arc<Shared>,
    inspector: JoinHandle<()>,
}

/// What the inspector looks at, too.
struct Shared {
    client: ClusterClient,
    current: ArcSwap<ClusterConnection>,
    last_look: Mutex<Instant>,
    /// Why a primary may not be used; nothing is sent to any then.
    unfit: ArcSwapOption<Unfit>,
    durability: Durability,
    runtime: Handle,
}

impl Cluster {
    /// Connects, and checks every primary, now and again and again. `runtime` must outlive the
    /// connections.
    pub(super) async fn open(
        client: ClusterClient,
        durability: Durability,
        runtime: &Handle,
    ) -> Result<Self, Failure> {
        let connection = client.get_async_connection().await?;
        for primary in primaries(&connection).await? {
            primary.judge(durability)?;
        }
        let shared = Arc::new(Shared {
            client,
            current: ArcSwap::from_pointee(connection),
            last_look: Mutex::new(Instant::now()),
            unfit: ArcSwapOption::empty(),
            durability,
            runtime: runtime.clone(),
        });
        let inspector = runtime.spawn(inspect_forever(Arc::clone(&shared)));
        Ok(Self { shared, inspector })
    }

    pub(super) async fn send(&self, command: &Cmd) -> Result<Value, Failure> {
        Ok(self.connection()?.req_packed_command(command).await?)
    }

    /// Sends the commands at once to the primary that has `key`, on one connection; an answer for each.
    pub(super) async fn send_all(
        &self,
        key: &str,
        commands: &Pipeline,
    ) -> Result<Vec<Value>, Failure> {
        let route = Route::with_slot(Slot::for_key(key), SlotAddr::Master);
        let route = SingleNodeRoutingInfo::SpecificNode(route);
        let count = commands.len();
        let answers = self
            .connection()?
            .route_pipeline(commands.clone(), 0, count, route)
            .await;
        Ok(answers?)
    }

    /// Sends a command to where it is said.
    pub(super) async fn send_to(&self, command: &Cmd, to: RoutingInfo) -> Result<Value, Failure> {
        let mut connection = self.connection()?;
        Ok(connection.route_command(command.clone(), to).await?)
    }

    /// Connects to the Cluster anew in the background, unless that was done just now: the library
    /// notices that a node refuses or breaks off, and not that it says nothing any more.
    pub(super) fn look_again(&self) {
        self.shared.look_again();
    }

    fn connection(&self) -> Result<ClusterConnection, Failure> {
        match &*self.shared.unfit.load() {
            Some(unfit) => Err(Unfit::clone(unfit).into()),
            None => Ok(ClusterConnection::clone(&self.shared.current.load())),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.inspector.abort();
    }
}

async fn inspect_forever(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(BETWEEN_INSPECTIONS).await;
        shared.inspect().await;
    }
}

impl Shared {
    /// Asks the primaries what they are. While one does not answer, what is known of them holds.
    async fn inspect(self: &Arc<Self>) {
        let connection = ClusterConnection::clone(&self.current.load());
        let primaries = match primaries(&connection).await {
            Ok(primaries) => primaries,
            Err(failure) => {
                tracing::debug!(%failure, "a primary of the Cluster doesn't answer");
                return self.look_again();
            }
        };
        let durability = self.durability;
        // Another has taken its place, which the library doesn't know as long as nobody is led on.
        if primaries.iter().any(Facts::is_demoted) {
            self.look_again();
        }
        let mut primaries = primaries.iter();
        let found = primaries.find_map(|it| it.judge_keeping(durability).err());
        if let Some(unfit) = &found {
            tracing::error!(%unfit, "a primary of the Cluster can't be used");
        }
        self.unfit.store(found.map(Arc::new));
    }

    fn look_again(self: &Arc<Self>) {
        let mut last_look = self
            .last_look
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last_look.elapsed() < BETWEEN_LOOKS {
            return;
        }
        *last_look = Instant::now();
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            match shared.client.get_async_connection().await {
                Ok(connection) => shared.current.store(Arc::new(connection)),
                Err(error) => {
                    tracing::warn!(error = with_causes(&error), "no connection to the Cluster");
                }
            }
        });
    }
}

/// What every primary says of itself.
async fn primaries(connection: &ClusterConnection) -> Result<Vec<Facts>, Failure> {
    let mut primaries: Vec<Facts> = Vec::new();
    for section in SECTIONS {
        let mut command = redis::cmd("INFO");
        command.arg(section);
        let mut connection = connection.clone();
        let answer = connection.route_command(command, every_primary()).await?;
        let answers = answers_by_node(answer)?;
        primaries.resize_with(answers.len().max(primaries.len()), Facts::default);
        for (facts, info) in primaries.iter_mut().zip(answers) {
            facts.add(&info);
        }
    }
    if primaries.is_empty() {
        return Err(Failure::Unexpected);
    }
    Ok(primaries)
}

/// The answers of all nodes, in the order of the nodes' names.
fn answers_by_node(answer: Value) -> Result<Vec<String>, Failure> {
    let Value::Map(mut answers) = answer else {
        return Err(Failure::Unexpected);
    };
    answers.sort_by_key(|(node, _)| format!("{node:?}"));
    answers
        .into_iter()
        .map(|(_, answer)| String::from_redis_value(answer).map_err(|_| Failure::Unexpected))
        .collect()
}
