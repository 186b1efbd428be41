//! Texts with wildcards and policy variables.
//!
//! What a variable stands for is always literal: a tag that holds `*` matches a star.

use std::borrow::Cow;

use super::context::{Context, Values};
use super::document::Version;
use super::error::{Problem, quoted};
use super::glob::Part;

/// Whether `*` and `?` are wildcards where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcards {
    Live,
    Literal,
}

/// A text as the policy's author wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    One,
    Any,
    Variable(Variable),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    key: Box<str>,
    default: Option<Box<str>>,
}

impl Variable {
    /// Reads what stands between the braces of `${key}` or `${key, 'default'}`.
    fn parse(text: &str) -> Option<Self> {
        let (key, default) = match text.split_once(", ") {
            None => (text, None),
            Some((key, quoted)) => (key, Some(quoted.strip_prefix('\'')?.strip_suffix('\'')?)),
        };
        let plain = |text: &str| !text.contains(['\'', '{', '$']);
        let good = is_condition_key(key) && plain(key) && default.is_none_or(plain);
        good.then(|| Self {
            key: key.into(),
            default: default.map(Into::into),
        })
    }

    /// The value in this request; `None` where the key is absent without a default, or has many
    /// values.
    fn resolve<'v>(&'v self, context: &'v Context<'_>) -> Option<&'v str> {
        match context.find(&self.key) {
            Some(Values::One(value)) => Some(value),
            Some(Values::Many(_) | Values::Unreadable) => None,
            None => self.default.as_deref(),
        }
    }
}

/// `prefix:name`, both non-empty, printable and without wildcards.
pub(super) fn is_condition_key(key: &str) -> bool {
    let two = key
        .split_once(':')
        .is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty());
    two && !key
        .chars()
        .any(|c| c.is_control() || matches!(c, '*' | '?'))
        && key.trim() == key
}

impl Template {
    /// Reads a text of a policy in this version of the language; 2008's knows no variables.
    pub(super) fn parse(
        text: &str,
        wildcards: Wildcards,
        version: Version,
    ) -> Result<Self, Problem> {
        let mut template = Self::default();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if version == Version::V2012
                && let Some(body) = rest.strip_prefix("${")
            {
                let bad = || Problem::BadVariable(quoted(text));
                let (inside, after) = body.split_once('}').ok_or_else(bad)?;
                template.push_variable(inside).ok_or_else(bad)?;
                rest = after;
                continue;
            }
            template.push_char(c, wildcards);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        Ok(template)
    }

    fn push_variable(&mut self, inside: &str) -> Option<()> {
        match inside {
            "*" | "?" | "$" => self.push_text(inside),
            _ => self.0.push(Piece::Variable(Variable::parse(inside)?)),
        }
        Some(())
    }

    fn push_char(&mut self, c: char, wildcards: Wildcards) {
        match (c, wildcards) {
            ('*', Wildcards::Live) => self.0.push(Piece::Any),
            ('?', Wildcards::Live) => self.0.push(Piece::One),
            _ => self.push_text(c.encode_utf8(&mut [0; 4])),
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(Piece::Text(last)) = self.0.last_mut() {
            last.push_str(text);
        } else {
            self.0.push(Piece::Text(text.to_owned()));
        }
    }

    pub(super) fn has_variables(&self) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Variable(_)))
    }

    /// Whether it is `*` alone.
    pub(super) fn is_star(&self) -> bool {
        matches!(self.0.as_slice(), [Piece::Any])
    }

    /// Whether it is nothing but stars, one or more.
    pub(super) fn is_stars(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|piece| *piece == Piece::Any)
    }

    /// The text that it is without variables and wildcards; `None` with any.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text in this request, wildcards taken literally; `None` where a variable can't be
    /// resolved.
    pub(super) fn expand<'v>(&'v self, context: &'v Context<'_>) -> Option<Cow<'v, str>> {
        if let Some(text) = self.as_text() {
            return Some(Cow::Borrowed(text));
        }
        let mut expanded = String::new();
        for part in self.parts(context) {
            expanded.push_str(match part? {
                Part::Text(text) => text,
                Part::One => "?",
                Part::Any => "*",
            });
        }
        Some(Cow::Owned(expanded))
    }

    /// The pieces in this request; `None` for a variable that can't be resolved.
    pub(super) fn parts<'v>(
        &'v self,
        context: &'v Context<'_>,
    ) -> impl Iterator<Item = Option<Part<'v>>> {
        self.0.iter().map(|piece| match piece {
            Piece::Text(text) => Some(Part::Text(text)),
            Piece::One => Some(Part::One),
            Piece::Any => Some(Part::Any),
            Piece::Variable(variable) => variable.resolve(context).map(Part::Text),
        })
    }

    /// The texts between the first five colons that the author wrote; a colon in a variable's
    /// value divides nothing. Fewer than six where there are fewer colons.
    pub(super) fn arn_parts(&self) -> Vec<Self> {
        let mut parts = vec![];
        let mut current = Self::default();
        for piece in &self.0 {
            let Piece::Text(text) = piece else {
                current.0.push(piece.clone());
                continue;
            };
            let mut rest = text.as_str();
            while parts.len() < 5
                && let Some((before, after)) = rest.split_once(':')
            {
                current.push_text(before);
                parts.push(std::mem::take(&mut current));
                rest = after;
            }
            current.push_text(rest);
        }
        parts.push(current);
        parts
    }
}
