//! What a browser session costs in Redis, beside a bare `SET` and `GET` of as many bytes, under a name as
//! long, through the same client library, on one connection, to the same server, in the same run.
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

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use rolegate::domain::{ClaimSource, Claims, FederatedIdentity, ProviderRef, SignInId, UnixTime};
use rolegate::entropy::SystemEntropy;
use rolegate::seal::RootKey;
use rolegate::store::redis::{Durability, RedisSettings, RedisStore};
use rolegate::store::{
    BrowserSession, PersonKey, SessionDetails, SessionKey, Sessions as _, StoreSeal,
};
use servers::RedisServer;

/// The allocator of the `rolegate` binary.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
    /// The id of Redis' process.
    redis: Arc<str>,
    /// The sessions that a round makes.
    new: Arc<RwLock<Vec<Arc<BrowserSession>>>>,
}

async fn measure() {
    let server = RedisServer::with(&["--appendonly", "no"]);
    let bench = Bench::new(&server).await;
    bench.fill(0, FEW).await;
    let [read, bare_read] = bench.compare([Work::Find(FEW), Work::Get(FEW)]).await;
    say("read, 1,000 sessions", &read, &bare_read);
    let [write, bare_write] = bench.compare([Work::Create, Work::Set]).await;
    say("write", &write, &bare_write);
    let begun = Instant::now();
    bench.fill(FEW, MANY).await;
    println!("  {MANY} sessions and values after {:.0?}", begun.elapsed());
    let among = [FEW, MANY].map(Work::Find);
    let bare_among = [FEW, MANY].map(Work::Get);
    let [few, many, bare_few, bare_many] = bench
        .compare([among[0], among[1], bare_among[0], bare_among[1]])
        .await;
    say("read, 1,000 of 1,000,000 sessions", &few, &bare_few);
    say("read, all of 1,000,000 sessions", &many, &bare_many);
    say_ratio("session_read", &read, &bare_read);
    say_ratio("session_write", &write, &bare_write);
    say_ratio("sessions_1m", &many, &few);
    say_ratio("bare_1m", &bare_many, &bare_few);
    say_growth([&read, &bare_read], [&many, &bare_many]);
}

/// What a command takes.
struct Pace {
    /// So many are answered a second: the median of the rounds.
    a_second: f64,
    /// Microseconds of CPU for each, of this process and of Redis, over all rounds.
    cpu: [f64; 2],
}

impl Pace {
    fn told(&self) -> String {
        let [own, server] = self.cpu;
        format!(
            "{:.0} a second ({own:.1} + {server:.1} µs of CPU)",
            self.a_second
        )
    }
}

fn say(what: &str, ours: &Pace, bare: &Pace) {
    println!("{what}: {}, bare {}", ours.told(), bare.told());
}

/// How many a second by how many a second, and the other way round of what each costs.
fn say_ratio(what: &str, ours: &Pace, bare: &Pace) {
    println!("ratio {what} {:.3}", ours.a_second / bare.a_second);
    let cost = |pace: &Pace| pace.cpu.iter().sum::<f64>();
    println!("ratio {what}_of_cpu {:.3}", cost(bare) / cost(ours));
}

/// What is left of the pace in a store of few when there are many, ours and a bare read's, and the one by the other:
/// what a bare read loses, too, is Redis and the caches of the processor.
fn say_growth([few, bare_few]: [&Pace; 2], [many, bare_many]: [&Pace; 2]) {
    let ours = many.a_second / few.a_second;
    let bare = bare_many.a_second / bare_few.a_second;
    println!("ratio sessions_1m_from_1000 {ours:.3}");
    println!("ratio bare_1m_from_1000 {bare:.3}");
    println!("ratio sessions_1m_beside_bare {:.3}", ours / bare);
}

/// CPU time that a process has used, in microseconds, over the threads that it has.
fn cpu(process: &str) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
        let told = std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        told.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e3
    };
    threads.map(of_thread).sum()
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
        let patient = AsyncConnectionConfig::new().set_response_timeout(None);
        let bare = client.get_multiplexed_async_connection_with_config(&patient);
        let mut bare = bare.await.unwrap();
        store.create(&key(0), &session(0)).await.unwrap();
        let value: Vec<u8> = redis::cmd("GET")
            .arg(name("session", 0))
            .query_async(&mut bare)
            .await
            .unwrap();
        println!("a session is kept as {} bytes", value.len());
        Self {
            store: Arc::new(store),
            bare,
            value: Arc::new(value),
            redis: process_of(server).into(),
            new: Arc::default(),
        }
    }

    /// Makes the sessions of these numbers, and as many bare values.
    async fn fill(&self, first: u64, end: u64) {
        self.all_callers(first..end, |bench, number| async move {
            let session = session(number);
            bench.store.create(&key(number), &session).await.unwrap();
            bench.set(number).await;
        })
        .await;
    }

    /// What each work takes, in rounds in turn.
    async fn compare<const N: usize>(&self, works: [Work; N]) -> [Pace; N] {
        for work in works {
            self.round(work, 0).await;
        }
        let mut rounds = [(); N].map(|()| Vec::new());
        for round in 1..=ROUNDS as u64 {
            for (work, rounds) in works.into_iter().zip(&mut rounds) {
                rounds.push(self.round(work, round).await);
            }
        }
        rounds.map(|rounds| Pace {
            a_second: median(rounds.iter().map(|round| round.a_second).collect()),
            cpu: [0, 1].map(|place| {
                let all = rounds.iter().map(|round| round.cpu[place]);
                all.sum::<f64>() / rounds.len() as f64
            }),
        })
    }

    /// One round. What is written is made before it.
    async fn round(&self, work: Work, round: u64) -> Pace {
        let numbers = round * ROUND..(round + 1) * ROUND;
        if matches!(work, Work::Create) {
            let new = numbers.clone().map(|number| session(2 * MANY + number));
            *self.new.write().unwrap() = new.map(Arc::new).collect();
        }
        let processes = ["self", &self.redis];
        let before = processes.map(cpu);
        let begun = Instant::now();
        self.all_callers(numbers, move |bench, number| bench.once(work, number))
            .await;
        let a_second = ROUND as f64 / begun.elapsed().as_secs_f64();
        let after = processes.map(cpu);
        let cpu = [0, 1].map(|place| (after[place] - before[place]) / ROUND as f64);
        Pace { a_second, cpu }
    }

    async fn once(self, work: Work, number: u64) {
        match work {
            Work::Find(among) => {
                let found = self.store.find(&key(spread(number) % among), NOW).await;
                assert!(found.unwrap().is_some());
            }
            Work::Create => {
                let place = usize::try_from(number % ROUND).unwrap();
                let session = self.new.read().unwrap()[place].clone();
                let key = key(2 * MANY + number);
                self.store.create(&key, &session).await.unwrap();
            }
            Work::Get(among) => {
                let mut get = redis::cmd("GET");
                get.arg(bare_name(spread(number) % among));
                let found: Vec<u8> = get.query_async(&mut self.bare.clone()).await.unwrap();
                assert_eq!(found.len(), self.value.len());
            }
            Work::Set => self.set(2 * MANY + number).await,
        }
    }

    async fn set(&self, number: u64) {
        let mut set = redis::cmd("SET");
        set.arg(bare_name(number)).arg(&*self.value);
        set.arg("PX").arg(1_800_000);
        set.exec_async(&mut self.bare.clone()).await.unwrap();
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

fn process_of(server: &RedisServer) -> String {
    let told = server.run(&["INFO", "server"]);
    let id = told
        .lines()
        .find_map(|line| line.strip_prefix("process_id:"));
    id.unwrap().trim().to_owned()
}

/// Far from its neighbours, and never random: Knuth's multiplicative hash.
const fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

/// What the store calls the place of this number's session, with another word in it.
fn name(word: &str, number: u64) -> String {
    let place = key(number).place();
    let tag = BASE64URL_NOPAD.encode(&place[..15]);
    format!("rolegate:{{{tag}}}:{word}:{}", place[15])
}

/// As long as a session's.
fn bare_name(number: u64) -> String {
    name("nothing", number)
}

fn person(number: u64) -> PersonKey {
    let issuer = "https://idp.example.com".parse().unwrap();
    PersonKey::of(&issuer, &[&format!("person-{}", number / OF_A_PERSON)])
}

fn key(number: u64) -> SessionKey {
    let place = u8::try_from(number % OF_A_PERSON).unwrap();
    let mut proof = [0; 16];
    proof[8..].copy_from_slice(&number.to_be_bytes());
    SessionKey::new(person(number).place(place), proof)
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
        person: self::person(number),
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
        details: SessionDetails::default(),
    }
}
