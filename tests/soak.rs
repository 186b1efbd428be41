//! What only shows after an hour: two nodes in processes of their own over one Redis are asked for a third
//! of what they can do, hostile input among it, while people sign in and out, roles are made, keys are
//! revoked and the sealing key is rotated every third minute.
//!
//! ```text
//! mix ── the requests, good and hostile, and what each must be answered
//! flood ── connections that send them, as fast as they are answered or at a pace
//! gauges ── memory and open files of each node
//! hour ── all of it, minute by minute, and what must hold at its end
//! ```
//!
//! Two minutes of it are in every test run; `make soak` has an hour (`ROLEGATE_SOAK_MINUTES`).

#![cfg(test)]

#[path = "soak/flood.rs"]
mod flood;
#[path = "soak/gauges.rs"]
mod gauges;
#[path = "soak/hour.rs"]
mod hour;
#[path = "faults/load.rs"]
#[expect(dead_code, reason = "nobody races here")]
mod load;
#[path = "soak/mix.rs"]
mod mix;
#[path = "faults/node.rs"]
#[expect(dead_code, reason = "nodes only break in the tests of faults")]
mod node;
#[path = "faults/promises.rs"]
mod promises;
#[path = "hostile_saml/scene.rs"]
#[expect(dead_code, reason = "only responses are made by it here")]
mod saml;
#[path = "faults/scene.rs"]
#[expect(dead_code, reason = "nothing breaks here")]
mod scene;
#[path = "support/redis.rs"]
mod servers;
mod support;
mod tools;
#[path = "faults/watch.rs"]
#[expect(dead_code, reason = "nothing breaks here")]
mod watch;
