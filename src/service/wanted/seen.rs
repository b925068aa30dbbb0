//! What should be on a device, decided from what is known of it at one moment. Leaves fetching that to the ledger,
//! which asks here how far it has to look.

use super::{Carried, Owner, Wanted};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::service::Service;
use crate::service::holdings::Holdings;

/// A device as it is by now, among all that its rights reach.
#[derive(Debug, Clone)]
pub struct Place<'s> {
    /// The device.
    pub device: &'s DeviceId,
    /// What it is called at its provider.
    pub camera: &'s str,
    /// Whom it is bound to.
    pub account: Option<&'s UserAccount>,
    /// Whose it is.
    pub has_it: Option<Owner>,
    /// What it is part of, advanced.
    pub around: &'s Holdings,
}

/// Of which of the device's cameras it is asked what should be there, and for whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// What the camera is called; the device may be called otherwise by now.
    pub camera: String,
    /// For whom; none: the device is nobody's.
    pub owner: Option<Owner>,
    /// When what was there ended, as the task says that ended it.
    pub ended_at: Option<Timestamp>,
    /// Of a number's task that something ended: the device's account.
    pub former: Option<Owner>,
}

/// Another device that is bound, and called as the camera is.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The device.
    pub device: DeviceId,
    /// Whose it is.
    pub has_it: Option<Owner>,
    /// What it is part of, advanced.
    pub around: Holdings,
}

/// All that bears on what a provider should have on a device, seen at one moment.
#[derive(Debug, Clone)]
pub struct Seen<'s> {
    /// The provider.
    pub provider: &'s str,
    /// The device.
    pub place: &'s Place<'s>,
    /// What is asked.
    pub ask: &'s Ask,
    /// What an [`owner_elsewhere`](Self::owner_elsewhere) has, advanced.
    pub of_owner: Option<Holdings>,
    /// When the newest service ended that the provider ran on the device.
    pub last_end: Option<Timestamp>,
    /// The other devices of the camera.
    pub beside: Vec<Beside>,
    /// What the account of [`Ask::former`] has by itself, advanced.
    pub of_former: Option<Holdings>,
}

impl Place<'_> {
    /// What is asked of a device as it is.
    #[must_use]
    pub fn ask(&self) -> Ask {
        Ask { camera: self.camera.to_owned(), owner: self.has_it.clone(), ended_at: None, former: None }
    }
}

impl<'s> Seen<'s> {
    /// What is seen of the device alone.
    #[must_use]
    pub fn of(provider: &'s str, place: &'s Place<'s>, ask: &'s Ask) -> Self {
        Self { provider, place, ask, of_owner: None, last_end: None, beside: Vec::new(), of_former: None }
    }

    /// Whether the camera carries something for the owner: then nothing beyond the device matters, but for the
    /// former owner.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        self.is_called_so() && self.is_owners() && !self.there().is_nothing()
    }

    /// The owner, where what is around the device is not all that is his.
    #[must_use]
    pub fn owner_elsewhere(&self) -> Option<&'s Owner> {
        let is_around = |owner: &&Owner| self.is_owners() && matches!(owner, Owner::Number(_));
        self.ask.owner.as_ref().filter(|owner| !is_around(owner))
    }

    fn is_owners(&self) -> bool {
        self.place.has_it == self.ask.owner
    }

    fn is_called_so(&self) -> bool {
        self.place.camera == self.ask.camera
    }

    fn services(&self) -> impl Iterator<Item = &Service> {
        on(self.place.around, self.place.device).filter(|service| service.plan.provider == self.provider)
    }

    fn there(&self) -> Carried {
        Carried::among(self.services(), self.provider)
    }

    fn is_owner_served(&self) -> bool {
        match self.owner_elsewhere() {
            Some(_) => self.of_owner.as_ref().is_some_and(|owns| is_served(owns, self.provider)),
            None => self.ask.owner.is_some() && is_served(self.place.around, self.provider),
        }
    }

    /// When what ran on the device ended; of paid time that waits there, when it first began.
    fn ended_at(&self) -> Option<Timestamp> {
        let ended = self.services().filter_map(|service| service.ended_at);
        let begun = self.services().filter(|service| service.waits_to_go_on()).filter_map(Service::starts_at);
        ended.chain(begun).chain(self.last_end).max()
    }
}

/// Whether a provider carries anything among advanced holdings, on any device.
#[must_use]
pub fn is_served(holdings: &Holdings, provider: &str) -> bool {
    holdings.services().any(|service| service.is_carried() && service.plan.provider == provider)
}

/// What should be there.
#[must_use]
pub fn wanted(seen: &Seen<'_>) -> Wanted {
    let (there, ask) = (seen.there(), seen.ask);
    let mut wanted = Wanted { owner: ask.owner.clone(), ..Wanted::default() };
    // What is there for the owner, by whatever name, is on one of his devices.
    let has_own = seen.is_owners() && !there.is_nothing();
    wanted.is_owner_served = has_own || seen.is_owner_served();
    if seen.is_called_so() {
        wanted.waits = seen.services().any(Service::waits_to_go_on);
        wanted.is_anothers = !seen.is_owners() && !there.is_nothing();
        wanted.carried = if has_own { there } else { Carried::default() };
    }
    if wanted.carried.is_nothing() {
        // What moved to another device, or the device to another camera, ran here until then.
        wanted.ended_at = seen.ended_at().filter(|_| !has_own).max(ask.ended_at);
        seen.beside.iter().for_each(|other| look_beside(&mut wanted, other, seen.provider));
    }
    if let (Some(former), Some(owns)) = (&ask.former, &seen.of_former) {
        wanted.former = Some(former.clone());
        wanted.is_former_served = is_served(owns, seen.provider);
    }
    wanted
}

/// The camera may be another device's by now, which replaced this one: what is carried there is what it is for.
fn look_beside(wanted: &mut Wanted, other: &Beside, provider: &str) {
    let carried = Carried::among(on(&other.around, &other.device), provider);
    if carried.is_nothing() {
        return;
    }
    if other.has_it == wanted.owner {
        (wanted.carried, wanted.is_owner_served) = (carried, true);
    } else {
        wanted.is_anothers = true;
    }
}

fn on<'h>(holdings: &'h Holdings, device: &DeviceId) -> impl Iterator<Item = &'h Service> {
    holdings.services().filter(move |service| service.device == *device)
}

#[cfg(test)]
mod tests;
