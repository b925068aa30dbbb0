//! Settings from the environment, alone and over a file.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use sdp_gateway::config::{CheckAnswers, Config, LogFormat};
use secrecy::ExposeSecret;

fn load(file: Option<&Path>, vars: &[(&str, &str)]) -> Result<Config, String> {
    let vars = vars.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Config::load(file, vars).map_err(|faults| faults.to_string())
}

#[track_caller]
fn allow(text: &str, expected: &str) {
    let config = load(None, &[("SDP_GATEWAY__CARRIER__ALLOW", text)]).unwrap();
    assert_eq!(format!("{:?}", config.carrier.allow), expected, "{text}");
}

#[test]
fn a_list_in_any_spelling() {
    allow("10.0.0.0/8,::1/128", "[10.0.0.0/8, ::1/128]");
    allow(" 10.0.0.0/8 , 10.1.1.1,", "[10.0.0.0/8, 10.1.1.1/32]");
    allow("[\"10.0.0.0/8\"]", "[10.0.0.0/8]");
    allow("10.0.0.0/8", "[10.0.0.0/8]");
    allow("[]", "[]");
    allow("", "[]");
}

#[test]
fn the_key_decides_what_the_text_is() {
    let config = load(
        None,
        &[
            ("SDP_GATEWAY__ADMIN__TOKEN", "123456"),
            ("SDP_GATEWAY__LEDGER__QUEUE_MAX", "7"),
            ("SDP_GATEWAY__CARRIER__RECORD_ONLY", "true"),
            ("SDP_GATEWAY__LOG__FORMAT", "json"),
            ("SDP_GATEWAY__CARRIER__CHANNELS__WEB__CHECK_ANSWERS", "is_subscribed"),
            ("SDP_GATEWAY__PROVIDERS__OTHER__KIND", "local"),
            ("SDP_GATEWAY__CARRIER__LISTEN", "127.0.0.1:9"),
            ("SDP_GATEWAY_CONFIG", "/not/ours/to/read"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.admin.token.unwrap().expose_secret(), "123456");
    assert_eq!(config.ledger.queue_max, 7);
    assert!(config.carrier.record_only && config.providers.contains_key("other"));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.carrier.check_answers_for(Some("Web")), CheckAnswers::IsSubscribed);
    assert_eq!(config.carrier.listen.unwrap().port(), 9);
}

#[test]
fn the_environment_overlays_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "from-env\n").unwrap();
    std::fs::write(
        &file,
        "[server]\nlisten = '127.0.0.1:1'\nbody_bytes_max = 2048\n[carrier.channels]\nWeb = { check_answers = \
         'is_subscribed' }\n[admin]\ntoken_file = '/no/longer/there'\n",
    )
    .unwrap();
    let vars = [
        ("SDP_GATEWAY__SERVER__LISTEN", "127.0.0.1:2"),
        ("SDP_GATEWAY__CARRIER__CHANNELS__WEB__CHECK_ANSWERS", "may_register"),
        ("SDP_GATEWAY__ADMIN__TOKEN_FILE", secret.to_str().unwrap()),
    ];
    let config = load(Some(&file), &vars).unwrap();
    assert_eq!((config.server.listen.port(), config.server.body_bytes_max), (2, 2048));
    assert_eq!(config.carrier.check_answers_for(Some("WEB")), CheckAnswers::MayRegister);
    assert_eq!(config.carrier.channels.len(), 1);
    assert_eq!(config.admin.token.unwrap().expose_secret(), "from-env");
}

#[test]
fn all_faults_with_the_variable_that_has_them() {
    let report = load(
        None,
        &[
            ("SDP_GATEWAY__CARRIER__ALLOW", "10.0.0.0/8,x"),
            ("SDP_GATEWAY__CARRIER__CALLER__0__NAME", "x"),
            ("SDP_GATEWAY__LEDGER__QUEUE_MAX", "many"),
            ("SDP_GATEWAY__LIMITS__CARRIER_PER_SECOND", "9000000"),
            ("SDP_GATEWAY__PARTNER", "[{ name = 'hidden' }]"),
            ("SDP_GATEWAY__SERVER", "x"),
            ("SDP_GATEWAY__SERVER__PORT", "80"),
            ("SDP_GATEWAY__WORKER__ENABLED", "yes"),
            ("SDP_GATEWAY__X__Y", "1"),
        ],
    )
    .expect_err("faults");
    let expected = [
        "SDP_GATEWAY__CARRIER__CALLER__0__NAME: carrier.caller.0.name: a list of tables can only be written in the --config file",
        "SDP_GATEWAY__PARTNER: partner: a list of tables can only be written in the --config file",
        "SDP_GATEWAY__SERVER: server: is a section: [server], with keys below it",
        "SDP_GATEWAY__SERVER__PORT: server.port: unknown key",
        "SDP_GATEWAY__CARRIER__ALLOW: carrier.allow: \"x\": no network (10.0.0.0/8) and no address",
        "SDP_GATEWAY__LEDGER__QUEUE_MAX: ledger.queue_max: invalid type: string \"many\", expected a whole number, 0 or more",
        "SDP_GATEWAY__WORKER__ENABLED: worker.enabled: invalid type: string \"yes\", expected true or false",
        "SDP_GATEWAY__LIMITS__CARRIER_PER_SECOND: limits.carrier_per_second: 9000000 is not from 0 to 1000000",
        "SDP_GATEWAY__X__Y: x.y: unknown key",
    ];
    assert_eq!(report.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_default_that_contradicts_is_named_by_what_was_given() {
    let report = load(None, &[("SDP_GATEWAY__ADMIN__LISTEN", "0.0.0.0:8081")]).expect_err("a fault");
    assert_eq!(
        report,
        "SDP_GATEWAY__ADMIN__LISTEN: admin.listen: 0.0.0.0:8081 is not loopback: set admin.token too"
    );
}
