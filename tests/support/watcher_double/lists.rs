//! Watcher's lists: what is searched for, in which order, from where on, and how much of it.

use serde_json::Value;

use super::request::{Reply, Request, Worked};
use super::shapes::{self, Seen};
use super::state::{Sorting, State};

/// What every list takes.
pub const PAGED: [&str; 4] = ["search", "sort", "limit", "offset"];

/// What is asked of a list.
pub struct Asked {
    /// Lower case; empty: all.
    search: String,
    sort: Option<String>,
    limit: usize,
    offset: usize,
}

impl Asked {
    /// `fields` are those that it can be sorted by.
    pub fn of(state: &State, request: &Request, fields: &[&str]) -> Result<Self, Reply> {
        let at = |number: Option<i64>, otherwise| match number {
            Some(number) => usize::try_from(number).map_err(|_| Reply::refused(400, "below 0")),
            None => Ok(otherwise),
        };
        let limit = at(request.number_or_header("limit", "x-page-limit")?, usize::MAX)?;
        let offset = at(request.number_or_header("offset", "x-page-offset")?, 0)?;
        let sort = request.query.get("sort").filter(|field| !field.is_empty()).cloned();
        let sort = match (state.sorting, sort) {
            (Sorting::Ignored, _) => None,
            (Sorting::Refused, Some(_)) => {
                return Err(Reply::failed(400, "ValidationError", "unknown query parameter sort"));
            }
            (_, Some(field)) if !fields.contains(&field.as_str()) => {
                return Err(Reply::refused(400, format!("there is no field {field} to sort by")));
            }
            (_, sort) => sort,
        };
        let search = request.query.get("search").map(|text| text.to_lowercase()).unwrap_or_default();
        Ok(Self { search, sort, limit: limit.min(state.rows_max), offset })
    }

    fn finds(&self, text: &str) -> bool {
        self.search.is_empty() || text.contains(&self.search)
    }

    /// Of all that is found, in order, what is asked for.
    pub fn page<T>(&self, found: impl Iterator<Item = T>) -> Vec<T> {
        found.skip(self.offset).take(self.limit).collect()
    }

    /// The same of what is not in order yet.
    fn sorted<T, K: Ord>(&self, found: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
        let mut found: Vec<T> = found.collect();
        found.sort_by_cached_key(key);
        self.page(found.into_iter())
    }
}

fn reply(rows: Vec<Value>) -> Worked {
    Ok(Reply::of(Value::Array(rows)))
}

pub fn users(state: &State, request: &Request) -> Worked {
    request.bare(&PAGED)?;
    let asked = Asked::of(state, request, &["id", "login", "name", "external_id"])?;
    let by = |key: fn(&super::User) -> Option<&String>| {
        asked.sorted(state.index().search(&asked.search).into_iter(), |id| key(&state.users[id]))
    };
    let page = match asked.sort.as_deref() {
        None | Some("id") if !asked.search.is_empty() => {
            let found = state.index().search(&asked.search).into_iter();
            if asked.sort.is_some() {
                asked.page(found)
            } else {
                asked.sorted(found, |id| super::index::odd(*id))
            }
        }
        None => asked.page(state.index().users()),
        Some("id") => asked.page(state.users.keys().copied()),
        Some("login") => by(|user| Some(&user.login)),
        Some("name") => by(|user| user.name.as_ref()),
        Some(_) => by(|user| user.external_id.as_ref()),
    };
    reply(page.into_iter().map(|id| shapes::user(state, id)).collect())
}

pub fn organizations(state: &State, request: &Request) -> Worked {
    request.bare(&PAGED)?;
    let asked = Asked::of(state, request, &["id", "title"])?;
    let found = |id: &i64| asked.finds(&state.organizations[id].title.to_lowercase());
    let page = match asked.sort.as_deref() {
        None => asked.page(state.index().organizations().filter(found)),
        Some("id") => asked.page(state.organizations.keys().copied().filter(found)),
        Some(_) => asked
            .sorted(state.organizations.keys().copied().filter(found), |id| &state.organizations[id].title),
    };
    reply(page.into_iter().map(|id| shapes::organization(state, id)).collect())
}

pub fn members(state: &State, organization: i64, request: &Request) -> Worked {
    request.bare(&PAGED)?;
    let asked = Asked::of(state, request, &["user_id", "login"])?;
    let members = &state.organizations[&organization].members;
    let login = |id: &i64| state.users.get(id).map_or("", |user| &user.login);
    let found = |id: &i64| asked.search.is_empty() || asked.finds(&login(id).to_lowercase());
    let page = match asked.sort.as_deref() {
        None => asked.page(state.index().members(organization).filter(found)),
        Some("user_id") => asked.page(members.keys().copied().filter(found)),
        Some(_) => asked.sorted(members.keys().copied().filter(found), login),
    };
    reply(page.into_iter().map(|user| shapes::member(state, organization, user)).collect())
}

/// Of an organization, or of the domain.
pub fn cameras(state: &mut State, of: Option<i64>, request: &Request) -> Worked {
    let asked = Asked::of(state, request, &["name", "title"])?;
    let found = |name: &&str| {
        let camera = &state.cameras[*name];
        let text = || format!("{name}\n{}\n{}", camera.title, camera.comment).to_lowercase();
        of.is_none_or(|id| camera.organization == id) && (asked.search.is_empty() || asked.finds(&text()))
    };
    let names = state.cameras.keys().map(String::as_str);
    let page = match asked.sort.as_deref() {
        None => asked.page(state.index().cameras().filter(found)),
        Some("name") => asked.page(names.filter(found)),
        Some(_) => asked.sorted(names.filter(found), |name| &state.cameras[*name].title),
    };
    let page: Vec<String> = page.into_iter().map(str::to_owned).collect();
    let seen = if of.is_some() { Seen::Closely } else { Seen::InDomain };
    reply(page.iter().map(|name| shapes::camera(state, name, seen)).collect())
}
