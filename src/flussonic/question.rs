//! What a streamer asks, as the parameters of its request. Leaves judging them to the surface.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::service::playback::{Archive, Playable, Session, Span};

/// The parameters, each with one value. Of what the streamer tells (`ip`, `proto`, `request_number`, `qs`,
/// `user_agent` and others) only a few bear on the answer.
pub(super) struct Question<'a>(BTreeMap<Cow<'a, str>, Cow<'a, str>>);

/// What `media_request` begins with where recordings are asked for; their beginning and length may end it.
const DVR_SESSION: &str = "dvr_session-";

/// What streamers put first of their own parameters, one or the other.
const THEIRS: [&str; 3] = ["name=", "token=", "ip="];

impl<'a> Question<'a> {
    /// Reads a query; none where a parameter is given twice with different values, since two readers of such a
    /// question could take it for two.
    pub(super) fn read(query: &'a str) -> Option<Self> {
        let (ours, theirs) = parted(query);
        let mut parameters = BTreeMap::new();
        let both = [ours, theirs];
        for (name, value) in both.into_iter().flat_map(|part| form_urlencoded::parse(part.as_bytes())) {
            if parameters.get(&name).is_some_and(|known| *known != value) {
                return None;
            }
            parameters.insert(name, value);
        }
        Some(Self(parameters))
    }

    /// The stream.
    pub(super) fn name(&self) -> &str {
        self.parameter("name")
    }

    /// What the viewer's URL carried.
    pub(super) fn token(&self) -> &str {
        self.parameter("token")
    }

    /// What the streamer's own settings put there.
    pub(super) fn key(&self) -> &str {
        self.parameter("key")
    }

    /// The recordings that are asked for; none where it is the live picture.
    fn archive(&self, now: Timestamp) -> Option<Archive> {
        if let Some(media) = self.parameter("media_request").strip_prefix(DVR_SESSION) {
            return Some(span(media, now).map_or(Archive::Some, Archive::Of));
        }
        let is_dvr = self.parameter("dvr") == "1" || self.parameter("dvr").eq_ignore_ascii_case("true");
        (is_dvr || self.parameter("type").ends_with("_dvr")).then_some(Archive::Some)
    }

    /// Whether what is asked for may be played of a device.
    pub(super) fn is_within(&self, playable: &Playable, now: Timestamp) -> bool {
        self.archive(now).is_none_or(|archive| playable.opens(archive, self.session(), now))
    }

    /// Whether its session plays already.
    pub(super) fn session(&self) -> Session {
        if self.parameter("request_type") == "update_session" { Session::Running } else { Session::New }
    }

    /// What tells its session from others: old streamers name none, but what they know it by.
    pub(super) fn session_keys(&self) -> [&str; 5] {
        ["session_id", "name", "token", "ip", "proto"].map(|name| self.parameter(name))
    }

    /// Absent is empty.
    fn parameter(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value)
    }
}

/// The query of the URL in the streamer's settings and what the streamer adds: old ones put a `?` between them also
/// where there is one already. A `?` anywhere else is a letter of a value.
fn parted(query: &str) -> (&str, &str) {
    let Some((ours, theirs)) = query.split_once('?') else { return ("", query) };
    let begins = |part: &str| THEIRS.iter().any(|own| part.starts_with(own));
    let is_theirs = theirs.split('&').next().is_some_and(|first| first.contains('='));
    if is_theirs && !ours.split('&').any(begins) { (ours, theirs) } else { ("", query) }
}

/// The time at the end of a `media_request`: `…-START-DURATION` in seconds, or `…-START-now`. One that no clock has
/// is far away; none where the end is no time.
fn span(media: &str, now: Timestamp) -> Option<Span> {
    let (rest, duration) = media.rsplit_once('-')?;
    let start = rest.rsplit_once('-').map_or(rest, |(_, start)| start);
    let ms = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1000))
    };
    let starts_at = Timestamp(ms(start)?);
    let ends_at = if duration == "now" { now } else { starts_at.plus_ms(ms(duration)?) };
    Some(Span { starts_at, ends_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(2_000_000);

    fn question(query: &str) -> Question<'_> {
        Question::read(query).unwrap_or_else(|| panic!("no question: {query}"))
    }

    #[test]
    fn parameters_are_decoded_and_unknown_ones_read_past() {
        let question =
            question("name=c%C3%A2m%201&token=v1.a-_b.c&ip=203.0.113.7&qs=a%3D1%26token%3Dx&later=1");
        assert_eq!((question.name(), question.token(), question.key()), ("câm 1", "v1.a-_b.c", ""));
    }

    #[test]
    fn one_value_each() {
        assert!(Question::read("name=a&token=t&name=a").is_some());
        for twice in
            ["name=a&name=b", "token=t&token=", "key=a&key=b", "ip=1&ip=2", "name=a&n%61me=b", "key=a?key=b"]
        {
            assert!(Question::read(twice).is_none(), "{twice}");
        }
    }

    #[test]
    fn a_second_question_mark_parts_the_settings_url_from_what_is_added() {
        for (query, key, name) in [
            ("key=K?name=a&ip=1&", "K", "a"),
            ("key=K?token=t&name=a", "K", "a"),
            ("site=1&key=K%3F2?ip=1&name=a", "K?2", "a"),
            ("?name=a&token=t", "", "a"),
            ("key=K&name=a&qs=x?y=1", "K", "a"),
            ("key=K?2&name=a", "K?2", "a"),
            ("name=a?b=c&key=K", "K", "a?b=c"),
        ] {
            assert_eq!((question(query).key(), question(query).name()), (key, name), "{query}");
        }
    }

    #[test]
    fn recordings_and_the_live_picture() {
        let of = |starts_at, ends_at| {
            Some(Archive::Of(Span { starts_at: Timestamp(starts_at), ends_at: Timestamp(ends_at) }))
        };
        for (query, archive) in [
            ("", None),
            ("dvr=false", None),
            ("dvr=0&media_request=live-hls_mbr_playlist&type=hls", None),
            ("dvr=true", Some(Archive::Some)),
            ("dvr=True", Some(Archive::Some)),
            ("dvr=1", Some(Archive::Some)),
            ("type=hls_dvr", Some(Archive::Some)),
            ("media_request=dvr_session-hls_mbr_playlist-100-20", of(100_000, 120_000)),
            ("dvr=true&media_request=dvr_session-hls_mbr_playlist-100-20", of(100_000, 120_000)),
            ("media_request=dvr_session-mp4-file-100-now", of(100_000, 2_000_000)),
            ("media_request=dvr_session-100-20", of(100_000, 120_000)),
            ("media_request=dvr_session-hls-x-20", Some(Archive::Some)),
            ("media_request=dvr_session-hls-100-", Some(Archive::Some)),
            ("media_request=dvr_session-", Some(Archive::Some)),
            ("media_request=dvr_session-hls-99999999999999999999-1", of(i64::MAX, i64::MAX)),
            ("media_request=dvr_session-hls-1-99999999999999999999", of(1000, i64::MAX)),
        ] {
            assert_eq!(question(query).archive(NOW), archive, "{query}");
        }
    }
}
