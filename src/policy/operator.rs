//! The names of condition operators and what they mean.

use std::cmp::Ordering;

use super::context::Values;
use super::verdict::Verdict;

/// An operator's name, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operator {
    Null,
    Compare {
        how: Quantity,
        if_exists: IfExists,
        family: Family,
        polarity: Polarity,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfExists {
    Given,
    NotGiven,
}

/// How many of a key's values must compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    /// No qualifier: the key has one value.
    Single,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// Whether a value must equal one of the operands, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    OneOf,
    NoneOf,
}

/// An operator's name without qualifier and `IfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Relation),
    Date(Relation),
    Bool,
    BinaryEquals,
    IpAddress,
    Arn,
}

/// How a value stands to an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    pub(super) fn parse(name: &str) -> Option<Self> {
        if name == "Null" {
            return Some(Self::Null);
        }
        let (how, unqualified) = if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (Quantity::All, rest)
        } else if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (Quantity::Any, rest)
        } else {
            (Quantity::Single, name)
        };
        let (base, if_exists) = match unqualified.strip_suffix("IfExists") {
            Some(base) => (base, IfExists::Given),
            None => (unqualified, IfExists::NotGiven),
        };
        let (family, polarity) = Family::parse(base)?;
        Some(Self::Compare {
            how,
            if_exists,
            family,
            polarity,
        })
    }
}

impl Family {
    fn parse(name: &str) -> Option<(Self, Polarity)> {
        use Polarity::{NoneOf, OneOf};
        if let Some(relation) = name.strip_prefix("Numeric") {
            return Relation::parse(relation).map(|(r, polarity)| (Self::Numeric(r), polarity));
        }
        if let Some(relation) = name.strip_prefix("Date") {
            return Relation::parse(relation).map(|(r, polarity)| (Self::Date(r), polarity));
        }
        Some(match name {
            "StringEquals" => (Self::StringEquals, OneOf),
            "StringNotEquals" => (Self::StringEquals, NoneOf),
            "StringEqualsIgnoreCase" => (Self::StringEqualsIgnoreCase, OneOf),
            "StringNotEqualsIgnoreCase" => (Self::StringEqualsIgnoreCase, NoneOf),
            "StringLike" => (Self::StringLike, OneOf),
            "StringNotLike" => (Self::StringLike, NoneOf),
            "Bool" => (Self::Bool, OneOf),
            "BinaryEquals" => (Self::BinaryEquals, OneOf),
            "IpAddress" => (Self::IpAddress, OneOf),
            "NotIpAddress" => (Self::IpAddress, NoneOf),
            "ArnEquals" | "ArnLike" => (Self::Arn, OneOf),
            "ArnNotEquals" | "ArnNotLike" => (Self::Arn, NoneOf),
            _ => return None,
        })
    }
}

impl Relation {
    fn parse(name: &str) -> Option<(Self, Polarity)> {
        Some(match name {
            "Equals" => (Self::Equal, Polarity::OneOf),
            "NotEquals" => (Self::Equal, Polarity::NoneOf),
            "LessThan" => (Self::Less, Polarity::OneOf),
            "LessThanEquals" => (Self::AtMost, Polarity::OneOf),
            "GreaterThan" => (Self::Greater, Polarity::OneOf),
            "GreaterThanEquals" => (Self::AtLeast, Polarity::OneOf),
            _ => return None,
        })
    }

    pub(super) const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

impl Quantity {
    /// A key of one value under a qualifier is a set of one. A key of many without a qualifier
    /// can't be judged: IAM leaves it open which of them counts.
    pub(super) fn judge(self, values: &Values<'_>, one: impl Fn(&str) -> Verdict) -> Verdict {
        match (self, values) {
            (_, Values::One(value)) => one(value),
            (_, Values::Unreadable) | (Self::Single, Values::Many(_)) => Verdict::Unclear,
            (Self::All, Values::Many(list)) => list
                .iter()
                .fold(Verdict::Holds, |all, value| all.and(one(value))),
            (Self::Any, Values::Many(list)) => list
                .iter()
                .fold(Verdict::Fails, |any, value| any.or(one(value))),
        }
    }
}

impl Polarity {
    /// What comes of comparing with a variable that can't be resolved.
    ///
    /// It equals nothing (IAM, "Policy variables"). Under a negated operator that would make an
    /// `Allow` wider, so there it is unclear.
    pub(super) const fn unresolved(self) -> Verdict {
        match self {
            Self::OneOf => Verdict::Fails,
            Self::NoneOf => Verdict::Unclear,
        }
    }

    pub(super) const fn apply(self, any: Verdict) -> Verdict {
        match self {
            Self::OneOf => any,
            Self::NoneOf => any.not(),
        }
    }
}

/// What a condition on an absent key is: `IfExists` and `ForAllValues:` hold, `ForAnyValue:` fails,
/// and without a qualifier an operator fails and a negated one holds.
pub(super) const fn when_absent(how: Quantity, if_exists: IfExists, polarity: Polarity) -> Verdict {
    match (if_exists, how, polarity) {
        (IfExists::Given, _, _)
        | (IfExists::NotGiven, Quantity::All, _)
        | (IfExists::NotGiven, Quantity::Single, Polarity::NoneOf) => Verdict::Holds,
        (IfExists::NotGiven, Quantity::Any, _)
        | (IfExists::NotGiven, Quantity::Single, Polarity::OneOf) => Verdict::Fails,
    }
}
