//! Services that an operator registers: they belong to no account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::users::AccessKey;
use crate::domain::{AccessKeyId, AccountId};

/// A service without its name, which is its place in the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// For people, up to 1,000 characters.
    pub description: String,
    /// Where it may do anything.
    pub reach: Reach,
    /// Keys that last, at most [`Service::MAX_KEYS`].
    pub access_keys: BTreeMap<AccessKeyId, AccessKey>,
}

impl Service {
    /// As many access keys as a user may have.
    pub const MAX_KEYS: usize = 2;
}

/// The accounts whose roles a service may take and about whose callers and resources it may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// All that there are, and will be.
    EveryAccount,
    /// These; at least one.
    Accounts(BTreeSet<AccountId>),
}

impl Reach {
    /// Whether it takes in this account.
    pub fn has(&self, account: AccountId) -> bool {
        match self {
            Self::EveryAccount => true,
            Self::Accounts(accounts) => accounts.contains(&account),
        }
    }
}
