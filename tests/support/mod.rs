//! What the tests over real HTTP share: a node, an identity provider that lies as it is told to, keys
//! that sign anything, and clients that send anything.
//!
//! ```text
//! node ── a node with an empty directory, whose administrator is the test
//!   ├── http_node ── with one provider, one role, one connection: every way in
//!   └── gateway   ── with roles for AWS's clients, by this machine's clock
//! directory ── the files that are applied to it      clock ── its time, moved by the test
//! provider, keys ── who signs                        aws, sts, browser, http ── who calls
//! audit ── what it wrote      shown ── what the docs say of it      catalogue ── which threats have tests
//! ```
//!
//! Everything listens on a free loopback port and ends when it is dropped. Each test file is a crate
//! of its own and takes this in with `#[cfg(test)] mod support;`.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test crate takes the parts that it needs"
)]

pub mod audit;
pub mod aws;
pub mod browser;
pub mod catalogue;
pub mod clock;
pub mod directory;
pub mod gateway;
pub mod http;
pub mod http_node;
pub mod keys;
pub mod node;
pub mod provider;
pub mod shown;
pub mod sts;
