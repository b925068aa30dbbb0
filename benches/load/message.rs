//! Requests rendered beforehand: of each, only a few digits change, in place.

use sdp_gateway::signature;
use secrecy::SecretString;

use crate::cli::Kind;

/// The whole request with places for what changes. Fields are of fixed width, and so is the reply.
pub(crate) struct Template {
    bytes: Vec<u8>,
    kind: Kind,
    msisdn: usize,
    id: usize,
    reg_id: usize,
    reg_type: usize,
    /// Where the times stand, and how many seconds from now each of them is.
    times: Vec<(usize, i64)>,
    /// The second that stands there.
    second: i64,
    /// Where the signature stands, of what is signed.
    signature: usize,
    secret: SecretString,
}

const DAY_S: i64 = 86_400;

/// The carrier's zone.
const ZONE_S: i64 = 7 * 3600;

/// A carrier's 14 digits.
fn time(seconds: i64) -> u64 {
    let at = chrono::DateTime::from_timestamp(seconds + ZONE_S, 0).unwrap_or_default();
    at.format("%Y%m%d%H%M%S").to_string().parse().unwrap_or_default()
}

/// Digits of a queueID or requestid.
const ID_DIGITS: usize = 13;

const NOTIFY: &str = "<ACCESSGW>\n<MODULE>SDP</MODULE>\n<MESSAGE_TYPE>NOTIFY</MESSAGE_TYPE>\n<COMMAND>\n\
<queueID>IIIIIIIIIIIII</queueID>\n <resultCode>0</resultCode>\n <errorDesc>OK</errorDesc>\n \
<startTime>1773111602340</startTime>\n <startTimeCP>1773111602340</startTimeCP>\n \
<cpURL>http://123.30.235.199:3780/vascloud/v1/notify_sub</cpURL>\n <regID>RRRRRRRRRRRRR</regID>\n \
<msisdn>84MMMMMMMMM</msisdn>\n <regType>T</regType>\n <channel>SMS</channel>\n \
<service_id>1000625</service_id>\n <package_id>1003013</package_id>\n <originalprice>3000</originalprice>\n \
<price>3000</price>\n <commandcode>DK L1</commandcode>\n <serviceCode>LOVETV</serviceCode>\n \
<packageCode>NGAY</packageCode>\n <subpackageCode>NGAY</subpackageCode>\n <autoRenew>1</autoRenew>\n \
<subcribeTime>SSSSSSSSSSSSSS</subcribeTime>\n <expiredTime>EEEEEEEEEEEEEE</expiredTime>\n \
<updateTime>UUUUUUUUUUUUUU</updateTime>\n</COMMAND>\n</ACCESSGW>\n";

const CHECK: &str = "<RQST> \n   <name>CheckServiceInfo</name> \n   <requestid>IIIIIIIIIIIII</requestid>  \n   \
<msisdn>84MMMMMMMMM</msisdn>  \n   <service>1000625</service>  \n   <package>1003013</package>  \n   \
<note>CSKH</note>  \n   <service_url>URL CP cung c\u{1EA5}p</service_url>    \n   <channel>WEB</channel>  \n\
</RQST>\n";

/// What a camera app asks that shows what is sold; its nonce and its time are of one width.
const PACKAGES: &str = "{\"countryCode\":\"VN\",\"partnerKey\":\"fake-key\",\"serviceType\":\"2\",\
\"signatureNonce\":\"IIIIIIIIIIIII\",\"timestamp\":\"TTTTTTTTTTTTT\",\"userAccount\":\"ann@sdp.example\",\
\"signature\":\"GGGGGGGGGGGGGGGGGGGGGGGGGGGG\"}";

/// What it is told, of the catalog in `shop`.
const SOLD: &str = "{\"code\":0,\"msg\":\"Success\",\"data\":[{\"packageNo\":\"ye1m7d\",\
\"name\":\"Event storage 7 days, monthly\",\"serviceType\":2,\"storageDays\":7,\"period\":\"month\",\"periodCount\":1,\
\"price\":59000,\"currency\":\"VND\",\"payTypes\":[\"sdp\"]}],\"requestId\":\"5f0c1b2a-000017\"}";

impl Template {
    pub(crate) fn new(kind: Kind, to: std::net::SocketAddr) -> Self {
        let body = Self::body(kind);
        let (path, content_type) = match kind {
            Kind::Notify => ("/vascloud/v1/notify_reg.html", "text/xml; charset=utf-8"),
            Kind::Check => ("/vascloud/v1/notify_check.html", "text/xml; charset=utf-8"),
            Kind::Packages => ("/vas/v1/queryPackgeList", "application/json"),
        };
        let bytes = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: {content_type}\r\n\
             User-Agent: Jakarta Commons-HttpClient/3.1\r\nHost: {to}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes();
        let place =
            |mark: &str| bytes.windows(mark.len()).position(|part| part == mark.as_bytes()).unwrap_or(0);
        Self {
            kind,
            msisdn: place("MMMMMMMMM"),
            id: place("IIIIIIIIIIIII"),
            reg_id: place("RRRRRRRRRRRRR"),
            reg_type: place("<regType>T") + "<regType>".len(),
            times: match kind {
                Kind::Notify => {
                    vec![
                        (place("SSSSSSSSSSSSSS"), 0),
                        (place("EEEEEEEEEEEEEE"), DAY_S),
                        (place("UUUUUUUUUUUUUU"), 0),
                    ]
                }
                Kind::Check | Kind::Packages => Vec::new(),
            },
            second: 0,
            signature: place("GGGGGGGGGGGGGGGGGGGGGGGGGGGG"),
            secret: "fake-secret".into(),
            bytes,
        }
    }

    /// The request about a number, of now. Every fifth notice cancels; the others begin, for a day.
    pub(crate) fn fill(&mut self, id: u64, number: u32) -> &[u8] {
        digits(&mut self.bytes[self.id..][..ID_DIGITS], id);
        if self.kind == Kind::Packages {
            self.sign(id);
            return &self.bytes;
        }
        digits(&mut self.bytes[self.msisdn..][..9], 900_000_000 + u64::from(number));
        if self.kind == Kind::Notify {
            // A cancel bears the regID of what it ends.
            digits(&mut self.bytes[self.reg_id..][..13], u64::from(number));
            self.bytes[self.reg_type] = if id % 5 == 4 { b'2' } else { b'1' };
            let now = chrono::Utc::now().timestamp();
            if std::mem::replace(&mut self.second, now) != now {
                for (at, later) in &self.times {
                    digits(&mut self.bytes[*at..][..14], time(now + later));
                }
            }
        }
        &self.bytes
    }

    /// Of now, and signed. The time stands behind the nonce, as the two are called.
    fn sign(&mut self, nonce: u64) {
        const BETWEEN: usize = "\",\"timestamp\":\"".len();
        let now = u64::try_from(chrono::Utc::now().timestamp_millis()).unwrap_or(0);
        digits(&mut self.bytes[self.id + ID_DIGITS + BETWEEN..][..ID_DIGITS], now);
        let signed = format!(
            "countryCode=VN&partnerKey=fake-key&serviceType=2&signatureNonce={nonce:013}&timestamp={now:013}\
             &userAccount=ann@sdp.example"
        );
        let signature = signature::sign(&self.secret, &signed);
        self.bytes[self.signature..][..signature.len()].copy_from_slice(signature.as_bytes());
    }

    /// A body before anything is filled in, of the length they all have.
    pub(crate) fn body(kind: Kind) -> &'static str {
        match kind {
            Kind::Notify => NOTIFY,
            Kind::Check => CHECK,
            Kind::Packages => PACKAGES,
        }
    }

    /// The gateway's reply to it.
    pub(crate) fn reply(kind: Kind) -> String {
        use sdp_gateway::wire::code::Code;
        use sdp_gateway::wire::{Message, accessgw, read_text, rqst};
        if kind == Kind::Packages {
            return SOLD.to_owned();
        }
        match read_text(Self::body(kind)) {
            Ok(Message::AccessGw(message)) => accessgw::render(Code::Kept, &message.echo()),
            Ok(Message::Rqst(message)) => rqst::render(Code::Kept, 1, &message.echo()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

fn digits(place: &mut [u8], mut value: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}
