//! Free text in an event: never longer than its bound.

use serde::{Serialize, Serializer};

/// Text of at most `MAX` bytes. What is longer is cut and ends in `…`.
///
/// Nothing that holds a secret turns into one: [`crate::domain::Secret`] has neither `Display` nor a
/// way to borrow its text but `expose`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(Box<str>);

impl<const MAX: usize> Text<MAX> {
    const CUT: &'static str = "…";

    /// Takes the text, or its beginning.
    pub fn new(text: &str) -> Self {
        if text.len() <= MAX {
            return Self(text.into());
        }
        let room = MAX.saturating_sub(Self::CUT.len());
        let kept = text.get(..text.floor_char_boundary(room)).unwrap_or("");
        Self([kept, Self::CUT].concat().into())
    }

    /// The text, cut where it was too long.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> From<&str> for Text<MAX> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters_within_its_bound() {
        assert_eq!(Text::<8>::new("12345678").as_str(), "12345678");
        assert_eq!(Text::<8>::new("123456789").as_str(), "12345…");
        assert_eq!(Text::<8>::new("1234ääääää").as_str(), "1234…");
    }
}
