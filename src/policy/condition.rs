//! `Condition`: what must be true of a request's keys.

use std::cmp::Ordering;

use super::context::{Context, Values};
use super::document::Version;
use super::error::{Problem, quoted};
use super::json::Node;
use super::operand::{
    self, AddressRange, Bytes, Comparable, Decimal, Moment, Operand, Refused, Truth, read_address,
};
use super::statement::wrong_shape;
use super::template::{
    ArnPattern, Match, Pattern, Template, Wildcards, is_condition_key, split_arn,
};
use super::verdict::Verdict;

/// One operator on one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    key: Box<str>,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    /// `Null`
    Presence(Presence),
    Compare {
        how: Quantity,
        when_absent: Verdict,
        polarity: Polarity,
        operands: Operands,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    Present,
}

/// How many of a key's values must compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    /// No qualifier: the key has one value.
    Single,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// Whether a value must equal one of the operands, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Polarity {
    OneOf,
    NoneOf,
}

/// An operator's name without qualifier and `IfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
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
enum Relation {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// What a key's values are compared with, none of it empty.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Operands {
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

/// An operator's name, taken apart.
#[derive(Debug, Clone, Copy)]
enum Operator {
    Null,
    Compare {
        how: Quantity,
        if_exists: IfExists,
        family: Family,
        polarity: Polarity,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IfExists {
    Given,
    NotGiven,
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
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

    const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

impl Condition {
    /// Reads the whole element; every condition of it must hold.
    pub(super) fn parse_all(node: Option<Node>, version: Version) -> Result<Vec<Self>, Problem> {
        const SHAPE: &str = "an object of operators, each an object of keys";
        let Some(node) = node else {
            return Ok(Vec::new());
        };
        let Node::Object(operators) = node else {
            return Err(wrong_shape("Condition", SHAPE));
        };
        let mut conditions: Vec<Self> = Vec::new();
        for (name, keys) in operators {
            let operator =
                Operator::parse(&name).ok_or_else(|| Problem::UnknownOperator(quoted(&name)))?;
            let keys = match keys {
                Node::Object(keys) if !keys.is_empty() => keys,
                _ => return Err(wrong_shape(&name, "an object of keys, not empty")),
            };
            check_keys(&keys)?;
            for (key, values) in keys {
                conditions.push(Self::parse(operator, key, values, version)?);
            }
        }
        Ok(conditions)
    }

    fn parse(
        operator: Operator,
        key: String,
        values: Node,
        version: Version,
    ) -> Result<Self, Problem> {
        let texts = scalars(&key, values)?;
        let test = match operator {
            Operator::Null => Test::Presence(parse_presence(&key, &texts)?),
            Operator::Compare {
                how,
                if_exists,
                family,
                polarity,
            } => Test::Compare {
                how,
                when_absent: when_absent(how, if_exists, polarity),
                polarity,
                operands: Operands::parse(family, &key, &texts, version)?,
            },
        };
        Ok(Self {
            key: key.into(),
            test,
        })
    }

    /// Whether the condition holds in a request.
    pub(super) fn judge(&self, context: &Context<'_>) -> Verdict {
        let found = context.find(&self.key);
        match (&self.test, found) {
            (Test::Presence(presence), _) => {
                (found.is_some() == (*presence == Presence::Present)).into()
            }
            (Test::Compare { when_absent, .. }, None) => *when_absent,
            (
                Test::Compare {
                    how,
                    polarity,
                    operands,
                    ..
                },
                Some(values),
            ) => {
                let one = |value: &str| polarity.apply(operands.any(value, context));
                how.judge(values, one)
            }
        }
    }
}

impl Quantity {
    /// A key of one value under a qualifier is a set of one. A key of many without a qualifier
    /// can't be judged: IAM leaves it open which of them counts.
    fn judge(self, values: &Values<'_>, one: impl Fn(&str) -> Verdict) -> Verdict {
        match (self, values) {
            (_, Values::One(value)) => one(value),
            (Self::Single, Values::Many(_)) => Verdict::Unclear,
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
    const fn apply(self, any: Verdict) -> Verdict {
        match self {
            Self::OneOf => any,
            Self::NoneOf => any.not(),
        }
    }
}

/// What a condition on an absent key is: `IfExists` and `ForAllValues:` hold, `ForAnyValue:` fails,
/// and without a qualifier an operator fails and a negated one holds.
const fn when_absent(how: Quantity, if_exists: IfExists, polarity: Polarity) -> Verdict {
    match (if_exists, how, polarity) {
        (IfExists::Given, _, _)
        | (IfExists::NotGiven, Quantity::All, _)
        | (IfExists::NotGiven, Quantity::Single, Polarity::NoneOf) => Verdict::Holds,
        (IfExists::NotGiven, Quantity::Any, _)
        | (IfExists::NotGiven, Quantity::Single, Polarity::OneOf) => Verdict::Fails,
    }
}

impl Operands {
    fn parse(
        family: Family,
        key: &str,
        texts: &[String],
        version: Version,
    ) -> Result<Self, Problem> {
        let list = Texts {
            key,
            texts,
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

    /// Whether the value compares with any operand.
    fn any(&self, value: &str, context: &Context<'_>) -> Verdict {
        match self {
            Self::Equals(templates) => any_text(templates, context, |text| text == value),
            Self::EqualsIgnoreCase(templates) => {
                any_text(templates, context, |text| equals_ignoring_case(text, value))
            }
            Self::Like(patterns) => patterns
                .iter()
                .any(|pattern| pattern.matches(value, context) == Match::Yes)
                .into(),
            Self::Numeric(relation, operands) => any_ordered(operands, *relation, value, context),
            Self::Date(relation, operands) => any_ordered(operands, *relation, value, context),
            Self::Bool(operands) => any_equal(operands, value, context),
            Self::Binary(operands) => any_equal(operands, value, context),
            Self::Ip(ranges) => read_address(value).map_or(Verdict::Unclear, |address| {
                operand::any(ranges, context, |range| range.contains(address))
            }),
            Self::Arn(patterns) => split_arn(value).map_or(Verdict::Unclear, |arn| {
                patterns
                    .iter()
                    .any(|pattern| pattern.matches(&arn, context) == Match::Yes)
                    .into()
            }),
        }
    }
}

/// The values of one key, to be read.
struct Texts<'a> {
    key: &'a str,
    texts: &'a [String],
    version: Version,
}

impl Texts<'_> {
    fn templates(&self, wildcards: Wildcards) -> Result<Vec<Template>, Problem> {
        self.texts
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
        self.texts.iter().map(read).collect()
    }

    fn arns(&self) -> Result<Vec<ArnPattern>, Problem> {
        const MUST_BE: &str = "an ARN of six parts, the first of them arn";
        let templates = self.templates(Wildcards::Live)?;
        let read = |(template, text): (Template, &String)| {
            ArnPattern::new(template).ok_or_else(|| bad_value(self.key, text, MUST_BE))
        };
        templates.into_iter().zip(self.texts).map(read).collect()
    }
}

fn any_text(
    templates: &[Template],
    context: &Context<'_>,
    equals: impl Fn(&str) -> bool,
) -> Verdict {
    templates
        .iter()
        .any(|template| template.expand(context).is_some_and(|text| equals(&text)))
        .into()
}

fn equals_ignoring_case(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}

fn any_ordered<T: Comparable + Ord>(
    operands: &[Operand<T>],
    relation: Relation,
    value: &str,
    context: &Context<'_>,
) -> Verdict {
    T::read(value).map_or(Verdict::Unclear, |value| {
        operand::any(operands, context, |operand| {
            relation.holds(value.cmp(operand))
        })
    })
}

fn any_equal<T: Comparable + Eq>(
    operands: &[Operand<T>],
    value: &str,
    context: &Context<'_>,
) -> Verdict {
    T::read(value).map_or(Verdict::Unclear, |value| {
        operand::any(operands, context, |operand| *operand == value)
    })
}

/// Keys are compared without regard to case, so two that differ in case only are one key written
/// twice.
fn check_keys(keys: &[(String, Node)]) -> Result<(), Problem> {
    let mut seen = std::collections::HashSet::new();
    for (key, _) in keys {
        if !is_condition_key(key) {
            return Err(Problem::BadConditionKey(quoted(key)));
        }
        if !seen.insert(key.to_ascii_lowercase()) {
            return Err(Problem::DuplicateMember(quoted(key)));
        }
    }
    Ok(())
}

/// One scalar or a list of them, as texts.
fn scalars(key: &str, node: Node) -> Result<Vec<String>, Problem> {
    let shape = || {
        wrong_shape(
            key,
            "a string, number or boolean, or a list of them, not empty",
        )
    };
    let items = match node {
        Node::List(items) if items.is_empty() => return Err(shape()),
        Node::List(items) => items,
        single => vec![single],
    };
    items
        .into_iter()
        .map(|item| match item {
            Node::Text(text) | Node::Number(text) => Ok(text),
            Node::Bool(value) => Ok(value.to_string()),
            Node::Null | Node::List(_) | Node::Object(_) => Err(shape()),
        })
        .collect()
}

fn parse_presence(key: &str, texts: &[String]) -> Result<Presence, Problem> {
    let refused = |text: &str| bad_value(key, text, "true or false, once");
    match texts {
        [only] => match Truth::read(only) {
            Some(Truth(true)) => Ok(Presence::Absent),
            Some(Truth(false)) => Ok(Presence::Present),
            None => Err(refused(only)),
        },
        _ => Err(refused(&texts.join(", "))),
    }
}

fn bad_value(key: &str, value: &str, must_be: &'static str) -> Problem {
    Problem::BadConditionValue {
        key: quoted(key),
        value: quoted(value),
        must_be,
    }
}
