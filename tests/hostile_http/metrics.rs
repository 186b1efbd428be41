//! `/metrics`: what is counted, that strangers make no series, that it is Prometheus' text format, and
//! that the documentation names the same.

#![expect(
    clippy::float_cmp,
    reason = "Prometheus counts in floating point; what is compared here are small whole numbers"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::support::http::Request;
use super::support::http_node::{CONNECTION, HttpNode, ROLE};
use super::support::node::Settings;

/// One sample: its name, its labels, its value.
type Samples = BTreeMap<(String, BTreeMap<String, String>), f64>;

/// What a scrape said.
#[derive(Debug)]
struct Scrape {
    types: BTreeMap<String, String>,
    samples: Samples,
}

impl Scrape {
    fn of(ops: SocketAddr) -> Self {
        let response = Request::get(ops, "/metrics").send();
        assert_eq!(response.status, 200);
        let media_type = response.header("content-type").unwrap();
        assert_eq!(media_type, "text/plain; version=0.0.4; charset=utf-8");
        Self::read(&response.text())
    }

    /// Reads the format strictly: everything that has samples has a type before them, a sample belongs
    /// to the last type, and none is there twice.
    fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line ends");
        let (mut types, mut samples) = (BTreeMap::new(), Samples::new());
        let (mut helped, mut current) = (String::new(), String::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                helped = help.split_once(' ').unwrap().0.to_owned();
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, helped, "a type stands behind its help");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                let before = types.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{name} has one type");
                name.clone_into(&mut current);
            } else {
                let (name, labels, value) = sample(line);
                let family = match types[&current].as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"]
                        .iter()
                        .find_map(|suffix| name.strip_suffix(suffix))
                        .unwrap(),
                    _ => &name,
                };
                assert_eq!(family, current, "{line}");
                let before = samples.insert((name, labels), value);
                assert_eq!(before, None, "{line} is there once");
            }
        }
        Self { types, samples }
    }

    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted = labels.iter();
        let wanted = wanted.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let key = (name.to_owned(), wanted.collect());
        self.samples.get(&key).copied().unwrap_or_default()
    }

    fn attempts(&self, operation: &str, outcome: &str, check: &str, connection: &str) -> f64 {
        let labels = [
            ("operation", operation),
            ("outcome", outcome),
            ("check", check),
            ("connection", connection),
        ];
        self.value("rolegate_attempts_total", &labels)
    }
}

/// `name{label="value",…} 1.5`
fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, rest) = series.split_once('{').unwrap_or((series, "}"));
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
    };
    assert!(is_word(name), "{line}");
    let mut rest = rest;
    let mut labels = BTreeMap::new();
    while rest != "}" {
        let (label, after) = rest.split_once("=\"").unwrap();
        assert!(is_word(label), "{line}");
        let (mut text, mut characters) = (String::new(), after.chars());
        loop {
            match characters.next().unwrap() {
                '"' => break,
                '\\' => text.push(match characters.next().unwrap() {
                    'n' => '\n',
                    escaped @ ('\\' | '"') => escaped,
                    other => panic!("\\{other} in {line}"),
                }),
                plain => text.push(plain),
            }
        }
        assert_eq!(labels.insert(label.to_owned(), text), None, "{line}");
        rest = characters.as_str();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    let value = value.replace("+Inf", "inf").parse();
    (name.to_owned(), labels, value.unwrap())
}

fn node_with_operators() -> (HttpNode, SocketAddr) {
    let node = HttpNode::empty(Settings {
        toml: "ops_listen = \"127.0.0.1:0\"\n".to_owned(),
        ..Settings::default()
    });
    let ops = node.ops_address.unwrap();
    (node, ops)
}

/// A node whose admin API is on the main listener can have its directory set by the usual helpers, and
/// has no `/metrics`; one with an operators' listener is given its directory there.
fn with_directory() -> (HttpNode, SocketAddr) {
    let (mut node, ops) = node_with_operators();
    let (main, files) = (node.address, node.directory());
    node.node.address = ops;
    node.apply(&files);
    node.node.address = main;
    (node, ops)
}

#[test]
fn o_attempts_are_counted_by_outcome_check_and_connection_and_their_steps_measured() {
    let (node, ops) = with_directory();
    let token = node.id_token("ines");
    for _ in 0..3 {
        assert_eq!(node.assume(&token, &[]).status, 200);
    }
    assert_eq!(node.assume("no.token.at-all", &[]).status, 400);
    node.sign_in("ines");
    let scrape = Scrape::of(ops);
    let operation = "AssumeRoleWithWebIdentity";
    assert_eq!(scrape.attempts(operation, "succeeded", "", ""), 3.0);
    let refused: f64 = scrape
        .samples
        .iter()
        .filter(|((name, labels), _)| {
            name == "rolegate_attempts_total"
                && labels["operation"] == operation
                && labels["outcome"] == "refused"
        })
        .map(|(_, value)| value)
        .sum();
    assert_eq!(refused, 1.0);
    assert_eq!(scrape.attempts("SignIn", "succeeded", "", CONNECTION), 1.0);
    for (step, count) in [
        ("prove", 3.0),
        ("issue", 3.0),
        ("record", 4.0),
        ("whole", 4.0),
    ] {
        let labels = [("operation", operation), ("step", step)];
        let measured = scrape.value("rolegate_step_seconds_count", &labels);
        assert_eq!(measured, count, "{step}");
        let last = [("operation", operation), ("step", step), ("le", "+Inf")];
        assert_eq!(
            scrape.value("rolegate_step_seconds_bucket", &last),
            measured
        );
        assert!(scrape.value("rolegate_step_seconds_sum", &labels) > 0.0);
    }
    let issuer = node.provider.issuer();
    let of_issuer = (
        "rolegate_keys_age_seconds".to_owned(),
        [("issuer".to_owned(), issuer)].into(),
    );
    assert!(scrape.samples.contains_key(&of_issuer), "{scrape:?}");
    assert!(scrape.value("rolegate_directory_generation", &[]) >= 1.0);
    assert!(scrape.value("rolegate_connections", &[("listener", "operators")]) >= 1.0);
}

#[test]
fn o_strangers_make_no_series() {
    let (node, ops) = with_directory();
    let attack = |number: u32| {
        let name = format!("evil{number}");
        let actions = [("Action", name.as_str()), ("Version", "2011-06-15")];
        Request::post_form(node.address, "/", &actions).send();
        node.assume_role(&ROLE.replace("Reader", &name), &name, &[]);
        let callback = format!("/oidc/callback/{name}?code=1&state=1");
        Request::get(node.address, &callback).send();
        Request::get(node.address, &["/", &name].concat()).send();
    };
    attack(0);
    let before = Scrape::of(ops);
    (1..40).for_each(attack);
    let after = Scrape::of(ops);
    let series = |scrape: &Scrape| scrape.samples.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(series(&after), series(&before));
    let unread = after.attempts("UnreadCall", "refused", "request", "");
    assert!(unread >= 40.0, "{unread}");
}

#[test]
fn o_the_main_listener_tells_nobody_what_is_counted() {
    let node = HttpNode::start();
    assert_eq!(Request::get(node.address, "/metrics").send().status, 404);
    let (node, _) = node_with_operators();
    assert_eq!(Request::get(node.address, "/metrics").send().status, 404);
}

#[test]
fn o_the_documentation_names_every_metric_and_no_other() {
    let (_node, ops) = node_with_operators();
    let told = Scrape::of(ops).types;
    let page = include_str!("../../docs/operations.md");
    let (_, section) = page.split_once("## Metrics\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `rolegate_"));
    let documented: BTreeMap<_, _> = rows
        .map(|row| {
            let mut cells = row.split('|').map(|cell| cell.trim().replace('`', ""));
            let name = cells.next().unwrap();
            (["rolegate_", &name].concat(), cells.next().unwrap())
        })
        .collect();
    assert_eq!(documented, told);
}
