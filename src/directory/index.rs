//! A hash map for reading, whose copies share what they have in common.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use rpds::HashTrieMapSync;

/// So many changes may wait, however small the map is.
const FEWEST: usize = 64;
/// One change may wait for so many entries: whoever makes the map whole copies so many for each change.
const ENTRIES_A_CHANGE: usize = 16;

/// A hash map. What is found costs one look into a plain table, and one more into a small map of what was
/// changed of late. A copy costs nothing, and a change little: each generation of the directory is a copy of
/// the one before.
///
/// ```text
/// changes   what was put or removed since the table was made; looked into first
///   └ base  the table, shared by copies until the changes are too many: then a new one is made with them
/// ```
/// Both are keyed hashes (SipHash, with keys of their own): whoever chooses names can't choose where they fall.
pub(super) struct Index<K: Eq + Hash, V> {
    base: Arc<HashMap<K, V>>,
    /// `None` for what was removed.
    changes: HashTrieMapSync<K, Option<V>>,
}

impl<K: Eq + Hash, V> Index<K, V> {
    /// An index of nothing.
    pub(super) fn new() -> Self {
        Self {
            base: Arc::default(),
            changes: HashTrieMapSync::new_sync(),
        }
    }

    /// The value of a key.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entry(key).map(|(_, value)| value)
    }

    /// The key as it stands here, and its value.
    pub(super) fn entry<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        if !self.changes.is_empty()
            && let Some((key, changed)) = self.changes.get_key_value(key)
        {
            return changed.as_ref().map(|value| (key, value));
        }
        self.base.get_key_value(key)
    }

    /// Every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let unchanged = self.base.iter();
        let unchanged = unchanged.filter(|(key, _)| !self.changes.contains_key(*key));
        let changed = self.changes.iter();
        unchanged.chain(changed.filter_map(|(key, value)| Some((key, value.as_ref()?))))
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Index<K, V> {
    /// Puts a value in the place of a key.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if let Some(base) = self.own() {
            base.insert(key, value);
            return;
        }
        self.changes.insert_mut(key, Some(value));
        self.settle();
    }

    /// Takes a key and its value out.
    pub(super) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        if let Some(base) = self.own() {
            base.remove(key);
            return;
        }
        match self.base.get_key_value(key) {
            Some((own, _)) => {
                self.changes.insert_mut(own.clone(), None);
            }
            None => {
                self.changes.remove_mut(key);
            }
        }
        self.settle();
    }

    /// The table, where no copy has it too and nothing changed since it was made.
    fn own(&mut self) -> Option<&mut HashMap<K, V>> {
        if self.changes.is_empty() {
            Arc::get_mut(&mut self.base)
        } else {
            None
        }
    }

    /// Makes the table whole again where too many changes wait.
    fn settle(&mut self) {
        if self.changes.size() <= FEWEST.max(self.base.len() / ENTRIES_A_CHANGE) {
            return;
        }
        let base = Arc::make_mut(&mut self.base);
        for (key, changed) in &self.changes {
            match changed {
                Some(value) => base.insert(key.clone(), value.clone()),
                None => base.remove(key),
            };
        }
        self.changes = HashTrieMapSync::new_sync();
    }
}

impl<K: Eq + Hash, V> Clone for Index<K, V> {
    fn clone(&self) -> Self {
        Self {
            base: Arc::clone(&self.base),
            changes: self.changes.clone(),
        }
    }
}

impl<K: Eq + Hash, V> Default for Index<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// The same entries, in the table or among the changes.
impl<K: Eq + Hash, V: PartialEq> PartialEq for Index<K, V> {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.base, &other.base) && self.changes == other.changes {
            return true;
        }
        let is_in = |other: &Self, (key, value): (&K, &V)| other.get(key) == Some(value);
        self.iter().all(|entry| is_in(other, entry)) && other.iter().all(|entry| is_in(self, entry))
    }
}

impl<K: Eq + Hash, V: Eq> Eq for Index<K, V> {}

impl<K: Eq + Hash + fmt::Debug, V: fmt::Debug> fmt::Debug for Index<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Eq + Hash, V> FromIterator<(K, V)> for Index<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self {
            base: Arc::new(entries.into_iter().collect()),
            changes: HashTrieMapSync::new_sync(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Keys of whom many are there and many are not.
    const KEYS: u16 = 400;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u16, u32),
        Remove(u16),
        /// A copy that lives on.
        Copy,
        /// So many at once.
        Many(u16, u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = || 0..KEYS;
        prop_oneof![
            12 => (key(), any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
            12 => key().prop_map(Step::Remove),
            2 => Just(Step::Copy),
            1 => (key(), any::<u32>()).prop_map(|(count, value)| Step::Many(count, value)),
        ]
    }

    fn entries(index: &Index<u16, u32>) -> HashMap<u16, u32> {
        let all: Vec<_> = index.iter().map(|(key, value)| (*key, *value)).collect();
        let map: HashMap<_, _> = all.iter().copied().collect();
        assert_eq!(map.len(), all.len(), "an entry came twice");
        map
    }

    fn assert_same(index: &Index<u16, u32>, map: &HashMap<u16, u32>) {
        for key in 0..KEYS {
            assert_eq!(index.get(&key), map.get(&key), "{key}");
            assert_eq!(index.entry(&key), map.get_key_value(&key));
        }
        assert_eq!(&entries(index), map);
        assert_eq!(
            index,
            &map.iter().map(|(key, value)| (*key, *value)).collect()
        );
    }

    proptest! {
        #[test]
        fn it_is_as_a_plain_map_is_and_copies_stay_as_they_were(
            first in vec((0..KEYS, any::<u32>()), 0..200),
            steps in vec(step(), 0..600),
        ) {
            let mut index: Index<_, _> = first.iter().copied().collect();
            let mut map: HashMap<_, _> = first.into_iter().collect();
            let mut copies = Vec::new();
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        index.insert(key, value);
                        map.insert(key, value);
                    }
                    Step::Remove(key) => {
                        index.remove(&key);
                        map.remove(&key);
                    }
                    Step::Copy => copies.push((index.clone(), map.clone())),
                    Step::Many(count, value) => {
                        for key in 0..count {
                            index.insert(key, value);
                            map.insert(key, value);
                        }
                    }
                }
                prop_assert!(index.changes.size() <= FEWEST.max(index.base.len() / ENTRIES_A_CHANGE));
            }
            copies.push((index, map));
            for (index, map) in &copies {
                assert_same(index, map);
            }
        }
    }

    #[test]
    fn it_is_made_whole_when_many_changes_wait() {
        let mut index: Index<usize, usize> = (0..10_000).map(|key| (key, key)).collect();
        let before = index.clone();
        let most = 10_000 / ENTRIES_A_CHANGE;
        for key in 0..most {
            index.remove(&key);
            assert!(Arc::ptr_eq(&index.base, &before.base), "{key}");
        }
        index.remove(&most);
        assert!(index.changes.is_empty());
        assert_eq!(index.base.len(), 10_000 - most - 1);
        assert_eq!((index.get(&most), before.get(&most)), (None, Some(&most)));
    }

    #[test]
    fn what_nobody_else_has_is_changed_in_place() {
        let mut index = Index::new();
        for key in 0..10_000 {
            index.insert(key, key);
        }
        index.remove(&0);
        assert!(index.changes.is_empty());
        assert_eq!((index.get(&0), index.get(&1)), (None, Some(&1)));
    }

    #[test]
    fn the_same_entries_are_equal_wherever_they_stand() {
        let whole: Index<_, _> = [(1, "a"), (2, "b")].into_iter().collect();
        let mut changed = whole.clone();
        changed.insert(3, "c");
        assert_ne!(changed, whole);
        assert_ne!(whole, changed);
        changed.remove(&3);
        assert_eq!(changed, whole);
        changed.insert(1, "c");
        assert_ne!(changed, whole);
        assert_ne!(whole, changed);
    }
}
