//! Rows that are not as the papers' samples, as systems of years write some of them.

use serde_json::{Map, Value, json};

/// What a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    Camera,
    User,
    Organization,
    Member,
    Folder,
    Preset,
    /// Of billing.
    Tariff,
    /// Of billing.
    Billed,
}

/// What is odd about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddness {
    /// 1 and 0 where true and false are.
    Bits,
    /// Null where true and false are.
    NoBooleans,
    /// Null where the login and the title are.
    NoLogin,
    /// 0 where an id of something else is, or none.
    Zeros,
    /// Ids alone where objects are.
    Integers,
    /// Objects by their ids where lists are.
    Maps,
    /// Objects where ids are.
    Objects,
    /// Ids as texts.
    Texts,
    /// Fields with nothing in them, but the row's own id.
    Bare,
    /// Without its id.
    Nameless,
    /// No row at all, but null.
    Null,
}

impl Oddness {
    /// All that a reader gets over, where it reads forgivingly: the row says the same.
    pub const READABLE: [Self; 4] = [Self::Bits, Self::Texts, Self::Integers, Self::Maps];
    /// All that leave a row of which nothing can be done.
    pub const UNREADABLE: [Self; 2] = [Self::Nameless, Self::Null];
}

/// An odd row: of what, whose (its id or name), how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    pub rows: Rows,
    /// None: each.
    pub of: Option<String>,
    pub how: Oddness,
}

impl Odd {
    pub fn each(rows: Rows, how: Oddness) -> Self {
        Self { rows, of: None, how }
    }

    pub fn one(rows: Rows, of: impl ToString, how: Oddness) -> Self {
        Self { rows, of: Some(of.to_string()), how }
    }
}

/// How the rights of members are written in lists of members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shown {
    #[default]
    Objects,
    Integers,
    /// By the folder's id.
    Map,
    Null,
    /// An empty list, whatever they have.
    Hidden,
}

impl Shown {
    pub const ALL: [Self; 5] = [Self::Objects, Self::Integers, Self::Map, Self::Null, Self::Hidden];

    /// `rights` are objects with a `folder_id`.
    pub fn write(self, rights: Vec<Value>) -> Value {
        let rights = Value::Array(rights);
        match self {
            Self::Objects => rights,
            Self::Integers => integers(rights),
            Self::Map => maps(rights),
            Self::Null => Value::Null,
            Self::Hidden => json!([]),
        }
    }
}

/// The row as it is written, where it is an odd one.
pub fn oddly(all: &[Odd], rows: Rows, of: &str, row: Value) -> Value {
    let ours = |odd: &&Odd| odd.rows == rows && odd.of.as_deref().is_none_or(|own| own == of);
    all.iter().filter(ours).fold(row, |row, odd| written(odd.how, row))
}

fn written(how: Oddness, row: Value) -> Value {
    match how {
        Oddness::Null => Value::Null,
        Oddness::Bits => each(row, &|_, value| match value {
            Value::Bool(is) => json!(i32::from(is)),
            value => value,
        }),
        Oddness::NoBooleans => each(row, &|_, value| if value.is_boolean() { Value::Null } else { value }),
        Oddness::NoLogin => {
            let names = ["login", "title", "name"];
            // What a camera is called is its id.
            let is_camera = row.get("stream_url").is_some();
            each(row, &|name, value| match name {
                "name" if is_camera => value,
                _ if names.contains(&name) => Value::Null,
                _ => value,
            })
        }
        Oddness::Zeros => each(row, &|name, value| match name {
            "user_id" => value,
            _ if name.ends_with("_id") && (value.is_number() || value.is_null()) => json!(0),
            "preset" => Value::Null,
            _ => value,
        }),
        Oddness::Integers => top(row, |value| match value {
            Value::Object(_) => id_of(&value).unwrap_or(value),
            value => integers(value),
        }),
        Oddness::Maps => top(row, maps),
        Oddness::Objects => top(row, |value| match value {
            Value::Array(all) => {
                let object = |one: Value| if one.is_number() { json!({ "id": one }) } else { one };
                all.into_iter().map(object).collect()
            }
            value => value,
        }),
        Oddness::Texts => each(row, &|name, value| {
            let is_id = name == "id" || name.ends_with("_id");
            if is_id && value.is_number() { json!(value.to_string()) } else { value }
        }),
        Oddness::Bare => {
            let own = own_id(&row);
            let Value::Object(fields) = row else { return row };
            let bare = |(name, value): (String, Value)| {
                let value = if Some(name.as_str()) == own { value } else { Value::Null };
                (name, value)
            };
            Value::Object(fields.into_iter().map(bare).collect())
        }
        Oddness::Nameless => {
            let own = own_id(&row);
            let Value::Object(mut fields) = row else { return row };
            own.map(|own| fields.remove(own));
            Value::Object(fields)
        }
    }
}

/// The field that a row of this kind goes by.
fn own_id(row: &Value) -> Option<&'static str> {
    let is = |name: &str| row.get(name).is_some();
    match row {
        _ if is("stream_url") => Some("name"),
        _ if is("user_id") => Some("user_id"),
        _ if is("preset_id") => Some("preset_id"),
        _ if is("id") => Some("id"),
        _ => None,
    }
}

/// Every field that is no object, however deep.
fn each(value: Value, with: &impl Fn(&str, Value) -> Value) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let value = with(&name, each(value, with));
                (name, value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(all) => all.into_iter().map(|one| each(one, with)).collect(),
        value => value,
    }
}

/// The row's own fields.
fn top(row: Value, with: impl Fn(Value) -> Value) -> Value {
    let Value::Object(fields) = row else { return row };
    Value::Object(fields.into_iter().map(|(name, value)| (name, with(value))).collect())
}

fn id_of(value: &Value) -> Option<Value> {
    ["folder_id", "id"].iter().find_map(|name| value.get(name)).filter(|id| id.is_number()).cloned()
}

fn integers(value: Value) -> Value {
    let Value::Array(all) = value else { return value };
    all.into_iter().map(|one| id_of(&one).unwrap_or(one)).collect()
}

fn maps(value: Value) -> Value {
    let Value::Array(all) = value else { return value };
    let mut map = Map::new();
    for (at, one) in all.into_iter().enumerate() {
        let (key, one) = match (id_of(&one), one) {
            (Some(id), one) => (id.to_string(), one),
            (None, Value::Number(id)) => (id.to_string(), json!({})),
            (None, one) => (at.to_string(), one),
        };
        map.insert(key, one);
    }
    Value::Object(map)
}
