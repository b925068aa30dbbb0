//! The order promise: any permutation and any repetition of a set of notices ends in the same
//! subscriptions and entitlements, and the fast path equals the whole fold. Once on the pure rules,
//! once through the ledger on disk.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/properties.rs"]
mod properties;

use std::collections::BTreeMap;

use chrono::FixedOffset;
use gateway::Folder;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use sdp_gateway::carrier::reading;
use sdp_gateway::catalog::Catalog;
use sdp_gateway::clock::{Clock, DAY_MS, Timestamp};
use sdp_gateway::config::LedgerUrl;
use sdp_gateway::ids::{Msisdn, NoticeId};
use sdp_gateway::ledger::raw::Raw;
use sdp_gateway::ledger::{self, By, Ledger, Operated, Operation, Received, Rules};
use sdp_gateway::story;
use sdp_gateway::subscription::decide::{self, Event};
use sdp_gateway::subscription::judge::{self, Judgement, Policy};
use sdp_gateway::subscription::notice::{Notice, Own, Reading, Reads};
use sdp_gateway::subscription::terms::{Terms, TermsBook};
use sdp_gateway::subscription::{Run, ServiceState};
use sdp_gateway::wire::accessgw::{AccessGw, Notify};

/// An exclusive service of three packages and a free one of two, which share package 11.
const CATALOG: &str = r#"
offer = [
    { id = "a-day", service_id = "1", package_id = "11", service_code = "A", package_code = "DAY", exclusive = true, period = "day", renewal_grace_days = 1 },
    { id = "a-week", service_id = "1", package_id = "12", service_code = "A", package_code = "WEEK", exclusive = true, period = "week", renewal_grace_days = 3 },
    { id = "a-month", service_id = "1", package_id = "13", service_code = "A", package_code = "MONTH", exclusive = true, period = "month", renewal_grace_days = 0 },
    { id = "b-day", service_id = "2", package_id = "11", service_code = "B", package_code = "DAY", period = "day", renewal_grace_days = 2 },
    { id = "b-week", service_id = "2", package_id = "14", service_code = "B", package_code = "WEEK", period = "week", renewal_grace_days = 0 },
]
"#;

const NUMBER: &str = "84945989325";
const HOUR_MS: i64 = 3_600_000;

fn hanoi() -> FixedOffset {
    FixedOffset::east_opt(7 * 3600).expect("an offset")
}

fn catalog() -> Catalog {
    // Grants make entitlements, so that these are compared too.
    let grant = r#"
[[offer.grant]]
kind = "cloud"
storage = "event"
"#;
    let offers: toml::Table = CATALOG.parse().expect("TOML");
    let text: String = offers["offer"]
        .as_array()
        .expect("offers")
        .iter()
        .map(|offer| format!("[[offer]]\n{offer}\n{grant}", offer = toml::to_string(offer).expect("TOML")))
        .collect();
    Catalog::parse(&text, "test", &BTreeMap::new(), 35).expect("a catalog")
}

fn book(catalog: &Catalog) -> TermsBook {
    let mut book = TermsBook::default();
    for (id, offer) in (1..).zip(catalog.offers()) {
        book.add_current(Terms { id, ..Terms::of(offer, 7 * 3600, 300) });
    }
    book
}

/// One notice before it has an identity.
#[derive(Debug, Clone)]
struct Draft {
    register: bool,
    /// service, package, by id or by code.
    target: (Option<&'static str>, Option<&'static str>),
    by_code: bool,
    queued: Queued,
    reg: Option<u8>,
    /// `subcribeTime` of a register, `updateTime` of a cancel.
    at: Option<Moment>,
    started: Moment,
    /// Hours.
    expires: Option<i64>,
    auto_renew: bool,
    /// An operator's own word; of a grant the hour of the end that was known.
    own: Option<Option<i64>>,
}

/// Hours, seconds of that hour, and milliseconds where a time has any.
type Moment = (i64, i64, i64);

/// Which row of the carrier's queue a notice is.
#[derive(Debug, Clone, Copy)]
enum Queued {
    /// None: a caller without a queue, or a CDR's row.
    No,
    /// One of a queue that counts up.
    Up,
    /// One of a queue that was installed anew.
    Anew,
}

/// Moments that meet within seconds, minutes and hours, and days apart.
fn moments() -> impl Strategy<Value = Moment> {
    let hours = prop_oneof![3 => 0_i64..150, 1 => prop::sample::select(vec![10, 34, 58])];
    (hours, prop::sample::select(vec![0, 0, 1, 60, 116, 300]), prop::sample::select(vec![0, 400, 999]))
}

fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let registers = prop::sample::select(vec![
        (Some("1"), Some("11")),
        (Some("1"), Some("12")),
        (Some("1"), Some("13")),
        (Some("2"), Some("11")),
        (Some("2"), Some("14")),
        (None, Some("12")),
    ]);
    let cancels = prop::sample::select(vec![
        (Some("1"), Some("11")),
        (Some("1"), Some("12")),
        (Some("2"), Some("11")),
        (None, Some("11")),
        (Some("1"), None),
        (Some("2"), None),
    ]);
    let target = prop_oneof![
        3 => registers.prop_map(|target| (true, target)),
        2 => cancels.prop_map(|target| (false, target)),
    ];
    let draft = (
        target,
        prop::bool::weighted(0.2),
        prop_oneof![1 => Just(Queued::No), 3 => Just(Queued::Up), 1 => Just(Queued::Anew)],
        prop::option::weighted(0.8, 0_u8..4),
        prop::option::weighted(0.8, moments()),
        moments(),
        prop::option::weighted(0.7, 1_i64..200),
        prop::bool::weighted(0.7),
        prop::option::weighted(0.2, prop::option::weighted(0.7, 1_i64..200)),
    )
        .prop_map(|((register, target), by_code, queued, reg, at, started, expires, auto_renew, own)| {
            Draft { register, target, by_code, queued, reg, at, started, expires, auto_renew, own }
        });
    // Some are pushed again as new rows.
    let pushed = prop::collection::vec(any::<Index>(), 0..3);
    (prop::collection::vec(draft, 1..9), pushed).prop_map(|(mut drafts, pushed)| {
        for index in pushed {
            drafts.push(Draft { queued: Queued::Up, ..index.get(&drafts).clone() });
        }
        drafts
    })
}

/// A moment after a Monday's midnight in the carrier's zone.
fn moment((hours, seconds, ms): Moment) -> Timestamp {
    let monday = 1_790_000_000_000 - 1_790_000_000_000 % (24 * HOUR_MS);
    Timestamp(monday + (hours - 7) * HOUR_MS + seconds * 1000 + ms)
}

/// 14 digits.
fn time(moment_of: Moment) -> Option<String> {
    Some(moment(moment_of).utc().with_timezone(&hanoi()).format("%Y%m%d%H%M%S").to_string())
}

/// After all that the drafts speak of: no time is odd for being ahead of its receipt.
fn receipt() -> Timestamp {
    moment((200, 0, 0))
}

fn code(id: &str) -> &'static str {
    match id {
        "1" => "A",
        "2" => "B",
        "11" => "DAY",
        "12" | "14" => "WEEK",
        _ => "MONTH",
    }
}

fn notice(draft: &Draft, index: usize, queue: usize) -> Notice {
    let (service, package) = draft.target;
    let id = |text: Option<&str>| text.filter(|_| !draft.by_code).map(str::to_owned);
    let named = |text: Option<&str>| text.filter(|_| draft.by_code).map(|id| code(id).to_owned());
    let fields = Notify {
        queue_id: match draft.queued {
            Queued::No => None,
            Queued::Up => Some(format!("{}", 1000 + queue)),
            Queued::Anew => Some(format!("{}", 1 + queue)),
        },
        // One without both is no notice.
        reg_id: match (draft.reg, draft.queued) {
            (Some(reg), _) => Some(format!("r{reg}")),
            (None, Queued::No) => Some(format!("n{index}")),
            (None, _) => None,
        },
        msisdn: Some(NUMBER.to_owned()),
        reg_type: Some(if draft.register { "1" } else { "2" }.to_owned()),
        service_id: id(service),
        package_id: id(package),
        service_code: named(service),
        package_code: named(package),
        start_time: Some(moment(draft.started).0.to_string()),
        subscribe_time: draft.at.filter(|_| draft.register).and_then(time),
        update_time: draft.at.filter(|_| !draft.register).and_then(time),
        expired_time: draft.expires.and_then(|hours| time((hours, 0, 0))),
        auto_renew: Some(if draft.auto_renew { "1" } else { "0" }.to_owned()),
        ..Notify::default()
    };
    let (module, message_type) = (Some("SDP".to_owned()), Some("NOTIFY".to_owned()));
    let message = AccessGw { module, message_type, fields, twice: None };
    let notice = match reading::read(&message, &Reads::in_zone(hanoi()), receipt()) {
        Reading::Notice(notice) => *notice,
        other => panic!("{other:?}"),
    };
    match draft.own {
        Some(known_end) => operators(notice, draft, index, known_end),
        None => notice,
    }
}

/// The same as an operator says it: of a moment, and by no queue and no regID of the carrier's.
fn operators(mut notice: Notice, draft: &Draft, index: usize, known_end: Option<i64>) -> Notice {
    let at = moment(draft.at.unwrap_or(draft.started));
    let known_end = known_end.filter(|_| draft.register).map(|hours| moment((hours, 0, 0)));
    let known = known_end.map_or(String::new(), |at| format!(":{}", at.0));
    notice.name = format!("o:{index}:0{known}");
    (notice.queue_id, notice.channel, notice.content.reg_id) = (None, None, None);
    (notice.event_at, notice.start_at) = (Some(at), None);
    notice.content.subscribe_at = Some(at).filter(|_| draft.register);
    notice.content.auto_renew = false;
    notice.own = Some(Own { known_end });
    notice
}

/// A set of notices and two orders of arrival, the second with repeats.
fn histories() -> impl Strategy<Value = (Vec<Notice>, Vec<usize>, Vec<usize>)> {
    drafts().prop_flat_map(|drafts| {
        let many = drafts.len();
        let order: Vec<usize> = (0..many).collect();
        let shuffled = || Just(order.clone()).prop_shuffle();
        let again = prop::collection::vec(any::<Index>(), 0..4);
        (Just(drafts), shuffled(), shuffled(), shuffled(), again, subsequence(order.clone(), many)).prop_map(
            move |(drafts, queues, first, second, again, _)| {
                let notices: Vec<Notice> = (0..many).map(|i| notice(&drafts[i], i, queues[i])).collect();
                // One content for each identity: else the first to come would rule.
                let is_first = |i: &usize| {
                    let same = |other: &Notice| other.is_same_operation(&notices[*i]);
                    notices.iter().position(same) == Some(*i)
                };
                let first: Vec<usize> = first.into_iter().filter(is_first).collect();
                let mut repeated: Vec<usize> = second.into_iter().filter(is_first).collect();
                for index in again {
                    let (from, to) = (*index.get(&repeated), index.index(repeated.len() + 1));
                    repeated.insert(to, from);
                }
                (notices, first, repeated)
            },
        )
    })
}

/// The events of notices received in this order, each once.
fn events(notices: &[Notice], order: &[usize], catalog: &Catalog, book: &TermsBook) -> Vec<Event> {
    let mut seen = Vec::new();
    let mut events = Vec::new();
    for (received, index) in (1_i64..).zip(order) {
        if seen.contains(index) {
            continue;
        }
        seen.push(*index);
        let received_at = receipt().plus_ms(received);
        let judgement = judge::judge(&notices[*index], catalog, book, Policy::default(), received_at);
        if let Judgement::Stands(change) = judgement {
            events.push(judge::event(&notices[*index], change, received_at));
        }
    }
    events
}

/// Folds as the ledger does: a step where the notice stands last, the whole fold else.
fn arrive(service_id: &str, events: &[Event]) -> ServiceState {
    let mut state = ServiceState::default();
    for (index, event) in events.iter().enumerate() {
        if !event.change.services().contains(&service_id) {
            continue;
        }
        if !state.subscriptions.is_empty() && decide::is_newest(&state, event, DAY_MS) {
            decide::step(&mut state, service_id, event);
        } else {
            state = decide::fold(service_id, &events[..=index], DAY_MS);
        }
    }
    state
}

/// Two identities may say the very same; which of them came first must still not matter. The package was
/// never held, so the cancel that stands first is the one whose channel is kept.
#[test]
fn what_says_the_same_under_two_identities_has_one_order() {
    let catalog = catalog();
    let book = book(&catalog);
    let cancel = |subscribe_time: &str, channel: &str| {
        let text = |text: &str| Some(text.to_owned());
        let fields = Notify {
            reg_id: text("r"),
            msisdn: text(NUMBER),
            reg_type: text("2"),
            service_id: text("1"),
            package_id: text("11"),
            channel: text(channel),
            subscribe_time: text(subscribe_time),
            update_time: time((5, 0, 0)),
            ..Notify::default()
        };
        let message = AccessGw { module: text("SDP"), message_type: text("NOTIFY"), fields, twice: None };
        match reading::read(&message, &Reads::in_zone(hanoi()), receipt()) {
            Reading::Notice(notice) => *notice,
            other => panic!("{other:?}"),
        }
    };
    let notices = [cancel("20260101000000", "SMS"), cancel("20260102000000", "WEB")];
    let told = |order: &[usize]| arrive("1", &events(&notices, order, &catalog, &book));
    assert_eq!(told(&[0, 1]).subscriptions, told(&[1, 0]).subscriptions);
}

/// A time that is odd when its notice comes is none any more when it comes again: it is the same notice all the same.
#[test]
fn what_was_ahead_is_a_repeat_when_it_comes_again_in_its_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let text = |text: &str| Some(text.to_owned());
    let queued = [text("7001"), None];
    for queue_id in queued {
        let fields = Notify {
            queue_id,
            reg_id: text("r"),
            msisdn: text(NUMBER),
            reg_type: text("1"),
            service_id: text("1"),
            package_id: text("12"),
            subscribe_time: time((150, 0, 0)),
            expired_time: time((400, 0, 0)),
            ..Notify::default()
        };
        let message = AccessGw { module: text("SDP"), message_type: text("NOTIFY"), fields, twice: None };
        let received = |hours: i64| {
            let received_at = moment((hours, 0, 0));
            let reading = reading::read(&message, &Reads::in_zone(hanoi()), received_at);
            let raw = Raw { method: "POST".into(), path: "/".into(), ..Raw::default() };
            Received { reading, raw, caller: "carrier".into(), received_at, answer: 0 }
        };
        let folder = Folder::new();
        let url = LedgerUrl::parse(&gateway::Ledger::of(folder.path()).url()).expect("an address");
        runtime.block_on(async {
            ledger::migrate(&url).await.expect("a schema");
            let rules =
                Rules::new(catalog(), Policy::default(), Reads::in_zone(hanoi()), reading::read_again);
            let settings = ledger::Settings { url, queue_max: 64, codes_key: None };
            let ledger = Ledger::open(&settings, rules, Clock::system()).await.expect("a ledger");
            let number = Msisdn::parse(NUMBER).expect("a number");
            let first = ledger.record(received(10)).await.expect("recorded");
            assert!(!first.repeated && !first.remarks.odd.is_none(), "{first:?}");
            let held = ledger.holdings(&number).await.expect("holdings");
            for hours in [11, 150, 300] {
                let again = ledger.record(received(hours)).await.expect("recorded");
                assert!(again.repeated && again.id == first.id, "{hours}: {again:?}");
            }
            let after = ledger.holdings(&number).await.expect("holdings");
            let told = |held| serde_json::to_string(&story::subscriptions(held, receipt())).expect("JSON");
            assert_eq!(told(&after), told(&held));
            ledger.close().await;
        });
    }
}

fn sorted(mut past: Vec<Run>) -> Vec<Run> {
    past.sort_by_key(|run| (run.terms.package_id.clone(), run.founder));
    past
}

proptest! {
    #![proptest_config(ProptestConfig {
        max_shrink_iters: 2000, ..properties::tried(4000, "tests/regressions/convergence.txt")
    })]

    #[test]
    fn the_rules_do_not_depend_on_arrival((notices, first, second) in histories()) {
        let catalog = catalog();
        let book = book(&catalog);
        for service_id in ["1", "2"] {
            let one = arrive(service_id, &events(&notices, &first, &catalog, &book));
            let two = arrive(service_id, &events(&notices, &second, &catalog, &book));
            let whole = decide::fold(service_id, &events(&notices, &first, &catalog, &book), DAY_MS);
            for other in [&two, &whole] {
                prop_assert_eq!(&one.subscriptions, &other.subscriptions);
                prop_assert_eq!(sorted(one.past.clone()), sorted(other.past.clone()));
            }
            prop_assert_eq!(one.newest, whole.newest);
            at_most_one_of_an_exclusive_service(&one)?;
        }
    }
}

fn at_most_one_of_an_exclusive_service(state: &ServiceState) -> Result<(), TestCaseError> {
    // After every event: at an earlier clock a package may look held whose end is known only today.
    for hours in [180, 250, 400] {
        let at = Timestamp(1_790_000_000_000 + hours * HOUR_MS);
        let held =
            state.subscriptions.iter().filter(|held| held.terms.exclusive && held.state(at).is_in_force());
        prop_assert!(held.count() <= 1, "two packages of an exclusive service at {hours} h");
    }
    Ok(())
}

fn from_carrier(notice: &Notice, received_at: Timestamp) -> Received {
    Received {
        reading: Reading::Notice(Box::new(notice.clone())),
        raw: Raw { method: "POST".into(), path: "/".into(), ..Raw::default() },
        caller: "carrier".into(),
        received_at,
        answer: 0,
    }
}

/// A fresh ledger that has received these notices in this order; its subscriber's holdings as JSON.
async fn through_the_ledger(url: &str, notices: &[Notice], order: &[usize]) -> String {
    let url = LedgerUrl::parse(url).expect("an address");
    ledger::migrate(&url).await.expect("a schema");
    let rules = Rules::new(catalog(), Policy::default(), Reads::in_zone(hanoi()), reading::read_again);
    let settings = ledger::Settings { url, queue_max: 64, codes_key: None };
    let ledger = Ledger::open(&settings, rules, Clock::system()).await.expect("a ledger");
    // Handed over at once: they share transactions, as under load.
    let mut waiting = Vec::new();
    for (received, index) in (1_i64..).zip(order) {
        let received = from_carrier(&notices[*index], receipt().plus_ms(received));
        let ledger = ledger.clone();
        waiting.push(tokio::spawn(async move { ledger.record(received).await }));
        tokio::task::yield_now().await;
    }
    for recorded in waiting {
        recorded.await.expect("no panic").expect("recorded");
    }
    let number = Msisdn::parse(NUMBER).expect("a number");
    let holdings = ledger.holdings(&number).await.expect("holdings");
    let now = Timestamp(1_790_000_000_000 + 60 * HOUR_MS);
    let told = serde_json::json!({
        "subscriptions": story::subscriptions(&holdings, now),
        "entitlements": story::entitlements(&number, &holdings, now, Timestamp(i64::MAX)),
    });
    ledger.close().await;
    told.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig {
        // Each writes to a disk, however many are asked for.
        cases: 60, max_shrink_iters: 60, ..properties::tried(60, "tests/regressions/convergence_ledger.txt")
    })]

    #[test]
    fn the_ledger_does_not_depend_on_arrival((notices, first, second) in histories()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let through = |order: &[usize]| {
            let folder = Folder::new();
            let url = gateway::Ledger::of(folder.path()).url();
            runtime.block_on(through_the_ledger(&url, &notices, order))
        };
        prop_assert_eq!(through(&first), through(&second));
    }
}

/// All that a ledger keeps of its notices and their number.
fn rows(ledger: &gateway::Ledger) -> Vec<Vec<gateway::ledger::Row>> {
    vec![
        ledger.rows(
            "SELECT id, msisdn, outcome, reason, identity, event_at, subscribe_at, expire_at, scope, start_at, odd, count \
             FROM notice ORDER BY id",
        ),
        ledger.rows("SELECT key, notice_id FROM identity ORDER BY key"),
        ledger.rows(
            "SELECT service_id, package_id, terms_id, standing, founder, starts_at, expires_at, lapses_at, ended_at, \
             auto_renew, channel, reg_id, updated_at FROM subscription ORDER BY service_id, package_id",
        ),
        // As numbers: as texts, 4 is the greater of 4 and 1000.
        ledger.rows(
            "SELECT service_id, max(CAST(newest_queue AS NUMERIC)), max(newest_at) FROM subscription \
             GROUP BY service_id ORDER BY 1",
        ),
        ledger.rows("SELECT * FROM past_run ORDER BY service_id, package_id, founder"),
    ]
}

/// What a fresh ledger keeps that has received these, and what it keeps after each notice was laid aside and put back;
/// where `changes`, by another catalog and other settings than those it was judged by.
fn laid_aside_and_put_back(
    runtime: &tokio::runtime::Runtime,
    notices: &[Notice],
    order: &[usize],
    changes: bool,
) -> Vec<Vec<Vec<gateway::ledger::Row>>> {
    let folder = Folder::new();
    let kept = gateway::Ledger::of(folder.path());
    let url = LedgerUrl::parse(&kept.url()).expect("an address");
    let (ledger, mut ids) = runtime.block_on(received(url, notices, order));
    if changes {
        let offer = "[[offer]]\nid = 'other'\nservice_id = '1'\npackage_id = '11'\nexclusive = true\nperiod = 'month'\n";
        let other = Catalog::parse(offer, "test", &BTreeMap::new(), 5).expect("a catalog");
        let policy = Policy { expiry_periods_max: 1, record_only: true, ..Policy::default() };
        let rules = Rules::new(other, policy, Reads::in_zone(hanoi()), reading::read_again);
        runtime.block_on(ledger.put_in_force(rules)).expect("in force");
    }
    let mut seen = vec![rows(&kept)];
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        for operation in [Operation::Discard, Operation::Retry] {
            let operated = runtime.block_on(ledger.operate(operation, id, By::command("ann", None)));
            assert_eq!(operated.expect("kept"), Operated::Changed, "{operation:?} {id}");
        }
        seen.push(rows(&kept));
    }
    let verified = runtime.block_on(ledger.verify(|_| {})).expect("verified");
    assert_eq!(verified.told, [""; 0]);
    runtime.block_on(ledger.close());
    seen
}

/// A fresh ledger that has received these, and those of its notices that stand in the fold.
async fn received(url: LedgerUrl, notices: &[Notice], order: &[usize]) -> (Ledger, Vec<NoticeId>) {
    ledger::migrate(&url).await.expect("a schema");
    let settings = ledger::Settings { url, queue_max: 64, codes_key: None };
    let rules = Rules::new(catalog(), Policy::default(), Reads::in_zone(hanoi()), reading::read_again);
    let ledger = Ledger::open(&settings, rules, Clock::system()).await.expect("a ledger");
    let mut ids = Vec::new();
    for (received, index) in (1_i64..).zip(order) {
        let received = from_carrier(&notices[*index], receipt().plus_ms(received));
        let recorded = ledger.record(received).await.expect("recorded");
        let stands = ["applied", "no_change", "superseded"].contains(&recorded.outcome.as_str());
        ids.extend(stands.then_some(recorded.id));
    }
    (ledger, ids)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 25, max_shrink_iters: 60, ..properties::tried(25, "tests/regressions/convergence_aside.txt")
    })]

    #[test]
    fn a_discard_and_a_retry_leave_the_ledger_as_it_was((notices, _, order) in histories(), changes: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let seen = laid_aside_and_put_back(&runtime, &notices, &order, changes);
        for after in &seen[1..] {
            prop_assert_eq!(after, &seen[0]);
        }
    }
}
