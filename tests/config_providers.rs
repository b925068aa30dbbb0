//! The settings of providers, worker, signed requests and codes, and their faults.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use sdp_gateway::config::{Config, Mode, PhoneType, SendAs, Suspend};
use sdp_gateway::ids::vsaas::{FolderId, OrganizationId, PresetId};
use secrecy::ExposeSecret;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let folder = Folder::new();
    let path = folder.write("gateway.toml", text.as_bytes());
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), env).map_err(|faults| {
        let report = faults.to_string().replace(&path.display().to_string(), "FILE");
        without_lines(&report).lines().map(str::to_owned).collect()
    })
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
    assert_eq!(load(text, &[]).expect_err("faults"), expected, "{text}");
}

const MEARI: &str = "[providers.meari]\nkind = 'activation'\nbase_url = 'https://apis.example'\npartner_key = 'pk'\n\
                     source_app = 72\n";

#[test]
fn each_kind_has_its_keys() {
    let text = format!(
        "{MEARI}partner_secret = 'hidden'\nsend_as = 'json'\nmode = 'order'\nphone_type = 'i'\nconcurrency = 1\n\
         [providers.second]\nkind = 'local'\n[providers.test]\nkind = 'scripted'\nscript = ['again:20', 'wait:5', 'done']\n"
    );
    let config = load(&text, &[]).unwrap();
    assert_eq!(config.providers.keys().collect::<Vec<_>>(), ["local", "meari", "second", "test"]);
    let remote = config.providers["meari"].activation().unwrap();
    assert_eq!((remote.send_as, remote.mode, remote.phone_type), (SendAs::Json, Mode::Order, PhoneType::Ios));
    assert_eq!(
        (remote.country_code.as_str(), remote.language.as_str(), remote.redirect),
        ("VN", "en", false)
    );
    assert!(config.providers["second"].activation().is_none());
    let printed = config.to_masked_toml();
    assert!(!printed.contains("hidden") && printed.contains("partner_secret = \"***\""), "{printed}");
    assert!(printed.contains(r#"script = ["again:20", "wait:5", "done"]"#), "{printed}");
    assert_eq!(load(&printed, &[]).unwrap().to_masked_toml(), printed, "what is printed is a settings file");
}

#[test]
fn providers_and_their_faults() {
    check(
        "[providers.meari]\nkind = 'activation'\nbase_url = 'apis.example/'\npartner_key = ''\nsource_app = '72'\n\
         country_code = 'vn'\nlanguage = 'e n'\nphone_type = 'w'\nsend_as = 'xml'\nmode = 'both'\ntimeout_ms = 60000\n\
         script = ['done']\ncolour = 1\n\
         [providers.cams]\nkind = 'camera'\nconcurrency = 0\n[providers.none]\nper_second = 1\n\
         [providers.test]\nkind = 'scripted'\nscript = ['done', 'wait']\n\
         ['providers'.'a b']\nkind='local'\nbase_url = 'https://x.example'\n",
        &[
            "FILE: providers.cams.kind: \"camera\" is none of local, activation, watcher, scripted",
            "FILE: providers.meari.colour: unknown key",
            "FILE: providers.meari.mode: \"both\" is none of code, order",
            "FILE: providers.meari.phone_type: \"w\" is none of a, i",
            "FILE: providers.meari.send_as: \"xml\" is none of form, query, json",
            "FILE: providers.meari.source_app: invalid type: string \"72\", expected a whole number, 0 or more",
            "FILE: providers.test.script: \"wait\" is none of done, again, again:MS, never, unknown, waits, used, \
             invalid, wait:MS (MS at most 600000)",
            "FILE: providers.a b: its name is not 1 to 64 of A-Z a-z 0-9 . - _",
            "FILE: providers.a b.base_url: is for kind = \"activation\" or \"watcher\"",
            "FILE: providers.cams.concurrency: 0 is not from 1 to 256",
            "FILE: providers.meari.script: is for kind = \"scripted\"",
            "FILE: providers.meari.partner_secret: is missing",
            "FILE: providers.meari.base_url: is not of the form https://HOST[:PORT][/PATH], without a trailing /",
            "FILE: providers.meari.timeout_ms: is not below worker.lease_s, so that a task could be sent twice at once",
            "FILE: providers.meari.partner_key: is empty",
            "FILE: providers.meari.country_code: is not two capitals, such as VN",
            "FILE: providers.meari.language: is not a language such as en",
            "FILE: providers.none.kind: is missing",
        ],
    );
}

#[test]
fn a_providers_secret_from_a_file_and_from_the_environment() {
    let folder = Folder::new();
    let secret = folder.write("secret", b"from-file\n").display().to_string();
    let of = |config: &Config, name: &str| {
        let remote = config.providers[name].activation().unwrap();
        remote.partner_secret.expose_secret().to_owned()
    };
    let text = format!(
        "{MEARI}partner_secret_file = '{secret}'\n{}partner_secret = 'in-place'\n",
        MEARI.replace("meari", "second")
    );
    let config = load(&text, &[]).unwrap();
    assert_eq!((of(&config, "meari").as_str(), of(&config, "second").as_str()), ("from-file", "in-place"));
    let env = [("SDP_GATEWAY__PROVIDERS__MEARI__PARTNER_SECRET", "from-env")];
    assert_eq!(of(&load(MEARI, &env).unwrap(), "meari"), "from-env");
    check(
        &format!("{MEARI}partner_secret_file = '/no/such'\n"),
        &[
            "FILE: providers.meari.partner_secret_file: /no/such cannot be read: No such file or directory (os error 2)",
        ],
    );
    check(
        &format!("{MEARI}partner_secret = 's'\npartner_secret_file = '{secret}'\n"),
        &["FILE: providers.meari.partner_secret_file: give partner_secret or partner_secret_file, not both"],
    );
}

const CAMS: &str = "[providers.cams]\nkind = 'watcher'\nbase_url = 'https://demo.example'\n\
                    default_preset_id = 391\nlogin_domain = 'sdp.example'\n";
const BILLING: &str = "[providers.cams.billing]\nbase_url = 'https://billing.example'\nuser = 'admin@example.org'\n\
                       domain_id = '000'\n";

#[test]
fn watcher_and_the_billing_beside_it() {
    let text =
        format!("{CAMS}api_key = 'hidden-key'\n{BILLING}owner = 'o@example.org'\npassword = 'hidden-too'\n");
    let config = load(&text, &[]).unwrap();
    let remote = config.providers["cams"].watcher().unwrap();
    assert_eq!(
        (remote.organization_id, remote.folder_id, remote.default_organization_id),
        (None, None, None)
    );
    assert_eq!((remote.default_preset_id, remote.suspend), (PresetId(391), Suspend::Camera));
    assert_eq!((remote.retention_keep_days, remote.reconcile_every_s, remote.timeout_ms), (7, 0, 10_000));
    let billing = config.providers["cams"].billing().unwrap();
    assert_eq!((billing.domain_id.as_str(), billing.owner.as_deref()), ("000", Some("o@example.org")));
    assert!(config.providers["local"].watcher().is_none() && config.providers["local"].billing().is_none());

    let printed = config.to_masked_toml();
    assert!(!printed.contains("hidden") && !format!("{config:?}").contains("hidden"), "{printed}");
    assert!(printed.contains("api_key = \"***\"") && printed.contains("password = \"***\""), "{printed}");
    assert_eq!(load(&printed, &[]).unwrap().to_masked_toml(), printed, "what is printed is a settings file");
}

#[test]
fn watcher_from_files_and_from_the_environment() {
    let folder = Folder::new();
    let secret = folder.write("secret", b"from-file\n").display().to_string();
    let text = format!(
        "{CAMS}api_key_file = '{secret}'\norganization_id = 753\n{BILLING}password_file = '{secret}'\n"
    );
    let env = [
        ("SDP_GATEWAY__PROVIDERS__CAMS__ORGANIZATION_ID", "774"),
        ("SDP_GATEWAY__PROVIDERS__CAMS__FOLDER_ID", "1179"),
        ("SDP_GATEWAY__PROVIDERS__CAMS__SUSPEND", "user"),
        ("SDP_GATEWAY__PROVIDERS__CAMS__BILLING__DOMAIN_ID", "007"),
        ("SDP_GATEWAY__PROVIDERS__CAMS__BILLING__OWNER", "o@example.org"),
    ];
    let config = load(&text, &env).unwrap();
    let remote = config.providers["cams"].watcher().unwrap();
    assert_eq!((remote.organization_id, remote.folder_id), (Some(OrganizationId(774)), Some(FolderId(1179))));
    assert_eq!((remote.suspend, remote.api_key.expose_secret()), (Suspend::User, "from-file"));
    let billing = config.providers["cams"].billing().unwrap();
    assert_eq!((billing.domain_id.as_str(), billing.password.expose_secret()), ("007", "from-file"));
    let env = [("SDP_GATEWAY__PROVIDERS__CAMS__BILLING__PASSWORD", "from-env")];
    let config = load(&text.replace(&format!("password_file = '{secret}'"), ""), &env).unwrap();
    assert_eq!(config.providers["cams"].billing().unwrap().password.expose_secret(), "from-env");
}

#[test]
fn watcher_and_its_faults() {
    check(
        "[providers.cams]\nkind = 'watcher'\nbase_url = 'demo.example/'\napi_key = 'a b'\nfolder_id = 0\n\
         default_preset_id = '391'\nlogin_domain = '@sdp'\nsuspend = 'both'\nretention_keep_days = 4000\n\
         reconcile_every_s = 604801\npartner_key = 'pk'\ntimeout_ms = 60000\ncolour = 1\n\
         [providers.cams.billing]\nbase_url = 'x'\nuser = ''\npassword = 5\nbilling_id = 1\n\
         [providers.bare]\nkind = 'watcher'\norganization_id = -1\n\
         [providers.none]\nkind = 'watcher'\n\
         [providers.same]\nkind = 'watcher'\nbase_url = 'http://127.0.0.1:9'\napi_key = 'k'\ndefault_preset_id = 1\n\
         login_domain = 'sdp.example'\norganization_id = 5\ndefault_organization_id = 5\n\
         [providers.other]\nkind = 'local'\nbilling = { user = 'x' }\n",
        &[
            "FILE: providers.bare.organization_id: invalid value: integer `-1`, expected a whole number, 0 or more",
            "FILE: providers.cams.billing.billing_id: unknown key",
            "FILE: providers.cams.billing.password: is not text in quotes, or a list of such",
            "FILE: providers.cams.colour: unknown key",
            "FILE: providers.cams.default_preset_id: invalid type: string \"391\", expected a whole number, 0 or more",
            "FILE: providers.cams.suspend: \"both\" is none of camera, user",
            "FILE: providers.bare.base_url: is missing",
            "FILE: providers.bare.api_key: is missing",
            "FILE: providers.bare.default_preset_id: is missing",
            "FILE: providers.bare.login_domain: is missing",
            "FILE: providers.cams.partner_key: is for kind = \"activation\"",
            "FILE: providers.cams.base_url: is not of the form https://HOST[:PORT][/PATH], without a trailing /",
            "FILE: providers.cams.timeout_ms: is not below worker.lease_s, so that a task could be sent twice at once",
            "FILE: providers.cams.folder_id: 0 is no id: they begin at 1",
            "FILE: providers.cams.api_key: holds a blank or a character outside ASCII",
            "FILE: providers.cams.login_domain: is not a domain such as sdp.example",
            "FILE: providers.cams.retention_keep_days: 4000 is not from 0 to 3650",
            "FILE: providers.cams.reconcile_every_s: 604801 is not from 0 to 604800",
            "FILE: providers.cams.billing.user: is empty",
            "FILE: providers.cams.billing.domain_id: is missing",
            "FILE: providers.cams.billing.owner: is missing",
            "FILE: providers.cams.billing.base_url: is not of the form https://HOST[:PORT][/PATH], without a trailing /",
            "FILE: providers.none.base_url: is missing",
            "FILE: providers.none.api_key: is missing",
            "FILE: providers.none.default_preset_id: is missing",
            "FILE: providers.none.login_domain: is missing",
            "FILE: providers.other.billing: is for kind = \"watcher\"",
            "FILE: providers.same.organization_id: is the organization that users are removed from \
             (default_organization_id)",
        ],
    );
}

#[test]
fn worker_signed_requests_and_limits() {
    check(
        "[worker]\nlease_s = 0\nattempts_max = 0\nbackoff_ms_min = 5000\nbackoff_s_max = 4\n[activation]\nclock_skew_s = 0\n\
         require_nonce = 1\n[limits]\nbad_signature_per_second = 1000001\n",
        &[
            "FILE: activation.require_nonce: invalid type: integer `1`, expected true or false",
            "FILE: limits.bad_signature_per_second: 1000001 is not from 0 to 1000000",
            "FILE: activation.clock_skew_s: 0 is not from 1 to 86400",
            "FILE: worker.lease_s: 0 is not from 1 to 3600",
            "FILE: worker.attempts_max: 0 is not from 1 to 1000",
            "FILE: worker.backoff_ms_min: is longer than worker.backoff_s_max",
        ],
    );
}

#[test]
fn the_key_of_codes() {
    let folder = Folder::new();
    for content in
        [vec![255; 32], "Ff".repeat(32).into_bytes(), format!("{}\r\n", "ff".repeat(32)).into_bytes()]
    {
        let path = folder.write("key", &content).display().to_string();
        let config = load(&format!("[codes]\nkey_file = '{path}'\n"), &[]).unwrap();
        assert_eq!(config.codes.key.as_ref().unwrap().expose(), &[255; 32]);
        assert!(!format!("{config:?}").contains("255, 255") && config.to_masked_toml().contains(&path));
    }
    for content in [vec![], vec![1; 31], vec![1; 100_000], "xy".repeat(32).into_bytes()] {
        let path = folder.write("key", &content).display().to_string();
        let faults = load(&format!("[codes]\nkey_file = '{path}'\n"), &[]).unwrap_err();
        let what = format!("FILE: codes.key_file: {path} holds neither 32 bytes nor 64 hexadecimal digits");
        assert_eq!(faults, [what]);
    }
    check(
        "[codes]\nkey_file = '/no/such'\n",
        &["FILE: codes.key_file: /no/such cannot be read: No such file or directory (os error 2)"],
    );
}
