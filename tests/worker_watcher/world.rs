//! A gateway whose offers are carried out at a double of Watcher, and what can be seen of both.

use std::path::Path;

use sdp_gateway::clock::Clock;
use sdp_gateway::ids::{DeviceId, UserAccount};
use sdp_gateway::ledger::Ledger;
use sdp_gateway::ledger::fulfil::{Bind, Bound};

use crate::gateway::{Folder, Gateway};
use crate::outbox::{self, HASTY, wait};
use crate::said::{DAY, MONTH, SERVICE};
use crate::watcher_double::Double;

pub(crate) const ANN: &str = "84945989325";
pub(crate) const LOGIN: &str = "84945989325@sdp.example";

pub(crate) struct World {
    pub(crate) folder: Folder,
    pub(crate) double: Double,
    pub(crate) settings: String,
}

/// Two packages of one service, the daily one with a preset of three days, the other with one of seven; each
/// for up to twenty devices.
fn catalog(folder: &Path) -> String {
    let offer = |(package, preset): (&str, i64)| {
        format!(
            "[[offer]]\nid = 'offer-{package}'\nname = 'An offer'\nservice_id = '{SERVICE}'\npackage_id = '{package}'\n\
             exclusive = true\nperiod = 'day'\nprice = 3000\ncurrency = 'VND'\nrenewal_grace_days = 0\n\
             [[offer.grant]]\nkind = 'cloud'\nstorage = 'event'\nretention_days = 7\ndevices_max = 20\n\
             delivery = 'device'\nprovider = 'cams'\nsettings = {{ preset_id = {preset} }}\n"
        )
    };
    let path = folder.join("offers.toml");
    std::fs::write(&path, [(DAY, 392), (MONTH, 393)].map(offer).concat()).expect("written");
    format!("[catalog]\npath = '{}'\n", path.display())
}

impl World {
    /// All share one organization, in which there is a camera `cam-1`; `more` are further keys of the
    /// provider, `worker` those of `[worker]`.
    pub(crate) fn new(more: &str, worker: &str) -> Self {
        let (folder, double) = (Folder::new(), wait(Double::start()));
        {
            let mut state = double.state();
            state.organizations.get_mut(&753).expect("it").tariffs = [549, 550].into();
            state.add_camera("cam-1", 753);
        }
        let own = double.settings("cams", &format!("organization_id = 753\ntimeout_ms = 1500\n{more}"));
        let settings = format!("{}{HASTY}{worker}{own}", catalog(folder.path()));
        Self { folder, double, settings }
    }

    /// Each subscriber has an organization of their own; `cam-1` is in the default one.
    pub(crate) fn own() -> Self {
        let (folder, double) = (Folder::new(), wait(Double::start()));
        double.state().add_camera("cam-1", 752);
        let own = double.settings("cams", "timeout_ms = 1500") + &double.billing_settings("cams");
        let settings = format!("{}{HASTY}{own}", catalog(folder.path()));
        Self { folder, double, settings }
    }

    pub(crate) fn start(&self) -> Gateway {
        Gateway::start_in(self.folder.path(), &self.settings)
    }

    /// The ledger beside a gateway that was started.
    pub(crate) fn ledger(&self) -> Ledger {
        outbox::beside(self.folder.path())
    }

    /// Preset of a camera, and whether it is enabled.
    pub(crate) fn camera(&self, name: &str) -> (i64, bool) {
        let state = self.double.state();
        (state.cameras[name].preset, state.cameras[name].enabled)
    }

    /// Whether a user can log in, and where it is a member.
    pub(crate) fn user(&self, login: &str) -> Option<(bool, Vec<i64>)> {
        let state = self.double.state();
        let id = state.user_of(login)?;
        Some((state.users[&id].enabled, state.organizations_of(id)))
    }

    #[track_caller]
    pub(crate) fn nothing_refused(&self) {
        assert_eq!(self.double.state().refused, Vec::<String>::new());
    }
}

/// Binds a device to an account alone.
pub(crate) fn bind_to_account(ledger: &Ledger, device: &str, account: &str) {
    let bind = Bind {
        device: DeviceId::parse(device).expect("a device"),
        account: UserAccount::parse(account).expect("an account"),
        msisdn: None,
        camera: None,
        now: Clock::system().now(),
    };
    assert_eq!(wait(ledger.write(bind)).expect("kept"), Bound::Bound);
}
