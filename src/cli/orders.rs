//! `orders`: what camera apps sold, the payments that came for it, and money that was paid back.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::caller::by;
use super::subscriber::{ORDERS, PAYMENTS, cell};
use super::table::columns;
use super::{Ended, Failure, Global, block_on, open, told};
use crate::clock::Clock;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::read::{Orders as Which, Payments};
use crate::ledger::shop::{Refund, Refunded, What};
use crate::ledger::{self, Ledger};
use crate::order::OrderState;
use crate::order::id::OrderId;
use crate::order::payment::Key;
use crate::story;

/// Orders shown with the payments that name them, at most so many of one.
const PAYMENTS_MAX: u32 = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum Orders {
    /// Orders, newest first; or the payments that were proven and settled none
    List(List),
    /// One order with the payments that name it
    Show {
        /// Its id
        #[arg(value_parser = order)]
        id: OrderId,
    },
    /// Mark as paid back what was paid back outside: an order, whose service ends now; or a payment that settled none
    Refund(Back),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Payments that settled no order instead: money that came for nothing, unless it was paid back
    #[arg(long, conflicts_with_all = ["account", "device", "state"])]
    payments: bool,
    /// Only this account's; of a tenant's TENANT/NAME
    #[arg(long, value_name = "NAME", value_parser = UserAccount::from_full)]
    account: Option<UserAccount>,
    /// Only those for this device
    #[arg(long, value_name = "ID", value_parser = DeviceId::parse)]
    device: Option<DeviceId>,
    /// Only this state
    #[arg(long, value_parser = OrderState::WORDS)]
    state: Option<String>,
    /// The most to show
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["id", "payment"]))]
pub(crate) struct Back {
    /// The order's id
    #[arg(value_parser = order)]
    id: Option<OrderId>,
    /// A payment that settled no order, as `orders list --payments` has it: its type, a slash, its transaction
    #[arg(long, value_name = "TYPE/TRANSACTION", value_parser = payment)]
    payment: Option<Key>,
    /// Why, for whoever looks at it later
    #[arg(long, value_name = "TEXT", value_parser = ledger::why)]
    why: Option<String>,
}

fn order(text: &str) -> Result<OrderId, &'static str> {
    OrderId::parse(text).ok_or("no order's id: 26 to 32 letters and digits")
}

fn payment(text: &str) -> Result<Key, &'static str> {
    Key::parse(text).ok_or("not a type, a slash and a transaction")
}

pub(super) fn run(global: &Global, command: Orders) -> Ended {
    block_on(async {
        let ledger = open::ledger(global).await?;
        let ended = match command {
            Orders::List(which) if which.payments => payments(global, &ledger, which.limit).await,
            Orders::List(which) => list(global, &ledger, which).await,
            Orders::Show { id } => show(global, &ledger, &id).await,
            Orders::Refund(back) => refund(global, &ledger, back).await,
        };
        ledger.close().await;
        ended
    })?
}

async fn list(global: &Global, ledger: &Ledger, which: List) -> Ended {
    let of = Which { account: which.account, device: which.device, state: which.state, ..Which::default() };
    let now = Clock::system().now();
    let orders = ledger.orders(&of, now, which.limit).await?;
    let orders: Vec<_> = orders.into_iter().map(|order| story::order(order, now)).collect();
    print(global, &json!({ "orders": orders }), &[ORDERS])
}

async fn payments(global: &Global, ledger: &Ledger, limit: u32) -> Ended {
    let kept = Payments { kept: true, ..Payments::default() };
    let payments = ledger.payments(&kept, limit).await?;
    let payments: Vec<_> = payments.into_iter().map(story::payment).collect();
    print(global, &json!({ "payments": payments }), &[PAYMENTS])
}

async fn show(global: &Global, ledger: &Ledger, id: &OrderId) -> Ended {
    let Some(order) = ledger.order(id).await? else { return Err(told(&format!("there is no order {id}"))) };
    let of = Payments { order: Some(id.as_str().to_owned()), ..Payments::default() };
    let payments: Vec<_> =
        ledger.payments(&of, PAYMENTS_MAX).await?.into_iter().map(story::payment).collect();
    let orders = [story::order(order, Clock::system().now())];
    print(global, &json!({ "orders": orders, "payments": payments }), &[ORDERS, PAYMENTS])
}

async fn refund(global: &Global, ledger: &Ledger, back: Back) -> Ended {
    let what = back.id.map(What::Order).or(back.payment.map(What::Payment));
    let Some(what) = what else { return Err(Failure::Usage("neither an order nor --payment".to_owned())) };
    let now = Clock::system().now();
    match ledger.write(Refund { what, by: by(back.why.as_deref()), now }).await? {
        Refunded::Order(order) => print(global, &json!({ "orders": [story::order(*order, now)] }), &[ORDERS]),
        Refunded::Payment(payment) => {
            print(global, &json!({ "payments": [story::payment(payment)] }), &[PAYMENTS])
        }
        refused => Err(told(&format!("nothing changed: {}", story::not_refunded(&refused)))),
    }
}

fn print(global: &Global, json: &Value, lists: &[(&str, &[&str])]) -> Ended {
    global.print(json, || {
        let table = |(list, heading): &(&str, &[&str])| {
            let items = json[*list].as_array().into_iter().flatten();
            let row = |item: &Value| heading.iter().map(|key| cell(&item[*key])).collect();
            columns(heading, &items.map(row).collect::<Vec<_>>())
        };
        lists.iter().map(table).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}
