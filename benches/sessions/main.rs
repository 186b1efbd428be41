//! What a browser session costs in Redis, beside a bare `SET` and `GET` of as many bytes through the
//! same client library, on one connection, to the same server, in the same run.
//!
//! Everybody waits for their own answer, [`CALLERS`] at once; the library sends what comes together in
//! one packet. Rounds of ours and of the bare command take turns, so that whatever else the machine does
//! falls on both, and the medians are compared. `docs/performance.md` says what the figures mean.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "what can go wrong in a benchmark ends it, and it says what it found"
)]

#[path = "../../tests/support/redis.rs"]
mod servers;
#[path = "../../tests/tools/mod.rs"]
mod tools;

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use rolegate::domain::{ClaimSource, Claims, FederatedIdentity, ProviderRef, SignInId, UnixTime};
use rolegate::entropy::SystemEntropy;
use rolegate::seal::RootKey;
use rolegate::store::redis::{Durability, RedisSettings, RedisStore};
use rolegate::store::{BrowserSession, PersonKey, SessionKey, Sessions as _, StoreSeal};
use servers::RedisServer;

/// The allocator of the `rolegate` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Who ask at once.
const CALLERS: u64 = 64;
/// Commands of a round.
const ROUND: u64 = 16_000;
const ROUNDS: usize = 7;
const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;
/// Sessions that each person has.
const OF_A_PERSON: u64 = 4;
const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("this is a benchmark: run it with `make bench`");
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

/// The store and the bare client.
#[derive(Clone)]
struct Bench {
    store: Arc<RedisStore>,
    bare: MultiplexedConnection,
    value: Arc<Vec<u8>>,
}

async fn measure() {
    let server = RedisServer::with(&["--appendonly", "no"]);
    let bench = Bench::new(&server).await;
    bench.make(0, FEW).await;
    let (few_read, bare_read) = bench.compare(Work::Find(FEW), Work::Get(FEW)).await;
    say("read, 1,000 sessions", few_read, bare_read);
    let (write, bare_write) = bench.compare(Work::Create, Work::Set).await;
    say("write", write, bare_write);
    let begun = Instant::now();
    bench.make(FEW, MANY).await;
    println!("  {MANY} sessions after {:.0?}", begun.elapsed());
    let (many_read, bare_read_again) = bench.compare(Work::Find(MANY), Work::Get(FEW)).await;
    say("read, 1,000,000 sessions", many_read, bare_read_again);
    println!("ratio session_read {:.3}", few_read / bare_read);
    println!("ratio session_write {:.3}", write / bare_write);
    // What else the machine did in the meantime fell on the bare command as well.
    let drift = bare_read_again / bare_read;
    println!("ratio sessions_1m {:.3}", many_read / few_read / drift);
}

fn say(what: &str, ours: f64, bare: f64) {
    println!("{what}: {ours:.0} a second, bare {bare:.0}");
}

/// What is done; the number says among how many.
#[derive(Clone, Copy)]
enum Work {
    Find(u64),
    Create,
    Get(u64),
    Set,
}

impl Bench {
    async fn new(server: &RedisServer) -> Self {
        let mut settings = RedisSettings::at(server.url().parse().unwrap());
        settings.durability = Durability::None;
        settings.limits.command = Duration::from_secs(10);
        let entropy = Arc::new(SystemEntropy);
        let seal = StoreSeal::new(&RootKey::new([7; 32]), None, entropy.clone());
        let store = RedisStore::open(&settings, seal, entropy).await.unwrap();
        let client = redis::Client::open(server.url()).unwrap();
        let mut bare = client.get_multiplexed_async_connection().await.unwrap();
        store.create(&key(0), &session(0)).await.unwrap();
        let name = data_encoding::BASE64URL_NOPAD.encode(&key(0).0);
        let value: Vec<u8> = redis::cmd("GET")
            .arg(format!("rolegate:session:{name}"))
            .query_async(&mut bare)
            .await
            .unwrap();
        println!("a session is kept as {} bytes", value.len());
        let bench = Self {
            store: Arc::new(store),
            bare,
            value: Arc::new(value),
        };
        bench.round(Work::Set, 0).await;
        bench
    }

    /// Makes the sessions of these numbers.
    async fn make(&self, first: u64, end: u64) {
        self.all_callers(first..end, |bench, number| async move {
            bench
                .store
                .create(&key(number), &session(number))
                .await
                .unwrap();
        })
        .await;
    }

    /// Commands a second of both, the medians of rounds in turn.
    async fn compare(&self, ours: Work, bare: Work) -> (f64, f64) {
        self.round(ours, 0).await;
        self.round(bare, 0).await;
        let mut rates = (Vec::new(), Vec::new());
        for round in 1..=ROUNDS as u64 {
            rates.0.push(self.round(ours, round).await);
            rates.1.push(self.round(bare, round).await);
        }
        (median(rates.0), median(rates.1))
    }

    /// Commands a second in one round.
    async fn round(&self, work: Work, round: u64) -> f64 {
        let begun = Instant::now();
        self.all_callers(0..ROUND, move |bench, number| {
            bench.once(work, round * ROUND + number)
        })
        .await;
        ROUND as f64 / begun.elapsed().as_secs_f64()
    }

    async fn once(self, work: Work, number: u64) {
        match work {
            Work::Find(among) => {
                let found = self.store.find(&key(spread(number) % among), NOW).await;
                assert!(found.unwrap().is_some());
            }
            Work::Create => {
                let number = 2 * MANY + number;
                self.store
                    .create(&key(number), &session(number))
                    .await
                    .unwrap();
            }
            Work::Get(among) => {
                let mut get = redis::cmd("GET");
                get.arg(format!("bare:{}", spread(number) % among));
                let found: Vec<u8> = get.query_async(&mut self.bare.clone()).await.unwrap();
                assert_eq!(found.len(), self.value.len());
            }
            Work::Set => {
                let mut set = redis::cmd("SET");
                set.arg(format!("bare:{number}")).arg(&*self.value);
                set.arg("PX").arg(1_800_000);
                set.exec_async(&mut self.bare.clone()).await.unwrap();
            }
        }
    }

    async fn one_caller<F>(
        self,
        numbers: impl Iterator<Item = u64> + Send + 'static,
        work: impl Fn(Self, u64) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        for number in numbers {
            work(self.clone(), number).await;
        }
    }

    async fn all_callers<F>(
        &self,
        numbers: std::ops::Range<u64>,
        work: impl Fn(Self, u64) -> F + Copy + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let callers = (0..CALLERS).map(|caller| {
            let (bench, numbers) = (self.clone(), numbers.clone());
            let own = numbers.skip(usize::try_from(caller).unwrap());
            let own = own.step_by(usize::try_from(CALLERS).unwrap());
            tokio::spawn(bench.one_caller(own, work))
        });
        let callers: Vec<_> = callers.collect();
        for caller in callers {
            caller.await.unwrap();
        }
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Far from its neighbours, and never random: Knuth's multiplicative hash.
const fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

fn key(number: u64) -> SessionKey {
    let mut key = [0; 32];
    key[24..].copy_from_slice(&number.to_be_bytes());
    SessionKey(key)
}

/// A session as a provider with ten groups makes it.
fn session(number: u64) -> BrowserSession {
    let person = format!("person-{}", number / OF_A_PERSON);
    let issuer = "https://idp.example.com".parse().unwrap();
    let groups: Vec<String> = (0..10).map(|group| format!("group-{group}")).collect();
    let claims = serde_json::json!({
        "email": format!("{person}@example.com"),
        "email_verified": true,
        "name": person,
        "groups": groups,
    });
    BrowserSession {
        sign_in: SignInId::from_random([9; 16]),
        person: PersonKey::of(&issuer, &[&person]),
        identity: FederatedIdentity {
            provider: ProviderRef::Connection("staff".parse().unwrap()),
            issuer,
            subject: person.parse().unwrap(),
            audience: "portal".parse().unwrap(),
            claims: Claims::from_json(claims.as_object().unwrap(), ClaimSource::IdToken),
            proved_at: NOW,
        },
        proof_issued_at: NOW,
        provider_session: None,
        display_name: person,
        created_at: NOW,
        last_seen: NOW,
        idle_seconds: 1800,
        ends_at: NOW.plus(43_200),
    }
}
