//! Whole sign-ins against a provider on a loopback port, each one change away from a good one.

use std::collections::HashMap;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::*;
use crate::domain::ClaimSource;
use crate::entropy::SystemEntropy;
use crate::federation::connection::{ClientAuth, OidcSettings};
use crate::federation::jwks::KeySet;
use crate::federation::outgoing::DEFAULT_TIMEOUT;
use crate::federation::testing::{FakeProvider, NOW, Reply, Signer, encode};
use crate::federation::{Algorithm, json::parse_object};

struct Setting {
    provider: FakeProvider,
    signer: Signer,
    party: RelyingParty,
    settings: OidcSettings,
}

/// The id of the connection.
fn id() -> ConnectionId {
    "meridale".parse().unwrap()
}

impl Setting {
    async fn new() -> Self {
        let signer = Signer::p256("a");
        let provider = FakeProvider::start(&[signer.jwk()]).await;
        let outgoing = provider.outgoing(DEFAULT_TIMEOUT);
        let keys = Arc::new(KeyCache::new(outgoing.clone()));
        let public_url = Url::parse("https://gate.example.com").unwrap();
        let settings = json!({
            "issuer": provider.issuer.as_str(),
            "client_id": "rolegate",
            "client_auth": "none",
        });
        Self {
            party: RelyingParty::new(
                keys,
                outgoing,
                Arc::new(SystemEntropy),
                SecretFolder::at(std::env::temp_dir()),
                public_url,
            ),
            settings: serde_json::from_value(settings).unwrap(),
            provider,
            signer,
        }
    }

    fn claims(&self, nonce: &str) -> Value {
        json!({
            "iss": self.provider.issuer.as_str(),
            "sub": "person-1",
            "aud": "rolegate",
            "iat": NOW.seconds(),
            "exp": NOW.seconds() + 300,
            "nonce": nonce,
        })
    }

    fn tokens(&self, claims: &Value) -> Value {
        json!({
            "access_token": "access",
            "token_type": "Bearer",
            "id_token": self.signer.token(Algorithm::Es256, claims),
        })
    }

    async fn begin(&self) -> (Begun, LoginAttempt) {
        let (id, settings) = (id(), &self.settings);
        let connection = OidcConnection { id: &id, settings };
        let begun = self.party.begin(connection, None, NOW).await.unwrap();
        let attempt = begun.attempt.clone();
        (begun, attempt)
    }

    async fn finish(
        &self,
        attempt: &LoginAttempt,
        answer: &str,
    ) -> Result<ProvenIdentity, SignInError> {
        let answer = AuthorizationAnswer::parse(answer).unwrap();
        let (id, settings) = (id(), &self.settings);
        let connection = OidcConnection { id: &id, settings };
        let finished = self.party.finish(connection, attempt, answer, NOW).await;
        finished.map(|(proven, _)| proven)
    }

    /// A sign-in whose token response is what `tokens` makes of the good claims.
    async fn sign_in(
        &self,
        tokens: impl FnOnce(Value) -> Reply,
    ) -> Result<ProvenIdentity, SignInError> {
        let (begun, attempt) = self.begin().await;
        let claims = self.claims(&begun.attempt.nonce);
        self.provider.reply("/token", tokens(claims));
        self.finish(&attempt, "code=c-1&state=s").await
    }

    async fn good_sign_in(&self) -> Result<ProvenIdentity, SignInError> {
        self.sign_in(|claims| Reply::Json(self.tokens(&claims)))
            .await
    }

    fn token_request(&self) -> (String, HashMap<String, String>) {
        let requests = self.provider.requests_for("/token");
        let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
        let pairs = form_urlencoded::parse(body.as_bytes()).into_owned();
        (head.to_owned(), pairs.collect())
    }
}

fn secret_file(folder: &Path, content: &str) -> crate::federation::secret_file::SecretFile {
    let path = folder.join("secret");
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned().try_into().unwrap()
}

#[tokio::test]
async fn the_authorization_url_asks_for_a_code_with_pkce() {
    let mut setting = Setting::new().await;
    setting.settings.response_mode = ResponseMode::FormPost;
    setting.settings.max_age = Some(3600);
    let (begun, _) = setting.begin().await;
    let pairs: HashMap<_, _> = begun.authorization_url.query_pairs().into_owned().collect();
    let challenge = encode(digest(&SHA256, begun.attempt.pkce_verifier.as_bytes()));
    let state = begun.state.expose().clone();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "rolegate"),
        (
            "redirect_uri",
            "https://gate.example.com/oidc/callback/meridale",
        ),
        ("scope", "openid email profile"),
        ("response_mode", "form_post"),
        ("max_age", "3600"),
        ("code_challenge_method", "S256"),
        ("code_challenge", &challenge),
        ("state", &state),
        ("nonce", &begun.attempt.nonce),
    ] {
        assert_eq!(pairs.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(pairs.len(), 10);
    let at = [setting.provider.issuer.as_str(), "/authorize?"].concat();
    assert!(begun.authorization_url.as_str().starts_with(&at));
}

#[tokio::test]
async fn the_provider_is_told_an_address_only_where_the_connection_lets_it() {
    let mut setting = Setting::new().await;
    let address = "Ines+x@meridale.example".parse().unwrap();
    for is_told in [false, true] {
        setting.settings.login_hint = is_told;
        let (id, settings) = (id(), &setting.settings);
        let connection = OidcConnection { id: &id, settings };
        let begun = setting.party.begin(connection, Some(&address), NOW).await;
        let url = begun.unwrap().authorization_url;
        let mut pairs = url.query_pairs();
        let hint = pairs.find(|(name, _)| name == "login_hint");
        let hint = hint.map(|(_, value)| value.into_owned());
        assert_eq!(
            hint.as_deref(),
            is_told.then_some("Ines+x@meridale.example")
        );
    }
}

#[tokio::test]
async fn no_two_sign_ins_share_a_secret() {
    let setting = Setting::new().await;
    let (one, _) = setting.begin().await;
    let (two, _) = setting.begin().await;
    assert_ne!(one.state.expose(), two.state.expose());
    assert_ne!(one.attempt.nonce, two.attempt.nonce);
    assert_ne!(one.attempt.pkce_verifier, two.attempt.pkce_verifier);
    assert_eq!(one.attempt.pkce_verifier.len(), 43);
}

#[tokio::test]
async fn a_provider_without_s256_is_refused() {
    let setting = Setting::new().await;
    let plain = json!({"code_challenge_methods_supported": ["plain"]});
    setting.provider.publish_metadata(plain);
    let (id, settings) = (id(), &setting.settings);
    let connection = OidcConnection { id: &id, settings };
    let error = setting.party.begin(connection, None, NOW).await;
    assert!(matches!(error, Err(SignInError::NoS256)));
}

#[tokio::test]
async fn a_sign_in_proves_the_person() {
    let setting = Setting::new().await;
    let proven = setting.good_sign_in().await.unwrap();
    assert_eq!(proven.subject().as_str(), "person-1");
    assert_eq!(
        *proven.provider(),
        crate::domain::ProviderRef::Connection("meridale".parse().unwrap())
    );
    let (_, pairs) = setting.token_request();
    assert_eq!(pairs["grant_type"], "authorization_code");
    assert_eq!(pairs["code"], "c-1");
    assert_eq!(pairs["client_id"], "rolegate");
    assert_eq!(pairs["code_verifier"].len(), 43);
    assert_eq!(
        pairs["redirect_uri"],
        "https://gate.example.com/oidc/callback/meridale"
    );
    assert!(!pairs.contains_key("client_secret"));
}

#[tokio::test]
async fn the_client_secret_goes_into_the_body() {
    let mut setting = Setting::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = secret_file(folder.path(), "s3cret:&\n");
    setting.settings.client_auth = ClientAuth::ClientSecretPost { file };
    setting.good_sign_in().await.unwrap();
    let (head, pairs) = setting.token_request();
    assert_eq!(pairs["client_secret"], "s3cret:&");
    assert!(!head.to_lowercase().contains("authorization:"));
}

#[tokio::test]
async fn the_client_secret_goes_into_the_header() {
    let mut setting = Setting::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = secret_file(folder.path(), "s3cret:&\n");
    setting.settings.client_auth = ClientAuth::ClientSecretBasic { file };
    setting.good_sign_in().await.unwrap();
    let (head, pairs) = setting.token_request();
    let credentials = base64::engine::general_purpose::STANDARD.encode("rolegate:s3cret%3A%26");
    assert!(head.contains(&["Basic ", &credentials].concat()), "{head}");
    assert!(!pairs.contains_key("client_secret"));
}

#[tokio::test]
async fn a_missing_secret_is_the_nodes_fault() {
    let mut setting = Setting::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = secret_file(folder.path(), "x");
    std::fs::remove_file(file.path()).unwrap();
    setting.settings.client_auth = ClientAuth::ClientSecretPost { file };
    let error = setting.good_sign_in().await;
    assert!(matches!(error, Err(SignInError::Secret(_))));
    assert_eq!(setting.provider.hits("/token"), 0);
}

#[tokio::test]
async fn a_private_key_is_never_sent_as_a_secret() {
    for of in [true, false] {
        let mut setting = Setting::new().await;
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let file = secret_file(folder.path(), &key);
        setting.settings.client_auth = if of {
            ClientAuth::ClientSecretPost { file }
        } else {
            ClientAuth::ClientSecretBasic { file }
        };
        let error = setting.good_sign_in().await;
        assert!(matches!(error, Err(SignInError::PrivateKeyAsSecret)));
        assert_eq!(setting.provider.hits("/token"), 0);
    }
}

fn client_keys() -> [(rcgen::KeyPair, Algorithm, Value); 4] {
    let pair = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap();
    let curve = |pair: &rcgen::KeyPair, name: &str| {
        let point = &pair.public_key_raw()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        json!({"kty": "EC", "crv": name, "kid": "k1", "x": encode(x), "y": encode(y)})
    };
    let rsa = pair(&rcgen::PKCS_RSA_SHA256);
    let public = aws_lc_rs::rsa::PublicKey::from_der(rsa.public_key_raw()).unwrap();
    let rsa_jwk = json!({
        "kty": "RSA",
        "kid": "k1",
        "n": encode(public.modulus().big_endian_without_leading_zero()),
        "e": encode(public.exponent().big_endian_without_leading_zero()),
    });
    let p256 = pair(&rcgen::PKCS_ECDSA_P256_SHA256);
    let p256_jwk = curve(&p256, "P-256");
    let p384 = pair(&rcgen::PKCS_ECDSA_P384_SHA384);
    let p384_jwk = curve(&p384, "P-384");
    let ed25519 = pair(&rcgen::PKCS_ED25519);
    let x = encode(ed25519.public_key_raw());
    let ed25519_jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x});
    [
        (rsa, Algorithm::Rs256, rsa_jwk),
        (p256, Algorithm::Es256, p256_jwk),
        (p384, Algorithm::Es384, p384_jwk),
        (ed25519, Algorithm::EdDsa, ed25519_jwk),
    ]
}

#[tokio::test]
async fn the_client_signs_its_assertion_with_any_of_four_kinds_of_key() {
    for (pair, algorithm, jwk) in client_keys() {
        let mut setting = Setting::new().await;
        let folder = tempfile::tempdir().unwrap();
        setting.settings.client_auth = ClientAuth::PrivateKeyJwt {
            file: secret_file(folder.path(), &pair.serialize_pem()),
            key_id: Some("k1".parse().unwrap()),
        };
        setting.good_sign_in().await.unwrap();
        let (_, pairs) = setting.token_request();
        assert_eq!(
            pairs["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let (signed, signature) = pairs["client_assertion"].rsplit_once('.').unwrap();
        let set = json!({ "keys": [jwk] });
        let set = KeySet::read(set.as_object().unwrap()).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(set.keys()[0].has_signed(algorithm, signed.as_bytes(), &signature));
        let claims = signed.split_once('.').unwrap().1;
        let claims = parse_object(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let endpoint = [setting.provider.issuer.as_str(), "/token"].concat();
        assert_eq!(claims["iss"], "rolegate");
        assert_eq!(claims["sub"], "rolegate");
        assert_eq!(claims["aud"], json!(endpoint));
        assert_eq!(claims["exp"], NOW.seconds() + 60);
        assert_eq!(claims["jti"].as_str().unwrap().len(), 22);
    }
}

#[tokio::test]
async fn a_file_without_a_private_key_is_the_nodes_fault() {
    let mut setting = Setting::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = secret_file(folder.path(), "no key");
    setting.settings.client_auth = ClientAuth::PrivateKeyJwt { file, key_id: None };
    let error = setting.good_sign_in().await;
    assert!(matches!(
        error,
        Err(SignInError::Assertion(AssertionError::Key))
    ));
}

#[tokio::test]
async fn a_token_of_another_session_is_refused() {
    let setting = Setting::new().await;
    for (claim, value, check) in [
        ("nonce", json!("of-another-session"), "nonce"),
        ("nonce", json!(null), "claims"),
        ("at_hash", json!(encode([7; 16])), "at_hash"),
        ("at_hash", json!(encode([7; 32])), "at_hash"),
        ("c_hash", json!(encode([7; 16])), "c_hash"),
        ("azp", json!("another-client"), "authorized party"),
        ("aud", json!(["rolegate", "other"]), "authorized party"),
        ("aud", json!("other"), "audience"),
        ("iss", json!("https://evil.example.com"), "issuer"),
    ] {
        let changed = setting.sign_in(|mut claims| {
            claims[claim] = value;
            Reply::Json(setting.tokens(&claims))
        });
        let Err(SignInError::Token(error)) = changed.await else {
            panic!("{claim}")
        };
        assert_eq!(error.check(), check);
    }
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused() {
    let setting = Setting::new().await;
    let (_, attempt) = setting.begin().await;
    let other = setting
        .finish(
            &attempt,
            "code=c&state=s&iss=https%3A%2F%2Fevil.example.com",
        )
        .await;
    assert!(matches!(other, Err(SignInError::OtherIssuer { .. })));
    assert_eq!(setting.provider.hits("/token"), 0);
}

#[tokio::test]
async fn a_provider_that_always_names_itself_must_do_so() {
    let setting = Setting::new().await;
    let names_itself = json!({"authorization_response_iss_parameter_supported": true});
    setting.provider.publish_metadata(names_itself);
    let (begun, attempt) = setting.begin().await;
    let without = setting.finish(&attempt, "code=c&state=s").await;
    assert!(matches!(without, Err(SignInError::OtherIssuer { .. })));
    let refusal = setting
        .finish(&attempt, "error=access_denied&state=s")
        .await;
    assert!(matches!(refusal, Err(SignInError::OtherIssuer { .. })));
    let tokens = setting.tokens(&setting.claims(&begun.attempt.nonce));
    setting.provider.reply("/token", Reply::Json(tokens));
    let with = form_urlencoded::Serializer::new("code=c&state=s".to_owned())
        .append_pair("iss", setting.provider.issuer.as_str())
        .finish();
    assert!(setting.finish(&attempt, &with).await.is_ok());
}

#[tokio::test]
async fn an_attempt_of_another_connection_issuer_or_client_is_refused_before_anybody_is_asked() {
    let setting = Setting::new().await;
    let (_, attempt) = setting.begin().await;
    let before = setting.provider.request_count();
    let changes: [fn(&mut LoginAttempt); 3] = [
        |attempt| attempt.connection = "other".parse().unwrap(),
        |attempt| attempt.issuer = "https://idp.example.com".parse().unwrap(),
        |attempt| attempt.client_id = "other".parse().unwrap(),
    ];
    for change in changes {
        let mut other = attempt.clone();
        change(&mut other);
        let error = setting.finish(&other, "code=c&state=s").await;
        assert!(matches!(error, Err(SignInError::OtherConnection)));
    }
    assert_eq!(setting.provider.request_count(), before);
}

#[tokio::test]
async fn the_providers_refusal_is_quoted_safely() {
    let setting = Setting::new().await;
    let (_, attempt) = setting.begin().await;
    let answer = [
        "error=access_denied&state=s&error_description=%3Cb%3E%0D%0A",
        &"x".repeat(900),
    ];
    let error = setting.finish(&attempt, &answer.concat()).await;
    let Err(SignInError::Refused { error, description }) = error else {
        panic!("not refused")
    };
    assert_eq!(error.as_str(), "access_denied");
    assert_eq!(description.as_str().chars().count(), 200);
    assert!(description.as_str().starts_with("<b>xx"));
}

#[tokio::test]
async fn a_refused_code_is_told_apart_from_a_broken_endpoint() {
    let setting = Setting::new().await;
    let named = async |reply: Reply| match setting.sign_in(|_| reply).await {
        Err(SignInError::CodeRefused { .. }) => "refused",
        Err(SignInError::Provider { .. }) => "provider",
        Err(SignInError::TokenAnswer) => "answer",
        Err(SignInError::NoIdToken) => "no id_token",
        other => panic!("{other:?}"),
    };
    let json = "HTTP/1.1 400 Bad\r\nContent-Type: application/json";
    let refusal = json!({"error": "invalid_grant", "error_description": "x\r\ny"});
    let refusal = Reply::Raw(json, refusal.to_string().into_bytes());
    assert_eq!(named(refusal).await, "refused");
    let ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    let twice = br#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#;
    assert_eq!(named(Reply::Raw(ok, twice.to_vec())).await, "provider");
    assert_eq!(named(Reply::Raw(ok, b"<html>".to_vec())).await, "provider");
    assert_eq!(named(Reply::Drop).await, "provider");
    let moved = "HTTP/1.1 307 Moved\r\nLocation: /canary";
    assert_eq!(named(Reply::Raw(moved, Vec::new())).await, "answer");
    let bearer = json!({"access_token": "a", "token_type": "Bearer"});
    assert_eq!(named(Reply::Json(bearer)).await, "no id_token");
    let bound = json!({"access_token": "a", "token_type": "DPoP", "id_token": "x"});
    assert_eq!(named(Reply::Json(bound)).await, "answer");
    assert_eq!(setting.provider.hits("/canary"), 0);
}

#[tokio::test]
async fn userinfo_adds_claims_of_the_same_person() {
    let mut setting = Setting::new().await;
    setting.settings.userinfo = true;
    let userinfo = json!({
        "sub": "person-1",
        "nonce": "another",
        "groups": ["a"],
        "email": "a@example.com",
        "email_verified": true,
    });
    setting.provider.reply("/userinfo", Reply::Json(userinfo));
    let proven = setting.good_sign_in().await.unwrap();
    let find = |name: &str| proven.claims().find(&name.parse().unwrap()).unwrap();
    assert_eq!(find("groups").values, ["a"]);
    assert_eq!(find("groups").source, ClaimSource::UserInfo);
    assert_eq!(find("nonce").source, ClaimSource::IdToken);
    assert_eq!(find("email").unusable, None);
    let request = setting.provider.requests_for("/userinfo").remove(0);
    assert!(request.contains("Bearer access"), "{request}");
}

#[tokio::test]
async fn userinfo_of_another_person_is_refused() {
    let mut setting = Setting::new().await;
    setting.settings.userinfo = true;
    for sub in [json!("person-2"), json!(["person-1"]), json!(null)] {
        setting
            .provider
            .reply("/userinfo", Reply::Json(json!({ "sub": sub })));
        let error = setting.good_sign_in().await;
        assert!(
            matches!(error, Err(SignInError::OtherSubject { .. })),
            "{sub}"
        );
    }
    setting.provider.reply("/userinfo", Reply::Drop);
    let error = setting.good_sign_in().await;
    assert!(matches!(error, Err(SignInError::Provider { .. })));
}

#[tokio::test]
async fn no_error_shows_the_code_or_a_secret() {
    let setting = Setting::new().await;
    let wrong = setting.sign_in(|mut claims| {
        claims["sub"] = json!("");
        Reply::Json(setting.tokens(&claims))
    });
    let error = wrong.await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("c-1") && !text.contains("access"), "{text}");
}

/// Compiles only where a flow may await a sign-in on a runtime with many threads.
#[test]
fn a_sign_in_may_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    type Parts = (RelyingParty, ConnectionId, OidcSettings, LoginAttempt);
    let _ = |parts: &Parts, answer: AuthorizationAnswer| {
        let (party, id, settings, attempt) = parts;
        let connection = OidcConnection { id, settings };
        is_send(party.begin(connection, None, NOW));
        is_send(party.finish(connection, attempt, answer, NOW));
    };
}
