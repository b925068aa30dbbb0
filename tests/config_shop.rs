//! Packages, coupons and promotions of a catalog: what they mean, and what is refused in them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use sdp_gateway::catalog::{Catalog, CouponKind, SHIPPED_TOML, Storage, TermUnit};
use sdp_gateway::clock::Timestamp;
use sdp_gateway::config::{Mode, Provider, ProviderKind};
use sdp_gateway::money::Currency;

const OFFER: &str = "[[offer]]\nid = 'o'\nservice_id = '1'\npackage_id = '2'\nperiod = 'month'\nprice = 59\ncurrency = 'CNY'\n";
const PACKAGE: &str = "[[package]]\nnumber = 'p'\ncountries = ['VN']\nservice_type = 2\nstorage_days = 7\n\
                       period = 'month'\nprice = 5900\ncurrency = 'CNY'\n";
const COUPON: &str = "[[coupon]]\nid = 'c'\nkind = 'percent'\nvalue = 20\n\
                      starts_at = 2026-01-01T00:00:00+07:00\nends_at = 2026-02-01T00:00:00Z\n";
const PROMOTION: &str = "[[promotion]]\nid = 't'\nstarts_at = 2026-01-01T00:00:00Z\nends_at = 2026-02-01T00:00:00Z\ncoupons = ['c']\n";

fn parse(text: &str) -> Result<Catalog, String> {
    let watcher = Provider { kind: ProviderKind::Watcher, ..Provider::default() };
    let activation = |mode| Provider {
        kind: ProviderKind::Activation,
        base_url: Some("http://127.0.0.1:9".to_owned()),
        partner_key: Some("pk-test".to_owned()),
        partner_secret: Some("unit-test-partner-secret".into()),
        source_app: Some(72),
        mode: Some(mode),
        ..Provider::default()
    };
    let providers = BTreeMap::from([
        ("watcher".to_owned(), watcher),
        ("orders".to_owned(), activation(Mode::Order)),
        ("codes".to_owned(), activation(Mode::Code)),
    ]);
    Catalog::parse(text, "F", &providers, 35).map_err(|faults| faults.to_string())
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let report = parse(text).expect_err("faults");
    assert_eq!(report.lines().collect::<Vec<_>>(), expected, "{text}");
}

/// `table` with one line of it written otherwise, or more lines after it.
fn with(table: &str, key: &str, line: &str) -> String {
    let kept = table.lines().filter(|own| !own.starts_with(&format!("{key} =")));
    kept.map(|line| format!("{line}\n")).collect::<String>() + line + "\n"
}

#[test]
fn what_is_left_out_has_a_default() {
    let catalog = parse(&format!("{PACKAGE}{COUPON}{PROMOTION}")).unwrap();
    let package = &catalog.packages()[0];
    assert_eq!((package.name.as_str(), package.countries.as_slice()), ("p", &["VN".to_owned()][..]));
    assert_eq!((package.storage, package.storage_days), (Storage::Event, 7));
    assert_eq!((package.period, package.period_count), (TermUnit::Month, 1));
    assert_eq!((package.price.minor, package.price.currency), (5900, Currency::Cny));
    assert_eq!((package.provider.as_str(), &package.offer), ("local", &None));
    let coupon = &catalog.coupons()[0];
    assert_eq!((coupon.name.as_str(), coupon.kind, coupon.value), ("c", CouponKind::Percent, 20));
    assert_eq!((coupon.stock, coupon.per_account, &coupon.packages), (None, 1, &None));
    assert_eq!(Some(coupon.starts_at), Timestamp::from_rfc3339("2025-12-31T17:00:00Z"));
    let promotion = &catalog.promotions()[0];
    assert_eq!((promotion.title.as_str(), promotion.description.as_str()), ("t", ""));
    assert_eq!(promotion.coupons, ["c"]);
    let none = parse("").unwrap();
    assert!(none.packages().is_empty() && none.coupons().is_empty() && none.promotions().is_empty());
}

#[test]
fn the_examples_of_the_shipped_catalog_are_one() {
    let examples = SHIPPED_TOML.split_once("# What camera apps sell.").unwrap().1;
    let is_toml = |line: &&str| line.starts_with("[[") && line.ends_with("]]") || line.contains(" = ");
    let examples = examples.lines().map(|line| line.trim_start_matches("# ")).filter(is_toml);
    let catalog = parse(&format!("{SHIPPED_TOML}\n{}", examples.collect::<Vec<_>>().join("\n"))).unwrap();
    assert_eq!((catalog.packages().len(), catalog.coupons().len(), catalog.promotions().len()), (1, 1, 1));
    assert_eq!(catalog.packages()[0].offer.as_deref(), Some("lovetv-month"));
}

#[test]
fn all_faults_of_a_package() {
    check(
        "[[package]]\nnumber = 'a b'\nname = ''\ncountries = ['vn', 'CN', 'CN']\nservice_type = 3\nstorage_days = 0\n\
         period = 'month'\nperiod_count = 121\nprice = 1000000000001\ncurrency = 'USD'\nprovider = 'x'\noffer = 'y'\n\
         colour = 'red'\n[[package]]\ncountries = []\nperiod = 'hour'\n",
        &[
            "F:13: package a b: colour: unknown key",
            "F:16: package[2]: period: \"hour\" is none of day, week, month, year",
            "F:2: package a b: number: is not 1 to 64 of A-Z a-z 0-9 - _",
            "F:3: package a b: name: is empty",
            "F:4: package a b: countries: \"vn\" is not two capitals, such as VN",
            "F:4: package a b: countries: \"CN\" stands there twice",
            "F:5: package a b: service_type: is neither 1 (continuous) nor 2 (event)",
            "F:6: package a b: storage_days: 0 is not from 1 to 3650",
            "F:8: package a b: period_count: 121 is not from 1 to 120",
            "F:9: package a b: price: 1000000000001 is not from 0 to 1000000000000",
            "F:10: package a b: currency: is none of VND, CNY",
            "F:11: package a b: provider: \"x\" is neither local nor a [providers.NAME] of the settings",
            "F:12: package a b: offer: \"y\" is no offer of this file",
            "F:14: package[2]: number: is missing",
            "F:14: package[2]: service_type: is missing",
            "F:14: package[2]: storage_days: is missing",
            "F:14: package[2]: price: is missing",
            "F:14: package[2]: currency: is missing",
            "F:15: package[2]: countries: is empty",
        ],
    );
}

#[test]
fn a_package_and_its_offer_cost_the_same() {
    assert!(parse(&format!("{OFFER}{PACKAGE}offer = 'o'\n")).is_ok());
    let unpriced = with(OFFER, "price", "");
    assert!(parse(&format!("{unpriced}{PACKAGE}offer = 'o'\n")).is_ok());
    let dear = with(PACKAGE, "price", "price = 5901\noffer = 'o'");
    check(
        &format!("{OFFER}{dear}"),
        &[
            "F:15: package p: price: prices must agree: offer o costs 59 whole CNY, this 5901 minor units of CNY",
        ],
    );
    let dong = with(PACKAGE, "currency", "currency = 'VND'\noffer = 'o'");
    check(
        &format!("{OFFER}{dong}"),
        &[
            "F:14: package p: price: prices must agree: offer o costs 59 whole CNY, this 5900 minor units of VND",
        ],
    );
}

#[test]
fn a_package_at_watcher_needs_a_preset() {
    assert!(parse(&format!("{PACKAGE}provider = 'watcher'\nsettings = {{ preset_id = 1 }}\n")).is_ok());
    check(
        &format!("{PACKAGE}provider = 'watcher'\n"),
        &[
            "F:1: package p: settings.preset_id: is missing: watcher is of kind watcher, and stores as a preset says",
        ],
    );
}

#[test]
fn a_package_at_an_activation_system_names_what_is_ordered() {
    check(
        &format!("{PACKAGE}provider = 'orders'\n{}provider = 'codes'\n", PACKAGE.replace("'p'", "'q'")),
        &[
            "F:1: package p: settings.package_id: is missing: the provider places orders, and this is what it orders",
            "F:18: package q: provider: redeems codes of its own, which are not sold by packages",
        ],
    );
    assert!(
        parse(&format!("{PACKAGE}provider = 'orders'\nsettings = {{ package_id = 'pkg-7d' }}\n")).is_ok()
    );
}

#[test]
fn all_faults_of_a_coupon() {
    check(
        "[[coupon]]\nid = 'A'\nname = ' a'\nkind = 'percent'\nvalue = 101\namount_min = 0\npackages = []\n\
         starts_at = 2026-01-01T00:00:00\nends_at = 2026-01-01\nstock = 100000001\nper_account = 0\n\
         [[coupon]]\nid = 'b'\nkind = 'amount'\nvalue = 0\npackages = ['p', 'p']\n\
         starts_at = 2026-01-01T00:00:00Z\nends_at = 2026-01-01T07:00:00+07:00\n[[coupon]]\nstarts_at = 'now'\n",
        &[
            "F:20: coupon[3]: starts_at: invalid type: string \"now\", expected a TOML datetime",
            "F:2: coupon A: id: is not 1 to 64 of a-z 0-9 -",
            "F:3: coupon A: name: has blanks around it",
            "F:5: coupon A: value: 101 is not from 1 to 100, of percent",
            "F:6: coupon A: amount_min: 0 is not from 1 to 1000000000000",
            "F:10: coupon A: stock: 100000001 is not from 0 to 100000000",
            "F:11: coupon A: per_account: 0 is not from 1 to 1000",
            "F:8: coupon A: starts_at: is not a date and time with a zone, such as 2026-01-01T00:00:00+07:00",
            "F:9: coupon A: ends_at: is not a date and time with a zone, such as 2026-01-01T00:00:00+07:00",
            "F:7: coupon A: packages: is empty: leave it out for all",
            "F:15: coupon b: value: 0 is not from 1 to 1000000000000",
            "F:18: coupon b: ends_at: is not after starts_at",
            "F:16: coupon b: packages: \"p\" is not a package of this file",
            "F:16: coupon b: packages: \"p\" stands there twice",
            "F:19: coupon[3]: id: is missing",
            "F:19: coupon[3]: kind: is missing",
            "F:19: coupon[3]: value: is missing",
            "F:19: coupon[3]: ends_at: is missing",
        ],
    );
}

#[test]
fn an_amount_is_of_one_currency() {
    let dong = with(&PACKAGE.replace("'p'", "'q'"), "currency", "currency = 'VND'");
    let amount = with(COUPON, "kind", "kind = 'amount'");
    let both = format!("{PACKAGE}{dong}");
    assert!(parse(&format!("{both}{COUPON}")).is_ok(), "a percentage is of any");
    assert!(parse(&format!("{both}{amount}packages = ['q']\n")).is_ok());
    let fault = ["F:17: coupon c: packages: an amount of money needs packages of one currency"];
    check(&format!("{both}{amount}"), &fault);
    check(&format!("{both}{COUPON}amount_min = 5\n"), &fault);
}

#[test]
fn names_stand_for_one_thing_and_promotions_tell_of_what_is_there() {
    let stray = with(PROMOTION, "coupons", "coupons = ['d']\ntitle = ''\n");
    check(
        &format!("{PACKAGE}{PACKAGE}{COUPON}{COUPON}{PROMOTION}{stray}"),
        &[
            "F:10: package p: number: is that of another one above",
            "F:24: coupon c: id: is that of another one above",
            "F:39: promotion t: title: is empty",
            "F:38: promotion t: coupons: \"d\" is not a coupon of this file",
            "F:35: promotion t: id: is that of another one above",
        ],
    );
    check(
        "package = 3\n",
        &["F:1: package: is a list of tables, each under its [[heading]] in double brackets"],
    );
}
