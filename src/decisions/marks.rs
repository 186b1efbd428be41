//! Fingerprints of what traces are looked for by.
//!
//! A page's head has those of all its traces: what isn't among them isn't in the page. Two things may
//! have the same one, and somebody may bring that about; then a page is read for nothing.

use super::trace::{Trace, TracedCaller, TracedPerson};
use crate::domain::RequestId;

/// A fingerprint.
pub type Mark = u32;

/// What a trace is looked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Request = 1,
    Key,
    Person,
    Name,
    Connection,
    Check,
    Refused,
}

/// The fingerprint of a request.
pub(super) fn of_request(id: RequestId) -> Mark {
    mark(Kind::Request, id.as_bytes().iter().copied())
}

/// Of a key: credentials that were given, or what a request was signed with.
pub(super) fn of_key(id: &str) -> Mark {
    mark(Kind::Key, id.bytes())
}

/// Of what a person, a session or a caller is called: subject, address, name, ARN. Case makes no difference.
pub(super) fn of_name(name: &str) -> Mark {
    mark(
        Kind::Name,
        name.bytes().map(|byte| byte.to_ascii_lowercase()),
    )
}

/// Of a person: who vouches for them and what they are called there.
pub(super) fn of_person(issuer: &str, subject: &str) -> Mark {
    let parts = issuer.bytes().chain([0]).chain(subject.bytes());
    mark(Kind::Person, parts)
}

/// Of a connection.
pub(super) fn of_connection(id: &str) -> Mark {
    mark(Kind::Connection, id.bytes())
}

/// Of a check that failed.
pub(super) fn of_check(name: &str) -> Mark {
    mark(Kind::Check, name.bytes())
}

/// Of any refusal.
pub(super) fn of_refusal() -> Mark {
    mark(Kind::Refused, std::iter::empty())
}

/// A trace has at most so many.
pub(super) const MAX_MARKS: usize = 13;

/// The fingerprints of a trace.
pub(super) fn of_trace(trace: &Trace<'_>) -> impl Iterator<Item = Mark> {
    let person = trace.person.as_ref();
    let key = trace.issued.as_ref();
    let connection = trace.connection.as_ref();
    let caller = trace.caller.as_ref();
    let refusal = trace
        .failed_check()
        .map(|check| [of_check(check), of_refusal()]);
    [
        Some(of_request(trace.request)),
        key.map(|key| of_key(key.access_key_id.as_str())),
        caller
            .and_then(|caller| caller.access_key_id.as_deref())
            .map(of_key),
        caller.map(|caller| of_name(&caller.name)),
        caller.and_then(TracedCaller::short_name).map(of_name),
        person.map(|person| of_person(person.issuer.as_str(), person.subject.as_str())),
        person.map(|person| of_name(person.subject.as_str())),
        person.and_then(TracedPerson::email).map(of_name),
        person.and_then(TracedPerson::name).map(of_name),
        trace.session.as_deref().map(of_name),
        connection.map(|connection| of_connection(connection.as_str())),
    ]
    .into_iter()
    .flatten()
    .chain(refusal.into_iter().flatten())
}

/// FNV-1a of 64 bits, its halves on each other: quick, and good enough for what it is for.
fn mark(kind: Kind, bytes: impl Iterator<Item = u8>) -> Mark {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let all = std::iter::once(kind as u8).chain(bytes);
    let hash = all.fold(BASIS, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    let folded = (hash ^ (hash >> 32)) & u64::from(u32::MAX);
    Mark::try_from(folded).unwrap_or_default()
}
