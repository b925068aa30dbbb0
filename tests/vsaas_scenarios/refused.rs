//! What is refused: ids of the other system, what is not there, wrong usage, a system that does not answer.

use super::Setup;
use crate::watcher_double::{At, How, Key, WORDS, When};

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_the_other_system_names_the_right_one() {
    let setup = Setup::new().await;
    let right = |of: &str, id: i64| format!("{id} is {of}");
    setup
        .vsaas("org tariffs 753 549")
        .fails(&right("Watcher's id of that organization: billing's is 7360, give that", 753));
    setup
        .vsaas("org delete 753")
        .fails(&right("Watcher's id of that organization: billing's is 7360, give that", 753));
    for command in
        ["user list --org 7360", "camera list --org 7360", "folders --org 7360", "user add x --org 7360"]
    {
        let why = right("billing's id of that organization: Watcher's is 753, give that", 7360);
        setup.vsaas(command).fails(&why);
    }
    setup
        .vsaas("org tariffs 7360 392")
        .fails("392 is Watcher's id of the preset of tariff 549: give billing's, 549");
    setup
        .vsaas("org create X --tariff 392")
        .fails("392 is Watcher's id of the preset of tariff 549: give billing's, 549");
    setup
        .vsaas("camera preset demo-cam-219c36899q 549")
        .fails("549 is billing's id of a tariff: Watcher's of its preset is 392, give that");
    assert_eq!(setup.double.state().calls.iter().filter(|call| !call.starts_with("GET")).count(), 0);
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there() {
    let setup = Setup::new().await;
    setup.vsaas("org delete 99").fails("billing has no organization 99");
    setup.vsaas("org tariffs 7360 99").fails("billing has no tariff 99");
    setup.vsaas("folders --org 99").fails("Watcher has no organization 99");
    setup.vsaas("camera show no-such").fails("Watcher has no camera no-such");
    setup.vsaas("camera enable ..").fails("Watcher has no camera ..");
    setup.vsaas("user remove nobody").fails("Watcher has no user nobody");
    setup
        .vsaas("camera preset demo-cam-219c36899q 393")
        .fails("the camera's organization has no preset 393: it has 391 (Default)");
    setup
        .vsaas("user add x --folder 1155")
        .fails("the organization 753 has no folder 1155: see `vsaas folders --org 753`");
    setup
        .vsaas("user add x --org 752")
        .fails("752 is the default organization, which users are removed from");
    assert_eq!(setup.double.state().users.len(), 1);
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_settings_name_is_not_deleted() {
    for name in ["organization_id", "default_organization_id"] {
        let setup = Setup::with(&format!("{name} = 753\n")).await;
        setup
            .vsaas("org delete 7360")
            .fails(&format!("organization 7360 (at Watcher 753) is the settings' {name}: change that first"));
        assert!(setup.double.state().organizations.contains_key(&753));
        setup.was_right();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_ends_with_2() {
    let mut setup = Setup::with("").await;
    for arguments in [
        "",
        "org",
        "org create",
        "org delete",
        "org delete x",
        "org tariffs 7360 0",
        "user add",
        "user list --org x",
        "camera preset a",
        "folders",
        "user add x",
        "tariffs --provider other",
    ] {
        let ended = setup.vsaas(arguments);
        assert!(ended.check(2).out.is_empty() && !ended.err.is_empty(), "{arguments}");
    }
    for login in ["", " ", "a b", "@", "a@", "@sdp.example", "a@b@c"] {
        let ended = setup.run(&["user", "add", login, "--org", "753"]);
        assert!(ended.check(2).err.contains("LOGIN is a number"), "{login:?}: {}", ended.err);
    }
    assert_eq!(setup.double.state().calls, Vec::<String>::new());
    setup.settings = setup
        .settings
        .replace("owner = 'admin@example.org'\n", "")
        .replace("login_domain", "organization_id = 753\nlogin_domain");
    assert!(setup.vsaas("org create X").check(2).err.contains("--owner is needed"));
    let second = setup.double.settings("yard", "organization_id = 753");
    setup.settings += &second;
    let ended = setup.vsaas("folders");
    assert!(ended.check(2).err.contains("--provider is needed: there are cams, yard"), "{}", ended.err);
    setup.vsaas("folders --provider yard").check(0);
    setup.vsaas("--provider yard folders").check(0);
    setup.settings = String::new();
    setup.vsaas("folders").fails("the settings have no provider of kind watcher");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_fails_is_told_on_one_line() {
    let setup = Setup::new().await;
    setup.double.fail(At::Every("GET /users"), When::Before, How::Status(403));
    let page = "Watcher, GET /users: HTTP 403: refused with a page (HTML), so by something before it";
    setup.vsaas("user list").fails(page);
    setup.double.heal();
    setup.double.fail(At::Every("GET /users"), When::Before, How::Words(403));
    setup.vsaas("user list").fails(&format!("Watcher, GET /users: HTTP 403: {WORDS}"));
    setup.double.heal();
    setup.double.fail(At::Every("GET /users"), When::Before, How::Words(200));
    setup.vsaas("user list").fails(&format!("Watcher, GET /users: HTTP 200: {WORDS}"));
    setup.double.heal();
    for (key, words) in [(Key::Wrong, "Wrong API key"), (Key::Expired, "API key has expired")] {
        setup.double.state().key = key;
        setup.vsaas("user list").fails(&format!("Watcher, GET /users: HTTP 403: {words}"));
    }
    setup.double.state().key = Key::Good;
    for (how, says) in [
        (How::Garbage, "with a page (HTML)"),
        (How::SignIn, "HTTP 302: it sends us to a sign-in page"),
        (How::Slash(301), "HTTP 301: it sends us to the same with a / at the end"),
        (How::Slash(308), "HTTP 308: it sends us to the same with a / at the end"),
    ] {
        setup.double.fail(At::Every("GET /users"), When::Before, how);
        let ended = setup.vsaas("user list");
        assert!(
            ended.check(1).err.contains(says) && ended.err.lines().count() == 1,
            "{how:?}: {}",
            ended.err
        );
        setup.double.heal();
    }
    setup.double.fail(At::Every("billing POST /organizations"), When::After, How::Reset);
    let ended = setup.vsaas("org create X");
    assert!(ended.check(1).err.ends_with("it may have been done: see `vsaas org list`\n"), "{}", ended.err);
    setup.double.heal();
    setup
        .vsaas("org create X")
        .fails("there is an organization of that title already: 7361 (at Watcher 754)");
    assert_eq!(setup.double.state().organizations.len(), 3);
}
