//! The way to a collector of OpenTelemetry.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::mpsc::Receiver;

use crate::config::{CollectorSettings, TelemetrySettings};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::federation::outgoing::{OutgoingSetupError, trusting};
use crate::telemetry::{Collector, CollectorError, Span, Spans};

/// Why spans can't be sent.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The file of headers can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line of it is no header. It is not quoted: it may be a secret.
    #[error("line {line} of {} is no header; write one as `name: value`", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: usize,
    },
    /// TLS can't be set up.
    #[error(transparent)]
    Tls(#[from] OutgoingSetupError),
    /// The client can't be set up.
    #[error(transparent)]
    Client(#[from] CollectorError),
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Spans on their way.
pub(super) struct Telemetry {
    spans: Arc<Spans>,
    queue: Receiver<Span>,
    collector: Collector,
}

impl Telemetry {
    /// None where no collector is named.
    pub(super) fn of(
        settings: &TelemetrySettings,
        entropy: &dyn Entropy,
    ) -> Result<Option<Self>, TelemetryError> {
        let Some(wanted) = &settings.collector else {
            return Ok(None);
        };
        let (spans, queue) = Spans::new(settings.sample_ratio, draw(entropy)?);
        let collector = collector(wanted)?;
        Ok(Some(Self {
            spans,
            queue,
            collector,
        }))
    }

    pub(super) fn spans(&self) -> Arc<Spans> {
        Arc::clone(&self.spans)
    }

    /// Sends what comes.
    pub(super) async fn send(self) {
        self.collector.take(self.queue, &self.spans).await;
    }
}

fn collector(settings: &CollectorSettings) -> Result<Collector, TelemetryError> {
    let headers = match &settings.headers_file {
        None => HeaderMap::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let unreadable = |source| TelemetryError::Unreadable {
                path: path.clone(),
                source,
            };
            headers(path, &text.map_err(unreadable)?)?
        }
    };
    let tls = trusting(settings.ca_file.as_deref())?;
    Ok(Collector::new(settings.endpoint.clone(), headers, tls)?)
}

/// A header a line; empty lines, and those that begin with `#`, say nothing.
fn headers(path: &Path, text: &str) -> Result<HeaderMap, TelemetryError> {
    let mut headers = HeaderMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = header(line).ok_or_else(|| TelemetryError::Header {
            path: path.to_owned(),
            line: index + 1,
        })?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let mut value: HeaderValue = value.trim().parse().ok()?;
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<HeaderMap, TelemetryError> {
        headers(Path::new("headers"), text)
    }

    #[test]
    fn a_header_stands_on_a_line_of_its_own_and_does_not_print() {
        let headers =
            read("# of the collector\n\nAuthorization: Bearer s3cret\nx-org:7\n").unwrap();
        assert_eq!(headers["authorization"], "Bearer s3cret");
        assert_eq!(headers["x-org"], "7");
        assert_eq!(headers.len(), 2);
        assert!(!format!("{headers:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_no_header_is_named_by_its_line_and_not_quoted() {
        for wrong in ["s3cret", "na me: s3cret", "name: s3\u{1}cret"] {
            let error = read(&["x-org: 7\n", wrong].concat()).unwrap_err();
            let told = error.to_string();
            assert!(told.starts_with("line 2 of headers"), "{told}");
            assert!(!told.contains("cret"), "{told}");
        }
    }
}
