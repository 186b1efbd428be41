//! One statement: read, compiled, weighed against a request.

use super::condition::Condition;
use super::document::{Kind, Version};
use super::error::{Problem, quoted};
use super::explain::MissedBy;
use super::glob::Glob;
use super::json::Node;
use super::pattern::{Match, ResourcePattern};
use super::principal::{MatchedBy, PrincipalPattern, named_by, spares};
use super::verdict::Verdict;
use super::{Request, StatementName};

/// What a statement does where it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// A list that says which, or which not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope<T> {
    Only(T),
    AllBut(T),
}

/// A compiled statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    pub(super) name: StatementName,
    pub(super) effect: Effect,
    kind: Kind,
    /// None in a policy that belongs to the caller.
    pub(super) principals: Option<Scope<Vec<PrincipalPattern>>>,
    pub(super) actions: Scope<Vec<Glob>>,
    /// None in a policy that belongs to the resource.
    pub(super) resources: Option<Scope<Vec<ResourcePattern>>>,
    pub(super) conditions: Vec<Condition>,
}

/// The elements of a statement, as found.
#[derive(Default)]
pub(super) struct Elements {
    sid: Option<Node>,
    effect: Option<Node>,
    principal: Option<Node>,
    not_principal: Option<Node>,
    action: Option<Node>,
    not_action: Option<Node>,
    resource: Option<Node>,
    not_resource: Option<Node>,
    condition: Option<Node>,
}

impl Elements {
    /// Sorts the members of a statement.
    pub(super) fn sort(node: Node) -> Result<Self, Problem> {
        let Node::Object(members) = node else {
            return Err(wrong_shape("Statement", "an object or a list of objects"));
        };
        let mut elements = Self::default();
        for (name, value) in members {
            let slot = match name.as_str() {
                "Sid" => &mut elements.sid,
                "Effect" => &mut elements.effect,
                "Principal" => &mut elements.principal,
                "NotPrincipal" => &mut elements.not_principal,
                "Action" => &mut elements.action,
                "NotAction" => &mut elements.not_action,
                "Resource" => &mut elements.resource,
                "NotResource" => &mut elements.not_resource,
                "Condition" => &mut elements.condition,
                _ => return Err(Problem::UnknownElement(quoted(&name))),
            };
            *slot = Some(value);
        }
        Ok(elements)
    }

    /// The `Sid`; an empty one, which the AWS console writes, is none.
    pub(super) fn sid(&self) -> Result<Option<&str>, Problem> {
        match &self.sid {
            None => Ok(None),
            Some(Node::Text(sid)) if sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Some(sid.as_str()).filter(|sid| !sid.is_empty()))
            }
            Some(Node::Text(sid)) => Err(Problem::BadSid(quoted(sid))),
            Some(_) => Err(wrong_shape("Sid", "a string")),
        }
    }

    /// Compiles the statement.
    pub(super) fn compile(
        self,
        name: StatementName,
        kind: Kind,
        version: Version,
    ) -> Result<Statement, Problem> {
        let effect = parse_effect(self.effect)?;
        let principals = either("Principal", self.principal, self.not_principal)?;
        let actions = either("Action", self.action, self.not_action)?;
        let resources = either("Resource", self.resource, self.not_resource)?;
        kind.check_principal(principals.as_ref())?;
        kind.check_resource(resources.as_ref())?;
        let resource = |text: &str| ResourcePattern::parse(text, version);
        Ok(Statement {
            name,
            effect,
            kind,
            principals: principals
                .map(|scope| compile_principals(scope, effect))
                .transpose()?,
            actions: actions
                .ok_or(Problem::MissingElement("Action"))?
                .try_map(|node| each("Action", node, |text| kind.parse_action(text)))?,
            resources: resources
                .map(|scope| scope.try_map(|node| each("Resource", node, resource)))
                .transpose()?,
            conditions: Condition::parse_all(self.condition, version)?,
        })
    }
}

impl<T> Scope<T> {
    fn try_map<U>(self, change: impl Fn(T) -> Result<U, Problem>) -> Result<Scope<U>, Problem> {
        match self {
            Self::Only(inner) => change(inner).map(Scope::Only),
            Self::AllBut(inner) => change(inner).map(Scope::AllBut),
        }
    }
}

impl Statement {
    /// How the statement names the caller, where it applies to the request.
    ///
    /// What can't be judged, such as a number that is none, keeps an `Allow` from applying and lets
    /// a `Deny` apply.
    pub(super) fn applies(&self, request: &Request<'_>, action: &str) -> Option<MatchedBy> {
        let matched_by = self.is_about(request)?;
        if !self.covers_action(action) {
            return None;
        }
        let verdict = self.covers_resource(request);
        let verdict = self.conditions.iter().fold(verdict, |all, condition| {
            all.and(condition.judge(request.context))
        });
        let applies = match (verdict, self.effect) {
            (Verdict::Holds, _) | (Verdict::Unclear, Effect::Deny) => true,
            (Verdict::Fails, _) | (Verdict::Unclear, Effect::Allow) => false,
        };
        applies.then_some(matched_by)
    }

    /// What of an allowing statement does not fit first; nothing where it applies.
    pub(super) fn missed_by(&self, request: &Request<'_>, action: &str) -> Option<MissedBy> {
        if self.is_about(request).is_none() {
            return Some(MissedBy::Principal);
        }
        if !self.covers_action(action) {
            return Some(MissedBy::Action);
        }
        let fails = |condition: &&Condition| condition.judge(request.context) != Verdict::Holds;
        let condition = self.conditions.iter().find(fails)?;
        Some(condition.missed(request.context))
    }

    fn is_about(&self, request: &Request<'_>) -> Option<MatchedBy> {
        match &self.principals {
            None => Some(MatchedBy::Holder),
            Some(Scope::Only(list)) => named_by(list, request.caller, self.kind),
            Some(Scope::AllBut(list)) => {
                (!spares(list, request.caller)).then_some(MatchedBy::Anyone)
            }
        }
    }

    /// `action` is in lower case, as the patterns are.
    pub(super) fn covers_action(&self, action: &str) -> bool {
        let any = |list: &[Glob]| list.iter().any(|pattern| pattern.matches(action));
        match &self.actions {
            Scope::Only(list) => any(list),
            Scope::AllBut(list) => !any(list),
        }
    }

    /// A resource with a variable that can't be resolved matches nothing (IAM, "Policy variables").
    /// Under `NotResource` that would make an `Allow` wider, so there it is unclear.
    fn covers_resource(&self, request: &Request<'_>) -> Verdict {
        let any = |list: &[ResourcePattern], wanted: Match| {
            list.iter()
                .any(|pattern| pattern.matches(request.resource, request.context) == wanted)
        };
        match &self.resources {
            Some(Scope::Only(list)) => any(list, Match::Yes).into(),
            Some(Scope::AllBut(list)) if any(list, Match::Yes) => Verdict::Fails,
            Some(Scope::AllBut(list)) if any(list, Match::Unresolved) => Verdict::Unclear,
            Some(Scope::AllBut(_)) | None => Verdict::Holds,
        }
    }
}

fn parse_effect(node: Option<Node>) -> Result<Effect, Problem> {
    match node {
        None => Err(Problem::MissingElement("Effect")),
        Some(Node::Text(text)) => match text.as_str() {
            "Allow" => Ok(Effect::Allow),
            "Deny" => Ok(Effect::Deny),
            _ => Err(Problem::BadEffect(quoted(&text))),
        },
        Some(_) => Err(wrong_shape("Effect", "\"Allow\" or \"Deny\"")),
    }
}

fn either(
    element: &'static str,
    only: Option<Node>,
    all_but: Option<Node>,
) -> Result<Option<Scope<Node>>, Problem> {
    match (only, all_but) {
        (Some(_), Some(_)) => Err(Problem::BothForms(element)),
        (Some(only), None) => Ok(Some(Scope::Only(only))),
        (None, Some(all_but)) => Ok(Some(Scope::AllBut(all_but))),
        (None, None) => Ok(None),
    }
}

fn compile_principals(
    scope: Scope<Node>,
    effect: Effect,
) -> Result<Scope<Vec<PrincipalPattern>>, Problem> {
    if matches!(scope, Scope::AllBut(_)) && effect == Effect::Allow {
        return Err(Problem::NotPrincipalAllows);
    }
    scope.try_map(parse_principals)
}

fn parse_principals(node: Node) -> Result<Vec<PrincipalPattern>, Problem> {
    const SHAPE: &str = "\"*\" or an object such as {\"Federated\": \"arn:…\"}";
    let members = match node {
        Node::Text(text) if text == "*" => return Ok(vec![PrincipalPattern::Anyone]),
        Node::Text(text) => {
            return Err(Problem::BadPrincipal {
                kind: String::new(),
                value: quoted(&text),
            });
        }
        Node::Object(members) if !members.is_empty() => members,
        _ => return Err(wrong_shape("Principal", SHAPE)),
    };
    let mut patterns = Vec::new();
    for (kind, values) in members {
        patterns.extend(each("Principal", values, |value| {
            PrincipalPattern::parse(&kind, value)
        })?);
    }
    Ok(patterns)
}

/// Parses each of one string or a list of them.
fn each<T>(
    element: &str,
    node: Node,
    parse: impl Fn(&str) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let shape = || wrong_shape(element, "a string or a list of strings, not empty");
    let items = match node {
        Node::List(items) if items.is_empty() => return Err(shape()),
        Node::List(items) => items,
        single => vec![single],
    };
    items
        .iter()
        .map(|item| match item {
            Node::Text(text) => parse(text),
            _ => Err(shape()),
        })
        .collect()
}

pub(super) fn wrong_shape(element: &str, must_be: &'static str) -> Problem {
    Problem::WrongShape {
        element: quoted(element),
        must_be,
    }
}
