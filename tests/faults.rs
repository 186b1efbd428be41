//! What callers see when things break, and what holds whatever breaks: nodes in processes of their own over
//! one Redis, under load. `docs/operations.md` has the table of it.
//!
//! Each fault happens `ROLEGATE_FAULT_ROUNDS` times (once, where it isn't set); `make faults` sets 20.
//! Races are run `ROLEGATE_RACES` times (20, where it isn't set); `make races` sets 1,000.
//!
//! ```text
//! scene ── the nodes, who signs, the files of the directory     node ── one process
//! load ── callers, until they are told to stop                  proxy ── a way to Redis that can be spoilt
//! watch ── what every answer must be                            promises ── what was answered and must hold
//! rounds ── load, a fault, normal again, and what must hold then
//! ```

#![cfg(test)]

#[path = "faults/load.rs"]
mod load;
#[path = "faults/node.rs"]
#[expect(dead_code, reason = "only a soak looks into its process")]
mod node;
#[path = "faults/of_iam.rs"]
mod of_iam;
#[path = "faults/of_nodes.rs"]
mod of_nodes;
#[path = "faults/of_redis.rs"]
mod of_redis;
#[path = "faults/of_replicas.rs"]
mod of_replicas;
#[path = "faults/promises.rs"]
mod promises;
#[path = "faults/proxy.rs"]
mod proxy;
#[path = "faults/races.rs"]
mod races;
#[path = "faults/rounds.rs"]
mod rounds;
#[path = "hostile_saml/scene.rs"]
#[expect(dead_code, reason = "only responses are made by it here")]
mod saml;
#[path = "faults/scene.rs"]
mod scene;
#[path = "support/redis.rs"]
mod servers;
#[path = "faults/shared.rs"]
mod shared;
mod support;
mod tools;
#[path = "faults/watch.rs"]
mod watch;
