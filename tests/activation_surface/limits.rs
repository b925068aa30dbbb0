//! Who asks too much, or guesses: 1005 with HTTP 429, and when to come back.

use std::thread::sleep;
use std::time::Duration;

use crate::gateway::{Answer, Gateway, request};
use crate::signed::{EFFECT, FORM, PARTNER, ask, code, one_code, redeem};

#[track_caller]
fn limited(answer: &Answer) -> Duration {
    assert_eq!((answer.status, code(answer).as_str()), (429, "1005"), "{}", answer.text());
    let seconds: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=60).contains(&seconds));
    Duration::from_secs(seconds)
}

#[test]
fn whoever_guesses_signatures_is_not_heard_for_a_while() {
    let settings = format!("{PARTNER}[limits]\nbad_signature_per_second = 1\n");
    let gateway = Gateway::start(&settings);
    let good = ask(EFFECT, "ann", "cam-1").sign();
    assert_eq!(code(&good.send(&gateway)), "1007");
    assert_eq!(code(&good.clone().sign_by("guessed").send(&gateway)), "1023");
    let wait = limited(&good.send(&gateway));
    sleep(wait);
    assert_eq!(code(&good.send(&gateway)), "1007");
    assert!(gateway.log().contains("over a limit of [limits]"), "{}", gateway.log());
}

#[test]
fn behind_a_trusted_proxy_each_address_answers_for_itself() {
    let settings = format!(
        "{PARTNER}[limits]\nbad_signature_per_second = 1\n[carrier]\ntrusted_proxies = ['127.0.0.1']\n"
    );
    let gateway = Gateway::start(&settings);
    let from = |address: &str, secret: &str| {
        let headers = [("Content-Type", FORM), ("X-Forwarded-For", address)];
        let asked = ask(EFFECT, "ann", "cam-1").sign_by(secret);
        request(gateway.main, "POST", EFFECT, &headers, asked.form().as_bytes())
    };
    assert_eq!(code(&from("198.51.100.1", "guessed")), "1023");
    limited(&from("198.51.100.1", crate::signed::SECRET));
    assert_eq!(code(&from("198.51.100.2", crate::signed::SECRET)), "1007");
}

#[test]
fn a_partner_has_one_quota_on_all_its_surfaces() {
    let settings = format!(
        "{PARTNER}[[partner]]\nname = 'other'\nkey = 'pk-other'\nsecrets = ['other-secret']\n\
         [limits]\npartner_per_second = 1\n"
    );
    let gateway = Gateway::start(&settings);
    let good = ask(EFFECT, "ann", "cam-1").sign();
    let over = (0..100).map(|_| good.send(&gateway)).find(|answer| answer.status == 429);
    limited(&over.expect("a limit"));
    let headers = [("Authorization", "Bearer app-token")];
    let path = "/v1/subscribers/84945989325/subscriptions";
    let over = (0..100).map(|_| request(gateway.main, "GET", path, &headers, b"")).find(|a| a.status == 429);
    assert!(over.is_some());
    let other = ask(EFFECT, "ann", "cam-1").with("partnerKey", "pk-other").sign_by("other-secret");
    assert_eq!(code(&other.send(&gateway)), "1007");
}

#[test]
fn a_request_over_the_limit_may_be_sent_again_as_it_is() {
    let gateway = Gateway::start(&format!("{PARTNER}[limits]\npartner_per_second = 1\n"));
    let filler = ask(EFFECT, "ann", "cam-1").sign();
    let kept = ask(EFFECT, "ann", "cam-1").with("signatureNonce", "n-1").sign();
    let mut rounds = 0;
    let wait = loop {
        filler.send(&gateway);
        let answer = kept.clone().with("signatureNonce", &format!("n-{rounds}")).sign().send(&gateway);
        if answer.status == 429 {
            break limited(&answer);
        }
        rounds += 1;
    };
    sleep(wait);
    let again = kept.with("signatureNonce", &format!("n-{rounds}")).sign();
    assert_eq!(code(&again.send(&gateway)), "1007", "its nonce was not used up");
}

#[test]
fn whoever_tries_wrong_codes_is_not_heard_for_a_while() {
    let gateway = Gateway::start(&format!("{PARTNER}[limits]\nbad_code_per_minute = 3\n"));
    let good = one_code(&gateway, "ai");
    // Another code each time, as whoever guesses has them: none of them is in stock.
    let guess = |account: &str, device: &str, nth: usize| {
        redeem(account, device, &format!("GUESSED{nth:05}"), "1").sign().send(&gateway)
    };
    for (account, device) in [("ann", "cam-1"), ("ann", "cam-2"), ("ann", "cam-1")] {
        assert_eq!(code(&guess(account, device, 1)), "1068");
    }
    // Each strike is forgiven by itself: a slow machine needs more of them.
    let wait = (0..100).map(|nth| guess("ann", "cam-1", nth)).find(|answer| answer.status == 429);
    limited(&wait.expect("a limit"));
    let right = |account: &str, device: &str| redeem(account, device, &good, "1").sign().send(&gateway);
    limited(&right("ann", "cam-9"));
    for nth in 0..3 {
        guess(&format!("someone-{nth}"), "cam-1", nth);
    }
    limited(&right("bob", "cam-1"));
    assert_eq!(code(&ask(EFFECT, "bob", "cam-1").sign().send(&gateway)), "1007", "he may look");
    assert_eq!(code(&right("bob", "cam-9")), "1001", "others may redeem");
    let metrics = gateway.admin("/metrics").text();
    assert!(metrics.contains("activation_requests_total{call=\"redeem\",code=\"1068\"}"), "{metrics}");
    assert!(gateway.log().contains("kind=\"codes\""), "{}", gateway.log());
}
