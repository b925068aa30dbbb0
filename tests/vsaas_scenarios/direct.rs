//! The scenarios of the papers at a Watcher that no billing manages: organizations and presets are its own, and every
//! id is Watcher's.

use serde_json::json;

use super::Setup;
use super::tariffs::offer;
use crate::watcher_double::{At, How, When};

#[tokio::test(flavor = "multi_thread")]
async fn a_preset_is_made_and_offers_are_compared_with_it() {
    let mut setup = Setup::without_billing().await;
    let week = setup.double.state().create_preset("Week", 7.0);
    assert_eq!(week, 394);
    setup.catalog(&offer("week", "1", week));
    let findings = setup.vsaas("tariffs --json").json()["findings"].clone();
    assert_eq!(findings, json!(["organization 753 does not have preset 394, and offers use it: week"]));
    setup.vsaas("org tariffs 753 394").check(0);
    assert_eq!(setup.vsaas("tariffs --json").json()["findings"], json!([]));
    assert_eq!(setup.double.state().presets_of(753), [391, 394]);
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_with_presets_and_how_they_are_replaced() {
    let setup = Setup::without_billing().await;
    let made = setup.run(&["org", "create", "Demo org", "--tariff", "392"]);
    assert!(made.check(0).out.contains("754") && made.out.contains("391 392"), "{}", made.out);
    let state = setup.double.state().clone();
    assert_eq!(
        (state.organizations[&754].title.as_str(), state.presets_of(754)),
        ("Demo org", vec![391, 392])
    );
    let twice = setup.run(&["org", "create", "Demo org"]);
    assert!(twice.check(1).err.contains("already"), "{}", twice.err);
    assert_eq!(setup.double.state().organizations.len(), 3);
    setup.vsaas("org tariffs 754 392 393").check(0);
    assert_eq!(setup.double.state().presets_of(754), [391, 392, 393]);
    setup.vsaas("org tariffs 754 393").check(0);
    assert_eq!(setup.double.state().presets_of(754), [391, 393]);
    setup.vsaas("org tariffs 754").check(0);
    assert_eq!(setup.double.state().presets_of(754), [391], "the default one stays");
    // What is in use cannot be taken, and is told so.
    setup.vsaas("org tariffs 754 392").check(0);
    {
        let mut state = setup.double.state();
        state.add_camera("cam-1", 754);
        state.cameras.get_mut("cam-1").expect("it").preset = 392;
    }
    let used = setup.vsaas("org tariffs 754");
    assert!(used.check(1).err.contains("The preset is used by cameras"), "{}", used.err);
    let full = setup.vsaas("org delete 754");
    assert!(full.check(1).err.contains("The organization is not empty"), "{}", full.err);
    setup.double.state().cameras.remove("cam-1");
    setup.vsaas("org delete 754").check(0);
    assert!(!setup.double.state().organizations.contains_key(&754));
    for (command, says) in
        [("org delete 752", "default"), ("org delete 753", "organization_id"), ("org delete 99", "99")]
    {
        let ended = setup.vsaas(command);
        assert!(ended.check(1).err.contains(says), "{command}: {}", ended.err);
    }
    assert_eq!(setup.double.state().organizations.len(), 2);
    let listed = setup.vsaas("org list --json").json();
    let ids: Vec<_> =
        listed["organizations"].as_array().unwrap().iter().map(|of| &of["watcher_id"]).collect();
    assert_eq!(ids, [752, 753]);
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn users_who_read_and_who_edit() {
    let setup = Setup::without_billing().await;
    setup.vsaas("user add 0945989325").check(0);
    {
        let state = setup.double.state();
        assert_eq!(state.organizations_of(2298), [753]);
        let member = &state.organizations[&753].members[&2298];
        assert!(!member.is_editor && member.folders.contains_key(&1156));
    }
    setup.vsaas("user add installer@example.com --editor").check(0);
    {
        let state = setup.double.state();
        assert_eq!(state.organizations_of(2299), [753]);
        assert!(state.organizations[&753].members[&2299].is_editor);
    }
    setup.vsaas("user remove installer@example.com").check(0);
    assert!(!setup.double.state().users.contains_key(&2299));
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_preset_becomes_the_default_one() {
    let mut setup = Setup::without_billing().await;
    setup.catalog(&offer("day", "1", 391));
    setup.double.state().make_default(549);
    let findings = setup.vsaas("tariffs --json").json()["findings"].to_string();
    assert!(findings.contains("the default preset is 392, and default_preset_id of the settings is 391"));
    setup.settings = setup.settings.replace("default_preset_id = 391", "default_preset_id = 392");
    let findings = setup.vsaas("tariffs --json").json()["findings"].to_string();
    assert!(!findings.contains("the default preset is"), "{findings}");
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_disabled_and_given_another_preset() {
    let setup = Setup::without_billing().await;
    for name in ["demo-cam-219c36899q", "yard/gate"] {
        if name == "yard/gate" {
            setup.double.state().add_camera(name, 753);
        }
        setup.vsaas(&format!("camera disable {name}")).says(&format!("{name} is disabled\n"));
        assert!(!setup.double.state().cameras[name].enabled);
        setup.vsaas(&format!("camera enable {name}")).says(&format!("{name} is enabled\n"));
        setup.vsaas("org tariffs 753 392").check(0);
        setup.vsaas(&format!("camera preset {name} 392")).check(0);
        assert_eq!(setup.double.state().cameras[name].preset, 392);
    }
    // A change that was answered and not made is none.
    for how in How::DEAF {
        setup.double.fail(At::Every("PUT /cameras/{}"), When::Before, how);
        let ended = setup.vsaas("camera preset demo-cam-219c36899q 391");
        assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{how:?}: {}", ended.err);
        setup.double.heal();
    }
    setup.was_right();
}
