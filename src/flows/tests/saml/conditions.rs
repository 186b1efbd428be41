use super::*;

/// Whether a role with this condition is given to whoever has these attributes.
async fn is_given(condition: &Value, attributes: &[String]) -> bool {
    let files = files_with(TRUST, trust(&every_action(), condition));
    match answer(&files, &response_with(attributes)).await {
        Ok(_) => true,
        Err(AssumeRoleError::Denied(_)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_aws_computes_is_a_condition_key() {
    let format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    for (key, value) in [
        ("saml:aud", ACS),
        ("saml:iss", ENTITY),
        ("saml:doc", "482011739056/Partners"),
        ("saml:sub", PERSON),
        ("saml:sub_type", format),
        ("saml:namequalifier", "yRACC0uH7FRnaHul5hJzUZaihLU="),
        ("sts:RoleSessionName", "alice"),
        ("aws:SourceIp", "203.0.113.7"),
    ] {
        assert!(
            is_given(&json!({"StringEquals": {key: value}}), &[]).await,
            "{key}"
        );
        assert!(
            !is_given(&json!({"StringEquals": {key: "other"}}), &[]).await,
            "{key}"
        );
    }
}

#[tokio::test]
async fn attributes_are_condition_keys_by_their_identifiers_alone() {
    for (name, key) in [
        ("urn:oid:2.5.4.4", "saml:surname"),
        ("urn:oid:0.9.2342.19200300.100.1.3", "saml:mail"),
        (
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            "saml:mail",
        ),
        ("urn:oid:2.5.4.3", "saml:commonName"),
        (
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.5",
            "saml:edupersonprimaryaffiliation",
        ),
    ] {
        let condition = json!({"StringEquals": {key: "x"}});
        assert!(
            is_given(&condition, &[attribute(name, &["x"])]).await,
            "{name}"
        );
        assert!(
            !is_given(&condition, &[attribute(name, &["y"])]).await,
            "{name}"
        );
        let two = [attribute(name, &["x"]), attribute(name, &["x"])];
        assert!(
            !is_given(&condition, &two).await,
            "two values of {name} can't be judged"
        );
        let called = format!(
            "<saml:Attribute Name=\"x\" FriendlyName=\"{name}\"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>"
        );
        assert!(!is_given(&condition, &[called]).await, "{name}");
        assert!(
            !is_given(&condition, &[attribute(key, &["x"])]).await,
            "{key}"
        );
    }
    let many = json!({"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": "staff"}});
    let affiliation = attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["member", "staff"]);
    assert!(is_given(&many, &[affiliation]).await);
}

/// A role for everybody but students must not be given to one whose affiliation can't be read.
#[tokio::test]
async fn no_condition_on_an_attribute_that_cannot_be_read_lets_anybody_in() {
    let unread = attribute(
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.5",
        &["<saml:NameID>student</saml:NameID>"],
    );
    let key = "saml:edupersonprimaryaffiliation";
    for operator in [
        "StringNotEquals",
        "StringEqualsIfExists",
        "ForAllValues:StringNotEquals",
        "StringNotLike",
    ] {
        let condition = json!({operator: {key: "student"}});
        assert!(
            !is_given(&condition, std::slice::from_ref(&unread)).await,
            "{operator}"
        );
        let absent = is_given(&condition, &[]).await;
        assert!(absent, "{operator} holds where the attribute is absent");
    }
}
