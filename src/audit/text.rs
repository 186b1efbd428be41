//! Free text in an event: never longer than its bound.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::json::{is_plain, written_bytes};

/// Text that takes at most `MAX` bytes in the log, escapes included: what a caller sends must not
/// grow on its way there. What is longer is cut and ends in `…`. A text that is at hand is borrowed: an event has
/// some twenty of them.
///
/// Nothing that holds a secret turns into one: [`crate::domain::Secret`] has neither `Display` nor a
/// way to borrow its text but `expose`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a, const MAX: usize>(Cow<'a, str>);

impl<'a, const MAX: usize> Text<'a, MAX> {
    const CUT: &'static str = "…";
    /// A byte is written as at most so many: an escaped control.
    const MOST_WRITTEN: usize = 6;

    /// Takes the text, or its beginning.
    pub fn new(text: &'a str) -> Self {
        if Self::fits(text) {
            Self(Cow::Borrowed(text))
        } else {
            Self(Cow::Owned(Self::cut(text)))
        }
    }

    fn cut(text: &str) -> String {
        let room = MAX.saturating_sub(Self::CUT.len());
        [Self::beginning(text, room), Self::CUT].concat()
    }

    fn fits(text: &str) -> bool {
        let fits_whatever_it_is = text.len() <= MAX / Self::MOST_WRITTEN;
        fits_whatever_it_is
            || (text.len() <= MAX && is_plain(text))
            || Self::beginning(text, MAX).len() == text.len()
    }

    /// As much of the text as is written in `room` bytes.
    fn beginning(text: &str, room: usize) -> &str {
        let mut left = room;
        let cut = text.char_indices().find(|(_, character)| {
            let rest = left.checked_sub(written_bytes(*character));
            left = rest.unwrap_or(left);
            rest.is_none()
        });
        let end = cut.map_or(text.len(), |(at, _)| at);
        text.get(..end).unwrap_or_default()
    }

    /// The text, cut where it was too long.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a, const MAX: usize> From<&'a str> for Text<'a, MAX> {
    fn from(text: &'a str) -> Self {
        Self::new(text)
    }
}

impl<const MAX: usize> From<String> for Text<'_, MAX> {
    fn from(text: String) -> Self {
        if Self::fits(&text) {
            Self(Cow::Owned(text))
        } else {
            Self(Cow::Owned(Self::cut(&text)))
        }
    }
}

impl<const MAX: usize> Serialize for Text<'_, MAX> {
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

    #[test]
    fn what_is_escaped_counts_as_it_is_written() {
        assert_eq!(Text::<8>::new("\"\"\"\"").as_str(), "\"\"\"\"");
        assert_eq!(Text::<8>::new("\"\"\"\"\"").as_str(), "\"\"…");
        assert_eq!(Text::<16>::new("a\u{ad}\u{ad}").as_str(), "a\u{ad}\u{ad}");
        assert_eq!(
            Text::<16>::new("a\u{ad}\u{ad}\u{ad}").as_str(),
            "a\u{ad}\u{ad}…"
        );
        assert_eq!(Text::<16>::new("a\u{e0041}b").as_str(), "a\u{e0041}b");
        assert_eq!(Text::<16>::new("ab\u{e0041}\u{e0041}").as_str(), "ab…");
    }
}
