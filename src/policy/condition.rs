//! `Condition`: what must be true of a request's keys.

use std::collections::HashSet;

use super::comparison::{Operands, bad_value};
use super::context::Context;
use super::document::Version;
use super::error::{Problem, quoted};
use super::explain::{MissedBy, found};
use super::json::Node;
use super::operand::{Comparable, Truth, Variables};
use super::operator::{Operator, Polarity, Quantity, when_absent};
use super::saml::is_unknown;
use super::statement::wrong_shape;
use super::template::is_condition_key;
use super::verdict::Verdict;

/// One operator on one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    key: Box<str>,
    test: Test,
    /// Operator, key and values, for whoever asks why it does not hold.
    written: Box<str>,
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
                conditions.push(Self::parse((&name, operator), key, values, version)?);
            }
        }
        Ok(conditions)
    }

    fn parse(
        (name, operator): (&str, Operator),
        key: String,
        values: Node,
        version: Version,
    ) -> Result<Self, Problem> {
        let texts = scalars(&key, values)?;
        let written = format!("{name} {key} {texts:?}").into();
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
            written,
        })
    }

    /// What it wants, and what there is.
    pub(super) fn missed(&self, context: &Context<'_>) -> MissedBy {
        MissedBy::Condition {
            wanted: self.written.as_ref().to_owned(),
            found: found(context.find(&self.key)),
        }
    }

    /// The key that it is about.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it holds only where the key is there and equals, or is like, one of its values.
    pub(super) const fn demands(&self) -> bool {
        match &self.test {
            Test::Presence(_) => false,
            Test::Compare {
                when_absent,
                polarity,
                ..
            } => matches!((when_absent, polarity), (Verdict::Fails, Polarity::OneOf)),
        }
    }

    /// Whether it holds where the key is absent because all of no values compare.
    pub(super) const fn holds_for_no_values(&self) -> bool {
        match &self.test {
            Test::Presence(_) => false,
            Test::Compare { how, .. } => matches!(how, Quantity::All),
        }
    }

    /// Whether it is a `Null` that wants the key to be there.
    pub(super) const fn wants_the_key(&self) -> bool {
        matches!(&self.test, Test::Presence(Presence::Present))
    }

    /// A value that every text is like.
    pub(super) fn matches_anything(&self) -> Option<&'static str> {
        match &self.test {
            Test::Presence(_) => None,
            Test::Compare { operands, .. } => operands.matches_anything(),
        }
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
                let variables = Variables {
                    context,
                    unresolved: polarity.unresolved(),
                };
                let one = |value: &str| polarity.apply(operands.any(value, variables));
                how.judge(values, one)
            }
        }
    }
}

/// Keys are compared without regard to case, so two that differ in case only are one key written
/// twice.
fn check_keys(keys: &[(String, Node)]) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for (key, _) in keys {
        if !is_condition_key(key) {
            return Err(Problem::BadConditionKey(quoted(key)));
        }
        if is_unknown(key) {
            return Err(Problem::UnknownSamlKey(quoted(key)));
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
