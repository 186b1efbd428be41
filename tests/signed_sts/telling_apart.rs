//! Whoever is not trusted doesn't learn which roles there are: not by what is told, and not by how long it takes.

use std::time::{Duration, Instant};

use serde_json::json;

use super::support::aws::{AwsKeys, Call, Signing};
use super::support::directory::{add_role, in_account, role_arn, trust};
use super::support::http::{PATIENCE, RawConnection, Response};
use super::support::http_node::HttpNode;
use super::support::sts::element;
use super::{ada, allows, directory, start, trusts_account};

/// A role that there is and that lets in neither of those who ask, and one that there is not.
const THERE: &str = "Closed";
const NOT_THERE: &str = "Closer";
/// So often each is asked for in every run.
const SAMPLES: usize = 500;
/// Two samples of one and the same thing are farther apart once in 100,000 times.
const FAR_APART: f64 = 4.5;

fn closed() -> HttpNode {
    let node = start();
    let mut files = directory(&node);
    let issuer = node.provider.issuer();
    let nobody = json!({ "aud": "sts-client", "sub": "nobody" });
    let mut trust = trust(&[&issuer], &json!("sts:AssumeRoleWithWebIdentity"), &nobody);
    let mut other = trusts_account()["Statement"].clone();
    other["Principal"] = json!({ "AWS": "482011739056" });
    trust["Statement"].as_array_mut().unwrap().push(other);
    add_role(&mut files, THERE, &json!({}), &trust);
    let own = allows(&json!("sts:AssumeRole"));
    files.insert(in_account("users/ada.policies/sts.json"), own);
    node.apply(&files);
    node
}

/// A call that is refused, for the role of this name.
type Ask = fn(&HttpNode, &str) -> Vec<u8>;

fn by_token(node: &HttpNode, name: &str) -> Vec<u8> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", &role_arn(name))
        .append_pair("RoleSessionName", "ines")
        .append_pair("WebIdentityToken", &node.id_token("ines"))
        .finish();
    Call::post(node.address, &form)
        .request(node.address)
        .kept_alive()
}

fn by_signature(node: &HttpNode, name: &str) -> Vec<u8> {
    signed_by(node, &ada(), name)
}

fn signed_by(node: &HttpNode, keys: &AwsKeys, name: &str) -> Vec<u8> {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRole")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", &role_arn(name))
        .append_pair("RoleSessionName", "ada")
        .finish();
    Call::post(node.address, &form)
        .signed(keys, &Signing::at(node.now()))
        .request(node.address)
        .kept_alive()
}

const WAYS: [(&str, Ask); 2] = [("by token", by_token), ("by signature", by_signature)];

/// What is told, without what differs from request to request, and the role's name.
fn told(answer: &Response, name: &str) -> String {
    let id = element(answer, "RequestId");
    let headers = answer.headers.iter();
    let headers = headers.filter(|(name, _)| !name.eq_ignore_ascii_case("date"));
    let mut headers: Vec<String> = headers
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    // Their order differs from answer to answer.
    headers.sort();
    let whole = format!("{} {headers:?} {}", answer.status, answer.text());
    whole.replace(&id, "").replace(name, "")
}

#[test]
fn a22_a_role_that_is_not_there_is_refused_word_by_word_like_one_that_trusts_others() {
    let node = closed();
    for (way, ask) in WAYS {
        let answer = |name: &str| {
            let mut connection = RawConnection::open(node.address);
            connection.exchange(&ask(&node, name), PATIENCE).unwrap()
        };
        let (there, not_there) = (answer(THERE), answer(NOT_THERE));
        assert_eq!(there.status, 403, "{way}");
        assert_eq!(told(&there, THERE), told(&not_there, NOT_THERE), "{way}");
    }
}

/// Mean and variance of the mean.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn moments(sample: &[f64]) -> (f64, f64) {
    let count = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / count;
    let squares = sample.iter().map(|value| (value - mean).powi(2));
    (mean, squares.sum::<f64>() / (count - 1.0) / count)
}

/// How far apart two samples are (Welch's t), of which what lies above the common 90th percentile says
/// more about the machine than about them.
fn apart(one: &[Duration], other: &[Duration]) -> (f64, f64) {
    let mut all: Vec<Duration> = one.iter().chain(other).copied().collect();
    all.sort();
    let most = all[all.len() * 9 / 10];
    let usual = |sample: &[Duration]| -> Vec<f64> {
        let usual = sample.iter().filter(|value| **value <= most);
        usual.map(|value| value.as_secs_f64() * 1e6).collect()
    };
    let ((one, of_one), (other, of_other)) = (moments(&usual(one)), moments(&usual(other)));
    ((one - other) / (of_one + of_other).sqrt(), one - other)
}

/// How often each is asked for; `ROLEGATE_TIMINGS` says otherwise.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs this says how often"
)]
fn samples() -> usize {
    let told = std::env::var("ROLEGATE_TIMINGS");
    told.map_or(SAMPLES, |number| number.parse().unwrap())
}

/// How long the answers took for the role that is there, and for the one that is not, asked in turn.
fn times(node: &HttpNode, ask: Ask, samples: usize) -> [Vec<Duration>; 2] {
    const FIRST: usize = 10;
    let mut connection = RawConnection::open(node.address);
    let requests = [ask(node, THERE), ask(node, NOT_THERE)];
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..FIRST + samples {
        // Neither is always the first of a pair.
        for which in [round % 2, 1 - round % 2] {
            let begun = Instant::now();
            let answer = connection.exchange(&requests[which], PATIENCE).unwrap();
            let time = begun.elapsed();
            assert_eq!(answer.status, 403);
            // The first ones say how a connection begins.
            if round >= FIRST {
                took[which].push(time);
            }
        }
    }
    took
}

#[test]
fn a22_a_role_that_is_not_there_is_refused_in_the_time_of_one_that_trusts_others() {
    let node = closed();
    for (way, ask) in WAYS {
        let [there, not_there] = times(&node, ask, samples());
        let (t, microseconds) = apart(&there, &not_there);
        eprintln!("{way}: t {t:.2}, there minus not there {microseconds:.2} microseconds");
        assert!(
            t.abs() < FAR_APART,
            "{way}: t {t:.2}, {microseconds:.2} microseconds"
        );
    }
}
