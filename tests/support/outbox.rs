//! Gateways with offers of a test's own, devices bound beside them, and what their outbox holds. The
//! including test also includes `gateway` and `said`.
#![allow(dead_code, unreachable_pub, reason = "no test uses all of it")]

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use sdp_gateway::app;
use sdp_gateway::catalog::{GrantKind, Storage};
use sdp_gateway::clock::{Clock, Timestamp};
use sdp_gateway::config::Config;
use sdp_gateway::ids::{DeviceId, Msisdn, UserAccount};
use sdp_gateway::ledger::Ledger;
use sdp_gateway::ledger::fulfil::{Bind, Bound};
use sdp_gateway::stock::CodeText;
use sdp_gateway::stock::{About, Code};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::gateway::{Gateway, PATIENCE, ledger};
use crate::said::{DAY, SERVICE};

/// A second service, for offers of another provider.
pub const OTHER: &str = "1000161";

/// Settings over offers for pairs of service and provider; `more` is the test's own part.
pub fn settings(folder: &Path, offers: &[(&str, &str)], more: &str) -> String {
    let offer = |(service, provider): &(&str, &str)| {
        format!(
            "[[offer]]\nid = 'offer-{service}'\nname = 'An offer'\nservice_id = '{service}'\npackage_id = '{DAY}'\n\
             exclusive = true\nperiod = 'day'\nprice = 3000\ncurrency = 'VND'\nrenewal_grace_days = 0\n\
             [[offer.grant]]\nkind = 'cloud'\nstorage = 'event'\nretention_days = 7\ndevices_max = 1\n\
             delivery = 'device'\nprovider = '{provider}'\nsettings = {{ package_id = 'pkg-7d' }}\n"
        )
    };
    let catalog = folder.join("offers.toml");
    std::fs::write(&catalog, offers.iter().map(offer).collect::<String>()).expect("written");
    format!("[catalog]\npath = '{}'\n{more}", catalog.display())
}

/// The usual offer, of one provider.
pub fn of_provider(folder: &Path, provider: &str, more: &str) -> String {
    settings(folder, &[(SERVICE, provider)], more)
}

/// Short pauses between attempts.
pub const HASTY: &str = "[worker]\nbackoff_ms_min = 20\nbackoff_s_max = 1\nlease_s = 2\n";

/// Waits for a future of the library, or for a double to start, on a runtime that all tests share: the tests
/// themselves are plain, as the gateway is another process.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
    RUNTIME.block_on(future)
}

/// The ledger of a folder's gateways, beside them.
pub fn beside(folder: &Path) -> Ledger {
    let url = ledger::Ledger::of(folder).url();
    let env = std::iter::once(("SDP_GATEWAY__LEDGER__URL".to_owned(), url));
    let config = Config::load(Some(&folder.join("settings.toml")), env).expect("settings");
    let rules = app::rules(&config).expect("rules");
    wait(Ledger::open(&app::ledger_settings(&config), rules, Clock::system())).expect("the ledger")
}

/// Binds a device to a number.
pub fn bind(ledger: &Ledger, msisdn: &str, device: &str, account: &str) {
    let bind = Bind {
        device: DeviceId::parse(device).expect("a device"),
        account: UserAccount::parse(account).expect("an account"),
        msisdn: Some(Msisdn::parse(msisdn).expect("a number")),
        camera: None,
        now: Clock::system().now(),
    };
    assert_eq!(wait(ledger.write(bind)).expect("kept"), Bound::Bound);
}

/// The nth number, with a device bound to it.
pub fn bound(ledger: &Ledger, n: usize) -> String {
    let msisdn = format!("8494510{n:04}");
    bind(ledger, &msisdn, &format!("cam-{n}"), &format!("{msisdn}@sdp.example"));
    msisdn
}

/// Codes as they come into stock, of cloud storage for thirty days.
pub fn stocked(ledger: &Ledger, provider: &str, texts: &[&str]) -> Vec<Code> {
    let code = |text: &&str| {
        let about = About {
            kind: GrantKind::Cloud,
            days: 30,
            storage: Some(Storage::Event),
            retention_days: Some(7),
            provider: provider.to_owned(),
            package: None,
            voucher: None,
            batch: "test".to_owned(),
            expires_at: None,
            tenant: None,
        };
        let text = CodeText::parse(text).expect("a code");
        about.code(&text, ledger.vault(), Timestamp(0)).expect("sealed")
    };
    texts.iter().map(code).collect()
}

/// The tasks that a query of the list finds, the oldest first.
pub fn tasks(gateway: &Gateway, query: &str) -> Vec<Value> {
    let answer = gateway.admin(&format!("/api/v1/tasks?limit=500&{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut tasks = answer.json()["tasks"].as_array().expect("a list").clone();
    tasks.reverse();
    tasks
}

/// Action and state of a number's tasks, the oldest first.
pub fn states(gateway: &Gateway, msisdn: &str) -> Vec<String> {
    let word = |task: &Value| {
        format!("{} {}", task["action"].as_str().expect("one"), task["state"].as_str().expect("one"))
    };
    tasks(gateway, &format!("msisdn={msisdn}")).iter().map(word).collect()
}

/// Waits until something is so; tells after how long.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
    began.elapsed()
}

/// Waits until a number's tasks are in these states.
#[track_caller]
pub fn until_states(gateway: &Gateway, msisdn: &str, expected: &[&str]) {
    let mut seen = Vec::new();
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        seen = states(gateway, msisdn);
        if seen == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{msisdn}: {seen:?}, not {expected:?}\n{}", gateway.log());
}

/// What a command of the binary prints beside a gateway; it must end well.
#[track_caller]
pub fn printed(gateway: &Gateway, arguments: &[&str]) -> String {
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).expect("settings");
    let ran = Gateway::cli(&gateway.folder, &settings).args(arguments).output().expect("it runs");
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

/// The value of a metric's line.
pub fn metric(gateway: &Gateway, line: &str) -> f64 {
    let text = gateway.admin("/metrics").text();
    let value = text.lines().find_map(|own| own.strip_prefix(line)?.strip_prefix(' '));
    value.map_or(0.0, |value| value.parse().expect("a number"))
}

/// A worker beside the gateways of a folder.
pub struct Work(pub Child);

impl Work {
    /// Starts it with the folder's settings and waits until it works. Its log goes into `work-N.log`.
    pub fn start(folder: &Path, n: u32) -> Self {
        let settings = std::fs::read_to_string(folder.join("settings.toml")).expect("settings");
        let mut command: Command = Gateway::cli(folder, &settings);
        let log = folder.join(format!("work-{n}.log"));
        let file = std::fs::File::options().create(true).append(true).open(&log).expect("a log");
        let before = std::fs::read_to_string(&log).expect("a log").len();
        command.env("SDP_GATEWAY__WORKER__ENABLED", "true");
        let child = command.arg("work").stdout(Stdio::null()).stderr(file).spawn().expect("it starts");
        until("the worker starts", || {
            std::fs::read_to_string(&log).is_ok_and(|text| text[before..].contains("working"))
        });
        Self(child)
    }

    /// Asks it to stop and waits.
    pub fn stop(mut self) -> ExitStatus {
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        self.0.wait().expect("its end")
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("its end");
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
