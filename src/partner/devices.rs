//! Devices bound and unbound by partners: to a number, whose rights then reach them, or by an account alone.

use serde::Deserialize;

use super::Partners;
use crate::ids::{DeviceId, Msisdn, UserAccount, visible};
use crate::json::{self, Problem};
use crate::ledger::fulfil::{Bind, Bound, Unbind, Unbound};
use crate::server::{Request, Response};
use crate::service::wanted::Owner;
use crate::story::View;

/// No provider calls a camera by a longer name, in characters.
const CAMERA_CHARS_MAX: usize = 128;

/// What a partner says of a device that it binds; fields we do not know are read past.
#[derive(Deserialize)]
struct Sent {
    user_account: Option<String>,
    camera: Option<String>,
}

impl Partners {
    pub(super) async fn bind_to_number(
        &self,
        view: &View,
        number: &str,
        device: &str,
        request: &mut Request,
    ) -> Result<Response, Problem> {
        let (number, device) = (json::number(number)?, json::device(device)?);
        let sent: Sent = json::body(request).await?;
        let account = sent.user_account.as_deref().unwrap_or_default();
        let account =
            UserAccount::parse(account).map_err(|error| Problem::bad(format!("user_account is {error}")))?;
        self.bind(view, device, account, Some(number), camera(sent.camera)?).await
    }

    pub(super) async fn bind_to_account(
        &self,
        view: &View,
        account: &str,
        device: &str,
        request: &mut Request,
    ) -> Result<Response, Problem> {
        let (account, device) = (json::account(account)?, json::device(device)?);
        let sent: Sent = json::body(request).await?;
        // Said twice it may be, but not in two ways.
        if sent.user_account.is_some_and(|other| UserAccount::parse(&other).as_ref() != Ok(&account)) {
            return Err(Problem::bad("user_account is not the account of the path"));
        }
        self.bind(view, device, account, None, camera(sent.camera)?).await
    }

    /// `account`: as the partner calls it.
    async fn bind(
        &self,
        view: &View,
        device: DeviceId,
        account: UserAccount,
        msisdn: Option<Msisdn>,
        camera: Option<String>,
    ) -> Result<Response, Problem> {
        let (account, now) = (account.within(view.tenant()), self.clock.now());
        let bind = Bind { device: device.clone(), account, msisdn, camera, now };
        match self.ledger.write(bind).await.map_err(|error| Problem::unavailable(&error))? {
            Bound::AnotherAccount => Err(Problem::conflict("the device is bound to another account")),
            Bound::AnotherNumber => Err(Problem::conflict("the device is bound to another number")),
            Bound::AnotherTenant => Err(no_such_device()),
            Bound::Bound => {
                let bound = self.ledger.device(&device, now).await;
                let bound = bound.map_err(|error| Problem::unavailable(&error))?;
                let bound = bound.ok_or_else(|| Problem::not_found("the device is gone again"))?;
                let shown = view.device(&self.ledger, &bound, now).await;
                Ok(json::ok(&shown.map_err(|error| Problem::unavailable(&error))?))
            }
        }
    }

    /// 204 whenever the owner has it no more; 409 where it is somebody else's, so that a slip is noticed, but 404 where
    /// it is another tenant's.
    pub(super) async fn unbind(&self, view: &View, owner: Owner, device: &str) -> Result<Response, Problem> {
        let (device, now) = (json::device(device)?, self.clock.now());
        let unbind = Unbind { device: device.clone(), owner, tenant: view.tenant().cloned(), now };
        let unbound = self.ledger.write(unbind).await.map_err(|error| Problem::unavailable(&error))?;
        if unbound == Unbound::Unbound {
            return Ok(json::done());
        }
        let known = self.ledger.device(&device, now).await.map_err(|error| Problem::unavailable(&error))?;
        match known.and_then(|known| known.account) {
            Some(account) if view.is_of(&account) => {
                Err(Problem::conflict("the device is bound to another number or account"))
            }
            Some(_) => Err(no_such_device()),
            None => Ok(json::done()),
        }
    }
}

/// What another tenant has is not there.
fn no_such_device() -> Problem {
    Problem::not_found("there is no such device")
}

/// The camera's name at its provider, blanks around it left out; empty is absent.
fn camera(sent: Option<String>) -> Result<Option<String>, Problem> {
    let Some(name) = sent.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let fits = name.chars().count() <= CAMERA_CHARS_MAX && name.chars().all(visible::is_visible);
    let fault = || Problem::bad(format!("camera is not 1 to {CAMERA_CHARS_MAX} visible characters"));
    fits.then_some(name).map(Some).ok_or_else(fault)
}
