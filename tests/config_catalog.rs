//! The shipped catalog, and what is refused in one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use sdp_gateway::catalog::{Catalog, Delivery, GrantKind, Period, Resolved, SHIPPED_TOML, Sent, Storage};
use sdp_gateway::config::{CatalogFile, Config, Provider, ProviderKind};

const OFFER: &str = "[[offer]]\nid = 'a'\nservice_id = '1'\npackage_id = '2'\nperiod = 'day'\n";
const CLOUD: &str = "[[offer.grant]]\nkind = 'cloud'\nstorage = 'event'\n";

fn parse(text: &str) -> Result<Catalog, String> {
    let watcher = Provider { kind: ProviderKind::Watcher, ..Provider::default() };
    let providers =
        BTreeMap::from([("cams".to_owned(), Provider::default()), ("watcher".to_owned(), watcher)]);
    Catalog::parse(text, "FILE", &providers, 35).map_err(|faults| faults.to_string())
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let report = without_lines(&parse(text).expect_err("faults"));
    assert_eq!(report.lines().collect::<Vec<_>>(), expected, "{text}");
}

/// The places of a report without their lines, which have a test of their own.
fn without_lines(report: &str) -> String {
    let mut parts = report.split("FILE:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = if digits > 0 { &part[digits + 1..] } else { part };
        format!("{told}FILE:{rest}")
    })
}

#[test]
fn the_shipped_catalog() {
    let config = Config::defaults();
    let catalog = Catalog::parse(SHIPPED_TOML, "shipped", &config.providers, 35).unwrap();
    let day = catalog.offer("1000625", "1003013").unwrap();
    assert_eq!((day.id.as_str(), day.period, day.price), ("lovetv-day", Period::Day, 3000));
    assert_eq!(day.grants[0].storage, Some(Storage::Event));
    assert!(day.exclusive && day.sms_text.as_deref() == Some("DK L1"));
    assert_eq!(catalog.offer("1000161", "1003013").unwrap().id, "vtruyen-day");
    assert_eq!(catalog.offer("1000625", "9"), None);
    assert_eq!(catalog.offer("9", "1003013"), None);
    let has = |kind, period| {
        let suits = |g: &sdp_gateway::catalog::Grant| g.kind == kind;
        catalog.offers().iter().any(|offer| offer.period == period && offer.grants.iter().any(suits))
    };
    for (kind, period) in [
        (GrantKind::Cloud, Period::Day),
        (GrantKind::Cloud, Period::Week),
        (GrantKind::Cloud, Period::Month),
        (GrantKind::Ai, Period::Month),
        (GrantKind::FourG, Period::Month),
    ] {
        assert!(has(kind, period), "{kind:?} {period:?}");
    }
    let codes: BTreeSet<_> = catalog.offers().iter().map(|o| (&o.service_code, &o.package_code)).collect();
    assert_eq!(codes.len(), catalog.offers().len());
    let mut extras = catalog.offers().iter().filter(|offer| offer.service_id == "1000630");
    assert!(extras.clone().count() > 1 && extras.all(|offer| !offer.exclusive));
    let by_code = Sent { service_code: Some("LOVETV"), package_code: Some("TUAN"), ..Sent::default() };
    assert!(matches!(catalog.resolve_register(&by_code), Resolved::One(offer) if offer.id == "lovetv-week"));
}

#[test]
fn what_is_left_out_has_a_default() {
    let catalog = parse(&format!("{OFFER}[[offer.grant]]\nkind = 'ai'\n")).unwrap();
    let offer = &catalog.offers()[0];
    assert_eq!((offer.name.as_str(), offer.exclusive, offer.price), ("a", false, 0));
    assert_eq!((offer.currency.as_str(), offer.renewal_grace_days), ("VND", 35));
    let grant = &offer.grants[0];
    assert_eq!((grant.devices_max, grant.delivery, grant.provider.as_str()), (1, Delivery::Device, "local"));
    assert!(grant.storage.is_none() && grant.retention_days.is_none() && grant.settings.is_empty());
    assert_eq!(parse(&format!("{OFFER}renewal_grace_days = 0\n")).unwrap().offers()[0].renewal_grace_days, 0);
    assert!(parse("").unwrap().offers().is_empty());
}

#[test]
fn a_grant_survives_json() {
    let text = format!(
        "{OFFER}{CLOUD}provider = 'cams'\ndelivery = 'code'\nsettings = {{ preset_id = 393, x = {{ y = ['z'] }} }}\n"
    );
    let catalog = parse(&text).unwrap();
    let grant = &catalog.offers()[0].grants[0];
    let json = serde_json::to_string(grant).unwrap();
    assert_eq!(
        json,
        r#"{"kind":"cloud","storage":"event","devices_max":1,"delivery":"code","provider":"cams","settings":{"preset_id":393,"x":{"y":["z"]}}}"#
    );
    assert_eq!(serde_json::from_str::<sdp_gateway::catalog::Grant>(&json).unwrap(), *grant);
}

#[test]
fn no_text_holds_what_no_message_can() {
    check(
        &format!("{OFFER}package_code = 'a'\nname = \"a\\u0000b\"\n"),
        &["FILE: offer a: name: has the character U+0000"],
    );
}

#[test]
fn all_faults_of_an_offer() {
    check(
        "stray = 1\n[[offer]]\nid = 'Day 1'\nname = ''\nservice_id = 1000625\npackage_id = ' 2'\nperiod = 'year'\n\
         price = -1\ncurrency = 'dong'\nrenewal_grace_days = 9999\ncolour = 'red'\n[[offer]]\nservice_id = ''\n\
         [[offer]]\nid = ''\nservice_id = '3'\npackage_id = '3'\nperiod = 'day'\n",
        &[
            "FILE: stray: unknown key",
            "FILE: offer Day 1: colour: unknown key",
            "FILE: offer Day 1: period: \"year\" is none of day, week, month",
            "FILE: offer Day 1: price: invalid value: integer `-1`, expected a whole number, 0 or more",
            "FILE: offer Day 1: service_id: invalid type: integer `1000625`, expected text in quotes",
            "FILE: offer Day 1: id: is not 1 to 64 of a-z 0-9 -",
            "FILE: offer Day 1: name: is empty",
            "FILE: offer Day 1: package_id: has blanks around it",
            "FILE: offer Day 1: currency: is not three capitals, such as VND",
            "FILE: offer Day 1: renewal_grace_days: 9999 is not from 0 to 3650",
            "FILE: offer[2]: id: is missing",
            "FILE: offer[2]: package_id: is missing",
            "FILE: offer[2]: period: is missing",
            "FILE: offer[2]: service_id: is empty",
            "FILE: offer[3]: id: is not 1 to 64 of a-z 0-9 -",
        ],
    );
}

#[test]
fn all_faults_of_a_grant() {
    check(
        &format!(
            "{OFFER}[[offer.grant]]\nkind = 'tv'\n[[offer.grant]]\nkind = 'cloud'\nretention_days = 0\ndevices_max = -2\n\
             [[offer.grant]]\nkind = '4g'\nstorage = 'event'\ndevices_max = 0\nprovider = 'meari'\ndelivery = 'post'\n\
             [[offer.grant]]\nstorage = 'all'\nsetting = {{}}\nsettings = 5\n"
        ),
        &[
            "FILE: offer a: grant[1].kind: \"tv\" is none of cloud, ai, 4g",
            "FILE: offer a: grant[2].devices_max: invalid value: integer `-2`, expected a whole number, 0 or more",
            "FILE: offer a: grant[3].delivery: \"post\" is none of device, code",
            "FILE: offer a: grant[4].setting: unknown key",
            "FILE: offer a: grant[4].settings: invalid type: integer `5`, expected a map",
            "FILE: offer a: grant[4].storage: \"all\" is none of event, continuous",
            "FILE: offer a: grant[2].storage: is missing",
            "FILE: offer a: grant[2].retention_days: 0 is not from 1 to 3650",
            "FILE: offer a: grant[3].storage: is for cloud grants, and this is one of 4g",
            "FILE: offer a: grant[3].devices_max: 0 is not from 1 to 10000",
            "FILE: offer a: grant[3].provider: \"meari\" is neither local nor a [providers.NAME] of the settings",
            "FILE: offer a: grant[4].kind: is missing",
        ],
    );
}

#[test]
fn storage_at_watcher_needs_a_preset() {
    let own = "provider = 'watcher'\nsettings = ";
    let ai = "[[offer.grant]]\nkind = 'ai'\nprovider = 'watcher'\n";
    assert!(parse(&format!("{OFFER}{CLOUD}{own}{{ preset_id = 393 }}\n{ai}")).is_ok());
    check(
        &format!(
            "{OFFER}{CLOUD}provider = 'watcher'\n{CLOUD}{own}{{ preset_id = '393' }}\n{ai}settings = {{ preset_id = 0 }}\n\
             {CLOUD}{own}3\n{CLOUD}provider = 'cams'\n"
        ),
        &[
            "FILE: offer a: grant[4].settings: invalid type: integer `3`, expected a map",
            "FILE: offer a: grant[1].settings.preset_id: is missing: watcher is of kind watcher, and stores as a preset says",
            "FILE: offer a: grant[2].settings.preset_id: is not a preset's id: a whole number, 1 or more",
            "FILE: offer a: grant[3].settings.preset_id: is not a preset's id: a whole number, 1 or more",
        ],
    );
}

#[test]
fn offers_that_contradict_one_another() {
    let exclusive = OFFER.replace("'a'", "'b'").replace("'2'", "'3'") + "exclusive = true\n";
    check(
        &format!("{OFFER}{OFFER}{exclusive}"),
        &[
            "FILE: offer a: id: is that of two offers, number 1 and number 2 of the file",
            "FILE: offer a: package_id: service 1 and package 2 are those of offer a too",
            "FILE: offer b: exclusive: is true, but false in offer a of service 1",
        ],
    );
}

#[test]
fn what_is_no_catalog() {
    check("[[offer]\n", &["FILE: unclosed array table, expected `]`"]);
    check(
        "offer = 3\n",
        &["FILE: offer: is a list of tables, each under its [[heading]] in double brackets"],
    );
    check(
        &format!("{OFFER}grant = 'cloud'\n"),
        &["FILE: offer a: grant: is a list of tables, each under its [[heading]] in double brackets"],
    );
}

#[test]
fn where_the_catalog_comes_from() {
    let load = |path: &str| {
        let settings = CatalogFile { path: path.into() };
        Catalog::load(&settings, &BTreeMap::new(), 35).map_err(|faults| faults.to_string())
    };
    assert!(load(CatalogFile::DEFAULT_PATH).is_ok());
    let absent = load("/no/such/catalog.toml").expect_err("a fault");
    assert_eq!(absent, "/no/such/catalog.toml: cannot be read: No such file or directory (os error 2)");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.toml");
    std::fs::write(&path, OFFER).unwrap();
    assert_eq!(load(path.to_str().unwrap()).unwrap().offers().len(), 1);
}
