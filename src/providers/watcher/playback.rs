//! Where a camera is played: URLs of its streamer, and the token that they carry. Leaves what may be played to
//! whoever the streamer asks: us, where we are its backend, else Watcher.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::Camera;
use crate::clock::Timestamp;
use crate::config;
use crate::ids::{DeviceId, UserAccount};
use crate::signature::token;

/// What a segment of a path and a parameter may hold as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Whose play it is.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The device whose camera it is.
    pub device: DeviceId,
    /// Whom it is bound to.
    pub account: UserAccount,
}

/// A camera on its streamer, with a token to play it. Not `Debug`: its URLs are good for whoever has them.
pub struct Playback {
    base: String,
    token: SecretString,
}

/// Why a camera cannot be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unplayable {
    /// It is not on a streamer now, or its name is none of a host.
    #[error("Watcher names no streamer of this camera; is it enabled?")]
    NoStreamer,
    /// No stream can be called so.
    #[error("the camera's name cannot stand in a URL")]
    BadName,
    /// Our tokens are for an account, and nobody is bound to a device of this camera.
    #[error("no device of this camera is bound, so that there is no account to make a token for")]
    NoViewer,
    /// Watcher gave no token.
    #[error("Watcher gave no token for this camera")]
    NoToken,
}

impl Playback {
    /// A camera as Watcher answered it just now. The token is ours where the settings have a secret for it: then
    /// the streamer asks us, and `viewer` must be known; else Watcher's own.
    ///
    /// # Errors
    /// [`Unplayable`].
    pub fn new(
        camera: &Camera,
        viewer: Option<Viewer>,
        settings: &config::Flussonic,
        now: Timestamp,
    ) -> Result<Self, Unplayable> {
        let streamer = camera.streamer.as_deref().map(str::trim).filter(|host| is_host(host));
        let streamer = streamer.ok_or(Unplayable::NoStreamer)?;
        if ["", ".", ".."].contains(&camera.name.as_str()) {
            return Err(Unplayable::BadName);
        }
        let token = match settings.token_secret {
            Some(_) => {
                let Viewer { device, account } = viewer.ok_or(Unplayable::NoViewer)?;
                token::issue(settings, &camera.name, device, account, now).map(SecretString::from)
            }
            None => camera.playback_token.clone(),
        };
        let base = format!("https://{streamer}/{}", utf8_percent_encode(&camera.name, PLAIN));
        Ok(Self { base, token: token.ok_or(Unplayable::NoToken)? })
    }

    /// The live picture.
    #[must_use]
    pub fn live(&self) -> String {
        self.url("index.m3u8")
    }

    /// Recordings from a moment on, for so many seconds.
    #[must_use]
    pub fn archive(&self, from: Timestamp, duration_s: u32) -> String {
        self.url(&format!("archive-{}-{duration_s}.m3u8", from.0.div_euclid(1000)))
    }

    fn url(&self, tail: &str) -> String {
        let token = utf8_percent_encode(self.token.expose_secret(), PLAIN);
        format!("{}/{tail}?token={token}", self.base)
    }
}

/// A name or an address, with or without a port.
fn is_host(text: &str) -> bool {
    let fit = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    !text.is_empty() && text.chars().all(fit) && text.parse::<hyper::http::uri::Authority>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_715_128_188_500);

    fn camera(name: &str, streamer: Option<&str>, token: Option<&str>) -> Camera {
        Camera {
            name: name.to_owned(),
            title: String::new(),
            enabled: Some(true),
            organization_id: None,
            folder_id: None,
            preset_id: None,
            streamer: streamer.map(str::to_owned),
            playback_token: token.map(SecretString::from),
        }
    }

    fn viewer() -> Option<Viewer> {
        let (device, account) = (DeviceId::parse("cam-1"), UserAccount::parse("ann"));
        Some(Viewer { device: device.expect("a device"), account: account.expect("an account") })
    }

    fn without_backend() -> config::Flussonic {
        config::Config::defaults().flussonic
    }

    fn with_backend() -> config::Flussonic {
        config::Flussonic { token_secret: Some("no secret, for tests alone".into()), ..without_backend() }
    }

    fn url(camera: &Camera) -> Result<String, Unplayable> {
        Playback::new(camera, None, &without_backend(), NOW).map(|playback| playback.live())
    }

    #[test]
    fn urls_of_a_streamer() {
        let camera = camera("cam-10-9bdbc979dd", Some("eu-004.vscdn.io"), Some("3.sJXDw+/="));
        let playback = Playback::new(&camera, viewer(), &without_backend(), NOW);
        let playback = playback.unwrap_or_else(|error| panic!("{error}"));
        let base = "https://eu-004.vscdn.io/cam-10-9bdbc979dd";
        assert_eq!(playback.live(), format!("{base}/index.m3u8?token=3.sJXDw%2B%2F%3D"));
        let archive = playback.archive(Timestamp(1_715_128_188_999), 3600);
        assert_eq!(archive, format!("{base}/archive-1715128188-3600.m3u8?token=3.sJXDw%2B%2F%3D"));
    }

    #[test]
    fn where_we_are_the_backend_the_token_is_ours() {
        let camera = camera("cửa/1", Some("eu-004.vscdn.io:8443"), Some("3.theirs"));
        let settings = with_backend();
        let url = Playback::new(&camera, viewer(), &settings, NOW).map(|playback| playback.live());
        let url = url.unwrap_or_else(|error| panic!("{error}"));
        let (base, sent) = url.split_once("?token=").expect("a token");
        assert_eq!(base, "https://eu-004.vscdn.io:8443/c%E1%BB%ADa%2F1/index.m3u8");
        let secret = settings.token_secret.as_ref().expect("a secret");
        let ticket = token::verify(secret, "cửa/1", sent, NOW).expect("a token of ours");
        let life_ms = ticket.expires_at.0 - NOW.0;
        assert_eq!((ticket.device.as_str(), ticket.account.in_full(), life_ms), ("cam-1", "ann", 10_799_500));
        assert_eq!(Playback::new(&camera, None, &settings, NOW).err(), Some(Unplayable::NoViewer));
    }

    #[test]
    fn what_cannot_be_played() {
        let token = Some("3.theirs");
        for (camera, expected) in [
            (camera("cam", None, token), Unplayable::NoStreamer),
            (camera("cam", Some("evil.example/x?"), token), Unplayable::NoStreamer),
            (camera("cam", Some("user@evil.example"), token), Unplayable::NoStreamer),
            (camera("..", Some("s.example"), token), Unplayable::BadName),
            (camera("cam", Some("s.example"), None), Unplayable::NoToken),
        ] {
            assert_eq!(url(&camera), Err(expected), "{} {:?}", camera.name, camera.streamer);
        }
    }
}
