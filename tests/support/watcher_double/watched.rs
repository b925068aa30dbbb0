//! Maps that tells whether somebody has changed them since an index of theirs was made: tests change what is in
//! the double by hand, and calls are not to walk through sixty thousand rows for it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// A map that counts how often somebody took hold of it to change it.
#[derive(Clone)]
pub struct Watched<K, V> {
    map: BTreeMap<K, V>,
    changes: u64,
}

impl<K, V> Default for Watched<K, V> {
    fn default() -> Self {
        Self { map: BTreeMap::new(), changes: 0 }
    }
}

impl<K, V> Watched<K, V> {
    /// How often it may have been changed.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// To change what no index is about, or with the index.
    pub fn quietly(&mut self) -> &mut BTreeMap<K, V> {
        &mut self.map
    }
}

impl<K, V> Deref for Watched<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &Self::Target {
        &self.map
    }
}

impl<K, V> DerefMut for Watched<K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.changes += 1;
        &mut self.map
    }
}

impl<'a, K, V> IntoIterator for &'a Watched<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::collections::btree_map::Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.map.iter()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Watched<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Watched<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.map.fmt(f)
    }
}
