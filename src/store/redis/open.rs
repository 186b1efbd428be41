//! Opening the store: connections, whose data it is, and which root key it is sealed under.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, ErrorKind, cmd};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::calls::{Calls, Wire};
use super::checks::Unfit;
use super::cluster::Cluster;
use super::directory::{CHECKPOINT_TABLE, HEAD, HEAD_FIELD, LOG_TABLE, name, script, value};
use super::failure::Failure;
use super::keys::Keys;
use super::link::{Alarm, Link, Making, pause};
use super::notice::{Listening, Notice};
use super::settings::RedisSettings;
use super::target;
use super::url::Deployment;
use super::{FORMAT_VERSION, RedisStore, scripts};
use crate::causes::with_causes;
use crate::entropy::{Entropy, EntropyError};
use crate::store::sealed::{RecordName, StoreSeal};
use crate::store::{Generation, StoreError};

/// A Redis that is starting is waited for so long.
const PATIENCE: Duration = Duration::from_secs(15);

/// The field that says which version the keys are of; not sealed, so that it can be read whatever the
/// root key is.
const VERSION_FIELD: &str = "version";
/// The field by which a wrong root key is known.
const CHECK_FIELD: &str = "check";
const CHECK: RecordName<'static> = RecordName {
    table: "meta",
    key: b"check",
};
/// So many generations are looked at in one step of Redis, whose other callers wait meanwhile.
const LOOKED_AT_ONCE: usize = 64;
const CHECK_VALUE: &[u8] = b"rolegate store";

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection, or a server that may not be used.
    #[error("Redis can't be used: {}{}", with_causes(.0), advice(.0))]
    Redis(#[source] Failure),
    /// The records are sealed under a root key that is neither the current nor the previous one.
    #[error("the store is sealed under another root key; start with the root key it was made with")]
    WrongRootKey,
    /// A newer version of the program made the records.
    #[error("the store has format {found}, newer than {FORMAT_VERSION}; start a newer version")]
    NewerVersion {
        /// The format found.
        found: u32,
    },
    /// The keys are not ours.
    #[error("the keys under this prefix are not a store of this program; set store.redis.prefix")]
    NotAStore,
    /// A record can't be read or written.
    #[error("the store can't be read: {0}")]
    Store(#[from] StoreError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::Redis(failure)
    }
}

impl RedisStore {
    /// Connects, checks the servers, and makes an empty store where there is none. A Redis that is
    /// starting is waited for, for 15 seconds.
    ///
    /// What of the directory is sealed under the seal's previous key is sealed anew under the current
    /// one; sessions and marks stay as they are until they expire.
    ///
    /// # Errors
    /// [`OpenError`]. Connections live on the runtime that this is called on.
    pub async fn open(
        settings: &RedisSettings,
        seal: StoreSeal,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let give_up = Instant::now() + PATIENCE;
        let mut attempt = 0;
        let store = loop {
            match Self::connect(settings, &seal, &entropy).await {
                Ok(store) => break store,
                Err(failure) if may_be_starting(&failure) && Instant::now() < give_up => {
                    tracing::warn!(%failure, "waiting for Redis");
                }
                Err(failure) => return Err(failure.into()),
            }
            sleep(pause(attempt, entropy.as_ref())).await;
            attempt += 1;
        };
        store.settle().await?;
        Ok(store)
    }

    async fn connect(
        settings: &RedisSettings,
        seal: &StoreSeal,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, Failure> {
        let runtime = Handle::current();
        let keys = Keys::new(&settings.prefix);
        let listening = Listening {
            targets: target::any_of(settings)?,
            channel: keys.channel(),
            connect: settings.limits.connect,
            entropy: Arc::clone(entropy),
        };
        // The directory's looks must get through whatever else goes on.
        let (people, directory) = (places(settings), places(settings));
        let decisions = places(settings);
        let waiting = settings.replicas;
        let connecting = Connecting {
            settings,
            entropy,
            alarm: Alarm::default(),
        };
        Ok(Self {
            fast: connecting.calls(&people, 0).await?,
            durable: connecting.calls(&people, waiting).await?,
            directory: connecting.calls(&directory, waiting).await?,
            decisions: connecting.calls(&decisions, 0).await?,
            notice: Notice::listen(listening, &runtime),
            seal: Arc::new(seal.clone()),
            keys,
        })
    }

    /// Makes the store where there is none; otherwise checks that it is ours and takes it over.
    async fn settle(&self) -> Result<(), OpenError> {
        let key = self.keys.log();
        let check = self
            .seal
            .seal_bytes(CHECK, CHECK_VALUE, CHECK_VALUE.len())?;
        let (version, _) = self.version_and_check().await?;
        match version {
            None => {
                // Who comes at the same moment puts its own there, and one of the two stays.
                let mut make = cmd("HSETNX");
                make.arg(&key).arg(CHECK_FIELD).arg(check);
                self.directory.ask(&make).await?;
                let mut make = cmd("HSETNX");
                make.arg(&key).arg(VERSION_FIELD).arg(FORMAT_VERSION);
                self.directory.ask(&make).await?;
            }
            Some(found) if found > FORMAT_VERSION => return Err(OpenError::NewerVersion { found }),
            Some(FORMAT_VERSION) => {}
            Some(_) => return Err(OpenError::NotAStore),
        }
        let (_, kept) = self.version_and_check().await?;
        let kept = kept.ok_or(OpenError::NotAStore)?;
        if self
            .seal
            .open_bytes(CHECK, &kept, CHECK_VALUE.len())
            .is_err()
        {
            return Err(OpenError::WrongRootKey);
        }
        // Nodes that have not been given the current key yet still write under the previous one, so that it is
        // looked after whenever a node starts that has both: the last of them leaves nothing behind.
        if self.seal.has_previous_key() || !self.seal.names_current_key(&kept) {
            self.reseal().await?;
        }
        Ok(())
    }

    async fn version_and_check(&self) -> Result<(Option<u32>, Option<Vec<u8>>), OpenError> {
        let mut read = cmd("HMGET");
        read.arg(self.keys.log())
            .arg(VERSION_FIELD)
            .arg(CHECK_FIELD);
        let (version, check): (Option<String>, Option<Vec<u8>>) =
            value(self.directory.ask(&read).await?)?;
        let version = version
            .map(|version| version.parse().map_err(|_| OpenError::NotAStore))
            .transpose()?;
        Ok((version, check))
    }

    /// Seals anew under the current key what of the directory is not. The check comes last, so that a start
    /// that breaks off is made up for by the next. A field that somebody changes meanwhile is under the key
    /// of whoever changed it.
    async fn reseal(&self) -> Result<(), OpenError> {
        let key = self.keys.log();
        let mut fields = cmd("HKEYS");
        fields.arg(&key);
        let fields: Vec<String> = value(self.directory.ask(&fields).await?)?;
        let generations: Vec<Generation> = fields
            .iter()
            .filter_map(|field| field.parse().ok())
            .collect();
        let mut left = 0;
        for some in generations.chunks(LOOKED_AT_ONCE) {
            let others = self.under_another_key(&key, some).await?;
            for generation in &others {
                let bytes = generation.to_be_bytes();
                let name = name(LOG_TABLE, &bytes);
                self.reseal_field(&key, &generation.to_string(), name)
                    .await?;
            }
            if !others.is_empty() {
                left += self.under_another_key(&key, &others).await?.len();
            }
        }
        self.reseal_checkpoint().await?;
        self.reseal_field(&key, HEAD_FIELD, HEAD).await?;
        self.reseal_field(&key, CHECK_FIELD, CHECK).await?;
        if left > 0 {
            tracing::warn!(
                generations = left,
                "a part of the directory's log is not sealed under the current root key; keep the previous one, and start the node again"
            );
        } else {
            tracing::info!("the directory is sealed under the current root key now");
        }
        Ok(())
    }

    /// Which of these generations are not sealed under the current key.
    async fn under_another_key(
        &self,
        key: &str,
        generations: &[Generation],
    ) -> Result<Vec<Generation>, OpenError> {
        let mut look = script(scripts::FIELDS_BEGINNING_OTHERWISE, &[key]);
        look.arg(&self.seal.current_key_id()[..]).arg(generations);
        Ok(value(self.directory.ask(&look).await?)?)
    }

    async fn reseal_checkpoint(&self) -> Result<(), OpenError> {
        let key = self.keys.checkpoint();
        let mut read = cmd("HGET");
        read.arg(&key).arg("generation");
        let generation: Option<Generation> = value(self.directory.ask(&read).await?)?;
        let Some(generation) = generation else {
            return Ok(());
        };
        let bytes = generation.to_be_bytes();
        let name = name(CHECKPOINT_TABLE, &bytes);
        self.reseal_field(&key, "directory", name).await
    }

    async fn reseal_field(
        &self,
        key: &str,
        field: &str,
        name: RecordName<'_>,
    ) -> Result<(), OpenError> {
        let bytes: usize = value(self.directory.ask(&of_field("HSTRLEN", key, field)).await?)?;
        let read = of_field("HGET", key, field);
        let stored: Option<Vec<u8>> = value(self.directory.ask_at_length(&read, bytes).await?)?;
        let Some(stored) = stored else {
            return Ok(());
        };
        let Some(resealed) = self.seal.reseal(name, &stored)? else {
            return Ok(());
        };
        let mut replace = script(scripts::REPLACE_FIELD, &[key]);
        replace.arg(field).arg(stored).arg(resealed);
        let bytes = bytes.saturating_mul(2);
        self.directory.ask_at_length(&replace, bytes).await?;
        Ok(())
    }
}

fn of_field(command: &str, key: &str, field: &str) -> Cmd {
    let mut command = cmd(command);
    command.arg(key).arg(field);
    command
}

/// As many as may be under way.
fn places(settings: &RedisSettings) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(settings.limits.in_flight))
}

/// What the connections of a store have in common.
struct Connecting<'a> {
    settings: &'a RedisSettings,
    entropy: &'a Arc<dyn Entropy>,
    alarm: Alarm,
}

impl Connecting<'_> {
    /// A connection of its own, whose writes wait for so many replicas.
    async fn calls(&self, under_way: &Arc<Semaphore>, replicas: u32) -> Result<Calls, Failure> {
        let wire = Box::pin(self.wire(&Handle::current())).await?;
        let limits = self.settings.limits;
        Ok(Calls::new(wire, limits, under_way, self.entropy, replicas))
    }

    async fn wire(&self, runtime: &Handle) -> Result<Wire, Failure> {
        let settings = self.settings;
        let target = match &settings.url.deployment {
            Deployment::Server(address) => target::single(settings, address)?,
            Deployment::Sentinel { sentinels, service } => {
                target::sentinel(settings, sentinels, service)?
            }
            Deployment::Cluster(nodes) => {
                let client = target::cluster(settings, nodes)?;
                let cluster = Cluster::open(client, settings.durability, runtime).await?;
                return Ok(Wire::Cluster(Box::new(cluster)));
            }
        };
        let making = Making {
            target,
            durability: settings.durability,
            limits: settings.limits,
            entropy: Arc::clone(self.entropy),
            alarm: self.alarm.clone(),
        };
        Ok(Wire::Server(Link::open(making, runtime).await?))
    }
}

/// What to do about it, where Redis does not say.
fn advice(failure: &Failure) -> &'static str {
    let Failure::Redis(error) = failure else {
        return "";
    };
    match error.kind() {
        ErrorKind::AuthenticationFailed => {
            "; check store.redis.password_file (ROLEGATE_REDIS_PASSWORD), with sentinels sentinel_password_file too, and the user in store.url"
        }
        ErrorKind::MasterNameNotFoundBySentinel => {
            "; no sentinel has a primary under the name in store.url: it fails over at this moment, or the name is another"
        }
        _ => "",
    }
}

/// Whether a moment may help: nobody answers yet, it is still loading, or another is becoming the primary.
fn may_be_starting(failure: &Failure) -> bool {
    match failure {
        Failure::TimedOut(_) | Failure::Unfit(Unfit::NotPrimary(_)) => true,
        Failure::Redis(error) if error.kind() == ErrorKind::MasterNameNotFoundBySentinel => true,
        other => other.may_pass(),
    }
}
