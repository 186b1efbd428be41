//! The demo provider over real HTTP: a client signs somebody in, and the tokens verify with a
//! library that shares no code with the provider.

#[cfg(test)]
mod support;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::net::{SocketAddr, TcpListener};
    use std::sync::Arc;

    use actix_web::web;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    use rolegate::clock::FixedClock;
    use rolegate::demo::{Client, ClientKind, DemoProvider, RunningDemo, Transport, meridale, run};
    use rolegate::domain::{Secret, UnixTime};
    use rolegate::entropy::SystemEntropy;
    use serde_json::Value;
    use url::Url;

    use super::support::http::{Request, Response};

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);
    const CALLBACK: &str = "https://gw.example/callback";
    const SECRET: &str = "a secret: with + and %";
    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    type Fields = Vec<(&'static str, String)>;

    struct Demo {
        running: RunningDemo,
        provider: web::Data<DemoProvider>,
        clock: Arc<FixedClock>,
    }

    impl Demo {
        fn start() -> Self {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let issuer = format!("http://{}", listener.local_addr().unwrap());
            let clock = Arc::new(FixedClock::at(NOW));
            let provider = DemoProvider::new(
                issuer.parse().unwrap(),
                vec![portal(), audience_only()],
                meridale(),
                clock.clone(),
                Arc::new(SystemEntropy),
            );
            let provider = web::Data::new(provider.unwrap());
            let running = run(provider.clone(), listener, Transport::Plain).unwrap();
            Self {
                running,
                provider,
                clock,
            }
        }

        fn address(&self) -> SocketAddr {
            self.running.address()
        }

        fn issuer(&self) -> &str {
            self.provider.issuer().as_str()
        }

        async fn get(&self, target: &str) -> Response {
            Request::get(self.address(), target).send_async().await
        }

        async fn post(&self, target: &str, fields: &Fields) -> Response {
            self.form(target, fields).send_async().await
        }

        fn form(&self, target: &str, fields: &Fields) -> Request {
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            Request::post_form(self.address(), target, &fields)
        }

        async fn code(&self) -> String {
            let answer = self.post("/authorize/choose", &chosen("lukas")).await;
            answered(&answer)["code"].clone()
        }

        /// The claims, once an independent library has checked signature, issuer and audience.
        async fn verified(&self, token: &str, audience: &str) -> Value {
            let jwks: JwkSet = serde_json::from_value(self.get("/jwks").await.json()).unwrap();
            let header = decode_header(token).unwrap();
            let key = jwks.find(&header.kid.unwrap()).unwrap();
            let mut validation = Validation::new(header.alg);
            validation.set_issuer(&[self.issuer()]);
            validation.set_audience(&[audience]);
            // The clock of this test stands still.
            validation.validate_exp = false;
            let key = DecodingKey::from_jwk(key).unwrap();
            decode::<Value>(token, &key, &validation).unwrap().claims
        }
    }

    fn portal() -> Client {
        Client {
            id: "rolegate-portal".parse().unwrap(),
            kind: ClientKind::Web {
                secret: Secret::new(SECRET.to_owned()),
                redirect_uris: vec![CALLBACK.parse().unwrap()],
            },
        }
    }

    fn audience_only() -> Client {
        Client {
            id: "rolegate-sts".parse().unwrap(),
            kind: ClientKind::AudienceOnly,
        }
    }

    fn authorization() -> Fields {
        [
            ("client_id", "rolegate-portal"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", "s&1"),
            ("nonce", "n 1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
    }

    fn chosen(person: &str) -> Fields {
        with(authorization(), "person", person)
    }

    fn redemption(code: &str) -> Fields {
        [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", "rolegate-portal"),
            ("client_secret", SECRET),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
    }

    fn with(mut fields: Fields, name: &'static str, value: &str) -> Fields {
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value.to_owned()));
        fields
    }

    fn with_twice(mut fields: Fields, name: &'static str) -> Fields {
        let value = fields.iter().find(|(known, _)| *known == name).unwrap();
        fields.push((name, value.1.clone()));
        fields
    }

    fn target(path: &str, fields: &Fields) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        [path, "?", &query.extend_pairs(fields).finish()].concat()
    }

    /// The parameters that a redirect to the callback carries.
    fn answered(response: &Response) -> HashMap<String, String> {
        assert_eq!(response.status, 303, "{response:?}");
        let url = Url::parse(response.header("location").unwrap()).unwrap();
        assert_eq!(url.as_str().split('?').next(), Some(CALLBACK));
        url.query_pairs().into_owned().collect()
    }

    #[tokio::test]
    async fn a_sign_in_ends_in_tokens_that_verify() {
        let demo = Demo::start();
        let answer = answered(&demo.post("/authorize/choose", &chosen("lukas")).await);
        assert_eq!(answer["state"], "s&1");
        assert_eq!(answer["iss"], demo.issuer());
        let tokens = demo.post("/token", &redemption(&answer["code"])).await;
        assert_eq!(tokens.header("cache-control"), Some("no-store"));
        let tokens = tokens.json();
        let id_token = tokens["id_token"].as_str().unwrap();
        assert_eq!(decode_header(id_token).unwrap().alg, Algorithm::RS256);
        let claims = demo.verified(id_token, "rolegate-portal").await;
        assert_eq!(claims["sub"], "mrd-31850");
        assert_eq!(claims["nonce"], "n 1");
        assert_eq!(claims["exp"], NOW.seconds() + 300);
        let access_token = tokens["access_token"].as_str().unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
        assert_eq!(
            claims["at_hash"],
            URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16])
        );
        let bearer = ["Bearer ", access_token].concat();
        let info = Request::get(demo.address(), "/userinfo").with_header("authorization", &bearer);
        let info = info.send_async().await.json();
        assert_eq!(info["sub"], claims["sub"]);
        assert_eq!(info["groups"], claims["groups"]);
        demo.running.stop().await.unwrap();
    }

    #[tokio::test]
    async fn the_secret_may_come_in_the_basic_header() {
        let demo = Demo::start();
        let mut fields = redemption(&demo.code().await);
        fields.retain(|(name, _)| !name.starts_with("client_"));
        let secret: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let pair = STANDARD.encode(["rolegate-portal:", &secret].concat());
        let basic = ["Basic ", &pair].concat();
        let request = demo
            .form("/token", &fields)
            .with_header("authorization", &basic);
        assert_eq!(request.send_async().await.status, 200);
        let both = demo.form("/token", &redemption(&demo.code().await));
        let both = both.with_header("authorization", &basic).send_async().await;
        assert_eq!(
            (both.status, both.json()["error"].as_str()),
            (401, Some("invalid_client"))
        );
    }

    #[tokio::test]
    async fn a_code_is_good_once_within_a_minute_and_for_its_own_request() {
        let demo = Demo::start();
        let wrong_verifier = "x".repeat(43);
        for (name, value) in [
            ("redirect_uri", "https://gw.example/other"),
            ("code_verifier", wrong_verifier.as_str()),
            ("code_verifier", ""),
            ("code_verifier", CHALLENGE),
            ("code", "unknown"),
        ] {
            let fields = with(redemption(&demo.code().await), name, value);
            let refused = demo.post("/token", &fields).await.json();
            assert_eq!(refused["error"], "invalid_grant", "{name}={value}");
        }
        let code = demo.code().await;
        assert_eq!(demo.post("/token", &redemption(&code)).await.status, 200);
        let again = demo.post("/token", &redemption(&code)).await.json();
        assert_eq!(again["error"], "invalid_grant");
        let late = demo.code().await;
        demo.clock.advance(60);
        let late = demo.post("/token", &redemption(&late)).await.json();
        assert_eq!(late["error"], "invalid_grant");
    }

    #[tokio::test]
    async fn only_the_client_itself_redeems() {
        let demo = Demo::start();
        for (name, value) in [
            ("client_secret", "another"),
            ("client_secret", ""),
            ("client_id", "rolegate-sts"),
            ("client_id", "nobody"),
        ] {
            let fields = with(redemption(&demo.code().await), name, value);
            let refused = demo.post("/token", &fields).await;
            assert_eq!(refused.status, 401, "{name}={value}");
            assert_eq!(refused.json()["error"], "invalid_client");
        }
    }

    #[tokio::test]
    async fn a_redemption_is_a_form_without_repetition() {
        let demo = Demo::start();
        let repeated = with_twice(redemption(&demo.code().await), "code");
        let refused = demo.post("/token", &repeated).await.json();
        assert_eq!(refused["error"], "invalid_request");
        let json = Request::new(demo.address(), "POST", "/token")
            .with_header("content-type", "application/json")
            .with_body("{}");
        assert_eq!(json.send_async().await.json()["error"], "invalid_request");
        let other_grant = with(redemption("x"), "grant_type", "password");
        let refused = demo.post("/token", &other_grant).await.json();
        assert_eq!(refused["error"], "unsupported_grant_type");
    }

    #[tokio::test]
    async fn an_authorization_request_may_be_posted_but_repeats_nothing() {
        let demo = Demo::start();
        let posted = demo.post("/authorize", &authorization()).await;
        let asked = demo.get(&target("/authorize", &authorization())).await;
        assert_eq!((posted.status, &posted.body), (200, &asked.body));
        let repeated = with_twice(authorization(), "redirect_uri");
        assert_eq!(demo.post("/authorize", &repeated).await.status, 400);
        assert_eq!(demo.get(&target("/authorize", &repeated)).await.status, 400);
    }

    #[tokio::test]
    async fn the_browser_is_sent_only_to_a_registered_address() {
        let demo = Demo::start();
        for (name, value) in [
            ("client_id", "nobody"),
            ("client_id", "rolegate-sts"),
            ("redirect_uri", "https://gw.example/callback/"),
            ("redirect_uri", "https://evil.example/callback"),
            ("redirect_uri", ""),
            ("response_mode", "fragment"),
        ] {
            let fields = with(chosen("ines"), name, value);
            let shown = demo.get(&target("/authorize", &fields)).await;
            assert_eq!(
                (shown.status, shown.header("location")),
                (400, None),
                "{value}"
            );
            let posted = demo.post("/authorize/choose", &fields).await;
            assert_eq!(
                (posted.status, posted.header("location")),
                (400, None),
                "{value}"
            );
        }
    }

    #[tokio::test]
    async fn a_wrong_request_is_told_to_the_client() {
        let demo = Demo::start();
        for (name, value, error) in [
            ("response_type", "token", "unsupported_response_type"),
            ("scope", "profile", "invalid_scope"),
            ("code_challenge", "", "invalid_request"),
            ("code_challenge_method", "plain", "invalid_request"),
            ("prompt", "none", "login_required"),
            (
                "request_uri",
                "https://evil.example/",
                "request_not_supported",
            ),
            ("person", "mallory", "access_denied"),
        ] {
            let fields = with(chosen("ines"), name, value);
            let answer = answered(&demo.post("/authorize/choose", &fields).await);
            assert_eq!(answer["error"], error, "{name}={value}");
            assert_eq!(answer["iss"], demo.issuer());
            assert!(!answer.contains_key("code"));
        }
    }

    #[tokio::test]
    async fn the_page_shows_everybody_and_may_lead_back_to_the_client() {
        let demo = Demo::start();
        let page = demo.get(&target("/authorize", &authorization())).await;
        for person in demo.provider.people() {
            assert!(page.text().contains(&person.name), "{}", person.name);
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.ends_with("form-action 'self' https://gw.example"),
            "{policy}"
        );
        assert!(page.text().contains("value=\"s&#38;1\""), "{}", page.text());
    }

    #[tokio::test]
    async fn form_post_carries_the_answer_in_a_page() {
        let demo = Demo::start();
        let fields = with(chosen("ines"), "response_mode", "form_post");
        let page = demo.post("/authorize/choose", &fields).await;
        assert_eq!((page.status, page.header("location")), (200, None));
        let text = page.text();
        assert!(
            text.contains("action=\"https://gw.example/callback\""),
            "{text}"
        );
        for name in ["code", "state", "iss"] {
            assert!(text.contains(&["name=\"", name, "\""].concat()), "{name}");
        }
    }

    #[tokio::test]
    async fn discovery_names_the_endpoints_below_the_issuer() {
        let demo = Demo::start();
        let document = demo.get("/.well-known/openid-configuration").await.json();
        assert_eq!(document["issuer"], demo.issuer());
        assert_eq!(document["jwks_uri"], [demo.issuer(), "/jwks"].concat());
        assert_eq!(
            document["authorization_response_iss_parameter_supported"],
            true
        );
    }

    #[tokio::test]
    async fn a_command_line_gets_a_token_for_a_known_audience() {
        let demo = Demo::start();
        let token = demo
            .get("/demo/token?person=tomas&audience=rolegate-sts")
            .await;
        assert_eq!(
            token.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        let claims = demo.verified(&token.text(), "rolegate-sts").await;
        assert_eq!(claims["sub"], "mrd-10093");
        // More groups than are sent.
        assert_eq!(claims["groups"], Value::Null);
        assert_eq!(claims["_claim_names"]["groups"], "src1");
        let unknown = demo
            .get("/demo/token?person=tomas&audience=elsewhere")
            .await;
        assert_eq!(unknown.status, 400);
    }

    #[tokio::test]
    async fn a_token_from_before_a_rotation_still_verifies() {
        let demo = Demo::start();
        let before = demo
            .get("/demo/token?person=ines&audience=rolegate-sts")
            .await
            .text();
        demo.provider.rotate().unwrap();
        let after = demo
            .get("/demo/token?person=ines&audience=rolegate-sts")
            .await
            .text();
        for token in [before, after] {
            assert_eq!(
                demo.verified(&token, "rolegate-sts").await["sub"],
                "mrd-20417"
            );
        }
    }

    #[tokio::test]
    async fn another_host_name_leads_nowhere() {
        let demo = Demo::start();
        let request = Request::get(
            demo.address(),
            "/demo/token?person=ines&audience=rolegate-sts",
        );
        let rebound = request
            .with_header("host", "evil.example")
            .send_async()
            .await;
        assert_eq!(rebound.status, 421);
    }

    #[tokio::test]
    async fn an_access_token_ends_after_five_minutes() {
        let demo = Demo::start();
        let tokens = demo
            .post("/token", &redemption(&demo.code().await))
            .await
            .json();
        let bearer = ["Bearer ", tokens["access_token"].as_str().unwrap()].concat();
        let info = Request::get(demo.address(), "/userinfo").with_header("authorization", &bearer);
        assert_eq!(info.clone().send_async().await.status, 200);
        demo.clock.advance(300);
        assert_eq!(info.send_async().await.status, 401);
    }
}

#[cfg(test)]
mod over_tls {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;

    use actix_web::web;
    use rolegate::clock::SystemClock;
    use rolegate::demo::{DemoProvider, Transport, meridale, run};
    use rolegate::entropy::SystemEntropy;
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

    use super::support::http::PATIENCE;

    fn get(address: SocketAddr, client: ClientConfig, request: &str) -> String {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = "idp.example".try_into().unwrap();
        let connection = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[tokio::test]
    async fn a_public_issuer_is_served_over_tls() {
        let made = rcgen::generate_simple_self_signed(["idp.example".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let server = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.clone()],
                made.signing_key.serialize_der().try_into().unwrap(),
            )
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let provider = DemoProvider::new(
            "https://idp.example".parse().unwrap(),
            Vec::new(),
            meridale(),
            Arc::new(SystemClock),
            Arc::new(SystemEntropy),
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let transport = Transport::Tls(Box::new(server));
        let running = run(web::Data::new(provider.unwrap()), listener, transport).unwrap();
        let address = running.address();
        let request = "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: idp.example\r\n\
                       Connection: close\r\n\r\n";
        let answer = tokio::task::spawn_blocking(move || get(address, client, request));
        let answer = answer.await.unwrap();
        assert!(
            answer.contains("\"issuer\":\"https://idp.example\""),
            "{answer}"
        );
        running.stop().await.unwrap();
    }
}
