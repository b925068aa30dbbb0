//! An operator's own end and grant.

use serde::Deserialize;

use super::{Admin, audit};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::json::{self, Problem};
use crate::ledger::{Ending, Granting, NotKept, Repaired};
use crate::server::{Request, Response};
use crate::story;

/// No carrier has longer ids, in characters.
const ID_CHARS_MAX: usize = 100;

/// What is to end. A field that is not known may be one mistyped, and would end more than was meant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    service_id: Option<String>,
    package_id: Option<String>,
    who: Option<String>,
    why: Option<String>,
}

/// What is to be granted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    offer: String,
    until: String,
    who: Option<String>,
    why: Option<String>,
}

impl Admin {
    pub(super) async fn end(&self, number: &str, request: &mut Request) -> Result<Response, Problem> {
        let number = json::number(number)?;
        let End { service_id, package_id, who, why } = json::body(request).await?;
        for (name, id) in [("service_id", &service_id), ("package_id", &package_id)] {
            if id.as_ref().is_some_and(|id| !(1..=ID_CHARS_MAX).contains(&id.chars().count())) {
                return Err(Problem::bad(format!("{name} is not 1 to {ID_CHARS_MAX} characters")));
            }
        }
        let by = audit::by(request, who.as_deref(), why.as_deref())?;
        let ended = self.ledger.end(number.clone(), Ending { service_id, package_id }, by).await;
        self.repaired(&number, ended).await
    }

    pub(super) async fn grant(&self, number: &str, request: &mut Request) -> Result<Response, Problem> {
        let number = json::number(number)?;
        let Grant { offer, until, who, why } = json::body(request).await?;
        let until =
            Timestamp::from_rfc3339(&until).ok_or_else(|| Problem::bad("until is not an RFC 3339 time"))?;
        let by = audit::by(request, who.as_deref(), why.as_deref())?;
        // As with a retry: who calls has looked before.
        let granting = Granting { offer, until, may_shorten: true };
        let granted = self.ledger.grant(number.clone(), granting, by).await;
        self.repaired(&number, granted).await
    }

    async fn repaired(
        &self,
        number: &Msisdn,
        repaired: Result<Repaired, NotKept>,
    ) -> Result<Response, Problem> {
        let ids = match repaired.map_err(|error| Problem::unavailable(&error))? {
            Repaired::Done(ids) => ids,
            Repaired::NothingHeld => {
                return Err(Problem::conflict("nothing changed: the number holds nothing of that"));
            }
            Repaired::UnknownOffer => return Err(Problem::bad("the catalog in force has no such offer")),
            Repaired::Past => return Err(Problem::bad("until is not ahead")),
            Repaired::DatedAhead(told_for) => return Err(Problem::bad(story::dated_ahead(told_for))),
            Repaired::WouldShorten(ends) => {
                return Err(Problem::conflict(format!(
                    "nothing changed: it is in force until {}",
                    ends.rfc3339()
                )));
            }
        };
        let told = story::repaired(&self.ledger, number, &ids, self.clock.now()).await;
        told.map(|told| json::ok(&told)).map_err(|error| Problem::unavailable(&error))
    }
}
