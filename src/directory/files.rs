//! The directory as files, for `apply` and `export`: one resource a file, policies as plain IAM JSON
//! and SAML metadata as XML beside them.
//!
//! ```text
//! accounts/<id>/account.toml                        alias, name, environment
//! accounts/<id>/roles/<Name>.toml                   path, description, max_session_duration, tags,
//!                                                   managed_policies, permissions_boundary
//! accounts/<id>/roles/<Name>.trust.json             its trust policy
//! accounts/<id>/roles/<Name>.policies/<policy>.json its inline policies
//! accounts/<id>/users/<Name>.toml                   path, tags, managed_policies, permissions_boundary,
//!                                                   access_keys, mfa_devices, groups
//! accounts/<id>/users/<Name>.policies/<policy>.json its inline policies
//! accounts/<id>/groups/<Name>.toml                  path, managed_policies
//! accounts/<id>/groups/<Name>.policies/<policy>.json its inline policies
//! accounts/<id>/mfa-devices.toml                    mfa_devices that no user has
//! accounts/<id>/policies/<Name>.toml                path, description, tags, default_version, last_version
//! accounts/<id>/policies/<Name>.json                what the managed policy says: its default version
//! accounts/<id>/policies/<Name>.versions/<v1>.json  what its other versions say
//! accounts/<id>/instance-profiles/<Name>.toml       path, role, tags
//! accounts/<id>/oidc-providers/<name>.toml          url, client_ids, thumbprints, tags
//! accounts/<id>/saml-providers/<Name>.toml          audiences, recipients, replay, second_opinion,
//!                                                   assertion_encryption, tags, private_keys
//! accounts/<id>/saml-providers/<Name>.metadata.xml  its metadata
//! connections/<id>.toml
//! connections/<id>.metadata.xml                     where metadata = "upload"
//! organization.toml                                 management_account, root_sessions
//! links/<id>.toml                                   connection, providers
//! rules/<id>.toml
//! services/<name>.toml                              description, accounts, signing_names,
//!                                                   action_prefixes, access_keys
//! ```
//! The files say the whole directory: what they leave out is removed. A role, user, group or policy keeps its
//! unique id as long as its account, path and name stay, or takes the one that its file gives. Secrets
//! are written by nobody: an access key or a device whose file gives none keeps the one it has. Metadata that was
//! fetched stays as long as the connection asks the same place for the same provider.

mod accounts;
mod connections;
mod devices;
mod groups;
mod instance_profiles;
mod place;
mod providers;
mod read;
mod services;
mod users;
mod write;

pub use read::{Findings, examine, read};
pub use write::write;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::devices::{DeviceName, Seed};
use super::users::KeyStatus;
use crate::domain::{
    AccessKeyId, AccountId, GroupName, IamPath, ManagedPolicyArn, OwnTags, PolicyVersionId,
    RoleName, SecretAccessKey, SessionDuration, SigningName, UniqueId, UnixTime,
};

/// File paths, relative and with `/`, and their texts.
pub type DirectoryFiles = BTreeMap<String, String>;

/// What the name of a metadata document ends in.
const METADATA: &str = ".metadata.xml";

/// What a role's own file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleFile {
    #[serde(default = "IamPath::root")]
    path: IamPath,
    #[serde(default)]
    description: String,
    #[serde(default = "default_maximum")]
    max_session_duration: SessionDuration,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    managed_policies: BTreeSet<ManagedPolicyArn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<ManagedPolicyArn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<UniqueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
}

/// What a user's own file says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserFile {
    #[serde(default = "IamPath::root")]
    path: IamPath,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    managed_policies: BTreeSet<ManagedPolicyArn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<ManagedPolicyArn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<UniqueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    access_keys: Vec<AccessKeyFile>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mfa_devices: Vec<MfaDeviceFile>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    groups: BTreeSet<GroupName>,
}

/// What a group's own file says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    #[serde(default = "IamPath::root")]
    path: IamPath,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    managed_policies: BTreeSet<ManagedPolicyArn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<UniqueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
}

/// The devices that no user has.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnassignedDevicesFile {
    #[serde(default)]
    mfa_devices: Vec<UnassignedDeviceFile>,
}

/// A device that no user has.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnassignedDeviceFile {
    name: DeviceName,
    #[serde(default, skip_serializing)]
    seed: Option<Seed>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
}

/// What a service's own file says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceFile {
    #[serde(default)]
    description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accounts: Option<BTreeSet<AccountId>>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    signing_names: BTreeSet<SigningName>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    action_prefixes: BTreeSet<SigningName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    access_keys: Vec<AccessKeyFile>,
}

/// One of a user's or service's access keys.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessKeyFile {
    id: AccessKeyId,
    #[serde(default, skip_serializing)]
    secret: Option<SecretText>,
    #[serde(default)]
    status: KeyStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
}

/// One of a user's devices.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MfaDeviceFile {
    name: DeviceName,
    #[serde(default, skip_serializing)]
    seed: Option<Seed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enabled_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drift: Option<i64>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
}

/// What a managed policy's own file says; its document stands beside it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    #[serde(default = "IamPath::root")]
    path: IamPath,
    #[serde(default)]
    description: String,
    #[serde(default = "first_version", skip_serializing_if = "is_first_version")]
    default_version: PolicyVersionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_version_created_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_version: Option<PolicyVersionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<UniqueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
    /// When the other versions were made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    versions: BTreeMap<PolicyVersionId, UnixTime>,
}

const fn first_version() -> PolicyVersionId {
    PolicyVersionId::FIRST
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_first_version(id: &PolicyVersionId) -> bool {
    *id == PolicyVersionId::FIRST
}

/// What an instance profile's own file says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InstanceProfileFile {
    #[serde(default = "IamPath::root")]
    path: IamPath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<RoleName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<UniqueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
}

/// A secret as a file gives it; it is read and never written.
#[derive(Debug)]
struct SecretText(SecretAccessKey);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(SecretAccessKey::new(text)))
    }
}

const fn default_maximum() -> SessionDuration {
    SessionDuration::DEFAULT
}
