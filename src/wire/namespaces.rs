//! Which prefixes are bound where, and that every tag uses only those. The namespaces themselves
//! mean nothing here: messages are known by their local names alone.

use std::borrow::Cow;

use super::names;
use super::tag::{self, Attributes};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Attributes that one tag may have, declarations of namespaces among them.
pub(super) const ATTRIBUTES_MAX: usize = 32;

/// Why a tag is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It breaks a rule of XML's or of its namespaces'.
    IllFormed(&'static str),
    /// It has more than [`ATTRIBUTES_MAX`] attributes.
    TooMany,
}

impl From<&'static str> for Refused {
    fn from(what: &'static str) -> Self {
        Self::IllFormed(what)
    }
}

/// The bindings in force, innermost last.
#[derive(Default)]
pub(super) struct Namespaces<'a> {
    bound: Vec<Binding<'a>>,
}

struct Binding<'a> {
    depth: usize,
    prefix: &'a str,
    uri: Cow<'a, str>,
}

struct Attribute<'a> {
    prefix: &'a str,
    local: &'a str,
    value: Cow<'a, str>,
}

impl<'a> Namespaces<'a> {
    /// Checks the tag of an element at `depth` whose name has `prefix`, and binds what it declares.
    /// Nearly every tag has neither prefix nor attributes, and costs nothing.
    pub(super) fn open(&mut self, depth: usize, prefix: &str, attributes: &'a str) -> Result<(), Refused> {
        if !attributes.is_empty() {
            let attributes = read(attributes)?;
            self.bind(depth, &attributes)?;
            self.check(&attributes)?;
        }
        match prefix {
            "" => Ok(()),
            "xmlns" => Err("an element with the prefix xmlns".into()),
            _ => self.uri(prefix).map(|_| ()),
        }
    }

    /// Forgets what the element at `depth` declared.
    pub(super) fn close(&mut self, depth: usize) {
        while self.bound.last().is_some_and(|binding| binding.depth >= depth) {
            self.bound.pop();
        }
    }

    fn bind(&mut self, depth: usize, attributes: &[Attribute<'a>]) -> Result<(), Refused> {
        for Attribute { prefix, local, value } in attributes {
            let declared = match (*prefix, *local) {
                ("xmlns", prefix) => prefix,
                ("", "xmlns") => "",
                _ => continue,
            };
            if !may_bind(declared, value) {
                return Err("a namespace that may not be declared so".into());
            }
            self.bound.push(Binding { depth, prefix: declared, uri: value.clone() });
        }
        Ok(())
    }

    /// No attribute twice, neither as written nor under two prefixes of one namespace. Declarations
    /// are attributes of a namespace of their own.
    fn check(&self, attributes: &[Attribute<'a>]) -> Result<(), Refused> {
        let mut seen = Vec::with_capacity(attributes.len());
        for attribute in attributes {
            let uri = match attribute.prefix {
                "" => "",
                "xmlns" => XMLNS,
                prefix => self.uri(prefix)?,
            };
            if seen.contains(&(uri, attribute.local)) {
                return Err("an attribute twice".into());
            }
            seen.push((uri, attribute.local));
        }
        Ok(())
    }

    fn uri(&self, prefix: &str) -> Result<&str, Refused> {
        if prefix == "xml" {
            return Ok(XML);
        }
        let bound = self.bound.iter().rev().find(|binding| binding.prefix == prefix);
        bound.map(|binding| binding.uri.as_ref()).ok_or("an undeclared prefix".into())
    }
}

fn read(attributes: &str) -> Result<Vec<Attribute<'_>>, Refused> {
    let mut read = Vec::new();
    for attribute in Attributes::new(attributes) {
        let (name, raw) = attribute?;
        let (prefix, local) = names::split(name).ok_or("a bad attribute name")?;
        if read.len() == ATTRIBUTES_MAX {
            return Err(Refused::TooMany);
        }
        read.push(Attribute { prefix, local, value: tag::value(raw)? });
    }
    Ok(read)
}

/// What the namespaces specification reserves: `xml` belongs to one namespace and it to `xml`,
/// `xmlns` and its namespace to nobody, and a prefix cannot be unbound.
fn may_bind(prefix: &str, uri: &str) -> bool {
    match prefix {
        "xml" => uri == XML,
        "xmlns" => false,
        _ => uri != XML && uri != XMLNS && (prefix.is_empty() || !uri.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(prefix: &str, attributes: &str) -> Result<(), Refused> {
        let mut namespaces = Namespaces::default();
        namespaces.open(1, "", " xmlns:o='urn:o' xmlns='urn:d'")?;
        namespaces.open(2, prefix, attributes)
    }

    #[test]
    fn tags_that_use_what_is_bound() {
        for (prefix, attributes) in [
            ("", ""),
            ("o", ""),
            ("xml", ""),
            ("p", " xmlns:p='urn:p'"),
            ("", " o:a='1' a='2' xml:a='3' xmlns:a='4' a:a='5'"),
            ("", " xmlns='' xmlns:xml='http://www.w3.org/XML/1998/namespace'"),
            ("", " xmlns:p='urn:&#111;' xmlns:q='urn:q' p:a='' q:a=''"),
        ] {
            assert_eq!(open(prefix, attributes), Ok(()), "{prefix} {attributes}");
        }
    }

    #[test]
    fn tags_that_do_not() {
        for (prefix, attributes) in [
            ("p", ""),
            ("O", ""),
            ("xmlns", ""),
            ("", " p:a=''"),
            ("", " a='' a=''"),
            ("", " xmlns='urn:a' xmlns='urn:b'"),
            ("", " xmlns:p='urn:&#111;' p:a='' o:a=''"),
            ("", " xmlns:p=''"),
            ("", " xmlns:xmlns='urn:x'"),
            ("", " xmlns:xml='urn:x'"),
            ("", " xmlns:p='http://www.w3.org/XML/1998/namespace'"),
            ("", " xmlns='http://www.w3.org/2000/xmlns/'"),
            ("", " :a=''"),
            ("", " 1='' "),
        ] {
            assert!(open(prefix, attributes).is_err(), "{prefix} {attributes}");
        }
    }

    #[test]
    fn bindings_end_with_their_element() {
        let mut namespaces = Namespaces::default();
        assert_eq!(namespaces.open(2, "p", " xmlns:p='urn:p'"), Ok(()));
        namespaces.close(2);
        assert!(namespaces.open(2, "p", "").is_err());
    }

    #[test]
    fn attributes_are_bounded() {
        let many = |n: usize| (0..n).map(|i| format!(" a{i}=''")).collect::<String>();
        assert_eq!(open("", &many(ATTRIBUTES_MAX)), Ok(()));
        assert_eq!(open("", &many(ATTRIBUTES_MAX + 1)), Err(Refused::TooMany));
    }
}
