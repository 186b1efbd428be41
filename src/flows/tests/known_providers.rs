//! Google, which every account knows; providers of access tokens are in `tests/hostile_oidc`.

use super::administer::{admin, administration};
use super::*;
use crate::directory::testing::READER_TRUST;
use crate::domain::{KnownProvider, ProviderRef};
use crate::flows::caller_context::caller_context;

const GOOGLE: &str = "https://accounts.google.com";
const APP: &str = "1234567890-web.apps.googleusercontent.com";
const PHONE: &str = "1234567890-phone.apps.googleusercontent.com";
const PERSON: &str = "109876543210987654321";
/// A minute, in which a provider's clock may be ahead, and a second.
const LATER: UnixTime = NOW.plus(61);

/// The files where the role is for one person of Google, and needs these conditions, too.
fn google_files(conditions: &Value) -> DirectoryFiles {
    let mut equals = json!({ "accounts.google.com:sub": PERSON });
    for (key, value) in conditions.as_object().unwrap() {
        equals[key] = value.clone();
    }
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "Federated": "accounts.google.com" },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": equals },
    }});
    let mut files = testing::files();
    files.insert(READER_TRUST.to_owned(), trust.to_string());
    files
}

/// A token as Google documents it, with some claims changed.
fn google_token(changed: &Value) -> String {
    let mut claims = json!({
        "iss": GOOGLE,
        "azp": APP,
        "aud": APP,
        "sub": PERSON,
        "email": "ines@example.com",
        "email_verified": true,
    });
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    token(claims)
}

/// A node with these clients at Google, whose key it has at hand.
fn flow(node: &Node, clients: &[&str]) -> AssumeRoleWithWebIdentity {
    let outgoing = Arc::new(Outgoing::new(&nowhere()).unwrap());
    let keys = KeyCache::new(Arc::clone(&outgoing));
    for issuer in [GOOGLE, ISSUER] {
        keys.serve_own(&issuer.parse().unwrap(), key_set(&SIGNER));
    }
    let inspector = TokenInspector::new(outgoing, SecretFolder::default(), None, None);
    let clients = clients.iter().map(|client| client.parse().unwrap());
    AssumeRoleWithWebIdentity {
        keys: Arc::new(keys),
        known: Arc::new(KnownProviders::new(clients.collect(), inspector)),
        ..node.web_identity()
    }
}

/// Of a node that has a client at Google.
fn authenticator(node: &Node) -> Authenticator {
    Authenticator {
        opened: Arc::default(),
        used: Arc::default(),
        known: flow(node, &[APP]).known,
        ..node.authenticator()
    }
}

#[tokio::test]
async fn a_person_of_google_takes_a_role_of_an_account_that_registers_no_provider() {
    let aud = json!({ "accounts.google.com:aud": APP });
    let node = Node::with(&google_files(&aud)).await;
    let token = google_token(&json!({}));
    let session = flow(&node, &[APP]).run(request(&token), &meta()).await;
    let session = session.unwrap();
    assert_eq!(session.provider, GOOGLE);
    assert_eq!(session.subject.as_str(), PERSON);
    assert_eq!(session.audience.as_str(), APP);
    let person = session.issued.lineage.person().unwrap();
    assert_eq!(person.provider, ProviderRef::Known(KnownProvider::Google));
}

#[tokio::test]
async fn google_is_nobody_to_a_node_without_a_client_there() {
    let node = Node::with(&google_files(&json!({}))).await;
    let token = google_token(&json!({}));
    let error = flow(&node, &[]).run(request(&token), &meta()).await;
    let error = error.unwrap_err();
    assert!(
        matches!(&error, AssumeRoleError::NoProvider { issuer } if issuer == GOOGLE),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_token_for_another_client_of_google_is_refused_whatever_the_trust_policy_says() {
    let node = Node::with(&google_files(&json!({}))).await;
    for changed in [
        json!({ "aud": "another", "azp": "another" }),
        json!({ "aud": APP, "azp": "another" }),
        json!({ "aud": "another", "azp": APP }),
    ] {
        let token = google_token(&changed);
        let error = flow(&node, &[APP]).run(request(&token), &meta()).await;
        let error = error.unwrap_err();
        assert_eq!(error.code(), "InvalidIdentityToken", "{changed}");
    }
}

/// What Google issues to a phone for a server.
#[tokio::test]
async fn the_keys_aud_and_oaud_tell_the_client_that_asked_from_the_one_it_was_for() {
    let to_phone = json!({ "azp": PHONE, "aud": APP });
    let plain = json!({ "azp": null });
    for (changed, aud, oaud, is_permitted) in [
        (&to_phone, PHONE, Some(APP), true),
        (&to_phone, APP, Some(APP), false),
        (&to_phone, PHONE, Some(PHONE), false),
        (&plain, APP, None, true),
        (&plain, APP, Some(APP), false),
    ] {
        let mut wanted = json!({ "accounts.google.com:aud": aud });
        if let Some(oaud) = oaud {
            wanted["accounts.google.com:oaud"] = oaud.into();
        }
        let node = Node::with(&google_files(&wanted)).await;
        let token = google_token(changed);
        let session = flow(&node, &[APP, PHONE])
            .run(request(&token), &meta())
            .await;
        assert_eq!(session.is_ok(), is_permitted, "{changed} {wanted}");
    }
}

#[tokio::test]
async fn the_account_s_own_provider_of_google_goes_first() {
    let mut files = google_files(&json!({}));
    files.insert(
        "accounts/482011739056/oidc-providers/google.toml".to_owned(),
        format!("url = '{GOOGLE}'\nclient_ids = ['{APP}']\n"),
    );
    let node = Node::with(&files).await;
    let token = google_token(&json!({}));
    let by_name = flow(&node, &[APP]).run(request(&token), &meta()).await;
    assert_eq!(by_name.unwrap_err().code(), "AccessDenied");
    let trust = files[READER_TRUST].replace(
        "\"accounts.google.com\"",
        "\"arn:aws:iam::482011739056:oidc-provider/accounts.google.com\"",
    );
    files.insert(READER_TRUST.to_owned(), trust);
    node.apply(&files).await;
    let session = flow(&node, &[]).run(request(&token), &meta()).await;
    assert!(session.is_ok(), "{:?}", session.err());
}

#[tokio::test]
async fn a_trust_policy_that_names_nobody_of_google_lets_nobody_of_google_in() {
    let node = Node::new().await;
    let token = google_token(&json!({}));
    let error = flow(&node, &[APP]).run(request(&token), &meta()).await;
    assert_eq!(error.unwrap_err().code(), "AccessDenied");
}

#[tokio::test]
async fn a_revoked_person_of_google_loses_what_they_have_and_may_come_again() {
    let node = Node::with(&google_files(&json!({}))).await;
    let flow = flow(&node, &[APP]);
    let token = google_token(&json!({}));
    let session = flow.run(request(&token), &meta()).await.unwrap();
    let credentials = session.issued.credentials;
    let alive = authenticate(&authenticator(&node), &credentials, "sts", NOW).await;
    assert!(alive.is_ok());
    let person = RevokeTarget::Person {
        issuer: GOOGLE.parse().unwrap(),
        subject: PERSON.parse().unwrap(),
    };
    let caller = admin(&node).await;
    let revoked = administration(&node)
        .revoke(&caller, &person, &meta())
        .await;
    revoked.unwrap();
    let ended = authenticate(&authenticator(&node), &credentials, "sts", NOW).await;
    assert!(
        matches!(ended, Err(AuthenticationError::InvalidToken)),
        "{ended:?}"
    );
    let again = flow.run(request(&token), &meta()).await;
    assert!(matches!(again, Err(AssumeRoleError::Revoked)));
    node.directory.catch_up(LATER).await.unwrap();
    let anew = google_token(&json!({ "iat": LATER.seconds() }));
    let anew = flow.run(request(&anew), &meta_at(LATER)).await;
    assert!(anew.is_ok(), "{:?}", anew.err());
}

/// So that `${accounts.google.com:sub}` in a role's policies is a folder for each person.
#[tokio::test]
async fn what_google_calls_somebody_is_a_key_of_the_session_s_later_calls() {
    let node = Node::with(&google_files(&json!({}))).await;
    let token = google_token(&json!({}));
    let session = flow(&node, &[APP]).run(request(&token), &meta()).await;
    let credentials = session.unwrap().issued.credentials;
    let caller = authenticate(&authenticator(&node), &credentials, "sts", NOW).await;
    let (caller, meta) = (caller.unwrap(), meta());
    let snapshot = node.directory.snapshot(NOW).unwrap();
    let context = caller_context(&caller, &snapshot, &meta);
    for (key, value) in [
        ("accounts.google.com:sub", PERSON),
        ("aws:FederatedProvider", "accounts.google.com"),
    ] {
        assert_eq!(context.find(key), Some(&value.into()), "{key}");
    }
}

/// There is no provider in the directory to remove: who has no app there any more takes nothing that came of it.
#[tokio::test]
async fn sessions_of_google_s_people_end_with_the_node_s_client_there() {
    let aud = json!({ "accounts.google.com:aud": APP });
    let node = Node::with(&google_files(&aud)).await;
    let token = google_token(&json!({}));
    let session = flow(&node, &[APP]).run(request(&token), &meta()).await;
    let credentials = session.unwrap().issued.credentials;
    let alive = authenticate(&authenticator(&node), &credentials, "sts", NOW).await;
    assert!(alive.is_ok(), "{:?}", alive.err());
    let ended = authenticate(&node.authenticator(), &credentials, "sts", NOW).await;
    assert!(
        matches!(ended, Err(AuthenticationError::InvalidToken)),
        "{:?}",
        ended.err()
    );
}
