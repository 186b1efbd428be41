//! Conditions: compiled, evaluated in three values, and explained.

use std::collections::BTreeSet;

use super::error::{RuleError, RuleProblem, at_most};
use super::near_miss::near_miss;
use super::pattern::{Bindings, Case, Glob, Pattern, WholeRegex};
use super::raw::{Kind, RawCondition, Scalar};
use super::trace::{Comparison, Failure, Seen, cut};
use super::view::{Lookup, View};
use super::{MAX_COMBINATIONS, MAX_CONDITIONS, MAX_DEPTH, MAX_OPTIONS, MAX_TEXT};
use crate::domain::ClaimName;

#[derive(Debug, Clone)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Absent(ClaimName),
    Compare(Compare),
}

#[derive(Debug, Clone)]
pub(super) struct Compare {
    claim: ClaimName,
    comparison: Comparison,
    pattern: Pattern,
    /// The captures that templates use; others are not kept.
    captures: BTreeSet<String>,
}

/// Kleene's three values. Only `Matched` at the top gives anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Matched,
    NotMatched,
    /// The claim can't be judged; `not` doesn't change that.
    Unknown,
}

/// The captures of a condition have more combinations than a rule may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyCombinations;

impl Condition {
    pub(super) fn compile(raw: &RawCondition, path: &str) -> Result<Self, RuleError> {
        let mut left = MAX_CONDITIONS;
        let condition = compile(raw, path, MAX_DEPTH, &mut left)?;
        condition.check_captures(path)?;
        Ok(condition)
    }

    pub(super) fn verdict(&self, view: &View<'_>) -> Verdict {
        match self {
            Self::All(members) => fold(members, view, Verdict::NotMatched, Verdict::Matched),
            Self::Any(members) => fold(members, view, Verdict::Matched, Verdict::NotMatched),
            Self::Not(inner) => match inner.verdict(view) {
                Verdict::Matched => Verdict::NotMatched,
                Verdict::NotMatched => Verdict::Matched,
                Verdict::Unknown => Verdict::Unknown,
            },
            Self::Absent(claim) => match view.look_up(claim) {
                Lookup::Absent => Verdict::Matched,
                Lookup::Object | Lookup::Values(_) => Verdict::NotMatched,
                Lookup::NoValues | Lookup::Unusable(_) => Verdict::Unknown,
            },
            Self::Compare(compare) => compare.verdict(view),
        }
    }

    /// Every set of captures with which the condition matches; none where it doesn't. A condition
    /// that captures nothing matches with the one empty set.
    pub(super) fn bindings(
        &self,
        view: &View<'_>,
    ) -> Result<BTreeSet<Bindings>, TooManyCombinations> {
        match self {
            Self::All(members) => {
                let mut combined = BTreeSet::from([Bindings::new()]);
                for member in members {
                    combined = product(&combined, &member.bindings(view)?)?;
                }
                Ok(combined)
            }
            Self::Any(members) => {
                let mut joined = BTreeSet::new();
                for member in members {
                    joined.extend(member.bindings(view)?);
                }
                bounded(joined)
            }
            Self::Compare(compare) => bounded(compare.bindings(view)),
            Self::Not(_) | Self::Absent(_) => {
                let matched = self.verdict(view) == Verdict::Matched;
                Ok(matched.then(Bindings::new).into_iter().collect())
            }
        }
    }

    /// The first comparison that kept this condition from matching; `None` where it matches.
    pub(super) fn failure(&self, view: &View<'_>, path: &str) -> Option<Failure> {
        if self.verdict(view) == Verdict::Matched {
            return None;
        }
        self.cause(view, path, &|verdict| verdict != Verdict::Matched)
    }

    /// The first comparison to blame for this condition's verdict, where `fits` tells which verdicts
    /// of a member count.
    fn cause(
        &self,
        view: &View<'_>,
        path: &str,
        fits: &dyn Fn(Verdict) -> bool,
    ) -> Option<Failure> {
        match self {
            Self::All(members) => causes(members, view, &format!("{path}.all"), fits).next(),
            Self::Any(members) => {
                let found: Vec<_> = causes(members, view, &format!("{path}.any"), fits).collect();
                let near = found.iter().position(|failure| failure.near_miss.is_some());
                found.into_iter().nth(near.unwrap_or(0))
            }
            Self::Not(inner) => {
                let verdict = inner.verdict(view);
                inner.cause(view, &format!("{path}.not"), &|member| member == verdict)
            }
            Self::Absent(claim) => Some(Failure {
                at: path.to_owned(),
                comparison: Comparison::Absent,
                wanted: String::new(),
                claim: claim.clone(),
                seen: view.look_up(claim).into(),
                near_miss: None,
            }),
            Self::Compare(compare) => Some(compare.failure(view, path)),
        }
    }

    /// The names of all captures.
    pub(super) fn capture_names(&self) -> BTreeSet<String> {
        match self {
            Self::All(members) | Self::Any(members) => {
                members.iter().flat_map(Self::capture_names).collect()
            }
            Self::Not(inner) => inner.capture_names(),
            Self::Absent(_) => BTreeSet::new(),
            Self::Compare(compare) => compare.captures.clone(),
        }
    }

    /// Drops the captures that no template uses, so that they make no combinations.
    pub(super) fn keep_captures(&mut self, used: &BTreeSet<String>) {
        match self {
            Self::All(members) | Self::Any(members) => {
                for member in members {
                    member.keep_captures(used);
                }
            }
            Self::Not(inner) => inner.keep_captures(used),
            Self::Absent(_) => {}
            Self::Compare(compare) => compare.captures.retain(|name| used.contains(name)),
        }
    }

    fn check_captures(&self, path: &str) -> Result<(), RuleError> {
        match self {
            Self::All(members) => {
                let mut names = BTreeSet::new();
                for (index, member) in members.iter().enumerate() {
                    let path = format!("{path}.all[{index}]");
                    member.check_captures(&path)?;
                    for name in member.capture_names() {
                        if !names.insert(name.clone()) {
                            return Err(RuleError::new(path, RuleProblem::CaptureTwice(name)));
                        }
                    }
                }
                Ok(())
            }
            Self::Any(members) => members.iter().enumerate().try_for_each(|(index, member)| {
                member.check_captures(&format!("{path}.any[{index}]"))
            }),
            Self::Not(inner) => match inner.capture_names().pop_first() {
                Some(name) => Err(RuleError::new(
                    format!("{path}.not"),
                    RuleProblem::CaptureUnderNot(name),
                )),
                None => Ok(()),
            },
            Self::Absent(_) | Self::Compare(_) => Ok(()),
        }
    }
}

impl Compare {
    fn verdict(&self, view: &View<'_>) -> Verdict {
        match view.look_up(&self.claim) {
            Lookup::Values(values) => {
                if values.iter().any(|value| self.pattern.matches(value)) {
                    Verdict::Matched
                } else {
                    Verdict::NotMatched
                }
            }
            Lookup::Absent | Lookup::Object | Lookup::NoValues | Lookup::Unusable(_) => {
                Verdict::Unknown
            }
        }
    }

    fn bindings(&self, view: &View<'_>) -> BTreeSet<Bindings> {
        let Lookup::Values(values) = view.look_up(&self.claim) else {
            return BTreeSet::new();
        };
        match &self.pattern {
            Pattern::Regex(regex) if !self.captures.is_empty() => values
                .iter()
                .filter_map(|value| regex.captures(value, &self.captures))
                .collect(),
            pattern => {
                let matched = values.iter().any(|value| pattern.matches(value));
                matched.then(Bindings::new).into_iter().collect()
            }
        }
    }

    fn failure(&self, view: &View<'_>, path: &str) -> Failure {
        let lookup = view.look_up(&self.claim);
        let near_miss = match &lookup {
            Lookup::Values(values) if !values.iter().any(|value| self.pattern.matches(value)) => {
                near_miss(&self.pattern, values)
            }
            _ => None,
        };
        Failure {
            at: path.to_owned(),
            comparison: self.comparison,
            wanted: cut(&self.wanted()),
            claim: self.claim.clone(),
            seen: lookup.into(),
            near_miss,
        }
    }

    fn wanted(&self) -> String {
        match &self.pattern {
            Pattern::Texts { texts, .. } => texts
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", "),
            Pattern::Glob(glob) => glob.text.clone(),
            Pattern::Regex(regex) => regex.text.clone(),
        }
    }
}

impl From<Lookup<'_>> for Seen {
    fn from(lookup: Lookup<'_>) -> Self {
        match lookup {
            Lookup::Absent => Self::Absent,
            Lookup::Object => Self::Object,
            Lookup::NoValues => Self::NoValues,
            Lookup::Unusable(why) => Self::Unusable(why),
            Lookup::Values(values) => Self::values(values.into_iter()),
        }
    }
}

/// `decides` settles the whole; without it one unknown member leaves the whole unknown.
fn fold(members: &[Condition], view: &View<'_>, decides: Verdict, otherwise: Verdict) -> Verdict {
    let mut whole = otherwise;
    for member in members {
        let verdict = member.verdict(view);
        if verdict == decides {
            return decides;
        }
        if verdict == Verdict::Unknown {
            whole = Verdict::Unknown;
        }
    }
    whole
}

fn causes(
    members: &[Condition],
    view: &View<'_>,
    path: &str,
    fits: &dyn Fn(Verdict) -> bool,
) -> impl Iterator<Item = Failure> {
    members
        .iter()
        .enumerate()
        .filter(|(_, member)| fits(member.verdict(view)))
        .filter_map(move |(index, member)| member.cause(view, &format!("{path}[{index}]"), fits))
}

fn product(
    ones: &BTreeSet<Bindings>,
    others: &BTreeSet<Bindings>,
) -> Result<BTreeSet<Bindings>, TooManyCombinations> {
    if ones.len().saturating_mul(others.len()) > MAX_COMBINATIONS {
        return Err(TooManyCombinations);
    }
    let pairs = ones
        .iter()
        .flat_map(|one| others.iter().map(move |other| (one, other)));
    Ok(pairs
        .map(|(one, other)| one.clone().into_iter().chain(other.clone()).collect())
        .collect())
}

fn bounded(bindings: BTreeSet<Bindings>) -> Result<BTreeSet<Bindings>, TooManyCombinations> {
    if bindings.len() > MAX_COMBINATIONS {
        return Err(TooManyCombinations);
    }
    Ok(bindings)
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
        (None, Some(texts), None, None) => {
            let path = format!("{path}.one_of");
            if texts.is_empty() {
                return Err(RuleError::new(path, RuleProblem::EmptyList));
            }
            at_most(&path, texts.len(), MAX_OPTIONS, "values")?;
            (
                Comparison::OneOf,
                Pattern::texts(texts.iter().map(Scalar::text), case),
            )
        }
        (None, None, Some(glob), None) => {
            at_most(&format!("{path}.glob"), glob.len(), MAX_TEXT, "characters")?;
            let text = glob.clone();
            (Comparison::Glob, Pattern::Glob(Glob { text, case }))
        }
        (None, None, None, Some(regex)) => {
            if raw.ignore_case.is_some() {
                let path = format!("{path}.ignore_case");
                return Err(RuleError::new(path, RuleProblem::IgnoreCase));
            }
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

/// The name of a claim. A pointer to the top (`/groups`) names nothing, so that `absent` on it would
/// match everybody; it is refused.
pub(super) fn claim_name(name: &str, path: &str) -> Result<ClaimName, RuleError> {
    if name
        .strip_prefix('/')
        .is_some_and(|rest| !rest.contains('/'))
    {
        return Err(RuleError::new(path, RuleProblem::PointerToTop));
    }
    name.parse()
        .map_err(|invalid: crate::domain::InvalidValue| RuleError::new(path, invalid))
}
