//! What may be played of a device, in pictures: days on a line, one letter a service.

use sdp_gateway::catalog::GrantKind;
use sdp_gateway::clock::{DAY_MS, Timestamp};
use sdp_gateway::service::hold::{Hold, Paid, Window};
use sdp_gateway::service::playback::{Archive, Binding, Session, Span, WINDOWS_MAX, playable};
use sdp_gateway::service::source::{ServiceId, Source};
use sdp_gateway::service::{Service, Turn};

use super::world::{account, device, plan};

/// Days after the end for which recordings are kept.
const KEEP: u32 = 3;

fn day(day: i64) -> Timestamp {
    Timestamp(day * DAY_MS)
}

/// A right to cloud storage of seven days, in force from one day to another.
fn right(from: i64, to: i64) -> Service {
    Service {
        id: ServiceId::of_paid(&Source::Entitlement(format!("{from}-{to}"))),
        device: device("cam1"),
        account: account("ann"),
        source: Source::Entitlement("e".to_owned()),
        plan: plan(GrantKind::Cloud),
        hold: Hold::Window(Window { starts_at: day(from), expires_at: day(to - 1), lapses_at: day(to) }),
        granted_at: day(from),
        turn: Turn::InForce(day(from)),
        ended_at: None,
    }
}

fn ended(from: i64, to: i64) -> Service {
    Service { turn: Turn::Waiting, ended_at: Some(day(to)), ..right(from, to + 30) }
}

/// Thirty paid days that began on a day.
fn paid(begun: Option<i64>, turn: Turn) -> Service {
    let paid =
        Paid { place: 1, granted_ms: 30 * DAY_MS, used_ms: 0, begun_at: begun.map(day), pausable: true };
    Service { hold: Hold::Paid(paid), turn, ..right(0, 1) }
}

fn of_kind(kind: GrantKind, service: Service) -> Service {
    Service { plan: plan(kind), ..service }
}

/// What ann may play on day 100, bound since a day: until which day, and which days of recordings.
fn played(bound: i64, services: &[Service]) -> Option<(i64, Vec<(i64, i64)>)> {
    let binding = Binding { account: account("ann"), bound_at: day(bound) };
    let playable = playable(services, &binding, |_| KEEP, day(100))?;
    let days = |span: &Span| (span.starts_at.0 / DAY_MS, span.ends_at.0 / DAY_MS);
    Some((playable.until.0 / DAY_MS, playable.windows.iter().map(days).collect()))
}

#[track_caller]
fn check(services: &[Service], until: i64, windows: &[(i64, i64)]) {
    assert_eq!(played(0, services), Some((until, windows.to_vec())));
}

#[test]
fn in_force_from_its_start_or_as_far_back_as_recordings_are_kept() {
    check(&[right(98, 110)], 113, &[(98, 110)]);
    check(&[right(50, 110)], 113, &[(93, 110)]);
    check(&[paid(Some(98), Turn::InForce(day(98)))], 131, &[(98, 128)]);
}

#[test]
fn nothing_from_before_the_binding() {
    assert_eq!(played(99, &[right(50, 110)]), Some((113, vec![(99, 110)])));
    assert_eq!(played(99, &[ended(90, 98)]), None, "kept, but from before");
    assert_eq!(played(97, &[ended(90, 98)]), Some((101, vec![(97, 98)])));
    assert_eq!(played(100, &[right(100, 110)]), Some((113, vec![(100, 110)])));
}

#[test]
fn what_ended_is_kept_for_some_days_and_no_longer_than_it_was_stored() {
    check(&[ended(90, 99)], 102, &[(93, 99)]);
    check(&[ended(90, 98)], 101, &[(93, 98)]);
    for gone in [ended(90, 97), ended(60, 70)] {
        assert_eq!(played(0, &[gone]), None);
    }
    let mut short = ended(90, 99);
    short.plan.retention_days = Some(1);
    assert_eq!(played(0, &[short.clone()]), None);
    short.ended_at = Some(day(100));
    assert_eq!(played(0, &[short]), Some((101, vec![(99, 100)])));
}

#[test]
fn where_nothing_is_kept_all_ends_with_the_service() {
    let played = |service: Service| {
        let binding = Binding { account: account("ann"), bound_at: day(0) };
        playable(&[service], &binding, |_| 0, day(100)).map(|playable| playable.until)
    };
    assert_eq!(played(right(98, 110)), Some(day(110)));
    assert_eq!(played(ended(98, 100)), None);
    assert_eq!(played(paid(Some(98), Turn::InForce(day(98)))), Some(day(128)));
}

#[test]
fn nothing_is_in_force_before_its_turn() {
    for waiting in [
        Service { turn: Turn::Asked, ..right(98, 110) },
        paid(None, Turn::Waiting),
        paid(None, Turn::Asked),
        Service { ended_at: Some(day(99)), ..paid(None, Turn::Waiting) },
    ] {
        assert_eq!(played(0, &[waiting]), None);
    }
    let paused = paid(Some(96), Turn::Waiting);
    check(std::slice::from_ref(&paused), 107, &[(96, 100)]);
    check(&[paused, right(98, 110)], 113, &[(96, 110)]);
}

#[test]
fn other_kinds_let_the_live_picture_be_seen_and_hold_no_recordings() {
    for kind in [GrantKind::Ai, GrantKind::FourG] {
        check(&[of_kind(kind, right(98, 110))], 110, &[]);
        assert_eq!(played(0, &[of_kind(kind, ended(90, 99))]), None);
        assert_eq!(played(0, &[of_kind(kind, paid(Some(96), Turn::Waiting))]), None);
    }
    check(&[of_kind(GrantKind::Ai, right(98, 120)), ended(90, 99)], 120, &[(93, 99)]);
}

/// Whether ann, bound since a day, may play days of recordings on day 100, anew and while she plays them.
fn opens(bound: i64, services: &[Service], from: i64, to: i64) -> [bool; 2] {
    let binding = Binding { account: account("ann"), bound_at: day(bound) };
    let playable = playable(services, &binding, |_| KEEP, day(100)).expect("something");
    let asked = Archive::Of(Span { starts_at: day(from), ends_at: day(to) });
    [Session::New, Session::Running].map(|session| playable.opens(asked, session, day(100)))
}

#[test]
fn recordings_of_a_time_must_lie_within_one_window() {
    let (both, running, neither) = ([true; 2], [false, true], [false; 2]);
    let apart = [right(99, 110), ended(94, 97)];
    for (bound, services, from, to, expected) in [
        (0, &[right(98, 110)][..], 98, 99, both),
        (0, &[right(98, 110)], 98, 120, both),
        (0, &[right(98, 110)], 105, 106, both),
        (0, &[right(98, 110)], 97, 99, neither),
        (0, &[right(98, 110)], 110, 111, neither),
        (0, &[right(50, 110)], 93, 94, both),
        (0, &[right(50, 110)], 92, 94, running),
        (0, &[right(50, 110)], 92, 93, neither),
        (0, &[right(50, 110)], 49, 94, neither),
        (93, &[right(50, 110)], 92, 94, neither),
        (0, &[ended(90, 99)], 98, 99, both),
        (0, &[ended(90, 99)], 98, 100, neither),
        (0, &[ended(90, 99)], 92, 94, running),
        (0, &[right(98, 110), ended(94, 98)], 95, 99, both),
        (0, &apart, 95, 96, neither),
        (0, &apart, 99, 100, both),
        (0, &[right(99, 110), ended(94, 98)], 95, 98, both),
        (0, &[right(99, 110), ended(94, 98)], 95, 100, neither),
    ] {
        assert_eq!(opens(bound, services, from, to), expected, "{from} to {to}, bound on {bound}");
    }
}

#[test]
fn recordings_of_no_told_time_need_any_window() {
    let any = |services: &[Service]| {
        let binding = Binding { account: account("ann"), bound_at: day(0) };
        let playable = playable(services, &binding, |_| KEEP, day(100)).expect("something");
        [Session::New, Session::Running].map(|session| playable.opens(Archive::Some, session, day(100)))
    };
    assert_eq!(any(&[right(98, 110)]), [true; 2]);
    assert_eq!(any(&[ended(90, 99)]), [true; 2]);
    assert_eq!(any(&[of_kind(GrantKind::Ai, right(98, 110))]), [false; 2]);
}

#[test]
fn anothers_services_open_nothing() {
    let bobs = |service: Service| Service { account: account("bob"), ..service };
    assert_eq!(played(0, &[bobs(right(98, 110)), bobs(ended(90, 99))]), None);
    check(&[bobs(right(93, 120)), right(98, 110)], 113, &[(98, 110)]);
}

#[test]
fn windows_that_meet_are_one_and_the_newest_are_named() {
    check(&[right(98, 110), ended(94, 98), ended(95, 96)], 113, &[(94, 110)]);
    check(&[right(99, 110), ended(94, 98)], 113, &[(94, 98), (99, 110)]);
    let hour = |n: usize| {
        let at = |ms: i64| Timestamp(day(99).0 + i64::try_from(n).expect("small") * 600_000 + ms);
        let mut service = ended(90, 99);
        let window = Window { starts_at: at(0), expires_at: at(1), lapses_at: at(1) };
        (service.hold, service.ended_at) = (Hold::Window(window), Some(at(300_000)));
        service
    };
    let many: Vec<Service> = (0..WINDOWS_MAX + 10).map(hour).collect();
    let binding = Binding { account: account("ann"), bound_at: day(0) };
    let playable = playable(&many, &binding, |_| KEEP, day(100)).expect("something");
    assert_eq!(playable.windows.len(), WINDOWS_MAX);
    assert_eq!(playable.windows.last().map(|span| Some(span.ends_at)), Some(many[WINDOWS_MAX + 9].ended_at));
    assert!(playable.windows.is_sorted());
}
