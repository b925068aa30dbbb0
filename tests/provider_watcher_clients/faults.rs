//! Every call with every fault: the class says what to do, and nothing is repeated by itself.

use std::collections::BTreeSet;
use std::time::Duration;

use sdp_gateway::ids::vsaas::*;
use sdp_gateway::providers::Fault;
use sdp_gateway::providers::billing::NewOrganization;
use sdp_gateway::providers::watcher::{CameraChange, Role};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::watcher_double::{At, Double, How, State, WORDS, When};
use super::{Clients, soon};

/// Every call by its kind.
pub(super) const KINDS: [&str; 18] = [
    "billing GET /tariff_plans",
    "billing GET /organizations",
    "billing POST /organizations",
    "billing PUT /organizations/{}",
    "billing DELETE /organizations/{}",
    "GET /cameras",
    "GET /cameras/{}",
    "PUT /cameras/{}",
    "GET /users",
    "POST /users",
    "PUT /users/{}",
    "DELETE /users/{}",
    "GET /organizations",
    "GET /organizations/{}/presets",
    "GET /organizations/{}/users",
    "POST /organizations/{}/users",
    "GET /organizations/{}/folders",
    "DELETE /organizations/{}/users/{}",
];
/// By this billing is asked whether our credentials are good.
const PROOF: &str = "billing GET /tariff_plans";

/// The one that asks for a member to be there.
pub(super) const GRANT: &str = "POST /organizations/{}/folders/{}/users";

pub(super) async fn make(clients: &Clients, kind: &str, deadline: Instant) -> Result<(), Fault> {
    let Clients { watcher, billing } = clients;
    let (own, user, billed) = (OrganizationId(753), UserId(2297), OrganizationBillingId(7360));
    let change = CameraChange { enabled: Some(false), ..CameraChange::default() };
    let new = NewOrganization { title: "Demo org", owner: "o@example.org", tariffs: &[] };
    match kind {
        "billing GET /tariff_plans" => billing.tariffs(deadline).await.map(drop),
        "billing GET /organizations" => billing.organizations(deadline).await.map(drop),
        "billing POST /organizations" => billing.create_organization(new, deadline).await.map(drop),
        "billing PUT /organizations/{}" => billing.set_tariffs(billed, &[], deadline).await.map(drop),
        "billing DELETE /organizations/{}" => billing.delete_organization(billed, deadline).await,
        "GET /cameras" => watcher.cameras_page(None, 0, deadline).await.map(drop),
        "GET /cameras/{}" => watcher.camera("demo-cam-219c36899q", deadline).await.map(drop),
        "PUT /cameras/{}" => watcher.change_camera("demo-cam-219c36899q", change, deadline).await,
        "GET /users" => watcher.users(deadline).await.map(drop),
        "POST /users" => watcher.create_user("84945989325@sdp.example", None, None, deadline).await.map(drop),
        "PUT /users/{}" => watcher.enable_user(user, false, deadline).await,
        "DELETE /users/{}" => watcher.delete_user(user, deadline).await,
        "GET /organizations" => watcher.organizations(deadline).await.map(drop),
        "GET /organizations/{}/presets" => watcher.presets(own, deadline).await.map(drop),
        "GET /organizations/{}/users" => watcher.members(own, deadline).await.map(drop),
        "POST /organizations/{}/users" => {
            let elsewhere = OrganizationId(754);
            watcher.add_member(elsewhere, user, Role::Reader, deadline).await
        }
        "GET /organizations/{}/folders" => watcher.folders(own, deadline).await.map(drop),
        GRANT => watcher.grant_folder((own, FolderId(1156)), user, deadline).await,
        _ => watcher.remove_member(own, user, deadline).await,
    }
}

/// A double with an organization that nobody is in.
pub(super) async fn world() -> (Double, Clients) {
    let double = Double::start().await;
    reset(&double);
    let clients = Clients::of_double(&double);
    (double, clients)
}

pub(super) fn reset(double: &Double) {
    let mut state = double.state();
    *state = State::new();
    assert_eq!(state.create_organization("Empty", true, BTreeSet::new()), 754);
}

fn class(fault: &Fault) -> &'static str {
    match fault {
        Fault::Again { .. } => "again",
        Fault::Denied(_) => "denied",
        Fault::Never(_) => "never",
        Fault::NotThere(_) => "not there",
        Fault::Unsure(_) => "unsure",
    }
}

async fn check(double: &Double, clients: &Clients, kind: &'static str, when: When, how: How) {
    reset(double);
    double.fail(At::Every(kind), when, how);
    let deadline = if how == How::Late { Instant::now() + Duration::from_millis(300) } else { soon() };
    let what = format!("{kind}, {when:?}, {how:?}");
    let fault = make(clients, kind, deadline).await.expect_err(&what);
    let is_safe = kind.contains("GET ") || kind.contains("PUT ");
    let expected = match how {
        How::Status(401) => "denied",
        // The call itself by which it is told whether our credentials are good.
        How::Status(403) | How::Words(200 | 403) | How::Denied | How::SignIn if kind == PROOF => "denied",
        // They are: it is about this one thing; a page is something's before it.
        How::Status(403) => "again",
        How::Words(200 | 400 | 403) => "never",
        How::Status(429) | How::Unavailable | How::SignIn | How::Slash(_) => "again",
        // By nothing else is told whether billing itself says so.
        How::Status(404) if kind == PROOF => "again",
        How::Status(404) => "not there",
        How::Status(422) | How::Denied => "never",
        _ if is_safe => "again",
        _ => "unsure",
    };
    assert_eq!(class(&fault), expected, "{what}: {fault}");
    if expected == "never" && matches!(how, How::Words(_)) {
        assert!(fault.to_string().contains(WORDS), "{what}: {fault}");
    }
    let after = match &fault {
        Fault::Again { after, .. } => *after,
        _ => None,
    };
    assert_eq!(after, (how == How::Unavailable).then_some(Duration::from_secs(7)), "{what}");
    assert_eq!(double.state().count(kind), 1, "{what}: nothing is repeated by itself");
    assert_eq!(double.heal(), 1, "{what}");
}

async fn check_all(kind: &'static str) {
    let (double, clients) = world().await;
    let hard = [How::Status(401), How::Status(429), How::Status(422), How::Status(502)];
    for how in How::PASSING.into_iter().chain(How::REFUSING).chain(hard) {
        for when in [When::Before, When::After] {
            check(&double, &clients, kind, when, how).await;
        }
    }
    // Of a camera that is not there nothing went wrong.
    if kind != "GET /cameras/{}" {
        check(&double, &clients, kind, When::Before, How::Status(404)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_with_every_fault() {
    let mut checks = JoinSet::new();
    for kind in KINDS.into_iter().chain([GRANT]) {
        checks.spawn(check_all(kind));
    }
    while let Some(checked) = checks.join_next().await {
        checked.unwrap();
    }
}

#[tokio::test]
async fn every_call_without_one() {
    for kind in KINDS.into_iter().chain([GRANT]) {
        let (double, clients) = world().await;
        make(&clients, kind, soon()).await.unwrap_or_else(|fault| panic!("{kind}: {fault}"));
        assert!(double.state().refused.is_empty(), "{kind}: {:?}", double.state().refused);
    }
}

#[tokio::test]
async fn what_cannot_have_arrived_may_be_sent_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for kind in ["POST /users", "billing DELETE /organizations/{}"] {
        let refused = make(&Clients::of(&nobody), kind, soon()).await.expect_err("nobody is there");
        assert_eq!(class(&refused), "again", "{refused}");
    }
    let (double, clients) = world().await;
    let late = make(&clients, "POST /users", Instant::now()).await.expect_err("no time");
    assert_eq!(class(&late), "again", "{late}");
    assert_eq!(double.state().count("POST /users"), 0);
}

#[tokio::test]
async fn a_wrong_key_is_the_operators_to_mend() {
    let double = Double::start().await;
    let wrong =
        super::WatcherRemote { api_key: "another".into(), ..super::watcher_settings(double.base_url()) };
    let watcher = super::watcher::Client::new("cams", &wrong).unwrap();
    let fault = watcher.users(soon()).await.expect_err("refused");
    assert_eq!(class(&fault), "denied");
    assert_eq!(fault.to_string(), "Watcher, GET /users: HTTP 403: Wrong API key");
    let wrong =
        super::BillingRemote { domain_id: "001".into(), ..super::billing_settings(double.base_url()) };
    let billing = super::billing::Client::new("cams", &wrong).unwrap();
    assert_eq!(class(&billing.tariffs(soon()).await.expect_err("refused")), "denied");
}
