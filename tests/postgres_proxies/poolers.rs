//! pgbouncer, which keeps a startup packet's options to itself where it is told to ignore them.

use crate::between::Between;
use crate::gateway::ledger::postgres::Client;
use crate::gateway::{Folder, Gateway};
use crate::kit::verify;
use crate::refusal::refusal;
use crate::said::{cancel, register, state};
use crate::server::Server;

const NUMBER: &str = "84945989325";

/// The line that every answer to "unsupported startup parameter" gives.
const IGNORES: &str = "ignore_startup_parameters = extra_float_digits,options\n";

/// Has every notice that is kept tell the settings of the session that keeps it.
const WATCHED: &str = "CREATE TABLE seen (name TEXT, value TEXT); \
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    INSERT INTO seen SELECT name, current_setting(name) FROM unnest(ARRAY['synchronous_commit', \
    'transaction_isolation', 'lock_timeout', 'statement_timeout', 'plan_cache_mode']) AS name; \
    RETURN NEW; END $$; \
    CREATE TRIGGER see AFTER INSERT ON notice FOR EACH ROW EXECUTE FUNCTION see()";

#[test]
fn settings_of_a_session_pass_a_pooler_that_drops_options() {
    let server = Server::start();
    let url = server.database("gateway");
    let direct = Folder::on(&url);
    assert!(Gateway::start_in(direct.path(), "").stop().success());
    let mut client = Client::open(&url).expect("a client");
    for habit in ["synchronous_commit = off", "default_transaction_isolation = 'serializable'"] {
        client.rows(&format!("ALTER DATABASE gateway SET {habit}")).expect("a habit");
    }
    client.rows(WATCHED).expect("a trigger");
    let pooler = Between::pgbouncer(server.address(), &format!("pool_mode = session\n{IGNORES}"));
    let folder = Folder::on(&pooler.url(&url));
    let gateway = Gateway::start_in(folder.path(), "");
    for queue_id in 1..=8_u32 {
        register(&queue_id.to_string(), NUMBER).tell(&gateway);
    }
    assert_eq!(state(&gateway, NUMBER), "active");
    cancel("9", NUMBER).tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    let seen = client.rows("SELECT DISTINCT name, value FROM seen ORDER BY 1, 2").expect("rows");
    let seen: Vec<String> =
        seen.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join("=")).collect();
    let ours = [
        "lock_timeout=5s",
        "plan_cache_mode=force_generic_plan",
        "statement_timeout=6s",
        "synchronous_commit=on",
        "transaction_isolation=read committed",
    ];
    assert_eq!(seen, ours);
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

#[test]
fn the_addresss_own_settings_pass_it_too() {
    let server = Server::start();
    let url = server.database("gateway");
    let mut client = Client::open(&url).expect("a client");
    client.rows("CREATE SCHEMA apart").expect("a schema");
    let pooler = Between::pgbouncer(server.address(), &format!("pool_mode = session\n{IGNORES}"));
    let folder = Folder::on(&format!("{}&options=-c%20search_path%3Dapart", pooler.url(&url)));
    let gateway = Gateway::start_in(folder.path(), "");
    register("1", NUMBER).tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "active");
    assert_eq!(client.value("SELECT count(*) FROM apart.notice").expect("the ledger"), "1");
    let elsewhere = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(client.value(elsewhere).expect("a count"), "0");
    assert!(gateway.stop().success());
}

#[test]
fn a_pooler_of_transactions_is_refused() {
    let server = Server::start();
    let url = server.database("gateway");
    let direct = Folder::on(&url);
    assert!(Gateway::start_in(direct.path(), "").stop().success());
    for turns in ["0", "1"] {
        let more = format!("pool_mode = transaction\nserver_round_robin = {turns}\n{IGNORES}");
        let pooler = Between::pgbouncer(server.address(), &more);
        let said = refusal(Folder::on(&pooler.url(&url)).path());
        assert!(said.contains("pool_mode = session"), "{said}");
    }
}
