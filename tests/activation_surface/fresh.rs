//! Whether a request is its partner's and of now, and in which order that is looked at.

use crate::gateway::{Folder, Gateway, request};
use crate::signed::{Ask, EFFECT, PARTNER, USAGE, ask, code, now_ms, one_code, redeem};

/// A question that is in order: of a device that is nobody's, hence 1007.
fn in_order() -> Ask {
    ask(EFFECT, "ann", "cam-1")
}

fn iso(ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(ms).expect("a time");
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[test]
fn the_first_check_that_fails_decides() {
    let gateway = Gateway::start(PARTNER);
    let (cloud, other) = (one_code(&gateway, "cloud"), one_code(&gateway, "cloud"));
    assert_eq!(redeem("bob", "cam-1", &cloud, "0").code(&gateway), "1001");
    // Each has every fault of those below it, too.
    let used = redeem("ann", "cam-1", &cloud, "0");
    let wrong = used.clone().with("type", "9");
    let stale = wrong.clone().with("timestamp", "1000000000");
    let twofold = stale.clone().and("type", "8");
    assert_eq!(code(&twofold.clone().sign_by("guessed").send(&gateway)), "1023");
    assert_eq!(twofold.code(&gateway), "1003");
    assert_eq!(stale.code(&gateway), "1023");
    assert_eq!(wrong.code(&gateway), "1003");
    assert_eq!(used.code(&gateway), "1007");
    assert_eq!(redeem("bob", "cam-1", &cloud, "0").code(&gateway), "1067");
    assert_eq!(redeem("bob", "cam-1", &other, "1").code(&gateway), "1068");
    let wrong = wrong.with("signatureNonce", "n-1");
    assert_eq!([wrong.code(&gateway), wrong.code(&gateway)], ["1003", "1023"], "the nonce before the rest");
}

#[test]
fn the_clock_may_be_off_by_the_skew_either_way() {
    let gateway = Gateway::start(PARTNER);
    let now = now_ms();
    let spellings: [fn(i64) -> String; 3] = [|ms| ms.to_string(), |ms| (ms / 1000).to_string(), iso];
    for spelling in spellings {
        for (off_s, expected) in [(0, "1007"), (-290, "1007"), (290, "1007"), (-310, "1023"), (330, "1023")] {
            let at = spelling(now + off_s * 1000);
            assert_eq!(in_order().with("timestamp", &at).code(&gateway), expected, "{at}");
        }
    }
    for unreadable in ["now", "2024-04-03", "171211562700", "-1712115627", "2024-04-03T03:40:27+07:00"] {
        assert_eq!(in_order().with("timestamp", unreadable).code(&gateway), "1023", "{unreadable}");
    }
    let strict = Gateway::start(&format!("{PARTNER}[activation]\nclock_skew_s = 2\n"));
    assert_eq!(in_order().with("timestamp", &(now_ms() - 10_000).to_string()).code(&strict), "1023");
    assert_eq!(in_order().code(&strict), "1007", "none is needed");
}

#[test]
fn a_nonce_is_good_once_for_each_partner() {
    let folder = Folder::new();
    let settings =
        format!("{PARTNER}[[partner]]\nname = 'other'\nkey = 'pk-other'\nsecrets = ['other-secret']\n");
    let gateway = Gateway::start_in(folder.path(), &settings);
    let once = in_order().with("signatureNonce", "n-1");
    assert_eq!(code(&once.clone().sign_by("guessed").send(&gateway)), "1023");
    assert_eq!(once.code(&gateway), "1007", "what nobody signed uses no nonce up");
    assert_eq!(once.code(&gateway), "1023");
    assert_eq!(
        ask(USAGE, "ann", "cam-1").with("signatureNonce", "n-1").code(&gateway),
        "1007",
        "another call"
    );
    assert_eq!(
        ask(EFFECT, "ann", "cam-2").with("signatureNonce", "n-1").code(&gateway),
        "1007",
        "another one"
    );
    assert_eq!(once.code(&gateway), "1023");
    let other = once.clone().with("partnerKey", "pk-other").sign_by("other-secret");
    assert_eq!(code(&other.send(&gateway)), "1007");
    assert_eq!(once.clone().with("signatureNonce", "n-2").code(&gateway), "1007");
    assert_eq!(once.clone().with("signatureNonce", &"n".repeat(129)).code(&gateway), "1023");
    assert!(gateway.stop().success());
    let gateway = Gateway::start_in(folder.path(), &settings);
    assert_eq!(once.code(&gateway), "1023", "the ledger remembers");
}

/// As the vendor's own clients do: one moment in milliseconds is time and nonce of both calls that they make.
#[test]
fn one_value_for_two_calls_is_no_repeat_and_a_recorded_request_is() {
    const THREADS: usize = 8;
    const PAIRS: usize = 25;
    let folder = Folder::new();
    let gateway = Gateway::start_in(folder.path(), PARTNER);
    let pair = |thread: usize, nth: usize| {
        // No two pairs ask about the same device: two equal requests of one moment are a repeat.
        let (device, value) = (format!("cam-{thread}-{nth}"), now_ms().to_string());
        let timed =
            |path| ask(path, "ann", &device).with("signatureNonce", &value).with("timestamp", &value).sign();
        [timed(EFFECT), timed(USAGE)]
    };
    let honest = |thread: usize| {
        let asked = |nth| {
            let pair = pair(thread, nth);
            pair.each_ref().iter().for_each(|ask| assert_eq!(code(&ask.send(&gateway)), "1007"));
            pair
        };
        (0..PAIRS).map(asked).collect::<Vec<_>>()
    };
    let recorded: Vec<[Ask; 2]> = std::thread::scope(|scope| {
        let honest = &honest;
        let asking: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || honest(thread))).collect();
        asking.into_iter().flat_map(|asked| asked.join().expect("none was refused")).collect()
    });
    assert_eq!(recorded.len() * 2, 400);
    let again = |gateway: &Gateway, each: usize| {
        for ask in recorded.iter().flatten().step_by(each) {
            assert_eq!(code(&ask.send(gateway)), "1023");
        }
    };
    again(&gateway, 1);
    assert_eq!(gateway.admin("/metrics").text().matches("code=\"1023\"} 200").count(), 2, "each call");
    let [effect, _] = &recorded[0];
    // What is not signed with it changes nothing: the method, where the parameters are, a `+` that is not escaped.
    let query = effect.form().replace("%2B", "+");
    let got = request(gateway.main, "GET", &format!("{EFFECT}?{query}"), &[], b"");
    assert_eq!(code(&got), "1023");
    assert!(gateway.stop().success());
    again(&Gateway::start_in(folder.path(), PARTNER), 7);
}

#[test]
fn a_nonce_used_by_many_at_once_is_good_once() {
    let gateway = Gateway::start(PARTNER);
    let once = in_order().with("signatureNonce", "n-1");
    let codes: Vec<String> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..20).map(|_| scope.spawn(|| once.code(&gateway))).collect();
        asking.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    });
    assert_eq!(codes.iter().filter(|code| *code == "1007").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "1023").count(), 19, "{codes:?}");
}

#[test]
fn a_nonce_is_forgotten_when_its_request_is_stale() {
    let gateway = Gateway::start(&format!("{PARTNER}[activation]\nclock_skew_s = 1\n"));
    let once = in_order().with("signatureNonce", "n-1");
    assert_eq!([once.code(&gateway), once.code(&gateway)], ["1007", "1023"]);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(once.code(&gateway), "1007");
}

#[test]
fn time_and_nonce_may_be_required() {
    let gateway = Gateway::start(&format!("{PARTNER}[activation]\nrequire_nonce = true\n"));
    let timed = in_order().with("timestamp", &now_ms().to_string());
    assert_eq!(in_order().code(&gateway), "1023");
    assert_eq!(timed.code(&gateway), "1023");
    assert_eq!(in_order().with("signatureNonce", "n-1").code(&gateway), "1023");
    assert_eq!(timed.with("signatureNonce", "n-1").code(&gateway), "1007");
}

#[test]
fn secrets_change_without_a_gap() {
    let folder = Folder::new();
    let gateway = Gateway::start_in(folder.path(), PARTNER);
    for secret in ["unit-test-partner-secret", "unit-test-older-secret"] {
        assert_eq!(code(&in_order().sign_by(secret).send(&gateway)), "1007", "{secret}");
    }
    assert!(gateway.stop().success());
    let after =
        PARTNER.replace("'unit-test-partner-secret', 'unit-test-older-secret'", "'unit-test-partner-secret'");
    let gateway = Gateway::start_in(folder.path(), &after);
    assert_eq!(code(&in_order().sign_by("unit-test-older-secret").send(&gateway)), "1023");
    assert_eq!(in_order().code(&gateway), "1007");
}
