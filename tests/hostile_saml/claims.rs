//! S43 to S46 and S48 to S50: what a provider signed, and what it doesn't give.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::scene::{
    AWS, PROVIDERS, Refusal, Scene, Signed, attribute, cut, directory, entity, pair, provider_arn,
    replaced, role,
};
use crate::support::directory::in_account;

fn scene() -> Scene {
    let scene = Scene::new();
    scene.accepts_good_ones();
    scene
}

fn signed(draft: &str) -> String {
    PROVIDERS[0].sign(draft, &["_a1"])
}

#[test]
fn s43_another_recipient_or_audience() {
    let scene = scene();
    let (acs, audience) = (scene.acs(), scene.audience());
    let wrong = |right: &str| {
        [
            "https://elsewhere.example.com/acs".to_owned(),
            String::new(),
            right.strip_suffix(|_| true).unwrap().to_owned(),
            [right, "/"].concat(),
            [right, "?"].concat(),
            [" ", right].concat(),
            right.to_uppercase(),
        ]
    };
    for other in wrong(&acs) {
        let recipient = scene.signed_with(
            &format!(" Recipient=\"{acs}\""),
            &format!(" Recipient=\"{other}\""),
        );
        scene.refuses(&other, &recipient, &Refusal::audience("recipient"));
        let destination = scene.signed_with(
            &format!(" Destination=\"{acs}\""),
            &format!(" Destination=\"{other}\""),
        );
        scene.refuses(&other, &destination, &Refusal::audience("recipient"));
    }
    for other in wrong(&audience) {
        let response = scene.signed_with(&format!(">{audience}<"), &format!(">{other}<"));
        scene.refuses(&other, &response, &Refusal::audience("audience"));
    }
    let restriction = format!(
        "<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
    );
    let none = scene.signed_with(&restriction, "");
    scene.refuses("no audience", &none, &Refusal::audience("audience"));
    let other = restriction.replace(&audience, "urn:other");
    let both = scene.signed_with(&restriction, &[&*restriction, &*other].concat());
    scene.refuses(
        "all restrictions must hold",
        &both,
        &Refusal::audience("audience"),
    );
    let several = restriction.replace(
        "<saml:Audience>",
        "<saml:Audience>urn:other</saml:Audience><saml:Audience>",
    );
    scene.accepts(
        "one audience of several",
        &scene.signed_with(&restriction, &several),
    );
    let missing = scene.signed_with(&format!(" Recipient=\"{acs}\""), "");
    scene.refuses(
        "no recipient",
        &missing,
        &Refusal::content("SubjectConfirmationData has no attribute Recipient."),
    );
    let undelivered = scene.signed_with(&format!(" Destination=\"{acs}\""), "");
    scene.accepts("no destination", &undelivered);
}

/// A scene, and a response of its beginning with something else in it: each refusal moves the clock
/// by a second.
struct Times {
    scene: Scene,
    draft: String,
}

impl Times {
    fn begin() -> Self {
        let scene = scene();
        let draft = scene.draft(Signed::Assertion);
        Self { scene, draft }
    }

    fn refuses(&self, what: &str, from: &str, to: &str, refusal: &Refusal<'_>) {
        let response = signed(&replaced(&self.draft, from, to));
        self.scene.refuses(what, &response, refusal);
    }

    /// The begin of the conditions as they are.
    fn conditions(&self) -> String {
        cut(&self.draft, "<saml:Conditions", ">").to_owned()
    }
}

fn conditions(begin: &str, end: &str) -> String {
    format!("<saml:Conditions NotBefore=\"{begin}\" NotOnOrAfter=\"{end}\">")
}

const EXPIRED: Refusal<'_> = Refusal::expired("expiry", "Token expired: current date/time ");

#[test]
fn s44_conditions_that_do_not_hold_now() {
    let times = Times::begin();
    let at = |seconds| times.scene.time(seconds);
    let good = times.conditions();
    let over = conditions(&at(-300), &at(-61));
    let ahead = conditions(&at(120), &at(240));
    let inverted = conditions(&at(240), &at(-30));
    let not_yet = Refusal::invalid("not before", "Conditions is valid from");
    let backwards = Refusal::invalid("expiry", "The conditions hold from");
    let endless = Refusal::content("Conditions has no attribute NotOnOrAfter.");
    times.refuses("over", &good, &over, &EXPIRED);
    times.refuses("not yet", &good, &ahead, &not_yet);
    times.refuses("inverted", &good, &inverted, &backwards);
    times.refuses("no end", &good, "<saml:Conditions>", &endless);
}

/// A minute of skew is allowed at either end, and not at both of one assertion: what never held at any
/// moment does not hold now.
#[test]
fn s44_skew_is_a_minute_at_one_end() {
    let scene = scene();
    let signed = |begin: i64, end: i64| {
        let draft = scene.draft(Signed::Assertion);
        let good = cut(&draft, "<saml:Conditions", ">").to_owned();
        let changed = conditions(&scene.time(begin), &scene.time(end));
        signed(&replaced(&draft, &good, &changed))
    };
    scene.accepts("begins within it", &signed(60, 240));
    scene.accepts("ended within it", &signed(-240, -59));
    let not_yet = Refusal::invalid("not before", "Conditions is valid from");
    scene.refuses("begins after it", &signed(61, 240), &not_yet);
    scene.refuses("ended before it", &signed(-240, -60), &EXPIRED);
    let backwards = Refusal::invalid("expiry", "The conditions hold from");
    for (begin, end) in [(30, -30), (59, -59), (0, 0)] {
        scene.refuses("at both", &signed(begin, end), &backwards);
    }
}

#[test]
fn s44_a_confirmation_or_a_session_that_is_over() {
    let times = Times::begin();
    let (past, just) = (times.scene.time(-61), times.scene.time(-1));
    let data = cut(
        &times.draft,
        "<saml:SubjectConfirmationData NotOnOrAfter=",
        "Z\"",
    );
    let start = "<saml:SubjectConfirmationData";
    let ended = format!("{start} NotOnOrAfter=\"{past}\"");
    times.refuses("confirmation", data, &ended, &EXPIRED);
    let endless = Refusal::content("SubjectConfirmationData has no attribute NotOnOrAfter.");
    times.refuses("no end", data, start, &endless);
    let session = cut(&times.draft, "SessionNotOnOrAfter=", "Z\"");
    for end in [past, just] {
        let ended = format!("SessionNotOnOrAfter=\"{end}\"");
        times.refuses("session", session, &ended, &EXPIRED);
    }
}

#[test]
fn s44_a_time_of_issue_that_is_long_ago_ahead_or_none() {
    let times = Times::begin();
    let issued = cut(&times.draft, "ID=\"_a1\" Version", "Z\"");
    let at = |time: &str| format!("ID=\"_a1\" Version=\"2.0\" IssueInstant=\"{time}\"");
    let old = Refusal::expired("age", "Token must be redeemed within 5 minutes of issuance");
    let ahead = Refusal::invalid("age", "Assertion was issued at");
    times.refuses("long ago", issued, &at(&times.scene.time(-600)), &old);
    times.refuses("ahead", issued, &at(&times.scene.time(120)), &ahead);
    for none in [
        "2026-02-30T09:41:07Z",
        "99999999999-01-01T00:00:00Z",
        "2026-11-21T25:00:00Z",
        "yesterday",
        "",
        "2026-11-21T09:41:07",
    ] {
        let refusal = Refusal::content("which is not a time");
        times.refuses(none, issued, &at(none), &refusal);
    }
}

#[test]
fn s45_who_may_present_it() {
    let scene = scene();
    let bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
    let none = Refusal::invalid(
        "confirmation",
        "There are 0 bearer confirmations instead of one.",
    );
    for method in ["holder-of-key", "sender-vouches", "Bearer"] {
        let other = ["urn:oasis:names:tc:SAML:2.0:cm:", method].concat();
        scene.refuses(method, &scene.signed_with(bearer, &other), &none);
    }
    let draft = scene.draft(Signed::Assertion);
    let whole = cut(
        &draft,
        "<saml:SubjectConfirmation ",
        "</saml:SubjectConfirmation>",
    );
    let data = cut(&draft, "<saml:SubjectConfirmationData", "/>");
    scene.refuses("none", &signed(&replaced(&draft, whole, "")), &none);
    let two = Refusal::invalid(
        "confirmation",
        "There are 2 bearer confirmations instead of one.",
    );
    scene.refuses(
        "two",
        &signed(&replaced(&draft, whole, &whole.repeat(2))),
        &two,
    );
    let empty = Refusal::content("SubjectConfirmation has no SubjectConfirmationData.");
    scene.refuses("no data", &signed(&replaced(&draft, data, "")), &empty);
}

#[test]
fn s46_a_condition_that_nobody_understands() {
    let scene = scene();
    let end = "</saml:Conditions>";
    for condition in [
        "<saml:Condition xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"x\"/>",
        "<x:OneTimeUse xmlns:x=\"urn:x\"/>",
    ] {
        let response = scene.signed_with(end, &[condition, end].concat());
        scene.refuses(
            condition,
            &response,
            &Refusal::invalid("conditions", "is not understood"),
        );
    }
}

#[test]
fn s48_one_provider_vouches_for_nobody_of_another() {
    let scene = scene();
    let ask = |number: usize, response: &str| {
        scene.ask_for(
            &role(number),
            &provider_arn(number),
            &STANDARD.encode(response),
        )
    };
    let refuses = |what: &str, number: usize, response: &str, refusal: &Refusal<'_>| {
        scene.assert_refused(what, &ask(number, response), refusal);
    };
    let pair_of_1 = scene.draft(Signed::Assertion).replace(&pair(0), &pair(1));
    let of_0 = signed(&pair_of_1);
    refuses("A's assertion at B", 1, &of_0, &Refusal::signature());
    let b_as_a = PROVIDERS[1].sign(&scene.draft(Signed::Assertion), &["_a1"]);
    refuses("B's key as A", 0, &b_as_a, &Refusal::signature());
    let by_b = PROVIDERS[1].sign(&pair_of_1, &["_a1"]);
    let issuer = Refusal::invalid("issuer", "Issuer not present in specified provider");
    refuses("B's key with A's name at B", 1, &by_b, &issuer);
    let honest = pair_of_1.replace(&entity(0), &entity(1));
    let good = PROVIDERS[1].sign(&honest, &["_a1"]);
    assert!(ask(1, &good).credentials.is_some(), "B's own role");
    let pair_of_a = honest.replace(&pair(1), &pair(0));
    let response = PROVIDERS[1].sign(&pair_of_a, &["_a1"]);
    refuses(
        "B grants a pair of A at B",
        1,
        &response,
        &Refusal::denied("role attribute"),
    );
    // The role of A, by way of B, which A's trust policy doesn't name.
    let crossed = [&*role(0), ",", &provider_arn(1)].concat();
    let response = PROVIDERS[1].sign(&honest.replace(&pair(1), &crossed), &["_a1"]);
    let answer = scene.ask_for(&role(0), &provider_arn(1), &STANDARD.encode(&response));
    scene.assert_refused(
        "A's role by way of B",
        &answer,
        &Refusal::denied("trust policy"),
    );
    let unknown = [&*provider_arn(0), "x"].concat();
    let answer = scene.ask_for(
        &role(0),
        &unknown,
        &STANDARD.encode(scene.good(Signed::Assertion)),
    );
    let provider = Refusal::invalid("provider", "Specified provider doesn't exist");
    scene.assert_refused("a provider that isn't there", &answer, &provider);
}

#[test]
fn s48_a_provider_of_another_account_vouches_for_nobody_here() {
    let scene = scene();
    let mut files = directory("");
    let other = |path: &str| ["accounts/482011739056/", path].concat();
    files.insert(other("account.toml"), "alias = 'other'\n".to_owned());
    files.insert(other("saml-providers/Partners0.toml"), String::new());
    files.insert(
        other("saml-providers/Partners0.metadata.xml"),
        PROVIDERS[0].metadata(&entity(0)),
    );
    let foreign = "arn:aws:iam::482011739056:saml-provider/Partners0";
    let path = in_account("roles/Reader0.trust.json");
    let trust = replaced(&files[&path], &provider_arn(0), foreign);
    files.insert(path, trust);
    scene.node.apply(&files);
    let pair_of_both = [&*role(0), ",", foreign].concat();
    let response = signed(
        &scene
            .draft(Signed::Assertion)
            .replace(&pair(0), &pair_of_both),
    );
    let answer = scene.ask_for(&role(0), foreign, &STANDARD.encode(&response));
    scene.assert_refused(
        "trusted and listed",
        &answer,
        &Refusal::denied("trust policy"),
    );
}

#[test]
fn s49_a_role_that_the_assertion_does_not_list() {
    let scene = scene();
    let value = pair(0);
    let provider = provider_arn(0);
    let swapped = [&*provider, ",", &role(0)].concat();
    scene.accepts("the other order", &scene.signed_with(&value, &swapped));
    let several = format!(
        "{}</saml:AttributeValue><saml:AttributeValue>{value}",
        pair(1)
    );
    scene.accepts("one of several", &scene.signed_with(&value, &several));
    for other in [
        pair(1),
        [&*role(1), ",", &provider].concat(),
        [&*role(0), ",", &provider_arn(1)].concat(),
        format!("arn:aws:iam::123456789012:role/*,{provider}"),
        ["*,", &*provider].concat(),
        [&*value, ",", &provider].concat(),
        value.replace(',', ";"),
        [&*value, ";", &value].concat(),
        value.to_uppercase(),
        role(0),
        String::new(),
        [" ", &*value].concat(),
    ] {
        let response = scene.signed_with(&format!(">{value}<"), &format!(">{other}<"));
        scene.refuses(&other, &response, &Refusal::denied("role attribute"));
    }
    let name = format!("Name=\"{AWS}Role\"");
    let friendly = scene.signed_with(&name, &format!("Name=\"x\" FriendlyName=\"{AWS}Role\""));
    scene.refuses(
        "by FriendlyName",
        &friendly,
        &Refusal::denied("role attribute"),
    );
    let case = scene.signed_with(&name, &format!("Name=\"{AWS}role\""));
    scene.refuses("in another case", &case, &Refusal::denied("role attribute"));
    let tampered = scene.good(Signed::Assertion).replace(&value, &pair(1));
    scene.refuses("tampered with", &tampered, &Refusal::signature());
}

#[test]
fn s50_session_names_and_tags() {
    let scene = scene();
    let named = attribute("RoleSessionName", &["alice"]);
    let rule = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}";
    for value in [
        "../../role/Admin",
        "a&#13;&#10;b",
        "&lt;script&gt;",
        "\u{430}lice",
        "a",
        &"n".repeat(65),
    ] {
        let response = scene.signed_with(&named, &attribute("RoleSessionName", &[value]));
        scene.refuses(value, &response, &Refusal::invalid("session name", rule));
    }
    let two = scene.signed_with(&named, &attribute("RoleSessionName", &["alice", "admin"]));
    scene.refuses("two values", &two, &Refusal::invalid("session name", rule));
    let none = Refusal::invalid(
        "session name",
        "RoleSessionName is required in AuthnResponse",
    );
    scene.refuses("no name", &scene.signed_with(&named, ""), &none);
    let tag = |key: &str, value: &str| attribute(&["PrincipalTag:", key].concat(), &[value]);
    let with = |attributes: &str| scene.signed_with(&named, &[&*named, attributes].concat());
    scene.accepts("a good tag", &with(&tag("Team", "payments")));
    let unusable = Refusal::invalid(
        "session tags",
        "the session tags in AuthnResponse are not usable",
    );
    for bad in [
        tag(&"k".repeat(129), "v"),
        tag("aws:x", "v"),
        tag("", "v"),
        tag("K", &"v".repeat(257)),
    ] {
        scene.refuses(&bad, &with(&bad), &unusable);
    }
    let together = Refusal::invalid(
        "session tags",
        "the session tags in AuthnResponse can't stand together",
    );
    let many: Vec<String> = (0..51).map(|n| tag(&format!("k{n}"), "v")).collect();
    let many = many.concat();
    for bad in [many, [tag("Team", "a"), tag("team", "b")].concat()] {
        scene.refuses("together", &with(&bad), &together);
    }
    let source = Refusal::invalid(
        "source identity",
        "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"",
    );
    scene.refuses(
        "aws:",
        &with(&attribute("SourceIdentity", &["aws:x"])),
        &source,
    );
}
