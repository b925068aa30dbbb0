//! What an app asks: who asks for whom, and the parameters by name and type. A value is read as it was signed, so a
//! number may be sent as text and a list as the text of one.

use std::fmt::Display;
use std::str::FromStr;

use super::refusal::Refusal;
use crate::config::Partner;
use crate::ids::{DeviceId, UserAccount};
use crate::signed::params::Params;

/// One request.
pub(super) struct Ask<'a> {
    /// Who signed it.
    pub(super) partner: &'a Partner,
    params: &'a Params,
}

impl<'a> Ask<'a> {
    /// What that partner sent.
    pub(super) const fn new(partner: &'a Partner, params: &'a Params) -> Self {
        Self { partner, params }
    }

    /// For whom it is: the partner's tenant's account of that name.
    pub(super) fn account(&self) -> Result<UserAccount, Refusal> {
        let account = self.named("userAccount", UserAccount::parse)?;
        Ok(account.within(self.partner.tenant.as_ref()))
    }

    /// The device it is about; whose that is, [`Vas::own_device`](super::Vas::own_device) tells.
    pub(super) fn device(&self) -> Result<DeviceId, Refusal> {
        self.named("deviceId", DeviceId::parse)
    }

    /// A parameter; none where it is absent or empty.
    pub(super) fn optional(&self, name: &str) -> Option<&'a str> {
        self.params.get(name)
    }

    /// A parameter, without the blanks around it.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, Refusal> {
        self.optional(name).ok_or_else(|| fault(name, "is missing"))
    }

    /// A whole number.
    pub(super) fn integer<N: FromStr>(&self, name: &str) -> Result<N, Refusal> {
        self.text(name)?.parse().map_err(|_| fault(name, "is no whole number, or too large a one"))
    }

    /// A parameter that `parse` takes.
    pub(super) fn named<T, E: Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Refusal> {
        parse(self.text(name)?).map_err(|error| fault(name, &format!("is {error}")))
    }
}

/// A parameter is not as it must be.
pub(super) fn fault(name: &str, what: &str) -> Refusal {
    Refusal::Parameter(format!("{name} {what}"))
}
