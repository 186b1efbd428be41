//! Which addresses are one party's.

use std::net::{IpAddr, Ipv6Addr};

/// The network that `address` is counted as: an IPv4 address by itself, an IPv6 address as the first of
/// its /64. One IPv6 subscriber has a /64, and could use each of its addresses once.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> String {
        network_of(address.parse().unwrap()).to_string()
    }

    #[test]
    fn an_ipv4_address_is_a_network_of_its_own_however_it_is_written() {
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn ipv6_addresses_of_a_64_are_one_network_and_of_its_neighbour_another() {
        assert_eq!(network("2001:db8:0:1::1"), "2001:db8:0:1::");
        assert_eq!(network("2001:db8:0:1:ffff:ffff::"), "2001:db8:0:1::");
        assert_eq!(network("2001:db8:0:2::1"), "2001:db8:0:2::");
    }
}
