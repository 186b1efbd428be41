//! Values that don't fit where they go: cut, hashed or refused.

use serde::{Deserialize, Serialize};

use crate::domain::{SessionName, SourceIdentity, TagValue};

/// What is done with a value that is too long or has characters that don't fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// Other characters become `-`, the rest is cut off. Two values can become the same.
    Truncate,
    /// Other characters become `-`, and the value ends in `-` and 16 hexadecimal digits of the
    /// original's SHA-256. No two values become the same: what looks like such an ending is
    /// hashed, too.
    Hash,
    /// Nothing is given.
    Refuse,
}

/// Where a value goes.
pub(super) trait Slot: std::str::FromStr + Sized {
    /// How many characters it has at most.
    const MOST: usize;

    /// Whether a character may stand in it.
    fn admits(c: char) -> bool;
}

impl Slot for SessionName {
    const MOST: usize = 64;

    fn admits(c: char) -> bool {
        is_word(c)
    }
}

impl Slot for SourceIdentity {
    const MOST: usize = 64;

    fn admits(c: char) -> bool {
        is_word(c)
    }
}

impl Slot for TagValue {
    const MOST: usize = 256;

    fn admits(c: char) -> bool {
        let mut bytes = [0; 4];
        c.encode_utf8(&mut bytes).parse::<Self>().is_ok()
    }
}

/// A value that fits now, and whether it was repaired.
pub(super) struct Fitted<T> {
    pub(super) value: T,
    pub(super) repaired: bool,
}

/// Makes `text` fit; `None` where it can't or must not.
pub(super) fn fit<T: Slot>(text: &str, repair: Repair) -> Option<Fitted<T>> {
    let fits = text.parse().ok();
    let looks_hashed = repair == Repair::Hash && ends_in_hash(text);
    if let Some(value) = fits
        && !looks_hashed
    {
        let repaired = false;
        return Some(Fitted { value, repaired });
    }
    let repaired: String = match repair {
        Repair::Refuse => return None,
        Repair::Truncate => replaced::<T>(text).take(T::MOST).collect(),
        Repair::Hash => {
            let head: String = replaced::<T>(text).take(T::MOST - HASH - 1).collect();
            [&head, "-", &short_hash(text)].concat()
        }
    };
    let value = repaired.parse().ok()?;
    Some(Fitted {
        value,
        repaired: true,
    })
}

const HASH: usize = 16;

fn replaced<T: Slot>(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|c| if T::admits(c) { c } else { '-' })
}

fn short_hash(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let mut hex = data_encoding::HEXLOWER.encode(digest.as_ref());
    hex.truncate(HASH);
    hex
}

fn ends_in_hash(text: &str) -> bool {
    let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    text.rsplit_once('-')
        .is_some_and(|(_, end)| end.len() == HASH && end.chars().all(is_hex))
}

/// `A-Z a-z 0-9 _ + = , . @ -`, the characters of role names and session names.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}
