//! Billing of the double, API v1: what is done here shows at Watcher too.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::request::{Reply, Request, Route, Worked, check};
use super::state::State;
use super::{ADMIN, DOMAIN, PASSWORD, shapes};

pub fn call(state: &mut State, route: &Route, request: &Request) -> Worked {
    let credentials = [("x-user", ADMIN), ("x-password", PASSWORD), ("x-domain-id", DOMAIN)];
    if credentials.iter().any(|(name, is)| request.header(name) != *is) {
        return Err(Reply::refused(401, "missing or wrong credentials"));
    }
    if !request.header("x-vsaas-api-key").is_empty() {
        return Err(Reply::refused(422, "Watcher's key, which is none of billing's business"));
    }
    if !state.is_billed {
        return Err(Reply::refused(404, "there is no billing here"));
    }
    request.queried(&[])?;
    match (route.method, route.template) {
        ("GET", "/tariff_plans") => {
            request.bare(&[])?;
            let tariffs: Vec<_> = state.tariffs.keys().rev().map(|id| shapes::tariff(state, *id)).collect();
            Ok(Reply::of(json!({ "tariff_plans": tariffs })))
        }
        ("GET", _) => {
            request.bare(&[])?;
            let ours = state.organizations.iter().filter(|(_, of)| of.billing_id.is_some());
            let ours: Vec<_> = ours.map(|(id, _)| shapes::billed(state, *id)).collect();
            Ok(Reply::of(json!({ "organizations": ours })))
        }
        ("POST", _) => create(state, request),
        ("PUT", _) => {
            let id = organization(state, route)?;
            let fields = check(inner(request)?, &["tariff_plans"], &[])?;
            let tariffs = tariffs(state, &fields)?;
            state.organizations.quietly().get_mut(&id).unwrap().tariffs = tariffs;
            Ok(Reply::of(json!({ "organization": shapes::billed(state, id) })))
        }
        _ => {
            request.bare(&[])?;
            let id = organization(state, route)?;
            state.delete_organization(id);
            Ok(Reply::empty(204))
        }
    }
}

fn create(state: &mut State, request: &Request) -> Worked {
    let fields = check(inner(request)?, &["title", "owner"], &["tariff_plans"])?;
    let text = |name: &str| fields[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(title), Some(owner)) = (text("title"), text("owner")) else {
        return Err(Reply::refused(422, "a title and an owner are texts"));
    };
    let tariffs = tariffs(state, &fields)?;
    let id = state.create_organization(&title, true, tariffs);
    state.organizations.quietly().get_mut(&id).unwrap().owner = owner;
    Ok(Reply::of(json!({ "organization": shapes::billed(state, id) })))
}

fn inner(request: &Request) -> Result<Map<String, Value>, Reply> {
    let outer = request.fields(&["organization"], &[])?;
    outer["organization"].as_object().cloned().ok_or_else(|| Reply::refused(422, "organization is no object"))
}

/// Watcher's id of the organization that the path names by billing's.
fn organization(state: &State, route: &Route) -> Result<i64, Reply> {
    let id = route.id(0)?;
    match (state.index().billed(id), state.what_else(id)) {
        (Some(id), _) => Ok(id),
        (None, "nothing") => Err(Reply::not_there()),
        (None, what) => {
            Err(Reply::refused(404, format!("{id} is {what}, where an organization of billing is due")))
        }
    }
}

/// The tariffs given, but the default one, which is there in any case.
fn tariffs(state: &State, fields: &Map<String, Value>) -> Result<BTreeSet<i64>, Reply> {
    let Some(given) = fields.get("tariff_plans") else { return Ok(BTreeSet::new()) };
    let given = given.as_array().ok_or_else(|| Reply::refused(422, "tariff_plans is no list"))?;
    let mut tariffs = BTreeSet::new();
    for value in given {
        let id = value.as_i64().ok_or_else(|| Reply::refused(422, "a tariff's id is a number"))?;
        if !state.tariffs.contains_key(&id) {
            let what = state.what_else(id);
            return Err(Reply::refused(422, format!("{id} is {what}, where a tariff of billing is due")));
        }
        tariffs.insert(id);
    }
    tariffs.remove(&state.default_tariff);
    Ok(tariffs)
}
