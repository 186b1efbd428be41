//! The log on standard error.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogLevel, LogSettings};

/// Starts logging; later calls do nothing.
pub(super) fn start(settings: LogSettings) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter(settings.level))
        .with_writer(std::io::stderr);
    let _already_started = match settings.format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}

/// Libraries may log what they are given; only their warnings are wanted, and never bodies. The HTTP
/// library calls it an error when a stranger sends what is no HTTP: that would be anybody's way to
/// fill the log.
fn filter(level: LogLevel) -> EnvFilter {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    EnvFilter::new(["warn,actix_http=off,rolegate=", level].concat())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_strangers_send_writes_no_line() {
        let written = Written::default();
        let writer = written.clone();
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter(LogLevel::Trace))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(log, || {
            tracing::error!(target: "actix_http::h1::dispatcher", "from a stranger");
            tracing::error!(target: "actix_server::accept", "from the listener");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("from a stranger"), "{text}");
        assert!(text.contains("from the listener"), "{text}");
    }
}
