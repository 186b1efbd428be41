//! The ways into the portal and to one role, over real HTTP: by an e-mail address, by the last connection,
//! by a link; and what a person is told who has no role, or not this one.
#![cfg(test)]

#[path = "hostile_http/child.rs"]
#[expect(dead_code, reason = "nobody reads here what a node writes")]
mod child;
#[path = "support/redis.rs"]
mod servers;
mod support;
#[path = "tools/mod.rs"]
mod tools;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use child::ChildNode;
use servers::RedisServer;
use support::browser::{Browser, Departure, Session, csrf};
use support::directory::{PORTAL_CLIENT, every_assume_action, in_account, trust};
use support::http::{PATIENCE, Request, Response};
use support::http_node::{CONNECTION, HttpNode, ROLE};
use support::keys::sign_claims;
use support::provider::{Answer, TOKEN};
use tools::Tool;

const ACCOUNT: &str = "123456789012";
/// What tries to leave the place that it is put in, or to lead elsewhere.
const HOSTILE: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'\" autofocus onfocus=alert(1) x='",
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "Reader&return_to=//evil.example",
    "Reader\r\nSet-Cookie: x=y",
    "Reader\u{0}",
    "\u{202e}redaeR\u{2066}",
    "{{ 7 * 7 }}${7*7}",
    "../../../etc/passwd",
    "%2f%2fevil.example",
];

/// The directory with so many connections, of which the first has a domain.
fn with_connections(node: &HttpNode, many: usize, of_first: &str) -> DirectoryFiles {
    let mut files = node.directory();
    let path = |id: &str| ["connections/", id, ".toml"].concat();
    let first = files[&path(CONNECTION)].clone();
    for number in 1..many {
        let id = format!("other-{number}");
        let other = first.replace(
            &format!("display_name = \"{CONNECTION}\""),
            &format!("display_name = \"Other {number}\""),
        );
        files.insert(path(&id), other);
    }
    let first = first.replacen("[oidc]", &format!("{of_first}\n[oidc]"), 1);
    files.insert(path(CONNECTION), first);
    files
}

fn node_with(many: usize, of_first: &str) -> HttpNode {
    let node = HttpNode::start();
    node.apply(&with_connections(&node, many, of_first));
    node
}

#[test]
fn people_at_the_door_meet_pages_that_help() {
    let many = node_with(6, &[DOMAIN, "\n"].concat());
    let few = HttpNode::with_settings("[portal]\ncontact = \"access@meridale.example\"\n");
    let strict =
        HttpNode::with_settings("[limits.rates]\nsign_in_per_second = 1\nsign_in_burst = 1\n");
    strict.apply(&with_connections(&strict, 6, &[DOMAIN, "\n"].concat()));
    let folder = tempfile::tempdir().unwrap();
    let down = without_its_store(folder.path(), &few.provider.issuer());
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let settings = json!({
        "down": down.address.to_string(),
        "many": many.address.to_string(),
        "few": few.address.to_string(),
        "strict": strict.address.to_string(),
        "cookie": few.sign_in("ines").cookie,
        "artifacts": tests.join("artifacts"),
    });
    let output = Command::new(Tool::Node.path())
        .args(["--test", "--test-reporter=spec"])
        .arg(tests.join("browser/door.mjs"))
        .env("ROLEGATE_TEST_DOOR", settings.to_string())
        .env("ROLEGATE_TEST_CHROMIUM", Tool::Chromium.path())
        .env("ROLEGATE_TEST_NODE_MODULES", Tool::NodeModules.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{said}{errors}");
    assert!(output.status.success(), "browser/door.mjs failed");
}

/// A node whose Redis is gone, for longer than its copy of the directory may count.
fn without_its_store(folder: &Path, issuer: &str) -> ChildNode {
    let redis = RedisServer::start();
    let key = folder.join("root.key");
    std::fs::write(&key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let settings = format!(
        "max_staleness_seconds = 5\n[log]\nformat = \"json\"\n[store]\nurl = \"{}\"\n[root_key]\nfile = '{}'\n",
        redis.url(),
        key.display()
    );
    let node = ChildNode::start(folder, issuer, &settings);
    let home = || Request::get(node.address, "/").send().status;
    assert_eq!(home(), 200);
    redis.kill();
    let begun = Instant::now();
    while home() != 503 {
        assert!(begun.elapsed() < PATIENCE, "it goes on without its store");
        std::thread::sleep(Duration::from_millis(100));
    }
    node
}

const DOMAIN: &str = "domains = [\"meridale.example\"]";

fn give_address(node: &HttpNode, address: &str) -> Response {
    let fields = [("email", address), ("return_to", "/roles?q=pay")];
    node.form("/sign-in", &fields).send()
}

fn page(node: &HttpNode, target: &str) -> Response {
    Request::get(node.address, target).send()
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn location(response: &Response) -> &str {
    response.header("location").unwrap_or_default()
}

/// A sign-in for which the provider says this of the person.
fn sign_in_with(node: &HttpNode, changes: &Value) -> Session {
    let begun = node.begin_sign_in("/roles");
    let mut claims = node.provider.claims("ines", PORTAL_CLIENT, node.now());
    claims["nonce"] = begun.nonce.clone().into();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let token = json!({
        "access_token": "access-token-that-stands-in-no-log",
        "token_type": "Bearer",
        "id_token": sign_claims(&claims, &node.key),
    });
    node.provider.set(TOKEN, Answer::json(&token));
    let response = Request::get(node.address, &begun.callback())
        .with_header("cookie", &begun.cookie)
        .send();
    Session::read(node.address, &response)
}

/// The events of this name in the audit.
fn events(node: &HttpNode, name: &str) -> Vec<Value> {
    let mut events = node.audit();
    events.retain(|event| event["eventName"] == name);
    events
}

#[track_caller]
fn is_harmless(response: &Response) {
    let text = response.text();
    assert!(
        matches!(response.status, 200 | 303 | 400 | 404),
        "{response:?}"
    );
    for sign in ["<script>", "<img"] {
        assert!(!text.contains(sign), "{sign}: {text}");
    }
    for address in text.split(" href=\"").skip(1) {
        assert!(
            address.starts_with('#') || (address.starts_with('/') && !address.starts_with("//")),
            "{address}"
        );
    }
    let to = location(response);
    assert!(
        to.is_empty() || (to.starts_with('/') && !to.starts_with("//") && !to.contains('\\')),
        "{to}"
    );
    assert_eq!(response.header("x"), None);
}

#[test]
fn an_address_leads_to_the_connection_of_its_domain() {
    let node = node_with(6, &[DOMAIN, "\n"].concat());
    assert!(page(&node, "/").text().contains("name=\"email\""));
    for address in ["ines@meridale.example", " Ines@MERIDALE.Example. "] {
        let begun = Departure::read(give_address(&node, address));
        let back = begun.redirect_uri.clone();
        assert!(back.ends_with(&["/oidc/callback/", CONNECTION].concat()));
        let told = begun.authorization_url.query_pairs();
        assert_eq!(told.filter(|(name, _)| name == "login_hint").count(), 0);
        let arrived = node.finish_sign_in(&begun, "ines", None);
        assert_eq!(location(&arrived), "/roles?q=pay");
    }
}

#[test]
fn the_provider_is_told_the_address_where_its_connection_lets_it_and_no_log_is() {
    let node = HttpNode::start();
    let mut files = with_connections(&node, 6, DOMAIN);
    let path = ["connections/", CONNECTION, ".toml"].concat();
    let connection = files[&path].replacen("[oidc]", "[oidc]\nlogin_hint = true", 1);
    files.insert(path, connection);
    node.apply(&files);
    let address = "only.here.and.nowhere@meridale.example";
    let begun = Departure::read(give_address(&node, address));
    let mut told = begun.authorization_url.query_pairs();
    let hint = told.find(|(name, _)| name == "login_hint").unwrap();
    assert_eq!(hint.1, address);
    assert_eq!(node.finish_sign_in(&begun, "ines", None).status, 303);
    assert_eq!(
        give_address(&node, "only.here@elsewhere.example").status,
        200
    );
    assert!(!node.audit_text().contains("only.here"));
    assert!(!begun.cookie.contains("only.here"));
}

#[test]
fn an_address_that_leads_nowhere_opens_the_list_and_says_nothing_of_its_person() {
    let node = node_with(6, DOMAIN);
    let one = give_address(&node, "ines@elsewhere.example");
    let other = give_address(&node, "nobody.at.all@elsewhere.example");
    assert_eq!(one.text(), other.text());
    assert_eq!(one.status, 200);
    assert_eq!(one.header("set-cookie"), None);
    assert!(one.text().contains("elsewhere.example"));
    assert!(!one.text().contains("<details class=\"ways\""));
    for number in 1..6 {
        assert!(one.text().contains(&format!("Other {number}")));
    }
    assert!(
        one.text().contains("value=\"/roles?q=pay\""),
        "{}",
        one.text()
    );
    for address in HOSTILE.iter().map(|text| (*text).to_owned()).chain([
        String::new(),
        "ines".to_owned(),
        "@meridale.example".to_owned(),
        "ines@sub.meridale.example".to_owned(),
        "ines@meridale.example@evil.example".to_owned(),
        ["ines@", HOSTILE[0]].concat(),
        ["i".repeat(300), "@meridale.example".to_owned()].concat(),
    ]) {
        let response = give_address(&node, &address);
        assert_eq!(response.status, 200, "{address}: {response:?}");
        is_harmless(&response);
        assert_eq!(response.header("set-cookie"), None);
    }
    assert_eq!(events(&node, "SignIn").len(), 0);
}

#[test]
fn few_connections_are_a_list() {
    let node = node_with(4, DOMAIN);
    assert!(!page(&node, "/").text().contains("name=\"email\""));
    let node = node_with(6, "");
    assert!(!page(&node, "/").text().contains("name=\"email\""));
}

#[test]
fn the_connection_that_was_used_last_comes_first() {
    let node = node_with(3, DOMAIN);
    let mut browser = Browser::new(node.address);
    let before = browser.get("/").text();
    assert!(!before.contains("Used last in this browser"));
    let begun = browser.begin("other-2", "/roles");
    node.provider.set(TOKEN, node.token_answer(&begun, "ines"));
    assert_eq!(browser.get(&begun.callback()).status, 303);
    let kept = &browser.cookies["__Host-rolegate-connection"];
    assert_eq!(kept, "other-2");
    browser.cookies.remove("__Host-rolegate-session");
    let after = browser.get("/").text();
    let at = |text: &str| after.find(text).unwrap();
    assert!(at("Other 2") < at("Used last in this browser"));
    assert!(at("Used last in this browser") < at("Other 1"));
    for unknown in [
        "other-9",
        "",
        "../../x",
        "\"><script>",
        &*"o".repeat(65),
        "Other-2",
    ] {
        let cookie = ["__Host-rolegate-connection=", unknown].concat();
        let request = Request::get(node.address, "/").with_header("cookie", &cookie);
        assert_eq!(request.send().text(), before, "{unknown}");
    }
}

#[test]
fn a_link_to_a_role_survives_the_sign_in_and_takes_nothing_by_itself() {
    let node = HttpNode::start();
    let mut browser = Browser::new(node.address);
    let link = "/go?account=tests&role=Reader&duration=900";
    let away = browser.get(link);
    assert_eq!(away.status, 303);
    let first = location(&away).to_owned();
    assert!(first.starts_with("/?return_to=%2Fgo%3F"), "{first}");
    let door = browser.get(&first).text();
    assert!(door.contains("You go on to"), "{door}");
    let begun = browser.begin(CONNECTION, link);
    node.provider.set(TOKEN, node.token_answer(&begun, "ines"));
    let back = browser.get(&begun.callback());
    assert_eq!(location(&back), link);
    let role = browser.get(link);
    assert_eq!(role.status, 200, "{}", role.text());
    assert!(role.text().contains(&format!("value=\"{ROLE}\"")));
    assert!(role.text().contains("value=\"900\" checked"));
    assert_eq!(events(&node, "TakeRoleCredentials").len(), 0);
    let fields = [("csrf", &*csrf(&role)), ("role", ROLE), ("duration", "900")];
    let keys = browser.send(support::browser::own_form(
        node.address,
        "/credentials",
        &fields,
    ));
    assert_eq!(keys.status, 200, "{}", keys.text());
    assert_eq!(events(&node, "TakeRoleCredentials").len(), 1);
}

#[test]
fn a_link_names_its_role_in_every_way_that_people_do() {
    let node = HttpNode::start();
    let session = node.sign_in("ines");
    for link in [
        "/go?role=Reader",
        "/go?account=123456789012&role=Reader",
        "/go?account=Tests&role=reader",
        "/go?account=tests&role=%2FReader",
        "/go?role=arn:aws:iam::123456789012:role/Reader&duration=43200",
    ] {
        let response = session.get(node.address, link);
        assert_eq!(response.status, 200, "{link}: {}", response.text());
        assert!(response.text().contains(&format!("value=\"{ROLE}\"")));
    }
    let response = session.get(node.address, "/go?role=Reader&duration=899");
    assert_eq!(response.status, 400);
    assert_eq!(location(&session.get(node.address, "/go")), "/roles");
    let account = session.get(node.address, "/go?account=tests");
    assert_eq!(location(&account), "/roles?q=tests");
}

#[test]
fn a_role_that_is_not_theirs_leads_to_the_page_that_says_why() {
    let node = HttpNode::start();
    let session = node.sign_in("ines");
    for (link, why) in [
        (
            "/go?account=tests&role=Admin&duration=900",
            "/why-not?account=tests&role=Admin",
        ),
        (
            "/go?account=elsewhere&role=Reader",
            "/why-not?account=elsewhere&role=Reader",
        ),
        ("/go?role=other/Reader", "/why-not?role=other%2FReader"),
        ("/go?role=a+b", "/why-not?role=a+b"),
    ] {
        let response = session.get(node.address, link);
        assert_eq!((response.status, location(&response)), (303, why));
        assert_eq!(session.get(node.address, why).status, 200);
    }
}

#[test]
fn a_name_that_means_two_roles_is_searched_for() {
    let node = HttpNode::start();
    let mut files = node.directory();
    let other = "310957264483";
    let in_other = |path: &str| in_account(path).replace(ACCOUNT, other);
    files.insert(in_other("account.toml"), "alias = 'others'\n".to_owned());
    for path in ["oidc-providers/idp.toml", "roles/Reader.toml"] {
        files.insert(in_other(path), files[&in_account(path)].clone());
    }
    let issuer = node.provider.issuer();
    let trust = trust(&[issuer.as_str()], &every_assume_action(), &json!({}));
    let trust = trust.to_string().replace(ACCOUNT, other);
    files.insert(in_other("roles/Reader.trust.json"), trust);
    for path in ["links/idp.toml", "rules/idp.toml"] {
        let text = files.get_mut(path).unwrap();
        let (start, rest) = text.split_once("arn:aws").unwrap();
        let (arn, end) = rest.split_once('"').unwrap();
        let arn = ["arn:aws", arn].concat();
        *text = format!("{start}{arn}\", \"{}\"{end}", arn.replace(ACCOUNT, other));
    }
    node.apply(&files);
    let session = node.sign_in("ines");
    let both = session.get(node.address, "/go?role=Reader");
    assert_eq!(location(&both), "/roles?q=Reader");
    let one = session.get(node.address, "/go?account=others&role=Reader");
    assert_eq!(one.status, 200);
}

#[test]
fn s53_nothing_in_a_link_leads_elsewhere_or_is_markup() {
    let node = HttpNode::start();
    let session = node.sign_in("ines");
    for text in HOSTILE {
        let text = escaped(text);
        for target in [
            format!("/go?account={text}&role=Reader"),
            format!("/go?role={text}"),
            format!("/go?role=Reader&duration={text}"),
            format!("/go?{text}"),
            format!("/why-not?account={text}&role=Reader"),
            format!("/why-not?role={text}"),
            format!("/why-not?{text}"),
            format!("/?return_to={text}"),
            format!("/sign-in?return_to={text}"),
            format!("/sign-in?return_to=%2Fgo%3Frole%3D{text}"),
            format!("/sign-in?return_to=%2Fgo%3Frole%3DReader%26account%3D{text}"),
        ] {
            is_harmless(&session.get(node.address, &target));
            is_harmless(&page(&node, &target));
        }
        let fields = [("connection", CONNECTION), ("return_to", HOSTILE[3])];
        let begun = Departure::read(node.form("/sign-in", &fields).send());
        let back = node.finish_sign_in(&begun, "ines", None);
        assert_eq!(location(&back), "/", "{text}");
    }
    assert_eq!(events(&node, "TakeRoleCredentials").len(), 0);
}

/// The page without what names the role, the request and its form token.
fn without_names(response: &Response, names: &[&str]) -> String {
    let text = response.text();
    let is_id = |word: &&str| word.len() == 36 && word.matches('-').count() == 4;
    let mut words: Vec<&str> = text
        .split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .filter(is_id)
        .collect();
    words.extend(names);
    // The form token is masked anew on each page.
    let token = csrf(response);
    words.push(&token);
    words
        .iter()
        .fold(text.clone(), |text, word| text.replace(word, "X"))
}

#[test]
fn a_role_of_others_and_one_that_is_not_there_are_told_alike() {
    let node = HttpNode::start();
    let mut files = node.directory();
    for ending in [".toml", ".trust.json"] {
        let path = |name: &str| in_account(&["roles/", name, ending].concat());
        files.insert(path("Secret"), files[&path("Reader")].clone());
    }
    node.apply(&files);
    let session = node.sign_in("ines");
    let ask = |role: &str| {
        let target = format!("/why-not?account={ACCOUNT}&role={role}");
        let response = session.get(node.address, &target);
        assert_eq!(response.status, 200);
        assert!(response.text().contains("Not yours"), "{}", response.text());
        without_names(&response, &[role])
    };
    assert_eq!(ask("Secret"), ask("NoSuch"));
    let own = session.get(node.address, "/why-not?account=tests&role=Reader");
    assert!(own.text().contains("Your sign-in gives you this role."));
}

/// What an administrator finds under the id of a page.
fn decision(node: &HttpNode, id: &str) -> Value {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let response = node.admin("GET", &["/admin/v1/decisions/", id].concat(), "");
        if response.status == 200 {
            return response.json();
        }
        assert!(Instant::now() < give_up, "{}", response.text());
    }
}

#[test]
fn the_id_on_the_page_leads_to_what_every_rule_saw() {
    let node = HttpNode::start();
    let session = sign_in_with(
        &node,
        &json!({ "groups": ["Staff"], "email_verified": false }),
    );
    let response = session.get(node.address, "/why-not?account=tests&role=Reader");
    let text = response.text();
    assert!(
        text.contains("differs in upper and lower case only"),
        "{text}"
    );
    assert!(
        !text.contains("staff"),
        "what the rule wants is not told: {text}"
    );
    let event = events(&node, "ExplainRole").pop().unwrap();
    let id = event["requestID"].as_str().unwrap();
    assert!(text.contains(id), "{text}");
    assert_eq!(event["requestParameters"]["roleArn"], ROLE);
    let found = decision(&node, id).to_string();
    for part in [
        "mapping rules",
        "\"wanted\":\"staff\"",
        "Staff",
        ROLE,
        CONNECTION,
    ] {
        assert!(found.contains(part), "no {part} in {found}");
    }
}

#[test]
fn a_person_in_too_many_groups_meets_a_page_that_helps() {
    let node = HttpNode::start();
    let session = sign_in_with(&node, &json!({ "hasgroups": true }));
    let page = session.get(node.address, "/roles");
    let text = page.text();
    assert!(
        text.contains("because there are too many of them"),
        "{text}"
    );
    let event = events(&node, "ExplainRole").pop().unwrap();
    let id = event["requestID"].as_str().unwrap();
    assert!(text.contains(id), "{text}");
    assert!(decision(&node, id).to_string().contains("mapping rules"));
    let asked = session.get(node.address, "/why-not?role=Reader").text();
    assert!(asked.contains("left out values of"), "{asked}");
}

#[test]
fn a_refused_sign_in_can_be_begun_anew_for_the_same_role() {
    let node = HttpNode::start();
    let link = "/go?account=tests&role=Reader";
    let begun = node.begin_sign_in(link);
    node.provider
        .set(TOKEN, Answer::json(&json!({ "error": "invalid_grant" })));
    let request = Request::get(node.address, &begun.callback());
    let refused = request.with_header("cookie", &begun.cookie).send();
    assert_eq!(refused.status, 403, "{}", refused.text());
    let again = ["href=\"/sign-in?return_to=", &escaped(link)].concat();
    assert!(refused.text().contains(&again), "{}", refused.text());
    let id = events(&node, "SignIn").pop().unwrap()["requestID"].clone();
    assert!(refused.text().contains(id.as_str().unwrap()));
}

#[test]
fn nobody_is_told_anything_without_a_sign_in() {
    let node = HttpNode::start();
    for target in ["/why-not?role=Reader", "/go?role=Reader"] {
        let response = page(&node, target);
        assert_eq!(response.status, 303);
        assert!(location(&response).starts_with("/?return_to="));
    }
    assert_eq!(events(&node, "ExplainRole").len(), 0);
}
