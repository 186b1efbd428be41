//! Text that somebody else wrote, made safe to show.

use std::fmt;

/// Foreign text for errors, traces and pages: at most [`Quoted::MAX_CHARS`] characters, without
/// control characters and without characters that change the direction of what stands around them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quoted(Box<str>);

impl Quoted {
    /// What is kept of a longer text, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Takes what may be shown of `text`.
    pub fn new(text: &str) -> Self {
        let shown = text.chars().filter(|c| !is_unprintable(*c));
        Self(shown.take(Self::MAX_CHARS).collect::<String>().into())
    }

    /// The text that may be shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_direction_marks_are_dropped() {
        assert_eq!(
            Quoted::new("a\r\nb\u{1b}[31m\u{202e}c\0").as_str(),
            "ab[31mc"
        );
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(
            Quoted::new(&"é".repeat(100_000)).as_str().chars().count(),
            200
        );
    }

    #[test]
    fn markup_stays_as_it_is() {
        assert_eq!(Quoted::new("<script>").as_str(), "<script>");
    }
}
