use super::*;

fn entity(text: &str) -> EntityId {
    text.parse().unwrap()
}

fn name(value: &str) -> NameId {
    NameId {
        value: value.to_owned(),
        format: None,
        name_qualifier: None,
        sp_name_qualifier: None,
    }
}

#[test]
fn a_name_is_one_person_however_its_format_and_qualifiers_are_written() {
    let idp = entity("https://idp.example.com");
    let whole = NameId {
        value: "ann".to_owned(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
        name_qualifier: Some(idp.to_string()),
        sp_name_qualifier: Some(String::new()),
    };
    assert_eq!(person(&idp, &whole), person(&idp, &name("ann")));
    assert_ne!(person(&idp, &whole), person(&idp, &name("Ann")));
    let other = entity("https://other.example.com");
    assert_ne!(person(&idp, &whole), person(&other, &whole));
}

#[test]
fn no_two_names_are_one_person_by_where_they_are_split() {
    let issuer: IssuerName = entity("https://idp.example.com").into();
    assert_ne!(
        PersonKey::of(&issuer, &["ab", "c"]),
        PersonKey::of(&issuer, &["a", "bc"])
    );
}

#[test]
fn a_mark_is_of_one_request_of_one_provider() {
    let (one, other) = (entity("urn:a"), entity("urn:b"));
    let (first, second) = ("_1".parse().unwrap(), "_2".parse().unwrap());
    assert_eq!(mark(&one, &first), mark(&one, &first));
    assert_ne!(mark(&one, &first), mark(&one, &second));
    assert_ne!(mark(&one, &first), mark(&other, &first));
}
