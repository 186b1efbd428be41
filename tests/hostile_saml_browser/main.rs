//! Hostile SAML by way of a browser, against a whole node over HTTP. The number in a test's name is the
//! attack's in the threat catalogue (`S1` to `S56`, `W3`, `W12`). Every hostile message is made of a good
//! one that a provider really signed and that the same node accepts.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod acs;
mod encrypted;
mod logout;
mod logout_by_form;
mod pages;
mod replaced;
mod scene;
mod withdrawn;
