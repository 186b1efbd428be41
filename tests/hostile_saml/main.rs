//! Hostile SAML responses against a whole node over HTTP: `AssumeRoleWithSAML`. The number in a test's
//! name is the attack's in the threat catalogue (`S1` to `S52`). Every hostile response is made of a
//! good one that a provider really signed and that the same node accepts.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod answer;
#[path = "../hostile_oidc/canary.rs"]
mod canary;
mod catalogue;
mod claims;
mod crypto;
mod encryption;
mod hiding;
mod reader;
mod replay;
mod scene;
mod shape;
mod signature;
mod wrapping;
