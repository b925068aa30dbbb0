//! The parameters of a JSON call: each of a name that the call knows, with one value. A name mistyped or a value
//! forgotten must not look like an answer to another question.

use super::Problem;
use crate::clock::Timestamp;

/// The parameters of one request, decoded.
pub struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Reads the query of a call that takes the parameters `known`.
    ///
    /// # Errors
    /// 400 for any other name, an empty value, two values of one name, or a character that no text of ours can
    /// have.
    pub fn read(query: Option<&str>, known: &[&'static str]) -> Result<Self, Problem> {
        let mut read = Self(Vec::new());
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let own = known.iter().find(|own| **own == name).ok_or_else(|| unknown(known))?;
            match read.get(own) {
                _ if value.is_empty() => return Err(Problem::bad(format!("{own} is empty"))),
                Some(other) if other != value => {
                    return Err(Problem::bad(format!("{own} is given in two ways")));
                }
                Some(_) => {}
                // A server's text cannot hold it.
                None if value.contains('\0') => {
                    let what = format!("{own} has a character in it that there is no text of");
                    return Err(Problem::bad(what));
                }
                None => read.0.push((own, value.into_owned())),
            }
        }
        Ok(read)
    }

    /// The value of a parameter, if it was given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
    }

    /// An RFC 3339 parameter. A `+` of its zone that was not escaped arrives as a blank.
    ///
    /// # Errors
    /// 400 where it is none.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let read = Timestamp::from_rfc3339(&text.replace(' ', "+")).or_else(|| Timestamp::from_rfc3339(text));
        read.map(Some).ok_or_else(|| Problem::bad(format!("{name} is not an RFC 3339 time")))
    }
}

fn unknown(known: &[&str]) -> Problem {
    match known {
        [] => Problem::bad("this call takes no parameters"),
        _ => Problem::bad(format!("the parameters of this call are {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Vec<(&'static str, String)>, String> {
        Query::read(Some(query), &["at", "limit"]).map(|read| read.0).map_err(|problem| problem.detail)
    }

    #[test]
    fn known_names_with_one_value_each() {
        let limit = ("limit", "5".to_owned());
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read("&&limit=5&limit=5"), Ok(vec![limit.clone()]));
        assert_eq!(read("l%69mit=5&at=a%20b"), Ok(vec![limit, ("at", "a b".to_owned())]));
    }

    #[test]
    fn anything_else_is_refused() {
        for (query, detail) in [
            ("limit", "limit is empty"),
            ("at=&limit=5", "at is empty"),
            ("limit=5&limit=", "limit is empty"),
            ("limit=5&limit=6", "limit is given in two ways"),
            ("at=%00", "at has a character in it that there is no text of"),
            ("Limit=5", "the parameters of this call are at, limit"),
            ("=5", "the parameters of this call are at, limit"),
        ] {
            assert_eq!(read(query), Err(detail.to_owned()), "{query}");
        }
        let none = Query::read(Some("x"), &[]).map(|_| ()).map_err(|problem| problem.detail);
        assert_eq!(none, Err("this call takes no parameters".to_owned()));
    }
}
