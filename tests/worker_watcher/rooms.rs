//! What an organization may hold, as the worker meets it; and cameras that it moves into one.

use super::gateway::Gateway;
use super::outbox::{self, metric, tasks, until, until_states, wait};
use super::said::register;
use super::watcher_double::{Odd, Oddness, Rows, User};
use super::world::{ANN, LOGIN, World};

fn reconciled(gateway: &Gateway, arguments: &[&str]) -> Vec<String> {
    let told = outbox::printed(gateway, &[&["vsaas", "reconcile"], arguments].concat());
    told.lines().map(str::to_owned).collect()
}

/// So many users in the organization that all share, in which one was.
fn fill(world: &World, users: usize) {
    let mut state = world.double.state();
    for n in 1..users {
        let login = format!("u{n}@example.org");
        let id = state.create_user_of(User { login, enabled: true, ..User::default() });
        state.join(753, id, false);
    }
}

#[test]
fn a_full_organization_is_named_and_seen_to_come() {
    let world = World::new("", "");
    fill(&world, 990);
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    until_states(&gateway, ANN, &["begin done"]);
    let room = |of: &str| {
        metric(&gateway, &format!("sdp_gateway_provider_room_{of}{{provider=\"cams\",what=\"users\"}}"))
    };
    until("it is told how full it is", || (room("used"), room("limit")) == (991.0, 1000.0));
    assert!(gateway.log().contains("nearly full"), "{}", gateway.log());
    // Nobody else fits, and that is why.
    world.double.state().organizations.get_mut(&753).expect("it").user_limit = Some(991);
    world.double.state().add_camera("cam-100", 753);
    let other = outbox::bound(&ledger, 100);
    register("2", &other).tell(&gateway);
    until_states(&gateway, &other, &["begin dead"]);
    let task = &tasks(&gateway, &format!("msisdn={other}"))[0];
    let why = task["last_error"].as_str().unwrap_or_default();
    assert!(why.contains("users 991 of 991") && why.contains("User limit of the organization"), "{task}");
    world.double.state().organizations.get_mut(&753).expect("it").user_limit = Some(1000);
    outbox::printed(&gateway, &["tasks", "retry", &task["id"].to_string()]);
    until_states(&gateway, &other, &["begin done"]);
    world.nothing_refused();
    wait(ledger.close());
}

#[test]
fn a_camera_of_nobodys_is_moved_to_its_subscriber() {
    let mut world = World::own();
    world.settings = world.settings.replace("login_domain", "move_cameras = true\nlogin_domain");
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    until_states(&gateway, ANN, &["begin done"]);
    assert_eq!(world.camera("cam-1"), (392, true));
    let home = || world.double.state().cameras["cam-1"].organization;
    assert_eq!((home(), world.user(LOGIN)), (754, Some((true, vec![754]))));
    assert!(tasks(&gateway, "")[0]["note"].is_null(), "nothing is left to be done by hand");
    // Moved back by hand.
    {
        let mut state = world.double.state();
        let folder = state.root(752);
        let camera = state.cameras.get_mut("cam-1").expect("it");
        (camera.organization, camera.folder, camera.preset) = (752, folder, 391);
    }
    let told = reconciled(&gateway, &[]);
    assert_eq!(told[0], "cam-1: is in the default organization, and should be its subscriber's");
    assert_eq!(home(), 752, "dry by default");
    let told = reconciled(&gateway, &["--fix"]);
    assert_eq!(told[0], "cam-1: is in the default organization, and should be its subscriber's; mended");
    assert_eq!((home(), world.camera("cam-1")), (754, (392, true)));
    assert_eq!(reconciled(&gateway, &["--fix"]).len(), 1);
    world.nothing_refused();
    wait(ledger.close());
}

#[test]
fn rows_that_cannot_be_read_are_counted() {
    let world = World::new("reconcile_every_s = 1", "");
    world.double.state().odd = vec![
        Odd::one(Rows::Camera, "demo-cam-219c36899q", Oddness::Nameless),
        Odd::one(Rows::User, 2297, Oddness::Null),
    ];
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    until_states(&gateway, ANN, &["begin done"]);
    let odd = "sdp_gateway_provider_odd_rows_total{provider=\"cams\"}";
    until("both are counted", || metric(&gateway, odd) >= 2.0);
    world.double.state().cameras.get_mut("cam-1").expect("it").enabled = false;
    until("what can be read is mended", || world.camera("cam-1") == (392, true));
    wait(ledger.close());
}
