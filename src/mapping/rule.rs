//! One rule: read, checked, and applied to one person.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::apply::MappedRole;
use super::condition::{Condition, TooManyCombinations, claim_name};
use super::error::{RuleError, RuleProblem, at_most};
use super::pattern::{ArnPattern, Bindings};
use super::raw::{RawRule, RawTest};
use super::repair::{Fitted, Repair, Slot, fit, is_word};
use super::template::{Template, Values};
use super::trace::{Because, Field, MAX_TRACED_VALUES, Note, Refused, RuleOutcome, cut};
use super::view::{Split, View};
use super::{MAX_EXPANSIONS, MAX_LISTED_ROLES, MAX_TESTS};
use crate::domain::{
    Arn, ConnectionId, FederatedIdentity, InvalidValue, ProviderRef, RoleArn, RuleId,
    SessionDuration, SessionName, SessionTags, SourceIdentity, TagKey, TagValue,
};

/// A mapping rule, parsed and compiled.
///
/// Serialises to the fields of its file; read it back from a self-describing format (TOML, JSON).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "RawRule", into = "RawRule")]
pub struct Rule {
    raw: RawRule,
    id: Option<RuleId>,
    connections: Vec<ConnectionId>,
    duration_cap: Option<SessionDuration>,
    when: Condition,
    split: BTreeMap<crate::domain::ClaimName, Split>,
    roles: Vec<RoleTemplate>,
    allowed: Vec<ArnPattern>,
    session_name: Template,
    session_name_repair: Repair,
    source_identity: Option<Template>,
    source_identity_repair: Repair,
    tags: Vec<TagTemplate>,
    tags_repair: Repair,
    tests: Vec<RuleTest>,
}

#[derive(Debug, Clone)]
struct RoleTemplate {
    text: String,
    template: Template,
}

#[derive(Debug, Clone)]
struct TagTemplate {
    key: TagKey,
    template: Template,
    optional: bool,
    transitive: bool,
}

/// A sample of claims and the roles that the rule must make of it.
#[derive(Debug, Clone)]
pub(super) struct RuleTest {
    pub(super) name: String,
    pub(super) connection: ConnectionId,
    pub(super) claims: serde_json::Map<String, serde_json::Value>,
    pub(super) roles: BTreeSet<RoleArn>,
}

/// What a rule gives with one set of captures, the role aside.
struct Session {
    name: SessionName,
    tags: SessionTags,
    source_identity: Option<SourceIdentity>,
    notes: Vec<Note>,
}

type Unmade = (Field, Because);

/// The name used where a rule doesn't say: unique and never given to somebody else.
const DEFAULT_SESSION_NAME: &str = "{sub}";

impl PartialEq for Rule {
    /// A rule is what is written; the rest follows from it.
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl TryFrom<RawRule> for Rule {
    type Error = RuleError;

    fn try_from(raw: RawRule) -> Result<Self, RuleError> {
        compile(raw)
    }
}

impl From<Rule> for RawRule {
    fn from(rule: Rule) -> Self {
        rule.raw
    }
}

impl Rule {
    /// Reads a rule's file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its path in the file.
    pub fn from_toml(text: &str) -> Result<Self, RuleError> {
        let raw: RawRule = toml::from_str(text).map_err(|error| {
            let problem = RuleProblem::Syntax(error.message().to_owned());
            let start = error.span().map_or(0, |span| span.start);
            RuleError::new(place(text, start), problem)
        })?;
        raw.try_into()
    }

    /// The id that the file gives; without one the file's name is the id.
    pub const fn id(&self) -> Option<&RuleId> {
        self.id.as_ref()
    }

    /// What the rule is for, in words.
    pub fn description(&self) -> &str {
        &self.raw.description
    }

    /// Whether the rule is looked at.
    pub const fn is_enabled(&self) -> bool {
        self.raw.enabled
    }

    /// Whom the rule is for; never empty.
    pub fn connections(&self) -> &[ConnectionId] {
        &self.connections
    }

    /// Its place among the rules: lower comes first.
    pub const fn order(&self) -> u32 {
        self.raw.order
    }

    /// The roles as the rule writes them, placeholders and all.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.raw.roles.iter().map(String::as_str)
    }

    /// The rule as it would be if it were looked at.
    pub(super) fn switched_on(&self) -> Self {
        let mut rule = self.clone();
        rule.raw.enabled = true;
        rule
    }

    pub(super) fn tests(&self) -> &[RuleTest] {
        &self.tests
    }

    /// What the rule makes of this person: roles, each at most once, and what became of it.
    pub(super) fn run(
        &self,
        id: &RuleId,
        identity: &FederatedIdentity,
    ) -> (Vec<MappedRole>, RuleOutcome) {
        if !self.raw.enabled {
            return (Vec::new(), RuleOutcome::Disabled);
        }
        if !self.is_for(&identity.provider) {
            return (Vec::new(), RuleOutcome::OtherProvider);
        }
        let split = &self.split;
        let view = View { identity, split };
        if let Some(failure) = self.when.failure(&view, "when") {
            return (Vec::new(), RuleOutcome::Failed(failure));
        }
        match self.when.bindings(&view) {
            Ok(sets) if sets.len() * self.roles.len() <= MAX_EXPANSIONS => {
                self.give(id, &view, &sets)
            }
            Ok(_) | Err(TooManyCombinations) => (Vec::new(), RuleOutcome::TooManyCombinations),
        }
    }

    fn is_for(&self, provider: &ProviderRef) -> bool {
        match provider {
            ProviderRef::Connection(id) => self.connections.contains(id),
            ProviderRef::Account(_) => false,
        }
    }

    fn give(
        &self,
        id: &RuleId,
        view: &View<'_>,
        sets: &BTreeSet<Bindings>,
    ) -> (Vec<MappedRole>, RuleOutcome) {
        let mut given = Vec::new();
        let mut seen = BTreeSet::new();
        let mut refused = Vec::new();
        for bindings in sets {
            let values = Values { view, bindings };
            let session = self.session(&values);
            for template in &self.roles {
                match self.role(template, &values, &session) {
                    Ok((role, session)) if seen.insert(role.clone()) => {
                        given.push(self.mapped(id, role, session));
                    }
                    Ok(_) => {}
                    Err((field, because)) => {
                        let role = template.text.clone();
                        let refusal = Refused {
                            role,
                            field,
                            because,
                        };
                        if refused.len() < MAX_TRACED_VALUES && !refused.contains(&refusal) {
                            refused.push(refusal);
                        }
                    }
                }
            }
        }
        let outcome = RuleOutcome::Matched {
            given: given.len(),
            refused,
        };
        (given, outcome)
    }

    fn mapped(&self, id: &RuleId, role: RoleArn, session: &Session) -> MappedRole {
        MappedRole {
            role,
            rule: id.clone(),
            session_name: session.name.clone(),
            tags: session.tags.clone(),
            source_identity: session.source_identity.clone(),
            duration_cap: self.duration_cap,
            notes: session.notes.clone(),
        }
    }

    /// The role's ARN, held to the list, where there is also a session for it.
    fn role<'s>(
        &self,
        role: &RoleTemplate,
        values: &Values<'_>,
        session: &'s Result<Session, Unmade>,
    ) -> Result<(RoleArn, &'s Session), Unmade> {
        let arn = self
            .arn(&role.template, values)
            .map_err(|because| (Field::Role, because))?;
        match session {
            Ok(session) => Ok((arn, session)),
            Err(unmade) => Err(unmade.clone()),
        }
    }

    fn arn(&self, template: &Template, values: &Values<'_>) -> Result<RoleArn, Because> {
        let text = template.expand(values, |value| value.chars().all(is_word))?;
        let arn: RoleArn = text.parse().map_err(|_| Because::NotARole(cut(&text)))?;
        let fixed = !template.has_placeholders() && self.allowed.is_empty();
        if fixed
            || self
                .allowed
                .iter()
                .any(|pattern| pattern.matches(arn.as_str()))
        {
            Ok(arn)
        } else {
            Err(Because::NotAllowed(cut(&text)))
        }
    }

    fn session(&self, values: &Values<'_>) -> Result<Session, Unmade> {
        let mut notes = Vec::new();
        let mut make = Make {
            values,
            notes: &mut notes,
        };
        let name = make.fitting(
            &self.session_name,
            Field::SessionName,
            self.session_name_repair,
        )?;
        let source_identity = match &self.source_identity {
            None => None,
            Some(template) => {
                Some(make.fitting(template, Field::SourceIdentity, self.source_identity_repair)?)
            }
        };
        let tags = make.tags(&self.tags, self.tags_repair)?;
        Ok(Session {
            name,
            tags,
            source_identity,
            notes,
        })
    }
}

/// Makes the parts of a session and notes what had to be repaired.
struct Make<'a> {
    values: &'a Values<'a>,
    notes: &'a mut Vec<Note>,
}

impl Make<'_> {
    fn fitting<T: Slot>(
        &mut self,
        template: &Template,
        field: Field,
        how: Repair,
    ) -> Result<T, Unmade> {
        let text = match template.expand(self.values, |_| true) {
            Ok(text) => text,
            Err(because) => return Err((field, because)),
        };
        let Some(Fitted { value, repaired }) = fit(&text, how) else {
            return Err((field, Because::DoesNotFit(cut(&text))));
        };
        if repaired {
            let from = cut(&text);
            self.notes.push(Note::Repaired { field, from, how });
        }
        Ok(value)
    }

    fn tags(&mut self, templates: &[TagTemplate], how: Repair) -> Result<SessionTags, Unmade> {
        let mut tags = SessionTags::none();
        for tag in templates {
            let field = Field::Tag(tag.key.clone());
            let key = tag.key.clone();
            match self.fitting::<TagValue>(&tag.template, field.clone(), how) {
                Ok(value) => tags
                    .add(key, value, tag.transitive)
                    .map_err(|_| (field, Because::DoesNotFit(tag.key.to_string())))?,
                Err((_, because)) if tag.optional => {
                    self.notes.push(Note::TagLeftOut { key, because });
                }
                Err(unmade) => return Err(unmade),
            }
        }
        Ok(tags)
    }
}

fn compile(raw: RawRule) -> Result<Rule, RuleError> {
    let id = raw.id.as_deref().map(|id| parsed(id, "id")).transpose()?;
    let connections = parsed_list(&raw.connections, "connections")?;
    let first = connections
        .first()
        .ok_or_else(|| RuleError::new("connections", RuleProblem::NoConnection))?;
    let tests = compile_tests(&raw.tests, first)?;
    let mut when = Condition::compile(&raw.when, "when")?;
    let captures = when.capture_names();
    let allowed = compile_allowed(&raw.allowed_roles)?;
    let roles = compile_roles(&raw.roles, &captures, &allowed)?;
    let name = raw.session_name.as_deref().unwrap_or(DEFAULT_SESSION_NAME);
    let session_name = Template::parse(name, &captures, "session_name")?;
    let source_identity = raw
        .source_identity
        .as_deref()
        .map(|text| Template::parse(text, &captures, "source_identity"))
        .transpose()?;
    let tags = compile_tags(&raw, &captures)?;
    let templates = roles.iter().map(|role| &role.template);
    let templates = templates.chain(tags.iter().map(|tag| &tag.template));
    let templates = templates.chain([&session_name]).chain(&source_identity);
    let used = templates
        .flat_map(Template::capture_names)
        .cloned()
        .collect();
    when.keep_captures(&used);
    Ok(Rule {
        id,
        duration_cap: compile_duration(raw.max_duration)?,
        split: compile_split(&raw.split)?,
        session_name_repair: raw.repair.session_name.unwrap_or(Repair::Hash),
        source_identity_repair: repair(
            raw.repair.source_identity,
            Repair::Refuse,
            "repair.source_identity",
        )?,
        tags_repair: repair(raw.repair.tags, Repair::Hash, "repair.tags")?,
        connections,
        when,
        roles,
        allowed,
        session_name,
        source_identity,
        tags,
        tests,
        raw,
    })
}

fn parsed<T: std::str::FromStr<Err = InvalidValue>>(
    text: &str,
    path: &str,
) -> Result<T, RuleError> {
    text.parse()
        .map_err(|invalid| RuleError::new(path, invalid))
}

fn parsed_list<T: std::str::FromStr<Err = InvalidValue>>(
    texts: &[String],
    path: &str,
) -> Result<Vec<T>, RuleError> {
    let texts = texts.iter().enumerate();
    texts
        .map(|(index, text)| parsed(text, &format!("{path}[{index}]")))
        .collect()
}

fn compile_duration(seconds: Option<u32>) -> Result<Option<SessionDuration>, RuleError> {
    let duration = seconds.map(SessionDuration::try_from).transpose();
    duration.map_err(|invalid| RuleError::new("max_duration", invalid))
}

fn compile_split(
    raw: &BTreeMap<String, Split>,
) -> Result<BTreeMap<crate::domain::ClaimName, Split>, RuleError> {
    let entries = raw.iter();
    entries
        .map(|(name, split)| Ok((claim_name(name, &format!("split.{name}"))?, *split)))
        .collect()
}

fn repair(raw: Option<Repair>, default: Repair, path: &str) -> Result<Repair, RuleError> {
    match raw.unwrap_or(default) {
        Repair::Truncate => Err(RuleError::new(path, RuleProblem::Truncate)),
        repair @ (Repair::Hash | Repair::Refuse) => Ok(repair),
    }
}

fn compile_allowed(raw: &[String]) -> Result<Vec<ArnPattern>, RuleError> {
    at_most("allowed_roles", raw.len(), MAX_LISTED_ROLES, "patterns")?;
    let patterns = raw.iter().enumerate();
    patterns
        .map(|(index, text)| {
            ArnPattern::new(text)
                .map_err(|problem| RuleError::new(format!("allowed_roles[{index}]"), problem))
        })
        .collect()
}

fn compile_roles(
    raw: &[String],
    captures: &BTreeSet<String>,
    allowed: &[ArnPattern],
) -> Result<Vec<RoleTemplate>, RuleError> {
    if raw.is_empty() {
        return Err(RuleError::new("roles", RuleProblem::NoRole));
    }
    at_most("roles", raw.len(), MAX_LISTED_ROLES, "roles")?;
    let roles = raw.iter().enumerate();
    roles
        .map(|(index, text)| {
            let path = format!("roles[{index}]");
            let template = Template::parse(text, captures, &path)?;
            check_role(&template, allowed).map_err(|problem| RuleError::new(path, problem))?;
            let text = text.clone();
            Ok(RoleTemplate { text, template })
        })
        .collect()
}

/// A fixed role is checked whole; a template as far as its fixed parts go.
fn check_role(template: &Template, allowed: &[ArnPattern]) -> Result<(), RuleProblem> {
    let text = template.filled_with("x");
    if template.has_placeholders() {
        let arn = Arn::parse(&text).map_err(|_| RuleProblem::NotARoleTemplate)?;
        if arn.service != "iam" || !arn.region.is_empty() || !arn.resource.starts_with("role/") {
            return Err(RuleProblem::NotARoleTemplate);
        }
        if allowed.is_empty() {
            return Err(RuleProblem::NoAllowedRoles);
        }
        return Ok(());
    }
    let arn: RoleArn = text.parse()?;
    if !allowed.is_empty() && !allowed.iter().any(|pattern| pattern.matches(arn.as_str())) {
        return Err(RuleProblem::RoleNotAllowed);
    }
    Ok(())
}

fn compile_tags(raw: &RawRule, captures: &BTreeSet<String>) -> Result<Vec<TagTemplate>, RuleError> {
    for (field, names) in [
        ("optional_tags", &raw.optional_tags),
        ("transitive_tags", &raw.transitive_tags),
    ] {
        let unknown = names.iter().position(|name| !raw.tags.contains_key(name));
        if let Some(index) = unknown {
            let path = format!("{field}[{index}]");
            return Err(RuleError::new(path, RuleProblem::UnknownTag));
        }
    }
    let mut together = SessionTags::none();
    let mut tags = Vec::new();
    for (name, text) in &raw.tags {
        let path = format!("tags.{name}");
        let key: TagKey = parsed(name, &path)?;
        let value: TagValue = parsed("", &path)?;
        together
            .add(key.clone(), value, false)
            .map_err(|error| RuleError::new(&path, error))?;
        tags.push(TagTemplate {
            key,
            template: Template::parse(text, captures, &path)?,
            optional: raw.optional_tags.contains(name),
            transitive: raw.transitive_tags.contains(name),
        });
    }
    Ok(tags)
}

fn compile_tests(raw: &[RawTest], first: &ConnectionId) -> Result<Vec<RuleTest>, RuleError> {
    at_most("tests", raw.len(), MAX_TESTS, "tests")?;
    let tests = raw.iter().enumerate();
    tests
        .map(|(index, test)| {
            let path = format!("tests[{index}]");
            let roles: Vec<RoleArn> = parsed_list(&test.roles, &format!("{path}.roles"))?;
            let connection = match &test.connection {
                None => first.clone(),
                Some(id) => parsed(id, &format!("{path}.connection"))?,
            };
            Ok(RuleTest {
                name: test.name.clone(),
                connection,
                claims: test.claims.clone(),
                roles: roles.into_iter().collect(),
            })
        })
        .collect()
}

/// `line 3, column 7` of a byte offset.
fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!("line {line}, column {column}")
}
