//! What the carrier's documents say of numbers, times and billing cycles, as tables: what is sent, what it means,
//! and which document or practice says so. A row that fails names itself.

use chrono::FixedOffset;

use sdp_gateway::carrier::reading;
use sdp_gateway::catalog::Period;
use sdp_gateway::clock::Timestamp;
use sdp_gateway::ids::Msisdn;
use sdp_gateway::subscription::cycle;
use sdp_gateway::subscription::notice::{Notice, Reading, Reads};
use sdp_gateway::subscription::odd::TimeField;
use sdp_gateway::wire::accessgw::{AccessGw, Notify};

/// The zone of the carrier's clocks, in seconds: Asia/Ho_Chi_Minh, +07:00, no summer time.
const HANOI_S: i32 = 7 * 3600;

fn hanoi() -> FixedOffset {
    FixedOffset::east_opt(HANOI_S).expect("an offset")
}

/// Fails once, with all rows that do not hold.
#[track_caller]
fn all_hold(rows: usize, at_least: usize, wrong: &[String]) {
    assert!(rows >= at_least, "only {rows} rows");
    assert!(wrong.is_empty(), "{} of {rows} rows do not hold:\n{}", wrong.len(), wrong.join("\n"));
}

/// A number as it is written, the one it is, and the source. `-` where it is none.
const NUMBERS: &[(&str, &str, &str)] = &[
    ("84945989325", "84945989325", "the notify of the guide: 84 and 9 digits, canonical"),
    ("84912555755", "84912555755", "sample A of the integration guide"),
    ("+84945989325", "84945989325", "international, as phones show it"),
    ("0084945989325", "84945989325", "international, with the 00 that is dialled"),
    ("840945989325", "84945989325", "the trunk 0 left behind the country's code"),
    ("+840945989325", "84945989325", "the same behind a plus"),
    ("00840945989325", "84945989325", "the same behind 00"),
    ("0945989325", "84945989325", "national, as people say it"),
    ("945989325", "84945989325", "bare, as spreadsheets leave it"),
    (" 84945989325", "84945989325", "padded before: values are trimmed"),
    ("84945989325 \r\n", "84945989325", "padded behind, with the end of a line"),
    ("84 945 989 325", "84945989325", "blanks between groups"),
    ("84\u{a0}945\u{a0}989\u{a0}325", "84945989325", "blanks that do not break, out of an office document"),
    ("+84 945 989 325", "84945989325", "as contact lists print it"),
    ("0945.989.325", "84945989325", "dots, the usual way in Vietnam"),
    ("0945-989-325", "84945989325", "hyphens"),
    ("0945\u{2010}989\u{2011}325", "84945989325", "hyphens of a typesetter"),
    ("(+84) 945 989 325", "84945989325", "the country's code in brackets"),
    ("(84) 945989325", "84945989325", "the same without a plus"),
    ("+(84)945989325", "84945989325", "the plus before the bracket"),
    ("+84 (0) 945 989 325", "84945989325", "both trunk and country, as on business cards"),
    ("(0945) 989.325", "84945989325", "an area in brackets, then a dot"),
    ("[094] 598-9325", "84945989325", "square brackets"),
    ("(0945989325)", "84945989325", "all of it in brackets"),
    ("84841234567", "84841234567", "new plan, prefix 84: complete, told by its length"),
    ("0841234567", "84841234567", "the same number, national"),
    ("841234567", "84841234567", "the same, bare: nine digits are national though they begin with 84"),
    ("+84841234567", "84841234567", "the same, international"),
    ("0084841234567", "84841234567", "the same with 00"),
    ("840841234567", "84841234567", "the same with a trunk 0"),
    ("84 84 123 4567", "84841234567", "the same in groups"),
    ("848400000", "84848400000", "nine digits all the same"),
    ("841241234567", "84841234567", "old plan: 124 became 84 on 15 September 2018"),
    ("841275864123", "84815864123", "old plan: 127 became 81 on 18 September 2018"),
    ("841291234567", "84821234567", "old plan: 129 became 82 on 21 September 2018"),
    ("841231234567", "84831234567", "old plan: 123 became 83 on 24 September 2018"),
    ("841251234567", "84851234567", "old plan: 125 became 85 on 27 September 2018"),
    ("01241234567", "84841234567", "old plan, national"),
    ("+841241234567", "84841234567", "old plan, international"),
    ("00841241234567", "84841234567", "old plan with 00"),
    ("8401241234567", "84841234567", "old plan with a trunk 0"),
    ("+84 (0)124 123 4567", "84841234567", "old plan on a business card"),
    ("0124.123.4567", "84841234567", "old plan with dots"),
    ("84-124-1234567", "84841234567", "old plan with hyphens"),
    ("841256775864", "84856775864", "the content provider's example of an old number"),
    ("841991234567", "841991234567", "199 was never this carrier's: kept"),
    ("841201234567", "841201234567", "120 was another carrier's, before numbers were ported: kept"),
    ("01991234567", "01991234567", "the same, national: kept"),
    ("1241234567", "1241234567", "ten bare digits are no form of a number: kept"),
    ("84848883", "84848883", "a short number of the specification's sample row"),
    ("84229292282", "84229292282", "a test number of the specification: nine digits behind 84"),
    ("+4915112345678", "4915112345678", "another country, without the plus"),
    ("+49 151 123-45678", "4915112345678", "the same in groups"),
    ("004915112345678", "004915112345678", "another country with 00: kept as it is"),
    ("012345678", "012345678", "nine digits that begin with 0 are not national: kept"),
    ("84012345678", "84012345678", "a trunk 0 and only eight digits: kept"),
    ("8494598932", "8494598932", "a digit short: kept, not stretched"),
    ("849459893251", "849459893251", "a digit long: kept, not cut"),
    ("00849459893", "00849459893", "00 84 and too few digits: kept"),
    ("840045989325", "840045989325", "two trunk zeros: kept"),
    ("000945989325", "000945989325", "zeros before a national number: kept"),
    ("123456", "123456", "the fewest digits there are"),
    ("123-456", "123456", "the same with a hyphen"),
    ("123456789012345", "123456789012345", "the most digits there are (E.164)"),
    ("12345", "-", "five digits"),
    ("1 2 3 4 5", "-", "five digits, however wide"),
    ("1234567890123456", "-", "sixteen digits"),
    ("0084 1234567890 12345", "-", "as many, in groups"),
    ("", "-", "an empty number must never stand for all of them"),
    ("   ", "-", "blanks alone"),
    ("+", "-", "a plus alone"),
    ("()", "-", "brackets alone"),
    ("--------", "-", "hyphens alone"),
    ("++84945989325", "-", "two pluses"),
    ("84+945989325", "-", "a plus inside"),
    ("-84945989325", "-", "a hyphen that parts nothing: a negative number"),
    ("84945989325-", "-", "a hyphen behind"),
    (".945989325", "-", "a dot that parts nothing"),
    ("84945989325.0", "849459893250", "digits with a dot between: by length another number, never cut"),
    ("8.4945989325E10", "-", "a spreadsheet's notation"),
    ("84x45989325", "-", "a letter"),
    ("84945989325;84945989326", "-", "two numbers"),
    ("84945989325,", "-", "a comma"),
    ("84945989325/1", "-", "a stroke"),
    ("tel:+84945989325", "-", "a URI"),
    ("null", "-", "a program's nothing"),
    ("٠٩٤٥٩٨٩٣٢٥", "-", "digits of another script"),
    ("８４９４５９８９３２５", "-", "digits of double width"),
    ("84945\u{0}989325", "-", "a control character"),
    ("84_945_989_325", "-", "underscores are no such sign"),
];

#[test]
fn numbers() {
    let read = |text: &str| Msisdn::parse(text).map_or("-".to_owned(), |number| number.in_full().to_owned());
    let wrong = NUMBERS.iter().filter(|(sent, number, _)| read(sent) != *number);
    let wrong: Vec<String> = wrong
        .map(|(sent, number, source)| format!("{sent:?} is {}, not {number}: {source}", read(sent)))
        .collect();
    all_hold(NUMBERS.len(), 50, &wrong);
}

#[test]
fn a_number_of_84_and_9_digits_is_the_same_number_wherever_it_is_read_again() {
    for (sent, number, source) in NUMBERS.iter().filter(|(_, number, _)| number.len() == 11) {
        let again = Msisdn::parse(number).map(|number| number.in_full().to_owned());
        assert_eq!(again.as_deref(), Ok(*number), "{sent}: {source}");
    }
}

/// A field, what it holds, the moment that is (`-`: none, as if it were absent), and the source.
const TIMES: &[(&str, &str, &str, &str)] = &[
    ("subcribeTime", "20171003164946", "2017-10-03T09:49:46Z", "the notify of the guide, read as +07:00"),
    ("expiredTime", "20171004000000", "2017-10-03T17:00:00Z", "its end: the exclusive midnight"),
    (
        "startTime",
        "1507024188340",
        "2017-10-03T09:49:48.340Z",
        "its startTime: epoch milliseconds, 2.3 s later",
    ),
    ("startTimeCP", "1507024188340", "ok", "the same in its startTimeCP, which nothing is decided by"),
    ("subcribeTime", "20170421091106", "2017-04-21T02:11:06Z", "sample A of the integration guide"),
    ("expiredTime", "20170422000000", "2017-04-21T17:00:00Z", "sample A's end"),
    ("startTime", "1492740550032", "2017-04-21T02:09:10.032Z", "sample A's start of sending, 116 s before"),
    ("updateTime", "20180326102947", "2018-03-26T03:29:47Z", "a time of the sibling notifier"),
    // 14 digits are a time in every field.
    ("startTime", "20171003164946", "2017-10-03T09:49:46Z", "14 digits in startTime too"),
    ("startTimeCP", "20171003164946", "ok", "and in startTimeCP"),
    ("updateTime", "20171003164946", "2017-10-03T09:49:46Z", "and in updateTime"),
    // 13 digits are milliseconds in startTime and startTimeCP alone.
    ("subcribeTime", "1507024188340", "-", "13 digits there are an unpadded part, not milliseconds"),
    ("expiredTime", "1507024188340", "-", "nor there"),
    ("updateTime", "1507024188340", "-", "nor there"),
    ("expiredTime", "2026112990507", "-", "an hour that was not padded: as milliseconds the year 2034"),
    ("subcribeTime", "2026112990507", "-", "the same at the start"),
    ("updateTime", "2026112990507", "-", "the same of a cancel"),
    ("startTime", "2026112990507", "2034-03-16T09:09:50.507Z", "in startTime 13 digits are what they say"),
    ("startTime", "1000000000000", "2001-09-09T01:46:40Z", "the first millisecond of 13 digits"),
    ("startTime", "9999999999999", "2286-11-20T17:46:39.999Z", "the last"),
    ("startTime", "0000000000001", "1970-01-01T00:00:00.001Z", "padded milliseconds are milliseconds"),
    ("startTime", "0000000000000", "-", "zeros are no time"),
    // Zeros and nothing.
    ("subcribeTime", "00000000000000", "-", "zeros, as seen around the notifier"),
    ("expiredTime", "00000000000000", "-", "zeros: no end is named"),
    ("updateTime", "00000000000000", "-", "zeros"),
    ("startTime", "00000000000000", "-", "zeros of 14 digits"),
    ("startTime", "0", "-", "a single zero"),
    ("expiredTime", "0", "-", "a single zero"),
    ("updateTime", "-1", "-", "a program's nothing"),
    ("startTime", "-1507024188340", "-", "a negative number"),
    ("expiredTime", "null", "-", "a program's nothing in words"),
    // Other lengths and forms.
    ("subcribeTime", "180119094911", "-", "12 digits, yyMMddHHmmss: the unify sample"),
    ("expiredTime", "180119094911", "-", "12 digits in another field"),
    ("startTime", "180119094911", "-", "12 digits are not milliseconds either"),
    ("startTime", "1507024188", "-", "seconds: no sender of startTime counts them"),
    ("subcribeTime", "20171003", "-", "a date alone"),
    ("subcribeTime", "201710031649", "-", "without seconds"),
    ("subcribeTime", "20171003164946000", "-", "with milliseconds: 17 digits"),
    (
        "startTime",
        "15070241883400",
        "-",
        "14 digits that no calendar has, not ten times as many milliseconds",
    ),
    ("startTime", "001507024188340", "-", "15 digits"),
    ("subcribeTime", "2017-10-03 16:49:46", "-", "as CDR files write it"),
    ("subcribeTime", "2017-10-03T16:49:46+07:00", "-", "ISO 8601"),
    ("subcribeTime", "20171003T164946", "-", "ISO 8601 without signs"),
    ("subcribeTime", "+0171003164946", "-", "a sign instead of a digit"),
    ("subcribeTime", "2017100316494x", "-", "a letter"),
    ("startTime", "150702418834x", "-", "a letter among 13"),
    ("subcribeTime", "２０１７１００３１６４９４６", "-", "digits of double width"),
    ("subcribeTime", "2017 100316494", "-", "a blank inside"),
    // Padding is the reader's: values are trimmed.
    ("subcribeTime", "  20171003164946 ", "2017-10-03T09:49:46Z", "padded with blanks: trimmed"),
    ("expiredTime", "\r\n\t20171004000000\r\n", "2017-10-03T17:00:00Z", "an indented document"),
    ("startTime", " 1507024188340 ", "2017-10-03T09:49:48.340Z", "13 digits, padded"),
    ("subcribeTime", " 2026112990507", "-", "13 digits and a blank are not 14 digits"),
    // What calendars and clocks have.
    ("subcribeTime", "20240229120000", "2024-02-29T05:00:00Z", "29 February of a leap year"),
    ("expiredTime", "20000229000000", "2000-02-28T17:00:00Z", "2000 was one, by 400"),
    ("subcribeTime", "20230229120000", "-", "29 February of another year"),
    ("subcribeTime", "21000229120000", "-", "2100 is none, by 100"),
    ("subcribeTime", "20240230120000", "-", "30 February"),
    ("subcribeTime", "20240431120000", "-", "31 April"),
    ("subcribeTime", "20240631120000", "-", "31 June"),
    ("subcribeTime", "20240731120000", "2024-07-31T05:00:00Z", "31 July"),
    ("subcribeTime", "20240832120000", "-", "day 32"),
    ("subcribeTime", "20240800120000", "-", "day 0"),
    ("subcribeTime", "20241301120000", "-", "month 13"),
    ("subcribeTime", "20240001120000", "-", "month 0"),
    ("subcribeTime", "20171332000000", "-", "neither month nor day"),
    ("subcribeTime", "20240801235959", "2024-08-01T16:59:59Z", "the last second of a day"),
    ("expiredTime", "20240801240000", "-", "hour 24: the next day begins at 00"),
    ("updateTime", "20240801250000", "-", "hour 25"),
    ("subcribeTime", "20240801126000", "-", "minute 60"),
    ("subcribeTime", "20240801129900", "-", "minute 99"),
    ("subcribeTime", "20240801120060", "-", "second 60: no clock of the carrier's shows one"),
    ("subcribeTime", "20240801120061", "-", "second 61"),
    ("subcribeTime", "20240101000000", "2023-12-31T17:00:00Z", "New Year's midnight, in UTC still last year"),
    ("subcribeTime", "20240101065959", "2023-12-31T23:59:59Z", "the last second of UTC's year"),
    ("subcribeTime", "20240101070000", "2024-01-01T00:00:00Z", "and the first of the next"),
    ("expiredTime", "20361231160000", "2036-12-31T09:00:00Z", "for ever, as another SDP says it"),
    ("expiredTime", "99991231235959", "9999-12-31T16:59:59Z", "the last second of four digits"),
    ("subcribeTime", "19691231235959", "-", "before there were such times"),
    ("subcribeTime", "00010101000000", "-", "the year 1, a program's nothing"),
];

fn field<'a>(fields: &'a mut Notify, name: &str) -> &'a mut Option<String> {
    match name {
        "startTime" => &mut fields.start_time,
        "startTimeCP" => &mut fields.start_time_cp,
        "subcribeTime" => &mut fields.subscribe_time,
        "expiredTime" => &mut fields.expired_time,
        "updateTime" => &mut fields.update_time,
        other => panic!("no time: {other}"),
    }
}

/// A notice with one time in it, as its bytes are read. `updateTime` is a cancel's, the others a register's.
fn notice(name: &str, text: &str) -> Notice {
    let reg_type = if name == "updateTime" { "2" } else { "1" };
    let body = format!(
        "<ACCESSGW><MODULE>SDP</MODULE><MESSAGE_TYPE>NOTIFY</MESSAGE_TYPE><COMMAND><queueID>1</queueID>\
         <msisdn>84945989325</msisdn><regType>{reg_type}</regType><service_id>1000625</service_id>\
         <package_id>1003013</package_id><{name}>{text}</{name}></COMMAND></ACCESSGW>"
    );
    let mut message = match sdp_gateway::wire::read_text(&body) {
        Ok(sdp_gateway::wire::Message::AccessGw(message)) => message,
        other => panic!("{body}: {other:?}"),
    };
    assert!(field(&mut message.fields, name).is_some(), "{name} of {body}");
    match read(&message, name) {
        Reading::Notice(notice) => *notice,
        other => panic!("{body}: {other:?}"),
    }
}

/// Received when no time is odd for what it says: an end after it, any other long before it.
fn read(message: &AccessGw, name: &str) -> Reading {
    let received_at = Timestamp(if name == "expiredTime" { 0 } else { 300_000_000_000_000 });
    reading::read(message, &Reads::in_zone(hanoi()), received_at)
}

/// The moment that a notice has from its only time, in the place where the rules look for it.
fn moment(name: &str, text: &str) -> String {
    let notice = notice(name, text);
    let at = match name {
        "startTime" | "updateTime" => notice.event_at,
        "subcribeTime" => {
            assert_eq!(
                notice.event_at, notice.content.subscribe_at,
                "a register happens at its subcribeTime"
            );
            notice.content.subscribe_at
        }
        "expiredTime" => notice.content.expire_at,
        // Read by nothing: a notice is as good with it as without.
        _ => return "ok".to_owned(),
    };
    at.map_or("-".to_owned(), Timestamp::rfc3339)
}

#[test]
fn times() {
    for (field, sent, at, source) in TIMES {
        let odd: Vec<&str> = notice(field, sent).odd.fields().map(TimeField::as_str).collect();
        let expected = if *at == "-" { vec![*field] } else { Vec::new() };
        assert!(*field == "startTimeCP" || odd == expected, "{field} {sent:?} is odd: {odd:?} ({source})");
    }
    let wrong = TIMES.iter().filter(|(field, sent, at, _)| moment(field, sent) != *at);
    let wrong: Vec<String> = wrong
        .map(|(field, sent, at, source)| {
            format!("{field} {sent:?} is {}, not {at}: {source}", moment(field, sent))
        })
        .collect();
    all_hold(TIMES.len(), 60, &wrong);
}

#[test]
fn the_two_ways_to_read_a_time_differ_in_13_digits_alone() {
    for (_, sent, _, source) in TIMES {
        let strict = Timestamp::from_carrier(sent, hanoi());
        let either = Timestamp::from_carrier_or_epoch(sent, hanoi());
        let is_epoch = sent.len() == 13 && sent.bytes().all(|b| b.is_ascii_digit());
        assert_eq!(strict != either, is_epoch && *sent != "0000000000000", "{sent}: {source}");
        assert!(strict.is_none() || sent.len() == 14, "{sent}: {source}");
    }
}

/// A package's period, when it begins (the carrier's clock), the exclusive end, and the source.
const CYCLES: &[(&str, &str, &str, &str)] = &[
    ("day", "20171003164946", "20171004000000", "the guide's daily package ends with its day"),
    ("day", "20170421091106", "20170422000000", "sample A does too"),
    ("day", "20240801000000", "20240802000000", "from midnight: the whole day"),
    ("day", "20240801235959", "20240802000000", "from the last second: one second, not 24 hours"),
    ("day", "20240831120000", "20240901000000", "over a month's end"),
    ("day", "20240430120000", "20240501000000", "over the end of a month of 30 days"),
    ("day", "20231231120000", "20240101000000", "over the year's end"),
    ("day", "20240228120000", "20240229000000", "a leap year has one day more"),
    ("day", "20240229120000", "20240301000000", "the leap day itself"),
    ("day", "20230228120000", "20230301000000", "another year has not"),
    (
        "day",
        "20240101053000",
        "20240102000000",
        "the day is the carrier's: in UTC it is still New Year's Eve",
    ),
    ("week", "20240801120000", "20240808000000", "the day of registration and six more"),
    ("week", "20240801000000", "20240808000000", "the same from midnight"),
    ("week", "20240801235959", "20240808000000", "the same from the last second"),
    ("week", "20240829120000", "20240905000000", "over a month's end"),
    ("week", "20231228120000", "20240104000000", "over the year's end"),
    ("week", "20231225000000", "20240101000000", "to the year's last second"),
    ("week", "20240224120000", "20240302000000", "over a leap day"),
    ("week", "20230224120000", "20230303000000", "over the end of a February without one"),
    ("week", "20240229120000", "20240307000000", "from a leap day"),
    ("month", "20240115120000", "20240215000000", "from the 15th to the 14th"),
    ("month", "20240101000000", "20240201000000", "from the first: a whole month"),
    ("month", "20240201120000", "20240301000000", "from the first of a short one"),
    ("month", "20240129120000", "20240229000000", "29 January of a leap year: to 28 February"),
    ("month", "20230128120000", "20230228000000", "28 January: to 27 February"),
    ("month", "20230129120000", "20230301000000", "29 January: February has no 29th, so to its last day"),
    ("month", "20230130120000", "20230301000000", "30 January to 28 February, the system guide's example"),
    ("month", "20230131120000", "20230301000000", "31 January likewise"),
    ("month", "20240130120000", "20240301000000", "30 January of a leap year: to 29 February"),
    ("month", "20240131120000", "20240301000000", "31 January of a leap year likewise"),
    ("month", "20240228120000", "20240328000000", "28 February of a leap year"),
    ("month", "20240229120000", "20240329000000", "29 February to 28 March"),
    ("month", "20230228120000", "20230328000000", "28 February: to 27 March, not to its end"),
    ("month", "20240331120000", "20240501000000", "31 March to 30 April"),
    ("month", "20240430120000", "20240530000000", "30 April to 29 May"),
    ("month", "20240531120000", "20240701000000", "31 May to 30 June"),
    ("month", "20240731120000", "20240831000000", "31 July to 30 August: August has a 31st"),
    ("month", "20240831120000", "20241001000000", "31 August to 30 September, the system guide's example"),
    ("month", "20241031120000", "20241201000000", "31 October to 30 November"),
    ("month", "20241130120000", "20241230000000", "30 November to 29 December"),
    ("month", "20241231120000", "20250131000000", "31 December to 30 January: over the year's end"),
    ("month", "20241201000000", "20250101000000", "the whole of December"),
    ("month", "20241215235959", "20250115000000", "over the year's end, late in the evening"),
    ("month", "20240301060000", "20240401000000", "the day is the carrier's: in UTC it is still a leap day"),
    ("month", "19991231120000", "20000131000000", "over a century's end"),
    ("month", "20000131120000", "20000301000000", "2000 was a leap year"),
    ("month", "21000131120000", "21000301000000", "2100 is none"),
];

fn spelled(at: Timestamp) -> String {
    at.utc().with_timezone(&hanoi()).format("%Y%m%d%H%M%S").to_string()
}

#[test]
fn cycles() {
    let end = |period: &str, start: &str| {
        let start = Timestamp::from_carrier(start, hanoi()).expect("a start");
        let period = match period {
            "day" => Period::Day,
            "week" => Period::Week,
            "month" => Period::Month,
            other => panic!("no period: {other}"),
        };
        spelled(cycle::end(period, start, HANOI_S))
    };
    let wrong = CYCLES.iter().filter(|(period, start, until, _)| end(period, start) != *until);
    let wrong: Vec<String> = wrong
        .map(|(period, start, until, source)| {
            format!("a {period} from {start} ends at {}, not {until}: {source}", end(period, start))
        })
        .collect();
    all_hold(CYCLES.len(), 40, &wrong);
}
