//! A person's own sessions, and nobody else's.

use super::support::aws::AwsKeys;
use super::support::browser::Session;
use super::support::http::{Request, Response};
use super::support::http_node::{HttpNode, ROLE};
use super::support::node::{Settings, Store};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn page(node: &HttpNode, session: &Session) -> String {
    let response = session.get(node.address, "/sessions");
    assert_eq!(response.status, 200, "{}", response.text());
    response.text()
}

/// What ends each session from afar, as the page lists them.
fn ids(page: &str) -> Vec<String> {
    let fields = page.split("name=\"session\" value=\"").skip(1);
    fields
        .map(|field| field.split('"').next().unwrap().to_owned())
        .collect()
}

fn end(node: &HttpNode, session: &Session, id: &str) -> Response {
    session
        .form(node.address, "/sessions/end", &[("session", id)])
        .send()
}

fn assert_back(response: &Response) {
    assert_eq!(response.status, 303, "{}", response.text());
    assert_eq!(response.header("location"), Some("/sessions"));
}

fn keys(node: &HttpNode, session: &Session) -> AwsKeys {
    let page = session
        .form(node.address, "/credentials", &[("role", ROLE)])
        .send();
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let after = |name: &str| {
        let (_, rest) = text.split_once(&[name, "</span> = "].concat()).unwrap();
        rest.lines().next().unwrap().to_owned()
    };
    AwsKeys {
        id: after("aws_access_key_id"),
        secret: after("aws_secret_access_key"),
        token: Some(after("aws_session_token")),
    }
}

fn are_good(node: &HttpNode, keys: &AwsKeys) -> bool {
    node.who(keys).status == 200
}

fn nodes() -> [HttpNode; 2] {
    [Store::Memory, Store::Embedded].map(|store| {
        HttpNode::with(Settings {
            store,
            ..Settings::default()
        })
    })
}

#[test]
fn a_person_sees_their_own_sessions_and_what_was_taken_in_each() {
    for node in nodes() {
        let begun = node.begin_sign_in("/roles");
        node.provider
            .set("/token", node.token_answer(&begun, "ines"));
        let response = Request::get(node.address, &begun.callback())
            .with_header("cookie", &begun.cookie)
            .with_header("user-agent", FIREFOX)
            .send();
        let own = Session::read(node.address, &response);
        let other = node.sign_in("ines");
        let lukas = node.sign_in("lukas");
        keys(&node, &own);
        let page = page(&node, &own);
        assert_eq!(ids(&page).len(), 1, "one of two is another: {page}");
        assert_eq!(page.matches("This one").count(), 1);
        assert!(page.contains("Firefox on Linux"), "{page}");
        assert!(page.contains("An unknown browser"), "{page}");
        assert_eq!(
            page.matches("<code class=\"address\">127.0.0.1</code>")
                .count(),
            2
        );
        assert_eq!(page.matches("/ Reader").count(), 1);
        assert_eq!(ids(&self::page(&node, &other)).len(), 1);
        assert_eq!(ids(&self::page(&node, &lukas)), [""; 0]);
    }
}

#[test]
fn nobody_sees_sessions_without_one() {
    let node = HttpNode::start();
    let response = node.browser().get("/sessions");
    assert_eq!(response.status, 303);
    assert_eq!(response.header("location"), Some("/"));
}

#[test]
fn a_session_that_is_ended_from_elsewhere_ends_with_its_keys() {
    for node in nodes() {
        let (own, lost) = (node.sign_in("ines"), node.sign_in("ines"));
        let (own_keys, lost_keys) = (keys(&node, &own), keys(&node, &lost));
        let id = ids(&page(&node, &own)).remove(0);
        assert_back(&end(&node, &own, &id));
        assert!(!lost.is_signed_in(node.address));
        assert!(!are_good(&node, &lost_keys));
        assert!(own.is_signed_in(node.address));
        assert!(are_good(&node, &own_keys));
        // It is over already; the page says which there are.
        assert_back(&end(&node, &own, &id));
        let lines = node.audit();
        let ended = lines
            .iter()
            .filter(|line| line["eventName"] == "EndSessions");
        let ended: Vec<_> = ended
            .map(|line| line["additionalEventData"]["sessionsEnded"].clone())
            .collect();
        assert_eq!(ended, [1, 0]);
        let revoked = lines
            .iter()
            .find(|line| line["eventName"] == "RevokeSession");
        let who = &revoked.unwrap()["userIdentity"];
        assert!(who.to_string().contains("ines"), "{who}");
    }
}

#[test]
fn another_person_s_session_is_not_there() {
    for node in nodes() {
        let (ines, again, lukas) = (
            node.sign_in("ines"),
            node.sign_in("ines"),
            node.sign_in("lukas"),
        );
        let keys = keys(&node, &again);
        let id = ids(&page(&node, &ines)).remove(0);
        let theirs = end(&node, &lukas, &id);
        let nobodys = end(&node, &lukas, "00000000-0000-4000-8000-000000000000");
        assert_back(&theirs);
        assert_back(&nobodys);
        for target in ["/sessions/end-others", "/sessions/end-all"] {
            lukas.form(node.address, target, &[]).send();
        }
        assert!(!lukas.is_signed_in(node.address));
        assert!(ines.is_signed_in(node.address));
        assert!(again.is_signed_in(node.address));
        assert!(are_good(&node, &keys));
        for id in ["", "x", "../..", &"0".repeat(300)] {
            assert_eq!(end(&node, &ines, id).status, 400, "{id}");
        }
    }
}

#[test]
fn all_others_end_and_this_one_stays() {
    let node = HttpNode::start();
    let own = node.sign_in("ines");
    let others: Vec<_> = (0..3).map(|_| node.sign_in("ines")).collect();
    let taken: Vec<_> = others.iter().map(|it| keys(&node, it)).collect();
    assert_back(&own.form(node.address, "/sessions/end-others", &[]).send());
    assert!(own.is_signed_in(node.address));
    assert!(others.iter().all(|it| !it.is_signed_in(node.address)));
    assert!(taken.iter().all(|keys| !are_good(&node, keys)));
    assert_eq!(ids(&page(&node, &own)), [""; 0]);
}

#[test]
fn all_end_and_nobody_is_signed_in() {
    for node in nodes() {
        let (own, other) = (node.sign_in("ines"), node.sign_in("ines"));
        let taken = [keys(&node, &own), keys(&node, &other)];
        let page = own.form(node.address, "/sessions/end-all", &[]).send();
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.text().contains("You are signed out"));
        assert!(!own.is_signed_in(node.address));
        assert!(!other.is_signed_in(node.address));
        assert!(taken.iter().all(|keys| !are_good(&node, keys)));
        // What the provider vouched for by then, and within the minute that its clock may be ahead, opens nothing;
        // a thief who still has it is barred. Nothing else is held against the person.
        let begun = node.begin_sign_in("/roles");
        assert_eq!(node.finish_sign_in(&begun, "ines", None).status, 403);
        node.advance(61);
        assert!(node.sign_in("ines").is_signed_in(node.address));
    }
}

#[test]
fn what_was_taken_is_kept_over_a_restart() {
    let mut node = HttpNode::with(Settings {
        store: Store::Embedded,
        ..Settings::default()
    });
    let (own, lost) = (node.sign_in("ines"), node.sign_in("ines"));
    let taken = keys(&node, &lost);
    node.restart(|_| {});
    let id = ids(&page(&node, &own)).remove(0);
    assert_back(&end(&node, &own, &id));
    assert!(!are_good(&node, &taken));
}
