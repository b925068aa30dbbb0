//! What operators may ask and see: guards, health, metrics, counts and the journal.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/said.rs"]
mod said;

#[path = "api_admin/guards.rs"]
mod guards;
#[path = "api_admin/health.rs"]
mod health;
#[path = "api_admin/journal.rs"]
mod journal;
