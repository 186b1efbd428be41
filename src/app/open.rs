//! What a node needs before it can do anything: its root key, its store, its audit log.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::telemetry::{Telemetry, TelemetryError};
use crate::audit::{AuditSink, FileSettings, FileSink, Rotation, Sync};
use crate::causes::with_causes;
use crate::clock::Clock;
use crate::config::{
    AuditSettings, AuditSync, AuditTarget, Config, RootKeyError, RootKeySettings, RootKeySource,
    StoreLocation, root_key_file,
};
use crate::decisions::{Decisions, Keeping};
use crate::directory::{DirectoryError, Format};
use crate::domain::Partition;
use crate::entropy::{Entropy, EntropyError, SystemEntropy, draw};
use crate::federation::outgoing::OutgoingSetupError;
use crate::flows::{BackUps, NodeKeysError, OwnRoles};
use crate::metrics::Metrics;
use crate::policy::PolicyError;
use crate::seal::RootKey;
use crate::store::archive::ArchiveSeal;
use crate::store::embedded::{EmbeddedStore, OpenError};
use crate::store::memory::MemoryStore;
use crate::store::redis::{self, RedisSettings, RedisStore};
use crate::store::{
    Counted, DecisionLog, DirectoryLog, KeyUses, OneTimeUse, PersonalRoles, Sessions, Stock,
    StoreSeal,
};
use crate::throttle::Throttle;

/// The name of the audit log inside its folder.
const AUDIT_FILE: &str = "audit.jsonl";

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address can't be listened on.
    #[error(
        "{address} can't be listened on: {source}; stop what listens there, or set listen (ROLEGATE_LISTEN) or ops_listen to another address"
    )]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The root key can't be read.
    #[error("the root key can't be read: {0}")]
    RootKey(#[from] RootKeyError),
    /// The key that the store was made with is not there, and another would open nothing.
    #[error(
        "{key} is not there, and {store} can be opened with the root key alone that it was made with: put the key back, or name its file in root_key.file (ROLEGATE_ROOT_KEY_FILE)"
    )]
    NoRootKey {
        /// Where it was.
        key: PathBuf,
        /// The store's file.
        store: PathBuf,
    },
    /// The root key can't be made.
    #[error("the root key can't be written to {path}: {source}")]
    MakeRootKey {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store can't be opened.
    #[error("the store {path}: {source}")]
    Store {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// Redis can't be used.
    #[error("the store {url}: {source}")]
    Redis {
        /// Where it is.
        url: String,
        /// Why.
        source: Box<redis::OpenError>,
    },
    /// `memory:` has nothing to take elsewhere, and keeps nothing.
    #[error("memory: keeps nothing past the end of the process")]
    KeepsNothing,
    /// The audit log can't be opened.
    #[error("{0}: nothing may be issued that can't be recorded")]
    Audit(#[from] crate::audit::OpenError),
    /// The audit folder can't be made.
    #[error("the folder {path} can't be made: {source}")]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory can't be read.
    #[error("the directory can't be read: {}", with_causes(.0))]
    Directory(#[from] DirectoryError),
    /// The node's first keys can't be made or kept.
    #[error("the node's first keys can't be made: {}", with_causes(.0))]
    FirstKeys(#[from] NodeKeysError),
    /// The second SAML verifier can't be asked, and a provider of the directory wants it to agree.
    #[error("the second SAML verifier: {0}; set second_opinion to false to do without")]
    SecondOpinion(#[from] crate::federation::saml::second_opinion::StartError),
    /// The public URL is too long to name the node by.
    #[error("public_url and /saml/metadata are the node's SAML entity id: {0}")]
    EntityId(#[from] crate::domain::InvalidValue),
    /// Outgoing requests can't be set up.
    #[error(transparent)]
    Outgoing(#[from] OutgoingSetupError),
    /// The certificate or its key can't be used.
    #[error("TLS: {0}")]
    Tls(#[from] super::tls::TlsError),
    /// Spans can't be sent.
    #[error("telemetry: {0}")]
    Telemetry(#[from] TelemetryError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The policy of the first administrator does not parse.
    #[error("the policy of the first administrator: {0}")]
    Policy(#[from] PolicyError),
}

/// What removes from the store what has expired.
pub(super) enum Sweeper {
    Memory(Arc<MemoryStore>),
    Embedded(Arc<EmbeddedStore>),
    /// Redis does that itself.
    Redis,
}

/// Everything that lives outside the process.
pub(super) struct Resources {
    pub(super) log: Arc<dyn DirectoryLog>,
    pub(super) sessions: Arc<dyn Sessions>,
    pub(super) marks: Arc<dyn OneTimeUse>,
    pub(super) key_uses: Arc<dyn KeyUses>,
    pub(super) own_roles: OwnRoles,
    pub(super) stock: Arc<dyn Stock>,
    pub(super) back_ups: BackUps,
    pub(super) decisions: Arc<Decisions>,
    pub(super) sweeper: Arc<Sweeper>,
    pub(super) audit: Arc<dyn AuditSink>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) throttle: Arc<Throttle>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    /// Spans on their way to a collector, where there is one.
    pub(super) telemetry: Option<Telemetry>,
    /// The newest format of the store that this node knows.
    pub(super) known: Format,
}

/// Opens everything, the store before the audit log: who has the store has the node.
pub(super) async fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Resources, StartError> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    match &config.store {
        StoreLocation::Memory => {
            let store = Arc::new(MemoryStore::default());
            let sweeper = Sweeper::Memory(Arc::clone(&store));
            resources(&store, (sweeper, None), config, clock, entropy)
        }
        StoreLocation::Embedded(path) => {
            let seals = Seals::of(config, &entropy)?;
            let store = embedded(path, seals.store)?;
            let sweeper = Sweeper::Embedded(Arc::clone(&store));
            let archive = Some(seals.archive);
            resources(&store, (sweeper, archive), config, clock, entropy)
        }
        StoreLocation::Redis(settings) => {
            let seals = Seals::of(config, &entropy)?;
            let store = in_redis(settings, seals.store, &entropy).await?;
            let archive = Some(seals.archive);
            resources(&store, (Sweeper::Redis, archive), config, clock, entropy)
        }
    }
}

/// A store by itself, to be taken elsewhere.
pub(super) struct OpenStore {
    pub(super) log: Arc<dyn DirectoryLog>,
    pub(super) sessions: Arc<dyn Sessions>,
    pub(super) marks: Arc<dyn OneTimeUse>,
    pub(super) stock: Arc<dyn Stock>,
    pub(super) archive: ArchiveSeal,
    pub(super) partition: Partition,
}

impl OpenStore {
    pub(super) async fn of(
        config: &Config,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, StartError> {
        if matches!(config.store, StoreLocation::Memory) {
            return Err(StartError::KeepsNothing);
        }
        let Seals { store, archive } = Seals::of(config, entropy)?;
        match &config.store {
            StoreLocation::Memory => Err(StartError::KeepsNothing),
            StoreLocation::Embedded(path) => {
                let store = embedded(path, store)?;
                Ok(Self::over(&store, archive, config.partition))
            }
            StoreLocation::Redis(settings) => {
                let store = in_redis(settings, store, entropy).await?;
                Ok(Self::over(&store, archive, config.partition))
            }
        }
    }

    pub(super) fn over<S>(store: &Arc<S>, archive: ArchiveSeal, partition: Partition) -> Self
    where
        S: DirectoryLog + Sessions + OneTimeUse + Stock + 'static,
    {
        Self {
            log: Arc::clone(store) as Arc<dyn DirectoryLog>,
            sessions: Arc::clone(store) as Arc<dyn Sessions>,
            marks: Arc::clone(store) as Arc<dyn OneTimeUse>,
            stock: Arc::clone(store) as Arc<dyn Stock>,
            archive,
            partition,
        }
    }
}

fn embedded(path: &Path, seal: StoreSeal) -> Result<Arc<EmbeddedStore>, StartError> {
    make_folder(path.parent())?;
    let store = EmbeddedStore::open(path, seal).map_err(|source| StartError::Store {
        path: path.to_owned(),
        source,
    })?;
    Ok(Arc::new(store))
}

async fn in_redis(
    settings: &RedisSettings,
    seal: StoreSeal,
    entropy: &Arc<dyn Entropy>,
) -> Result<Arc<RedisStore>, StartError> {
    let opened = RedisStore::open(settings, seal, Arc::clone(entropy)).await;
    let store = opened.map_err(|source| StartError::Redis {
        url: settings.url.to_string(),
        source: Box::new(source),
    })?;
    Ok(Arc::new(store))
}

/// What a store and its backups are sealed under.
pub(super) struct Seals {
    store: StoreSeal,
    pub(super) archive: ArchiveSeal,
}

impl Seals {
    pub(super) fn of(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<Self, StartError> {
        let root_key = root_key(&config.root_key, entropy.as_ref())?;
        let previous = config.root_key.previous.as_ref();
        Ok(Self {
            store: StoreSeal::new(&root_key, previous, Arc::clone(entropy)),
            archive: ArchiveSeal::new(&root_key, previous, Arc::clone(entropy)),
        })
    }
}

fn resources<S>(
    store: &Arc<S>,
    (sweeper, archive): (Sweeper, Option<ArchiveSeal>),
    config: &Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Resources, StartError>
where
    S: DirectoryLog + Sessions + OneTimeUse + KeyUses + PersonalRoles,
    S: Stock + DecisionLog + 'static,
{
    let audit = audit(&config.audit, &clock)?;
    let telemetry = Telemetry::of(&config.telemetry, entropy.as_ref())?;
    let spans = telemetry.as_ref().map(Telemetry::spans);
    let metrics = Arc::new(Metrics::default().telling(spans));
    let throttle = Throttle::new(
        &config.limits.rates,
        Arc::clone(&clock),
        Arc::clone(&metrics),
    );
    let log: Arc<dyn DirectoryLog> = Arc::clone(store) as _;
    let sessions: Arc<dyn Sessions> = Arc::clone(store) as _;
    let marks: Arc<dyn OneTimeUse> = Arc::clone(store) as _;
    let stock: Arc<dyn Stock> = Arc::clone(store) as _;
    let key_uses: Arc<dyn KeyUses> = Arc::clone(store) as _;
    let roles: Arc<dyn PersonalRoles> = Arc::clone(store) as _;
    let roles = Counted::over(roles, Arc::clone(&metrics));
    let decisions: Arc<dyn DecisionLog> = Arc::clone(store) as _;
    let decisions = Arc::new(Counted::over(decisions, Arc::clone(&metrics)));
    let keeping = Keeping {
        days: config.decisions.keep_days,
        bytes: config.decisions.max_bytes,
    };
    Ok(Resources {
        log: Arc::new(Counted::over(log, Arc::clone(&metrics))),
        sessions: Arc::new(Counted::over(sessions, Arc::clone(&metrics))),
        marks: Arc::new(Counted::over(marks, Arc::clone(&metrics))),
        key_uses: Arc::new(Counted::over(key_uses, Arc::clone(&metrics))),
        own_roles: OwnRoles::new(Arc::new(roles)),
        back_ups: BackUps::new(Arc::clone(store) as _, Arc::clone(&stock), archive),
        stock,
        decisions: Arc::new(Decisions::new(
            decisions,
            Arc::clone(&entropy),
            keeping,
            &metrics,
        )),
        metrics,
        throttle: Arc::new(throttle),
        sweeper: Arc::new(sweeper),
        audit,
        clock,
        entropy,
        telemetry,
        known: Format::NEWEST,
    })
}

fn audit(
    settings: &AuditSettings,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn AuditSink>, StartError> {
    let sync = match settings.sync {
        AuditSync::Write => Sync::Write,
        AuditSync::Fdatasync => Sync::Fdatasync,
    };
    let file = match &settings.target {
        AuditTarget::File(path) => {
            make_folder(path.parent())?;
            FileSettings {
                sync,
                ..FileSettings::at(path.clone())
            }
        }
        AuditTarget::Folder {
            path,
            rotate_bytes,
            keep_days,
        } => {
            make_folder(Some(path))?;
            FileSettings {
                sync,
                rotation: Some(Rotation {
                    bytes: *rotate_bytes,
                    keep_days: keep_days.unwrap_or(u32::MAX),
                    keep_files: usize::MAX,
                }),
                ..FileSettings::at(path.join(AUDIT_FILE))
            }
        }
    };
    Ok(Arc::new(FileSink::open(file, Arc::clone(clock))?))
}

/// The root key: given, or made beside the store at first start, readable by its owner only.
fn root_key(settings: &RootKeySettings, entropy: &dyn Entropy) -> Result<RootKey, StartError> {
    for path in &settings.shared {
        warn_of_readers(path);
    }
    match &settings.current {
        RootKeySource::Given(key) => Ok(key.clone()),
        RootKeySource::Drawn => Ok(RootKey::new(draw(entropy)?)),
        RootKeySource::MadeAt(path) => {
            if !path.exists() {
                // It stands beside the store, under its name and an extension.
                let store = path.with_extension("");
                if store.exists() {
                    let key = path.clone();
                    return Err(StartError::NoRootKey { key, store });
                }
                make_folder(path.parent())?;
                make_root_key(path, entropy)?;
            }
            let file = root_key_file(path)?;
            if file.is_shared {
                warn_of_readers(path);
            }
            Ok(file.key)
        }
    }
}

fn warn_of_readers(path: &Path) {
    let path = path.display();
    tracing::warn!(%path, "others on this machine may read the root key; chmod 0600 its file");
}

/// Written beside its place, synced and then linked into it, so that it is whole or not there; a
/// key that somebody else put there meanwhile stays. The draft's name is drawn: one that a killed
/// process left behind is in nobody's way.
fn make_root_key(path: &Path, entropy: &dyn Entropy) -> Result<(), StartError> {
    let failed = |source| StartError::MakeRootKey {
        path: path.to_owned(),
        source,
    };
    let bytes: [u8; 32] = draw(entropy)?;
    let text = zeroize::Zeroizing::new(data_encoding::BASE64.encode(&bytes));
    let name: [u8; 8] = draw(entropy)?;
    let draft = path.with_extension(["new-", &data_encoding::HEXLOWER.encode(&name)].concat());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => sync_folder(path).map_err(failed),
    }
}

/// A store must never outlive the key that opens it, not even the machine's fall.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn make_folder(folder: Option<&Path>) -> Result<(), StartError> {
    let Some(path) = folder.filter(|path| !path.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| StartError::Folder {
            path: path.to_owned(),
            source,
        })
}
