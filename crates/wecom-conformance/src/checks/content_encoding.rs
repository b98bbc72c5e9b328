//! A transport that requests a content encoding decodes it, once and within its size limit.

use crate::checks::OK;
use crate::fixture::Fixture;
use crate::probe::{CheckResult, Probe};
use crate::scripted_server::reply;
use crate::scripted_server::request::RawRequest;
use crate::scripted_server::script::Script;

/// [`OK`] in gzip.
pub(crate) const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x2d\x2a\x4a\xce\x4f\x49\x55\xb2\x32\
    \xd0\x01\xb1\x73\x8b\xd3\x95\xac\x94\xf2\xb3\x95\x6a\x01\xa7\x7e\x84\xf0\x1b\x00\x00\x00";

/// [`OK`] in zlib, which HTTP calls deflate.
const DEFLATE: &[u8] =
    b"\x78\x9c\xab\x56\x4a\x2d\x2a\x4a\xce\x4f\x49\x55\xb2\x32\xd0\x01\xb1\x73\x8b\xd3\x95\xac\x94\xf2\
    \xb3\x95\x6a\x01\x7f\x83\x08\xe3";

/// [`OK`] in Brotli.
const BROTLI: &[u8] = b"\x0b\x0d\x80{\"errcode\":0,\"errmsg\":\"ok\"}\x03";

/// [`OK`] in Zstandard, as a raw block.
const ZSTANDARD: &[u8] = b"\x28\xb5\x2f\xfd\x20\x1b\xd9\x00\x00{\"errcode\":0,\"errmsg\":\"ok\"}";

/// Encodings by their names in `accept-encoding`.
const ENCODINGS: [(&str, &[u8]); 6] =
    [("gzip", GZIP), ("x-gzip", GZIP), ("*", GZIP), ("deflate", DEFLATE), ("br", BROTLI), ("zstd", ZSTANDARD)];

/// Whether a request accepts an encoding.
pub(crate) fn is_accepted(request: &RawRequest, encoding: &str) -> bool {
    let headers = request.header_values("accept-encoding").map(String::from_utf8_lossy);
    headers.flat_map(|value| value.split(',').map(accepted_name).collect::<Vec<_>>()).any(|name| name == encoding)
}

/// Returns the name in an item of `accept-encoding`, or an empty name if its weight is 0.
fn accepted_name(item: &str) -> String {
    let item = item.trim().to_ascii_lowercase();
    match item.split_once(';') {
        Some((_, weight)) if weight.replace(' ', "").trim_end_matches(['0', '.']) == "q=" => String::new(),
        Some((name, _)) => name.trim().to_owned(),
        None => item,
    }
}

pub(crate) async fn is_removed(probe: &Probe<'_>) -> CheckResult {
    for (encoding, encoded) in ENCODINGS {
        let name = if encoding == "*" { "gzip" } else { encoding };
        let headers = format!("content-encoding: {name}\r\n");
        let behavior = format!("replies in {name} to requests that accept {encoding}");
        let fixture = Fixture::new(probe, behavior, move |_, request| match is_accepted(request, encoding) {
            true => Script::bytes(reply::complete(200, &headers, encoded)),
            false => Script::reply(200, OK),
        })?;
        fixture.returns_body(OK.as_bytes()).await?;
    }
    is_removed_once(probe).await?;
    is_removed_from_each_member(probe).await
}

/// Checks that a gzip file sent with content encoding gzip is decoded once, so that the body is the gzip file.
async fn is_removed_once(probe: &Probe<'_>) -> CheckResult {
    let behavior = "replies with gzip data, in gzip if the request accepts it";
    let fixture = Fixture::new(probe, behavior, |_, request| match is_accepted(request, "gzip") {
        true => Script::bytes(reply::complete(200, "content-encoding: gzip\r\n", &stored(GZIP))),
        false => Script::bytes(reply::complete(200, "", GZIP)),
    })?;
    fixture.returns_body(GZIP).await
}

/// Checks that all members of gzip data are decoded. RFC 1952 (2.2) joins them. A transport that can't must fail.
async fn is_removed_from_each_member(probe: &Probe<'_>) -> CheckResult {
    let (first, second) = OK.split_at(5);
    let members = [stored(first.as_bytes()), stored(second.as_bytes())].concat();
    let behavior = "replies in gzip of two members to requests that accept gzip";
    let fixture = Fixture::new(probe, behavior, move |_, request| match is_accepted(request, "gzip") {
        true => Script::bytes(reply::complete(200, "content-encoding: gzip\r\n", &members)),
        false => Script::reply(200, OK),
    })?;
    fixture.returns_body_or_fails(OK.as_bytes()).await
}

/// Returns the first half of [`GZIP`].
pub(crate) fn truncated() -> Vec<u8> {
    GZIP.iter().copied().take(GZIP.len() / 2).collect()
}

/// Returns [`GZIP`] with a checksum of other data.
pub(crate) fn with_wrong_checksum() -> Vec<u8> {
    let mut data = GZIP.to_vec();
    data.iter_mut().rev().skip(4).take(4).for_each(|byte| *byte = !*byte);
    data
}

const GZIP_HEAD: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";

/// Returns up to 64 KiB as a gzip stream without compression.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = data.len() as u16;
    let mut stream = [GZIP_HEAD, &[1], &length.to_le_bytes(), &(!length).to_le_bytes(), data].concat();
    let checksum = crc32(data.iter().copied());
    stream.extend([checksum.to_le_bytes(), u32::from(length).to_le_bytes()].concat());
    stream
}

/// The number of copies in a [`bomb`], each of 258 bytes: 64 MiB.
const COPIES: u32 = 64 * 1024 * 1024 / 258;

/// The CRC-32 of the data in a [`bomb`].
const BOMB_CHECKSUM: u32 = 0xe47ca5c1;

/// Returns 64 MiB of the byte `x` as a gzip stream of less than 1 MiB.
pub(crate) fn bomb() -> Vec<u8> {
    // One block with fixed codes: the literal `x`, copies of 258 bytes at distance 1, and the end of the block.
    let mut bits = Bits::default();
    bits.push(0b011, 3);
    bits.push_code(0x30 + u32::from(b'x'), 8);
    for _ in 0..COPIES {
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    bits.push_code(0, 7);
    [GZIP_HEAD, &bits.finish(), &BOMB_CHECKSUM.to_le_bytes(), &(COPIES * 258 + 1).to_le_bytes()].concat()
}

/// A sequence of bits, the lowest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, bits: u32, count: u32) {
        self.pending |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Pushes a Huffman code, whose highest bit comes first.
    fn push_code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (u32::BITS - count), count);
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.push(0, 8 - self.count);
        }
        self.bytes
    }
}

/// Returns the CRC-32 of gzip.
fn crc32(data: impl Iterator<Item = u8>) -> u32 {
    let checksum = data.fold(u32::MAX, |mut checksum, byte| {
        checksum ^= u32::from(byte);
        for _ in 0..8 {
            let is_odd = checksum & 1 == 1;
            checksum = (checksum >> 1) ^ if is_odd { 0xedb8_8320 } else { 0 };
        }
        checksum
    });
    !checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(header: &str, encoding: &str) -> bool {
        let request = RawRequest::parse(format!("GET / HTTP/1.1\r\naccept-encoding: {header}").as_bytes(), 1);
        is_accepted(&request.unwrap(), encoding)
    }

    #[test]
    fn an_encoding_is_accepted_by_name_unless_its_weight_is_zero() {
        assert!(accepts("gzip", "gzip") && accepts("deflate, GZIP;q=0.5", "gzip") && accepts("gzip; q=1", "gzip"));
        assert!(!accepts("identity", "gzip") && !accepts("x-gzip", "gzip") && !accepts("gzip;q=0", "gzip"));
        assert!(!accepts("br, gzip; q=0.00", "gzip") && accepts("br, gzip; q=0.00", "br"));
    }

    #[test]
    fn the_checksum_is_that_of_gzip() {
        assert_eq!(crc32(b"123456789".iter().copied()), 0xcbf4_3926);
        assert_eq!(GZIP[GZIP.len() - 8..GZIP.len() - 4], crc32(OK.bytes()).to_le_bytes());
    }
}
