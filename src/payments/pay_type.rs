//! The ways to pay, by the words that apps and vendors have for them.

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayType {
    /// By registering at the carrier.
    Sdp,
    /// With Alipay.
    Alipay,
    /// With WeChat Pay.
    WeChat,
}

impl PayType {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Sdp, Self::Alipay, Self::WeChat];

    /// `payType` on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sdp => "sdp",
            Self::Alipay => "1",
            Self::WeChat => "0",
        }
    }

    /// The one of that [`word`](Self::word).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pay_type| pay_type.word() == word)
    }

    /// What logs and metrics call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sdp => "sdp",
            Self::Alipay => "alipay",
            Self::WeChat => "wechat",
        }
    }

    /// Where its vendor calls back, below the address that we are known by; none: nobody calls back.
    #[must_use]
    pub const fn callback_path(self) -> Option<&'static str> {
        match self {
            Self::Sdp => None,
            Self::Alipay => Some("/vas/v1/pay/alipay"),
            Self::WeChat => Some("/vas/v1/pay/wechat"),
        }
    }
}
