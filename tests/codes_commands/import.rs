//! `codes import`: whole or not at all, and again without harm.

use crate::gateway::{Gateway, Ledger};
use crate::signed::redeem;
use crate::{Ended, SETTINGS, codes, counts};

/// Imports these lines.
fn import(gateway: &Gateway, lines: &str, options: &str) -> Ended {
    std::fs::write(gateway.folder.join("codes.csv"), lines).expect("written");
    codes(gateway, &format!("import codes.csv {options}"))
}

#[test]
fn a_file_is_taken_in_and_its_codes_work() {
    let gateway = Gateway::start(SETTINGS);
    let lines = "code,kind,days,expires,provider,storage,retention_days,package\n\
        OURS-0001,cloud,30,,,continuous,14,pkg-30d\n\
        OURS-0002,ai,7,2999-01-01T00:00:00Z,local\n\
        THEIRS-01,4g,30,,rehearsal\n";
    let ended = import(&gateway, lines, "--batch from-print --json");
    let expected = serde_json::json!({"batch": "from-print", "imported": 3, "known": 0});
    assert_eq!(ended.json(), expected);
    for (code, kind) in [("ours0001", "0"), ("OURS-0002", "1"), ("THEIRS-01", "2")] {
        assert_eq!(redeem("ann", "cam-1", code, kind).code(&gateway), "1001", "{code}");
    }
    let batch = Ledger::of(&gateway.folder).rows("SELECT DISTINCT batch FROM code");
    assert_eq!(batch, [[Some("from-print".to_owned())]]);
}

#[test]
fn again_changes_nothing() {
    let gateway = Gateway::start(SETTINGS);
    let lines: String = (0..1200).map(|at| format!("C-{at:05},cloud,30\n")).collect();
    assert!(import(&gateway, &lines, "").check(0).out.starts_with("imported 1200, known already 0, batch "));
    assert_eq!(redeem("ann", "cam-1", "C-00007", "0").code(&gateway), "1001");
    let more = format!("{lines}C-99999,cloud,30\n");
    assert!(import(&gateway, &more, "").check(0).out.starts_with("imported 1, known already 1200, batch "));
    assert_eq!(redeem("ann", "cam-2", "C-00007", "0").code(&gateway), "1067", "used stays used");
    let many: i64 = counts(&gateway).iter().map(|(.., many)| many).sum();
    assert_eq!(many, 1201);
}

#[test]
fn one_fault_and_nothing_is_taken_in() {
    let gateway = Gateway::start(SETTINGS);
    let lines =
        "GOOD-0001,cloud,30\nBAD-00001,video,30\nBAD-00002,ai,0\nGOOD-0001,ai,7\nBAD-3,ai,7,,nobody\n";
    let ended = import(&gateway, lines, "");
    let faults: Vec<&str> = ended.check(1).err.lines().collect();
    assert_eq!(faults.len(), 4, "{}", ended.err);
    for (fault, line) in faults.iter().zip([2, 3, 4, 5]) {
        assert!(fault.starts_with(&format!("codes.csv: line {line}: ")), "{fault}");
        assert!(!fault.contains("BAD-") && !fault.contains("GOOD-"), "{fault}");
    }
    assert_eq!(counts(&gateway), []);
    let missing = codes(&gateway, "import nowhere.csv");
    assert!(missing.check(1).err.contains("nowhere.csv"), "{}", missing.err);
}

#[test]
fn a_known_code_that_is_to_give_something_else_stays_and_is_told() {
    let gateway = Gateway::start(SETTINGS);
    let stock = "code,kind,days,provider\nC-1,cloud,30\nC-2,cloud,30\nC-3,cloud,30\nC-4,cloud,30\n";
    import(&gateway, stock, "--batch first").check(0);
    let other =
        "code,kind,days,provider\nC-1,cloud,30\nC-2,ai,30\n\nC-3,cloud,7\nC-4,cloud,30,rehearsal\nC-5,ai,7\n";
    let ended = import(&gateway, other, "--batch second");
    assert_eq!(ended.check(1).out, "imported 1, known already 4, batch second\n");
    let told: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("codes.csv: ")).collect();
    let why = "is known already as another, and kept as it was: cloud, 30 days, provider local, batch first";
    assert_eq!(told, [3, 5, 6].map(|line| format!("codes.csv: line {line}: {why}")));
    assert!(!ended.err.contains("C-"), "{}", ended.err);
    let many = |days: u32| (0..1200).map(|at| format!("M-{at:05},cloud,{days}\n")).collect::<String>();
    import(&gateway, &many(30), "").check(0);
    let flood = import(&gateway, &many(7), "");
    let told: Vec<&str> = flood.check(1).err.lines().filter(|line| line.starts_with("codes.csv: ")).collect();
    assert_eq!((told.len(), told[100]), (101, "codes.csv: so are 1100 more"));
    assert!(told[99].contains("line 100: "), "{}", told[99]);
    for (code, kind) in [("C-2", "0"), ("C-5", "1")] {
        assert_eq!(redeem("ann", "cam-1", code, kind).code(&gateway), "1001", "{code}");
    }
}
