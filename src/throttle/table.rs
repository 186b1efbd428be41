//! Buckets by key, in memory that never grows.
//!
//! ```text
//! key ── keyed hash ──┬─ the set: one of 8,192
//!                     └─ in it: the slot that has this hash, or one that is taken over
//! slot: hash │ when its bucket is full again
//! ```
//! A bucket that is full needs no memory: nothing is lost when its slot is given to another key. Where all
//! slots of a set are of buckets that are not full, the one that will be soonest is forgotten. So a
//! newcomer is never refused for others' requests, and who is forgotten begins anew with a full bucket: a
//! full table lets more through, and locks nobody out.

use std::sync::atomic::{AtomicU64, Ordering};

use super::pace::{Empty, Pace};

/// So many keys a set holds.
const WAYS: usize = 8;
/// Sets of a table; a power of two.
const SETS: usize = 8_192;
/// The most keys that a table tells apart.
#[cfg(test)]
const MAX_KEYS: usize = SETS * WAYS;
/// The hash of a slot that nobody has had yet.
const NOBODY: u64 = 0;

/// Buckets of the same pace.
#[derive(Debug)]
pub(super) struct Table {
    pace: Pace,
    sets: Box<[Set]>,
}

/// Two lines of a processor's cache.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Set([Slot; WAYS]);

#[derive(Debug, Default)]
struct Slot {
    hash: AtomicU64,
    /// When the bucket is full, in nanoseconds.
    full_at: AtomicU64,
}

impl Table {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            sets: (0..SETS).map(|_| Set::default()).collect(),
        }
    }

    /// Takes a token out of the bucket of this hash. Threads that see a key at once for the first time may
    /// each take one more.
    pub(super) fn take(&self, hash: u64, now: u64) -> Result<(), Empty> {
        let Some(slot) = self.slot(hash, now) else {
            return Ok(());
        };
        let mut full_at = slot.full_at.load(Ordering::Relaxed);
        loop {
            let later = self.pace.take(full_at, now)?;
            match slot.exchange(full_at, later) {
                Ok(_) => return Ok(()),
                Err(changed) => full_at = changed,
            }
        }
    }

    /// Whether there is a token in the bucket of this hash; it stays there.
    pub(super) fn look(&self, hash: u64, now: u64) -> Result<(), Empty> {
        let slot = self.set(hash).and_then(|set| set.find(named(hash)));
        let full_at = slot.map_or(0, |slot| slot.full_at.load(Ordering::Relaxed));
        self.pace.take(full_at, now).map(|_| ())
    }

    /// Takes a token, if there is one or not.
    pub(super) fn lose(&self, hash: u64, now: u64) {
        let Some(slot) = self.slot(hash, now) else {
            return;
        };
        let mut full_at = slot.full_at.load(Ordering::Relaxed);
        while let Err(changed) = slot.exchange(full_at, self.pace.lose(full_at, now)) {
            full_at = changed;
        }
    }

    /// The slot of this hash; none where other threads took every one that could be had.
    fn slot(&self, hash: u64, now: u64) -> Option<&Slot> {
        let set = self.set(hash)?;
        let hash = named(hash);
        (0..WAYS).find_map(|_| set.find(hash).or_else(|| set.take_over(hash, now)))
    }

    fn set(&self, hash: u64) -> Option<&Set> {
        let index = usize::try_from(hash % SETS as u64).ok()?;
        self.sets.get(index)
    }
}

impl Set {
    fn find(&self, hash: u64) -> Option<&Slot> {
        let mut slots = self.0.iter();
        slots.find(|slot| slot.hash.load(Ordering::Relaxed) == hash)
    }

    /// Gives the slot whose bucket is full, or will be soonest, to this hash; none where another thread
    /// was quicker.
    fn take_over(&self, hash: u64, now: u64) -> Option<&Slot> {
        let full_at = |slot: &&Slot| slot.full_at.load(Ordering::Relaxed).max(now);
        let slot = self.0.iter().min_by_key(full_at)?;
        let before = slot.hash.load(Ordering::Relaxed);
        let was_full_at = slot.full_at.load(Ordering::Relaxed);
        let taken = slot
            .hash
            .compare_exchange(before, hash, Ordering::Relaxed, Ordering::Relaxed);
        taken.ok()?;
        if was_full_at > now {
            // What others took of it meanwhile, in the new name, stays taken.
            let order = Ordering::Relaxed;
            let _emptied = slot.full_at.compare_exchange(was_full_at, 0, order, order);
        }
        Some(slot)
    }
}

impl Slot {
    fn exchange(&self, before: u64, after: u64) -> Result<u64, u64> {
        let relaxed = Ordering::Relaxed;
        self.full_at
            .compare_exchange_weak(before, after, relaxed, relaxed)
    }
}

/// The hash as slots name it: another one than nobody's.
fn named(hash: u64) -> u64 {
    hash.max(NOBODY + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn table() -> Table {
        Table::new(Pace::new(1, 4))
    }

    /// Hashes of the same set.
    fn of_one_set(number: usize) -> u64 {
        (number as u64 + 1) * SETS as u64
    }

    fn taken(table: &Table, hash: u64, now: u64, tries: usize) -> usize {
        (0..tries).filter(|_| table.take(hash, now).is_ok()).count()
    }

    #[test]
    fn each_key_has_a_bucket_of_its_own() {
        let table = table();
        for number in 0..WAYS {
            assert_eq!(taken(&table, of_one_set(number), SECOND, 9), 4);
        }
        for number in 0..WAYS {
            assert_eq!(taken(&table, of_one_set(number), SECOND, 9), 0);
        }
        assert_eq!(taken(&table, 0, SECOND, 9), 4);
    }

    #[test]
    fn a_newcomer_to_a_full_set_is_let_in_and_the_one_that_asked_least_is_forgotten() {
        let table = table();
        for number in 0..WAYS {
            let tries = if number == 3 { 1 } else { 9 };
            taken(&table, of_one_set(number), SECOND, tries);
        }
        assert_eq!(taken(&table, of_one_set(WAYS), SECOND, 9), 4);
        for number in (0..WAYS).filter(|number| *number != 3) {
            assert_eq!(taken(&table, of_one_set(number), SECOND, 9), 0, "{number}");
        }
    }

    #[test]
    fn a_bucket_that_is_full_again_makes_room_without_a_loss() {
        let table = table();
        for number in 0..WAYS {
            taken(&table, of_one_set(number), SECOND, 2 + number % 2);
        }
        // Those that two were taken from are full after two seconds.
        let now = 3 * SECOND;
        for number in WAYS..WAYS + WAYS / 2 {
            assert_eq!(taken(&table, of_one_set(number), now, 9), 4);
        }
        for number in (0..WAYS).filter(|number| number % 2 == 1) {
            assert_eq!(taken(&table, of_one_set(number), now, 9), 3, "{number}");
        }
    }

    #[test]
    fn many_more_keys_than_there_is_room_for_are_all_let_in() {
        let table = table();
        for number in 0..2 * MAX_KEYS as u64 {
            // Spread as a good hash does it.
            let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            assert!(table.take(hash, SECOND).is_ok(), "{number}");
        }
        assert_eq!(table.sets.len() * WAYS, MAX_KEYS);
    }

    #[test]
    fn looking_takes_nothing_and_losing_asks_nobody() {
        let table = table();
        assert!((0..99).all(|_| table.look(7, SECOND).is_ok()));
        (0..99).for_each(|_| table.lose(7, SECOND));
        assert!(table.look(7, SECOND).is_err());
        assert!(table.look(7, 2 * SECOND).is_ok());
        assert!(table.look(8, SECOND).is_ok());
    }

    #[test]
    fn threads_together_take_no_more_than_one_each_beyond_the_burst() {
        const THREADS: usize = 8;
        let table = Table::new(Pace::new(1, 1_000));
        let count = || taken(&table, 5, SECOND, 1_000);
        let taken: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).sum()
        });
        assert!((1_000..=1_000 + THREADS).contains(&taken), "{taken}");
    }
}
