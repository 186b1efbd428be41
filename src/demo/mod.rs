//! The demo identity provider and the demo's directory. Nothing that `serve` runs can reach it.
//!
//! The provider really signs: it is an OpenID Connect provider with keys, codes, PKCE and discovery,
//! and a SAML provider with metadata, both bindings and logout. What makes it a demo is that it asks
//! for no password. Whoever opens it chooses who to be, and `/demo/token` and `/demo/saml-response`
//! hand out proofs for the asking; so it listens on loopback and answers only at its issuer's own
//! host.
//!
//! ```text
//! /authorize        authorization: read the request, client and address first
//!   └ a person is chosen
//!      └ /authorize/choose   tickets: a code for 60 s, bound to client, address and challenge
//!         └ /token           the code is taken, checked, and becomes
//!            └ tokens: id_token (keys sign) and access token (tickets) -> /userinfo
//! ```
//!
//! Instead of a person a fault can be chosen (`faults`), which spoils the answer on purpose.
//! `demo/saml` draws the way of a SAML sign-in.

mod authorization;
mod client;
mod earlier;
mod endpoints;
mod faults;
mod keys;
mod oidc_sessions;
mod pages;
mod parameters;
mod people;
mod provider;
mod saml;
mod seed;
mod server;
mod tickets;
mod tokens;

pub use client::{Client, ClientKind, RedirectUri};
pub use keys::{Algorithm, KeyError};
pub use people::{Person, meridale};
pub use provider::{DemoError, DemoProvider, Overrides};
pub use saml::{
    Encryption, RequestError, ResponseError, SamlIdp, SamlOptions, ServiceProviderError, Signed,
    StsParty,
};
pub use seed::{SamlSeed, Seed, SeedError, SeedFile};
pub use server::{RunningDemo, Transport, run};
