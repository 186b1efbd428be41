//! One role that a link led to.

use askama::Template;

use super::{DurationChoice, Environment, PersonMenu, assets};
use crate::domain::{RoleArn, SessionDuration};
use crate::http::portal::frame::Frame;
use crate::http::portal::shown::Shown;

/// A role of the person's, whose keys are one press away.
#[derive(Template)]
#[template(path = "role.html")]
pub struct RolePage {
    /// What stands around it.
    pub frame: Frame,
    /// Who is signed in.
    pub person: PersonMenu,
    /// The role; goes back with the form.
    pub role: RoleArn,
    /// What the role's account is called.
    pub account_alias: Option<Shown>,
    /// What the account is for, where it is known.
    pub environment: Option<Environment>,
    /// What the role is for.
    pub description: Option<Shown>,
    /// The address of this page, to be handed on.
    pub link: String,
    /// How long its keys may last at most.
    pub longest: SessionDuration,
    /// The lifetimes to choose from, shortest first.
    pub durations: Vec<DurationChoice>,
}

impl RolePage {
    fn account_name(&self) -> String {
        let number = || self.role.account().to_string();
        self.account_alias
            .as_ref()
            .map_or_else(number, ToString::to_string)
    }

    fn path(&self) -> Option<&str> {
        Some(self.role.path()).filter(|path| *path != "/")
    }

    fn is_production(&self) -> bool {
        self.environment == Some(Environment::Production)
    }
}
