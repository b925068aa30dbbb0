//! Orders: one is made, and those for a device are listed.

use std::sync::Arc;

use serde_json::{Value, json};

use super::ask::{Ask, fault};
use super::packages::country;
use super::refusal::Refusal;
use super::{Code, Vas, unavailable};
use crate::clock::Timestamp;
use crate::ids::UserAccount;
use crate::ledger::read::{OrderPage, Orders};
use crate::ledger::shop::{CreateOrder, Created};
use crate::order::id::{CouponCode, OrderId};
use crate::order::{Order, Status};

impl Vas {
    /// Orders a package for a device, as the catalog sells it now.
    pub(super) async fn create_order(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, device, number) = (ask.account()?, ask.device()?, ask.text("packageNo")?);
        let (zone, coupon) = (ask.zone(self.zone)?, ask.optional("couponCode").map(CouponCode::parse));
        let country = ask.optional("countryCode").map(|_| country(ask)).transpose()?;
        let package = self.package(number).and_then(|package| match country {
            Some(country) if !package.countries.contains(&country) => Err(Code::NotSoldThere.into()),
            _ => Ok(package),
        });
        let is_named = !matches!(coupon, Some(None));
        let (Ok(package), true) = (&package, is_named) else {
            // Whose the device is, is told before.
            self.own_device(&device, &account, now).await?;
            return Err(package.err().unwrap_or_else(|| Code::NoCoupon.into()));
        };
        let order = CreateOrder {
            id: OrderId::draw().map_err(|error| unavailable(&error))?,
            account,
            device,
            package: package.clone(),
            coupon: coupon.flatten(),
            zone,
            now,
            ttl_ms: self.order_ttl_ms,
            pausing: Arc::clone(&self.pausing),
        };
        match self.ledger.write(order).await.map_err(|error| unavailable(&error))? {
            Created::Order(order) => Ok(shown(&order, now)),
            Created::NoDevice => Err(Code::NoDevice.into()),
            Created::AnotherAccount => Err(Code::ForeignDevice.into()),
            Created::NoCoupon => Err(Code::NoCoupon.into()),
            Created::NotForThis => Err(Code::CouponUnfit.into()),
        }
    }

    /// The account's orders for a device of it, newest first.
    pub(super) async fn orders(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, device) = (ask.account()?, ask.device()?);
        let before = ask.optional("lastId").map(OrderId::parse);
        let of = Orders {
            account: Some(account.clone()),
            device: Some(device.clone()),
            status: status(ask)?,
            package: package(ask)?,
            before: before.map(|id| id.ok_or_else(|| fault("lastId", "is no order's"))).transpose()?,
            ..Orders::default()
        };
        self.own_device(&device, &account, now).await?;
        let page = self.ledger.order_page(&of, now).await.map_err(|error| unavailable(&error))?;
        let OrderPage { orders, is_last } = page;
        let list: Vec<Value> = orders.iter().map(|order| shown(order, now)).collect();
        Ok(json!({ "list": list, "pageEnd": is_last }))
    }

    /// The order that is asked about, where it is the account's.
    pub(super) async fn own_order(&self, ask: &Ask<'_>, account: &UserAccount) -> Result<Order, Refusal> {
        let Some(id) = OrderId::parse(ask.text("orderId")?) else { return Err(Code::NoOrder.into()) };
        let order = self.ledger.order(&id).await.map_err(|error| unavailable(&error))?;
        order.filter(|order| order.account == *account).ok_or_else(|| Code::NoOrder.into())
    }
}

/// `packageNo`: those alone, of a package that may be sold no more.
fn package(ask: &Ask<'_>) -> Result<Option<String>, Refusal> {
    let is_fit = |number: &&str| number.bytes().all(|byte| byte.is_ascii_graphic());
    let fit = |number| Some(number).filter(is_fit).ok_or_else(|| fault("packageNo", "is no package's"));
    Ok(ask.optional("packageNo").map(fit).transpose()?.map(str::to_owned))
}

/// `orderStatus`: those alone that are so now.
fn status(ask: &Ask<'_>) -> Result<Option<Status>, Refusal> {
    if ask.optional("orderStatus").is_none() {
        return Ok(None);
    }
    let status = Status::from_number(ask.integer("orderStatus")?);
    let wrong = || fault("orderStatus", "is neither 0 (paid) nor 1 (unpaid) nor 2 (closed)");
    status.ok_or_else(wrong).map(Some)
}

fn shown(order: &Order, now: Timestamp) -> Value {
    json!({
        "orderId": order.id.as_str(),
        "packageNo": order.sold.package,
        "deviceId": order.device.as_str(),
        "amount": order.price.amount,
        "discount": order.price.discount,
        "payable": order.price.payable().minor,
        "currency": order.price.currency.code(),
        "status": order.status(now).number(),
        "createTime": order.created_at.seconds(),
        "expireTime": order.expires_at.seconds(),
    })
}
