//! What a provider that keeps a state says of it, and mends, for whoever compares all of it with what should be there.
//! It is looked through page by page; when, and with what each page is compared, is left to `reconcile`.

use std::pin::Pin;

use super::Fault;
use crate::clock::Timestamp;
use crate::service::wanted::{Owner, Wanted};

/// Something that takes calls. Those that only read were made again where that may help.
pub type Calling<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// Who keeps a state: cameras of devices, and users of subscribers.
pub trait KeepsState: Send + Sync {
    /// How often all of it is to be compared by itself, in seconds; 0: never.
    fn reconcile_every_s(&self) -> u32;

    /// Begins to look through all of it; nothing is called yet.
    fn survey(&self) -> Box<dyn Survey + '_>;
}

/// One look through all that is kept. What it can say of a camera is what it read last: memory holds one page at a
/// time, and of what went before only hashes. It keeps to its provider's rate.
pub trait Survey: Send {
    /// What is read next, and how much of it was already; none where all was.
    fn next(&self) -> Option<(&'static str, u64)>;

    /// Reads it: one page.
    fn read(&mut self) -> Calling<'_, Page>;

    /// Whether a camera was on any page.
    fn has(&self, camera: &str) -> bool;

    /// Looks at a camera that was on no page.
    fn look<'a>(&'a mut self, camera: &'a str) -> Calling<'a, Look>;

    /// What a camera that was read last has otherwise than is wanted there; none where nothing, or there is no such.
    fn differs(&self, camera: &str, wanted: &Wanted, now: Timestamp) -> Option<Difference>;

    /// Has it as is wanted.
    fn mend<'a>(&'a mut self, camera: &'a str, wanted: &'a Wanted, now: Timestamp) -> Calling<'a, ()>;

    /// What keeps a subscriber from looking who is served, once all pages were read.
    fn amiss<'a>(&'a mut self, owner: &'a Owner) -> Calling<'a, Option<Difference>>;

    /// Has a subscriber look, for whom that is wanted on a device.
    fn admit<'a>(&'a mut self, owner: &'a Owner, wanted: &'a Wanted, now: Timestamp) -> Calling<'a, ()>;

    /// Has a subscriber look no more.
    fn shut_out<'a>(&'a mut self, owner: &'a Owner) -> Calling<'a, ()>;
}

/// Part of what is kept.
#[derive(Debug, Default)]
pub struct Page {
    /// Cameras that were on no page before, by name.
    pub cameras: Vec<String>,
    /// How many users were on no page before.
    pub users: u64,
    /// Subscribers who can look, where an end of service is to end that: what is the matter if they are not served.
    pub admitted: Vec<(Owner, Difference)>,
    /// How many rows could not be read.
    pub odd: u64,
    /// What could not be looked at, and why; a comparison can do without it.
    pub refused: Option<(Difference, String)>,
}

/// What a look at one camera found.
#[derive(Debug)]
pub enum Look {
    /// It is there.
    Found,
    /// It is not.
    Missing(Difference),
    /// That cannot be told, and why.
    Refused(Difference, String),
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The camera's name, or what the user logs in with.
    pub on: String,
    /// Its word in the metric.
    pub word: &'static str,
    /// What is the matter, in words that follow the name.
    pub what: String,
    /// Whether calls can mend it; else a person has to.
    pub is_mendable: bool,
}
