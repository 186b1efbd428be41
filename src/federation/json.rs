//! JSON as a security protocol needs it (RFC 8725 section 2.4, RFC 7519 section 4): every reader
//! must see the same value, so a duplicate member is refused at any depth instead of the last one
//! winning.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::Quoted;

/// The deepest nesting that is read, in objects and arrays.
pub const MAX_DEPTH: usize = 32;

/// Why a text is no JSON object that can be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// It is no JSON (RFC 8259): also a lone surrogate, a number out of range, bytes that are no
    /// UTF-8, anything after the value.
    #[error("not JSON: line {line}, column {column}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// An object names a member twice.
    #[error("the member \"{0}\" is there twice")]
    DuplicateMember(Quoted),
    /// It is nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// It is JSON, but no object.
    #[error("not a JSON object")]
    NotAnObject,
}

/// Reads one JSON object.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let fault = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let seed = Strict {
        depth: 0,
        fault: &fault,
    };
    let value = seed
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    match value {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(JsonError::NotAnObject),
        Err(error) => Err(fault.take().unwrap_or(JsonError::Syntax {
            line: error.line(),
            column: error.column(),
        })),
    }
}

/// Builds a value; what serde's own error can't carry is left in `fault`.
#[derive(Clone, Copy)]
struct Strict<'f> {
    depth: usize,
    fault: &'f Cell<Option<JsonError>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.fault.set(Some(JsonError::TooDeep));
            return Err(E::custom("too deep"));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not finite"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            match object.entry(name) {
                Entry::Vacant(place) => place.insert(members.next_value_seed(inner)?),
                Entry::Occupied(place) => {
                    let name = Quoted::new(place.key());
                    self.fault.set(Some(JsonError::DuplicateMember(name)));
                    return Err(A::Error::custom("duplicate member"));
                }
            };
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> JsonError {
        parse_object(text.as_bytes()).unwrap_err()
    }

    fn is_syntax(text: &str) -> bool {
        matches!(error(text), JsonError::Syntax { .. })
    }

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#"{"a":[1,-2,1.5,true,null,"x\u00e9\ud83d\ude00"],"b":{"c":{}},"":""}"#;
        let expected: Map<String, Value> = serde_json::from_str(text).unwrap();
        assert_eq!(parse_object(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn a_duplicate_member_is_refused_at_any_depth() {
        for text in [
            r#"{"sub":"a","sub":"a"}"#,
            r#"{"sub":"a","\u0073ub":"b"}"#,
            r#"{"x":[{"y":{"sub":1,"sub":2}}]}"#,
        ] {
            assert_eq!(
                error(text),
                JsonError::DuplicateMember(Quoted::new("sub")),
                "{text}"
            );
        }
    }

    #[test]
    fn nesting_stops_at_the_bound() {
        let nested = |depth: usize| {
            [
                r#"{"a":"#,
                &"[".repeat(depth - 1),
                &"]".repeat(depth - 1),
                "}",
            ]
            .concat()
        };
        assert_eq!(error(&nested(MAX_DEPTH + 1)), JsonError::TooDeep);
        assert_eq!(error(&nested(3000)), JsonError::TooDeep);
        let fits = [
            r#"{"a":"#,
            &"[".repeat(MAX_DEPTH - 1),
            &"]".repeat(MAX_DEPTH - 1),
            "}",
        ]
        .concat();
        assert!(parse_object(fits.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            r#"{"a":NaN}"#,
            r#"{"a":Infinity}"#,
            r#"{"a":1e999}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00x"}"#,
            r#"{"a":01}"#,
            r#"{"a":1} {}"#,
            r#"{"a":1}x"#,
            "\u{feff}{}",
            "{'a':1}",
            r#"{"a":1,}"#,
            "{\"a\":\"\n\"}",
        ] {
            assert!(is_syntax(text), "{text}");
        }
        assert!(matches!(
            parse_object(b"{\"a\":\"\xff\"}"),
            Err(JsonError::Syntax { .. })
        ));
    }

    #[test]
    fn only_an_object_will_do() {
        for text in ["[]", "1", "null", "\"x\"", "[{}]"] {
            assert_eq!(error(text), JsonError::NotAnObject, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = parse_object(&bytes);
        }
    }
}
