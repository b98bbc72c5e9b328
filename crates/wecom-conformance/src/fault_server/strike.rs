//! What becomes of a connection: the faults, carried out.

use std::io;
#[cfg(feature = "fault-server-tls")]
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use super::accept::Shared;
use super::fault::SocketFault;
use super::request::ReceivedRequest;
use super::wire::{Incoming, Wire, prepare};
use super::{http2, reply};

/// How long the client has to read what was sent before a reset, which may throw away what it has not read.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// How many bytes an endless reply has in one piece.
const PIECE: usize = 16 * 1024;

/// How many bytes more are announced than come.
const MISSING: usize = 15;

/// What becomes of the connection after a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Stays,
    /// FIN.
    Closes,
    /// RST.
    Resets,
}

/// Serves a connection to its end; with FIN, unless a fault resets it.
pub(crate) fn serve(shared: &Shared, stream: TcpStream, connection: usize, fault: &SocketFault) -> io::Result<()> {
    prepare(&stream)?;
    let mut wire = Wire::new(stream, shared, connection);
    match fault {
        SocketFault::CloseOnAccept => {
            // Closed with something unread in it, the connection would be reset.
            wire.stream.shutdown(Shutdown::Write)?;
            wire.hold()
        }
        SocketFault::ResetOnAccept => reset(wire.stream),
        SocketFault::SilentConnection => wire.hold(),
        SocketFault::Http2GoAway | SocketFault::Http2RefusedStream | SocketFault::Http2Silence => {
            http2::serve(&mut wire, fault)
        }
        #[cfg(feature = "fault-server-tls")]
        SocketFault::UntrustedCertificate => answer_well(&mut shared.identity.wire(wire.stream, shared, connection)?),
        _ => match answer_all(&mut wire)? {
            Then::Resets => reset(wire.stream),
            _ => Ok(()),
        },
    }
}

/// RST: the last handle of a socket that doesn't linger is closed.
fn reset(stream: TcpStream) -> io::Result<()> {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

/// Answers each request of a connection, with the fault that it meets.
fn answer_all(wire: &mut Wire<'_, TcpStream>) -> io::Result<Then> {
    loop {
        match wire.incoming()? {
            Incoming::End => return Ok(Then::Closes),
            Incoming::Http2 => return http2::serve(wire, &SocketFault::None).map(|()| Then::Closes),
            Incoming::Request(request) => {
                let is_last = is_last(&request);
                let (fault, good) = wire.shared.receive(request);
                let then = strike(wire, &fault, &good)?;
                if then != Then::Stays || is_last {
                    return Ok(then);
                }
            }
        }
    }
}

/// Answers each request of a connection well, whatever it carries HTTP over.
#[cfg(feature = "fault-server-tls")]
fn answer_well<S: Read + Write>(wire: &mut Wire<'_, S>) -> io::Result<()> {
    while let Incoming::Request(request) = wire.incoming()? {
        let is_last = is_last(&request);
        let good = wire.shared.change(|state| {
            let good = state.script.good(&request);
            state.requests.add(request);
            good
        });
        wire.send(&reply::good(&good))?;
        if is_last {
            break;
        }
    }
    Ok(())
}

/// Whether the client wants no further reply on this connection.
fn is_last(request: &ReceivedRequest) -> bool {
    request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"))
}

fn strike(wire: &mut Wire<'_, TcpStream>, fault: &SocketFault, good: &[u8]) -> io::Result<Then> {
    match fault {
        SocketFault::Silence => wire.hold()?,
        SocketFault::CloseBeforeReply => {}
        SocketFault::HalfClose => {
            wire.stream.shutdown(Shutdown::Write)?;
            wire.hold()?;
        }
        SocketFault::ResetBeforeReply => return Ok(Then::Resets),
        SocketFault::DripReply(pace) => {
            for byte in reply::good(good) {
                wire.send(&[byte])?;
                wire.pause(*pace)?;
            }
            return Ok(Then::Stays);
        }
        SocketFault::StallMidReply => {
            wire.send(half(&reply::good(good), good))?;
            wire.hold()?;
        }
        SocketFault::ResetMidReply => return before_reset(wire, half(&reply::good(good), good)),
        SocketFault::ResetAfterReply => return before_reset(wire, &reply::good(good)),
        SocketFault::CloseAfterReply => wire.send(&reply::good(good))?,
        SocketFault::ContentLengthTooLong => {
            wire.send(&reply::announced(200, "", (good.len() + MISSING) as u64, good))?;
        }
        SocketFault::ShortChunk => {
            let (status, length) = (reply::status_line(200), good.len() + MISSING);
            let head = format!("{status}transfer-encoding: chunked\r\n\r\n{length:x}\r\n");
            wire.send(&[head.as_bytes(), good].concat())?;
        }
        SocketFault::EndlessChunks => endless_chunks(wire)?,
        SocketFault::EndlessHeaders => endless_headers(wire)?,
        SocketFault::Garbage => wire.send(reply::GARBAGE)?,
        SocketFault::OversizeBody(size) => {
            oversize_body(wire, *size)?;
            return Ok(Then::Stays);
        }
        other => {
            wire.send(&another_reply(wire.shared, other, good))?;
            return Ok(Then::Stays);
        }
    }
    Ok(Then::Closes)
}

/// Faults that are a reply of their own, and the good reply where there is none.
fn another_reply(shared: &Shared, fault: &SocketFault, good: &[u8]) -> Vec<u8> {
    match fault {
        SocketFault::ContentLengthTooShort => reply::announced(200, "", good.len() as u64 / 2, good),
        SocketFault::Html => reply::whole(200, "content-type: text/html\r\n", reply::PAGE.as_bytes()),
        SocketFault::Empty => reply::whole(200, "", b""),
        SocketFault::NoContent => reply::whole(204, "", b""),
        SocketFault::Redirect(status) => {
            let location = format!("location: http://{}/cgi-bin/redirected\r\n", shared.address);
            reply::whole(*status, &location, b"moved")
        }
        SocketFault::Status { status, retry_after } => {
            let header = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
            reply::whole(*status, &header, b"not now")
        }
        SocketFault::ProxyAuthentication => {
            reply::whole(407, "proxy-authenticate: Basic realm=\"fault server\"\r\n", b"who asks?")
        }
        _ => reply::good(good),
    }
}

/// Sends what comes before a reset.
fn before_reset(wire: &mut Wire<'_, TcpStream>, bytes: &[u8]) -> io::Result<Then> {
    wire.send(bytes)?;
    wire.pause(BEFORE_RESET)?;
    Ok(Then::Resets)
}

/// A reply up to the middle of its body.
fn half<'a>(reply: &'a [u8], body: &[u8]) -> &'a [u8] {
    reply.get(..reply.len() - body.len().div_ceil(2)).unwrap_or_default()
}

fn endless_chunks(wire: &mut Wire<'_, TcpStream>) -> io::Result<()> {
    wire.send(format!("{}transfer-encoding: chunked\r\n\r\n", reply::status_line(200)).as_bytes())?;
    let piece = [format!("{PIECE:x}\r\n").as_bytes(), &[b'x'; PIECE], b"\r\n"].concat();
    loop {
        wire.send(&piece)?;
    }
}

fn endless_headers(wire: &mut Wire<'_, TcpStream>) -> io::Result<()> {
    wire.send(reply::status_line(200).as_bytes())?;
    for number in 0_u64.. {
        wire.send(format!("x-endless-{number}: {}\r\n", "x".repeat(100)).as_bytes())?;
    }
    Ok(())
}

fn oversize_body(wire: &mut Wire<'_, TcpStream>, size: u64) -> io::Result<()> {
    let (front, back) = reply::LARGE;
    let around = (front.len() + back.len()) as u64;
    let mut filling = size.saturating_sub(around);
    wire.send(&reply::announced(200, "content-type: application/json\r\n", filling + around, front))?;
    while filling > 0 {
        let piece = filling.min(PIECE as u64);
        wire.send([b'x'; PIECE].get(..piece as usize).unwrap_or_default())?;
        filling -= piece;
    }
    wire.send(back)
}
