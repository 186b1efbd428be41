//! Which hosts are served (decision 13).

use std::collections::BTreeSet;
use std::net::SocketAddr;

use actix_web::http::header::{HOST, HeaderMap};
use url::Url;

/// The names under which this node answers, as a Host header writes them: lower case, with the port
/// where it isn't the scheme's own.
#[derive(Debug)]
pub struct Hosts {
    served: BTreeSet<String>,
    origin: String,
}

/// Why a request's host is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No Host header, several, or one that is no text.
    #[error("the request must carry exactly one Host header")]
    Missing,
    /// A host that isn't listed.
    #[error("this host is not served here; use the public URL, or list the host in `hosts`")]
    NotServed,
}

impl Hosts {
    /// The hosts of `public_url`, `further` ones, and, where `listen` is a loopback address, its
    /// loopback names.
    pub fn new(public_url: &Url, further: &[String], listen: SocketAddr) -> Self {
        let origin = public_url.origin().ascii_serialization();
        let mut served: BTreeSet<String> = further
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect();
        served.extend(origin.split_once("://").map(|(_, host)| host.to_owned()));
        served.extend(loopback_names(listen));
        Self { served, origin }
    }

    /// These hosts, and the names of a further listener.
    pub fn with(&self, listen: SocketAddr) -> Self {
        let mut served = self.served.clone();
        served.insert(listen.to_string());
        served.extend(loopback_names(listen));
        Self {
            served,
            origin: self.origin.clone(),
        }
    }

    /// The origin of the public URL, e.g. `https://keys.example.com`: what redirects, redirect URIs
    /// and checks of `Origin` go by, whatever the request says.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the request's host is served.
    ///
    /// # Errors
    /// [`HostError`]
    pub fn check(&self, headers: &HeaderMap) -> Result<(), HostError> {
        let mut hosts = headers.get_all(HOST);
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(HostError::Missing);
        };
        let host = host.to_str().map_err(|_| HostError::Missing)?;
        let known = self.served.contains(host) || self.served.contains(&host.to_ascii_lowercase());
        if known {
            Ok(())
        } else {
            Err(HostError::NotServed)
        }
    }
}

/// How a loopback listener is called; nothing for any other.
fn loopback_names(listen: SocketAddr) -> impl Iterator<Item = String> {
    let names = ["localhost", "127.0.0.1", "[::1]"];
    let names = names.into_iter().filter(move |_| listen.ip().is_loopback());
    names.map(move |name| format!("{name}:{}", listen.port()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn check(host: &str) -> Result<(), HostError> {
        let hosts = Hosts::new(
            &"https://Keys.example.com".parse().unwrap(),
            &["sts.eu-west-1.example.com".into()],
            "127.0.0.1:8080".parse().unwrap(),
        );
        let mut headers = HeaderMap::new();
        headers.append(
            HeaderName::from_static("host"),
            HeaderValue::from_str(host).unwrap(),
        );
        hosts.check(&headers)
    }

    #[test]
    fn only_listed_hosts_are_served() {
        for good in [
            "keys.example.com",
            "KEYS.example.com",
            "sts.eu-west-1.example.com",
            "127.0.0.1:8080",
            "localhost:8080",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "keys.example.com.evil.example",
            "keys.example.com:8443",
            "localhost",
            "keys.example.com,evil.example",
        ] {
            assert_eq!(check(bad), Err(HostError::NotServed), "{bad}");
        }
    }

    #[test]
    fn two_hosts_are_none() {
        let hosts = Hosts::new(
            &"https://a.example".parse().unwrap(),
            &[],
            "127.0.0.1:1".parse().unwrap(),
        );
        let mut headers = HeaderMap::new();
        headers.append(
            HeaderName::from_static("host"),
            HeaderValue::from_static("a.example"),
        );
        headers.append(
            HeaderName::from_static("host"),
            HeaderValue::from_static("a.example"),
        );
        assert_eq!(hosts.check(&headers), Err(HostError::Missing));
    }
}
