//! Each rule as a story in words and a picture of what is in force, one letter for each unit of time:
//! the service's, small while its provider has not begun, `.` for nothing. Cloud unless a row or a
//! service says `ai`. Each letter is looked up in the story told anew up to its unit.

use sdp_gateway::catalog::{GrantKind, Storage};
use sdp_gateway::clock::Timestamp;
use sdp_gateway::service::holdings::{Device, Holdings};
use sdp_gateway::service::right::Right;
use sdp_gateway::service::source::Source;
use sdp_gateway::service::{Plan, Service};

use crate::world::{account, device, paid, plan, purchase, right, settled};

/// `0 bind cam1 ann`, `5 unbind cam1`, `0 code P cam1 10 [remote] [nopause] [ai]`, `4 begun P`,
/// `4 revoke P`, `4 move P cam2`, `2 right R 3..8 [max=2] [continuous] [ai]`, `6 end R`.
struct Story<'a> {
    events: Vec<(i64, Vec<&'a str>)>,
}

impl<'a> Story<'a> {
    fn parse(text: &'a str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let events = lines.map(|line| {
            let mut words = line.split_whitespace();
            let at = words.next().and_then(|at| at.parse().ok()).expect("a time first");
            (at, words.collect())
        });
        Self { events: events.collect() }
    }

    /// The holdings at `until`, with what happened at that time done.
    fn told(&self, until: i64) -> Holdings {
        let mut holdings = Holdings::default();
        for (at, words) in self.events.iter().filter(|(at, _)| *at <= until) {
            happen(&mut holdings, words, Timestamp(*at));
        }
        settled(&holdings, until)
    }
}

fn plan_of(options: &[&str]) -> Plan {
    let has = |word| options.contains(&word);
    let mut plan = plan(if has("ai") { GrantKind::Ai } else { GrantKind::Cloud });
    if has("remote") {
        "far".clone_into(&mut plan.provider);
    }
    if has("continuous") {
        plan.storage = Some(Storage::Continuous);
    }
    plan
}

fn right_of(name: &str, window: &str, options: &[&str]) -> Right {
    let (from, until) = window.split_once("..").expect("a window");
    let max = options.iter().find_map(|option| option.strip_prefix("max=")).unwrap_or("1");
    let number = |text: &str| text.parse().expect("a number");
    right(name, plan_of(options), (number(from), number(until)), max.parse().expect("a number"))
}

fn happen(holdings: &mut Holdings, words: &[&str], now: Timestamp) {
    let rights = |holdings: &Holdings, without: &str| -> Vec<Right> {
        holdings.rights.iter().filter(|right| right.entitlement != without).cloned().collect()
    };
    match words {
        ["bind", cam, user] => holdings.bind(&device(cam), account(user), now).expect("it binds"),
        ["unbind", cam] => holdings.unbind(&device(cam), now),
        ["code", name, cam, ms, options @ ..] => {
            let pausable = !options.contains(&"nopause");
            let purchase = purchase(name, plan_of(options), ms.parse().expect("a time"), pausable);
            holdings.redeem(&device(cam), purchase, now).expect("it is redeemed");
        }
        ["begun", name] => {
            let named = |service: &&Service| service.source.id() == *name && service.is_live();
            let id = holdings.services().find(named).expect("the service").id.clone();
            holdings.confirm(&id, now);
        }
        ["revoke", name] => holdings.revoke(&paid(name), now),
        ["move", name, cam] => {
            let service = holdings.take(&paid(name), now).expect("it can be taken");
            holdings.put(service, &device(cam), now).expect("it can be put");
        }
        ["right", name, window, options @ ..] => {
            let mut rights = rights(holdings, name);
            rights.push(right_of(name, window, options));
            holdings.entitle(rights, now);
        }
        ["end", name] => holdings.entitle(rights(holdings, name), now),
        _ => panic!("no such event: {words:?}"),
    }
}

fn letter(device: &Device, kind: GrantKind) -> char {
    let with_turn = || device.services.iter().filter(|s| s.has_turn() && s.plan.kind == kind);
    let in_force = with_turn().find(|service| service.is_in_force());
    let Some(service) = in_force.or_else(|| with_turn().next()) else { return '.' };
    let (Source::Entitlement(name) | Source::Code(name) | Source::Voucher(name) | Source::Order(name)) =
        &service.source;
    let first = name.chars().next().expect("a name");
    if service.is_in_force() { first } else { first.to_ascii_lowercase() }
}

#[track_caller]
fn check(story: &str, picture: &str) {
    let story = Story::parse(story);
    for row in picture.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (name, expected) = row.split_once(' ').expect("a row's name");
        let (cam, kind) = match name.split_once('/') {
            Some((cam, _ai)) => (cam, GrantKind::Ai),
            None => (name, GrantKind::Cloud),
        };
        let at = |at| story.told(at).devices.iter().find(|d| d.id == device(cam)).map(|d| letter(d, kind));
        let units = (0..).zip(expected.trim().chars());
        let seen: String = units.map(|(time, _)| at(time).unwrap_or('.')).collect();
        assert_eq!(seen, expected.trim(), "{name}");
    }
}

/// The states of services at a time, in the outside's words.
#[track_caller]
fn check_states(story: &str, at: i64, expected: &str) {
    let holdings = Story::parse(story).told(at);
    let state = |device: &Device| -> Vec<String> {
        let services = device.services.iter();
        services.map(|s| format!("{} {}", s.source.id(), device.state_of(s).as_str())).collect()
    };
    let states: Vec<String> = holdings.devices.iter().flat_map(state).collect();
    assert_eq!(states.join(", "), expected);
}

#[test]
fn a_right_is_in_force_on_the_oldest_bindings_up_to_devices_max() {
    let story = "0 bind cam1 ann\n 0 bind cam2 ann\n 0 bind cam3 ann\n 2 right R 3..8 max=2";
    check(story, "cam1 ...RRRRR..\n cam2 ...RRRRR..\n cam3 ..........");
}

#[test]
fn a_device_bound_later_is_attached_while_there_is_room() {
    check(
        "0 right R 0..9 max=2\n 2 bind cam1 ann\n 4 bind cam2 ann\n 5 bind cam3 ann",
        "cam1 ..RRRRRRR.\n cam2 ....RRRRR.\n cam3 ..........",
    );
}

#[test]
fn a_renewal_moves_the_window() {
    check("0 bind cam1 ann\n 0 right R 1..4\n 3 right R 1..8", "cam1 .RRRRRRR..");
}

#[test]
fn a_cancel_ends_service_at_once() {
    check("0 bind cam1 ann\n 0 right R 1..8\n 4 end R", "cam1 .RRR......");
}

#[test]
fn an_unbound_device_makes_room_for_the_next_and_comes_back_last() {
    check(
        "0 bind cam1 ann\n 0 bind cam2 ann\n 0 right R 0..9\n 3 unbind cam1\n 5 bind cam1 ann\n 7 unbind cam2",
        "cam1 RRR....RR.\n cam2 ...RRRR...",
    );
}

#[test]
fn an_attachment_does_not_hop_to_an_older_binding() {
    // When A ends, cam1 is the older binding; B stays where it is.
    let story = "0 bind cam1 ann\n 0 bind cam2 ann\n 0 right A 0..4\n 1 right B 1..9";
    check(story, "cam1 AAAA......\n cam2 .BBBBBBBB.");
}

#[test]
fn a_right_that_finds_no_device_waits_for_one() {
    check("0 bind cam1 ann\n 0 right A 0..4\n 1 right B 1..9", "cam1 AAAABBBBB.");
}

#[test]
fn of_two_rights_at_one_moment_continuous_storage_goes_first() {
    check("0 bind cam1 ann\n 0 right A 1..6\n 0 right B 1..4 continuous", "cam1 .BBBAA....");
}

#[test]
fn rights_of_other_kinds_do_not_meet() {
    check("0 bind cam1 ann\n 0 right A 1..6 ai\n 0 right B 2..4", "cam1 ..BB......\n cam1/ai .AAAAA....");
}

#[test]
fn fewer_devices_end_the_newest_attachments() {
    let story =
        "0 bind cam1 ann\n 0 bind cam2 ann\n 0 right R 0..9 max=2\n 4 right R 0..9\n 6 right R 0..9 max=2";
    check(story, "cam1 RRRRRRRRR.\n cam2 RRRR..RRR.");
}

#[test]
fn newest_is_by_attachment_and_not_by_binding() {
    check(
        "0 bind cam1 ann\n 0 bind cam2 ann\n 0 right A 0..4\n 1 right R 1..9 max=2\n 6 right R 1..9",
        "cam1 AAAARR....\n cam2 .RRRRRRRR.",
    );
}

#[test]
fn codes_queue_in_order_of_being_granted() {
    check("0 bind cam1 ann\n 1 code P cam1 3\n 2 code Q cam1 4", "cam1 .PPPQQQQ..");
}

#[test]
fn paid_time_pauses_under_a_right_and_resumes() {
    let story = "0 bind cam1 ann\n 0 code P cam1 5\n 1 code Q cam1 3\n 3 right R 3..7";
    check(story, "cam1 PPPRRRRPPQQQ.");
    check_states(story, 1, "P active, Q queued");
    check_states(story, 5, "P paused, Q queued, R active");
    check_states(story, 11, "P ended, Q active, R ended");
}

#[test]
fn unbinding_freezes_what_was_paid_until_the_account_binds_again() {
    let story = "0 bind cam1 ann\n 0 code P cam1 5\n 2 unbind cam1\n 6 bind cam1 ann";
    check(story, "cam1 PP....PPP.");
    check_states(story, 4, "P frozen");
}

#[test]
fn another_account_has_nothing_of_what_froze() {
    check(
        "0 bind cam1 ann\n 0 code P cam1 5\n 2 unbind cam1\n 3 bind cam1 bob\n 4 code Q cam1 2\n 7 unbind cam1\n 8 bind cam1 ann",
        "cam1 PP..QQ..PPP.",
    );
}

#[test]
fn moved_time_queues_last_on_its_new_device() {
    check(
        "0 bind cam1 ann\n 0 bind cam2 ann\n 0 code P cam1 5\n 1 code Q cam2 4\n 2 move P cam2",
        "cam1 PP........\n cam2 .QQQQPPP..",
    );
}

#[test]
fn frozen_time_can_move() {
    let story = "0 bind cam1 ann\n 0 bind cam2 ann\n 0 code P cam1 5\n 2 unbind cam1\n 4 move P cam2";
    check(story, "cam1 PP........\n cam2 ....PPP...");
}

#[test]
fn a_revoked_code_ends_and_the_next_begins() {
    check("0 bind cam1 ann\n 0 code P cam1 9\n 0 code Q cam1 3\n 2 revoke P", "cam1 PPQQQ.....");
}

#[test]
fn remote_time_runs_from_its_providers_word() {
    let story = "0 bind cam1 ann\n 0 code P cam1 3 remote\n 2 begun P";
    check(story, "cam1 ppPPP.....");
    check_states(story, 1, "P pending");
}

#[test]
fn remote_time_is_asked_for_again_after_a_right() {
    let story = "0 bind cam1 ann\n 0 code P cam1 4 remote\n 0 begun P\n 2 right R 2..5\n 6 begun P";
    check(story, "cam1 PPRRRpPP..");
}

#[test]
fn time_that_cannot_pause_runs_on_beneath_a_right() {
    let story =
        "0 bind cam1 ann\n 0 code P cam1 8 remote nopause\n 0 begun P\n 0 code Q cam1 3\n 2 right R 2..5";
    check(story, "cam1 PPRRRPPPQQQ.");
    check_states(story, 3, "P paused, Q queued, R active");
}

#[test]
fn time_that_cannot_pause_queues_until_it_has_begun() {
    let story = "0 bind cam1 ann\n 0 code Q cam1 3\n 1 code P cam1 4 remote nopause\n 4 begun P";
    check(story, "cam1 QQQpPPPP..");
}

#[test]
fn time_that_cannot_pause_goes_before_what_can_wait() {
    let story =
        "0 bind cam1 ann\n 0 bind cam2 ann\n 0 code P cam1 8 nopause\n 1 code Q cam2 4\n 3 move P cam2";
    check(story, "cam1 PPP.........\n cam2 .QQPPPPPQQ..");
}

#[test]
fn time_that_cannot_pause_runs_from_its_beginning_there_whosever_turn_it_is() {
    let story = "0 bind cam1 ann\n 0 code Q cam1 4\n 1 code P cam1 4 remote nopause\n 1 begun P";
    check(story, "cam1 QPPPPQQQ..");
    check_states(story, 2, "Q paused, P active");
    let under = "0 bind cam1 ann\n 0 right R 0..4\n 1 code P cam1 6 remote nopause\n 1 begun P";
    check(under, "cam1 RRRRPPP...");
}

#[test]
fn a_provider_that_cannot_pause_begins_each_at_the_end_of_the_one_before() {
    let story = "0 bind cam1 ann\n 0 code P cam1 3 remote nopause\n 0 begun P\n \
        1 code Q cam1 4 remote nopause\n 1 begun Q\n 1 code S cam1 2";
    check(story, "cam1 PPPQQQQSS.");
    check_states(story, 1, "P active, Q queued, S queued");
    // What is redeemed under a right runs beside it.
    let under = format!("{story}\n 2 right R 2..5");
    check(&under, "cam1 PPRRRQQSS.");
}

#[test]
fn what_was_paid_goes_on_until_a_rights_provider_has_begun() {
    let story = "0 bind cam1 ann\n 0 code P cam1 6\n 1 right R 1..8 remote";
    check(story, "cam1 PPPPPPrr..");
    check_states(story, 3, "P active, R pending");
    check(&format!("{story}\n 3 begun R"), "cam1 PPPRRRRRPPP.");
    // What comes while it is pending is in force too.
    check("0 bind cam1 ann\n 0 right R 0..8 remote\n 2 code P cam1 4\n 4 begun R", "cam1 rrPPRRRRPP.");
}
