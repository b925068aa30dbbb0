//! Callers who get a token, a key or a signature wrong: beyond so many in a second their address is not heard,
//! whatever it sends, so that nobody guesses at speed. What is wrong is told by the surfaces.

use std::time::{Duration, Instant};

use ipnet::IpNet;

use super::Request;
use super::origin::{self, Networks};
use crate::limits::{Block, Limited, Strikes};

/// What one surface remembers of wrong guesses.
pub struct Guesses {
    trusted_proxies: Networks,
    strikes: Strikes<Block>,
}

impl Guesses {
    /// `per_second` wrong ones from each address (`limits.bad_signature_per_second`; 0: no limit). Behind one of
    /// `trusted_proxies` the address is the one that it forwards for.
    #[must_use]
    pub fn new(per_second: u32, trusted_proxies: Vec<IpNet>) -> Self {
        let strikes = Strikes::new(per_second, Duration::from_secs(1));
        Self { trusted_proxies: Networks::new(trusted_proxies), strikes }
    }

    /// Who asks, where it is heard; behind a proxy that is not trusted, the proxy.
    ///
    /// # Errors
    /// [`Limited`].
    pub fn admit(&self, request: &Request) -> Result<Block, Limited> {
        let address = origin::behind(request.peer, &request.headers, &self.trusted_proxies);
        let block = Block::of(address.unwrap_or(request.peer));
        self.strikes.check(&block, Instant::now()).map(|()| block)
    }

    /// Counts a wrong one.
    pub fn wrong(&self, block: Block) {
        self.strikes.strike(&block, Instant::now());
    }
}
