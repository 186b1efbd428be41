//! Rules as they are written, checked and compiled.

mod condition;

use std::collections::{BTreeMap, BTreeSet};

use super::error::{RuleError, RuleProblem, at_most};
use super::pattern::ArnPattern;
use super::raw::{RawRule, RawTest};
use super::repair::Repair;
use super::rule::{RoleTemplate, Rule, RuleTest, TagTemplate};
use super::template::Template;
use super::view::Split;
use super::{MAX_LISTED_ROLES, MAX_TESTS};
use crate::domain::{
    Arn, ClaimName, ConnectionId, InvalidValue, RoleArn, SessionDuration, SessionTags, TagKey,
    TagValue,
};
use condition::compile_condition;

/// The name used where a rule doesn't say: unique and never given to somebody else.
const DEFAULT_SESSION_NAME: &str = "{sub}";

/// Checks what is written and compiles it.
pub(super) fn compile_rule(raw: RawRule) -> Result<Rule, RuleError> {
    let id = raw.id.as_deref().map(|id| parsed(id, "id")).transpose()?;
    let connections = parsed_list(&raw.connections, "connections")?;
    let first = connections
        .first()
        .ok_or_else(|| RuleError::new("connections", RuleProblem::NoConnection))?;
    let tests = compile_tests(&raw.tests, first)?;
    let mut when = compile_condition(&raw.when, "when")?;
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

fn compile_split(raw: &BTreeMap<String, Split>) -> Result<BTreeMap<ClaimName, Split>, RuleError> {
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
pub(super) fn place(text: &str, offset: usize) -> String {
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

/// The name of a claim. A pointer to the top (`/groups`) names nothing, so that `absent` on it would
/// match everybody; it is refused.
pub(super) fn claim_name(name: &str, path: &str) -> Result<ClaimName, RuleError> {
    if name
        .strip_prefix('/')
        .is_some_and(|rest| !rest.contains('/'))
    {
        return Err(RuleError::new(path, RuleProblem::PointerToTop));
    }
    name.parse()
        .map_err(|invalid: InvalidValue| RuleError::new(path, invalid))
}
