//! Every call against the double, which refuses what the papers do not show.

use sdp_gateway::ids::vsaas::*;
use sdp_gateway::providers::Fault;
use sdp_gateway::providers::billing::NewOrganization;
use sdp_gateway::providers::watcher;
use sdp_gateway::providers::watcher::{CameraChange, Role};

use super::watcher_double::Double;
use super::{Clients, soon};

/// Rows that are asked for at once.
pub(super) const PAGE: usize = 100;

const CAMERA: &str = "demo-cam-219c36899q";

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
    let (login, key) = ("84945989325@sdp.example", "84945989325");
    let made = watcher.create_user(login, Some(key), None, soon()).await.unwrap();
    assert_eq!(made.organizations, [unassigned]);
    watcher.add_member(own, made.id, Role::Editor, soon()).await.unwrap();
    assert!(!watcher.has_rights((own, folder), made.id, soon()).await.unwrap());
    watcher.grant_folder((own, folder), made.id, soon()).await.unwrap();
    watcher.remove_member(unassigned, made.id, soon()).await.unwrap();
    let members = watcher.members(own, soon()).await.unwrap();
    let member = members.iter().find(|member| member.user_id == made.id).unwrap();
    assert!(member.is_editor && watcher.has_rights((own, folder), made.id, soon()).await.unwrap());
    let is_it = |user: &watcher::User| user.external_id.as_deref() == Some(key);
    let found = watcher.find_users(key, is_it, is_it, soon()).await.unwrap().remove(0);
    assert_eq!((found.id, found.organizations.as_slice()), (made.id, &[own][..]));
    watcher.enable_user(made.id, false, soon()).await.unwrap();
    let kept = double.state().users[&made.id.0].clone();
    assert!(!kept.enabled && kept.password.len() == 32, "{kept:?}");
    assert!(double.state().refused.is_empty(), "{:?}", double.state().refused);

    let taken = watcher.create_user(login, None, None, soon()).await;
    assert!(matches!(taken, Err(Fault::Never(_))), "with the vendor's words: {taken:?}");
    let twice = watcher.add_member(own, made.id, Role::Reader, soon()).await;
    assert!(matches!(twice, Err(Fault::Never(_))), "{twice:?}");
    let gone = watcher.remove_member(unassigned, made.id, soon()).await;
    assert!(matches!(gone, Err(Fault::NotThere(_))));
    watcher.delete_user(made.id, soon()).await.unwrap();
    assert!(matches!(watcher.delete_user(made.id, soon()).await, Err(Fault::NotThere(_))));
    let stranger = watcher.grant_folder((own, folder), UserId(made.id.0), soon()).await;
    assert!(matches!(stranger, Err(Fault::NotThere(_))));
    let second = watcher.create_user("second@sdp.example", None, None, soon()).await.unwrap();
    assert_ne!(double.state().users[&second.id.0].password, kept.password);
    let outside = watcher.grant_folder((own, folder), second.id, soon()).await;
    assert!(matches!(outside, Err(Fault::Never(_))), "no member: {outside:?}");
    let third = watcher.create_user("third@sdp.example", None, Some(own), soon()).await.unwrap();
    assert_eq!(third.organizations, [own], "never in the default organization");
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
    assert_eq!((second.rows.len(), second.next), (51, Some(PAGE + 51)), "only an empty page is the last");
    assert_eq!(watcher.cameras_page(own, PAGE + 51, soon()).await.unwrap().next, None);
    assert_eq!(watcher.users(soon()).await.unwrap().len(), PAGE);
    assert_eq!(double.state().count("GET /users"), 2);
    assert_eq!(watcher.members(OrganizationId(752), soon()).await.unwrap().len(), PAGE);
    double.state().forget_calls();
    let is_it = |user: &watcher::User| user.login == "u7@sdp.example";
    let found = watcher.find_users("u7@sdp.example", is_it, is_it, soon()).await.unwrap();
    assert_eq!((found.len(), double.state().count("GET /users")), (1, 1), "no page is read for nothing");
}
