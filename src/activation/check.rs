//! Whether a signed request is complete, and what it asks. Pure: the device and the code, which only the ledger knows,
//! are left to `redeem`.

use super::{Call, ResultCode};
use crate::catalog::GrantKind;
use crate::ids::{DeviceId, UserAccount};
use crate::signed::params::Params;
use crate::stock::CodeText;

/// What is asked, by whom, of which device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The account.
    pub user_account: UserAccount,
    /// The device.
    pub device_id: DeviceId,
    /// The code to redeem; for [`Call::Redeem`] and only there.
    pub redeem: Option<Redeem>,
}

/// A code to redeem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeem {
    /// None: no code looks like what was sent. Told as any unknown code, once the device is in order.
    pub code: Option<CodeText>,
    /// The type of service it is said to be for.
    pub kind: GrantKind,
}

/// The checks of each parameter.
///
/// # Errors
/// [`ResultCode::Parameter`].
pub fn ask(call: Call, params: &Params) -> Result<Ask, ResultCode> {
    read(call, params).ok_or(ResultCode::Parameter)
}

/// `None`: a parameter is missing or wrong. What tells of the app (`phoneType`, `sourceApp`, `lngType`)
/// may be missing, since nothing here depends on it, but not be wrong.
fn read(call: Call, params: &Params) -> Option<Ask> {
    let user_account = UserAccount::parse(params.get("userAccount")?).ok()?;
    let device_id = DeviceId::parse(params.get("deviceID")?).ok()?;
    let phone_fits = params.get("phoneType").is_none_or(|text| matches!(text, "a" | "i"));
    let app_fits = params.get("sourceApp").is_none_or(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let redeem = match call {
        Call::Redeem => {
            let code = CodeText::parse(params.get("actCode")?).ok();
            Some(Redeem { code, kind: GrantKind::from_service_type(params.get("type")?)? })
        }
        Call::UsageRecord | Call::Effect => None,
    };
    (phone_fits && app_fits).then_some(Ask { user_account, device_id, redeem })
}
