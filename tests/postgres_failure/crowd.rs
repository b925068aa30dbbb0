//! Others take all the connections that the server has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::endure::endure;
use crate::gateway::ledger::postgres::Client;
use crate::gateway::{Folder, Gateway};
use crate::kit::verify;
use crate::server::Server;

/// Between two rushes.
const PAUSE: Duration = Duration::from_millis(20);

/// Clients that rush for every connection and throw the gateway out of its own, again and again, as one
/// that was thrown out leaves its place only a moment later. Gone when dropped.
struct Crowd {
    over: Arc<AtomicBool>,
    rushing: Option<JoinHandle<()>>,
}

impl Crowd {
    fn at(server: &Server) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (mut control, base, ends) = (server.client(), server.base.clone(), Arc::clone(&over));
        let rushing = std::thread::spawn(move || {
            let mut crowd = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                while let Ok(client) = Client::open(&base) {
                    crowd.push(client);
                }
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gateway'";
                control.rows(sql).expect("an answer");
                std::thread::sleep(PAUSE);
            }
        });
        Self { over, rushing: Some(rushing) }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if self.rushing.take().is_some_and(|rushing| rushing.join().is_err()) {
            eprintln!("the crowd went away too early");
        }
    }
}

#[test]
fn a_crowded_server() {
    let few = "max_connections=40 superuser_reserved_connections=0";
    let server = Server::start_with(&[("PG_SETTINGS", few)]);
    let folder = Folder::on(&server.database("gateway"));
    let gateway = Gateway::start_in(folder.path(), "");
    let crowd = std::cell::RefCell::new(None);
    let begin = || *crowd.borrow_mut() = Some(Crowd::at(&server));
    endure(&gateway, begin, || drop(crowd.borrow_mut().take()));
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}
