//! A policy document: read strictly, compiled once.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::authority::PolicyKind;
use super::error::{PolicyError, Problem, StatementName, quoted};
use super::explain::MissedBy;
use super::glob::{Glob, Part};
use super::json::{self, Node};
use super::statement::{Effect, Elements, Statement, wrong_shape};
use super::{Evaluation, Request, StatementRef};

/// A version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Version {
    /// `2008-10-17`, which a document without a version has: `${…}` is a text like any other.
    #[default]
    V2008,
    /// `2012-10-17`: `${…}` is a variable.
    V2012,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To a role: it says who may assume it, so it names principals and no resource.
    Trust,
    /// To whoever makes requests: it says what they may do, so it names resources and no principal.
    Identity,
    /// To a resource: it says who may do what with it, so it names principals and resources.
    Resource,
}

/// What a trust policy can be about (IAM, `CreateRole`), in lower case.
const TRUST_ACTIONS: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
];

impl Kind {
    /// Refuses a `Principal` that is missing where this kind needs it, or there where it has none.
    pub(super) fn check_principal<T>(self, found: Option<&T>) -> Result<(), Problem> {
        check("Principal", self != Self::Identity, found.is_some())
    }

    /// The same of a `Resource`.
    pub(super) fn check_resource<T>(self, found: Option<&T>) -> Result<(), Problem> {
        check("Resource", self != Self::Trust, found.is_some())
    }

    /// Compiles an action's pattern, in lower case.
    pub(super) fn parse_action(self, text: &str) -> Result<Glob, Problem> {
        let lower = text.to_ascii_lowercase();
        if lower != "*" && !is_action(&lower) {
            return Err(Problem::BadAction(quoted(text)));
        }
        let parts = lower.split_inclusive(['*', '?']).flat_map(|piece| {
            let wildcard = match piece.as_bytes().last() {
                Some(b'*') => Some(Part::Any),
                Some(b'?') => Some(Part::One),
                _ => None,
            };
            let text = Part::Text(piece.trim_end_matches(['*', '?']));
            std::iter::once(text).chain(wildcard)
        });
        let pattern = Glob::new(parts);
        match self {
            Self::Identity | Self::Resource => Ok(pattern),
            Self::Trust if lower.starts_with("sts:") && is_trust_action(&pattern) => Ok(pattern),
            Self::Trust => Err(Problem::NotATrustAction(quoted(text))),
        }
    }
}

fn check(element: &'static str, is_needed: bool, is_there: bool) -> Result<(), Problem> {
    match (is_needed, is_there) {
        (true, false) => Err(Problem::MissingElement(element)),
        (false, true) => Err(Problem::ForbiddenElement(element)),
        (true, true) | (false, false) => Ok(()),
    }
}

/// `service:Name`, wildcards only in the name.
fn is_action(lower: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    lower.split_once(':').is_some_and(|(service, name)| {
        !service.is_empty()
            && service.bytes().all(word)
            && !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"*?-_".contains(&byte))
    })
}

fn is_trust_action(pattern: &Glob) -> bool {
    TRUST_ACTIONS.iter().any(|action| pattern.matches(action))
}

/// A compiled policy and the text that it was read from. Clones share it.
#[derive(Clone)]
pub(super) struct Document(Arc<Compiled>);

impl fmt::Debug for Document {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

struct Compiled {
    text: Box<str>,
    statements: Vec<Statement>,
}

impl Document {
    pub(super) fn parse(text: &str, kind: Kind) -> Result<Self, PolicyError> {
        let (version, nodes) = open(json::read(text)?)?;
        let mut seen = HashSet::new();
        let mut statements = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.into_iter().enumerate() {
            let statement = compile(node, index + 1, kind, version)?;
            if let StatementName::Sid(sid) = &statement.name
                && !seen.insert(sid.clone())
            {
                return Err(Problem::DuplicateSid(sid.to_string()).into());
            }
            statements.push(statement);
        }
        Ok(Self(Arc::new(Compiled {
            text: text.into(),
            statements,
        })))
    }

    pub(super) fn text(&self) -> &str {
        &self.0.text
    }

    /// Weighs every statement; `name` is what the policy goes by in the answer, and `kind` what it is
    /// to the request.
    pub(super) fn weigh(
        &self,
        (name, kind): (&str, PolicyKind),
        request: &Request<'_>,
        action: &Lowered,
        into: &mut Evaluation,
    ) {
        for statement in &self.0.statements {
            let Some(matched_by) = statement.applies(request, action.as_str()) else {
                continue;
            };
            let reference = StatementRef {
                kind,
                policy: name.into(),
                statement: statement.name.clone(),
                matched_by,
            };
            match statement.effect {
                Effect::Allow => into.allows.push(reference),
                Effect::Deny => into.explicit_denies.push(reference),
            }
        }
    }

    /// A text may be so many times as long as what counts of it, which leaves room for any indentation: white
    /// space is kept, written and told with the rest.
    const LONGEST: usize = 8;

    /// A space inside a string counts: IAM's guide does not say that it doesn't.
    fn counted_characters(&self) -> usize {
        let (mut is_text, mut is_escaped) = (false, false);
        let counts = |c: &char| {
            let counts = is_text || !c.is_ascii_whitespace();
            match c {
                '"' if !is_escaped => is_text = !is_text,
                _ => {}
            }
            is_escaped = is_text && *c == '\\' && !is_escaped;
            counts
        };
        let counted = self.text().chars().filter(counts).count();
        counted.max(self.text().len().div_ceil(Self::LONGEST))
    }

    pub(super) fn statements(&self) -> &[Statement] {
        &self.0.statements
    }

    /// Whether `${…}` is a variable in it.
    pub(super) fn knows_variables(&self) -> bool {
        let opened = json::read(self.text())
            .ok()
            .and_then(|node| open(node).ok());
        opened.is_some_and(|(version, _)| version == Version::V2012)
    }

    /// Every statement as its author wrote it, read again from the text.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let opened = json::read(self.text())
            .ok()
            .and_then(|node| open(node).ok());
        opened.map(|(_, nodes)| nodes).unwrap_or_default()
    }

    /// A statement as its author wrote it, read again from the text: only who asks why pays for it.
    pub(super) fn written(&self, name: &StatementName) -> Option<Node> {
        let (_, nodes) = open(json::read(self.text()).ok()?).ok()?;
        let numbered = nodes.into_iter().zip(1..);
        let mut found = numbered.filter(|(node, number)| match name {
            StatementName::Sid(sid) => node.member("Sid").and_then(Node::as_text) == Some(sid),
            StatementName::Number(wanted) => number == wanted,
        });
        found.next().map(|(node, _)| node)
    }

    /// What each allowing statement that does not apply lacks.
    fn misses(&self, request: &Request<'_>) -> Vec<(StatementName, MissedBy)> {
        let action = Lowered::new(request.action);
        let statements = self.0.statements.iter();
        let allowing = statements.filter(|statement| statement.effect == Effect::Allow);
        let missed = |statement: &Statement| {
            let why = statement.missed_by(request, action.as_str())?;
            Some((statement.name.clone(), why))
        };
        allowing.filter_map(missed).collect()
    }
}

/// An action in lower case, as patterns are. No action of AWS's is longer than what fits without an
/// allocation.
pub(super) enum Lowered {
    Short([u8; Self::SHORT], usize),
    Long(String),
}

impl Lowered {
    const SHORT: usize = 96;

    pub(super) fn new(action: &str) -> Self {
        let mut bytes = [0; Self::SHORT];
        match bytes.get_mut(..action.len()) {
            Some(short) => {
                short.copy_from_slice(action.as_bytes());
                short.make_ascii_lowercase();
                Self::Short(bytes, action.len())
            }
            None => Self::Long(action.to_ascii_lowercase()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            // Lower case of ASCII leaves UTF-8 what it is.
            Self::Short(bytes, length) => bytes
                .get(..*length)
                .and_then(|text| std::str::from_utf8(text).ok())
                .unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

/// The version and the statements of a document.
fn open(root: Node) -> Result<(Version, Vec<Node>), Problem> {
    let Node::Object(members) = root else {
        return Err(wrong_shape("the policy", "an object"));
    };
    let mut version = Version::default();
    let mut statements = None;
    for (name, value) in members {
        match (name.as_str(), value) {
            ("Version", value) => version = parse_version(&value)?,
            ("Id", Node::Text(_)) => {}
            ("Id", _) => return Err(wrong_shape("Id", "a string")),
            ("Statement", Node::List(nodes)) => statements = Some(nodes),
            ("Statement", node) => statements = Some(vec![node]),
            _ => return Err(Problem::UnknownElement(quoted(&name))),
        }
    }
    match statements {
        None => Err(Problem::MissingElement("Statement")),
        Some(nodes) if nodes.is_empty() => Err(wrong_shape(
            "Statement",
            "an object or a list of objects, not empty",
        )),
        Some(nodes) => Ok((version, nodes)),
    }
}

fn parse_version(node: &Node) -> Result<Version, Problem> {
    match node {
        Node::Text(text) if text == "2008-10-17" => Ok(Version::V2008),
        Node::Text(text) if text == "2012-10-17" => Ok(Version::V2012),
        Node::Text(text) => Err(Problem::UnknownVersion(quoted(text))),
        _ => Err(wrong_shape("Version", "a string")),
    }
}

fn compile(
    node: Node,
    number: usize,
    kind: Kind,
    version: Version,
) -> Result<Statement, PolicyError> {
    let at = |statement: &StatementName| {
        let statement = Some(statement.clone());
        move |problem| PolicyError { statement, problem }
    };
    let numbered = StatementName::Number(number);
    let elements = Elements::sort(node).map_err(at(&numbered))?;
    let name = match elements.sid().map_err(at(&numbered))? {
        Some(sid) => StatementName::Sid(sid.into()),
        None => numbered,
    };
    elements
        .compile(name.clone(), kind, version)
        .map_err(at(&name))
}

/// Defines a kind of policy: parsed from JSON text, stored as the same text, equal by it.
macro_rules! policy_type {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $called:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Document);

        impl $name {
            /// Reads and compiles a policy.
            ///
            /// # Errors
            /// [`PolicyError`] for whatever isn't wholly understood.
            pub fn parse(json: &str) -> Result<Self, PolicyError> {
                Document::parse(json, $kind).map(Self)
            }

            /// The text that the policy was read from.
            pub fn as_json(&self) -> &str {
                self.0.text()
            }

            /// Which statements apply to a request. `name` is what the policy goes by in the
            /// answer: its ARN or its name.
            pub fn evaluate(&self, name: &str, request: &Request<'_>) -> Evaluation {
                let mut all = Evaluation::default();
                let action = Lowered::new(request.action);
                self.0.weigh((name, $called), request, &action, &mut all);
                all
            }

            /// How many characters count against IAM's quotas: all but white space between the
            /// elements.
            pub fn counted_characters(&self) -> usize {
                self.0.counted_characters()
            }

            pub(super) const fn document(&self) -> &Document {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = PolicyError;

            fn from_str(json: &str) -> Result<Self, Self::Err> {
                Self::parse(json)
            }
        }

        impl TryFrom<String> for $name {
            type Error = PolicyError;

            fn try_from(json: String) -> Result<Self, Self::Error> {
                Self::parse(&json)
            }
        }

        impl From<$name> for String {
            fn from(policy: $name) -> Self {
                policy.as_json().to_owned()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_json() == other.as_json()
            }
        }

        impl Eq for $name {}
    };
}

policy_type!(
    /// A role's trust policy: who may assume it. Each statement has a `Principal`, none a
    /// `Resource`, and all actions are those of assuming a role.
    TrustPolicy,
    Kind::Trust,
    PolicyKind::RoleTrust
);

impl TrustPolicy {
    /// What each allowing statement that does not apply lacks.
    pub(super) fn misses(&self, request: &Request<'_>) -> Vec<(StatementName, MissedBy)> {
        self.0.misses(request)
    }
}

policy_type!(
    /// A policy of a user, group or role: what its holder may do. Each statement has an `Action`
    /// and a `Resource`, none a `Principal`.
    IdentityPolicy,
    Kind::Identity,
    PolicyKind::IdentityBased
);

policy_type!(
    /// A policy of a resource: who may do what with it. Each statement has a `Principal`, an `Action`
    /// and a `Resource`.
    ResourcePolicy,
    Kind::Resource,
    PolicyKind::ResourceBased
);
