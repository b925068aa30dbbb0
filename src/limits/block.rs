//! Whom an address stands for when it is counted or limited: whoever has one IPv6 address has 2^64 of them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The bits of an IPv6 address that a network gives out; the host chooses the others as it likes.
const NETWORK_BITS: u8 = 64;

/// One IPv4 address, or the /64 of an IPv6 one. An IPv4-mapped IPv6 address is the IPv4 one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block(IpAddr);

impl Block {
    /// The block that an address is in.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let network = u128::from(v6) >> (128 - NETWORK_BITS) << (128 - NETWORK_BITS);
                Self(IpAddr::V6(Ipv6Addr::from(network)))
            }
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => write!(f, "{v4}"),
            IpAddr::V6(v6) => write!(f, "{v6}/{NETWORK_BITS}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, block: &str) {
        assert_eq!(Block::of(address.parse().expect("an address")).to_string(), block);
    }

    #[test]
    fn an_ipv6_network_is_one_and_an_ipv4_address_is_one() {
        check("2001:db8:1:2::1", "2001:db8:1:2::/64");
        check("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64");
        check("2001:db8:1:3::1", "2001:db8:1:3::/64");
        check("::1", "::/64");
        check("198.51.100.7", "198.51.100.7");
        check("::ffff:198.51.100.7", "198.51.100.7");
    }
}
