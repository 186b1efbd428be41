//! The roles that a person may choose.

use askama::Template;

use super::{Environment, PersonMenu, assets};
use crate::domain::{AccountId, RoleArn, SessionDuration};
use crate::http::portal::frame::Frame;
use crate::http::portal::language::Said;
use crate::http::portal::shown::Shown;

/// Every role of a person, by account; choosing one posts its ARN to `/credentials`.
///
/// All roles are on the page, and those that the query doesn't match are hidden: so script can
/// search on without asking again.
#[derive(Template)]
#[template(path = "roles.html")]
pub struct RolesPage {
    frame: Frame,
    person: PersonMenu,
    accounts: Vec<FoundAccount>,
    query: Shown,
    shown: usize,
    total: usize,
}

/// The roles of one account.
pub struct AccountRoles {
    /// The account.
    pub id: AccountId,
    /// What people call it.
    pub alias: Option<Shown>,
    /// What it is for, where it is known.
    pub environment: Option<Environment>,
    /// Its roles; an account without any isn't shown.
    pub roles: Vec<RoleRow>,
}

/// One role.
pub struct RoleRow {
    /// The role; its name and path are shown.
    pub arn: RoleArn,
    /// What it is for.
    pub description: Option<Shown>,
    /// How long its keys may last at most.
    pub longest: SessionDuration,
}

struct FoundAccount {
    account: AccountRoles,
    rows: Vec<FoundRole>,
}

struct FoundRole {
    row: RoleRow,
    /// Lower-case text that the query's words are looked for in.
    find: String,
    hidden: bool,
}

impl RolesPage {
    /// The page for `accounts`, showing those roles in which every word of `query` occurs: in the
    /// account's name, number or environment, or in the role's name, path or description.
    pub fn new(frame: Frame, person: PersonMenu, accounts: Vec<AccountRoles>, query: &str) -> Self {
        let lowered = query.to_lowercase();
        let words: Vec<&str> = lowered.split_whitespace().collect();
        let accounts: Vec<FoundAccount> = accounts
            .into_iter()
            .filter(|account| !account.roles.is_empty())
            .map(|account| FoundAccount::new(&frame, account, &words))
            .collect();
        let rows = || accounts.iter().flat_map(|found| &found.rows);
        Self {
            frame,
            person,
            query: query.into(),
            shown: rows().filter(|row| !row.hidden).count(),
            total: rows().count(),
            accounts,
        }
    }

    /// `105 roles`, `3 of 105 roles`
    fn count(&self) -> Said {
        if self.shown == self.total {
            self.frame.say("roles-all").with("all", self.total)
        } else {
            let some = self.frame.say("roles-some").with("all", self.total);
            some.with("shown", self.shown)
        }
    }
}

impl AccountRoles {
    /// The alias, or the number where there is none.
    fn name(&self) -> String {
        self.alias
            .as_ref()
            .map_or_else(|| self.id.to_string(), ToString::to_string)
    }

    fn class(&self) -> &'static str {
        self.environment.map_or("unknown", Environment::class)
    }
}

impl FoundAccount {
    fn new(frame: &Frame, mut account: AccountRoles, words: &[&str]) -> Self {
        let rows = std::mem::take(&mut account.roles);
        let rows = rows
            .into_iter()
            .map(|row| FoundRole::new(frame, &account, row, words))
            .collect();
        Self { account, rows }
    }

    fn is_hidden(&self) -> bool {
        self.rows.iter().all(|row| row.hidden)
    }
}

impl FoundRole {
    fn new(frame: &Frame, account: &AccountRoles, row: RoleRow, words: &[&str]) -> Self {
        let number = account.id.to_string();
        let environment = account.environment.map(Environment::message);
        let environment = environment.map(|message| frame.say(message).to_string());
        let parts = [
            account.alias.as_ref().map_or("", Shown::as_str),
            &number,
            environment.as_deref().unwrap_or_default(),
            row.arn.path(),
            row.arn.name(),
            row.description.as_ref().map_or("", Shown::as_str),
        ];
        let find = parts.join(" ").to_lowercase();
        let hidden = !words.iter().all(|word| find.contains(word));
        Self { row, find, hidden }
    }

    fn path(&self) -> Option<&str> {
        Some(self.row.arn.path()).filter(|path| *path != "/")
    }

    fn says_something(&self) -> bool {
        self.path().is_some() || self.row.description.is_some()
    }
}
