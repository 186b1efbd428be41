//! Traces as bytes.
//!
//! ```text
//! waiting  length (4) | when (8) | how many marks (1) | marks (4 each) | trace
//! in page  length (4) | trace
//! trace    version (1) | postcard
//! ```
//! Numbers are little-endian; a length is of what follows it.

use super::marks::{self, Mark};
use super::trace::Trace;
use crate::domain::UnixTime;

/// A trace has at most this many bytes.
pub const MAX_TRACE_BYTES: usize = 64 << 10;

/// The version of the traces.
const VERSION: u8 = 2;
/// The one before had nothing of a caller, and no order within a second.
const BEFORE: u8 = 1;
/// What stands at the end of a trace that has neither.
const NEITHER: [u8; 2] = [0, 0];
/// Of a trace that waits, without what is to be said of it.
const USUAL_BYTES: usize = 1024;

/// A trace that waits, or does in a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting<'a> {
    pub(super) at: UnixTime,
    marks: &'a [u8],
    /// With its version.
    pub(super) trace: &'a [u8],
}

impl Waiting<'_> {
    pub(super) fn marks(&self) -> impl Iterator<Item = Mark> {
        let (marks, _) = self.marks.as_chunks();
        marks.iter().map(|mark| Mark::from_le_bytes(*mark))
    }
}

/// Adds a trace to those that wait, which take so many bytes at most. One that would be too long by itself is cut.
/// Where there is no room for it, or it is too long even so, which no bound of its parts allows, `waiting` stays as
/// it was.
pub(super) fn add_waiting(waiting: &mut Vec<u8>, trace: &Trace<'_>, most: usize) -> bool {
    let begin = waiting.len();
    waiting.reserve(USUAL_BYTES);
    let mut is_whole = encode(trace, waiting).is_some();
    if !is_whole {
        waiting.truncate(begin);
        is_whole = encode(&trace.clone().cut(), waiting).is_some();
    }
    let is_added = is_whole && waiting.len() <= most;
    if !is_added {
        waiting.truncate(begin);
    }
    is_added
}

fn encode(trace: &Trace<'_>, waiting: &mut Vec<u8>) -> Option<()> {
    let begin = waiting.len();
    waiting.extend_from_slice(&[0; LENGTH]);
    waiting.extend_from_slice(&trace.at.seconds().to_le_bytes());
    let count_at = waiting.len();
    waiting.push(0);
    let mut count = 0_u8;
    for mark in marks::of_trace(trace) {
        waiting.extend_from_slice(&mark.to_le_bytes());
        count += 1;
    }
    *waiting.get_mut(count_at)? = count;
    let head = waiting.len();
    waiting.push(VERSION);
    postcard::to_io(trace, &mut *waiting).ok()?;
    if waiting.len() - head > MAX_TRACE_BYTES {
        return None;
    }
    let entry = waiting.get_mut(begin..)?;
    let length = u32::try_from(entry.len() - LENGTH).ok()?;
    *entry.first_chunk_mut()? = length.to_le_bytes();
    Some(())
}

const LENGTH: usize = size_of::<u32>();

/// The traces that wait in these bytes, each with its own bytes.
pub(super) fn all_waiting(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8], Waiting<'_>)> {
    std::iter::from_fn(move || {
        let whole = bytes;
        let entry = take(&mut bytes)?;
        let own = whole.get(..whole.len() - bytes.len())?;
        let (at, rest) = entry.split_first_chunk()?;
        let (count, rest) = rest.split_first()?;
        let (marks, trace) = rest.split_at_checked(usize::from(*count) * size_of::<Mark>())?;
        let at = UnixTime::from_seconds(i64::from_le_bytes(*at));
        Some((own, Waiting { at, marks, trace }))
    })
}

/// Adds a trace to a page.
pub(super) fn add_to(body: &mut Vec<u8>, trace: &[u8]) {
    let length = u32::try_from(trace.len()).unwrap_or_default();
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(trace);
}

/// How many bytes a trace takes in a page.
pub(super) const fn bytes_in_page(trace: &[u8]) -> usize {
    LENGTH + trace.len()
}

/// The traces of a page, in the order in which they came; one of another version is left out.
pub(super) fn all_in_page(mut body: &[u8]) -> impl Iterator<Item = (&[u8], Trace<'static>)> {
    let entries = std::iter::from_fn(move || take(&mut body));
    entries.filter_map(|entry| {
        let (version, trace) = entry.split_first()?;
        Some((entry, decoded(*version, trace)?))
    })
}

fn decoded(version: u8, trace: &[u8]) -> Option<Trace<'static>> {
    match version {
        VERSION => postcard::from_bytes(trace).ok(),
        BEFORE => postcard::from_bytes(&[trace, &NEITHER[..]].concat()).ok(),
        _ => None,
    }
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (entry, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(entry)
}
