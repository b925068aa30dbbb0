//! A double of Flussonic's streamer, written from what the vendor published of it: it serves real segments, opens a
//! session for each viewer, asks its backend about it, and does as the answer says. An old one has the status alone to
//! go by; a new one reads which recordings are allowed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::gateway::{Answer, parse};
use crate::kit::now_s;
use crate::media;

/// How long a backend may take.
const BACKEND_MAX: Duration = Duration::from_secs(3);

/// Segments of the live picture in its list.
const LIVE_SEGMENTS: i64 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Puts `?` and what it tells after the backend's URL, names what is asked for as `media_request`, reads no body.
    Old,
    /// Tells whether it is a session of the archive, and reads `allowed_dvr_ranges`.
    New,
}

/// What a viewer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Media {
    Live,
    Archive { from: i64, length: i64 },
}

/// One file of it.
#[derive(Debug, Clone, Copy)]
enum File {
    List,
    Segment(i64),
}

#[derive(Debug, Clone)]
struct Session {
    is_granted: bool,
    asked_at: Instant,
    again_after: Duration,
    /// None: all of it.
    ranges: Option<Vec<(i64, i64)>>,
    id: u64,
    number: u32,
}

/// Name, token, address, protocol, and what is played: an old one's `media_request` or whether it is the archive.
type Key = (String, String, String, String);

struct Inside {
    kind: Kind,
    gateway: Mutex<SocketAddr>,
    /// Path of the backend's URL, with a query perhaps.
    backend: String,
    sessions: Mutex<HashMap<Key, Session>>,
    opened: AtomicU64,
    /// What the backend was asked and answered; 0: it could not be reached, 1: it said nothing in time.
    asked: Mutex<Vec<(String, u16)>>,
    /// What players told of themselves.
    reports: Mutex<Vec<Value>>,
    page: Mutex<Option<String>>,
}

/// A running streamer.
pub(crate) struct Streamer {
    pub(crate) address: SocketAddr,
    inside: Arc<Inside>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Streamer {
    pub(crate) fn start(kind: Kind, gateway: SocketAddr, backend: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let inside = Arc::new(Inside {
            kind,
            gateway: Mutex::new(gateway),
            backend: backend.to_owned(),
            sessions: Mutex::default(),
            opened: AtomicU64::default(),
            asked: Mutex::default(),
            reports: Mutex::default(),
            page: Mutex::default(),
        });
        let serving = Arc::clone(&inside);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = Arc::clone(&serving);
                // A player that goes away is no failure.
                std::thread::spawn(move || serving.serve(stream).unwrap_or(()));
            }
        });
        Self { address, inside }
    }

    /// What the backend was asked and answered so far.
    pub(crate) fn asked(&self) -> Vec<(String, u16)> {
        lock(&self.inside.asked).clone()
    }

    /// What players in pages told so far, and forgets it.
    pub(crate) fn take_reports(&self) -> Vec<Value> {
        std::mem::take(&mut lock(&self.inside.reports))
    }

    /// The page that is served at `/player`.
    pub(crate) fn set_page(&self, page: String) {
        *lock(&self.inside.page) = Some(page);
    }

    /// Another gateway is at the backend's URL.
    pub(crate) fn ask_at(&self, gateway: SocketAddr) {
        *lock(&self.inside.gateway) = gateway;
    }
}

struct Reply(u16, &'static str, Vec<u8>);

const DENIED: fn() -> Reply = || Reply(403, "text/plain", b"denied\n".to_vec());

impl Inside {
    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let peer = stream.peer_addr()?.ip().to_string();
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
            let mut length = 0;
            loop {
                let mut header = String::new();
                reader.read_line(&mut header)?;
                if let Some((_, value)) =
                    header.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case("content-length"))
                {
                    length = value.trim().parse().unwrap_or(0);
                }
                if header.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let Reply(status, kind, body) = self.answer(&target, &peer, &body);
            write!(
                writer,
                "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\r\n",
                body.len()
            )?;
            writer.write_all(&body)?;
        }
    }

    fn answer(&self, target: &str, peer: &str, body: &[u8]) -> Reply {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match path {
            "/player" => {
                let page = lock(&self.page).clone().unwrap_or_default();
                return Reply(200, "text/html; charset=utf-8", page.into_bytes());
            }
            "/hls.js" => return Reply(200, "text/javascript", crate::players::hls_js()),
            "/report" => {
                lock(&self.reports).extend(serde_json::from_slice::<Value>(body).ok());
                return Reply(200, "text/plain", Vec::new());
            }
            _ => {}
        }
        let Some((name, media, file)) = read(path) else { return Reply(404, "text/plain", Vec::new()) };
        let token = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "token");
        let token = token.map(|(_, value)| value.into_owned()).unwrap_or_default();
        match self.session(&name, &token, peer, media) {
            Some(session) => file_of(media, file, &session, &token),
            None => DENIED(),
        }
    }

    /// The viewer's session, where it may play.
    fn session(&self, name: &str, token: &str, peer: &str, media: Media) -> Option<Session> {
        let kind = match self.kind {
            Kind::Old => media.request(),
            Kind::New => format!("dvr={}", media != Media::Live),
        };
        let key = (name.to_owned(), token.to_owned(), peer.to_owned(), kind);
        // One at a time, as a session is one process there.
        let mut sessions = lock(&self.sessions);
        let known = sessions.get(&key).cloned();
        let session = match known {
            Some(session) if session.asked_at.elapsed() < session.again_after => session,
            known => {
                let session = self.ask(&key, media, known)?;
                sessions.insert(key, session.clone());
                session
            }
        };
        session.is_granted.then_some(session)
    }

    /// Asks the backend; none where a new session cannot be opened and nothing is to be remembered of it.
    fn ask(&self, key: &Key, media: Media, known: Option<Session>) -> Option<Session> {
        let (name, token, peer, _) = key;
        let (id, number) = match &known {
            Some(session) => (session.id, session.number + 1),
            None => (self.opened.fetch_add(1, Ordering::Relaxed), 0),
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("token", token).append_pair("name", name).append_pair("ip", peer);
        query.append_pair("proto", "hls");
        query.append_pair("request_type", if known.is_none() { "new_session" } else { "update_session" });
        query.append_pair("stream_clients", "1").append_pair("total_clients", "1");
        let query = match self.kind {
            Kind::Old => {
                query.append_pair("type", if media == Media::Live { "hls" } else { "hls_dvr" });
                query.append_pair("media_request", &media.request());
                format!("?{}&", query.finish())
            }
            Kind::New => {
                query.append_pair("request_number", &number.to_string());
                query.append_pair("session_id", &format!("5f1c2a1e-7d1b-4c1c-9c57-{id:012x}"));
                query.append_pair("dvr", if media == Media::Live { "false" } else { "true" });
                query.append_pair("qs", &format!("token={token}")).append_pair("user_agent", "a player");
                format!("{}{}", if self.backend.contains('?') { '&' } else { '?' }, query.finish())
            }
        };
        let url = format!("{}{query}", self.backend);
        let answer = self.call(&url);
        let status = match &answer {
            None => 0,
            Some(Err(())) => 1,
            Some(Ok(answer)) => answer.status,
        };
        lock(&self.asked).push((url, status));
        let default_s = if self.kind == Kind::Old { 30 } else { 180 };
        let seconds = |answer: &Answer| {
            answer.header("x-authduration").and_then(|text| text.parse().ok()).unwrap_or(default_s)
        };
        // 500 and no connection leave a running session as it is; everything else but yes is no.
        let (is_granted, again_s, ranges) = match (status, answer) {
            (0 | 500, _) => return known.map(Session::later),
            (200 | 302, Some(Ok(answer))) => {
                let ranges = if self.kind == Kind::New { ranges(&answer) } else { None };
                (true, seconds(&answer), ranges)
            }
            (_, Some(Ok(answer))) => (false, seconds(&answer), None),
            (_, _) => (false, default_s, None),
        };
        let again_after = Duration::from_secs(again_s);
        Some(Session { is_granted, asked_at: Instant::now(), again_after, ranges, id, number })
    }

    /// None: it cannot be connected to; an error: it said nothing in time, or nothing that can be read.
    fn call(&self, url: &str) -> Option<Result<Answer, ()>> {
        let gateway = *lock(&self.gateway);
        let mut stream = TcpStream::connect_timeout(&gateway, BACKEND_MAX).ok()?;
        let mut told = || -> Option<Answer> {
            stream.set_read_timeout(Some(BACKEND_MAX)).ok()?;
            let head = format!("GET {url} HTTP/1.1\r\nHost: {gateway}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).ok()?;
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).ok()?;
            parse(&bytes)
        };
        Some(told().ok_or(()))
    }
}

impl Session {
    /// As it was, to be asked about again with the next request after a second.
    fn later(self) -> Self {
        Self {
            asked_at: Instant::now(),
            again_after: Duration::from_secs(1),
            number: self.number + 1,
            ..self
        }
    }

    fn holds(&self, second: i64) -> bool {
        self.ranges
            .as_ref()
            .is_none_or(|ranges| ranges.iter().any(|(from, to)| (*from..*to).contains(&second)))
    }
}

impl Media {
    fn request(self) -> String {
        match self {
            Self::Live => "live-hls_mbr_playlist".to_owned(),
            Self::Archive { from, length } => format!("dvr_session-hls_mbr_playlist-{from}-{length}"),
        }
    }
}

fn ranges(answer: &Answer) -> Option<Vec<(i64, i64)>> {
    let told = serde_json::from_slice::<Value>(&answer.body).ok()?;
    let end = |range: &Value, key: &str, open: i64| range[key].as_i64().unwrap_or(open);
    let range = |range: &Value| (end(range, "opened_at", i64::MIN), end(range, "closed_at", i64::MAX));
    Some(told["allowed_dvr_ranges"].as_array()?.iter().map(range).collect())
}

/// Stream, what of it, and which file: `NAME/index.m3u8`, `NAME/archive-FROM-LENGTH.m3u8` and their segments.
fn read(path: &str) -> Option<(String, Media, File)> {
    let path = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?.into_owned();
    let (rest, last) = path.rsplit_once('/')?;
    let archive = |text: &str| {
        let (from, length) = text.strip_prefix("archive-")?.split_once('-')?;
        Some(Media::Archive { from: from.parse().ok()?, length: length.parse().ok()? })
    };
    if let Some(list) = last.strip_suffix(".m3u8") {
        let media = if list == "index" { Media::Live } else { archive(list)? };
        return Some((rest.to_owned(), media, File::List));
    }
    let second = last.strip_suffix(".ts")?.parse().ok()?;
    let (name, media) = rest.rsplit_once('/')?;
    let media = if media == "live" { Media::Live } else { archive(media)? };
    Some((name.to_owned(), media, File::Segment(second)))
}

fn file_of(media: Media, file: File, session: &Session, token: &str) -> Reply {
    let now = now_s();
    let (from, to) = match media {
        Media::Live => (now - LIVE_SEGMENTS, now),
        Media::Archive { from, length } => (from, (from + length).min(now)),
    };
    let is_open = |second: &i64| media == Media::Live || session.holds(*second);
    match file {
        File::Segment(second) if is_open(&second) => {
            Reply(200, "video/mp2t", media::segment(second).to_vec())
        }
        File::Segment(_) => DENIED(),
        File::List => {
            let seconds: Vec<i64> = (from..to).filter(is_open).collect();
            if seconds.is_empty() { DENIED() } else { list(media, &seconds, token) }
        }
    }
}

fn list(media: Media, seconds: &[i64], token: &str) -> Reply {
    let folder = match media {
        Media::Live => "live".to_owned(),
        Media::Archive { from, length } => format!("archive-{from}-{length}"),
    };
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-DISCONTINUITY-SEQUENCE:{}\n",
        seconds[0],
        (seconds[0] - 1).div_euclid(media::SECONDS as i64),
    );
    for second in seconds {
        if media::begins_anew(*second) {
            text += "#EXT-X-DISCONTINUITY\n";
        }
        text += &format!("#EXTINF:1.0,\n{folder}/{second}.ts?token={token}\n");
    }
    if media != Media::Live {
        text += "#EXT-X-ENDLIST\n";
    }
    Reply(200, "application/vnd.apple.mpegurl", text.into_bytes())
}
