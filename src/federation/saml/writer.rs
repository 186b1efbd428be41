//! XML that we send: the names of elements and attributes stand in the code, all else is escaped.

use std::borrow::Cow;

use quick_xml::escape::escape;

/// A document that is being written. It is compact: white space between elements would be hashed
/// with them.
#[derive(Debug, Default)]
pub(crate) struct XmlWriter {
    text: String,
}

/// An attribute of an element: its name and its value.
pub(crate) type Attribute<'a> = (&'static str, &'a str);

impl XmlWriter {
    /// Writes one element and what `content` writes inside.
    pub(crate) fn element(
        &mut self,
        name: &'static str,
        attributes: &[Attribute<'_>],
        content: impl FnOnce(&mut Self),
    ) {
        self.push(&["<", name]);
        for (attribute, value) in attributes {
            self.push(&[" ", attribute, "=\"", &escaped(value), "\""]);
        }
        self.push(&[">"]);
        content(self);
        self.push(&["</", name, ">"]);
    }

    /// Writes one element that holds `text`.
    pub(crate) fn text(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.element(name, attributes, |xml| xml.push(&[&escaped(text)]));
    }

    /// Writes one element that holds nothing.
    pub(crate) fn empty(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.element(name, attributes, |_| ());
    }

    /// Writes an element that is a document of its own already: one that was signed or encrypted.
    pub(crate) fn document(&mut self, document: &str) {
        self.push(&[document]);
    }

    /// The whole document, without an XML declaration.
    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn push(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }
}

/// A value as it stands in text and in attributes: it reads back as it was, or, where XML 1.0 can't
/// hold a character at all, with U+FFFD in its place.
fn escaped(value: &str) -> Cow<'_, str> {
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return escape(value);
    }
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            // A reader makes a space or a line feed of these unless they are written as references.
            '\t' => text.push_str("&#9;"),
            '\n' => text.push_str("&#10;"),
            '\r' => text.push_str("&#13;"),
            c if is_xml_character(c) => text.push_str(&escape(c.encode_utf8(&mut [0; 4]) as &str)),
            _ => text.push('\u{fffd}'),
        }
    }
    Cow::Owned(text)
}

/// `Char` of XML 1.0, section 2.2.
const fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a<b>&\"'\t\r\n]]><!--é\u{10348}";

    #[test]
    fn hostile_values_are_escaped_in_text_and_attributes() {
        let mut xml = XmlWriter::default();
        xml.text("e", &[("a", HOSTILE)], HOSTILE);
        let escaped = "a&lt;b&gt;&amp;&quot;&apos;&#9;&#13;&#10;]]&gt;&lt;!--é\u{10348}";
        assert_eq!(
            xml.finish(),
            ["<e a=\"", escaped, "\">", escaped, "</e>"].concat()
        );
    }

    #[test]
    fn what_no_xml_can_hold_is_replaced() {
        assert_eq!(
            escaped("a\u{0}b\u{b}c\u{fffe}d"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d"
        );
    }

    #[test]
    fn elements_nest_without_white_space() {
        let mut xml = XmlWriter::default();
        xml.element("a", &[("x", "1")], |xml| {
            xml.empty("b", &[]);
            xml.text("c", &[], "t");
        });
        assert_eq!(xml.finish(), "<a x=\"1\"><b></b><c>t</c></a>");
    }
}
