use super::*;
use crate::domain::Unusable;
use crate::federation::saml::testing::{ACS, PERSON, accept, response_with};

const STATEMENT: &str = "<saml:AttributeStatement>";

/// The claims of a good assertion with these attributes before its own, `groups`.
fn claims_with(attributes: &str, aliases: &[AttributeAlias]) -> Claims {
    let signed = response_with(STATEMENT, &[STATEMENT, attributes].concat());
    let accepted = accept(&signed).unwrap();
    claims(&accepted, &aliases.iter().copied().collect())
}

fn attribute(name: &str, friendly: &str, content: &str) -> String {
    format!(
        "<saml:Attribute Name=\"{name}\" FriendlyName=\"{friendly}\">\
         <saml:AttributeValue>{content}</saml:AttributeValue></saml:Attribute>"
    )
}

/// The values of a claim that can be used; none where there is no such claim.
fn values<'c>(claims: &'c Claims, name: &str) -> Vec<&'c str> {
    let Some(claim) = claims.get(name) else {
        return Vec::new();
    };
    assert_eq!(claim.unusable, None, "{name}");
    claim.values.iter().map(String::as_str).collect()
}

#[test]
fn attributes_are_claims_by_name_and_what_stands_elsewhere_has_fixed_names() {
    let claims = claims_with("", &[]);
    assert_eq!(values(&claims, "groups"), ["developers", "R&D"]);
    assert_eq!(values(&claims, "Groups"), [""; 0], "no alias is configured");
    assert_eq!(values(&claims, "sub"), [PERSON]);
    assert_eq!(values(&claims, NAME_ID), [PERSON]);
    assert_eq!(
        values(&claims, NAME_ID_FORMAT),
        ["urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"]
    );
    assert_eq!(
        values(&claims, AUTHN_CONTEXT),
        ["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"]
    );
    assert_eq!(values(&claims, SESSION_INDEX), ["_s1"]);
    assert_eq!(values(&claims, RECIPIENT), [ACS]);
    assert_eq!(claims.iter().len(), 7);
}

#[test]
fn no_attribute_and_no_alias_takes_a_fixed_name() {
    let all = [AttributeAlias::FriendlyName, AttributeAlias::UsualName];
    let fixed = [
        "sub",
        NAME_ID,
        NAME_ID_FORMAT,
        RECIPIENT,
        AUTHN_CONTEXT,
        SESSION_INDEX,
    ];
    let honest = claims_with("", &all);
    for name in fixed {
        let forged = [attribute(name, "x", "admin"), attribute("x", name, "admin")];
        for attributes in forged {
            let claims = claims_with(&attributes, &all);
            assert_eq!(claims.get(name), honest.get(name), "{attributes}");
        }
    }
}

#[test]
fn a_fixed_name_without_a_value_is_not_an_attributes_either() {
    let format = " Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\"";
    let accepted = accept(&response_with(format, "")).unwrap();
    let claims = claims(&accepted, &BTreeSet::new());
    assert_eq!(claims.get(NAME_ID_FORMAT).unwrap().values, [""; 0]);
}

#[test]
fn an_alias_counts_only_where_it_is_configured() {
    let mail = attribute("urn:oid:0.9.2342.19200300.100.1.3", "Mail of work", "a@b");
    let by = |aliases: &[AttributeAlias]| {
        let claims = claims_with(&mail, aliases);
        ["mail", "Mail of work"].map(|name| values(&claims, name).join(","))
    };
    let (friendly, usual) = (AttributeAlias::FriendlyName, AttributeAlias::UsualName);
    assert_eq!(by(&[]), ["", ""]);
    assert_eq!(by(&[usual]), ["a@b", ""]);
    assert_eq!(by(&[friendly]), ["", "a@b"]);
    assert_eq!(by(&[friendly, usual]), ["a@b", "a@b"]);
}

#[test]
fn an_alias_never_takes_the_place_of_an_attribute_of_that_name() {
    let all = [AttributeAlias::FriendlyName, AttributeAlias::UsualName];
    let honest = attribute("role", "", "reader");
    let named = attribute("nickname", "role", "admin");
    for attributes in [[&*honest, &*named].concat(), [&*named, &*honest].concat()] {
        assert_eq!(values(&claims_with(&attributes, &all), "role"), ["reader"]);
    }
    let unread = attribute("role", "", "<saml:NameID>x</saml:NameID>");
    let claims = claims_with(&[unread, named].concat(), &all);
    assert_eq!(
        claims.get("role").unwrap().unusable,
        Some(Unusable::Incomplete)
    );
    assert_eq!(claims.get("role").unwrap().values, [""; 0]);
}

#[test]
fn an_alias_is_no_uri_to_which_somebody_else_gives_a_meaning() {
    let role = "https://aws.amazon.com/SAML/Attributes/Role";
    for uri in [role, "urn:oid:2.5.4.3"] {
        let claims = claims_with(&attribute("x", uri, "a"), &[AttributeAlias::FriendlyName]);
        assert_eq!(values(&claims, uri), [""; 0]);
        assert_eq!(values(&claims, "x"), ["a"]);
    }
}

#[test]
fn an_alias_that_two_attributes_share_cannot_be_used() {
    let two = [
        attribute("a", "role", "reader"),
        attribute("b", "role", "admin"),
    ]
    .concat();
    let claims = claims_with(&two, &[AttributeAlias::FriendlyName]);
    let role = claims.get("role").unwrap();
    assert_eq!(
        (role.unusable, role.values.len()),
        (Some(Unusable::Incomplete), 0)
    );
    let split = [attribute("a", "role", "x"), attribute("a", "role", "y")].concat();
    let claims = claims_with(&split, &[AttributeAlias::FriendlyName]);
    assert_eq!(values(&claims, "role"), ["x", "y"]);
}

#[test]
fn what_is_no_text_can_be_used_by_none_of_its_names() {
    let nested = "<saml:NameID>x</saml:NameID>";
    let attributes = attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", "pid", nested);
    let all = [AttributeAlias::FriendlyName, AttributeAlias::UsualName];
    let claims = claims_with(&attributes, &all);
    for name in [
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.10",
        "pid",
        "eduPersonTargetedID",
    ] {
        let claim = claims.get(name).unwrap();
        assert_eq!(claim.unusable, Some(Unusable::Incomplete), "{name}");
    }
}

#[test]
fn email_by_an_alias_must_be_verified_too() {
    let mail = attribute("urn:x:1", "email", "a@b");
    let claims = claims_with(&mail, &[AttributeAlias::FriendlyName]);
    assert_eq!(
        claims.get("email").unwrap().unusable,
        Some(Unusable::Unverified)
    );
    let verified = attribute("email_verified", "", "true");
    let both = [mail, verified].concat();
    let claims = claims_with(&both, &[AttributeAlias::FriendlyName]);
    assert_eq!(values(&claims, "email"), ["a@b"]);
}
