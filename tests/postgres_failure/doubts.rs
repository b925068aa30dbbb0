//! Commits of which the gateway cannot know how they ended: cut while the server is at them, hanging for longer
//! than the gateway waits and landing afterwards, or of an end that the server does not know itself. What is
//! acknowledged is there, once; what happened is not answered as if it had not. For a notice, a redemption, a
//! binding and the settling of a task.

use std::time::{Duration, Instant};

use sdp_gateway::clock::Clock;
use sdp_gateway::ledger::Ledger;
use sdp_gateway::ledger::fulfil::{Claim, Claimed, Room, Settle, Settled};
use sdp_gateway::outbox::Settlement;

use crate::gateway::ledger::postgres::Client;
use crate::gateway::{Folder, Gateway, PATIENCE, request};
use crate::kit::until;
use crate::outbox::{beside, bound, wait};
use crate::proxy::{Cut, Proxy};
use crate::said::register;
use crate::server::Server;
use crate::signed::{PARTNER, generate, redeem};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Notice,
    Redeem,
    Bind,
    Settle,
}

const KINDS: [Kind; 4] = [Kind::Notice, Kind::Redeem, Kind::Bind, Kind::Settle];

/// Writes of one scene, at most.
const WRITES: usize = 6;

/// Commits that write a table take as long as a row of `slow` says, or end as no server knows.
fn obstruct(table: &str) -> String {
    format!(
        "CREATE TABLE slow (seconds FLOAT NOT NULL); INSERT INTO slow VALUES (0); CREATE SEQUENCE lost; \
         CREATE FUNCTION obstruct() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         PERFORM pg_sleep(seconds) FROM slow WHERE seconds > 0; \
         IF EXISTS (SELECT FROM slow WHERE seconds < 0) AND nextval('lost') = 1 THEN \
         RAISE EXCEPTION 'nobody knows' USING ERRCODE = '40003'; END IF; RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER obstruct AFTER INSERT OR UPDATE ON {table} \
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION obstruct()"
    )
}

/// A gateway without a worker whose way to its database can be cut.
struct Scene {
    kind: Kind,
    proxy: Proxy,
    gateway: Gateway,
    direct: String,
    codes: Vec<String>,
    /// Settles in the worker's place.
    teller: Option<(Ledger, Vec<Claimed>)>,
    _folder: Folder,
}

impl Scene {
    fn new(server: &Server, kind: Kind) -> Self {
        let direct = server.database(&format!("{kind:?}").to_lowercase());
        let proxy = Proxy::to(server.address());
        let folder = Folder::on(&proxy.url(&direct));
        let settings = format!("{PARTNER}[worker]\nenabled = false\n");
        let gateway = Gateway::start_in(folder.path(), &settings);
        let (mut codes, mut teller) = (Vec::new(), None);
        if kind == Kind::Redeem {
            codes = generate(&gateway, &settings, &format!("--kind cloud --count {WRITES} --days 30"));
        }
        if kind == Kind::Settle {
            teller = Some(claimed(&gateway));
        }
        let table = match kind {
            Kind::Notice => "notice",
            Kind::Redeem => "code",
            Kind::Bind => "device",
            Kind::Settle => "task",
        };
        Client::open(&direct).and_then(|mut client| client.rows(&obstruct(table))).expect("a trigger");
        Self { kind, proxy, gateway, direct, codes, teller, _folder: folder }
    }

    fn value(&self, sql: &str) -> String {
        Client::open(&self.direct).and_then(|mut client| client.value(sql)).expect(sql)
    }

    /// From now on commits take so long; under 0, the first of them is lost to the server itself.
    fn slow(&self, seconds: f64) {
        let sql = format!("UPDATE slow SET seconds = {seconds}");
        Client::open(&self.direct).and_then(|mut client| client.rows(&sql)).expect("slow");
    }

    /// Writes the nth; true where it was acknowledged, false where it was said that nobody knows. Nothing else
    /// is right: each is written for the first time.
    fn write(&self, nth: usize) -> bool {
        match self.kind {
            Kind::Notice => {
                let answer = register(&(nth + 1).to_string(), &number(nth)).send(&self.gateway);
                let said = (answer.status, answer.element("error_id"));
                assert!(matches!((said.0, &*said.1), (200, "0") | (503, "1")), "{}", answer.text());
                said.0 == 200
            }
            Kind::Redeem => {
                let code = redeem("ann", &format!("cam-{nth}"), &self.codes[nth], "0").code(&self.gateway);
                assert!(matches!(&*code, "1001" | "1005"), "code {nth}: {code}");
                code == "1001"
            }
            Kind::Bind => {
                let path = format!("/v1/accounts/ann/devices/cam-{nth}");
                let token = [("Authorization", "Bearer app-token")];
                let answer = request(self.gateway.main, "PUT", &path, &token, b"{}");
                assert!(answer.status == 200 || answer.status >= 500, "{}", answer.text());
                answer.status == 200
            }
            Kind::Settle => {
                let (ledger, tasks) = self.teller.as_ref().expect("a teller");
                let done = Settlement::Done { note: None, follow_up_at: None };
                let (task, now) = (tasks[nth].task.clone(), Clock::system().now());
                let settled = wait(ledger.write(Settle { task, outcome: done, now }));
                assert!(!matches!(settled, Ok(Settled::NotYours)), "task {nth} is said to be another's");
                settled.is_ok()
            }
        }
    }

    /// How often the nth was written.
    fn times(&self, nth: usize) -> String {
        self.value(&match self.kind {
            Kind::Notice => {
                format!("SELECT coalesce(sum(count), 0) FROM notice WHERE queue_id = '{}'", nth + 1)
            }
            Kind::Redeem => format!(
                "SELECT count(*) FROM service s JOIN code c ON c.service_id = s.id AND c.state = 'used' \
                 WHERE s.device_id = 'cam-{nth}'"
            ),
            Kind::Bind => format!("SELECT count(*) FROM device WHERE id = 'cam-{nth}' AND account = 'ann'"),
            Kind::Settle => {
                let id = self.teller.as_ref().expect("a teller").1[nth].task.id.0;
                format!("SELECT coalesce(sum(attempts), 0) FROM task WHERE id = {id} AND state = 'done'")
            }
        })
    }

    /// Writes the nth and breaks its commit; it must be acknowledged all the same, and be there once.
    fn write_through(&self, nth: usize, cut: Cut) {
        let before = self.proxy.cuts();
        self.proxy.cut(cut);
        let kept = self.write(nth);
        assert_eq!(self.proxy.cuts(), before + 1, "{:?} {nth}: nothing broke", self.kind);
        let times = self.times(nth);
        assert_eq!((kept, &*times), (true, "1"), "{:?} {nth}, cut at {cut:?}", self.kind);
    }

    fn end(self) {
        if let Some((ledger, _)) = self.teller {
            wait(ledger.close());
        }
        assert!(self.gateway.stop().success());
    }
}

fn number(nth: usize) -> String {
    format!("8494510{nth:04}")
}

/// Tasks of several devices on lease, and a ledger that has written nothing yet.
fn claimed(gateway: &Gateway) -> (Ledger, Vec<Claimed>) {
    let ledger = beside(&gateway.folder);
    for nth in 0..WRITES {
        assert_eq!(bound(&ledger, nth), number(nth));
        register(&(nth + 1).to_string(), &number(nth)).tell(gateway);
    }
    let now = Clock::system().now();
    let rooms = vec![Room { provider: "local".to_owned(), tasks_max: 100, wants_state: false }];
    let claim = Claim { rooms, now, leased_until: now.plus_ms(600_000), token: "a secret".to_owned() };
    let tasks = wait(ledger.claim(claim)).expect("claimed");
    assert_eq!(tasks.len(), WRITES);
    wait(ledger.close());
    (beside(&gateway.folder), tasks)
}

/// All kinds at once, each on a database of its own.
fn each_kind(play: impl Fn(Scene) + Sync) {
    let server = Server::start();
    let scenes: Vec<Scene> = KINDS.iter().map(|kind| Scene::new(&server, *kind)).collect();
    std::thread::scope(|scope| {
        for scene in scenes {
            scope.spawn(|| play(scene));
        }
    });
}

#[test]
fn a_commit_that_is_cut_while_it_is_under_way_is_waited_for() {
    each_kind(|scene| {
        // The first that each writer ever commits, and later ones.
        for nth in 0..4 {
            scene.slow(1.5);
            scene.write_through(nth, Cut::Under);
            scene.slow(0.0);
        }
        scene.write_through(4, Cut::Answer);
        scene.write_through(5, Cut::Commit);
        scene.end();
    });
}

#[test]
fn a_commit_that_lands_after_it_was_given_up_is_taken_for_no_other() {
    each_kind(|scene| {
        scene.slow(9.5);
        std::thread::scope(|scope| {
            let hangs = scope.spawn(|| scene.write(0));
            let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
            until("a commit that hangs", PATIENCE, || (scene.value(waits) == "1").then_some(()));
            scene.slow(0.0);
            assert!(!hangs.join().expect("an answer"), "{:?}: acknowledged while it hangs", scene.kind);
        });
        // Each writer meets what breaks more than once.
        for nth in 1..5 {
            scene.write_through(nth, Cut::Commit);
        }
        let began = Instant::now();
        until("the commit lands", PATIENCE, || (scene.times(0) == "1").then_some(()));
        println!("{:?}: landed {:?} later", scene.kind, began.elapsed());
        if scene.kind == Kind::Settle {
            assert!(scene.write(0), "who says it again is told that it is so");
            assert_eq!(scene.times(0), "1");
        }
        scene.end();
    });
}

#[test]
fn a_commit_of_which_the_server_does_not_know_the_end_is_looked_up() {
    each_kind(|scene| {
        scene.slow(-1.0);
        assert!(scene.write(0), "{:?}", scene.kind);
        assert_eq!(
            (scene.times(0), scene.value("SELECT last_value > 1 FROM lost")),
            ("1".into(), "t".into())
        );
        scene.end();
    });
}

/// A row that somebody deleted is no answer.
#[test]
fn a_row_that_is_lost_is_made_again() {
    let server = Server::start();
    let scene = Scene::new(&server, Kind::Redeem);
    for nth in 0..3 {
        assert_eq!(
            scene.value("WITH gone AS (DELETE FROM writer RETURNING 1) SELECT count(*) >= 0 FROM gone"),
            "t"
        );
        scene.slow(1.5);
        scene.write_through(nth, Cut::Under);
        scene.slow(0.0);
    }
    scene.end();
}

/// Given-up commits that wait for a standby hold a process of the server's each, for as long as it is away: with
/// two writers, two of each.
const WAITING_MAX: u64 = 4;

/// Long enough for three of each.
const AWAY: Duration = Duration::from_secs(26);

#[test]
fn commits_that_wait_for_a_standby_that_is_away_are_few_and_land_once() {
    let server = Server::start();
    let scene = Scene::new(&server, Kind::Notice);
    let mut control = server.client();
    let mut standby = |name: &str| {
        control.rows(&format!("ALTER SYSTEM SET synchronous_standby_names = '{name}'")).expect("a setting");
        control.rows("SELECT pg_reload_conf()").expect("read again");
    };
    standby("nobody");
    let began = Instant::now();
    let (mut waiting_max, waiting) =
        (0, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    std::thread::scope(|scope| {
        for line in 0..3 {
            let scene = &scene;
            scope.spawn(move || {
                for nth in (line..).step_by(3).take_while(|_| began.elapsed() < AWAY) {
                    assert!(!scene.write(nth), "acknowledged without the standby");
                }
            });
        }
        while began.elapsed() < AWAY {
            waiting_max = waiting_max.max(scene.value(waiting).parse().expect("a number"));
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert!((2..=WAITING_MAX).contains(&waiting_max), "{waiting_max} commits waited at once");
    standby("");
    until("notices are kept again", PATIENCE, || scene.write(1000).then_some(()));
    let twice = "SELECT count(*) FROM notice WHERE count > 1 AND queue_id <> '1001'";
    assert_eq!(scene.value(twice), "0");
    scene.end();
}
