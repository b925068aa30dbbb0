//! Short ways to buy in a world: what is ordered, paid and received there. Amounts are the world's catalog's.

use std::collections::BTreeSet;
use std::sync::Arc;

use sdp_gateway::clock::Zone;
use sdp_gateway::config::LedgerUrl;
use sdp_gateway::ledger::By;
use sdp_gateway::ledger::read::Orders;
use sdp_gateway::ledger::shop::{
    CreateOrder, Created, ReceiveCoupons, Received, Refund, Refunded, SettlePayment, Taken, Wanted, What,
};
use sdp_gateway::money::{Currency, Money, Stated};
use sdp_gateway::order::Order;
use sdp_gateway::order::id::{CouponCode, OrderId};
use sdp_gateway::order::payment::Key;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::world::{World, account, at, device};

/// Orders of the world can be paid for two hours.
const TTL_MS: i64 = 2 * super::world::HOUR;

pub(crate) fn vnd(minor: u64) -> Money {
    Money { minor, currency: Currency::Vnd }
}

pub(crate) fn wish(
    world: &World,
    of: (&str, &str),
    package: &str,
    coupon: Option<&CouponCode>,
    hour: i64,
) -> CreateOrder {
    let catalog = world.ledger.catalog();
    let package = catalog.packages().iter().find(|known| known.number == package).expect("a package");
    CreateOrder {
        id: OrderId::draw().expect("random bytes"),
        account: account(of.1),
        device: device(of.0),
        package: package.clone(),
        coupon: coupon.cloned(),
        zone: Zone::parse("0").expect("a zone"),
        now: at(hour),
        ttl_ms: TTL_MS,
        pausing: Arc::new(BTreeSet::from(["test".to_owned()])),
    }
}

pub(crate) async fn order(
    world: &World,
    of: (&str, &str),
    package: &str,
    coupon: Option<&CouponCode>,
    hour: i64,
) -> Created {
    world.ledger.write(wish(world, of, package, coupon, hour)).await.expect("written")
}

/// An order that is made.
pub(crate) async fn made(
    world: &World,
    of: (&str, &str),
    package: &str,
    coupon: Option<&CouponCode>,
    hour: i64,
) -> Order {
    match order(world, of, package, coupon, hour).await {
        Created::Order(order) => *order,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn payment(transaction: &str, order: &Order, money: Money, hour: i64) -> SettlePayment {
    SettlePayment {
        key: Key::of("1", transaction),
        order: order.id.as_str().to_owned(),
        money: Stated::Money(Some(money)),
        paid_at: at(hour),
        now: at(hour),
        pausing: Arc::new(BTreeSet::from(["test".to_owned()])),
    }
}

pub(crate) async fn pay(world: &World, transaction: &str, order: &Order, money: Money, hour: i64) -> Taken {
    world.ledger.write(payment(transaction, order, money, hour)).await.expect("written")
}

pub(crate) fn wanted(ids: &[&str]) -> Vec<Wanted> {
    let wanted =
        |id: &&str| Wanted { coupon: (*id).to_owned(), code: CouponCode::draw().expect("random bytes") };
    ids.iter().map(wanted).collect()
}

pub(crate) async fn receive(world: &World, user: &str, ids: &[&str], hour: i64) -> Vec<Received> {
    let receive = ReceiveCoupons { account: account(user), wanted: wanted(ids), now: at(hour) };
    world.ledger.write(receive).await.expect("written")
}

/// A coupon that is received.
pub(crate) async fn coupon(world: &World, user: &str, id: &str) -> CouponCode {
    match receive(world, user, &[id], 0).await.remove(0) {
        Received::Done(code) => code,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn refund(world: &World, what: What, hour: i64) -> Refunded {
    let by = By::command("ann", Some("it never worked".to_owned()));
    world.ledger.write(Refund { what, by, now: at(hour) }).await.expect("written")
}

/// The words of a device's orders, the newest first.
pub(crate) async fn words(world: &World, name: &str) -> Vec<&'static str> {
    let of = Orders { device: Some(device(name)), ..Orders::default() };
    let orders = world.ledger.orders(&of, at(0), 100).await.expect("read");
    orders.iter().map(|order| order.state.word()).collect()
}

/// Changes rows behind the gateway's back.
pub(crate) async fn damage(world: &World, sql: String) {
    match &world.url {
        LedgerUrl::Sqlite(path) => {
            rusqlite::Connection::open(path).expect("a file").execute_batch(&sql).expect("done");
        }
        LedgerUrl::Postgres(url) => {
            let mut connection = PgConnection::connect(url.expose_secret()).await.expect("the server");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("done");
        }
    }
}
