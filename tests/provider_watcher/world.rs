//! Two workers' keepers before one double, and tasks for them. Days count back from a fixed noon.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use sdp_gateway::catalog::GrantKind;
use sdp_gateway::clock::{Clock, DAY_MS, Timestamp};
use sdp_gateway::config::{BillingRemote, Suspend, WatcherRemote};
use sdp_gateway::ids::vsaas::{OrganizationId, PresetId};
use sdp_gateway::ids::{DeviceId, Msisdn, UserAccount};
use sdp_gateway::providers::watcher::Keeper;
use sdp_gateway::providers::{Action, Attempted, Doubt, Errand, Fulfilled, Provider};
use sdp_gateway::service::wanted::{Carried, Owner, Wanted};
use serde_json::json;

use crate::watcher_double::{ADMIN, API_KEY, DOMAIN, Double, Odd, Oddness, PASSWORD, Rows, State};

pub(crate) const ANN: &str = "84945989325";

/// Longer than any answer takes that is not held back, on a machine that is busy too.
const TIMEOUT_MS: u32 = 400;

const NOON: Timestamp = Timestamp(1_790_078_400_000);

/// Whose organizations cameras are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All are in one.
    Shared,
    /// Each subscriber has one.
    Own,
}

/// What a world is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) mode: Mode,
    pub(crate) suspend: Suspend,
    /// Whether cameras are moved out of the default organization.
    pub(crate) moves: bool,
    /// Whether billing makes organizations.
    pub(crate) is_billed: bool,
    /// Whether rows are odd, beside others that look like hers, and lists are cut off.
    pub(crate) is_odd: bool,
}

pub(crate) struct Worker(Keeper);

pub(crate) struct World {
    pub(crate) double: Double,
    pub(crate) keeper: Worker,
    /// Another worker's.
    others: OnceLock<Worker>,
    terms: Terms,
    /// The organization that all share.
    pub(crate) home: i64,
}

impl Terms {
    pub(crate) fn of(mode: Mode) -> Self {
        Self { mode, suspend: Suspend::Camera, moves: false, is_billed: true, is_odd: false }
    }
}

pub(crate) fn carried(preset: i64) -> Wanted {
    let settings = serde_json::from_value::<Vec<_>>(json!([{ "preset_id": preset }])).expect("settings");
    Wanted { carried: Carried::from(settings), is_owner_served: true, ..Wanted::default() }
}

/// The newest service ended so many days ago.
pub(crate) fn ended(days_ago: i64) -> Wanted {
    Wanted { ended_at: Some(NOON.plus_ms(-days_ago * DAY_MS)), ..Wanted::default() }
}

pub(crate) fn served_elsewhere(wanted: Wanted) -> Wanted {
    Wanted { is_owner_served: true, ..wanted }
}

pub(crate) fn nothing() -> Wanted {
    Wanted::default()
}

/// Until when recordings are kept of what ended so many days ago.
pub(crate) fn kept_until(days_ago: i64) -> Timestamp {
    NOON.plus_ms((7 - days_ago) * DAY_MS)
}

impl Worker {
    fn new(double: &Double, terms: Terms) -> Self {
        let settings = WatcherRemote {
            base_url: double.base_url(),
            api_key: API_KEY.to_owned().into(),
            organization_id: (terms.mode == Mode::Shared).then_some(OrganizationId(753)),
            folder_id: None,
            default_organization_id: None,
            default_preset_id: PresetId(391),
            login_domain: "sdp.example".to_owned(),
            suspend: terms.suspend,
            move_cameras: terms.moves,
            retention_keep_days: 7,
            reconcile_every_s: 0,
            per_second: 0,
            timeout_ms: TIMEOUT_MS,
        };
        let billing = BillingRemote {
            base_url: double.base_url(),
            user: ADMIN.to_owned(),
            password: PASSWORD.to_owned().into(),
            domain_id: DOMAIN.to_owned(),
            owner: Some(ADMIN.to_owned()),
            timeout_ms: TIMEOUT_MS,
        };
        let billing = Some(billing).filter(|_| terms.is_billed);
        Self(Keeper::new("cams", settings, billing, Clock::from_fn(|| NOON)).expect("a keeper"))
    }

    pub(crate) async fn attempt(&self, task: &Errand) -> Attempted {
        self.0.send(task).await
    }
}

/// Seventy users and organizations that are found where she is, lists that are cut off below, and rows of which
/// nobody can read some.
fn make_odd(state: &mut State) {
    state.rows_max = 50;
    for n in 0..70 {
        let user = state.create_user(&format!("no{n}-{ANN}@example.org"), "unit-test-password", None);
        state.leave(752, user);
        state.create_organization(&format!("{n}, not {ANN}"), false, BTreeSet::new());
    }
    let mut odd = |rows: Rows, how: &[Oddness], first: i64| {
        state.odd.extend((first..).zip(how).map(|(id, how)| Odd::one(rows, id, *how)));
    };
    let unlike = [Oddness::Null, Oddness::Nameless, Oddness::NoLogin, Oddness::Bare, Oddness::Zeros];
    let all = [&unlike[..], &Oddness::READABLE, &[Oddness::NoBooleans, Oddness::Objects]].concat();
    odd(Rows::User, &all, 2298);
    odd(Rows::Organization, &all, 754);
    odd(Rows::Tariff, &[Oddness::Null], 551);
    state.create_tariff("An odd one", 1.0);
    for (rows, how) in [
        (Rows::Camera, Oddness::Bits),
        (Rows::Folder, Oddness::Zeros),
        (Rows::Preset, Oddness::Texts),
        (Rows::Billed, Oddness::Texts),
    ] {
        state.odd.push(Odd::each(rows, how));
    }
}

impl World {
    /// A camera `cam-1`: in the organization that all share, or in the default one.
    pub(crate) async fn new(mode: Mode, suspend: &str) -> Self {
        let suspend = if suspend == "user" { Suspend::User } else { Suspend::Camera };
        Self::with(Terms { suspend, ..Terms::of(mode) }).await
    }

    pub(crate) async fn with(terms: Terms) -> Self {
        let double = Double::start().await;
        let home = 753;
        {
            let mut state = double.state();
            state.organizations.get_mut(&home).expect("it").tariffs = [549, 550].into();
            let is_home = terms.mode == Mode::Shared && !terms.moves;
            let at = if is_home { home } else { state.default_organization };
            state.add_camera("cam-1", at);
            state.is_billed = terms.is_billed;
            if terms.is_odd {
                make_odd(&mut state);
            }
        }
        let keeper = Worker::new(&double, terms);
        Self { double, keeper, others: OnceLock::new(), terms, home }
    }

    /// Made only where it is needed: each worker reads all certificates of the machine.
    pub(crate) fn others(&self) -> &Worker {
        self.others.get_or_init(|| Worker::new(&self.double, self.terms))
    }

    pub(crate) fn task(&self, number: &str, camera: &str, wanted: Wanted) -> Errand {
        let owner = Owner::Number(Msisdn::parse(number).expect("a number"));
        self.task_of(owner, camera, wanted)
    }

    pub(crate) fn task_of_account(&self, account: &str, camera: &str, wanted: Wanted) -> Errand {
        let owner = Owner::Account(UserAccount::parse(account).expect("an account"));
        self.task_of(owner, camera, wanted)
    }

    fn task_of(&self, owner: Owner, camera: &str, wanted: Wanted) -> Errand {
        Errand {
            action: Action::Begin,
            doubt: Doubt::None,
            order_num: "step-1".to_owned(),
            ended_order_nums: Vec::new(),
            user_account: UserAccount::parse("ann").expect("an account"),
            device_id: DeviceId::parse("10001").expect("a device"),
            camera: Some(camera.to_owned()),
            kind: GrantKind::Cloud,
            storage: None,
            retention_days: None,
            starts_at: Timestamp(0),
            ends_at: None,
            code: None,
            settings: serde_json::Map::new(),
            wanted: Some(Wanted { owner: Some(owner), ..wanted }),
        }
    }

    /// Attempts by the workers in turn until the task is done, as they make them.
    pub(crate) async fn settle(&self, task: &Errand) -> Fulfilled {
        self.settled(task, false).await
    }

    /// The same; a task that is given up for good may be tried again, as operators do.
    pub(crate) async fn settled(&self, task: &Errand, is_retried: bool) -> Fulfilled {
        let mut task = task.clone();
        let mut told = Vec::new();
        for turn in 0..8 {
            let worker = if turn % 2 == 0 { &self.keeper } else { self.others() };
            let outcome = worker.attempt(&task).await;
            match &outcome {
                Attempted::Done(settled) => return settled.clone(),
                Attempted::Unknown(_) => task.doubt = Doubt::Possible,
                Attempted::Again { .. } | Attempted::Denied(_) => {}
                Attempted::Never(_) if is_retried => {}
                _ => panic!("{outcome:?} after {told:?}"),
            }
            told.push(outcome);
        }
        panic!("no end: {told:#?}");
    }

    /// Moves cameras to the organization of Ann, as an operator does in Watcher's own pages.
    pub(crate) fn take_home(&self, cameras: &[&str]) {
        let mut state = self.double.state();
        let home = state.organizations.iter().find(|(_, home)| home.title == ANN).map(|(id, _)| *id);
        let home = home.expect("her organization");
        let folder = state.root(home);
        for name in cameras {
            let camera = state.cameras.get_mut(*name).expect("a camera");
            (camera.organization, camera.folder) = (home, folder);
        }
    }
}
