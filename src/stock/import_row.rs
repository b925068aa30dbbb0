//! One line of a file of codes: what its fields may say, alone and together. Leaves lines and columns to
//! `import`.

use std::collections::{BTreeMap, HashMap};

use super::import::Known;
use super::{About, CodeText, Import, PackageRule};
use crate::catalog::{GrantKind, Storage};
use crate::clock::Timestamp;

/// The columns in their order, where no first line says otherwise.
pub(super) const COLUMNS: [&str; 8] =
    ["code", "kind", "days", "expires", "provider", "storage", "retention_days", "package"];

/// No service or retention is longer; ten years.
const DAYS_MAX: u32 = 3650;

/// The fields of one line by column; an empty one is absent.
pub(super) type Fields<'a> = HashMap<&'a str, &'a str>;

/// The code of a line, and what is wrong with it; where anything is, there is none.
pub(super) fn row(line: u64, fields: &Fields<'_>, known: &Known<'_>) -> (Option<Import>, Vec<String>) {
    let mut faults = Vec::new();
    let code = required(fields, "code", &mut faults, code);
    let is_voucher =
        fields.contains_key("package") && !["kind", "days"].iter().any(|key| fields.contains_key(key));
    let about =
        if is_voucher { voucher(fields, known, &mut faults) } else { activation(fields, known, &mut faults) };
    let found = code.zip(about).filter(|_| faults.is_empty());
    (found.map(|(code, about)| Import { line, code, about }), faults)
}

/// What an activation code gives.
fn activation(fields: &Fields<'_>, known: &Known<'_>, faults: &mut Vec<String>) -> Option<About> {
    let kind = required(fields, "kind", faults, |text| {
        GrantKind::from_word(&text.to_ascii_lowercase()).ok_or_else(|| "is none of cloud, ai, 4g".to_owned())
    });
    let days = required(fields, "days", faults, days);
    let expires_at = optional(fields, "expires", faults, |text| expiry(text, known.now));
    let provider = optional(fields, "provider", faults, |text| provider(text, &known.providers));
    let storage = optional(fields, "storage", faults, |text| {
        let storage = Storage::from_word(&text.to_ascii_lowercase());
        storage.ok_or_else(|| "is neither event nor continuous".to_owned())
    });
    let retention_days = optional(fields, "retention_days", faults, self::days);
    let package = optional(fields, "package", faults, package);
    let rule = provider.as_ref().and_then(|name| known.providers.get(name)).copied();
    if let Err(what) = rule.map_or(Ok(()), |rule| rule.check(fields.get("package").copied())) {
        faults.push(format!("package {what}"));
    }
    if kind.is_some_and(|kind| kind != GrantKind::Cloud) {
        for key in ["storage", "retention_days"].into_iter().filter(|key| fields.contains_key(key)) {
            faults.push(format!("{key} is for cloud codes"));
        }
    }
    let (kind, days) = (kind?, days?);
    Some(About {
        kind,
        days,
        storage: (kind == GrantKind::Cloud).then_some(storage.unwrap_or(Storage::Event)),
        retention_days,
        provider: provider.unwrap_or_else(|| "local".to_owned()),
        package,
        voucher: None,
        batch: known.batch.clone(),
        expires_at,
        tenant: known.tenant.clone(),
    })
}

/// What a voucher gives: all of it is its package's.
fn voucher(fields: &Fields<'_>, known: &Known<'_>, faults: &mut Vec<String>) -> Option<About> {
    let expires_at = optional(fields, "expires", faults, |text| expiry(text, known.now));
    for key in ["provider", "storage", "retention_days"].into_iter().filter(|key| fields.contains_key(key)) {
        faults.push(format!("{key} is the package's, since kind and days are not said"));
    }
    let package = optional(fields, "package", faults, |number| {
        let catalog =
            known.catalog.ok_or("cannot be looked up: the catalog has faults, see `sdp-gateway config`")?;
        let unknown = || {
            format!("{number:?} is no [[package]] of the catalog; codes of another kind say kind and days")
        };
        catalog.package(number).ok_or_else(unknown)
    })?;
    Some(About::voucher(package, known.batch.clone(), expires_at, known.tenant.clone()))
}

fn required<T>(
    fields: &Fields<'_>,
    column: &str,
    faults: &mut Vec<String>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    if !fields.contains_key(column) {
        faults.push(format!("{column} is missing"));
    }
    optional(fields, column, faults, read)
}

fn optional<T>(
    fields: &Fields<'_>,
    column: &str,
    faults: &mut Vec<String>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let read = read(fields.get(column)?);
    read.map_err(|what| faults.push(format!("{column} {what}"))).ok()
}

/// Whoever redeems it sends it as a parameter, which may have no `&`: it would read as two.
fn code(text: &str) -> Result<CodeText, String> {
    let code = CodeText::parse(text).map_err(|error| format!("is {error}"))?;
    if text.contains('&') { Err("has an & in it, which no request may".to_owned()) } else { Ok(code) }
}

fn days(text: &str) -> Result<u32, String> {
    let days = text.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
    days.ok_or_else(|| format!("is not a whole number from 1 to {DAYS_MAX}"))
}

fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    match Timestamp::from_rfc3339(text) {
        None => Err("is not an RFC 3339 time".to_owned()),
        Some(at) if at <= now => Err("is in the past".to_owned()),
        Some(at) => Ok(at),
    }
}

fn provider(text: &str, providers: &BTreeMap<String, PackageRule>) -> Result<String, String> {
    let known = text == "local" || providers.contains_key(text);
    known
        .then(|| text.to_owned())
        .ok_or_else(|| format!("{text:?} is neither local nor a [providers.NAME] of the settings"))
}

fn package(text: &str) -> Result<String, String> {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = text.len() <= 64 && text.bytes().all(fit);
    fits.then(|| text.to_owned()).ok_or_else(|| "is not 1 to 64 of A-Z a-z 0-9 . - _".to_owned())
}
