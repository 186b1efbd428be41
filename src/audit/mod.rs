//! One event type in CloudTrail's shape, and the sinks that keep it (decision 10).
//!
//! ```text
//! flow ── Event ──> AuditSink::record ── one JSON line ──> queue ──> one writer ──> file
//!           ^                                                         │ write, sync
//!           └──────────────── answer only after the acknowledgement ──┘
//! ```
//!
//! An event that can't be written means that nothing is issued: whoever records waits for the
//! writer's acknowledgement and refuses on [`AuditUnavailable`]. No field of an [`Event`] takes a
//! token, assertion, cookie or secret, and every free text is cut to a stated bound and escaped so
//! that one event is one line, whatever it holds.

mod event;
mod file;
mod identity;
pub mod json;
mod limiter;
mod memory;
mod text;
mod trace;

use async_trait::async_trait;

pub use event::{
    Event, EventId, EventParts, EventSource, Occasion, Parameter, ParameterValue, ReadOnly,
};
pub use file::{FileSettings, FileSink, OpenError, Rotation, Sync};
pub use identity::{Mfa, UserIdentity};
pub use limiter::{Admission, Coalesced, RefusalLimiter, RefusalLimits, Source};
pub use memory::{FailingSink, MemorySink};
pub use text::Text;
pub use trace::{Check, CheckOutcome};

/// Keeps events.
#[async_trait]
pub trait AuditSink: Send + std::marker::Sync {
    /// Writes one event and waits until it is kept.
    ///
    /// # Errors
    /// [`AuditUnavailable`] where the event is not known to be kept; nothing may be issued then.
    async fn record(&self, event: &Event<'_>) -> Result<(), AuditUnavailable>;

    /// So many bytes of events wait to be written.
    fn queued_bytes(&self) -> usize {
        0
    }
}

/// Why an event is not known to be kept. The node is to blame; the caller answers 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditUnavailable {
    /// More events wait for the writer than the queue holds.
    #[error("too many events wait for the audit log's writer")]
    QueueFull,
    /// The log can't be written; it is tried again with the next event.
    #[error("the audit log can't be written: {0}")]
    NotWritten(std::io::ErrorKind),
    /// The writer did not answer in time; the event may have been written.
    #[error("the audit log's writer did not answer in time")]
    TimedOut,
    /// The writer has ended.
    #[error("the audit log is closed")]
    Closed,
    /// The event can't be put into words; never seen with the types of this module.
    #[error("the event can't be written as JSON")]
    Unwritable,
}
