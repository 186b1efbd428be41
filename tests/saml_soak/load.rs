//! Sixteen threads that read good responses and hostile ones.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rolegate::domain::ProviderRef;
use rolegate::federation::saml::second_opinion::{Limits, Opinion, SecondOpinion};

use super::documents::{self, Signed};
use super::process::resident_bytes;
use super::{alone, hostile, milliseconds, number, say};

const THREADS: usize = 16;
/// How much more memory may be resident after all but the first quarter of the responses: what
/// allocators keep for each thread differs, a leak of some hundred bytes for each response would be
/// more.
const MORE_BYTES: usize = 24 * 1024 * 1024;

/// What is read: each thread takes every document in turn.
struct Load {
    good: Vec<Signed>,
    /// For each good one, what is made of it.
    hostile: Vec<Vec<Vec<u8>>>,
    second: Option<Second>,
}

/// The second opinion on what ours accepts.
struct Second {
    opinion: SecondOpinion,
    runtime: tokio::runtime::Runtime,
    provider: ProviderRef,
}

impl Second {
    #[cfg_attr(
        not(feature = "second-opinion"),
        expect(dead_code, reason = "there is none")
    )]
    fn start() -> Self {
        let limits = Limits {
            at_once: THREADS,
            each_provider: THREADS,
            wait: Duration::from_mins(1),
            line: THREADS,
        };
        Self {
            opinion: SecondOpinion::start(limits).unwrap(),
            runtime: tokio::runtime::Runtime::new().unwrap(),
            provider: ProviderRef::Connection("soak".parse().unwrap()),
        }
    }

    fn agree(&self, signed: &Signed, ours: &Opinion) {
        let document = Arc::from(signed.document.as_bytes());
        let certificates = vec![signed.certificate.clone()];
        // Each thread is another person: one person is asked about once at a time.
        let person = format!("{:?}", thread::current().id()).parse().unwrap();
        let asked = (&self.provider, &person);
        let answer = self.opinion.ask(asked, document, certificates);
        let theirs = self.runtime.block_on(answer).unwrap();
        assert_eq!(theirs.agree(ours), Ok(()), "{}", signed.name);
    }
}

impl Load {
    fn new(second: Option<Second>) -> Self {
        let good = documents::all();
        let hostile = good.iter().map(hostile::all).collect();
        Self {
            good,
            hostile,
            second,
        }
    }

    /// Reads `count` responses on each thread, every other one hostile; how long the good ones took.
    fn run(&self, count: usize) -> Vec<Duration> {
        let mut times: Vec<_> = thread::scope(|scope| {
            let begin = |number| scope.spawn(move || self.read(number, count));
            let threads: Vec<_> = (0..THREADS).map(begin).collect();
            threads
                .into_iter()
                .flat_map(|it| it.join().unwrap())
                .collect()
        });
        times.sort_unstable();
        times
    }

    fn read(&self, thread: usize, count: usize) -> Vec<Duration> {
        let mut times = Vec::with_capacity(count);
        for turn in (thread..).take(count) {
            let which = turn / 2 % self.good.len();
            let signed = &self.good[which];
            if turn % 2 == 0 {
                let hostile = &self.hostile[which];
                let document = &hostile[turn / 2 / self.good.len() % hostile.len()];
                assert!(
                    signed.read(document).is_err(),
                    "{}",
                    String::from_utf8_lossy(document)
                );
                continue;
            }
            let begun = Instant::now();
            let read = signed.read(signed.document.as_bytes()).unwrap();
            let ours = Opinion::from(&read);
            if let Some(second) = &self.second {
                second.agree(signed, &ours);
            }
            times.push(begun.elapsed());
            assert_eq!(ours, signed.says);
        }
        times
    }
}

/// Reads a quarter, and the rest, between which memory must not grow.
fn check(second: Option<Second>, count: usize) {
    let with = if second.is_some() {
        "both verifiers"
    } else {
        "our verifier"
    };
    let _alone = alone();
    let load = Load::new(second);
    load.run(count / 4);
    let before = resident_bytes();
    let begun = Instant::now();
    let times = load.run(count - count / 4);
    let after = resident_bytes();
    let at = |share: usize| milliseconds(times[times.len() * share / 100]);
    say(&format!(
        "{with}, {THREADS} threads of {count} responses, half of them hostile: no good one refused; \
         good ones {:.2} ms at the median, {:.2} ms at the 99th percentile; {:.0?} for the last three \
         quarters; {} MiB resident before them, {} MiB after",
        at(50),
        at(99),
        begun.elapsed(),
        before >> 20,
        after >> 20,
    ));
    assert!(after < before + MORE_BYTES, "{before} bytes became {after}");
}

#[test]
fn no_good_response_is_refused_and_memory_stays_while_hostile_ones_are_read() {
    check(None, 120);
}

#[test]
#[cfg(feature = "second-opinion")]
fn nor_with_the_second_opinion() {
    check(Some(Second::start()), 60);
}

#[test]
#[ignore = "runs for minutes; make soak"]
fn no_good_response_of_very_many_is_refused_and_memory_stays() {
    check(None, number("ROLEGATE_SOAK_RESPONSES", 10_000));
}

#[test]
#[ignore = "runs for minutes; make soak"]
#[cfg(feature = "second-opinion")]
fn nor_with_the_second_opinion_on_very_many() {
    check(
        Some(Second::start()),
        number("ROLEGATE_SOAK_RESPONSES", 10_000),
    );
}
