//! Who may call the admin listener: not a web page that an operator happens to have open (`Host` and
//! `Origin`), and not anyone without the token where one is set.

use std::net::IpAddr;

use hyper::header::{AUTHORIZATION, HOST, ORIGIN};
use hyper::{HeaderMap, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::json::{self, Problem};

/// The request must name a host that is loopback or listed: a page elsewhere can point its own name
/// at this address, but cannot make a browser send another `Host`.
pub(super) fn host(headers: &HeaderMap, listed: &[String]) -> Result<(), Problem> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = name(host).to_ascii_lowercase();
    if is_loopback(&name) || listed.contains(&name) {
        return Ok(());
    }
    Err(forbidden("this Host is neither loopback nor listed in admin.hosts"))
}

/// What changes something must not come from a page of another origin.
pub(super) fn origin(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method == Method::GET {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own =
        |origin: &str| origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host));
    let foreign_origin = text(ORIGIN.as_str()).is_some_and(|origin| !own(origin));
    let foreign_site = text("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    if foreign_origin || foreign_site {
        return Err(forbidden("this request comes from a page of another origin"));
    }
    Ok(())
}

/// The Bearer token, compared in constant time.
pub(super) fn token(headers: &HeaderMap, token: &SecretString) -> Result<(), Problem> {
    let sent = json::bearer(headers.get(AUTHORIZATION)).unwrap_or_default();
    if bool::from(token.expose_secret().as_bytes().ct_eq(sent)) {
        return Ok(());
    }
    Err(Problem::unauthorized("the admin token is needed"))
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, detail)
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(host, |(address, _)| address),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

fn is_loopback(name: &str) -> bool {
    let address = name.parse::<IpAddr>().map(|address| address.to_canonical());
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_known_hosts_are_served() {
        let listed = ["ops.example".to_owned()];
        for (name, good) in [
            ("localhost", true),
            ("LOCALHOST:8081", true),
            ("127.0.0.1:8081", true),
            ("127.9.9.9", true),
            ("[::1]:8081", true),
            ("ops.example:8081", true),
            ("localhost.evil.example", false),
            ("evil.example", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(host(&headers(&[("host", name)]), &listed).is_ok(), good, "{name}");
        }
        assert!(host(&HeaderMap::new(), &listed).is_err());
    }

    #[test]
    fn pages_of_other_origins_change_nothing() {
        let own = ("host", "127.0.0.1:8081");
        for (more, good) in [
            (vec![], true),
            (vec![("origin", "http://127.0.0.1:8081")], true),
            (vec![("origin", "http://127.0.0.1:9999")], false),
            (vec![("origin", "https://evil.example")], false),
            (vec![("origin", "null")], false),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "none")], true),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("sec-fetch-site", "same-site")], false),
        ] {
            let all: Vec<_> = std::iter::once(own).chain(more).collect();
            assert_eq!(origin(&Method::POST, &headers(&all)).is_ok(), good, "{all:?}");
            assert!(origin(&Method::GET, &headers(&all)).is_ok());
        }
    }
}
