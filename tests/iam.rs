//! The IAM API by unmodified clients: boto3 and the AWS command line, on a node with nothing in its directory.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "iam/instance_profiles.rs"]
mod instance_profiles;
#[path = "iam/kit.rs"]
mod kit;
#[path = "iam/policies.rs"]
mod policies;
#[path = "iam/roles.rs"]
mod roles;
#[path = "iam/simulate.rs"]
mod simulate;
mod support;
#[path = "tools/mod.rs"]
mod tools;
#[path = "iam/users.rs"]
mod users;
