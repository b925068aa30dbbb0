//! What a build is measured in front of: the double with its users and cameras, and the settings and offers that
//! have a gateway carry out services there.

use std::path::Path;
use std::time::Duration;

use crate::watcher_double::Double;
use crate::{Args, Result};

/// The organization that all share, and where cameras and users are.
const SHARED: i64 = 753;

/// The preset of what is bought, and the one that a camera has until then.
pub(crate) const BOUGHT: i64 = 392;
pub(crate) const DEFAULT: i64 = 391;

/// Of the partner whose app binds cameras; nobody's secret.
pub(crate) const TOKEN: &str = "fake-token";

const DOMAIN: &str = "sdp.example";

/// Who carries out services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The double, as Watcher.
    Watcher,
    /// Nobody: all is said to be done. Fills a ledger fast.
    Nobody,
}

/// A subscriber whose cameras are `cam-NTH-0` and so on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subscriber {
    pub(crate) nth: usize,
    pub(crate) cameras: usize,
    /// One of those who have a user at Watcher from the start.
    pub(crate) is_known: bool,
}

impl Subscriber {
    /// Known ones are numbered as the double does.
    pub(crate) fn number(&self) -> String {
        format!("{}{:07}", if self.is_known { "8494" } else { "8495" }, self.nth)
    }

    pub(crate) fn cameras(&self) -> impl Iterator<Item = String> + use<> {
        let nth = self.nth;
        (0..self.cameras).map(move |camera| format!("cam-{nth}-{camera}"))
    }
}

/// A double whose organization has room for everybody, with the cameras of these subscribers.
pub(crate) async fn double(args: &Args, subscribers: &[Subscriber]) -> Double {
    let double = Double::start().await;
    {
        let mut state = double.state();
        if let Some(shared) = state.organizations.get_mut(&SHARED) {
            shared.tariffs = [549, 550].into();
            (shared.user_limit, shared.camera_limit) = (None, None);
        }
        state.spread_ids();
        state.create_users(args.users, DOMAIN, SHARED);
        for camera in subscribers.iter().flat_map(Subscriber::cameras) {
            state.add_camera(&camera, SHARED);
        }
        state.renew();
        state.delay = Duration::from_millis(args.delay_ms);
    }
    double
}

/// The settings of a gateway in `folder`, where its offers are written: a day, for up to twenty cameras.
pub(crate) fn settings(args: &Args, folder: &Path, double: &Double, by: By) -> Result<String> {
    let offers = format!(
        "[[offer]]\nid = 'day'\nname = 'A day'\nservice_id = '1000625'\npackage_id = '1003013'\n\
         exclusive = true\nperiod = 'day'\nprice = 3000\ncurrency = 'VND'\nrenewal_grace_days = 0\n\
         [[offer.grant]]\nkind = 'cloud'\nstorage = 'event'\nretention_days = 7\ndevices_max = 20\n\
         delivery = 'device'\nprovider = 'cams'\nsettings = {{ preset_id = {BOUGHT} }}\n"
    );
    std::fs::write(folder.join("offers.toml"), offers)?;
    let provider = match by {
        By::Watcher => {
            let timeout = args.timeout_ms.map(|ms| format!("\ntimeout_ms = {ms}")).unwrap_or_default();
            let concurrency = args.concurrency;
            let more = format!("organization_id = {SHARED}\nconcurrency = {concurrency}{timeout}");
            double.settings("cams", &more)
        }
        By::Nobody => "[providers.cams]\nkind = 'scripted'\nconcurrency = 64\n".to_owned(),
    };
    Ok(format!("[catalog]\npath = 'offers.toml'\n[[partner]]\nname = 'app'\ntoken = '{TOKEN}'\n{provider}"))
}

/// How many of these subscribers' cameras are as they should be.
pub(crate) fn served(double: &Double, subscribers: &[Subscriber]) -> usize {
    let state = double.state();
    let is_served = |name: &String| {
        state.cameras.get(name).is_some_and(|camera| camera.preset == BOUGHT && camera.enabled)
    };
    subscribers.iter().flat_map(Subscriber::cameras).filter(is_served).count()
}
