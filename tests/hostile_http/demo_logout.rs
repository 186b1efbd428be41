//! The demo's provider and the gateway sign people out of each other.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rolegate::clock::Clock;
use rolegate::demo::{Client, ClientKind, DemoProvider, RunningDemo, Transport, meridale, run};
use rolegate::domain::Secret;
use rolegate::entropy::SystemEntropy;
use url::Url;

use super::support::browser::{Browser, csrf, own_form};
use super::support::directory::PORTAL_CLIENT;
use super::support::http::{Request, Response};
use super::support::http_node::{CLIENT_SECRET, CONNECTION, directory};
use super::support::node::{Node, Settings};

/// A gateway, and the demo's provider at the other end of its connection.
struct Both {
    node: Node,
    demo: RunningDemo,
}

impl Both {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let node = Node::start(Settings {
            http_issuers: vec![issuer.clone()],
            ..Settings::default()
        });
        let callback = [&node.origin(), "/oidc/callback/", CONNECTION].concat();
        let client = Client {
            id: PORTAL_CLIENT.parse().unwrap(),
            kind: ClientKind::Web {
                secret: Secret::new(CLIENT_SECRET.to_owned()),
                redirect_uris: vec![callback.parse().unwrap()],
            },
        };
        let provider = DemoProvider::new(
            issuer.parse().unwrap(),
            vec![client],
            meridale(),
            Arc::clone(&node.clock) as Arc<dyn Clock>,
            Arc::new(SystemEntropy),
        );
        let provider = actix_web::web::Data::new(provider.unwrap());
        let demo = {
            let _inside = node.runtime.enter();
            run(provider, listener, Transport::Plain).unwrap()
        };
        node.apply(&directory(&issuer, node.folder()));
        Self { node, demo }
    }

    /// Signs Ines in, as far as her browser has to do with it.
    fn signs_in(&self) -> Browser {
        let mut browser = self.node.browser();
        let url = browser.begin(CONNECTION, "/roles").authorization_url;
        let mut fields: Vec<_> = url.query_pairs().collect();
        fields.push(("person".into(), "ines".into()));
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let chosen = self.posted("/authorize/choose", &fields);
        let response = browser.get(&place(&chosen));
        assert_eq!(response.status, 303, "{}", response.text());
        assert!(browser.is_signed_in());
        browser
    }

    fn posted(&self, target: &str, fields: &[(&str, &str)]) -> Response {
        Request::post_form(self.address(), target, fields).send()
    }

    fn address(&self) -> SocketAddr {
        self.demo.address()
    }
}

/// Where an answer sends the browser, without the host.
fn place(response: &Response) -> String {
    assert_eq!(response.status, 303, "{}", response.text());
    let url: Url = response.header("location").unwrap().parse().unwrap();
    [url.path(), "?", url.query().unwrap_or_default()].concat()
}

#[test]
fn who_signs_out_at_the_provider_is_signed_out_of_the_gateway() {
    let both = Both::start();
    let (mut one, mut two) = (both.signs_in(), both.signs_in());
    let page = Request::get(both.address(), "/end-session").send().text();
    assert!(page.contains("2 sessions"), "{page}");
    let page = both.posted("/end-session", &[("person", "ines")]).text();
    let told = "Sessions that are over here: 2. Clients that were told, and ended theirs: 2.";
    assert!(page.contains(told), "{page}");
    assert!(!one.is_signed_in());
    assert!(!two.is_signed_in());
}

#[test]
fn who_signs_out_of_the_gateway_is_sent_by_the_provider_and_back() {
    let both = Both::start();
    let mut browser = both.signs_in();
    let token = csrf(&browser.get("/roles"));
    let page = browser.send(own_form(
        both.node.address,
        "/sign-out",
        &[("csrf", &token)],
    ));
    let text = page.text().replace("&#38;", "&");
    let (_, link) = text.split_once("id=\"leave\" href=\"").unwrap();
    let url: Url = link.split('"').next().unwrap().parse().unwrap();
    assert_eq!(url.path(), "/end-session");
    let target = ["/end-session?", url.query().unwrap()].concat();
    let back = Request::get(both.address(), &target).send();
    let page = browser.get(&place(&back));
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(
        page.text().contains("was asked to sign you out"),
        "{}",
        page.text()
    );
    let page = Request::get(both.address(), "/end-session").send().text();
    assert!(page.contains("Nobody is."), "{page}");

    // Nowhere else.
    let elsewhere = target.replace(&both.node.address.port().to_string(), "1");
    let page = Request::get(both.address(), &elsewhere).send();
    assert_eq!(page.status, 200);
    assert_eq!(page.header("location"), None);
}
