//! The body of a reply is returned unchanged.

use std::iter;
use std::time::Duration;

use bytes::Bytes;

use crate::checks::content_encoding;
use crate::fixture::Fixture;
use crate::probe::{CheckResult, Probe};
use crate::scripted_server::reply;
use crate::scripted_server::script::{After, Script};

/// A reply: what it is, its body, its bytes, and what happens to the connection after it.
struct Case {
    behavior: &'static str,
    body: Vec<u8>,
    bytes: Vec<u8>,
    after: After,
    /// The pause between single bytes, or `None` to send all bytes at once.
    pace: Option<Duration>,
}

impl Case {
    fn new(behavior: &'static str, body: impl Into<Vec<u8>>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { behavior, body: body.into(), bytes: bytes.into(), after: After::KeepOpen, pace: None }
    }

    fn script(&self) -> Script {
        let script = match self.pace {
            Some(pace) => {
                let bytes = self.bytes.clone().into_iter();
                Script::empty().drip(bytes.map(|byte| Bytes::from(vec![byte])), pace)
            }
            None => Script::bytes(self.bytes.clone()),
        };
        script.end(self.after)
    }
}

pub(crate) async fn comes_back(probe: &Probe<'_>) -> CheckResult {
    for case in cases() {
        let (body, behavior) = (case.body.clone(), case.behavior);
        let fixture = Fixture::new(probe, behavior, move |_, _| case.script())?;
        fixture.returns_body(&body).await?;
    }
    large_is_whole(probe).await?;
    ambiguous_length(probe).await?;
    content_encoding::is_removed(probe).await
}

/// Sizes that a transport may refuse: some are just below and above common limits. It must not return a part of such a body.
const LARGE: [usize; 4] = [3 * MEBIBYTE / 2, 5 * MEBIBYTE, 8 * MEBIBYTE - 1, 20 * MEBIBYTE];

const MEBIBYTE: usize = 1024 * 1024;

async fn large_is_whole(probe: &Probe<'_>) -> CheckResult {
    for size in LARGE {
        let body = bytes_of(size);
        for (framing, bytes) in [("", reply::complete(200, "", &body)), (" in chunks", chunked(&body, CHUNK))] {
            let bytes = Bytes::from(bytes);
            let behavior = format!("replies with {size} bytes{framing}");
            let fixture = Fixture::new(probe, behavior, move |_, _| Script::bytes(bytes.clone()))?;
            fixture.returns_body_or_fails(&body).await?;
        }
    }
    Ok(())
}

/// Checks that chunks take precedence over a length. RFC 9112 (6.3) also allows an error.
async fn ambiguous_length(probe: &Probe<'_>) -> CheckResult {
    for (behavior, first, second) in [
        ("replies in chunks after a length", "content-length: 5", "transfer-encoding: chunked"),
        ("replies in chunks before a length", "transfer-encoding: chunked", "content-length: 5"),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\n{first}\r\n{second}\r\n\r\na\r\n0123456789\r\n0\r\n\r\n");
        let fixture = Fixture::new(probe, behavior, move |_, _| Script::bytes(bytes.clone()).close())?;
        fixture.returns_body_or_fails(b"0123456789").await?;
    }
    Ok(())
}

/// The size of the chunks of a large reply.
const CHUNK: usize = 16 * 1024;

/// Returns a body in which no two neighboring blocks of a power of two are equal.
fn bytes_of(size: usize) -> Vec<u8> {
    let pattern: Vec<u8> = (0..=250).collect();
    let mut body = pattern.repeat(size / pattern.len() + 1);
    body.truncate(size);
    body
}

fn cases() -> Vec<Case> {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mebibyte = bytes_of(MEBIBYTE);
    let text = "\u{feff}{\"name\":\"上下游\"}\r\n".as_bytes().to_vec();
    let complete = |body: &[u8]| reply::complete(200, "content-type: application/json\r\n", body);
    let to_the_end = [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", every_byte.as_slice()].concat();
    let http_1_0 = [b"HTTP/1.0 200 OK\r\n\r\n", every_byte.as_slice()].concat();
    let extensions = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n\
                      A;name=value\r\n0123456789\r\n0002 \r\nab\r\n0\r\nx-trailer: 1\r\n\r\n";
    let latin_1 = "content-type: text/plain; charset=iso-8859-1\r\n";
    vec![
        Case::new("replies with text and a byte order mark", &*text, complete(&text)),
        Case::new("replies with all byte values, not UTF-8", &*every_byte, complete(&every_byte)),
        Case::new("replies with charset iso-8859-1", &*text, reply::complete(200, latin_1, &text)),
        Case::new("replies with an empty body", "", complete(b"")),
        Case::new("replies in chunks", &*every_byte, chunked(&every_byte, 100)),
        Case::new("replies with the last chunk only", "", chunked(b"", 100)),
        Case::new("replies with chunk extensions and a trailer", "0123456789ab", extensions),
        Case { after: After::Close, ..Case::new("ends its reply by closing the connection", &*every_byte, to_the_end) },
        Case { after: After::Close, ..Case::new("replies with HTTP/1.0", &*every_byte, http_1_0) },
        Case {
            pace: Some(Duration::from_micros(200)),
            ..Case::new("sends its reply one byte at a time", &*text, complete(&text))
        },
        Case::new("replies with 1 MiB", &*mebibyte, complete(&mebibyte)),
        Case::new("replies with 1 MiB in chunks", &*mebibyte, chunked(&mebibyte, CHUNK)),
        Case::new(
            "replies with gzip data as its body, without a content encoding",
            content_encoding::GZIP,
            reply::complete(200, "content-type: application/gzip\r\n", content_encoding::GZIP),
        ),
    ]
}

/// Returns a complete reply in chunks of this size.
fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = reply::chunked_head();
    bytes.extend(body.chunks(size).chain(iter::once(&b""[..])).flat_map(reply::chunk));
    bytes
}
