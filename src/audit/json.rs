//! JSON in one line that no terminal, viewer or log tool can misread.
//!
//! serde_json escapes what is below U+0020. This also escapes DEL, the C1 controls, the line and
//! paragraph separators, everything that turns the direction of text, and characters without width,
//! so that what is seen is what is there.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes `value` as one line with its newline.
pub(super) fn to_line<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    const USUAL_BYTES: usize = 2048;
    let mut line = Vec::with_capacity(USUAL_BYTES);
    value.serialize(&mut Serializer::with_formatter(&mut line, OneLine))?;
    line.push(b'\n');
    Ok(line)
}

struct OneLine;

impl Formatter for OneLine {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Without an early return, so that the compiler can look at many bytes at once.
        let highest = fragment.bytes().fold(0, u8::max);
        if highest < 0x7f {
            return writer.write_all(fragment.as_bytes());
        }
        let mut utf8 = [0; 4];
        for character in fragment.chars() {
            if is_deceptive(character) {
                write_escaped(writer, character)?;
            } else {
                writer.write_all(character.encode_utf8(&mut utf8).as_bytes())?;
            }
        }
        Ok(())
    }
}

fn write_escaped<W: ?Sized + Write>(writer: &mut W, character: char) -> io::Result<()> {
    let mut units = [0; 2];
    for unit in character.encode_utf16(&mut units) {
        write!(writer, "\\u{unit:04x}")?;
    }
    Ok(())
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
pub(super) const fn is_deceptive(character: char) -> bool {
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
