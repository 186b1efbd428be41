//! Templates over captures and claims.

use std::collections::BTreeSet;

use super::MAX_TEXT;
use super::compile::claim_name;
use super::error::{RuleError, RuleProblem, at_most};
use super::pattern::Bindings;
use super::trace::{Because, cut};
use super::view::{Lookup, View};
use crate::domain::ClaimName;

/// A text with placeholders.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Capture(String),
    Claim(ClaimName),
}

/// What a template's placeholders take their values from.
pub(super) struct Values<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) bindings: &'a Bindings,
}

impl Template {
    /// Reads `text`. A placeholder that has the name of a capture is that capture, even where the
    /// capture turns out to have no value: it never falls back to a claim.
    pub(super) fn parse(
        text: &str,
        captures: &BTreeSet<String>,
        path: &str,
    ) -> Result<Self, RuleError> {
        at_most(path, text.chars().count(), MAX_TEXT, "characters")?;
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, brace)) = rest
            .find(['{', '}'])
            .and_then(|at| rest.split_at_checked(at))
        {
            literal.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else {
                let closed = brace
                    .strip_prefix('{')
                    .and_then(|name| name.split_once('}'));
                let (name, after) =
                    closed.ok_or_else(|| RuleError::new(path, RuleProblem::Template))?;
                parts.push(Part::Text(std::mem::take(&mut literal)));
                parts.push(placeholder(name, captures, path)?);
                rest = after;
            }
        }
        literal.push_str(rest);
        parts.push(Part::Text(literal));
        Ok(Self(parts))
    }

    pub(super) fn has_placeholders(&self) -> bool {
        !self.0.iter().all(Part::is_fixed)
    }

    pub(super) fn capture_names(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter_map(|part| match part {
            Part::Capture(name) => Some(name),
            Part::Text(_) | Part::Claim(_) => None,
        })
    }

    /// The text with `value` in place of every placeholder.
    pub(super) fn filled_with(&self, value: &str) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text,
            Part::Capture(_) | Part::Claim(_) => value,
        });
        parts.collect()
    }

    /// Puts the values in, each of which `admit` must let through.
    pub(super) fn expand(
        &self,
        values: &Values<'_>,
        admit: fn(&str) -> bool,
    ) -> Result<String, Because> {
        let mut text = String::new();
        for part in &self.0 {
            let value = part.value(values)?;
            if !part.is_fixed() && !admit(value) {
                return Err(Because::Characters(cut(value)));
            }
            text.push_str(value);
        }
        Ok(text)
    }
}

impl Part {
    const fn is_fixed(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    fn value<'a>(&'a self, values: &Values<'a>) -> Result<&'a str, Because> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Capture(name) => {
                let value = values.bindings.get(name);
                value
                    .map(String::as_str)
                    .ok_or_else(|| Because::NoCapture(name.clone()))
            }
            Self::Claim(name) => {
                single(values.view.look_up(name)).map_err(|lookup| Because::NoSingleValue {
                    claim: name.clone(),
                    seen: lookup.into(),
                })
            }
        }
    }
}

fn single(lookup: Lookup<'_>) -> Result<&str, Lookup<'_>> {
    match lookup {
        Lookup::Values(values) => match values.as_slice() {
            [value] if !value.is_empty() => Ok(value),
            _ => Err(Lookup::Values(values)),
        },
        other => Err(other),
    }
}

fn placeholder(name: &str, captures: &BTreeSet<String>, path: &str) -> Result<Part, RuleError> {
    if name.is_empty() || name.contains('{') {
        return Err(RuleError::new(path, RuleProblem::Template));
    }
    if captures.contains(name) {
        return Ok(Part::Capture(name.to_owned()));
    }
    claim_name(name, path).map(Part::Claim)
}
