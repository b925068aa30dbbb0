//! Who may call the admin listener: not a web page that an operator happens to have open (`Host` and
//! `Origin`), not whoever reaches a proxy before it, and not anyone without the token where one is set.

use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use hyper::{HeaderMap, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::config::Host;
use crate::json::{self, Problem};
use crate::server::origin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The request must name a host that is loopback or listed: a page elsewhere can point its own name
/// at this address, but cannot make a browser send another `Host`.
pub(super) fn host(headers: &HeaderMap, listed: &[Host]) -> Result<(), Problem> {
    match named(headers) {
        Some((host, _)) if host.is_loopback() || listed.contains(&host) => Ok(()),
        _ => Err(forbidden("this Host is neither loopback nor listed in admin.hosts")),
    }
}

/// What changes something must not come from a page of another origin.
pub(super) fn origin(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if method == Method::GET {
        return Ok(());
    }
    let foreign_origin = headers.get(ORIGIN).is_some_and(|origin| {
        let own = origin.to_str().ok().zip(named(headers));
        !own.is_some_and(|(origin, (host, port))| is_own(origin, &host, port))
    });
    let site = headers.get(SEC_FETCH_SITE).map(|site| site.as_bytes());
    if foreign_origin || !matches!(site, None | Some(b"same-origin" | b"none")) {
        return Err(forbidden("this request comes from a page of another origin"));
    }
    Ok(())
}

/// Whether an `Origin` is of this host and port. A `Host` without a port may have had one: nginx's `$host`,
/// which most set-ups pass on, has lost it.
fn is_own(origin: &str, host: &Host, port: Option<u16>) -> bool {
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    let Some((named, explicit)) = Host::parse_with_port(rest) else { return false };
    let usual = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    named == *host && (port.is_none() || port == explicit.or(usual))
}

/// Without a token only this machine may call, and a proxy on it is not whom it forwards for.
pub(super) fn direct(headers: &HeaderMap) -> Result<(), Problem> {
    if origin::forwards(headers) {
        return Err(forbidden("this request came through a proxy: behind one, admin.token must be set"));
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

/// The host that a request names, and its port; none where it names none, or two.
fn named(headers: &HeaderMap) -> Option<(Host, Option<u16>)> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none())?;
    Host::parse_with_port(host.to_str().ok()?)
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_known_hosts_are_served() {
        let listed =
            ["Ops.example.", "fd00::1", "[fd00::2]", "10.0.0.2"].map(|text| Host::parse(text).unwrap());
        for (name, good) in [
            ("localhost", true),
            ("LOCALHOST:8081", true),
            ("127.0.0.1:8081", true),
            ("127.9.9.9", true),
            ("[::1]:8081", true),
            ("ops.example:8081", true),
            ("OPS.example.", true),
            ("ops.example.:8081", true),
            ("[fd00::1]:8081", true),
            ("[FD00:0::1]", true),
            ("fd00::2", true),
            ("[fd00::2]:8081", true),
            ("[::ffff:10.0.0.2]:8081", true),
            ("localhost.", true),
            ("[::ffff:127.0.0.1]", true),
            ("[fd00::3]:8081", false),
            ("ops.example..", false),
            ("ops.example:port", false),
            ("user@ops.example", false),
            ("localhost.evil.example", false),
            ("evil.example", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(host(&headers(&[("host", name)]), &listed).is_ok(), good, "{name}");
        }
        assert!(host(&HeaderMap::new(), &listed).is_err());
        let mut two = headers(&[("host", "ops.example")]);
        two.append(HOST, "ops.example".parse().unwrap());
        assert!(host(&two, &listed).is_err(), "which of them?");
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

    #[test]
    fn a_proxy_may_have_taken_the_port_away() {
        for (host, from, good) in [
            ("ops.example", "https://ops.example:8443", true),
            ("ops.example", "https://ops.example", true),
            ("OPS.example.", "https://ops.example:8443", true),
            ("[fd00::1]", "http://[fd00:0::1]:8443", true),
            ("ops.example:443", "https://ops.example", true),
            ("ops.example:80", "http://ops.example", true),
            ("ops.example:443", "http://ops.example", false),
            ("ops.example:8443", "https://ops.example:9443", false),
            ("ops.example:8443", "https://ops.example", false),
            ("ops.example", "https://evil.example:8443", false),
            ("ops.example", "https://ops.example.evil.example", false),
            ("ops.example", "ops.example", false),
            ("ops.example", "https://ops.example/", false),
            ("ops.example", "", false),
        ] {
            let all = headers(&[("host", host), ("origin", from)]);
            assert_eq!(origin(&Method::POST, &all).is_ok(), good, "{host} {from}");
        }
    }
}
