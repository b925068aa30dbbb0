//! The gateway between a mobile carrier's SDP and a cloud-camera business.

pub mod admin;
pub mod app;
pub mod carrier;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod ids;
pub mod json;
pub mod ledger;
pub mod limits;
pub mod partner;
pub mod replay;
pub mod routes;
pub mod server;
pub mod story;
pub mod subscription;
pub mod systemd;
pub mod telemetry;
pub mod wire;
