//! Conditions as they are written, checked and compiled.

use std::collections::BTreeSet;

use super::super::condition::{Compare, Condition};
use super::super::error::{RuleError, RuleProblem, at_most};
use super::super::pattern::{Case, Glob, Pattern, WholeRegex};
use super::super::raw::{Kind, RawCondition, Scalar};
use super::super::trace::Comparison;
use super::super::{MAX_CONDITIONS, MAX_DEPTH, MAX_OPTIONS, MAX_TEXT};
use super::claim_name;
use crate::domain::ClaimName;

/// Compiles the condition that stands at `path`.
pub(super) fn compile_condition(raw: &RawCondition, path: &str) -> Result<Condition, RuleError> {
    let mut left = MAX_CONDITIONS;
    let condition = compile(raw, path, MAX_DEPTH, &mut left)?;
    check_captures(&condition, path)?;
    Ok(condition)
}

fn compile(
    raw: &RawCondition,
    path: &str,
    depth: usize,
    left: &mut usize,
) -> Result<Condition, RuleError> {
    let too_many = |most, what| RuleError::new(path, RuleProblem::TooMany { most, what });
    let depth = depth
        .checked_sub(1)
        .ok_or(too_many(MAX_DEPTH, "conditions in one another"))?;
    *left = left
        .checked_sub(1)
        .ok_or(too_many(MAX_CONDITIONS, "conditions"))?;
    match raw.kind() {
        Some(Kind::All(members)) => {
            compile_list(members, &format!("{path}.all"), depth, left).map(Condition::All)
        }
        Some(Kind::Any(members)) => {
            compile_list(members, &format!("{path}.any"), depth, left).map(Condition::Any)
        }
        Some(Kind::Not(inner)) => {
            let inner = compile(inner, &format!("{path}.not"), depth, left)?;
            Ok(Condition::Not(Box::new(inner)))
        }
        Some(Kind::Absent(name)) => {
            claim_name(name, &format!("{path}.absent")).map(Condition::Absent)
        }
        Some(Kind::Compare(name)) => {
            let claim = claim_name(name, &format!("{path}.claim"))?;
            compile_compare(raw, claim, path).map(Condition::Compare)
        }
        None => Err(RuleError::new(path, RuleProblem::NotOneCondition)),
    }
}

fn compile_list(
    members: &[RawCondition],
    path: &str,
    depth: usize,
    left: &mut usize,
) -> Result<Vec<Condition>, RuleError> {
    if members.is_empty() {
        return Err(RuleError::new(path, RuleProblem::EmptyList));
    }
    members
        .iter()
        .enumerate()
        .map(|(index, member)| compile(member, &format!("{path}[{index}]"), depth, left))
        .collect()
}

fn compile_compare(raw: &RawCondition, claim: ClaimName, path: &str) -> Result<Compare, RuleError> {
    let case = match raw.ignore_case {
        Some(true) => Case::Ignored,
        Some(false) | None => Case::Told,
    };
    let (comparison, pattern) = match (&raw.equals, &raw.one_of, &raw.glob, &raw.regex) {
        (Some(text), None, None, None) => (Comparison::Equals, Pattern::texts([text.text()], case)),
        (None, Some(texts), None, None) => (
            Comparison::OneOf,
            one_of(texts, case, &format!("{path}.one_of"))?,
        ),
        (None, None, Some(glob), None) => {
            at_most(&format!("{path}.glob"), glob.len(), MAX_TEXT, "characters")?;
            let text = glob.clone();
            (Comparison::Glob, Pattern::Glob(Glob { text, case }))
        }
        (None, None, None, Some(_)) if raw.ignore_case.is_some() => {
            let path = format!("{path}.ignore_case");
            return Err(RuleError::new(path, RuleProblem::IgnoreCase));
        }
        (None, None, None, Some(regex)) => {
            let regex = WholeRegex::new(regex)
                .map_err(|problem| RuleError::new(format!("{path}.regex"), problem))?;
            (Comparison::Regex, Pattern::Regex(regex))
        }
        _ => return Err(RuleError::new(path, RuleProblem::NotOneCondition)),
    };
    let captures = match &pattern {
        Pattern::Regex(regex) => regex.capture_names().map(str::to_owned).collect(),
        Pattern::Texts { .. } | Pattern::Glob(_) => BTreeSet::new(),
    };
    Ok(Compare {
        claim,
        comparison,
        pattern,
        captures,
    })
}

fn one_of(texts: &[Scalar], case: Case, path: &str) -> Result<Pattern, RuleError> {
    if texts.is_empty() {
        return Err(RuleError::new(path, RuleProblem::EmptyList));
    }
    at_most(path, texts.len(), MAX_OPTIONS, "values")?;
    Ok(Pattern::texts(texts.iter().map(Scalar::text), case))
}

/// Refuses captures that could never have a value, or could have two.
fn check_captures(condition: &Condition, path: &str) -> Result<(), RuleError> {
    match condition {
        Condition::All(members) => {
            let path = format!("{path}.all");
            check_members(members, &path)?;
            captured_once(members, &path)
        }
        Condition::Any(members) => check_members(members, &format!("{path}.any")),
        Condition::Not(inner) => match inner.capture_names().pop_first() {
            Some(name) => Err(RuleError::new(
                format!("{path}.not"),
                RuleProblem::CaptureUnderNot(name),
            )),
            None => Ok(()),
        },
        Condition::Absent(_) | Condition::Compare(_) => Ok(()),
    }
}

fn check_members(members: &[Condition], path: &str) -> Result<(), RuleError> {
    let mut members = members.iter().enumerate();
    members.try_for_each(|(index, member)| check_captures(member, &format!("{path}[{index}]")))
}

fn captured_once(members: &[Condition], path: &str) -> Result<(), RuleError> {
    let mut names = BTreeSet::new();
    for (index, member) in members.iter().enumerate() {
        for name in member.capture_names() {
            if names.contains(&name) {
                let path = format!("{path}[{index}]");
                return Err(RuleError::new(path, RuleProblem::CaptureTwice(name)));
            }
            names.insert(name);
        }
    }
    Ok(())
}
