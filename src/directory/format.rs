//! Which format a store is written in: what every node that reads it must know.
//!
//! ```text
//! version n+1 reads 1 and 2, and writes 1 ── `rolegate store upgrade` ──> writes 2
//! version n   reads 1                                 └ finds that 2 is used: no longer ready
//! ```
//! That a format is used from now on is a change of the directory, and so stands in the log before
//! anything that is written in it. A node that comes upon one that it doesn't know decides nothing any more.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The format of what is stored: kinds of changes, and versions of what is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Format(u32);

impl Format {
    /// What a store is written in that says nothing else.
    pub const FIRST: Self = Self(1);

    /// The newest that this program knows. It reads this and all before it.
    pub const NEWEST: Self = Self(1);

    /// The one that comes after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Default for Format {
    fn default() -> Self {
        Self::FIRST
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The store is written in a format that this node doesn't know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the store is written in format {used}, and this version knows {known} at most; start a newer version of the program on this node"
)]
pub struct NewerFormat {
    /// What it is written in.
    pub used: Format,
    /// What this node knows.
    pub known: Format,
}

/// What is written needs a format that not every node has to know yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this needs format {needed} of the store, which is written in {used}; once every node runs this version, run `rolegate store upgrade`"
)]
pub struct NotUsedYet {
    /// What it needs.
    pub needed: Format,
    /// What may be used.
    pub used: Format,
}

impl Format {
    /// That a node which knows this one may read what is written in `used`.
    ///
    /// # Errors
    /// [`NewerFormat`]
    pub(super) fn check_reads(self, used: Self) -> Result<(), NewerFormat> {
        let known = self;
        if used > known {
            Err(NewerFormat { used, known })
        } else {
            Ok(())
        }
    }

    /// That something which needs `needed` may be written where this one is used.
    ///
    /// # Errors
    /// [`NotUsedYet`]
    pub(super) fn check_writes(self, needed: Self) -> Result<(), NotUsedYet> {
        let used = self;
        if needed > used {
            Err(NotUsedYet { needed, used })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_newer_is_neither_read_nor_written() {
        let (older, newer) = (Format::FIRST, Format::FIRST.next());
        assert_eq!(newer.check_reads(older), Ok(()));
        assert_eq!(older.check_reads(older), Ok(()));
        let (used, known) = (newer, older);
        assert_eq!(older.check_reads(newer), Err(NewerFormat { used, known }));
        assert_eq!(newer.check_writes(older), Ok(()));
        assert_eq!(newer.check_writes(newer), Ok(()));
        let (needed, used) = (newer, older);
        assert_eq!(older.check_writes(newer), Err(NotUsedYet { needed, used }));
    }
}
