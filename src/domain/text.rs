//! How a bounded text becomes a type of its own.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::Visitor;

/// A value that breaks the rule of its type.
///
/// It names the rule, never the value: the value may be hostile or secret, and the place that
/// parsed it knows best how to quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct InvalidValue {
    /// The type in words, e.g. `session name`.
    pub what: &'static str,
    /// The rule that was broken, e.g. `2 to 64 of A-Z a-z 0-9 _ + = , . @ -`.
    pub rule: &'static str,
}

impl InvalidValue {
    /// States which rule of which type was broken.
    pub const fn new(what: &'static str, rule: &'static str) -> Self {
        Self { what, rule }
    }
}

/// Defines a text type: a private `Box<str>`, the one rule that it obeys, and the same door for
/// code (`FromStr`), configuration and stored records (serde).
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        $crate::domain::serde_as_text!($name);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Holds a text to the rule, for who keeps it elsewhere.
            ///
            /// # Errors
            /// Where it breaks the rule.
            pub fn check(text: &str) -> Result<(), $crate::domain::InvalidValue> {
                let holds: fn(&str) -> bool = $holds;
                if holds(text) {
                    Ok(())
                } else {
                    Err($crate::domain::InvalidValue::new($what, $rule))
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::check(text).map(|()| Self(text.into()))
            }
        }

        // Equal, ordered and hashed as its text is.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

pub(crate) use text_type;

/// Gives a type with `as_str` and `FromStr` its place in configuration and stored records: its text,
/// which is borrowed both ways, because a session has a dozen of them and is read at every call.
macro_rules! serde_as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::domain::deserialize_text(deserializer)
            }
        }
    };
}

pub(crate) use serde_as_text;

/// Reads a text and parses it.
pub(crate) fn deserialize_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err = InvalidValue>,
    D: Deserializer<'de>,
{
    struct Text<T>(PhantomData<T>);

    impl<T: FromStr<Err = InvalidValue>> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a string")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text(PhantomData))
}

/// The parts of a text between ASCII separators, as `str::split` has them. It searches for a byte:
/// the parts of ARNs and signatures are short, and to begin a search for a `char`, or one of many bytes
/// at once, takes longer than to look through them.
#[derive(Debug, Clone)]
pub(crate) struct Parts<'t> {
    rest: Option<&'t str>,
    separator: u8,
}

impl<'t> Parts<'t> {
    /// As many bytes are looked at one by one.
    const NEAR: usize = 16;

    /// The parts of `text`; `separator` is ASCII.
    pub(crate) const fn of(text: &'t str, separator: u8) -> Self {
        Self {
            rest: Some(text),
            separator,
        }
    }

    /// All that is left, separators included; `None` after the last part.
    pub(crate) const fn rest(self) -> Option<&'t str> {
        self.rest
    }
}

impl<'t> Iterator for Parts<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.rest.take()?;
        let Some(at) = place_of(self.separator, rest.as_bytes()) else {
            return Some(rest);
        };
        self.rest = rest.get(at + 1..);
        rest.get(..at)
    }
}

fn place_of(separator: u8, bytes: &[u8]) -> Option<usize> {
    let (near, far) = bytes.split_at_checked(Parts::NEAR).unwrap_or((bytes, &[]));
    let found = near.iter().position(|byte| *byte == separator);
    found.or_else(|| memchr::memchr(separator, far).map(|at| near.len() + at))
}

/// These parts as one text. A call writes half a dozen of them, and `concat` takes three times as long for so few
/// and so short ones.
pub(super) fn joined<const N: usize>(parts: [&str; N]) -> String {
    let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        text.push_str(part);
    }
    text
}

/// `[\w+=,.@-]*` of the AWS models, read as ASCII.
pub(super) fn is_aws_word(text: &str) -> bool {
    text.bytes().all(
        |byte| matches!(byte, b'0'..=b'9' | b'@'..=b'Z' | b'a'..=b'z' | b'_' | b'+'..=b'.' | b'='),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_split() {
        for text in [
            "",
            ":",
            "a",
            "a:b",
            ":a:",
            "a::b:",
            "\u{e9}:\u{1f600}:",
            "0123456789abcde:f",
            "0123456789abcdef:g",
            "0123456789abcdefg:h",
            "0123456789abcdefghijklmnopqrstuvwxyz",
        ] {
            let parts: Vec<_> = Parts::of(text, b':').collect();
            assert_eq!(parts, text.split(':').collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn what_is_left_begins_after_the_last_part_that_was_taken() {
        let mut parts = Parts::of("a:b:c", b':');
        assert_eq!(parts.next(), Some("a"));
        assert_eq!(parts.clone().rest(), Some("b:c"));
        assert_eq!((parts.next(), parts.next()), (Some("b"), Some("c")));
        assert_eq!(parts.rest(), None);
    }

    #[test]
    fn words_are_of_the_characters_that_the_models_list() {
        for byte in 0..=0x7f_u8 {
            let character = char::from(byte);
            let listed = character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
            assert_eq!(is_aws_word(&character.to_string()), listed, "{character:?}");
        }
        assert!(!is_aws_word("\u{e9}"));
    }
}
