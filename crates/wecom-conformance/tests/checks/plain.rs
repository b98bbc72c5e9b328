//! A transport on `std::net` alone, a thread and a connection a call, which keeps the whole contract, unless it is told
//! to break one promise of it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use event_listener::Event;
use wecom_core::http::Headers;
use wecom_core::{Delivery, Request, Response, Transport, TransportError, TransportErrorKind as Kind, async_trait};

/// A promise that is broken, or kept badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    TakesStatusForError,
    DropsBodiesOfErrors,
    FollowsRedirects,
    LosesQuery,
    DropsHeaders,
    SendsHeadersTwice,
    SendsBodyAsText,
    SendsBodyOnGet,
    RepeatsOnStatus,
    RepeatsOnLostConnection,
    ReadsText,
    AsksForGzip,
    LosesReplyHeaders,
    JoinsReplyHeaders,
    TakesAnySize,
    IgnoresLimit,
    LimitsEachRead,
    CallsTimeoutsOther,
    TakesRefusalForReply,
    DoubtsRefusal,
    LiesNotSent,
    LiesNotSentOnBrokenReply,
    Truncates,
    KeepsConnectionWhenDropped,
    GoesOnWhenDropped,
    BlocksThread,
    FailsAfterDrop,
    MixesReplies,
    ShowsUrl,
}

#[derive(Clone, Default)]
pub(crate) struct Plain(Arc<Inner>);

#[derive(Default)]
struct Inner {
    flaw: Option<Flaw>,
    dropped: AtomicBool,
    in_flight: AtomicUsize,
    last: Mutex<Option<Response>>,
}

/// How large a reply may be.
const REPLY_LIMIT: usize = 4 * 1024 * 1024;

impl Plain {
    pub(crate) fn with(flaw: Flaw) -> Self {
        Self(Arc::new(Inner { flaw: Some(flaw), ..Inner::default() }))
    }
}

impl Inner {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }
}

#[async_trait]
impl Transport for Plain {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if self.0.has(Flaw::FailsAfterDrop) && self.0.dropped.swap(false, Ordering::SeqCst) {
            return Err(TransportError::new(Kind::ConnectionLost, Delivery::NotSent));
        }
        let call = Arc::new(Call::default());
        if self.0.has(Flaw::BlocksThread) {
            return self.0.run(&request, &call);
        }
        let (inner, shared) = (Arc::clone(&self.0), Arc::clone(&call));
        let guard = OnDrop { inner: Arc::clone(&self.0), call: Arc::clone(&call), done: false };
        thread::spawn(move || {
            let outcome = inner.run(&request, &shared);
            *shared.outcome.lock().unwrap() = Some(outcome);
            shared.done.notify(usize::MAX);
        });
        guard.outcome().await
    }
}

/// One call, shared by who waits for it and the thread that makes it.
#[derive(Default)]
struct Call {
    outcome: Mutex<Option<Result<Response, TransportError>>>,
    stream: Mutex<Option<TcpStream>>,
    done: Event,
}

struct OnDrop {
    inner: Arc<Inner>,
    call: Arc<Call>,
    done: bool,
}

impl OnDrop {
    async fn outcome(mut self) -> Result<Response, TransportError> {
        loop {
            let done = self.call.done.listen();
            let outcome = self.call.outcome.lock().unwrap().take();
            if let Some(outcome) = outcome {
                self.done = true;
                return outcome;
            }
            done.await;
        }
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        let stream = self.call.stream.lock().unwrap().take();
        let Some(stream) = stream.filter(|_| !self.done) else { return };
        self.inner.dropped.store(true, Ordering::SeqCst);
        if self.inner.has(Flaw::KeepsConnectionWhenDropped) {
            std::mem::forget(stream);
        } else if !self.inner.has(Flaw::GoesOnWhenDropped) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Inner {
    fn run(&self, request: &Request, call: &Call) -> Result<Response, TransportError> {
        let url = request.expose_url();
        let at_once = self.in_flight.fetch_add(1, Ordering::SeqCst);
        let mut outcome = self.exchange(request, &url, call);
        if self.repeats(&outcome) {
            outcome = self.exchange(request, &url, call);
        }
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        match outcome {
            Ok(reply) => self.spoil(reply, request, call, at_once),
            Err(error) if self.has(Flaw::ShowsUrl) => Err(error.with_source(format!("could not get {url}"))),
            Err(error) if self.has(Flaw::TakesRefusalForReply) && error.kind() == Kind::Connect => {
                Ok(Response::new(503, ""))
            }
            Err(error) => Err(error),
        }
    }

    fn repeats(&self, outcome: &Result<Response, TransportError>) -> bool {
        match outcome {
            Ok(reply) => self.has(Flaw::RepeatsOnStatus) && reply.status() == 503,
            Err(error) => self.has(Flaw::RepeatsOnLostConnection) && error.kind() == Kind::ConnectionLost,
        }
    }

    fn spoil(
        &self,
        reply: Response,
        request: &Request,
        call: &Call,
        others: usize,
    ) -> Result<Response, TransportError> {
        let status = reply.status();
        let mut headers = reply.headers().clone();
        let mut body = reply.body().clone();
        match self.flaw {
            Some(Flaw::TakesStatusForError) if status >= 400 => {
                return Err(TransportError::new(Kind::Other, Delivery::Unknown));
            }
            Some(Flaw::DropsBodiesOfErrors) if status >= 400 => body = "".into(),
            Some(Flaw::FollowsRedirects) if (301..400).contains(&status) => {
                let location = reply.headers().get("location").map(String::from_utf8_lossy).unwrap_or_default();
                if location.starts_with("http") {
                    return self.exchange(request, &location, call);
                }
            }
            Some(Flaw::ReadsText) => body = String::from_utf8_lossy(&body).into_owned().into(),
            Some(Flaw::LosesReplyHeaders) => headers = Headers::new(),
            Some(Flaw::JoinsReplyHeaders) => {
                let mut first = Headers::new();
                for (name, value) in headers.iter().filter(|(name, _)| *name != "Set-Cookie") {
                    first.push(name, value);
                }
                headers = first;
            }
            Some(Flaw::MixesReplies) if others > 0 => {
                if let Some(other) = self.last.lock().unwrap().replace(reply.clone()) {
                    return Ok(other);
                }
            }
            _ => {}
        }
        Ok(Response::new(status, body).with_headers(headers))
    }

    fn exchange(&self, request: &Request, url: &str, call: &Call) -> Result<Response, TransportError> {
        let limit = request.time_limit().unwrap_or(Duration::from_secs(30));
        let limit = if self.has(Flaw::IgnoresLimit) { Duration::from_secs(60) } else { limit };
        let (authority, target) = url.strip_prefix("http://").unwrap().split_at(url[7..].find('/').unwrap());
        let address: SocketAddr = authority.parse().unwrap();
        let mut stream = TcpStream::connect_timeout(&address, limit).map_err(|error| {
            let unsure = self.has(Flaw::DoubtsRefusal);
            let delivery = if unsure { Delivery::Unknown } else { Delivery::NotSent };
            TransportError::new(Kind::Connect, delivery).with_source(error)
        })?;
        *call.stream.lock().unwrap() = stream.try_clone().ok();
        let until = (!self.has(Flaw::LimitsEachRead)).then(|| Instant::now() + limit);
        stream.set_read_timeout(Some(limit)).unwrap();
        let written = stream.write_all(&self.request_bytes(request, authority, target));
        let mut reader = BufReader::new(Limited { stream, until });
        let reply = written.and_then(|()| self.read_reply(&mut reader));
        reply.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: io::Error) -> TransportError {
        let kind = match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut if self.has(Flaw::CallsTimeoutsOther) => Kind::Other,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Kind::Timeout,
            io::ErrorKind::InvalidData => Kind::Protocol,
            io::ErrorKind::FileTooLarge => Kind::ReplyTooLarge,
            _ => Kind::ConnectionLost,
        };
        let lies = match self.flaw {
            Some(Flaw::LiesNotSent) => error.kind() == io::ErrorKind::NotConnected,
            Some(Flaw::LiesNotSentOnBrokenReply) => error.kind() == io::ErrorKind::UnexpectedEof,
            _ => false,
        };
        let delivery = if lies { Delivery::NotSent } else { Delivery::Unknown };
        TransportError::new(kind, delivery).with_source(error)
    }

    fn request_bytes(&self, request: &Request, authority: &str, target: &str) -> Vec<u8> {
        let target = match target.split_once('?') {
            Some((path, _)) if self.has(Flaw::LosesQuery) => path,
            _ => target,
        };
        let mut bytes = format!("{} {target} HTTP/1.1\r\nhost: {authority}\r\n", request.method()).into_bytes();
        let times = if self.has(Flaw::SendsHeadersTwice) { 2 } else { 1 };
        for (name, value) in request.headers().filter(|_| !self.has(Flaw::DropsHeaders)) {
            for _ in 0..times {
                bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
            }
        }
        let mut body = request.body().cloned();
        match self.flaw {
            Some(Flaw::AsksForGzip) => bytes.extend_from_slice(b"accept-encoding: gzip\r\n"),
            Some(Flaw::SendsBodyAsText) => {
                body = body.map(|body| String::from_utf8_lossy(&body).into_owned().into());
            }
            Some(Flaw::SendsBodyOnGet) => body = Some(body.unwrap_or_else(|| "null".into())),
            _ => {}
        }
        if let Some(body) = body {
            bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend_from_slice(&body);
        } else {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }

    fn read_reply(&self, reader: &mut impl BufRead) -> io::Result<Response> {
        // Told apart only so that a flaw can lie about this and nothing else.
        let Some(line) = read_line(reader)? else { return Err(io::ErrorKind::NotConnected.into()) };
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status: u16 = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut headers = Headers::new();
        loop {
            let line = read_line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push(name, value);
        }
        let mut body = Vec::new();
        match self.read_body(status, &headers, reader, &mut body) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.has(Flaw::Truncates) => {}
            outcome => outcome?,
        }
        Ok(Response::new(status, body).with_headers(headers))
    }

    fn read_body(&self, status: u16, headers: &Headers, from: &mut impl BufRead, into: &mut Vec<u8>) -> io::Result<()> {
        if matches!(status, 204 | 304) {
            return Ok(());
        }
        if let Some(length) = headers.get("content-length") {
            return self.read_piece(std::str::from_utf8(length).unwrap().parse().unwrap(), from, into);
        }
        if headers.get("transfer-encoding").is_none() {
            return from.read_to_end(into).map(drop);
        }
        loop {
            let line = read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let size = usize::from_str_radix(&line, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            self.read_piece(size, from, into)?;
            read_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn read_piece(&self, size: usize, from: &mut impl BufRead, into: &mut Vec<u8>) -> io::Result<()> {
        if into.len().saturating_add(size) > REPLY_LIMIT && !self.has(Flaw::TakesAnySize) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = from.take(size as u64).read_to_end(into)?;
        if read < size { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// A line without its end; `None` at the end of the connection, and an error where it ends within the line.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if reader.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData)?;
    let line = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Some(line.to_owned()))
}

/// A socket with a limit for all reads together.
struct Limited {
    stream: TcpStream,
    until: Option<Instant>,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(until) = self.until {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left))?;
        }
        self.stream.read(buffer)
    }
}
