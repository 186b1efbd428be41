use super::*;
use crate::domain::{SessionTags, TagsError};
use crate::policy::StsAction;

#[tokio::test]
async fn the_pair_is_listed_in_either_order_and_compared_whole() {
    let with = |value: &str| response_of(&[aws("Role", &["x", value]), name()], &[]);
    for good in [[ROLE, ",", PROVIDER], [PROVIDER, ",", ROLE]] {
        let session = answer(&files(), &with(&good.concat())).await;
        assert!(session.is_ok(), "{good:?}: {session:?}");
    }
    let (other_role, other_provider) = ([ROLE, "2"].concat(), [PROVIDER, "2"].concat());
    for bad in [
        ROLE.to_owned(),
        [&*other_role, ",", PROVIDER].concat(),
        [ROLE, ",", &other_provider].concat(),
        [ROLE, ",", PROVIDER, ",", PROVIDER].concat(),
        [ROLE, ", ", PROVIDER].concat(),
        [ROLE, ";", PROVIDER].concat(),
        [" ", ROLE, ",", PROVIDER].concat(),
        [ROLE, ",", PROVIDER].concat().to_uppercase(),
        ["arn:aws:iam::482011739056:role/*,", PROVIDER].concat(),
        ["*,", PROVIDER].concat(),
        [ROLE, ",", ROLE].concat(),
    ] {
        let refused = refusal(&files(), &with(&bad)).await;
        assert!(
            matches!(
                refused,
                AssumeRoleError::SamlSession(SamlSessionError::NotListed)
            ),
            "{bad}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn the_session_is_named_by_one_value_of_the_right_shape() {
    let with = |attributes: &[String]| response_of(&[&[pair()], attributes].concat(), &[]);
    let refused = async |attributes: &[String]| match refusal(&files(), &with(attributes)).await {
        AssumeRoleError::SamlSession(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&[]).await, SamlSessionError::NoSessionName);
    let named = |values: &[&str]| aws("RoleSessionName", values);
    for values in [
        &["a"][..],
        &["a b"],
        &[&*"n".repeat(65)],
        &["../../role/Admin"],
        &["\u{430}lice"],
        &["a&#13;&#10;b"],
        &["al", "al"],
        &[],
        &[""],
        &["<saml:NameID>alice</saml:NameID>"],
    ] {
        let error = refused(&[named(values)]).await;
        assert_eq!(error, SamlSessionError::SessionName, "{values:?}");
    }
    let twice = refused(&[named(&["alice"]), named(&["alice"])]).await;
    assert_eq!(twice, SamlSessionError::SessionName);
    let other_case = aws("rolesessionname", &["alice"]);
    assert_eq!(
        refused(&[other_case]).await,
        SamlSessionError::NoSessionName
    );
}

#[tokio::test]
async fn a_session_ends_with_what_is_first() {
    let expiration = async |attributes: &[String], end: &str, asked: u32| {
        let all = [&[pair(), name()], attributes].concat();
        let response = response_of(&all, &[("2026-11-21T17:40:00Z", end)]);
        let request = SamlRequest {
            duration: SessionDuration::from_seconds(asked).unwrap(),
            ..request(&response)
        };
        let session = run(&Node::with(&files()).await, request).await.unwrap();
        session.issued.credentials.expiration
    };
    let (late, soon) = ("2026-11-21T17:40:00Z", "2026-11-21T09:51:07Z");
    let shortened = [aws("SessionDuration", &["900"])];
    let longer = [aws("SessionDuration", &["43200"])];
    assert_eq!(expiration(&[], late, 7200).await, NOW.plus(7200));
    assert_eq!(expiration(&[], soon, 7200).await, NOW.plus(600));
    assert_eq!(expiration(&shortened, late, 7200).await, NOW.plus(900));
    assert_eq!(expiration(&shortened, soon, 7200).await, NOW.plus(600));
    assert_eq!(expiration(&longer, late, 3600).await, NOW.plus(3600));
}

#[tokio::test]
async fn a_session_of_the_provider_that_is_over_gives_none() {
    let attributes = [pair(), name()];
    let end = |end| response_of(&attributes, &[("2026-11-21T17:40:00Z", end)]);
    let over = refusal(&files(), &end("2026-11-21T09:41:07Z")).await;
    assert!(
        matches!(over, AssumeRoleError::SamlSession(SamlSessionError::SessionOver { at, .. }) if at == NOW),
        "{over:?}"
    );
    let long_over = refusal(&files(), &end("2026-11-21T09:40:07Z")).await;
    assert_eq!(
        (long_over.check(), long_over.code()),
        ("expiry", "ExpiredTokenException")
    );
    let session = answer(&files(), &end("2026-11-21T09:41:08Z"))
        .await
        .unwrap();
    assert_eq!(session.issued.credentials.expiration, NOW.plus(1));
}

#[tokio::test]
async fn a_session_duration_that_is_none_is_refused() {
    for values in [
        &["899"][..],
        &["43201"],
        &["3600 "],
        &["+3600"],
        &["1h"],
        &[""],
        &[],
        &["3600", "3600"],
        &["99999999999"],
    ] {
        let response = response_with(&[aws("SessionDuration", values)]);
        let refused = refusal(&files(), &response).await;
        assert!(
            matches!(
                refused,
                AssumeRoleError::SamlSession(SamlSessionError::SessionDuration)
            ),
            "{values:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn the_roles_maximum_holds_whatever_the_assertion_says() {
    let response = response_with(&[aws("SessionDuration", &["900"])]);
    let longer = SamlRequest {
        duration: SessionDuration::from_seconds(7201).unwrap(),
        ..request(&response)
    };
    let refused = run(&Node::with(&files()).await, longer).await.unwrap_err();
    assert_eq!(refused.code(), "ValidationError");
    assert!(matches!(
        refused,
        AssumeRoleError::Denied(Denial::DurationExceedsRoleMaximum { .. })
    ));
}

fn tagged() -> Vec<String> {
    vec![
        aws("PrincipalTag:Team", &["payments"]),
        aws("PrincipalTag:Cost Centre", &["7"]),
        aws("TransitiveTagKeys", &["Team"]),
    ]
}

#[tokio::test]
async fn tags_and_source_identity_reach_the_session_and_need_their_actions() {
    let source = aws("SourceIdentity", &["alice@example.com"]);
    let with_tags = response_with(&tagged());
    let with_source = response_with(&[source]);
    let session = answer(&files(), &with_tags).await.unwrap();
    assert!(session.issued.packed_size.is_some());
    let tags = crate::credentials::open(
        session.issued.credentials.session_token.expose(),
        &session.issued.credentials.access_key_id,
        Node::with(&files())
            .await
            .directory
            .snapshot(NOW)
            .unwrap()
            .keys(),
        NOW,
    );
    let tags: SessionTags = tags.unwrap().session.tags.clone();
    let told: Vec<_> = tags
        .iter()
        .map(|(key, value, is)| (key.as_str(), value.as_str(), is))
        .collect();
    assert_eq!(
        told,
        [("Cost Centre", "7", false), ("Team", "payments", true)]
    );
    let session = answer(&files(), &with_source).await.unwrap();
    assert_eq!(
        session.source_identity.unwrap().as_str(),
        "alice@example.com"
    );

    let assume_alone = files_with(TRUST, trust(&json!("sts:AssumeRoleWithSAML"), &json!({})));
    for (response, needed) in [
        (with_tags, StsAction::TagSession),
        (with_source, StsAction::SetSourceIdentity),
    ] {
        let refused = refusal(&assume_alone, &response).await;
        assert!(
            matches!(
                refused,
                AssumeRoleError::Denied(Denial::Refused { action, because: Because::NoAllow }) if action == needed
            ),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn tags_that_break_a_bound_are_refused() {
    let tag = |key: &str, values: &[&str]| aws(&["PrincipalTag:", key].concat(), values);
    let many: Vec<String> = (0..51).map(|n| tag(&format!("k{n}"), &["v"])).collect();
    for (attributes, expected) in [
        (vec![tag("K", &["a", "b"])], SamlSessionError::Tag),
        (vec![tag("K", &[])], SamlSessionError::Tag),
        (
            vec![tag("K", &["<saml:NameID>a</saml:NameID>"])],
            SamlSessionError::Tag,
        ),
        (vec![tag("", &["a"])], SamlSessionError::Tag),
        (vec![tag(&"k".repeat(129), &["a"])], SamlSessionError::Tag),
        (vec![tag(&"k".repeat(500), &["a"])], SamlSessionError::Tag),
        (vec![tag("K", &[&*"v".repeat(257)])], SamlSessionError::Tag),
        (vec![tag("aws:k", &["a"])], SamlSessionError::Tag),
        (vec![tag("K", &["a;b"])], SamlSessionError::Tag),
        (
            vec![tag("K", &["a"]), tag("k", &["b"])],
            SamlSessionError::Tags(TagsError::DuplicateKey),
        ),
        (many, SamlSessionError::Tags(TagsError::TooMany)),
        (
            vec![aws("TransitiveTagKeys", &["K"])],
            SamlSessionError::UnknownTransitiveKey,
        ),
        (
            vec![aws("SourceIdentity", &["aws:x"])],
            SamlSessionError::SourceIdentity,
        ),
        (
            vec![aws("SourceIdentity", &["a", "b"])],
            SamlSessionError::SourceIdentity,
        ),
    ] {
        match refusal(&files(), &response_with(&attributes)).await {
            AssumeRoleError::SamlSession(error) => assert_eq!(error, expected, "{attributes:?}"),
            other => panic!("{other:?}: {attributes:?}"),
        }
    }
}

#[tokio::test]
async fn no_assertion_is_for_a_role_of_awss_own_portal() {
    let role = "arn:aws:iam::482011739056:role/AWSReservedSSO_Admin_0123";
    let mut files = files();
    let trust = files[TRUST].clone();
    let path = |ending| {
        [
            "accounts/482011739056/roles/AWSReservedSSO_Admin_0123",
            ending,
        ]
        .concat()
    };
    files.insert(path(".toml"), String::new());
    files.insert(path(".trust.json"), trust);
    let pair = aws("Role", &[&[role, ",", PROVIDER].concat()]);
    let response = response_of(&[pair, name()], &[]);
    let request = SamlRequest {
        role: role.parse().unwrap(),
        ..request(&response)
    };
    let refused = run(&Node::with(&files).await, request).await.unwrap_err();
    assert_eq!(refused.code(), "AccessDenied");
    assert!(matches!(
        refused,
        AssumeRoleError::SamlSession(SamlSessionError::ReservedRole)
    ));
}
