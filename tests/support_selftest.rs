//! The tools of the tests over HTTP, tested: tokens verify with a library that shares no code with
//! the keys that signed them, and the raw client sees what a server does.

#[cfg(test)]
mod support;

#[cfg(test)]
mod keys {
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
    use serde_json::{Value, json};

    use super::support::keys::{
        Scheme, SigningKey, base64url, sign_claims, sign_raw, sign_with_hmac,
    };

    fn verified(token: &str, jwk: Value, algorithm: Algorithm) -> Option<Value> {
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        let token = decode::<Value>(token, &key, &validation).ok()?;
        Some(token.claims)
    }

    fn assert_verifies(key: &SigningKey, algorithm: Algorithm) {
        let claims = json!({ "sub": "x", "n": 1 });
        let token = sign_claims(&claims, key);
        assert_eq!(
            verified(&token, key.jwk(), algorithm),
            Some(claims),
            "{algorithm:?}"
        );
    }

    #[test]
    fn every_kind_of_key_makes_tokens_that_verify() {
        let rsa = SigningKey::rsa("r");
        assert_verifies(&rsa, Algorithm::RS256);
        assert_verifies(&rsa.signing_with(Scheme::Rs384), Algorithm::RS384);
        assert_verifies(&rsa.signing_with(Scheme::Rs512), Algorithm::RS512);
        assert_verifies(&rsa.signing_with(Scheme::Ps256), Algorithm::PS256);
        assert_verifies(&rsa.signing_with(Scheme::Ps384), Algorithm::PS384);
        assert_verifies(&rsa.signing_with(Scheme::Ps512), Algorithm::PS512);
        assert_verifies(&SigningKey::ec_p256("e"), Algorithm::ES256);
        assert_verifies(&SigningKey::ec_p384("e"), Algorithm::ES384);
        assert_verifies(&SigningKey::ed25519("d"), Algorithm::EdDSA);
    }

    #[test]
    fn another_key_of_the_same_kid_does_not_verify() {
        let token = sign_claims(&json!({ "sub": "x" }), &SigningKey::ec_p256("e"));
        let other = SigningKey::ec_p256("e").jwk();
        assert_eq!(verified(&token, other, Algorithm::ES256), None);
    }

    #[test]
    fn any_text_is_signed_as_it_stands() {
        let key = SigningKey::ec_p256("e");
        let payload = "{\"role\": \"a\",\n  \"role\": \"b\"}";
        let token = sign_raw("{\"alg\":\"ES256\"}", payload, &key);
        assert_eq!(
            token.split('.').nth(1),
            Some(base64url(payload.as_bytes()).as_str())
        );
        let claims = verified(&token, key.jwk(), Algorithm::ES256);
        assert_eq!(claims, Some(json!({ "role": "b" })));
    }

    #[test]
    fn an_hmac_token_verifies_with_its_secret() {
        let token = sign_with_hmac("{\"alg\":\"HS256\"}", "{\"sub\":\"a\"}", b"secret");
        let jwk = json!({ "kty": "oct", "k": "c2VjcmV0" });
        let claims = verified(&token, jwk, Algorithm::HS256);
        assert_eq!(claims, Some(json!({ "sub": "a" })));
    }
}

#[cfg(test)]
mod provider {
    use std::time::Duration;

    use serde_json::json;

    use super::support::http::{NoResponse, PATIENCE, RawConnection, Request, exchange};
    use super::support::keys::SigningKey;
    use super::support::provider::{Answer, Body, DISCOVERY, HostileProvider, JWKS};

    #[test]
    fn it_publishes_what_it_is_told_and_counts() {
        let provider = HostileProvider::start();
        let key = SigningKey::ec_p256("k1");
        let get = |path| Request::get(provider.address(), path).send();
        assert_eq!(get(JWKS).json(), json!({ "keys": [] }));
        provider.publish(&[&key]);
        assert_eq!(get(JWKS).json(), json!({ "keys": [key.jwk()] }));
        assert_eq!(get(DISCOVERY).json()["issuer"], provider.issuer());
        assert_eq!(get("/canary").status, 404);
        assert_eq!(
            (provider.fetches(JWKS), provider.fetches("/canary")),
            (2, 1)
        );
        provider.forget_requests();
        assert_eq!(provider.fetches(JWKS), 0);
    }

    #[test]
    fn it_keeps_what_a_client_sent() {
        let provider = HostileProvider::start();
        provider.set("/token", Answer::bytes(418, "no").with_header("x-a", "b"));
        let form = [("code", "a&b"), ("grant_type", "authorization_code")];
        let request = Request::post_form(provider.address(), "/token?q=1", &form);
        let response = request.with_header("authorization", "Basic eA==").send();
        assert_eq!((response.status, response.header("X-A")), (418, Some("b")));
        let kept = &provider.requests()[0];
        assert_eq!((kept.method.as_str(), kept.query.as_str()), ("POST", "q=1"));
        assert_eq!(kept.header("Authorization"), Some("Basic eA=="));
        assert_eq!(kept.body, b"code=a%26b&grant_type=authorization_code");
    }

    #[test]
    fn it_breaks_off_in_the_middle() {
        let provider = HostileProvider::start();
        let cut_off = Body::CutOff(b"{\"keys\":".to_vec());
        provider.set(JWKS, Answer::bytes(200, "").with_body(cut_off));
        let answer = exchange(provider.address(), GET_JWKS, PATIENCE);
        assert!(matches!(answer, Err(NoResponse::Closed)), "{answer:?}");
    }

    #[test]
    fn it_pads_and_drips() {
        let provider = HostileProvider::start();
        let padded = Body::Padded(b"{}".to_vec(), 1_000_000);
        provider.set("/padded", Answer::bytes(200, "").with_body(padded));
        let dripped = Body::Dripped(b"abc".to_vec(), Duration::from_millis(1));
        provider.set("/dripped", Answer::bytes(200, "").with_body(dripped));
        let get = |path| Request::get(provider.address(), path).send();
        assert_eq!(get("/padded").body.len(), 1_000_000);
        assert_eq!(get("/dripped").text(), "abc");
    }

    #[test]
    fn a_late_answer_is_not_waited_for() {
        let provider = HostileProvider::start();
        let late = Answer::bytes(200, "{}").after(Duration::from_mins(10));
        provider.set(JWKS, late);
        let answer = exchange(provider.address(), GET_JWKS, Duration::from_millis(200));
        assert!(matches!(answer, Err(NoResponse::TimedOut)), "{answer:?}");
    }

    #[test]
    fn nothing_listens_after_a_drop() {
        let provider = HostileProvider::start();
        let address = provider.address();
        drop(provider);
        let refused = std::net::TcpStream::connect(address).map_err(|error| error.kind());
        assert_eq!(refused.err(), Some(std::io::ErrorKind::ConnectionRefused));
    }

    #[test]
    fn two_responses_on_one_connection_are_told_apart() {
        let provider = HostileProvider::start();
        let mut connection = RawConnection::open(provider.address());
        connection.send(GET_JWKS).unwrap();
        connection.send(GET_JWKS).unwrap();
        let first = connection.read_response(PATIENCE).unwrap();
        let second = connection.read_response(PATIENCE).unwrap();
        assert_eq!((first.status, first.body.clone()), (200, second.body));
        connection.finish_sending();
        assert_eq!(connection.read_until_closed(PATIENCE), (Vec::new(), true));
    }

    const GET_JWKS: &[u8] = b"GET /jwks HTTP/1.1\r\nHost: x\r\n\r\n";
}
