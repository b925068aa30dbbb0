//! The double itself, asked as anybody may ask: what the vendor's reference says of statuses, lists, rights, moves
//! and limits.

use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use super::watcher_double::{
    API_KEY, At, Double, How, Key, Odd, Oddness, Rights, Rows, Shown, Sorting, Thing, WORDS, When,
};

const CAMERA: &str = "/cameras/demo-cam-219c36899q";

struct Asker {
    double: Double,
    http: reqwest::Client,
}

impl Asker {
    async fn new() -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self { double: Double::start().await, http: http.build().unwrap() }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        more: &[(&str, &str)],
    ) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}/vsaas/api/v2{path}", self.double.base_url()));
        request = request.header("x-vsaas-api-key", API_KEY);
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None, &[]).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// It was refused, with an object that has words.
    #[track_caller]
    fn refused(told: &(u16, Value), status: u16, error: &str, says: &str) {
        let words = told.1["error_message"].as_str().unwrap_or_default();
        let is = told.0 == status && told.1["error"] == error && words.contains(says);
        assert!(is, "{told:?}, not {status} {error} {says}");
    }

    /// A field of each row of a list.
    async fn each(&self, path: &str, field: &str) -> Vec<Value> {
        self.get(path).await.as_array().expect("a list").iter().map(|row| row[field].clone()).collect()
    }
}

#[tokio::test]
async fn every_failure_is_one_of_the_references_and_has_words() {
    let asker = Asker::new().await;
    Asker::refused(&asker.put(CAMERA, json!({})).await, 400, "ValidationError", "nothing to change");
    Asker::refused(&asker.put(CAMERA, json!({ "colour": 1 })).await, 400, "ValidationError", "colour");
    Asker::refused(&asker.put(CAMERA, json!({ "enabled": "yes" })).await, 400, "ValidationError", "type");
    Asker::refused(&asker.put(CAMERA, json!({ "preset_id": 549 })).await, 400, "NotFound", "tariff");
    Asker::refused(&asker.put(CAMERA, json!({ "preset_id": 393 })).await, 400, "BadRequest", "preset");
    Asker::refused(&asker.put("/cameras/no-such", json!({ "enabled": true })).await, 404, "NotFound", "");
    let user = json!({ "login": "demo@example.org", "password": "unit-test" });
    Asker::refused(&asker.post("/users", user).await, 400, "BadRequest", "already");
    let twice = asker.post("/organizations/753/users", json!({ "user_id": 2297 })).await;
    Asker::refused(&twice, 400, "BadRequest", "already");
    asker.double.state().forbidden.insert(Thing::Camera("demo-cam-219c36899q".to_owned()));
    let told = asker.send(Method::GET, CAMERA, None, &[]).await;
    Asker::refused(&told, 403, "Forbidden", "camera");
    asker.get("/auth/whoami").await;
    for (key, error) in [(Key::Wrong, "WrongApikey"), (Key::Expired, "ApikeyExpired")] {
        asker.double.state().key = key;
        for path in ["/auth/whoami", CAMERA, "/users"] {
            Asker::refused(&asker.send(Method::GET, path, None, &[]).await, 403, error, "key");
        }
    }
}

#[tokio::test]
async fn lists_are_searched_sorted_and_cut_off() {
    let asker = Asker::new().await;
    {
        let mut state = asker.double.state();
        state.create_users(120, "sdp.example", 753);
        let user = state.user_of("84940000007@sdp.example").unwrap();
        state.users.get_mut(&user).unwrap().name = Some("Ann Lee".to_owned());
    }
    let logins = asker.each("/users?search=840000&limit=100", "login").await;
    assert!(logins.is_empty(), "{logins:?}");
    assert_eq!(asker.each("/users?search=ANN", "login").await, [json!("84940000007@sdp.example")]);
    assert_eq!(asker.each("/users?search=84940000007", "external_id").await, [json!("84940000007")]);
    let ids = |list: Vec<Value>| list.into_iter().map(|id| id.as_i64().unwrap()).collect::<Vec<_>>();
    let by_id = ids(asker.each("/users?sort=id", "id").await);
    assert!(by_id.is_sorted() && by_id.len() == 121);
    let odd = ids(asker.each("/users", "id").await);
    assert!(!odd.is_sorted() && odd.len() == 121, "no order that anybody would count on");
    assert_eq!(odd, ids(asker.each("/users?sort=", "id").await));
    let (status, words) = asker.send(Method::GET, "/users?sort=colour", None, &[]).await;
    Asker::refused(&(status, words), 400, "ValidationError", "colour");
    let by_header =
        asker.send(Method::GET, "/users?sort=id", None, &[("x-page-limit", "2"), ("x-page-offset", "1")]);
    let by_header = by_header.await.1;
    assert_eq!(by_header.as_array().unwrap().len(), 2);
    assert_eq!(by_header[0]["id"], by_id[1]);
    asker.double.state().rows_max = 50;
    let mut walked = Vec::new();
    loop {
        let page = ids(asker.each(&format!("/users?sort=id&limit=100&offset={}", walked.len()), "id").await);
        if page.is_empty() {
            break;
        }
        walked.extend(page);
    }
    assert_eq!(walked, by_id);
    asker.double.state().sorting = Sorting::Refused;
    assert_eq!(asker.send(Method::GET, "/users?sort=id", None, &[]).await.0, 400);
    assert_eq!(asker.each("/organizations?search=my+ORG", "id").await, [json!(753)]);
    assert_eq!(asker.each("/organizations/753/users?search=demo", "user_id").await, [json!(2297)]);
    assert_eq!(asker.each("/cameras?organization_id=753&search=demo", "name").await.len(), 1);
}

#[tokio::test]
async fn rights_in_a_folder_have_calls_of_their_own() {
    let asker = Asker::new().await;
    let (status, made) = asker
        .post("/users", json!({ "login": "a@sdp.example", "password": "unit-test", "organization_id": 753, "max_sessions": 2 }))
        .await;
    assert_eq!((status, &made["organizations"], &made["max_sessions"]), (200, &json!([753]), &json!(2)));
    let id = made["id"].as_i64().unwrap();
    let (all, one) =
        ("/organizations/753/folders/1156/users", format!("/organizations/753/folders/1156/users/{id}"));
    assert_eq!(asker.send(Method::GET, &one, None, &[]).await.0, 404);
    let rights = json!({ "user_id": id, "can_view_dvr": true, "can_use_ptz": 0, "can_use_actions": 1 });
    assert_eq!(asker.post(all, rights).await.0, 200);
    assert_eq!(asker.get(&one).await["can_use_ptz"], false);
    assert_eq!(asker.put(&one, json!({ "can_use_ptz": true })).await.0, 200);
    assert_eq!(asker.double.state().organizations[&753].members[&id].folders[&1156], Rights::ALL);
    assert_eq!(asker.each(all, "user_id").await, [json!(id)]);
    for (shown, is) in
        [(Shown::Integers, json!([1156])), (Shown::Null, Value::Null), (Shown::Hidden, json!([]))]
    {
        asker.double.state().shows_rights = shown;
        let rows = asker.get("/organizations/753/users?sort=user_id").await;
        assert_eq!(rows[1]["folders_permissions"], is);
    }
    assert_eq!(asker.delete(&one).await.0, 200);
    assert_eq!(asker.delete(&one).await.0, 404);
    let joined = json!({ "user_id": id, "folders_permissions": [1155] });
    assert_eq!(asker.post("/organizations/752/users", joined).await.0, 200);
    assert_eq!(asker.double.state().organizations[&752].members[&id].folders.len(), 1);
    assert_eq!(asker.double.state().refused, Vec::<String>::new());
}

#[tokio::test]
async fn a_camera_is_moved_and_may_be_overheard() {
    let asker = Asker::new().await;
    asker.double.state().organizations.get_mut(&753).unwrap().tariffs.insert(549);
    asker.double.state().add_camera("yard/gate 1", 752);
    let moved = json!({ "organization_id": 753, "folder_id": 1156, "preset_id": 392, "enabled": true });
    for path in ["/cameras/yard%2Fgate%201", "/cameras/yard/gate%201"] {
        let (status, camera) = asker.put(path, moved.clone()).await;
        assert_eq!(
            (status, &camera["organization_id"], &camera["preset_id"]),
            (200, &json!(753), &json!(392))
        );
    }
    let back = json!({ "organization_id": 752 });
    let path = "/cameras/yard/gate%201";
    asker.double.fail(At::Next("PUT /cameras/{}"), When::Before, How::Ignored);
    assert_eq!(asker.put(path, back.clone()).await.1["organization_id"], 753);
    asker.double.fail(At::Next("PUT /cameras/{}"), When::Before, How::Partly);
    let both = json!({ "organization_id": 752, "enabled": false });
    let told = asker.put(path, both).await.1;
    assert_eq!((&told["organization_id"], &told["enabled"]), (&json!(753), &json!(false)));
    assert_eq!(asker.double.state().archive_lost, Vec::<String>::new());
    asker.double.fail(At::Next("PUT /cameras/{}"), When::After, How::Ignored);
    assert_eq!(asker.put(path, back).await.1["organization_id"], 753, "as it was");
    let camera = asker.get(path).await;
    assert_eq!((&camera["organization_id"], &camera["folder_id"]), (&json!(752), &json!(1155)));
    assert_eq!(camera["preset_id"], 391, "its preset is none there");
    assert_eq!(asker.double.state().archive_lost, ["yard/gate 1"]);
    asker.double.state().organizations.get_mut(&753).unwrap().camera_limit = Some(1);
    Asker::refused(&asker.put(path, moved).await, 400, "BadRequest", "limit");
}

#[tokio::test]
async fn organizations_and_presets_are_billings_or_watchers() {
    let asker = Asker::new().await;
    let new = json!({ "title": "Own", "owner_id": 2297, "user_limit": 1 });
    Asker::refused(&asker.post("/organizations", new.clone()).await, 403, "Forbidden", "billing");
    asker.double.state().is_billed = false;
    let (status, made) = asker.post("/organizations", new).await;
    assert_eq!((status, &made["user_limit"], &made["owner"]["id"]), (200, &json!(1), &json!(2297)));
    let at = format!("/organizations/{}", made["id"]);
    assert_eq!(asker.post(&format!("{at}/presets"), json!({ "preset_id": 392 })).await.0, 200);
    assert_eq!(asker.each(&format!("{at}/presets"), "preset_id").await, [json!(391), json!(392)]);
    assert_eq!(asker.post(&format!("{at}/users"), json!({ "user_id": 2297 })).await.0, 200);
    let full = json!({ "login": "b@sdp.example", "password": "unit-test", "organizations": [made["id"]] });
    Asker::refused(&asker.post("/users", full).await, 400, "BadRequest", "limit");
    assert_eq!(asker.put(&at, json!({ "user_limit": null })).await.1["user_limit"], Value::Null);
    Asker::refused(&asker.delete(&at).await, 400, "BadRequest", "not empty");
    assert_eq!(asker.send(Method::DELETE, &at, None, &[("force", "1")]).await.0, 200);
    let (status, preset) = asker.post("/presets", json!({ "title": "Week", "dvr_depth": 7.0 })).await;
    assert_eq!((status, &preset["id"]), (200, &json!(394)));
    assert_eq!(asker.put("/presets/394", json!({ "dvr_depth": 8.0 })).await.1["dvr_depth"], 8.0);
    assert_eq!(asker.delete("/presets/394").await.0, 200);
    assert!(asker.each("/presets", "is_deleted").await.contains(&json!(true)));
}

#[tokio::test]
async fn rows_may_be_odd_and_answers_go_wrong() {
    let asker = Asker::new().await;
    let odd = |how| vec![Odd::one(Rows::User, 2297, how)];
    let row = async |how| {
        asker.double.state().odd = odd(how);
        asker.get("/users").await[0].clone()
    };
    assert_eq!(row(Oddness::Bits).await["enabled"], 1);
    assert_eq!(row(Oddness::NoLogin).await["login"], Value::Null);
    assert_eq!(row(Oddness::Texts).await["id"], "2297");
    assert_eq!(row(Oddness::Maps).await["organizations"], json!({ "752": {}, "753": {} }));
    assert_eq!(row(Oddness::Null).await, Value::Null);
    assert_eq!(row(Oddness::Nameless).await["id"], Value::Null);
    asker.double.state().odd = vec![Odd::each(Rows::Camera, Oddness::Zeros)];
    assert_eq!(asker.get(CAMERA).await["organization_id"], 0);
    asker.double.fail(At::Next("GET /users"), When::Before, How::Words(200));
    assert_eq!(asker.get("/users").await["error_message"], WORDS);
    for (how, status) in [(How::SignIn, 302), (How::Slash(301), 301), (How::Slash(308), 308)] {
        asker.double.fail(At::Next("GET /users"), When::Before, how);
        assert_eq!(asker.send(Method::GET, "/users", None, &[]).await.0, status);
    }
}

/// Sixty thousand users are made in a moment, and no call walks through them for nothing.
#[tokio::test]
async fn there_may_be_very_many_users() {
    let asker = Asker::new().await;
    let began = Instant::now();
    {
        let mut state = asker.double.state();
        state.organizations.get_mut(&753).unwrap().user_limit = None;
        state.create_users(60_000, "sdp.example", 753);
    }
    println!("made: {:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(asker.each("/users?search=84940059999&sort=id&limit=100&offset=0", "login").await.len(), 1);
    println!("searched: {:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(asker.each("/users?search=84940000000&sort=id&limit=100&offset=0", "login").await.len(), 1);
    println!("searched again: {:?}", began.elapsed());
    let began = Instant::now();
    let new = json!({ "login": "new@sdp.example", "password": "unit-test", "organization_id": 753 });
    assert_eq!(asker.post("/users", new).await.0, 200);
    println!("one more: {:?}", began.elapsed());
    assert_eq!(asker.each("/users?limit=100&offset=59990", "id").await.len(), 12);
}
