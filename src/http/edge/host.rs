//! Which hosts are served (decision 13).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actix_web::http::header::{HOST, HeaderMap};
use url::Url;

use crate::domain::{KnownRegion, Regions};

/// The names under which this node answers, as a Host header writes them: lower case, with the port
/// where it isn't the scheme's own.
///
/// STS is asked at further ones: `sts.<region>.<domain>`, where the domain is a host that is served, or one
/// without its own `sts.`.
#[derive(Debug)]
pub struct Hosts {
    /// Each with the region whose endpoint it is, if it is one's.
    served: BTreeMap<String, Option<KnownRegion>>,
    /// What may follow a region's name.
    domains: BTreeSet<String>,
    regions: Arc<Regions>,
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
    pub fn new(
        public_url: &Url,
        further: &[String],
        listen: SocketAddr,
        regions: Arc<Regions>,
    ) -> Self {
        let origin = public_url.origin().ascii_serialization();
        let mut hosts: BTreeSet<String> = further
            .iter()
            .map(|host| host.to_ascii_lowercase())
            .collect();
        hosts.extend(origin.split_once("://").map(|(_, host)| host.to_owned()));
        hosts.extend(loopback_names(listen));
        let domains = hosts.iter().filter_map(|host| domain(host)).collect();
        let served = hosts.into_iter().map(|host| {
            let region = region_and_domain(&host).and_then(|(name, _)| regions.find(name));
            (host, region)
        });
        Self {
            served: served.collect(),
            domains,
            regions,
            origin,
        }
    }

    /// These hosts, and the names of a listener for operators: also those by which it is called on its own machine,
    /// or through a tunnel that ends there, where it listens at every address.
    pub fn with_operators(&self, listen: SocketAddr) -> Self {
        let mut served = self.served.clone();
        served.insert(listen.to_string(), None);
        let mut here = listen;
        if listen.ip().is_unspecified() {
            here.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        served.extend(loopback_names(here).map(|name| (name, None)));
        Self {
            served,
            domains: self.domains.clone(),
            regions: Arc::clone(&self.regions),
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
        let host = only_host(headers)?;
        if self.find(host).is_some() {
            Ok(())
        } else {
            Err(HostError::NotServed)
        }
    }

    /// The region whose endpoint of STS the request was sent to; none where its host is no region's own.
    ///
    /// # Errors
    /// [`HostError`]
    pub fn endpoint(&self, headers: &HeaderMap) -> Result<Option<KnownRegion>, HostError> {
        let host = only_host(headers)?;
        if let Some(endpoint) = self.find(host) {
            return Ok(endpoint.clone());
        }
        let host = host.to_ascii_lowercase();
        let (region, domain) = region_and_domain(&host).ok_or(HostError::NotServed)?;
        let region = self.regions.find(region);
        let region = region.filter(|_| self.domains.contains(domain));
        region.map(Some).ok_or(HostError::NotServed)
    }

    fn find(&self, host: &str) -> Option<&Option<KnownRegion>> {
        let found = self.served.get(host);
        found.or_else(|| self.served.get(&host.to_ascii_lowercase()))
    }
}

fn only_host(headers: &HeaderMap) -> Result<&str, HostError> {
    let mut hosts = headers.get_all(HOST);
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(HostError::Missing);
    };
    host.to_str().map_err(|_| HostError::Missing)
}

/// What follows `sts.<region>.` at the endpoints of regions; nothing for an address.
fn domain(host: &str) -> Option<String> {
    let domain = host.strip_prefix("sts.").unwrap_or(host);
    let name = domain.rsplit_once(':').map_or(domain, |(name, _)| name);
    let is_name = matches!(url::Host::parse(name), Ok(url::Host::Domain(_)));
    is_name.then(|| domain.to_owned())
}

/// The parts of `sts.<region>.<domain>`.
fn region_and_domain(host: &str) -> Option<(&str, &str)> {
    host.strip_prefix("sts.")?.split_once('.')
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
    use crate::domain::{Enabling, Partition};

    fn hosts() -> Hosts {
        let own = ["us-east-1".parse().unwrap(), "home-1".parse().unwrap()];
        let further = ["sts.eu-west-1.example.com", "sts.internal.example:8443"];
        Hosts::new(
            &"https://Keys.example.com".parse().unwrap(),
            &further.map(str::to_owned),
            "127.0.0.1:8080".parse().unwrap(),
            Arc::new(Regions::new(Partition::Aws, &own)),
        )
    }

    fn headers(hosts: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for host in hosts {
            let value = HeaderValue::from_str(host).unwrap();
            headers.append(HeaderName::from_static("host"), value);
        }
        headers
    }

    fn check(host: &str) -> Result<(), HostError> {
        hosts().check(&headers(&[host]))
    }

    /// The region's name, or `-` at an endpoint of none.
    fn endpoint(host: &str) -> Result<String, HostError> {
        let endpoint = hosts().endpoint(&headers(&[host]))?;
        Ok(endpoint.map_or_else(|| "-".to_owned(), |known| known.region.to_string()))
    }

    #[test]
    fn operators_call_a_listener_at_every_address_as_its_machine_does() {
        let served = |listen: &str, host: &str| {
            let hosts = hosts().with_operators(listen.parse().unwrap());
            hosts.check(&headers(&[host])).is_ok()
        };
        for listen in ["0.0.0.0:8081", "[::]:8081", "127.0.0.1:8081"] {
            for host in ["127.0.0.1:8081", "localhost:8081", "[::1]:8081"] {
                assert!(served(listen, host), "{host} at {listen}");
            }
            assert!(!served(listen, "evil.example:8081"), "{listen}");
        }
        assert!(!served("10.0.0.11:8081", "127.0.0.1:8081"));
        assert!(served("10.0.0.11:8081", "10.0.0.11:8081"));
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
            // STS alone is asked there.
            "sts.eu-west-1.keys.example.com",
        ] {
            assert_eq!(check(bad), Err(HostError::NotServed), "{bad}");
        }
    }

    #[test]
    fn a_region_s_endpoint_is_told_by_its_host() {
        for (host, region) in [
            ("keys.example.com", "-"),
            ("sts.internal.example:8443", "-"),
            ("127.0.0.1:8080", "-"),
            ("sts.eu-west-1.example.com", "eu-west-1"),
            ("sts.ap-east-1.keys.example.com", "ap-east-1"),
            ("STS.AP-EAST-1.Keys.Example.com", "ap-east-1"),
            ("sts.home-1.keys.example.com", "home-1"),
            ("sts.eu-west-3.internal.example:8443", "eu-west-3"),
            ("sts.eu-west-3.localhost:8080", "eu-west-3"),
        ] {
            assert_eq!(endpoint(host).as_deref(), Ok(region), "{host}");
        }
        let opt_in = hosts().endpoint(&headers(&["sts.ap-east-1.keys.example.com"]));
        assert_eq!(opt_in.unwrap().unwrap().enabling, Enabling::OptIn);
    }

    #[test]
    fn a_host_that_is_nearly_a_region_s_endpoint_is_not_served() {
        for host in [
            "sts.eu-west-9.keys.example.com",
            "sts.cn-north-1.keys.example.com",
            "sts..keys.example.com",
            "sts.keys.example.com",
            "sts.eu-west-1.keys.example.com.",
            "sts.eu-west-1.keys.example.com:8443",
            "sts.eu-west-1.keys.example.com:",
            "sts.eu-west-1.sts.internal.example:8443",
            "sts.eu-west-1.internal.example",
            "sts.eu-west-1.evil.example",
            "sts.eu-west-1.keys.example.com.evil.example",
            "sts.eu-west-1.ap-east-1.keys.example.com",
            "x.sts.eu-west-1.keys.example.com",
            "sts.eu-west-1.127.0.0.1:8080",
            "sts.eu-west-1.[::1]:8080",
        ] {
            assert_eq!(endpoint(host), Err(HostError::NotServed), "{host}");
        }
    }

    #[test]
    fn two_hosts_are_none() {
        let headers = headers(&["keys.example.com", "keys.example.com"]);
        assert_eq!(hosts().check(&headers), Err(HostError::Missing));
        assert_eq!(hosts().endpoint(&headers), Err(HostError::Missing));
    }
}
