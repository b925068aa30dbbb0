//! What stands between gateway and PostgreSQL server, and several servers in one address: a session's settings
//! reach the server or the gateway does not serve, no read is answered by a standby, and of two servers that
//! take writes none is taken. With pgbouncer and pgpool-II as Debian has them.

#[path = "support/between.rs"]
mod between;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "support/refusal.rs"]
mod refusal;
#[path = "support/said.rs"]
mod said;
#[path = "support/server.rs"]
mod server;

#[path = "postgres_proxies/balancers.rs"]
mod balancers;
#[path = "postgres_proxies/hosts.rs"]
mod hosts;
#[path = "postgres_proxies/poolers.rs"]
mod poolers;
