//! Every call against the double, which refuses what the papers do not show.

use sdp_gateway::ids::vsaas::*;
use sdp_gateway::providers::Fault;
use sdp_gateway::providers::billing::NewOrganization;
use sdp_gateway::providers::watcher::{self, CameraChange, Role};

use super::watcher_double::{At, Double, How, Sorting, User, When};
use super::{Clients, soon};

const CAMERA: &str = "demo-cam-219c36899q";

/// Rows that are asked for at once.
const PAGE: usize = 100;

#[tokio::test]
async fn organizations_of_billing_appear_at_watcher() {
    let double = Double::start().await;
    let Clients { watcher, billing } = Clients::of_double(&double);
    let new = NewOrganization { title: "Demo org", owner: "o@example.org", tariffs: &[TariffId(549)] };
    let made = billing.create_organization(new, soon()).await.unwrap();
    let id = made.watcher_id.unwrap();
    let presets = async || {
        let presets = watcher.presets(id, soon()).await.unwrap();
        presets.into_iter().map(|preset| preset.id.0).collect::<Vec<_>>()
    };
    assert_eq!(presets().await, [391, 392]);
    let changed = billing.set_tariffs(made.id, &[TariffId(550), TariffId(548)], soon()).await.unwrap();
    assert_eq!(changed.tariff_plans.iter().map(|of| of.id.0).collect::<Vec<_>>(), [548, 550]);
    assert_eq!(presets().await, [391, 393]);
    billing.set_tariffs(made.id, &[], soon()).await.unwrap();
    assert_eq!(presets().await, [391], "the default one stays");
    let folders = watcher.folders(id, soon()).await.unwrap();
    assert_eq!((folders.len(), folders[0].title.as_str()), (1, "Cameras"));
    assert_eq!(billing.organizations(soon()).await.unwrap().len(), 2);
    assert_eq!(watcher.organizations(soon()).await.unwrap().len(), 3);
    billing.delete_organization(made.id, soon()).await.unwrap();
    assert!(matches!(billing.delete_organization(made.id, soon()).await, Err(Fault::NotThere(_))));
    assert!(matches!(watcher.presets(id, soon()).await, Err(Fault::NotThere(_))));
    assert_eq!(billing.tariffs(soon()).await.unwrap().len(), 3);
    assert!(double.state().refused.is_empty(), "{:?}", double.state().refused);
}

#[tokio::test]
async fn a_camera_is_changed_in_one_call() {
    let double = Double::start().await;
    let watcher = Clients::of_double(&double).watcher;
    double.state().organizations.get_mut(&753).unwrap().tariffs.insert(549);
    let change = |enabled, preset| CameraChange { enabled, preset_id: preset, ..CameraChange::default() };
    watcher.change_camera(CAMERA, change(Some(false), Some(PresetId(392))), soon()).await.unwrap();
    assert_eq!(double.state().count("PUT /cameras/{}"), 1);
    watcher.change_camera(CAMERA, change(Some(true), None), soon()).await.unwrap();
    let seen = watcher.camera(CAMERA, soon()).await.unwrap().unwrap();
    assert_eq!((seen.enabled, seen.preset_id, seen.streamer), (Some(true), Some(PresetId(392)), None));
    let again = watcher.camera(CAMERA, soon()).await.unwrap().unwrap();
    assert_eq!(again.streamer.as_deref(), Some("eu-004.vscdn.example"));
    assert!(again.playback_token.is_some() && double.state().archive_lost.is_empty());
    watcher.change_camera(CAMERA, change(None, Some(PresetId(391))), soon()).await.unwrap();
    assert_eq!(double.state().archive_lost, [CAMERA]);

    assert!(watcher.camera("no-such", soon()).await.unwrap().is_none());
    for none in ["..", ".", ""] {
        assert!(watcher.camera(none, soon()).await.unwrap().is_none());
    }
    let refused = watcher.change_camera("no-such", change(Some(true), None), soon()).await;
    assert!(matches!(refused, Err(Fault::NotThere(_))));
    let refused = watcher.change_camera(CAMERA, change(None, Some(PresetId(393))), soon()).await;
    assert!(matches!(refused, Err(Fault::Never(_))), "not the organization's: {refused:?}");
    double.state().add_camera("a/b c?d", 753);
    assert!(watcher.camera("a/b c?d", soon()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_user_from_first_to_last() {
    let double = Double::start().await;
    let watcher = Clients::of_double(&double).watcher;
    let (own, unassigned, folder) = (OrganizationId(753), OrganizationId(752), FolderId(1156));
    let login = "84945989325@sdp.example";
    let made = watcher.create_user(login, Some("84945989325"), None, soon()).await.unwrap();
    assert_eq!(made.organizations, [unassigned]);
    watcher.add_member(own, made.id, Role::Editor, soon()).await.unwrap();
    assert!(!watcher.has_rights((own, folder), made.id, soon()).await.unwrap());
    watcher.grant_folder((own, folder), made.id, soon()).await.unwrap();
    watcher.grant_folder((own, folder), made.id, soon()).await.unwrap();
    assert!(watcher.has_rights((own, folder), made.id, soon()).await.unwrap());
    watcher.remove_member(unassigned, made.id, soon()).await.unwrap();
    let member = watcher.member(own, (made.id, login), soon()).await.unwrap().unwrap();
    assert!(member.is_editor);
    assert!(watcher.member(unassigned, (made.id, login), soon()).await.unwrap().is_none());
    let is_hers =
        |user: &sdp_gateway::providers::watcher::User| user.external_id.as_deref() == Some("84945989325");
    let found = watcher.find_users("84945989325", is_hers, is_hers, soon()).await.unwrap();
    assert_eq!((found.len(), found[0].id, found[0].organizations.as_slice()), (1, made.id, &[own][..]));
    watcher.enable_user(made.id, false, soon()).await.unwrap();
    let kept = double.state().users[&made.id.0].clone();
    assert!(!kept.enabled && kept.password.len() == 32, "{kept:?}");
    assert!(double.state().refused.is_empty(), "{:?}", double.state().refused);

    let taken = watcher.create_user(login, None, None, soon()).await;
    assert!(matches!(&taken, Err(Fault::Never(why)) if why.text.contains("already in use")), "{taken:?}");
    let twice = watcher.add_member(own, made.id, Role::Reader, soon()).await;
    assert!(matches!(&twice, Err(Fault::Never(why)) if why.text.contains("already in this")), "{twice:?}");
    let gone = watcher.remove_member(unassigned, made.id, soon()).await;
    assert!(matches!(gone, Err(Fault::NotThere(_))));
    watcher.delete_user(made.id, soon()).await.unwrap();
    assert!(matches!(watcher.delete_user(made.id, soon()).await, Err(Fault::NotThere(_))));
    let stranger = watcher.grant_folder((own, folder), made.id, soon()).await;
    assert!(matches!(stranger, Err(Fault::NotThere(_))));
    let second = watcher.create_user("second@sdp.example", None, Some(own), soon()).await.unwrap();
    assert_eq!(second.organizations, [own], "never in the default one");
    assert_ne!(double.state().users[&second.id.0].password, kept.password);
    watcher.remove_member(own, second.id, soon()).await.unwrap();
    let outside = watcher.grant_folder((own, folder), second.id, soon()).await;
    assert!(matches!(outside, Err(Fault::Never(_))), "no member: {outside:?}");
}

/// What a change is answered with is what it came to.
#[tokio::test]
async fn a_change_that_was_not_made_is_none() {
    let double = Double::start().await;
    let watcher = Clients::of_double(&double).watcher;
    double.state().organizations.get_mut(&753).unwrap().tariffs.insert(549);
    let change =
        CameraChange { enabled: Some(false), preset_id: Some(PresetId(392)), ..CameraChange::default() };
    for how in How::DEAF {
        double.fail(At::Next("PUT /cameras/{}"), When::Before, how);
        let told = watcher.change_camera(CAMERA, change, soon()).await;
        assert!(told.is_err(), "{how:?}: {told:?}");
    }
    let told = watcher.change_camera(CAMERA, change, soon()).await;
    assert!(told.is_ok(), "{told:?}");
    double.fail(At::Next("PUT /users/{}"), When::Before, How::Ignored);
    assert!(watcher.enable_user(UserId(2297), false, soon()).await.is_err());
    assert!(watcher.enable_user(UserId(2297), false, soon()).await.is_ok());
}

#[tokio::test]
async fn organizations_without_billing() {
    let double = Double::start().await;
    double.state().is_billed = false;
    let watcher = Clients::of_double(&double).watcher;
    let made = watcher.create_organization("Demo org", soon()).await.unwrap();
    watcher.give_preset(made.id, PresetId(392), soon()).await.unwrap();
    let presets = watcher.presets(made.id, soon()).await.unwrap();
    assert_eq!(presets.iter().map(|of| of.id.0).collect::<Vec<_>>(), [391, 392]);
    watcher.take_preset(made.id, PresetId(392), soon()).await.unwrap();
    let gone = watcher.take_preset(made.id, PresetId(392), soon()).await;
    assert!(matches!(gone, Err(Fault::NotThere(_))), "{gone:?}");
    let found = watcher.organizations_titled("demo ORG", |_| true, soon()).await.unwrap();
    let exact = watcher.organizations_titled("Demo org", |_| true, soon()).await.unwrap();
    assert!(found.is_empty() && exact.len() == 1, "{found:?} {exact:?}");
    double.state().add_camera("cam-1", made.id.0);
    let full = watcher.delete_organization(made.id, soon()).await;
    assert!(matches!(&full, Err(Fault::Never(why)) if why.text.contains("not empty")), "{full:?}");
    assert!(double.state().organizations.contains_key(&made.id.0), "nothing is forced");
    double.state().cameras.clear();
    watcher.delete_organization(made.id, soon()).await.unwrap();
    assert!(double.state().refused.is_empty(), "{:?}", double.state().refused);
}

#[tokio::test]
async fn an_id_of_the_other_system_is_none() {
    let double = Double::start().await;
    let Clients { watcher, billing } = Clients::of_double(&double);
    let by_billings = watcher.presets(OrganizationId(7360), soon()).await;
    assert!(matches!(by_billings, Err(Fault::NotThere(_))));
    let by_watchers = billing.set_tariffs(OrganizationBillingId(753), &[], soon()).await;
    assert!(matches!(by_watchers, Err(Fault::NotThere(_))));
    let preset = billing.set_tariffs(OrganizationBillingId(7360), &[TariffId(392)], soon()).await;
    assert!(matches!(preset, Err(Fault::Never(_))));
    let refused = double.state().refused.clone();
    assert!(refused.iter().all(|why| why.contains("where")) && refused.len() == 3, "{refused:?}");
}

#[tokio::test]
async fn lists_are_read_in_pages() {
    let double = Double::start().await;
    let watcher = Clients::of_double(&double).watcher;
    {
        let mut state = double.state();
        for at in 0..PAGE + 50 {
            state.add_camera(&format!("cam-{at:04}"), 753);
        }
        // One page and nothing after it.
        for at in 1..PAGE {
            state.create_user(&format!("u{at}@sdp.example"), "unit-test", None);
        }
    }
    let own = Some(OrganizationId(753));
    let first = watcher.cameras_page(own, 0, soon()).await.unwrap();
    assert_eq!((first.rows.len(), first.next), (PAGE, Some(PAGE)));
    let second = watcher.cameras_page(own, PAGE, soon()).await.unwrap();
    assert_eq!((second.rows.len(), second.next), (51, Some(PAGE + 51)));
    let last = watcher.cameras_page(own, PAGE + 51, soon()).await.unwrap();
    assert_eq!((last.rows.len(), last.next), (0, None), "only an empty page is the last");
    for rows_max in [usize::MAX, 50, 1] {
        double.state().rows_max = rows_max;
        double.state().forget_calls();
        assert_eq!(watcher.users(soon()).await.unwrap().len(), PAGE, "{rows_max}");
        assert_eq!(double.state().count("GET /users"), PAGE.div_ceil(rows_max) + 1);
        assert_eq!(watcher.members(OrganizationId(752), soon()).await.unwrap().len(), PAGE, "{rows_max}");
    }
    double.state().rows_max = usize::MAX;
    double.state().forget_calls();
    let is_hers = |user: &watcher::User| user.login == "u7@sdp.example";
    let found = watcher.find_users("u7@sdp.example", is_hers, is_hers, soon()).await.unwrap();
    assert_eq!((found.len(), double.state().count("GET /users")), (1, 1), "no page is read for nothing");
    // Whether a system sorts or not, or refuses to.
    let user = User { login: "last@sdp.example".to_owned(), ..User::default() };
    double.state().users.insert(2999, user);
    let is_last = |user: &watcher::User| user.login.starts_with("last");
    for sorting in [Sorting::Known, Sorting::Ignored] {
        double.state().sorting = sorting;
        let found = watcher.find_users("last@sdp.example", is_last, is_last, soon()).await.unwrap();
        assert!(found.len() == 1 && !found[0].enabled, "{sorting:?}");
    }
}
