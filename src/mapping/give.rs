//! What a rule that matched gives: roles and the sessions in which they are used.

use std::collections::BTreeSet;

use super::apply::MappedRole;
use super::pattern::Bindings;
use super::repair::{Fitted, Repair, Slot, fit, is_word};
use super::rule::{RoleTemplate, Rule, TagTemplate};
use super::template::{Template, Values};
use super::trace::{Because, Field, MAX_TRACED_VALUES, Note, Refused, RuleOutcome, cut};
use super::view::View;
use crate::domain::{RoleArn, RuleId, SessionName, SessionTags, SourceIdentity, TagValue};

/// The roles of one rule, each once, and those that could not be given.
#[derive(Default)]
struct Gathered {
    given: Vec<MappedRole>,
    roles: BTreeSet<RoleArn>,
    refused: Vec<Refused>,
}

/// What a rule gives with one set of captures, the role aside.
struct Session {
    name: SessionName,
    tags: SessionTags,
    source_identity: Option<SourceIdentity>,
    notes: Vec<Note>,
}

type Unmade = (Field, Because);

impl Rule {
    /// The roles that the rule gives with these sets of captures.
    pub(super) fn give(
        &self,
        id: &RuleId,
        view: &View<'_>,
        sets: &BTreeSet<Bindings>,
    ) -> (Vec<MappedRole>, RuleOutcome) {
        let mut gathered = Gathered::default();
        for bindings in sets {
            let values = Values { view, bindings };
            let session = self.session(&values);
            for template in &self.roles {
                let made = self.role(template, &values, &session);
                let made = made.map(|(role, session)| self.mapped(id, role, session));
                gathered.take(&template.text, made);
            }
        }
        let outcome = RuleOutcome::Matched {
            given: gathered.given.len(),
            refused: gathered.refused,
        };
        (gathered.given, outcome)
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

impl Gathered {
    fn take(&mut self, role: &str, made: Result<MappedRole, Unmade>) {
        match made {
            Ok(mapped) => {
                if self.roles.insert(mapped.role.clone()) {
                    self.given.push(mapped);
                }
            }
            Err((field, because)) => {
                let role = role.to_owned();
                let refusal = Refused {
                    role,
                    field,
                    because,
                };
                if self.refused.len() < MAX_TRACED_VALUES && !self.refused.contains(&refusal) {
                    self.refused.push(refusal);
                }
            }
        }
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
