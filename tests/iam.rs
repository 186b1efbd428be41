//! The IAM API by unmodified clients: boto3 and the AWS command line, on a node with nothing in its directory.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "iam/account.rs"]
mod account;
#[path = "iam/inventory.rs"]
mod inventory;
#[path = "iam/kit.rs"]
mod kit;
#[path = "iam/providers.rs"]
mod providers;
#[path = "support/redis.rs"]
mod servers;
mod support;
#[path = "tools/mod.rs"]
mod tools;
#[path = "iam/two_nodes.rs"]
mod two_nodes;
#[path = "iam/users.rs"]
mod users;
