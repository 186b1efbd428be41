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

/// SAML 2.0 Core, section 8.3.7: what is left out is what it would be.
#[test]
fn a_qualifier_that_is_left_out_is_the_provider_or_we_ourselves() {
    let (idp, own) = (
        entity("https://idp.example.com"),
        entity("https://sso.example.com"),
    );
    let whole = NameId {
        value: "ann".to_owned(),
        format: Some(UNSPECIFIED.to_owned()),
        name_qualifier: Some(idp.to_string()),
        sp_name_qualifier: Some(own.to_string()),
    };
    let key = |issuer, name: &NameId| person(issuer, name, &own);
    assert_eq!(key(&idp, &whole), key(&idp, &name("ann")));
    assert_ne!(key(&idp, &whole), key(&idp, &name("Ann")));
    assert_ne!(
        key(&idp, &whole),
        key(&entity("https://other.example.com"), &whole)
    );
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
