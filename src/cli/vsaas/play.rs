//! `vsaas camera show NAME --play`: a URL of a camera's live picture, to look at what a subscriber complains
//! about. Where we are the streamer's backend it is played as the subscriber who is bound, and ends with what that
//! one bought.

use super::super::{Failure, open, tell};
use super::systems::Systems;
use super::told;
use crate::clock::Clock;
use crate::config::Config;
use crate::providers::watcher::{Camera, Playback, Viewer};

/// The URL. What Watcher told of the streamer and cannot be is told.
pub(super) async fn live(config: &Config, systems: &Systems, camera: &Camera) -> Result<String, Failure> {
    let clock = Clock::system();
    let viewer = match config.flussonic.token_secret {
        Some(_) => viewer(config, camera, clock.clone()).await?,
        None => None,
    };
    let watcher = &systems.settings.base_url;
    let playback = Playback::new(camera, viewer, watcher, &config.flussonic, clock.now())?;
    playback.odd().iter().for_each(tell);
    Ok(playback.live())
}

/// Whoever is bound to the device that this is the camera of.
async fn viewer(config: &Config, camera: &Camera, clock: Clock) -> Result<Option<Viewer>, Failure> {
    let ledger = open::beside(config, clock).await?;
    let found = ledger.bound_to_camera(&camera.name).await;
    ledger.close().await;
    match &found?[..] {
        [] => Ok(None),
        [(device, account)] => Ok(Some(Viewer { device: device.clone(), account: account.clone() })),
        _ => Err(told("several devices are bound with this camera: which of them is played cannot be told")),
    }
}
