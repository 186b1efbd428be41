//! Hostile requests over real HTTP, against a node in this process or in one of its own: what is
//! sent to STS, to the portal and to the listener itself. Each test names the attack that it makes.
//!
//! a1–a7: signatures; a8, a9: session tokens; a17: parameters; a18: framing; a19: slowness; a20:
//! answers; a21: logs; a23: floods; w1–w18: the portal; o: running and stopping. a10–a16, a22 and w10:
//! `tests/signed_sts`.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod catalogue;
mod child;
mod cookies;
mod demo_logout;
mod favourites;
mod forms;
mod framing;
mod headers;
mod logs;
mod metrics;
mod operation;
mod pages;
mod parameters;
mod rates;
mod records;
mod session_token;
mod sessions;
mod signature;
mod slow;
mod tls;
