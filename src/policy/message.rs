//! What `DecodeAuthorizationMessage` tells of a refusal (STS API reference).
//!
//! It quotes policies and condition keys, so it is for whoever may decode messages and for nobody
//! else: a caller gets it sealed.

use serde::Serialize;

use super::authorise::{Authorisation, Refusal};
use super::authority::{Authority, Boundary, PolicyKind, SessionBounds, Target, TargetPolicy};
use super::caller::Caller;
use super::context::Values;
use super::decide::{Request, StatementRef};
use super::document::Document;
use super::json::Node;
use super::principal::MatchedBy;

/// A decision's JSON has at most this many bytes, so that it fits the 10,240 characters of an encoded
/// message once it is sealed. A longer one is told without its statements, and then without its keys.
pub const MAX_MESSAGE_BYTES: usize = 7_000;

/// The JSON text of a decision. `authority` and `target` are those that it was made with.
pub fn authorization_message(
    request: &Request<'_>,
    authority: &Authority<'_>,
    target: &Target<'_>,
    decision: &Authorisation,
) -> String {
    let statements: Vec<&StatementRef> = match decision {
        Authorisation::Allow { by } => by.iter().collect(),
        Authorisation::Deny(Refusal::Explicit { by, others }) => {
            std::iter::once(by).chain(others).collect()
        }
        Authorisation::Deny(Refusal::Silent(_)) => Vec::new(),
    };
    let told = statements.into_iter().filter_map(|it| {
        let documents = documents(it, authority, target).into_iter();
        let mut found = documents.filter_map(|document| document.written(&it.statement));
        found
            .next()
            .map(|node| Statement::new(it, &node, request.caller))
    });
    let mut message = Message {
        allowed: decision.is_allowed(),
        explicit_deny: matches!(decision, Authorisation::Deny(Refusal::Explicit { .. })),
        matched_statements: told.collect(),
        failures: Items::none(),
        context: About::new(request),
    };
    if message.json().len() > MAX_MESSAGE_BYTES {
        message.matched_statements = Items::none();
    }
    if message.json().len() > MAX_MESSAGE_BYTES {
        message.context.conditions = Items::none();
    }
    message.json()
}

/// The policies of that kind and name.
fn documents<'a>(
    statement: &StatementRef,
    authority: &Authority<'a>,
    target: &Target<'a>,
) -> Vec<&'a Document> {
    let named = match statement.kind {
        PolicyKind::IdentityBased => authority.identity,
        PolicyKind::Session => match authority.session {
            SessionBounds::Unbounded => &[],
            SessionBounds::Within(list) => list,
        },
        PolicyKind::PermissionsBoundary => match authority.boundary {
            Boundary::Unbounded => return Vec::new(),
            Boundary::Within(named) => return vec![named.policy.document()],
        },
        PolicyKind::ResourceBased | PolicyKind::RoleTrust => match target.policy {
            TargetPolicy::Silent => return Vec::new(),
            TargetPolicy::Trust { policy, .. } => return vec![policy.document()],
            TargetPolicy::Resource { policy, .. } => return vec![policy.document()],
        },
    };
    let same_name = named.iter().filter(|it| *it.name == *statement.policy);
    same_name.map(|it| it.policy.document()).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    allowed: bool,
    explicit_deny: bool,
    matched_statements: Items<Statement>,
    failures: Items<String>,
    context: About,
}

impl Message {
    /// Maps with other keys than strings alone can't be written, and there are none.
    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// AWS's list: an object with the member `items`.
#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}

impl<T> Items<T> {
    const fn none() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T> FromIterator<T> for Items<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self {
            items: items.into_iter().collect(),
        }
    }
}

#[derive(Serialize)]
struct Value {
    value: String,
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self { value }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "statementId")]
    id: String,
    effect: &'static str,
    principals: Items<Value>,
    principal_groups: Items<Value>,
    actions: Items<Value>,
    resources: Items<Value>,
    conditions: Items<Key>,
}

impl Statement {
    fn new(statement: &StatementRef, written: &Node, caller: Caller<'_>) -> Self {
        let sid = written.member("Sid").and_then(Node::as_text);
        let effect = written.member("Effect").and_then(Node::as_text);
        let of = |names: [&str; 2]| names.into_iter().find_map(|name| written.member(name));
        let list = |names| {
            of(names)
                .map(texts)
                .unwrap_or_default()
                .into_iter()
                .map(Value::from)
        };
        let principals = if statement.matched_by == MatchedBy::Holder {
            holder(caller).into_iter().map(Value::from).collect()
        } else {
            list(["Principal", "NotPrincipal"]).collect()
        };
        Self {
            id: sid.unwrap_or_default().to_owned(),
            effect: if effect == Some("Deny") {
                "DENY"
            } else {
                "ALLOW"
            },
            principals,
            principal_groups: Items::none(),
            actions: list(["Action", "NotAction"]).collect(),
            resources: list(["Resource", "NotResource"]).collect(),
            conditions: written
                .member("Condition")
                .map(keys)
                .unwrap_or_default()
                .into_iter()
                .collect(),
        }
    }
}

/// The unique id of whose the policy is: a session's role, a user.
fn holder(caller: Caller<'_>) -> Option<String> {
    match caller {
        Caller::Session(session) => Some(session.role_id.to_string()),
        other => other.user_id(),
    }
}

/// Every text in an element: one, a list of them, or, of principals, an object of such.
fn texts(node: &Node) -> Vec<String> {
    match node {
        Node::Text(text) | Node::Number(text) => vec![text.clone()],
        Node::Bool(value) => vec![value.to_string()],
        Node::List(items) => items.iter().flat_map(texts).collect(),
        Node::Object(members) => members.iter().flat_map(|(_, value)| texts(value)).collect(),
        Node::Null => Vec::new(),
    }
}

/// Every key of a `Condition`, whatever its operator.
fn keys(condition: &Node) -> Vec<Key> {
    let members = |node: &Node| match node {
        Node::Object(members) => members.clone(),
        _ => Vec::new(),
    };
    let operators = members(condition).into_iter();
    let keys = operators.flat_map(|(_, keys)| members(&keys));
    keys.map(|(key, values)| Key {
        key,
        values: texts(&values).into_iter().map(Value::from).collect(),
    })
    .collect()
}

#[derive(Serialize)]
struct Key {
    key: String,
    values: Items<Value>,
}

/// The request.
#[derive(Serialize)]
struct About {
    principal: Principal,
    action: String,
    resource: String,
    conditions: Items<Key>,
}

#[derive(Serialize)]
struct Principal {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    arn: String,
}

impl About {
    fn new(request: &Request<'_>) -> Self {
        let caller = request.caller;
        let keys = request.context.iter().map(|(key, values)| Key {
            key: key.to_owned(),
            values: match values {
                Values::One(value) => Items::from_iter([value.clone().into_owned().into()]),
                Values::Many(list) => list
                    .iter()
                    .map(|it| it.clone().into_owned().into())
                    .collect(),
                Values::Unreadable => Items::none(),
            },
        });
        Self {
            principal: Principal {
                id: caller.user_id().unwrap_or_default(),
                name: match caller {
                    Caller::User { name, .. } => Some(name.to_string()),
                    _ => None,
                },
                arn: caller.arn().unwrap_or_default(),
            },
            action: request.action.to_owned(),
            resource: request.resource.to_owned(),
            conditions: keys.collect(),
        }
    }
}
