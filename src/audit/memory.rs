//! Sinks for tests.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{AuditSink, AuditUnavailable, Event};

/// Keeps every line in memory; clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemorySink(Arc<Mutex<Vec<String>>>);

impl MemorySink {
    /// The lines kept so far, oldest first, without their newlines.
    pub fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The events kept so far, as a reader of the log finds them.
    pub fn events(&self) -> Vec<serde_json::Value> {
        let lines = self.lines();
        let read = lines.iter().map(|line| serde_json::from_str(line));
        read.filter_map(Result::ok).collect()
    }
}

#[async_trait]
impl AuditSink for MemorySink {
    async fn record(&self, event: &Event<'_>) -> Result<(), AuditUnavailable> {
        let line = event.to_line()?;
        let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
        Ok(())
    }
}

/// Keeps nothing, as on a full disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct FailingSink;

#[async_trait]
impl AuditSink for FailingSink {
    async fn record(&self, _event: &Event<'_>) -> Result<(), AuditUnavailable> {
        Err(AuditUnavailable::NotWritten(
            std::io::ErrorKind::StorageFull,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::event::tests::occasion;

    #[tokio::test]
    async fn clones_of_a_memory_sink_share_their_events() {
        let sink = MemorySink::default();
        let event = Event::new(occasion("AssumeRole"));
        assert_eq!(sink.clone().record(&event).await, Ok(()));
        let names: Vec<_> = sink
            .events()
            .iter()
            .map(|one| one["eventName"].clone())
            .collect();
        assert_eq!(names, ["AssumeRole"]);
    }

    #[tokio::test]
    async fn a_failing_sink_keeps_nothing() {
        let event = Event::new(occasion("AssumeRole"));
        let full = AuditUnavailable::NotWritten(std::io::ErrorKind::StorageFull);
        assert_eq!(FailingSink.record(&event).await, Err(full));
    }
}
