//! What providers owe for each change, rights read from subscriptions, events that are refused, holdings
//! that meet, forecasts and retention.

use std::sync::Arc;

use sdp_gateway::catalog::{Delivery, Grant, GrantKind, Period, Storage};
use sdp_gateway::clock::{DAY_MS, Timestamp};
use sdp_gateway::ids::Msisdn;
use sdp_gateway::service::change::{self, Changes};
use sdp_gateway::service::holdings::{Holdings, Refused};
use sdp_gateway::service::right::rights;
use sdp_gateway::service::{Plan, Service};
use sdp_gateway::subscription::order::Newest;
use sdp_gateway::subscription::terms::Terms;
use sdp_gateway::subscription::{Run, ServiceState, Standing, Subscription};

use crate::world::{account, device, paid, plan, purchase, right, settled};

fn remote() -> Plan {
    Plan { provider: "far".to_owned(), ..plan(GrantKind::Cloud) }
}

fn bound(cams: &[&str]) -> Holdings {
    let mut holdings = Holdings::default();
    for cam in cams {
        holdings.bind(&device(cam), account("ann"), Timestamp(0)).expect("it binds");
    }
    holdings
}

/// What changes by an event, as `Begin cam1 code P 3..8`.
fn dues(holdings: &mut Holdings, event: impl FnOnce(&mut Holdings)) -> Vec<String> {
    let before = holdings.clone();
    event(holdings);
    let Changes { dues, .. } = change::between(&before, holdings);
    let line = |due: &change::Due| {
        let (device, source) = (&due.device, &due.source);
        let (word, id) = (source.word(), source.id());
        format!("{:?} {device} {word} {id} {}..{}", due.action, due.starts_at.0, due.ends_at.0)
    };
    dues.iter().map(line).collect()
}

#[test]
fn what_a_provider_owes() {
    let mut all = bound(&["cam1", "cam2"]);
    let mut check = |event: &dyn Fn(&mut Holdings), expected: &[&str]| {
        assert_eq!(dues(&mut all, event), expected);
    };
    let code = |name| purchase(name, remote(), 10, true);
    let redeem = |all: &mut Holdings, name, at| {
        all.redeem(&device("cam1"), code(name), Timestamp(at)).expect("it is redeemed");
    };
    let entitle =
        |all: &mut Holdings, end, at| all.entitle(vec![right("R", remote(), (4, end), 1)], Timestamp(at));

    check(&|all| redeem(all, "P", 1), &["Begin cam1 code P 1..11"]);
    check(&|all| redeem(all, "Q", 1), &[]);
    check(&|all| all.confirm(&paid("P"), Timestamp(2)), &[]);
    check(&|all| entitle(all, 9, 5), &["Begin cam1 entitlement R 4..9"]);
    let attached = |all: &Holdings| all.services().find(|s| s.is_attached()).map(|s| s.id.clone());
    check(
        &|all| all.confirm(&attached(all).expect("an attachment"), Timestamp(5)),
        &["End cam1 code P 2..5"],
    );
    check(&|all| entitle(all, 14, 6), &["Change cam1 entitlement R 4..14"]);
    check(&|all| entitle(all, 14, 7), &[]);
    check(&|all| all.advance(Timestamp(20)), &["End cam1 entitlement R 4..20", "Begin cam1 code P 20..27"]);
    check(
        &|all| {
            let taken = all.take(&paid("P"), Timestamp(21)).expect("it can be taken");
            all.put(taken, &device("cam2"), Timestamp(21)).expect("it can be put");
        },
        &["End cam1 code P 21..21", "Begin cam1 code Q 21..31", "Begin cam2 code P 21..28"],
    );
    check(&|all| all.unbind(&device("cam2"), Timestamp(22)), &["End cam2 code P 22..22"]);
    check(&|all| all.revoke(&paid("Q"), Timestamp(23)), &["End cam1 code Q 23..23"]);
}

#[test]
fn time_that_cannot_pause_is_begun_once() {
    let mut all = bound(&["cam1"]);
    let begun = dues(&mut all, |all| {
        all.redeem(&device("cam1"), purchase("P", remote(), 10, false), Timestamp(0))
            .expect("it is redeemed");
        all.confirm(&paid("P"), Timestamp(0));
    });
    assert_eq!(begun, ["Begin cam1 code P 0..10"]);
    let under = |all: &mut Holdings| all.entitle(vec![right("R", remote(), (2, 4), 1)], Timestamp(2));
    assert_eq!(dues(&mut all, under), ["Begin cam1 entitlement R 2..4"]);
    assert_eq!(dues(&mut all, |all| all.advance(Timestamp(5))), ["End cam1 entitlement R 2..5"]);
    assert_eq!(dues(&mut all, |all| all.unbind(&device("cam1"), Timestamp(6))), [""; 0]);
    assert_eq!(dues(&mut all, |all| all.advance(Timestamp(12))), ["End cam1 code P 12..12"]);
}

#[test]
fn a_right_that_came_and_went_between_ticks_is_told_to_the_remote_provider() {
    let mut all = bound(&["cam1"]);
    all.redeem(&device("cam1"), purchase("P", remote(), 10, true), Timestamp(0)).expect("it is redeemed");
    all.confirm(&paid("P"), Timestamp(0));
    all.entitle(vec![right("R", plan(GrantKind::Cloud), (2, 4), 1)], Timestamp(1));
    let late = dues(&mut all, |all| all.advance(Timestamp(7)));
    assert_eq!(late, ["End cam1 code P 0..7", "Begin cam1 code P 7..15"]);
}

#[test]
fn a_provider_that_is_replaced_ends_and_the_new_one_begins() {
    let mut all = bound(&["cam1"]);
    all.entitle(vec![right("R", remote(), (0, 9), 1)], Timestamp(0));
    let id = all.services().next().expect("a service").id.clone();
    let other = Plan { provider: "other".to_owned(), ..remote() };
    let replaced = dues(&mut all, |all| all.entitle(vec![right("R", other, (0, 9), 1)], Timestamp(3)));
    assert_eq!(replaced, ["End cam1 entitlement R 0..3", "Begin cam1 entitlement R 0..9"]);
    assert_eq!(all.services().next().map(|service| &service.id), Some(&id));
}

#[test]
fn what_cannot_be_is_refused() {
    let mut all = bound(&["cam1"]);
    let (cam1, now) = (device("cam1"), Timestamp(1));
    let code = || purchase("P", plan(GrantKind::Cloud), 5, true);
    assert_eq!(all.bind(&cam1, account("ANN"), now), Ok(()));
    assert_eq!(all.bind(&cam1, account("bob"), now), Err(Refused::AnotherAccount));
    assert_eq!(all.redeem(&device("cam9"), code(), now), Err(Refused::NotBound));
    assert_eq!(all.take(&paid("P"), now), Err(Refused::NoSuchService));
    all.redeem(&cam1, code(), now).expect("it is redeemed");
    let once = all.clone();
    assert_eq!(all.redeem(&cam1, code(), now), Ok(paid("P")));
    assert_eq!(all, once, "the same purchase adds nothing");
    all.entitle(vec![right("R", plan(GrantKind::Cloud), (0, 9), 1)], now);
    let attached = all.services().find(|s| s.is_attached()).map(|s| s.id.clone()).expect("an attachment");
    assert_eq!(all.take(&attached, now), Err(Refused::NotPaid));
    let taken = all.take(&paid("P"), now).expect("it can be taken");
    assert_eq!(all.put(taken.clone(), &device("cam9"), now), Err(Refused::NotBound));
    let mut bobs = Holdings::default();
    bobs.bind(&cam1, account("bob"), now).expect("it binds");
    assert_eq!(bobs.put(taken, &cam1, now), Err(Refused::AnotherAccount));
}

#[test]
fn a_device_bound_without_a_number_brings_its_time_along() {
    let mut alone = bound(&["cam2"]);
    alone
        .redeem(&device("cam2"), purchase("P", plan(GrantKind::Cloud), 10, true), Timestamp(0))
        .expect("redeemed");
    let mut number = bound(&["cam1"]);
    number.entitle(vec![right("R", plan(GrantKind::Cloud), (2, 9), 2)], Timestamp(1));
    number.join(alone.devices.remove(0), Timestamp(5));
    let used = |all: &Holdings, at| all.service(&paid("P")).and_then(|s| s.used_ms(Timestamp(at)));
    assert_eq!(used(&number, 5), Some(5), "in force alone until it joined");
    assert_eq!(used(&settled(&number, 9), 9), Some(5), "paused under the number's right");
    let end = number.forecast().service(&paid("P")).and_then(|service| service.ended_at);
    assert_eq!((end, number.next_change_at()), (Some(Timestamp(14)), Some(Timestamp(9))));
}

fn grant(kind: GrantKind, delivery: Delivery) -> Grant {
    Grant {
        kind,
        storage: (kind == GrantKind::Cloud).then_some(Storage::Event),
        retention_days: (kind == GrantKind::Cloud).then_some(7),
        devices_max: 2,
        delivery,
        provider: "local".to_owned(),
        settings: serde_json::Map::new(),
    }
}

/// A run from 10 to 20 with grace until 25, ended by a notice where one is given.
fn state(ended_at: Option<i64>) -> ServiceState {
    let terms = Arc::new(Terms {
        id: 1,
        offer: "cloud".to_owned(),
        service_id: "1".to_owned(),
        package_id: "2".to_owned(),
        exclusive: false,
        period: Period::Day,
        utc_offset_s: 0,
        clock_skew_s: 0,
        grace_days: 0,
        grants: vec![grant(GrantKind::Cloud, Delivery::Device), grant(GrantKind::Ai, Delivery::Code)],
    });
    let run = Run {
        terms: Arc::clone(&terms),
        founder: 1,
        starts_at: Timestamp(10),
        expires_at: Timestamp(20),
        lapses_at: Timestamp(25),
        auto_renew: true,
        ended_at: ended_at.map(Timestamp),
    };
    let subscription = Subscription {
        terms,
        standing: if ended_at.is_some() { Standing::Cancelled } else { Standing::Held },
        run: Some(run),
        channel: None,
        reg_id: None,
        updated_at: Timestamp(10),
    };
    ServiceState { subscriptions: vec![subscription], past: Vec::new(), newest: Newest::default() }
}

#[test]
fn rights_are_the_entitlements_for_devices_with_their_grace() {
    let number = Msisdn::parse("84945989325").expect("a number");
    let seen = |ended_at, as_of| -> Vec<(usize, i64, i64, i64)> {
        let rights = rights(&number, &[state(ended_at)], Timestamp(as_of));
        let edges = |window: sdp_gateway::service::hold::Window| {
            (window.starts_at.0, window.expires_at.0, window.lapses_at.0)
        };
        rights.iter().map(|r| (r.devices_max, edges(r.window))).map(|(n, (a, b, c))| (n, a, b, c)).collect()
    };
    for as_of in [0, 12, 22] {
        assert_eq!(seen(None, as_of), [(2, 10, 20, 25)], "{as_of}");
    }
    assert_eq!(seen(None, 25), []);
    assert_eq!(seen(Some(15), 15), []);
    // A cancel dated ahead ends service when it becomes known, and it stays ended.
    assert_eq!(seen(Some(18), 12), []);
    assert_eq!(seen(Some(18), 14), []);
}

#[test]
fn a_right_ends_as_its_entitlement_is_said_to() {
    let number = Msisdn::parse("84945989325").expect("a number");
    let mut all = bound(&["cam1"]);
    all.entitle(rights(&number, &[state(None)], Timestamp(5)), Timestamp(5));
    let ends_at = |at| settled(&all, at).services().next().and_then(|s| s.ends_at(Timestamp(at)));
    assert_eq!(
        [5, 12, 22, 26].map(ends_at),
        [None, Some(20), Some(25), Some(25)].map(|at| at.map(Timestamp))
    );
}

#[test]
fn how_long_recordings_are_kept() {
    let day = |day: i64| Timestamp(day * DAY_MS);
    let mut all = bound(&["cam1"]);
    all.entitle(vec![right("R", plan(GrantKind::Cloud), (0, day(30).0), 1)], day(0));
    let kept = |all: &Holdings, of: fn(&Service) -> Option<Timestamp>| all.services().next().and_then(of);
    assert_eq!(kept(&all, |s| s.recording_kept_until(Timestamp(2 * DAY_MS), 3)), Some(day(9)));
    assert_eq!(kept(&all, |s| s.recordings_kept_until(3)), None);
    all.advance(day(31));
    assert_eq!(kept(&all, |s| s.recording_kept_until(Timestamp(24 * DAY_MS), 3)), Some(day(31)));
    assert_eq!(kept(&all, |s| s.recording_kept_until(Timestamp(29 * DAY_MS), 3)), Some(day(33)));
    assert_eq!(kept(&all, |s| s.recordings_kept_until(3)), Some(day(33)));
    assert_eq!(kept(&all, |s| s.recordings_kept_until(9)), Some(day(37)));
}
