//! The serializer behind a line.

use std::fmt::{self, Display, Write as _};

use serde::Serialize;
use serde::ser::{self, Serializer};

use super::{is_deceptive, is_plain};

/// A value that has no place in a line: bytes, a number that is no integer, or a map whose keys are
/// no texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value can't be written as JSON")]
pub struct NotJson;

impl ser::Error for NotJson {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

type Written = Result<(), NotJson>;

/// Appends JSON to a line.
pub(super) struct Writer<'l> {
    line: &'l mut Vec<u8>,
}

impl<'l> Writer<'l> {
    pub(super) const fn new(line: &'l mut Vec<u8>) -> Self {
        Self { line }
    }

    fn push(&mut self, json: &str) {
        self.line.extend_from_slice(json.as_bytes());
    }

    fn byte(&mut self, json: u8) {
        self.line.push(json);
    }

    fn text(&mut self, text: &str) {
        // At once, so that nothing that follows has to make room.
        self.line.reserve(text.len() + "\"\"".len());
        self.byte(b'"');
        self.inside_text(text);
        self.byte(b'"');
    }

    fn inside_text(&mut self, text: &str) {
        if is_plain(text) {
            self.push(text);
        } else {
            text.chars().for_each(|character| self.character(character));
        }
    }

    fn character(&mut self, character: char) {
        match character {
            '"' => self.push("\\\""),
            '\\' => self.push("\\\\"),
            '\u{8}' => self.push("\\b"),
            '\t' => self.push("\\t"),
            '\n' => self.push("\\n"),
            '\u{c}' => self.push("\\f"),
            '\r' => self.push("\\r"),
            _ if is_deceptive(character) => self.escaped(character),
            _ => self.push(character.encode_utf8(&mut [0; 4])),
        }
    }

    fn escaped(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            self.push("\\u");
            let hex = data_encoding::HEXLOWER.encode(&unit.to_be_bytes());
            self.push(&hex);
        }
    }

    /// Displays a value that needs no escaping.
    fn plain(&mut self, value: impl Display) -> Written {
        write!(Plain(self), "{value}").map_err(|_| NotJson)
    }

    /// `{"name":`, before the content of an enum's variant.
    fn variant(&mut self, name: &'static str) {
        self.byte(b'{');
        self.text(name);
        self.byte(b':');
    }

    const fn list<'w>(&'w mut self, end: &'static str) -> Members<'w, 'l> {
        Members {
            writer: self,
            is_empty: true,
            end,
        }
    }
}

/// Takes what is displayed as JSON.
struct Plain<'w, 'l>(&'w mut Writer<'l>);

impl fmt::Write for Plain<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push(text);
        Ok(())
    }
}

/// Takes what is displayed as the inside of a text.
struct InsideText<'w, 'l>(&'w mut Writer<'l>);

impl fmt::Write for InsideText<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.inside_text(text);
        Ok(())
    }
}

/// An array or object that is not ended yet.
pub(super) struct Members<'w, 'l> {
    writer: &'w mut Writer<'l>,
    is_empty: bool,
    end: &'static str,
}

impl Members<'_, '_> {
    fn separate(&mut self) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.writer.byte(b',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.separate();
        value.serialize(&mut *self.writer)
    }

    /// `name` is a field's in the code, and plain.
    fn member<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        debug_assert!(is_plain(name));
        let is_first = std::mem::replace(&mut self.is_empty, false);
        let line = &mut *self.writer.line;
        line.reserve(name.len() + ",\"\":".len());
        if !is_first {
            line.push(b',');
        }
        line.push(b'"');
        line.extend_from_slice(name.as_bytes());
        line.push(b'"');
        line.push(b':');
        value.serialize(&mut *self.writer)
    }

    fn finish(self) {
        for end in self.end.bytes() {
            self.writer.byte(end);
        }
    }
}

impl<'w, 'l> Serializer for &'w mut Writer<'l> {
    type Ok = ();
    type Error = NotJson;
    type SerializeSeq = Members<'w, 'l>;
    type SerializeTuple = Members<'w, 'l>;
    type SerializeTupleStruct = Members<'w, 'l>;
    type SerializeTupleVariant = Members<'w, 'l>;
    type SerializeMap = Members<'w, 'l>;
    type SerializeStruct = Members<'w, 'l>;
    type SerializeStructVariant = Members<'w, 'l>;

    fn serialize_bool(self, value: bool) -> Written {
        self.push(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Written {
        self.plain(value)
    }

    fn serialize_i16(self, value: i16) -> Written {
        self.plain(value)
    }

    fn serialize_i32(self, value: i32) -> Written {
        self.plain(value)
    }

    fn serialize_i64(self, value: i64) -> Written {
        self.plain(value)
    }

    fn serialize_u8(self, value: u8) -> Written {
        self.plain(value)
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.plain(value)
    }

    fn serialize_u32(self, value: u32) -> Written {
        self.plain(value)
    }

    fn serialize_u64(self, value: u64) -> Written {
        self.plain(value)
    }

    fn serialize_f32(self, _: f32) -> Written {
        Err(NotJson)
    }

    fn serialize_f64(self, _: f64) -> Written {
        Err(NotJson)
    }

    fn serialize_char(self, value: char) -> Written {
        self.text(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Written {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Written {
        Err(NotJson)
    }

    fn serialize_none(self) -> Written {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        self.push("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        // As a member's name: it stands in the code.
        debug_assert!(is_plain(variant));
        self.byte(b'"');
        self.push(variant);
        self.byte(b'"');
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        self.variant(variant);
        value.serialize(&mut *self)?;
        self.byte(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'w, 'l>, NotJson> {
        self.byte(b'[');
        Ok(self.list("]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Members<'w, 'l>, NotJson> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Members<'w, 'l>, NotJson> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'w, 'l>, NotJson> {
        self.variant(variant);
        self.byte(b'[');
        Ok(self.list("]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members<'w, 'l>, NotJson> {
        self.byte(b'{');
        Ok(self.list("}"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'w, 'l>, NotJson> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Members<'w, 'l>, NotJson> {
        self.variant(variant);
        self.byte(b'{');
        Ok(self.list("}}"))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Written {
        self.byte(b'"');
        write!(InsideText(self), "{value}").map_err(|_| NotJson)?;
        self.byte(b'"');
        Ok(())
    }
}

impl ser::SerializeSeq for Members<'_, '_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.element(value)
    }

    fn end(self) -> Written {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeTuple for Members<'_, '_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.element(value)
    }

    fn end(self) -> Written {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeTupleStruct for Members<'_, '_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.element(value)
    }

    fn end(self) -> Written {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeTupleVariant for Members<'_, '_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        self.element(value)
    }

    fn end(self) -> Written {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeStruct for Members<'_, '_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        self.member(name, value)
    }

    fn end(self) -> Written {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeStructVariant for Members<'_, '_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Written {
        self.member(name, value)
    }

    fn end(self) -> Written {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeMap for Members<'_, '_> {
    type Ok = ();
    type Error = NotJson;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        self.separate();
        let key_at = self.writer.line.len();
        key.serialize(&mut *self.writer)?;
        self.writer.byte(b':');
        match self.writer.line.get(key_at) {
            Some(b'"') => Ok(()),
            _ => Err(NotJson),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Written {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::super::to_line;
    use super::*;

    #[derive(Serialize)]
    enum Shape {
        Unit,
        New(u8),
        Tuple(i8, Option<bool>),
        Struct { a: char, b: () },
    }

    #[derive(Serialize)]
    struct Pair(u64, i64);

    #[derive(Serialize)]
    struct Everything<'a> {
        shapes: [Shape; 4],
        pair: Pair,
        empty: [u8; 0],
        nothing: Option<u8>,
        map: BTreeMap<&'a str, &'a str>,
        object: serde_json::Value,
    }

    #[test]
    fn every_shape_is_written_as_serde_json_writes_it() {
        let shapes = [
            Shape::Unit,
            Shape::New(7),
            Shape::Tuple(-7, Some(false)),
            Shape::Struct { a: '"', b: () },
        ];
        let everything = Everything {
            shapes,
            pair: Pair(u64::MAX, i64::MIN),
            empty: [],
            nothing: None,
            map: BTreeMap::from([("a\"b", "\\"), ("c", "\u{8}\u{c}\t\n\r\u{1}")]),
            object: serde_json::json!({"a": [1, {}], "b": true}),
        };
        let mut expected = serde_json::to_vec(&everything).unwrap();
        expected.push(b'\n');
        assert_eq!(to_line(&everything), Ok(expected));
    }

    #[test]
    fn what_is_displayed_is_escaped_too() {
        struct Displayed;
        impl Serialize for Displayed {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str("a\"\u{202e}b")
            }
        }
        assert_eq!(to_line(&Displayed), Ok(b"\"a\\\"\\u202eb\"\n".to_vec()));
    }

    #[test]
    fn what_has_no_place_in_a_line_is_refused() {
        assert_eq!(to_line(&BTreeMap::from([(1, 2)])), Err(NotJson));
        assert_eq!(to_line(&1.5), Err(NotJson));
    }
}
