//! Managed policies of an account, and their versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    AccountId, IamPath, ManagedPolicyArn, OwnTags, Partition, PolicyName, PolicyVersionId,
    UniqueId, UnixTime,
};
use crate::policy::IdentityPolicy;

/// A policy of an account that its users, groups and roles can have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// Where the policy stands in the account.
    pub path: IamPath,
    /// `ANPA…`
    pub unique_id: UniqueId,
    /// For people, up to 1,000 characters.
    pub description: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// What it says: its default version.
    pub document: IdentityPolicy,
    /// Its tags.
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    pub tags: OwnTags,
    /// Which version that is, and what the others are.
    #[serde(default, skip_serializing_if = "PolicyVersions::is_first")]
    pub versions: PolicyVersions,
}

/// The versions of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyVersions {
    /// The one that holds.
    pub default: PolicyVersionId,
    /// When it was made; none where it was made with the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_created_at: Option<UnixTime>,
    /// The last one that there ever was.
    pub last: PolicyVersionId,
    /// The ones that don't hold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<PolicyVersionId, PolicyVersion>,
}

/// A version that doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyVersion {
    /// What it says.
    pub document: IdentityPolicy,
    /// When it was made.
    pub created_at: UnixTime,
}

impl Default for PolicyVersions {
    fn default() -> Self {
        Self {
            default: PolicyVersionId::FIRST,
            default_created_at: None,
            last: PolicyVersionId::FIRST,
            others: BTreeMap::new(),
        }
    }
}

impl PolicyVersions {
    /// As many as IAM keeps of a policy.
    pub const MAX: usize = 5;

    fn is_first(&self) -> bool {
        *self == Self::default()
    }
}

impl ManagedPolicy {
    /// Its ARN at this place.
    pub fn arn(
        &self,
        partition: Partition,
        account: AccountId,
        name: &PolicyName,
    ) -> ManagedPolicyArn {
        ManagedPolicyArn::new(partition, account, self.path.clone(), name.clone())
    }

    /// A version: what it says, and when it was made.
    pub fn version(&self, id: PolicyVersionId) -> Option<(&IdentityPolicy, UnixTime)> {
        if id == self.versions.default {
            return Some((&self.document, self.default_created_at()));
        }
        let version = self.versions.others.get(&id)?;
        Some((&version.document, version.created_at))
    }

    /// Every version, the first of them first.
    pub fn version_ids(&self) -> Vec<PolicyVersionId> {
        let others = self.versions.others.keys().copied();
        let mut ids: Vec<_> = others.chain([self.versions.default]).collect();
        ids.sort_unstable();
        ids
    }

    fn default_created_at(&self) -> UnixTime {
        self.versions.default_created_at.unwrap_or(self.created_at)
    }

    /// When the newest of its versions was made.
    pub fn updated_at(&self) -> UnixTime {
        let others = self.versions.others.values();
        let others = others.map(|version| version.created_at);
        others.fold(self.default_created_at(), UnixTime::max)
    }

    /// Adds a version that doesn't hold.
    pub fn add_version(&mut self, document: IdentityPolicy, now: UnixTime) -> PolicyVersionId {
        let id = self.versions.last.next();
        let version = PolicyVersion {
            document,
            created_at: now,
        };
        self.versions.last = id;
        self.versions.others.insert(id, version);
        id
    }

    /// Has a version hold; whether there is such a one.
    pub fn set_default_version(&mut self, id: PolicyVersionId) -> bool {
        if id == self.versions.default {
            return true;
        }
        let Some(version) = self.versions.others.remove(&id) else {
            return false;
        };
        let before = PolicyVersion {
            created_at: self.default_created_at(),
            document: std::mem::replace(&mut self.document, version.document),
        };
        self.versions.others.insert(self.versions.default, before);
        self.versions.default = id;
        self.versions.default_created_at = Some(version.created_at);
        true
    }

    /// Takes out a version that doesn't hold; whether there was one.
    pub fn remove_version(&mut self, id: PolicyVersionId) -> bool {
        self.versions.others.remove(&id).is_some()
    }
}
