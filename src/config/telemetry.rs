//! Where spans are sent.

use std::path::PathBuf;

use url::Url;

use super::network::is_loopback;
use super::reader::Reader;
use crate::telemetry::SampleRatio;

/// Who is told how long a node's steps take; nobody, unless a collector is named.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetrySettings {
    /// The collector.
    pub collector: Option<CollectorSettings>,
    /// Of so many requests.
    pub sample_ratio: SampleRatio,
}

/// A collector of OpenTelemetry, which takes OTLP over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorSettings {
    /// The whole URL, e.g. `https://collector.example.com/v1/traces`.
    pub endpoint: Url,
    /// A file of headers that it wants, a line each: they may be secret.
    pub headers_file: Option<PathBuf>,
    /// Further roots to trust, in PEM.
    pub ca_file: Option<PathBuf>,
}

impl TelemetrySettings {
    /// One of twenty.
    const USUAL_RATIO: f64 = 0.05;

    pub(super) fn read(section: &mut Reader<'_>) -> Self {
        let endpoint: Option<Url> = section.parsed("endpoint");
        let endpoint = endpoint.filter(|url| {
            let problem = problem_of(url);
            if let Some(problem) = problem {
                section.problem("endpoint", problem);
            }
            problem.is_none()
        });
        let share = section.share("sample_ratio").unwrap_or(Self::USUAL_RATIO);
        let headers_file = section.readable("headers_file");
        let ca_file = section.readable("ca_file");
        Self {
            collector: endpoint.map(|endpoint| CollectorSettings {
                endpoint,
                headers_file,
                ca_file,
            }),
            sample_ratio: SampleRatio::new(share).unwrap_or_default(),
        }
    }
}

fn problem_of(url: &Url) -> Option<&'static str> {
    let is_protected = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
    if !is_protected {
        Some(
            "must be https, or http on loopback: headers and what the node does would be read on the way",
        )
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("must have no user and no password: put what the collector wants into headers_file")
    } else {
        None
    }
}
