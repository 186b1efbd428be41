//! How a node keeps up with what SAML identity providers publish of themselves: the metadata of a
//! connection, fetched from a server that the test programs, in the background of a whole node.
#![cfg(test)]

mod support;

use std::time::Instant;

use serde_json::{Value, json};

use support::clock::Time;
use support::directory::account_files;
use support::http::{PATIENCE, Request};
use support::node::{Node, Settings};
use support::provider::{Answer, HostileProvider};

const ENTITY: &str = "https://saml.example.com/idp";
const PATH: &str = "/metadata";

/// The certificate of a new key, in base64.
fn certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::default().self_signed(&key);
    data_encoding::BASE64.encode(made.unwrap().der())
}

/// The metadata of a provider with these certificates.
fn metadata(certificates: &[&str]) -> String {
    let key = |certificate: &&str| {
        format!(
            r#"<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"#
        )
    };
    let keys: String = certificates.iter().map(key).collect();
    format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://saml.example.com/sso"/></IDPSSODescriptor></EntityDescriptor>"#
    )
}

/// A node with a connection whose metadata is published by the provider.
struct Scene {
    provider: HostileProvider,
    node: Node,
}

impl Scene {
    fn start(first: &str) -> Self {
        let provider = HostileProvider::start();
        provider.set(PATH, Answer::bytes(200, metadata(&[first])));
        let node = Node::start(Settings {
            time: Time::Still,
            http_issuers: vec![provider.issuer()],
            ..Settings::default()
        });
        let mut files = account_files();
        let url = [provider.issuer().as_str(), PATH].concat();
        let connection = format!(
            "display_name = 'Partners'\n[saml]\nentity_id = '{ENTITY}'\nmetadata = {{ url = '{url}' }}\nsecond_opinion = false\n"
        );
        files.insert("connections/partners.toml".to_owned(), connection);
        let scene = Self { provider, node };
        let applied = scene.node.try_apply(&files);
        assert_eq!(applied.status, 200, "{}", applied.text());
        assert!(
            applied
                .text()
                .contains("put metadata of connection partners")
        );
        scene
    }

    fn publish(&self, certificates: &[&str]) {
        let answer = Answer::bytes(200, metadata(certificates));
        self.provider.set(PATH, answer);
    }

    /// What the node has recorded of metadata by itself.
    fn records(&self) -> Vec<Value> {
        let mut records = self.node.audit();
        records.retain(|record| record["eventName"] == "RefreshMetadata");
        records
    }

    /// Moves the clock by a minute and waits until the node has recorded so much of metadata.
    fn in_a_minute(&self, records: usize) -> Vec<Value> {
        self.node.advance(60);
        let give_up = Instant::now() + PATIENCE;
        loop {
            let found = self.records();
            if found.len() >= records {
                return found;
            }
            assert!(Instant::now() < give_up, "{found:?}");
            std::thread::yield_now();
        }
    }

    fn refresh(&self, new_keys: &str) -> support::http::Response {
        let body = json!({ "connection": "partners", "new_keys": new_keys }).to_string();
        let path = "/admin/v1/connections/refresh-metadata";
        self.node.admin("POST", path, &body)
    }

    fn warnings(&self) -> String {
        let report = Request::get(self.node.address, "/readyz").send();
        assert_eq!(report.status, 200);
        let text = report.text();
        assert!(
            !text.contains("partners"),
            "strangers learn no names: {text}"
        );
        text
    }

    /// What is recorded is told a moment later, and a report is given again for a second.
    fn wait_for_warning(&self, what: &str) {
        let give_up = Instant::now() + PATIENCE;
        while !self.warnings().contains(what) {
            assert!(Instant::now() < give_up, "{}", self.warnings());
            std::thread::yield_now();
        }
    }
}

fn changes(record: &Value) -> String {
    record["requestParameters"]["changes"].to_string()
}

#[test]
fn s37_a_key_that_is_withdrawn_is_gone_within_a_minute() {
    let (old, new) = (certificate(), certificate());
    let scene = Scene::start(&old);
    scene.publish(&[&old, &new]);
    let records = scene.in_a_minute(2);
    assert!(changes(&records[0]).contains("is new"), "{records:?}");
    assert_eq!(records[1]["errorCode"], Value::Null);
    scene.publish(&[&new]);
    let records = scene.in_a_minute(4);
    assert!(changes(&records[2]).contains("is gone"), "{records:?}");
    assert_eq!(records[3]["errorCode"], Value::Null);
    assert_eq!(records[3]["userIdentity"]["type"], "AWSService");
}

#[test]
fn s55_a_swap_of_every_key_waits_for_an_administrator() {
    let (old, new) = (certificate(), certificate());
    let scene = Scene::start(&old);
    scene.publish(&[&new]);
    let records = scene.in_a_minute(1);
    assert_eq!(records[0]["errorCode"], "NotCommitted");
    scene.wait_for_warning("was not taken");
    let refused = scene.refresh("refuse");
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("MetadataRefused"));
    let accepted = scene.refresh("accept");
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    assert!(accepted.text().contains("is gone"), "{}", accepted.text());
}

#[test]
fn s55_hostile_answers_change_nothing_and_lead_nowhere() {
    let first = certificate();
    let scene = Scene::start(&first);
    let canary = HostileProvider::start();
    let inside = [canary.issuer().as_str(), PATH].concat();
    let entity = format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"{inside}\">]>");
    let good = metadata(&[&first]);
    let twice = [
        "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">",
        &good,
        &good,
        "</EntitiesDescriptor>",
    ]
    .concat();
    let over = good.replace(
        " entityID=",
        " validUntil=\"2020-01-01T00:00:00Z\" entityID=",
    );
    for (answer, status) in [
        (Answer::redirect(&inside), 502),
        (Answer::bytes(200, [&entity, &*good].concat()), 409),
        (Answer::bytes(200, " ".repeat(10_000_001)), 502),
        (Answer::bytes(200, " ".repeat(50_000_000)), 502),
        (Answer::bytes(200, twice), 409),
        (Answer::bytes(200, over), 409),
        (Answer::bytes(200, good.replace(ENTITY, "urn:other")), 409),
    ] {
        scene.provider.set(PATH, answer);
        let refused = scene.refresh("accept");
        assert_eq!(refused.status, status, "{}", refused.text());
    }
    assert_eq!(canary.requests().len(), 0);
    scene.publish(&[&first]);
    let again = scene.refresh("refuse");
    assert_eq!(again.status, 200);
    assert!(again.text().contains("\"changes\":[]"), "{}", again.text());
}

/// Neither by name nor by number, neither when it is applied nor when somebody asks for it again.
#[test]
fn s55_no_address_of_the_inside_is_asked_for_metadata() {
    let canary = HostileProvider::start();
    let authority = canary.issuer().trim_start_matches("http://").to_owned();
    let node = Node::start(Settings::default());
    let inside = |host: &str| {
        let authority = authority.replace("127.0.0.1", host);
        format!("https://{authority}{PATH}")
    };
    let (barred, plain) = (
        (200, "which is not allowed"),
        (422, "is plain http; use https"),
    );
    for (url, (status, because)) in [
        (
            "https://169.254.169.254/latest/meta-data".to_owned(),
            barred,
        ),
        (inside("127.0.0.1"), barred),
        (inside("localhost"), barred),
        (inside("[::ffff:127.0.0.1]"), barred),
        (format!("http://{authority}{PATH}"), plain),
        ("http://169.254.169.254/latest/meta-data".to_owned(), plain),
    ] {
        let mut files = account_files();
        let connection = format!(
            "display_name = 'Partners'\n[saml]\nentity_id = '{ENTITY}'\nmetadata = {{ url = '{url}' }}\nsecond_opinion = false\n"
        );
        files.insert("connections/partners.toml".to_owned(), connection);
        let applied = node.try_apply(&files);
        let text = applied.text();
        assert_eq!(applied.status, status, "{url}: {text}");
        assert!(text.contains(because), "{url}: {text}");
        assert!(
            !text.contains("put metadata of connection"),
            "{url}: {text}"
        );
    }
    assert_eq!(canary.requests().len(), 0);
}
