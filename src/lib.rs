//! Rolegate turns a sign-in at a SAML or OpenID Connect identity provider into short-lived
//! AWS-style credentials for exactly the roles that the claim mapping and the trust policies grant.
//!
//! A request travels one straight way, and every step has a room of its own. A room imports only
//! from rooms below it; `tests/architecture.rs` holds it to that. `docs/ARCHITECTURE.md` draws the
//! house and walks through it.

pub mod app;
pub mod audit;
pub mod causes;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod decisions;
pub mod demo;
pub mod directory;
pub mod domain;
pub mod entropy;
pub mod federation;
pub mod flows;
pub mod http;
pub mod mac;
pub mod mapping;
pub mod metrics;
pub mod policy;
pub mod seal;
pub mod sigv4;
pub mod store;
pub mod telemetry;
pub mod throttle;
pub mod turn;
