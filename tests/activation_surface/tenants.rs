//! Apps of two tenants: each redeems its own codes on its own devices, and neither learns of the other's.

use serde_json::{Value, json};

use crate::gateway::{Folder, Gateway, Ledger};
use crate::said::register;
use crate::signed::{EFFECT, PARTNER, USAGE, ask, generate, redeem};
use crate::{NUMBER, bind};

/// Beside the partner without a tenant.
fn settings() -> String {
    let tenant = |name: &str| {
        let secret = crate::signed::SECRET;
        format!(
            "[[partner]]\nname = '{name}'\nkey = 'pk-{name}'\nsecrets = ['{secret}']\ntenant = '{name}'\n"
        )
    };
    format!("{PARTNER}{}{}", tenant("a"), tenant("b"))
}

#[test]
fn codes_are_their_tenants() {
    let settings = settings();
    let gateway = Gateway::start(&settings);
    let codes = generate(&gateway, &settings, "--kind ai --count 3 --days 7 --tenant a");
    let free = generate(&gateway, &settings, "--kind ai --count 2 --days 7");
    let by = |key: &str, account: &str, device: &str, code: &str| {
        redeem(account, device, code, "1").with("partnerKey", key).code(&gateway)
    };
    assert_eq!(by("pk-b", "ann", "cam-b", &codes[0]), "1068", "there is no such code");
    assert_eq!(by("pk-test", "ann", "cam-0", &codes[0]), "1068");
    assert_eq!(by("pk-a", "ann", "cam-a", &free[0]), "1068");
    assert_eq!(
        ask(EFFECT, "ann", "cam-b").with("partnerKey", "pk-b").code(&gateway),
        "1007",
        "nothing was bound"
    );
    assert_eq!(by("pk-a", "ann", "cam-a", &codes[0]), "1001");
    assert_eq!(by("pk-b", "ann", "cam-b", &codes[0]), "1068", "nor is there one that was used");
    assert_eq!(by("pk-a", "ann", "cam-a", &codes[0]), "1067");
    assert_eq!(by("pk-test", "ann", "cam-0", &free[0]), "1001");
    let verified = crate::gateway::Gateway::cli(&gateway.folder, &settings)
        .args(["ledger", "verify"])
        .output()
        .expect("a command");
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn devices_are_their_tenants() {
    let settings = settings();
    let gateway = Gateway::start(&settings);
    let mine = generate(&gateway, &settings, "--kind cloud --count 1 --days 7 --tenant a");
    let theirs = generate(&gateway, &settings, "--kind cloud --count 1 --days 7 --tenant b");
    let by = |key: &str, path: &'static str| ask(path, "ann", "cam-1").with("partnerKey", key);
    assert_eq!(redeem("ann", "cam-1", &mine[0], "0").with("partnerKey", "pk-a").code(&gateway), "1001");
    for path in [EFFECT, USAGE] {
        assert_eq!(by("pk-a", path).result(&gateway)["data"].as_array().map(Vec::len), Some(1));
        assert_eq!([by("pk-b", path).code(&gateway), by("pk-test", path).code(&gateway)], ["1007", "1007"]);
    }
    let take = redeem("ann", "cam-1", &theirs[0], "0").with("partnerKey", "pk-b");
    assert_eq!(take.code(&gateway), "1007", "an account of the same name is another's");
    let accounts = Ledger::of(&gateway.folder).rows("SELECT account FROM device");
    assert_eq!(accounts.concat(), [Some("a/ann".to_owned())]);
}

#[test]
fn what_a_subscription_is_given_is_no_tenants() {
    let folder = Folder::new();
    let offer = "[[offer]]\nid = 'by-code'\nservice_id = '1000625'\npackage_id = '1003013'\nperiod = 'day'\n\
        [[offer.grant]]\nkind = 'ai'\ndelivery = 'code'\nprovider = 'local'\n";
    std::fs::write(folder.path().join("catalog.toml"), offer).expect("a catalog");
    let hasty = "[worker]\nbackoff_ms_min = 100\nbackoff_s_max = 1\n[catalog]\npath = 'catalog.toml'\n";
    let settings = format!("{}{hasty}", settings());
    let gateway = Gateway::start_in(folder.path(), &settings);
    generate(&gateway, &settings, "--kind ai --count 1 --days 1 --tenant a");
    register("1", NUMBER).tell(&gateway);
    let issued = || gateway.story(NUMBER)["entitlements"][0]["code"].clone();
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert_eq!(issued(), Value::Null, "a tenant's stock is its own");
    let free = generate(&gateway, &settings, "--kind ai --count 1 --days 1");
    let until = std::time::Instant::now() + crate::gateway::PATIENCE;
    while issued() == Value::Null && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(issued(), json!(free[0]));
    let by_its_subscriber = redeem("ann", "cam-1", &free[0], "1").with("partnerKey", "pk-b");
    assert_eq!(by_its_subscriber.code(&gateway), "1001", "he may be anybody's customer");
    bind(&gateway, "/v1/accounts/ann/devices/cam-0", &json!({}));
}
