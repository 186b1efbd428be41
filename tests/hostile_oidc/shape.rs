//! J8 and J16 to J19: what is no plain id_token is refused before its key is asked for.

use serde_json::{Value, json};

use crate::directory::role;
use crate::scene::{Refusal, Scene, assert_refused};
use crate::support::http::Request;
use crate::support::keys::{base64url, sign_raw, signing_input, with_signature};
use crate::support::sts::StsAnswer;

/// The edge's refusal of what is no request to the operation.
fn request(code: &'static str, message: &'static str) -> Refusal<'static> {
    Refusal {
        status: 400,
        code,
        message,
        check: "request",
    }
}

#[test]
fn j08_a_key_id_is_a_name_and_nothing_else() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let with_kid =
        |kid: Value| scene.token_with_header(&json!({ "alg": "RS256", "kid": kid, "typ": "JWT" }));
    for kid in [
        "../../../../../dev/null",
        "main' OR '1'='1",
        "main; id",
        "$(id)",
        "${jndi:ldap://127.0.0.1/a}",
        "http://127.0.0.1/jwks",
        "MAIN",
        "main ",
        "*",
        "%",
    ] {
        scene.refuses(kid, &with_kid(json!(kid)), &Refusal::no_key());
    }
    let malformed = Refusal::invalid("key id", "The key id is not 1 to 256 printable characters.");
    for kid in [
        json!(""),
        json!("main\r\nx-injected: 1"),
        json!("main\0"),
        json!("m\u{e4}in"),
        json!(7),
        json!(["main"]),
        json!({ "kid": "main" }),
        json!("k".repeat(257)),
        json!("k".repeat(10_000)),
    ] {
        scene.refuses_without_asking(&kid.to_string(), &with_kid(kid), &malformed);
    }
    let too_long = request(
        "ValidationError",
        "Member must have length less than or equal to 20000",
    );
    scene.refuses_without_asking("64 KB", &with_kid(json!("k".repeat(65_536))), &too_long);
    scene.accepts_an_honest_token();
}

#[test]
fn j16_a_member_that_is_there_twice_is_refused() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let (header, claims) = (scene.key.header(), scene.claims().to_string());
    let twice = |text: &str, member: &str, value: &str| {
        let start = text.strip_suffix('}').unwrap();
        [start, ",\"", member, "\":", value, "}"].concat()
    };
    let strict = |part: &'static str| match part {
        "header" => Refusal::invalid("json", "The header is not strict JSON."),
        _ => Refusal::invalid("json", "The payload is not strict JSON."),
    };
    let issuer = json!(scene.provider.issuer()).to_string();
    for (member, value) in [
        ("sub", "\"person-1\""),
        ("sub", "\"admin\""),
        ("iss", issuer.as_str()),
        ("aud", "\"sts-client\""),
        ("exp", "1795254367"),
        ("\\u0073ub", "\"admin\""),
    ] {
        let token = sign_raw(&header, &twice(&claims, member, value), &scene.key);
        scene.refuses_without_asking(member, &token, &strict("payload"));
    }
    for (member, value) in [
        ("alg", "\"RS256\""),
        ("alg", "\"none\""),
        ("kid", "\"main\""),
    ] {
        let token = sign_raw(&twice(&header, member, value), &claims, &scene.key);
        scene.refuses_without_asking(member, &token, &strict("header"));
    }
    let nested = twice(&claims, "act", "{\"sub\":\"a\",\"sub\":\"b\"}");
    let nested = sign_raw(&header, &nested, &scene.key);
    scene.refuses_without_asking("nested", &nested, &strict("payload"));
    let once = sign_raw(
        &header,
        &twice(&claims, "act", "{\"sub\":\"a\"}"),
        &scene.key,
    );
    scene.accepts("a member once more, by another name", &once);
}

#[test]
fn j17_nothing_changes_how_a_token_is_read() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    for (what, changes) in [
        ("crit", json!({ "crit": ["exp"] })),
        ("crit", json!({ "crit": ["unknown"], "unknown": 1 })),
        ("crit", json!({ "crit": [] })),
        ("crit", json!({ "crit": "b64" })),
        ("crit", json!({ "crit": null })),
        ("crit", json!({ "crit": ["b64"], "b64": false })),
        ("b64", json!({ "b64": false })),
        ("b64", json!({ "b64": true })),
        ("zip", json!({ "zip": "DEF" })),
        ("enc", json!({ "enc": "A256GCM" })),
    ] {
        let mut header = json!({ "alg": "RS256", "kid": "main", "typ": "JWT" });
        for (name, value) in changes.as_object().unwrap() {
            header[name] = value.clone();
        }
        let message = format!("The header has \"{what}\", which is not accepted.");
        let refusal = Refusal::invalid("header", &message);
        scene.refuses_without_asking(what, &scene.token_with_header(&header), &refusal);
    }
}

#[test]
fn j18_a_token_of_another_kind_is_no_id_token() {
    let scene = Scene::new();
    let typed = |kind: Value| {
        scene.token_with_header(&json!({ "alg": "RS256", "kid": "main", "typ": kind }))
    };
    for good in ["JWT", "jwt"] {
        scene.accepts(good, &typed(json!(good)));
    }
    for (kind, shown) in [
        (json!("at+jwt"), "at+jwt"),
        (json!("application/at+jwt"), "application/at+jwt"),
        (json!("logout+jwt"), "logout+jwt"),
        (json!("dpop+jwt"), "dpop+jwt"),
        (json!("secevent+jwt"), "secevent+jwt"),
        (json!("JWE"), "JWE"),
        (json!(""), ""),
        (json!(5), "5"),
        (json!(["JWT"]), "[\"JWT\"]"),
    ] {
        let message = format!("The header's typ is \"{shown}\" instead of \"JWT\".");
        let refusal = Refusal::invalid("type", &message);
        scene.refuses_without_asking(shown, &typed(kind), &refusal);
    }
    let access_token =
        json!({ "aud": "https://api.example.com", "client_id": "sts-client", "scope": "openid" });
    let refusal = Refusal::invalid("audience", "Incorrect token audience");
    scene.refuses_without_asking(
        "access token",
        &scene.token_with_all(&access_token),
        &refusal,
    );
}

#[test]
fn j19_only_the_compact_form_of_strict_json_is_read() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let good = scene.token();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("{good}")
    };
    let compact = Refusal::invalid("compact form", "The token is not in compact form");
    let flattened = json!({ "payload": payload, "protected": header, "signature": signature });
    for (what, token) in [
        ("two segments", [header, payload].join(".")),
        ("four segments", [header, payload, signature, ""].join(".")),
        (
            "five segments",
            [header, "", payload, signature, signature].join("."),
        ),
        ("JSON serialisation", flattened.to_string()),
    ] {
        scene.refuses_without_asking(what, &token, &compact);
    }
    for (what, token) in [
        ("padding", [&good, "="].concat()),
        ("newline at the end", [&good, "\n"].concat()),
        ("space at the end", [&good, " "].concat()),
        ("standard alphabet", [header, payload, "+/+/"].join(".")),
        ("one character too many", [&good, "AAA"].concat()),
    ] {
        let encoding = Refusal::invalid("encoding", "is not base64url without padding.");
        scene.refuses_without_asking(what, &token, &encoding);
    }
    let deep = [r#"{"a":"#, &"[".repeat(3_000), &"]".repeat(3_000), "}"].concat();
    let claims = scene.claims().to_string();
    let open = claims.strip_suffix('}').unwrap();
    let json = Refusal::invalid("json", "The payload is not strict JSON.");
    for (what, payload) in [
        ("depth 3,000", deep),
        ("something after it", [&claims, "{}"].concat()),
        ("NaN", [open, ",\"x\":NaN}"].concat()),
        ("1e999", [open, ",\"x\":1e999}"].concat()),
        ("a lone surrogate", [open, r#","x":"\ud800"}"#].concat()),
        ("a list", ["[", &claims, "]"].concat()),
        ("nothing", String::new()),
    ] {
        let token = sign_raw(&scene.key.header(), &payload, &scene.key);
        scene.refuses_without_asking(what, &token, &json);
    }
    let no_utf8 = [header, &base64url(b"{\"iss\":\"\xff\"}"), signature].join(".");
    scene.refuses_without_asking("no UTF-8", &no_utf8, &json);
}

#[test]
fn j19_an_oversized_token_is_refused_before_it_is_read() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let padded = |length: usize| {
        let filler = json!({ "filler": "x".repeat(length) });
        scene.token_with_all(&filler)
    };
    let too_long = request(
        "ValidationError",
        "Member must have length less than or equal to 20000",
    );
    scene.refuses_without_asking("30 KB", &padded(30_000), &too_long);
    let just_fits = padded(14_000);
    assert!(just_fits.len() < 20_000, "{}", just_fits.len());
    scene.accepts("just below the bound", &just_fits);
    let too_large = Refusal {
        status: 413,
        ..request("RequestEntityTooLarge", "body")
    };
    scene.refuses_without_asking("2 MB", &"x".repeat(2 << 20), &too_large);
    let too_short = request(
        "ValidationError",
        "Member must have length greater than or equal to 4",
    );
    scene.refuses_without_asking("two dots", "..", &too_short);
    let three = Refusal::invalid("json", "The header is not strict JSON.");
    scene.refuses_without_asking(
        "empty segments",
        &with_signature(&signing_input("", ""), b"xx"),
        &three,
    );
}

#[test]
fn j19_a_token_with_a_nul_is_no_parameter() {
    let scene = Scene::new();
    scene.accepts_an_honest_token();
    let malformed = request(
        "MalformedQueryString",
        "A parameter is not percent-encoded UTF-8.",
    );
    scene.refuses_without_asking("NUL", &[&scene.token(), "\0"].concat(), &malformed);
    let twice = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", &role(0)),
        ("RoleSessionName", "tester"),
        ("WebIdentityToken", &scene.token()),
        ("WebIdentityToken", &scene.token()),
    ];
    let response = Request::post_form(scene.node.address, "/", &twice).send();
    let answer = StsAnswer::read(&response, std::time::Duration::ZERO);
    let repeated = request(
        "InvalidParameterCombination",
        "The parameter WebIdentityToken is there twice",
    );
    assert_refused(&scene.node, "two tokens", &answer, &repeated);
}
