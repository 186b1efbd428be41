//! What a node tells a collector of OpenTelemetry, and what it does not: a small collector stands in the test,
//! and decodes what comes.
#![cfg(test)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;

use support::http::{PATIENCE, Request};
use support::http_node::{HttpNode, ROLE};
use support::node::Settings;
use support::sts::element;

const HEADER: &str = "x-collector-key: k3y-of-the-collector";

/// One request as the collector got it.
struct Sent {
    head: String,
    body: Vec<u8>,
}

/// A collector, and what it gets.
struct Collector {
    address: SocketAddr,
    sent: Receiver<Sent>,
}

/// What it does with a request.
#[derive(Clone, Copy)]
enum Answers {
    Ok,
    Refuses,
    /// It reads nothing and says nothing.
    Hangs,
}

impl Collector {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (into, sent) = channel();
        std::thread::spawn(move || {
            let mut hung = Vec::new();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                match answers {
                    Answers::Hangs => hung.push(stream),
                    Answers::Ok => serve(stream, "200 OK", into.clone()),
                    Answers::Refuses => serve(stream, "401 Unauthorized", into.clone()),
                }
            }
        });
        Self { address, sent }
    }

    /// Settings of a node that tells it of every request.
    fn settings(&self, folder: &std::path::Path) -> Settings {
        let file = folder.join("headers");
        std::fs::write(&file, HEADER).unwrap();
        let (address, file) = (self.address, file.display());
        Settings {
            toml: format!(
                "ops_listen = '127.0.0.1:0'\n[telemetry]\nendpoint = 'http://{address}/v1/traces'\nsample_ratio = 1.0\nheaders_file = '{file}'\n"
            ),
            ..Settings::default()
        }
    }

    /// A node that tells it of every request, with its directory.
    fn told_by_a_node(&self) -> HttpNode {
        let folder = tempfile::tempdir().unwrap();
        let mut house = HttpNode::empty(self.settings(folder.path()));
        // The admin API is on the operators' listener.
        let (main, files) = (house.address, house.directory());
        house.node.address = house.ops_address.unwrap();
        house.apply(&files);
        house.node.address = main;
        house
    }

    fn next(&self) -> Sent {
        self.sent.recv_timeout(PATIENCE).unwrap()
    }
}

/// Answers every request of a connection.
fn serve(mut stream: TcpStream, status: &'static str, into: Sender<Sent>) {
    std::thread::spawn(move || {
        while let Some(sent) = read(&mut stream) {
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            if stream.write_all(answer.as_bytes()).is_err() || into.send(sent).is_err() {
                return;
            }
        }
    });
}

/// One request; none where the connection has ended.
fn read(stream: &mut TcpStream) -> Option<Sent> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap();
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Sent { head, body })
}

/// The spans of an operation, as soon as that of the whole is there; with all bytes that came until then.
fn spans_of(collector: &Collector, operation: &str) -> (Vec<Span>, Vec<u8>) {
    let (mut spans, mut bytes) = (Vec::<Span>::new(), Vec::new());
    let give_up = Instant::now() + PATIENCE;
    while !spans.iter().any(|span| span.name == operation) {
        assert!(Instant::now() < give_up, "no {operation} in {spans:?}");
        let sent = collector.next();
        assert!(sent.head.contains("content-type: application/x-protobuf"));
        assert!(sent.head.contains(HEADER), "{}", sent.head);
        let request = ExportTraceServiceRequest::decode(&sent.body[..]).unwrap();
        bytes.extend(sent.body);
        for resource in request.resource_spans {
            let named = resource.resource.unwrap().attributes;
            assert!(named.iter().any(|it| it.key == "service.name"));
            spans.extend(resource.scope_spans.into_iter().flat_map(|it| it.spans));
        }
    }
    let of_it = |span: &Span| attribute(span, "rolegate.operation").as_deref() == Some(operation);
    spans.retain(of_it);
    (spans, bytes)
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|it| it.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        other => panic!("{other:?}"),
    }
}

fn is_in(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

#[test]
fn a_call_to_sts_is_a_trace_of_its_steps_and_says_nothing_of_who_made_it() {
    let collector = Collector::start(Answers::Ok);
    let house = collector.told_by_a_node();
    let token = house.id_token("ines.unmistakable");
    let answer = house.assume(&token, &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (spans, bytes) = spans_of(&collector, "AssumeRoleWithWebIdentity");
    let whole = spans.iter().find(|span| span.parent_span_id.is_empty());
    let whole = whole.unwrap();
    assert_eq!(whole.kind, i32::from(SpanKind::Server));
    let request = element(&answer, "RequestId");
    assert_eq!(attribute(whole, "rolegate.request_id"), Some(request));
    let outcome = attribute(whole, "rolegate.outcome");
    assert_eq!(outcome.as_deref(), Some("succeeded"));
    let steps: Vec<_> = spans.iter().filter(|span| *span != whole).collect();
    let names: Vec<_> = steps.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["prove", "issue", "record"]);
    for step in steps {
        assert_eq!(step.trace_id, whole.trace_id);
        assert_eq!(step.parent_span_id, whole.span_id);
        assert!(whole.start_time_unix_nano <= step.start_time_unix_nano);
        assert!(step.start_time_unix_nano <= step.end_time_unix_nano);
        assert!(step.end_time_unix_nano <= whole.end_time_unix_nano);
    }
    let keys = element(&answer, "AccessKeyId");
    for secret in ["unmistakable", ROLE, "Reader", "127.0.0.1", &token, &keys] {
        assert!(!is_in(&bytes, secret), "{secret}");
    }
}

#[test]
fn a_refusal_names_the_check_that_failed() {
    let collector = Collector::start(Answers::Ok);
    let house = collector.told_by_a_node();
    let forged = [&house.id_token("ines"), "AAAA"].concat();
    assert_eq!(house.assume(&forged, &[]).status, 400);
    let (spans, _) = spans_of(&collector, "AssumeRoleWithWebIdentity");
    let whole = spans.iter().find(|span| span.parent_span_id.is_empty());
    let told = |key| attribute(whole.unwrap(), key);
    assert_eq!(told("rolegate.outcome").as_deref(), Some("refused"));
    assert!(told("rolegate.check").is_some());
}

#[test]
fn a_sign_in_is_a_trace() {
    let collector = Collector::start(Answers::Ok);
    let house = collector.told_by_a_node();
    house.sign_in("ines.unmistakable");
    let (spans, bytes) = spans_of(&collector, "SignIn");
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["prove", "record", "SignIn"]);
    assert!(!is_in(&bytes, "unmistakable"));
}

/// How many spans were dropped, as the node itself tells.
fn dropped(house: &HttpNode) -> u64 {
    let answer = Request::get(house.ops_address.unwrap(), "/metrics").send();
    let text = answer.text();
    let line = text
        .lines()
        .find(|line| line.starts_with("rolegate_spans_dropped_total "));
    let count = line.unwrap().rsplit(' ').next().unwrap();
    count.parse().unwrap()
}

#[test]
fn a_collector_that_refuses_or_hangs_is_nobody_s_concern() {
    for answers in [Answers::Refuses, Answers::Hangs] {
        let collector = Collector::start(answers);
        let house = collector.told_by_a_node();
        for number in 0..50 {
            let answer = house.assume(&house.id_token(&format!("caller-{number}")), &[]);
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let give_up = Instant::now() + PATIENCE;
        while dropped(&house) == 0 {
            assert!(Instant::now() < give_up, "it says nothing of it");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
