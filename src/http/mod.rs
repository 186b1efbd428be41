//! Bytes to typed input, one flow called, an answer rendered. Decides nothing.

pub mod admin;
pub mod authorize;
pub mod edge;
pub mod ops;
pub mod portal;
pub mod sts;
