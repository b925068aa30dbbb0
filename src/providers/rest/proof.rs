//! Whether a refusal is about one thing or about our key, and a failure about one thing or about everything: found out by
//! a call that answers whoever has a good key. Leaves what an answer says to [`said`](crate::providers::said).

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::{Answer, Call, Fault, Line, Rest, Said, Why, said};

/// What was found out about our key, and when.
#[derive(Clone, Copy)]
pub(super) struct Proved {
    begun_at: Instant,
    works: Works,
}

/// Whether the other side accepts our key, and works.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Works {
    Yes,
    No,
    Unknown,
}

impl Rest {
    /// What an answer that was no success comes to.
    pub(super) async fn fault(
        &self,
        said: Said,
        (line, call, answer): (&Arc<Line>, &Call, &Answer),
        deadline: Instant,
    ) -> Fault {
        let works = self.works(line, call, deadline);
        // Whoever has a good key is answered there: what is refused has to wait for an operator.
        let is_proof = self.proofs.first() == Some(&call.path);
        match said {
            // It speaks of the thing that is there already, or being changed.
            Said::Not(fault) if answer.status == 409 => fault.of_one(),
            Said::Not(fault) if call.may_be_alone_with(answer.status) => {
                self.alone(fault, (line, call), deadline).await
            }
            Said::Not(fault) => fault,
            Said::Done => Fault::of_doubt(&call.method, Why::new("the answer says nothing")),
            Said::OfThingOrKey(words) | Said::OfKeyOrPassing(words) if is_proof => {
                Fault::Denied(Why::new(words))
            }
            Said::OfThingOrKey(words) => match works.await {
                Works::Yes => Fault::Never(Why::of_one(words)),
                Works::No => self.denied(&words),
                Works::Unknown => {
                    let text = format!("{words}; whether our key is accepted could not be told");
                    Fault::Again { why: Why::new(text), after: None }
                }
            },
            Said::OfKeyOrPassing(words) => match works.await {
                Works::Yes => Fault::Again { why: Why::of_one(words), after: answer.retry_after },
                Works::No => self.denied(&words),
                Works::Unknown => Fault::Again { why: Why::new(words), after: answer.retry_after },
            },
            Said::OfThingOrAll(words) => {
                let why = match works.await {
                    Works::Yes => Why::of_one(words),
                    Works::No | Works::Unknown => Why::new(words),
                };
                Fault::of_doubt(&call.method, why)
            }
            Said::NotThereOrAll(words) => match works.await {
                Works::Yes => Fault::NotThere(Why::new(words)),
                Works::No | Works::Unknown => {
                    let text = format!("{words}; whether the system itself says so could not be told");
                    Fault::Again { why: Why::new(text), after: None }
                }
            },
        }
    }

    /// A failure of a call about one thing: that one's alone, where the other side works otherwise.
    pub(super) async fn alone(
        &self,
        fault: Fault,
        (line, call): (&Arc<Line>, &Call),
        deadline: Instant,
    ) -> Fault {
        match self.works(line, call, deadline).await {
            Works::Yes => fault.of_one(),
            Works::No | Works::Unknown => fault,
        }
    }

    fn denied(&self, words: &str) -> Fault {
        let proof = self.proofs.first().copied().unwrap_or_default();
        Fault::Denied(Why::new(format!("{words}; it does not accept our credentials (nor at GET {proof})")))
    }

    /// Whether the other side accepts our key and works, by a call that says so of any key. Asked after `refused`
    /// was, lest a key that was revoked a moment ago end tasks for good; those that were refused meanwhile share the
    /// answer.
    async fn works(&self, line: &Arc<Line>, refused: &Call, deadline: Instant) -> Works {
        if self.proofs.first() == Some(&refused.path) {
            return Works::Unknown;
        }
        let since = Instant::now();
        let Ok(mut proved) = timeout_at(deadline, self.proved.lock()).await else { return Works::Unknown };
        if let Some(known) = proved.filter(|known| known.begun_at >= since) {
            return known.works;
        }
        let (begun_at, mut works) = (Instant::now(), Works::Unknown);
        for proof in self.proofs {
            // Where it is not there, as in older systems, the next one is asked.
            if let Some(told) = self.proved_by(line, proof, deadline).await {
                works = told;
                break;
            }
        }
        // With another key by now, what it said of this one proves nothing.
        let works = if Arc::ptr_eq(line, &self.line.load()) { works } else { Works::Unknown };
        *proved = Some(Proved { begun_at, works });
        works
    }

    /// What one call says of our key; `None` where there is no such call.
    async fn proved_by(&self, line: &Arc<Line>, proof: &'static str, deadline: Instant) -> Option<Works> {
        let call = Call::get(proof);
        let about = self.about(&call);
        Some(match self.ask(line, &call, &about, deadline).await {
            Ok(answer) => match said(&call.method, &answer, &about, &[]) {
                Said::Done => Works::Yes,
                Said::Not(Fault::NotThere(_)) | Said::NotThereOrAll(_) => return None,
                Said::Not(Fault::Denied(_)) | Said::OfThingOrKey(_) | Said::OfKeyOrPassing(_) => Works::No,
                Said::Not(_) | Said::OfThingOrAll(_) => Works::Unknown,
            },
            Err(_) => Works::Unknown,
        })
    }
}
