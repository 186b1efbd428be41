//! The directory as files, for `apply` and `export`: one resource a file, policies as plain IAM JSON
//! and SAML metadata as XML beside them.
//!
//! ```text
//! accounts/<id>/account.toml                        alias, name, environment
//! accounts/<id>/roles/<Name>.toml                   path, description, max_session_duration
//! accounts/<id>/roles/<Name>.trust.json             its trust policy
//! accounts/<id>/roles/<Name>.policies/<policy>.json its inline policies
//! accounts/<id>/oidc-providers/<name>.toml          url, client_ids
//! accounts/<id>/saml-providers/<Name>.toml          audiences, recipients, replay, second_opinion
//! accounts/<id>/saml-providers/<Name>.metadata.xml  its metadata
//! connections/<id>.toml
//! connections/<id>.metadata.xml                     where metadata = "upload"
//! links/<id>.toml                                   connection, providers
//! rules/<id>.toml
//! ```
//! The files say the whole directory: what they leave out is removed. A role keeps its unique id as
//! long as its account, path and name stay, or takes the one that its file gives. Metadata that was
//! fetched stays as long as the connection asks the same place for the same provider.

mod accounts;
mod connections;
mod place;
mod read;
mod write;

pub use read::read;
pub use write::write;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{RolePath, SessionDuration, UniqueId, UnixTime};

/// File paths, relative and with `/`, and their texts.
pub type DirectoryFiles = BTreeMap<String, String>;

/// What the name of a metadata document ends in.
const METADATA: &str = ".metadata.xml";

/// What a role's own file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleFile {
    #[serde(default = "RolePath::root")]
    path: RolePath,
    #[serde(default)]
    description: String,
    #[serde(default = "default_maximum")]
    max_session_duration: SessionDuration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<UniqueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
}

const fn default_maximum() -> SessionDuration {
    SessionDuration::DEFAULT
}
