//! What a text with live wildcards matches: a `Resource`, a string, an ARN.

use super::context::Context;
use super::document::Version;
use super::error::{Problem, quoted};
use super::glob::Glob;
use super::template::{Template, Wildcards};

/// What the second part of a resource's ARN can be, where it has no wildcard.
const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-us-gov",
];

/// A text with live wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    template: Template,
    /// Compiled at once where no variable has to be resolved first.
    ready: Option<Glob>,
}

/// What became of a comparison with a text that may hold variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    /// A variable can't be resolved.
    Unresolved,
}

impl From<bool> for Match {
    fn from(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

impl Pattern {
    pub(super) fn new(template: Template) -> Self {
        let nothing = Context::new();
        let parts: Option<Vec<_>> = if template.has_variables() {
            None
        } else {
            template.parts(&nothing).collect()
        };
        let ready = parts.map(Glob::new);
        Self { template, ready }
    }

    /// Whether it is stars alone.
    pub(super) fn is_stars(&self) -> bool {
        self.template.is_stars()
    }

    pub(super) fn matches(&self, text: &str, context: &Context<'_>) -> Match {
        if let Some(glob) = &self.ready {
            return glob.matches(text).into();
        }
        let parts: Option<Vec<_>> = self.template.parts(context).collect();
        match parts {
            Some(parts) => Glob::new(parts).matches(text).into(),
            None => Match::Unresolved,
        }
    }
}

/// What the ARN operators compare with: six parts, each matched by itself, so that no star reaches
/// over a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArnPattern {
    /// Six parts.
    Parts(Vec<Pattern>),
    /// An ARN whose parts come from a variable.
    Whole(Template),
}

impl ArnPattern {
    /// `None` for what has no six parts, the first of them `arn`, unless it holds a variable.
    pub(super) fn new(template: Template) -> Option<Self> {
        let parts = template.arn_parts();
        let is_arn = parts.first().and_then(Template::as_text) == Some("arn");
        if parts.len() == 6 && is_arn {
            Some(Self::Parts(parts.into_iter().map(Pattern::new).collect()))
        } else if template.has_variables() {
            Some(Self::Whole(template))
        } else {
            None
        }
    }

    /// Compares with the six parts of an ARN.
    pub(super) fn matches(&self, arn: &[&str; 6], context: &Context<'_>) -> Match {
        match self {
            Self::Parts(patterns) => all(patterns
                .iter()
                .zip(arn)
                .map(|(pattern, part)| pattern.matches(part, context))),
            Self::Whole(template) => match template.expand(context) {
                Some(text) => (split_arn(&text) == Some(*arn)).into(),
                None => Match::Unresolved,
            },
        }
    }
}

/// Unresolved wherever any part is, so that it doesn't hang on the order of the parts.
fn all(matches: impl Iterator<Item = Match>) -> Match {
    matches.fold(Match::Yes, |all, part| match (all, part) {
        (Match::Unresolved, _) | (_, Match::Unresolved) => Match::Unresolved,
        (Match::No, _) | (_, Match::No) => Match::No,
        (Match::Yes, Match::Yes) => Match::Yes,
    })
}

/// The six parts of an ARN; `None` for what isn't one.
pub(super) fn split_arn(text: &str) -> Option<[&str; 6]> {
    let mut rest = text.splitn(6, ':');
    let mut next = || rest.next();
    let parts = [next()?, next()?, next()?, next()?, next()?, next()?];
    (parts.first() == Some(&"arn")).then_some(parts)
}

/// A `Resource`: `*`, or an ARN in which a star reaches over colons and slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourcePattern(Pattern);

impl ResourcePattern {
    pub(super) fn parse(text: &str, version: Version) -> Result<Self, Problem> {
        let template = Template::parse(text, Wildcards::Live, version)?;
        if !template.is_star() {
            check_arn(&template, text)?;
        }
        Ok(Self(Pattern::new(template)))
    }

    pub(super) fn matches(&self, resource: &str, context: &Context<'_>) -> Match {
        self.0.matches(resource, context)
    }
}

fn check_arn(template: &Template, text: &str) -> Result<(), Problem> {
    let parts = template.arn_parts();
    let (Some(fixed), Some(resource)) = (parts.get(..5), parts.get(5)) else {
        return Err(Problem::BadResource(quoted(text)));
    };
    let is_arn = fixed.first().and_then(Template::as_text) == Some("arn");
    if fixed.iter().any(Template::has_variables) {
        return Err(Problem::BadVariable(quoted(text)));
    }
    if !is_arn || resource.as_text() == Some("") {
        return Err(Problem::BadResource(quoted(text)));
    }
    match fixed.get(1).and_then(Template::as_text) {
        Some(partition) if !PARTITIONS.contains(&partition) => Err(Problem::BadPartition {
            partition: quoted(partition),
            resource: quoted(text),
        }),
        _ => Ok(()),
    }
}
