//! What systems that others wrote put where something else is due: numbers and nulls for booleans, `0` for none,
//! numbers for texts, maps and bare ids for lists of rows. Read for what it can only mean; a row that stays
//! unreadable is left out and counted, and spoils no other.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
};
use serde::{Deserialize, de};
use serde_json::{Map, Value};

/// A boolean, where it can be taken for one: also 0 and 1, and the words for them.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(is) => Some(is),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    })
}

/// A value of this type, or none: `null`, `0` for no id, or whatever else cannot be read as one.
pub(super) fn maybe<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// A text that says something; one that is all digits may come as a number.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// The ids of a list: bare ones, rows with an `id`, or a map by id.
pub(super) fn ids<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let id = |value: Value| serde_json::from_value(value).ok();
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(rows) => rows.into_iter().filter_map(|row| id(own_id(row))).collect(),
        Value::Object(map) => map.into_iter().filter_map(|(key, _)| id(Value::String(key))).collect(),
        _ => Vec::new(),
    })
}

fn own_id(row: Value) -> Value {
    match row {
        Value::Object(mut row) => row.remove("id").unwrap_or_default(),
        bare => bare,
    }
}

/// The rows of a list.
#[derive(Debug)]
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    /// How many could not be read.
    pub(super) odd: usize,
    /// What was the matter with the first of them, without a value.
    pub(super) why: Option<String>,
}

impl<T> Rows<T> {
    /// As many as the other side counts.
    pub(super) fn len(&self) -> usize {
        self.rows.len() + self.odd
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), odd: 0, why: None }
    }
}

impl<T: DeserializeOwned> Rows<T> {
    fn take(&mut self, row: Value) {
        match serde_json::from_value(row) {
            Ok(row) => self.rows.push(row),
            Err(error) => {
                self.odd += 1;
                self.why.get_or_insert_with(|| without_values(&error.to_string()));
            }
        }
    }
}

/// The library quotes what it met, which may be a login.
fn without_values(text: &str) -> String {
    let kind = text.split([':', '`', '"']).next().unwrap_or_default().trim();
    let field = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    field.map_or_else(|| kind.to_owned(), |field| format!("{field} is missing"))
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(List(PhantomData))
    }
}

/// A list as it comes: an array; an object that holds one beside other things; a map of rows by id; nothing.
struct List<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for List<T> {
    type Value = Rows<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Rows<T>, E> {
        Ok(Rows::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Rows<T>, A::Error> {
        let mut rows = Rows::default();
        while let Some(row) = list.next_element()? {
            rows.take(row);
        }
        Ok(rows)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rows<T>, A::Error> {
        let (mut found, mut by_id) = (None, Rows::default());
        while let Some(key) = map.next_key::<String>()? {
            match map.next_value()? {
                // Beside an empty list of something else the rows are elsewhere.
                Part::Rows(rows) if found.as_ref().is_none_or(|known: &Rows<T>| known.len() == 0) => {
                    found = Some(rows);
                }
                // A map's keys are its rows' ids, or names, where these do not say them.
                Part::Row(mut row) if key.parse::<i64>().is_ok() => {
                    row.entry("id").or_insert(Value::String(key));
                    by_id.take(Value::Object(row));
                }
                Part::Row(row) if row.contains_key("name") => by_id.take(Value::Object(row)),
                Part::Rows(_) | Part::Row(_) | Part::Other => {}
            }
        }
        match found {
            Some(rows) => Ok(rows),
            None if by_id.len() > 0 => Ok(by_id),
            None => Err(de::Error::custom("no list")),
        }
    }
}

enum Part<T> {
    Rows(Rows<T>),
    Row(Map<String, Value>),
    Other,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for Any<T> {
    type Value = Part<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Part<T>, A::Error> {
        List(PhantomData).visit_seq(list).map(Part::Rows)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part<T>, A::Error> {
        Map::deserialize(MapAccessDeserializer::new(map)).map(Part::Row)
    }

    fn visit_unit<E: Error>(self) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::vsaas::OrganizationId;

    #[derive(Debug, Deserialize)]
    struct Row {
        id: i64,
        #[serde(default, deserialize_with = "flag")]
        on: Option<bool>,
        #[serde(default, deserialize_with = "maybe")]
        organization: Option<OrganizationId>,
        #[serde(default, deserialize_with = "text")]
        key: Option<String>,
        #[serde(default, deserialize_with = "ids")]
        organizations: Vec<OrganizationId>,
    }

    fn row(json: &str) -> Row {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn what_stands_for_something_else() {
        for (json, on) in [
            ("true", Some(true)),
            ("1", Some(true)),
            ("0", Some(false)),
            ("\"False\"", Some(false)),
            ("null", None),
            ("[]", None),
        ] {
            assert_eq!(row(&format!("{{\"id\":1,\"on\":{json}}}")).on, on, "{json}");
        }
        for (json, id) in
            [("753", Some(753)), ("\"753\"", Some(753)), ("0", None), ("null", None), ("{}", None)]
        {
            let read = row(&format!("{{\"id\":1,\"organization\":{json}}}")).organization;
            assert_eq!(read.map(|id| id.0), id, "{json}");
        }
        for (json, key) in [("\"a\"", Some("a")), ("84", Some("84")), ("\" \"", None), ("null", None)] {
            assert_eq!(row(&format!("{{\"id\":1,\"key\":{json}}}")).key.as_deref(), key, "{json}");
        }
        for json in
            ["[3, 0, 5]", "[{\"id\":3}, {\"id\":null}, {\"id\":\"5\"}]", "{\"3\":{},\"5\":true,\"x\":1}"]
        {
            let read = row(&format!("{{\"id\":1,\"organizations\":{json}}}")).organizations;
            assert_eq!(read.iter().map(|id| id.0).collect::<Vec<_>>(), [3, 5], "{json}");
        }
    }

    #[test]
    fn lists_in_every_shape_and_rows_that_are_none() {
        for (json, ids, odd) in [
            ("[]", &[][..], 0),
            ("null", &[], 0),
            ("[{\"id\":1},{\"id\":2}]", &[1, 2], 0),
            ("[{\"id\":1},null,7,{\"id\":\"x\"},{},{\"id\":2}]", &[1, 2], 4),
            ("{\"users\":[{\"id\":1}],\"total\":1}", &[1], 0),
        ] {
            let rows: Rows<Row> =
                serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"));
            assert_eq!(rows.rows.iter().map(|row| row.id).collect::<Vec<_>>(), ids, "{json}");
            assert_eq!((rows.odd, rows.why.is_some()), (odd, odd > 0), "{json}");
        }
        #[derive(Deserialize)]
        struct Called {
            id: OrganizationId,
        }
        let by_id: Rows<Called> =
            serde_json::from_str("{\"3\":{\"id\":3},\"5\":{},\"n\":1}").expect("a map of rows");
        assert_eq!(by_id.rows.iter().map(|row| row.id.0).collect::<Vec<_>>(), [3, 5]);
        for none in ["7", "\"x\"", "{}", "{\"a\":1}", "true"] {
            assert!(serde_json::from_str::<Rows<Row>>(none).is_err(), "{none}");
        }
    }

    #[test]
    fn why_quotes_nothing() {
        let why = |json| serde_json::from_str::<Rows<Row>>(json).expect("a list").why.expect("why");
        assert_eq!(why("[{}]"), "id is missing");
        assert_eq!(why("[{\"id\":\"84912000001\"}]"), "invalid type");
    }
}
