//! How Watcher is called: with the administrator's key; lists in pages, and searched. Leaves what is called to its
//! siblings.
//!
//! What a search finds is only what has the text somewhere ("generally by name, title and comment", the reference
//! says), so whoever searches compares. A list ends with an empty page, however few rows Watcher gives at once.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::config::WatcherRemote;
use crate::providers::loose::Rows;
use crate::providers::rest::{Call, Rest};
use crate::providers::{ClientError, Fault, Why};

/// Rows asked for at once: no server is known to give fewer.
const PAGE: usize = 100;

/// No page read is longer, in bytes: a camera has about two thousand.
pub(super) const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// No list is read further, in pages: a million cameras.
const PAGES_MAX: usize = 10_000;

/// After so many pages in a row of which nothing can be read, nothing comes that could be: a system that knows no pages
/// gives the same one for ever.
const ODD_PAGES_MAX: usize = 100;

/// Whoever has a good key is answered there: where a Watcher has no `whoami` yet, by a list that we read anyway.
const PROOFS: [&str; 2] = ["/auth/whoami", "/organizations?limit=1"];

/// Calls Watcher as its administrator.
pub struct Client {
    pub(super) rest: Rest,
    /// Whether lists can be had in the order of their ids: the reference does not say so, and some servers refuse it.
    sorts: AtomicBool,
}

/// In which order a list is read.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// In Watcher's own.
    Any,
    /// By age, where Watcher knows how.
    Age,
}

/// Part of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The rows, in Watcher's order.
    pub rows: Vec<T>,
    /// How many rows could not be read.
    pub odd: u64,
    /// Where the next page begins; `None` after the last.
    pub next: Option<usize>,
}

/// How far a list was read. It ends with an empty page; a page without a row that is new ends it too, lest a system that
/// knows no pages be asked for ever.
#[derive(Debug, Default)]
pub struct Walk {
    /// Where the next page begins.
    pub offset: usize,
    pages: usize,
    odd_pages: usize,
}

impl Walk {
    /// Whether another page is to be read after one that names `next`, had rows that could be read (`is_legible`), and
    /// among them new ones.
    ///
    /// # Errors
    /// [`Fault::Never`] of a list that does not end.
    pub fn goes_on(
        &mut self,
        next: Option<usize>,
        (is_legible, is_new): (bool, bool),
    ) -> Result<bool, Fault> {
        let Some(next) = next.filter(|_| is_new || !is_legible) else { return Ok(false) };
        self.odd_pages = if is_legible { 0 } else { self.odd_pages + 1 };
        (self.offset, self.pages) = (next, self.pages + 1);
        if self.odd_pages >= ODD_PAGES_MAX || self.pages >= PAGES_MAX {
            return Err(Fault::Never(Why::new("Watcher: a list that does not end")));
        }
        Ok(true)
    }
}

fn headers(settings: &WatcherRemote) -> [(&'static str, &str); 1] {
    [("x-vsaas-api-key", settings.api_key.expose_secret())]
}

impl Client {
    /// Builds the client; nothing is called yet. `provider` is for the log and the metrics.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(provider: &str, settings: &WatcherRemote) -> Result<Self, ClientError> {
        let base = format!("{}/vsaas/api/v2", settings.base_url);
        let rest = Rest::new(provider, "Watcher", base, &headers(settings), &PROOFS, settings.timeout_ms)?;
        Ok(Self { rest, sorts: AtomicBool::new(true) })
    }

    /// Takes the key of other settings.
    pub(super) fn renew(&self, settings: &WatcherRemote) -> Result<(), ClientError> {
        self.rest.renew(&headers(settings))
    }

    /// What the provider is called in the settings.
    pub(super) fn provider(&self) -> &str {
        self.rest.provider()
    }

    /// One page of a list. Only an empty one is the last: some servers give fewer rows than they are asked for.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        call: Call,
        offset: usize,
        deadline: Instant,
    ) -> Result<Page<T>, Fault> {
        let call = call.query("limit", PAGE).query("offset", offset).long(PAGE_BYTES_MAX);
        let list: Rows<T> = self.rest.rows(call, deadline).await?;
        let next = (list.len() > 0).then_some(offset + list.len());
        Ok(Page { odd: u64::try_from(list.odd).unwrap_or(u64::MAX), rows: list.rows, next })
    }

    /// The same, by age where Watcher knows how.
    async fn page_by_age<T: DeserializeOwned>(
        &self,
        call: impl Fn() -> Call,
        offset: usize,
        deadline: Instant,
    ) -> Result<Page<T>, Fault> {
        if !self.sorts.load(Ordering::Relaxed) {
            return self.page(call(), offset, deadline).await;
        }
        match self.page(call().query("sort", "id"), offset, deadline).await {
            // Of what it refuses for another reason it says so, and means this one thing.
            Err(Fault::Never(why)) if !why.is_of_one => {
                let page = self.page(call(), offset, deadline).await?;
                self.sorts.store(false, Ordering::Relaxed);
                Ok(page)
            }
            page => page,
        }
    }

    /// Reads a list page by page; no row is given twice. Where `take` says of one that it is enough, the list ends with
    /// that row's page.
    async fn read<T, K>(
        &self,
        (call, order): (impl Fn() -> Call, Order),
        key: impl Fn(&T) -> K,
        mut take: impl FnMut(T) -> bool,
        deadline: Instant,
    ) -> Result<(), Fault>
    where
        T: DeserializeOwned,
        K: Eq + Hash,
    {
        let (mut walk, mut seen) = (Walk::default(), HashSet::new());
        loop {
            let page: Page<T> = match order {
                Order::Any => self.page(call(), walk.offset, deadline).await?,
                Order::Age => self.page_by_age(&call, walk.offset, deadline).await?,
            };
            let (is_legible, mut is_new, mut is_enough) = (!page.rows.is_empty(), false, false);
            for row in page.rows {
                if seen.insert(key(&row)) {
                    is_new = true;
                    is_enough |= take(row);
                }
            }
            if is_enough || !walk.goes_on(page.next, (is_legible, is_new))? {
                return Ok(());
            }
        }
    }

    /// Reads a list until `found` returns something.
    pub(super) async fn walk<T, K, R>(
        &self,
        call: impl Fn() -> Call,
        key: impl Fn(&T) -> K,
        mut found: impl FnMut(T) -> Option<R>,
        deadline: Instant,
    ) -> Result<Option<R>, Fault>
    where
        T: DeserializeOwned,
        K: Eq + Hash,
    {
        let mut result = None;
        let take = |row| {
            result = result.take().or_else(|| found(row));
            result.is_some()
        };
        self.read((call, Order::Any), key, take, deadline).await?;
        Ok(result)
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
        K: Eq + Hash,
    {
        let mut rows = Vec::new();
        let keep = |row| {
            rows.push(row);
            false
        };
        self.read((call, Order::Any), key, keep, deadline).await?;
        Ok(rows)
    }

    /// What suits among the rows that have `text` somewhere, by age where Watcher knows how. One that is `enough` ends the
    /// search with its page. All rows have the empty text.
    pub(super) async fn search<T, K>(
        &self,
        (call, text): (impl Fn() -> Call, &str),
        key: impl Fn(&T) -> K,
        suits: impl Fn(&T) -> bool,
        is_enough: impl Fn(&T) -> bool,
        deadline: Instant,
    ) -> Result<Vec<T>, Fault>
    where
        T: DeserializeOwned,
        K: Eq + Hash,
    {
        let mut found = Vec::new();
        let take = |row| {
            let (suits, is_enough) = (suits(&row), is_enough(&row));
            if suits {
                found.push(row);
            }
            suits && is_enough
        };
        let call = || if text.is_empty() { call() } else { call().query("search", text) };
        self.read((call, Order::Age), key, take, deadline).await?;
        Ok(found)
    }
}
