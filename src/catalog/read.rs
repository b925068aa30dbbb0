//! A catalog file as written: every key read on its own, nothing compared yet. Leaves whether it makes sense, each
//! table and all together, to `check` and `check_shop`.

use std::rc::Rc;

use serde::Deserialize;
use toml::Table;

use super::grant::{Delivery, Grant, GrantKind, Storage};
use super::offer::{Offer, Period};
use super::shop::{WrittenCoupon, WrittenPackage, WrittenPromotion};
use super::source::{Source, fields, tables};
use crate::config::{Faults, Lines, syntax_fault};

/// A file as written.
#[derive(Default)]
pub(super) struct WrittenFile {
    pub(super) offers: Vec<Written>,
    pub(super) packages: Vec<WrittenPackage>,
    pub(super) coupons: Vec<WrittenCoupon>,
    pub(super) promotions: Vec<WrittenPromotion>,
}

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

/// Reads a file's text.
pub(super) fn read(text: &str, file: &str, faults: &mut Faults) -> WrittenFile {
    let mut table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            let (place, what) = syntax_fault(text, file, &error);
            faults.push(place, "", what);
            return WrittenFile::default();
        }
    };
    let lines = Rc::new(Lines::of(text, file));
    let mut list =
        |heading, faults: &mut Faults| tables(table.remove(heading), heading, lines.place(heading), faults);
    let offers = list("offer", faults);
    let packages = list("package", faults);
    let coupons = list("coupon", faults);
    let promotions = list("promotion", faults);
    for key in table.keys() {
        faults.push(lines.place(key), key, "unknown key");
    }
    WrittenFile {
        offers: (1..).zip(offers).map(|(number, table)| offer(number, table, &lines, faults)).collect(),
        packages: WrittenPackage::all(packages, &lines, faults),
        coupons: WrittenCoupon::all(coupons, &lines, faults),
        promotions: WrittenPromotion::all(promotions, &lines, faults),
    }
}

fn offer(number: usize, mut table: Table, lines: &Rc<Lines>, faults: &mut Faults) -> Written {
    let grants = table.remove("grant");
    let source = Source::of("offer", number, "id", &table, lines);
    let grants = tables(grants, &source.key("grant"), source.place("grant"), faults);
    let mut offer: Written = fields(table, &source, faults);
    for (number, table) in (1..).zip(grants) {
        let source = source.within("grant", number, &table);
        let grant = fields(table, &source, faults);
        offer.grants.push(WrittenGrant { source, ..grant });
    }
    offer.source = source;
    offer
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
