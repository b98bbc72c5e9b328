//! One request and its reply.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use wecom_core::{Delivery, Response, TransportError, TransportErrorKind as Kind};

use crate::bug::Bug;
use crate::transport::call::{Call, Outcome};
use crate::transport::connection::{Connection, Limit, is_timeout};
use crate::transport::decode::Received;
use crate::transport::encode::Outgoing;
use crate::transport::{DEFAULT_LIMIT, Inner};

/// A failed exchange.
pub(crate) struct Failure {
    pub(crate) error: io::Error,
    /// Whether the connection was reused.
    pub(crate) is_reused: bool,
    /// The progress before the failure.
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Connecting,
    /// A part of the request is sent.
    Sending,
    Receiving,
}

/// The time limits of one attempt.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connecting: Limit,
    pub(crate) sending: Limit,
    pub(crate) receiving: Limit,
}

impl Inner {
    pub(crate) fn limits(&self, method: &str, limit: Option<Duration>) -> Limits {
        let limit = self.limit(method, limit.unwrap_or(DEFAULT_LIMIT));
        let deadline = Instant::now().checked_add(limit).map_or(Limit::Never, Limit::Deadline);
        let all = |limit| Limits { connecting: limit, sending: limit, receiving: limit };
        match () {
            () if self.has(Bug::IgnoresLimit) => all(Limit::Never),
            () if self.has(Bug::IgnoresLimitOfGet) && method == "GET" => all(Limit::Never),
            () if self.has(Bug::RoundsLimitDown) && limit.as_millis() == 0 => all(Limit::Never),
            () if self.has(Bug::ReadsZeroAsNoLimit) && limit.is_zero() => all(Limit::Never),
            () if self.has(Bug::LimitsEachRead) => all(Limit::Each(limit)),
            () if self.has(Bug::LimitsReceivingOnly) => Limits { sending: Limit::Never, ..all(deadline) },
            () if self.has(Bug::ConnectsWithoutLimit) => Limits { connecting: Limit::Never, ..all(deadline) },
            () => all(deadline),
        }
    }

    /// Applies the bugs that change a time limit.
    fn limit(&self, method: &str, limit: Duration) -> Duration {
        const SHORT: Duration = Duration::from_millis(300);
        const MOST: Duration = Duration::from_millis(1800);
        match self.bug {
            Some(Bug::MultipliesLimit(factor)) => limit.saturating_mul(factor),
            Some(Bug::MultipliesLimitOf(of, factor)) if of == method => limit.saturating_mul(factor),
            Some(Bug::ExtendsLimit(by)) => limit.saturating_add(by),
            Some(Bug::RoundsLimitUp) if limit.subsec_nanos() > 0 => {
                Duration::from_secs(limit.as_secs().saturating_add(1))
            }
            Some(Bug::RaisesShortLimits) if limit < SHORT => DEFAULT_LIMIT,
            Some(Bug::ShortensLimit) => limit.min(MOST),
            _ => limit,
        }
    }

    pub(crate) fn exchange(&self, outgoing: &Outgoing, limits: Limits, call: &Arc<Call>) -> Result<Response, Failure> {
        let peer = self.peer(outgoing.target.server);
        if self.is_secured(outgoing.target.server) {
            return Err(handshake(peer, limits));
        }
        if self.has(Bug::Pipelines) {
            return self.pipelined(outgoing, limits, call);
        }
        let mut connection = self.connect(peer, limits, call)?;
        let is_reused = connection.is_reused;
        let failure = |stage| move |error| Failure { error, is_reused, stage };
        let sent = self.send(&mut connection, outgoing, limits);
        if let Err((written, error)) = sent {
            // The server may have replied before it had read the whole request.
            let stage = if written > 0 { Stage::Sending } else { Stage::Connecting };
            return Err(failure(stage)(error));
        }
        connection.limit = limits.receiving;
        let received = self.read_reply(&mut connection, outgoing, call);
        self.keep_or_close(connection, &received, call);
        received.map(|received| received.reply).map_err(failure(Stage::Receiving))
    }

    fn connect(&self, peer: SocketAddr, limits: Limits, call: &Arc<Call>) -> Result<Connection, Failure> {
        let failed = |error| Failure { error, is_reused: false, stage: Stage::Connecting };
        let idle = self.take_idle(peer).filter(|_| !self.has(Bug::LeaksConnections));
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open(peer, limits.connecting).map_err(failed)?,
        };
        if self.has(Bug::OpensSpareConnections) {
            if let Ok(spare) = Connection::open(peer, limits.connecting) {
                self.put_idle(spare);
            }
        }
        call.use_stream(&connection.stream).map_err(failed)?;
        connection.interrupted_by = self.has(Bug::PoolsDroppedConnections).then(|| Arc::clone(call));
        Ok(connection)
    }

    fn send(&self, connection: &mut Connection, outgoing: &Outgoing, limits: Limits) -> Result<(), (usize, io::Error)> {
        let head = self.head(outgoing);
        connection.write(&head, limits.sending)?;
        let written = |(written, error)| (head.len() + written, error);
        if self.waits_for_continue(outgoing) {
            connection.limit = limits.sending;
            let line = connection.line(1024).map_err(|error| written((0, error)))?;
            if line.is_some_and(|line| line.starts_with(b"HTTP/1.1 100")) {
                let _ = connection.line(1024);
            }
        }
        connection.write(outgoing.body.as_deref().unwrap_or_default(), limits.sending).map_err(written)
    }

    /// Returns a connection to the pool if it can be used again.
    fn keep_or_close(&self, mut connection: Connection, received: &io::Result<Received>, call: &Call) {
        call.release_streams();
        let has_surplus = !connection.buffer.is_empty();
        connection.is_trusted = match received {
            Ok(_) => has_surplus && self.has(Bug::PoolsWithSurplusBytes),
            Err(error) if error.kind() == ErrorKind::Interrupted => self.has(Bug::PoolsDroppedConnections),
            Err(error) if is_timeout(error) => self.has(Bug::PoolsAfterTimeout),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => self.has(Bug::PoolsAfterLargeReply),
            Err(error) if error.kind() == ErrorKind::InvalidData => self.has(Bug::PoolsAfterBrokenChunk),
            Err(_) => false,
        };
        let is_complete = received.as_ref().is_ok_and(|received| received.keeps_alive) && !call.is_dropped();
        let is_kept = connection.is_trusted || is_complete && !has_surplus;
        let is_leaked = match received {
            Ok(_) if self.has(Bug::LeaksEveryThirdConnection) => self.replies.fetch_add(1, Ordering::SeqCst) % 3 == 0,
            Ok(_) => self.has(Bug::LeaksConnections),
            Err(error) if is_timeout(error) => self.has(Bug::LeaksAfterTimeout),
            Err(error) if error.kind() == ErrorKind::NotConnected => self.has(Bug::LeaksAfterLostConnection),
            Err(error) if error.kind() == ErrorKind::InvalidData => self.has(Bug::LeaksAfterBrokenReply),
            Err(error) => error.kind() == ErrorKind::FileTooLarge && self.has(Bug::LeaksAfterLargeReply),
        };
        if is_leaked {
            self.leaked.lock().unwrap().push(connection.stream);
        } else if is_kept {
            self.put_idle(connection);
        }
    }

    pub(crate) fn transport_error(&self, failure: Failure, outgoing: &Outgoing) -> TransportError {
        let Failure { error, stage, .. } = failure;
        let kind = match error.kind() {
            _ if is_timeout(&error) && self.has(Bug::ReportsTimeoutsAsOther) => Kind::Other,
            _ if is_timeout(&error) => Kind::Timeout,
            _ if stage == Stage::Connecting => Kind::Connect,
            ErrorKind::InvalidData => Kind::Protocol,
            ErrorKind::FileTooLarge => Kind::ReplyTooLarge,
            _ => Kind::ConnectionLost,
        };
        let lies = match error.kind() {
            _ if stage == Stage::Sending => self.has(Bug::ReportsPartialRequestsAsNotSent),
            _ if stage == Stage::Connecting => true,
            _ if is_timeout(&error) => self.has(Bug::ReportsTimeoutsAsNotSent),
            _ if outgoing.method == "GET" && self.has(Bug::ReportsGetAsNotSent) => true,
            ErrorKind::NotConnected | ErrorKind::ConnectionReset => self.has(Bug::ReportsLostConnectionsAsNotSent),
            _ => self.has(Bug::ReportsBrokenRepliesAsNotSent),
        };
        let is_doubtful = stage == Stage::Connecting && self.has(Bug::ReportsRefusalAsUnknown);
        let delivery = if lies && !is_doubtful { Delivery::NotSent } else { Delivery::Unknown };
        let url = outgoing.target.url();
        let source = match self.bug {
            Some(Bug::ShowsUrl) => format!("request to {url} failed: {error}"),
            Some(Bug::ShowsEncodedUrl) => {
                let encoded: String = url.bytes().map(|byte| format!("%{byte:02x}")).collect();
                format!("request to {encoded} failed: {error}")
            }
            _ => error.to_string(),
        };
        TransportError::new(kind, delivery).with_source(source)
    }

    /// Applies the bugs that change a reply.
    pub(crate) fn returned_reply(&self, reply: Response) -> Outcome {
        let status = reply.status();
        match status {
            500.. => drop(self.failures.fetch_add(1, Ordering::SeqCst)),
            _ => self.failures.store(0, Ordering::SeqCst),
        }
        let is_unknown = self.has(Bug::RejectsUnknownStatuses) && status >= 512
            || self.has(Bug::RejectsInvalidStatuses) && status >= 900;
        if is_unknown || self.has(Bug::ReturnsErrorForStatus) && status >= 400 {
            return Err(TransportError::new(Kind::Other, Delivery::Unknown));
        }
        let headers = if self.has(Bug::DropsReplyHeaders) { <_>::default() } else { reply.headers().clone() };
        let body = match self.has(Bug::DropsBodiesOfErrors) && status >= 400 {
            true => Default::default(),
            false => reply.body().clone(),
        };
        Ok(Response::new(status, body).with_headers(headers))
    }
}

/// Begins a TLS handshake, which no server of the suite answers.
fn handshake(peer: SocketAddr, limits: Limits) -> Failure {
    const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03";
    let result = Connection::open(peer, limits.connecting).and_then(|mut connection| {
        connection.write(CLIENT_HELLO, limits.sending).map_err(|(_, error)| error)?;
        connection.fill()
    });
    let error = result.err().unwrap_or_else(|| io::Error::other("the server does not speak TLS"));
    Failure { error, is_reused: false, stage: Stage::Connecting }
}
