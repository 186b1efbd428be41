use super::*;
use crate::credentials::IssueError;
use crate::directory::testing::{ADMIN, MAX_STALENESS, READER_TRUST, edited, with, without};
use crate::domain::{Audience, ProviderRef, SessionDuration};
use crate::federation::id_token::{TokenError, UnverifiedIdToken};
use crate::federation::{OidcProvider, RedeemError};
use crate::policy::{Because, Denial};

async fn run(
    node: &Node,
    request: WebIdentityRequest<'_>,
) -> Result<WebIdentitySession, AssumeRoleError> {
    node.web_identity().run(request, &meta()).await
}

async fn refused(node: &Node, request: WebIdentityRequest<'_>) -> AssumeRoleError {
    run(node, request).await.unwrap_err()
}

#[tokio::test]
async fn a_token_becomes_a_session_of_the_role() {
    let node = Node::new().await;
    let session = run(&node, request(&good_token())).await.unwrap();
    let arn = "arn:aws:sts::482011739056:assumed-role/Reader/ines";
    assert_eq!(session.issued.principal.arn(), arn);
    assert_eq!(session.subject.as_str(), "ines");
    assert_eq!(session.audience.as_str(), "sts");
    assert_eq!(session.provider, ISSUER);
    assert_eq!(session.issued.credentials.expiration, NOW.plus(3600));
}

#[tokio::test]
async fn a_session_is_recorded_once_with_its_access_key_and_person() {
    let node = Node::new().await;
    let session = run(&node, request(&good_token())).await.unwrap();
    let events = node.audit.kept.events();
    assert_eq!(events.len(), 1);
    let line = events[0].to_string();
    let credentials = &session.issued.credentials;
    for told in [
        credentials.access_key_id.as_str(),
        READER,
        "\"ines\"",
        "AssumeRoleWithWebIdentity",
        "203.0.113.7",
    ] {
        assert!(line.contains(told), "{told} in {line}");
    }
    for secret in [
        credentials.secret_access_key.expose(),
        credentials.session_token.expose(),
    ] {
        assert!(!line.contains(secret));
    }
}

/// Each token is refused by this check with this code, and recorded so.
async fn assert_refused(cases: &[(String, &str, &str)]) {
    for (token, check, code) in cases {
        let node = Node::new().await;
        let error = refused(&node, request(token)).await;
        assert_eq!((error.check(), error.code()), (*check, *code), "{error:?}");
        let told = ("AssumeRoleWithWebIdentity".to_owned(), (*code).to_owned());
        assert_eq!(node.audit.told(), [told]);
    }
}

#[tokio::test]
async fn each_refused_token_is_recorded_with_its_code() {
    let past = NOW.seconds() - 1000;
    let times = json!({"iss": ISSUER, "sub": "ines", "aud": "sts", "iat": NOW.seconds(), "exp": NOW.seconds() + 300});
    let stranger = Signer::p256("a").token(Algorithm::Es256, &times);
    let invalid = "InvalidIdentityToken";
    let expired = token(json!({"iat": past - 300, "exp": past}));
    let elsewhere = token(json!({"iss": "https://other.example.com"}));
    assert_refused(&[
        (elsewhere, "provider", invalid),
        (token(json!({"aud": "another"})), "audience", invalid),
        (token(json!({"aud": null})), "claims", invalid),
        (token(json!({"sub": null})), "claims", invalid),
        (expired, "expiry", "ExpiredTokenException"),
        (stranger, "signature", invalid),
    ])
    .await;
}

#[tokio::test]
async fn each_token_with_unusable_tags_is_recorded_with_its_code() {
    let tags =
        |tags: Value| token(json!({"https://aws.amazon.com/tags": {"principal_tags": tags}}));
    let unnamed = json!({"https://aws.amazon.com/tags": {"transitive_tag_keys": ["K"]}});
    let source = json!({"https://aws.amazon.com/source_identity": "aws:x"});
    let tokens = [
        tags(json!({"K": ["a", "b"]})),
        tags(json!({"K": {"a": "b"}})),
        token(json!({"https://aws.amazon.com/source_identity": ["ines"]})),
        tags(json!({"": ["a"]})),
        tags(json!({"K": ["a"], "k": ["b"]})),
        token(unnamed),
        token(source),
    ];
    assert_refused(&tokens.map(|token| (token, "session tags", "InvalidIdentityToken"))).await;
}

#[tokio::test]
async fn what_is_no_token_is_refused_and_recorded() {
    let node = Node::new().await;
    for text in ["", "a.b", "not a token"] {
        let error = refused(&node, request(text)).await;
        assert!(matches!(error, AssumeRoleError::Token(_)), "{error:?}");
    }
    assert_eq!(node.audit.told().len(), 3);
}

#[tokio::test]
async fn a_role_that_is_not_there_is_refused_like_one_that_is_not_permitted() {
    let node = Node::new().await;
    let token = good_token();
    let nobody = WebIdentityRequest {
        role: "arn:aws:iam::482011739056:role/engineering/Writer"
            .parse()
            .unwrap(),
        ..request(&token)
    };
    let unknown = refused(&node, nobody).await;
    let stranger = edited(READER_TRUST, "\"sts\",\"portal\"", "\"portal\"");
    let not_permitted = refused(&Node::with(&stranger).await, request(&token)).await;
    let because = |error: &AssumeRoleError| match error {
        AssumeRoleError::Denied(Denial::Refused { because, .. }) => because.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(because(&unknown), Because::UnknownRole);
    assert_eq!(because(&not_permitted), Because::NoAllow);
    assert_eq!(unknown.code(), not_permitted.code());
    assert_eq!(unknown.to_string(), not_permitted.to_string());
}

#[tokio::test]
async fn a_provider_serves_its_own_account_only() {
    let mut files = without("accounts/123456789012/oidc-providers/");
    files.remove("links/workforce.toml");
    let node = Node::with(&files).await;
    let token = good_token();
    let other_account = WebIdentityRequest {
        role: ADMIN.parse().unwrap(),
        ..request(&token)
    };
    let error = refused(&node, other_account).await;
    assert!(
        matches!(&error, AssumeRoleError::NoProvider { issuer } if issuer == ISSUER),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_session_lasts_from_900_seconds_to_the_role_s_maximum() {
    let node = Node::new().await;
    let token = good_token();
    for seconds in [900, 3600, 7200] {
        let asked = WebIdentityRequest {
            duration: SessionDuration::from_seconds(seconds).unwrap(),
            ..request(&token)
        };
        let session = run(&node, asked).await.unwrap();
        let expiration = NOW.plus(seconds.into());
        assert_eq!(session.issued.credentials.expiration, expiration);
    }
    let longer = WebIdentityRequest {
        duration: SessionDuration::from_seconds(7201).unwrap(),
        ..request(&token)
    };
    let error = refused(&node, longer).await;
    assert_eq!(
        (error.check(), error.code()),
        ("duration", "ValidationError")
    );
}

#[tokio::test]
async fn tags_and_source_identity_of_the_token_become_the_session_s() {
    let node = Node::new().await;
    let token = token(json!({
        "https://aws.amazon.com/tags": {
            "principal_tags": {"Team": ["payments"], "a/b": ["1"]},
            "transitive_tag_keys": ["Team"],
        },
        "https://aws.amazon.com/source_identity": "ines.okafor",
    }));
    let session = run(&node, request(&token)).await.unwrap();
    assert_eq!(session.source_identity.unwrap().as_str(), "ines.okafor");
    let credentials = &session.issued.credentials;
    let caller = authenticate(&node.authenticator(), credentials, "sts", NOW).await;
    let open = caller.unwrap().session.unwrap();
    let tags: Vec<(&str, &str, bool)> = open
        .tags
        .iter()
        .map(|(key, value, transitive)| (key.as_str(), value.as_str(), transitive))
        .collect();
    assert_eq!(tags, [("Team", "payments", true), ("a/b", "1", false)]);
}

#[tokio::test]
async fn a_session_that_does_not_fit_its_token_is_refused_and_recorded() {
    let node = Node::new().await;
    let long = "s3:Get".to_owned() + &"x".repeat(4096);
    let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": long, "Resource": "*"}});
    let token = good_token();
    let request = WebIdentityRequest {
        narrowing: Narrowing {
            policy: Some(policy.to_string().parse().unwrap()),
            ..Narrowing::default()
        },
        ..request(&token)
    };
    let error = refused(&node, request).await;
    assert!(matches!(error, AssumeRoleError::TooLarge { percent } if percent > 100));
    assert_eq!(node.audit.told()[0].1, "PackedPolicyTooLarge");
}

#[tokio::test]
async fn without_a_record_there_are_no_credentials() {
    let node = Node::new().await;
    node.audit.leave_room_for(0);
    let error = refused(&node, request(&good_token())).await;
    assert!(
        matches!(error, AssumeRoleError::Unavailable(Unavailable::Audit(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn without_a_record_a_refusal_is_no_answer_either() {
    let node = Node::new().await;
    node.audit.leave_room_for(0);
    let error = refused(&node, request("nonsense")).await;
    assert_eq!(error.code(), "ServiceUnavailable");
}

#[tokio::test]
async fn a_stale_directory_issues_nothing() {
    let node = Node::new().await;
    let late = meta_at(NOW.plus(MAX_STALENESS + 1));
    let token = good_token();
    let result = node.web_identity().run(request(&token), &late).await;
    let error = result.unwrap_err();
    assert!(
        matches!(
            error,
            AssumeRoleError::Unavailable(Unavailable::Directory(_))
        ),
        "{error:?}"
    );
    assert_eq!(node.audit.told()[0].1, "ServiceUnavailable");
}

#[tokio::test]
async fn without_a_sealing_key_nothing_is_issued() {
    let store = Arc::new(MemoryStore::default());
    let directory = testing::open(&store).await;
    testing::apply(&directory, &testing::files()).await;
    let node = Node::over(store, directory);
    let error = refused(&node, request(&good_token())).await;
    assert!(
        matches!(
            error,
            AssumeRoleError::Unavailable(Unavailable::Issue(IssueError::NoSealingKey))
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_role_that_another_node_made_is_found() {
    let one = Node::new().await;
    let other = one.beside().await;
    let writer = "accounts/482011739056/roles/Writer";
    let mut files = with(&[writer, ".toml"].concat(), "");
    files.insert(
        [writer, ".trust.json"].concat(),
        files[READER_TRUST].clone(),
    );
    one.apply(&files).await;
    let token = good_token();
    let request = WebIdentityRequest {
        role: "arn:aws:iam::482011739056:role/Writer".parse().unwrap(),
        ..request(&token)
    };
    assert!(run(&other, request).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_another_node_made_is_found() {
    let mut files = without("accounts/482011739056/oidc-providers/");
    files.remove("links/workforce.toml");
    let one = Node::with(&files).await;
    let other = one.beside().await;
    one.apply(&testing::files()).await;
    assert!(run(&other, request(&good_token())).await.is_ok());
}

/// The files where the provider of the role's account lists the portal's client, too.
fn portal_listed() -> DirectoryFiles {
    edited(testing::PROVIDER_FILE, "['sts']", "['sts', 'portal']")
}

fn portal_token() -> String {
    token(json!({"aud": "portal"}))
}

/// Uses a token up as the browser's sign-in does.
async fn consume(node: &Node, token: &str) {
    let connection = OidcProvider {
        reference: ProviderRef::Connection("workforce".parse().unwrap()),
        issuer: ISSUER.parse().unwrap(),
        clients: vec!["portal".parse::<Audience>().unwrap()],
    };
    let unverified = UnverifiedIdToken::parse(token).unwrap();
    let proven = connection.prove(unverified, &KEYS, NOW).await.unwrap();
    let identity: Result<_, RedeemError> = proven.redeem(node.store.as_ref(), NOW).await;
    identity.unwrap();
}

#[tokio::test]
async fn the_portal_s_client_is_no_audience_unless_it_is_listed() {
    let node = Node::new().await;
    let error = refused(&node, request(&portal_token())).await;
    assert!(
        matches!(error, AssumeRoleError::Token(TokenError::Audience { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_token_that_signed_somebody_in_is_refused_where_the_portal_s_client_is_listed() {
    let node = Node::with(&portal_listed()).await;
    let token = portal_token();
    assert!(run(&node, request(&token)).await.is_ok());
    consume(&node, &token).await;
    let error = refused(&node, request(&token)).await;
    assert!(matches!(error, AssumeRoleError::Consumed), "{error:?}");
    assert_eq!(error.code(), "InvalidIdentityToken");
}

#[tokio::test]
async fn a_token_for_the_portal_among_others_is_looked_up_too() {
    let node = Node::with(&portal_listed()).await;
    let both = token(json!({"aud": ["sts", "portal"], "azp": "portal"}));
    consume(&node, &both).await;
    let error = refused(&node, request(&both)).await;
    assert!(matches!(error, AssumeRoleError::Consumed), "{error:?}");
}

#[tokio::test]
async fn a_token_for_an_app_may_be_used_again_in_its_time() {
    let node = Node::new().await;
    let token = good_token();
    assert!(run(&node, request(&token)).await.is_ok());
    assert!(run(&node, request(&token)).await.is_ok());
}

#[tokio::test]
async fn the_store_is_asked_for_tokens_of_the_portal_s_client_only() {
    let node = Node::with(&portal_listed()).await;
    let flow = AssumeRoleWithWebIdentity {
        marks: Arc::new(MarksDown),
        ..node.web_identity()
    };
    assert!(flow.run(request(&good_token()), &meta()).await.is_ok());
    let error = flow.run(request(&portal_token()), &meta()).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, AssumeRoleError::Unavailable(Unavailable::Store(_))),
        "{error:?}"
    );
}

/// A provider's UserInfo endpoint answers for whoever has an access token; only the signed token says
/// how somebody proved who they are, and to which client.
#[test]
fn condition_keys_come_from_the_id_token_alone() {
    use crate::domain::{ClaimSource, Claims, FederatedIdentity};

    let read = |claims: Value, source| Claims::from_json(claims.as_object().unwrap(), source);
    let key = |name: &str| format!("{}:{name}", ISSUER.trim_start_matches("https://"));
    let said = json!({"amr": ["mfa"], "azp": "portal"});
    for (id_token, userinfo, expected) in [
        (&json!({}), &said, false),
        (&json!({"amr": null, "azp": null}), &said, false),
        (&said, &json!({}), true),
    ] {
        let mut claims = read(id_token.clone(), ClaimSource::IdToken);
        claims.fill_from(read(userinfo.clone(), ClaimSource::UserInfo));
        let identity = FederatedIdentity {
            provider: ProviderRef::Connection("workforce".parse().unwrap()),
            issuer: ISSUER.parse().unwrap(),
            subject: "ines".parse().unwrap(),
            audience: "portal".parse().unwrap(),
            claims,
            proved_at: NOW,
        };
        let meta = meta();
        let context = web_identity_conditions::context(&ISSUER.parse().unwrap(), &identity, &meta);
        for name in ["amr", "azp"] {
            let is_there = context.find(&key(name)).is_some();
            assert_eq!(is_there, expected, "{name} of {id_token}");
        }
    }
}
