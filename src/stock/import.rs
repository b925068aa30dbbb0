//! Reads a file of codes for the stock (`codes import`): one code a line, all faults told at once, each
//! by its line and none with the code itself. Leaves duplicates of codes in stock to the ledger.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::import_row::{COLUMNS, row};
use super::{About, CodeText, PackageRule};
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::config::Faults;
use crate::ids::Tenant;

/// Codes in one file.
pub const ROWS_MAX: usize = 1_000_000;

/// No line is longer, in bytes: all columns at their longest are below.
const LINE_BYTES_MAX: u64 = 4096;

/// Faults told of one file: a file of another kind has one a line.
const FAULTS_MAX: usize = 100;

/// A code to be taken into stock.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// Where it stands in the file, from 1.
    pub line: u64,
    /// The code.
    pub code: CodeText,
    /// What it gives.
    pub about: About,
}

/// What a file of codes is read with.
pub struct Known<'a> {
    /// The providers that there are beside `local`.
    pub providers: BTreeMap<String, PackageRule>,
    /// Where vouchers' packages are; none where it has faults.
    pub catalog: Option<&'a Catalog>,
    /// What all of them are in stock as.
    pub batch: String,
    /// Whose accounts may redeem them; none: those that are no tenant's.
    pub tenant: Option<Tenant>,
    /// The time.
    pub now: Timestamp,
}

/// Reads `code,kind,days[,expires,provider,storage,retention_days,package]`, with a first line of these
/// names or without; with one, columns may stand in any order. A line with a package and neither kind nor days is a
/// voucher. `file` names the faults' place.
///
/// # Errors
/// All faults, up to a bound.
pub fn read(file: &str, input: impl Read, known: &Known<'_>) -> Result<Vec<Import>, Faults> {
    let mut reading = Reading { file, faults: Faults::default(), order: None, seen: HashMap::new() };
    let mut input = BufReader::new(input);
    let mut rows = Vec::new();
    for line in 1.. {
        let mut bytes = Vec::new();
        match input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes) {
            Ok(0) => break,
            Ok(_) => rows.extend(reading.take_line(line, &bytes, known)),
            Err(error) => {
                reading.fault(line, format!("cannot be read: {error}"));
                break;
            }
        }
        if let Some(what) = reading.why_stop(rows.len(), &bytes) {
            reading.fault(line, what);
            break;
        }
    }
    reading.faults.into_result().map(|()| rows)
}

/// The fields of one line. A quote left open ends with its line, so that it swallows no other.
fn fields(line: &str) -> Option<StringRecord> {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(Trim::All).buffer_capacity(line.len().max(1));
    let mut record = StringRecord::new();
    builder.from_reader(line.as_bytes()).read_record(&mut record).ok()?.then_some(record)
}

struct Reading<'a> {
    file: &'a str,
    faults: Faults,
    /// What each column is; `None` before the first line.
    order: Option<Vec<&'static str>>,
    /// The line of every code so far.
    seen: HashMap<String, u64>,
}

impl Reading<'_> {
    /// The code of a line; none where it is empty, has a fault, or is the first and names the columns.
    fn take_line(&mut self, line: u64, bytes: &[u8], known: &Known<'_>) -> Option<Import> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.fault(line, "is not UTF-8");
            return None;
        };
        let record = fields(text.trim_start_matches('\u{FEFF}').trim())?;
        if self.order.is_none() && self.heads(&record, line) {
            return None;
        }
        let order = self.order.as_deref().unwrap_or(&COLUMNS);
        if record.len() > order.len() {
            self.fault(line, format!("has {} columns, and there are {}", record.len(), order.len()));
            return None;
        }
        let fields = order.iter().copied().zip(&record).filter(|(_, text)| !text.is_empty()).collect();
        let (found, faults) = row(line, &fields, known);
        for what in faults {
            self.fault(line, what);
        }
        let found = found?;
        match self.seen.insert(found.code.plain().to_owned(), line) {
            Some(first) => self.fault(line, format!("has the code of line {first}")),
            None => return Some(found),
        }
        None
    }

    /// Whether the first line names the columns.
    fn heads(&mut self, record: &StringRecord, line: u64) -> bool {
        self.order = Some(COLUMNS.to_vec());
        let names: Vec<String> = record.iter().map(str::to_ascii_lowercase).collect();
        if !names.iter().any(|name| name == "code") {
            return false;
        }
        let mut order = Vec::new();
        for name in &names {
            match COLUMNS.iter().find(|column| *column == name) {
                Some(column) if !order.contains(column) => order.push(*column),
                Some(column) => self.fault(line, format!("names the column {column} twice")),
                None => self.fault(line, format!("names a column {name:?}, which there is none of")),
            }
        }
        self.order = Some(order);
        true
    }

    /// Why nothing after this line is read, if so.
    fn why_stop(&self, rows: usize, bytes: &[u8]) -> Option<&'static str> {
        let is_long = bytes.len() as u64 == LINE_BYTES_MAX && !bytes.ends_with(b"\n");
        let is_full = (rows > ROWS_MAX).then_some("is one more than a file may hold");
        let is_flood = self.faults.0.len() > FAULTS_MAX;
        let flood = is_flood.then_some("is where there were too many faults to go on");
        is_long.then_some("is too long for a code").or(is_full).or(flood)
    }

    fn fault(&mut self, line: u64, what: impl Into<String>) {
        self.faults.push(self.file, format!("line {line}"), what);
    }
}
