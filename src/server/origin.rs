//! Where a request comes from: networks that know IPv4 in either spelling, and the caller's address behind
//! proxies we trust. What follows from that address is left to the surfaces.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};
use ipnet::{IpNet, Ipv4Net};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A list of CIDRs in which an IPv4-mapped IPv6 network is an IPv4 one.
#[derive(Debug, Clone)]
pub struct Networks(Vec<IpNet>);

/// Why what a peer says of others cannot be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbelieved {
    /// It is no trusted proxy.
    Untrusted,
    /// It is one, and names nobody that we can read.
    Unnamed,
}

impl Networks {
    /// These networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into_iter().map(canonical).collect())
    }

    /// Whether one of them holds this canonical address. No IPv6 network holds an IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else { return network };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    v4.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok()).map_or(network, IpNet::V4)
}

/// The address of whoever stands behind the trusted proxies: the right-most one that is not itself
/// trusted, the left-most when all are. The peer's own when it is no trusted proxy and forwards for nobody;
/// a trusted one is never taken for the caller, since that would let everybody in who can reach it.
///
/// # Errors
/// [`Unbelieved`].
pub fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> Result<IpAddr, Unbelieved> {
    if !trusted.contains(peer) {
        return if forwards(headers) { Err(Unbelieved::Untrusted) } else { Ok(peer) };
    }
    let mut found = None;
    for line in headers.get_all(X_FORWARDED_FOR).iter().collect::<Vec<_>>().into_iter().rev() {
        for entry in line.as_bytes().rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            // An empty element is none (RFC 9110, section 5.6.1).
            if entry.is_empty() {
                continue;
            }
            let address = read(entry).ok_or(Unbelieved::Unnamed)?;
            if !trusted.contains(address) {
                return Ok(address);
            }
            found = Some(address);
        }
    }
    found.ok_or(Unbelieved::Unnamed)
}

/// Whether a request says that somebody else sent it.
#[must_use]
pub fn forwards(headers: &HeaderMap) -> bool {
    headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED)
}

/// Reads `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]`, `[::1]:567`.
fn read(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(v6) => IpAddr::V6(v6.parse().ok()?),
        None => text.parse().or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?,
    };
    Some(address.to_canonical())
}
