//! Notices of one number in any order and any repetition: the way the ledger applies them one by one
//! (a step where the newest comes last, else the whole fold) leaves what the fold of the set leaves.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use chrono::FixedOffset;
use libfuzzer_sys::fuzz_target;
use sdp_gateway::carrier::reading;
use sdp_gateway::catalog::Catalog;
use sdp_gateway::clock::{DAY_MS, Timestamp};
use sdp_gateway::ids::Msisdn;
use sdp_gateway::ledger::journal::{Outcome, Row, scope};
use sdp_gateway::subscription::decide::{self, Event, fold};
use sdp_gateway::subscription::entitlement;
use sdp_gateway::subscription::judge::{self, Judgement, Policy};
use sdp_gateway::subscription::notice::{Reading, Reads};
use sdp_gateway::subscription::order::{self, Newest};
use sdp_gateway::subscription::terms::{Terms, TermsBook};
use sdp_gateway::subscription::{Run, ServiceState, Subscription};
use sdp_gateway::wire::accessgw::{AccessGw, Notify};

const OFFSET_S: i32 = 7 * 3600;

/// Few values, so that notices meet: a service of exclusive packages, one of others, and a package id
/// that stands in both.
const CATALOG: &str = r#"
[[offer]]
id = "a1"
service_id = "1"
package_id = "11"
exclusive = true
period = "day"
[[offer]]
id = "a2"
service_id = "1"
package_id = "12"
exclusive = true
period = "week"
[[offer]]
id = "a3"
service_id = "1"
package_id = "99"
exclusive = true
period = "month"
renewal_grace_days = 0
[[offer]]
id = "b1"
service_id = "2"
package_id = "21"
period = "day"
renewal_grace_days = 1
[[offer]]
id = "b2"
service_id = "2"
package_id = "99"
period = "month"
"#;

struct World {
    catalog: Catalog,
    book: TermsBook,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let catalog = Catalog::parse(CATALOG, "catalog", &BTreeMap::new(), 35).expect("a catalog");
    let mut book = TermsBook::default();
    for (id, offer) in (1..).zip(catalog.offers()) {
        book.add_current(Terms { id, ..Terms::of(offer, OFFSET_S, 300) });
    }
    World { catalog, book }
});

#[derive(Arbitrary, Debug)]
struct History {
    notices: Vec<Said>,
    /// Which of them come, in this order; those not named come at the end.
    arrivals: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
struct Said {
    cancels: bool,
    /// High values: none.
    queue: u8,
    zeros: bool,
    service: u8,
    package: u8,
    started_h: u8,
    subscribed_h: Option<u8>,
    expires_h: Option<u8>,
    updated_h: Option<u8>,
    once: bool,
    reg_id: u8,
    channel: bool,
}

/// Hours from a moment before a month's end, so that cycles of all lengths are met.
fn at(hour: u8) -> Option<String> {
    Some((1_769_700_000_000 + i64::from(hour) * 3_600_000).to_string())
}

impl Said {
    fn message(&self) -> AccessGw {
        let some = |text: &str| Some(text.to_owned());
        let queue = (self.queue < 32).then(|| {
            let zeros = if self.zeros { "0" } else { "" };
            format!("{zeros}{}", self.queue)
        });
        AccessGw {
            module: some("SDP"),
            message_type: some("NOTIFY"),
            twice: None,
            fields: Notify {
                queue_id: if self.queue == 255 { some("text") } else { queue },
                msisdn: some("84945989325"),
                reg_type: some(if self.cancels { "2" } else { "1" }),
                reg_id: some(["a", "b", "c|d"][usize::from(self.reg_id % 3)]),
                channel: some(if self.channel { "SMS" } else { "WEB" }),
                service_id: [some("1"), some("2"), None][usize::from(self.service % 3)].clone(),
                package_id: [some("11"), some("12"), some("21"), some("99"), None]
                    [usize::from(self.package % 5)]
                .clone(),
                start_time: at(self.started_h),
                subscribe_time: self.subscribed_h.and_then(at),
                expired_time: self.expires_h.and_then(at),
                update_time: self.updated_h.and_then(at),
                auto_renew: some(if self.once { "0" } else { "1" }),
                ..Notify::default()
            },
        }
    }
}

/// The notices that stand in the fold, one content an identity, through the journal's row and back.
fn events(said: &[Said]) -> Vec<Event> {
    let World { catalog, book } = &*WORLD;
    let reads = Reads::in_zone(FixedOffset::east_opt(OFFSET_S).expect("an offset"));
    let mut identities = BTreeSet::new();
    let mut events = Vec::new();
    for (place, said) in said.iter().enumerate() {
        let received_at = Timestamp(2_000_000_000_000 + i64::try_from(place).unwrap_or(0));
        let Reading::Notice(notice) = reading::read(&said.message(), &reads, received_at) else { continue };
        let policy = Policy::default().applying();
        let judgement = judge::judge(&notice, catalog, book, policy, received_at);
        let odd = judge::odd(&notice, &judgement);
        let Judgement::Stands(change) = judgement else { continue };
        if !identities.insert(notice.identity()) {
            continue;
        }
        let scope = Some(scope(&change));
        let row = Row { received_at, scope, odd, ..Row::of_notice(&notice, Outcome::Applied) };
        let event = judge::event(&notice, change, received_at);
        let terms = |id: i64| Ok(Arc::clone(book.get(id).expect("terms")));
        assert_eq!(row.event(&terms).expect("a row").as_ref(), Some(&event), "the journal keeps it");
        events.push(event);
    }
    events
}

/// The rows a ledger holds of one service.
#[derive(Default)]
struct Rows {
    held: BTreeMap<String, (Subscription, Newest)>,
    past: BTreeMap<(String, i64), Run>,
}

impl Rows {
    fn state(&self) -> ServiceState {
        let newest = self.held.values().fold(Newest::default(), |all, (_, newest)| all.and(*newest));
        let subscriptions = self.held.values().map(|(held, _)| held.clone()).collect();
        ServiceState { subscriptions, past: Vec::new(), newest }
    }

    fn put(&mut self, held: &Subscription, newest: Newest) {
        self.held.insert(held.terms.package_id.clone(), (held.clone(), newest));
    }

    fn add_past(&mut self, run: &Run) {
        let key = (run.terms.package_id.clone(), run.founder);
        assert!(self.past.insert(key, run.clone()).is_none(), "two past runs of one name");
    }

    fn arrive(&mut self, service_id: &str, event: &Event, known: &[Event]) {
        let before = self.state();
        if !before.subscriptions.is_empty() && decide::is_newest(&before, event, DAY_MS) {
            let mut after = before.clone();
            let effect = decide::step(&mut after, service_id, event);
            let unchanged = effect == decide::Effect::Unchanged;
            let changed = after.subscriptions.iter().filter(|held| !before.subscriptions.contains(held));
            for held in changed.chain(after.subscriptions.iter().take(usize::from(unchanged))) {
                self.put(held, after.newest);
            }
            after.past.iter().for_each(|run| self.add_past(run));
        } else {
            *self = Self::default();
            self.write(&fold(service_id, known, DAY_MS));
        }
    }

    fn write(&mut self, state: &ServiceState) {
        state.subscriptions.iter().for_each(|held| self.put(held, state.newest));
        state.past.iter().for_each(|run| self.add_past(run));
    }
}

fuzz_target!(|history: History| {
    if history.notices.len() > 24 || history.arrivals.len() > 64 {
        return;
    }
    let all = events(&history.notices);
    let arrivals = history.arrivals.iter().map(|a| usize::from(*a) % all.len().max(1));
    let order: Vec<usize> = arrivals.filter(|a| *a < all.len()).chain(0..all.len()).collect();

    let sorted = order::sort(all.iter().collect(), DAY_MS, |event: &&Event| &event.place);
    let backwards = order::sort(all.iter().rev().collect(), DAY_MS, |event: &&Event| &event.place);
    assert_eq!(sorted, backwards, "the order depends on arrival");

    for service_id in ["1", "2"] {
        let mut rows = Rows::default();
        let mut known: Vec<Event> = Vec::new();
        let mut seen = BTreeSet::new();
        for arrival in &order {
            let event = &all[*arrival];
            if seen.insert(*arrival) {
                known.push(event.clone());
                if event.change.services().contains(&service_id) {
                    rows.arrive(service_id, event, &known);
                }
            }
        }
        let whole = fold(service_id, &all, DAY_MS);
        let mut expected = Rows::default();
        expected.write(&whole);
        assert_eq!(rows.state().subscriptions, expected.state().subscriptions, "{all:#?}");
        assert_eq!(rows.past, expected.past, "{all:#?}");
        if !whole.subscriptions.is_empty() {
            assert_eq!(rows.state().newest, whole.newest);
        }
        sound(&whole);
    }
});

/// What holds of every state.
fn sound(state: &ServiceState) {
    let ids: Vec<&str> = state.subscriptions.iter().map(|held| held.terms.package_id.as_str()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once: {ids:?}");
    for run in state.past.iter().chain(state.subscriptions.iter().filter_map(|held| held.run.as_ref())) {
        assert!(run.ended_at.is_none_or(|at| at >= run.starts_at), "ended before it began: {run:?}");
        assert!(run.lapses_at >= run.expires_at);
    }
    let number = Msisdn::parse("84945989325").expect("a number");
    let exclusive = state.subscriptions.iter().filter(|held| held.terms.exclusive);
    for hour in [0, 1, 24, 25, 48, 254] {
        let now = Timestamp(1_769_700_000_000 + hour * 3_600_000);
        let rights = entitlement::entitlements(&number, state, now, now);
        assert!(rights.iter().all(|right| right.starts_at <= now), "{state:#?}");
        let in_force = exclusive.clone().filter(|held| held.state(now).is_in_force());
        let started = in_force.filter(|held| held.run.as_ref().is_some_and(|run| run.starts_at <= now));
        assert!(started.count() <= 1, "two exclusive packages in force at {now:?}: {state:#?}");
    }
}
