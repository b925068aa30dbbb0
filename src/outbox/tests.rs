//! A task's life as tables: every step from every state, what an attempt leaves behind, what becomes of the code,
//! and what a due takes the place of.

use serde_json::Map;

use super::*;
use crate::catalog::GrantKind;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::service::Plan;
use crate::service::change::{Action, Due};
use crate::service::holdings::Holdings;
use crate::service::source::{ServiceId, Source};
use crate::service::wanted::{Owner, Place};
use crate::stock::Lookup;
use crate::stock::redeem::CodeFault;

const NOW: Timestamp = Timestamp(100);
const LATER: Timestamp = Timestamp(200);

fn plan(provider: &str) -> Plan {
    let (storage, retention_days, settings) = (None, None, Map::new());
    Plan { kind: GrantKind::Ai, storage, retention_days, provider: provider.to_owned(), settings }
}

fn key() -> Lookup {
    Lookup::from_ledger("key".to_owned())
}

/// A task for a device, as it is when it comes to be owed: due at [`NOW`].
pub(crate) fn task(id: i64, action: TaskAction) -> Task {
    let owed = Owed {
        provider: "test".to_owned(),
        action,
        msisdn: None,
        account: UserAccount::parse("ann").ok(),
        device_id: DeviceId::parse("cam-1").ok(),
        service_id: Some(ServiceId::from_stored("svc-1".to_owned())),
        entitlement: None,
        body: Body::of(&plan("test"), 30, NOW, LATER),
        code_key: Some(key()),
        doubt: false,
    };
    owed.task(TaskId(id), NOW, NOW)
}

pub(crate) fn lease() -> Lease {
    Lease { token: "lease".to_owned(), until: LATER }
}

/// A task in a state, as some way there leaves it.
fn begin_in(state: TaskState) -> Task {
    let due = task(1, TaskAction::Begin);
    let running = due.clone().claimed(lease(), NOW).expect("due");
    let said = |outcome| running.clone().settled(&outcome, NOW).expect("running").task;
    match state {
        TaskState::Due => due,
        TaskState::Running => running,
        TaskState::Done => said(Settlement::Done { note: None, follow_up_at: None }),
        TaskState::Dead => said(Settlement::Dead { why: "no".to_owned(), doubt: true }),
        TaskState::Discarded => due.discarded(NOW).expect("due").task,
        TaskState::Superseded => due.superseded(NOW).expect("due").task,
    }
}

fn step(task: Task, step: &str) -> Result<Task, Stays> {
    let why = || "why".to_owned();
    let settled = |outcome| task.clone().settled(&outcome, LATER).map(|after| after.task);
    match step {
        "claim" => task.claimed(lease(), LATER),
        "claim early" => task.claimed(lease(), Timestamp(99)),
        "doubt" => task.doubted(),
        "provide" => task.provided(&key()),
        "issue" => task.issued(&key(), LATER),
        "in vain" => task.in_vain(None, LATER).map(|after| after.task),
        "supersede" => task.superseded(LATER).map(|after| after.task),
        "sooner" => task.sooner(Timestamp(99)),
        "not sooner" => task.sooner(LATER),
        "reopen" => task.reopened(true, LATER),
        "reopen unwanted" => task.reopened(false, LATER),
        "discard" => task.discarded(LATER).map(|after| after.task),
        "done" => settled(Settlement::Done { note: None, follow_up_at: None }),
        "again" => settled(Settlement::Again { due_at: LATER, why: why() }),
        "unknown" => settled(Settlement::Unknown { due_at: LATER, why: why() }),
        "dead" => settled(Settlement::Dead { why: why(), doubt: false }),
        "stock" => settled(Settlement::Waits { due_at: LATER, why: None }),
        "denied" => settled(Settlement::Waits { due_at: LATER, why: Some(why()) }),
        "returned" => settled(Settlement::Returned { why: why() }),
        "given back" => settled(Settlement::GivenBack),
        "broken off" => settled(Settlement::BrokenOff),
        "bad code" => settled(Settlement::BadCode { fault: CodeFault::Invalid, due_at: LATER, why: why() }),
        other => panic!("no step {other}"),
    }
}

/// `becomes` has the state after a step from each of [`TaskState::ALL`]; `-` where it does not begin there.
#[track_caller]
fn check(name: &str, becomes: [&str; 6]) {
    for (state, becomes) in TaskState::ALL.into_iter().zip(becomes) {
        let after = step(begin_in(state), name);
        assert_eq!(after.as_ref().map_or("-", |task| task.state.word()), becomes, "{name} from {state:?}");
        let is_settled = |task: &Task| task.settled_at.is_some() != task.state.is_open();
        assert!(after.as_ref().is_ok_and(is_settled) || after.is_err(), "{name} from {state:?}: {after:?}");
    }
}

#[test]
fn each_step_begins_in_some_states() {
    // due, running, done, dead, discarded, superseded
    check("claim", ["running", "running", "-", "-", "-", "-"]);
    check("claim early", ["-", "-", "-", "-", "-", "-"]);
    check("doubt", ["due", "-", "-", "-", "-", "-"]);
    check("provide", ["-", "running", "-", "-", "-", "-"]);
    check("issue", ["-", "done", "-", "-", "-", "-"]);
    check("in vain", ["-", "dead", "-", "-", "-", "-"]);
    check("supersede", ["superseded", "superseded", "-", "-", "-", "-"]);
    check("sooner", ["due", "-", "-", "-", "-", "-"]);
    check("not sooner", ["-", "-", "-", "-", "-", "-"]);
    check("reopen", ["-", "-", "-", "due", "due", "-"]);
    check("reopen unwanted", ["-", "-", "-", "-", "-", "-"]);
    check("discard", ["discarded", "-", "-", "discarded", "-", "-"]);
    for (outcome, becomes) in [
        ("done", "done"),
        ("again", "due"),
        ("unknown", "due"),
        ("dead", "dead"),
        ("stock", "due"),
        ("denied", "due"),
        ("returned", "discarded"),
        ("given back", "due"),
        ("broken off", "due"),
        ("bad code", "due"),
    ] {
        check(outcome, ["-", becomes, "-", "-", "-", "-"]);
    }
    assert_eq!(step(begin_in(TaskState::Dead), "reopen unwanted"), Err(Stays::Unwanted));
}

/// What a step from running leaves: attempts, doubt, when it is due, and why.
#[track_caller]
fn check_left(name: &str, left: (u32, bool, i64), last_error: Option<&str>, note: Option<&str>) {
    let task = step(begin_in(TaskState::Running), name).expect("it begins there");
    assert_eq!((task.attempts, task.doubt, task.due_at.0), left, "{name}");
    assert_eq!((task.last_error.as_deref(), task.note.as_deref()), (last_error, note), "{name}");
}

#[test]
fn an_attempt_leaves_what_the_next_one_must_know() {
    let lacks = "waits for stock: no unused ai code, of 30 days or more, for provider test";
    check_left("claim", (1, true, 200), None, None);
    check_left("done", (1, false, 200), None, None);
    check_left("again", (1, false, 200), Some("why"), None);
    check_left("unknown", (1, true, 200), Some("why"), None);
    check_left("dead", (1, false, 200), Some("why"), None);
    check_left("stock", (0, false, 200), None, Some(lacks));
    check_left("denied", (0, true, 200), Some("why"), Some("waits: why"));
    check_left("returned", (1, false, 200), Some("why"), None);
    check_left("given back", (0, false, 200), None, None);
    check_left("broken off", (0, true, 200), None, None);
    check_left("bad code", (1, false, 200), Some("why"), None);
    let again = step(begin_in(TaskState::Dead), "reopen").expect("dead");
    assert_eq!((again.attempts, again.doubt, again.last_error.as_deref()), (0, true, Some("no")));
}

#[test]
fn a_lease_is_known_by_its_secret_until_another_has_it() {
    let running = begin_in(TaskState::Running);
    let settled = step(running.clone(), "again").expect("running");
    assert!(settled.is_of_lease(&running), "it can be said again");
    let other = Lease { token: "other".to_owned(), ..lease() };
    assert!(!settled.claimed(other, LATER).expect("due").is_of_lease(&running));
    let never = begin_in(TaskState::Due);
    assert!(!never.is_of_lease(&never));
}

#[track_caller]
fn check_code(action: TaskAction, doubt: bool, outcome: &Settlement, code: Option<CodeStep>, is_kept: bool) {
    let running = task(1, action).claimed(lease(), NOW).expect("due");
    let after = Task { doubt, ..running }.settled(outcome, NOW).expect("running");
    assert_eq!(after.code, code.map(|step| (key(), step)), "{action:?} {outcome:?}");
    assert_eq!(after.task.code_key.is_some(), is_kept, "{action:?} {outcome:?}");
}

#[test]
fn a_code_goes_the_way_of_its_task() {
    use CodeStep::{Released, Spent, Spoiled};
    let why = || "why".to_owned();
    let done = Settlement::Done { note: None, follow_up_at: None };
    check_code(TaskAction::Begin, false, &done, Some(Spent), true);
    check_code(TaskAction::Change, true, &done, Some(Spent), true);
    check_code(TaskAction::Redeem, false, &done, None, true);
    check_code(TaskAction::Begin, false, &Settlement::GivenBack, None, true);
    let dead = Settlement::Dead { why: why(), doubt: false };
    check_code(TaskAction::Begin, false, &dead, Some(Released), false);
    check_code(TaskAction::Begin, true, &dead, None, true);
    check_code(TaskAction::Begin, false, &Settlement::Dead { why: why(), doubt: true }, None, true);
    check_code(TaskAction::Redeem, false, &Settlement::Returned { why: why() }, Some(Released), false);
    let bad = Settlement::BadCode { fault: CodeFault::Used, due_at: LATER, why: why() };
    check_code(TaskAction::Begin, true, &bad, Some(Spoiled(CodeFault::Used)), false);
    check_code(TaskAction::Redeem, false, &bad, Some(Spoiled(CodeFault::Used)), false);
    check_code(TaskAction::Redeem, true, &bad, Some(Spoiled(CodeFault::Used)), true);
    let dead = task(1, TaskAction::Redeem).claimed(lease(), NOW).expect("due").settled(&bad, NOW);
    assert_eq!(dead.expect("running").task.state, TaskState::Dead, "who redeems it has no other");
}

/// Open tasks as `begin`, or `begin?` for one in doubt, or `begin!` for one that runs.
fn open(words: &[&str]) -> Vec<Task> {
    let one = |(id, word): (i64, &&str)| {
        let name = word.trim_end_matches(['?', '!']);
        let action = TaskAction::ALL.into_iter().find(|action| action.word() == name).expect("an action");
        let task = Task { doubt: word.ends_with('?'), ..task(id, action) };
        if word.ends_with('!') { task.claimed(lease(), NOW).expect("due") } else { task }
    };
    (1..).zip(words).map(one).collect()
}

/// The ids of those that a due replaces, and what is to be done, with `?` where that may come about before.
#[track_caller]
fn check_replaced(words: &[&str], action: Action, superseded: &[i64], expected: &str) {
    let due = Due {
        action,
        service: ServiceId::from_stored("svc-1".to_owned()),
        device: DeviceId::parse("cam-1").expect("a device"),
        account: UserAccount::parse("ann").expect("an account"),
        source: Source::Entitlement("ent-1".to_owned()),
        plan: plan("test"),
        starts_at: NOW,
        ends_at: LATER,
        runs_down: false,
    };
    let replaced = replace(open(words), &due);
    let ids: Vec<i64> = replaced.superseded.iter().map(|task| task.id.0).collect();
    let doubt = if replaced.doubt { "?" } else { "" };
    let told = format!("{}{doubt}", replaced.action.map_or("nothing", TaskAction::word));
    assert_eq!((ids.as_slice(), told.as_str()), (superseded, expected), "{words:?} {action:?}");
    let others = Due { service: ServiceId::from_stored("svc-2".to_owned()), ..due };
    assert_eq!(replace(open(words), &others).superseded, [], "another service's stay");
}

#[test]
fn a_due_takes_the_place_of_what_was_not_sent() {
    check_replaced(&[], Action::Begin, &[], "begin");
    check_replaced(&[], Action::End, &[], "end");
    check_replaced(&["begin"], Action::End, &[1], "nothing");
    check_replaced(&["begin"], Action::Change, &[1], "begin");
    check_replaced(&["begin", "change"], Action::Change, &[1, 2], "begin");
    check_replaced(&["change"], Action::Change, &[1], "change");
    check_replaced(&["end"], Action::Begin, &[], "begin");
    check_replaced(&["begin?"], Action::Change, &[], "change");
    check_replaced(&["begin?"], Action::End, &[1], "end");
    check_replaced(&["end?"], Action::End, &[1], "end");
    check_replaced(&["begin!"], Action::Change, &[], "change?");
    check_replaced(&["begin!"], Action::End, &[], "end");
    check_replaced(&["retire!", "begin"], Action::Change, &[2], "begin?");
}

#[test]
fn what_waits_is_covered_by_what_its_provider_is_at() {
    let running = begin_in(TaskState::Running);
    for (word, covered) in
        [("begin", true), ("change", true), ("begin?", false), ("begin!", false), ("end", false)]
    {
        let other = Task { id: TaskId(2), ..open(&[word]).remove(0) };
        assert_eq!(running.covers(&other), covered, "{word}");
        assert!(!running.covers(&Task { provider: "other".to_owned(), ..other }), "{word}");
    }
    assert!(!running.covers(&Task { id: running.id, ..begin_in(TaskState::Due) }), "not itself");
}

/// What a task of ann's, made on `cam-old` for a number or for none, asks of a device that is called `cam-new` and
/// is an account's by now: camera, owner, end and former owner.
#[track_caller]
fn check_ask(action: TaskAction, number: Option<&str>, account: Option<&str>, now: Option<&str>, asks: &str) {
    let msisdn = |text: Option<&str>| text.and_then(|text| Msisdn::parse(text).ok());
    let made = task(1, action);
    let body = Body { camera: Some("cam-old".to_owned()), ..made.body.clone() };
    let (device, account) = (DeviceId::parse("cam-1").expect("a device"), account.map(UserAccount::parse));
    let account = account.transpose().expect("an account");
    let has_it = Owner::of(msisdn(now).as_ref(), account.as_ref());
    let around = Holdings::default();
    let place =
        Place { device: &device, camera: "cam-new", account: account.as_ref(), has_it, around: &around };
    let ask = Task { msisdn: msisdn(number), body, ..made }.ask(&place);
    let name = |owner: &Option<Owner>| owner.as_ref().map_or("-", Owner::in_full).to_owned();
    let ended = ask.ended_at.map_or("-".to_owned(), |at| at.0.to_string());
    let told = format!("{} {} {ended} {}", ask.camera, name(&ask.owner), name(&ask.former));
    assert_eq!(told, asks, "{action:?}");
}

#[test]
fn a_task_asks_for_whom_it_was_made_and_of_the_camera_that_was() {
    let (number, another) = (Some("84945989325"), Some("84945989326"));
    check_ask(TaskAction::Begin, None, Some("ann"), None, "cam-new ann - -");
    check_ask(TaskAction::Change, None, Some("ann"), number, "cam-new 84945989325 - -");
    check_ask(TaskAction::Begin, number, Some("bob"), another, "cam-new 84945989325 - -");
    check_ask(TaskAction::End, None, Some("bob"), another, "cam-old ann 200 -");
    check_ask(TaskAction::End, number, None, None, "cam-old 84945989325 200 ann");
    check_ask(TaskAction::Retire, number, Some("ann"), number, "cam-old 84945989325 200 ann");
}
