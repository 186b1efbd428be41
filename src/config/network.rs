//! Where a node listens, how it is reached, and whom it believes about that.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;

use super::environment::{self, Environment};
use super::reader::{Findings, Reader};
use crate::domain::InvalidValue;

/// Where a node listens and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The address of the one listener.
    pub listen: SocketAddr,
    /// A second listener for administration and operations; without it the first one serves them.
    pub ops_listen: Option<SocketAddr>,
    /// How browsers and clients reach the node; without it the listener's own address.
    pub public_url: Option<PublicUrl>,
    /// Hosts that are served beside the one of `public_url`.
    pub hosts: Vec<ServedHost>,
    /// The certificate that the listeners present; without it they speak plain HTTP.
    pub tls: Option<Tls>,
    /// Whose `X-Forwarded-*` headers are believed; an empty list means nobody's.
    pub trusted_proxies: Vec<IpNet>,
}

/// The PEM files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those between it and its root.
    pub certificate_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

/// The URL that a node is known by: `https`, or `http` on loopback; a host, perhaps a port, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(url::Url);

/// A host name or address, perhaps with a port, as a `Host` header has it; in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServedHost(Box<str>);

impl Network {
    /// The address that is listened on when nothing else is said.
    pub const DEFAULT_LISTEN: SocketAddr =
        SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

    /// How the node is reached: `public_url`, or the address that was `bound` for `listen` (its
    /// port may have been 0).
    pub fn public_url(&self, bound: SocketAddr) -> PublicUrl {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        match &self.public_url {
            Some(url) => url.clone(),
            None => PublicUrl::of_address(scheme, bound),
        }
    }

    pub(super) fn read(
        root: &mut Reader<'_>,
        environment: &Environment,
        findings: &Findings,
    ) -> Self {
        let listen = root.parsed("listen");
        let listen = environment.parsed(environment::LISTEN, findings).or(listen);
        let public_url = root.parsed("public_url");
        let network = Self {
            listen: listen.unwrap_or(Self::DEFAULT_LISTEN),
            ops_listen: root.parsed("ops_listen"),
            public_url: environment
                .parsed(environment::PUBLIC_URL, findings)
                .or(public_url),
            hosts: root.list("hosts").unwrap_or_default(),
            tls: root.section("tls", read_tls),
            trusted_proxies: read_nets(root, "trusted_proxies"),
        };
        network.check(root);
        network
    }

    fn check(&self, root: &Reader<'_>) {
        let has_tls = self.tls.is_some() || root.has("tls");
        let listeners = [
            ("listen", Some(self.listen)),
            ("ops_listen", self.ops_listen),
        ];
        for (key, address) in listeners {
            let open = address.is_some_and(|address| !address.ip().is_loopback());
            if open && !has_tls && self.trusted_proxies.is_empty() {
                root.problem(
                    key,
                    "plain HTTP on an address that others reach: set [tls], list the \
                     trusted_proxies in front of the node, or listen on 127.0.0.1",
                );
            }
        }
        if self.listen.ip().is_unspecified() && self.public_url.is_none() && !root.has("public_url")
        {
            root.problem(
                "public_url",
                "must be set where listen is every address of the machine",
            );
        }
        if self
            .ops_listen
            .is_some_and(|ops| ops == self.listen && ops.port() != 0)
        {
            root.problem(
                "ops_listen",
                "must differ from listen; leave it out for one listener",
            );
        }
    }
}

fn read_tls(section: &mut Reader<'_>) -> Option<Tls> {
    let certificate_file = section.readable("certificate_file");
    let key_file = section.readable("key_file");
    if section.is_empty_table() {
        section.problem_here("must have certificate_file and key_file, or be left out");
    }
    for (key, other) in [
        ("certificate_file", "key_file"),
        ("key_file", "certificate_file"),
    ] {
        if section.has(other) && !section.has(key) {
            section.problem(
                key,
                format_args!("must be set beside {}", section.path(other)),
            );
        }
    }
    Some(Tls {
        certificate_file: certificate_file?,
        key_file: key_file?,
    })
}

/// Networks, or single addresses. One that holds every address is refused: it would name everybody.
pub(super) fn read_nets(section: &mut Reader<'_>, key: &'static str) -> Vec<IpNet> {
    let nets: Vec<Net> = section.list(key).unwrap_or_default();
    nets.into_iter().map(|net| net.0).collect()
}

struct Net(IpNet);

impl FromStr for Net {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: InvalidValue = InvalidValue::new(
            "network",
            "an address such as 10.1.2.3 or a network such as 10.0.0.0/8, not every address",
        );
        let net = text.parse::<IpNet>();
        let net = net.or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        match net {
            Ok(net) if net.prefix_len() > 0 => Ok(Self(net.trunc())),
            Ok(_) | Err(_) => Err(INVALID),
        }
    }
}

impl PublicUrl {
    /// The URL, to build others on.
    pub const fn url(&self) -> &url::Url {
        &self.0
    }

    const INVALID: InvalidValue = InvalidValue::new(
        "public URL",
        "https://host or https://host:port without path, query or user info; http only for \
         127.0.0.1, [::1] and localhost",
    );

    /// The URL without a slash at its end, e.g. `https://aws.example.com`.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The host, and the port where it isn't the scheme's own: what a `Host` header has.
    pub fn host(&self) -> ServedHost {
        let authority = self.as_str().split_once("://").map_or("", |(_, rest)| rest);
        ServedHost(authority.into())
    }

    /// Whether browsers reach the node by TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    #[expect(
        clippy::expect_used,
        reason = "a scheme of ours and an address and port are always a URL"
    )]
    fn of_address(scheme: &str, address: SocketAddr) -> Self {
        let mut url = url::Url::parse("http://localhost").expect("a constant URL");
        let set = url.set_scheme(scheme).is_ok()
            && url.set_ip_host(address.ip()).is_ok()
            && url.set_port(Some(address.port())).is_ok();
        Some(Self(url))
            .filter(|_| set)
            .expect("an address is a URL's host")
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = url::Url::parse(text).map_err(|_| Self::INVALID)?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let secure = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => false,
        };
        if bare && secure && url.has_host() {
            Ok(Self(url))
        } else {
            Err(Self::INVALID)
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Whether the URL's host is this machine: a loopback address or `localhost`.
pub fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl ServedHost {
    /// The host as a `Host` header has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServedHost {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const INVALID: InvalidValue = InvalidValue::new(
            "host",
            "a host name such as sts.example.com, perhaps with a port, in lower case",
        );
        let host = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '.' | ':' | '[' | ']');
        let authority = format!("http://{text}/").parse::<url::Url>();
        let whole = authority.is_ok_and(|url| url.path() == "/" && url.has_host());
        if whole && text.chars().all(host) && (1..=260).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(INVALID)
        }
    }
}
