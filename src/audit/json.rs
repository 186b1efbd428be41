//! JSON in one line that no terminal, viewer or log tool can misread.
//!
//! JSON escapes what is below U+0020. This also escapes DEL, the C1 controls, the line and paragraph
//! separators, everything that turns the direction of text, and characters without width, so that
//! what is seen is what is there.
//!
//! An event has some forty values, nearly all of them plain ASCII: `writer` looks at a whole text at
//! once and copies it where nothing in it has to be escaped.

mod writer;

use std::cell::RefCell;

use serde::Serialize;

pub use writer::NotJson;

/// Of the line of an event.
const USUAL_BYTES: usize = 2048;

/// Writes `value` as one line with its newline.
///
/// # Errors
/// [`NotJson`] where the value has no place in JSON; see there.
pub fn to_line<T: Serialize>(value: &T) -> Result<Vec<u8>, NotJson> {
    let mut line = Vec::with_capacity(USUAL_BYTES);
    write_line(value, &mut line)?;
    Ok(line)
}

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The same for whoever only reads the line: it stands where this thread's last one stood, in memory that the
/// processor has at hand.
///
/// # Errors
/// As [`to_line`].
pub fn with_line<T: Serialize, R>(value: &T, read: impl FnOnce(&[u8]) -> R) -> Result<R, NotJson> {
    LINE.with_borrow_mut(|line| {
        line.clear();
        line.shrink_to(USUAL_BYTES);
        write_line(value, line)?;
        Ok(read(line))
    })
}

fn write_line<T: Serialize>(value: &T, line: &mut Vec<u8>) -> Result<(), NotJson> {
    value.serialize(&mut writer::Writer::new(line))?;
    line.push(b'\n');
    Ok(())
}

/// Whether a text is printable ASCII without anything to escape.
///
/// Texts are some thirty bytes long, which is too few to make a wider look at them worth its beginning and
/// its end: eight bytes are looked at at once, and the last eight a second time rather than one by one.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(last) = bytes.last_chunk() else {
        let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        return bytes.iter().all(plain);
    };
    let (words, _) = bytes.as_chunks();
    let all = words
        .iter()
        .fold(marked(*last), |all, word| all | marked(*word));
    all == 0
}

/// Not 0 where one of eight bytes is no printable ASCII, or has to be escaped.
const fn marked(word: [u8; 8]) -> u64 {
    const HIGH: u64 = all_of(0x80);
    let word = u64::from_le_bytes(word);
    let above = word.wrapping_add(all_of(0x7f - b'~')) | word;
    let below = has_less(word, b' ');
    let quote = has_less(word ^ all_of(b'"'), 1);
    let backslash = has_less(word ^ all_of(b'\\'), 1);
    (above & HIGH) | below | quote | backslash
}

/// Not 0 where one of eight bytes is less than `least`.
const fn has_less(word: u64, least: u8) -> u64 {
    word.wrapping_sub(all_of(least)) & !word & all_of(0x80)
}

const fn all_of(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// How many bytes a character takes inside a string of such a line.
pub(super) const fn written_bytes(character: char) -> usize {
    const UNIT: usize = "\\u0000".len();
    match character {
        '"' | '\\' | '\u{8}' | '\t' | '\n' | '\u{c}' | '\r' => 2,
        _ if is_deceptive(character) => UNIT * character.len_utf16(),
        _ => character.len_utf8(),
    }
}

/// Whether a character controls how text is shown instead of being shown.
pub const fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn deceptive_characters_are_escaped() {
        let line = to_line(&"a\u{7f}\u{9b}\u{202e}\u{2028}\u{e0041}\r\n\u{1b}[31mé").unwrap();
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "\"a\\u007f\\u009b\\u202e\\u2028\\udb40\\udc41\\r\\n\\u001b[31mé\"\n"
        );
    }

    #[test]
    fn a_line_that_is_only_read_is_the_same() {
        for text in ["a", &"b".repeat(10 * USUAL_BYTES), "", "c\u{202e}"] {
            let read = with_line(&text, <[u8]>::to_vec);
            assert_eq!(read, to_line(&text));
        }
        let none = with_line(&1.5, <[u8]>::to_vec);
        assert_eq!(none, Err(NotJson));
    }

    #[test]
    fn what_has_to_be_looked_at_is_found_wherever_it_stands() {
        for length in 0..20 {
            assert!(is_plain(&"a".repeat(length)));
            for (at, character) in
                (0..length).flat_map(|at| (0..=0xff_u8).map(move |byte| (at, char::from(byte))))
            {
                let text =
                    ["a".repeat(at), "~".repeat(length - at - 1)].join(&character.to_string());
                let is_to_escape = matches!(character, '"' | '\\');
                let expected = matches!(character, ' '..='~') && !is_to_escape;
                assert_eq!(is_plain(&text), expected, "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back_from_one_safe_line(text in ".*|[\u{0}-\u{a0}\u{2000}-\u{2070}\\\\\"]*") {
            let line = String::from_utf8(to_line(&text).unwrap()).unwrap();
            let (line, rest) = line.split_once('\n').unwrap();
            prop_assert_eq!(rest, "");
            prop_assert!(!line.chars().any(is_deceptive));
            let bytes: usize = text.chars().map(written_bytes).sum();
            prop_assert_eq!(line.len(), bytes + "\"\"".len());
            prop_assert_eq!(serde_json::from_str::<String>(line).unwrap(), text);
        }
    }
}
