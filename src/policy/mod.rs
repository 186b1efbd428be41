//! The IAM policy language: parse, evaluate, say why. Pure, total, deny by default.
//!
//! ```text
//! JSON ── parse ──> TrustPolicy | IdentityPolicy | ResourcePolicy    what isn't understood is refused
//!                        │
//! Request ── evaluate ───┴──> Evaluation             the statements that deny and that allow
//!                                 │
//! Request, Authority, Target ── authorise ──> Authorisation    every policy that has a say
//!                                 │
//! Assumption ── decide, decide_signed ──> Deny(why) | Permit(Grant)
//! ```
//!
//! A policy is compiled once, when the directory loads it. Nothing that a request brings can make
//! evaluating fail or take long: what can't be judged keeps an `Allow` from applying and lets a
//! `Deny` apply.
//!
//! The language is that of "Grammar of the IAM JSON policy language" and "IAM JSON policy element
//! reference" in the IAM user guide. Where that guide is silent, the stricter reading is taken; each
//! such place says so.

mod assume;
mod authorise;
mod authority;
mod caller;
mod comparison;
mod condition;
mod context;
mod context_keys;
mod decide;
mod document;
mod error;
mod explain;
mod glob;
mod iam_message;
mod json;
mod lint;
mod message;
mod named;
mod operand;
mod operator;
mod pattern;
mod places;
mod principal;
mod saml;
mod shared_providers;
mod simulate;
mod statement;
mod stencil;
mod template;
#[cfg(test)]
mod tests;
mod verdict;

#[cfg(test)]
pub(crate) use assume::would_permit_signed;
pub use assume::{
    AssumeAction, Assumption, Because, Credentials, Decision, Denial, Grant, GrantParts, Preview,
    RoleTerms, RootAssumption, RootDenial, RootGrant, RootGrantParts, Signer, StsAction, decide,
    decide_root, decide_signed, would_permit,
};
pub use authorise::{Authorisation, Refusal, authorise};
pub use authority::{
    Authority, Boundary, NamedPolicy, PolicyKind, SessionBounds, Target, TargetPolicy,
};
pub use caller::Caller;
pub use context::{Context, LateKeys, Values};
pub use decide::{Evaluation, IdentityDecision, Request, StatementRef, decide_identity};
pub use document::{IdentityPolicy, ResourcePolicy, TrustPolicy};
pub use error::{PolicyError, Problem, StatementName};
pub use explain::{Miss, MissedBy, misses};
pub use json::{MAX_BYTES, MAX_DEPTH};
pub use lint::{Lint, Warning};
pub use message::{MAX_MESSAGE_BYTES, authorization_message};
pub use named::Named;
pub use places::Position;
pub use principal::MatchedBy;
pub use saml::{Cardinality, SAML_KEYS, saml_key};
pub use simulate::{Simulated, SimulatedDecision, simulate};
