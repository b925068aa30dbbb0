//! Where a camera is played: URLs of its streamer, and the token that they carry. Leaves what may be played to
//! whoever the streamer asks: us, where we are its backend, else Watcher.
//!
//! Where no streamer is known Watcher's own host plays the camera, by Watcher's own token alone: a token of ours is only
//! known to streamers that ask us.

use std::num::NonZeroU16;

use hyper::http::uri::Authority;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Camera;
use crate::clock::Timestamp;
use crate::config;
use crate::ids::{DeviceId, UserAccount};
use crate::signature::token;

/// What a segment of a path and a parameter may hold as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Letters of an odd value that are told.
const ODD_CHARS_MAX: usize = 40;

/// Whose play it is.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The device whose camera it is.
    pub device: DeviceId,
    /// Whom it is bound to.
    pub account: UserAccount,
}

/// Where a streamer listens for players, as far as Watcher tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ports {
    /// For plain HTTP.
    pub http: Port,
    /// For HTTPS.
    pub https: Port,
}

/// A port as Watcher writes it. Reading one never fails: a camera is no worse for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Port {
    /// None is told.
    #[default]
    Untold,
    /// 1 to 65535.
    Is(NonZeroU16),
    /// Something else, as it was written, shortened.
    Odd(String),
}

/// A camera where it plays, with a token to play it. Not `Debug`: its URLs are good for whoever has them.
pub struct Playback {
    base: String,
    token: SecretString,
    odd: Vec<String>,
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

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = value.as_u64().and_then(|number| u16::try_from(number).ok()).and_then(NonZeroU16::new);
        Ok(match (value, number) {
            (_, Some(port)) => Self::Is(port),
            (Value::Null, None) => Self::Untold,
            (other, None) => Self::Odd(other.to_string().chars().take(ODD_CHARS_MAX).collect()),
        })
    }
}

impl Port {
    fn told(&self) -> Option<NonZeroU16> {
        if let Self::Is(port) = self { Some(*port) } else { None }
    }
}

impl Ports {
    /// Scheme, host and port of a streamer. A port that is told is instead of one that stands in the host's name.
    fn origin(&self, streamer: &Authority) -> String {
        match (self.https.told(), self.http.told()) {
            (Some(https), _) => format!("https://{}:{https}", streamer.host()),
            (None, Some(http)) => format!("http://{}:{http}", streamer.host()),
            (None, None) => format!("https://{streamer}"),
        }
    }

    /// What was told of them and is no port.
    fn odd(&self) -> Vec<String> {
        let of = |(name, port): (&str, &Port)| match port {
            Port::Odd(written) => {
                Some(format!("{name} of the stream's status is {written}, no port: passed over"))
            }
            Port::Untold | Port::Is(_) => None,
        };
        [("http_port", &self.http), ("https_port", &self.https)].into_iter().filter_map(of).collect()
    }
}

impl Playback {
    /// A camera as Watcher answered it just now. The token is ours where the settings have a secret for it: then
    /// the streamer asks us, and `viewer` must be known; else Watcher's own. `watcher` is Watcher's own host, as its
    /// `base_url` names it.
    ///
    /// # Errors
    /// [`Unplayable`].
    pub fn new(
        camera: &Camera,
        viewer: Option<Viewer>,
        watcher: &str,
        settings: &config::Flussonic,
        now: Timestamp,
    ) -> Result<Self, Unplayable> {
        let is_ours = settings.token_secret.is_some();
        let origin = match camera.streamer.as_deref().map(str::trim) {
            Some(streamer) => camera.ports.origin(&host(streamer).ok_or(Unplayable::NoStreamer)?),
            None if camera.enabled == Some(true) && !is_ours => watcher.to_owned(),
            None => return Err(Unplayable::NoStreamer),
        };
        let path = path(&camera.name).ok_or(Unplayable::BadName)?;
        let token = match viewer {
            Some(Viewer { device, account }) if is_ours => {
                token::issue(settings, &camera.name, device, account, now).map(SecretString::from)
            }
            None if is_ours => return Err(Unplayable::NoViewer),
            _ => camera.playback_token.clone(),
        };
        let token = token.ok_or(Unplayable::NoToken)?;
        Ok(Self { base: format!("{origin}/{path}"), token, odd: camera.ports.odd() })
    }

    /// What Watcher told of the streamer that cannot be, a sentence each.
    #[must_use]
    pub fn odd(&self) -> &[String] {
        &self.odd
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
fn host(text: &str) -> Option<Authority> {
    let fit = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let authority = text.chars().all(fit).then(|| text.parse::<Authority>().ok())??;
    (!authority.host().is_empty()).then_some(authority)
}

/// A stream's name as it stands in a URL: slashes part its segments, and stay. None where a reader of the URL would
/// take another path for it.
fn path(name: &str) -> Option<String> {
    let segment = |segment: &str| {
        let is_one = !["", ".", ".."].contains(&segment);
        is_one.then(|| utf8_percent_encode(segment, PLAIN).to_string())
    };
    Some(name.split('/').map(segment).collect::<Option<Vec<_>>>()?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_715_128_188_500);
    const WATCHER: &str = "https://watcher.example";
    const TOKEN: Option<&str> = Some("3.theirs");

    fn camera(name: &str, streamer: Option<&str>, token: Option<&str>) -> Camera {
        Camera {
            name: name.to_owned(),
            title: String::new(),
            enabled: Some(true),
            organization_id: None,
            folder_id: None,
            preset_id: None,
            streamer: streamer.map(str::to_owned),
            ports: Ports::default(),
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
        Playback::new(camera, None, WATCHER, &without_backend(), NOW).map(|playback| playback.live())
    }

    /// What comes before the token.
    fn base(camera: &Camera) -> String {
        let url = url(camera).unwrap_or_else(|error| panic!("{error}"));
        url.split_once("/index.m3u8?token=").expect("a token").0.to_owned()
    }

    #[test]
    fn urls_of_a_streamer() {
        let camera = camera("cam-10-9bdbc979dd", Some("eu-004.vscdn.io"), Some("3.sJXDw+/="));
        let playback = Playback::new(&camera, viewer(), WATCHER, &without_backend(), NOW);
        let playback = playback.unwrap_or_else(|error| panic!("{error}"));
        let base = "https://eu-004.vscdn.io/cam-10-9bdbc979dd";
        assert_eq!(playback.live(), format!("{base}/index.m3u8?token=3.sJXDw%2B%2F%3D"));
        let archive = playback.archive(Timestamp(1_715_128_188_999), 3600);
        assert_eq!(archive, format!("{base}/archive-1715128188-3600.m3u8?token=3.sJXDw%2B%2F%3D"));
        assert!(playback.odd().is_empty());
    }

    #[test]
    fn where_we_are_the_backend_the_token_is_ours() {
        let camera = camera("cửa/1", Some("eu-004.vscdn.io:8443"), Some("3.theirs"));
        let settings = with_backend();
        let made = |viewer| Playback::new(&camera, viewer, WATCHER, &settings, NOW);
        let url = made(viewer()).map(|playback| playback.live()).unwrap_or_else(|error| panic!("{error}"));
        let (base, sent) = url.split_once("?token=").expect("a token");
        assert_eq!(base, "https://eu-004.vscdn.io:8443/c%E1%BB%ADa/1/index.m3u8");
        let secret = settings.token_secret.as_ref().expect("a secret");
        let ticket = token::verify(secret, "cửa/1", sent, NOW).expect("a token of ours");
        let life_ms = ticket.expires_at.0 - NOW.0;
        assert_eq!((ticket.device.as_str(), ticket.account.in_full(), life_ms), ("cam-1", "ann", 10_799_500));
        assert_eq!(made(None).err(), Some(Unplayable::NoViewer));
    }

    #[test]
    fn a_name_is_segments_of_a_path() {
        let base = |name| base(&camera(name, Some("s.example"), TOKEN));
        for (name, path) in [
            ("a", "a"),
            ("site/floor 1/cam", "site/floor%201/cam"),
            ("a/%2e%2e/b", "a/%252e%252e/b"),
            ("a?b#c&d=e", "a%3Fb%23c%26d%3De"),
            ("..a/b..", "..a/b.."),
            ("a\\b", "a%5Cb"),
        ] {
            assert_eq!(base(name), format!("https://s.example/{path}"), "{name}");
        }
        for name in ["", "/", ".", "..", "a/../b", "a/..", "./a", "a//b", "/a", "a/"] {
            assert_eq!(url(&camera(name, Some("s.example"), TOKEN)), Err(Unplayable::BadName), "{name:?}");
        }
    }

    /// A camera as Watcher writes it, with these ports.
    fn with_ports(streamer: Option<&str>, server: &str, http: &str, https: &str) -> Camera {
        let hostname = streamer.map_or("null".to_owned(), |host| format!("\"{host}\""));
        let written = format!(
            r#"{{"name": "cam", "enabled": true, "streamer_hostname": {hostname},
                "stream_status": {{"server": "{server}", "http_port": {http}, "https_port": {https}}},
                "playback_config": {{"token": "3.theirs"}}}}"#
        );
        serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"))
    }

    #[test]
    fn a_port_that_is_told_is_used_and_https_before_http() {
        for (streamer, http, https, expected) in [
            (Some("s.example"), "null", "null", "https://s.example"),
            (Some("s.example"), "80", "443", "https://s.example:443"),
            (Some("s.example"), "8080", "8443", "https://s.example:8443"),
            (Some("s.example"), "8080", "null", "http://s.example:8080"),
            (Some("s.example:9000"), "null", "null", "https://s.example:9000"),
            (Some("s.example:9000"), "8080", "null", "http://s.example:8080"),
            (Some("[2001:db8::1]:9000"), "null", "8443", "https://[2001:db8::1]:8443"),
            (None, "null", "8443", "https://inside.example:8443"),
        ] {
            let camera = with_ports(streamer, "inside.example", http, https);
            assert_eq!(base(&camera), format!("{expected}/cam"), "{streamer:?} {http} {https}");
        }
    }

    #[test]
    fn a_port_that_is_none_is_passed_over_and_told() {
        for odd in ["0", "\"8080\"", "70000", "-1", "80.5", "true", "{}", "[443]", "18446744073709551616"] {
            let camera = with_ports(Some("s.example"), "inside.example", "8080", odd);
            assert_eq!(base(&camera), "http://s.example:8080/cam", "{odd}");
            let both = with_ports(Some("s.example"), "inside.example", odd, odd);
            assert_eq!(base(&both), "https://s.example/cam", "{odd}");
            let playback = Playback::new(&both, None, WATCHER, &without_backend(), NOW);
            let told = playback.unwrap_or_else(|error| panic!("{error}")).odd().join("\n");
            assert!(told.contains("http_port") && told.contains("https_port"), "{told}");
        }
        let long = with_ports(None, "s.example", &format!("\"{}\"", "x".repeat(10_000)), "null");
        assert!(long.ports.odd()[0].len() < 120, "{:?}", long.ports);
        let without = r#"{"name": "cam", "enabled": true, "stream_status": {"server": "s.example"}}"#;
        let camera: Camera = serde_json::from_str(without).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(camera.ports, Ports::default());
    }

    #[test]
    fn watchers_own_host_plays_by_its_own_token_where_no_streamer_is_known() {
        let camera = camera("site/cam", None, TOKEN);
        assert_eq!(base(&camera), "https://watcher.example/site/cam");
        let ours = Playback::new(&camera, viewer(), WATCHER, &with_backend(), NOW);
        assert_eq!(ours.err(), Some(Unplayable::NoStreamer));
        let disabled = Camera { enabled: Some(false), ..camera };
        assert_eq!(url(&disabled), Err(Unplayable::NoStreamer));
    }

    #[test]
    fn what_cannot_be_played() {
        for (camera, expected) in [
            (camera("cam", Some(""), TOKEN), Unplayable::NoStreamer),
            (camera("cam", Some("evil.example/x?"), TOKEN), Unplayable::NoStreamer),
            (camera("cam", Some("user@evil.example"), TOKEN), Unplayable::NoStreamer),
            (camera("cam", Some(":8080"), TOKEN), Unplayable::NoStreamer),
            (camera("cam", Some("s.example"), None), Unplayable::NoToken),
            (camera("cam", None, None), Unplayable::NoToken),
        ] {
            assert_eq!(url(&camera), Err(expected), "{} {:?}", camera.name, camera.streamer);
        }
    }
}
