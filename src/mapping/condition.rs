//! Conditions: evaluated in three values, and explained.

use std::collections::BTreeSet;

use super::MAX_COMBINATIONS;
use super::near_miss::near_miss;
use super::pattern::{Bindings, Pattern};
use super::trace::{Comparison, Failure, Seen, cut};
use super::view::{Lookup, View};
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
    pub(super) claim: ClaimName,
    pub(super) comparison: Comparison,
    pub(super) pattern: Pattern,
    /// The captures that templates use; others are not kept.
    pub(super) captures: BTreeSet<String>,
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
