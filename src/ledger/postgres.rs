//! The server engine: PostgreSQL, written by tasks that take all waiting writes into one transaction
//! each, and shared by any number of gateways.
//!
//! A batch costs the same few round trips however many writes it has; one of new notices costs two. In the
//! first, [`writer`] begins a transaction and locks the batch's numbers, and [`fetch`] reads all rows that the
//! writes will ask for; then [`batch`] lets them run against what was read ([`super::store::Store`], in memory);
//! and in the second, [`flush`] writes what they changed, whole rows in arrays ([`records`]), never row by row,
//! and the transaction ends. A write that asks for a row that nobody foresaw has it fetched, and the batch runs
//! again: it is pure until it is flushed. [`link`] is what sends several statements in one trip.
//!
//! The tables of fulfilment go the same way by one mechanism for all ([`overlay`], [`tables`]). Claims of
//! tasks and draws of codes take rows that others may have, and are transactions of their own.
//!
//! **One history whatever the gateways do.** Each number is locked for the transaction (an advisory
//! lock: also numbers that no row speaks of yet can be locked), in ascending order, before anything of
//! it is read; the journal's key on identities is the last word. Within one gateway the writers take
//! turns, so that its writes about a number stay in order ([`writer`]).
//!
//! **A commit whose answer is lost** is looked up by the mark that each transaction leaves in `writer`
//! ([`session`]): that waits for the lost transaction to end, and tells. Only what certainly did not happen is
//! sent again ([`course`]); what is not known in time is answered as a failure, "it may have been kept".
//!
//! Plans are fixed by the session ([`settings`]): with few or stale statistics the planner would read
//! whole tables where an index has the rows. What stands between us and the server must keep a session one
//! ([`place`]).

mod amcheck;
mod batch;
mod course;
mod fetch;
mod flush;
mod hosts;
mod link;
mod lookups;
mod marks;
#[cfg(test)]
mod model;
mod overlay;
mod place;
mod records;
mod rows;
mod session;
mod sets;
mod settings;
mod tables;
mod terms;
mod tls;
mod verify;
mod writer;

use std::sync::Arc;

use super::dialect::Dialect;
use super::opening::Opened;
use super::rules::InForce;
use super::{OpenError, Rules, StoreError, folded, migrate, pool};
use crate::lifeline::Lifelines;
use crate::subscription::terms::{Terms, TermsBook};
pub(super) use batch::Batch;
use hosts::Hosts;
pub(super) use hosts::{address, connect};
pub(super) use link::{Ask, Link};
pub(super) use lookups::Lookups;
pub(super) use place::OPEN;
use secrecy::SecretString;
pub(super) use settings::{tell_migrating, tell_reading};
use terms::Known;

/// Opens a ledger whose schema is up to date, and starts its writers.
pub(super) async fn open(
    url: &SecretString,
    mut rules: Rules,
    queue_max: usize,
    lifelines: &Lifelines,
) -> Result<Opened<Lookups>, OpenError> {
    let hosts = Arc::new(Hosts::parse(url)?);
    let mut link = hosts.first().await.map_err(|error| hosts.unreachable(error))?;
    migrate::check(&hosts.address(), Dialect::Postgres).await?;
    rules.book = terms::register(&mut link, rules.terms()).await?;
    set_order(&mut link, rules.policy.queue_disorder_ms).await?;
    let rules = Arc::new(InForce::from_pointee(rules));
    let known = Arc::new(Known::new(Arc::clone(&rules)));
    let pool = pool::postgres(&hosts.address()).await?;
    hosts.follow(pool.clone());
    let writer = writer::start(&hosts, &known, queue_max, lifelines)?;
    let lookups = Lookups::start(&hosts, &known, link, lifelines);
    Ok(Opened { rules, writer, lookups, pool })
}

/// A ledger without notices takes the setting of whoever opens it first. Writes nothing where there is one.
async fn set_order(link: &mut Link, disorder_ms: i64) -> Result<(), StoreError> {
    if link.ask(Ask::new(folded::SETTING)).await?.is_empty() {
        link.ask(Ask::new(folded::SET).with(disorder_ms)).await?;
    }
    Ok(())
}

/// Has all folds be made again where they were made under another setting.
pub(super) async fn begin_refold(url: &SecretString, disorder_ms: i64) -> Result<(), OpenError> {
    let mut link = connect(url).await?;
    link.ask(Ask::new(folded::BEGIN).with(disorder_ms)).await.map_err(StoreError::from)?;
    Ok(())
}

/// Numbers terms beside a ledger that is open.
pub(super) async fn number_terms(url: &SecretString, today: Vec<Terms>) -> Result<TermsBook, OpenError> {
    Ok(terms::register(&mut connect(url).await?, today).await?)
}
