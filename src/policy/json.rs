//! JSON, read strictly: no member twice, bounded in length and depth, order kept.
//!
//! `serde_json::Value` would keep the last of two equal members, and another reader of the same
//! policy perhaps the first.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};

use super::error::{Problem, quoted};

/// A policy has at most this many bytes, white space included. IAM's own largest (the inline
/// policies of a role together) has 10,240 without white space.
pub const MAX_BYTES: usize = 32_768;

/// A policy nests at most this many arrays and objects; the language itself needs six.
pub const MAX_DEPTH: usize = 8;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// As it would be written in decimal.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Reads one value and nothing after it.
pub(super) fn read(text: &str) -> Result<Node, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::TooLong);
    }
    if text.starts_with('\u{feff}') {
        return Err(Problem::ByteOrderMark);
    }
    let node: Node =
        serde_json::from_str(text).map_err(|error| Problem::NotJson(quoted(&error.to_string())))?;
    node.check(MAX_DEPTH)?;
    Ok(node)
}

impl Node {
    /// The member of an object.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else {
            return None;
        };
        let found = members.iter().find(|(member, _)| member == name);
        found.map(|(_, value)| value)
    }

    /// A string.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// `serde_json` has bounded the depth already (128), so that this can recurse.
    fn check(&self, levels_left: usize) -> Result<(), Problem> {
        let inner = levels_left.checked_sub(1).ok_or(Problem::TooDeep);
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => Ok(()),
            Self::List(items) => {
                let inner = inner?;
                items.iter().try_for_each(|item| item.check(inner))
            }
            Self::Object(members) => {
                let inner = inner?;
                let mut seen = HashSet::new();
                if let Some((name, _)) = members.iter().find(|(name, _)| !seen.insert(name)) {
                    return Err(Problem::DuplicateMember(quoted(name)));
                }
                members.iter().try_for_each(|(_, value)| value.check(inner))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        // From here on a double no longer tells neighbouring integers apart.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.abs() < EXACT {
            Ok(Node::Number(value.to_string()))
        } else {
            Err(E::custom(
                "a number as large as this is written as a string",
            ))
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_there_once_at_any_depth() {
        let twice = r#"{"a": [{"b": {"c": 1, "c": 2}}]}"#;
        assert_eq!(read(twice), Err(Problem::DuplicateMember("c".into())));
    }

    #[test]
    fn an_escaped_member_is_the_same_member() {
        let twice = r#"{"Effect": 1, "Eff\u0065ct": 2}"#;
        assert_eq!(read(twice), Err(Problem::DuplicateMember("Effect".into())));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(Problem::TooDeep));
        assert!(matches!(read(&nested(3000)), Err(Problem::NotJson(_))));
    }

    #[test]
    fn length_is_bounded() {
        let padded = |length: usize| format!("{}1", " ".repeat(length - 1));
        assert!(read(&padded(MAX_BYTES)).is_ok());
        assert_eq!(read(&padded(MAX_BYTES + 1)), Err(Problem::TooLong));
    }

    #[test]
    fn byte_order_mark_is_refused() {
        assert_eq!(read("\u{feff}{}"), Err(Problem::ByteOrderMark));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for bad in [
            "",
            "{",
            "{} {}",
            "{'a': 1}",
            "[1,]",
            "// x\n{}",
            "NaN",
            r#""\ud800""#,
            "1e999",
        ] {
            assert!(matches!(read(bad), Err(Problem::NotJson(_))), "{bad}");
        }
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused() {
        assert_eq!(
            read("18446744073709551615"),
            Ok(Node::Number("18446744073709551615".into()))
        );
        assert!(matches!(
            read("18446744073709551616"),
            Err(Problem::NotJson(_))
        ));
    }
}
