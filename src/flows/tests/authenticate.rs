use super::*;
use crate::credentials::{Extent, Mint, issue};
use crate::directory::testing::{FIRST_KEY, MAX_STALENESS, RULE_FILE, change_set, edited, without};
use crate::directory::{Change, SealingKeyRecord};
use crate::domain::{
    AccessKeyId, IssuerName, Lineage, Origin, Principal, ProvenPerson, ProviderArn, ProviderRef,
    SecretAccessKey, SessionDuration, SessionTags,
};
use crate::entropy::SystemEntropy;
use crate::policy::{
    AssumeAction, Assumption, Caller as PolicyCaller, Context, Decision, RoleTerms, decide,
};
use crate::sigv4::SigV4Error;

async fn of_a_session(
    node: &Node,
    credentials: &Credentials,
) -> Result<Caller, AuthenticationError> {
    authenticate(&node.authenticator(), credentials, "sts", NOW).await
}

#[track_caller]
fn assert_dead(result: &Result<Caller, AuthenticationError>) {
    assert!(
        matches!(result, Err(AuthenticationError::InvalidToken)),
        "{result:?}"
    );
}

/// The files without the role and what needs it.
fn without_reader() -> DirectoryFiles {
    let mut files = without("accounts/482011739056/roles/");
    files.remove(RULE_FILE);
    files
}

#[tokio::test]
async fn a_session_is_its_role_s() {
    let node = Node::new().await;
    let caller = of_a_session(&node, &node.credentials_of(READER).await).await;
    let arn = "arn:aws:sts::482011739056:assumed-role/Reader/ines";
    assert_eq!(caller.unwrap().principal.arn(), arn);
}

#[tokio::test]
async fn the_first_administrator_is_a_user() {
    let node = Node::new().await;
    let caller = of_a_session(&node, &long_term(&bootstrap_admin()))
        .await
        .unwrap();
    assert_eq!(
        caller.principal.arn(),
        "arn:aws:iam::123456789012:user/admin"
    );
    let Principal::User(user) = &caller.principal else {
        panic!("{caller:?}")
    };
    assert!(user.unique_id.as_str().starts_with("AIDA"));
    let again = of_a_session(&node, &long_term(&bootstrap_admin()))
        .await
        .unwrap();
    assert_eq!(again.principal, caller.principal);
}

#[tokio::test]
async fn without_a_first_administrator_its_key_is_nobody_s() {
    let node = Node::new().await;
    let authenticator = Authenticator {
        used: Arc::default(),
        admin: None,
        ..node.authenticator()
    };
    let admin = long_term(&bootstrap_admin());
    assert_dead(&authenticate(&authenticator, &admin, "sts", NOW).await);
}

#[tokio::test]
async fn a_session_dies_with_its_role() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    node.apply(&without_reader()).await;
    assert_dead(&of_a_session(&node, &credentials).await);
}

#[tokio::test]
async fn a_role_made_anew_does_not_wake_the_sessions_of_the_old_one() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    node.apply(&without_reader()).await;
    node.apply(&testing::files()).await;
    assert_dead(&of_a_session(&node, &credentials).await);
}

/// An export names the unique ids of its roles.
#[tokio::test]
async fn a_role_put_back_under_its_own_id_does_not_wake_the_sessions_of_before() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let exported = crate::directory::write(snapshot.directory(), snapshot.partition()).unwrap();
    node.apply(&without_reader()).await;
    node.apply(&exported).await;
    let now = node.directory.snapshot(NOW).unwrap();
    let (before, after) = (snapshot.directory(), now.directory());
    assert_eq!(before.accounts, after.accounts);
    assert_dead(&of_a_session(&node, &credentials).await);
    let anew = node.credentials_of(READER).await;
    assert!(of_a_session(&node, &anew).await.is_ok());
}

#[tokio::test]
async fn a_provider_put_back_does_not_wake_the_sessions_of_before() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let mut files = without("accounts/482011739056/oidc-providers/");
    files.remove("links/workforce.toml");
    node.apply(&files).await;
    node.apply(&testing::files()).await;
    assert_dead(&of_a_session(&node, &credentials).await);
    let anew = node.credentials_of(READER).await;
    assert!(of_a_session(&node, &anew).await.is_ok());
}

#[tokio::test]
async fn a_session_outlives_a_change_of_its_role() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    node.apply(&edited(testing::READER_FILE, "7200", "3600"))
        .await;
    assert!(of_a_session(&node, &credentials).await.is_ok());
}

#[tokio::test]
async fn a_session_dies_with_the_provider_that_vouched_for_it() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let mut files = without("accounts/482011739056/oidc-providers/");
    files.remove("links/workforce.toml");
    node.apply(&files).await;
    assert_dead(&of_a_session(&node, &credentials).await);
}

/// `http://` and `https://` of one host are one ARN, and two issuers.
#[tokio::test]
async fn a_session_dies_when_its_provider_changes_its_scheme() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let mut files = without("links/");
    let provider = files.get_mut(testing::PROVIDER_FILE).unwrap();
    *provider = provider.replace("https://", "http://");
    node.apply(&files).await;
    assert_dead(&of_a_session(&node, &credentials).await);
}

#[tokio::test]
async fn a_role_removed_on_another_node_is_gone_here_once_the_head_is_seen() {
    let one = Node::new().await;
    let other = one.beside().await;
    let credentials = one.credentials_of(READER).await;
    one.apply(&without_reader()).await;
    other.directory.catch_up(NOW).await.unwrap();
    assert_dead(&of_a_session(&other, &credentials).await);
}

#[tokio::test]
async fn a_sealing_key_that_another_node_made_is_found() {
    let one = Node::new().await;
    let other = one.beside().await;
    let key = SealingKeyRecord::new([2; 32], NOW, NOW.plus(1));
    let added = change_set(vec![Change::AddSealingKey(key)]);
    one.directory.commit(1, added, NOW).await.unwrap();
    let token = good_token();
    let session = one
        .web_identity()
        .run(request(&token), &meta_at(NOW.plus(1)))
        .await;
    let credentials = session.unwrap().issued.credentials;
    assert!(of_a_session(&other, &credentials).await.is_ok());
}

#[tokio::test]
async fn a_role_that_another_node_made_keeps_its_session_here() {
    let one = Node::with(&without_reader()).await;
    let other = one.beside().await;
    one.apply(&testing::files()).await;
    let credentials = one.credentials_of(READER).await;
    assert!(of_a_session(&other, &credentials).await.is_ok());
}

#[tokio::test]
async fn what_a_dropped_key_sealed_opens_no_more() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let id = SealingKeyRecord::new(FIRST_KEY, NOW, NOW).id();
    let dropped = change_set(vec![Change::RemoveSealingKey(id)]);
    node.directory.commit(1, dropped, NOW).await.unwrap();
    assert_dead(&of_a_session(&node, &credentials).await);
}

#[tokio::test]
async fn a_session_is_over_at_its_expiration() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let end = credentials.expiration;
    node.directory.catch_up(end).await.unwrap();
    let authenticator = node.authenticator();
    let last = authenticate(&authenticator, &credentials, "sts", end.plus(-1)).await;
    assert!(last.is_ok(), "{last:?}");
    let over = authenticate(&authenticator, &credentials, "sts", end).await;
    assert!(
        matches!(over, Err(AuthenticationError::ExpiredToken { expired_at }) if expired_at == end),
        "{over:?}"
    );
}

#[tokio::test]
async fn a_signature_is_for_one_service() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let other = authenticate(&node.authenticator(), &credentials, "rolegate", NOW).await;
    assert!(
        matches!(other, Err(AuthenticationError::Signature(_))),
        "{other:?}"
    );
}

#[tokio::test]
async fn a_wrong_secret_signs_nothing() {
    let node = Node::new().await;
    for good in [
        node.credentials_of(READER).await,
        long_term(&bootstrap_admin()),
    ] {
        let wrong = Credentials {
            secret_access_key: SecretAccessKey::new("x".repeat(40)),
            ..good
        };
        let result = of_a_session(&node, &wrong).await;
        assert!(
            matches!(
                &result,
                Err(AuthenticationError::Signature(
                    SigV4Error::SignatureMismatch
                ))
            ),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn a_temporary_key_is_nothing_without_its_token() {
    let node = Node::new().await;
    let bare = Credentials {
        session_token: SessionToken::new(String::new()),
        ..node.credentials_of(READER).await
    };
    assert_dead(&of_a_session(&node, &bare).await);
}

#[tokio::test]
async fn a_long_term_key_has_no_token() {
    let node = Node::new().await;
    let session = node.credentials_of(READER).await;
    let mixed = Credentials {
        session_token: session.session_token,
        ..long_term(&bootstrap_admin())
    };
    assert_dead(&of_a_session(&node, &mixed).await);
}

#[tokio::test]
async fn an_access_key_that_nobody_holds_is_refused() {
    let node = Node::new().await;
    let unknown = Credentials {
        access_key_id: AccessKeyId::from_random(
            KeyKind::LongTerm,
            "123456789012".parse().unwrap(),
            [1; 5],
        ),
        ..long_term(&bootstrap_admin())
    };
    assert_dead(&of_a_session(&node, &unknown).await);
}

#[tokio::test]
async fn a_session_is_not_verified_by_a_stale_directory() {
    let node = Node::new().await;
    let credentials = node.credentials_of(READER).await;
    let late = NOW.plus(MAX_STALENESS + 1);
    let result = authenticate(&node.authenticator(), &credentials, "sts", late).await;
    assert!(
        matches!(result, Err(AuthenticationError::Unavailable(_))),
        "{result:?}"
    );
}

/// Credentials that somebody got whom a SAML provider vouches for.
fn credentials_by(node: &Node, provider: ProviderRef) -> Credentials {
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let role = snapshot.role(&READER.parse().unwrap()).unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
        "Principal":{"Federated":"arn:aws:iam::482011739056:saml-provider/Partners"},
        "Action":"sts:AssumeRoleWithSAML"}}"#;
    let assumption = Assumption {
        action: AssumeAction::WithSaml,
        caller: PolicyCaller::Federated {
            provider: testing::SAML_PROVIDER,
        },
        context: Context::new(),
        session: "ines".parse().unwrap(),
        tags: SessionTags::none(),
        source_identity: None,
        duration: SessionDuration::DEFAULT,
        ends_by: None,
        lineage: Lineage {
            origin: Origin::Person(ProvenPerson {
                provider,
                issuer: IssuerName::Saml(testing::ENTITY.parse().unwrap()),
                subject: "Inès".parse().unwrap(),
            }),
            rule: None,
            generation: snapshot.generation(),
            sign_in: None,
            through: Vec::new(),
        },
    };
    let terms = RoleTerms {
        arn: role.arn,
        id: &role.role.unique_id,
        trust: &trust.parse().unwrap(),
        max_session: SessionDuration::MAX,
    };
    let Decision::Permit(grant) = decide(assumption, Some(terms)) else {
        panic!("it is permitted")
    };
    let keys = snapshot.keys();
    let mint = Mint {
        keys,
        now: NOW,
        entropy: &SystemEntropy,
    };
    issue(grant, Extent::default(), mint).unwrap().credentials
}

#[tokio::test]
async fn a_session_lives_as_long_as_the_saml_provider_that_vouched_for_it() {
    let arn: ProviderArn = testing::SAML_PROVIDER.parse().unwrap();
    let other = testing::metadata_document("urn:other");
    let path = testing::SAML_PROVIDER_METADATA;
    for text in [Some(other), None] {
        let node = Node::new().await;
        node.apply(&testing::saml_files()).await;
        let credentials = credentials_by(&node, ProviderRef::Account(arn.clone()));
        assert!(of_a_session(&node, &credentials).await.is_ok());
        let mut files = testing::saml_files();
        files.remove(testing::SAML_LINK_FILE);
        node.apply(&files).await;
        assert!(of_a_session(&node, &credentials).await.is_ok());
        files.remove(path);
        if let Some(text) = text {
            files.insert(path.to_owned(), text);
        } else {
            files.remove(testing::SAML_PROVIDER_FILE);
        }
        node.apply(&files).await;
        assert_dead(&of_a_session(&node, &credentials).await);
    }
}

#[tokio::test]
async fn a_session_lives_as_long_as_its_saml_connection_is_linked_and_of_that_entity() {
    let connection = ProviderRef::Connection("partners".parse().unwrap());
    let mut unlinked = testing::saml_files();
    unlinked.remove(testing::SAML_LINK_FILE);
    let mut other = testing::saml_files();
    for path in [
        testing::SAML_CONNECTION_FILE,
        testing::SAML_CONNECTION_METADATA,
        testing::SAML_PROVIDER_METADATA,
    ] {
        let text = other.get_mut(path).unwrap();
        *text = text.replace(testing::ENTITY, "urn:other");
    }
    for changed in [unlinked, other] {
        let node = Node::new().await;
        node.apply(&testing::saml_files()).await;
        let credentials = credentials_by(&node, connection.clone());
        assert!(of_a_session(&node, &credentials).await.is_ok());
        node.apply(&changed).await;
        assert_dead(&of_a_session(&node, &credentials).await);
    }
}
