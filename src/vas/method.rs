//! The methods that camera apps call: the one table of their names, as the seed of this surface spells them and as they
//! are spelled right. What each does stands in the file of its noun.

use serde_json::Value;

use super::ask::Ask;
use super::refusal::Refusal;
use super::{Code, Vas};
use crate::clock::Timestamp;

macro_rules! methods {
    ($($(#[$doc:meta])* $method:ident = $name:literal $(| $alias:literal)?;)*) => {
        /// What may be asked.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Method { $($(#[$doc])* $method,)* }

        impl Method {
            /// Every method.
            pub const ALL: &[Self] = &[$(Self::$method),*];

            /// Its name in a path, in logs and in metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$method => $name,)* }
            }

            /// The method of that name, or of that name spelled right.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($name $(| $alias)? => Some(Self::$method),)*
                    _ => None,
                }
            }
        }
    };
}

methods! {
    /// What is sold in a country.
    QueryPackgeList = "queryPackgeList" | "queryPackageList";
    /// What may be moved to a device.
    QueryCanTransferPackge = "queryCanTransferPackge" | "queryCanTransferPackage";
    /// Moves a service to another device.
    TransferPackge = "transferPackge" | "transferPackage";
    /// Orders a package for a device.
    CreateOrder = "createOrder";
    /// What an app needs to have an order paid.
    CreatePayment = "createPayment";
    /// Whether an order is paid.
    QueryPaymentResult = "queryPaymentResult";
    /// The orders for a device.
    QueryOrderList = "queryOrderList";
    /// What was recorded.
    GetVideoList = "getVideoList";
    /// Where the recordings of a day are played from.
    VideoPlayback = "videoPlayback";
    /// The same, faster.
    VideoSpeedPlay = "videoSpeedPlay";
    /// Where the recordings of a day are fetched from.
    DownloadVideo = "downloadVideo";
    /// What happened before a device.
    GetEventList = "getEventList";
    /// Takes events away.
    DeleteEvent = "deleteEvent";
    /// The coupons of an account.
    QueryOwnedCouponList = "queryOwnedCouponList";
    /// The promotions that run.
    QueryPromotionList = "queryPromotionList";
    /// Gives coupons to an account.
    ReceiveCoupons = "receiveCoupons";
    /// The coupons of an account that may be used for a package.
    QueryAvaliableCouponList = "queryAvaliableCouponList" | "queryAvailableCouponList";
    /// What a voucher is for.
    QueryVoucher = "queryVoucher";
    /// Uses a voucher on a device.
    UseVoucher = "useVoucher";
}

impl Method {
    /// What is told on the path of none.
    pub(super) const UNKNOWN: &str = "unknown";

    /// Whether it tells what everybody is told, and changes nothing: whoever repeats it gains nothing.
    pub(super) const fn is_everybodys(self) -> bool {
        matches!(self, Self::QueryPackgeList | Self::QueryPromotionList)
    }
}

impl Vas {
    /// Does what is asked.
    ///
    /// # Errors
    /// [`Refusal`]: of a parameter, then of the device, then the method's own. A method that is not here is not served.
    pub(super) async fn carry_out(
        &self,
        method: Method,
        ask: &Ask<'_>,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        if method.is_everybodys() && ask.optional("userAccount").is_some() {
            ask.account()?;
        }
        match method {
            Method::QueryPackgeList => self.packages(ask),
            Method::QueryPromotionList => self.promotions(now).await,
            Method::CreateOrder => self.create_order(ask, now).await,
            Method::QueryOrderList => self.orders(ask, now).await,
            Method::CreatePayment => self.create_payment(ask, now).await,
            Method::QueryPaymentResult => self.payment_result(ask, now).await,
            Method::ReceiveCoupons => self.receive_coupons(ask, now).await,
            Method::QueryOwnedCouponList => self.owned_coupons(ask, now).await,
            Method::QueryAvaliableCouponList => self.usable_coupons(ask, now).await,
            Method::QueryCanTransferPackge => self.transferable(ask, now).await,
            Method::TransferPackge => self.transfer(ask, now).await,
            Method::QueryVoucher => self.voucher(ask, now).await,
            Method::UseVoucher => self.use_voucher(ask, now).await,
            _ => Err(Code::NoMethod.into()),
        }
    }
}
