//! Watcher of the double, API v2: its keys, and cameras.

use serde_json::{Map, Value, json};

use super::API_KEY;
use super::faults::How;
use super::request::{Reply, Request, Route, Worked, given, text};
use super::shapes::{self, Seen};
use super::state::{Camera, Key, State, Thing};
use super::{homes, lists, people};

/// What a camera's change takes.
const CHANGES: [&str; 7] =
    ["organization_id", "folder_id", "preset_id", "enabled", "dvr_depth", "title", "comment"];

/// `deaf` is how a change is overheard, where it is.
pub fn call(state: &mut State, route: &Route, request: &Request, deaf: Option<How>) -> Worked {
    match state.key {
        Key::Expired => return Err(Reply::failed(403, "ApikeyExpired", "API key has expired")),
        Key::Good if request.header("x-vsaas-api-key") == API_KEY => {}
        Key::Good | Key::Wrong => return Err(Reply::failed(403, "WrongApikey", "Wrong API key")),
    }
    if !request.header("x-password").is_empty() {
        return Err(Reply::refused(400, "billing's password, which is none of Watcher's business"));
    }
    let is_deaf = deaf.is_some();
    match (route.method, route.template) {
        ("GET", "/auth/whoami") => {
            request.bare(&[])?;
            Ok(Reply::of(json!({ "login": "domain_143_via_apikey", "is_admin": true })))
        }
        ("GET", "/settings") => {
            request.bare(&[])?;
            Ok(Reply::of(json!({ "max_user_sessions": state.sessions_max })))
        }
        ("GET", "/cameras") => {
            request.bare(&[&lists::PAGED[..], &["organization_id"]].concat())?;
            let of = request.number("organization_id")?;
            if let Some(id) = of {
                due(state, id, "an organization")?;
            }
            lists::cameras(state, of, request)
        }
        (_, "/cameras/{…}") => camera(state, route, request, deaf),
        ("GET", "/users") => lists::users(state, request),
        ("POST", "/users") => people::create_user(state, request),
        (_, "/users/{}") => people::user(state, route, request, is_deaf),
        (_, "/presets" | "/presets/{}") => homes::presets(state, route, request, is_deaf),
        ("GET", "/organizations") => lists::organizations(state, request),
        ("POST", "/organizations") => homes::create(state, request),
        _ => homes::call(state, route, request, is_deaf),
    }
}

/// The id, where it is one of what is due; else a refusal that tells a wrong id from one that is gone.
pub fn due(state: &State, id: i64, what: &str) -> Result<i64, Reply> {
    match state.what_else(id) {
        is if is == what => Ok(id),
        "nothing" => Err(Reply::not_there()),
        is => Err(Reply::refused(404, format!("{id} is {is}, where {what} is due"))),
    }
}

/// The same of an id in a body.
pub fn named(state: &State, id: i64, what: &str) -> Result<i64, Reply> {
    let wrong =
        |refused: Reply| if refused.why.is_some() { Reply { status: 400, ..refused } } else { refused };
    due(state, id, what).map_err(wrong)
}

/// Whether the key may touch it.
pub fn allowed(state: &State, thing: &Thing) -> Result<(), Reply> {
    if !state.forbidden.contains(thing) {
        return Ok(());
    }
    let what = match thing {
        Thing::Camera(_) => "camera",
        Thing::User(_) => "user",
        Thing::Folder(_) => "folder",
        Thing::Organization(_) => "organization",
    };
    Err(Reply::forbidden(&format!("You have no access to this {what}")))
}

pub fn number(fields: &Map<String, Value>, name: &str) -> Result<i64, Reply> {
    given(fields, name, Value::as_i64)?.ok_or_else(|| Reply::refused(400, format!("{name} is no number")))
}

fn camera(state: &mut State, route: &Route, request: &Request, deaf: Option<How>) -> Worked {
    let name = route.parts[0].clone();
    let changes = if route.method == "PUT" {
        Some(request.fields(&[], &CHANGES)?)
    } else {
        request.bare(&[])?;
        None
    };
    allowed(state, &Thing::Camera(name.clone()))?;
    if !state.cameras.contains_key(&name) {
        return Err(Reply::not_there());
    }
    match changes {
        Some(changes) => {
            let changed = changed(state, &name, &changes)?;
            match deaf {
                None => put(state, &name, changed),
                // Of all that it was told, only whether it is enabled.
                Some(How::Partly) => {
                    let before = state.cameras[&name].clone();
                    put(
                        state,
                        &name,
                        Camera { enabled: changed.enabled, is_fresh: changed.is_fresh, ..before },
                    );
                }
                Some(_) => {}
            }
            Ok(Reply::of(shapes::camera(state, &name, Seen::Closely)))
        }
        None => {
            let answer = shapes::camera(state, &name, Seen::Closely);
            state.cameras.quietly().get_mut(&name).unwrap().is_fresh = false;
            Ok(Reply::of(answer))
        }
    }
}

/// The camera as it is to be.
fn changed(state: &State, name: &str, changes: &Map<String, Value>) -> Result<Camera, Reply> {
    if changes.is_empty() {
        return Err(Reply::refused(400, "nothing to change"));
    }
    let mut camera = moved(state, state.cameras[name].clone(), changes)?;
    if let Some(preset) = given(changes, "preset_id", Value::as_i64)? {
        let preset = due(state, preset, "a preset").map_err(|refused| Reply { status: 400, ..refused })?;
        if !state.presets_of(camera.organization).contains(&preset) || state.presets[&preset].is_deleted {
            return Err(Reply::not("The preset is not available in the organization of the camera"));
        }
        camera.preset = preset;
    } else if camera.organization != 0 && !state.presets_of(camera.organization).contains(&camera.preset) {
        // Where it came to be, its preset is none.
        camera.preset = state.default_preset();
    }
    if let Some(enabled) = given(changes, "enabled", Value::as_bool)? {
        camera.is_fresh = enabled && !camera.enabled;
        camera.enabled = enabled;
    }
    camera.dvr_depth = given(changes, "dvr_depth", Value::as_f64)?.or(camera.dvr_depth);
    camera.title = given(changes, "title", text)?.unwrap_or(camera.title);
    camera.comment = given(changes, "comment", text)?.unwrap_or(camera.comment);
    Ok(camera)
}

/// The camera where it is to be: in a folder of the organization, its root where none is named.
fn moved(state: &State, mut camera: Camera, changes: &Map<String, Value>) -> Result<Camera, Reply> {
    let wrong = |refused| Reply { status: 400, ..refused };
    let organization = given(changes, "organization_id", Value::as_i64)?;
    if let Some(id) = organization.filter(|id| *id != camera.organization) {
        let id = due(state, id, "an organization").map_err(wrong)?;
        allowed(state, &Thing::Organization(id))?;
        let limit = state.organizations[&id].camera_limit;
        if let Some(limit) = limit.filter(|limit| state.index().cameras_at(id) as i64 >= *limit) {
            return Err(Reply::not(&format!("Camera limit of the organization is reached: {limit}")));
        }
        (camera.organization, camera.folder) = (id, state.root(id));
    }
    if let Some(folder) = given(changes, "folder_id", Value::as_i64)? {
        let folder = due(state, folder, "a folder").map_err(wrong)?;
        allowed(state, &Thing::Folder(folder))?;
        if state.index().folder(folder) != Some(camera.organization) {
            return Err(Reply::refused(400, format!("the folder {folder} is another organization's")));
        }
        camera.folder = folder;
    }
    Ok(camera)
}

fn put(state: &mut State, name: &str, camera: Camera) {
    let before = state.cameras[name].preset;
    let days = |preset: i64| state.presets.get(&preset).map_or(0.0, |preset| preset.days);
    if days(camera.preset) < days(before) {
        state.archive_lost.push(name.to_owned());
    }
    state.put_camera(name, camera);
}
