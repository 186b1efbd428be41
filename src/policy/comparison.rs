//! Comparing one value with what the policy's author wrote.

use super::document::Version;
use super::error::{Problem, quoted};
use super::operand::{
    self, AddressRange, Bytes, Comparable, Decimal, Moment, Operand, Refused, Truth, Variables,
    read_address,
};
use super::operator::{Family, Relation};
use super::pattern::{ArnPattern, Match, Pattern, split_arn};
use super::template::{Template, Wildcards};
use super::verdict::Verdict;

/// What a key's values are compared with, none of it empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operands {
    Equals(Vec<Template>),
    EqualsIgnoreCase(Vec<Template>),
    Like(Vec<Pattern>),
    Numeric(Relation, Vec<Operand<Decimal>>),
    Date(Relation, Vec<Operand<Moment>>),
    Bool(Vec<Operand<Truth>>),
    Binary(Vec<Operand<Bytes>>),
    Ip(Vec<Operand<AddressRange>>),
    Arn(Vec<ArnPattern>),
}

impl Operands {
    pub(super) fn parse(
        family: Family,
        key: &str,
        values: &[String],
        version: Version,
    ) -> Result<Self, Problem> {
        let list = Texts {
            key,
            values,
            version,
        };
        Ok(match family {
            Family::StringEquals => Self::Equals(list.templates(Wildcards::Literal)?),
            Family::StringEqualsIgnoreCase => {
                Self::EqualsIgnoreCase(list.templates(Wildcards::Literal)?)
            }
            Family::StringLike => {
                let templates = list.templates(Wildcards::Live)?;
                Self::Like(templates.into_iter().map(Pattern::new).collect())
            }
            Family::Numeric(relation) => Self::Numeric(relation, list.typed()?),
            Family::Date(relation) => Self::Date(relation, list.typed()?),
            Family::Bool => Self::Bool(list.typed()?),
            Family::BinaryEquals => Self::Binary(list.typed()?),
            Family::IpAddress => Self::Ip(list.typed()?),
            Family::Arn => Self::Arn(list.arns()?),
        })
    }

    /// A wildcard alone among the operands.
    pub(super) fn matches_anything(&self) -> Option<&'static str> {
        let found = match self {
            Self::Like(patterns) => patterns.iter().any(Pattern::is_stars),
            _ => false,
        };
        found.then_some("*")
    }

    /// Whether the value compares with any operand.
    pub(super) fn any(&self, value: &str, variables: Variables<'_>) -> Verdict {
        match self {
            Self::Equals(templates) => any_text(templates, variables, |text| text == value),
            Self::EqualsIgnoreCase(templates) => any_text(templates, variables, |text| {
                equals_ignoring_case(text, value)
            }),
            Self::Like(patterns) => any_match(patterns, variables, |pattern| {
                pattern.matches(value, variables.context)
            }),
            Self::Numeric(relation, operands) => any_ordered(operands, *relation, value, variables),
            Self::Date(relation, operands) => any_ordered(operands, *relation, value, variables),
            Self::Bool(operands) => any_equal(operands, value, variables),
            Self::Binary(operands) => any_equal(operands, value, variables),
            Self::Ip(ranges) => read_address(value).map_or(Verdict::Unclear, |address| {
                operand::any(ranges, variables, |range| range.contains(address))
            }),
            Self::Arn(patterns) => split_arn(value).map_or(Verdict::Unclear, |arn| {
                any_match(patterns, variables, |pattern| {
                    pattern.matches(&arn, variables.context)
                })
            }),
        }
    }
}

/// The values of one key, to be read.
struct Texts<'a> {
    key: &'a str,
    values: &'a [String],
    version: Version,
}

impl Texts<'_> {
    fn templates(&self, wildcards: Wildcards) -> Result<Vec<Template>, Problem> {
        self.values
            .iter()
            .map(|text| Template::parse(text, wildcards, self.version))
            .collect()
    }

    fn typed<T: Comparable>(&self) -> Result<Vec<Operand<T>>, Problem> {
        let read = |text: &String| {
            Operand::parse(text, self.version).map_err(|refused| match refused {
                Refused::Text(problem) => problem,
                Refused::Value(must_be) => bad_value(self.key, text, must_be),
            })
        };
        self.values.iter().map(read).collect()
    }

    fn arns(&self) -> Result<Vec<ArnPattern>, Problem> {
        const MUST_BE: &str = "an ARN of six parts, the first of them arn";
        let templates = self.templates(Wildcards::Live)?;
        let read = |(template, text): (Template, &String)| {
            ArnPattern::new(template).ok_or_else(|| bad_value(self.key, text, MUST_BE))
        };
        templates.into_iter().zip(self.values).map(read).collect()
    }
}

fn any_text(
    templates: &[Template],
    variables: Variables<'_>,
    equals: impl Fn(&str) -> bool,
) -> Verdict {
    any_match(templates, variables, |template| {
        let expanded = template.expand(variables.context);
        expanded.map_or(Match::Unresolved, |text| equals(&text).into())
    })
}

fn any_match<T>(
    operands: &[T],
    variables: Variables<'_>,
    matches: impl Fn(&T) -> Match,
) -> Verdict {
    operands.iter().fold(Verdict::Fails, |all, operand| {
        all.or(match matches(operand) {
            Match::Yes => Verdict::Holds,
            Match::No => Verdict::Fails,
            Match::Unresolved => variables.unresolved,
        })
    })
}

fn equals_ignoring_case(one: &str, other: &str) -> bool {
    one.chars().map(fold).eq(other.chars().map(fold))
}

/// A character in lower case. None from outside ASCII becomes one of ASCII, as the Kelvin sign
/// otherwise would: whoever may call themselves `\u{212a}ate` must not pass for `Kate`.
fn fold(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) if single.is_ascii() == c.is_ascii() => single,
        _ => c,
    }
}

fn any_ordered<T: Comparable + Ord>(
    operands: &[Operand<T>],
    relation: Relation,
    value: &str,
    variables: Variables<'_>,
) -> Verdict {
    T::read(value).map_or(Verdict::Unclear, |value| {
        operand::any(operands, variables, |operand| {
            relation.holds(value.cmp(operand))
        })
    })
}

fn any_equal<T: Comparable + Eq>(
    operands: &[Operand<T>],
    value: &str,
    variables: Variables<'_>,
) -> Verdict {
    T::read(value).map_or(Verdict::Unclear, |value| {
        operand::any(operands, variables, |operand| *operand == value)
    })
}

/// The refusal of a value.
pub(super) fn bad_value(key: &str, value: &str, must_be: &'static str) -> Problem {
    Problem::BadConditionValue {
        key: quoted(key),
        value: quoted(value),
        must_be,
    }
}
