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
    let same = |(key, _): &(&String, &Key)| key.eq_ignore_ascii_case(name);
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
    let at = In {
        scene,
        is_new,
        lean,
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
        holds(at, operator, key, &values)
    })
}

/// What is the same for every condition of a statement.
#[derive(Clone, Copy)]
struct In<'a> {
    scene: &'a Scene,
    is_new: bool,
    lean: bool,
}

fn holds(at: In<'_>, operator: &str, name: &str, operands: &[String]) -> bool {
    let In {
        scene,
        is_new,
        lean,
    } = at;
    let value = key(scene, name);
    if operator == "Null" {
        return value.is_none() == operands[0].eq_ignore_ascii_case("true");
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

/// The caller's side.
struct Own {
    identity: Applying,
    boundary: Option<Applying>,
    session: Option<Applying>,
}

impl Own {
    fn new(scene: &Scene) -> Self {
        let boundary = scene.boundary.as_ref().map(std::slice::from_ref);
        Self {
            identity: apply(scene, &of("identity-based policy", &scene.identity)),
            boundary: boundary.map(|it| apply(scene, &of("permissions boundary", it))),
            session: scene
                .session
                .as_ref()
                .map(|it| apply(scene, &of("session policy", it))),
        }
    }

    fn denies(&self) -> Vec<(String, String, String)> {
        let bounds = [&self.boundary, &self.session].into_iter().flatten();
        let all = std::iter::once(&self.identity).chain(bounds);
        all.flat_map(|it| it.denies.clone()).collect()
    }

    /// The bound that is silent.
    fn missing_bound(&self, who: &Who) -> Option<&'static str> {
        let boundary_allows = self
            .boundary
            .as_ref()
            .is_none_or(|it| !it.allows.is_empty());
        let session_allows = match &self.session {
            Some(session) => !session.allows.is_empty(),
            None => who.kind != Kind::FederatedUser,
        };
        match (boundary_allows, session_allows) {
            (false, _) => Some("permissions boundary"),
            (true, false) => Some("session policy"),
            (true, true) => None,
        }
    }

    /// Whatever is silent.
    fn missing(&self, who: &Who) -> Option<&'static str> {
        if who.kind != Kind::Root && self.identity.allows.is_empty() {
            return Some("identity-based policy");
        }
        self.missing_bound(who)
    }
}

/// Every way in which an allowing statement of the resource names the caller, as far as it counts.
fn named(scene: &Scene, theirs: Applying) -> Vec<Named> {
    let who = &scene.who;
    let mut named: Vec<Named> = theirs.allows.into_iter().flatten().collect();
    let role = format!(
        "arn:{}:iam::{}:role{}{}",
        who.partition, who.account, who.path, who.name
    );
    let is_trust = matches!(scene.theirs, Theirs::Trust(_));
    if is_trust && who.kind == Kind::Session && role == scene.resource {
        named.retain(|way| [Named::Itself, Named::Role].contains(way));
    }
    if is_trust && who.kind == Kind::Service {
        named.retain(|way| *way == Named::Itself);
    }
    named
}

/// The answer by section "evaluation" of the definition: `both` says that the caller's own policies
/// must allow, whomever the resource names.
fn decide(scene: &Scene, theirs_scene: &Scene, both: bool) -> Answer {
    let own = Own::new(scene);
    let (kind, document) = match &scene.theirs {
        Theirs::Nothing => ("resource-based policy", None),
        Theirs::Policy(document) => ("resource-based policy", Some(document)),
        Theirs::Trust(document) => ("role trust policy", Some(document)),
    };
    let theirs = document.map(std::slice::from_ref).unwrap_or_default();
    let theirs = apply(theirs_scene, &of(kind, theirs));
    let mut denies = theirs.denies.clone();
    denies.extend(own.denies());
    if !denies.is_empty() {
        return Answer::Denied(denies);
    }

    let who = &scene.who;
    let named = named(scene, theirs);
    let unless = |missing: Option<&str>| {
        missing.map_or(Answer::Allowed, |kind| Answer::Silent(kind.to_owned()))
    };
    let theirs_missing = named.is_empty().then_some(kind);
    let has_account = !matches!(who.kind, Kind::Service | Kind::Provider | Kind::Anonymous);
    if !has_account {
        return unless(theirs_missing);
    }
    if who.partition != scene.owner.0 {
        return unless(Some(kind));
    }
    if who.account != scene.owner.1 || both {
        return unless(own.missing(who).or(theirs_missing));
    }
    let is_trust = matches!(scene.theirs, Theirs::Trust(_));
    if is_trust && named.is_empty() {
        return unless(Some(kind));
    }
    if named.contains(&Named::Itself) || (!is_trust && named.contains(&Named::Everybody)) {
        return Answer::Allowed;
    }
    if named.contains(&Named::Role) {
        return unless(own.missing_bound(who));
    }
    unless(own.missing(who))
}

pub fn answer(scene: &Scene) -> Answer {
    decide(scene, scene, false)
}

type Tag = (&'static str, &'static str, bool);

fn set(scene: &mut Scene, name: &str, value: Key) {
    let same = |key: &String| key.eq_ignore_ascii_case(name);
    scene.keys.retain(|key, _| !same(key));
    scene.keys.insert(name.to_owned(), value);
}

fn one(text: &str) -> Key {
    Key::One(text.to_owned())
}

/// The keys that say what the session will be.
fn with_session(call: &Call, source: Option<&str>) -> Scene {
    let mut scene = call.scene.clone();
    set(&mut scene, "sts:RoleSessionName", one("next"));
    let source = source.map_or(Key::Many(Vec::new()), one);
    set(&mut scene, "sts:SourceIdentity", source);
    for (key, value, _) in &call.tags {
        set(&mut scene, &format!("aws:RequestTag/{key}"), one(value));
    }
    let keys = |wanted: fn(&&Tag) -> bool| {
        let tags = call.tags.iter().filter(wanted);
        Key::Many(tags.map(|tag| tag.0.to_owned()).collect())
    };
    set(&mut scene, "aws:TagKeys", keys(|_| true));
    set(&mut scene, "sts:TransitiveTagKeys", keys(|tag| tag.2));
    scene
}

/// `sts:AssumeRole` by a signed call.
pub fn answer_call(call: &Call) -> CallAnswer {
    let refused = |why: &str| CallAnswer::Refused(why.to_owned());
    match call.scene.who.kind {
        Kind::Root => return refused("root"),
        Kind::Provider | Kind::Anonymous => return refused("sts:AssumeRole: not signed"),
        _ => {}
    }
    let passed: Vec<&Tag> = call.session_tags.iter().filter(|tag| tag.2).collect();
    let is_passed = |tag: &Tag| {
        let same = |it: &&Tag| it.0.to_lowercase() == tag.0.to_lowercase();
        passed.iter().any(same)
    };
    if call.tags.iter().any(is_passed) {
        return refused("inherited tag");
    }
    if let (Some(set), Some(asked)) = (call.session_source, call.source)
        && set != asked
    {
        return refused("sts:SetSourceIdentity: fixed");
    }
    let source = call.session_source.or(call.source);
    let tags: Vec<Tag> = passed.iter().copied().chain(&call.tags).copied().collect();
    if let Some(why) = refusal(call, source, &passed, &tags) {
        return CallAnswer::Refused(why);
    }
    if call.is_temporary && call.seconds > 3600 {
        return refused("chained too long");
    }
    if call.seconds > call.longest {
        return refused("too long");
    }
    let text = |(key, value, transitive): Tag| (key.to_owned(), value.to_owned(), transitive);
    CallAnswer::Permitted {
        tags: tags.into_iter().map(text).collect(),
        source: source.map(str::to_owned),
    }
}

/// The first action that is not allowed, and why.
fn refusal(call: &Call, source: Option<&str>, passed: &[&Tag], tags: &[Tag]) -> Option<String> {
    let mut scene = with_session(call, source);
    let mut theirs = scene.clone();
    for (key, value, _) in passed {
        for prefix in ["aws:ResourceTag/", "iam:ResourceTag/"] {
            set(&mut theirs, &format!("{prefix}{key}"), one(value));
        }
    }
    let tag = (!tags.is_empty()).then_some("sts:TagSession");
    let identify = source.map(|_| "sts:SetSourceIdentity");
    let actions = std::iter::once("sts:AssumeRole").chain(tag);
    for action in actions.chain(identify) {
        action.clone_into(&mut scene.action);
        action.clone_into(&mut theirs.action);
        let both = action == "sts:SetSourceIdentity" && scene.who.kind == Kind::Session;
        match decide(&scene, &theirs, both) {
            Answer::Allowed => {}
            Answer::Denied(_) => return Some(format!("{action}: denied")),
            Answer::Silent(kind) => return Some(format!("{action}: no {kind}")),
        }
    }
    None
}
