//! The users and roles that a trust policy names: kept by unique id, shown by ARN.
//!
//! Whoever is made again under the name of somebody who was removed is somebody else. So an ARN that is saved
//! becomes the unique id of who has it then ("AWS JSON policy elements: Principal", IAM user guide), and
//! nothing that decides by a trust policy meets a name that could have changed hands.

use super::document::TrustPolicy;
use super::places::principals_under_aws;
use super::principal::PrincipalPattern;
use super::statement::{Scope, Statement};
use crate::domain::{AccountId, Partition, RoleArn, UniqueId, UserName};

/// A user or role that a trust policy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    /// A role, by ARN.
    Role(&'a RoleArn),
    /// A user, by ARN.
    User {
        /// The partition of the ARN.
        partition: Partition,
        /// The account.
        account: AccountId,
        /// `/`, or `/a/b/`.
        path: &'a str,
        /// The name.
        name: &'a UserName,
    },
    /// Either, by unique id.
    Id(&'a UniqueId),
}

impl TrustPolicy {
    /// Every user and role that it names, in no order that matters.
    pub fn named(&self) -> impl Iterator<Item = Named<'_>> {
        let statements = self.document().statements().iter();
        statements
            .flat_map(principals)
            .filter_map(PrincipalPattern::named)
    }

    /// The same policy, with other names for those of its users and roles for whom `rename` has one. All
    /// else of the text stays as it is.
    ///
    /// # Errors
    /// What `rename` says; a text that could not be read afterwards is not changed.
    pub fn renamed<E>(
        &self,
        mut rename: impl FnMut(&str, Named<'_>) -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        if self.named().next().is_none() {
            return Ok(self.clone());
        }
        let text = self.as_json();
        let mut changed = String::with_capacity(text.len());
        let mut copied = 0;
        for place in principals_under_aws(text) {
            let written = text.get(place.clone()).unwrap_or_default();
            let Ok(value) = serde_json::from_str::<String>(written) else {
                continue;
            };
            let Ok(pattern) = PrincipalPattern::parse("AWS", &value) else {
                continue;
            };
            let Some(named) = pattern.named() else {
                continue;
            };
            if let Some(name) = rename(&value, named)? {
                changed.push_str(text.get(copied..place.start).unwrap_or_default());
                changed.push_str(&serde_json::Value::from(name).to_string());
                copied = place.end;
            }
        }
        changed.push_str(text.get(copied..).unwrap_or_default());
        Ok(Self::parse(&changed).unwrap_or_else(|_| self.clone()))
    }
}

fn principals(statement: &Statement) -> &[PrincipalPattern] {
    match &statement.principals {
        Some(Scope::Only(list) | Scope::AllBut(list)) => list,
        None => &[],
    }
}
