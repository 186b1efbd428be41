//! The identity provider: a key, tokens that it signed beforehand, and the two documents that a
//! node reads from it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolegate::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Outcome;

/// The client that the tokens are for.
pub const CLIENT: &str = "deployments";
/// How long a token is valid, in seconds: longer than any benchmark runs.
const LIFETIME: i64 = 3600;
/// The file with the public key, for the bare server.
const PUBLISHED: &str = "key.json";

/// A provider that signs.
pub struct Provider {
    pair: KeyPair,
    issuer: String,
    listener: TcpListener,
}

/// The numbers of the public key.
#[derive(Serialize, Deserialize)]
pub struct PublishedKey {
    /// The modulus.
    pub n: Vec<u8>,
    /// The exponent.
    pub e: Vec<u8>,
}

impl PublishedKey {
    /// Reads what [`Provider::publish`] wrote.
    pub fn read(folder: &Path) -> Outcome<Self> {
        Ok(serde_json::from_slice(&std::fs::read(
            folder.join(PUBLISHED),
        )?)?)
    }
}

impl Provider {
    /// A provider with a new RSA key of 2,048 bits.
    pub fn new() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        Ok(Self {
            pair: KeyPair::generate(KeySize::Rsa2048)?,
            issuer: ["http://", &listener.local_addr()?.to_string()].concat(),
            listener,
        })
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Writes the public key for the bare server, and answers the node's questions from now on.
    pub fn publish(&self, folder: &Path) -> Outcome<()> {
        let parts = PublicKeyComponents::<Vec<u8>>::from(self.pair.public_key());
        let key = PublishedKey {
            n: parts.n,
            e: parts.e,
        };
        std::fs::write(folder.join(PUBLISHED), serde_json::to_vec(&key)?)?;
        let at = |path: &str| [self.issuer.as_str(), path].concat();
        let metadata = json!({
            "issuer": self.issuer,
            "jwks_uri": at("/keys"),
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
        });
        let base64 = |number: &[u8]| URL_SAFE_NO_PAD.encode(number);
        let keys = json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one",
            "n": base64(&key.n), "e": base64(&key.e),
        }] });
        let (metadata, keys) = (metadata.to_string(), keys.to_string());
        let listener = self.listener.try_clone()?;
        std::thread::spawn(move || {
            for connection in listener.incoming().filter_map(Result::ok) {
                // A node that could not read the answer asks again, or its calls fail.
                let _answered = answer(&connection, &metadata, &keys);
            }
        });
        Ok(())
    }

    /// So many tokens, each of another person, signed by as many threads as there are processors.
    pub fn tokens(&self, count: usize) -> Outcome<Vec<String>> {
        let threads = std::thread::available_parallelism()?.get();
        let now = SystemClock.now().seconds();
        let numbers: Vec<usize> = (0..count).collect();
        std::thread::scope(|scope| {
            let shares: Vec<_> = numbers
                .chunks(count.div_ceil(threads))
                .map(|share| scope.spawn(|| self.sign_all(share, now)))
                .collect();
            let mut tokens = Vec::with_capacity(count);
            for share in shares {
                tokens.extend(share.join().map_err(|_| "signing failed")??);
            }
            Ok(tokens)
        })
    }

    fn sign_all(&self, numbers: &[usize], now: i64) -> Outcome<Vec<String>> {
        numbers
            .iter()
            .map(|number| self.token(*number, now))
            .collect()
    }

    /// A token as large identity providers issue them.
    fn token(&self, number: usize, now: i64) -> Outcome<String> {
        let header = json!({ "alg": "RS256", "kid": "one", "typ": "JWT" });
        let claims = json!({
            "iss": self.issuer,
            "sub": format!("2f6d9c1e-7f0a-4b55-9d3e-{number:012}"),
            "aud": CLIENT,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "jti": format!("5c0d7a42-1c9b-4f6e-8a3d-{number:012}"),
            "name": "Ines Almeida",
            "email": format!("ines.almeida.{number:08}@example.com"),
            "email_verified": true,
            "groups": ["engineering", "platform", "on-call", "payments-developers"],
        });
        let base64 = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = [base64(&header), base64(&claims)].join(".");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(
            &RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        )?;
        Ok([signed, URL_SAFE_NO_PAD.encode(&signature)].join("."))
    }
}

fn answer(mut connection: &TcpStream, metadata: &str, keys: &str) -> Outcome<()> {
    let mut lines = BufReader::new(connection).lines();
    let first = lines.next().ok_or("no request")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let body = if first.contains("/keys ") {
        keys
    } else {
        metadata
    };
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )?;
    Ok(())
}
