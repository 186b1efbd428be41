//! The demo's story, as `rolegate demo` has it: four people sign in, and every "Break it" button of the
//! provider's page is pressed, by OpenID Connect and by SAML. The page that the browser ends on helps, and
//! the trace behind its id names the check that failed.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

mod faults;
mod people;
mod reach;
mod scene;
#[path = "../support/mod.rs"]
mod support;
mod tour;
