//! Services that an operator registers: they belong to no account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::users::AccessKey;
use crate::domain::{AccessKeyId, AccountId, ServiceName, SigningName};

/// A service without its name, which is its place in the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// For people, up to 1,000 characters.
    pub description: String,
    /// Where it may do anything.
    pub reach: Reach,
    /// What requests to it are signed for; none says the first part of its name.
    #[serde(default)]
    pub signing_names: BTreeSet<SigningName>,
    /// What its actions begin with; none says the signing names.
    #[serde(default)]
    pub action_prefixes: BTreeSet<SigningName>,
    /// Keys that last, at most [`Service::MAX_KEYS`].
    pub access_keys: BTreeMap<AccessKeyId, AccessKey>,
}

impl Service {
    /// As many access keys as a user may have.
    pub const MAX_KEYS: usize = 2;
    /// So many signing names, and as many prefixes of actions.
    pub const MAX_NAMES: usize = 16;
    /// What the gateway itself goes by: requests to it are nobody else's to receive, and keys of these
    /// prefixes are the gateway's to say.
    pub const OURS: [&str; 4] = ["aws", "rolegate", "saml", "sts"];

    /// What a request to the service may be signed for; `name` is the service's own.
    pub fn signing_names(&self, name: &ServiceName) -> Vec<SigningName> {
        if self.signing_names.is_empty() {
            let first = name.as_str().split('.').next();
            return first
                .and_then(|first| first.parse().ok())
                .into_iter()
                .collect();
        }
        self.signing_names.iter().cloned().collect()
    }

    /// What the actions begin with that the service may ask about.
    pub fn action_prefixes(&self, name: &ServiceName) -> Vec<SigningName> {
        if self.action_prefixes.is_empty() {
            return self.signing_names(name);
        }
        self.action_prefixes.iter().cloned().collect()
    }
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
