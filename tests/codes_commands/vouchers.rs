//! Vouchers: what a package of the catalog says is what they give, and stays so; and what is refused.

use serde_json::json;

use crate::gateway::{Folder, Gateway, Ledger};
use crate::signed::redeem;
use crate::{Ended, SETTINGS, codes_with, counts};

const CATALOG: &str = "[[package]]\nnumber = 'ye1m7d'\nname = 'Seven days'\ncountries = ['VN']\nservice_type = 2\n\
    storage_days = 7\nperiod = 'month'\nprice = 59000\ncurrency = 'VND'\n\
    [[package]]\nnumber = 'cams-1y'\ncountries = ['VN']\nservice_type = 1\nstorage_days = 30\nperiod = 'year'\n\
    price = 590000\ncurrency = 'VND'\nprovider = 'cams'\nsettings = { preset_id = 394 }\n";

/// A gateway with two packages, in its folder.
fn start() -> (Folder, Gateway) {
    let folder = Folder::new();
    std::fs::write(folder.path().join("offers.toml"), CATALOG).expect("a catalog");
    let gateway = Gateway::start_in(folder.path(), &settings());
    (folder, gateway)
}

fn settings() -> String {
    format!("{SETTINGS}[catalog]\npath = 'offers.toml'\n")
}

fn codes(gateway: &Gateway, arguments: &str) -> Ended {
    codes_with(gateway, &settings(), arguments)
}

#[test]
fn a_voucher_is_its_packages_and_stays_so() {
    let (folder, gateway) = start();
    let made = codes(&gateway, "generate --package cams-1y --count 2 --batch cards --json").json();
    let first = made["codes"][0]["code"].as_str().expect("a code");
    assert_eq!(made["codes"][0], json!({"code": first, "kind": "cloud", "package": "cams-1y"}));
    std::fs::write(folder.path().join("offers.toml"), "").expect("a catalog");
    let columns =
        "kind, CAST(days AS TEXT), storage, CAST(retention_days AS TEXT), provider, package, voucher, batch";
    let rows = Ledger::of(&gateway.folder).rows(&format!("SELECT {columns} FROM code"));
    let row: Vec<_> = rows[0].iter().flatten().collect();
    let terms = r#"{"name":"cams-1y","period":"year","period_count":1,"settings":{"preset_id":394}}"#;
    assert_eq!(row, ["cloud", "0", "continuous", "30", "cams", "cams-1y", terms, "cards"]);
    assert_eq!(rows.len(), 2);
    let gone = codes(&gateway, "generate --package cams-1y --count 1");
    assert!(
        gone.check(1).err.contains("the catalog has no [[package]] with the number cams-1y"),
        "{}",
        gone.err
    );
}

#[test]
fn vouchers_are_listed_apart_and_are_no_activation_codes() {
    let (_folder, gateway) = start();
    let made = codes(&gateway, "generate --package ye1m7d --count 1 --batch cards").check(0).out.clone();
    assert_eq!(redeem("ann", "cam-1", made.trim(), "0").code(&gateway), "1068");
    codes(&gateway, "generate --kind cloud --count 3 --days 7 --batch spring").check(0);
    let row = |batch: &str, codes: i64, package: Option<&str>| json!({"batch": batch, "kind": "cloud", "provider": "local", "state": "unused", "codes": codes, "package": package});
    let expected = json!({"codes": [row("cards", 1, Some("ye1m7d")), row("spring", 3, None)]});
    assert_eq!(codes(&gateway, "list --json").json(), expected);
    let table = codes(&gateway, "list").check(0).out.clone();
    assert!(table.lines().next().is_some_and(|line| line.trim_end().ends_with("package")), "{table}");
    assert_eq!(gateway.admin("/api/v1/stats").json()["codes"], json!({"cloud": 3}), "what can be issued");
}

#[test]
fn what_a_package_says_is_not_said_again() {
    let (_folder, gateway) = start();
    for (arguments, why) in [
        ("--package ye1m7d --days 7", "--kind and --days go together"),
        ("--package ye1m7d --kind cloud", "--kind and --days go together"),
        ("--package ye1m7d --storage event", "those of the [[package]]"),
        ("--package ye1m7d --retention-days 7", "those of the [[package]]"),
        ("--package ye1m7d --provider local", "those of the [[package]]"),
        ("--package ye1m7d --expires 2001-01-01T00:00:00Z", "--expires is in the past"),
        ("", "--package NUMBER alone"),
    ] {
        let ended = codes(&gateway, &format!("generate --count 1 {arguments}"));
        assert!(ended.check(2).err.contains(why) && ended.out.is_empty(), "{arguments}: {}", ended.err);
    }
    let unknown = codes(&gateway, "generate --package ye1m --count 1");
    assert!(unknown.check(1).err.contains("no [[package]] with the number ye1m"), "{}", unknown.err);
    // With kind and days it is the provider's own package, which no catalog knows.
    codes(&gateway, "generate --kind cloud --days 7 --package pkg-7d --count 1").check(0);
    assert_eq!(counts(&gateway).len(), 1);
}

#[test]
fn vouchers_are_taken_in_from_a_file() {
    let (folder, gateway) = start();
    let lines = "code,package,kind,days\nCARD-0001,ye1m7d\nCARD-0002,pkg-7d,ai,7\n";
    std::fs::write(folder.path().join("codes.csv"), lines).expect("written");
    codes(&gateway, "import codes.csv --batch cards").check(0);
    std::fs::write(folder.path().join("codes.csv"), "CARD-0001,cloud,30\n").expect("written");
    let again = codes(&gateway, "import codes.csv");
    assert!(again.check(1).err.contains("voucher of ye1m7d, provider local, batch cards"), "{}", again.err);
}
