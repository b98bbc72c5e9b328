//! What has to fail, and how.

use std::iter;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use wecom_core::{Delivery, TransportErrorKind};

use super::HOLD;
use super::probe::{CheckResult, Probe, describe, post};
use super::report::Verdict;
use super::wait::join_all;
use crate::scripted_server::ScriptedServer;
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// The limit that is to be kept.
const LIMIT: Duration = Duration::from_millis(400);

/// By when it has to be kept on a busy machine. The servers end what takes longer only after twice this time.
const KEPT_BY: Duration = Duration::from_secs(5);

/// How much of an endless reply there is.
const ENDLESS: usize = 64 * 1024 * 1024;

/// How fast a dripping reply comes.
const PACE: Duration = Duration::from_millis(50);

pub(crate) async fn endless_reply(probe: &Probe<'_>) -> CheckResult {
    const PIECE: &[u8] = &[b'x'; 0x4000];
    for (what, head, piece) in [
        ("in chunks", reply::chunked_head(), Bytes::from(reply::chunk(PIECE))),
        ("that announces 1 TiB", reply::declared(200, "", 1 << 40, b""), Bytes::from_static(PIECE)),
    ] {
        let server = ScriptedServer::scripted(move |_, _| {
            let pieces = iter::repeat_n(piece.clone(), ENDLESS / PIECE.len());
            Script::bytes(head.clone()).send_each(pieces).close()
        })?;
        let bound = ENDLESS / 1024 / 1024;
        let expected = format!("an error before {bound} MiB of a reply {what} were taken");
        let error = probe.delivered_error(post(server.address())?, &expected).await?;
        if server.state().completed > 0 {
            return Err(Verdict::failed(expected, format!("all of it was taken, and then {}", describe(&Err(error)))));
        }
    }
    Ok(())
}

pub(crate) async fn time_limit(probe: &Probe<'_>) -> CheckResult {
    let servers = ["is silent", "stalls in its reply", "sends a byte every 50 ms"];
    let kinds: Result<Vec<_>, _> = join_all(servers.map(|what| timeout_kind(probe, what))).await.into_iter().collect();
    match kinds?.into_iter().find(|kind| *kind != TransportErrorKind::Timeout) {
        None => Ok(()),
        Some(kind) => Err(Verdict::Warned(format!(
            "say TransportErrorKind::Timeout, by which a caller knows that the limit passed, and not {kind:?}"
        ))),
    }
}

/// The kind of the error after the limit, from a server that does this.
async fn timeout_kind(probe: &Probe<'_>, what: &'static str) -> Result<TransportErrorKind, Verdict> {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{";
    let server = ScriptedServer::scripted(move |_, _| match what {
        "is silent" => Script::empty().hold(HOLD).close(),
        "stalls in its reply" => Script::bytes(HEAD).hold(HOLD).close(),
        _ => {
            let times = HOLD.as_millis() / PACE.as_millis();
            Script::bytes(HEAD).drip((0..times).map(|_| Bytes::from_static(b"x")), PACE).close()
        }
    })?;
    let expected = format!("an error after the request's limit of {LIMIT:?}, from a server that {what}");
    let began = now();
    let error = probe.delivered_error(post(server.address())?.with_time_limit(LIMIT), &expected).await?;
    let took = now().saturating_duration_since(began);
    if took > KEPT_BY {
        return Err(Verdict::failed(expected, format!("after {took:.1?}, {}", describe(&Err(error)))));
    }
    Ok(error.kind())
}

fn now() -> Instant {
    Instant::now()
}

pub(crate) async fn refused_connection(probe: &Probe<'_>) -> CheckResult {
    // A client's port: nobody listens there, and while it is held nobody else can come to.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let holder = TcpStream::connect(listener.local_addr()?)?;
    let address = holder.local_addr()?;
    let error = probe.error(post(address)?, "an error, from an address where nobody listens").await?;
    if error.delivery() == Delivery::NotSent {
        return Ok(());
    }
    Err(Verdict::Warned(
        "say Delivery::NotSent, so that any call may be sent again; Unknown is right, but lets no import be repeated"
            .to_owned(),
    ))
}

pub(crate) async fn lost_connection(probe: &Probe<'_>) -> CheckResult {
    const EXPECTED: &str = "an error, from a server that reads the request and closes the connection";
    let fresh = ScriptedServer::scripted(|_, _| Script::empty().close())?;
    probe.delivered_error(post(fresh.address())?, EXPECTED).await?;

    let reused = ScriptedServer::scripted(|index, _| match index {
        0 => Script::reply(200, "{}"),
        _ => Script::empty().close(),
    })?;
    probe.reply(post(reused.address())?, "Ok with status 200").await?;
    probe.delivered_error(post(reused.address())?, EXPECTED).await?;
    Ok(())
}

pub(crate) async fn broken_reply(probe: &Probe<'_>) -> CheckResult {
    for (what, bytes) in [
        ("breaks off in its head", "HTTP/1.1 200 OK\r\ncontent-le"),
        ("breaks off in its body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"errcode\":0}"),
        ("breaks off before its body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"),
        ("breaks off in a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"errcode\":0}"),
        ("lacks its last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{\"errcode\":0}\r\n"),
        ("is not HTTP", "\0\u{1}\u{2}\u{3} this is something else\r\n\r\n{\"errcode\":0}"),
    ] {
        let server = ScriptedServer::scripted(move |_, _| Script::bytes(bytes).close())?;
        probe.delivered_error(post(server.address())?, &format!("an error, for a reply that {what}")).await?;
    }
    Ok(())
}
