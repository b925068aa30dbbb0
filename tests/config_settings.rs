//! The settings file and its faults, through the public door only.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "payments/kit.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod kit;

use std::path::{Path, PathBuf};

use sdp_gateway::config::{
    CheckAnswers, Config, DEFAULT_TOML, FailedResult, LedgerUrl, LogFormat, Mode, SendAs,
};
use secrecy::ExposeSecret;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn load(path: &Path) -> Result<Config, String> {
    Config::load(Some(path), std::iter::empty()).map_err(|faults| faults.to_string())
}

fn read(text: &str) -> Config {
    load(&Folder::new().write("gateway.toml", text)).unwrap()
}

/// The faults of a file, `FILE` for its path.
fn faults(text: &str) -> Vec<String> {
    let folder = Folder::new();
    let path = folder.write("gateway.toml", text);
    let report = load(&path).expect_err("faults").replace(&path.display().to_string(), "FILE");
    let report = report.replace(&folder.0.path().display().to_string(), "DIR");
    without_lines(&report).lines().map(str::to_owned).collect()
}

/// The places of a report without their lines, which have a test of their own.
fn without_lines(report: &str) -> String {
    let mut parts = report.split("FILE:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = if digits > 0 { &part[digits + 1..] } else { part };
        format!("{told}FILE:{rest}")
    })
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(faults(text), expected, "{text}");
}

#[test]
fn the_defaults() {
    let config = Config::defaults();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.public_url, None);
    assert_eq!((config.server.body_bytes_max, config.server.connections_max), (65536, 10000));
    assert_eq!((config.server.header_timeout_ms, config.server.request_timeout_ms), (10000, 15000));
    assert_eq!(config.server.idle_timeout_ms, 75000);
    assert_eq!((config.server.connections_per_address_max, config.server.shutdown_timeout_ms), (1000, 10000));
    assert_eq!(config.carrier.listen, None);
    assert_eq!(format!("{:?}", config.carrier.allow), "[127.0.0.0/8, ::1/128]");
    assert!(config.carrier.trusted_proxies.is_empty() && config.carrier.caller.is_empty());
    assert_eq!(config.carrier.utc_offset.local_minus_utc(), 7 * 3600);
    assert_eq!(config.carrier.check_answers, CheckAnswers::MayRegister);
    assert_eq!(config.carrier.failed_result, FailedResult::Hold);
    assert_eq!((config.carrier.check_error_status, config.carrier.renewal_grace_days), (1, 35));
    assert!(!config.carrier.record_only);
    assert_eq!((config.limits.carrier_per_second, config.limits.partner_per_second), (0, 0));
    assert_eq!(config.limits.bad_signature_per_second, 10);
    assert_eq!((config.activation.clock_skew_s, config.activation.require_nonce), (300, false));
    assert!(config.codes.key_file.is_none() && config.codes.key.is_none());
    let flussonic = &config.flussonic;
    assert!(flussonic.key.is_none() && flussonic.token_secret.is_none() && !flussonic.is_open());
    assert_eq!(format!("{:?}", flussonic.allow), "[127.0.0.0/8, ::1/128]");
    let seconds = (flussonic.auth_duration_s, flussonic.token_life_s);
    assert_eq!((seconds, flussonic.sessions_max), ((60, 10_800), 16));
    assert_eq!((config.keep_days_after_end("local"), config.keep_days_after_end("gone")), (7, 7));
    assert_eq!((config.worker.lease_s, config.worker.attempts_max), (60, 12));
    assert_eq!((config.worker.backoff_ms_min, config.worker.backoff_s_max), (500, 3600));
    assert!(config.catalog.is_default());
    assert!(matches!(&config.ledger.url, LedgerUrl::Sqlite(path) if path.as_os_str() == "data/gateway.db"));
    assert_eq!(config.ledger.queue_max, 4096);
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:8081");
    assert!(config.admin.token.is_none() && config.admin.hosts.is_empty());
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(config.partner.is_empty() && config.worker.enabled);
    assert_eq!(config.providers.keys().collect::<Vec<_>>(), ["local"]);
    let local = &config.providers["local"];
    assert_eq!((local.concurrency, local.per_second, local.timeout_ms), (4, 0, 10_000));
    assert_eq!((local.breaker_failures, local.breaker_open_s), (10, 30));
}

/// What stands behind a `#` in the manual is a setting too: all examples together must load.
#[test]
fn the_examples_of_the_manual_load() {
    let is_example = |line: &str| {
        let rest = line.strip_prefix("# ").unwrap_or_default();
        let word = rest.split(" = ").next().unwrap_or_default();
        rest.starts_with('[') && rest.ends_with(']')
            || (rest.contains(" = ") && !word.contains(' ') && !word.starts_with("SDP"))
    };
    let bare = DEFAULT_TOML.lines().map(|line| if is_example(line) { &line[2..] } else { line });
    let text: String = bare.map(|line| format!("{line}\n")).collect();
    let folder = Folder::new();
    let key = folder.write("codes.key", &"0f".repeat(32)).display().to_string();
    let own = |text: String, key: &str, value: &str| {
        text.replace(&format!("{key} = \"...\""), &format!("{key} = '''{value}'''"))
    };
    let text = own(text, "\nprivate_key", &kit::MERCHANT.pkcs8);
    let text = own(text, "public_key", &kit::VENDOR.public);
    let serial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
    let text = own(text, "certificate", &kit::CERTIFIED.certificate(serial));
    let config = read(&text.replace("key_file = \"...\"", &format!("key_file = '{key}'")));
    assert!(config.codes.key.is_some());
    let remote = config.providers["meari"].activation().unwrap();
    assert_eq!((remote.send_as, remote.mode, remote.source_app), (SendAs::Form, Mode::Code, 72));
    let cams = &config.providers["cams"];
    assert_eq!((cams.watcher().unwrap().retention_keep_days, cams.reconcile_every_s), (7, Some(0)));
    assert_eq!(config.keep_days_after_end("cams"), 7);
    assert_eq!(cams.billing().unwrap().domain_id, "000");
    assert_eq!(config.providers["test"].script.as_ref().map(Vec::len), Some(2));
    assert_eq!(config.partner[0].key.as_deref(), Some("pk-test"));
    assert_eq!(config.carrier.caller[0].username.as_deref(), Some("vascloud"));
    assert_eq!(config.carrier.check_answers_for(Some("web")), CheckAnswers::IsSubscribed);
    assert!(config.server.public_url.is_some() && config.carrier.listen.is_some());
    assert!(config.admin.token.is_some());
    assert!(config.flussonic.token_secret.is_some() && config.flussonic.key.is_some());
    let payments = &config.payments;
    assert!(payments.sdp.is_some() && payments.alipay.is_some());
    assert_eq!(payments.wechat.as_ref().map(|wechat| wechat.verify.len()), Some(2));
}

#[test]
fn a_file_overlays_the_defaults() {
    let config = read(
        "[server]\nlisten = '0.0.0.0:0'\n[carrier]\nallow = ['10.1.2.3', '10.9.9.9/8', '::ffff:10.0.0.0/104', 'fd00::1']\n\
         utc_offset = '-03:30'\n[carrier.channels]\nsms = { check_answers = 'is_subscribed' }\n[limits]\n",
    );
    assert_eq!(config.server.listen.port(), 0);
    assert_eq!(config.server.body_bytes_max, 65536);
    assert_eq!(format!("{:?}", config.carrier.allow), "[10.1.2.3/32, 10.0.0.0/8, 10.0.0.0/8, fd00::1/128]");
    assert_eq!(config.carrier.utc_offset.local_minus_utc(), -12_600);
    assert_eq!(config.carrier.check_answers_for(Some("SMS")), CheckAnswers::IsSubscribed);
    assert_eq!(config.carrier.check_answers_for(Some("Sms")), CheckAnswers::IsSubscribed);
    assert_eq!(config.carrier.check_answers_for(Some("WAP")), CheckAnswers::MayRegister);
    assert_eq!(config.carrier.check_answers_for(None), CheckAnswers::MayRegister);
}

#[test]
fn all_faults_are_listed_at_once() {
    check(
        "stray = 1\n[sever]\nlisten = 'x'\n[server]\nlisten = 'localhost'\nbody_bytes_max = 12\nheader_timeout_ms = -1\n\
         request_timeout_ms = '15s'\npublic_url = 'sdp.example'\nport = 80\n\
         [carrier]\nallow = ['10.0.0.0/33', 'x', '::1']\nutc_offset = '7'\nfailed_result = 'drop'\n\
         record_only = 'yes'\ncheck_error_status = 2\nrenewal_grace_days = 4000\n\
         [carrier.channels.WEB]\ncheck_answers = 'maybe'\n[carrier.channels.WAP]\nanswers = 1\ncheck_answers = 'may_register'\n\
         [log]\nformat = 'xml'\n[worker]\n[no_such]\n",
        &[
            r#"FILE: server.header_timeout_ms: invalid value: integer `-1`, expected a whole number, 0 or more"#,
            r#"FILE: server.listen: not of the form ADDRESS:PORT"#,
            r#"FILE: server.port: unknown key"#,
            r#"FILE: server.request_timeout_ms: invalid type: string "15s", expected a whole number, 0 or more"#,
            r#"FILE: carrier.allow: "10.0.0.0/33", "x": no network (10.0.0.0/8) and no address"#,
            r#"FILE: carrier.channels.WAP.answers: unknown key"#,
            r#"FILE: carrier.channels.WEB.check_answers: "maybe" is none of may_register, is_subscribed"#,
            r#"FILE: carrier.failed_result: "drop" is none of hold, apply, ignore"#,
            r#"FILE: carrier.record_only: invalid type: string "yes", expected true or false"#,
            r#"FILE: carrier.utc_offset: "7" is not of the form +07:00, at most 14 hours"#,
            r#"FILE: log.format: "xml" is none of text, json"#,
            r#"FILE: server.body_bytes_max: 12 is not from 1024 to 16777216"#,
            r#"FILE: server.public_url: is not of the form https://HOST[:PORT][/PATH], without a trailing /"#,
            r#"FILE: carrier.check_error_status: 2 is not from 0 to 1"#,
            r#"FILE: carrier.renewal_grace_days: 4000 is not from 0 to 3650"#,
            r#"FILE: no_such: unknown key"#,
            r#"FILE: sever.listen: unknown key"#,
            r#"FILE: stray: unknown key"#,
        ],
    );
}

#[test]
fn a_file_that_cannot_be_read() {
    let report = load(Path::new("/no/such/gateway.toml")).expect_err("a fault");
    assert!(report.starts_with("/no/such/gateway.toml: cannot be read: "), "{report}");
    check("[admin]\ntoken = \"s3cret\nlisten = 1\n", &["FILE: invalid basic string, expected `\"`"]);
    check("server = 5\n", &["FILE: server: is a section: [server], with keys below it"]);
    check(
        "[partner]\nname = 'app'\n",
        &["FILE: partner.name: is a list of tables, each under its [[heading]] in double brackets"],
    );
}

#[test]
fn listeners_and_ledger() {
    check(
        "[admin]\nlisten = '0.0.0.0:8081'\n",
        &["FILE: admin.listen: 0.0.0.0:8081 is not loopback: set admin.token too"],
    );
    read("[admin]\nlisten = '0.0.0.0:8081'\ntoken = 't'\n");
    read(
        "[admin]\nlisten = '[::1]:8081'\nhosts = ['Console.Example.', '10.0.0.1', 'fd00::1', '[fd00::2]']\n",
    );
    check(
        "[admin]\ntoken = 'a b'\nhosts = ['Console', 'a:1', 'https://x', '']\n",
        &[
            "FILE: admin.hosts: \"a:1\", \"https://x\", \"\": no host name and no address, or with a port",
            "FILE: admin.token: holds a blank or a character outside ASCII",
        ],
    );
    check(
        "[admin]\ntoken = ''\nlisten = '127.0.0.1:8080'\n[carrier]\nlisten = '127.0.0.1:8080'\n",
        &[
            "FILE: carrier.listen: 127.0.0.1:8080 is another listener's address too",
            "FILE: admin.listen: 127.0.0.1:8080 is another listener's address too",
            "FILE: admin.token: is empty",
        ],
    );
    check(
        "[ledger]\nurl = 'postgres://u:hidden@db'\n",
        &["FILE: ledger.url: names no database after its hosts: postgres://USER@HOST/DATABASE"],
    );
    check(
        "[ledger]\nurl = 'postgres://u:hidden@/x'\n",
        &["FILE: ledger.url: postgres:// is not followed by USER@HOST/DATABASE"],
    );
    check(
        "[ledger]\nurl = 'data.db'\nqueue_max = 0\n",
        &[
            "FILE: ledger.url: is neither sqlite://PATH nor postgres://…",
            "FILE: ledger.queue_max: 0 is not from 1 to 1000000",
        ],
    );
    let url = |text: &str| read(&format!("[ledger]\nurl = '{text}'\n")).ledger.url.to_string();
    assert_eq!(url("sqlite:///var/x.db"), "sqlite:///var/x.db");
    let shown = "postgres://u@db1,db2:5433/x";
    assert_eq!(url("postgres://u:hidden@db1,db2:5433/x?sslmode=require&password=hidden"), shown);
}

#[test]
fn callers_and_their_faults() {
    check(
        "[[carrier.caller]]\nname = 'carrier'\nallow = ['10.0.0.1']\n[[carrier.caller]]\nname = 'a'\nusername = 'u'\n\
         [[carrier.caller]]\nname = 'a'\nallow = ['x']\npassword = 'p'\n[[carrier.caller]]\nallow = ['10.0.0.2']\n\
         username = 'u:v'\npassword = ''\nuser = 1\n",
        &[
            "FILE: carrier.caller[3].allow: \"x\": no network (10.0.0.0/8) and no address",
            "FILE: carrier.caller[4].user: unknown key",
            "FILE: carrier.caller[1].name: \"carrier\" is the name of the caller of carrier.allow too",
            "FILE: carrier.caller[2].allow: names no network: nobody could call",
            "FILE: carrier.caller[2].username: is given without a password",
            "FILE: carrier.caller[3].name: \"a\" is the name of carrier.caller[2] too",
            "FILE: carrier.caller[3].password: is given without a username",
            "FILE: carrier.caller[4].name: is missing or empty",
            "FILE: carrier.caller[4].username: is empty or holds a colon, which Basic credentials cannot carry",
            "FILE: carrier.caller[4].password: is empty",
        ],
    );
}

#[test]
fn tenants_and_their_faults() {
    check(
        "[[partner]]\nname = 'a'\ntoken = 't'\ntenant = ''\n\
         [[partner]]\nname = 'b'\ntoken = 'u'\ntenant = 'a/b'\nservices = ['1', ' 2', '', '1']\n\
         [[partner]]\nname = 'c'\ntoken = 'v'\ntenant = ['x']\nservices = 1000625\n",
        &[
            "FILE: partner[1].tenant: \"\" is not 1 to 64 of A-Z a-z 0-9 . - _",
            "FILE: partner[2].tenant: \"a/b\" is not 1 to 64 of A-Z a-z 0-9 . - _",
            "FILE: partner[3].services: invalid type: integer `1000625`, expected a list",
            "FILE: partner[3].tenant: invalid type: sequence, expected text in quotes",
            "FILE: partner[2].services: \" 2\" is empty or has blanks around it",
            "FILE: partner[2].services: \"\" is empty or has blanks around it",
            "FILE: partner[2].services: \"1\" is given twice",
        ],
    );
}

#[test]
fn partners_and_their_faults() {
    check(
        "[[partner]]\nname = 'app'\ntoken = 'hidden'\nkey = 'k'\nsecrets = ['s']\n\
         [[partner]]\nname = 'app'\ntoken = 'hidden'\nkey = 'k'\nsecrets = 's3cret'\n\
         [[partner]]\nname = 'b'\nkey = 'l'\n[[partner]]\nname = 'c'\nsecrets = ['']\n[[partner]]\nname = 'd d'\n\
         [[partner]]\nname = 'e'\ntoken = 12345\n",
        &[
            "FILE: partner[2].secrets: is not text in quotes, or a list of such",
            "FILE: partner[6].token: is not text in quotes, or a list of such",
            "FILE: partner[2].name: is the name of partner[1] too",
            "FILE: partner[2].token: is the token of partner[1] too",
            "FILE: partner[2].key: is the key of partner[1] too",
            "FILE: partner[3].key: is given without secrets",
            "FILE: partner[4].secrets: holds an empty one",
            "FILE: partner[4].secrets: are given without a key",
            "FILE: partner[5].name: is not 1 to 64 of A-Z a-z 0-9 . - _",
            "FILE: partner[5]: has neither a token nor a key: it could call nothing",
        ],
    );
}

#[test]
fn streamers_and_their_faults() {
    check(
        "[flussonic]\nkey = ''\ntoken_secret = ''\nauth_duration_s = 0\nsessions_max = 2000000\n\
         token_life_s = 59\nallow = ['x']\nmode = 1\n",
        &[
            "FILE: flussonic.allow: \"x\": no network (10.0.0.0/8) and no address",
            "FILE: flussonic.mode: unknown key",
            "FILE: flussonic.auth_duration_s: 0 is not from 1 to 3600",
            "FILE: flussonic.sessions_max: 2000000 is not from 0 to 1000000",
            "FILE: flussonic.token_life_s: 59 is not from 60 to 2592000",
            "FILE: flussonic.key: is empty",
            "FILE: flussonic.token_secret: is empty",
        ],
    );
    check(
        "[flussonic]\nkey = 'k'\ntoken_secret = 5\n",
        &["FILE: flussonic.token_secret: is not text in quotes, or a list of such"],
    );
    for (allow, key, open) in [
        ("'127.0.0.1', '::1', '::ffff:127.0.0.0/104'", "", false),
        ("", "", false),
        ("'127.0.0.1', '10.0.0.0/8'", "", true),
        ("'0.0.0.0/0'", "", true),
        ("'127.0.0.0/7'", "", true),
        ("'0.0.0.0/0'", "key = 'k'", false),
    ] {
        let secret = "token_secret = 'sixteen bytes...'";
        let config = read(&format!("[flussonic]\nallow = [{allow}]\n{secret}\n{key}\n"));
        assert_eq!(config.flussonic.is_open(), open, "{allow} {key}");
    }
}

#[test]
fn a_channel_in_two_spellings() {
    check(
        "[carrier.channels]\nWEB = { check_answers = 'may_register' }\nweb = { check_answers = 'is_subscribed' }\n",
        &["FILE: carrier.channels.WEB.check_answers: given twice: channels compare without regard to case"],
    );
}

#[test]
fn secrets_from_files() {
    let folder = Folder::new();
    let token = folder.write("token", "t0ken\n").display().to_string();
    let secrets = folder.write("secrets", "new\r\n\nold\n").display().to_string();
    let path = folder.write(
        "gateway.toml",
        &format!(
            "[admin]\ntoken_file = '{token}'\n[[partner]]\nname = 'app'\nkey = 'k'\nsecrets_file = '{secrets}'\n\
             [[carrier.caller]]\nname = 'vnpt'\nallow = ['10.0.0.0/8']\nusername = 'u'\npassword_file = '{token}'\n"
        ),
    );
    let config = load(&path).unwrap();
    assert_eq!(config.admin.token.as_ref().unwrap().expose_secret(), "t0ken");
    assert_eq!(config.carrier.caller[0].password.as_ref().unwrap().expose_secret(), "t0ken");
    let secrets: Vec<_> = config.partner[0].secrets.iter().map(|secret| secret.expose_secret()).collect();
    assert_eq!(secrets, ["new", "old"]);
}

#[test]
fn secret_files_and_their_faults() {
    let folder = Folder::new();
    let large = folder.write("large", &"x".repeat(70_000)).display().to_string();
    check(
        &format!(
            "[admin]\nlisten = '0.0.0.0:1'\ntoken_file = '/no/such'\n[[partner]]\nname = 'a'\ntoken = 't'\n\
             token_file = '/no/such'\nkey = 'k'\nsecrets_file = '{large}'\n[[partner]]\nname = 'b'\n\
             token_file = '/no/such'\n[[partner]]\nname = 'c'\ntoken_file = '/no/such'\n"
        ),
        &[
            "FILE: partner[1].token_file: give token or token_file, not both",
            &format!("FILE: partner[1].secrets_file: {large} cannot be read: it is larger than 65536 bytes"),
            "FILE: partner[2].token_file: /no/such cannot be read: No such file or directory (os error 2)",
            "FILE: partner[3].token_file: /no/such cannot be read: No such file or directory (os error 2)",
            "FILE: admin.token_file: /no/such cannot be read: No such file or directory (os error 2)",
        ],
    );
}

#[test]
fn nothing_printed_holds_a_secret() {
    let text = "[admin]\ntoken = 'hidden1'\n[[partner]]\nname = 'app'\ntoken = 'hidden2'\nkey = 'pk'\nsecrets = \
                ['hidden3', 'hidden4']\n[[carrier.caller]]\nname = 'c'\nallow = ['10.0.0.0/8']\nusername = 'u'\n\
                password = 'hidden5'\n[flussonic]\nkey = 'hidden6'\ntoken_secret = 'hidden7 and longer'\n[carrier.channels.WEB]\ncheck_answers = 'is_subscribed'\n";
    let config = read(text);
    let printed = config.to_masked_toml();
    assert!(!printed.contains("hidden") && !format!("{config:?}").contains("hidden"), "{printed}");
    for line in [
        "token = \"***\"",
        "secrets = [\"***\", \"***\"]",
        "password = \"***\"",
        "token_secret = \"***\"",
        "key = \"pk\"",
        "utc_offset = \"+07:00\"",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
    // Long enough for each of them.
    let printed = printed.replace("token_secret = \"***\"", "token_secret = \"****************\"");
    let again = read(&printed.replace("token = \"***\"", "token = \"x\"").replacen("\"x\"", "\"y\"", 1));
    let again =
        again.to_masked_toml().replace("token_secret = \"***\"", "token_secret = \"****************\"");
    assert_eq!(again, printed, "what is printed is a settings file");
    let defaults = Config::defaults().to_masked_toml();
    assert_eq!(read(&defaults).to_masked_toml(), defaults);
}

#[test]
fn what_could_be_guessed_is_warned_of() {
    let warned = |text: &str| read(text).warnings();
    let all = "[admin]\ntoken = 'fifteen-bytes..'\n[flussonic]\nkey = 'k'\ntoken_secret = 's'\n\
        [[carrier.caller]]\nname = 'a'\nallow = ['10.0.0.1']\nusername = 'u'\npassword = 'open sesame'\n\
        [[partner]]\nname = 'a'\ntoken = 'sixteen-bytes...'\n\
        [[partner]]\nname = 'b'\ntoken = 't'\nkey = 'k'\nsecrets = ['long enough a secret', 'a', 'b']\n";
    let short = |key: &str| format!("{key} has fewer than 16 bytes: it could be guessed, make another");
    let keys = [
        "carrier.caller[1].password",
        "partner[2].token",
        "partner[2].secrets",
        "admin.token",
        "flussonic.key",
        "flussonic.token_secret",
    ];
    assert_eq!(warned(all), keys.map(short));
    assert_eq!(warned(""), Vec::<String>::new());
    let open = "[flussonic]\nallow = ['0.0.0.0/0']\ntoken_secret = 'sixteen bytes...'\n";
    assert!(matches!(warned(open).as_slice(), [one] if one.contains("there is no flussonic.key")));
    let theirs = "[providers.far]\nkind = 'activation'\nbase_url = 'http://127.0.0.1:1'\npartner_key = 'k'\n\
        partner_secret = 's'\nsource_app = 1\n";
    assert_eq!(warned(theirs), Vec::<String>::new(), "what others gave us is not ours to judge");
    let shipped = include_str!("../config/example.toml");
    assert_eq!(warned(shipped), Vec::<String>::new(), "the shipped example is no bad one");
}
