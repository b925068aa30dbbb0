//! The settings of providers, worker, signed requests and codes, and their faults.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use sdp_gateway::config::{Config, Mode, PhoneType, SendAs};
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
        report.lines().map(str::to_owned).collect()
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
         [providers.cams]\nkind = 'watcher'\nconcurrency = 0\n[providers.none]\nper_second = 1\n\
         [providers.test]\nkind = 'scripted'\nscript = ['done', 'wait']\n\
         ['providers'.'a b']\nkind='local'\nbase_url = 'https://x.example'\n",
        &[
            "FILE: providers.cams.kind: unknown variant `watcher`, expected one of `local`, `activation`, `scripted`",
            "FILE: providers.meari.colour: unknown key",
            "FILE: providers.meari.mode: unknown variant `both`, expected `code` or `order`",
            "FILE: providers.meari.phone_type: unknown variant `w`, expected `a` or `i`",
            "FILE: providers.meari.send_as: unknown variant `xml`, expected one of `form`, `query`, `json`",
            "FILE: providers.meari.source_app: invalid type: string \"72\", expected a whole number, 0 or more",
            "FILE: providers.test.script: \"wait\" is none of done, again, again:MS, never, unknown, waits, used, \
             invalid, wait:MS (MS at most 600000)",
            "FILE: providers.a b: its name is not 1 to 64 of A-Z a-z 0-9 . - _",
            "FILE: providers.a b.base_url: is for kind = \"activation\"",
            "FILE: providers.cams.concurrency: 0 is not from 1 to 256",
            "FILE: providers.meari.script: is for kind = \"scripted\"",
            "FILE: providers.meari.partner_secret: is missing",
            "FILE: providers.meari.base_url: is not of the form https://HOST[:PORT][/PATH], without a trailing /",
            "FILE: providers.meari.partner_key: is empty",
            "FILE: providers.meari.country_code: is not two capitals, such as VN",
            "FILE: providers.meari.language: is not a language such as en",
            "FILE: providers.meari.timeout_ms: is not below worker.lease_s, so that a task could be sent twice at once",
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
