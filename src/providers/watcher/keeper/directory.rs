//! Where in one of Watcher's paged lists a row was last seen, by the names that it goes by. Watcher looks
//! nothing up by name, and a list of all users at each task would be no look but a load. Rows themselves are
//! always read anew; what is remembered here is only on which page, so that being wrong costs a walk.

use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::providers::rest::Call;
use crate::providers::watcher::client::{Client, PAGE};
use crate::providers::{Fault, Why};

/// For so long a name that was not met in the whole list is taken for one that is not there. Others make
/// users too; what they made shows as a login that is taken, and then the list is walked again.
const AGE_MAX: Duration = Duration::from_secs(600);

/// A walk so young is not made again for every task in doubt. What was made since, by others, shows as a login
/// that is taken, or when an organization that was made is looked at.
const RECENT: Duration = Duration::from_secs(2);

/// Names remembered, each of some 40 bytes; of a longer list the rest is walked for.
const NAMES_MAX: usize = 500_000;

/// A row of such a list.
pub(super) trait Named: DeserializeOwned {
    /// Its id: lower is older.
    fn id(&self) -> i64;

    /// What it goes by.
    fn names(&self) -> Vec<String>;

    /// Whether it goes by one of these.
    fn is_called(&self, names: &[&str]) -> bool {
        self.names().iter().any(|own| names.contains(&own.as_str()))
    }
}

/// The pages of a list's rows.
pub(super) struct Directory {
    list: Box<dyn Fn() -> Call + Send + Sync>,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    /// By the hash of a name: the oldest row of that name, and its page.
    known: HashMap<u64, (i64, usize)>,
    /// How far a walk has come that its deadline broke off.
    offset: usize,
    /// When the last walk came to the list's end.
    walked_at: Option<Instant>,
}

impl Directory {
    pub(super) fn new(list: impl Fn() -> Call + Send + Sync + 'static) -> Self {
        Self { list: Box::new(list), pages: Mutex::default() }
    }

    /// The rows that go by one of `names`, the oldest first. Where none was met in a walk through the whole
    /// list that is not too old, there is none.
    ///
    /// # Errors
    /// [`Fault`]; what a walk has found by then is kept for the next.
    pub(super) async fn find<R: Named>(
        &self,
        client: &Client,
        names: &[&str],
        deadline: Instant,
    ) -> Result<Vec<R>, Fault> {
        let page = self.locked(deadline).await?.page(names);
        if let Some(offset) = page {
            // Rows that came or went before it may have moved it to the page beside.
            let beside = [Some(offset), offset.checked_add(PAGE), offset.checked_sub(PAGE)];
            for offset in beside.into_iter().flatten() {
                let rows = client.page::<R>((self.list)(), offset, deadline).await?.rows;
                let found = sorted(rows.into_iter().filter(|row| row.is_called(names)).collect());
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            self.forget(deadline).await?;
        }
        self.locked(deadline).await?.walk(client, &self.list, names, deadline).await
    }

    /// A row was made: where it is will show.
    pub(super) async fn made(&self, id: i64, names: Vec<String>, deadline: Instant) -> Result<(), Fault> {
        let mut pages = self.locked(deadline).await?;
        let last = pages.offset;
        pages.meet(id, names, last);
        Ok(())
    }

    /// What is remembered may not be what is there: the next look walks through the list. A walk that is
    /// not through yet goes on.
    pub(super) async fn forget(&self, deadline: Instant) -> Result<(), Fault> {
        let mut pages = self.locked(deadline).await?;
        if pages.walked_at.is_some() {
            *pages = Pages::default();
        }
        Ok(())
    }

    /// The same where the last walk is not a recent one: many tasks in doubt share a walk.
    pub(super) async fn doubt(&self, deadline: Instant) -> Result<(), Fault> {
        let mut pages = self.locked(deadline).await?;
        if pages.walked_at.is_some_and(|at| at.elapsed() > RECENT) {
            *pages = Pages::default();
        }
        Ok(())
    }

    async fn locked(&self, deadline: Instant) -> Result<tokio::sync::MutexGuard<'_, Pages>, Fault> {
        timeout_at(deadline, self.pages.lock()).await.map_err(|_| Fault::Again {
            why: Why::new("Watcher: a list was still being read when the time was over"),
            after: None,
        })
    }
}

impl Pages {
    fn page(&self, names: &[&str]) -> Option<usize> {
        let is_young = self.walked_at.is_none_or(|at| at.elapsed() < AGE_MAX);
        let known = names.iter().filter_map(|name| self.known.get(&hash(name)));
        known.min().map(|(_, page)| *page).filter(|_| is_young && self.walked_at.is_some())
    }

    /// Goes through the list, from where an earlier walk was broken off; not at all where the last one is
    /// recent and knew no such name.
    async fn walk<R: Named>(
        &mut self,
        client: &Client,
        list: &(dyn Fn() -> Call + Send + Sync),
        names: &[&str],
        deadline: Instant,
    ) -> Result<Vec<R>, Fault> {
        match self.walked_at {
            Some(at) if at.elapsed() < AGE_MAX && self.known.len() < NAMES_MAX => return Ok(Vec::new()),
            Some(_) => *self = Self::default(),
            None => {}
        }
        let mut found = Vec::new();
        let mut first = None;
        loop {
            let page = client.page::<R>(list(), self.offset, deadline).await?;
            let begins = page.rows.first().map(R::id);
            // A system that knows no pages begins anew each time.
            let is_over = first.is_some() && begins == first;
            first = first.or(begins);
            page.rows.iter().for_each(|row| self.meet(row.id(), row.names(), self.offset));
            if !is_over {
                found.extend(page.rows.into_iter().filter(|row| row.is_called(names)));
            }
            match page.next.filter(|_| !is_over) {
                Some(next) => self.offset = next,
                None => break,
            }
        }
        self.walked_at = Some(Instant::now());
        // The oldest may stand on a page that was gone through before the walk was broken off.
        let oldest = names.iter().filter_map(|name| self.known.get(&hash(name))).min().copied();
        if let Some((id, offset)) = oldest.filter(|(id, _)| found.iter().all(|row| row.id() != *id)) {
            let rows = client.page::<R>(list(), offset, deadline).await?.rows;
            found.extend(rows.into_iter().filter(|row| row.id() == id));
        }
        Ok(sorted(found))
    }

    fn meet(&mut self, id: i64, names: Vec<String>, page: usize) {
        for name in names {
            let room = self.known.len() < NAMES_MAX;
            match self.known.entry(hash(&name)) {
                Entry::Occupied(mut known) if known.get().0 >= id => {
                    known.insert((id, page));
                }
                Entry::Vacant(free) if room => {
                    free.insert((id, page));
                }
                Entry::Occupied(_) | Entry::Vacant(_) => {}
            }
        }
    }
}

fn sorted<R: Named>(mut rows: Vec<R>) -> Vec<R> {
    rows.sort_by_key(R::id);
    rows
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
