//! What must hold of services on devices whatever happens, in any order and at any time: one in force,
//! nothing paid lost or given twice, rights exactly in their windows, no hopping, and ticks that change
//! nothing. The rules one by one, as pictures, are in `service_rules/pictures.rs`.

#[path = "service_rules/dues.rs"]
mod dues;
#[path = "service_rules/pictures.rs"]
mod pictures;
#[path = "service_rules/playback.rs"]
mod playback;
#[path = "support/properties.rs"]
mod properties;
#[path = "service_rules/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sdp_gateway::catalog::{GrantKind, Storage};
use sdp_gateway::clock::Timestamp;
use sdp_gateway::service::change::{self, Action, Due};
use sdp_gateway::service::hold::Hold;
use sdp_gateway::service::holdings::{Device, Holdings};
use sdp_gateway::service::right::Right;
use sdp_gateway::service::source::{ServiceId, Source};
use sdp_gateway::service::{Plan, Service, Turn};

use world::{account, device, paid, plan, purchase, right, settled};

const CAMS: [&str; 3] = ["cam1", "cam2", "cam3"];
const CODES: [&str; 5] = ["P", "Q", "S", "T", "U"];
/// Events happen before this moment; most of what was paid has run down by the end.
const EVENTS_UNTIL: i64 = 60;
const END: i64 = 140;

#[derive(Debug, Clone)]
enum Event {
    Bind(&'static str, &'static str),
    Unbind(&'static str),
    Redeem(&'static str, &'static str, Plan, i64, bool),
    Confirm(&'static str),
    ConfirmAttached,
    Revoke(&'static str),
    Move(&'static str, &'static str),
    Entitle(Right),
    Cancel(&'static str),
    Tick,
}

/// An event at a time; one that cannot be is refused and changes no service.
fn happen(holdings: &mut Holdings, event: &Event, now: Timestamp) {
    let others = |holdings: &Holdings, name: &str| -> Vec<Right> {
        holdings.rights.iter().filter(|right| right.entitlement != name).cloned().collect()
    };
    match event {
        Event::Bind(cam, user) => {
            holdings.bind(&device(cam), account(user), now).ok();
        }
        Event::Unbind(cam) => holdings.unbind(&device(cam), now),
        Event::Redeem(cam, name, plan, ms, pausable) => {
            holdings.redeem(&device(cam), purchase(name, plan.clone(), *ms, *pausable), now).ok();
        }
        Event::Confirm(name) => holdings.confirm(&paid(name), now),
        Event::ConfirmAttached => {
            // Providers are asked for what time has attached by then.
            holdings.advance(now);
            let asked: Vec<ServiceId> =
                holdings.services().filter(|s| s.is_attached()).map(|s| s.id.clone()).collect();
            asked.iter().for_each(|id| holdings.confirm(id, now));
        }
        Event::Revoke(name) => holdings.revoke(&paid(name), now),
        Event::Move(name, cam) => {
            // As in a transaction: where it cannot be put, it was not taken.
            let mut moved = holdings.clone();
            let taken = moved.take(&paid(name), now);
            if taken.and_then(|service| moved.put(service, &device(cam), now)).is_ok() {
                *holdings = moved;
            }
        }
        Event::Entitle(right) => {
            let mut rights = others(holdings, &right.entitlement);
            rights.push(right.clone());
            holdings.entitle(rights, now);
        }
        Event::Cancel(name) => holdings.entitle(others(holdings, name), now),
        Event::Tick => holdings.advance(now),
    }
}

/// Where all begins: with a device there is a moment to which the holdings are settled.
fn one_device() -> Holdings {
    let mut holdings = Holdings::default();
    holdings.bind(&device(CAMS[0]), account("ann"), Timestamp(0)).expect("it binds");
    holdings
}

fn plans() -> impl Strategy<Value = Plan> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(cloud, continuous, remote)| {
        let mut plan = plan(if cloud { GrantKind::Cloud } else { GrantKind::Ai });
        if cloud && continuous {
            plan.storage = Some(Storage::Continuous);
        }
        if remote {
            "far".clone_into(&mut plan.provider);
        }
        plan
    })
}

fn events() -> impl Strategy<Value = Vec<(i64, Event)>> {
    let cam = || prop::sample::select(&CAMS[..]);
    let code = || prop::sample::select(&CODES[..]);
    let user = prop::sample::select(&["ann", "bob"][..]);
    let name = || prop::sample::select(&["A", "B", "C", "D"][..]);
    let event = prop_oneof![
        4 => (cam(), user).prop_map(|(cam, user)| Event::Bind(cam, user)),
        2 => cam().prop_map(Event::Unbind),
        5 => (cam(), code(), plans(), 0..25_i64, prop::bool::weighted(0.8))
            .prop_map(|(cam, code, plan, ms, pausable)| Event::Redeem(cam, code, plan, ms, pausable)),
        3 => code().prop_map(Event::Confirm),
        1 => Just(Event::ConfirmAttached),
        1 => code().prop_map(Event::Revoke),
        2 => (code(), cam()).prop_map(|(code, cam)| Event::Move(code, cam)),
        4 => (name(), plans(), 0..EVENTS_UNTIL, 0..30_i64, 0..3_usize).prop_map(
            |(name, mut plan, from, length, devices_max)| {
                // An entitlement's id settles its kind.
                plan.kind = if name < "C" { GrantKind::Cloud } else { GrantKind::Ai };
                Event::Entitle(right(name, plan, (from, from + length), devices_max))
            }
        ),
        1 => name().prop_map(Event::Cancel),
        1 => Just(Event::Tick),
    ];
    prop::collection::vec((0..EVENTS_UNTIL, event), 1..30)
}

/// A history told with a settling at every millisecond, watched all the way.
#[derive(Default)]
struct Watched {
    now: i64,
    holdings: Holdings,
    /// How long each service was seen in force.
    in_force_ms: BTreeMap<ServiceId, i64>,
    /// What providers carry, as told by the dues.
    carried: BTreeSet<(ServiceId, String, String)>,
}

impl Watched {
    fn until(&mut self, then: i64) {
        while self.now < then {
            for service in self.holdings.services().filter(|s| matches!(s.turn, Turn::InForce(_))) {
                *self.in_force_ms.entry(service.id.clone()).or_default() += 1;
            }
            self.now += 1;
            let now = Timestamp(self.now);
            self.step(|holdings| holdings.advance(now));
        }
    }

    fn step(&mut self, event: impl FnOnce(&mut Holdings)) {
        let before = self.holdings.clone();
        event(&mut self.holdings);
        check_one_turn(&self.holdings);
        check_rights(&self.holdings, self.now);
        check_no_hop(&before, &self.holdings, self.now);
        obey(&mut self.carried, &before, &self.holdings);
        let again = settled(&self.holdings, self.now);
        assert_eq!(again, self.holdings, "settling again changes nothing");
    }
}

/// For each kind and device a right has its turn, and one of what was paid has unless a right is in force;
/// none goes unused; the services of what is frozen have none.
fn check_one_turn(holdings: &Holdings) {
    let ids: BTreeSet<&ServiceId> = holdings.services().map(|service| &service.id).collect();
    assert_eq!(ids.len(), holdings.services().count(), "ids are unique");
    for device in &holdings.devices {
        for kind in [GrantKind::Cloud, GrantKind::Ai] {
            let of_kind = || device.services.iter().filter(|s| s.plan.kind == kind && s.is_live());
            let (rights, paid): (Vec<_>, Vec<_>) = of_kind().partition(|service| service.is_attached());
            assert!(rights.len() <= 1 && rights.iter().all(|service| service.has_turn()));
            let turns = paid.iter().filter(|service| service.has_turn()).count();
            let right_in_force = rights.iter().any(|service| service.is_in_force());
            let wanted = paid.iter().any(|service| device.account.as_ref() == Some(&service.account));
            assert_eq!(turns, usize::from(wanted && !right_in_force), "{kind:?} on {device:#?}");
        }
    }
}

fn attached<'a>(holdings: &'a Holdings, right: &'a Right) -> impl Iterator<Item = &'a Service> {
    let from = |service: &Service| service.source == Source::Entitlement(right.entitlement.clone());
    holdings.services().filter(move |service| service.is_attached() && from(service))
}

/// Attachments are of rights in force, with exactly their window, in force themselves; never more than
/// `devices_max`; and none is missing where there is room and a free device.
fn check_rights(holdings: &Holdings, now: i64) {
    let now = Timestamp(now);
    let of_rights: usize = holdings.rights.iter().map(|right| attached(holdings, right).count()).sum();
    assert_eq!(of_rights, holdings.services().filter(|s| s.is_attached()).count(), "each has its right");
    for right in &holdings.rights {
        let mut count = 0;
        for service in attached(holdings, right) {
            assert!(right.is_in_force(now) && service.has_turn());
            assert_eq!((service.hold, &service.plan), (Hold::Window(right.window), &right.plan));
            count += 1;
        }
        assert!(count <= right.devices_max);
        let taken = |device: &Device| {
            device.services.iter().any(|s| s.is_attached() && s.plan.kind == right.plan.kind)
        };
        let free = holdings.devices.iter().any(|device| device.account.is_some() && !taken(device));
        assert!(!right.is_in_force(now) || count == right.devices_max || !free, "a place is left");
    }
}

/// An attachment ends only with its right, its binding, or where `devices_max` is met without it.
fn check_no_hop(before: &Holdings, after: &Holdings, now: i64) {
    for old in before.services().filter(|service| service.is_attached()) {
        let new = after.service(&old.id).expect("attachments are never forgotten");
        let right =
            after.rights.iter().find(|right| Source::Entitlement(right.entitlement.clone()) == old.source);
        let bound = after.devices.iter().any(|d| d.id == old.device && d.account.is_some());
        let goes_on = right.filter(|right| bound && right.is_in_force(Timestamp(now)));
        if let Some(right) = goes_on.filter(|_| !new.is_attached()) {
            let before_count = attached(before, right).count();
            assert!(before_count > right.devices_max, "{old:?} ended for no reason");
        }
    }
}

/// A provider that does as it is told carries exactly what is to be carried, is never told twice,
/// and is told of all that waits for it.
fn obey(carried: &mut BTreeSet<(ServiceId, String, String)>, before: &Holdings, after: &Holdings) {
    let changes = change::between(before, after);
    for asked in after.services().filter(|service| service.turn == Turn::Asked) {
        let since_before = before.service(&asked.id).is_some_and(|old| old.turn == Turn::Asked);
        let begins = |due: &Due| due.action == Action::Begin && due.service == asked.id;
        assert!(since_before || changes.dues.iter().any(begins), "nobody asks for {asked:?}");
    }
    for due in changes.dues {
        let key = (due.service, due.device.to_string(), due.plan.provider);
        match due.action {
            Action::Begin => assert!(carried.insert(key), "begun twice"),
            Action::End => assert!(carried.remove(&key), "ended twice"),
            Action::Change => assert!(carried.contains(&key), "changed but not begun"),
        }
    }
    let expected = after.services().filter(|service| service.is_carried());
    let key = |s: &Service| (s.id.clone(), s.device.to_string(), s.plan.provider.clone());
    assert_eq!(*carried, expected.map(key).collect());
}

/// All paid time is used or left; what was used was in force, or ran down by the wall clock.
fn check_time(watched: &Watched, end: i64) {
    for service in watched.holdings.services() {
        let Hold::Paid(held) = service.hold else { continue };
        let used = service.used_ms(Timestamp(end)).expect("paid time");
        let seen = watched.in_force_ms.get(&service.id).copied().unwrap_or(0);
        assert_eq!(used + service.left_ms(Timestamp(end)).expect("paid time"), held.granted_ms);
        if held.pausable {
            assert_eq!(used, seen, "{service:#?}");
        } else {
            let until = service.ended_at.map_or(end, |ended_at| ended_at.0);
            let ran = held.begun_at.map_or(0, |begun_at| (until - begun_at.0).max(0));
            assert_eq!(used, ran, "{service:#?}");
        }
    }
}

/// Tells a history twice, with a settling at every millisecond and with none but the events', and compares.
fn check_ticks_change_nothing(events: &[(i64, Event)]) {
    let mut watched = Watched { holdings: one_device(), ..Watched::default() };
    let mut direct = one_device();
    let mut told = BTreeSet::new();
    for (at, event) in events {
        // A time before what is settled counts as that: clocks go back.
        watched.until(*at);
        watched.step(|holdings| happen(holdings, event, Timestamp(*at)));
        let before = direct.clone();
        happen(&mut direct, event, Timestamp(watched.now));
        obey(&mut told, &before, &direct);
    }
    watched.until(END);
    check_time(&watched, END);
    let before = direct.clone();
    direct.advance(Timestamp(END));
    obey(&mut told, &before, &direct);
    assert_eq!(direct, watched.holdings, "ticks between change nothing");
}

/// A provider begins a right that nothing but time has attached, and another confirmation comes with a clock
/// that has gone back: it counts as of the moment up to which all is settled.
#[test]
fn what_a_provider_begins_is_known_by_then() {
    let far = Plan { provider: "far".to_owned(), ..plan(GrantKind::Cloud) };
    for (right_plan, pausable) in [(&far, true), (&far, false), (&plan(GrantKind::Cloud), true)] {
        check_ticks_change_nothing(&[
            (0, Event::Redeem("cam1", "T", far.clone(), 1, pausable)),
            (0, Event::Entitle(right("A", right_plan.clone(), (34, 60), 1))),
            (34, Event::ConfirmAttached),
            (0, Event::Confirm("T")),
        ]);
    }
}

proptest! {
    #![proptest_config(properties::tried(1000, "tests/regressions/service_rules.txt"))]

    #[test]
    fn whatever_happens(events in events()) {
        check_ticks_change_nothing(&events);
    }

    #[test]
    fn the_next_change_is_foretold(events in events()) {
        let mut holdings = one_device();
        for (at, event) in &events {
            happen(&mut holdings, event, Timestamp(*at));
        }
        let next = holdings.next_change_at().map_or(END, |next| next.0.min(END));
        let before = settled(&holdings, next - 1);
        prop_assert!(change::between(&holdings, &before).write.is_empty(), "nothing before it");
        // What is forecast comes true.
        prop_assert_eq!(holdings.forecast(), settled(&holdings, END).forecast());
    }
}
