//! A code's life. Each step is a function of the code alone, and does not begin in every state:
//!
//! ```text
//!             ┌──────────released──────────┐
//!             ▼                            │
//! ──▶ unused ─┬───────────reserved──▶ reserved ─┬─spent────▶ used
//!             └─issued─▶ issued ─reserved─▶┘    └─spoiled──▶ bad
//!                          └─────withdrawn─────────────────▶ void
//! ```
//!
//! One that was issued is released to whom it was issued, and withdrawn while it is reserved too. It is redeemed from
//! whatever state it is in but `used`: with us after [`standing`](Code::standing) was asked, or at its provider, whose
//! word it is.

use super::{Code, CodeState};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::service::source::ServiceId;
use crate::stock::redeem::{CodeFault, CodeStanding};

/// The step does not begin in the state that the code is in: it stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing such becomes of a code that is {}", .0.word())]
pub struct NotFrom(pub CodeState);

impl Code {
    /// From stock to the subscriber of an entitlement.
    ///
    /// # Errors
    /// As for all of these: [`NotFrom`].
    pub fn issued(self, entitlement: Option<String>, msisdn: Option<Msisdn>) -> Result<Self, NotFrom> {
        self.is_one_of(&[CodeState::Unused])?;
        Ok(Self { state: CodeState::Issued, entitlement, msisdn, ..self })
    }

    /// Put aside: for a task, or while its provider redeems it for somebody.
    ///
    /// # Errors
    /// [`NotFrom`].
    pub fn reserved(
        self,
        msisdn: Option<Msisdn>,
        device_id: Option<DeviceId>,
        account: Option<UserAccount>,
    ) -> Result<Self, NotFrom> {
        self.is_one_of(&[CodeState::Unused, CodeState::Issued])?;
        Ok(Self { state: CodeState::Reserved, msisdn, device_id, account, ..self })
    }

    /// Not needed any more, and certainly not redeemed: back into stock. One that had been issued to a
    /// subscriber stays his.
    ///
    /// # Errors
    /// [`NotFrom`].
    pub fn released(self) -> Result<Self, NotFrom> {
        self.is_one_of(&[CodeState::Reserved])?;
        let is_issued = self.entitlement.is_some();
        let state = if is_issued { CodeState::Issued } else { CodeState::Unused };
        // Out of stock it is nobody's again: whoever redeems it later has nothing to do with this number.
        let msisdn = self.msisdn.filter(|_| is_issued);
        Ok(Self { state, msisdn, device_id: None, account: None, service_id: None, ..self })
    }

    /// Used up by the task that it was put aside for.
    ///
    /// # Errors
    /// [`NotFrom`].
    pub fn spent(
        self,
        device_id: Option<DeviceId>,
        account: Option<UserAccount>,
        service_id: Option<ServiceId>,
        now: Timestamp,
    ) -> Result<Self, NotFrom> {
        self.is_one_of(&[CodeState::Reserved])?;
        let (state, used_at) = (CodeState::Used, Some(now));
        Ok(Self { state, device_id, account, service_id, used_at, ..self })
    }

    /// Redeemed on a device, as a service. Whose number it is stays, where that was known.
    ///
    /// # Errors
    /// [`NotFrom`].
    pub fn redeemed(
        self,
        msisdn: Option<Msisdn>,
        device_id: DeviceId,
        account: Option<UserAccount>,
        service_id: ServiceId,
        now: Timestamp,
    ) -> Result<Self, NotFrom> {
        use CodeState::{Bad, Issued, Reserved, Unused, Void};
        self.is_one_of(&[Unused, Issued, Reserved, Void, Bad])?;
        let (device_id, service_id) = (Some(device_id), Some(service_id));
        let (state, msisdn, used_at) = (CodeState::Used, self.msisdn.or(msisdn), Some(now));
        Ok(Self { state, msisdn, device_id, account, service_id, used_at, ..self })
    }

    /// Refused by its provider, and of no use to anybody. One that was used elsewhere keeps when we heard of
    /// it, and is told as used ever after.
    ///
    /// # Errors
    /// [`NotFrom`].
    pub fn spoiled(self, fault: CodeFault, now: Timestamp) -> Result<Self, NotFrom> {
        self.is_one_of(&[CodeState::Reserved])?;
        let used_at = (fault == CodeFault::Used).then_some(now);
        Ok(Self { state: CodeState::Bad, used_at, ..self })
    }

    /// Its subscription was cancelled before it was redeemed.
    ///
    /// # Errors
    /// [`NotFrom`].
    pub fn withdrawn(self) -> Result<Self, NotFrom> {
        self.is_one_of(&[CodeState::Issued, CodeState::Reserved])?;
        Ok(Self { state: CodeState::Void, ..self })
    }

    fn is_one_of(&self, states: &[CodeState]) -> Result<(), NotFrom> {
        if states.contains(&self.state) { Ok(()) } else { Err(NotFrom(self.state)) }
    }

    /// What it is to whoever would redeem it.
    #[must_use]
    pub fn standing(&self) -> CodeStanding {
        match self.state {
            CodeState::Unused | CodeState::Issued => {
                CodeStanding::Unused { kind: self.about.kind, expires_at: self.about.expires_at }
            }
            CodeState::Used | CodeState::Reserved => CodeStanding::Used,
            CodeState::Bad if self.used_at.is_some() => CodeStanding::Used,
            CodeState::Void | CodeState::Bad => CodeStanding::Void,
        }
    }

    /// Whether it is reserved for an account on a device.
    #[must_use]
    pub fn is_reserved_for(&self, device: &DeviceId, account: &UserAccount) -> bool {
        self.state == CodeState::Reserved
            && self.device_id.as_ref() == Some(device)
            && self.account.as_ref() == Some(account)
    }

    /// Whether whoever it was issued to has something of it: it was neither withdrawn nor refused.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !matches!(self.state, CodeState::Void | CodeState::Bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::GrantKind;
    use crate::stock::{About, Lookup};

    const NOW: Timestamp = Timestamp(7);
    const STEPS: [&str; 8] =
        ["issue", "reserve", "release", "spend", "redeem", "spoil", "spoil used", "withdraw"];

    fn code(state: CodeState) -> Code {
        Code {
            key: Lookup::from_ledger("key".to_owned()),
            sealed: "sealed".to_owned(),
            about: About {
                kind: GrantKind::Ai,
                days: 30,
                storage: None,
                retention_days: None,
                provider: "test".to_owned(),
                package: None,
                voucher: None,
                batch: "b1".to_owned(),
                expires_at: None,
                tenant: None,
            },
            state,
            entitlement: None,
            msisdn: None,
            device_id: None,
            account: None,
            service_id: None,
            used_at: None,
            created_at: Timestamp(0),
        }
    }

    fn number() -> Option<Msisdn> {
        Msisdn::parse("84945989325").ok()
    }

    fn device() -> DeviceId {
        DeviceId::parse("cam-1").expect("a device")
    }

    fn account() -> Option<UserAccount> {
        UserAccount::parse("ann").ok()
    }

    fn service() -> ServiceId {
        ServiceId::from_stored("svc-1".to_owned())
    }

    fn step(code: Code, step: &str) -> Result<Code, NotFrom> {
        match step {
            "issue" => code.issued(Some("ent-1".to_owned()), number()),
            "reserve" => code.reserved(number(), Some(device()), account()),
            "release" => code.released(),
            "spend" => code.spent(Some(device()), account(), Some(service()), NOW),
            "redeem" => code.redeemed(None, device(), account(), service(), NOW),
            "spoil" => code.spoiled(CodeFault::Invalid, NOW),
            "spoil used" => code.spoiled(CodeFault::Used, NOW),
            _ => code.withdrawn(),
        }
    }

    /// `becomes` has the state after each of [`STEPS`]; `-` where the step does not begin in this one.
    #[track_caller]
    fn check(state: &str, becomes: [&str; 8]) {
        let from = code(CodeState::from_word(state).expect("a state"));
        for (name, becomes) in STEPS.into_iter().zip(becomes) {
            let after = step(from.clone(), name);
            assert_eq!(after.as_ref().map_or("-", |code| code.state.word()), becomes, "{state}: {name}");
            assert!(after.is_ok() || after == Err(NotFrom(from.state)), "{state}: {name}");
        }
    }

    #[test]
    fn each_step_begins_in_some_states() {
        check("unused", ["issued", "reserved", "-", "-", "used", "-", "-", "-"]);
        check("issued", ["-", "reserved", "-", "-", "used", "-", "-", "void"]);
        check("reserved", ["-", "-", "unused", "used", "used", "bad", "bad", "void"]);
        check("used", ["-", "-", "-", "-", "-", "-", "-", "-"]);
        check("void", ["-", "-", "-", "-", "used", "-", "-", "-"]);
        check("bad", ["-", "-", "-", "-", "used", "-", "-", "-"]);
    }

    #[test]
    fn a_code_that_was_issued_stays_its_subscribers() {
        let issued = step(code(CodeState::Unused), "issue").expect("from stock");
        assert_eq!((issued.entitlement.as_deref(), &issued.msisdn), (Some("ent-1"), &number()));
        let reserved = step(issued.clone(), "reserve").expect("for a device");
        assert!(reserved.is_reserved_for(&device(), &account().expect("an account")));
        assert_eq!(reserved.clone().released(), Ok(issued));
        let stock = code(CodeState::Unused);
        assert_eq!(
            step(stock.clone(), "reserve").expect("for a device").released(),
            Ok(stock),
            "nobody's again"
        );
        let redeemed = step(reserved, "redeem").expect("a service");
        assert_eq!((redeemed.service_id.as_ref(), redeemed.used_at), (Some(&service()), Some(NOW)));
        assert_eq!((redeemed.device_id, redeemed.msisdn), (Some(device()), number()));
    }

    #[test]
    fn a_code_stands_as_what_became_of_it() {
        let standing = |state| code(state).standing();
        let free = CodeStanding::Unused { kind: GrantKind::Ai, expires_at: None };
        assert_eq!([CodeState::Unused, CodeState::Issued].map(standing), [free; 2]);
        assert_eq!([CodeState::Reserved, CodeState::Used].map(standing), [CodeStanding::Used; 2]);
        assert_eq!([CodeState::Void, CodeState::Bad].map(standing), [CodeStanding::Void; 2]);
        let heard = step(code(CodeState::Reserved), "spoil used").expect("bad");
        assert_eq!((heard.used_at, heard.standing()), (Some(NOW), CodeStanding::Used));
        assert_eq!(CodeState::ALL.map(|state| code(state).is_good()), [true, true, true, true, false, false]);
    }
}
