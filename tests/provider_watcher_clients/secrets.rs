//! What is said of calls, in the log and in faults, holds no key, no login, no number and no id.

use std::io;
use std::sync::{Mutex, Once};
use std::time::Duration;

use tokio::time::Instant;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::faults::{GRANT, KINDS, make, reset, world};
use super::watcher_double::{ADMIN, API_KEY, At, How, PASSWORD, When};

/// The log of this whole program: all tests together say nothing secret.
static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[derive(Clone)]
struct Kept;

/// Begins to keep the log, before anything is logged.
pub(super) fn keep_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::new("sdp_gateway=trace,reqwest=trace,hyper_util=info");
        let log = tracing_subscriber::fmt().with_writer(Kept).with_ansi(false).with_env_filter(filter);
        tracing::subscriber::set_global_default(log.finish()).expect("the first");
    });
}

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        KEPT.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Kept
    }
}

#[tokio::test]
async fn nothing_secret_is_said() {
    let mut said = String::new();
    let (double, clients) = world().await;
    for how in [None, Some(How::Status(500)), Some(How::Garbage), Some(How::Late), Some(How::CutOff)] {
        for kind in KINDS.into_iter().chain([GRANT]) {
            reset(&double);
            if let Some(how) = how {
                double.fail(At::All, When::After, how);
            }
            let deadline = Instant::now() + Duration::from_millis(if how.is_some() { 100 } else { 5000 });
            if let Err(fault) = make(&clients, kind, deadline).await {
                said += &format!("{fault} {fault:?}\n");
            }
        }
    }
    let log = String::from_utf8(KEPT.lock().unwrap().clone()).unwrap();
    let line = log
        .lines()
        .find(|line| {
            line.contains("method=POST") && line.contains("/folders/{}/users") && line.contains("status=")
        })
        .unwrap();
    for word in ["called", "provider=\"cams\"", "system=\"Watcher\"", "method=POST", "status=", "ms="] {
        assert!(line.contains(word), "{word}: {line}");
    }
    said += &log;
    let password = "unit-test-password";
    for secret in [API_KEY, PASSWORD, ADMIN, password, "84945989325", "sdp.example", "demo-cam", "o@example"]
    {
        assert!(!said.contains(secret), "{secret}");
    }
    let numbers = ["753", "754", "1156", "2297", "7360"];
    let words = |line: &str| line.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect();
    for line in said.lines().filter(|line| line.contains("sdp_gateway") || !line.contains("TRACE")) {
        // What is left of the time at the line's head, and of the one that the call took.
        let line = line.split_once("sdp_gateway").map_or(line, |(_, line)| line);
        let line = line.split_once(" ms=").map_or(line, |(line, _)| line);
        let words: Vec<String> = words(line);
        let id = numbers.iter().find(|id| words.iter().any(|word| word == *id));
        assert!(id.is_none(), "{id:?}: {line}");
    }
}

/// A failure's words may quote what was sent.
#[tokio::test]
async fn what_the_other_side_says_is_repeated_without_what_is_secret() {
    let (double, clients) = world().await;
    for how in [200, 400, 403, 500].map(How::Words) {
        for kind in KINDS.into_iter().chain([GRANT]) {
            reset(&double);
            // Each knows what it was sent.
            let sent = if kind.starts_with("billing") {
                format!("{ADMIN} or {PASSWORD}")
            } else {
                API_KEY.to_owned()
            };
            double.state().words = format!(
                "Login 84945989325@sdp.example or +84945989325 (0945989325) with {sent}\n\u{1b}[2J does not suit"
            );
            double.fail(At::Every(kind), When::Before, how);
            let Err(fault) = make(&clients, kind, super::soon()).await else { panic!("{kind}, {how:?}") };
            let said = format!("{fault} {fault:?}");
            for secret in ["94945989325", "45989325", "sdp.example", API_KEY, ADMIN, PASSWORD, "\n", "\u{1b}"]
            {
                assert!(!said.contains(secret), "{kind}, {how:?}: {secret:?} in {said}");
            }
            assert!(fault.to_string().contains("does not suit"), "{kind}, {how:?}: {fault}");
        }
    }
}

#[tokio::test]
async fn what_is_printed_of_an_answer_masks_itself() {
    let (_double, clients) = world().await;
    let camera = clients.watcher.camera("demo-cam-219c36899q", super::soon()).await.unwrap().unwrap();
    assert!(camera.playback_token.is_some() && !format!("{camera:?}").contains("3.fake"));
    let users = clients.watcher.users(super::soon()).await.unwrap();
    assert!(!users.is_empty() && !format!("{users:?}").contains("demo@example.org"));
    let members =
        clients.watcher.members(sdp_gateway::ids::vsaas::OrganizationId(753), super::soon()).await.unwrap();
    assert!(!members.is_empty() && !format!("{members:?}").contains("demo@example.org"));
}
