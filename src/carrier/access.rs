//! Who is calling the carrier surface: from the peer's address, the headers and the settings to a
//! caller's name or a refusal. Pure; answering, counting and logging are left to the surface.

mod credentials;

use std::net::IpAddr;
use std::sync::Arc;

use hyper::HeaderMap;
use ipnet::IpNet;
use secrecy::SecretString;

use crate::server::origin::{self, Networks, Unbelieved};
use credentials::Credentials;

/// The name kept with notices of callers that only `carrier.allow` admits.
const UNNAMED: &str = "carrier";

/// One `[[carrier.caller]]` of the settings.
#[derive(Debug, Clone)]
pub struct CallerRule {
    /// Kept with each notice.
    pub name: Arc<str>,
    /// Where this caller calls from.
    pub allow: Vec<IpNet>,
    /// User name and password it must send, if any.
    pub basic: Option<(String, SecretString)>,
}

/// The rules of the carrier surface, ready to judge.
#[derive(Debug)]
pub struct Access {
    allow: Networks,
    trusted_proxies: Networks,
    callers: Vec<Caller>,
    unnamed: Arc<str>,
}

#[derive(Debug)]
struct Caller {
    name: Arc<str>,
    allow: Networks,
    basic: Option<Credentials>,
}

/// The verdict on one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Go on.
    Admitted {
        /// The caller's name from the settings, or `carrier`.
        caller: Arc<str>,
        /// Where it calls from, proxies looked through; the key of its rate limit.
        address: IpAddr,
    },
    /// 403.
    Forbidden(Reason),
    /// 401: the address is a named caller's, the credentials are not.
    Unauthorized,
}

/// Why a request is forbidden. Displays as a sentence for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Says whom it forwards for, from a peer we do not believe.
    #[error(
        "{peer} sent Forwarded or X-Forwarded-For but is no trusted proxy; if it is your reverse proxy, \
         list it in carrier.trusted_proxies"
    )]
    UntrustedProxy {
        /// The peer.
        peer: IpAddr,
    },
    /// A trusted proxy named nobody, or unreadably.
    #[error(
        "trusted proxy {peer} sent no X-Forwarded-For that can be read: have it name whom it forwards for \
         (docs/behind-a-proxy.md)"
    )]
    UnnamedForward {
        /// The proxy.
        peer: IpAddr,
    },
    /// No rule holds the address.
    #[error("{address} is in neither carrier.allow nor any carrier.caller's allow")]
    NotAllowed {
        /// The caller's address, proxies looked through.
        address: IpAddr,
    },
}

/// Every word for a caller that is turned away.
pub(super) const REASONS: [&str; 4] = ["not_allowed", "untrusted_proxy", "unreadable_forward", "credentials"];

impl Reason {
    /// A word for a metric's label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::UntrustedProxy { .. } => "untrusted_proxy",
            Self::UnnamedForward { .. } => "unreadable_forward",
            Self::NotAllowed { .. } => "not_allowed",
        }
    }
}

impl Access {
    /// Rules from the settings: `carrier.allow`, `carrier.trusted_proxies`, `[[carrier.caller]]`.
    #[must_use]
    pub fn new(allow: Vec<IpNet>, trusted_proxies: Vec<IpNet>, callers: Vec<CallerRule>) -> Self {
        let callers = callers.into_iter().map(|rule| Caller {
            name: rule.name,
            allow: Networks::new(rule.allow),
            basic: rule.basic.map(|(user, password)| Credentials::new(user, password)),
        });
        Self {
            allow: Networks::new(allow),
            trusted_proxies: Networks::new(trusted_proxies),
            callers: callers.collect(),
            unnamed: UNNAMED.into(),
        }
    }

    /// Judges one request by the address of its TCP peer and its headers.
    #[must_use]
    pub fn admit(&self, peer: IpAddr, headers: &HeaderMap) -> Admission {
        let peer = peer.to_canonical();
        match origin::behind(peer, headers, &self.trusted_proxies) {
            Ok(address) => self.name(address, headers),
            Err(Unbelieved::Untrusted) => Admission::Forbidden(Reason::UntrustedProxy { peer }),
            Err(Unbelieved::Unnamed) => Admission::Forbidden(Reason::UnnamedForward { peer }),
        }
    }

    /// Named callers first, those with matching credentials before those that need none, so that
    /// callers behind one address are told apart whatever their order.
    fn name(&self, address: IpAddr, headers: &HeaderMap) -> Admission {
        let admitted = |name: &Arc<str>| Admission::Admitted { caller: Arc::clone(name), address };
        let sent = credentials::sent(headers);
        let mut open = None;
        let mut guarded = false;
        for caller in self.callers.iter().filter(|caller| caller.allow.contains(address)) {
            match &caller.basic {
                Some(basic) if sent.as_ref().is_some_and(|sent| basic.match_sent(sent)) => {
                    return admitted(&caller.name);
                }
                Some(_) => guarded = true,
                None => open = open.or(Some(&caller.name)),
            }
        }
        match open {
            Some(name) => admitted(name),
            None if guarded => Admission::Unauthorized,
            None if self.allow.contains(address) => admitted(&self.unnamed),
            None => Admission::Forbidden(Reason::NotAllowed { address }),
        }
    }
}

#[cfg(test)]
mod tests;
