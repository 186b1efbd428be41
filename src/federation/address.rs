//! Which addresses may be connected to, and the resolver that hands out no other ones.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::HostName;

/// Which addresses may be connected to.
#[derive(Debug, Clone)]
pub(super) enum AddressRule {
    /// Addresses of the public internet, and these networks.
    Public {
        /// Networks that are allowed although they are not public.
        listed: Vec<IpNet>,
    },
    /// Loopback addresses only: for listed plain-http issuers.
    Loopback,
}

impl AddressRule {
    /// Whether `address` may be connected to.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Public { listed } => {
                is_public(address) || listed.iter().any(|network| network.contains(&address))
            }
            Self::Loopback => address.is_loopback(),
        }
    }
}

/// A name stands for addresses of which none may be connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} stands for {address}, which is not allowed")]
pub struct BlockedAddress {
    /// The name.
    pub host: String,
    /// The first address it stands for.
    pub address: IpAddr,
}

/// Resolves a name and hands out the allowed addresses alone. The connection is made to what was
/// handed out, with no second look-up between, so a name that changes its mind gains nothing.
pub(super) struct CheckedResolver {
    inner: Arc<dyn Resolve>,
    rule: AddressRule,
}

impl CheckedResolver {
    /// Checks what `inner` answers.
    pub(super) fn new(inner: Arc<dyn Resolve>, rule: AddressRule) -> Self {
        Self { inner, rule }
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let rule = self.rule.clone();
        let answer = self.inner.resolve(name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = answer.await?.collect();
            let (allowed, blocked): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|address| rule.allows(address.ip()));
            match blocked.first() {
                Some(address) if allowed.is_empty() => Err(BlockedAddress {
                    host,
                    address: address.ip(),
                }
                .into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// Listed names stand for exactly the addresses beside them; the system resolves the others.
pub(super) struct ListedResolver(BTreeMap<HostName, Vec<IpAddr>>);

impl ListedResolver {
    /// Knows these names.
    pub(super) const fn new(listed: BTreeMap<HostName, Vec<IpAddr>>) -> Self {
        Self(listed)
    }
}

impl Resolve for ListedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_ascii_lowercase();
        if let Some(listed) = self.0.get(host.as_str()) {
            let addresses = listed.iter().map(|address| SocketAddr::new(*address, 0));
            let addresses: Vec<_> = addresses.collect();
            return Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) });
        }
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host, 0)).await?;
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// IPv4 blocks that are not public (IANA special-purpose registry), multicast and reserved ones.
const CLOSED_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// The one IPv6 block that holds public unicast addresses, and its parts that are not.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);
const CLOSED_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),
    v6(0x2001, 0x0db8, 32),
    v6(0x2002, 0, 16),
    v6(0x3fff, 0, 20),
];
/// Addresses of IPv4 hosts seen through a translator (RFC 6052).
const NAT64: Ipv6Net = v6(0x0064, 0xff9b, 96);

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !CLOSED_V4.iter().any(|network| network.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if NAT64.contains(&address) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    GLOBAL_V6.contains(&address) && !CLOSED_V6.iter().any(|network| network.contains(&address))
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(first: u16, second: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: [&str; 32] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2001::1",
    ];

    fn public() -> AddressRule {
        AddressRule::Public { listed: Vec::new() }
    }

    #[test]
    fn no_address_off_the_public_internet_is_allowed() {
        for text in CLOSED {
            assert!(!public().allows(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_allowed() {
        for text in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(public().allows(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_listed_network_is_allowed_in_either_spelling() {
        let rule = AddressRule::Public {
            listed: vec!["10.1.0.0/16".parse().unwrap()],
        };
        assert!(rule.allows("10.1.2.3".parse().unwrap()));
        assert!(rule.allows("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!rule.allows("10.2.0.1".parse().unwrap()));
    }

    #[test]
    fn the_loopback_rule_allows_nothing_else() {
        for text in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert!(
                AddressRule::Loopback.allows(text.parse().unwrap()),
                "{text}"
            );
        }
        for text in ["1.1.1.1", "10.0.0.1", "169.254.169.254", "::"] {
            assert!(
                !AddressRule::Loopback.allows(text.parse().unwrap()),
                "{text}"
            );
        }
    }

    struct Answers(std::sync::Mutex<Vec<Vec<&'static str>>>);

    impl Resolve for Answers {
        fn resolve(&self, _: Name) -> Resolving {
            let answer = self.0.lock().unwrap().remove(0);
            let addresses: Vec<SocketAddr> = answer
                .into_iter()
                .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
                .collect();
            Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
        }
    }

    async fn resolve(resolver: &CheckedResolver) -> Result<Vec<IpAddr>, BlockedAddress> {
        match resolver.resolve("idp.example.com".parse().unwrap()).await {
            Ok(addresses) => Ok(addresses.map(|address| address.ip()).collect()),
            Err(error) => Err(*error.downcast().unwrap()),
        }
    }

    #[tokio::test]
    async fn a_rebound_name_is_blocked_at_its_second_answer() {
        let answers = Answers(std::sync::Mutex::new(vec![
            vec!["1.1.1.1"],
            vec!["127.0.0.1"],
        ]));
        let resolver = CheckedResolver::new(Arc::new(answers), public());
        assert_eq!(
            resolve(&resolver).await,
            Ok(vec!["1.1.1.1".parse().unwrap()])
        );
        assert_eq!(
            resolve(&resolver).await,
            Err(BlockedAddress {
                host: "idp.example.com".into(),
                address: "127.0.0.1".parse().unwrap(),
            })
        );
    }

    fn listed(addresses: &[&str]) -> CheckedResolver {
        let addresses = addresses.iter().map(|text| text.parse().unwrap());
        let names = [("idp.example.com".parse().unwrap(), addresses.collect())];
        CheckedResolver::new(Arc::new(ListedResolver::new(names.into())), public())
    }

    #[tokio::test]
    async fn a_listed_name_stands_for_exactly_its_addresses() {
        let both = ["1.1.1.1".parse().unwrap(), "2606:4700::1".parse().unwrap()];
        let resolver = listed(&["1.1.1.1", "2606:4700::1"]);
        assert_eq!(resolve(&resolver).await, Ok(both.to_vec()));
    }

    #[tokio::test]
    async fn a_listed_private_address_is_blocked_all_the_same() {
        let blocked = BlockedAddress {
            host: "idp.example.com".into(),
            address: "10.0.0.1".parse().unwrap(),
        };
        assert_eq!(resolve(&listed(&["10.0.0.1"])).await, Err(blocked));
    }

    #[tokio::test]
    async fn the_system_resolves_a_name_that_is_not_listed() {
        let names = ListedResolver::new([("idp.example.com".parse().unwrap(), vec![])].into());
        let found = names.resolve("localhost".parse().unwrap()).await.unwrap();
        assert!(found.map(|address| address.ip()).all(|ip| ip.is_loopback()));
    }

    #[tokio::test]
    async fn only_the_allowed_addresses_of_a_mixed_answer_are_handed_out() {
        let answers = Answers(std::sync::Mutex::new(vec![vec!["10.0.0.1", "1.1.1.1"]]));
        let resolver = CheckedResolver::new(Arc::new(answers), public());
        assert_eq!(
            resolve(&resolver).await,
            Ok(vec!["1.1.1.1".parse().unwrap()])
        );
    }
}
