//! The client of the activation-code API against a double of the remote system that goes wrong in every
//! way a network can: whatever happens, a service is begun once and ended once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/activation_double.rs"]
mod activation_double;

use std::time::{Duration, Instant};

use activation_double::{ACCOUNT, DEVICE, Double, How, KEY, SECRET};
use sdp_gateway::catalog::GrantKind;
use sdp_gateway::clock::{Clock, Timestamp};
use sdp_gateway::config::{ActivationRemote, Config, Mode, PhoneType, SendAs};
use sdp_gateway::ids::{DeviceId, UserAccount};
use sdp_gateway::providers::activation::Activation;
use sdp_gateway::providers::{Action, Attempted, CodeFault, Doubt, Errand, Provider, build};
use sdp_gateway::stock::CodeText;
use serde_json::json;

const TIMEOUT_MS: u32 = 1500;
const CODE: &str = "ABCD-1234";
const REDEEM: &str = "actCode/service";
const RECORD: &str = "actCode/usage/record";
const EFFECT: &str = "services/effect";
const CREATE: &str = "order/create";
const CANCEL: &str = "order/cancel";

/// Every way to go wrong after the request was read.
const FAULTS: [How; 9] = [
    How::Silence,
    How::Status(500),
    How::Status(404),
    How::HangUp,
    How::Garbage,
    How::Redirect,
    How::Trickle,
    How::Flood,
    How::Code("1005"),
];

fn settings(double: &Double, mode: Mode) -> ActivationRemote {
    ActivationRemote {
        base_url: double.base_url(),
        redirect: false,
        partner_key: KEY.to_owned(),
        partner_secret: SECRET.into(),
        source_app: 72,
        country_code: "VN".to_owned(),
        language: "en".to_owned(),
        phone_type: PhoneType::Android,
        send_as: SendAs::Form,
        mode,
        timeout_ms: TIMEOUT_MS,
    }
}

fn client(settings: ActivationRemote) -> Activation {
    Activation::new("meari", settings, Clock::system()).unwrap()
}

fn task(action: Action) -> Errand {
    Errand {
        action,
        doubt: Doubt::None,
        order_num: "GW-000001".to_owned(),
        ended_order_nums: (action == Action::End).then(|| "GW-000001".to_owned()).into_iter().collect(),
        // Whatever the case here, the other side must see it in lower case.
        user_account: UserAccount::parse(&ACCOUNT.to_uppercase()).unwrap(),
        device_id: DeviceId::parse(DEVICE).unwrap(),
        camera: None,
        kind: GrantKind::Cloud,
        storage: None,
        retention_days: None,
        starts_at: Timestamp(0),
        ends_at: None,
        code: Some(CodeText::parse(CODE).unwrap()),
        settings: json!({"package_id": "pkg-7d"}).as_object().unwrap().clone(),
        wanted: None,
    }
}

/// Attempts until the task is settled, as the worker makes them.
async fn settle(client: &Activation, mut task: Errand) -> Vec<Attempted> {
    let mut outcomes = Vec::new();
    while outcomes.len() < 8 {
        let outcome = client.send(&task).await;
        let (unknown, again) =
            (matches!(outcome, Attempted::Unknown(_)), matches!(outcome, Attempted::Again { .. }));
        outcomes.push(outcome);
        if !unknown && !again {
            break;
        }
        if unknown {
            task.doubt = Doubt::Possible;
        }
    }
    outcomes
}

fn is_done(outcomes: &[Attempted]) -> bool {
    matches!(outcomes.last(), Some(Attempted::Done(_)))
}

fn never(outcome: &Attempted) -> Option<&str> {
    match outcome {
        Attempted::Never(why) => why.result_code.as_deref(),
        _ => None,
    }
}

#[tokio::test]
async fn the_settings_build_their_providers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    let text = "[providers.meari]\nkind = 'activation'\nbase_url = 'http://127.0.0.1:9'\npartner_key = 'k'\n\
                partner_secret = 's'\nsource_app = 1\n[providers.test]\nkind = 'scripted'\nscript = ['never']\n";
    std::fs::write(&path, text).unwrap();
    let config = Config::load(Some(&path), std::iter::empty()).unwrap();
    let providers = build(&config.providers, &Clock::system()).unwrap();
    assert_eq!(providers.keys().collect::<Vec<_>>(), ["local", "meari", "test"]);
    assert!(matches!(providers["local"].send(&task(Action::Begin)).await, Attempted::Done(_)));
    assert!(matches!(providers["test"].send(&task(Action::Begin)).await, Attempted::Never(_)));
}

#[tokio::test]
async fn parameters_go_where_the_settings_put_them() {
    for (send_as, word) in [(SendAs::Form, "form"), (SendAs::Query, "query"), (SendAs::Json, "json")] {
        let double = Double::start().await;
        double.stock(CODE, "0");
        let client = client(ActivationRemote { send_as, ..settings(&double, Mode::Code) });
        let Attempted::Done(settled) = client.send(&task(Action::Begin)).await else { panic!("{word}") };
        assert_eq!(settled.order_num.as_deref(), Some("M00001"));
        assert_eq!(double.calls(), [format!("/v3/third/sdk/{REDEEM} {word}")]);
        assert_eq!(double.services()[0].code.as_deref(), Some(CODE));
    }
}

/// A fault at the call that matters, with the work done and not done: each alone, then with the look that
/// follows going wrong too.
async fn exactly_once(mode: Mode, path: &'static str, look: &'static str) {
    let cases = FAULTS.into_iter().flat_map(|how| [(how, true), (how, false)]);
    let each = cases.map(|(how, works)| async move {
        for looks_fail in [false, true] {
            let double = Double::start().await;
            double.stock(CODE, "0");
            double.fail(path, works, how);
            if looks_fail {
                double.fail(look, true, how);
            }
            let outcomes = settle(&client(settings(&double, mode)), task(Action::Begin)).await;
            let case = format!("{path} {how:?}, works: {works}, look fails: {looks_fail}: {outcomes:?}");
            assert!(matches!(outcomes[0], Attempted::Unknown(_)), "{case}");
            assert!(is_done(&outcomes), "{case}");
            assert_eq!(double.services().len(), 1, "{case}");
            let calls = double.calls().iter().filter(|call| call.contains(path)).count();
            assert_eq!(calls, if works { 1 } else { 2 }, "{case}");
        }
    });
    futures_of(each).await;
}

/// Runs all at once: most of them only wait.
async fn futures_of<F: Future<Output = ()> + Send + 'static>(all: impl Iterator<Item = F>) {
    let mut running = tokio::task::JoinSet::new();
    for one in all {
        running.spawn(one);
    }
    running.join_all().await;
}

#[tokio::test]
async fn a_code_is_redeemed_exactly_once_whatever_goes_wrong() {
    exactly_once(Mode::Code, REDEEM, RECORD).await;
}

#[tokio::test]
async fn an_order_is_placed_exactly_once_whatever_goes_wrong() {
    exactly_once(Mode::Order, CREATE, EFFECT).await;
}

#[tokio::test]
async fn an_order_is_cancelled_whatever_goes_wrong() {
    let cases = FAULTS.into_iter().flat_map(|how| [(how, true), (how, false)]);
    let each = cases.map(|(how, works)| async move {
        let double = Double::start().await;
        let client = client(settings(&double, Mode::Order));
        assert!(is_done(&settle(&client, task(Action::Begin)).await));
        double.fail(CANCEL, works, how);
        let outcomes = settle(&client, task(Action::End)).await;
        assert!(is_done(&outcomes), "{how:?} {works}: {outcomes:?}");
        assert_eq!(double.state.lock().unwrap().cancelled, ["GW-000001"], "{how:?} {works}");
        assert_eq!(double.services(), [], "{how:?} {works}");
    });
    futures_of(each).await;
}

#[tokio::test]
async fn an_attempt_is_bounded_in_time_with_all_its_calls() {
    let double = Double::start().await;
    double.stock(CODE, "0");
    for path in [RECORD, REDEEM, RECORD, REDEEM] {
        double.fail(path, false, How::Trickle);
    }
    let client = client(settings(&double, Mode::Code));
    for doubt in [Doubt::Possible, Doubt::None] {
        let started = Instant::now();
        let outcome = client.send(&Errand { doubt, ..task(Action::Begin) }).await;
        assert!(matches!(outcome, Attempted::Unknown(_)), "{outcome:?}");
        assert!(started.elapsed() < Duration::from_millis(u64::from(TIMEOUT_MS) + 1000));
    }
}

#[tokio::test]
async fn a_code_that_others_used_or_that_is_none_is_the_codes_fault() {
    let double = Double::start().await;
    double.stock(CODE, "1");
    let client = client(settings(&double, Mode::Code));
    let invalid = client.send(&task(Action::Begin)).await;
    assert!(matches!(invalid, Attempted::BadCode { fault: CodeFault::Invalid, .. }), "{invalid:?}");
    double.state.lock().unwrap().used.insert(CODE.to_owned());
    let used = client.send(&task(Action::Begin)).await;
    assert!(matches!(used, Attempted::BadCode { fault: CodeFault::Used, .. }), "{used:?}");
}

#[tokio::test]
async fn a_record_that_lags_does_not_cost_a_second_code() {
    let double = Double::start().await;
    double.stock(CODE, "0");
    double.state.lock().unwrap().record_lags = true;
    double.fail(REDEEM, true, How::HangUp);
    let client = client(settings(&double, Mode::Code));
    assert!(matches!(client.send(&task(Action::Begin)).await, Attempted::Unknown(_)));
    let doubtful = Errand { doubt: Doubt::Possible, ..task(Action::Begin) };
    assert!(matches!(client.send(&doubtful).await, Attempted::Unknown(_)));
    double.state.lock().unwrap().record_lags = false;
    assert!(matches!(client.send(&doubtful).await, Attempted::Done(_)));
    assert_eq!(double.services().len(), 1);
}

#[tokio::test]
async fn an_empty_stock_calls_nobody() {
    let double = Double::start().await;
    let client = client(settings(&double, Mode::Code));
    assert_eq!(client.send(&Errand { code: None, ..task(Action::Begin) }).await, Attempted::Waits);
    let Attempted::Done(settled) = client.send(&task(Action::End)).await else { panic!("not done") };
    assert!(settled.note.is_some());
    assert_eq!(double.calls(), [""; 0]);
}

#[tokio::test]
async fn an_end_cancels_all_orders_that_it_names() {
    let double = Double::start().await;
    let client = client(settings(&double, Mode::Order));
    let names: Vec<String> = (1..=4).map(|n| format!("GW-00000{n}")).collect();
    for order_num in &names {
        let order = Errand { order_num: order_num.clone(), ..task(Action::Begin) };
        assert!(is_done(&[client.send(&order).await]));
    }
    let end = Errand { ended_order_nums: names.iter().rev().cloned().collect(), ..task(Action::End) };
    let cancelled = || double.state.lock().unwrap().cancelled.clone();
    // One that is refused for good keeps no other back; silence ends the attempt.
    double.fail("order/cancel", false, How::Code("1027"));
    double.fail("order/cancel", true, How::Code("1001"));
    double.fail("order/cancel", true, How::HangUp);
    assert!(matches!(client.send(&end).await, Attempted::Unknown(_)));
    assert_eq!(cancelled(), [names[2].clone(), names[1].clone()]);
    // What the first attempt cancelled is not there any more, which is as well.
    let Attempted::Done(settled) = client.send(&end).await else { panic!("not done") };
    assert_eq!(settled.note, None);
    assert_eq!((double.services(), cancelled().len()), (vec![], 4));
    let Attempted::Done(settled) = client.send(&end).await else { panic!("not done") };
    assert!(settled.note.is_some_and(|note| note.contains("no such order")), "{:?}", settled.note);
    double.fail("order/cancel", false, How::Code("4002"));
    let Attempted::Done(settled) = client.send(&end).await else { panic!("not done") };
    assert!(settled.note.is_some_and(|note| note.contains("too old")), "{:?}", settled.note);
    for (code, is_fit) in [("1005", false), ("1027", true)] {
        double.fail("order/cancel", false, How::Code(code));
        assert_eq!(never(&client.send(&end).await).is_some(), is_fit, "{code}");
    }
}

#[tokio::test]
async fn what_no_attempt_changes_is_never() {
    let double = Double::start().await;
    double.stock(CODE, "0");
    let own = client(settings(&double, Mode::Code));
    let outcome =
        own.send(&Errand { device_id: DeviceId::parse("10002").unwrap(), ..task(Action::Begin) }).await;
    assert_eq!(never(&outcome), Some("1007"), "{outcome:?}");
    let wrong = ActivationRemote { partner_secret: "other".into(), ..settings(&double, Mode::Code) };
    let outcome = client(wrong).send(&task(Action::Begin)).await;
    assert_eq!(never(&outcome), Some("1023"), "{outcome:?}");
    let orders = client(settings(&double, Mode::Order));
    let outcome = orders.send(&Errand { settings: serde_json::Map::new(), ..task(Action::Begin) }).await;
    assert!(matches!(outcome, Attempted::Never(_)), "{outcome:?}");
    assert_eq!(double.services(), []);
}

#[tokio::test]
async fn what_was_not_sent_needs_no_look() {
    let double = Double::start().await;
    double.stock(CODE, "0");
    double.fail(REDEEM, false, How::Limited);
    let own = client(settings(&double, Mode::Code));
    let Attempted::Again { after, .. } = own.send(&task(Action::Begin)).await else { panic!("not again") };
    assert_eq!(after, Some(Duration::from_secs(7)));
    assert_eq!(double.calls().len(), 1);

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = ActivationRemote { base_url: format!("http://{nobody}"), ..settings(&double, Mode::Code) };
    let outcome = client(gone).send(&task(Action::Begin)).await;
    assert!(matches!(&outcome, Attempted::Again { .. }), "{outcome:?}");
    // A TLS handshake that fails has carried nothing either.
    let no_tls = double.base_url().replace("http:", "https:");
    let secure = ActivationRemote { base_url: no_tls, ..settings(&double, Mode::Code) };
    let outcome = client(secure).send(&task(Action::Begin)).await;
    assert!(matches!(&outcome, Attempted::Again { .. }), "{outcome:?}");
    assert_eq!(double.calls().len(), 1);
}

#[tokio::test]
async fn nothing_told_of_a_failure_holds_what_was_sent() {
    let double = Double::start().await;
    double.fail(REDEEM, false, How::HangUp);
    let query = ActivationRemote { send_as: SendAs::Query, ..settings(&double, Mode::Code) };
    let told = format!("{:?}", client(query).send(&task(Action::Begin)).await);
    for secret in ["ABCD", "8494598", "signature", DEVICE, "third/sdk"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn the_regional_base_is_asked_for_once() {
    let double = Double::start().await;
    double.stock(CODE, "0");
    double.stock("EFGH-5678", "0");
    double.fail("sdk/redirect", false, How::Status(502));
    let client = client(ActivationRemote { redirect: true, ..settings(&double, Mode::Code) });
    let first = client.send(&task(Action::Begin)).await;
    assert!(matches!(first, Attempted::Again { .. }), "nothing of the task was sent: {first:?}");
    let second = Errand { code: CodeText::parse("EFGH-5678").ok(), ..task(Action::Change) };
    let (one, two) = (task(Action::Begin), second);
    let (one, two) = tokio::join!(client.send(&one), client.send(&two));
    assert!(is_done(&[one]) && is_done(&[two]));
    let calls = double.calls();
    assert_eq!(calls.iter().filter(|call| call.contains("sdk/redirect")).count(), 2, "{calls:?}");
    assert_eq!(calls.iter().filter(|call| call.starts_with("/vn/v3/")).count(), 2, "{calls:?}");
    assert_eq!(double.services().len(), 2);
}
