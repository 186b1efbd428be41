//! A Cluster: the library knows which node has which keys, and follows when that changes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use redis::aio::ConnectionLike as _;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, Slot, SlotAddr};
use redis::{Cmd, FromRedisValue as _, Pipeline, RedisResult, Value};

use tokio::runtime::Handle;

use super::checks::{Facts, SECTIONS};
use super::failure::Failure;
use super::settings::Durability;
use super::stock::every_primary;

/// How long the nodes are left alone after they were looked for anew.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// The connections to a Cluster's nodes.
pub(super) struct Cluster {
    client: ClusterClient,
    current: Arc<ArcSwap<ClusterConnection>>,
    last_look: Mutex<Instant>,
    runtime: Handle,
}

impl Cluster {
    /// Connects, and checks every primary that there is now. `runtime` must outlive the connections.
    pub(super) async fn open(
        client: ClusterClient,
        durability: Durability,
        runtime: &Handle,
    ) -> Result<Self, Failure> {
        let connection = client.get_async_connection().await?;
        let cluster = Self {
            client,
            current: Arc::new(ArcSwap::from_pointee(connection)),
            last_look: Mutex::new(Instant::now()),
            runtime: runtime.clone(),
        };
        cluster.check(durability).await?;
        Ok(cluster)
    }

    pub(super) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        self.connection().req_packed_command(command).await
    }

    /// Sends the commands at once to the primary that has `key`, on one connection; an answer for each.
    pub(super) async fn send_all(&self, key: &str, commands: &Pipeline) -> RedisResult<Vec<Value>> {
        let route = Route::with_slot(Slot::for_key(key), SlotAddr::Master);
        let route = SingleNodeRoutingInfo::SpecificNode(route);
        let count = commands.len();
        self.connection()
            .route_pipeline(commands.clone(), 0, count, route)
            .await
    }

    /// Sends a command to where it is said.
    pub(super) async fn send_to(&self, command: &Cmd, to: RoutingInfo) -> RedisResult<Value> {
        self.connection().route_command(command.clone(), to).await
    }

    /// Connects to the Cluster anew in the background, unless that was done just now: the library
    /// notices that a node refuses or breaks off, and not that it says nothing any more.
    pub(super) fn look_again(&self) {
        let mut last_look = self
            .last_look
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last_look.elapsed() < BETWEEN_LOOKS {
            return;
        }
        *last_look = Instant::now();
        let (client, current) = (self.client.clone(), Arc::clone(&self.current));
        self.runtime.spawn(async move {
            match client.get_async_connection().await {
                Ok(connection) => current.store(Arc::new(connection)),
                Err(error) => tracing::warn!(%error, "no connection to the Cluster"),
            }
        });
    }

    fn connection(&self) -> ClusterConnection {
        ClusterConnection::clone(&self.current.load())
    }

    async fn check(&self, durability: Durability) -> Result<(), Failure> {
        let mut primaries: Vec<Facts> = Vec::new();
        for section in SECTIONS {
            let mut command = redis::cmd("INFO");
            command.arg(section);
            let answer = self.send_to(&command, every_primary()).await?;
            let answers = answers_by_node(answer)?;
            primaries.resize_with(answers.len().max(primaries.len()), Facts::default);
            for (facts, info) in primaries.iter_mut().zip(answers) {
                facts.add(&info);
            }
        }
        if primaries.is_empty() {
            return Err(Failure::Unexpected);
        }
        primaries
            .iter()
            .try_for_each(|facts| facts.judge(durability).map_err(Failure::from))
    }
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
