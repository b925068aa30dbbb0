//! The one table of answers: every situation with its HTTP status, `error_id` and `error_desc`.
//! Both grammars draw on it, so an answer that exists in one exists in the other. Which situation
//! it is, is left to `carrier`.

/// A situation that a carrier message is answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A notify is on disk, or a check has been answered.
    Kept,
    /// The message was unreadable or lacked something.
    BadParameters,
    /// The request had no message at all.
    BadRequest,
    /// The path is known, but not with this method.
    MethodNotAllowed,
    /// The body was over the bound, as it came or once its codings were taken off.
    TooLarge,
    /// The body was in a coding that is not taken off.
    UnknownCoding,
    /// A check named a service or package that is not in the catalog.
    UnknownOffer,
    /// The message could not be kept in time.
    SystemError,
    /// The commit queue was full.
    Overloaded,
    /// The caller was over its limit.
    Limited,
    /// The caller's address is not allowed.
    Forbidden,
    /// The caller's credentials are missing or wrong.
    Unauthorized,
}

impl Code {
    /// Every code, for tests and tables.
    pub const ALL: [Self; 12] = [
        Self::Kept,
        Self::BadParameters,
        Self::BadRequest,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::UnknownCoding,
        Self::UnknownOffer,
        Self::SystemError,
        Self::Overloaded,
        Self::Limited,
        Self::Forbidden,
        Self::Unauthorized,
    ];

    /// The HTTP status.
    #[must_use]
    pub fn http_status(self) -> u16 {
        match self {
            Self::Kept | Self::BadParameters | Self::UnknownOffer => 200,
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::UnknownCoding => 415,
            Self::Limited => 429,
            Self::SystemError | Self::Overloaded => 503,
        }
    }

    /// `error_id`: `0` or `1`, the only two that the carrier's guide knows.
    #[must_use]
    pub fn error_id(self) -> &'static str {
        match self {
            Self::Kept => "0",
            Self::BadParameters
            | Self::BadRequest
            | Self::MethodNotAllowed
            | Self::TooLarge
            | Self::UnknownCoding
            | Self::UnknownOffer
            | Self::SystemError
            | Self::Overloaded
            | Self::Limited
            | Self::Forbidden
            | Self::Unauthorized => "1",
        }
    }

    /// `error_desc` of an answer to a notify.
    #[must_use]
    pub fn notify_desc(self) -> &'static str {
        self.desc("successfully")
    }

    /// `error_desc` of an answer to a check.
    #[must_use]
    pub fn check_desc(self) -> &'static str {
        self.desc("Success")
    }

    /// Whether the answer says when to try again.
    #[must_use]
    pub fn wants_retry_after(self) -> bool {
        matches!(self, Self::SystemError | Self::Overloaded | Self::Limited)
    }

    /// The carrier's systems are shown ASCII only, as its own texts are.
    fn desc(self, kept: &'static str) -> &'static str {
        match self {
            Self::Kept => kept,
            Self::BadParameters
            | Self::BadRequest
            | Self::MethodNotAllowed
            | Self::TooLarge
            | Self::UnknownCoding => "Sai hoac thieu tham so",
            Self::UnknownOffer => "Khong tim thay goi dich vu",
            Self::SystemError => "He thong bi loi",
            Self::Overloaded | Self::Limited => "Qua tai, thu lai sau",
            Self::Forbidden | Self::Unauthorized => "Khong duoc phep",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let rows = [
            (Code::Kept, 200, "0", "successfully", "Success", false),
            (Code::BadParameters, 200, "1", "Sai hoac thieu tham so", "Sai hoac thieu tham so", false),
            (Code::BadRequest, 400, "1", "Sai hoac thieu tham so", "Sai hoac thieu tham so", false),
            (Code::MethodNotAllowed, 405, "1", "Sai hoac thieu tham so", "Sai hoac thieu tham so", false),
            (Code::TooLarge, 413, "1", "Sai hoac thieu tham so", "Sai hoac thieu tham so", false),
            (Code::UnknownCoding, 415, "1", "Sai hoac thieu tham so", "Sai hoac thieu tham so", false),
            (Code::UnknownOffer, 200, "1", "Khong tim thay goi dich vu", "Khong tim thay goi dich vu", false),
            (Code::SystemError, 503, "1", "He thong bi loi", "He thong bi loi", true),
            (Code::Overloaded, 503, "1", "Qua tai, thu lai sau", "Qua tai, thu lai sau", true),
            (Code::Limited, 429, "1", "Qua tai, thu lai sau", "Qua tai, thu lai sau", true),
            (Code::Forbidden, 403, "1", "Khong duoc phep", "Khong duoc phep", false),
            (Code::Unauthorized, 401, "1", "Khong duoc phep", "Khong duoc phep", false),
        ];
        for (code, http, id, notify, check, retry) in rows {
            let row = (code.http_status(), code.error_id(), code.notify_desc(), code.check_desc());
            assert_eq!(row, (http, id, notify, check), "{code:?}");
            assert_eq!(code.wants_retry_after(), retry, "{code:?}");
        }
        assert_eq!(rows.map(|row| row.0), Code::ALL);
    }
}
