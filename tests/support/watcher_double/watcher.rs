//! Watcher of the double, API v2.

use serde_json::{Map, Value, json};

use super::API_KEY;
use super::request::{Reply, Request, Route, Worked};
use super::shapes::{self, Seen};
use super::state::State;

const PAGED: [&str; 2] = ["limit", "offset"];

pub fn call(state: &mut State, route: &Route, request: &Request) -> Worked {
    if request.header("x-vsaas-api-key") != API_KEY {
        return Err(Reply::refused(403, "missing or wrong key"));
    }
    if !request.header("x-password").is_empty() {
        return Err(Reply::refused(422, "billing's password, which is none of Watcher's business"));
    }
    match (route.method, route.template) {
        ("GET", "/auth/whoami") => Ok(Reply::of(json!({ "login": "domain_143_via_apikey" }))),
        ("GET", "/cameras") => cameras(state, request),
        (_, "/cameras/{}") => camera(state, route, request),
        ("GET", "/users") => {
            request.bare(&PAGED)?;
            page(request, state.users.keys().copied(), |id| shapes::user(state, id))
        }
        ("POST", "/users") => create_user(state, request),
        (_, "/users/{}") => user(state, route, request),
        ("GET", "/organizations") => {
            request.bare(&PAGED)?;
            page(request, state.organizations.keys().rev().copied(), |id| shapes::organization(state, id))
        }
        (_, template) => {
            let id = due(state, route.id(0)?, "an organization")?;
            match (route.method, template.strip_prefix("/organizations/{}").unwrap_or_default()) {
                ("GET", "/presets") => {
                    request.bare(&[])?;
                    let presets = state.presets_of(id).into_iter();
                    let presets = presets.map(|preset| shapes::preset_of(state, id, preset));
                    Ok(Reply::of(presets.collect()))
                }
                ("GET", "/folders") => {
                    request.bare(&[])?;
                    let folders = state.organizations[&id].folders.keys();
                    Ok(Reply::of(folders.map(|folder| shapes::folder(state, id, *folder)).collect()))
                }
                ("GET", _) => {
                    request.bare(&PAGED)?;
                    let members = state.organizations[&id].members.keys().copied();
                    page(request, members, |user| shapes::member(state, id, user))
                }
                ("POST", "/users") => add_member(state, id, request),
                ("POST", _) => grant(state, id, route, request),
                _ => remove_member(state, id, route, request),
            }
        }
    }
}

/// A list from `offset` on, as long as `limit` says.
fn page<T>(request: &Request, keys: impl Iterator<Item = T>, row: impl FnMut(T) -> Value) -> Worked {
    let at = |number: Option<i64>, otherwise| match number {
        Some(number) => usize::try_from(number).map_err(|_| Reply::refused(422, "below 0")),
        None => Ok(otherwise),
    };
    let (limit, offset) = (at(request.number("limit")?, usize::MAX)?, at(request.number("offset")?, 0)?);
    Ok(Reply::of(keys.skip(offset).take(limit).map(row).collect()))
}

/// The id, where it is one of what is due; else a refusal that tells a wrong id from one that is gone.
fn due(state: &State, id: i64, what: &str) -> Result<i64, Reply> {
    match state.what_else(id) {
        is if is == what => Ok(id),
        "nothing" => Err(Reply::not(404)),
        is => Err(Reply::refused(404, format!("{id} is {is}, where {what} is due"))),
    }
}

fn number(fields: &Map<String, Value>, name: &str) -> Result<i64, Reply> {
    fields[name].as_i64().ok_or_else(|| Reply::refused(422, format!("{name} is no number")))
}

fn cameras(state: &mut State, request: &Request) -> Worked {
    request.bare(&["limit", "offset", "organization_id"])?;
    let of = request.number("organization_id")?;
    if let Some(id) = of {
        due(state, id, "an organization")?;
    }
    let ours = state.cameras.iter().filter(|(_, camera)| of.is_none_or(|id| camera.organization == id));
    let names: Vec<String> = ours.map(|(name, _)| name.clone()).collect();
    let seen = if of.is_some() { Seen::Closely } else { Seen::InDomain };
    page(request, names.iter(), |name| shapes::camera(state, name, seen))
}

fn camera(state: &mut State, route: &Route, request: &Request) -> Worked {
    let name = route.parts[0].clone();
    let changes = if route.method == "PUT" {
        Some(request.fields(&[], &["enabled", "preset_id"])?)
    } else {
        request.bare(&[])?;
        None
    };
    if !state.cameras.contains_key(&name) {
        return Err(Reply::not(404));
    }
    if let Some(changes) = &changes {
        change(state, &name, changes)?;
    }
    let answer = shapes::camera(state, &name, Seen::Closely);
    if changes.is_none() {
        state.cameras.get_mut(&name).unwrap().is_fresh = false;
    }
    Ok(Reply::of(answer))
}

fn change(state: &mut State, name: &str, changes: &Map<String, Value>) -> Result<(), Reply> {
    if changes.is_empty() {
        return Err(Reply::refused(422, "nothing to change"));
    }
    let mut camera = state.cameras[name].clone();
    if let Some(preset) = changes.get("preset_id") {
        let preset = preset.as_i64().ok_or_else(|| Reply::refused(422, "preset_id is no number"))?;
        let preset = due(state, preset, "a preset").map_err(|refused| Reply { status: 422, ..refused })?;
        if !state.presets_of(camera.organization).contains(&preset) || state.presets[&preset].is_deleted {
            return Err(Reply::refused(422, format!("the organization does not have the preset {preset}")));
        }
        if state.presets[&preset].days < state.presets[&camera.preset].days {
            state.archive_lost.push(name.to_owned());
        }
        camera.preset = preset;
    }
    if let Some(enabled) = changes.get("enabled") {
        let enabled = enabled.as_bool().ok_or_else(|| Reply::refused(422, "enabled is no boolean"))?;
        camera.is_fresh = enabled && !camera.enabled;
        camera.enabled = enabled;
    }
    state.cameras.insert(name.to_owned(), camera);
    Ok(())
}

fn create_user(state: &mut State, request: &Request) -> Worked {
    let fields = request.fields(&["login", "password"], &["external_id"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (login, password) = (text("login"), text("password"));
    if login.is_empty() || password.len() < 6 {
        return Err(Reply::refused(422, "a login and a password that is not too short are due"));
    }
    if state.user_of(&login).is_some() {
        return Err(Reply::not(409));
    }
    let external_id = fields.get("external_id").and_then(Value::as_str);
    let id = state.create_user(&login, &password, external_id);
    Ok(Reply::of(shapes::user(state, id)))
}

fn user(state: &mut State, route: &Route, request: &Request) -> Worked {
    let id = due(state, route.id(0)?, "a user")?;
    if route.method == "PUT" {
        let fields = request.fields(&["enabled"], &[])?;
        let enabled =
            fields["enabled"].as_bool().ok_or_else(|| Reply::refused(422, "enabled is no boolean"))?;
        state.users.get_mut(&id).unwrap().enabled = enabled;
        return Ok(Reply::of(shapes::user(state, id)));
    }
    request.bare(&[])?;
    state.users.remove(&id);
    for organization in state.organizations.values_mut() {
        organization.members.remove(&id);
    }
    Ok(Reply::success())
}

fn add_member(state: &mut State, organization: i64, request: &Request) -> Worked {
    let fields = request.fields(&["user_id"], &["can_edit_organization_cameras"])?;
    let user = due(state, number(&fields, "user_id")?, "a user")?;
    let is_editor = match fields.get("can_edit_organization_cameras") {
        Some(value) => value.as_bool().ok_or_else(|| Reply::refused(422, "a right is true or false"))?,
        None => false,
    };
    if state.organizations[&organization].members.contains_key(&user) {
        return Err(Reply::not(409));
    }
    state.join(organization, user, is_editor);
    Ok(Reply::of(shapes::member(state, organization, user)))
}

fn remove_member(state: &mut State, organization: i64, route: &Route, request: &Request) -> Worked {
    request.bare(&[])?;
    let user = due(state, route.id(1)?, "a user")?;
    let members = &mut state.organizations.get_mut(&organization).unwrap().members;
    members.remove(&user).map(|_| Reply::success()).ok_or_else(|| Reply::not(404))
}

fn grant(state: &mut State, organization: i64, route: &Route, request: &Request) -> Worked {
    const RIGHTS: [&str; 3] = ["can_view_dvr", "can_use_ptz", "can_use_actions"];
    let folder = due(state, route.id(1)?, "a folder")?;
    let fields = request
        .fields(&["user_id", "can_view_dvr", "can_use_ptz", "can_use_actions", "dvr_depth_limit"], &[])?;
    let user = due(state, number(&fields, "user_id")?, "a user")?;
    if RIGHTS.iter().any(|right| fields[*right] != 1) || !fields["dvr_depth_limit"].is_null() {
        return Err(Reply::refused(422, "rights are 1, and the limit is null, as in the papers"));
    }
    let organization = state.organizations.get_mut(&organization).unwrap();
    if !organization.folders.contains_key(&folder) {
        return Err(Reply::refused(404, format!("the folder {folder} is another organization's")));
    }
    let Some(member) = organization.members.get_mut(&user) else {
        return Err(Reply::refused(422, "rights for a user who is no member"));
    };
    if let (false, Some(status)) = (member.folders.insert(folder), state.repeated_grant) {
        return Err(Reply::not(status));
    }
    Ok(Reply::of(json!({
        "can_use_ptz": true, "can_use_actions": true, "user_id": user, "can_view_dvr": true,
        "dvr_depth_limit": null,
    })))
}
