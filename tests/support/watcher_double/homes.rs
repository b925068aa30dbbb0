//! Watcher of the double: organizations, their presets and folders, where no billing has them in its hands.

use serde_json::{Map, Value, json};

use super::request::{Reply, Request, Route, Worked, given, text};
use super::state::{Preset, State, Thing};
use super::watcher::{allowed, due};
use super::{people, shapes};

const LIMITS: [&str; 3] = ["camera_limit", "user_limit", "dvr_limit"];

/// What billing does is nobody else's.
fn unbilled(state: &State) -> Result<(), Reply> {
    if state.is_billed {
        return Err(Reply::forbidden("Organizations and tariffs of this domain are managed by billing"));
    }
    Ok(())
}

pub fn create(state: &mut State, request: &Request) -> Worked {
    unbilled(state)?;
    let fields = request.fields(&["title"], &["owner_id", "camera_limit", "user_limit", "dvr_limit"])?;
    let title = given(&fields, "title", text)?.filter(|title| !title.trim().is_empty());
    let title = title.ok_or_else(|| Reply::refused(400, "a title is due"))?;
    let owner = owner(state, &fields)?;
    let id = state.create_organization(&title, false, [].into());
    let mut changed = state.organizations[&id].clone();
    changed.owner = owner.unwrap_or_else(|| super::ADMIN.to_owned());
    limits(&fields, [&mut changed.camera_limit, &mut changed.user_limit, &mut changed.dvr_limit])?;
    state.organizations.quietly().insert(id, changed);
    Ok(Reply::of(shapes::organization(state, id)))
}

/// The login of who is to own it.
fn owner(state: &State, fields: &Map<String, Value>) -> Result<Option<String>, Reply> {
    let Some(id) = given(fields, "owner_id", Value::as_i64)? else { return Ok(None) };
    let id = due(state, id, "a user").map_err(|refused| Reply { status: 400, ..refused })?;
    Ok(Some(state.users[&id].login.clone()))
}

fn limits(fields: &Map<String, Value>, of: [&mut Option<i64>; 3]) -> Result<(), Reply> {
    for (name, limit) in LIMITS.into_iter().zip(of) {
        if fields.contains_key(name) {
            *limit = given(fields, name, |value| value.as_i64().filter(|limit| *limit >= 0))?;
        }
    }
    Ok(())
}

pub fn call(state: &mut State, route: &Route, request: &Request, is_deaf: bool) -> Worked {
    let id = due(state, route.id(0)?, "an organization")?;
    allowed(state, &Thing::Organization(id))?;
    match (route.method, route.template.strip_prefix("/organizations/{}").unwrap_or_default()) {
        (_, "") => one(state, id, route, request, is_deaf),
        ("GET", "/presets") => {
            request.bare(&[])?;
            let presets = state.presets_of(id).into_iter();
            let presets = presets.map(|preset| shapes::preset_of(state, id, preset));
            Ok(Reply::of(presets.collect()))
        }
        (_, "/presets" | "/presets/{}") => preset(state, id, route, request),
        ("GET", "/folders") => {
            request.bare(&[])?;
            let folders = state.organizations[&id].folders.keys();
            Ok(Reply::of(folders.map(|folder| shapes::folder(state, id, *folder)).collect()))
        }
        ("GET", "/folders/{}") => {
            request.bare(&[])?;
            let folder = due(state, route.id(1)?, "a folder")?;
            if state.index().folder(folder) != Some(id) {
                return Err(Reply::refused(404, format!("the folder {folder} is another organization's")));
            }
            Ok(Reply::of(shapes::folder(state, id, folder)))
        }
        ("GET", "/users") => super::lists::members(state, id, request),
        ("POST", "/users") => people::add_member(state, id, request),
        (_, "/users/{}") => people::remove_member(state, id, route, request),
        _ => people::in_folder(state, id, route, request, is_deaf),
    }
}

fn one(state: &mut State, id: i64, route: &Route, request: &Request, is_deaf: bool) -> Worked {
    match route.method {
        "GET" => request.bare(&[])?,
        "PUT" => {
            unbilled(state)?;
            let fields =
                request.fields(&[], &["title", "owner_id", "camera_limit", "user_limit", "dvr_limit"])?;
            let mut changed = state.organizations[&id].clone();
            changed.title = given(&fields, "title", text)?.unwrap_or(changed.title);
            changed.owner = owner(state, &fields)?.unwrap_or(changed.owner);
            limits(&fields, [&mut changed.camera_limit, &mut changed.user_limit, &mut changed.dvr_limit])?;
            if !is_deaf {
                state.organizations.quietly().insert(id, changed);
            }
        }
        _ => {
            unbilled(state)?;
            request.bare(&[])?;
            let is_empty = state.organizations[&id].members.is_empty() && state.index().cameras_at(id) == 0;
            if id == state.default_organization {
                return Err(Reply::not("The default organization cannot be deleted"));
            }
            if !is_empty && request.header("force") != "1" {
                return Err(Reply::not("The organization is not empty"));
            }
            state.delete_organization(id);
            return Ok(Reply::success());
        }
    }
    Ok(Reply::of(shapes::organization(state, id)))
}

/// A preset that an organization's cameras may have.
fn preset(state: &mut State, id: i64, route: &Route, request: &Request) -> Worked {
    if route.method == "GET" {
        request.bare(&[])?;
        let preset = due(state, route.id(1)?, "a preset")?;
        let is_theirs = state.presets_of(id).contains(&preset);
        return match is_theirs {
            true => Ok(Reply::of(shapes::preset_of(state, id, preset))),
            false => Err(Reply::not_there()),
        };
    }
    unbilled(state)?;
    if route.method == "POST" {
        let fields = request.fields(&["preset_id"], &["organization_id"])?;
        let wrong = |refused| Reply { status: 400, ..refused };
        let preset = super::watcher::number(&fields, "preset_id")?;
        let preset = due(state, preset, "a preset").map_err(wrong)?;
        if state.presets_of(id).contains(&preset) {
            return Err(Reply::not("The organization already has this preset"));
        }
        state.organizations.quietly().get_mut(&id).unwrap().presets.insert(preset);
        return Ok(Reply::of(shapes::preset_of(state, id, preset)));
    }
    request.bare(&[])?;
    let preset = due(state, route.id(1)?, "a preset")?;
    let is_used = |camera: &super::Camera| camera.organization == id && camera.preset == preset;
    if state.cameras.values().any(is_used) {
        return Err(Reply::not("The preset is used by cameras of the organization"));
    }
    let presets = &mut state.organizations.quietly().get_mut(&id).unwrap().presets;
    if presets.remove(&preset) { Ok(Reply::success()) } else { Err(Reply::not_there()) }
}

/// Presets of the domain.
pub fn presets(state: &mut State, route: &Route, request: &Request, is_deaf: bool) -> Worked {
    if route.parts.is_empty() && route.method == "GET" {
        request.bare(&[])?;
        return Ok(Reply::of(state.presets.keys().map(|id| shapes::listed_preset(state, *id)).collect()));
    }
    let id = match route.parts.is_empty() {
        true => None,
        false => Some(due(state, route.id(0)?, "a preset")?),
    };
    let fields = match route.method {
        "GET" | "DELETE" => request.bare(&[]).map(|()| Map::new())?,
        _ => request.fields(&[], &["title", "dvr_depth", "dvr_lock_days", "dvr_space", "is_adjustable"])?,
    };
    let mut preset = match id {
        Some(id) => state.presets[&id].clone(),
        None => Preset { title: String::new(), days: 0.0, is_deleted: false },
    };
    preset.title = given(&fields, "title", text)?.unwrap_or(preset.title);
    preset.days = given(&fields, "dvr_depth", Value::as_f64)?.unwrap_or(preset.days);
    match (route.method, id) {
        ("GET", Some(id)) => return Ok(Reply::of(shapes::listed_preset(state, id))),
        ("DELETE", Some(id)) => {
            if id == state.default_preset() {
                return Err(Reply::not("The default preset cannot be deleted"));
            }
            preset.is_deleted = true;
            state.presets.insert(id, preset);
            return Ok(Reply::of(json!({ "success": true })));
        }
        _ if preset.title.is_empty() => return Err(Reply::refused(400, "a title is due")),
        _ => {}
    }
    let id = id.unwrap_or_else(|| state.create_preset("", 0.0));
    if !is_deaf {
        state.presets.insert(id, preset);
    }
    Ok(Reply::of(shapes::listed_preset(state, id)))
}
