//! Text and attribute values: from how they are written to what they mean.

use std::borrow::Cow;

use super::XmlFault;
use super::scan::Wanted;

/// How a value is normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Between tags: a line end of any kind is a line feed (XML 1.0, section 2.11).
    Content,
    /// In an attribute: white space of any kind is a space, too (XML 1.0, section 3.3.3).
    Attribute,
}

/// The longest reference, between `&` and `;`: enough for `#x0010FFFF`.
const MAX_REFERENCE: usize = 10;

/// A value as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'i> {
    pub(super) text: &'i str,
    /// Whether it means just what is written.
    pub(super) is_plain: bool,
}

impl<'i> Written<'i> {
    /// How long the value is that `bytes` begin with and that `end` ends, and whether it is plain;
    /// `None` where it doesn't end.
    pub(super) fn measure(bytes: &[u8], end: u8, place: Place) -> Option<(usize, bool)> {
        let first = match place {
            Place::Content => Wanted::one_of(CONTENT).first_in(bytes),
            // All other control characters have been refused.
            Place::Attribute => Wanted::one_of_or_control([end, b'&', b'<']).first_in(bytes),
        }?;
        let rest = bytes.get(first..)?;
        match rest.first() {
            Some(byte) if *byte == end => Some((first, true)),
            _ => Some((first + memchr::memchr(end, rest)?, false)),
        }
    }

    /// What it means.
    #[inline]
    pub(super) fn read(self, place: Place) -> Result<Cow<'i, str>, XmlFault> {
        if self.is_plain {
            Ok(Cow::Borrowed(self.text))
        } else {
            read(self.text, place).map(Cow::Owned)
        }
    }
}

/// Reads a value that is not plain. White space that is written as a reference stays what it is.
fn read(written: &str, place: Place) -> Result<String, XmlFault> {
    let mut read = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, special, after)) = split(rest, place) {
        read.push_str(before);
        rest = match special {
            b'&' => {
                let (character, after) = reference(after)?;
                read.push(character);
                after
            }
            b'\r' => {
                read.push(place.line_end());
                after.strip_prefix('\n').unwrap_or(after)
            }
            b'<' => return Err(XmlFault::Expected("a value without <")),
            _ => {
                read.push(' ');
                after
            }
        };
    }
    read.push_str(rest);
    Ok(read)
}

impl Place {
    const fn line_end(self) -> char {
        match self {
            Self::Content => '\n',
            Self::Attribute => ' ',
        }
    }
}

/// What is not taken as it stands between tags.
const CONTENT: [u8; 3] = *b"&<\r";
/// What is not taken as it stands in an attribute.
const ATTRIBUTE: [u8; 5] = *b"&<\r\n\t";

/// The text around the next byte that is not taken as it stands.
fn split(text: &str, place: Place) -> Option<(&str, u8, &str)> {
    let end = text.bytes().position(|byte| match place {
        Place::Content => CONTENT.contains(&byte),
        Place::Attribute => ATTRIBUTE.contains(&byte),
    })?;
    let (before, rest) = text.split_at_checked(end)?;
    let (special, after) = rest.split_at_checked(1)?;
    Some((before, *special.as_bytes().first()?, after))
}

/// Reads what follows an ampersand: the character, and the text behind the reference.
fn reference(text: &str) -> Result<(char, &str), XmlFault> {
    let end = text
        .bytes()
        .take(MAX_REFERENCE + 1)
        .position(|byte| byte == b';');
    let (name, rest) = end
        .and_then(|end| text.split_at_checked(end))
        .ok_or(XmlFault::Reference)?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => numeric(name).ok_or(XmlFault::Reference)?,
    };
    Ok((character, rest.strip_prefix(';').unwrap_or(rest)))
}

fn numeric(name: &str) -> Option<char> {
    let number = name.strip_prefix('#')?;
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // A sign would pass `from_str_radix`.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    is_xml_character(character).then_some(character)
}

/// Whether XML has this character (XML 1.0, production 2).
const fn is_xml_character(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Where the first character stands that XML doesn't have.
pub(super) fn foreign_character(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_control = |byte: u8| byte < b' ' && byte != b'\t' && byte != b'\n' && byte != b'\r';
    // To look for the least byte is quicker than to look at each, and canonical forms of most messages
    // have none below a space.
    let least = bytes.iter().fold(u8::MAX, |least, byte| least.min(*byte));
    let has_control = least < b' '
        && bytes
            .iter()
            .fold(false, |found, byte| found | is_control(*byte));
    // U+FFFE and U+FFFF begin with this byte.
    if !has_control && memchr::memchr(0xef, bytes).is_none() {
        return None;
    }
    let mut characters = text.char_indices();
    let foreign = characters.find(|(_, character)| !is_xml_character(*character));
    foreign.map(|(offset, _)| offset)
}
