//! The one way out: every request to an identity provider goes through here.
//!
//! ```text
//! URL: https, or a listed loopback origin   ->  port  ->  address, checked after resolution
//!   ->  no redirect, no proxy, no reused connection  ->  total timeout  ->  body cap while reading
//! ```
//!
//! The declared media type of a JSON answer is not looked at (key sets are often served as plain
//! files); the body has to be strict JSON instead.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::Resolve;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value};
use url::{Host, Url};

use super::address::{AddressRule, BlockedAddress, CheckedResolver, ListedResolver};
use super::json::{JsonError, parse_object};
use crate::domain::{HostName, Issuer};

/// A request has to be over, its answer read, after this time unless the settings say otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(4);
/// An answer may be this long, in bytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Below this port only 443 is connected to: nothing else there speaks HTTP.
const FIRST_FREE_PORT: u16 = 1024;
/// Ports above [`FIRST_FREE_PORT`] that belong to databases, queues and caches.
const CLOSED_PORTS: [u16; 14] = [
    1433, 1521, 2049, 2375, 2379, 3306, 3389, 5432, 5672, 6379, 9042, 9092, 11211, 27017,
];

/// What the node lets out.
#[derive(Debug, Clone)]
pub struct OutgoingSettings {
    /// How long a request may take, from the look-up of the name to the last byte.
    pub timeout: Duration,
    /// Networks that may be connected to although they are private, loopback or link-local.
    pub allowed_networks: Vec<IpNet>,
    /// Plain-http issuers; each may be fetched from a loopback address at its own port.
    pub http_issuers: Vec<Issuer>,
    /// A PEM file of certificate authorities that are trusted beside the system's.
    pub extra_authorities: Option<PathBuf>,
    /// Names that stand for exactly these addresses, which are held to the rule like all others;
    /// the system resolves every other name.
    pub resolve: BTreeMap<HostName, Vec<IpAddr>>,
}

impl Default for OutgoingSettings {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_TIMEOUT,
            allowed_networks: Vec::new(),
            http_issuers: Vec::new(),
            extra_authorities: None,
            resolve: BTreeMap::new(),
        }
    }
}

/// Why there is no outgoing client: the node's settings are to blame.
#[derive(Debug, thiserror::Error)]
pub enum OutgoingSetupError {
    /// The PEM file of certificate authorities can't be read.
    #[error("{} can't be read as PEM certificates", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// A certificate of that file can't be used.
    #[error("{} holds a certificate that can't be used", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::Error,
    },
    /// A listed plain-http issuer is no loopback issuer.
    #[error("{0} is listed as a plain-http issuer but is not on a loopback address")]
    NotLoopback(Issuer),
    /// TLS can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[source] rustls::Error),
    /// The client can't be set up.
    #[error("the outgoing HTTP client can't be set up")]
    Client(#[source] reqwest::Error),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL is not one that may be asked.
    #[error("{host} may not be asked: {rule}")]
    NotAllowed {
        /// The URL's host.
        host: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The name or the literal stands for an address that may not be connected to.
    #[error(transparent)]
    Blocked(#[from] BlockedAddress),
    /// It took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The name, the connection, TLS or HTTP failed.
    #[error("no connection to the provider")]
    Unreachable(#[source] reqwest::Error),
    /// The answer's status is not 200; redirects are not followed.
    #[error("the provider answered with status {0}")]
    Status(u16),
    /// The answer is longer than is taken.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// A document is no text in UTF-8.
    #[error("the answer is not UTF-8")]
    NotText,
    /// The answer is no strict JSON object.
    #[error("the answer is not usable")]
    Json(#[source] JsonError),
}

/// How much of an answer is taken, and how long is waited for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerBounds {
    /// The longest body, in bytes.
    pub bytes: usize,
    /// From the look-up of the name to the last byte.
    pub time: Duration,
}

/// A JSON answer.
#[derive(Debug)]
pub struct JsonAnswer {
    /// The object's members.
    pub members: Map<String, Value>,
    /// `max-age` of `Cache-Control`, in seconds.
    pub max_age: Option<u32>,
}

/// The outgoing HTTP client.
#[derive(Debug)]
pub struct Outgoing {
    https: reqwest::Client,
    loopback: reqwest::Client,
    public: AddressRule,
    http_origins: Vec<url::Origin>,
    timeout: Duration,
}

impl Outgoing {
    /// Sets the client up.
    pub fn new(settings: &OutgoingSettings) -> Result<Self, OutgoingSetupError> {
        let public = AddressRule::Public {
            listed: settings.allowed_networks.clone(),
        };
        let tls = trusting(settings.extra_authorities.as_deref())?;
        let listed = Arc::new(ListedResolver::new(settings.resolve.clone()));
        let client = |rule| {
            let resolver = CheckedResolver::new(Arc::clone(&listed) as Arc<dyn Resolve>, rule);
            client(tls.clone(), resolver, settings.timeout)
        };
        Ok(Self {
            https: client(public.clone())?,
            loopback: client(AddressRule::Loopback)?,
            public,
            http_origins: http_origins(&settings.http_issuers)?,
            timeout: settings.timeout,
        })
    }

    /// How long one request may take; what makes several at once holds them to it together.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Gets a JSON object.
    pub async fn get_json(&self, url: &Url) -> Result<JsonAnswer, FetchError> {
        self.json(reqwest::Request::new(reqwest::Method::GET, url.clone()))
            .await
    }

    /// Sends a request whose answer, of status 200, must be a JSON object.
    pub async fn json(&self, request: reqwest::Request) -> Result<JsonAnswer, FetchError> {
        let answer = self.send(request).await?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        Ok(JsonAnswer {
            max_age: max_age(answer.headers()),
            members: parse_object(answer.body()).map_err(FetchError::Json)?,
        })
    }

    /// Gets a document of status 200, whatever type it says it is of.
    pub async fn get_text(&self, url: &Url, bounds: AnswerBounds) -> Result<String, FetchError> {
        let request = reqwest::Request::new(reqwest::Method::GET, url.clone());
        let answer = self.send_within(request, bounds).await?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        String::from_utf8(answer.into_body()).map_err(|_| FetchError::NotText)
    }

    /// Sends a request and reads the whole answer, whatever its status.
    pub async fn send(
        &self,
        request: reqwest::Request,
    ) -> Result<http::Response<Vec<u8>>, FetchError> {
        let bounds = AnswerBounds {
            bytes: MAX_BODY_BYTES,
            time: self.timeout,
        };
        self.send_within(request, bounds).await
    }

    /// As [`Self::send`], within these bounds.
    pub async fn send_within(
        &self,
        mut request: reqwest::Request,
        bounds: AnswerBounds,
    ) -> Result<http::Response<Vec<u8>>, FetchError> {
        *request.timeout_mut() = Some(bounds.time);
        let client = self.client_for(request.url())?;
        let failed = |error| failure(error, bounds.time);
        let answer = client.execute(request).await.map_err(failed)?;
        read(answer, bounds).await
    }

    /// The client whose address rule fits the URL; a literal address never meets the resolver, so
    /// it is checked here.
    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, FetchError> {
        let refused = |rule| FetchError::NotAllowed {
            host: url.host_str().unwrap_or_default().to_owned(),
            rule,
        };
        if url.scheme() == "http" {
            return if self.http_origins.contains(&url.origin()) {
                Ok(&self.loopback)
            } else {
                Err(refused(
                    "plain http is for listed issuers on a loopback address",
                ))
            };
        }
        if url.scheme() != "https" {
            return Err(refused("the scheme must be https"));
        }
        if !url.port_or_known_default().is_some_and(is_open_port) {
            return Err(refused(
                "the port must be 443, or above 1023 and not of a well-known other service",
            ));
        }
        match literal_address(url) {
            Some(address) if !self.public.allows(address) => Err(BlockedAddress {
                host: url.host_str().unwrap_or_default().to_owned(),
                address,
            }
            .into()),
            _ => Ok(&self.https),
        }
    }
}

async fn read(
    mut answer: reqwest::Response,
    bounds: AnswerBounds,
) -> Result<http::Response<Vec<u8>>, FetchError> {
    let too_long = || FetchError::TooLong(bounds.bytes);
    let announced = answer.content_length().unwrap_or(0);
    if announced > bounds.bytes as u64 {
        return Err(too_long());
    }
    let failed = |error| failure(error, bounds.time);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > bounds.bytes {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = http::Response::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

fn failure(error: reqwest::Error, time: Duration) -> FetchError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if let Some(blocked) = current.downcast_ref::<BlockedAddress>() {
            return FetchError::Blocked(blocked.clone());
        }
        cause = current.source();
    }
    if error.is_timeout() {
        FetchError::TimedOut(time)
    } else {
        FetchError::Unreachable(error.without_url())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that builds the outgoing client"
)]
fn client(
    tls: rustls::ClientConfig,
    resolver: CheckedResolver,
    timeout: Duration,
) -> Result<reqwest::Client, OutgoingSetupError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(resolver)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .pool_max_idle_per_host(0)
        .timeout(timeout)
        .user_agent(concat!("rolegate/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(OutgoingSetupError::Client)
}

/// How to speak TLS as a client: the system's certificate authorities are trusted, and those of the
/// PEM file `extra`.
///
/// # Errors
/// [`OutgoingSetupError`] where the file can't be read or holds no certificate.
pub fn trusting(extra: Option<&Path>) -> Result<rustls::ClientConfig, OutgoingSetupError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = extra {
        for certificate in extra_authorities(path)? {
            roots
                .add(certificate)
                .map_err(|source| OutgoingSetupError::Authority {
                    path: path.to_owned(),
                    source,
                })?;
        }
    }
    if roots.is_empty() {
        tracing::warn!("no certificate authority is known; no provider can be reached over https");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(OutgoingSetupError::Tls)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn extra_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, OutgoingSetupError> {
    let unreadable = |source| OutgoingSetupError::Authorities {
        path: path.to_owned(),
        source,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(unreadable)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(unreadable(rustls_pki_types::pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn http_origins(issuers: &[Issuer]) -> Result<Vec<url::Origin>, OutgoingSetupError> {
    let origin = |issuer: &Issuer| {
        let url = Url::parse(issuer.as_str()).ok();
        url.filter(|url| issuer.is_plain_http() && is_loopback_host(url))
            .map(|url| url.origin())
            .ok_or_else(|| OutgoingSetupError::NotLoopback(issuer.clone()))
    };
    issuers.iter().map(origin).collect()
}

/// Whether the URL's host is a loopback address or `localhost`, which the loopback client holds to
/// loopback addresses.
fn is_loopback_host(url: &Url) -> bool {
    literal_address(url).map_or(url.host_str() == Some("localhost"), |address| {
        AddressRule::Loopback.allows(address)
    })
}

/// The address where the host is one; `url` has read decimal, octal and hexadecimal forms already.
fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

fn is_open_port(port: u16) -> bool {
    port == 443 || (port >= FIRST_FREE_PORT && !CLOSED_PORTS.contains(&port))
}

fn max_age(headers: &http::HeaderMap) -> Option<u32> {
    let directives = headers.get(http::header::CACHE_CONTROL)?.to_str().ok()?;
    directives.split(',').find_map(|directive| {
        let (name, value) = directive.trim().split_once('=')?;
        if name.eq_ignore_ascii_case("max-age") {
            value.trim_matches('"').parse().ok()
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests;
