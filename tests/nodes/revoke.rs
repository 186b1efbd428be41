//! Revocation on one node, as the other sees it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::House;
use super::support::aws::AwsKeys;
use super::support::browser::Session;
use super::support::http_node::{CONNECTION, ROLE};

/// Each kind is revoked so often.
const ROUNDS: u32 = 20;

/// What is revoked, and how one says so.
type Kind = (&'static str, fn(&House, &Person) -> Value, Browser);

/// What becomes of the browser's session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Browser {
    Ends,
    LivesOn,
}

/// Somebody who signed in at one node and took keys at the other.
struct Person {
    subject: String,
    session: Session,
    keys: AwsKeys,
}

impl Person {
    fn new(house: &House, subject: String) -> Self {
        let session = house.one.sign_in(&subject);
        let keys = keys_of(house, &session);
        Self {
            subject,
            session,
            keys,
        }
    }
}

/// Keys of the role, taken in the portal of the other node.
fn keys_of(house: &House, session: &Session) -> AwsKeys {
    let page = house.form_at_other(session, "/credentials", &[("role", ROLE)]);
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    // A line of the profile.
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

fn sign_in_of(house: &House, person: &Person) -> Value {
    let audit = house.other.audit();
    let taken = audit.iter().rev().find(|event| {
        event["responseElements"]["credentials"]["accessKeyId"] == person.keys.id.as_str()
    });
    taken.unwrap()["additionalEventData"]["signIn"].clone()
}

const KINDS: [Kind; 6] = [
    (
        "session, access key",
        |_, it| json!({ "session": it.keys.id }),
        Browser::LivesOn,
    ),
    (
        "session, sign-in",
        |house, it| json!({ "session": sign_in_of(house, it) }),
        Browser::Ends,
    ),
    (
        "person",
        |house, it| json!({ "person": { "issuer": house.one.provider.issuer(), "subject": it.subject } }),
        Browser::Ends,
    ),
    (
        "connection",
        |_, _| json!({ "connection": CONNECTION }),
        Browser::Ends,
    ),
    ("role", |_, _| json!({ "role": ROLE }), Browser::LivesOn),
    (
        "rule",
        |_, _| json!({ "rule": CONNECTION }),
        Browser::LivesOn,
    ),
];

/// How long the other node takes the keys after the one has answered.
fn until_refused(house: &House, person: &Person, revoke: &Value) -> Duration {
    assert_eq!(house.other.who(&person.keys).status, 200);
    let body = json!({ "revoke": revoke }).to_string();
    let revoked = house.one.admin("POST", "/admin/v1/revocations", &body);
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    let begun = Instant::now();
    assert_eq!(house.one.who(&person.keys).status, 403, "{revoke}");
    let mut after = begun.elapsed();
    while house.other.who(&person.keys).status == 200 {
        after = begun.elapsed();
        assert!(after < Duration::from_secs(1), "{revoke}");
    }
    after
}

#[test]
fn a10_what_is_revoked_at_one_node_is_refused_at_another_within_a_second() {
    let house = House::new();
    let mut all = Vec::new();
    for (kind, revoke, browser) in KINDS {
        let mut delays: Vec<Duration> = (0..ROUNDS)
            .map(|round| {
                let person = Person::new(&house, format!("{kind} {round}"));
                let delay = until_refused(&house, &person, &revoke(&house, &person));
                let is_signed_in = house.is_signed_in_at_other(&person.session);
                assert_eq!(is_signed_in, browser == Browser::LivesOn, "{kind}");
                // Until then a provider's clock may be ahead.
                for node in [&house.one.node, &house.other] {
                    node.advance(61);
                }
                delay
            })
            .collect();
        delays.sort();
        tell(kind, &delays);
        all.extend(delays);
    }
    all.sort();
    tell("all", &all);
}

fn tell(kind: &str, sorted: &[Duration]) {
    let at = |share: usize| sorted[(sorted.len() - 1) * share / 100];
    let (median, most, longest) = (at(50), at(95), at(100));
    eprintln!("{kind}: refused after: median {median:?}, 95 of 100 {most:?}, longest {longest:?}");
}

/// Whoever may, gets new ones.
#[test]
fn who_was_revoked_and_signs_in_later_has_a_session_and_keys() {
    let house = House::new();
    let before = Person::new(&house, "ines".to_owned());
    let revoke = json!({ "person": { "issuer": house.one.provider.issuer(), "subject": "ines" } });
    until_refused(&house, &before, &revoke);
    let begun = house.one.begin_sign_in("/roles");
    let refused = house.one.finish_sign_in(&begun, "ines", None);
    assert_eq!(refused.status, 403, "{}", refused.text());
    for node in [&house.one.node, &house.other] {
        node.advance(61);
    }
    let after = Person::new(&house, "ines".to_owned());
    assert_eq!(house.other.who(&after.keys).status, 200);
    assert_eq!(house.one.who(&before.keys).status, 403);
}
