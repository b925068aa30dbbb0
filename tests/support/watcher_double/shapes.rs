//! What the double answers with, shaped like the papers' samples, with the fields that they leave out left out.

use serde_json::{Value, json};

use super::odd::{Rows, oddly};
use super::state::{Rights, State};

const OWNER: i64 = 1179;
const HOST: &str = "eu-004.vscdn.example";

pub fn tariff(state: &State, id: i64) -> Value {
    let tariff = &state.tariffs[&id];
    let row = json!({
        "id": id, "name": tariff.name, "date_from": "27/04/2024", "full_price": tariff.price,
        "status": tariff.status, "external_id": tariff.preset,
    });
    oddly(&state.odd, Rows::Tariff, &id.to_string(), row)
}

/// Of billing.
pub fn billed(state: &State, id: i64) -> Value {
    let organization = &state.organizations[&id];
    let tariffs = state.tariffs_of(id).into_iter().map(|tariff_id| tariff(state, tariff_id));
    let row = json!({
        "id": organization.billing_id, "title": organization.title,
        "domain": { "id": 247, "title": "example" },
        "owner": { "id": 410, "email": organization.owner },
        "discount": "0%", "trial_expired_at": "", "external_id": id,
        "tariff_plans": tariffs.collect::<Vec<_>>(),
    });
    oddly(&state.odd, Rows::Billed, &id.to_string(), row)
}

/// Of all presets of the domain.
pub fn listed_preset(state: &State, id: i64) -> Value {
    let mut row = preset(state, id);
    row["dvr_lock_days"] = Value::Null;
    row["dvr_space"] = Value::Null;
    oddly(&state.odd, Rows::Preset, &id.to_string(), row)
}

fn preset(state: &State, id: i64) -> Value {
    let preset = &state.presets[&id];
    json!({
        "domain_id": 143, "dvr_depth": preset.days, "id": id, "is_adjustable": false,
        "is_default": id == state.default_preset(), "is_deleted": preset.is_deleted,
        "precise_thumbnails_days": 0, "title": preset.title, "vision_params": {},
    })
}

/// This list does not say which preset is the default one: its row is the one that no organization was given.
pub fn preset_of(state: &State, organization: i64, id: i64) -> Value {
    let is_own = id != state.default_preset();
    let mut preset = preset(state, id);
    preset.as_object_mut().expect("an object").remove("is_default");
    let row = json!({
        "organization_id": is_own.then_some(organization), "preset": preset, "domain_id": 143,
        "id": is_own.then_some(9000 + id), "preset_id": id,
    });
    oddly(&state.odd, Rows::Preset, &id.to_string(), row)
}

/// The list of a whole domain says less of a camera than any other answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    InDomain,
    Closely,
}

pub fn camera(state: &mut State, name: &str, seen: Seen) -> Value {
    let token = (seen == Seen::Closely).then(|| state.token());
    let camera = &state.cameras[name];
    let plays = camera.enabled && !camera.is_fresh;
    let host = camera.hostname.as_deref().unwrap_or(HOST);
    let mut value = json!({
        "name": name, "onvif_ptz": false, "organization_id": camera.organization, "stream_url": "fake://fake",
        "substream_url": "", "title": camera.title,
        "user_attributes": { "favorite": false, "motion_alarm": false },
        "video_only": false, "transcode_audio": false, "comment": camera.comment, "coordinates": "",
        "enabled": camera.enabled, "folder_id": camera.folder, "has_actions": false,
        "last_change": {
            "user": "domain_143_via_apikey", "domain_id": 143, "object_id": name, "created_at": 1_715_128_188,
            "event_data": { "changed_data": { "_enabled": [true, false] } },
            "action_type": "change", "object_type": "Camera",
            "request_data": { "ip": "203.0.113.7", "user_agent": "unit test" },
        },
        "motion_detector_enabled": false,
        "permissions": {
            "view": true, "edit": true, "ptz": true, "dvr": true, "dvr_depth_limit": null, "actions": true,
        },
        "postal_address": "", "precise_thumbnails_days": 0, "preset": preset(state, camera.preset),
        "preset_id": camera.preset, "static": true,
        "stream_status": {
            "name": name, "server": plays.then_some(host), "alive": plays, "lifetime": null, "bitrate": null,
            "source_error": if plays { Value::Null } else { json!("no_stream_status") },
            "http_port": camera.http_port, "https_port": camera.https_port,
        },
    });
    if let Some(token) = token {
        value["playback_config"] = json!({ "token": token });
        value["groups"] = json!([]);
        value["provision_required"] = json!(false);
        value["thumbnails"] = json!(false);
        if plays {
            value["streamer_hostname"] = json!(host);
        }
    }
    if let Some(days) = camera.dvr_depth {
        value["dvr_depth"] = json!(days);
    }
    oddly(&state.odd, Rows::Camera, name, value)
}

pub fn user(state: &State, id: i64) -> Value {
    let user = &state.users[&id];
    let row = json!({
        "id": id, "domain_id": 143, "login": user.login, "apikey": null, "is_admin": false,
        "authorized_ip": null, "enabled": user.enabled, "readonly": false, "monitoring": false, "name": user.name,
        "locale": "", "note": user.note, "phone": user.phone, "notification_email": null,
        "external_id": user.external_id, "max_sessions": user.max_sessions, "can_edit_organizations": false,
        "can_edit_settings": false, "can_view_organizations": false,
        "organizations": state.index().homes(id),
    });
    oddly(&state.odd, Rows::User, &id.to_string(), row)
}

/// Of Watcher.
pub fn organization(state: &State, id: i64) -> Value {
    let organization = &state.organizations[&id];
    let owner = state.index().login(&organization.owner).unwrap_or(OWNER);
    let row = json!({
        "domain": { "title": "example", "id": 143 }, "title": organization.title, "mosaic_count": 0,
        "camera_count": state.index().cameras_at(id),
        "owner": { "login": organization.owner, "id": owner }, "owner_id": owner, "can_view_stats": true,
        "can_edit_cameras": true, "camera_limit": organization.camera_limit,
        "dvr_limit": organization.dvr_limit, "can_edit_users": true, "id": id,
        "user_count": organization.members.len(), "is_member": false, "user_limit": organization.user_limit,
        "is_default": id == state.default_organization,
    });
    oddly(&state.odd, Rows::Organization, &id.to_string(), row)
}

pub fn member(state: &State, organization: i64, user: i64) -> Value {
    let member = &state.organizations[&organization].members[&user];
    let folders = member.folders.iter().map(|(folder, of)| {
        json!({ "folder_id": folder, "can_view_dvr": of.dvr, "can_use_ptz": of.ptz, "can_use_actions": of.actions,
                "dvr_depth_limit": of.depth })
    });
    let row = json!({
        "notification_email": null, "can_view_organization_stats": false,
        "can_view_organization_plists": member.is_editor,
        "login": state.users.get(&user).map(|user| &user.login),
        "can_edit_organization_cameras": member.is_editor, "can_edit_organization_plists": member.is_editor,
        "user_id": user, "folders_permissions": state.shows_rights.write(folders.collect()),
        "can_edit_organization_users": false,
    });
    oddly(&state.odd, Rows::Member, &user.to_string(), row)
}

/// What a user may do in a folder.
pub fn rights(user: i64, rights: Rights) -> Value {
    json!({
        "can_use_ptz": rights.ptz, "can_use_actions": rights.actions, "user_id": user,
        "can_view_dvr": rights.dvr, "dvr_depth_limit": rights.depth,
    })
}

pub fn folder(state: &State, organization: i64, id: i64) -> Value {
    let parent = state.organizations[&organization].folders[&id];
    let row = json!({
        "level": i32::from(parent.is_some()), "camera_count": state.index().cameras_in(id),
        "organization_id": organization, "parent_id": parent, "map_topleft": null, "id": id,
        "title": if parent.is_some() { "Yard" } else { "Cameras" }, "map_bottomleft": null, "order_num": 1,
        "map_topright": null, "coordinates": null,
    });
    oddly(&state.odd, Rows::Folder, &id.to_string(), row)
}
