//! The fold: one step, and the whole of a long history.

use std::collections::BTreeMap;
use std::hint::black_box;

use sdp_gateway::catalog::{Catalog, SHIPPED_TOML};
use sdp_gateway::clock::{DAY_MS, Timestamp};
use sdp_gateway::subscription::ServiceState;
use sdp_gateway::subscription::decide::{self, Change, Event, Scope, content_hash};
use sdp_gateway::subscription::order::Place;
use sdp_gateway::subscription::terms::{Terms, TermsBook};

use super::measure;

/// Notices of a number that has renewed daily for a while.
const HISTORY: usize = 50;

const START: Timestamp = Timestamp(1_767_225_600_000);

pub(crate) fn folding() {
    let catalog = Catalog::parse(SHIPPED_TOML, "catalog", &BTreeMap::new(), 35).expect("the shipped catalog");
    let mut book = TermsBook::default();
    for (id, offer) in (1..).zip(catalog.offers()) {
        book.add_current(Terms { id, ..Terms::of(offer, 7 * 3600, 300) });
    }
    let service_id = &catalog.offers()[0].service_id;
    let event = |nth: usize| event(&catalog, &book, nth);

    let events: Vec<Event> = (0..HISTORY).map(event).collect();
    let state = decide::fold(service_id, &events, DAY_MS);
    let next = event(HISTORY);
    // The ledger keeps the state before the step to see what changed.
    measure("fold: one step, its copy included", || step(&state, service_id, black_box(&next)));
    measure("fold: copy alone", || black_box(&state).clone());
    let name = format!("fold: the whole of {HISTORY} notices");
    measure(&name, || decide::fold(service_id, black_box(&events), DAY_MS));
    let backwards: Vec<Event> = events.iter().rev().cloned().collect();
    let name = format!("fold: the whole of {HISTORY}, newest first");
    measure(&name, || decide::fold(service_id, black_box(&backwards), DAY_MS));
    measure("content hash", || content_hash(black_box(&next.change), None, [Some("1"), None, None]));
}

fn step(state: &ServiceState, service_id: &str, event: &Event) -> ServiceState {
    let mut after = ServiceState { past: Vec::new(), ..state.clone() };
    decide::step(&mut after, service_id, event);
    after
}

/// Every tenth cancels, every seventh takes another package of the exclusive service.
fn event(catalog: &Catalog, book: &TermsBook, nth: usize) -> Event {
    let offer = &catalog.offers()[usize::from(nth % 7 == 6)];
    let terms = book.current(offer).expect("numbered terms").clone();
    let at = START.plus_ms(DAY_MS * i64::try_from(nth).expect("few"));
    let change = if nth % 10 == 9 {
        Change::Cancel(Scope::Packages(vec![terms]))
    } else {
        Change::Register { terms, expires_at: Some(at.plus_ms(DAY_MS)), auto_renew: true }
    };
    let queue = 5_000_000 + nth as u128;
    let tie = content_hash(&change, None, [Some(&queue.to_string()), None, None]);
    Event {
        place: Place {
            queue: Some(queue),
            at: Some(at),
            start_at: Some(at),
            received_at: at,
            is_cancel: matches!(change, Change::Cancel(_)),
            tie,
        },
        reg_id: Some("15375326".to_owned()),
        subscribe_at: Some(at),
        channel: Some("SMS".to_owned()),
        own: None,
        change,
    }
}
