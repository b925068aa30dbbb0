//! The papers' own sample answers, as answered by a system that knows nothing else.

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sdp_gateway::ids::vsaas::*;
use sdp_gateway::providers::billing::NewOrganization;
use sdp_gateway::providers::watcher::{Camera, CameraChange, Folder, Role};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::{Clients, soon};

/// Rows that are asked for at once.
const PAGE: usize = 100;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/watcher");

fn sample(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}/{name}.json")).unwrap()
}

/// Answers each call with its sample.
async fn system() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service =
                service_fn(|request| async move { Ok::<_, std::convert::Infallible>(answer(&request)) });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
    base
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let uri = request.uri();
    let name = match (request.method().as_str(), uri.path()) {
        ("GET", "/api/v1/tariff_plans") => "tariff_plans",
        ("GET", "/api/v1/organizations") => "organizations",
        ("POST", "/api/v1/organizations") => "organization_created",
        ("PUT", "/api/v1/organizations/797") => "organization_changed",
        ("GET", "/vsaas/api/v2/cameras") if uri.to_string().contains("organization_id=752") => {
            "cameras_of_organization"
        }
        ("GET", "/vsaas/api/v2/cameras") => "cameras_of_domain",
        ("GET", "/vsaas/api/v2/cameras/demo-cam-219c36899q") => "camera_enabled",
        ("PUT", "/vsaas/api/v2/cameras/cam-10-9bdbc979dd") => "camera_preset_changed",
        ("PUT", "/vsaas/api/v2/cameras/demo-cam-219c36899q") => "camera_disabled",
        ("GET", "/vsaas/api/v2/users") => "users",
        ("POST", "/vsaas/api/v2/users") => "user_created",
        ("DELETE", "/vsaas/api/v2/users/1377") => "user_deleted",
        ("GET", "/vsaas/api/v2/organizations") => "watcher_organizations",
        ("GET", "/vsaas/api/v2/organizations/753/presets") => "presets",
        ("GET", "/vsaas/api/v2/organizations/753/users") => "members",
        ("POST", "/vsaas/api/v2/organizations/753/users") => "member_added",
        ("POST", "/vsaas/api/v2/organizations/774/users") => "editor_added",
        ("DELETE", "/vsaas/api/v2/organizations/752/users/1378") => "member_removed",
        ("GET", "/vsaas/api/v2/organizations/753/folders") => "folders",
        ("POST", "/vsaas/api/v2/organizations/753/folders/1156/users") => "folder_granted",
        ("DELETE", "/api/v1/organizations/797") => {
            let mut empty = Response::new(Full::default());
            *empty.status_mut() = StatusCode::NO_CONTENT;
            return empty;
        }
        ("GET", "/vsaas/api/v2/organizations/999/users") => {
            return Response::new(Full::from(unpaged()));
        }
        (method, path) => panic!("no sample for {method} {path}"),
    };
    Response::new(Full::from(sample(name)))
}

/// As many members as fit a page, whatever page is asked for.
fn unpaged() -> String {
    let members: Vec<_> = (1..=PAGE).map(|id| format!(r#"{{"user_id":{id},"login":"u{id}"}}"#)).collect();
    format!("[{}]", members.join(","))
}

#[tokio::test]
async fn a_system_that_knows_no_pages_is_not_asked_for_ever() {
    let watcher = Clients::of(&system().await).watcher;
    let members = watcher.members(OrganizationId(999), soon()).await.unwrap();
    assert_eq!(members.len(), PAGE);
}

#[tokio::test]
async fn samples_of_billing() {
    let billing = Clients::of(&system().await).billing;
    let tariffs = billing.tariffs(soon()).await.unwrap();
    let ids: Vec<_> = tariffs.iter().map(|tariff| (tariff.id, tariff.preset_id)).collect();
    assert_eq!(ids, [(TariffId(549), Some(PresetId(392))), (TariffId(548), Some(PresetId(391)))]);
    assert_eq!(tariffs[0].full_price.as_deref(), Some("100.0 USD"));

    let organizations = billing.organizations(soon()).await.unwrap();
    assert_eq!(organizations[0].id, OrganizationBillingId(736));
    assert_eq!(organizations[0].watcher_id, Some(OrganizationId(753)));
    assert_eq!(organizations[0].tariff_plans[0].id, TariffId(548));

    let new = NewOrganization { title: "Demo org", owner: "demo@example.org", tariffs: &[TariffId(549)] };
    let made = billing.create_organization(new, soon()).await.unwrap();
    assert_eq!((made.id, made.watcher_id), (OrganizationBillingId(797), Some(OrganizationId(774))));
    assert_eq!(made.owner.unwrap().email.as_deref(), Some("demo@example.org"));
    let changed = billing.set_tariffs(made.id, &[TariffId(550)], soon()).await.unwrap();
    let presets: Vec<_> = changed.tariff_plans.iter().filter_map(|tariff| tariff.preset_id).collect();
    assert_eq!(presets, [PresetId(391), PresetId(393)]);
    billing.delete_organization(made.id, soon()).await.unwrap();
}

#[tokio::test]
async fn samples_of_cameras() {
    let watcher = Clients::of(&system().await).watcher;
    let page = watcher.cameras_page(None, 0, soon()).await.unwrap();
    assert_eq!(page.next, Some(1), "only an empty page is the last");
    let [camera] = &page.rows[..] else { panic!("{page:?}") };
    assert_eq!((camera.name.as_str(), camera.title.as_str()), ("camera02-5ca25a2330", "Camera02"));
    assert_eq!((camera.organization_id, camera.folder_id), (Some(OrganizationId(752)), Some(FolderId(1155))));
    assert_eq!((camera.enabled, camera.preset_id), (Some(false), Some(PresetId(391))));
    assert!(camera.streamer.is_none() && camera.playback_token.is_none());

    let page = watcher.cameras_page(Some(OrganizationId(752)), 0, soon()).await.unwrap();
    let tokens = page.rows.iter().map(|camera| camera.playback_token.as_ref().unwrap().expose_secret());
    assert_eq!(tokens.collect::<Vec<_>>(), ["3.fake-playback-token-1", "3.fake-playback-token-2"]);
    assert_eq!(page.rows[1].streamer.as_deref(), Some("eu-004.vscdn.example"));

    let camera = watcher.camera("demo-cam-219c36899q", soon()).await.unwrap().unwrap();
    assert!(camera.enabled == Some(true) && camera.streamer.is_none(), "it was only just enabled");
    let change = CameraChange { preset_id: Some(PresetId(391)), ..CameraChange::default() };
    watcher.change_camera("cam-10-9bdbc979dd", change, soon()).await.unwrap();
    let change = CameraChange { enabled: Some(false), ..CameraChange::default() };
    watcher.change_camera("demo-cam-219c36899q", change, soon()).await.unwrap();
}

#[test]
fn cameras_with_less_and_with_more() {
    let read = |json: &str| serde_json::from_str::<Camera>(json);
    let bare = read(r#"{"name":"a","enabled":true,"title":null,"preset":{"id":"392"},"colour":1}"#).unwrap();
    assert_eq!((bare.preset_id, bare.title.as_str()), (Some(PresetId(392)), ""));
    let host = |json: &str| read(json).unwrap().streamer;
    let both = r#"{"name":"a","enabled":true,"streamer_hostname":"","stream_status":{"server":"s.example"}}"#;
    assert_eq!(host(both).as_deref(), Some("s.example"));
    assert_eq!(host(r#"{"name":"a","enabled":true,"stream_status":null,"playback_config":null}"#), None);
    assert_eq!(read(r#"{"name":"a"}"#).unwrap().enabled, None, "it does not say");
    assert!(read(r#"{"name":null}"#).is_err() && read(r#"{"success":true}"#).is_err());
}

#[tokio::test]
async fn samples_of_users_and_organizations() {
    let watcher = Clients::of(&system().await).watcher;
    let users = watcher.users(soon()).await.unwrap();
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    assert_eq!(ids, [UserId(1297), UserId(1298)]);
    assert_eq!(users[1].organizations, [OrganizationId(753), OrganizationId(762)]);
    assert!(users.iter().all(|user| user.enabled && user.external_id.is_none()));
    let made = watcher.create_user("user@example.com", None, None, soon()).await.unwrap();
    assert_eq!((made.id, made.organizations.as_slice()), (UserId(1377), &[OrganizationId(752)][..]));
    watcher.delete_user(made.id, soon()).await.unwrap();

    let organizations = watcher.organizations(soon()).await.unwrap();
    let seen: Vec<_> = organizations.iter().map(|of| (of.id.0, of.is_default, of.camera_count)).collect();
    assert_eq!(seen, [(753, false, Some(4)), (752, true, Some(2))]);
    let own = OrganizationId(753);
    let presets = watcher.presets(own, soon()).await.unwrap();
    assert_eq!((presets[0].id, presets[0].title.as_str()), (PresetId(391), "Default"));
    assert!(presets[0].dvr_depth_days.abs() < f64::EPSILON && !presets[0].is_deleted);
    assert!(presets[0].is_default, "the one that no organization was given");

    let members = watcher.members(own, soon()).await.unwrap();
    let seen: Vec<_> = members.iter().map(|member| (member.user_id.0, member.is_editor)).collect();
    assert_eq!(seen, [(1297, true), (1377, false)]);
    watcher.add_member(own, UserId(1378), Role::Reader, soon()).await.unwrap();
    watcher.add_member(OrganizationId(774), UserId(1377), Role::Editor, soon()).await.unwrap();
    watcher.remove_member(OrganizationId(752), UserId(1378), soon()).await.unwrap();
    let folders = watcher.folders(own, soon()).await.unwrap();
    assert_eq!(Folder::root(&folders).map(|folder| folder.id), Some(FolderId(1156)));
    watcher.grant_folder((own, FolderId(1156)), UserId(1378), soon()).await.unwrap();
}
