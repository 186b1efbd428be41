//! Who is at the other end (decision 14).

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{X_FORWARDED_FOR, X_FORWARDED_PROTO};
use ipnet::IpNet;

/// The proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count.
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    listens_on_tls: bool,
}

/// Who asks, and whether the way there is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The address of the client.
    pub address: IpAddr,
    /// Whether the client speaks TLS.
    pub is_secure: bool,
}

impl TrustedProxies {
    /// These networks; `listens_on_tls` says whether this node speaks TLS itself.
    pub const fn new(networks: Vec<IpNet>, listens_on_tls: bool) -> Self {
        Self {
            networks,
            listens_on_tls,
        }
    }

    /// The client behind a request. Forwarding headers are read from trusted proxies only, from
    /// right to left, up to the first address that is not trusted. The client speaks TLS where every
    /// proxy that says so says `https`: values that disagree prove nothing.
    pub fn peer(&self, request: &HttpRequest) -> Peer {
        let direct = request
            .peer_addr()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let direct = direct.to_canonical();
        if !self.trusts(direct) {
            return self.itself(direct);
        }
        let header = |name| {
            request
                .headers()
                .get_all(name)
                // What is no text is no address and no protocol, and still stands in its place.
                .map(|value| value.to_str().unwrap_or_default())
                .flat_map(|list| list.split(','))
        };
        let forwarded: Vec<&str> = header(X_FORWARDED_FOR).collect();
        let protocols: Vec<&str> = header(X_FORWARDED_PROTO).collect();
        self.resolve(direct, &forwarded, &protocols)
    }

    fn resolve(&self, direct: IpAddr, forwarded: &[&str], protocols: &[&str]) -> Peer {
        if !self.trusts(direct) {
            return self.itself(direct);
        }
        let mut address = direct;
        for hop in forwarded.iter().rev() {
            let Ok(hop) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            address = hop.to_canonical();
            if !self.trusts(address) {
                break;
            }
        }
        let is_secure = match protocols {
            [] => self.listens_on_tls,
            said => said.iter().all(|protocol| protocol.trim() == "https"),
        };
        Peer { address, is_secure }
    }

    /// Whoever is connected, behind no proxy of ours.
    const fn itself(&self, direct: IpAddr) -> Peer {
        Peer {
            address: direct,
            is_secure: self.listens_on_tls,
        }
    }

    /// Whether the address, not mapped into IPv6, is a proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    use super::*;

    fn resolve(direct: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()], false);
        proxies
            .resolve(direct.parse().unwrap(), forwarded, &[])
            .address
            .to_string()
    }

    #[test]
    fn an_untrusted_peer_says_nothing_of_others() {
        assert_eq!(resolve("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    }

    #[test]
    fn hops_are_read_from_the_right_up_to_the_first_untrusted_one() {
        assert_eq!(
            resolve("10.0.0.1", &["198.51.100.7", "203.0.113.9", " 10.0.0.2"]),
            "203.0.113.9"
        );
        assert_eq!(resolve("10.0.0.1", &["10.0.0.3", "10.0.0.2"]), "10.0.0.3");
        assert_eq!(resolve("10.0.0.1", &["203.0.113.9", "unknown"]), "10.0.0.1");
        assert_eq!(resolve("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_protocol_counts_from_a_trusted_proxy_only() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()], false);
        let secure = |direct: &str| {
            proxies
                .resolve(direct.parse().unwrap(), &[], &["https"])
                .is_secure
        };
        assert!(secure("10.0.0.1"));
        assert!(!secure("192.0.2.1"));
    }

    #[test]
    fn protocols_that_disagree_are_not_secure() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()], false);
        let secure = |lines: &[&[u8]]| {
            let mut request = TestRequest::default().peer_addr("10.0.0.1:1".parse().unwrap());
            for line in lines {
                let line = HeaderValue::from_bytes(line).unwrap();
                request = request.append_header(("x-forwarded-proto", line));
            }
            proxies.peer(&request.to_http_request()).is_secure
        };
        for lines in [
            &[&b"https"[..]][..],
            &[b"https, https"],
            &[b"https", b"https"],
        ] {
            assert!(secure(lines), "{lines:?}");
        }
        for lines in [
            &[&b"http"[..]][..],
            &[b"https, http"],
            &[b"http, https"],
            &[b"https", b"http"],
            &[b"http", b"https"],
            &[b"https", b"\xff"],
            &[b""],
        ] {
            assert!(!secure(lines), "{lines:?}");
        }
    }
}
