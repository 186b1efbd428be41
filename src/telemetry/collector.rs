//! Sends spans to a collector: OTLP 1.x over HTTP, protobuf.
//!
//! One request at a time, and no second attempt: while it waits the queue fills, and what doesn't fit is
//! dropped. So a collector that is away, or hangs, costs nobody anything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{CONTENT_TYPE, HeaderMap};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Sent, Status};
use prost::Message as _;
use tokio::sync::mpsc::Receiver;
use tokio::time::MissedTickBehavior;

use super::{Span, Spans};

/// So many spans are sent at a time at most.
pub const BATCH: usize = 512;
/// Spans wait for others so long.
const EVERY: Duration = Duration::from_secs(1);
/// The collector must have answered by then.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// What OTLP over HTTP says that it is.
const MEDIA_TYPE: &str = "application/x-protobuf";
/// What the node is called, among others that send spans.
const SERVICE: &str = "rolegate";

/// Where spans go.
pub struct Collector {
    http: reqwest::Client,
    endpoint: url::Url,
    headers: HeaderMap,
}

/// Why there is no way to the collector: the node's settings are to blame.
#[derive(Debug, thiserror::Error)]
#[error("the client for the collector can't be set up")]
pub struct CollectorError(#[source] reqwest::Error);

impl Collector {
    /// The collector at this URL, which wants these headers.
    ///
    /// # Errors
    /// [`CollectorError`]
    #[expect(
        clippy::disallowed_methods,
        reason = "a collector stands in a private network, which `federation::outgoing` lets nobody reach, and is named by whoever runs the node"
    )]
    pub fn new(
        endpoint: url::Url,
        headers: HeaderMap,
        tls: rustls::ClientConfig,
    ) -> Result<Self, CollectorError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(SEND_TIMEOUT)
            .user_agent(concat!("rolegate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(CollectorError)?;
        Ok(Self {
            http,
            endpoint,
            headers,
        })
    }

    /// Sends whatever comes, once a second, until nothing can come any more.
    pub async fn take(self, mut queue: Receiver<Span>, spans: &Spans) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut batch, mut was_away) = (Vec::new(), false);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            if batch.len() < BATCH {
                ticks.tick().await;
                fill(&mut queue, &mut batch);
            }
            was_away = match self.send(&batch).await {
                Ok(()) => {
                    spans.sent(batch.len());
                    false
                }
                Err(why) => {
                    spans.dropped(batch.len());
                    tell(why, was_away);
                    true
                }
            };
            batch.clear();
        }
    }

    /// The text of an error may quote the URL, so it says less.
    async fn send(&self, batch: &[Span]) -> Result<(), &'static str> {
        let body = encode(batch).encode_to_vec();
        let request = self.http.post(self.endpoint.clone());
        let request = request.headers(self.headers.clone());
        let answer = request.header(CONTENT_TYPE, MEDIA_TYPE).body(body).send();
        match answer.await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) if answer.status().is_client_error() => {
                Err("it refuses them: look at telemetry.endpoint and telemetry.headers_file")
            }
            Ok(_) => Err("it can't take them"),
            Err(error) if error.is_timeout() => Err("it did not answer in time"),
            Err(_) => Err("it can't be reached"),
        }
    }
}

/// Adds what has come meanwhile.
fn fill(queue: &mut Receiver<Span>, batch: &mut Vec<Span>) {
    while batch.len() < BATCH
        && let Ok(span) = queue.try_recv()
    {
        batch.push(span);
    }
}

/// The log is told once, until it goes again.
fn tell(why: &'static str, was_told: bool) {
    if !was_told {
        tracing::warn!(why, "the collector takes no spans; they are dropped");
    }
}

fn encode(batch: &[Span]) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![
            attribute("service.name", SERVICE),
            attribute("service.version", env!("CARGO_PKG_VERSION")),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: SERVICE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    let spans = ScopeSpans {
        scope: Some(scope),
        spans: batch.iter().map(Sent::from).collect(),
        ..ScopeSpans::default()
    };
    let spans = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![spans],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![spans],
    }
}

impl From<&Span> for Sent {
    fn from(span: &Span) -> Self {
        let (name, kind) = match span.step {
            Some(step) => (step, SpanKind::Internal),
            None => (span.name, SpanKind::Server),
        };
        let mut attributes = vec![attribute("rolegate.operation", span.name)];
        if let Some(request) = span.known.request {
            attributes.push(attribute("rolegate.request_id", &request.to_string()));
        }
        let mut status = StatusCode::Unset;
        if let Some((outcome, check)) = span.known.ended {
            attributes.push(attribute("rolegate.outcome", outcome));
            attributes.extend(check.map(|check| attribute("rolegate.check", check)));
            if outcome == "unavailable" {
                status = StatusCode::Error;
            }
        }
        Self {
            trace_id: span.trace.to_vec(),
            span_id: span.id.to_vec(),
            parent_span_id: span.parent.map(Vec::from).unwrap_or_default(),
            name: name.to_owned(),
            kind: kind.into(),
            start_time_unix_nano: nanoseconds(span.begun),
            end_time_unix_nano: nanoseconds(span.ended),
            attributes,
            status: Some(Status {
                code: status.into(),
                ..Status::default()
            }),
            ..Self::default()
        }
    }
}

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
