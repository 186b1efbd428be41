//! What both evaluators are asked: who calls, with what policies, for what. Plain texts and JSON.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a condition key is in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    One(String),
    Many(Vec<String>),
    Unreadable,
}

/// The kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Root,
    User,
    Session,
    FederatedUser,
    Service,
    Provider,
    Anonymous,
}

/// Who calls.
#[derive(Debug, Clone)]
pub struct Who {
    pub kind: Kind,
    pub partition: &'static str,
    pub account: &'static str,
    /// A user's, `/` or `/…/`; a session's is its role's.
    pub path: &'static str,
    /// Of the user, role, federated user, service or provider.
    pub name: &'static str,
    /// Of the user or role.
    pub id: &'static str,
    /// The name of a role's session.
    pub session: &'static str,
}

/// What the resource says.
#[derive(Debug, Clone)]
pub enum Theirs {
    Nothing,
    Trust(Value),
    Policy(Value),
}

/// One question.
#[derive(Debug, Clone)]
pub struct Scene {
    pub who: Who,
    pub identity: Vec<Value>,
    pub boundary: Option<Value>,
    pub session: Option<Vec<Value>>,
    pub theirs: Theirs,
    /// The resource's partition and account.
    pub owner: (&'static str, &'static str),
    pub action: String,
    pub resource: String,
    pub keys: BTreeMap<String, Key>,
}

/// What is asked for beside, where a role is assumed by a signed call.
#[derive(Debug, Clone)]
pub struct Call {
    pub scene: Scene,
    pub is_temporary: bool,
    pub session_tags: Vec<(&'static str, &'static str, bool)>,
    pub session_source: Option<&'static str>,
    pub tags: Vec<(&'static str, &'static str, bool)>,
    pub source: Option<&'static str>,
    pub seconds: u32,
    pub longest: u32,
}

/// The answer to a [`Scene`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Allowed,
    /// By these statements: kind, policy, place.
    Denied(Vec<(String, String, String)>),
    /// No policy of this kind allows it.
    Silent(String),
}

/// The answer to a [`Call`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallAnswer {
    /// With these tags and this source identity.
    Permitted {
        tags: Vec<(String, String, bool)>,
        source: Option<String>,
    },
    Refused(String),
}
