//! The scenarios of the papers of Watcher and billing, as an operator goes through them with the `vsaas`
//! commands: on the real binary, against a strict double of both systems.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/watcher_double.rs"]
mod watcher_double;

#[path = "vsaas_scenarios/direct.rs"]
mod direct;
#[path = "vsaas_scenarios/faults.rs"]
mod faults;
#[path = "vsaas_scenarios/hostile_text.rs"]
mod hostile_text;
#[path = "vsaas_scenarios/limits.rs"]
mod limits;
#[path = "vsaas_scenarios/odd.rs"]
mod odd;
#[path = "vsaas_scenarios/readme.rs"]
mod readme;
#[path = "vsaas_scenarios/refused.rs"]
mod refused;
#[path = "vsaas_scenarios/tariffs.rs"]
mod tariffs;

use std::collections::BTreeSet;

use gateway::{Folder, Gateway};
use serde_json::{Value, json};
use watcher_double::Double;

/// Two systems, and the settings of a gateway that is to use them.
struct Setup {
    double: Double,
    folder: Folder,
    settings: String,
}

/// How a command ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    #[track_caller]
    fn check(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn says(&self, out: &str) {
        assert_eq!(self.check(0).out, out, "{}", self.err);
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.check(0).out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// It failed and said this, on one line.
    #[track_caller]
    fn fails(&self, why: &str) {
        assert_eq!(
            (self.check(1).out.as_str(), self.err.as_str()),
            ("", format!("sdp-gateway: {why}\n").as_str())
        );
    }
}

impl Setup {
    async fn new() -> Self {
        Self::with("organization_id = 753\n").await
    }

    async fn with(more: &str) -> Self {
        let double = Double::start().await;
        let settings = double.settings("cams", more) + &double.billing_settings("cams");
        Self { double, folder: Folder::new(), settings }
    }

    /// A Watcher that no billing manages, and settings without one.
    async fn without_billing() -> Self {
        let double = Double::start().await;
        double.state().is_billed = false;
        let settings = double.settings("cams", "organization_id = 753\n");
        Self { double, folder: Folder::new(), settings }
    }

    fn vsaas(&self, arguments: &str) -> Ended {
        self.run(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Gateway::cli(self.folder.path(), &self.settings);
        let output = command.arg("vsaas").args(arguments).output().expect("the command runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let code = output.status.code().expect("an exit code");
        Ended { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Nothing was asked of either system that a right client never asks.
    fn was_right(&self) {
        assert!(self.double.state().refused.is_empty(), "{:?}", self.double.state().refused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_with_tariffs() {
    let setup = Setup::new().await;
    let made = setup.run(&["org", "create", "Demo org", "--tariff", "549"]);
    made.says("made organization 7361 (at Watcher 754), with the tariffs 548 549\n");
    let state = setup.double.state().organizations[&754].clone();
    assert_eq!((state.title.as_str(), state.owner.as_str()), ("Demo org", "admin@example.org"));
    assert_eq!(state.tariffs, BTreeSet::from([549]));
    setup
        .run(&["org", "create", "Demo org"])
        .fails("there is an organization of that title already: 7361 (at Watcher 754)");
    setup.run(&["org", "create", "Other", "--owner", "new@example.org"]).check(0);
    assert_eq!(setup.double.state().organizations[&755].owner, "new@example.org");
    let listed = setup.vsaas("org list --json").json();
    let ids: Vec<_> =
        listed["organizations"].as_array().unwrap().iter().map(|of| &of["billing_id"]).collect();
    assert_eq!(ids, [&Value::Null, &json!(7360), &json!(7361), &json!(7362)]);
    let own = &listed["organizations"][2];
    assert_eq!(
        *own,
        json!({"billing_id": 7361, "watcher_id": 754, "title": "Demo org", "owner": "admin@example.org",
               "default": false, "tariffs": [548, 549], "cameras": 0, "users": 0, "camera_limit": 1000,
               "user_limit": 1000, "dvr_limit": 100, "max_sessions": null})
    );
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_reads() {
    let setup = Setup::new().await;
    let added = setup.vsaas("user add 0945989325");
    added.says(
        "made user 2298 (84945989325@sdp.example); nobody knows its password: have Watcher reset it to let them in\n\
         organization 753: a reader from the start\nfolder 1156: rights granted\n",
    );
    let state = setup.double.state().clone();
    let user = &state.users[&2298];
    assert_eq!((user.external_id.as_deref(), user.enabled), (Some("84945989325"), true));
    assert_eq!(state.organizations_of(2298), [753]);
    let member = &state.organizations[&753].members[&2298];
    assert!(!member.is_editor && member.folders.contains_key(&1156));
    let again = setup.vsaas("user add 84945989325");
    again.says(
        "user 2298 (84945989325@sdp.example) is there already\norganization 753: is a reader already\n\
         folder 1156: has rights already\n",
    );
    let writes = |call: &&String| !call.starts_with("GET");
    assert_eq!(setup.double.state().calls.iter().filter(writes).count(), 2, "nothing was done twice");
    let listed = setup.vsaas("user list --org 753 --json").json();
    let users = listed["users"].as_array().unwrap();
    let hers: Vec<_> = users.iter().filter(|user| user["login"] == "84945989325@sdp.example").collect();
    assert_eq!((hers.len(), &hers[0]["editor"], users.len()), (1, &json!(false), 2));
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_edits_cameras_and_goes() {
    let setup = Setup::new().await;
    let added = setup.vsaas("user add installer@example.com --editor");
    assert!(added.check(0).out.contains("organization 753: joined as an editor\n"), "{}", added.out);
    let state = setup.double.state().clone();
    assert_eq!((state.organizations_of(2298), state.users[&2298].external_id.as_deref()), (vec![753], None));
    assert!(state.organizations[&753].members[&2298].is_editor);
    setup.vsaas("user remove installer@example.com").says("removed user 2298 (installer@example.com)\n");
    assert!(!setup.double.state().users.contains_key(&2298));
    setup.vsaas("user remove 2298").fails("Watcher has no user 2298");

    // A reader becomes an editor by leaving and joining again, and loses nothing by it.
    setup.vsaas("user add 0945989325").check(0);
    setup.vsaas("user add 0945989325 --editor").check(0);
    let member = setup.double.state().organizations[&753].members[&2299].clone();
    assert!(member.is_editor && member.folders.contains_key(&1156));
    let stays = setup.vsaas("user add 0945989325");
    assert!(stays.check(0).out.contains("is an editor already"), "{}", stays.out);
    setup.vsaas("user remove 84945989325").says("removed user 2299 (84945989325@sdp.example)\n");
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn tariffs_of_an_organization_are_replaced() {
    let setup = Setup::new().await;
    setup
        .vsaas("org tariffs 7360 549 550")
        .says("organization 7360 has the tariffs 548 549 550; it had 548\n");
    setup
        .vsaas("org tariffs 7360 550")
        .says("organization 7360 has the tariffs 548 550; it had 548 549 550\n");
    assert_eq!(setup.double.state().presets_of(753), [391, 393]);
    setup.vsaas("org tariffs 7360").says("organization 7360 has the tariffs 548; it had 548 550\n");
    setup.run(&["org", "create", "Demo org"]).check(0);
    setup.vsaas("org delete 7361").says("deleted organization 7361 (at Watcher 754)\n");
    assert!(!setup.double.state().organizations.contains_key(&754));
    setup.vsaas("org delete 7361").fails("billing has no organization 7361");
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_disabled_and_given_another_preset() {
    let setup = Setup::new().await;
    let name = "demo-cam-219c36899q";
    setup.vsaas(&format!("camera disable {name}")).says(&format!("{name} is disabled\n"));
    assert!(!setup.double.state().cameras[name].enabled);
    setup.vsaas(&format!("camera disable {name}")).says(&format!("{name} is disabled already\n"));
    setup.vsaas(&format!("camera enable {name}")).says(&format!("{name} is enabled\n"));
    setup.vsaas("org tariffs 7360 549").check(0);
    let changed = setup.vsaas(&format!("camera preset {name} 392"));
    changed.says(&format!("{name} has the preset 392, 3 days; it had 391, 0 days\n"));
    setup.vsaas(&format!("camera preset {name} 392")).says(&format!("{name} has the preset 392 already\n"));
    assert_eq!(setup.double.state().count("PUT /cameras/{}"), 3);
    let shown = setup.vsaas(&format!("camera show {name}")).json();
    assert_eq!((&shown["preset_id"], &shown["streamer"]), (&json!(392), &json!("eu-004.vscdn.example")));
    assert!(!shown.to_string().contains("token"), "{shown}");
    let listed = setup.vsaas("camera list --json").json();
    assert_eq!(listed["cameras"].as_array().unwrap().len(), 2);
    let listed = setup.vsaas("camera list --org 752");
    assert_eq!(
        listed.check(0).out.lines().nth(1).unwrap().split_whitespace().next(),
        Some("camera02-5ca25a2330")
    );
    assert_eq!(
        setup.vsaas("folders --json").json()["folders"],
        json!([
            {"id": 1156, "title": "Cameras", "parent_id": null, "cameras": 1}
        ])
    );
    setup.was_right();
}
