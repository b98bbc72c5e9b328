//! Servers that close at random moments: no call that was sent is reported as not sent, and no request is sent twice.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::yield_now;
use wecom_core::{BaseUrl, Delivery, Transport, TransportErrorKind};
use wecom_hyper::HyperTransport;

use crate::support::post;

/// The number of calls of each test, and the number of concurrent callers.
const CALLS: usize = 3400;
const CALLERS: usize = 8;

/// A seeded random number generator (xorshift).
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The number of times that the server received each request, by its number.
type Seen = Arc<Mutex<HashMap<usize, usize>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Close {
    Fin,
    Reset,
    #[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
    GoAway,
}

async fn start(close: Close, seed: u64) -> (BaseUrl, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let seen = Seen::default();
    let counted = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut random = Random(seed);
        while let Ok((stream, _)) = listener.accept().await {
            let (seen, random) = (Arc::clone(&counted), Random(random.below(u64::MAX) | 1));
            tokio::spawn(async move {
                // Connections may end with an error.
                let _ = match close {
                    Close::Fin | Close::Reset => serve_http1(stream, close, seen, random).await,
                    #[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
                    Close::GoAway => http2::serve(stream, seen, random).await,
                };
            });
        }
    });
    (base, seen)
}

/// Records the request in these bytes, which may be incomplete.
fn record(seen: &Seen, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let number = text.split("call=").nth(1).and_then(|rest| rest.split(['&', ' ', '"']).next());
    if let Some(number) = number.and_then(|number| number.parse().ok()) {
        *seen.lock().unwrap().entry(number).or_default() += 1;
    }
}

async fn serve_http1(mut stream: TcpStream, close: Close, seen: Seen, mut random: Random) -> io::Result<()> {
    // Makes dropping the stream send a reset instead of a FIN.
    if close == Close::Reset {
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    }
    let requests = random.below(6);
    for served in 0..=requests {
        let mut request = Vec::new();
        if served == requests {
            match random.below(4) {
                // Closes immediately, or after a moment in which a request may arrive.
                0 => return Ok(()),
                1 => {
                    for _ in 0..random.below(20) {
                        yield_now().await;
                    }
                    return Ok(());
                }
                // Closes in the middle of a request.
                2 => {
                    stream.read_buf(&mut request).await?;
                    record(&seen, &request);
                    return Ok(());
                }
                // Closes after the request, before or within its reply.
                _ => {
                    read_request(&mut stream, &mut request).await?;
                    record(&seen, &request);
                    let reply = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{";
                    let cut = random.below(reply.len() as u64) as usize;
                    return stream.write_all(reply.split_at(cut).0).await;
                }
            }
        }
        if !read_request(&mut stream, &mut request).await? {
            return Ok(());
        }
        record(&seen, &request);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await?;
    }
    Ok(())
}

/// Reads a request to its end, which is its body; `false` if there is none.
async fn read_request(stream: &mut TcpStream, request: &mut Vec<u8>) -> io::Result<bool> {
    while !request.ends_with(b"\"}") {
        if stream.read_buf(request).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes all calls, and compares the outcome of each with what the server received.
async fn check(transport: HyperTransport, close: Close) {
    let (base, seen) = start(close, 0x5eed).await;
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (transport, base) = (transport.clone(), base.clone());
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                for call in (caller..CALLS).step_by(CALLERS) {
                    let request = post(base.clone()).with_body(format!("{{\"a\":\"call={call}\"}}"));
                    outcomes.push((call, transport.send(request).await));
                }
                outcomes
            })
        })
        .collect();
    let (mut replies, mut unsent, mut unknown) = (0, 0, 0);
    for caller in callers {
        for (call, outcome) in caller.await.unwrap() {
            let times = seen.lock().unwrap().get(&call).copied().unwrap_or_default();
            if let Err(error) = &outcome {
                assert_ne!(error.kind(), TransportErrorKind::Timeout, "call {call} timed out: {error:?}");
            }
            match outcome.map_err(|error| error.delivery()) {
                Ok(_) => {
                    replies += 1;
                    assert_eq!(times, 1, "call {call} was answered");
                }
                Err(Delivery::NotSent) => {
                    unsent += 1;
                    assert_eq!(times, 0, "call {call} is reported as not sent");
                }
                Err(_) => {
                    unknown += 1;
                    assert!(times <= 1, "call {call} was sent {times} times");
                }
            }
        }
    }
    assert!(replies > CALLS / 4 && unknown > 0, "{replies} replies, {unsent} not sent, {unknown} unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_random_closes_each_delivery_is_correct_and_no_request_is_sent_twice() {
    check(crate::support::transport(), Close::Fin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_random_resets_each_delivery_is_correct_and_no_request_is_sent_twice() {
    check(crate::support::transport(), Close::Reset).await;
}

#[cfg(all(feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
mod http2 {
    use wecom_hyper::Http2;

    use super::*;
    use crate::frames::{PREFACE, frame, parse, reply};

    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;
    const END_STREAM: u8 = 1;
    const REFUSED_STREAM: u32 = 7;

    /// Serves some streams, refuses some, and ends the connection with a GOAWAY that excludes or admits the last stream.
    pub(super) async fn serve(mut stream: TcpStream, seen: Seen, mut random: Random) -> io::Result<()> {
        stream.read_exact(&mut [0; PREFACE.len()]).await?;
        stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
        let mut left = random.below(12);
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await?;
            let (length, kind, flags, id) = parse(head);
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await?;
            if kind == SETTINGS && flags == 0 {
                stream.write_all(&frame(SETTINGS, 1, 0, &[])).await?;
            }
            if !matches!(kind, HEADERS | DATA) || flags & END_STREAM == 0 {
                continue;
            }
            let go_away = |last: u32| frame(GOAWAY, 0, 0, &[&last.to_be_bytes()[..], &[0; 4]].concat());
            if left == 0 {
                let answer = match random.below(3) {
                    // Not processed, as the GOAWAY states.
                    0 => go_away(id - 1),
                    1 => {
                        record(&seen, &payload);
                        [reply(id, "{}"), go_away(id)].concat()
                    }
                    // Processed, without a reply.
                    _ => {
                        record(&seen, &payload);
                        go_away(id)
                    }
                };
                stream.write_all(&answer).await?;
                stream.shutdown().await?;
                // Closing with unread data would reset the connection and lose the frames.
                while stream.read(&mut [0; 1024]).await? > 0 {}
                return Ok(());
            }
            left -= 1;
            if random.below(10) == 0 {
                stream.write_all(&frame(RST_STREAM, 0, id, &REFUSED_STREAM.to_be_bytes())).await?;
                continue;
            }
            record(&seen, &payload);
            stream.write_all(&reply(id, "{}")).await?;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn with_random_goaways_each_delivery_is_correct_and_no_request_is_sent_twice() {
        let transport = crate::tls::builder().http2(Http2::required()).build().unwrap();
        check(transport, Close::GoAway).await;
    }
}
