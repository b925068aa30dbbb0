//! Where calls go: the configured base, or the regional one that it names, asked for once and again when
//! it can no longer be reached.

use tokio::time::{Instant, timeout_at};

use super::call::{Remote, Reply, text};
use super::code::Class;
use crate::providers::{Attempted, Why};

const REDIRECT: &str = "/v2/third/sdk/redirect";

impl Remote {
    /// The base of every call but the one that asks for it.
    ///
    /// # Errors
    /// What to say of the task: nothing of it was sent.
    pub(super) async fn base(&self, deadline: Instant) -> Result<String, Attempted> {
        if !self.settings.redirect {
            return Ok(self.settings.base_url.clone());
        }
        // Held while asking, so that tasks that begin together ask once.
        let Ok(mut regional) = timeout_at(deadline, self.regional.lock()).await else {
            let why = Why::new("asking for the regional base: there was no answer in time");
            return Err(Attempted::Again { why, after: None });
        };
        if let Some(known) = &*regional {
            return Ok(known.clone());
        }
        let base = self.ask_for_base(deadline).await?;
        tracing::info!(provider = self.name, base, "the regional base is known");
        Ok(regional.insert(base).clone())
    }

    /// Has it asked for again.
    pub(super) async fn forget_base(&self) {
        *self.regional.lock().await = None;
    }

    async fn ask_for_base(&self, deadline: Instant) -> Result<String, Attempted> {
        let parameters = vec![
            ("sourceApp", self.settings.source_app.to_string()),
            ("countryCode", self.settings.country_code.clone()),
        ];
        let (reply, _) = self.call_at(&self.settings.base_url, REDIRECT, parameters, deadline).await;
        let about = |why: Why| Why { text: format!("asking for the regional base: {}", why.text), ..why };
        match reply {
            Reply::Said { class: Class::Done, result, .. } => {
                let named =
                    text(&result["apiServer"]).and_then(|named| usable(&named, &self.settings.base_url));
                let why = || Why::new("asking for the regional base: the answer names none that can be used");
                named.ok_or_else(|| Attempted::Again { why: why(), after: None })
            }
            Reply::Said { class: Class::Never, why, .. } => Err(Attempted::Never(about(why))),
            Reply::Said { why, .. } | Reply::Unsure(why) => {
                Err(Attempted::Again { why: about(why), after: None })
            }
            Reply::Not { why, after } => Err(Attempted::Again { why: about(why), after }),
        }
    }
}

/// The base that was named, without a `/` at its end. What is signed must not leave TLS where it began
/// under it; a bare host takes the scheme of the base that named it.
fn usable(named: &str, base_url: &str) -> Option<String> {
    let scheme = base_url.split_once("://").map_or("https", |(scheme, _)| scheme);
    let named = if named.contains("://") { named.to_owned() } else { format!("{scheme}://{named}") };
    let url = reqwest::Url::parse(&named).ok()?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && scheme == "http");
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (secure && plain && url.has_host()).then(|| named.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_regional_base_may_be() {
        let check = |named, base| usable(named, base).unwrap_or_else(|| "-".to_owned());
        let secure = "https://apis.example";
        assert_eq!(check("https://eu.apis.example/", secure), "https://eu.apis.example");
        assert_eq!(check("eu.apis.example", secure), "https://eu.apis.example");
        assert_eq!(check("https://eu.apis.example/v9", secure), "https://eu.apis.example/v9");
        assert_eq!(check("http://127.0.0.1:9", "http://127.0.0.1:8"), "http://127.0.0.1:9");
        for refused in ["http://eu.apis.example", "ftp://x", "https://u@x", "https://x?a=1", "https://", ""] {
            assert_eq!(check(refused, secure), "-", "{refused}");
        }
    }
}
