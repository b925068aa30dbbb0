//! A request's parameters, from wherever they came (query, form body, JSON body), in one list and exactly as they
//! arrived, since that is what was signed. Leaves their meaning to the surfaces.

use serde_json::value::RawValue;

use super::compact::{self, Members};
use crate::signature;
use crate::wire::content::Content;
use crate::wire::media;
use crate::wire::params::{self, PAIRS_MAX};

/// The body cannot be read, or there are more than [`PAIRS_MAX`] parameters. Nothing can be said of
/// a key or a signature then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the parameters cannot be read")]
pub struct Unreadable;

/// Names and values, decoded, in the order they came; a pair of a form that was sent twice is here once.
/// Displays nothing: values hold codes and signatures.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
    /// An object that was read has two members of one name, if only within a value.
    has_json_twins: bool,
}

impl Params {
    /// Reads a query (without its `?`) and a body. A body that begins with `{` is JSON whatever its
    /// `Content-Type` says, any other a form: senders name the wrong type more often than none.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(query: Option<&str>, body: &Content<'_>) -> Result<Self, Unreadable> {
        let mut params = Self::default();
        params.add_form(query.unwrap_or_default().as_bytes())?;
        match body {
            Content::Whole(content_type, bytes) => params.add_body(content_type.as_deref(), bytes)?,
            Content::Fields(fields) => {
                fields.iter().for_each(|(name, value)| params.add(name.clone(), value.clone()))
            }
        }
        if params.pairs.len() > PAIRS_MAX { Err(Unreadable) } else { Ok(params) }
    }

    /// Reads a body that is one JSON object, whatever its `Content-Type` says, and nothing of the query. Its members are
    /// the parameters, as a flat JSON body's are in [`read`](Self::read); but a name that is there twice has two
    /// readings even where both say the same, inside a value too, and a value with values in it keeps the spelling of
    /// its numbers.
    ///
    /// # Errors
    /// [`Unreadable`], for values within values beyond [`compact::DEPTH_MAX`] too.
    pub fn object(_: Option<&str>, body: &Content<'_>) -> Result<Self, Unreadable> {
        let Content::Whole(_, bytes) = body else { return Err(Unreadable) };
        let text = std::str::from_utf8(bytes).map_err(|_| Unreadable)?.trim_start_matches('\u{FEFF}');
        let members: Members<'_> = serde_json::from_str(text).map_err(|_| Unreadable)?;
        let mut params = Self { has_json_twins: members.have_twins(), ..Self::default() };
        for (name, value) in members.0 {
            if value.get().starts_with(['{', '[']) {
                let (value, has_twins) = compact::compact(value).map_err(|_| Unreadable)?;
                params.has_json_twins |= has_twins;
                params.pairs.push((name, value));
            } else if let Some(value) = text_of(value).map_err(|_| Unreadable)? {
                params.pairs.push((name, value));
            }
        }
        Ok(params)
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
        if self.pairs.len() > PAIRS_MAX || !self.pairs.contains(&pair) {
            self.pairs.push(pair);
        }
    }

    /// The value of a parameter, blanks around it left out; empty counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(own, _)| own == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether there are two readings of them: a name with two values, or a name or value with a
    /// character in it that parts them in the signed string, so that others could have been signed.
    #[must_use]
    pub fn are_ambiguous(&self) -> bool {
        let parts = |(name, value): &(String, String)| name.contains(['&', '=']) || value.contains('&');
        self.has_json_twins || self.has_twins() || self.pairs.iter().any(parts)
    }

    fn has_twins(&self) -> bool {
        self.pairs
            .iter()
            .enumerate()
            .any(|(at, (name, _))| self.pairs[..at].iter().any(|(other, _)| other == name))
    }

    /// What may have been signed: one string, but where a name has two values, of which a sender's
    /// map holds the first or the last. Such a request is refused in any case; this decides whether
    /// its sender is told why.
    #[must_use]
    pub fn signed_strings(&self) -> Vec<String> {
        let pairs = || self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
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
