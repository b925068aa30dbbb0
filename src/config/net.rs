//! Networks, offsets and names as settings spell them. Leaves whom a network admits to the surfaces.

use std::net::{IpAddr, SocketAddr};

use chrono::FixedOffset;
use ipnet::{IpNet, Ipv4Net};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

use super::reading::Reading;

/// Reads CIDRs; a bare address is the network of that address alone. An IPv4 network in its
/// IPv4-mapped IPv6 spelling becomes the IPv4 network, as its callers' addresses do.
pub(super) fn nets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let (good, bad): (Vec<_>, Vec<_>) =
        texts.iter().map(|text| net(text.trim()).ok_or(text)).partition(Result::is_ok);
    if bad.is_empty() {
        return Ok(good.into_iter().flatten().collect());
    }
    let bad: Vec<_> = bad.into_iter().filter_map(Result::err).map(|text| format!("{text:?}")).collect();
    Err(D::Error::custom(format!("{}: no network (10.0.0.0/8) and no address", bad.join(", "))))
}

fn net(text: &str) -> Option<IpNet> {
    let net = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().ok()?,
    };
    Some(unmapped(net).trunc())
}

fn unmapped(net: IpNet) -> IpNet {
    let IpNet::V6(six) = net else { return net };
    let four = six.addr().to_ipv4_mapped().zip(six.prefix_len().checked_sub(96));
    four.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok()).map_or(net, IpNet::V4)
}

/// Reads `+07:00`; no further from UTC than 14 hours, as no zone is.
pub(super) fn offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FixedOffset, D::Error> {
    let text = String::deserialize(deserializer)?;
    let read = seconds(&text).and_then(FixedOffset::east_opt);
    read.ok_or_else(|| D::Error::custom(format!("{text:?} is not of the form +07:00, at most 14 hours")))
}

fn seconds(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let digits = |at: usize| bytes[at..at + 2].iter().all(u8::is_ascii_digit);
    if !text.is_ascii() || bytes.len() != 6 || bytes[3] != b':' || !digits(1) || !digits(4) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (text[1..3].parse().ok()?, text[4..6].parse().ok()?);
    let east = hours * 3600 + minutes * 60;
    match bytes[0] {
        _ if minutes > 59 || east > 14 * 3600 => None,
        b'+' => Some(east),
        b'-' => Some(-east),
        _ => None,
    }
}

/// Writes what [`offset`] reads.
pub(super) fn write_offset<S: Serializer>(offset: &FixedOffset, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(offset)
}

/// Two listeners on one address can never both start (port 0 is a free one each time).
pub(super) fn check_apart(
    reading: &mut Reading,
    key: &str,
    listen: SocketAddr,
    others: &[Option<SocketAddr>],
) {
    if listen.port() != 0 && others.contains(&Some(listen)) {
        reading.fault(key, format!("{listen} is another listener's address too"));
    }
}

/// What is wrong with a name that people and logs use, if anything is.
pub(super) fn name_fault(name: &str) -> Option<&'static str> {
    let fit = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    match name {
        "" => Some("is missing or empty"),
        _ if name.len() > 64 || !name.chars().all(fit) => Some("is not 1 to 64 of A-Z a-z 0-9 . - _"),
        _ => None,
    }
}

/// Whether paths may be put behind `url`: http or https, a host, perhaps a path, no `/` at the end.
pub(super) fn is_url_prefix(url: &str) -> bool {
    let Ok(uri) = url.parse::<hyper::Uri>() else { return false };
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    web && uri.query().is_none() && !url.ends_with('/') && !url.contains(['@', '#'])
}
