//! Why Redis gave no answer.

use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::checks::Unfit;
use crate::store::StoreError;
use crate::store::sealed::unavailable;

/// Why Redis gave no answer, or not the one that was needed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// As many commands as may be are under way.
    #[error("{0} commands to Redis are under way already")]
    Busy(usize),
    /// No answer in time; the command may have been run.
    #[error("Redis did not answer within {0:?}")]
    TimedOut(Duration),
    /// There is no connection, and the last attempt to make one failed.
    #[error("there is no connection to Redis")]
    NotConnected(#[source] Arc<Self>),
    /// Redis, or the way there, failed.
    #[error("Redis failed")]
    Redis(#[from] RedisError),
    /// The server may not be used as it is configured.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It was written, and not enough replicas had it in time.
    #[error("{found} of {wanted} replicas had the write in time")]
    TooFewReplicas {
        /// How many must.
        wanted: u32,
        /// How many did.
        found: i64,
    },
    /// Others changed the same record every time.
    #[error("the record changed every time that it was to be written")]
    Contended,
    /// An answer that no such command gives.
    #[error("Redis gave an answer that doesn't fit its command")]
    Unexpected,
}

impl Failure {
    /// Whether the same command may succeed in a moment. Repeating is safe whatever became of it.
    pub(super) fn may_pass(&self) -> bool {
        let Self::Redis(error) = self else {
            return false;
        };
        match error.kind() {
            ErrorKind::Io | ErrorKind::ClusterConnectionNotFound => true,
            ErrorKind::Server(kind) => matches!(
                kind,
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::ReadOnly
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::Moved
                    | ServerErrorKind::Ask
            ),
            _ => false,
        }
    }

    /// Whether another connection is needed: the one there is broke, or leads to a server that is not,
    /// or not yet, the primary.
    pub(super) fn spoils_connection(&self) -> bool {
        let Self::Redis(error) = self else {
            return false;
        };
        error.is_unrecoverable_error()
            || matches!(
                error.kind(),
                ErrorKind::Io
                    | ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
            )
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        unavailable(failure)
    }
}
