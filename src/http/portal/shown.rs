//! Text from elsewhere, made fit to be read.

use std::fmt;

/// Text of somebody else's making, as a page shows it.
///
/// Characters that can't be seen but change what is seen (controls, line breaks, reordering and
/// zero-width characters, tags) each become U+FFFD, so that a name can neither forge a second line
/// nor turn the words beside it around. Text past [`Shown::MAX_CHARS`] is cut with an ellipsis.
/// Escaping for HTML is the template's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(Box<str>);

impl Shown {
    /// No shown text is longer, in characters.
    pub const MAX_CHARS: usize = 512;

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        let mut shown: String = text
            .chars()
            .take(Self::MAX_CHARS)
            .map(|letter| if misleads(letter) { '\u{fffd}' } else { letter })
            .collect();
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            shown.push('…');
        }
        Self(shown.into())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Joiners (U+200C, U+200D) stay: Persian words and many emoji need them.
fn misleads(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
            | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_become_visible() {
        for (text, shown) in [
            ("a\r\nb", "a\u{fffd}\u{fffd}b"),
            ("admin\u{202e}gnp", "admin\u{fffd}gnp"),
            ("\u{2066}x\u{2069}", "\u{fffd}x\u{fffd}"),
            ("a\u{200b}b", "a\u{fffd}b"),
            ("\u{1b}[201~", "\u{fffd}[201~"),
        ] {
            assert_eq!(Shown::from(text).as_str(), shown);
        }
    }

    #[test]
    fn words_of_any_script_stay() {
        for text in ["Zoë O’Neil", "می\u{200c}خواهم", "李雷", "👩\u{200d}💻"] {
            assert_eq!(Shown::from(text).as_str(), text);
        }
    }

    #[test]
    fn long_text_is_cut() {
        let long = "é".repeat(Shown::MAX_CHARS + 1);
        let shown = Shown::from(&*long);
        assert_eq!(shown.as_str().chars().count(), Shown::MAX_CHARS + 1);
        assert!(shown.as_str().ends_with('…'));
        let fits = "é".repeat(Shown::MAX_CHARS);
        assert_eq!(Shown::from(&*fits).as_str(), fits);
    }
}
