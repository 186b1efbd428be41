//! The IAM API by unmodified clients: boto3 and the AWS command line, on a node with nothing in its directory.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "iam/kit.rs"]
mod kit;
mod support;
#[path = "tools/mod.rs"]
mod tools;
#[path = "iam/users.rs"]
mod users;
