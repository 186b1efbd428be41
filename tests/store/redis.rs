//! The store in Redis: the suite on a server, a Cluster, what Sentinel watches and over TLS, and what is
//! its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rolegate::domain::Secret;
use rolegate::entropy::SystemEntropy;
use rolegate::seal::RootKey;
use rolegate::store::redis::{
    ClientCertificate, Durability, Failure, OpenError, RedisSettings, RedisStore, RedisTls, Unfit,
};
use rolegate::store::{
    Appended, Created, DecisionLog, DirectoryLog, Ending, FamiliesOf, OneTimeUse, Position,
    Redeemed, RefreshFamilies, Rotation, SessionKey, Sessions, Share, StoreError, StoreSeal,
};

use crate::conformance::conforms;
use crate::damage::{ROOT_KEY, Rig, Table, withstands_damage};
use crate::families::{family, family_key, is_next, rotate, token};
use crate::pages::{page, write};
use crate::samples::{NOW, logout_after, person, session, session_key, session_key_of};
use crate::servers::{GATEWAY_PASSWORD, RedisCluster, RedisServer, Watched};

/// Tests of one kind share their servers, each under a prefix of its own.
struct Shared<S>(OnceLock<Arc<S>>);

impl<S> Shared<S> {
    const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn with(&self, start: impl FnOnce() -> S) -> Arc<S> {
        Arc::clone(self.0.get_or_init(|| Arc::new(start())))
    }
}

static SERVER: Shared<RedisServer> = Shared::new();
static TLS: Shared<RedisServer> = Shared::new();
static CLUSTER: Shared<RedisCluster> = Shared::new();
static WATCHED: Shared<Watched> = Shared::new();

fn settings(url: &str) -> RedisSettings {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    RedisSettings {
        prefix: format!("test-{number}"),
        ..patient(RedisSettings::at(url.parse().unwrap()))
    }
}

/// Other tests may keep the processors busy.
fn patient(mut settings: RedisSettings) -> RedisSettings {
    settings.limits.command = Duration::from_secs(10);
    settings.limits.connect = Duration::from_secs(10);
    settings
}

fn sealed_under(current: [u8; 32], previous: Option<[u8; 32]>) -> StoreSeal {
    let previous = previous.map(RootKey::new);
    let entropy = Arc::new(SystemEntropy);
    StoreSeal::new(&RootKey::new(current), previous.as_ref(), entropy)
}

async fn open_with(settings: &RedisSettings, seal: StoreSeal) -> Result<RedisStore, OpenError> {
    RedisStore::open(settings, seal, Arc::new(SystemEntropy)).await
}

async fn open(settings: &RedisSettings) -> RedisStore {
    open_with(settings, sealed_under(ROOT_KEY, None))
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

mod server {
    use super::*;

    async fn empty() -> (RedisStore, Arc<RedisServer>) {
        let server = SERVER.with(RedisServer::start);
        (open(&settings(&server.url())).await, server)
    }

    conforms!(empty().await);
    withstands_damage!(ServerRig::new().await);
}

mod cluster {
    use super::*;

    async fn empty() -> (RedisStore, Arc<RedisCluster>) {
        let cluster = CLUSTER.with(RedisCluster::start);
        let settings = RedisSettings {
            replicas: 1,
            ..settings(&cluster.url())
        };
        (open(&settings).await, cluster)
    }

    conforms!(empty().await);
}

mod sentinel {
    use super::*;

    async fn empty() -> (RedisStore, Arc<Watched>) {
        let watched = WATCHED.with(Watched::start);
        let settings = RedisSettings {
            replicas: 1,
            ..settings(&watched.url())
        };
        (open(&settings).await, watched)
    }

    conforms!(empty().await);
}

mod tls {
    use super::*;

    pub(super) fn settings_of(server: &RedisServer) -> RedisSettings {
        let read = |name: &str| std::fs::read(server.folder().join(name)).unwrap();
        let url = format!("rediss://127.0.0.1:{}", server.port);
        RedisSettings {
            tls: RedisTls {
                authorities: Some(read("ca.pem")),
                client: Some(ClientCertificate {
                    certificates: read("client.pem"),
                    key: Secret::new(read("client.key")),
                }),
            },
            ..settings(&url)
        }
    }

    async fn empty() -> (RedisStore, Arc<RedisServer>) {
        let server = TLS.with(RedisServer::with_tls);
        (open(&settings_of(&server)).await, server)
    }

    conforms!(empty().await);

    #[tokio::test]
    async fn a_server_of_another_authority_is_refused() {
        let server = TLS.with(RedisServer::with_tls);
        let other = RedisServer::with_tls();
        let mut settings = settings_of(&server);
        settings.tls.authorities = settings_of(&other).tls.authorities;
        let refused = open_soon(&settings).await;
        assert!(matches!(refused, Err(OpenError::Redis(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_server_that_wants_a_certificate_takes_nobody_without_one() {
        let server = TLS.with(RedisServer::with_tls);
        let mut settings = settings_of(&server);
        settings.tls.client = None;
        let refused = open_soon(&settings).await;
        assert!(matches!(refused, Err(OpenError::Redis(_))), "{refused:?}");
    }

    /// What fails by the network is tried for a while, which nobody waits for here.
    async fn open_soon(settings: &RedisSettings) -> Result<RedisStore, OpenError> {
        let opening = open_with(settings, sealed_under(ROOT_KEY, None));
        let soon = tokio::time::timeout(Duration::from_secs(2), opening).await;
        soon.unwrap_or(Err(OpenError::Redis(Failure::Unexpected)))
    }
}

/// A user who may do what the documentation says, and nothing else, can do everything.
mod with_documented_rights {
    use super::*;

    static SERVER: Shared<RedisServer> = Shared::new();
    static CLUSTER: Shared<RedisCluster> = Shared::new();

    fn as_the_gateway(url: &str) -> RedisSettings {
        RedisSettings {
            password: Some(Secret::new(GATEWAY_PASSWORD.to_owned())),
            ..settings(url)
        }
    }

    mod at_a_server {
        use super::*;

        async fn empty() -> (RedisStore, Arc<RedisServer>) {
            let server = SERVER.with(|| {
                let server = RedisServer::start();
                server.grant_documented_rights("test-*");
                server
            });
            (open(&as_the_gateway(&server.gateway_url())).await, server)
        }

        conforms!(empty().await);
    }

    mod at_a_cluster {
        use super::*;

        async fn empty() -> (RedisStore, Arc<RedisCluster>) {
            let cluster = CLUSTER.with(|| {
                let cluster = RedisCluster::start();
                cluster.grant_documented_rights("test-*");
                cluster
            });
            let settings = RedisSettings {
                replicas: 1,
                ..as_the_gateway(&cluster.gateway_url())
            };
            (open(&settings).await, cluster)
        }

        conforms!(empty().await);
    }
}

/// Looks behind the store's back.
struct ServerRig {
    store: RedisStore,
    prefix: String,
    connection: redis::aio::MultiplexedConnection,
    _server: Arc<RedisServer>,
}

impl ServerRig {
    async fn new() -> Self {
        let server = SERVER.with(RedisServer::start);
        let settings = settings(&server.url());
        Self {
            store: open(&settings).await,
            prefix: settings.prefix,
            connection: connection(&server).await,
            _server: server,
        }
    }

    /// The key, and in a hash the field.
    fn place(&self, table: Table, key: &[u8]) -> (String, Option<String>) {
        let prefix = &self.prefix;
        let name = || data_encoding::BASE64URL_NOPAD.encode(key);
        let generation = || u64::from_be_bytes(key.try_into().unwrap()).to_string();
        match table {
            Table::DirectoryLog => (format!("{prefix}:{{dir}}:log"), Some(generation())),
            Table::DirectoryCheckpoint => {
                let field = Some("directory".to_owned());
                (format!("{prefix}:{{dir}}:checkpoint"), field)
            }
            Table::Sessions => {
                let tag = data_encoding::BASE64URL_NOPAD.encode(&key[..15]);
                (format!("{prefix}:{{{tag}}}:session:{}", key[15]), None)
            }
            Table::OneTimeMarks => (format!("{prefix}:used:{}", name()), None),
            Table::Logouts => {
                let tag = data_encoding::BASE64URL_NOPAD.encode(&key[..15]);
                (format!("{prefix}:{{{tag}}}:logout:{}", name()), None)
            }
            Table::PersonalRoles => {
                let tag = data_encoding::BASE64URL_NOPAD.encode(&key[..15]);
                (format!("{prefix}:{{{tag}}}:roles:{}", name()), None)
            }
            Table::RefreshFamilies => (format!("{prefix}:family:{}", name()), None),
            Table::FamilyEndings => (format!("{prefix}:families-ended:{}", name()), None),
        }
    }
}

async fn connection(server: &RedisServer) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

impl Rig for ServerRig {
    type Store = RedisStore;

    fn store(&self) -> &RedisStore {
        &self.store
    }

    async fn stored(&mut self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        let command = match self.place(table, key) {
            (key, Some(field)) => redis::cmd("HGET").arg(key).arg(field).clone(),
            (key, None) => redis::cmd("GET").arg(key).clone(),
        };
        let stored: Option<Vec<u8>> = command.query_async(&mut self.connection).await.unwrap();
        if table != Table::Sessions {
            return stored;
        }
        stored.map(|stored| stored.strip_prefix(&key[16..]).unwrap().to_vec())
    }

    /// A session's record stands after the proof that opens it.
    async fn tamper(&mut self, table: Table, key: &[u8], stored: Option<&[u8]>) {
        let with_proof = match table {
            Table::Sessions => stored.map(|stored| [&key[16..], stored].concat()),
            _ => stored.map(<[u8]>::to_vec),
        };
        let stored = with_proof.as_deref();
        let command = match (self.place(table, key), stored) {
            ((key, Some(field)), Some(stored)) => {
                redis::cmd("HSET").arg(key).arg(field).arg(stored).clone()
            }
            ((key, Some(field)), None) => redis::cmd("HDEL").arg(key).arg(field).clone(),
            ((key, None), Some(stored)) => redis::cmd("SET").arg(key).arg(stored).clone(),
            ((key, None), None) => redis::cmd("DEL").arg(key).clone(),
        };
        command.exec_async(&mut self.connection).await.unwrap();
    }

    async fn name_of_the_ending(&mut self) -> [u8; 32] {
        let pattern = format!("{}:families-ended:*", self.prefix);
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg(pattern)
            .query_async(&mut self.connection)
            .await
            .unwrap();
        let name = keys[0].rsplit(':').next().unwrap();
        let name = data_encoding::BASE64URL_NOPAD.decode(name.as_bytes());
        name.unwrap().try_into().unwrap()
    }
}

fn failure<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> Failure {
    match outcome {
        Err(StoreError::Unavailable(cause)) => *cause.downcast().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_redis_that_evicts_or_keeps_nothing_is_refused() {
    let nothing_kept = RedisServer::with(&["--appendonly", "no"]);
    let mut settings = settings(&nothing_kept.url());
    let refused = open_with(&settings, sealed_under(ROOT_KEY, None)).await;
    let unfit = |outcome| match outcome {
        Err(OpenError::Redis(Failure::Unfit(unfit))) => unfit,
        other => panic!("{other:?}"),
    };
    assert_eq!(unfit(refused), Unfit::KeepsNothing);
    settings.durability = Durability::None;
    open(&settings).await;
    nothing_kept.run(&["config", "set", "maxmemory-policy", "volatile-lru"]);
    let refused = open_with(&settings, sealed_under(ROOT_KEY, None)).await;
    assert_eq!(unfit(refused), Unfit::Evicts("volatile-lru".to_owned()));
}

#[tokio::test]
async fn no_stored_byte_is_readable_and_everything_but_the_directory_expires() {
    let server = SERVER.with(RedisServer::start);
    let settings = settings(&server.url());
    let store = open(&settings).await;
    let named = session("somebody.unmistakable");
    let key = |byte| session_key_of("somebody.unmistakable", byte);
    store.create(&key(1), &named).await.unwrap();
    store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
    let person = person("somebody.unmistakable");
    store
        .append(Position::START, b"change.unmistakable")
        .await
        .unwrap();
    store.end_all(&person, logout_after(-60)).await.unwrap();
    store.create(&key(2), &named).await.unwrap();
    let traces = page(0, 1, b"somebody.unmistakable");
    write(&store, Share::People, &traces, None).await;
    let family = family("somebody.unmistakable");
    store.begin(&family_key(1), &family).await.unwrap();
    let of = FamiliesOf::Person(family.issuer.clone(), family.subject.clone());
    let long_ago = Ending { at: NOW.plus(-60) };
    store.end_families(&of, long_ago).await.unwrap();
    let mut connection = connection(&server).await;
    let pattern = format!("{}:*", settings.prefix);
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(pattern)
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(keys.len(), 9, "{keys:?}");
    for key in keys {
        let bytes: Vec<u8> = redis::cmd("DUMP")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        assert_eq!(memchr::memmem::find(&bytes, b"unmistakable"), None, "{key}");
        let left: i64 = redis::cmd("TTL")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        let is_kept_for_ever = key.contains("{dir}");
        assert_eq!(left == -1, is_kept_for_ever, "{key}: {left}");
    }
}

#[tokio::test]
async fn a_page_of_decisions_that_has_expired_is_left_out_and_can_be_removed() {
    let server = SERVER.with(RedisServer::start);
    let settings = settings(&server.url());
    let store = open(&settings).await;
    let (good, expired) = (page(0, 1, b"good"), page(5, 1, b"expired"));
    for page in [&good, &expired] {
        write(&store, Share::People, page, None).await;
    }
    let prefix = &settings.prefix;
    let key = format!("{prefix}:{{decisions-people}}:page:{}", expired.id);
    let left: i64 = server.run(&["ttl", &key]).trim().parse().unwrap();
    assert!((86_690..=86_700).contains(&left), "{left}");
    server.run(&["del", &key]);
    let heads = store.page_heads(Share::People, None, 9).await.unwrap();
    assert_eq!(heads.heads, [(good.id, good.head.clone())]);
    assert_eq!(store.page_sizes(Share::People).await.unwrap().len(), 2);
    store
        .remove_pages(Share::People, &[expired.id])
        .await
        .unwrap();
    assert_eq!(store.page_sizes(Share::People).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_mark_outlives_its_time_by_five_minutes() {
    let server = SERVER.with(RedisServer::start);
    let settings = settings(&server.url());
    let store = open(&settings).await;
    store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
    let key = format!(
        "{}:used:{}",
        settings.prefix,
        data_encoding::BASE64URL_NOPAD.encode(&[1; 32])
    );
    let left: i64 = redis::cmd("TTL")
        .arg(key)
        .query_async(&mut connection(&server).await)
        .await
        .unwrap();
    assert!((355..=361).contains(&left), "{left}");
}

#[tokio::test]
async fn another_root_key_is_refused_and_the_previous_one_opens_and_is_replaced() {
    let server = SERVER.with(RedisServer::start);
    let settings = settings(&server.url());
    let store = open(&settings).await;
    let first = store.append(Position::START, b"a").await.unwrap();
    store.save_checkpoint(1, b"whole").await.unwrap();
    store.create(&session_key(1), &session("a")).await.unwrap();
    let wrong = open_with(&settings, sealed_under([8; 32], None)).await;
    assert!(matches!(wrong, Err(OpenError::WrongRootKey)), "{wrong:?}");
    let both = open_with(&settings, sealed_under([8; 32], Some(ROOT_KEY))).await;
    let found = both.unwrap().find(&session_key(1), NOW).await.unwrap();
    assert_eq!(found, Some(session("a")));
    let resealed = open_with(&settings, sealed_under([8; 32], None))
        .await
        .unwrap();
    let Appended::Written(head) = first else {
        panic!("{first:?}")
    };
    assert_eq!(resealed.head().await.unwrap(), head);
    assert_eq!(resealed.read_after(0, 9).await.unwrap()[0].change, b"a");
    let checkpoint = resealed.checkpoint().await.unwrap().unwrap();
    assert_eq!(checkpoint.change, b"whole");
}

/// A node that has not been started with the new key yet goes on writing under the old one, after others have
/// sealed everything anew.
#[tokio::test]
async fn what_is_written_under_the_old_key_meanwhile_is_sealed_anew_by_the_last_node() {
    let server = SERVER.with(RedisServer::start);
    let settings = settings(&server.url());
    let (old, new) = (ROOT_KEY, [8; 32]);
    let before = open_with(&settings, sealed_under(old, Some(new)))
        .await
        .unwrap();
    let mut head = Position::START;
    for change in [b"a", b"b"] {
        head = written(before.append(head, change).await.unwrap());
        let first = open_with(&settings, sealed_under(new, Some(old)));
        assert_eq!(first.await.unwrap().head().await.unwrap(), head);
    }
    head = written(before.append(head, b"c").await.unwrap());
    before.save_checkpoint(3, b"whole").await.unwrap();
    drop(before);
    let too_early = open_with(&settings, sealed_under(new, None)).await;
    assert!(too_early.unwrap().head().await.is_err());
    let last = open_with(&settings, sealed_under(new, Some(old))).await;
    head = written(last.unwrap().append(head, b"d").await.unwrap());
    let after = open_with(&settings, sealed_under(new, None)).await.unwrap();
    assert_eq!(after.head().await.unwrap(), head);
    let log = after.read_after(0, 9).await.unwrap();
    let changes: Vec<&[u8]> = log.iter().map(|entry| &*entry.change).collect();
    assert_eq!(changes, [b"a", b"b", b"c", b"d"]);
    let checkpoint = after.checkpoint().await.unwrap().unwrap();
    assert_eq!(checkpoint.change, b"whole");
}

fn written(appended: Appended) -> Position {
    match appended {
        Appended::Written(head) => head,
        Appended::Conflict { .. } => panic!("{appended:?}"),
    }
}

#[tokio::test]
async fn nodes_that_start_together_agree_on_a_root_key() {
    let server = SERVER.with(RedisServer::start);
    let settings = settings(&server.url());
    let opened = (0..10).map(|byte| open_with(&settings, sealed_under([byte; 32], None)));
    let opened = futures_util::future::join_all(opened).await;
    let wrong =
        |outcome: &&Result<RedisStore, OpenError>| matches!(outcome, Err(OpenError::WrongRootKey));
    assert_eq!(opened.iter().filter(wrong).count(), 9);
    assert_eq!(opened.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_newer_format_and_foreign_keys_are_refused() {
    let server = SERVER.with(RedisServer::start);
    for (fields, newer) in [(["version", "99"], true), (["version", "x"], false)] {
        let settings = settings(&server.url());
        let key = format!("{}:{{dir}}:log", settings.prefix);
        server.run(&["hset", &key, fields[0], fields[1]]);
        let refused = open_with(&settings, sealed_under(ROOT_KEY, None)).await;
        match refused {
            Err(OpenError::NewerVersion { found: 99 }) => assert!(newer),
            Err(OpenError::NotAStore) => assert!(!newer),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_write_that_too_few_replicas_have_is_no_success() {
    let server = RedisServer::start();
    let mut settings = RedisSettings {
        replicas: 1,
        ..settings(&server.url())
    };
    settings.limits.command = Duration::from_secs(2);
    let store = open(&settings).await;
    let wanted = |failure: &Failure| matches!(failure, Failure::TooFewReplicas { wanted: 1, .. });
    let redeemed = failure(store.redeem(&[1; 32], NOW.plus(60), NOW).await);
    assert!(wanted(&redeemed), "{redeemed:?}");
    let appended = failure(store.append(Position::START, b"a").await);
    assert!(wanted(&appended), "{appended:?}");
    let ended = failure(store.end_all(&person("a"), logout_after(0)).await);
    assert!(wanted(&ended), "{ended:?}");
    store.begin(&family_key(1), &family("a")).await.unwrap();
    let rotation = Rotation {
        presented: token(1),
        next: token(2),
        now: NOW,
    };
    let rotated = failure(store.rotate(&family_key(1), &rotation).await);
    assert!(wanted(&rotated), "{rotated:?}");
    // A session that is lost is made anew by signing in.
    let created = store.create(&session_key_of("b", 1), &session("b")).await;
    assert_eq!(created.unwrap(), Created::Kept);
}

#[tokio::test]
async fn what_a_redis_that_hangs_holds_up_is_bounded_and_over_in_time() {
    let server = RedisServer::start();
    let mut settings = settings(&server.url());
    settings.limits.command = Duration::from_millis(300);
    settings.limits.connect = Duration::from_millis(300);
    settings.limits.in_flight = 16;
    let store = open(&settings).await;
    server.freeze();
    let key = session_key(1);
    let begun = Instant::now();
    let finds = futures_util::future::join_all((0..40).map(|_| store.find(&key, NOW))).await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    let failures: Vec<_> = finds.into_iter().map(failure).collect();
    let busy = failures.iter().filter(|it| matches!(it, Failure::Busy(16)));
    assert_eq!(busy.count(), 24);
    // Whoever comes once it is known that nobody answers is told so at once.
    let give_up = Instant::now() + Duration::from_secs(5);
    while !matches!(
        failure(store.find(&key, NOW).await),
        Failure::NotConnected(_)
    ) {
        assert!(Instant::now() < give_up);
    }
    server.go_on();
    let give_up = Instant::now() + Duration::from_secs(10);
    while store.find(&key, NOW).await.is_err() {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_redis_that_was_killed_is_found_again_with_what_it_had() {
    let mut server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let store = open(&settings(&server.url())).await;
    store.append(Position::START, b"a").await.unwrap();
    store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
    server.kill();
    server.restart();
    let give_up = Instant::now() + Duration::from_secs(10);
    while store.head().await.is_err() {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(store.read_after(0, 9).await.unwrap()[0].change, b"a");
    let again = store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
    assert_eq!(again, Redeemed::Again);
}

#[tokio::test]
async fn a_primary_that_dies_is_replaced_and_what_was_waited_for_is_there() {
    let watched = Watched::that_fails_over();
    let settings = RedisSettings {
        replicas: 1,
        ..settings(&watched.url())
    };
    let store = open(&settings).await;
    store.append(Position::START, b"a").await.unwrap();
    store.redeem(&[1; 32], NOW.plus(60), NOW).await.unwrap();
    watched.servers[0].kill();
    let give_up = Instant::now() + Duration::from_mins(1);
    while !matches!(store.is_redeemed(&[1; 32], NOW).await, Ok(true)) {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(store.read_after(0, 9).await.unwrap()[0].change, b"a");
    // The new primary has no replica left to wait for.
    let redeemed = failure(store.redeem(&[2; 32], NOW.plus(60), NOW).await);
    assert!(
        matches!(redeemed, Failure::TooFewReplicas { .. }),
        "{redeemed:?}"
    );
}

/// A connection that nobody used meanwhile leads to it still.
#[tokio::test]
async fn a_primary_that_hung_and_was_replaced_is_asked_nothing_when_it_goes_on() {
    let watched = Watched::that_fails_over();
    let settings = settings(&watched.url());
    let store = open(&settings).await;
    store.append(Position::START, b"a").await.unwrap();
    let key = session_key(1);
    store.create(&key, &session("a")).await.unwrap();
    let give_up = Instant::now() + Duration::from_mins(1);
    let replica = &watched.servers[1];
    let pattern = format!("{}:*:session:*", settings.prefix);
    while replica.run(&["--scan", "--pattern", &pattern]).is_empty() {
        assert!(Instant::now() < give_up);
    }
    watched.servers[0].freeze();
    while watched.primary_index() == 0 || store.head().await.is_err() {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let other = open(&settings).await;
    assert!(other.end(&key).await.unwrap().is_some());
    watched.servers[0].go_on();
    assert_eq!(store.find(&key, NOW).await.unwrap(), None);
}

#[tokio::test]
async fn a_node_of_a_cluster_that_dies_is_replaced() {
    let cluster = RedisCluster::that_fails_over();
    let settings = RedisSettings {
        replicas: 1,
        ..settings(&cluster.url())
    };
    let store = open(&settings).await;
    store.append(Position::START, b"a").await.unwrap();
    let slot = cluster.nodes[0].run(&["cluster", "keyslot", "{dir}"]);
    let slot: u16 = slot.trim().parse().unwrap();
    // Three primaries share the slots evenly, in their order.
    cluster.nodes[usize::from(slot) * 3 / 16_384].kill();
    let give_up = Instant::now() + Duration::from_mins(1);
    loop {
        let read = store.read_after(0, 9).await;
        if read.is_ok_and(|entries| entries[0].change == b"a") {
            break;
        }
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// It was a replica, and nobody had asked it, when the store was opened.
#[tokio::test]
async fn a_server_that_evicts_and_becomes_a_primary_of_a_cluster_is_given_nothing() {
    let cluster = RedisCluster::start();
    let store = open(&settings(&cluster.url())).await;
    store.append(Position::START, b"a").await.unwrap();
    let primary = cluster.nodes[cluster.primary_of("{dir}")].port;
    let of_primary = format!("master_port:{primary}");
    let mut replicas = cluster.nodes.iter();
    let replica = replicas.find(|node| node.run(&["info", "replication"]).contains(&of_primary));
    let replica = replica.unwrap();
    replica.run(&["config", "set", "maxmemory-policy", "volatile-lru"]);
    assert_eq!(replica.run(&["cluster", "failover"]).trim(), "OK");
    let give_up = Instant::now() + Duration::from_mins(1);
    let evicts = Unfit::Evicts("volatile-lru".to_owned());
    let is_unfit = |outcome: &Result<Redeemed, StoreError>| match outcome {
        Err(StoreError::Unavailable(cause)) => {
            matches!(cause.downcast_ref(), Some(Failure::Unfit(unfit)) if *unfit == evicts)
        }
        _ => false,
    };
    while !is_unfit(&store.redeem(&[1; 32], NOW.plus(60), NOW).await) {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    replica.run(&["config", "set", "maxmemory-policy", "noeviction"]);
    while store.redeem(&[2; 32], NOW.plus(60), NOW).await.is_err() {
        assert!(Instant::now() < give_up);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn of_two_nodes_that_redeem_the_same_one_is_first_a_thousand_times() {
    let server = SERVER.with(RedisServer::start);
    let settings = settings(&server.url());
    let (one, other) = (open(&settings).await, open(&settings).await);
    for number in 0..1000_u32 {
        let mut what = [0; 32];
        what[..4].copy_from_slice(&number.to_be_bytes());
        let (first, second) = tokio::join!(
            one.redeem(&what, NOW.plus(60), NOW),
            other.redeem(&what, NOW.plus(60), NOW),
        );
        let outcomes = [first.unwrap(), second.unwrap()];
        let firsts = outcomes.iter().filter(|it| **it == Redeemed::First);
        assert_eq!(firsts.count(), 1, "{number}: {outcomes:?}");
    }
}

/// What a node leaves that dies between the ending and the removal of the families.
#[tokio::test]
async fn an_ending_that_broke_off_ends_a_family_when_it_is_next_used() {
    let mut rig = ServerRig::new().await;
    let key = family_key(1);
    rig.store.begin(&key, &family("a")).await.unwrap();
    let kept = rig.stored(Table::RefreshFamilies, &key.0).await.unwrap();
    let of = FamiliesOf::Rule("admins".parse().unwrap());
    let ended = rig.store.end_families(&of, Ending { at: NOW }).await;
    assert_eq!(ended.unwrap(), 1);
    rig.tamper(Table::RefreshFamilies, &key.0, Some(&kept))
        .await;
    assert!(!is_next(&rotate(&rig.store, 1, (1, 2), 0).await));
    assert_eq!(rig.stored(Table::RefreshFamilies, &key.0).await, None);
}

#[tokio::test]
async fn of_two_nodes_that_rotate_the_same_one_gets_the_next_a_thousand_times() {
    let server = SERVER.with(RedisServer::start);
    let settings = settings(&server.url());
    let (one, other) = (open(&settings).await, open(&settings).await);
    for number in 0..1000 {
        one.begin(&family_key(1), &family("a")).await.unwrap();
        let (first, second) =
            tokio::join!(rotate(&one, 1, (1, 2), 0), rotate(&other, 1, (1, 3), 0));
        let next = [&first, &second].into_iter().filter(|it| is_next(it));
        assert_eq!(next.count(), 1, "{number}: {first:?} {second:?}");
        for presented in [2, 3] {
            assert!(!is_next(&rotate(&one, 1, (presented, 4), 0).await));
        }
    }
}

#[tokio::test]
async fn a_node_is_told_when_another_changes_the_directory() {
    for url in [
        SERVER.with(RedisServer::start).url(),
        CLUSTER.with(RedisCluster::start).url(),
    ] {
        let settings = settings(&url);
        let (one, other) = (open(&settings).await, open(&settings).await);
        let patience = Duration::from_secs(10);
        // That it listens is told, too.
        tokio::time::timeout(patience, other.changed())
            .await
            .unwrap();
        one.append(Position::START, b"a").await.unwrap();
        tokio::time::timeout(patience, other.changed())
            .await
            .unwrap();
    }
}

/// A cookie with another secret says where a session is, and can do nothing to it.
#[tokio::test]
async fn who_has_another_secret_for_a_place_takes_nothing_away() {
    let mut rig = ServerRig::new().await;
    let (key, kept) = (session_key(1), session("a"));
    rig.store.create(&key, &kept).await.unwrap();
    let other = SessionKey::new(key.place(), [9; 16]);
    assert_eq!(rig.store.find(&other, NOW).await.unwrap(), None);
    rig.store.touch(&other, NOW.plus(60)).await.unwrap();
    assert_eq!(rig.store.end(&other).await.unwrap(), None);
    assert_eq!(rig.store.find(&key, NOW).await.unwrap(), Some(kept));
    // What is too short to be a session is none, and goes.
    let (place, _) = rig.place(Table::Sessions, &key.0);
    let mut put = redis::cmd("SET");
    put.arg(&place).arg("x");
    put.exec_async(&mut rig.connection).await.unwrap();
    assert_eq!(rig.store.find(&key, NOW).await.unwrap(), None);
    let exists: bool = redis::cmd("EXISTS")
        .arg(&place)
        .query_async(&mut rig.connection)
        .await
        .unwrap();
    assert!(!exists);
}
