//! Favourite roles: whose they are, how many there are, and what stands in the list that shows them.

use std::io::Read as _;
use std::time::{Duration, Instant};

use rolegate::directory::DirectoryFiles;
use serde_json::json;

use super::support::browser::{Session, csrf};
use super::support::directory::{add_role, every_assume_action, in_account, role_arn, trust};
use super::support::http::{Request, Response};
use super::support::http_node::{CONNECTION, HttpNode, ROLE};

/// A role that only lukas is given.
const ADMIN: &str = "arn:aws:iam::123456789012:role/Admin";
const SCRIPT: &str = "<script>alert(1)</script>";

fn star(node: &HttpNode, browser: &Session, fields: &[(&str, &str)]) -> Response {
    browser.form(node.address, "/favourites", fields).send()
}

fn list(node: &HttpNode, browser: &Session) -> String {
    let response = browser.get(node.address, "/roles");
    assert_eq!(response.status, 200);
    response.text()
}

/// The roles among a page's favourites.
fn favourites(page: &str) -> Vec<String> {
    let (_, from) = page.split_once("id=\"favourites-h\"").unwrap();
    let (section, _) = from.split_once("</section>").unwrap();
    let buttons = section.split("name=\"role\" value=\"").skip(1);
    buttons
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

/// Adds a role that whoever signs in is given for whose claim this is so.
fn add_given(files: &mut DirectoryFiles, node: &HttpNode, names: &[String], when: &str) {
    let issuer = node.provider.issuer();
    let trust = trust(&[&issuer], &every_assume_action(), &json!({}));
    for name in names {
        let settings = json!({ "description": SCRIPT, "tags": { "team": "payments" } });
        add_role(files, name, &settings, &trust);
    }
    let roles: Vec<String> = names.iter().map(|name| role_arn(name)).collect();
    let rule = format!(
        "order = 20\nconnections = [\"{CONNECTION}\"]\nsession_name = \"a-person\"\n\
         roles = {roles:?}\nwhen = {when}\n"
    );
    files.insert("rules/more.toml".to_owned(), rule);
}

fn with_admin() -> HttpNode {
    let node = HttpNode::start();
    let mut files = node.directory();
    let when = "{ claim = \"sub\", equals = \"lukas\" }";
    add_given(&mut files, &node, &["Admin".to_owned()], when);
    node.apply(&files);
    node
}

#[test]
fn a_star_works_without_script_and_in_every_browser_of_a_person() {
    let node = HttpNode::start();
    let (here, there) = (node.sign_in("ines"), node.sign_in("ines"));
    assert_eq!(favourites(&list(&node, &here)), [""; 0]);
    let response = star(&node, &here, &[("add", ROLE)]);
    assert_eq!(response.status, 303);
    assert_eq!(
        response.header("location"),
        Some("/roles#acct-123456789012")
    );
    for browser in [&here, &there] {
        let page = list(&node, browser);
        assert_eq!(favourites(&page), [ROLE]);
        assert!(page.contains("star\" name=\"remove\""));
        assert!(!page.contains("star\" name=\"add\""));
    }
    assert_eq!(favourites(&list(&node, &node.sign_in("lukas"))), [""; 0]);
    assert_eq!(star(&node, &there, &[("remove", ROLE)]).status, 303);
    assert_eq!(favourites(&list(&node, &here)), [""; 0]);
}

#[test]
fn script_is_answered_without_a_page() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let response = star(&node, &browser, &[("add", ROLE), ("answer", "none")]);
    assert_eq!(response.status, 204);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(favourites(&list(&node, &browser)), [ROLE]);
}

#[test]
fn w1_a_star_is_set_only_by_a_form_of_ones_own() {
    let node = HttpNode::start();
    let (browser, other) = (node.sign_in("ines"), node.sign_in("lukas"));
    for token in ["", "x", &other.csrf] {
        let response = node
            .form("/favourites", &[("add", ROLE), ("csrf", token)])
            .with_header("cookie", &browser.cookie)
            .send();
        assert_eq!(response.status, 403);
    }
    let foreign = Request::post_form(
        node.address,
        "/favourites",
        &[("add", ROLE), ("csrf", &browser.csrf)],
    );
    let foreign = foreign
        .with_header("cookie", &browser.cookie)
        .with_header("origin", "https://evil.example")
        .with_header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send().status, 403);
    let query = format!("/favourites?add={ROLE}&csrf={}", browser.csrf);
    assert_eq!(browser.get(node.address, &query).status, 303);
    let stranger = node.form("/favourites", &[("add", ROLE), ("csrf", &browser.csrf)]);
    assert_eq!(stranger.send().header("location"), Some("/"));
    for someone in [&browser, &other] {
        assert_eq!(favourites(&list(&node, someone)), [""; 0]);
    }
}

#[test]
fn w14_a_role_of_somebody_else_is_refused_as_one_that_is_missing() {
    let node = with_admin();
    let (ines, lukas) = (node.sign_in("ines"), node.sign_in("lukas"));
    assert_eq!(star(&node, &lukas, &[("add", ADMIN)]).status, 303);
    let refused = |role: &str| {
        let response = star(&node, &ines, &[("add", role)]);
        assert_eq!(response.status, 403);
        let text = response.text();
        assert!(!text.contains(role));
        let (before, after) = text.split_once("<code id=\"request-id\">").unwrap();
        let (_, after) = after.split_once("</code>").unwrap();
        let (after, _) = after.split_once("<time").unwrap_or((after, ""));
        [before.to_owned(), after.to_owned()]
    };
    assert_eq!(refused(ADMIN), refused(&role_arn("Nobodys")));
    assert_eq!(favourites(&list(&node, &ines)), [""; 0]);
    assert_eq!(favourites(&list(&node, &lukas)), [ADMIN]);
    // Nobody takes another's star away, either: it is not theirs.
    assert_eq!(star(&node, &ines, &[("remove", ADMIN)]).status, 303);
    assert_eq!(favourites(&list(&node, &lukas)), [ADMIN]);
}

#[test]
fn a_form_that_says_no_role_or_two_is_refused() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    for fields in [
        &[][..],
        &[("add", "")],
        &[("add", "Reader")],
        &[("add", "arn:aws:iam::123456789012:user/Reader")],
        &[("add", ROLE), ("remove", ROLE)],
        &[("add", ROLE), ("add", ROLE)],
    ] {
        let response = star(&node, &browser, fields);
        assert_eq!(response.status, 400, "{fields:?}");
    }
    assert_eq!(favourites(&list(&node, &browser)), [""; 0]);
}

#[test]
fn the_hundred_and_first_favourite_is_refused_and_says_why() {
    let node = HttpNode::start();
    let names: Vec<String> = (0..101).map(|number| format!("More{number}")).collect();
    let mut files = node.directory();
    let when = "{ claim = \"groups\", equals = \"staff\" }";
    add_given(&mut files, &node, &names, when);
    node.apply(&files);
    let browser = node.sign_in("ines");
    for name in &names[..100] {
        assert_eq!(
            star(&node, &browser, &[("add", &role_arn(name))]).status,
            303
        );
    }
    let response = star(&node, &browser, &[("add", &role_arn("More100"))]);
    assert_eq!(response.status, 409);
    assert!(response.text().contains("You have 100 favourites"));
    assert_eq!(favourites(&list(&node, &browser)).len(), 100);
    // A favourite that is there already takes no room.
    assert_eq!(
        star(&node, &browser, &[("add", &role_arn("More7"))]).status,
        303
    );
}

#[test]
fn a_role_that_was_taken_is_among_the_last_ones_of_that_person() {
    let node = HttpNode::start();
    let (ines, lukas) = (node.sign_in("ines"), node.sign_in("lukas"));
    let taken = ines.form(node.address, "/credentials", &[("role", ROLE)]);
    assert_eq!(taken.send().status, 200);
    let begun = Instant::now();
    while !list(&node, &ines).contains("recent-h") {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(!list(&node, &lukas).contains("recent-h"));
}

#[test]
fn s53_the_way_back_stays_on_the_list() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    for query in [
        "//evil.example",
        "\r\nlocation: https://evil.example",
        "#\\/@evil",
        "&return_to=//evil",
        "😀",
    ] {
        let response = star(&node, &browser, &[("add", ROLE), ("q", query)]);
        assert_eq!(response.status, 303);
        let location = response.header("location").unwrap();
        let (path, rest) = location.split_once('?').unwrap();
        let (sent, fragment) = rest.split_once('#').unwrap();
        assert_eq!((path, fragment), ("/roles", "acct-123456789012"));
        let pairs: Vec<_> = form_urlencoded::parse(sent.as_bytes()).collect();
        assert_eq!(pairs, [("q".into(), query.into())]);
    }
}

#[test]
fn w8_hostile_names_and_queries_are_text_in_the_list() {
    let node = HttpNode::start();
    let mut files = node.directory();
    let when = "{ claim = \"groups\", equals = \"staff\" }";
    add_given(&mut files, &node, &["More+=,.@-_x".to_owned()], when);
    let account = json!({ "alias": "tests", "name": SCRIPT, "environment": "production" });
    let account = toml::to_string(&account).unwrap();
    files.insert(in_account("account.toml"), account);
    node.apply(&files);
    let browser = node.sign_in("ines");
    let queries = [
        "",
        SCRIPT,
        "alert",
        "\" autofocus onfocus=alert(1) x=\"",
        "'><img src=x onerror=alert(1)>",
        "<mark>",
        "&lt;script&gt;",
        "\u{202e}nimda",
        "{{ 7 * 7 }}",
        "%00",
    ];
    for query in queries {
        let encoded = form_urlencoded::Serializer::new(String::new())
            .append_pair("q", query)
            .finish();
        let response = browser.get(node.address, &["/roles?", &encoded].concat());
        assert_eq!(response.status, 200, "{query}");
        let page = response.text();
        for hostile in ["<script>", "<img", "onfocus=alert(1) x=\"\"", "\u{202e}"] {
            assert!(!page.contains(hostile), "{query}: {hostile}");
        }
        assert!(page.contains("role/More+=,.@-_x") || page.contains("role/More&#43;"));
    }
    // What is marked inside a description does not break out of it.
    let page = browser.get(node.address, "/roles?q=alert").text();
    assert!(page.contains("<mark>alert</mark>(1)"));
    let page = browser.get(node.address, "/roles?q=team%3Dpay").text();
    assert!(page.contains("<mark>team=pay</mark>ments"));
}

fn gzip_of(response: &Response) -> Option<String> {
    if response.header("content-encoding") != Some("gzip") {
        return None;
    }
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(&*response.body);
    decoder.read_to_string(&mut text).unwrap();
    Some(text)
}

#[test]
fn no_page_is_compressed_that_a_stranger_may_put_a_word_into() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let get = |target: &str| {
        Request::get(node.address, target)
            .with_header("cookie", &browser.cookie)
            .with_header("accept-encoding", "gzip, deflate, br")
            .send()
    };
    let compressed = gzip_of(&get("/roles")).unwrap();
    let plain = list(&node, &browser);
    let without = |page: &str, token: &str| page.replace(token, "");
    // The same page but for the token, which is another one each time.
    let tokens = [&compressed, &plain].map(|page| {
        let (_, value) = page.split_once("name=\"csrf\" value=\"").unwrap();
        value.split('"').next().unwrap().to_owned()
    });
    assert_ne!(tokens[0], tokens[1]);
    assert_eq!(
        without(&compressed, &tokens[0]),
        without(&plain, &tokens[1])
    );
    for target in ["/roles?q=reader", "/roles?", "/roles?x=y", "/none", "/"] {
        let response = get(target);
        let is_empty_query = target == "/roles?";
        assert_eq!(gzip_of(&response).is_some(), is_empty_query, "{target}");
    }
    let keys = browser
        .form(node.address, "/credentials", &[("role", ROLE)])
        .with_header("accept-encoding", "gzip");
    let keys = keys.send();
    assert_eq!(keys.status, 200);
    assert_eq!(keys.header("content-encoding"), None);
    let file = get("/static/portal.css");
    let css = gzip_of(&file).unwrap();
    assert_eq!(file.header("vary"), Some("accept-encoding"));
    let whole = Request::get(node.address, "/static/portal.css").send();
    assert_eq!(whole.text(), css);
    assert_ne!(whole.header("etag"), file.header("etag"));
    let again = Request::get(node.address, "/static/portal.css")
        .with_header("accept-encoding", "gzip")
        .with_header("if-none-match", file.header("etag").unwrap());
    assert_eq!(again.send().status, 304);
}

#[test]
fn each_look_at_the_list_has_a_token_of_its_own() {
    let node = HttpNode::start();
    let browser = node.sign_in("ines");
    let looks = [(), ()].map(|()| csrf(&browser.get(node.address, "/roles")));
    assert_ne!(looks[0], looks[1]);
    for token in &looks {
        let form = node.form("/favourites", &[("add", ROLE), ("csrf", token)]);
        let response = form.with_header("cookie", &browser.cookie).send();
        assert_eq!(response.status, 303);
    }
}
