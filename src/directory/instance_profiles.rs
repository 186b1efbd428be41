//! Instance profiles of an account: by which a machine says which role it has.

use serde::{Deserialize, Serialize};

use crate::domain::{IamPath, OwnTags, RoleName, UniqueId, UnixTime};

/// An instance profile without account and name, which are its place in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceProfile {
    /// Where it stands in the account.
    pub path: IamPath,
    /// `AIPA…`
    pub unique_id: UniqueId,
    /// When it was made.
    pub created_at: UnixTime,
    /// Its tags.
    #[serde(default)]
    pub tags: OwnTags,
    /// The role that it stands for, of the same account; there is one at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
}
