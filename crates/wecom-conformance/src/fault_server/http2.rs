//! The subset of HTTP/2 that the faults need: frames, settings, and one successful reply. Request headers are not decoded.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;

use super::fault_queue::GOOD;
use super::socket_fault::Http2Fault;
use crate::scripted_server::connection::Connection;

/// The connection preface of a client.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The largest frame that is accepted. It exceeds what a client may send.
const MAX_FRAME: usize = 64 * 1024;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

const NO_ERROR: u32 = 0;
const REFUSED_STREAM: u32 = 7;

/// `:status: 200`, as an index into the static table.
const STATUS_200: &[u8] = &[0x88];

/// Serves an HTTP/2 connection until it ends. Its first request meets the fault, if there is one.
pub(crate) fn serve(connection: &mut Connection<'_, TcpStream>, mut fault: Option<Http2Fault>) -> io::Result<()> {
    if connection.take(PREFACE.len())?.is_some_and(|first| first != PREFACE) {
        return Err(ErrorKind::InvalidData.into());
    }
    connection.send(&frame(SETTINGS, 0, 0, &[]))?;
    let mut refused = None;
    while let Some(Frame { kind, flags, stream, payload }) = next_frame(connection)? {
        match (kind, fault) {
            (SETTINGS, _) if flags & ACK == 0 => connection.send(&frame(SETTINGS, ACK, 0, &[]))?,
            (PING, Some(Http2Fault::Silence)) => {}
            (PING, _) if flags & ACK == 0 => connection.send(&frame(PING, ACK, 0, &payload))?,
            (HEADERS, Some(Http2Fault::Silence)) => return connection.hold(Duration::MAX),
            (HEADERS, Some(Http2Fault::GoAway)) => {
                let payload = [0_u32.to_be_bytes(), NO_ERROR.to_be_bytes()].concat();
                connection.send(&frame(GOAWAY, 0, 0, &payload))?;
                return connection.hold(Duration::MAX);
            }
            (HEADERS, Some(Http2Fault::RefusedStream)) => {
                connection.send(&frame(RST_STREAM, 0, stream, &REFUSED_STREAM.to_be_bytes()))?;
                (refused, fault) = (Some(stream), None);
            }
            // Frames in flight on a refused stream are ignored.
            (HEADERS | DATA, None) if flags & END_STREAM != 0 && refused != Some(stream) => {
                connection.send(&frame(HEADERS, END_HEADERS, stream, STATUS_200))?;
                connection.send(&frame(DATA, END_STREAM, stream, GOOD))?;
            }
            _ => {}
        }
    }
    Ok(())
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Bytes,
}

/// Returns the next frame, or `None` at the end of the connection.
fn next_frame(connection: &mut Connection<'_, TcpStream>) -> io::Result<Option<Frame>> {
    let Some(head) = connection.take(9)? else { return Ok(None) };
    let &[l0, l1, l2, kind, flags, s0, s1, s2, s3] = &*head else { return Ok(None) };
    let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
    if length > MAX_FRAME {
        return Err(ErrorKind::InvalidData.into());
    }
    // The first bit is reserved.
    let stream = u32::from_be_bytes([s0, s1, s2, s3]) & (u32::MAX >> 1);
    Ok(connection.take(length)?.map(|payload| Frame { kind, flags, stream, payload }))
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes().get(1..).unwrap_or_default().to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}
