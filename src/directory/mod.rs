//! Accounts, roles, policies, providers, connections, mapping rules and services: a versioned log, read
//! from one compiled snapshot.
//!
//! ```text
//! files --files::read--> Directory --diff--> ChangeSet --LiveDirectory::commit--> DirectoryLog
//!                                                                                    |
//!                        Snapshot (indexes, key ring, compiled rules)  <--catch_up---+
//! ```
//! Whoever decides reads a [`Snapshot`]; it is whole, never changes, and is replaced as one.

mod aws_managed;
mod bar;
mod change;
mod check;
mod devices;
mod files;
mod format;
mod groups;
mod history;
mod index;
mod instance_profiles;
mod keys;
mod lint;
mod live;
mod map;
mod planned;
mod policies;
mod principals;
mod providers;
mod replay;
mod revocation;
mod runs;
mod services;
mod since;
mod size;
mod snapshot;
mod state;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod things;
mod told;
mod touched;
mod users;

pub use aws_managed::AwsManaged;
pub use bar::{bar, behind_bar, check_whole, lift};
pub use change::{Change, ChangeSet, diff};
pub use check::{Problem, check, unfit_metadata};
pub use devices::{DeviceName, MfaDevice, Seed, UnassignedDevice};
pub use files::{DirectoryFiles, Findings, examine, read, write};
pub use format::{Format, NewerFormat, NotUsedYet};
pub use groups::Group;
pub use history::Logged;
pub use instance_profiles::InstanceProfile;
pub use keys::{
    SealingKeyRecord, ServiceProviderKeyRecord, UnusableKey, UnusableWebIdentityKey,
    WebIdentityKeyRecord,
};
pub use lint::{MAX_WARNINGS, PolicyWarning, PolicyWarnings, lint};
pub use live::{CommitError, DirectoryError, LiveDirectory};
pub use map::Map;
pub use policies::{ManagedPolicy, PolicyVersion, PolicyVersions};
pub use principals::{PrincipalNames, UnknownPrincipal};
pub use providers::{OidcProvider, ProviderKey, SamlProvider, SamlProviderDetails};
pub use revocation::{Descent, Revocation, Revocations, Revoked, Vouched};
pub use services::{Reach, Service};
pub use since::{Footing, Since};
pub use snapshot::{
    GroupEntry, PolicyBook, RoleEntry, ServiceEntry, Snapshot, UserEntry, policy_of_task,
};
pub use state::{
    Account, AccountAlias, AccountName, AccountSettings, ConnectionMetadata, Directory,
    Environment, Link, LinkId, Organization, Role,
};
pub use things::Named;
pub use told::told;
pub use touched::Touched;
pub use users::{AccessKey, KeyStatus, Rights, User};
