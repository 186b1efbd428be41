//! Where in a policy's text what stands.
//!
//! The text has been read and is JSON; here its strings, objects and lists are only told apart.

use std::ops::Range;
use std::str::CharIndices;

/// A place in a text: its line, and the character in it, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character.
    pub column: u32,
}

impl Position {
    /// The place of a byte.
    pub(super) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let (lines, last) = match before.rsplit_once('\n') {
            None => (0, before),
            Some((lines, last)) => (lines.matches('\n').count() + 1, last),
        };
        let from_one = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
        Self {
            line: from_one(lines),
            column: from_one(last.chars().count()),
        }
    }
}

/// The values under `AWS` of a `Principal` or `NotPrincipal`, quotes included.
pub(super) fn principals_under_aws(json: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut walk = Walk::default();
    walk.over(json, |event, open| {
        if let Event::Text(place) = event
            && is_under_aws(open)
        {
            found.push(place);
        }
    });
    found
}

/// The statements, braces included, in their order.
pub(super) fn statements(json: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begin = None;
    let mut walk = Walk::default();
    walk.over(json, |event, open| match event {
        Event::Opened(at) if is_statement(open) => begin = Some(at),
        Event::Closed(at) if is_statement(open) => {
            found.extend(begin.take().map(|begin| begin..at + 1));
        }
        Event::Opened(_) | Event::Closed(_) | Event::Text(_) => {}
    });
    found
}

fn keys(open: &[Open]) -> Vec<&str> {
    let keys = open.iter().filter_map(|open| match open {
        Open::Object { key } => key.as_deref(),
        Open::List => None,
    });
    keys.collect()
}

fn is_under_aws(open: &[Open]) -> bool {
    matches!(
        keys(open).as_slice(),
        ["Statement", "Principal" | "NotPrincipal", "AWS"]
    )
}

/// Whether what is opened or closed inside of this is a statement.
fn is_statement(open: &[Open]) -> bool {
    keys(open).as_slice() == ["Statement"]
}

/// What the walk comes upon.
enum Event {
    /// A string that is no member's name.
    Text(Range<usize>),
    /// The brace of an object opens here.
    Opened(usize),
    /// And closes here.
    Closed(usize),
}

/// What is open around a place in JSON.
#[derive(Default)]
struct Walk {
    open: Vec<Open>,
}

enum Open {
    List,
    Object {
        /// The member whose value is read; none where its name comes next.
        key: Option<String>,
    },
}

impl Walk {
    /// Tells of everything, and what is open around it.
    fn over(&mut self, json: &str, mut tell: impl FnMut(Event, &[Open])) {
        let mut rest = json.char_indices();
        while let Some((at, c)) = rest.next() {
            match c {
                '{' => {
                    tell(Event::Opened(at), &self.open);
                    self.open.push(Open::Object { key: None });
                }
                '[' => self.open.push(Open::List),
                ']' => drop(self.open.pop()),
                '}' => {
                    self.open.pop();
                    tell(Event::Closed(at), &self.open);
                }
                ',' => self.next_member(),
                '"' => {
                    let place = at..end_of_string(&mut rest).unwrap_or(json.len());
                    self.string(json, place, &mut tell);
                }
                _ => {}
            }
        }
    }

    fn string(&mut self, json: &str, place: Range<usize>, tell: &mut impl FnMut(Event, &[Open])) {
        let written = json.get(place.clone()).unwrap_or_default();
        if !self.take_key(written) {
            tell(Event::Text(place), &self.open);
        }
    }

    fn next_member(&mut self) {
        if let Some(Open::Object { key }) = self.open.last_mut() {
            *key = None;
        }
    }

    /// Whether the string is a member's name, which is noted.
    fn take_key(&mut self, written: &str) -> bool {
        match self.open.last_mut() {
            Some(Open::Object { key: key @ None }) => {
                *key = Some(serde_json::from_str(written).unwrap_or_default());
                true
            }
            Some(Open::Object { key: Some(_) } | Open::List) | None => false,
        }
    }
}

/// Behind the closing quote.
fn end_of_string(rest: &mut CharIndices<'_>) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in rest {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_stand_where_they_are_written() {
        let json = "{\"Id\":\"{\\\"Statement\\\": [{\",\n\"Statement\": [{\"Condition\":{\"a\":{}}},\n  {\"Statement\":{}} ]}";
        let found: Vec<_> = statements(json);
        let texts: Vec<_> = found.iter().map(|place| json.get(place.clone())).collect();
        let [first, second] = [r#"{"Condition":{"a":{}}}"#, r#"{"Statement":{}}"#];
        assert_eq!(texts, [Some(first), Some(second)]);
        let at = |byte| {
            let place = Position::of(json, byte);
            (place.line, place.column)
        };
        assert_eq!(at(found[0].start), (2, 15));
        assert_eq!(at(found[1].start), (3, 3));
        assert_eq!(at(0), (1, 1));
        let single = r#"{"Statement":{"Effect":"Allow"}}"#;
        assert_eq!(statements(single).first(), Some(&(13..31)));
    }
}
