//! What the reader forgives and what it refuses, case by case, as an engineer of the carrier would
//! put them.

#[path = "support/wire.rs"]
mod bytes;

use bytes::{looks_like_xml, read_xml};
use sdp_gateway::wire::accessgw::AccessGw;
use sdp_gateway::wire::rqst::Rqst;
use sdp_gateway::wire::{Message, Unreadable};

const NOTIFY: &str = include_str!("data/wire/notify.xml");
const CHECK: &str = include_str!("data/wire/check.xml");

/// The smallest document whose `msisdn` is told by [`number`].
fn small(command: &str) -> String {
    format!("<ACCESSGW><COMMAND>{command}</COMMAND></ACCESSGW>")
}

fn notify(body: &[u8]) -> AccessGw {
    match read_xml(body, None) {
        Ok(Message::AccessGw(message)) => message,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(body)),
    }
}

fn check(body: &[u8]) -> Rqst {
    match read_xml(body, None) {
        Ok(Message::Rqst(message)) => message,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(body)),
    }
}

fn number(body: impl AsRef<[u8]>) -> Option<String> {
    notify(body.as_ref()).fields.msisdn
}

#[test]
fn the_notify_of_the_guide() {
    let AccessGw { module, message_type, fields, twice } = notify(NOTIFY.as_bytes());
    let some = |text: &str| Some(text.to_owned());
    assert_eq!((module, message_type, twice), (some("SDP"), some("NOTIFY"), None));
    assert_eq!(fields.queue_id, some("5196664"));
    assert_eq!(fields.result_code, some("0"));
    assert_eq!(fields.error_desc, some("OK"));
    assert_eq!(fields.start_time, some("1507024188340"));
    assert_eq!(fields.start_time_cp, some("1507024188340"));
    assert_eq!(fields.cp_url, some("http://123.30.235.199:3780/vascloud/v1/notify_sub"));
    assert_eq!(fields.reg_id, some("15375326"));
    assert_eq!(fields.msisdn, some("84945989325"));
    assert_eq!(fields.reg_type, some("1"));
    assert_eq!(fields.channel, some("SMS"));
    assert_eq!(fields.service_id, some("1000625"));
    assert_eq!(fields.package_id, some("1003013"));
    assert_eq!(fields.original_price, some("3000"));
    assert_eq!(fields.price, some("3000"));
    assert_eq!(fields.command_code, some("DK L1"));
    assert_eq!(fields.service_code, some("LOVETV"));
    assert_eq!(fields.package_code, some("NGAY"));
    assert_eq!(fields.subpackage_code, some("NGAY"));
    assert_eq!(fields.auto_renew, some("1"));
    assert_eq!(fields.subscribe_time, some("20171003164946"));
    assert_eq!(fields.expired_time, some("20171004000000"));
    assert_eq!(fields.update_time, None);
}

#[test]
fn the_check_of_the_guide() {
    let read = check(CHECK.as_bytes());
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(read.name, some("CheckServiceInfo"));
    assert_eq!(read.request_id, some("1494245578082"));
    assert_eq!(read.msisdn, some("84912555755"));
    assert_eq!(read.service, some("1000161"));
    assert_eq!(read.package, some("1003013"));
    assert_eq!(read.note, some("CSKH"));
    assert_eq!(read.service_url, some("URL CP cung cấp"));
    assert_eq!(read.channel, some("WEB"));
    assert_eq!(read.twice, None);
}

#[test]
fn values_read_however_they_are_written() {
    for command in [
        "<msisdn>84</msisdn>",
        "<MSISDN>84</MSISDN>",
        "<ms_isdn>84</ms_isdn>",
        "<msisdn >\n 84\t</msisdn\n>",
        "<msisdn><![CDATA[84]]></msisdn>",
        "<msisdn><![CDATA[ 8]]>4<![CDATA[]]></msisdn>",
        "<msisdn>8<!-- - -->4</msisdn>",
        "<msisdn>8<?pi ?>4</msisdn>",
        "<msisdn>&#56;&#x34;</msisdn>",
        "<msisdn>&#32;8&#x000034;&#13;</msisdn>",
        "<msisdn>8<x>9<y/></x>4</msisdn>",
        "<x/><x/><x><msisdn>9</msisdn></x><msisdn a='1' b=\"'\">84</msisdn>",
        "<n:msisdn xmlns:n='urn:n'>84</n:msisdn>",
        "<msisdn xmlns='urn:n'>84</msisdn>",
        "<msisdn/><msisdn>84</msisdn><msisdn> </msisdn><MSISDN>84 </MSISDN>",
    ] {
        assert_eq!(number(small(command)).as_deref(), Some("84"), "{command}");
    }
    for command in [
        "",
        "<msisdn/>",
        "<msisdn></msisdn>",
        "<msisdn> &#9; </msisdn>",
        "<msisdn><msisdn>84</msisdn></msisdn>",
    ] {
        assert_eq!(number(small(command)), None, "{command}");
    }
    let text = "<errorDesc> a&amp;b\r\nc\rd &lt;]] &gt;&#13; e<![CDATA[<&\r\n]]>&quot;&apos; </errorDesc>";
    let read = notify(small(text).as_bytes()).fields.error_desc;
    assert_eq!(read.as_deref(), Some("a&b\nc\nd <]] >\r e<&\n\"'"));
}

#[test]
fn documents_read_however_they_are_wrapped() {
    let inner = small("<msisdn>84</msisdn>");
    let soap = |inner: &str| {
        format!(
            "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">\
             <soapenv:Header><x/></soapenv:Header><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
        )
    };
    let declared = format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes' ?>\n{inner}");
    let synapse = inner.replacen('>', " xmlns=\"http://ws.apache.org/ns/synapse\">", 1);
    for body in [
        inner.clone(),
        format!("\u{FEFF}{declared}"),
        format!("\r\n {declared}\r\n"),
        format!("\u{FEFF}\r\n{declared}<!-- end --><?pi?>\n"),
        format!("<!-- a --><?pi b?>{inner}"),
        declared.replace("UTF-8", "UTF-16"),
        declared.replace("UTF-8", "nonsense"),
        inner.to_uppercase(),
        inner.replace("ACCESSGW", "access_gw").replace("COMMAND", "Command"),
        synapse.clone(),
        soap(&inner),
        soap(&soap(&inner)),
        soap(&synapse).to_uppercase().replace("XMLNS", "xmlns"),
        soap(&format!("<x/>{inner}<y>z</y>")),
        format!("<Envelope><Body/><Body>{inner}</Body><x/></Envelope>"),
    ] {
        assert_eq!(number(&body).as_deref(), Some("84"), "{body}");
    }
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        for body in [&inner, &format!("\u{FEFF}{declared}")] {
            let bytes: Vec<u8> = body.encode_utf16().flat_map(order).collect();
            assert_eq!(number(&bytes).as_deref(), Some("84"), "{body}");
        }
    }
}

#[test]
fn other_encodings() {
    let body = b"<?xml version='1.0' encoding='windows-1258'?><RQST><note>\xD0K</note></RQST>";
    assert_eq!(check(body).note.as_deref(), Some("ĐK"));
    let body = b"<RQST><note>\xD0K</note></RQST>";
    assert_eq!(check(body).note.as_deref(), Some("\u{FFFD}K"));
    let Ok(Message::Rqst(read)) = read_xml(body, Some("windows-1258")) else { panic!("unread") };
    assert_eq!(read.note.as_deref(), Some("ĐK"));
    assert!(looks_like_xml(b"\xFE\xFF\0\r\0\n\0<", None));
    assert!(!looks_like_xml(b"msisdn=84", None));
}

#[test]
fn what_a_strict_parser_refuses() {
    let inner = small("<msisdn>84</msisdn>");
    let ill_formed = [
        inner[..inner.len() - 1].to_owned(),
        inner.replace("</ACCESSGW>", ""),
        inner.replace("</COMMAND></ACCESSGW>", ""),
        format!("{inner}<a/>"),
        format!("{inner}{inner}"),
        format!("{inner}x"),
        format!("{inner}&#32;"),
        format!("{inner}<![CDATA[ ]]>"),
        format!("<!-- -->x{inner}"),
        format!("<!-- --><?xml version='1.0'?>{inner}"),
        format!("{inner}<?xml version='1.0'?>"),
        format!("<?xml?>{inner}"),
        format!("<?xml version=1.0?>{inner}"),
        format!("<?xml version='2.0'?>{inner}"),
        format!("<?xml encoding='UTF-8'?>{inner}"),
        format!("<?XML version='1.0'?>{inner}"),
        format!("<?xml version='1.0' encoding='UTF-8'>{inner}"),
        format!("<? pi?>{inner}"),
        format!("<?a:b ?>{inner}"),
        format!("<!-- a -- b -->{inner}"),
        format!("<!-- a --->{inner}"),
        format!("<!-->{inner}"),
        "<!-- -->".to_owned(),
        "<".to_owned(),
        "<ACCESSGW".to_owned(),
        "<1/>".to_owned(),
        "</ACCESSGW>".to_owned(),
        small("<msisdn>8&nbsp;4</msisdn>"),
        small("<msisdn>8&4</msisdn>"),
        small("<msisdn>8 & 4;</msisdn>"),
        small("<msisdn>&#0;</msisdn>"),
        small("<msisdn>&#xFFFF;</msisdn>"),
        small("<msisdn>&#xD83D;&#xDE00;</msisdn>"),
        small("<msisdn>\0</msisdn>"),
        small("<msisdn>\u{1F}</msisdn>"),
        small("<x>\u{FFFE}</x>"),
        small("<msisdn>]]></msisdn>"),
        small("<msisdn>8<4</msisdn>"),
        small("<msisdn>84</MSISDN>"),
        small("<msisdn>84</ msisdn>"),
        small("<msisdn>84</msisdn a='1'>"),
        small("<msisdn>84<msisdn>"),
        small("<sub_package></sub_package>></msisdn>"),
        small("<x a='<'/>"),
        small("<x a=1/>"),
        small("<x a/>"),
        small("<x a='1'b='2'/>"),
        small("<x a='1' a='2'/>"),
        small("<x a='&nbsp;'/>"),
        small("<x:msisdn>84</x:msisdn>"),
        small("<x:y:msisdn xmlns:x='u'>84</x:y:msisdn>"),
        small("<x / >"),
        small("< x/>"),
        small("<-x/>"),
        small("<![CDATA[ ]] >"),
        small("<![cdata[ ]]>"),
        small("<x>“quoted”<“/></x>"),
    ];
    for body in ill_formed {
        let read = read_xml(body.as_bytes(), None);
        assert!(matches!(read, Err(Unreadable::IllFormed { .. })), "{body}: {read:?}");
    }
}

#[test]
fn what_is_no_message() {
    let inner = small("");
    let soap = |inner: &str| format!("<Envelope><Body>{inner}</Body></Envelope>");
    for (body, expected) in [
        (String::new(), Unreadable::NotXml),
        (" \r\n".to_owned(), Unreadable::NotXml),
        (format!("\u{FEFF}\u{FEFF}{inner}"), Unreadable::NotXml),
        (format!("x{inner}"), Unreadable::NotXml),
        ("{}".to_owned(), Unreadable::NotXml),
        (format!("<!DOCTYPE ACCESSGW>{inner}"), Unreadable::Doctype),
        (format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{inner}"), Unreadable::Doctype),
        (format!("<!DOCTYPE a [<!ENTITY b \"c\">{inner}"), Unreadable::Doctype),
        ("<a/>".to_owned(), Unreadable::WrongRoot),
        ("<COMMAND><msisdn>84</msisdn></COMMAND>".to_owned(), Unreadable::WrongRoot),
        (soap(""), Unreadable::WrongRoot),
        (format!("<Envelope>{inner}</Envelope>"), Unreadable::WrongRoot),
        (format!("<Envelope><Header>{inner}</Header><Body/></Envelope>"), Unreadable::WrongRoot),
        (soap(&format!("<call>{inner}</call>")), Unreadable::WrongRoot),
        (soap(&format!("{inner}{}", soap(""))), Unreadable::WrongRoot),
        (soap(&soap(&soap(&inner))), Unreadable::WrongRoot),
        (soap(&format!("{inner}<RQST/>")), Unreadable::TwoMessages),
        (soap(&format!("{inner}{}", soap(&inner))), Unreadable::TwoMessages),
    ] {
        assert_eq!(read_xml(body.as_bytes(), None), Err(expected), "{body}");
    }
}

#[test]
fn bounds() {
    let deep = |levels: usize| {
        let (open, close) = ("<x>".repeat(levels - 3), "</x>".repeat(levels - 3));
        small(&format!("{open}<y/>{close}"))
    };
    assert!(read_xml(deep(16).as_bytes(), None).is_ok());
    assert_eq!(read_xml(deep(17).as_bytes(), None), Err(Unreadable::TooMany("levels")));

    let wide = |elements: usize| small(&"<x/>".repeat(elements - 2));
    assert!(read_xml(wide(256).as_bytes(), None).is_ok());
    assert_eq!(read_xml(wide(257).as_bytes(), None), Err(Unreadable::TooMany("elements")));

    let dressed = |attributes: usize| {
        let attributes: String = (0..attributes).map(|i| format!(" a{i}=''")).collect();
        small(&format!("<x{attributes}/>"))
    };
    assert!(read_xml(dressed(32).as_bytes(), None).is_ok());
    assert_eq!(read_xml(dressed(33).as_bytes(), None), Err(Unreadable::TooMany("attributes")));
}

#[test]
fn a_field_twice() {
    for (command, twice) in [
        ("<price>1</price><price> 1 </price><Price/>", None),
        ("<price>1</price><price>2</price>", Some("price")),
        ("<expire_Time>1</expire_Time><expiredTime>2</expiredTime>", Some("expiredTime")),
        ("<subscribeTime>1</subscribeTime><subcribe_Time>2</subcribe_Time>", Some("subcribeTime")),
        ("<x>1</x><x>2</x>", None),
    ] {
        let read = notify(small(command).as_bytes());
        assert_eq!(read.twice, twice, "{command}");
    }
    let read = check(b"<RQST><note>1</note><msisdn>2</msisdn><NOTE>3</NOTE></RQST>");
    assert_eq!((read.note.as_deref(), read.twice), (Some("1"), Some("note")));
    let read = notify(b"<ACCESSGW><MODULE>1</MODULE><msisdn>2</msisdn><Module>3</Module></ACCESSGW>");
    assert_eq!((read.fields.msisdn, read.twice), (None, Some("MODULE")));
}
