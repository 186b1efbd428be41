//! Mutations: one to three changes of a signed response leave it refused, or saying the same.

use std::thread;
use std::time::Instant;

use rolegate::federation::saml::second_opinion::Opinion;

use super::documents::{self, Signed};
use super::mutation::{Mutated, Mutations};
use super::{alone, number, say};

/// How many of the changed documents were refused, and how many were read as what was signed.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    refused: usize,
    same: usize,
}

/// Reads so many changed documents of each signed one; another seed makes others.
fn read(all: &[Signed], each: usize, seed: u64) -> Count {
    let mut count = Count::default();
    for signed in all {
        for Mutated { how, document } in Mutations::new(signed.document, seed).take(each) {
            match signed.read(&document) {
                Err(_) => count.refused += 1,
                Ok(response) => {
                    assert_eq!(
                        Opinion::from(&response),
                        signed.says,
                        "{}: {how}",
                        signed.name
                    );
                    count.same += 1;
                }
            }
        }
    }
    count
}

#[test]
fn no_mutation_is_read_as_anything_else() {
    let _alone = alone();
    let count = read(&documents::all(), 250, 2);
    assert!(count.same > 50 && count.refused > 500, "{count:?}");
}

#[test]
#[ignore = "runs for a quarter of an hour; make soak"]
fn none_of_millions_of_mutations_is_read_as_anything_else() {
    const EACH: usize = 1_000;
    let _alone = alone();
    let wanted = number("ROLEGATE_SOAK_MUTATIONS", 10_000_000);
    let all = documents::all();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let rounds = wanted.div_ceil(EACH * all.len() * threads);
    let start = Instant::now();
    let work = |number: usize| {
        let mut sum = Count::default();
        for round in 0..rounds {
            let seed = 100 + round * threads + number;
            let count = read(&all, EACH, u64::try_from(seed).unwrap());
            sum.refused += count.refused;
            sum.same += count.same;
            if number == 0 && round % 25 == 24 {
                say(&format!("{} of {rounds} rounds", round + 1));
            }
        }
        sum
    };
    let counts: Vec<_> = thread::scope(|scope| {
        let work = &work;
        let begin = |number| scope.spawn(move || work(number));
        let workers: Vec<_> = (0..threads).map(begin).collect();
        workers.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let refused: usize = counts.iter().map(|it| it.refused).sum();
    let same: usize = counts.iter().map(|it| it.same).sum();
    say(&format!(
        "{} mutations: {refused} refused, {same} read as what was signed, none as anything else, in {:.0?}",
        refused + same,
        start.elapsed()
    ));
    assert!(refused + same >= wanted);
}
