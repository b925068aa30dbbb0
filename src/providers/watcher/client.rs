//! How Watcher is called: with the administrator's key, and lists in pages. Leaves what is called to its
//! siblings.

use std::fmt::Debug;

use secrecy::ExposeSecret;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use tokio::time::Instant;

use crate::config::WatcherRemote;
use crate::providers::rest::{Call, Rest};
use crate::providers::{ClientError, Fault, Why};

/// Rows asked for at once. A system that gives fewer than were asked for ends its list, so this is below
/// what any is likely to give at most.
pub const PAGE: usize = 100;

/// No page read is longer, in bytes: a camera has about two thousand.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// No list is read further, in pages: two million cameras.
const PAGES_MAX: usize = 10_000;

/// Calls Watcher as its administrator.
pub struct Client(pub(super) Rest);

/// Part of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The rows, in Watcher's order.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<usize>,
}

fn headers(settings: &WatcherRemote) -> [(&'static str, &str); 1] {
    [("x-vsaas-api-key", settings.api_key.expose_secret())]
}

impl Client {
    /// Builds the client; nothing is called yet. `provider` is for the log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(provider: &str, settings: &WatcherRemote) -> Result<Self, ClientError> {
        let base = format!("{}/vsaas/api/v2", settings.base_url);
        Rest::new(provider, "Watcher", base, &headers(settings), settings.timeout_ms).map(Self)
    }

    /// Takes the key of other settings.
    pub(super) fn renew(&self, settings: &WatcherRemote) -> Result<(), ClientError> {
        self.0.renew(&headers(settings))
    }

    /// One page of a list. A page shorter than asked for is the last; one that is longer comes from a system
    /// that knows no pages, and is everything.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        call: Call,
        offset: usize,
        deadline: Instant,
    ) -> Result<Page<T>, Fault> {
        let call = call.query("limit", PAGE).query("offset", offset).long(PAGE_BYTES_MAX);
        let rows: Vec<T> = self.0.read(call, deadline).await?;
        let next = (rows.len() == PAGE).then_some(offset + PAGE);
        Ok(Page { rows, next })
    }

    /// Reads a list page by page until `found` returns something. A second page that begins like the one
    /// before it ends the list, lest a system that knows no pages be asked for ever.
    pub(super) async fn walk<T, K, R>(
        &self,
        call: impl Fn() -> Call,
        key: impl Fn(&T) -> K,
        mut found: impl FnMut(T) -> Option<R>,
        deadline: Instant,
    ) -> Result<Option<R>, Fault>
    where
        T: DeserializeOwned,
        K: PartialEq + Debug,
    {
        let (mut offset, mut first) = (0, None);
        for _ in 0..PAGES_MAX {
            let page: Page<T> = self.page(call(), offset, deadline).await?;
            let begins = page.rows.first().map(&key);
            if offset > 0 && begins == first {
                return Ok(None);
            }
            first = begins;
            if let Some(result) = page.rows.into_iter().find_map(&mut found) {
                return Ok(Some(result));
            }
            match page.next {
                Some(next) => offset = next,
                None => return Ok(None),
            }
        }
        Err(Fault::Never(Why::new("Watcher: a list that does not end")))
    }

    /// A whole list.
    pub(super) async fn all<T, K>(
        &self,
        call: impl Fn() -> Call,
        key: impl Fn(&T) -> K,
        deadline: Instant,
    ) -> Result<Vec<T>, Fault>
    where
        T: DeserializeOwned,
        K: PartialEq + Debug,
    {
        let mut rows = Vec::new();
        let keep = |row| {
            rows.push(row);
            None::<()>
        };
        self.walk(call, key, keep, deadline).await?;
        Ok(rows)
    }
}

/// Reads `null` like a field that is not there.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
