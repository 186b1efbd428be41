//! A signed request to a running gateway's admin API.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::arguments::Gateway;
use crate::causes::with_causes;
use crate::clock::Clock;
use crate::config::environment::AdminCredentials;
use crate::config::is_loopback;
use crate::domain::Region;
use crate::entropy::{SystemEntropy, draw};
use crate::flows::MAX_BACK_UP_TIME;
use crate::http::admin::{Refusal, SERVICE};
use crate::sigv4::{self, HttpRequest, Signer};

/// The header with the nonce.
const NONCE: &str = "x-rolegate-nonce";
/// The gateway must answer within this time.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The gateway can't be reached.
    #[error(
        "{endpoint} can't be reached: {}; is `rolegate serve` running there?",
        with_causes(source)
    )]
    Unreachable {
        /// Its URL.
        endpoint: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The gateway refused.
    #[error("the gateway refused: {} ({}), request {}", .0.error.message, .0.error.code, .0.request_id)]
    Refused(Box<Refusal>),
    /// No answer came in time.
    #[error(
        "{endpoint} did not answer within {} s; it may have done what was asked: look before you repeat it (`rolegate directory log`)",
        TIMEOUT.as_secs()
    )]
    Late {
        /// Its URL.
        endpoint: String,
    },
    /// Something answered that is not the admin API.
    #[error(
        "{endpoint} answered as the admin API never does (status {status}){said}; where the gateway has an ops_listen, the admin API is there: name it by --endpoint"
    )]
    NotAGateway {
        /// Its URL.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// The first line of what it said, in quotes and after a colon, or nothing.
        said: String,
    },
    /// Whoever is on the way could read and change what is sent: session tokens, the directory.
    #[error(
        "{endpoint} is not protected on its way; use https (plain http is for this machine only)"
    )]
    Unprotected {
        /// Its URL.
        endpoint: String,
    },
    /// The answer did not come to its end.
    #[error("the answer broke off, and the gateway's log says why: {0}")]
    BrokeOff(#[source] reqwest::Error),
    /// What was answered can't be written.
    #[error("the answer can't be written: {0}")]
    Write(#[source] std::io::Error),
    /// The request can't be made.
    #[error("the request can't be made: {0}")]
    Request(String),
}

/// Speaks to one gateway.
pub struct Client {
    http: reqwest::Client,
    gateway: Gateway,
    credentials: AdminCredentials,
    region: Region,
}

impl Client {
    /// A client that signs with these credentials.
    ///
    /// # Errors
    /// [`ClientError::Unprotected`] where the endpoint is neither https nor plain http on loopback;
    /// [`ClientError::Request`] where the CA file or the region can't be used.
    pub fn new(gateway: Gateway, credentials: AdminCredentials) -> Result<Self, ClientError> {
        if !is_protected(&gateway.endpoint) {
            return Err(ClientError::Unprotected {
                endpoint: gateway.endpoint.to_string(),
            });
        }
        let request = |error: &dyn std::fmt::Display| ClientError::Request(error.to_string());
        let region = gateway.region.parse().map_err(|error| request(&error))?;
        let tls = crate::federation::outgoing::trusting(gateway.ca_file.as_deref())
            .map_err(|error| request(&error))?;
        Ok(Self {
            http: http_client(tls).map_err(|error| request(&error))?,
            gateway,
            credentials,
            region,
        })
    }

    /// `GET path`
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        clock: &dyn Clock,
    ) -> Result<T, ClientError> {
        self.send("GET", path, Vec::new(), clock).await
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        clock: &dyn Clock,
    ) -> Result<T, ClientError> {
        let body =
            serde_json::to_vec(body).map_err(|error| ClientError::Request(error.to_string()))?;
        self.send("POST", path, body, clock).await
    }

    /// `POST path` with a JSON body, for bytes of which nobody knows how many there will be. An answer
    /// that breaks off is an error.
    ///
    /// # Errors
    /// [`ClientError`]; what was written until then is not all.
    pub async fn download(
        &self,
        path: &str,
        body: &impl Serialize,
        into: &mut impl std::io::Write,
        clock: &dyn Clock,
    ) -> Result<(), ClientError> {
        let request = |error: &dyn std::fmt::Display| ClientError::Request(error.to_string());
        let body = serde_json::to_vec(body).map_err(|error| request(&error))?;
        let mut signed = self.signed("POST", path, body, clock)?;
        *signed.timeout_mut() = Some(MAX_BACK_UP_TIME);
        let unreachable = |source| self.unreachable(source);
        let mut answer = self.http.execute(signed).await.map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer).await);
        }
        while let Some(bytes) = answer.chunk().await.map_err(ClientError::BrokeOff)? {
            into.write_all(&bytes).map_err(ClientError::Write)?;
        }
        Ok(())
    }

    /// What an answer says that is no success.
    async fn refusal(&self, answer: reqwest::Response) -> ClientError {
        let status = answer.status().as_u16();
        let endpoint = self.gateway.endpoint.to_string();
        let bytes = match answer.bytes().await {
            Ok(bytes) => bytes,
            Err(source) => return self.unreachable(source),
        };
        match serde_json::from_slice(&bytes) {
            Ok(refusal) => ClientError::Refused(Box::new(refusal)),
            Err(_) => ClientError::NotAGateway {
                endpoint,
                status,
                said: first_line(&bytes),
            },
        }
    }

    /// `GET path` as anybody, for a text.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn get_text(&self, path: &str) -> Result<String, ClientError> {
        let url = self.gateway.endpoint.join(path);
        let url = url.map_err(|error| ClientError::Request(error.to_string()))?;
        let unreachable = |source| self.unreachable(source);
        let answer = self.http.get(url).send().await.map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(ClientError::NotAGateway {
                endpoint: self.gateway.endpoint.to_string(),
                status: status.as_u16(),
                said: String::new(),
            });
        }
        answer.text().await.map_err(unreachable)
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        clock: &dyn Clock,
    ) -> Result<T, ClientError> {
        let request = self.signed(method, path, body, clock)?;
        let unreachable = |source| self.unreachable(source);
        let answer = self.http.execute(request).await.map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(self.refusal(answer).await);
        }
        let bytes = answer.bytes().await.map_err(unreachable)?;
        serde_json::from_slice(&bytes).map_err(|_| ClientError::NotAGateway {
            endpoint: self.gateway.endpoint.to_string(),
            status: status.as_u16(),
            said: first_line(&bytes),
        })
    }

    fn unreachable(&self, source: reqwest::Error) -> ClientError {
        let endpoint = self.gateway.endpoint.to_string();
        if source.is_timeout() && !source.is_connect() {
            ClientError::Late { endpoint }
        } else {
            ClientError::Unreachable { endpoint, source }
        }
    }

    fn signed(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        clock: &dyn Clock,
    ) -> Result<reqwest::Request, ClientError> {
        let error = |error: &dyn std::fmt::Display| ClientError::Request(error.to_string());
        let url = self
            .gateway
            .endpoint
            .join(path)
            .map_err(|cause| error(&cause))?;
        let host = url.host_str().map(|host| match url.port() {
            Some(port) => [host, ":", &port.to_string()].concat(),
            None => host.to_owned(),
        });
        let host = host.ok_or_else(|| error(&"the endpoint has no host"))?;
        let (hash, nonce) = (sigv4::payload_hash(&body), nonce());
        let stated = [
            ("content-type", "application/json"),
            ("x-amz-content-sha256", hash.as_str()),
            (NONCE, nonce.as_str()),
        ];
        let headers: Vec<(&str, &[u8])> = std::iter::once(("host", host.as_bytes()))
            .chain(stated.map(|(name, value)| (name, value.as_bytes())))
            .collect();
        let to_sign = HttpRequest {
            method,
            path: url.path(),
            query: "",
            headers: &headers,
            body: &body,
        };
        let signer = Signer {
            access_key_id: &self.credentials.access_key_id,
            secret: &self.credentials.secret_access_key,
            session_token: self.credentials.session_token.as_ref(),
            region: &self.region,
            service: SERVICE,
        };
        let added = sigv4::sign(&to_sign, &signer, clock.now()).map_err(|cause| error(&cause))?;
        let method = method
            .parse()
            .map_err(|cause: http::method::InvalidMethod| error(&cause))?;
        let mut request = self.http.request(method, url).body(body);
        for (name, value) in stated {
            request = request.header(name, value);
        }
        for (name, value) in added {
            request = request.header(name, value.expose().as_str());
        }
        request.build().map_err(|cause| error(&cause))
    }
}

/// What an answer says that is none of the admin API's, for the end of a sentence.
fn first_line(answer: &[u8]) -> String {
    const SHOWN: usize = 200;
    let text = String::from_utf8_lossy(answer);
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return String::new();
    }
    let shown = line.chars().filter(|it| !it.is_control()).take(SHOWN);
    format!(": “{}”", shown.collect::<String>())
}

/// Whether nobody else can read what is sent there: a session token is worth as much as a password.
fn is_protected(endpoint: &url::Url) -> bool {
    match endpoint.scheme() {
        "https" => true,
        "http" => is_loopback(endpoint),
        _ => false,
    }
}

/// Another one for each request, so that two of one second are two: the gateway takes each once.
fn nonce() -> String {
    let drawn: Result<[u8; 16], _> = draw(&SystemEntropy);
    data_encoding::HEXLOWER.encode(&drawn.unwrap_or_default())
}

#[expect(
    clippy::disallowed_methods,
    reason = "an operator's own gateway may be at any address"
)]
fn http_client(tls: rustls::ClientConfig) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_says_is_told_in_one_line() {
        assert_eq!(first_line(b""), "");
        assert_eq!(first_line(b" \n<html>"), "");
        assert_eq!(first_line(b"come by https\r\nnow"), ": “come by https”");
        assert_eq!(first_line(b"\x1b[31mred\xff"), ": “[31mred\u{fffd}”");
        assert_eq!(first_line(&[b'x'; 999]).chars().count(), 204);
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let is_protected = |url: &str| is_protected(&url.parse().unwrap());
        for good in [
            "https://aws.example.com",
            "https://10.0.0.7:8443",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost:8080",
        ] {
            assert!(is_protected(good), "{good}");
        }
        for bad in [
            "http://aws.example.com",
            "http://10.0.0.7:8080",
            "http://[fe80::1]:8080",
            "http://localhost.example.com",
            "http://127.0.0.1@aws.example.com",
            "http://0.0.0.0:8080",
            "ftp://127.0.0.1",
        ] {
            assert!(!is_protected(bad), "{bad}");
        }
    }

    #[test]
    fn no_client_is_made_for_an_endpoint_that_others_can_listen_to() {
        let key = crate::domain::SecretAccessKey::new("s".repeat(40));
        let credentials = AdminCredentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".parse().unwrap(),
            secret_access_key: key,
            session_token: None,
        };
        let gateway = Gateway {
            endpoint: "http://aws.example.com".parse().unwrap(),
            ca_file: None,
            region: "us-east-1".into(),
        };
        let refused = Client::new(gateway, credentials).err();
        assert!(
            matches!(refused, Some(ClientError::Unprotected { .. })),
            "{refused:?}"
        );
    }
}
