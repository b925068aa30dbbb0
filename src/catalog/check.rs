//! Whether written offers make sense, each by itself and all together. Reports everything it finds;
//! leaves what a key can hold at all to `read`.

use std::collections::{BTreeMap, HashMap};

use super::grant::GrantKind;
use super::read::{Written, WrittenGrant};
use super::report::{DAYS_MAX, Report, is_id};
use crate::config::{Faults, Provider, ProviderKind};

/// Checks all offers.
pub(super) fn check(offers: &[Written], providers: &BTreeMap<String, Provider>, faults: &mut Faults) {
    for offer in offers {
        check_offer(offer, &mut Report { source: &offer.source, faults });
        for grant in &offer.grants {
            check_grant(grant, providers, &mut Report { source: &grant.source, faults });
        }
    }
    check_together(offers, faults);
}

fn check_offer(offer: &Written, report: &mut Report<'_>) {
    report.required("id", offer.id.as_ref());
    report.required("service_id", offer.service_id.as_ref());
    report.required("package_id", offer.package_id.as_ref());
    report.required("period", offer.period.as_ref());
    if offer.id.as_deref().is_some_and(|id| !is_id(id)) {
        report.fault("id", "is not 1 to 64 of a-z 0-9 -");
    }
    for (key, text) in [
        ("name", &offer.name),
        ("service_id", &offer.service_id),
        ("package_id", &offer.package_id),
        ("service_code", &offer.service_code),
        ("package_code", &offer.package_code),
        ("sms_short_code", &offer.sms_short_code),
        ("sms_text", &offer.sms_text),
    ] {
        report.text(key, text.as_ref());
    }
    if offer.currency.as_deref().is_some_and(|code| !is_currency(code)) {
        report.fault("currency", "is not three capitals, such as VND");
    }
    report.range("renewal_grace_days", offer.renewal_grace_days, 0, DAYS_MAX);
}

fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn check_grant(grant: &WrittenGrant, providers: &BTreeMap<String, Provider>, report: &mut Report<'_>) {
    report.required("kind", grant.kind.as_ref());
    match grant.kind {
        Some(GrantKind::Cloud) => report.required("storage", grant.storage.as_ref()),
        Some(kind) if grant.storage.is_some() => {
            report.fault("storage", format!("is for cloud grants, and this is one of {}", kind.word()));
        }
        _ => {}
    }
    report.range("retention_days", grant.retention_days, 1, DAYS_MAX);
    report.range("devices_max", grant.devices_max, 1, 10_000);
    if let Some(provider) = check_provider(grant.provider.as_ref(), providers, report) {
        check_preset(grant.settings.as_ref(), grant.kind == Some(GrantKind::Cloud), provider, report);
    }
}

/// Whether there is that provider; its name where it stores as presets say.
pub(super) fn check_provider<'a>(
    name: Option<&'a String>,
    providers: &BTreeMap<String, Provider>,
    report: &mut Report<'_>,
) -> Option<&'a str> {
    let name = name?.as_str();
    let provider = providers.get(name);
    if provider.is_none() && name != "local" {
        report.fault("provider", format!("{name:?} is neither local nor a [providers.NAME] of the settings"));
    }
    provider.filter(|provider| provider.kind == ProviderKind::Watcher).map(|_| name)
}

/// A camera's recordings are kept as its preset says, so that storage without one would be none.
pub(super) fn check_preset(
    settings: Option<&serde_json::Map<String, serde_json::Value>>,
    is_cloud: bool,
    provider: &str,
    report: &mut Report<'_>,
) {
    let given = settings.and_then(|settings| settings.get("preset_id"));
    let is_id = |value: &serde_json::Value| value.as_i64().is_some_and(|id| id > 0);
    let is_refused = settings.is_none() && report.source.has("settings");
    match given {
        Some(value) if !is_id(value) => {
            report.fault("settings.preset_id", "is not a preset's id: a whole number, 1 or more");
        }
        None if is_cloud && !is_refused => {
            let what = format!("is missing: {provider} is of kind watcher, and stores as a preset says");
            report.fault("settings.preset_id", what);
        }
        _ => {}
    }
}

/// An offer met before, by what no other may share with it.
#[derive(Default)]
struct Met<'a> {
    ids: HashMap<&'a str, usize>,
    pairs: HashMap<(&'a str, &'a str), String>,
    services: HashMap<&'a str, (bool, String)>,
}

fn check_together(offers: &[Written], faults: &mut Faults) {
    let mut met = Met::default();
    for (number, offer) in (1..).zip(offers) {
        let report = &mut Report { source: &offer.source, faults };
        let name = offer.id.clone().unwrap_or_else(|| format!("[{number}]"));
        if let Some(id) = offer.id.as_deref()
            && let Some(first) = met.ids.insert(id, number)
        {
            report.fault(
                "id",
                format!("is that of two offers, number {first} and number {number} of the file"),
            );
        }
        let Some(service) = offer.service_id.as_deref() else { continue };
        if let Some(package) = offer.package_id.as_deref()
            && let Some(first) = met.pairs.insert((service, package), name.clone())
        {
            let what = format!("service {service} and package {package} are those of offer {first} too");
            report.fault("package_id", what);
        }
        if offer.exclusive.is_none() && offer.source.has("exclusive") {
            continue;
        }
        let exclusive = offer.exclusive.unwrap_or(false);
        let (agreed, first) = met.services.entry(service).or_insert((exclusive, name));
        if *agreed != exclusive {
            report.fault(
                "exclusive",
                format!("is {exclusive}, but {agreed} in offer {first} of service {service}"),
            );
        }
    }
}
