//! A request's parameters, from wherever they came (query, form body, flat JSON body), in one list
//! and exactly as they arrived, since that is what was signed. Leaves their meaning to `check`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::signature;
use crate::wire::content::Content;
use crate::wire::media;
use crate::wire::params::{self, PAIRS_MAX};

/// The body cannot be read, or there are more than [`PAIRS_MAX`] parameters. Nothing can be said of
/// a key or a signature then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the parameters cannot be read")]
pub struct Unreadable;

/// Names and values, decoded, in the order they came; a pair that was sent twice is here once.
/// Displays nothing: values hold codes and signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query (without its `?`) and a body. A body that begins with `{` is JSON whatever its
    /// `Content-Type` says, any other a form: senders name the wrong type more often than none.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(query: Option<&str>, body: &Content<'_>) -> Result<Self, Unreadable> {
        let mut params = Self(Vec::new());
        params.add_form(query.unwrap_or_default().as_bytes())?;
        match body {
            Content::Whole(content_type, bytes) => params.add_body(content_type.as_deref(), bytes)?,
            Content::Fields(fields) => {
                fields.iter().for_each(|(name, value)| params.add(name.clone(), value.clone()))
            }
        }
        if params.0.len() > PAIRS_MAX { Err(Unreadable) } else { Ok(params) }
    }

    /// What is neither is not taken for a form with strange names, of which the signature could only be
    /// called wrong: other text, XML, a list, or what says that it is JSON.
    fn add_body(&mut self, content_type: Option<&str>, body: &[u8]) -> Result<(), Unreadable> {
        let text = std::str::from_utf8(body).map_err(|_| Unreadable)?;
        let text = text.trim_start_matches('\u{FEFF}').trim_ascii();
        let is_other = text.starts_with(['<', '[', '"']) || text.contains(is_strange);
        match text.as_bytes().first() {
            None => Ok(()),
            Some(b'{') => self.add_json(text.as_bytes()),
            Some(_) if is_other || media::is(content_type, "application/json") => Err(Unreadable),
            Some(_) => self.add_form(text.as_bytes()),
        }
    }

    fn add_form(&mut self, text: &[u8]) -> Result<(), Unreadable> {
        for (name, value) in params::parse(text).map_err(|_| Unreadable)? {
            self.add(name.into_owned(), value.into_owned());
        }
        Ok(())
    }

    /// A null is an absent parameter, a number counts as it is spelled, and a value with values in it
    /// is compact JSON: so senders sign them.
    fn add_json(&mut self, body: &[u8]) -> Result<(), Unreadable> {
        let Members(members) = serde_json::from_slice(body).map_err(|_| Unreadable)?;
        for (name, value) in members {
            if let Some(value) = text_of(value).map_err(|_| Unreadable)? {
                self.add(name, value);
            }
        }
        Ok(())
    }

    /// Looks for a repeat among few: past the bound, which `read` then refuses, it looks no more.
    fn add(&mut self, name: String, value: String) {
        let pair = (name, value);
        if self.0.len() > PAIRS_MAX || !self.0.contains(&pair) {
            self.0.push(pair);
        }
    }

    /// The value of a parameter, blanks around it left out; empty counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(own, _)| own == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether there are two readings of them: a name with two values, or a name or value with a
    /// character in it that parts them in the signed string, so that others could have been signed.
    #[must_use]
    pub fn are_ambiguous(&self) -> bool {
        let parts = |(name, value): &(String, String)| name.contains(['&', '=']) || value.contains('&');
        self.has_twins() || self.0.iter().any(parts)
    }

    fn has_twins(&self) -> bool {
        self.0.iter().enumerate().any(|(at, (name, _))| self.0[..at].iter().any(|(other, _)| other == name))
    }

    /// What may have been signed: one string, but where a name has two values, of which a sender's
    /// map holds the first or the last. Such a request is refused in any case; this decides whether
    /// its sender is told why.
    #[must_use]
    pub fn signed_strings(&self) -> Vec<String> {
        let pairs = || self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut strings = vec![signature::canonical(pairs())];
        if self.has_twins() {
            strings.push(signature::canonical(once(pairs())));
            strings.push(signature::canonical(once(pairs().rev())));
        }
        strings
    }
}

/// The first of each name.
fn once<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(&'a str, &'a str)> {
    let mut kept: Vec<(&str, &str)> = Vec::new();
    for pair in pairs {
        if !kept.iter().any(|(name, _)| *name == pair.0) {
            kept.push(pair);
        }
    }
    kept
}

/// What no form has and other things have many of.
fn is_strange(c: char) -> bool {
    c.is_control() && !c.is_ascii_whitespace()
}

fn text_of(value: &RawValue) -> serde_json::Result<Option<String>> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => serde_json::from_str(text).map(Some),
        Some(b'{' | b'[') => {
            serde_json::from_str::<serde_json::Value>(text).map(|value| Some(value.to_string()))
        }
        _ => Ok(Some(text.to_owned())),
    }
}

/// The members of a JSON object, those of one name too, which a map would hide.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
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
