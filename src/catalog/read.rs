//! A catalog file as written: every key read on its own, nothing compared yet. Leaves whether the
//! offers make sense, each and together, to `check`.

use std::rc::Rc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::grant::{Delivery, Grant, GrantKind, Storage};
use super::offer::{Offer, Period};
use crate::config::{Faults, Lines, adopt, syntax_fault};

/// An offer as written; what is absent or was refused is `None`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) service_id: Option<String>,
    pub(super) package_id: Option<String>,
    pub(super) service_code: Option<String>,
    pub(super) package_code: Option<String>,
    pub(super) exclusive: Option<bool>,
    pub(super) period: Option<Period>,
    pub(super) price: Option<u64>,
    pub(super) currency: Option<String>,
    pub(super) renewal_grace_days: Option<u32>,
    pub(super) sms_short_code: Option<String>,
    pub(super) sms_text: Option<String>,
    #[serde(skip)]
    pub(super) grants: Vec<WrittenGrant>,
    #[serde(skip)]
    pub(super) source: Source,
}

/// A grant as written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenGrant {
    pub(super) kind: Option<GrantKind>,
    pub(super) storage: Option<Storage>,
    pub(super) retention_days: Option<u32>,
    pub(super) devices_max: Option<u32>,
    pub(super) delivery: Option<Delivery>,
    pub(super) provider: Option<String>,
    pub(super) settings: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(skip)]
    pub(super) source: Source,
}

/// Where a table of the file is, in the words of a fault, and the keys that were written in it.
#[derive(Default)]
pub(super) struct Source {
    prefix: String,
    keys: Vec<String>,
    /// As the file's lines are named: `offer[2]`.
    path: String,
    lines: Rc<Lines>,
}

impl Source {
    /// The full name of `key` in faults.
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The file and the line of `key`, or of the table that lacks it.
    pub(super) fn place(&self, key: &str) -> String {
        self.lines.place(&format!("{}.{key}", self.path))
    }

    /// Whether `key` was written, be it wrongly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|written| written == key)
    }
}

/// Reads the offers of a file's text.
pub(super) fn read(text: &str, file: &str, faults: &mut Faults) -> Vec<Written> {
    let mut table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            let (place, what) = syntax_fault(text, file, &error);
            faults.push(place, "", what);
            return Vec::new();
        }
    };
    let lines = Rc::new(Lines::of(text, file));
    let offers = tables(table.remove("offer"), "offer", lines.place("offer"), faults);
    for key in table.keys() {
        faults.push(lines.place(key), key, "unknown key");
    }
    (1..).zip(offers).map(|(number, table)| offer(number, table, &lines, faults)).collect()
}

fn offer(number: usize, mut table: Table, lines: &Rc<Lines>, faults: &mut Faults) -> Written {
    let id = table.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let own = id.map_or_else(|| format!("offer[{number}]"), |id| format!("offer {id}"));
    let path = format!("offer[{number}]");
    let place = lines.place(&format!("{path}.grant"));
    let grants = tables(table.remove("grant"), &format!("{own}: grant"), place, faults);
    let keys = table.keys().cloned().collect();
    let source = Source { prefix: format!("{own}: "), keys, path: path.clone(), lines: Rc::clone(lines) };
    let mut offer: Written = fields(table, &source, faults);
    offer.source = source;
    for (number, table) in (1..).zip(grants) {
        let keys = table.keys().cloned().collect();
        let (prefix, path) = (format!("{own}: grant[{number}]."), format!("{path}.grant[{number}]"));
        let source = Source { prefix, keys, path, lines: Rc::clone(lines) };
        let grant = fields(table, &source, faults);
        offer.grants.push(WrittenGrant { source, ..grant });
    }
    offer
}

/// The tables under a `[[heading]]`; none where there is none.
fn tables(value: Option<Value>, key: &str, place: String, faults: &mut Faults) -> Vec<Table> {
    let Some(value) = value else { return Vec::new() };
    let items: Option<Vec<Table>> =
        value.as_array().and_then(|items| items.iter().map(|item| item.as_table().cloned()).collect());
    items.unwrap_or_else(|| {
        faults.push(place, key, "is a list of tables, each under its [[heading]] in double brackets");
        Vec::new()
    })
}

fn fields<T: DeserializeOwned + Default>(table: Table, source: &Source, faults: &mut Faults) -> T {
    let mut good = Table::new();
    for (key, value) in table {
        if let Err(refused) = adopt::<T>(&mut good, std::slice::from_ref(&key), vec![value]) {
            faults.push(source.place(&key), source.key(&key), refused.what());
        }
    }
    T::deserialize(Value::Table(good)).unwrap_or_default()
}

impl Written {
    /// The offer, with the defaults of what may be left out. `None` where something required is
    /// absent, which `check` has reported by then.
    pub(super) fn finished(self, carrier_grace_days: u32) -> Option<Offer> {
        let id = self.id?;
        Some(Offer {
            name: self.name.unwrap_or_else(|| id.clone()),
            id,
            service_id: self.service_id?,
            package_id: self.package_id?,
            service_code: self.service_code,
            package_code: self.package_code,
            exclusive: self.exclusive.unwrap_or(false),
            period: self.period?,
            price: self.price.unwrap_or(0),
            currency: self.currency.unwrap_or_else(|| "VND".to_owned()),
            renewal_grace_days: self.renewal_grace_days.unwrap_or(carrier_grace_days),
            sms_short_code: self.sms_short_code,
            sms_text: self.sms_text,
            grants: self.grants.into_iter().map(WrittenGrant::finished).collect::<Option<_>>()?,
        })
    }
}

impl WrittenGrant {
    fn finished(self) -> Option<Grant> {
        Some(Grant {
            kind: self.kind?,
            storage: self.storage,
            retention_days: self.retention_days,
            devices_max: self.devices_max.unwrap_or(1),
            delivery: self.delivery.unwrap_or_default(),
            provider: self.provider.unwrap_or_else(|| "local".to_owned()),
            settings: self.settings.unwrap_or_default(),
        })
    }
}
