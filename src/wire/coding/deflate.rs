//! gzip, and deflate in both its meanings: with zlib's header, as the standard has it, or without, as
//! some clients send it.

use std::io::{BufRead, Read, Write};

use flate2::bufread::MultiGzDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};

use super::{Undecoded, grow};

/// Members that follow one another are one body.
pub(super) fn gunzip(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Undecoded> {
    let mut decoder = MultiGzDecoder::new(body);
    let mut out = Vec::new();
    let mut bounded = decoder.by_ref().take(bytes_max as u64 + 1);
    bounded.read_to_end(&mut out).map_err(|_| Undecoded::Damaged)?;
    if out.len() > bytes_max {
        return Err(Undecoded::TooLarge);
    }
    let left = decoder.into_inner().fill_buf().map_or(0, <[u8]>::len);
    if left == 0 { Ok(out) } else { Err(Undecoded::Damaged) }
}

/// With zlib's header where there is one. A bare stream may look like one, and does so only by chance.
pub(super) fn inflate(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Undecoded> {
    let headed = matches!(body, [method, flags, ..] if method & 0x0F == 8
        && u16::from_be_bytes([*method, *flags]).is_multiple_of(31));
    match headed.then(|| stream(Decompress::new(true), body, bytes_max)) {
        None | Some(Err(Undecoded::Damaged)) => stream(Decompress::new(false), body, bytes_max),
        Some(decoded) => decoded,
    }
}

fn stream(mut state: Decompress, body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Undecoded> {
    let mut out = Vec::new();
    loop {
        grow(&mut out, bytes_max);
        let (read, written) = (state.total_in(), state.total_out());
        let rest = &body[usize::try_from(read).unwrap_or(body.len())..];
        let status = state.decompress_vec(rest, &mut out, FlushDecompress::None);
        let is_stuck = (state.total_in(), state.total_out()) == (read, written);
        match status.map_err(|_| Undecoded::Damaged)? {
            _ if out.len() > bytes_max => return Err(Undecoded::TooLarge),
            Status::StreamEnd if state.total_in() == body.len() as u64 => return Ok(out),
            Status::StreamEnd => return Err(Undecoded::Damaged),
            Status::Ok | Status::BufError if is_stuck => return Err(Undecoded::Damaged),
            Status::Ok | Status::BufError => {}
        }
    }
}

pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

pub(super) fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}
