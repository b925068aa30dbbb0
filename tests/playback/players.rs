//! Players that people have: ffprobe and ffmpeg, and hls.js in Chromium. `tests/run` installs them.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::streamer::Streamer;

/// How long a player may take for what it should do: this machine may be busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// hls.js, of the version that `package-lock.json` names.
pub(crate) fn hls_js() -> Vec<u8> {
    let file =
        concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/playback/node_modules/hls.js/dist/hls.min.js");
    std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}: tests/run installs it"))
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{error}: tests/run installs ffmpeg"))
}

/// What ffprobe says of a URL: the codec and width of its picture, or why there is none.
pub(crate) fn probe(url: &str) -> Result<(String, i64), String> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "stream=codec_name,width", "-of", "json", url]);
    let output = run(&mut command);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let stream = &told["streams"][0];
    Ok((stream["codec_name"].as_str().unwrap_or_default().to_owned(), stream["width"].as_i64().unwrap_or(0)))
}

/// How many seconds of a URL ffmpeg could decode before it ended.
pub(crate) fn decode(url: &str) -> Result<f64, String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-i", url, "-f", "null", "-progress", "pipe:1", "-"]);
    let output = run(&mut command);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let progress = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = progress.lines().filter_map(seconds).next_back();
    if output.status.success() && errors.is_empty() { last.ok_or(errors) } else { Err(errors) }
}

fn seconds(line: &str) -> Option<f64> {
    let microseconds: f64 = line.strip_prefix("out_time_us=")?.trim().parse().ok()?;
    Some(microseconds / 1e6)
}

/// A player that goes on until it is stopped, or can play no more.
pub(crate) struct Ffmpeg {
    child: Child,
    played: Arc<Mutex<f64>>,
}

impl Ffmpeg {
    pub(crate) fn start(url: &str) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args([
            "-v",
            "error",
            "-i",
            url,
            "-f",
            "null",
            "-stats_period",
            "0.2",
            "-progress",
            "pipe:1",
            "-",
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}: tests/run installs ffmpeg"));
        let (played, output) = (Arc::new(Mutex::new(0.0)), child.stdout.take().expect("its progress"));
        let telling = Arc::clone(&played);
        std::thread::spawn(move || {
            for seconds in
                BufReader::new(output).lines().map_while(Result::ok).filter_map(|line| seconds(&line))
            {
                *telling.lock().unwrap_or_else(PoisonError::into_inner) = seconds;
            }
        });
        Self { child, played }
    }

    /// Seconds played so far.
    pub(crate) fn played(&self) -> f64 {
        *self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many seconds more are played.
    #[track_caller]
    pub(crate) fn plays_on(&self, seconds: f64) {
        let (from, until) = (self.played(), Instant::now() + PATIENCE);
        while self.played() < from + seconds {
            assert!(Instant::now() < until, "it played {} s and no more", self.played());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until nothing more is played for some seconds.
    #[track_caller]
    pub(crate) fn stands_still(&self) {
        let until = Instant::now() + PATIENCE;
        let (mut last, mut since) = (self.played(), Instant::now());
        while since.elapsed() < Duration::from_secs(5) {
            assert!(Instant::now() < until, "it plays on");
            std::thread::sleep(Duration::from_millis(50));
            if self.played() > last {
                (last, since) = (self.played(), Instant::now());
            }
        }
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page with hls.js that plays a URL, in a Chromium of its own. It tells the streamer how it goes.
pub(crate) struct Page<'a> {
    streamer: &'a Streamer,
    child: Child,
    _profile: tempfile::TempDir,
    pub(crate) told: Vec<Value>,
}

const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>player</title>
<video id="video" muted playsinline width="160" height="120"></video>
<script src="/hls.js"></script>
<script>
const video = document.getElementById('video');
const tell = report => fetch('/report', {method: 'POST', body: JSON.stringify(report)});
addEventListener('error', event => tell({script: String(event.message)}));
const hls = new Hls();
hls.on(Hls.Events.ERROR, (_, data) => tell({
  error: data.details, fatal: data.fatal, status: data.response ? data.response.code : null}));
hls.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(error => tell({script: String(error)})));
setInterval(() => tell({at: video.currentTime, width: video.videoWidth, ended: video.ended}), 250);
hls.loadSource(URL_OF_THE_PLAY);
hls.attachMedia(video);
</script>"#;

impl<'a> Page<'a> {
    pub(crate) fn open(streamer: &'a Streamer, url: &str) -> Self {
        let url = serde_json::to_string(url).expect("JSON");
        streamer.set_page(PAGE.replace("URL_OF_THE_PLAY", &url));
        streamer.take_reports();
        let profile = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("chromium");
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ]);
        command.args([
            "--mute-audio",
            "--autoplay-policy=no-user-gesture-required",
            "--disable-background-networking",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        command.arg(format!("http://{}/player", streamer.address));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{error}: tests/run installs chromium"));
        Self { streamer, child, _profile: profile, told: Vec::new() }
    }

    /// Waits until its reports are as they should; answers those since the last call.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&[Value]) -> bool) {
        let until = Instant::now() + PATIENCE;
        self.told.clear();
        while !is_so(&self.told) {
            assert!(Instant::now() < until, "{what}: {:?} {:?}", self.told, self.streamer.asked());
            std::thread::sleep(Duration::from_millis(100));
            self.told.extend(self.streamer.take_reports());
        }
    }

    /// Waits until it has played so many seconds more.
    #[track_caller]
    pub(crate) fn plays_on(&mut self, seconds: f64) {
        let times =
            |told: &[Value]| told.iter().filter_map(|report| report["at"].as_f64()).collect::<Vec<_>>();
        self.until("it plays", |told| {
            let times = times(told);
            times.last().copied().unwrap_or(0.0) >= times.first().copied().unwrap_or(0.0) + seconds
        });
    }

    /// Waits until it was refused.
    #[track_caller]
    pub(crate) fn is_refused(&mut self) {
        self.until("it is refused", |told| told.iter().any(|report| report["status"] == 403));
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        // With all processes that it started.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}
