//! A gateway that streamers ask, its offers, devices bound through partners' calls, and the streamer's request as
//! Flussonic makes it.

use std::path::Path;

use chrono::Utc;
use sdp_gateway::clock::Timestamp;
use sdp_gateway::flussonic::token::{self, Ticket};
use sdp_gateway::ids::{DeviceId, UserAccount};
use serde_json::json;

use crate::gateway::ledger::postgres::Client;
use crate::gateway::{Answer, Folder, Gateway, Ledger, request};
use crate::said::{DAY, SERVICE};

pub(crate) const PATH: &str = "/flussonic/v1/auth";
pub(crate) const NUMBER: &str = "84945989325";
pub(crate) const SECRET: &str = "no secret, for tests alone";

/// Detection in pictures: nothing is recorded under it.
pub(crate) const DETECTION: &str = "1000161";

pub(crate) struct Stage {
    pub(crate) gateway: Gateway,
    /// Kept for as long as the gateway.
    #[expect(dead_code, reason = "it is there by being there")]
    pub(crate) folder: Folder,
}

fn offer(service: &str, grant: &str, provider: &str) -> String {
    format!(
        "[[offer]]\nid = 'offer-{service}'\nname = 'An offer'\nservice_id = '{service}'\npackage_id = '{DAY}'\n\
         exclusive = true\nperiod = 'day'\nprice = 3000\ncurrency = 'VND'\nrenewal_grace_days = 0\n\
         [[offer.grant]]\n{grant}\ndevices_max = 1\ndelivery = 'device'\nprovider = '{provider}'\n"
    )
}

/// The settings of a gateway of this folder: `flussonic` are more keys of their section, or sections after it.
pub(crate) fn settings(folder: &Path, flussonic: &str) -> String {
    settings_of(folder, "local", flussonic)
}

/// The same with cloud storage of another provider.
pub(crate) fn settings_of(folder: &Path, provider: &str, flussonic: &str) -> String {
    let offers = folder.join("offers.toml");
    let grant = "kind = 'cloud'\nstorage = 'event'\nretention_days = 7\nsettings = { preset_id = 392 }";
    let cloud = offer(SERVICE, grant, provider);
    std::fs::write(&offers, cloud + &offer(DETECTION, "kind = 'ai'", "local")).expect("written");
    format!(
        "[catalog]\npath = '{}'\n[[partner]]\nname = 'app'\ntoken = 'app-token'\n\
         [server]\nconnections_per_address_max = 4000\n\
         [flussonic]\ntoken_secret = '{SECRET}'\n{flussonic}",
        offers.display()
    )
}

impl Stage {
    pub(crate) fn start(flussonic: &str) -> Self {
        let folder = Folder::new();
        let gateway = Gateway::start_in(folder.path(), &settings(folder.path(), flussonic));
        Self { gateway, folder }
    }

    fn partner(&self, method: &str, path: &str, body: &str) {
        let headers = [("Authorization", "Bearer app-token")];
        let answer = request(self.gateway.main, method, path, &headers, body.as_bytes());
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
    }

    /// Binds a device to the number.
    pub(crate) fn bind(&self, device: &str, account: &str, camera: Option<&str>) {
        let body = json!({"user_account": account, "camera": camera}).to_string();
        self.partner("PUT", &format!("/v1/subscribers/{NUMBER}/devices/{device}"), &body);
    }

    /// Binds a device without a number.
    pub(crate) fn bind_alone(&self, device: &str, account: &str) {
        self.partner("PUT", &format!("/v1/accounts/{account}/devices/{device}"), "");
    }

    pub(crate) fn unbind(&self, device: &str) {
        self.partner("DELETE", &format!("/v1/subscribers/{NUMBER}/devices/{device}"), "");
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        request(self.gateway.main, "GET", path, &[], b"")
    }

    /// Asks as a streamer does, about a viewer who came with this token.
    pub(crate) fn ask(&self, name: &str, token: &str) -> Answer {
        self.get(&question(name, token))
    }

    /// Asks with other values of some parameters, and some more.
    pub(crate) fn ask_with(&self, name: &str, token: &str, others: &[(&str, &str)]) -> Answer {
        self.get(&question_with(name, token, others))
    }

    /// Asks; the answer is 403 without a word, and counted for this reason.
    #[track_caller]
    pub(crate) fn refused(&self, name: &str, token: &str, reason: &str) {
        let before = self.metric(reason);
        let answer = self.ask(name, token);
        let log = self.gateway.log();
        assert_eq!((answer.status, answer.body.len()), (403, 0), "{name} {token}, not {reason}\n{log}");
        assert_eq!(self.metric(reason), before + 1.0, "{name} {token}, not {reason}\n{log}");
    }

    /// The ranges that a viewer of the only camera is answered.
    #[track_caller]
    pub(crate) fn ranges(&self, name: &str, token: &str) -> Vec<(i64, i64)> {
        let answer = self.ask(name, token);
        assert_eq!(answer.status, 200, "{}", self.gateway.log());
        let ranges = answer.json()["allowed_dvr_ranges"].as_array().expect("a list").clone();
        let second = |range: &serde_json::Value, key: &str| range[key].as_i64().expect("seconds");
        ranges.iter().map(|range| (second(range, "opened_at"), second(range, "closed_at"))).collect()
    }

    /// How many answers had this reason.
    pub(crate) fn metric(&self, reason: &str) -> f64 {
        let line = format!("sdp_gateway_flussonic_answers_total{{reason=\"{reason}\"}} ");
        let text = self.gateway.admin("/metrics").text();
        let value = text.lines().find_map(|own| own.strip_prefix(&line).map(str::to_owned));
        value.map_or(0.0, |value| value.parse().expect("a number"))
    }

    /// The ledger, beside the gateway.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::of(&self.gateway.folder)
    }

    /// Has every read of a table wait, where readers can be made to; else fail. Until it is dropped.
    pub(crate) fn hold_reads(&self, table: &'static str) -> Unread<'_> {
        match self.ledger() {
            Ledger::Sqlite(_) => Unread::Away(self.away(table)),
            Ledger::Postgres(url) => Unread::Locked(Locked::of(&url, table)),
        }
    }

    /// Has every read of devices fail, until it is dropped.
    pub(crate) fn ledger_away(&self) -> Away<'_> {
        self.away("device")
    }

    fn away(&self, table: &'static str) -> Away<'_> {
        self.ledger().execute(&format!("ALTER TABLE {table} RENAME TO {table}_gone"));
        Away { stage: self, table }
    }

    /// A binding as if it were so many seconds older.
    pub(crate) fn age(&self, device: &str, seconds: i64) {
        let ms = seconds * 1000;
        self.ledger().execute(&format!("UPDATE device SET bound_at = bound_at - {ms} WHERE id = '{device}'"));
    }
}

/// A table that cannot be read.
#[expect(dead_code, reason = "they hold by being there")]
pub(crate) enum Unread<'a> {
    Away(Away<'a>),
    Locked(Locked),
}

/// A table that is not there.
pub(crate) struct Away<'a> {
    stage: &'a Stage,
    table: &'static str,
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        let table = self.table;
        self.stage.ledger().execute(&format!("ALTER TABLE {table}_gone RENAME TO {table}"));
    }
}

/// A table whose readers wait.
pub(crate) struct Locked(#[expect(dead_code, reason = "it holds by being there")] Client);

impl Locked {
    fn of(url: &str, table: &str) -> Self {
        let mut client = Client::open(url).expect("the server");
        client.rows(&format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")).expect("a lock");
        Self(client)
    }
}

/// Path and query of a streamer's question.
pub(crate) fn question(name: &str, token: &str) -> String {
    question_with(name, token, &[])
}

/// The same, with other values of some parameters, and some more.
pub(crate) fn question_with(name: &str, token: &str, others: &[(&str, &str)]) -> String {
    format!("{PATH}?{}", parameters(name, token, others))
}

/// What a streamer tells of a session that plays.
pub(crate) fn parameters(name: &str, token: &str, others: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let qs = format!("token={token}");
    let own = [
        ("name", name),
        ("token", token),
        ("ip", "203.0.113.7"),
        ("proto", "hls"),
        ("request_type", "update_session"),
        ("request_number", "7"),
        ("session_id", "5f1c2a1e-7d1b-4c1c-9c57-0c2e6a1f0b7d"),
        ("stream_clients", "1"),
        ("total_clients", "1200"),
        ("duration", "61"),
        ("bytes", "1048576"),
        ("qs", &qs),
        ("referer", "https://app.example/"),
        ("user_agent", "Player/1.0 (TV)"),
        ("host", "streamer.example"),
    ];
    let is_other = |name: &str| others.iter().any(|(other, _)| *other == name);
    query.extend_pairs(own.iter().filter(|(name, _)| !is_other(name)));
    query.extend_pairs(others);
    query.finish()
}

pub(crate) fn ticket(device: &str, account: &str, life_s: i64) -> Ticket {
    Ticket {
        device: DeviceId::parse(device).expect("a device"),
        account: UserAccount::parse(account).expect("an account"),
        expires_at: Timestamp((now_s() + life_s) * 1000),
    }
}

/// A token of ours.
pub(crate) fn token(stream: &str, device: &str, account: &str, life_s: i64) -> String {
    token::sign(&SECRET.into(), stream, &ticket(device, account, life_s))
}

pub(crate) fn now_s() -> i64 {
    Utc::now().timestamp()
}
