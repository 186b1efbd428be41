//! The IAM API by unmodified clients: boto3 and the AWS command line, on a node with nothing in its directory.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "iam/account.rs"]
mod account;
#[path = "iam/instance_profiles.rs"]
mod instance_profiles;
#[path = "iam/inventory.rs"]
mod inventory;
#[path = "iam/kit.rs"]
mod kit;
#[path = "iam/long_bodies.rs"]
mod long_bodies;
#[path = "iam/policies.rs"]
mod policies;
#[path = "iam/providers.rs"]
mod providers;
#[path = "iam/roles.rs"]
mod roles;
#[path = "support/redis.rs"]
mod servers;
#[path = "iam/simulate.rs"]
mod simulate;
mod support;
#[path = "tools/mod.rs"]
mod tools;
#[path = "iam/two_nodes.rs"]
mod two_nodes;
#[path = "iam/users.rs"]
mod users;
