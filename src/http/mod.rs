//! Bytes to typed input, one flow called, an answer rendered. Decides nothing.

pub mod admin;
pub mod authorize;
pub mod aws;
pub mod edge;
pub mod iam;
pub mod ops;
pub mod portal;
pub mod query;
pub mod sts;
