//! Short ways to make what the rules are about. One time unit is a millisecond.

use sdp_gateway::catalog::{GrantKind, Storage};
use sdp_gateway::clock::Timestamp;
use sdp_gateway::ids::{DeviceId, UserAccount};
use sdp_gateway::service::Plan;
use sdp_gateway::service::hold::Window;
use sdp_gateway::service::holdings::{Holdings, Purchase};
use sdp_gateway::service::right::Right;
use sdp_gateway::service::source::{ServiceId, Source};

pub(crate) fn device(name: &str) -> DeviceId {
    DeviceId::parse(name).expect("a device id")
}

pub(crate) fn account(name: &str) -> UserAccount {
    UserAccount::parse(name).expect("an account")
}

/// A local plan of event storage where the kind is cloud.
pub(crate) fn plan(kind: GrantKind) -> Plan {
    let cloud = kind == GrantKind::Cloud;
    Plan {
        kind,
        storage: cloud.then_some(Storage::Event),
        retention_days: cloud.then_some(7),
        provider: "local".to_owned(),
        settings: serde_json::Map::new(),
    }
}

/// A right without grace.
pub(crate) fn right(name: &str, plan: Plan, window: (i64, i64), devices_max: usize) -> Right {
    let (starts_at, end) = (Timestamp(window.0), Timestamp(window.1));
    let window = Window { starts_at, expires_at: end, lapses_at: end };
    Right { entitlement: name.to_owned(), plan, devices_max, window, begins_at: window.starts_at }
}

pub(crate) fn purchase(name: &str, plan: Plan, granted_ms: i64, pausable: bool) -> Purchase {
    Purchase { source: Source::Code(name.to_owned()), plan, granted_ms, pausable }
}

/// The id of the service that [`purchase`] of this name becomes.
pub(crate) fn paid(name: &str) -> ServiceId {
    ServiceId::of_paid(&Source::Code(name.to_owned()))
}

/// As at `at`, as far as it is past what they are settled to.
pub(crate) fn settled(holdings: &Holdings, at: i64) -> Holdings {
    let mut copy = holdings.clone();
    copy.advance(Timestamp(at));
    copy
}
