//! `codes generate`, `import` and `list` beside a running gateway: what they print, what they refuse, and
//! that what they put in stock can be redeemed at once.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/signed.rs"]
mod signed;

#[path = "codes_commands/import.rs"]
mod import;
#[path = "codes_commands/vouchers.rs"]
mod vouchers;

use std::collections::HashSet;

use gateway::{Gateway, Ledger};
use serde_json::{Value, json};
use signed::{EFFECT, PARTNER, ask, redeem};

/// How a command ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    #[track_caller]
    fn check(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.check(0).out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

fn codes(gateway: &Gateway, arguments: &str) -> Ended {
    codes_with(gateway, SETTINGS, arguments)
}

fn codes_with(gateway: &Gateway, settings: &str, arguments: &str) -> Ended {
    let mut command = Gateway::cli(&gateway.folder, settings);
    let output = command.arg("codes").args(arguments.split_whitespace()).output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let code = output.status.code().expect("an exit code");
    Ended { code, out: text(output.stdout), err: text(output.stderr) }
}

const SETTINGS: &str = "[[partner]]\nname = 'app'\ntoken = 'app-token'\nkey = 'pk-test'\n\
    secrets = ['unit-test-partner-secret']\n\
    [providers.rehearsal]\nkind = 'scripted'\n\
    [providers.cams]\nkind = 'watcher'\nbase_url = 'http://127.0.0.1:9'\napi_key = 'key'\norganization_id = 7\n\
    default_preset_id = 1\nlogin_domain = 'sdp.example'\n\
    [providers.orders]\nkind = 'activation'\nmode = 'order'\nbase_url = 'http://127.0.0.1:9'\npartner_key = 'pk-test'\n\
    partner_secret = 'unit-test-partner-secret'\nsource_app = 72\n\
    [providers.meari]\nkind = 'activation'\nbase_url = 'http://127.0.0.1:9'\npartner_key = 'pk-test'\n\
    partner_secret = 'unit-test-partner-secret'\nsource_app = 72\n";

/// What `codes list` counts, without the batch: kind, provider, state, how many.
fn counts(gateway: &Gateway) -> Vec<(String, String, String, i64)> {
    let listed = codes(gateway, "list --json").json();
    let word = |row: &Value, key: &str| row[key].as_str().expect("a word").to_owned();
    let row = |row: &Value| {
        let many = row["codes"].as_i64().expect("a count");
        (word(row, "kind"), word(row, "provider"), word(row, "state"), many)
    };
    listed["codes"].as_array().expect("a list").iter().map(row).collect()
}

#[test]
fn codes_are_printed_once_and_work_at_once() {
    let gateway = Gateway::start(SETTINGS);
    let made = codes(&gateway, "generate --kind cloud --count 3 --days 30 --batch spring --json").json();
    assert_eq!(made["batch"], "spring");
    let all = made["codes"].as_array().expect("a list");
    assert_eq!(all.len(), 3);
    for code in all {
        let text = code["code"].as_str().expect("a code");
        assert_eq!(*code, json!({"code": text, "kind": "cloud", "days": 30}));
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4], "{text}");
    }
    let first = all[0]["code"].as_str().expect("a code");
    assert_eq!(redeem("ann", "cam-1", first, "0").code(&gateway), "1001");
    let listed = codes(&gateway, "list --json").json();
    let row = |state: &str, many: i64| json!({"batch": "spring", "kind": "cloud", "provider": "local", "state": state, "codes": many});
    assert_eq!(listed, json!({"codes": [row("unused", 2), row("used", 1)]}));
    let table = codes(&gateway, "list").check(0).out.clone();
    assert!(table.starts_with("batch ") && table.lines().count() == 3, "{table}");
    assert!(!table.contains(first) && !listed.to_string().contains(first));
    let stats = gateway.admin("/api/v1/stats").json();
    assert_eq!(stats["codes"], json!({"cloud": 2}));
}

#[test]
fn without_json_one_a_line_and_nothing_else() {
    let gateway = Gateway::start(SETTINGS);
    let made = codes(&gateway, "generate --kind 4g --count 501 --days 1");
    assert_eq!(made.check(0).out.lines().count(), 501);
    assert!(made.out.lines().all(|line| line.len() == 19), "{}", made.out);
    assert!(made.err.contains("501 codes in batch") && made.err.contains("plain text"), "{}", made.err);
    let last = made.out.lines().last().expect("a code");
    assert_eq!(redeem("ann", "cam-1", last, "2").code(&gateway), "1001");
}

#[test]
fn what_a_code_gives_is_what_was_said() {
    let gateway = Gateway::start(SETTINGS);
    let options = "--storage continuous --retention-days 14 --package pkg-7d --expires 2999-01-01T00:00:00Z";
    let made = codes(&gateway, &format!("generate --kind cloud --count 1 --days 7 {options} --json")).json();
    let rows = Ledger::of(&gateway.folder).rows(
        "SELECT kind, CAST(days AS TEXT), storage, CAST(retention_days AS TEXT), package, provider, state, \
         CAST(expires_at AS TEXT) FROM code",
    );
    let row: Vec<_> = rows.into_iter().flatten().flatten().collect();
    assert_eq!(row, ["cloud", "7", "continuous", "14", "pkg-7d", "local", "unused", "32472144000000"]);
    let code = made["codes"][0]["code"].as_str().expect("a code");
    assert_eq!(redeem("ann", "cam-1", code, "0").code(&gateway), "1001");
    let service = ask(EFFECT, "ann", "cam-1").result(&gateway)["data"][0].clone();
    let ms = |field: &str| service[field].as_i64().expect("milliseconds");
    assert_eq!(ms("serverEndTime") - ms("serverStartTime"), 7 * 86_400_000);
    codes(&gateway, "generate --kind ai --count 2 --days 7 --provider rehearsal --batch b").check(0);
    assert!(counts(&gateway).contains(&("ai".into(), "rehearsal".into(), "unused".into(), 2)));
}

#[test]
fn what_has_expired_is_no_stock() {
    let gateway = Gateway::start(SETTINGS);
    let soon = (chrono::Utc::now() + chrono::Duration::seconds(3))
        .to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let made = codes(&gateway, &format!("generate --kind ai --count 3 --days 7 --batch a --expires {soon}"));
    codes(&gateway, "generate --kind ai --count 2 --days 7 --batch a --expires 2999-01-01T00:00:00Z")
        .check(0);
    let first = made.check(0).out.lines().next().expect("a code").to_owned();
    let row = |state: &str, many| ("ai".to_owned(), "local".to_owned(), state.to_owned(), many);
    let until = std::time::Instant::now() + gateway::PATIENCE;
    while counts(&gateway) != [row("expired", 3), row("unused", 2)] {
        assert!(std::time::Instant::now() < until, "{:?}", counts(&gateway));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert_eq!(redeem("ann", "cam-1", &first, "1").code(&gateway), "1068");
    assert_eq!(gateway.admin("/api/v1/stats").json()["codes"], json!({"ai": 2}));
    let metrics = gateway.admin("/metrics").text();
    assert!(metrics.contains("sdp_gateway_codes_unused{kind=\"ai\"} 2"), "{metrics}");
}

#[test]
fn a_hundred_thousand_codes_are_a_hundred_thousand() {
    let gateway = Gateway::start(SETTINGS);
    let made = codes(&gateway, "generate --kind ai --count 100000 --days 30 --batch many");
    let texts: HashSet<&str> = made.check(0).out.lines().collect();
    assert_eq!(texts.len(), 100_000);
    assert_eq!(counts(&gateway), [("ai".into(), "local".into(), "unused".into(), 100_000)]);
    let metrics = gateway.admin("/metrics").text();
    assert!(metrics.contains("sdp_gateway_codes_unused{kind=\"ai\"} 100000"), "{metrics}");
}

#[test]
fn two_makers_at_once_and_notices_between() {
    let gateway = Gateway::start(SETTINGS);
    std::thread::scope(|scope| {
        let make = |kind: &'static str| {
            let gateway = &gateway;
            scope.spawn(move || {
                codes(gateway, &format!("generate --kind {kind} --count 5000 --days 1")).check(0);
            })
        };
        let makers = [make("ai"), make("4g")];
        while makers.iter().any(|maker| !maker.is_finished()) {
            assert_eq!(ask(EFFECT, "ann", "cam-1").with("signatureNonce", &nonce()).code(&gateway), "1007");
        }
    });
    let many: Vec<i64> = counts(&gateway).into_iter().map(|(.., many)| many).collect();
    assert_eq!(many, [5000, 5000]);
}

/// A write of the ledger's, between those of the commands.
fn nonce() -> String {
    format!("n-{:?}", std::time::SystemTime::now())
}

#[test]
fn wrong_usage_ends_with_two_and_makes_nothing() {
    let gateway = Gateway::start(SETTINGS);
    for arguments in [
        "generate --kind cloud --count 1",
        "generate --kind cloud --days 1",
        "generate --count 1 --days 1",
        "generate --kind video --count 1 --days 1",
        "generate --kind cloud --count 0 --days 1",
        "generate --kind cloud --count 1000001 --days 1",
        "generate --kind cloud --count 1 --days 0",
        "generate --kind cloud --count 1 --days 3651",
        "generate --kind ai --count 1 --days 1 --storage event",
        "generate --kind 4g --count 1 --days 1 --retention-days 7",
        "generate --kind cloud --count 1 --days 1 --storage all",
        "generate --kind cloud --count 1 --days 1 --batch a/b",
        "generate --kind cloud --count 1 --days 1 --expires tomorrow",
        "generate --kind cloud --count 1 --days 1 --expires 2001-01-01T00:00:00Z",
        "generate --kind ai --count 1 --days 1 --package a/b",
        "generate --kind ai --count 1 --days 1 --provider orders",
        "generate --kind cloud --count 1 --days 1 --provider cams --package abc",
        "import",
        "forget",
    ] {
        let ended = codes(&gateway, arguments);
        assert!(ended.check(2).out.is_empty(), "{arguments}");
    }
    for provider in ["nobody", "meari"] {
        let ended = codes(&gateway, &format!("generate --kind ai --count 1 --days 1 --provider {provider}"));
        assert!(ended.check(1).err.contains(provider) && ended.out.is_empty(), "{}", ended.err);
    }
    assert_eq!(counts(&gateway), []);
}

#[test]
fn with_a_key_set_later_earlier_codes_still_work() {
    let folder = gateway::Folder::new();
    let made = |settings: &str| -> String {
        let mut command = Gateway::cli(folder.path(), settings);
        command.args(["codes", "generate", "--kind", "cloud", "--count", "1", "--days", "1"]);
        let output = command.output().expect("the command runs");
        let plain = String::from_utf8_lossy(&output.stderr).contains("plain text");
        assert_eq!(plain, !settings.contains("key_file"));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let gateway = Gateway::start_in(folder.path(), PARTNER);
    let early = made(PARTNER);
    assert!(gateway.stop().success());
    std::fs::write(folder.path().join("codes.key"), [7; 32]).expect("a key");
    let settings = format!("{PARTNER}[codes]\nkey_file = 'codes.key'\n");
    let gateway = Gateway::start_in(folder.path(), &settings);
    let late = made(&settings);
    for code in [early, late] {
        assert_eq!(redeem("ann", "cam-1", &code, "0").code(&gateway), "1001");
    }
}

#[test]
fn whose_codes_are_is_said_and_listed() {
    let gateway = Gateway::start(SETTINGS);
    let run = |settings: &str, arguments: &str| codes_with(&gateway, settings, arguments);
    let settings = format!("{SETTINGS}[[partner]]\nname = 'b'\ntoken = 'b-token'\ntenant = 'Reseller-B'\n");
    let generate = "generate --kind ai --count 1 --days 7 --batch spring";
    let unknown = run(SETTINGS, &format!("{generate} --tenant reseller-b"));
    assert!(
        unknown.check(1).err.contains("no [[partner]] of the settings is of the tenant reseller-b"),
        "{}",
        unknown.err
    );
    run(&settings, &format!("{generate} --tenant a/b")).check(2);
    run(&settings, &format!("{generate} --tenant reseller-b")).check(0);
    run(&settings, generate).check(0);
    std::fs::write(gateway.folder.join("codes.csv"), "STOCK-00001,ai,7\n").expect("written");
    let import = format!("import {} --batch bought", gateway.folder.join("codes.csv").display());
    run(&settings, &format!("{import} --tenant RESELLER-B")).check(0);
    let again = run(&settings, &import);
    assert!(again.check(1).err.contains("batch bought, tenant reseller-b"), "{}", again.err);
    let row = |batch: &str, tenant: Option<&str>| json!({"batch": batch, "kind": "ai", "provider": "local", "state": "unused", "codes": 1, "tenant": tenant});
    let rows = [row("bought", Some("reseller-b")), row("spring", None), row("spring", Some("reseller-b"))];
    assert_eq!(run(&settings, "list --json").json(), json!({"codes": rows}));
    let table = run(&settings, "list");
    assert!(table.check(0).out.lines().next().is_some_and(|line| line.ends_with("tenant")), "{}", table.out);
}
