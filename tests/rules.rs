//! The rules of a notice as tables. A history is a line of words, days as times, in the order of their
//! queueIDs:
//!
//! * `+A@1-5` registers package A on day 1 until day 5, renewing by itself; `!` at the end: not so;
//!   `+A@1` leaves the end to the offer's period;
//! * `-A@3` cancels package A on day 3, `-*@3` all of the service;
//! * `#7` at the end: its regID is 7;
//! * `=A@3-9^5`: an operator grants A on day 3 until day 9, who knew its end on day 5; `~A@3`: an operator ends it.
//!
//! Grace is two days. A and B exclude one another; X and Y do not.

use std::sync::Arc;

use sdp_gateway::catalog::{Delivery, Grant, GrantKind, Period, Storage};
use sdp_gateway::clock::{DAY_MS, Timestamp};
use sdp_gateway::ids::Msisdn;
use sdp_gateway::subscription::ServiceState;
use sdp_gateway::subscription::decide::{Change, Effect, Event, Scope, fold, fold_each, is_newest, step};
use sdp_gateway::subscription::entitlement::entitlements;
use sdp_gateway::subscription::notice::Own;
use sdp_gateway::subscription::order::Place;
use sdp_gateway::subscription::terms::Terms;

const SERVICE: &str = "1";

fn terms(package: &str) -> Arc<Terms> {
    Arc::new(Terms {
        id: 1,
        offer: package.to_lowercase(),
        service_id: SERVICE.to_owned(),
        package_id: package.to_owned(),
        exclusive: matches!(package, "A" | "B"),
        period: Period::Week,
        utc_offset_s: 0,
        clock_skew_s: 300,
        grace_days: 2,
        grants: vec![Grant {
            kind: GrantKind::Cloud,
            storage: Some(Storage::Event),
            retention_days: Some(7),
            devices_max: 1,
            delivery: Delivery::Device,
            provider: "local".to_owned(),
            settings: serde_json::Map::new(),
        }],
    })
}

fn day(text: &str) -> Timestamp {
    let days: f64 = text.parse().unwrap_or_else(|_| panic!("a day: {text}"));
    #[allow(clippy::cast_possible_truncation, reason = "days of a table")]
    Timestamp((days * DAY_MS as f64) as i64)
}

fn event(word: &str, queue: usize) -> Event {
    let (word, known_end) = word.split_once('^').map_or((word, None), |(word, end)| (word, Some(day(end))));
    let own = word.starts_with(['=', '~']).then_some(Own { known_end });
    let (word, reg_id) = word.split_once('#').map_or((word, None), |(word, id)| (word, Some(id.to_owned())));
    let (what, when) = word.split_once('@').expect("WHAT@WHEN");
    let (sign, package) = what.split_at(1);
    let auto_renew = !when.ends_with('!');
    let (at, until) = when.trim_end_matches('!').split_once('-').map_or((when, None), |(a, u)| (a, Some(u)));
    let change = match (sign, package) {
        ("+" | "=", package) => {
            let auto_renew = auto_renew && own.is_none();
            Change::Register { terms: terms(package), expires_at: until.map(day), auto_renew }
        }
        (_, "*") => Change::Cancel(Scope::Services(vec![SERVICE.to_owned()])),
        (_, package) => Change::Cancel(Scope::Packages(vec![terms(package)])),
    };
    let place = Place {
        queue: own.is_none().then_some(queue as u128),
        at: Some(day(at.trim_end_matches('!'))),
        start_at: None,
        received_at: Timestamp(0),
        is_cancel: matches!(change, Change::Cancel(_)),
        tie: queue as i64,
    };
    let subscribe_at = place.at.filter(|_| !place.is_cancel);
    Event { place, reg_id, subscribe_at, channel: None, own, change }
}

fn history(words: &str) -> Vec<Event> {
    words
        .split(' ')
        .filter(|word| !word.is_empty())
        .enumerate()
        .map(|(at, word)| event(word, at + 1))
        .collect()
}

fn days(at: Timestamp) -> String {
    format!("{}", at.0 as f64 / DAY_MS as f64)
}

/// `A active 1-5` for each package.
fn told(state: &ServiceState, now: &str) -> String {
    let one = |held: &sdp_gateway::subscription::Subscription| {
        let run = held.run.as_ref();
        let window = run.map(|run| format!(" {}-{}", days(run.starts_at), days(run.expires_at)));
        let state = held.state(day(now)).as_str();
        format!("{} {state}{}", held.terms.package_id, window.unwrap_or_default())
    };
    state.subscriptions.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The history at a clock.
#[track_caller]
fn check(words: &str, now: &str, expected: &str) {
    let events = history(words);
    let folded = fold(SERVICE, &events, DAY_MS);
    assert_eq!(told(&folded, now), expected, "{words} on day {now}");
    let mut stepped = ServiceState::default();
    for (index, event) in events.iter().enumerate() {
        if is_newest(&stepped, event, DAY_MS) {
            step(&mut stepped, SERVICE, event);
        } else {
            stepped = fold(SERVICE, &events[..=index], DAY_MS);
        }
    }
    assert_eq!(stepped, folded, "{words}: steps and fold");
}

#[test]
fn a_register_lives_until_it_expires_and_then_through_grace() {
    check("+A@1-5", "1", "A active 1-5");
    check("+A@1-5", "4.99", "A active 1-5");
    check("+A@1-5", "5", "A grace 1-5");
    check("+A@1-5", "6.99", "A grace 1-5");
    check("+A@1-5", "7", "A lapsed 1-5");
    check("+A@1-5!", "5", "A lapsed 1-5");
    check("+A@3-9", "1", "A active 3-9");
    check("+A@1", "7.99", "A active 1-8");
}

#[test]
fn an_unbroken_run_keeps_its_start() {
    check("+A@1-5 +A@5-9", "6", "A active 1-9");
    check("+A@1-5 +A@6.5-9", "7", "A active 1-9");
    check("+A@1-5 +A@7-9", "8", "A active 7-9");
    check("+A@1-5! +A@5-9", "6", "A active 5-9");
    check("+A@1-9 +A@2-5", "3", "A active 1-5");
    check("+A@1-5 +A@2-5!", "5", "A lapsed 1-5");
}

/// The carrier renews by the time of the run's first register, before anything an operator said since.
#[test]
fn a_renewal_that_a_grant_did_not_know_is_news() {
    check("+A@1-8#7 =A@5-10^8", "9", "A active 1-10");
    check("+A@1-8#7 =A@5-10^8", "11", "A grace 1-10");
    check("+A@1-8!#7 =A@5-10^8", "11", "A lapsed 1-10");
    check("+A@1-8#7 =A@5-10^8 +A@1-15#7", "12", "A active 1-15");
    check("+A@1-8#7 =A@5-10^8 +A@1-9#7", "9.5", "A active 1-10");
    // What was told again says nothing, and what the carrier says for a later time rules as ever.
    check("+A@1-8#7 =A@5-10^8 +A@1-8#7", "9", "A active 1-10");
    check("+A@1-8#7 =A@5-20^8 +A@6-7#7", "6.5", "A active 1-7");
    // Nothing was known when it was granted.
    check("=A@5-10 +A@1-15#7", "12", "A active 1-15");
    check("=A@5-10 +A@1-8#7", "9", "A active 1-10");
    // A second grant knows the first one's end.
    check("+A@1-8#7 =A@5-10^8 =A@6-7^10", "7.5", "A lapsed 1-7");
    check("+A@1-8#7 =A@5-10^8 =A@6-7^10 +A@1-15#7", "12", "A active 1-15");
    check("+A@1-8#7 =A@5-10^8 =A@6-7^10 +A@1-9#7", "7.5", "A lapsed 1-7");
}

#[test]
fn a_grant_shortens_what_was_known_and_no_more() {
    check("+A@1-8#7 =A@5-6^8", "7", "A lapsed 1-6");
    check("+A@1-8#7 =A@5-6^8 +A@1-15#7", "7", "A active 1-15");
}

#[test]
fn news_comes_back_with_a_grant_after_an_operators_end_alone() {
    check("+A@1-8#7 ~A@4", "5", "A cancelled 1-8");
    check("+A@1-8#7 ~A@4 +A@1-15#7", "5", "A cancelled 1-15");
    check("+A@1-8#7 ~A@4 =A@5-10^8", "6", "A active 5-10");
    check("+A@1-8#7 ~A@4 =A@5-10^8", "10", "A lapsed 5-10");
    check("+A@1-8#7 ~A@4 =A@5-10^8 +A@1-15#7", "12", "A active 5-15");
    check("+A@1-8#7 ~*@4 =A@5-10^8 +A@1-15#7", "12", "A active 5-15");
    check("+A@1-8#7 ~A@4 =A@5-10^8 +A@1-9#7", "9.5", "A active 5-10");
    // The carrier's own cancel is no mistake to be made good.
    check("+A@1-8#7 -A@4#7 =A@5-10^8 +A@1-15#7", "12", "A lapsed 5-10");
    check("+A@1-8#7 ~A@3 -A@4#7 =A@5-10^8 +A@1-15#7", "12", "A lapsed 5-10");
    // Another package is not the same.
    check("+A@1-8#7 =B@5-10 +A@1-15#7", "6", "A replaced 1-15, B active 5-10");
}

#[test]
fn a_grant_makes_no_renewal_of_its_package_older_than_what_is_known() {
    let told = |words: &str| -> Vec<(Effect, bool)> {
        let each = fold_each(SERVICE, &history(words), DAY_MS).1;
        each.into_iter().map(|each| each.expect("it stands in the fold")).collect()
    };
    let changed = (Effect::Changed, false);
    assert_eq!(
        told("+A@1-8#7 =A@5-10^8 +A@1-15#7"),
        [(Effect::Changed, true), (Effect::Unchanged, false), changed]
    );
    assert_eq!(
        told("+X@1-8#7 =X@5-10^8 +X@1-15#7"),
        [(Effect::Changed, true), (Effect::Unchanged, false), changed]
    );
    assert_eq!(told("+A@1-8#7 =B@5-10"), [(Effect::Changed, true), changed]);
    assert_eq!(told("-A@1#7 =A@5-10"), [(Effect::Changed, true), changed]);
}

#[test]
fn a_cancel_ends_at_once_and_once() {
    check("+A@1-5 -A@2", "2", "A cancelled 1-5");
    check("+A@1-5 -A@2 -A@3", "3", "A cancelled 1-5");
    check("-A@2", "2", "A cancelled");
    check("-A@2 +A@3-5", "3", "A active 3-5");
    check("+A@1-5 -A@2 +A@3-6", "4", "A active 3-6");
    check("-*@2", "2", "");
    check("+X@1-5 +Y@1-5 -*@2", "3", "X cancelled 1-5, Y cancelled 1-5");
    check("+X@1-5 +Y@1-5 -X@2", "3", "X cancelled 1-5, Y active 1-5");
}

#[test]
fn another_package_of_an_exclusive_service_replaces() {
    check("+A@1-5 +B@2-6", "3", "A replaced 1-5, B active 2-6");
    check("+X@1-5 +Y@2-6", "3", "X active 1-5, Y active 2-6");
    // In grace it is replaced, once lapsed it stays lapsed.
    check("+A@1-5 +B@6-9", "6", "A replaced 1-5, B active 6-9");
    check("+A@1-5 +B@7-9", "7", "A lapsed 1-5, B active 7-9");
    // It never revives by itself; a later cancel of it makes it cancelled, a register takes it back.
    check("+A@1-5 +B@2-6 -B@3", "4", "A replaced 1-5, B cancelled 2-6");
    check("+A@1-5 +B@2-6 -A@3", "4", "A cancelled 1-5, B active 2-6");
    check("+A@1-5 +B@2-6 +A@3-7", "4", "A active 3-7, B replaced 2-6");
    // What was cancelled before stays cancelled.
    check("+A@1-5 -A@2 +B@3-6", "4", "A cancelled 1-5, B active 3-6");
}

#[test]
fn a_renewal_of_what_was_replaced_moves_its_own_dates() {
    check("+A@1-5#7 +B@2-9#8 +A@5-6#7", "6", "A replaced 1-6, B active 2-9");
    check("+A@1-5#7 +B@2-9#8 +A@5-6#7 -A@6#7", "7", "A cancelled 1-6, B active 2-9");
    // Once the other has ended, it is active again.
    check("+A@1-5#7 +B@2-4#8 -B@4#8 +A@5-8#7", "6", "A active 5-8, B cancelled 2-4");
    check("+A@1-5#7 +B@2-4!#8 +A@5-8#7", "6", "A active 5-8, B lapsed 2-4");
    // Another regID is another purchase, and takes over.
    check("+A@1-5#7 +B@2-9#8 +A@5-8#9", "6", "A active 5-8, B replaced 2-9");
    check("+A@1-5 +B@2-9 +A@5-8", "6", "A active 5-8, B replaced 2-9");
}

#[test]
fn what_is_told_again_says_nothing_new() {
    // An old register, pushed again after the cancel.
    check("+A@1-5#7 -A@1.5#7 +A@1-5#7", "3", "A cancelled 1-5");
    check("+A@1-5#7 -A@1.5#7 +A@1-4#7", "3", "A cancelled 1-5");
    check("+A@1-5#7 -A@4#7 +A@1-5#7", "4.5", "A cancelled 1-5");
    // With a later end it is news.
    check("+A@1-5#7 -A@1.5#7 +A@1-6#7", "3", "A active 1-6");
    // Under another regID, or none, it is no repeat.
    check("+A@1-5#7 -A@1.5#7 +A@1-5#9", "3", "A active 1-5");
    check("+A@1-5 -A@1.5 +A@1-5", "3", "A active 1-5");
    // The cancel of an earlier run, pushed again.
    check("+A@1-5#7 -A@2#7 +A@3-9#8 -A@4#7", "5", "A active 3-9");
    check("+A@1-5#7 -A@2#7 +A@3-9#8 -*@4#7", "5", "A active 3-9");
    // The cancel of the present run, or one that never came before, is heard.
    check("+A@1-5#7 -A@2#7 +A@3-9#8 -A@4#8", "5", "A cancelled 3-9");
    check("+A@1-5#7 +A@3-9#8 -A@4#7", "5", "A cancelled 1-9");
    check("+A@1-5#7 -A@2#7 +A@3-9#8 -A@4", "5", "A cancelled 3-9");
    // Of several packages, those are ended that have not heard it.
    check("+X@1-5#7 -X@2#7 +X@3-9#8 +Y@3-9#7 -*@4#7", "5", "X active 3-9, Y cancelled 3-9");
}

#[test]
fn what_is_told_again_is_no_change_wherever_it_stands() {
    for (words, nth, expected) in [
        ("+A@1-5#7 -A@4#7 +A@1-5#7", 2, Effect::ToldAgain),
        ("+A@1-5#7 -A@2#7 +A@3-9#8 -A@4#7", 3, Effect::ToldAgain),
        ("+A@1-5#7 -A@2#7", 1, Effect::Changed),
        ("+A@1-5#7 -A@2#7 -A@3#7", 2, Effect::Unchanged),
    ] {
        let events = history(words);
        let (_, each) = fold_each(SERVICE, &events, DAY_MS);
        assert_eq!(each[nth].map(|(effect, _)| effect), Some(expected), "{words} number {nth}");
    }
}

/// The rights at a clock, newest run first: `active 1-5`.
#[track_caller]
fn rights(words: &str, at: &str, now: &str, expected: &str) {
    let state = fold(SERVICE, &history(words), DAY_MS);
    let number = Msisdn::parse("84945989325").expect("a number");
    let found = entitlements(&number, &state, day(at), day(now));
    let told: Vec<String> = found
        .iter()
        .map(|right| format!("{} {}-{}", right.state.as_str(), days(right.starts_at), days(right.ends_at)))
        .collect();
    assert_eq!(told.join(", "), expected, "{words} at {at} as known on {now}");
}

#[test]
fn rights_follow_their_runs() {
    rights("+A@1-5", "2", "2", "active 1-5");
    rights("+A@1-5", "5", "5", "grace 1-7");
    rights("+A@1-5", "7", "7", "ended 1-7");
    rights("+A@1-5!", "5", "5", "ended 1-5");
    rights("+A@3-1!", "4", "4", "ended 3-3");
    rights("+A@3-5", "1", "1", "");
    // A carrier's clock may be ahead of ours by five minutes.
    rights("+A@3-5", "2.9966", "2.9966", "active 3-5");
    rights("+A@3-5", "2.9965", "2.9965", "");
    rights("+A@1-5 -A@2", "3", "3", "ended 1-2");
    rights("+A@1-5 -A@9", "10", "10", "ended 1-7");
    rights("-A@9", "10", "10", "");
    // What is known today, at another clock.
    rights("+A@1-5 -A@3", "2", "9", "active 1-3");
    rights("+A@1-5", "6", "2", "grace 1-7");
    // A cancel whose clock is ahead of ours ends service at once all the same.
    rights("+A@1-5 -A@4", "2", "2", "ended 1-2");
    // Old runs are told too.
    rights("+A@1-5 -A@2 +A@3-6", "4", "4", "active 3-6, ended 1-2");
    rights("+A@1-5 +B@2-6", "3", "3", "active 2-6, ended 1-2");
}

#[test]
fn a_right_keeps_its_id_while_its_run_goes_on() {
    let id = |words: &str, nth: usize| {
        let number = Msisdn::parse("84945989325").expect("a number");
        let state = fold(SERVICE, &history(words), DAY_MS);
        entitlements(&number, &state, day("100"), day("100"))[nth].id.clone()
    };
    assert_eq!(id("+A@1-5", 0), id("+A@1-5 +A@5-9", 0));
    assert_ne!(id("+A@1-5", 0), id("+A@1-5 -A@2 +A@3-9", 0));
    assert_eq!(id("+A@1-5", 0), id("+A@1-5 -A@2 +A@3-9", 1));
}

/// What a notice does after others: its effect as the newest.
#[track_caller]
fn effect(words: &str, last: &str, expected: Effect) {
    let mut events = history(words);
    let mut state = fold(SERVICE, &events, DAY_MS);
    events.push(event(last, events.len() + 1));
    assert_eq!(step(&mut state, SERVICE, events.last().expect("one")), expected, "{words} then {last}");
}

#[test]
fn saying_nothing_new_changes_nothing() {
    effect("+A@1-5", "+A@1-5", Effect::Unchanged);
    effect("+A@1-5", "+A@2-5", Effect::Unchanged);
    effect("+A@1-5", "+A@2-6", Effect::Changed);
    effect("+A@1-5", "+A@2-5!", Effect::Changed);
    effect("+A@1-5", "-A@2", Effect::Changed);
    effect("+A@1-5 -A@2", "-A@3", Effect::Unchanged);
    effect("", "-A@3", Effect::Changed);
    effect("", "-*@3", Effect::Unchanged);
    effect("+A@1-5 +B@2-6", "-*@3", Effect::Changed);
}

#[test]
fn older_than_what_is_known_of_the_same_package_is_superseded() {
    for (words, nth, expected) in [
        ("+A@1-5 -A@2", 0, true),
        ("+A@1-5 -A@2", 1, false),
        ("+X@1-5 -Y@2", 0, false),
        ("+X@1-5 -*@2", 0, true),
        ("-A@1 +B@2-5", 0, true),
        ("-X@1 +Y@2-5", 0, false),
    ] {
        let events = history(words);
        let (_, each) = fold_each(SERVICE, &events, DAY_MS);
        assert_eq!(each[nth].map(|(_, is_superseded)| is_superseded), Some(expected), "{words} number {nth}");
    }
}
