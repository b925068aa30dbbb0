//! Play tokens: what was made is taken for its stream until its second, and nothing else is.

use proptest::prelude::*;
use sdp_gateway::clock::Timestamp;
use sdp_gateway::ids::{DeviceId, UserAccount};
use sdp_gateway::signature::token::{BadToken, Ticket, sign, verify};
use secrecy::SecretString;

const NOW: Timestamp = Timestamp(1_715_128_188_123);

fn secret() -> SecretString {
    SecretString::from("not a secret at all")
}

fn ticket(device: &str, account: &str, expires_at: Timestamp) -> Ticket {
    let (device, account) = (DeviceId::parse(device), UserAccount::parse(account));
    Ticket { device: device.expect("a device"), account: account.expect("an account"), expires_at }
}

fn usual() -> Ticket {
    ticket("cam-1", "ann@sdp.example", Timestamp(1_715_138_988_000))
}

/// A token's text changed; no change of one makes another.
#[track_caller]
fn refused(token: &str) {
    assert_eq!(verify(&secret(), "door", token, NOW), Err(BadToken::Forged), "{token:?}");
}

#[test]
fn a_token_stays_what_it_is() {
    // HMAC-SHA256 by another implementation over the same bytes.
    let expected = "v1.AAAAAGY68awFY2FtLTFhbm5Ac2RwLmV4YW1wbGU.4YKPwsKuSs099rjXXJuHt6kwMjZ0dEQVMthX5C4iF3U";
    let token = sign(&secret(), "door", &usual());
    assert_eq!(token, expected);
    assert_eq!(verify(&secret(), "door", &token, NOW), Ok(usual()));
}

#[test]
fn it_is_good_until_its_second() {
    let token = sign(&secret(), "door", &usual());
    for (now, expected) in [
        (0, Ok(usual())),
        (1_715_138_987_999, Ok(usual())),
        (1_715_138_988_000, Err(BadToken::Expired)),
        (i64::MAX, Err(BadToken::Expired)),
    ] {
        assert_eq!(verify(&secret(), "door", &token, Timestamp(now)), expected, "{now}");
    }
    let within = Ticket { expires_at: usual().expires_at.plus_ms(999), ..usual() };
    assert_eq!(sign(&secret(), "door", &within), token, "times are whole seconds");
}

#[test]
fn only_its_stream_secret_device_and_account_fit() {
    let token = sign(&secret(), "door", &usual());
    for stream in ["", "Door", "doo", "door ", "door\0", "gate"] {
        assert_eq!(verify(&secret(), stream, &token, NOW), Err(BadToken::Forged), "{stream:?}");
    }
    let other = SecretString::from("not a secret at al");
    assert_eq!(verify(&other, "door", &token, NOW), Err(BadToken::Forged));
    // Letters moved over the seams between the parts: no seal fits another's body.
    let expires_at = usual().expires_at;
    for (stream, device, account) in [
        ("door", "cam-1a", "nn@sdp.example"),
        ("doorc", "am-1", "ann@sdp.example"),
        ("doo", "rcam-1", "ann@sdp.example"),
    ] {
        let moved = sign(&secret(), stream, &ticket(device, account, expires_at));
        let (body, seal) = (token.rsplit_once('.'), moved.rsplit_once('.'));
        let (body, seal) = (body.expect("a body").0, seal.expect("a seal").1);
        refused(&format!("{body}.{seal}"));
    }
}

#[test]
fn what_is_no_token() {
    let token = sign(&secret(), "door", &usual());
    let (body, seal) = token.strip_prefix("v1.").and_then(|rest| rest.split_once('.')).expect("two parts");
    let huge = "A".repeat(1 << 20);
    for text in [
        String::new(),
        ".".into(),
        "v1.".into(),
        "v1..".into(),
        "v1.AAAA.AAAA".into(),
        "3.sJXDwZNHAAAAAAAAAAAAAAAAAAAAjylfLugHFgvX5iaFryiQBGFeBkLA".into(),
        format!("v2.{body}.{seal}"),
        format!("v1.{body}"),
        format!("v1.{body}."),
        format!("v1.{body}.{seal}="),
        format!("v1.{body}.{seal}."),
        format!("v1.{body}==.{seal}"),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}%00"),
        format!("v1.{}.{seal}", body.replace('A', "а")),
        token.to_uppercase(),
        format!("v1.{huge}.{seal}"),
        format!("v1.{body}.{huge}"),
        huge.clone(),
        "\u{1f4f7}".repeat(60),
    ] {
        refused(&text);
    }
}

#[test]
fn the_longest_names_fit() {
    let long = ticket(&"d".repeat(64), &"a".repeat(64), Timestamp(i64::MAX));
    let token = sign(&secret(), &"s".repeat(128), &long);
    let whole = Ticket { expires_at: Timestamp(i64::MAX / 1000 * 1000), ..long };
    assert_eq!(verify(&secret(), &"s".repeat(128), &token, NOW), Ok(whole));
    let fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    assert!(token.len() <= 256 && token.chars().all(fit), "{token}");
}

proptest! {
    #![proptest_config(crate::properties::tried(256, "tests/regressions/token.txt"))]

    #[test]
    fn any_changed_byte_is_refused(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let token = sign(&secret(), "door", &usual());
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        prop_assume!(text != token);
        prop_assert_eq!(verify(&secret(), "door", &text, NOW), Err(BadToken::Forged));
    }

    #[test]
    fn any_token_comes_back(
        stream in "\\PC{1,128}", other in "\\PC{1,128}", device in "[A-Za-z0-9_:@+-]{1,64}",
        account in "[a-z0-9_:@+-]{1,64}", seconds in 1_715_128_189_i64..1 << 40,
    ) {
        let ticket = ticket(&device, &account, Timestamp(seconds * 1000));
        let token = sign(&secret(), &stream, &ticket);
        prop_assert_eq!(verify(&secret(), &stream, &token, NOW), Ok(ticket));
        prop_assume!(other != stream);
        prop_assert_eq!(verify(&secret(), &other, &token, NOW), Err(BadToken::Forged));
    }

    #[test]
    fn no_text_is_a_token(text in "(v1\\.)?\\PC{0,300}") {
        prop_assert_eq!(verify(&secret(), "door", &text, NOW), Err(BadToken::Forged));
    }
}
