//! What the tests over real HTTP share: a node, an identity provider that lies as it is told to, keys
//! that sign anything, and clients that send anything.
//!
//! Everything listens on a free loopback port and ends when it is dropped. Each test file is a crate
//! of its own and takes this in with `#[cfg(test)] mod support;`.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test crate takes the parts that it needs"
)]

pub mod gateway;
pub mod http;
pub mod http_node;
pub mod keys;
pub mod node;
pub mod provider;
