//! Everything that expires, for a move to another store.

use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, Value, cmd};
use tokio::sync::mpsc::Sender;

use super::RedisStore;
use super::directory::value;
use super::failure::Failure;
use super::keys::{named, place_of};
use super::one_time::Kept;
use super::sessions::LOGOUTS;
use crate::domain::UnixTime;
use crate::store::{DAMAGED_MARK_SECONDS, Kind, PersonKey, ShortLived, Stock, StoreError};

/// So many keys are asked for at a time.
const KEYS_AT_A_TIME: usize = 500;

/// A walk begins with this cursor, and has come to its end when Redis names it.
const START: &str = "0";

/// What names of this kind's keys look like after the prefix.
const fn form(kind: Kind) -> &'static str {
    match kind {
        Kind::Mark => "used:*",
        Kind::Logout => "{*}:logout:*",
        Kind::Session => "{*}:session:*",
    }
}

#[async_trait::async_trait]
impl Stock for RedisStore {
    async fn take_stock(
        &self,
        kind: Kind,
        now: UnixTime,
        into: Sender<ShortLived>,
    ) -> Result<(), StoreError> {
        for server in self.fast.servers().await? {
            self.of_server(&server, kind, now, &into).await?;
        }
        Ok(())
    }
}

impl RedisStore {
    async fn of_server(
        &self,
        server: &Server,
        kind: Kind,
        now: UnixTime,
        into: &Sender<ShortLived>,
    ) -> Result<(), StoreError> {
        let mut cursor = None;
        loop {
            let (next, keys) = self.scan(server, form(kind), cursor).await?;
            let is_wanted = self.send_all(&keys, kind, now, into).await?;
            if next.is_none() || !is_wanted {
                return Ok(());
            }
            cursor = next;
        }
    }

    /// Some of a server's keys of this form, from a cursor or the beginning, and the cursor of those after
    /// them where there may be more.
    pub(super) async fn scan(
        &self,
        server: &Server,
        form: &str,
        cursor: Option<String>,
    ) -> Result<(Option<String>, Vec<String>), Failure> {
        let mut scan = cmd("SCAN");
        scan.arg(cursor.as_deref().unwrap_or(START));
        scan.arg("MATCH").arg(self.keys.pattern(form));
        scan.arg("COUNT").arg(KEYS_AT_A_TIME);
        let found = self.fast.ask_server(server, &scan).await?;
        let (next, keys): (String, Vec<String>) = value(found)?;
        Ok(((next != START).then_some(next), keys))
    }

    /// Whether somebody still listens.
    async fn send_all(
        &self,
        keys: &[String],
        kind: Kind,
        now: UnixTime,
        into: &Sender<ShortLived>,
    ) -> Result<bool, StoreError> {
        for key in keys {
            let Some(record) = self.record_at(key, kind, now).await? else {
                continue;
            };
            if into.send(record).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What stands there and is not over; a damaged mark holds for as long as any.
    async fn record_at(
        &self,
        key: &str,
        kind: Kind,
        now: UnixTime,
    ) -> Result<Option<ShortLived>, StoreError> {
        let mut read = cmd("GET");
        read.arg(key);
        let found: Option<Vec<u8>> = value(self.fast.ask(&read).await?)?;
        let Some(found) = found else {
            return Ok(None);
        };
        Ok(match kind {
            Kind::Mark => named(key).and_then(|name| self.mark(name, &found, now)),
            Kind::Logout => named(key).and_then(|name| self.logout(name, &found)),
            Kind::Session => {
                let session = place_of(key).and_then(|place| self.session(place, &found));
                let session = session.filter(|(_, session)| !session.is_over(now));
                session.map(|(key, session)| ShortLived::Session(key, Box::new(session)))
            }
        })
    }

    fn mark(&self, name: [u8; 32], found: &[u8], now: UnixTime) -> Option<ShortLived> {
        match self.judge(&name, Some(found), now) {
            Kept::Nothing => None,
            Kept::Until(kept) => Some(ShortLived::Mark(name, kept)),
            Kept::Damaged => Some(ShortLived::Mark(name, now.plus(DAMAGED_MARK_SECONDS))),
        }
    }

    fn logout(&self, name: [u8; 32], found: &[u8]) -> Option<ShortLived> {
        let logout = self.opened(LOGOUTS, &name, found).ok()?;
        Some(ShortLived::Logout(PersonKey(name), logout))
    }
}

/// A server that has keys.
pub(super) enum Server {
    /// The one there is.
    Only,
    /// One of a Cluster's primaries.
    OfCluster { host: String, port: u16 },
}

impl Server {
    /// Every server by the answers of all to one command.
    pub(super) fn of_answers(answers: Value) -> Result<Vec<Self>, Failure> {
        let Value::Map(answers) = answers else {
            return Err(Failure::Unexpected);
        };
        let addresses = answers.into_iter().map(|(address, _)| {
            let address: String = value(address)?;
            let (host, port) = address.rsplit_once(':').ok_or(Failure::Unexpected)?;
            Ok(Self::OfCluster {
                host: host.trim_matches(['[', ']']).to_owned(),
                port: port.parse().map_err(|_| Failure::Unexpected)?,
            })
        });
        addresses.collect()
    }

    pub(super) fn route(&self) -> RoutingInfo {
        RoutingInfo::SingleNode(match self {
            Self::Only => SingleNodeRoutingInfo::RandomPrimary,
            Self::OfCluster { host, port } => SingleNodeRoutingInfo::ByAddress {
                host: host.clone(),
                port: *port,
            },
        })
    }
}

/// To every primary, and an answer of each.
pub(super) const fn every_primary() -> RoutingInfo {
    RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None))
}

/// What every server answers.
pub(super) fn ping() -> Cmd {
    cmd("PING")
}
