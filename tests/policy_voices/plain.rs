//! A second evaluator, written from the language's definition and not from `src/policy`: it reads the
//! JSON anew for every question, tries every way that a star can go, and knows no third truth value.
//!
//! Instead it *leans*: what can't be judged counts against the caller, so that a condition of an
//! `Allow` leans to failing and one of a `Deny` to holding.

use serde_json::Value;

use crate::compare;
use crate::scene::{Answer, Call, CallAnswer, Key, Kind, Scene, Theirs, Who};
use crate::texts::{self, Token};

/// How a resource's statement names the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    Account,
    Role,
    Everybody,
    Itself,
}

/// One policy as it is to a request.
struct Policy<'a> {
    kind: &'static str,
    name: String,
    document: &'a Value,
}

/// What of one kind applies.
#[derive(Default)]
struct Applying {
    /// Every way in which a statement that allows names the caller.
    allows: Vec<Vec<Named>>,
    denies: Vec<(String, String, String)>,
}

pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

/// A scalar of a condition as text.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn key<'a>(scene: &'a Scene, name: &str) -> Option<&'a Key> {
    let same = |(key, _): &(&String, &Key)| key.to_ascii_lowercase() == name.to_ascii_lowercase();
    let (_, value) = scene.keys.iter().find(same)?;
    match value {
        Key::Many(values) if values.is_empty() => None,
        other => Some(other),
    }
}

/// The value of a variable.
pub fn variable(scene: &Scene, name: &str) -> Option<String> {
    match key(scene, name) {
        Some(Key::One(value)) => Some(value.clone()),
        _ => None,
    }
}

pub fn is_absent(scene: &Scene, name: &str) -> bool {
    key(scene, name).is_none()
}

fn apply(scene: &Scene, policies: &[Policy<'_>]) -> Applying {
    let mut found = Applying::default();
    for policy in policies {
        let is_new = policy.document.get("Version") == Some(&Value::from("2012-10-17"));
        for (index, statement) in list(&policy.document["Statement"]).into_iter().enumerate() {
            let is_deny = statement["Effect"] == "Deny";
            let named = match names(scene, statement) {
                Says::No => continue,
                Says::Nobody => Vec::new(),
                Says::Yes(ways) => ways,
            };
            let all = covers_action(scene, statement)
                && covers_resource(scene, statement, is_new, is_deny)
                && holds_all(scene, statement, is_new, is_deny);
            if !all {
                continue;
            }
            if is_deny {
                let sid = statement.get("Sid").and_then(Value::as_str);
                let place = sid.filter(|sid| !sid.is_empty()).map(str::to_owned);
                let place = place.unwrap_or_else(|| (index + 1).to_string());
                found
                    .denies
                    .push((policy.kind.to_owned(), policy.name.clone(), place));
            } else {
                found.allows.push(named);
            }
        }
    }
    found
}

/// Whether a statement is about the caller.
enum Says {
    /// It has no principals, since it is the caller's own.
    Nobody,
    Yes(Vec<Named>),
    No,
}

fn names(scene: &Scene, statement: &Value) -> Says {
    if let Some(principal) = statement.get("Principal") {
        let ways = ways(&scene.who, principal);
        return if ways.is_empty() {
            Says::No
        } else {
            Says::Yes(ways)
        };
    }
    let Some(principal) = statement.get("NotPrincipal") else {
        return Says::Nobody;
    };
    let ways = ways(&scene.who, principal);
    let has = |way| ways.contains(&way);
    let is_spared = has(Named::Everybody)
        || match scene.who.kind {
            Kind::Root => has(Named::Account),
            Kind::User | Kind::FederatedUser => has(Named::Account) && has(Named::Itself),
            Kind::Session => has(Named::Account) && has(Named::Role) && has(Named::Itself),
            Kind::Service | Kind::Provider => has(Named::Itself),
            Kind::Anonymous => false,
        };
    if is_spared {
        Says::No
    } else {
        Says::Yes(vec![Named::Everybody])
    }
}

/// Every way in which a `Principal` names the caller.
fn ways(who: &Who, principal: &Value) -> Vec<Named> {
    if principal == "*" {
        return vec![Named::Everybody];
    }
    let mut found = Vec::new();
    for (kind, values) in principal.as_object().unwrap() {
        for value in list(values) {
            found.extend(way(who, kind, value.as_str().unwrap()));
        }
    }
    found
}

fn way(who: &Who, kind: &str, value: &str) -> Option<Named> {
    let Who {
        partition,
        account,
        path,
        name,
        id,
        session,
        ..
    } = who;
    let itself = |text: String| (value == text).then_some(Named::Itself);
    match (kind, who.kind) {
        ("AWS", _) if value == "*" => Some(Named::Everybody),
        ("AWS", Kind::Root | Kind::User | Kind::Session | Kind::FederatedUser)
            if value == *account || value == format!("arn:{partition}:iam::{account}:root") =>
        {
            Some(Named::Account)
        }
        ("AWS", Kind::User) if value == *id => Some(Named::Itself),
        ("AWS", Kind::User) => itself(format!("arn:{partition}:iam::{account}:user{path}{name}")),
        ("AWS", Kind::Session) => {
            let role = format!("arn:{partition}:iam::{account}:role{path}{name}");
            if value == *id || value == role {
                return Some(Named::Role);
            }
            itself(format!(
                "arn:{partition}:sts::{account}:assumed-role/{name}/{session}"
            ))
        }
        ("AWS", Kind::FederatedUser) => itself(format!(
            "arn:{partition}:sts::{account}:federated-user/{name}"
        )),
        ("Service", Kind::Service) | ("Federated", Kind::Provider) => itself((*name).to_owned()),
        _ => None,
    }
}

fn covers_action(scene: &Scene, statement: &Value) -> bool {
    let wanted = scene.action.to_ascii_lowercase();
    let any = |patterns: &Value| {
        list(patterns).into_iter().any(|pattern| {
            let pattern = pattern.as_str().unwrap().to_ascii_lowercase();
            texts::fits(&texts::tokens(&pattern, true, false), &wanted)
        })
    };
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), _) => any(actions),
        (None, Some(actions)) => !any(actions),
        (None, None) => panic!("no action"),
    }
}

/// The tokens of a text in this request; none where a variable has no value.
pub fn resolved(scene: &Scene, tokens: &[Token]) -> Option<Vec<Token>> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            Token::Variable(name, default) => {
                let value = if is_absent(scene, name) {
                    default.clone()
                } else {
                    variable(scene, name)
                };
                all.extend(value?.chars().map(Token::Char));
            }
            other => all.push(other.clone()),
        }
    }
    Some(all)
}

fn covers_resource(scene: &Scene, statement: &Value, is_new: bool, is_deny: bool) -> bool {
    let matches = |patterns: &Value| -> Vec<Option<bool>> {
        let patterns = list(patterns).into_iter();
        let one = |pattern: &Value| {
            let tokens = texts::tokens(pattern.as_str().unwrap(), true, is_new);
            Some(texts::fits(&resolved(scene, &tokens)?, &scene.resource))
        };
        patterns.map(one).collect()
    };
    match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(patterns), _) => matches(patterns).contains(&Some(true)),
        (None, Some(patterns)) => {
            let matches = matches(patterns);
            let is_unclear = matches.contains(&None);
            !matches.contains(&Some(true)) && (!is_unclear || is_deny)
        }
        (None, None) => true,
    }
}

fn holds_all(scene: &Scene, statement: &Value, is_new: bool, lean: bool) -> bool {
    let Some(condition) = statement.get("Condition") else {
        return true;
    };
    let operators = condition.as_object().unwrap().iter();
    let mut all = operators.flat_map(|(operator, keys)| {
        keys.as_object()
            .unwrap()
            .iter()
            .map(move |(key, values)| (operator, key, values))
    });
    all.all(|(operator, key, values)| {
        let values: Vec<String> = list(values).into_iter().map(scalar).collect();
        holds(scene, operator, key, &values, is_new, lean)
    })
}

fn holds(
    scene: &Scene,
    operator: &str,
    name: &str,
    operands: &[String],
    is_new: bool,
    lean: bool,
) -> bool {
    let value = key(scene, name);
    if operator == "Null" {
        return value.is_none() == (operands[0].to_ascii_lowercase() == "true");
    }
    let (of_set, operator) = match operator.split_once(':') {
        Some((of_set, operator)) => (Some(of_set), operator),
        None => (None, operator),
    };
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let is_negated = operator.contains("Not");
    let one = |value: &str| {
        let mut all = operands
            .iter()
            .map(|operand| compare::one(scene, operator, value, operand, is_new));
        if is_negated {
            all.all(|matches| matches.map_or(lean, |matches| !matches))
        } else {
            all.any(|matches| matches.unwrap_or(lean))
        }
    };
    match (value, of_set) {
        (None, _) if if_exists => true,
        (None, Some("ForAllValues")) => true,
        (None, Some("ForAnyValue")) => false,
        (None, _) => is_negated,
        (Some(Key::Unreadable), _) | (Some(Key::Many(_)), None) => lean,
        (Some(Key::One(value)), _) => one(value),
        (Some(Key::Many(values)), Some("ForAllValues")) => values.iter().all(|it| one(it)),
        (Some(Key::Many(values)), _) => values.iter().any(|it| one(it)),
    }
}

fn of<'a>(kind: &'static str, documents: &'a [Value]) -> Vec<Policy<'a>> {
    let named = |(index, document)| Policy {
        kind,
        name: format!("{kind} {index}"),
        document,
    };
    documents.iter().enumerate().map(named).collect()
}

/// The answer by section "evaluation" of the definition: `both` says that the caller's own policies
/// must allow, whomever the resource names.
fn decide(scene: &Scene, theirs_scene: &Scene, both: bool) -> Answer {
    let own = apply(scene, &of("identity-based policy", &scene.identity));
    let boundary = scene.boundary.as_ref().map(std::slice::from_ref);
    let boundary = boundary.map(|it| apply(scene, &of("permissions boundary", it)));
    let session = scene
        .session
        .as_ref()
        .map(|it| apply(scene, &of("session policy", it)));
    let (kind, document) = match &scene.theirs {
        Theirs::Nothing => ("resource-based policy", None),
        Theirs::Policy(document) => ("resource-based policy", Some(document)),
        Theirs::Trust(document) => ("role trust policy", Some(document)),
    };
    let theirs = document.map(std::slice::from_ref).unwrap_or_default();
    let theirs = apply(theirs_scene, &of(kind, theirs));

    let mut denies = theirs.denies;
    denies.extend(own.denies);
    for bound in [&boundary, &session].into_iter().flatten() {
        denies.extend(bound.denies.clone());
    }
    if !denies.is_empty() {
        return Answer::Denied(denies);
    }

    let who = &scene.who;
    let silent = |kind: &str| Answer::Silent(kind.to_owned());
    let mut named: Vec<Named> = theirs.allows.into_iter().flatten().collect();
    let has_account = !matches!(who.kind, Kind::Service | Kind::Provider | Kind::Anonymous);
    if !has_account {
        return if named.is_empty() {
            silent(kind)
        } else {
            Answer::Allowed
        };
    }
    if who.partition != scene.owner.0 {
        return silent(kind);
    }
    let role = format!(
        "arn:{}:iam::{}:role{}{}",
        who.partition, who.account, who.path, who.name
    );
    let is_trust = matches!(scene.theirs, Theirs::Trust(_));
    if is_trust && who.kind == Kind::Session && role == scene.resource {
        named.retain(|way| [Named::Itself, Named::Role].contains(way));
    }

    let identity_allows = who.kind == Kind::Root || !own.allows.is_empty();
    let boundary_allows = boundary.is_none_or(|it| !it.allows.is_empty());
    let session_allows = match session {
        Some(session) => !session.allows.is_empty(),
        None => who.kind != Kind::FederatedUser,
    };
    let bounds = if !boundary_allows {
        Some("permissions boundary")
    } else if !session_allows {
        Some("session policy")
    } else {
        None
    };
    let own_side = if identity_allows {
        bounds
    } else {
        Some("identity-based policy")
    };

    let is_foreign = who.account != scene.owner.1;
    if is_foreign || both {
        return match own_side {
            Some(kind) => silent(kind),
            None if named.is_empty() => silent(kind),
            None => Answer::Allowed,
        };
    }
    if is_trust && named.is_empty() {
        return silent(kind);
    }
    if named.contains(&Named::Itself) || (!is_trust && named.contains(&Named::Everybody)) {
        return Answer::Allowed;
    }
    let missing = if named.contains(&Named::Role) {
        bounds
    } else {
        own_side
    };
    missing.map_or(Answer::Allowed, silent)
}

pub fn answer(scene: &Scene) -> Answer {
    decide(scene, scene, false)
}

/// `sts:AssumeRole` by a signed call.
pub fn answer_call(call: &Call) -> CallAnswer {
    let refused = |why: &str| CallAnswer::Refused(why.to_owned());
    match call.scene.who.kind {
        Kind::Root => return refused("root"),
        Kind::Provider | Kind::Anonymous => return refused("sts:AssumeRole: not signed"),
        _ => {}
    }
    let passed: Vec<_> = call.session_tags.iter().filter(|tag| tag.2).collect();
    for tag in &call.tags {
        if passed
            .iter()
            .any(|it| it.0.to_lowercase() == tag.0.to_lowercase())
        {
            return refused("inherited tag");
        }
    }
    if let (Some(set), Some(asked)) = (call.session_source, call.source)
        && set != asked
    {
        return refused("sts:SetSourceIdentity: fixed");
    }
    let source = call.session_source.or(call.source);

    let mut scene = call.scene.clone();
    let mut set = |name: &str, value: Key| {
        scene
            .keys
            .retain(|key, _| key.to_ascii_lowercase() != name.to_ascii_lowercase());
        scene.keys.insert(name.to_owned(), value);
    };
    let one = |text: &str| Key::One(text.to_owned());
    set("sts:RoleSessionName", one("next"));
    set(
        "sts:SourceIdentity",
        source.map_or(Key::Many(Vec::new()), one),
    );
    for (key, value, _) in &call.tags {
        set(&format!("aws:RequestTag/{key}"), one(value));
    }
    let keys = |wanted: fn(&bool) -> bool| {
        let tags = call.tags.iter().filter(|tag| wanted(&tag.2));
        Key::Many(tags.map(|tag| tag.0.to_owned()).collect())
    };
    set("aws:TagKeys", keys(|_| true));
    set("sts:TransitiveTagKeys", keys(|transitive| *transitive));
    let mut theirs = scene.clone();
    for (key, value, _) in &passed {
        for prefix in ["aws:ResourceTag/", "iam:ResourceTag/"] {
            let name = format!("{prefix}{key}");
            theirs
                .keys
                .retain(|key, _| key.to_ascii_lowercase() != name.to_ascii_lowercase());
            theirs.keys.insert(name, one(value));
        }
    }

    let mut actions = vec!["sts:AssumeRole"];
    if !call.tags.is_empty() || !passed.is_empty() {
        actions.push("sts:TagSession");
    }
    if source.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    for action in actions {
        scene.action = action.to_owned();
        theirs.action = action.to_owned();
        let both = action == "sts:SetSourceIdentity" && scene.who.kind == Kind::Session;
        match decide(&scene, &theirs, both) {
            Answer::Allowed => {}
            Answer::Denied(_) => return refused(&format!("{action}: denied")),
            Answer::Silent(kind) => return refused(&format!("{action}: no {kind}")),
        }
    }
    if call.is_temporary && call.seconds > 3600 {
        return refused("chained too long");
    }
    if call.seconds > call.longest {
        return refused("too long");
    }
    let text = |(key, value, transitive): &(&str, &str, bool)| {
        ((*key).to_owned(), (*value).to_owned(), *transitive)
    };
    let tags = passed.into_iter().chain(&call.tags).map(text).collect();
    CallAnswer::Permitted {
        tags,
        source: source.map(str::to_owned),
    }
}
