//! S37: a key that a provider takes out of its metadata signs nobody in any more, a minute later.

use std::sync::LazyLock;
use std::time::Instant;

use crate::scene::{PARTNERS, Provider, Scene, begin, directory, sign};
use crate::support::clock::Time;
use crate::support::http::{PATIENCE, Response};
use crate::support::node::{Node, Settings};
use crate::support::provider::{Answer, HostileProvider};

const PATH: &str = "/metadata";

/// Another key of the same provider.
static NEXT: LazyLock<Provider> = LazyLock::new(|| Provider::new("https://idp.example.com"));

/// A node that fetches the metadata of `partners`.
fn start(publisher: &HostileProvider) -> Scene {
    let node = Node::start(Settings {
        time: Time::Still,
        http_issuers: vec![publisher.issuer()],
        ..Settings::default()
    });
    let mut files = directory("");
    files.remove("connections/partners.metadata.xml");
    let url = [publisher.issuer().as_str(), PATH].concat();
    let connection = files.get_mut("connections/partners.toml").unwrap();
    let (uploaded, fetched) = (
        "metadata = 'upload'",
        format!("metadata = {{ url = '{url}' }}"),
    );
    assert!(connection.contains(uploaded));
    *connection = connection.replace(uploaded, &fetched);
    node.apply(&files);
    Scene { node }
}

/// What becomes of a response that this key signs.
fn signed_by(scene: &Scene, signer: &Provider) -> (crate::support::browser::Browser, Response) {
    let mut browser = scene.browser();
    let begun = begin(&mut browser);
    let draft = scene.draft(&PARTNERS, Some(&begun.request));
    let response = scene.post(&mut browser, &sign(signer, &draft), &begun.relay_state);
    (browser, response)
}

#[test]
fn s37_a_response_signed_by_a_withdrawn_key_is_refused_a_minute_later() {
    let publisher = HostileProvider::start();
    let publish = |keys: &[&Provider]| {
        let metadata = PARTNERS.metadata_with(keys);
        publisher.set(PATH, Answer::bytes(200, metadata));
    };
    publish(&[&PARTNERS, &NEXT]);
    let scene = start(&publisher);
    for signer in [&*PARTNERS, &*NEXT] {
        let (_, accepted) = signed_by(&scene, signer);
        assert_eq!(accepted.status, 303, "{}", accepted.text());
    }
    publish(&[&NEXT]);
    scene.node.advance(60);
    let give_up = Instant::now() + PATIENCE;
    let is_gone = || {
        // The intent says so first, and then the outcome that it is done.
        let records = scene.node.audit();
        let mut records = records.iter().map(ToString::to_string);
        records.any(|it| it.contains("is gone")) && records.any(|it| it.contains("\"committed\""))
    };
    while !is_gone() {
        assert!(Instant::now() < give_up, "{:?}", scene.node.audit());
        std::thread::yield_now();
    }
    let (mut browser, refused) = signed_by(&scene, &PARTNERS);
    scene.refuses(&mut browser, &refused, "signature");
    let (_, accepted) = signed_by(&scene, &NEXT);
    assert_eq!(accepted.status, 303, "{}", accepted.text());
}
