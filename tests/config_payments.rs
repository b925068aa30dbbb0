//! The settings of payments: keys in every form that merchants have them in, and one sentence for each that is wrong.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "payments/kit.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod kit;

use kit::*;
use sdp_gateway::config::{Config, Secrets};

const NOWHERE: &str = "http://127.0.0.1:1";

/// The faults of settings, without the file and its lines.
fn faults(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    std::fs::write(&file, text).unwrap();
    let faults = match Config::load(Some(&file), std::iter::empty()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0,
    };
    assert!(faults.iter().all(|fault| fault.place.starts_with(file.to_str().unwrap())), "{faults:?}");
    faults.iter().map(|fault| format!("{}: {}", fault.key, fault.what)).collect()
}

/// The usual settings with one text in them replaced.
#[track_caller]
fn with(old: &str, new: &str) -> Vec<String> {
    let usual = settings(NOWHERE);
    assert!(usual.contains(old), "{old}");
    faults(&usual.replacen(old, new, 1))
}

#[track_caller]
fn check(old: &str, new: &str, fault: &str) {
    assert_eq!(with(old, new), [fault], "{old} => {new}");
}

#[test]
fn keys_are_taken_in_every_form() {
    assert!(faults(&settings(NOWHERE)).is_empty());
    let (own, vendor) = (&*MERCHANT, bare(&VENDOR.public));
    let crlf = own.pkcs8.replace('\n', "\r\n");
    let escaped = own.pkcs8.replace('\n', "\\n");
    // As `openssl pkcs12` writes it, and a label that says something else than what is in it.
    let with_attributes = format!("Bag Attributes\n    friendlyName: x\n{}\n", own.pkcs8);
    let mislabelled = own.pkcs8.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    let bare_pkcs1 = bare(&own.pkcs1);
    let wrapped: Vec<_> = bare_pkcs1.as_bytes().chunks(50).map(String::from_utf8_lossy).collect();
    for form in [
        &own.pkcs8,
        &bare(&own.pkcs1),
        &bare(&own.pkcs8),
        &crlf,
        &escaped,
        &with_attributes,
        &mislabelled,
        &wrapped.join("\n"),
    ] {
        assert_eq!(with(&own.pkcs1, form), [""; 0], "{form}");
    }
    for form in [&VENDOR.public, &VENDOR.public_pkcs1, &bare(&VENDOR.public_pkcs1)] {
        assert_eq!(
            with(&format!("alipay_public_key = '{vendor}'"), &format!("alipay_public_key = '''{form}'''")),
            [""; 0]
        );
    }
}

#[test]
fn a_wrong_key_is_named_for_what_it_is() {
    let own = &*MERCHANT;
    let locked_old = openssl(
        &["rsa", "-in", "key", "-traditional", "-aes128", "-passout", "pass:secret"],
        &[("key", &own.pkcs8)],
        b"",
    );
    let locked =
        openssl(&["pkcs8", "-in", "key", "-topk8", "-passout", "pass:secret"], &[("key", &own.pkcs8)], b"");
    let curve = openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], &[], b"");
    let [locked_old, locked, curve] = [locked_old, locked, curve].map(|key| String::from_utf8(key).unwrap());
    let short = Pair::make(1024);
    for (key, fault) in [
        ("", "is empty"),
        ("   ", "is empty"),
        ("not a key", "is neither PEM nor Base64: cut off, perhaps, or not a key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA", "is neither PEM nor Base64: cut off, perhaps, or not a key"),
        ("AAAA", "holds no RSA key that can be read, in PKCS#1 or PKCS#8"),
        (&bare(&own.pkcs8)[..1024], "holds no RSA key that can be read, in PKCS#1 or PKCS#8"),
        (&curve, "holds no RSA key that can be read, in PKCS#1 or PKCS#8"),
        (&locked, "is locked with a passphrase: openssl pkey -in LOCKED -out KEY takes it off"),
        (&locked_old, "is locked with a passphrase: openssl pkey -in LOCKED -out KEY takes it off"),
        (&own.public, "is a public key, and the private one belongs here"),
        (&own.public_pkcs1, "is a public key, and the private one belongs here"),
        (&CERTIFICATE, "is a certificate, and a key alone belongs here"),
        (&short.pkcs1, "is an RSA key of fewer than 2048 bits: too short"),
        (&short.pkcs8, "is an RSA key of fewer than 2048 bits: too short"),
    ] {
        check(&own.pkcs1, key, &format!("payments.alipay.private_key: {fault}"));
        check(&own.pkcs8, key, &format!("payments.wechat.private_key: {fault}"));
    }
    for (key, fault) in [
        ("", "is empty"),
        (&own.pkcs1, "is a private key, and only the other side's public one belongs here"),
        (&own.pkcs8, "is a private key, and only the other side's public one belongs here"),
        (&short.pkcs8, "is a private key, and only the other side's public one belongs here"),
        (&short.public, "is an RSA key of fewer than 2048 bits: too short"),
        (&CERTIFICATE, "is a certificate, and a key alone belongs here"),
        (&curve, "holds no RSA key that can be read, in PKCS#1 or PKCS#8"),
    ] {
        let (old, new) = (format!("'{}'", bare(&VENDOR.public)), format!("'''{key}'''"));
        check(&old, &new, &format!("payments.alipay.alipay_public_key: {fault}"));
        let verify = "payments.wechat.verify[1].public_key";
        check(&format!("'''{}'''", VENDOR.public), &new, &format!("{verify}: {fault}"));
    }
    for (certificate, fault) in [
        (&*VENDOR.public, "is a key, and a certificate belongs here"),
        (&*own.pkcs8, "is a private key, and only the other side's public one belongs here"),
        ("AAAA", "holds no X.509 certificate that can be read"),
        ("", "is empty"),
    ] {
        check(&CERTIFICATE, certificate, &format!("payments.wechat.verify[2].certificate: {fault}"));
    }
}

#[test]
fn our_own_half_in_the_place_of_the_vendors_is_found() {
    let half = bare(&MERCHANT.public);
    check(
        &bare(&VENDOR.public),
        &half,
        "payments.alipay.alipay_public_key: is the public half of private_key, our own; Alipay's is meant, which its \
         console shows once ours was given to it",
    );
    let own = "has the public half of private_key, the merchant's own; WeChat's is meant, which its console gives out \
               for verifying";
    check(&VENDOR.public, &MERCHANT.public, &format!("payments.wechat.verify[1].public_key: {own}"));
    let certificate = MERCHANT.certificate(CERTIFICATE_SERIAL);
    check(&CERTIFICATE, &certificate, &format!("payments.wechat.verify[2].certificate: {own}"));
}

#[test]
fn the_other_keys_are_held_to_their_forms() {
    check(APP_ID, "x", "payments.alipay.app_id: is not of digits, at most 32");
    check(SELLER_ID, "", "payments.alipay.seller_id: is missing");
    check(WX_APP_ID, "wx/1", "payments.wechat.app_id: is not 1 to 32 of A-Z a-z 0-9");
    check(MCH_ID, "", "payments.wechat.mch_id: is missing");
    let form = "is not a certificate's serial number in hexadecimal digits";
    check(SERIAL_NO, "PUB_KEY_ID_1", &format!("payments.wechat.serial_no: {form}"));
    check(API_V3_KEY, &API_V3_KEY[1..], "payments.wechat.api_v3_key: has 31 bytes, and must have 32");
    check(
        API_V3_KEY,
        &format!("{API_V3_KEY}0"),
        "payments.wechat.api_v3_key: has 33 bytes, and must have 32",
    );
    let base =
        "payments.wechat.base_url: is not of the form https://HOST[:PORT][/PATH], without a trailing /";
    check(NOWHERE, "api.mch.weixin.qq.com", base);
    check("timeout_ms = 2000", "timeout_ms = 0", "payments.wechat.timeout_ms: 0 is not from 1 to 60000");
    let serial = "is neither a certificate's serial number in hexadecimal digits nor PUB_KEY_ID_…";
    check(PUBLIC_KEY_ID, "KEY_1", &format!("payments.wechat.verify[1].serial: {serial}"));
    check(
        &CERTIFICATE_SERIAL.to_lowercase(),
        "0BAD",
        "payments.wechat.verify[2].certificate: has the serial number A1B2C3D4E5F60718293A4B5C6D7E8F901234567, which \
         is not serial",
    );
    let public = format!("public_key = '''{}'''\n", VENDOR.public);
    check(
        &public,
        "",
        "payments.wechat.verify[1].public_key: is missing, and so is certificate: give one of them",
    );
    check(
        &public,
        &format!("{public}certificate = '''{}'''\n", *CERTIFICATE),
        "payments.wechat.verify[1].certificate: give public_key or certificate, not both",
    );
    let twice =
        format!("{}[[payments.wechat.verify]]\nserial = '{PUBLIC_KEY_ID}'\n{public}", settings(NOWHERE));
    let twin = "payments.wechat.verify[3].serial: is the serial of payments.wechat.verify[1] too";
    assert_eq!(faults(&twice), [twin]);
    check("[payments.sdp]", "[payments.sdp]\nx = 1", "payments.sdp.x: unknown key");
    assert_eq!(faults("payments = 1"), ["payments: is a section: [payments], with keys below it"]);
    assert_eq!(
        faults("[payments]\nalipay = 1"),
        ["payments.alipay: invalid type: integer `1`, expected a table"]
    );
}

#[test]
fn what_is_missing_is_named_all_at_once() {
    let alipay = ["app_id", "private_key", "alipay_public_key"]
        .map(|key| format!("payments.alipay.{key}: is missing"));
    assert_eq!(faults("[payments.alipay]\n"), alipay);
    let verify = "payments.wechat.verify: is missing: [[payments.wechat.verify]] with WeChat's key, or nothing of it \
                  could be believed";
    let wechat = ["app_id", "mch_id", "serial_no", "api_v3_key", "private_key"];
    let mut wechat: Vec<_> = wechat.map(|key| format!("payments.wechat.{key}: is missing")).into();
    let mut with_verify = wechat.clone();
    wechat.push(verify.to_owned());
    assert_eq!(faults("[payments.wechat]\n"), wechat);
    with_verify.extend([
        "payments.wechat.verify[1].serial: is missing".to_owned(),
        "payments.wechat.verify[1].public_key: is missing, and so is certificate: give one of them"
            .to_owned(),
    ]);
    assert_eq!(faults("[[payments.wechat.verify]]\n"), with_verify);
}

#[test]
fn keys_may_be_given_as_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (own, vendor) = (folder.path().join("own"), folder.path().join("vendor"));
    std::fs::write(&own, &MERCHANT.pkcs1).unwrap();
    std::fs::write(&vendor, &VENDOR.public).unwrap();
    let text = settings(NOWHERE)
        .replacen(
            &format!("private_key = '''{}'''", MERCHANT.pkcs1),
            &format!("private_key_file = {own:?}"),
            1,
        )
        .replacen(
            &format!("public_key = '''{}'''", VENDOR.public),
            &format!("public_key_file = {vendor:?}"),
            1,
        );
    assert!(text.contains("private_key_file") && text.contains("public_key_file"));
    let shown = config(&text).to_masked_toml();
    for secret in [API_V3_KEY, &bare(&MERCHANT.pkcs1)[..40], &bare(&MERCHANT.pkcs8)[100..140], "BEGIN"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for line in
        ["[payments.sdp]", "private_key = \"***\"", "api_v3_key = \"***\"", "certificate = \"***\"", MCH_ID]
    {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!Config::defaults().to_masked_toml().contains("payments"));

    // A command that needs none of them does without files that are not there.
    std::fs::remove_file(&own).unwrap();
    std::fs::remove_file(&vendor).unwrap();
    let file = folder.path().join("gateway.toml");
    std::fs::write(&file, &text).unwrap();
    let (_, faults) = Config::inspect(Some(&file), std::iter::empty(), Secrets::Of(&["ledger"]));
    assert_eq!(faults.to_string(), "");
    let (_, faults) = Config::inspect(Some(&file), std::iter::empty(), Secrets::All);
    assert_eq!(faults.0.len(), 2, "{faults}");
    assert!(faults.0.iter().all(|fault| fault.what.contains("cannot be read: No such file")), "{faults}");
}

#[test]
fn what_is_no_fault_is_warned_of() {
    let warned = |text: &str| config(text).warnings();
    let usual = settings(NOWHERE);
    let [address] = &warned(&usual)[..] else { panic!("{:?}", warned(&usual)) };
    assert!(address.starts_with("server.public_url does not begin with https://"), "{address}");
    let reached = format!("[server]\npublic_url = 'https://sdp.example.org'\n{usual}");
    assert_eq!(warned(&reached), [""; 0]);
    assert_eq!(warned("[payments.sdp]\n"), [""; 0]);
    let over = CERTIFIED.certificate_over(CERTIFICATE_SERIAL);
    let [over] = &warned(&reached.replace(&*CERTIFICATE, &over))[..] else { panic!("no warning") };
    assert!(over.starts_with("payments.wechat.verify[2].certificate ended at 20"), "{over}");
}

#[test]
fn the_environment_opens_ways_too() {
    let (private, public) = (bare(&MERCHANT.pkcs8), bare(&VENDOR.public));
    let env = [
        ("SDP_GATEWAY__PAYMENTS__SDP", "{}"),
        ("SDP_GATEWAY__PAYMENTS__ALIPAY__APP_ID", APP_ID),
        ("SDP_GATEWAY__PAYMENTS__ALIPAY__PRIVATE_KEY", &private),
        ("SDP_GATEWAY__PAYMENTS__ALIPAY__ALIPAY_PUBLIC_KEY", &public),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let payments = Config::load(None, env.into_iter()).unwrap_or_else(|faults| panic!("{faults}")).payments;
    assert!(payments.sdp.is_some() && payments.wechat.is_none());
    assert_eq!(payments.alipay.map(|alipay| alipay.app_id).as_deref(), Some(APP_ID));
}
