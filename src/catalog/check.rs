//! Whether written offers make sense, each by itself and all together. Reports everything it finds;
//! leaves what a key can hold at all to `read`.

use std::collections::{BTreeMap, HashMap};

use super::grant::GrantKind;
use super::read::{Source, Written, WrittenGrant};
use crate::config::{Faults, Provider, ProviderKind};

/// No period or grace is longer; ten years.
const DAYS_MAX: u32 = 3650;

/// Where the faults of one table go.
struct Report<'a> {
    source: &'a Source,
    faults: &'a mut Faults,
}

impl Report<'_> {
    fn fault(&mut self, key: &str, what: impl Into<String>) {
        self.faults.push(self.source.place(key), self.source.key(key), what);
    }

    /// A value that was refused is not missing.
    fn required<T>(&mut self, key: &str, value: Option<&T>) {
        if value.is_none() && !self.source.has(key) {
            self.fault(key, "is missing");
        }
    }

    fn range(&mut self, key: &str, value: Option<u32>, min: u32, max: u32) {
        if let Some(value) = value.filter(|value| !(min..=max).contains(value)) {
            self.fault(key, format!("{value} is not from {min} to {max}"));
        }
    }

    /// Messages are trimmed before they are compared, so nothing could ever equal a padded text; nor can
    /// they have U+0000, which not every database keeps.
    fn text(&mut self, key: &str, value: Option<&String>) {
        if value.is_some_and(|text| text.contains('\0')) {
            self.fault(key, "has the character U+0000");
        }
        match value.map(|text| (text.is_empty(), text.trim() == text)) {
            Some((true, _)) => self.fault(key, "is empty"),
            Some((_, false)) => self.fault(key, "has blanks around it"),
            _ => {}
        }
    }
}

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

fn is_id(id: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(fit)
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
    match grant.provider.as_deref().map(|name| (name, providers.get(name))) {
        Some((name, None)) if name != "local" => {
            let what = format!("{name:?} is neither local nor a [providers.NAME] of the settings");
            report.fault("provider", what);
        }
        Some((name, Some(provider))) if provider.kind == ProviderKind::Watcher => {
            check_preset(grant, name, report);
        }
        _ => {}
    }
}

/// A camera's recordings are kept as its preset says, so that a grant of storage without one would be none.
fn check_preset(grant: &WrittenGrant, provider: &str, report: &mut Report<'_>) {
    let given = grant.settings.as_ref().and_then(|settings| settings.get("preset_id"));
    let is_id = |value: &serde_json::Value| value.as_i64().is_some_and(|id| id > 0);
    let is_refused = grant.settings.is_none() && grant.source.has("settings");
    match given {
        Some(value) if !is_id(value) => {
            report.fault("settings.preset_id", "is not a preset's id: a whole number, 1 or more");
        }
        None if grant.kind == Some(GrantKind::Cloud) && !is_refused => {
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
