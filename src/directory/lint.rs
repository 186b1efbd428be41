//! What the policies of a directory say that their authors hardly meant, each by its file.

use serde::{Deserialize, Serialize};

use super::state::{Account, Directory};
use super::users::Rights;
use crate::domain::{AccountId, Audience};
use crate::policy::Warning;

/// So many warnings are told; further ones are counted.
pub const MAX_WARNINGS: usize = 1000;

/// A policy that is evaluated like any other, but should be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyWarning {
    /// The policy's file.
    pub at: String,
    /// Its statement, what is odd about it, and what to do.
    pub text: String,
}

/// What should be looked at in a directory's policies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyWarnings {
    /// The first [`MAX_WARNINGS`], in the order of the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<PolicyWarning>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more_warnings: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls it by"
)]
const fn is_none(number: &usize) -> bool {
    *number == 0
}

/// What should be looked at in the policies of every account.
pub fn lint(directory: &Directory) -> PolicyWarnings {
    let mut found = PolicyWarnings::default();
    for (id, account) in &directory.accounts {
        found.add_account(*id, account);
    }
    found
}

/// The clients whose tokens STS takes of this issuer in the account, where it has its provider.
fn clients<'a>(account: &'a Account, issuer: &str) -> Option<&'a [Audience]> {
    let provider = account.oidc_providers_called(issuer).next()?;
    Some(&provider.client_ids)
}

impl PolicyWarnings {
    /// How many there are, told or not.
    pub const fn number(&self) -> usize {
        self.warnings.len() + self.more_warnings
    }

    fn add_account(&mut self, id: AccountId, account: &Account) {
        for (name, policy) in &account.policies {
            let at = format!("accounts/{id}/policies/{name}.json");
            self.add(&at, policy.document.lint());
        }
        for (name, role) in &account.roles {
            let base = format!("accounts/{id}/roles/{name}");
            self.add_own(&base, role.rights());
            let trust = role.trust.lint(&|issuer| clients(account, issuer));
            self.add(&[&base, ".trust.json"].concat(), trust);
        }
        for (name, user) in &account.users {
            self.add_own(&format!("accounts/{id}/users/{name}"), user.rights());
        }
        for (name, group) in &account.groups {
            self.add_own(&format!("accounts/{id}/groups/{name}"), group.rights());
        }
    }

    /// Those of inline policies.
    fn add_own(&mut self, base: &str, rights: Rights<'_>) {
        for (name, policy) in rights.policies {
            self.add(&format!("{base}.policies/{name}.json"), policy.lint());
        }
    }

    fn add(&mut self, at: &str, warnings: Vec<Warning>) {
        for warning in warnings {
            if self.warnings.len() < MAX_WARNINGS {
                self.warnings.push(PolicyWarning {
                    at: at.to_owned(),
                    text: warning.to_string(),
                });
            } else {
                self.more_warnings += 1;
            }
        }
    }
}
