//! JSON as it is signed: the members of an object, and a value with values in it as one line without blanks, its keys as
//! sent, what is outside ASCII unescaped, its numbers as they were spelled.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::wire::params::PAIRS_MAX;

/// So deep may values stand in one another.
pub(super) const DEPTH_MAX: usize = 8;

/// A value is no JSON, deeper than is read, or an object in it has too many members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfit;

/// The compact text, and whether an object in it has two members of one name.
///
/// # Errors
/// [`Unfit`].
pub(super) fn compact(value: &RawValue) -> Result<(String, bool), Unfit> {
    let mut line = Line { text: String::with_capacity(value.get().len()), has_twins: false };
    line.add(value, DEPTH_MAX)?;
    Ok((line.text, line.has_twins))
}

struct Line {
    text: String,
    has_twins: bool,
}

impl Line {
    fn add(&mut self, value: &RawValue, depth: usize) -> Result<(), Unfit> {
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth == 0 => Err(Unfit),
            Some(b'{') => self.add_object(text, depth - 1),
            Some(b'[') => self.add_list(text, depth - 1),
            Some(b'"') => self.add_text(&serde_json::from_str::<String>(text).map_err(|_| Unfit)?),
            _ => {
                self.text.push_str(text);
                Ok(())
            }
        }
    }

    fn add_object(&mut self, text: &str, depth: usize) -> Result<(), Unfit> {
        let members: Members<'_> = serde_json::from_str(text).map_err(|_| Unfit)?;
        self.has_twins |= members.have_twins();
        self.text.push('{');
        for (at, (name, value)) in members.0.iter().enumerate() {
            self.part(at);
            self.add_text(name)?;
            self.text.push(':');
            self.add(value, depth)?;
        }
        self.text.push('}');
        Ok(())
    }

    fn add_list(&mut self, text: &str, depth: usize) -> Result<(), Unfit> {
        let values: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Unfit)?;
        self.text.push('[');
        for (at, value) in values.into_iter().enumerate() {
            self.part(at);
            self.add(value, depth)?;
        }
        self.text.push(']');
        Ok(())
    }

    fn part(&mut self, at: usize) {
        if at > 0 {
            self.text.push(',');
        }
    }

    fn add_text(&mut self, text: &str) -> Result<(), Unfit> {
        self.text.push_str(&serde_json::to_string(text).map_err(|_| Unfit)?);
        Ok(())
    }
}

/// The members of a JSON object, those of one name too, which a map would hide.
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl Members<'_> {
    pub(super) fn have_twins(&self) -> bool {
        let is_known = |at: usize, name: &String| self.0[..at].iter().any(|(other, _)| other == name);
        self.0.iter().enumerate().any(|(at, (name, _))| is_known(at, name))
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            if members.len() > PAIRS_MAX {
                return Err(serde::de::Error::custom("too many members"));
            }
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn of(text: &str) -> Result<(String, bool), Unfit> {
        compact(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn blanks_and_escapes_go_and_the_rest_stays_as_sent() {
        for (sent, compact) in [
            ("[ 1.50, 1e2 ,-0, 18446744073709551616 ]", "[1.50,1e2,-0,18446744073709551616]"),
            ("{ \"b\" : [ ] , \"a\" : { } }", "{\"b\":[],\"a\":{}}"),
            ("[\"\\u00e9 \\/ \\n\", \"é\", null, true]", "[\"é / \\n\",\"é\",null,true]"),
        ] {
            assert_eq!(of(sent), Ok((compact.to_owned(), false)));
        }
    }

    #[test]
    fn twins_are_told_and_depth_is_bounded() {
        assert_eq!(of("[{\"a\":1,\"\\u0061\":1}]"), Ok(("[{\"a\":1,\"a\":1}]".to_owned(), true)));
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(of(&deep(DEPTH_MAX)).is_ok());
        assert_eq!(of(&deep(DEPTH_MAX + 1)), Err(Unfit));
    }
}
