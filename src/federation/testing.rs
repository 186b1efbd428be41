//! What the tests of this room share: signers, a clock reading, a provider on a loopback port.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Algorithm;
use super::outgoing::{Outgoing, OutgoingSettings};
use crate::domain::{Issuer, UnixTime};

/// What time it is in every test, unless it moves on.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

/// A private key and its `kid`.
pub(crate) struct Signer {
    pub(crate) kid: &'static str,
    key: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, &'static str),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn rsa(kid: &'static str) -> Self {
        let key = Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
        Self { kid, key }
    }

    pub(crate) fn p256(kid: &'static str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = Pair::Ec(key, "P-256");
        Self { kid, key }
    }

    pub(crate) fn p384(kid: &'static str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let key = Pair::Ec(key, "P-384");
        Self { kid, key }
    }

    pub(crate) fn ed25519(kid: &'static str) -> Self {
        let key = Pair::Ed25519(Ed25519KeyPair::generate().unwrap());
        Self { kid, key }
    }

    /// The public key as a provider publishes it, without `alg`.
    pub(crate) fn jwk(&self) -> Value {
        let kid = self.kid;
        match &self.key {
            Pair::Rsa(key) => {
                let public = key.public_key();
                let n = encode(public.modulus().big_endian_without_leading_zero());
                let e = encode(public.exponent().big_endian_without_leading_zero());
                json!({"kty": "RSA", "kid": kid, "use": "sig", "n": n, "e": e})
            }
            Pair::Ec(key, curve) => {
                let point = &key.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": curve, "kid": kid, "x": encode(x), "y": encode(y)})
            }
            Pair::Ed25519(key) => {
                let x = encode(key.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
            }
        }
    }

    /// A token of this key, with a plain header.
    pub(crate) fn token(&self, algorithm: Algorithm, claims: &Value) -> String {
        let header = json!({"alg": algorithm.as_str(), "typ": "JWT", "kid": self.kid});
        self.sign(algorithm, &header.to_string(), &claims.to_string())
    }

    /// A token of this key over exactly these texts.
    pub(crate) fn sign(&self, algorithm: Algorithm, header: &str, payload: &str) -> String {
        let signed = [encode(header), encode(payload)].join(".");
        let signature = encode(self.signature(algorithm, signed.as_bytes()));
        [signed, signature].join(".")
    }

    pub(crate) fn signature(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Pair::Rsa(key) => {
                let encoding: &'static dyn aws_lc_rs::signature::RsaEncoding = match algorithm {
                    Algorithm::Rs384 => &RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    Algorithm::Ps384 => &RSA_PSS_SHA384,
                    Algorithm::Ps512 => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Pair::Ec(key, _) => key.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(key) => key.sign(message).as_ref().to_vec(),
        }
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a provider answers at one path.
#[derive(Clone)]
pub(crate) enum Reply {
    Json(Value),
    /// Status line and headers, without the empty line after them; then the body.
    Raw(&'static str, Vec<u8>),
    /// Nothing, and the connection stays open.
    Hang,
    /// Nothing, and the connection is closed.
    Drop,
}

/// A provider on a loopback port, which answers what it is told to.
pub(crate) struct FakeProvider {
    pub(crate) issuer: Issuer,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeProvider {
    /// A provider that publishes metadata and these keys.
    pub(crate) async fn start(keys: &[Value]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self {
            issuer: origin.parse().unwrap(),
            replies: Arc::default(),
            requests: Arc::default(),
        };
        provider.publish_metadata(json!({}));
        provider.publish(keys);
        let (replies, requests) = (provider.replies.clone(), provider.requests.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, replies.clone(), requests.clone()));
            }
        });
        provider
    }

    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    pub(crate) fn publish(&self, keys: &[Value]) {
        self.reply("/jwks", Reply::Json(json!({ "keys": keys })));
    }

    /// Publishes the usual metadata with some members changed; `null` takes one out.
    pub(crate) fn publish_metadata(&self, changed: Value) {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut metadata = json!({
            "issuer": self.issuer.as_str(),
            "jwks_uri": at("/jwks"),
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "code_challenge_methods_supported": ["S256"],
        });
        let Value::Object(changed) = changed else {
            panic!("an object")
        };
        for (member, value) in changed {
            metadata[&member] = value;
        }
        metadata
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        self.reply("/.well-known/openid-configuration", Reply::Json(metadata));
    }

    /// How many requests there were for a path.
    pub(crate) fn hits(&self, path: &str) -> usize {
        self.requests_for(path).len()
    }

    /// How many requests there were at all.
    pub(crate) fn request_count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// The requests for a path, head and body.
    pub(crate) fn requests_for(&self, path: &str) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let is_for = |request: &&String| request.split(' ').nth(1) == Some(path);
        requests.iter().filter(is_for).cloned().collect()
    }

    /// The outgoing client that may reach this provider, and waits for it so long.
    pub(crate) fn outgoing(&self, timeout: Duration) -> Arc<Outgoing> {
        let settings = OutgoingSettings {
            timeout,
            http_issuers: vec![self.issuer.clone()],
            ..OutgoingSettings::default()
        };
        Arc::new(Outgoing::new(&settings).unwrap())
    }
}

async fn serve(
    mut stream: TcpStream,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
) {
    let Some(request) = read_request(&mut stream).await else {
        return;
    };
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    requests.lock().unwrap().push(request);
    let reply = replies.lock().unwrap().get(&path).cloned();
    let (head, body) = match reply {
        Some(Reply::Json(value)) => (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json",
            value.to_string().into_bytes(),
        ),
        Some(Reply::Raw(head, body)) => (head, body),
        Some(Reply::Hang) => {
            let _ = stream.read(&mut [0]).await;
            return;
        }
        Some(Reply::Drop) => return,
        None => ("HTTP/1.1 404 Not Found", Vec::new()),
    };
    let head = format!("{head}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        request.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}
