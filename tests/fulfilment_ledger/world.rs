//! A ledger of an engine with offers to register for, and short ways to say what happens to it. Time is
//! what the test says; hours count from a fixed midnight.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::FixedOffset;
use sdp_gateway::carrier::reading;
use sdp_gateway::catalog::{Catalog, GrantKind};
use sdp_gateway::clock::{Clock, Timestamp};
use sdp_gateway::config::{LedgerUrl, Provider, ProviderKind};
use sdp_gateway::ids::{DeviceId, Msisdn, UserAccount};
use sdp_gateway::ledger::fulfil::{
    Added, Bind, Bound, Claim, Claimed, Draw, Drawn, Redeem, Redeemed, Room, Settle, Settled, Unbind, Unbound,
};
use sdp_gateway::ledger::raw::Raw;
use sdp_gateway::ledger::{self, Ledger, Received, Rules};
use sdp_gateway::outbox::Settlement;
use sdp_gateway::service::wanted::Owner;
use sdp_gateway::stock::About;
use sdp_gateway::stock::{CodeText, Lookup};
use sdp_gateway::subscription::judge::Policy;
use sdp_gateway::subscription::notice::{Reading, Reads};
use sdp_gateway::wire::accessgw::{AccessGw, Notify};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Packages: 1 local, 2 remote, 3 a code, 4 AI besides. Each by the day, without grace.
const CATALOG: &str = r#"
[[offer]]
id = "local-day"
service_id = "1"
package_id = "1"
period = "day"
renewal_grace_days = 0
[[offer.grant]]
kind = "cloud"
storage = "event"
retention_days = 7
devices_max = 1

[[offer]]
id = "remote-day"
service_id = "2"
package_id = "2"
period = "day"
renewal_grace_days = 0
[[offer.grant]]
kind = "cloud"
storage = "event"
devices_max = 1
provider = "test"
settings = { preset_id = 393 }

[[offer]]
id = "code-day"
service_id = "3"
package_id = "3"
period = "day"
renewal_grace_days = 0
[[offer.grant]]
kind = "ai"
delivery = "code"

[[offer]]
id = "ai-day"
service_id = "4"
package_id = "4"
period = "day"
renewal_grace_days = 0
[[offer.grant]]
kind = "ai"
devices_max = 2

[[offer]]
id = "sold-day"
service_id = "5"
package_id = "5"
period = "day"
price = 1000
renewal_grace_days = 0
[[offer.grant]]
kind = "cloud"
storage = "event"
devices_max = 1

[[package]]
number = "day"
countries = ["VN"]
service_type = 2
storage_days = 7
period = "day"
price = 1000
currency = "VND"
offer = "sold-day"

[[package]]
number = "test-day"
countries = ["VN"]
service_type = 1
storage_days = 7
period = "day"
price = 990
currency = "CNY"
provider = "test"

[[coupon]]
id = "half"
kind = "percent"
value = 50
packages = ["day"]
starts_at = 2026-01-01T00:00:00Z
ends_at = 2027-01-01T00:00:00Z
stock = 100

[[coupon]]
id = "all"
kind = "percent"
value = 100
starts_at = 2026-01-01T00:00:00Z
ends_at = 2027-01-01T00:00:00Z
per_account = 3

[[coupon]]
id = "past"
kind = "amount"
value = 100
packages = ["day"]
starts_at = 2026-01-01T00:00:00Z
ends_at = 2026-02-01T00:00:00Z
"#;

pub(crate) const HOUR: i64 = 3_600_000;
const MIDNIGHT: i64 = 1_790_035_200_000;
pub(crate) const ANN: &str = "84945989325";
pub(crate) const BOB: &str = "84945989326";

/// Hours after the fixed midnight.
pub(crate) fn at(hours: i64) -> Timestamp {
    Timestamp(MIDNIGHT + hours * HOUR)
}

pub(crate) fn device(name: &str) -> DeviceId {
    DeviceId::parse(name).expect("a device")
}

pub(crate) fn account(name: &str) -> UserAccount {
    UserAccount::parse(name).expect("an account")
}

pub(crate) fn number(text: &str) -> Msisdn {
    Msisdn::parse(text).expect("a number")
}

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) url: LedgerUrl,
    queue: AtomicI64,
    /// Of a ledger on a server: who drops its database, and its name.
    database: Option<(String, String)>,
    _folder: tempfile::TempDir,
}

impl World {
    /// One on each engine that there is.
    pub(crate) async fn each() -> Vec<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let url = LedgerUrl::Sqlite(folder.path().join("gateway.db"));
        let mut worlds = vec![Self::on(url, folder).await];
        if let Ok(base) = std::env::var("SDP_GATEWAY_TEST_POSTGRES") {
            let name = format!("fulfil_{}_{}", std::process::id(), getrandom::u64().expect("randomness"));
            command(&base, format!("CREATE DATABASE {name}")).await;
            let (server, _) = base.rsplit_once('/').expect("a URL with a database");
            let url = LedgerUrl::Postgres(format!("{server}/{name}").into());
            let world = Self::on(url, tempfile::tempdir().expect("a folder")).await;
            worlds.push(Self { database: Some((base, name)), ..world });
        }
        worlds
    }

    async fn on(url: LedgerUrl, folder: tempfile::TempDir) -> Self {
        ledger::migrate(&url).await.expect("a schema");
        let ledger = open(&url).await;
        Self { ledger, url, queue: AtomicI64::new(0), database: None, _folder: folder }
    }

    /// Another gateway on the same ledger.
    pub(crate) async fn another(&self) -> Ledger {
        open(&self.url).await
    }

    /// Registers a number for a package from an hour until another, received at its start.
    pub(crate) async fn register(&self, msisdn: &str, package: &str, from: i64, until: i64) {
        let expires = Some(digits(at(until)));
        self.notify("1", msisdn, package, at(from), expires).await;
    }

    pub(crate) async fn cancel(&self, msisdn: &str, package: &str, hour: i64) {
        self.notify("2", msisdn, package, at(hour), None).await;
    }

    async fn notify(
        &self,
        kind: &str,
        msisdn: &str,
        package: &str,
        when: Timestamp,
        expired: Option<String>,
    ) {
        let queue = self.queue.fetch_add(1, Ordering::Relaxed) + 1;
        let fields = Notify {
            queue_id: Some(queue.to_string()),
            msisdn: Some(msisdn.to_owned()),
            reg_type: Some(kind.to_owned()),
            service_id: Some(package.to_owned()),
            package_id: Some(package.to_owned()),
            subscribe_time: (kind == "1").then(|| digits(when)),
            update_time: (kind == "2").then(|| digits(when)),
            expired_time: expired,
            auto_renew: Some("0".to_owned()),
            ..Notify::default()
        };
        let (module, message_type) = (Some("SDP".to_owned()), Some("NOTIFY".to_owned()));
        let message = AccessGw { module, message_type, fields, twice: None };
        let reading = reading::read(&message, &Reads::in_zone(offset()), when);
        assert!(matches!(reading, Reading::Notice(_)), "{reading:?}");
        let raw = Raw { method: "POST".into(), path: "/".into(), ..Raw::default() };
        let received = Received { reading, raw, caller: "carrier".into(), received_at: when, answer: 0 };
        self.ledger.write(received).await.expect("recorded");
    }

    pub(crate) async fn bind(&self, name: &str, user: &str, msisdn: Option<&str>, hour: i64) -> Bound {
        let (device, account, msisdn) = (device(name), account(user), msisdn.map(number));
        let bind = Bind { device, account, msisdn, camera: None, now: at(hour) };
        self.ledger.write(bind).await.expect("written")
    }

    pub(crate) async fn unbind(&self, name: &str, owner: Owner, hour: i64) -> Unbound {
        let unbind = Unbind { device: device(name), owner, tenant: None, now: at(hour) };
        self.ledger.write(unbind).await.expect("written")
    }

    /// Kind and state of each service on a device, in the order of their kinds.
    pub(crate) async fn services(&self, name: &str, hour: i64) -> Vec<String> {
        let found = self.ledger.device(&device(name), at(hour)).await.expect("read");
        let word = |s: &sdp_gateway::ledger::read::OnDevice| {
            format!("{} {}", s.service.plan.kind.word(), s.state.as_str())
        };
        let mut words: Vec<String> = found.iter().flat_map(|device| &device.services).map(word).collect();
        words.sort();
        words
    }

    /// Puts codes of a kind into stock.
    pub(crate) async fn stock(&self, texts: &[&str], kind: GrantKind, provider: &str) -> Added {
        let code = |text: &&str| {
            let about = About {
                kind,
                days: 1,
                storage: None,
                retention_days: None,
                provider: provider.to_owned(),
                package: None,
                voucher: None,
                batch: "b1".to_owned(),
                expires_at: None,
                tenant: None,
            };
            let text = CodeText::parse(text).expect("a code");
            about.code(&text, self.ledger.vault(), at(0)).expect("sealed")
        };
        self.ledger.add_codes(texts.iter().map(code).collect(), |_| ()).await.expect("written")
    }

    pub(crate) fn keys(&self, text: &str) -> Vec<Lookup> {
        self.ledger.vault().lookups(&CodeText::parse(text).expect("a code"))
    }

    pub(crate) fn wish(&self, text: &str, kind: GrantKind, on: (&str, &str), hour: i64) -> Redeem {
        Redeem {
            keys: self.keys(text),
            kind,
            device: device(on.0),
            account: account(on.1),
            now: at(hour),
            leased_until: at(hour + 1),
            token: format!("redeem {text} {hour}"),
            pausing: std::sync::Arc::default(),
        }
    }

    pub(crate) async fn redeem(&self, text: &str, kind: GrantKind, on: (&str, &str), hour: i64) -> Redeemed {
        self.ledger.write(self.wish(text, kind, on, hour)).await.expect("written")
    }

    /// Takes up to so many tasks of every provider, on a lease of an hour.
    pub(crate) async fn claim(&self, tasks_max: u32, hour: i64) -> Vec<Claimed> {
        self.ledger.claim(claim(tasks_max, at(hour), &format!("claim {hour}"))).await.expect("claimed")
    }

    pub(crate) async fn settle(&self, claimed: &Claimed, outcome: Settlement, hour: i64) -> Settled {
        let settle = Settle { task: claimed.task.clone(), outcome, now: at(hour) };
        self.ledger.write(settle).await.expect("written")
    }

    pub(crate) async fn draw(&self, claimed: &Claimed, hour: i64) -> Drawn {
        self.ledger.write(Draw { task: claimed.task.clone(), now: at(hour) }).await.expect("written")
    }

    /// Carries out everything that is due; action and device of each, in order.
    pub(crate) async fn work(&self, hour: i64) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let claimed = self.claim(10, hour).await;
            if claimed.is_empty() {
                return told;
            }
            for one in claimed {
                let device = one.task.device_id.as_ref().map_or("-", DeviceId::as_str);
                told.push(format!("{} {device}", one.task.action.word()));
                let settled =
                    self.settle(&one, Settlement::Done { note: None, follow_up_at: None }, hour).await;
                assert_eq!(settled, Settled::Settled);
            }
        }
    }

    /// The ledger is what it promises.
    pub(crate) async fn verified(self) {
        let verified = self.ledger.verify(|_| ()).await.expect("read");
        assert_eq!(verified.told, Vec::<String>::new());
        self.ledger.close().await;
        if let Some((base, name)) = self.database {
            command(&base, format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

pub(crate) fn claim(tasks_max: u32, now: Timestamp, token: &str) -> Claim {
    let room =
        |provider: &str| Room { provider: provider.to_owned(), tasks_max, wants_state: provider == "test" };
    let rooms = vec![room("local"), room("test")];
    Claim { rooms, now, leased_until: now.plus_ms(HOUR), token: token.to_owned() }
}

async fn open(url: &LedgerUrl) -> Ledger {
    let test = Provider { kind: ProviderKind::Scripted, ..Provider::default() };
    let providers = BTreeMap::from([("test".to_owned(), test)]);
    let catalog = Catalog::parse(CATALOG, "test", &providers, 0).expect("a catalog");
    // The world's times are small: a start is when it is.
    let policy = Policy { clock_skew_s: 0, ..Policy::default() };
    let rules = Rules::new(catalog, policy, Reads::in_zone(offset()), reading::read_again);
    let settings = ledger::Settings { url: url.clone(), queue_max: 4096, codes_key: None };
    Ledger::open(&settings, rules, Clock::system()).await.expect("a ledger")
}

async fn command(base: &str, sql: String) {
    let mut connection = PgConnection::connect(base).await.expect("the server for tests");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("done");
}

fn offset() -> FixedOffset {
    FixedOffset::east_opt(0).expect("an offset")
}

fn digits(at: Timestamp) -> String {
    at.utc().format("%Y%m%d%H%M%S").to_string()
}
