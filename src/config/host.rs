//! Names of hosts as settings, `Host` and `Origin` spell them, made the same: a name without regard to case
//! and a final dot, an address in any of its spellings, IPv6 with brackets or without.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name that DNS can hold, in bytes.
const NAME_BYTES_MAX: usize = 253;

/// One host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// In lower case, without a final dot.
    Name(String),
    /// An IPv4-mapped IPv6 address is the IPv4 one.
    Address(IpAddr),
}

impl Host {
    /// Reads a host without a port.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(six) = bracketed {
            return six.parse().map(|six: Ipv6Addr| Self::Address(six.to_canonical())).ok();
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let fit = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        let good = !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(fit);
        good.then(|| Self::Name(name.to_ascii_lowercase()))
    }

    /// Reads a host with its port, if it has one, as `Host` holds them.
    #[must_use]
    pub fn parse_with_port(text: &str) -> Option<(Self, Option<u16>)> {
        // In an address without brackets every colon is its own.
        if let Some(host) = Self::parse(text) {
            return Some((host, None));
        }
        let (host, port) = text.rsplit_once(':')?;
        if host.contains(':') && !host.ends_with(']') {
            return None;
        }
        // `HOST:` is a host whose port is left to the scheme (RFC 3986, section 3.2.3).
        let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
        Some((Self::parse(host)?, port))
    }

    /// Whether it is this machine, whoever asks.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Address(address) => address.is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V6(six)) => write!(f, "[{six}]"),
            Self::Address(four) => four.fmt(f),
        }
    }
}

/// Reads hosts; all that are none are named at once.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Host>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let bad = texts.iter().filter(|text| Host::parse(text).is_none()).map(|text| format!("{text:?}"));
    let bad: Vec<_> = bad.collect();
    if bad.is_empty() {
        return Ok(texts.iter().filter_map(|text| Host::parse(text)).collect());
    }
    Err(D::Error::custom(format!("{}: no host name and no address, or with a port", bad.join(", "))))
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_in_any_spelling() {
        for (spellings, shown) in [
            (&["ops.example", "OPS.Example", "ops.example."][..], "ops.example"),
            (&["fd00::1", "[fd00::1]", "FD00:0:0::1", "[fd00:0000::0001]"], "[fd00::1]"),
            (&["10.0.0.1", "::ffff:10.0.0.1", "[::FFFF:10.0.0.1]"], "10.0.0.1"),
        ] {
            for text in spellings {
                let host = Host::parse(text).unwrap_or_else(|| panic!("{text}"));
                assert_eq!(host.to_string(), shown, "{text}");
                assert_eq!(Host::parse_with_port(text), Some((host.clone(), None)), "{text}");
                let with_port = format!("{}:8081", if text.contains("::") { shown } else { text });
                assert_eq!(Host::parse_with_port(&with_port), Some((host, Some(8081))), "{with_port}");
            }
        }
        assert_eq!(Host::parse_with_port("ops.example:"), Some((Host::Name("ops.example".into()), None)));
    }

    #[test]
    fn what_is_no_host() {
        for text in
            ["", ".", "a b", "a:1", "[fd00::1", "fd00::1]", "[10.0.0.1]", "[]", "a/b", "a@b", "*", "é"]
        {
            assert_eq!(Host::parse(text), None, "{text}");
        }
        for text in ["", ":", ":80", "a:b", "a:65536", "a:1:2", "[fd00::1]x", "[fd00::1]:x", "a..:-1"] {
            assert_eq!(Host::parse_with_port(text), None, "{text}");
        }
        assert_eq!(Host::parse(&"a".repeat(254)), None);
    }
}
