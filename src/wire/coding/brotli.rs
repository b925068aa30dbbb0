//! Brotli as RFC 7932 has it, without the "large window" that a later draft allows: its header alone
//! would have us make room for a gigabyte.

use std::io::Write;

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, CompressorWriter};

use super::{Undecoded, grow};

/// The encoder's usual effort and window, as HTTP servers set them.
const QUALITY: u32 = 5;
const WINDOW_BITS: u32 = 18;
const BUFFER: usize = 4096;

pub(super) fn decode(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Undecoded> {
    let allocate = StandardAlloc::default;
    let mut state = BrotliState::new_strict(allocate(), allocate(), allocate());
    let (mut left, mut read, mut written, mut total) = (body.len(), 0, 0, 0);
    let mut out = Vec::new();
    loop {
        grow(&mut out, bytes_max);
        out.resize(out.capacity().min(bytes_max.saturating_add(1)), 0);
        let mut room = out.len() - written;
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            body,
            &mut room,
            &mut written,
            &mut out,
            &mut total,
            &mut state,
        );
        if written > bytes_max {
            return Err(Undecoded::TooLarge);
        }
        match result {
            BrotliResult::ResultSuccess if left == 0 => break,
            BrotliResult::NeedsMoreOutput => out.truncate(written),
            _ => return Err(Undecoded::Damaged),
        }
    }
    out.truncate(written);
    Ok(out)
}

pub(super) fn encode(body: &[u8]) -> Vec<u8> {
    let mut encoder = CompressorWriter::new(Vec::new(), BUFFER, QUALITY, WINDOW_BITS);
    // Writing to memory does not fail.
    let _ = encoder.write_all(body);
    encoder.into_inner()
}
