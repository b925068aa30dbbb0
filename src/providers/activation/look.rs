//! What the remote system says happened: whether a code was redeemed on a device, whether an order of ours
//! is in force there. Reads only, so a failure here never makes anything worse.

use serde_json::Value;
use tokio::time::Instant;

use super::call::{Parameters, Remote, Reply, text};
use super::code::Class;
use crate::providers::{Attempted, Errand, Fulfilled, Why};
use crate::stock::CodeText;

const USAGE_RECORD: &str = "/v3/third/sdk/actCode/usage/record";
const EFFECT: &str = "/v3/third/sdk/device/services/effect";

/// What an operator reads of a task that was found carried out.
const FOUND: &str = "found carried out on looking";

impl Remote {
    /// The parameters of every call about an account's device.
    pub(super) fn of_device(&self, task: &Errand) -> Parameters {
        vec![
            // Callers of this system sign and send accounts in lower case.
            ("userAccount", task.user_account.name().to_owned()),
            ("deviceID", task.device_id.as_str().to_owned()),
            ("phoneType", self.settings.phone_type.word().to_owned()),
            ("sourceApp", self.settings.source_app.to_string()),
            ("lngType", self.settings.language.clone()),
        ]
    }

    /// How the redemption of `code` on the task's device went, if the record has it.
    ///
    /// # Errors
    /// Why it could not be looked up.
    pub(super) async fn redeemed(
        &self,
        task: &Errand,
        code: &CodeText,
        deadline: Instant,
    ) -> Result<Option<Fulfilled>, Why> {
        let is_ours = |row: &Value| {
            text(&row["actCode"])
                .and_then(|sent| CodeText::parse(&sent).ok())
                .is_some_and(|sent| sent == *code)
        };
        self.row(USAGE_RECORD, task, deadline, is_ours).await
    }

    /// Whether the task's order is in force on its device.
    ///
    /// # Errors
    /// Why it could not be looked up.
    pub(super) async fn ordered(&self, task: &Errand, deadline: Instant) -> Result<Option<Fulfilled>, Why> {
        let is_ours = |row: &Value| text(&row["orderNum"]).is_some_and(|sent| sent == task.order_num);
        self.row(EFFECT, task, deadline, is_ours).await
    }

    async fn row(
        &self,
        path: &str,
        task: &Errand,
        deadline: Instant,
        is_ours: impl Fn(&Value) -> bool,
    ) -> Result<Option<Fulfilled>, Why> {
        let why = match self.call(path, self.of_device(task), deadline).await {
            Ok(Reply::Said { class: Class::Done, result, .. }) => match &result["data"] {
                Value::Array(rows) => {
                    let settled = |row: &Value| Fulfilled {
                        order_num: text(&row["orderNum"]),
                        note: Some(FOUND),
                        follow_up_at: None,
                    };
                    return Ok(rows.iter().find(|row| is_ours(row)).map(settled));
                }
                Value::Null => return Ok(None),
                _ => Why::new("the list is none"),
            },
            Ok(Reply::Said { why, .. } | Reply::Not { why, .. } | Reply::Unsure(why)) => why,
            Err(Attempted::Again { why, .. } | Attempted::Never(why) | Attempted::Unknown(why)) => why,
            Err(_) => Why::new("there is no base"),
        };
        Err(Why { text: format!("looking: {}", why.text), ..why })
    }
}
