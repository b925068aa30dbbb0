//! The codes of the camera apps' surface: the one table of them.

/// What an answer says in `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Done.
    Done,
    /// A parameter is missing, wrong, or given in two ways.
    Parameter,
    /// No such key, a wrong signature, a stale or repeated request.
    Signature,
    /// There is no such method.
    NoMethod,
    /// More than may be asked.
    TooMany,
    /// We could not; worth another try.
    System,
    /// There is no such device.
    NoDevice,
    /// The device is another account's.
    ForeignDevice,
    /// Nothing is in force on the device.
    NoService,
    /// Outside of what the account is entitled to see.
    OutsideWindow,
    /// Nothing was recorded.
    NothingRecorded,
    /// There is no such package.
    NoPackage,
    /// The package is not sold there.
    NotSoldThere,
    /// There is no such order.
    NoOrder,
    /// The order was closed.
    OrderClosed,
    /// The order was paid.
    OrderPaid,
    /// There is no such coupon.
    NoCoupon,
    /// The coupon cannot be used for this.
    CouponUnfit,
    /// The coupon is gone, or was received already.
    CouponGone,
    /// There is no such voucher.
    NoVoucher,
    /// The voucher was used.
    VoucherUsed,
    /// The voucher has lapsed.
    VoucherExpired,
    /// There is no such service.
    ServiceUnknown,
    /// The service cannot move.
    ServiceFixed,
    /// The payment provider could not.
    Payment,
}

impl Code {
    /// Every code there is.
    pub const ALL: [Self; 25] = [
        Self::Done,
        Self::Parameter,
        Self::Signature,
        Self::NoMethod,
        Self::TooMany,
        Self::System,
        Self::NoDevice,
        Self::ForeignDevice,
        Self::NoService,
        Self::OutsideWindow,
        Self::NothingRecorded,
        Self::NoPackage,
        Self::NotSoldThere,
        Self::NoOrder,
        Self::OrderClosed,
        Self::OrderPaid,
        Self::NoCoupon,
        Self::CouponUnfit,
        Self::CouponGone,
        Self::NoVoucher,
        Self::VoucherUsed,
        Self::VoucherExpired,
        Self::ServiceUnknown,
        Self::ServiceFixed,
        Self::Payment,
    ];

    /// Its text, as metrics have it and answers as a number; and what answers say beside it where nothing more is known.
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Done => ("0", "Success"),
            Self::Parameter => ("10001", "A parameter is missing or wrong"),
            Self::Signature => ("10002", "The signature, its time or its nonce is not accepted"),
            Self::NoMethod => ("10003", "There is no such method"),
            Self::TooMany => ("10004", "Too many requests; try again later"),
            Self::System => ("10005", "The system could not answer; try again"),
            Self::NoDevice => ("11001", "There is no such device"),
            Self::ForeignDevice => ("11002", "The device is another account's"),
            Self::NoService => ("14001", "No service is in force on the device"),
            Self::OutsideWindow => ("14002", "That time is outside the service"),
            Self::NothingRecorded => ("14003", "Nothing was recorded then"),
            Self::NoPackage => ("14010", "There is no such package"),
            Self::NotSoldThere => ("14011", "The package is not sold there"),
            Self::NoOrder => ("14020", "There is no such order"),
            Self::OrderClosed => ("14021", "The order is closed"),
            Self::OrderPaid => ("14022", "The order is paid"),
            Self::NoCoupon => ("14030", "There is no such coupon"),
            Self::CouponUnfit => ("14031", "The coupon cannot be used for this"),
            Self::CouponGone => ("14032", "The coupon is gone or was received already"),
            Self::NoVoucher => ("14040", "There is no such voucher"),
            Self::VoucherUsed => ("14041", "The voucher was used"),
            Self::VoucherExpired => ("14042", "The voucher has expired"),
            Self::ServiceUnknown => ("14050", "There is no such service"),
            Self::ServiceFixed => ("14051", "The service cannot be moved"),
            Self::Payment => ("17001", "The payment provider cannot be used"),
        }
    }

    /// Its digits.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.texts().0
    }

    /// Its number, as answers have it.
    #[must_use]
    pub fn number(self) -> u32 {
        // A word is digits.
        self.word().parse().unwrap_or_default()
    }

    /// What is said beside it where nothing more is known.
    #[must_use]
    pub const fn msg(self) -> &'static str {
        self.texts().1
    }
}
