//! Watcher of the double: users, members of organizations, and their rights in folders.

use serde_json::{Map, Value};

use super::request::{Reply, Request, Route, Worked, given, is_on, text};
use super::state::{Rights, State, Thing, User};
use super::watcher::{allowed, due, named, number};
use super::{lists, shapes};

/// What both making and changing a user take.
const PERSONAL: [&str; 7] =
    ["external_id", "max_sessions", "phone", "note", "name", "locale", "notification_email"];

/// What a grant takes beside the user.
const RIGHTS: [&str; 4] = ["can_view_dvr", "can_use_ptz", "can_use_actions", "dvr_depth_limit"];

pub fn create_user(state: &mut State, request: &Request) -> Worked {
    let mut optional = PERSONAL.to_vec();
    optional.extend(["enabled", "organization_id", "organizations"]);
    let fields = request.fields(&["login", "password"], &optional)?;
    let word = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (login, password) = (word("login"), word("password"));
    if login.is_empty() || password.len() < 6 {
        return Err(Reply::refused(400, "a login and a password that is not too short are due"));
    }
    let homes = homes(state, &fields)?;
    if state.index().login(&login).is_some() {
        return Err(Reply::not("This login is already in use"));
    }
    for home in &homes {
        room(state, *home)?;
    }
    let user = User { login, password, enabled: true, ..User::default() };
    let user = personal(state, user, &fields)?;
    let id = state.create_user_of(user);
    for home in homes {
        state.join(home, id, false);
    }
    Ok(Reply::of(shapes::user(state, id)))
}

/// Where a new user is a member: the default organization, where nothing else is said.
fn homes(state: &State, fields: &Map<String, Value>) -> Result<Vec<i64>, Reply> {
    let mut homes: Vec<i64> = given(fields, "organization_id", Value::as_i64)?.into_iter().collect();
    let ids = |value: &Value| value.as_array()?.iter().map(Value::as_i64).collect::<Option<Vec<_>>>();
    homes.extend(given(fields, "organizations", ids)?.unwrap_or_default());
    homes.sort_unstable();
    homes.dedup();
    for home in &homes {
        due(state, *home, "an organization").map_err(|refused| Reply { status: 400, ..refused })?;
    }
    Ok(if homes.is_empty() { vec![state.default_organization] } else { homes })
}

/// The user with what is said of it; a field that is null is none.
fn personal(state: &State, mut user: User, fields: &Map<String, Value>) -> Result<User, Reply> {
    for (name, of) in [
        ("external_id", &mut user.external_id),
        ("phone", &mut user.phone),
        ("note", &mut user.note),
        ("name", &mut user.name),
    ] {
        if fields.contains_key(name) {
            *of = given(fields, name, text)?;
        }
    }
    if fields.contains_key("max_sessions") {
        user.max_sessions = given(fields, "max_sessions", |value| value.as_i64().filter(|of| *of >= 0))?;
    }
    let asked = user.max_sessions;
    if let Some(most) = state.sessions_max.filter(|most| asked.is_some_and(|asked| asked > *most)) {
        return Err(Reply::not(&format!("max_sessions must not be greater than {most}")));
    }
    user.enabled = given(fields, "enabled", Value::as_bool)?.unwrap_or(user.enabled);
    Ok(user)
}

pub fn user(state: &mut State, route: &Route, request: &Request, is_deaf: bool) -> Worked {
    let id = due(state, route.id(0)?, "a user")?;
    allowed(state, &Thing::User(id))?;
    match route.method {
        "GET" => {
            request.bare(&[])?;
            Ok(Reply::of(shapes::user(state, id)))
        }
        "PUT" => {
            let mut optional = PERSONAL.to_vec();
            optional.extend(["enabled", "login", "password"]);
            let fields = request.fields(&[], &optional)?;
            if fields.is_empty() {
                return Err(Reply::refused(400, "nothing to change"));
            }
            let mut changed = personal(state, state.users[&id].clone(), &fields)?;
            changed.login = given(&fields, "login", text)?.unwrap_or(changed.login);
            changed.password = given(&fields, "password", text)?.unwrap_or(changed.password);
            if state.index().login(&changed.login).is_some_and(|other| other != id) {
                return Err(Reply::not("This login is already in use"));
            }
            if !is_deaf {
                state.change_user(id, changed);
            }
            Ok(Reply::of(shapes::user(state, id)))
        }
        _ => {
            request.bare(&[])?;
            state.delete_user(id);
            Ok(Reply::success())
        }
    }
}

/// Whether one more may join.
fn room(state: &State, organization: i64) -> Result<(), Reply> {
    let of = &state.organizations[&organization];
    match of.user_limit.filter(|limit| of.members.len() as i64 >= *limit) {
        Some(limit) => Err(Reply::not(&format!("User limit of the organization is reached: {limit}"))),
        None => Ok(()),
    }
}

pub fn add_member(state: &mut State, organization: i64, request: &Request) -> Worked {
    let rights =
        ["can_view_organization_stats", "can_edit_organization_users", "can_view_organization_plists"];
    let mut optional = vec!["can_edit_organization_cameras", "can_edit_organization_plists"];
    optional.extend(rights.iter().copied().chain(["folders_permissions"]));
    let fields = request.fields(&["user_id"], &optional)?;
    let user = named(state, number(&fields, "user_id")?, "a user")?;
    for right in rights {
        given(&fields, right, is_on)?;
    }
    let is_editor = given(&fields, "can_edit_organization_cameras", is_on)?.unwrap_or_default();
    let ids = |value: &Value| value.as_array()?.iter().map(Value::as_i64).collect::<Option<Vec<_>>>();
    let folders = given(&fields, "folders_permissions", ids)?.unwrap_or_default();
    if let Some(folder) = folders.iter().find(|id| state.index().folder(**id) != Some(organization)) {
        return Err(Reply::refused(400, format!("the organization has no folder {folder}")));
    }
    if state.organizations[&organization].members.contains_key(&user) {
        return Err(Reply::not("The user is already in this organization"));
    }
    room(state, organization)?;
    state.join(organization, user, is_editor);
    let members = &mut state.organizations.quietly().get_mut(&organization).unwrap().members;
    members.get_mut(&user).unwrap().folders.extend(folders.into_iter().map(|id| (id, Rights::ALL)));
    Ok(Reply::of(shapes::member(state, organization, user)))
}

pub fn remove_member(state: &mut State, organization: i64, route: &Route, request: &Request) -> Worked {
    request.bare(&[])?;
    let user = due(state, route.id(1)?, "a user")?;
    if state.leave(organization, user) { Ok(Reply::success()) } else { Err(Reply::not_there()) }
}

/// Rights in one folder: of all who have some, and of one.
pub fn in_folder(
    state: &mut State,
    organization: i64,
    route: &Route,
    request: &Request,
    is_deaf: bool,
) -> Worked {
    let folder = due(state, route.id(1)?, "a folder")?;
    if state.index().folder(folder) != Some(organization) {
        return Err(Reply::refused(404, format!("the folder {folder} is another organization's")));
    }
    allowed(state, &Thing::Folder(folder))?;
    if route.parts.len() == 2 {
        return match route.method {
            "GET" => listed(state, organization, folder, request),
            _ => grant(state, organization, folder, request),
        };
    }
    let user = due(state, route.id(2)?, "a user")?;
    let members = &mut state.organizations.quietly().get_mut(&organization).unwrap().members;
    let rights = members.get_mut(&user).and_then(|member| member.folders.get_mut(&folder));
    let Some(rights) = rights else { return Err(Reply::not_there()) };
    match route.method {
        "GET" => {
            request.bare(&[])?;
            Ok(Reply::of(shapes::rights(user, *rights)))
        }
        "PUT" => {
            let mut optional = RIGHTS.to_vec();
            optional.push("user_id");
            let fields = request.fields(&[], &optional)?;
            let changed = read(*rights, &fields)?;
            if !is_deaf {
                *rights = changed;
            }
            Ok(Reply::of(shapes::rights(user, *rights)))
        }
        _ => {
            request.bare(&[])?;
            let had = *rights;
            members.get_mut(&user).unwrap().folders.remove(&folder);
            Ok(Reply::of(shapes::rights(user, had)))
        }
    }
}

fn listed(state: &State, organization: i64, folder: i64, request: &Request) -> Worked {
    request.bare(&lists::PAGED)?;
    let asked = lists::Asked::of(state, request, &["user_id"])?;
    let members = state.organizations[&organization].members.iter();
    let with = members.filter_map(|(user, member)| Some((*user, *member.folders.get(&folder)?)));
    let page = asked.page(with).into_iter().map(|(user, rights)| shapes::rights(user, rights));
    Ok(Reply::of(page.collect()))
}

fn read(mut rights: Rights, fields: &Map<String, Value>) -> Result<Rights, Reply> {
    rights.dvr = given(fields, "can_view_dvr", is_on)?.unwrap_or(rights.dvr);
    rights.ptz = given(fields, "can_use_ptz", is_on)?.unwrap_or(rights.ptz);
    rights.actions = given(fields, "can_use_actions", is_on)?.unwrap_or(rights.actions);
    if fields.contains_key("dvr_depth_limit") {
        rights.depth = given(fields, "dvr_depth_limit", Value::as_i64)?;
    }
    Ok(rights)
}

fn grant(state: &mut State, organization: i64, folder: i64, request: &Request) -> Worked {
    let fields = request.fields(&["user_id"], &RIGHTS)?;
    let user = named(state, number(&fields, "user_id")?, "a user")?;
    let rights = read(Rights { dvr: false, ptz: false, actions: false, depth: None }, &fields)?;
    let members = &mut state.organizations.quietly().get_mut(&organization).unwrap().members;
    let Some(member) = members.get_mut(&user) else {
        return Err(Reply::refused(400, "rights for a user who is no member"));
    };
    if let (true, Some(status)) = (member.folders.contains_key(&folder), state.repeated_grant) {
        return Err(Reply { status, ..Reply::not("The user already has access to this folder") });
    }
    member.folders.insert(folder, rights);
    Ok(Reply::of(shapes::rights(user, rights)))
}
