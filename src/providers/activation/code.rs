//! What a result code of the remote system means for a task: the one table of them.

/// What follows from a result code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It is carried out.
    Done,
    /// The code was used.
    Used,
    /// There is no such code.
    Invalid,
    /// There is no such order.
    NotThere,
    /// The order is too old to be cancelled.
    TooLate,
    /// Not carried out, and it never will be as it stands.
    Never,
    /// The system failed in the middle: it may have been carried out.
    Unsure,
}

/// Codes with their meaning in words. 1028 has two meanings, neither of which another attempt changes;
/// 1051 and 1213 say that an order of this number stands already, and numbers are ours.
const TABLE: [(&str, Class, &str); 23] = [
    ("1001", Class::Done, "done"),
    ("1002", Class::Unsure, "failed there"),
    ("1003", Class::Never, "a parameter is wrong"),
    ("1005", Class::Unsure, "system exception there"),
    ("1006", Class::Unsure, "database fault there"),
    ("1007", Class::Never, "the device is not known there"),
    ("1017", Class::Never, "the account is of another brand"),
    ("1018", Class::Never, "the account is not known there"),
    ("1023", Class::Never, "the signature is refused: partner_key or partner_secret"),
    ("1026", Class::Unsure, "the order timed out there"),
    ("1027", Class::Never, "the order's data are wrong"),
    ("1028", Class::Never, "unpaid, or a trial that cannot be repeated"),
    ("1030", Class::Never, "account and device do not belong together"),
    ("1048", Class::Never, "the account is of another region"),
    ("1049", Class::Never, "the device is not bound there"),
    ("1051", Class::Done, "the order was there"),
    ("1067", Class::Used, "the code was used"),
    ("1068", Class::Invalid, "the code is none, or of another type"),
    ("1150", Class::Never, "the device's 4G is not activated"),
    ("1212", Class::Unsure, "under review there"),
    ("1213", Class::Done, "the order was there"),
    ("4001", Class::NotThere, "there is no such order"),
    ("4002", Class::TooLate, "the order is in use for more than seven days"),
];

/// The class and the words of a code; one that is not in the table may mean anything.
pub(super) fn meaning(code: &str) -> (Class, &'static str) {
    let found = TABLE.iter().find(|(own, ..)| *own == code);
    found.map_or((Class::Unsure, "a result code we do not know"), |(_, class, words)| (*class, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_repeated_and_what_is_looked_up() {
        for code in ["1003", "1007", "1023", "1030", "1049"] {
            assert_eq!(meaning(code).0, Class::Never, "{code}");
        }
        for code in ["1002", "1005", "1006", "9999", ""] {
            assert_eq!(meaning(code).0, Class::Unsure, "{code}");
        }
        let special = ["1001", "1067", "1068", "4001", "4002"].map(|code| meaning(code).0);
        assert_eq!(special, [Class::Done, Class::Used, Class::Invalid, Class::NotThere, Class::TooLate]);
    }

    #[test]
    fn no_code_stands_twice() {
        assert!(TABLE.is_sorted_by(|(one, ..), (next, ..)| one < next));
    }
}
