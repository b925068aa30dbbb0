//! Whether written packages, coupons and promotions make sense, each by itself and with the offers and one another.
//! Reports everything it finds; leaves what a key can hold at all to `shop`.

use std::collections::{BTreeMap, HashMap, HashSet};

use toml::value::Datetime;

use super::check::{check_preset, check_provider};
use super::coupon::CouponKind;
use super::grant::Storage;
use super::read::{Written, WrittenFile};
use super::report::{DAYS_MAX, Report, is_id};
use super::shop::{WrittenCoupon, WrittenPackage, WrittenPromotion, moment};
use crate::config::{Faults, Mode, Provider};
use crate::money::{Currency, MINOR_MAX, Money};

/// No list in a table is longer.
const ITEMS_MAX: usize = 1000;
/// No account may receive one coupon more often.
const PER_ACCOUNT_MAX: u32 = 1000;
/// No stock is larger; each of them may become a row.
const STOCK_MAX: u32 = 100_000_000;

/// Checks all that apps sell.
pub(super) fn check(file: &WrittenFile, providers: &BTreeMap<String, Provider>, faults: &mut Faults) {
    let mut met = HashSet::new();
    for package in &file.packages {
        let report = &mut Report { source: &package.source, faults };
        check_package(package, providers, report);
        check_offer(package, &file.offers, report);
        unique("number", package.number.as_deref(), &mut met, report);
    }
    let packages = by_number(&file.packages);
    let mut met = HashSet::new();
    for coupon in &file.coupons {
        let report = &mut Report { source: &coupon.source, faults };
        check_coupon(coupon, report);
        check_packages(coupon, &packages, report);
        unique("id", coupon.id.as_deref(), &mut met, report);
    }
    let coupons = met;
    let mut met = HashSet::new();
    for promotion in &file.promotions {
        let report = &mut Report { source: &promotion.source, faults };
        check_promotion(promotion, &coupons, report);
        unique("id", promotion.id.as_deref(), &mut met, report);
    }
}

fn by_number(packages: &[WrittenPackage]) -> HashMap<&str, &WrittenPackage> {
    packages.iter().filter_map(|package| Some((package.number.as_deref()?, package))).collect()
}

fn unique<'a>(key: &str, name: Option<&'a str>, met: &mut HashSet<&'a str>, report: &mut Report<'_>) {
    if name.is_some_and(|name| !met.insert(name)) {
        report.fault(key, "is that of another one above");
    }
}

fn check_package(package: &WrittenPackage, providers: &BTreeMap<String, Provider>, report: &mut Report<'_>) {
    report.required("number", package.number.as_ref());
    report.required("countries", package.countries.as_ref());
    report.required("service_type", package.service_type.as_ref());
    report.required("storage_days", package.storage_days.as_ref());
    report.required("period", package.period.as_ref());
    report.required("price", package.price.as_ref());
    report.required("currency", package.currency.as_ref());
    if package.number.as_deref().is_some_and(|number| !is_number(number)) {
        report.fault("number", "is not 1 to 64 of A-Z a-z 0-9 - _");
    }
    report.text("name", package.name.as_ref());
    check_countries(package.countries.as_deref(), report);
    if package.service_type.is_some_and(|service_type| Storage::from_service_type(service_type).is_none()) {
        report.fault("service_type", "is neither 1 (continuous) nor 2 (event)");
    }
    report.range("storage_days", package.storage_days, 1, DAYS_MAX);
    if let Some(unit) = package.period {
        report.range("period_count", package.period_count, 1, unit.count_max());
    }
    amount("price", package.price, 0, report);
    if package.currency.as_deref().is_some_and(|code| Currency::from_code(code).is_none()) {
        let codes = Currency::ALL.map(Currency::code).join(", ");
        report.fault("currency", format!("is none of {codes}"));
    }
    if let Some(provider) = check_provider(package.provider.as_ref(), providers, report) {
        check_preset(package.settings.as_ref(), true, provider, report);
    }
    check_activation(package, providers, report);
}

/// What apps sell and vouchers give is carried out by tasks: an activation system has to know what is ordered there,
/// and one that redeems codes of its own has those for it.
fn check_activation(
    package: &WrittenPackage,
    providers: &BTreeMap<String, Provider>,
    report: &mut Report<'_>,
) {
    let provider = package.provider.as_ref().and_then(|name| providers.get(name));
    let is_refused = package.settings.is_none() && report.source.has("settings");
    let ordered = package.settings.as_ref().and_then(|settings| settings.get("package_id"));
    match provider.and_then(Provider::activation).map(|remote| remote.mode) {
        Some(Mode::Code) => {
            report.fault("provider", "redeems codes of its own, which are not sold by packages")
        }
        Some(Mode::Order) if ordered.is_none() && !is_refused => {
            let what = "is missing: the provider places orders, and this is what it orders";
            report.fault("settings.package_id", what);
        }
        _ => {}
    }
}

fn is_number(number: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=64).contains(&number.len()) && number.bytes().all(fit)
}

fn check_countries(countries: Option<&[String]>, report: &mut Report<'_>) {
    let is_code = |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    match countries {
        Some([]) => report.fault("countries", "is empty"),
        Some(codes) => list("countries", codes, |code| !is_code(code), "two capitals, such as VN", report),
        None => {}
    }
}

/// Names the first of a list that is not what its items are, and one that stands there twice.
fn list(
    key: &str,
    items: &[String],
    is_wrong: impl Fn(&String) -> bool,
    what: &str,
    report: &mut Report<'_>,
) {
    if items.len() > ITEMS_MAX {
        return report.fault(key, format!("has more than {ITEMS_MAX} items"));
    }
    if let Some(item) = items.iter().find(|item| is_wrong(item)) {
        report.fault(key, format!("{item:?} is not {what}"));
    }
    let mut met = HashSet::new();
    if let Some(item) = items.iter().find(|item| !met.insert(*item)) {
        report.fault(key, format!("{item:?} stands there twice"));
    }
}

fn amount(key: &str, minor: Option<u64>, min: u64, report: &mut Report<'_>) {
    if let Some(minor) = minor.filter(|minor| !(min..=MINOR_MAX).contains(minor)) {
        report.fault(key, format!("{minor} is not from {min} to {MINOR_MAX}"));
    }
}

/// Whoever pays the carrier and whoever pays in the app pays the same.
fn check_offer(package: &WrittenPackage, offers: &[Written], report: &mut Report<'_>) {
    let Some(id) = package.offer.as_deref() else { return };
    let Some(offer) = offers.iter().find(|offer| offer.id.as_deref() == Some(id)) else {
        return report.fault("offer", format!("{id:?} is no offer of this file"));
    };
    let (Some(own), Some(whole)) = (package.price(), offer.price) else { return };
    let code = offer.currency.as_deref().unwrap_or("VND");
    let theirs = Currency::from_code(code).and_then(|currency| Money::of_whole(whole, currency));
    if theirs != Some(own) {
        report.fault(
            "price",
            format!(
                "prices must agree: offer {id} costs {whole} whole {code}, this {} minor units of {}",
                own.minor,
                own.currency.code()
            ),
        );
    }
}

fn check_coupon(coupon: &WrittenCoupon, report: &mut Report<'_>) {
    report.required("id", coupon.id.as_ref());
    report.required("kind", coupon.kind.as_ref());
    report.required("value", coupon.value.as_ref());
    named(coupon.id.as_deref(), report);
    report.text("name", coupon.name.as_ref());
    match (coupon.kind, coupon.value) {
        (Some(CouponKind::Percent), Some(value)) if !(1..=100).contains(&value) => {
            report.fault("value", format!("{value} is not from 1 to 100, of percent"));
        }
        (Some(CouponKind::Amount), value) => amount("value", value, 1, report),
        _ => {}
    }
    amount("amount_min", coupon.amount_min, 1, report);
    report.range("stock", coupon.stock, 0, STOCK_MAX);
    report.range("per_account", coupon.per_account, 1, PER_ACCOUNT_MAX);
    stretch(coupon.starts_at.as_ref(), coupon.ends_at.as_ref(), report);
}

fn named(id: Option<&str>, report: &mut Report<'_>) {
    if id.is_some_and(|id| !is_id(id)) {
        report.fault("id", "is not 1 to 64 of a-z 0-9 -");
    }
}

/// Both moments are there and one is after the other.
fn stretch(starts_at: Option<&Datetime>, ends_at: Option<&Datetime>, report: &mut Report<'_>) {
    let mut read = |key, written: Option<&Datetime>| {
        report.required(key, written);
        let read = written.map(moment);
        if read == Some(None) {
            report.fault(key, "is not a date and time with a zone, such as 2026-01-01T00:00:00+07:00");
        }
        read.flatten()
    };
    if let (Some(starts_at), Some(ends_at)) = (read("starts_at", starts_at), read("ends_at", ends_at))
        && ends_at <= starts_at
    {
        report.fault("ends_at", "is not after starts_at");
    }
}

/// A sum of money means something in one currency alone.
fn check_packages(
    coupon: &WrittenCoupon,
    packages: &HashMap<&str, &WrittenPackage>,
    report: &mut Report<'_>,
) {
    let own = coupon.packages.as_deref();
    match own {
        Some([]) => report.fault("packages", "is empty: leave it out for all"),
        Some(own) => {
            let is_none = |number: &String| !packages.contains_key(number.as_str());
            list("packages", own, is_none, "a package of this file", report);
        }
        None => {}
    }
    let is_for = |number: &&str| own.is_none_or(|own| own.iter().any(|own| own == number));
    let currency = |number| packages[number].currency.as_deref();
    let currencies: HashSet<_> = packages.keys().copied().filter(is_for).filter_map(currency).collect();
    let is_amount = coupon.kind == Some(CouponKind::Amount) || coupon.amount_min.is_some();
    if is_amount && currencies.len() > 1 {
        report.fault("packages", "an amount of money needs packages of one currency");
    }
}

fn check_promotion(promotion: &WrittenPromotion, coupons: &HashSet<&str>, report: &mut Report<'_>) {
    report.required("id", promotion.id.as_ref());
    named(promotion.id.as_deref(), report);
    report.text("title", promotion.title.as_ref());
    stretch(promotion.starts_at.as_ref(), promotion.ends_at.as_ref(), report);
    let is_none = |id: &String| !coupons.contains(id.as_str());
    list(
        "coupons",
        promotion.coupons.as_deref().unwrap_or_default(),
        is_none,
        "a coupon of this file",
        report,
    );
}
