//! The clients of Watcher and of billing: every sample of the papers read, every call against a strict double
//! of both systems, and every way a call can go wrong told apart by what to do about it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "provider_watcher_clients/calls.rs"]
mod calls;
#[path = "provider_watcher_clients/double.rs"]
mod double;
#[path = "provider_watcher_clients/faults.rs"]
mod faults;
#[path = "provider_watcher_clients/samples.rs"]
mod samples;
#[path = "provider_watcher_clients/secrets.rs"]
mod secrets;
#[path = "support/watcher_double.rs"]
mod watcher_double;

use std::time::Duration;

use sdp_gateway::config::{BillingRemote, Suspend, WatcherRemote};
use sdp_gateway::ids::vsaas::PresetId;
use sdp_gateway::providers::{billing, watcher};
use tokio::time::Instant;
use watcher_double::{ADMIN, API_KEY, DOMAIN, Double, PASSWORD};

fn watcher_settings(base_url: String) -> WatcherRemote {
    WatcherRemote {
        base_url,
        api_key: API_KEY.into(),
        organization_id: None,
        folder_id: None,
        default_organization_id: None,
        default_preset_id: PresetId(391),
        login_domain: "sdp.example".to_owned(),
        suspend: Suspend::Camera,
        move_cameras: false,
        retention_keep_days: 7,
        move_cameras: false,
        reconcile_every_s: 0,
        per_second: 0,
        timeout_ms: 5000,
    }
}

fn billing_settings(base_url: String) -> BillingRemote {
    BillingRemote {
        base_url,
        user: ADMIN.to_owned(),
        password: PASSWORD.into(),
        domain_id: DOMAIN.to_owned(),
        owner: Some(ADMIN.to_owned()),
        timeout_ms: 5000,
    }
}

/// Both clients of one base.
struct Clients {
    watcher: watcher::Client,
    billing: billing::Client,
}

impl Clients {
    fn of(base_url: &str) -> Self {
        secrets::keep_log();
        Self {
            watcher: watcher::Client::new("cams", &watcher_settings(base_url.to_owned())).unwrap(),
            billing: billing::Client::new("cams", &billing_settings(base_url.to_owned())).unwrap(),
        }
    }

    fn of_double(double: &Double) -> Self {
        Self::of(&double.base_url())
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}
