//! What should be on a device as tables: whose it is and who is asked for, what runs there, and what is known beyond.

use super::*;
use crate::catalog::GrantKind;
use crate::ids::Msisdn;
use crate::service::hold::{Hold, Paid, Window};
use crate::service::holdings::Device;
use crate::service::source::{ServiceId, Source};
use crate::service::{Plan, Turn};

const NUMBER: &str = "84945989325";
const OTHER: &str = "84945989326";

/// What is known.
#[derive(Clone, Copy)]
struct Case<'c> {
    /// Whose the device is: a number, or an account.
    has_it: &'c str,
    /// What is on it: `carried`, `waits` (since day 1), `ended` (on day 3), `other` (another provider's).
    there: &'c [&'c str],
    /// What is on another device of its number.
    around: &'c [&'c str],
    /// For whom it is asked.
    asked: &'c str,
    /// Whether the camera is what the device was called once.
    is_former_camera: bool,
    /// The task's end, and the last one that is stored, in days.
    ended: (Option<i64>, Option<i64>),
    /// What the owner has elsewhere.
    of_owner: &'c [&'c str],
    /// Whose other devices of the camera are, and what is on them.
    beside: &'c [(&'c str, &'c [&'c str])],
    /// The former owner, and what that account has.
    former: Option<(&'c str, &'c [&'c str])>,
}

fn day(day: i64) -> Timestamp {
    Timestamp(day)
}

fn device(name: &str) -> DeviceId {
    DeviceId::parse(name).expect("a device")
}

fn owner(name: &str) -> Option<Owner> {
    match Msisdn::parse(name) {
        Ok(number) => Some(Owner::Number(number)),
        Err(_) => UserAccount::parse(name).ok().map(Owner::Account),
    }
}

fn service(word: &str, on: &str) -> Service {
    let (hold, turn, ended_at) = match word {
        "waits" => {
            let begun_at = Some(day(1));
            let paid = Paid { place: 1, granted_ms: 9, used_ms: 1, begun_at, pausable: true };
            (Hold::Paid(paid), Turn::Waiting, None)
        }
        _ => {
            let window = Window { starts_at: day(1), expires_at: day(9), lapses_at: day(9) };
            let is_over = word == "ended";
            let turn = if is_over { Turn::Waiting } else { Turn::InForce(day(1)) };
            (Hold::Window(window), turn, is_over.then(|| day(3)))
        }
    };
    let provider = if word == "other" { "other" } else { "test" }.to_owned();
    let (kind, settings) = (GrantKind::Ai, serde_json::Map::new());
    Service {
        id: ServiceId::from_stored(format!("svc-{on}-{word}")),
        device: device(on),
        account: UserAccount::parse("ann").expect("an account"),
        source: Source::Entitlement("ent-1".to_owned()),
        plan: Plan { kind, storage: None, retention_days: None, provider, settings },
        hold,
        granted_at: day(1),
        turn,
        ended_at,
    }
}

fn holdings(on: &[(&str, &[&str])]) -> Holdings {
    let device = |(name, words): &(&str, &[&str])| Device {
        id: device(name),
        account: None,
        settled_at: day(5),
        services: words.iter().map(|word| service(word, name)).collect(),
    };
    Holdings { rights: Vec::new(), devices: on.iter().map(device).collect() }
}

fn told(wanted: &Wanted) -> String {
    let ended = wanted.ended_at.map(|at| format!("ended {}", at.0));
    let words = [
        (!wanted.carried.is_nothing()).then_some("carried"),
        wanted.is_anothers.then_some("another's"),
        wanted.waits.then_some("waits"),
        wanted.is_owner_served.then_some("served"),
        ended.as_deref(),
        wanted.is_former_served.then_some("former served"),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(case: &Case<'_>, expected: &str) {
    let (id, around) = (device("cam-1"), holdings(&[("cam-1", case.there), ("cam-2", case.around)]));
    let has_it = owner(case.has_it);
    let place = Place { device: &id, camera: "cam-1", account: None, has_it, around: &around };
    let ask = Ask {
        camera: if case.is_former_camera { "before" } else { "cam-1" }.to_owned(),
        owner: owner(case.asked),
        ended_at: case.ended.0.map(day),
        former: case.former.and_then(|(name, _)| owner(name)),
    };
    let beside = |(name, words): &(&str, &[&str])| Beside {
        device: device("cam-3"),
        has_it: owner(name),
        around: holdings(&[("cam-3", words), ("cam-4", &["carried"])]),
    };
    let seen = Seen {
        of_owner: Some(holdings(&[("cam-9", case.of_owner)])),
        last_end: case.ended.1.map(day),
        beside: case.beside.iter().map(beside).collect(),
        of_former: case.former.map(|(_, words)| holdings(&[("cam-8", words)])),
        ..Seen::of("test", &place, &ask)
    };
    let decided = wanted(&seen);
    assert_eq!(told(&decided), expected);
    assert_eq!(decided.owner, owner(case.asked));
    // What need not be looked for changes nothing.
    if seen.is_carried() {
        let alone = Seen { of_former: seen.of_former.clone(), ..Seen::of("test", &place, &ask) };
        assert_eq!(wanted(&alone), decided);
    }
    if seen.owner_elsewhere().is_none() {
        assert_eq!(wanted(&Seen { of_owner: None, ..seen.clone() }), decided);
    }
}

const OWN: Case<'_> = Case { has_it: NUMBER, asked: NUMBER, ..NOTHING };
const NOTHING: Case<'_> = Case {
    has_it: "",
    there: &[],
    around: &[],
    asked: "",
    is_former_camera: false,
    ended: (None, None),
    of_owner: &[],
    beside: &[],
    former: None,
};

#[test]
fn what_runs_on_a_device_is_its_owners() {
    check(&NOTHING, "");
    check(&OWN, "");
    check(&Case { there: &["carried"], ..OWN }, "carried, served");
    check(&Case { there: &["carried", "waits", "ended"], ..OWN }, "carried, waits, served");
    check(&Case { there: &["carried"], ended: (Some(4), Some(2)), ..OWN }, "carried, served");
    check(&Case { there: &["other"], ..OWN }, "");
    // Its number has something elsewhere, or nothing.
    check(&Case { around: &["carried"], ..OWN }, "served");
    check(&Case { around: &["ended", "waits", "other"], of_owner: &["carried"], ..OWN }, "");
    // An account's devices are not around one another.
    let account = Case { has_it: "ann", asked: "ann", ..NOTHING };
    check(&Case { there: &["carried"], ..account }, "carried, served");
    check(&Case { of_owner: &["carried"], ..account }, "served");
}

#[test]
fn a_device_that_changed_hands_is_anothers() {
    let lost = Case { has_it: OTHER, asked: NUMBER, ..NOTHING };
    check(&Case { there: &["carried"], ..lost }, "another's");
    check(&Case { there: &["carried"], of_owner: &["carried"], ..lost }, "another's, served");
    check(&Case { around: &["carried"], ..lost }, "");
    check(&Case { has_it: "", there: &["waits"], asked: "ann", ..NOTHING }, "waits, ended 1");
}

#[test]
fn what_ran_ended_at_the_newest_end_that_is_known() {
    check(&Case { there: &["ended"], ..OWN }, "ended 3");
    check(&Case { there: &["ended"], ended: (None, Some(2)), ..OWN }, "ended 3");
    check(&Case { there: &["ended"], ended: (None, Some(4)), ..OWN }, "ended 4");
    check(&Case { there: &["waits"], ..OWN }, "waits, ended 1");
    check(&Case { ended: (Some(5), Some(4)), ..OWN }, "ended 5");
    check(&Case { ended: (Some(3), Some(4)), ..OWN }, "ended 4");
}

#[test]
fn a_camera_that_a_device_was_called_once_is_not_the_devices() {
    let former = Case { is_former_camera: true, ..OWN };
    check(&Case { there: &["carried", "waits"], ended: (None, Some(4)), ..former }, "served");
    check(&Case { there: &["carried"], ended: (Some(2), Some(4)), ..former }, "served, ended 2");
    check(&Case { there: &["ended"], ..former }, "ended 3");
    check(&Case { has_it: OTHER, there: &["carried"], ..former }, "");
}

#[test]
fn a_camera_goes_on_as_the_device_that_replaced_this_one() {
    check(&Case { beside: &[(NUMBER, &["carried"])], ..OWN }, "carried, served");
    check(&Case { beside: &[(OTHER, &["carried"])], ..OWN }, "another's");
    check(&Case { beside: &[(OTHER, &["waits", "other"])], ..OWN }, "");
    let both: &[(&str, &[&str])] = &[(NUMBER, &["carried"]), (OTHER, &["carried"])];
    check(&Case { beside: both, ended: (Some(2), None), ..OWN }, "carried, another's, served, ended 2");
    check(&Case { there: &["carried"], beside: &[(OTHER, &["carried"])], ..OWN }, "carried, served");
    let former = Case { there: &["carried"], is_former_camera: true, ..OWN };
    check(&Case { beside: &[(NUMBER, &["carried"])], ..former }, "carried, served");
}

#[test]
fn the_account_from_before_the_number_may_have_something_by_itself() {
    check(&Case { former: Some(("ann", &["carried"])), ..OWN }, "former served");
    check(&Case { former: Some(("ann", &["ended"])), ..OWN }, "");
    check(
        &Case { there: &["carried"], former: Some(("ann", &["carried"])), ..OWN },
        "carried, served, former served",
    );
}
