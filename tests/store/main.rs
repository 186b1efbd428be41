//! One conformance suite, run on every store.

#![cfg(test)]

mod conformance;
mod damage;
mod embedded;
mod families;
mod key_uses;
mod pages;
mod personal_roles;
mod redis;
mod samples;
#[path = "../support/redis.rs"]
mod servers;
#[path = "../tools/mod.rs"]
mod tools;

mod memory {
    use rolegate::store::memory::MemoryStore;

    crate::conformance::conforms!((MemoryStore::default(), ()));
}
