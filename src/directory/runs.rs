//! An ordered map of very many small entries, whose copies share what they have in common.

use std::fmt;
use std::sync::Arc;

use super::map::Map;

/// So many entries lie side by side at most. A change copies one run of them.
const LONGEST: usize = 32;

/// Entries that follow one another, at least one.
type Run<K, V> = Arc<[(K, V)]>;

/// An ordered map. As with a [`Map`], a copy costs nothing, and each generation of the directory is one; but
/// entries lie side by side in runs, each in its own bytes and little more, where there each is three
/// pieces of memory that point at one another. Keys and values are copied with their run, so they should
/// own nothing.
///
/// Runs do not grow together again: where most entries were taken out, those that are left may lie alone.
pub struct Runs<K: Ord, V> {
    /// Each by the first of its keys.
    runs: Map<K, Run<K, V>>,
    len: usize,
}

impl<K: Ord + Clone, V: Clone> Runs<K, V> {
    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Every entry, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let entries = self.runs.values().flat_map(|run| run.iter());
        entries.map(|(key, value)| (key, value))
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let run = self.run_for(key)?;
        let at = place(run, key).ok()?;
        run.get(at).map(|(_, value)| value)
    }

    /// Puts a value in the place of a key.
    pub fn insert(&mut self, key: K, value: V) {
        let mut run = self.take_run_for(&key);
        match place(&run, &key) {
            Ok(at) => {
                if let Some(entry) = run.get_mut(at) {
                    entry.1 = value;
                }
            }
            Err(at) => {
                run.insert(at, (key, value));
                self.len += 1;
            }
        }
        if run.len() > LONGEST {
            let rest = run.split_off(LONGEST / 2);
            self.put(rest);
        }
        self.put(run);
    }

    /// Takes a key and its value out.
    pub fn remove(&mut self, key: &K) {
        let mut run = self.take_run_for(key);
        if let Ok(at) = place(&run, key) {
            run.remove(at);
            self.len -= 1;
        }
        self.put(run);
    }

    /// The run that holds the key, if any does: the last of those that begin at it or before.
    fn run_for(&self, key: &K) -> Option<&Run<K, V>> {
        let (_, run) = self.runs.range(..=key).next_back()?;
        Some(run)
    }

    /// Takes out the run in which the key is, or belongs: none begins before the first.
    fn take_run_for(&mut self, key: &K) -> Vec<(K, V)> {
        let run = self.run_for(key).or_else(|| self.runs.values().next());
        let run: Vec<(K, V)> = run.map(|run| run.to_vec()).unwrap_or_default();
        if let Some((first, _)) = run.first() {
            self.runs.remove(first);
        }
        run
    }

    fn put(&mut self, run: Vec<(K, V)>) {
        if let Some((first, _)) = run.first() {
            self.runs.insert(first.clone(), run.into());
        }
    }
}

/// Where in a run the key is, or belongs.
fn place<K: Ord, V>(run: &[(K, V)], key: &K) -> Result<usize, usize> {
    run.binary_search_by(|(it, _)| it.cmp(key))
}

impl<K: Ord, V> Clone for Runs<K, V> {
    fn clone(&self) -> Self {
        Self {
            runs: self.runs.clone(),
            len: self.len,
        }
    }
}

impl<K: Ord, V> Default for Runs<K, V> {
    fn default() -> Self {
        Self {
            runs: Map::default(),
            len: 0,
        }
    }
}

/// Equal entries may lie in other runs.
impl<K: Ord + Clone, V: Clone + PartialEq> PartialEq for Runs<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Ord + Clone, V: Clone + Eq> Eq for Runs<K, V> {}

impl<K: Ord + Clone + fmt::Debug, V: Clone + fmt::Debug> fmt::Debug for Runs<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What must hold of the runs, whatever was done.
    fn assert_in_order(map: &Runs<u16, u32>) {
        let mut last = None;
        for (first, run) in map.runs.iter() {
            assert!((1..=LONGEST).contains(&run.len()), "{run:?}");
            assert_eq!(*first, run[0].0, "a run stands by its first key");
            for (key, _) in run.iter() {
                assert!(last < Some(*key), "{last:?} is before {key}");
                last = Some(*key);
            }
        }
    }

    proptest! {
        /// Few keys, so that most are there when they are put or taken out again.
        #[test]
        fn it_holds_what_a_map_holds(changes in vec((0_u16..300, any::<Option<u32>>()), 0..1_500)) {
            let mut map = Runs::default();
            let mut expected = BTreeMap::new();
            let mut before = (map.clone(), expected.clone());
            for (number, (key, value)) in changes.into_iter().enumerate() {
                if let Some(value) = value {
                    map.insert(key, value);
                    expected.insert(key, value);
                } else {
                    map.remove(&key);
                    expected.remove(&key);
                }
                prop_assert_eq!(map.get(&key), expected.get(&key));
                if number == 700 {
                    before = (map.clone(), expected.clone());
                }
            }
            assert_in_order(&map);
            for (map, expected) in [(&map, &expected), (&before.0, &before.1)] {
                prop_assert_eq!(map.len(), expected.len());
                prop_assert!(map.iter().eq(expected.iter()));
                for key in 0..300 {
                    prop_assert_eq!(map.get(&key), expected.get(&key));
                }
            }
        }

        /// However the runs came to be.
        #[test]
        fn it_equals_what_holds_the_same(entries in vec((any::<u16>(), any::<u32>()), 0..200)) {
            let entries: BTreeMap<_, _> = entries.into_iter().collect();
            let (mut upwards, mut downwards) = (Runs::default(), Runs::default());
            for (key, value) in &entries {
                upwards.insert(*key, *value);
            }
            for (key, value) in entries.iter().rev() {
                downwards.insert(*key, *value);
            }
            prop_assert_eq!(&upwards, &downwards);
            if let Some((key, value)) = entries.first_key_value() {
                downwards.insert(*key, value.wrapping_add(1));
                prop_assert_ne!(&upwards, &downwards);
                downwards.remove(key);
                prop_assert_ne!(&upwards, &downwards);
            }
        }
    }
}
