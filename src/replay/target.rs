//! Where messages are sent: `http://[user:password@]host:port[/base]`. TLS is the reverse proxy's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;

/// A gateway's address.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// `host:port`, to connect to and for the `Host` header.
    pub(super) authority: String,
    /// Put before every path.
    pub(super) base: String,
    /// Sent by cases that bring no `Authorization` of their own.
    pub(super) authorization: Option<HeaderValue>,
}

impl Target {
    /// Reads a target; the fault follows the option's name, and holds no password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("is no address: {error}"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err("is https, and replay speaks http only; TLS belongs to the reverse proxy, \
                            so name the gateway's own listener"
                    .to_owned());
            }
            _ => return Err("does not begin with http://".to_owned()),
        }
        if uri.query().is_some() {
            return Err("has a query; put it into the cases' paths".to_owned());
        }
        let whole = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let (user, _) = whole.rsplit_once('@').unzip();
        let host = uri.host().unwrap_or_default();
        Ok(Self {
            authority: format!("{host}:{}", uri.port_u16().unwrap_or(80)),
            base: uri.path().trim_end_matches('/').to_owned(),
            authorization: user.and_then(basic),
        })
    }
}

fn basic(user: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(user))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let read = |text| Target::parse(text).map(|target| (target.authority, target.base));
        assert_eq!(read("http://127.0.0.1:8080"), Ok(("127.0.0.1:8080".into(), String::new())));
        assert_eq!(read("http://gw/base/"), Ok(("gw:80".into(), "/base".into())));
        assert_eq!(read("http://[::1]:81/"), Ok(("[::1]:81".into(), String::new())));
        assert!(read("https://gw:8443").is_err_and(|fault| fault.contains("reverse proxy")));
        for text in ["", "127.0.0.1:8080", "ftp://gw", "http://gw/?x=1", "http://"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_user_becomes_basic_credentials() {
        let target = Target::parse("http://sdp:secret@gw:8080").unwrap();
        assert_eq!(target.authority, "gw:8080");
        assert_eq!(target.authorization.unwrap(), "Basic c2RwOnNlY3JldA==");
    }
}
