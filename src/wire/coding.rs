//! Content codings of a body (`Content-Encoding`): gzip, deflate and br, one or several in a row,
//! taken off within a bound of decoded bytes. What is inside is left to [`content`](super::content).

mod brotli;
mod deflate;

use std::borrow::Cow;

/// Codings in a row. One is the rule; a proxy may add a second.
const CODINGS_MAX: usize = 4;

/// What is said to a sender whose coding is not taken off.
pub const ACCEPTED: &str = "gzip, deflate, br";

/// Why a coding cannot be taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecoded {
    /// A coding that we do not know, or too many in a row.
    Unknown,
    /// More decoded bytes than asked for.
    TooLarge,
    /// Truncated, followed by something else, or not in that coding at all.
    Damaged,
}

#[derive(Debug, Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// Takes the codings named in `content_encoding` off, the last one first. No step may give more than
/// `bytes_max` bytes. An empty body has nothing to take off.
///
/// # Errors
/// [`Undecoded`].
pub fn decode<'a>(
    content_encoding: Option<&str>,
    body: &'a [u8],
    bytes_max: usize,
) -> Result<Cow<'a, [u8]>, Undecoded> {
    let mut decoded = Cow::Borrowed(body);
    for coding in codings(content_encoding)?.into_iter().rev() {
        if decoded.is_empty() {
            break;
        }
        decoded = Cow::Owned(coding.decode(&decoded, bytes_max)?);
    }
    Ok(decoded)
}

/// Puts the codings on again: the same bytes inside, other bytes outside.
///
/// # Errors
/// [`Undecoded::Unknown`].
pub fn encode(content_encoding: Option<&str>, body: &[u8]) -> Result<Vec<u8>, Undecoded> {
    let codings = codings(content_encoding)?;
    Ok(codings.into_iter().fold(body.to_vec(), |body, coding| coding.encode(&body)))
}

fn codings(content_encoding: Option<&str>) -> Result<Vec<Coding>, Undecoded> {
    let names = content_encoding.unwrap_or_default().split(',').map(str::trim);
    let named = names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    let codings = named.map(Coding::named).collect::<Option<Vec<_>>>().ok_or(Undecoded::Unknown)?;
    if codings.len() > CODINGS_MAX { Err(Undecoded::Unknown) } else { Ok(codings) }
}

impl Coding {
    /// RFC 9110 has `x-gzip` be gzip.
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            _ => None,
        }
    }

    fn decode(self, body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Undecoded> {
        match self {
            Self::Gzip => deflate::gunzip(body, bytes_max),
            Self::Deflate => deflate::inflate(body, bytes_max),
            Self::Brotli => brotli::decode(body, bytes_max),
        }
    }

    fn encode(self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::Gzip => deflate::gzip(body),
            Self::Deflate => deflate::zlib(body),
            Self::Brotli => brotli::encode(body),
        }
    }
}

/// Makes room for what comes next: a piece at a time, and one byte beyond the bound to tell a body that
/// just fits from one that does not.
fn grow(out: &mut Vec<u8>, bytes_max: usize) {
    const PIECE: usize = 16 << 10;
    let left = bytes_max.saturating_add(1) - out.len();
    out.reserve(left.min(PIECE));
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"<RQST><msisdn>84945989325</msisdn></RQST>";

    #[track_caller]
    fn check(content_encoding: &str, body: &[u8], expected: Result<&[u8], Undecoded>) {
        let decoded = decode(Some(content_encoding), body, 1000);
        assert_eq!(decoded.as_deref(), expected.as_ref().copied(), "{content_encoding}");
    }

    fn encoded(content_encoding: &str, body: &[u8]) -> Vec<u8> {
        encode(Some(content_encoding), body).expect("a coding")
    }

    #[test]
    fn what_was_put_on_is_taken_off() {
        for coding in ["gzip", "X-Gzip", "deflate", "BR", "gzip, br", "br,, identity ,gzip", "", "identity"] {
            check(coding, &encoded(coding, TEXT), Ok(TEXT));
        }
        assert_eq!(decode(None, TEXT, 1).as_deref(), Ok(TEXT), "nothing is decoded");
    }

    #[test]
    fn deflate_is_meant_in_two_ways() {
        let zlib = encoded("deflate", TEXT);
        check("deflate", &zlib[2..zlib.len() - 4], Ok(TEXT));
        // A stored block whose first bytes look like a zlib header.
        check("deflate", b"\x78\x01\x00\xfe\xffa\x01\x01\x00\xfe\xffb", Ok(b"ab"));
    }

    #[test]
    fn several_members_of_gzip_are_one_body() {
        let twice = [encoded("gzip", TEXT), encoded("gzip", b"\n")].concat();
        check("gzip", &twice, Ok(&[TEXT, b"\n"].concat()));
    }

    #[test]
    fn other_codings() {
        for coding in ["zstd", "compress", "gzip, zstd", "gzip;q=1", "br br", "gzip,gzip,gzip,gzip,gzip"] {
            check(coding, TEXT, Err(Undecoded::Unknown));
        }
    }

    #[test]
    fn what_is_cut_short_goes_on_or_is_no_coding() {
        for coding in ["gzip", "deflate", "br", "gzip, br"] {
            let whole = encoded(coding, TEXT);
            for end in 1..whole.len() {
                check(coding, &whole[..end], Err(Undecoded::Damaged));
            }
            check(coding, &[&whole[..], b"x"].concat(), Err(Undecoded::Damaged));
            check(coding, TEXT, Err(Undecoded::Damaged));
            check(coding, b"", Ok(b""));
        }
        let mut gzip = encoded("gzip", TEXT);
        let sum = gzip.len() - 8;
        gzip[sum] ^= 1;
        check("gzip", &gzip, Err(Undecoded::Damaged));
    }

    #[test]
    fn a_bomb_is_cut_at_the_bound() {
        for coding in ["gzip", "deflate", "br", "gzip, gzip, br"] {
            check(coding, &encoded(coding, &[b' '; 1000]), Ok(&[b' '; 1000]));
            check(coding, &encoded(coding, &[b' '; 1001]), Err(Undecoded::TooLarge));
            check(coding, &encoded(coding, &vec![0; 8 << 20]), Err(Undecoded::TooLarge));
        }
    }

    #[test]
    fn a_window_of_a_gigabyte_is_not_made() {
        // The header of a "large window" stream, which is none of RFC 7932.
        check("br", b"\x11\x1e\x00\x00\x00\x00", Err(Undecoded::Damaged));
    }
}
