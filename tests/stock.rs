//! Codes as they are kept and as they are imported.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/properties.rs"]
mod properties;

use std::collections::BTreeMap;

use proptest::prelude::*;
use sdp_gateway::catalog::{Catalog, GrantKind, Storage, TermUnit};
use sdp_gateway::clock::Timestamp;
use sdp_gateway::config::CodesKey;
use sdp_gateway::stock::{CodeText, Import, Known, OpenError, PackageRule, Vault, Voucher, draw, read};

fn code(text: &str) -> CodeText {
    CodeText::parse(text).unwrap()
}

fn vault(byte: u8) -> Vault {
    Vault::new(Some(&CodesKey::new([byte; 32]))).unwrap()
}

fn plain() -> Vault {
    Vault::new(None).unwrap()
}

#[test]
fn a_sealed_code_shows_nothing_and_opens_as_it_was_issued() {
    let (vault, issued) = (vault(7), code("aBcD-1234"));
    let (kept, lookup) = (vault.seal(&issued).unwrap(), vault.lookup(&issued));
    for shown in [&kept, lookup.as_str()] {
        assert!(!shown.to_ascii_uppercase().contains("ABCD") && shown.is_ascii(), "{shown}");
    }
    assert_ne!(kept, vault.seal(&issued).unwrap(), "no two seals are alike");
    assert_eq!(vault.open(&kept, &lookup).unwrap().in_full(), "aBcD-1234");
    assert_eq!(vault.lookup(&code(" ABCD 1234")), lookup, "every spelling is found");
    assert_ne!(vault.lookup(&code("ABCD-1235")), lookup);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let (own, issued) = (vault(7), code("ABCD-1234"));
    let (kept, lookup) = (own.seal(&issued).unwrap(), own.lookup(&issued));
    assert_eq!(vault(8).open(&kept, &lookup), Err(OpenError::WrongKey));
    assert_eq!(
        own.open(&kept, &own.lookup(&code("EFGH"))),
        Err(OpenError::WrongKey),
        "it is bound to its own"
    );
    let mut changed = kept.clone().into_bytes();
    changed[10] ^= 1;
    assert!(own.open(&String::from_utf8(changed).unwrap(), &lookup).is_err());
    assert_eq!(plain().open(&kept, &lookup), Err(OpenError::NoKey));
    for none_of_ours in ["", "s1:", "s1:AAAA", "ABCD-1234", "p1:"] {
        assert_eq!(own.open(none_of_ours, &lookup), Err(OpenError::Unknown), "{none_of_ours}");
    }
}

#[test]
fn codes_kept_before_there_was_a_key_are_still_found() {
    let (before, after, issued) = (plain(), vault(7), draw().unwrap());
    let (kept, lookup) = (before.seal(&issued).unwrap(), before.lookup(&issued));
    assert!(kept.contains(issued.in_full()), "without a key codes are plain");
    assert_ne!(after.lookup(&issued), lookup);
    assert!(after.lookups(&issued).contains(&lookup));
    assert_eq!(after.open(&kept, &lookup).unwrap(), issued);
    assert_eq!(before.lookups(&issued), [lookup]);
}

proptest! {
    #![proptest_config(properties::tried(256, "tests/regressions/stock.txt"))]

    #[test]
    fn every_code_survives_its_seal(text in "[!-~]{1,64}", byte: u8) {
        prop_assume!(text.bytes().any(|byte| byte != b'-'));
        let (vault, issued) = (vault(byte), code(&text));
        let kept = vault.seal(&issued).unwrap();
        let opened = vault.open(&kept, &vault.lookup(&issued)).unwrap();
        prop_assert_eq!(opened.in_full(), text);
    }

    #[test]
    fn any_bytes_may_be_imported(bytes: Vec<u8>) {
        let _ = read("codes.csv", bytes.as_slice(), &known(BTreeMap::new(), None));
    }
}

fn import(text: &str) -> Result<Vec<Import>, Vec<String>> {
    let rules =
        [("meari", PackageRule::Free), ("orders", PackageRule::Needed), ("cams", PackageRule::Preset)];
    let providers = rules.into_iter().map(|(name, rule)| (name.to_owned(), rule)).collect();
    let catalog = Catalog::parse(PACKAGE, "F", &BTreeMap::new(), 35).unwrap();
    import_with(text, &known(providers, Some(&catalog)))
}

const PACKAGE: &str = "[[package]]\nnumber = 'ye1m7d'\nname = 'Seven days'\ncountries = ['VN']\nservice_type = 2\n\
    storage_days = 7\nperiod = 'month'\nprice = 59000\ncurrency = 'VND'\n";

fn known(providers: BTreeMap<String, PackageRule>, catalog: Option<&Catalog>) -> Known<'_> {
    let now = Timestamp::from_rfc3339("2026-01-01T00:00:00Z").unwrap();
    Known { providers, catalog, batch: "b".to_owned(), tenant: None, now }
}

fn import_with(text: &str, known: &Known<'_>) -> Result<Vec<Import>, Vec<String>> {
    let read = read("codes.csv", text.as_bytes(), known);
    read.map_err(|faults| faults.0.iter().map(ToString::to_string).collect())
}

#[test]
fn columns_in_their_order_or_by_name() {
    let rows =
        import("ABCD-1234,cloud,30\n\n EFGH-1 , AI ,7,2026-06-01T00:00:00+07:00,meari,,,yc1m7d\n").unwrap();
    let (first, second) = (&rows[0].about, &rows[1].about);
    assert_eq!((rows[0].code.in_full(), first.kind, first.days), ("ABCD-1234", GrantKind::Cloud, 30));
    assert_eq!((first.provider.as_str(), first.storage), ("local", Some(Storage::Event)));
    assert_eq!((first.expires_at, first.retention_days, first.package.as_deref()), (None, None, None));
    assert_eq!((second.kind, second.provider.as_str(), second.storage), (GrantKind::Ai, "meari", None));
    assert_eq!(second.expires_at.unwrap().rfc3339(), "2026-05-31T17:00:00Z");
    assert_eq!(second.package.as_deref(), Some("yc1m7d"));

    let named =
        import("\u{FEFF}days,Storage,code,kind,retention_days\r\n30,continuous,\"a,b\",cloud,7\r\n").unwrap();
    let about = &named[0].about;
    assert_eq!((named[0].code.in_full(), about.storage), ("a,b", Some(Storage::Continuous)));
    assert_eq!((about.days, about.retention_days), (30, Some(7)));
    assert_eq!(import("").unwrap(), []);
    assert_eq!(import("code,kind,days\n").unwrap(), []);
}

#[test]
fn a_package_without_kind_and_days_is_a_voucher_of_the_catalogs() {
    let rows = import("code,package,expires\nCARD-1,ye1m7d\nCARD-2,ye1m7d,2026-06-01T00:00:00Z\n").unwrap();
    let about = &rows[0].about;
    assert_eq!(
        (about.kind, about.storage, about.retention_days),
        (GrantKind::Cloud, Some(Storage::Event), Some(7))
    );
    assert_eq!((about.package.as_deref(), about.provider.as_str(), about.days), (Some("ye1m7d"), "local", 0));
    let settings = serde_json::Map::new();
    let voucher =
        Voucher { name: "Seven days".to_owned(), period: TermUnit::Month, period_count: 1, settings };
    assert_eq!((&about.voucher, about.expires_at), (&Some(voucher), None));
    assert!(rows[1].about.expires_at.is_some());
    let faults =
        import("CARD-1,,,,,,,other\nCARD-2,,30,,,,,ye1m7d\nCARD-3,,,,local,,7,ye1m7d\n").unwrap_err();
    assert_eq!(
        faults,
        [
            "codes.csv: line 1: package \"other\" is no [[package]] of the catalog; codes of another kind say kind and days",
            "codes.csv: line 2: kind is missing",
            "codes.csv: line 3: provider is the package's, since kind and days are not said",
            "codes.csv: line 3: retention_days is the package's, since kind and days are not said",
        ]
    );
    let without = import_with("CARD-1,,,,,,,ye1m7d\n", &known(BTreeMap::new(), None)).unwrap_err();
    assert!(without[0].ends_with("the catalog has faults, see `sdp-gateway config`"), "{without:?}");
    assert!(import_with("CARD-1,ai,7\n", &known(BTreeMap::new(), None)).is_ok());
}

#[test]
fn what_could_never_be_redeemed_is_a_fault() {
    let faults = import(
        "A&B-1,cloud,30\nABCD-1,cloud,30,,orders\nABCD-2,cloud,30,,orders,,,pkg-7d\nABCD-3,cloud,30,,cams,,,abc\n\
         ABCD-4,cloud,30,,cams,,,0\nABCD-5,cloud,30,,cams,,,394\nABCD-6,cloud,30,,cams\n",
    )
    .unwrap_err();
    assert_eq!(
        faults,
        [
            "codes.csv: line 1: code has an & in it, which no request may",
            "codes.csv: line 2: package is missing: the provider places orders, and this is what it orders",
            "codes.csv: line 4: package is not a preset of the provider: a whole number, 1 or more",
            "codes.csv: line 5: package is not a preset of the provider: a whole number, 1 or more",
        ]
    );
}

#[test]
fn all_faults_are_told_by_line_and_none_with_its_code() {
    let faults = import(
        "SECRET-1,cloud,30\nSECRET 1,cloud,30\nSECRET-2,disk,0\n\nSECRET-3,ai,7,2025-01-01T00:00:00Z,nobody,event,7,a b\n\
         ,cloud\nSECRET-4,4g,1,tomorrow,,,,,x\nSECRET-5,cloud,9999,soon,,all,none\n",
    )
    .unwrap_err();
    assert_eq!(
        faults,
        [
            "codes.csv: line 2: has the code of line 1",
            "codes.csv: line 3: kind is none of cloud, ai, 4g",
            "codes.csv: line 3: days is not a whole number from 1 to 3650",
            "codes.csv: line 5: expires is in the past",
            "codes.csv: line 5: provider \"nobody\" is neither local nor a [providers.NAME] of the settings",
            "codes.csv: line 5: package is not 1 to 64 of A-Z a-z 0-9 . - _",
            "codes.csv: line 5: storage is for cloud codes",
            "codes.csv: line 5: retention_days is for cloud codes",
            "codes.csv: line 6: code is missing",
            "codes.csv: line 6: days is missing",
            "codes.csv: line 7: has 9 columns, and there are 8",
            "codes.csv: line 8: days is not a whole number from 1 to 3650",
            "codes.csv: line 8: expires is not an RFC 3339 time",
            "codes.csv: line 8: storage is neither event nor continuous",
            "codes.csv: line 8: retention_days is not a whole number from 1 to 3650",
        ]
    );
    let heads = import("code,code,kind,days,colour\nA,B,cloud,1,red\n").unwrap_err();
    assert_eq!(
        heads[..2],
        [
            "codes.csv: line 1: names the column code twice",
            "codes.csv: line 1: names a column \"colour\", which there is none of"
        ]
    );
    let flood = import(&"x\n".repeat(10_000)).unwrap_err();
    assert!(flood.len() < 200 && flood.last().unwrap().ends_with("too many faults to go on"));
}
