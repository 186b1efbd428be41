//! Hostile tokens, providers and browsers against a whole node over HTTP. The number in a test's name
//! is the attack's in the threat catalogue (`J1` to `J28`, `J32`); those about access tokens have none.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod access_tokens;
mod browser;
mod canary;
mod claims;
mod directory;
mod discovery;
mod error_text;
mod flood;
mod keys;
mod logout;
mod scene;
mod shape;
mod signature;
