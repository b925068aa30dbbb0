//! `subscriber`: one number's whole story, and an operator's own end or grant.

mod repairs;

use clap::Subcommand;
use serde_json::Value;

use super::table::columns;
use super::{Ended, Failure, Global, block_on, open};
use crate::clock::Clock;
use crate::ids::{Msisdn, visible};
use crate::story;

#[derive(Debug, Subcommand)]
pub(crate) enum Subscriber {
    /// Subscriptions, entitlements, devices with their services, what was bought, tasks and notices, newest first
    Show {
        /// The number, in any spelling
        #[arg(value_parser = Msisdn::parse)]
        msisdn: Msisdn,
    },
    /// End what it holds, from now on: all of it, or a service's, or a package
    End(repairs::End),
    /// Grant it an offer of the catalog until a moment; it does not renew by itself
    Grant(repairs::Grant),
}

pub(super) fn run(global: &Global, command: Subscriber) -> Ended {
    match command {
        Subscriber::Show { msisdn } => show(global, msisdn),
        Subscriber::End(end) => block_on(repairs::end(global, end))?,
        Subscriber::Grant(grant) => block_on(repairs::grant(global, grant))?,
    }
}

fn show(global: &Global, number: Msisdn) -> Ended {
    let story = block_on(async {
        let ledger = open::ledger(global).await?;
        let story = story::tell(&ledger, &number, Clock::system().now()).await?;
        ledger.close().await;
        Ok::<_, Failure>(serde_json::to_value(story)?)
    })??;
    if global.json {
        super::print(&format!("{story:#}\n"));
    } else {
        super::print(&text(&story["msisdn"], &story));
    }
    Ok(())
}

/// The columns of orders, payments and coupons that a person wants.
pub(super) const ORDERS: (&str, &[&str]) = (
    "orders",
    &[
        "id",
        "created_at",
        "device_id",
        "package",
        "payable",
        "currency",
        "state",
        "paid_at",
        "pay_type",
        "service_id",
    ],
);
pub(super) const PAYMENTS: (&str, &[&str]) = (
    "payments",
    &[
        "pay_type",
        "transaction",
        "received_at",
        "order_id",
        "amount",
        "currency",
        "became",
        "count",
        "refunded_at",
    ],
);
const COUPONS: (&str, &[&str]) = ("coupons", &["code", "coupon", "name", "state", "order_id", "ends_at"]);

/// The lists of a story and the columns a person wants of them.
const LISTS: [(&str, &[&str]); 12] = [
    (
        "subscriptions",
        &[
            "offer",
            "service_id",
            "package_id",
            "state",
            "subscribed_at",
            "expires_at",
            "auto_renew",
            "channel",
        ],
    ),
    ("entitlements", &["id", "offer", "kind", "storage", "state", "starts_at", "ends_at"]),
    ("devices", &["device_id", "user_account", "camera", "bound_at"]),
    ("services", &["id", "device_id", "kind", "source", "state", "starts_at", "ends_at"]),
    ORDERS,
    PAYMENTS,
    COUPONS,
    ("vouchers", &["used_at", "package", "name", "device_id", "user_account", "service_id", "batch"]),
    ("transfers", &["at", "service_id", "from_device", "to_device", "user_account"]),
    ("tasks", &["id", "created_at", "provider", "action", "device_id", "state", "attempts", "last_error"]),
    (
        "notices",
        &["id", "received_at", "kind", "queue_id", "service_id", "package_id", "outcome", "reason", "count"],
    ),
    ("audit", &["id", "at", "who", "action", "notice", "about", "before", "after", "why"]),
];

/// The story as text: whose it is, and its lists.
pub(super) fn text(whose: &Value, story: &Value) -> String {
    let mut text = format!("{}\n", cell(whose));
    for (list, heading) in
        LISTS.into_iter().filter(|(list, _)| *list == "services" || story.get(*list).is_some())
    {
        let items = items(story, list);
        text += &format!("\n{list}: {}\n", items.len());
        if !items.is_empty() {
            let row = |item: &Value| heading.iter().map(|key| cell(&item[*key])).collect();
            text += &columns(heading, &items.iter().map(row).collect::<Vec<_>>());
        }
    }
    text
}

/// A list of the story; services stand inside their devices there.
fn items(story: &Value, list: &str) -> Vec<Value> {
    let of = |value: &Value, list: &str| value[list].as_array().cloned().unwrap_or_default();
    if list != "services" {
        return of(story, list);
    }
    let on = |device: Value| {
        let mut services = of(&device, "services");
        services.iter_mut().for_each(|service| service["device_id"] = device["device_id"].clone());
        services
    };
    of(story, "devices").into_iter().flat_map(on).collect()
}

/// A value as a cell of a table, which stays on its line whatever is in it.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => visible::one_line(text).into_owned(),
        other => visible::one_line(&other.to_string()).into_owned(),
    }
}
