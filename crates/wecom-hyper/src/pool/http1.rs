//! The task of an HTTP/1.1 connection: takes a call, sends it, reads its reply, and takes the next.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout};
use wecom_core::{Delivery, Response, TransportError};

use crate::connect::Connected;
use crate::connect::socket::{Stream, Wire};
use crate::exchange::body::Whole;
use crate::exchange::reply::collect;
use crate::failure;
use crate::pool::alarm::Alarm;
use crate::pool::job::{Job, after};
use crate::pool::latch::Latch;
use crate::pool::mailbox::{Mailbox, Message};
use crate::pool::slot::Slot;
use crate::pool::state::Offer;

/// The time limit for closing a connection, in which TLS sends its closing alert.
const CLOSING: Duration = Duration::from_secs(1);

/// After this idle time, the runtime may not have run, and may not have noticed that the server closed the connection.
const UNSEEN: Duration = Duration::from_millis(1);

/// Serves calls until the connection ends, is idle for too long, or the pool closes it.
pub(crate) async fn serve(mut slot: Slot, connected: Connected) {
    let io = TokioIo::new(connected.stream);
    let (sender, connection) = match http1::Builder::new().handshake(io).await {
        Ok(both) => both,
        Err(error) => return slot.fail(&failure::of_request(error, true)),
    };
    let mailbox = Arc::default();
    let first = slot.connected(&mailbox);
    let worker = Worker {
        connection: Driven::new(connection),
        sender,
        wire: connected.wire,
        alarm: Alarm::new(),
        replies: 0,
        idle_since: None,
        is_kept: false,
        listing: Listing { slot, mailbox },
    };
    worker.run(first).await;
}

struct Worker {
    connection: Driven,
    sender: SendRequest<Whole>,
    wire: Arc<Wire>,
    alarm: Alarm,
    replies: u64,
    /// When the connection became idle; `None` during a call.
    idle_since: Option<Instant>,
    /// Whether the connection has been kept for a call after the one that it was opened for.
    is_kept: bool,
    /// The last field, because dropping it reports that the socket is closed.
    listing: Listing,
}

/// A connection of hyper, dropped as soon as it has ended: only then does it return a request that it did not send.
struct Driven {
    connection: Option<http1::Connection<TokioIo<Stream>, Whole>>,
    latch: Latch,
    /// Whether the last poll left the connection idle, so that it needs no other poll before a wake-up.
    is_settled: bool,
}

/// The number of times that a task polls its connection before it yields to other tasks.
const ROUNDS: usize = 16;

impl Driven {
    fn new(connection: http1::Connection<TokioIo<Stream>, Whole>) -> Self {
        Self { connection: Some(connection), latch: Latch::new(), is_settled: false }
    }

    /// Drives the connection until `step`, called after each poll of it, is ready. `step` receives whether it has ended.
    fn poll_drive<T>(
        &mut self,
        context: &mut Context<'_>,
        mut step: impl FnMut(&mut Context<'_>, bool) -> Poll<T>,
    ) -> Poll<T> {
        self.latch.awake(context);
        let mut is_settled = mem::take(&mut self.is_settled) && !self.latch.was_woken();
        for _ in 0..ROUNDS {
            if !mem::take(&mut is_settled) {
                self.latch.reset();
                self.poll_connection();
            }
            let has_ended = self.connection.is_none();
            let (output, woke_itself) = self.latch.marking_own(|| step(context, has_ended));
            if let Poll::Ready(output) = output {
                // The task continues, and polls the connection again before it sleeps.
                return Poll::Ready(output);
            }
            if !woke_itself && self.latch.may_sleep() {
                return Poll::Pending;
            }
        }
        self.latch.yield_now();
        Poll::Pending
    }

    fn poll_connection(&mut self) {
        if let Some(connection) = &mut self.connection {
            if Pin::new(connection).poll(&mut self.latch.context()).is_ready() {
                self.connection = None;
            }
        }
    }
}

/// The connection's entry in the pool.
struct Listing {
    slot: Slot,
    mailbox: Arc<Mailbox>,
}

impl Listing {
    fn offer(&self) -> Offer {
        self.slot.offer(&self.mailbox)
    }
}

impl Drop for Listing {
    /// A call in the mailbox is dropped with it, which reports that the runtime has stopped.
    fn drop(&mut self) {
        self.slot.withdraw(&self.mailbox);
    }
}

/// Whether the server may have closed the connection unnoticed, given its number of replies and its idle time. A
/// running runtime checks its sockets at intervals shorter than [`UNSEEN`]. The first reuse is always checked, because
/// some servers close a connection after its first reply without announcing it.
fn may_be_stale(replies: u64, idle: Option<Duration>) -> bool {
    replies == 1 || idle.is_some_and(|idle| idle >= UNSEEN)
}

/// What ended the exchange of a call.
enum End {
    Replied(Response),
    Unanswered(Box<TrySendError<http::Request<Whole>>>),
    BrokenOff(TransportError),
    TimedOut,
    Cancelled,
}

impl Worker {
    async fn run(mut self, first: Offer) {
        let mut next = first;
        loop {
            next = match next {
                Offer::Job(job) => match self.exchange(job).await {
                    Some(next) => next,
                    None => return,
                },
                Offer::Idle => match self.idle().await {
                    Some(Message::Job(job)) => match self.exchange(job).await {
                        Some(next) => next,
                        None => return,
                    },
                    Some(Message::Close) => Offer::Close,
                    None => return,
                },
                Offer::Close => return self.close().await,
            };
        }
    }

    /// Waits for the next message; `None` if the connection has ended.
    async fn idle(&mut self) -> Option<Message> {
        self.is_kept = true;
        let now = Instant::now();
        self.idle_since = Some(now);
        let until = after(now, self.listing.slot.idle_timeout());
        let Self { connection, alarm, listing: Listing { slot, mailbox }, .. } = self;
        poll_fn(|context| {
            // Checked before the connection, which the exchange polls anyway.
            connection.latch.awake(context);
            if let Poll::Ready(message) = mailbox.poll_take(context) {
                return Poll::Ready(Some(message));
            }
            connection.poll_drive(context, |context, has_ended| {
                if !has_ended && !alarm.is_due(context, until) {
                    return Poll::Pending;
                }
                if !slot.withdraw(mailbox) {
                    // A message arrived meanwhile. A connection that has ended returns the request in it.
                    return Poll::Ready(mailbox.take());
                }
                Poll::Ready((!has_ended).then_some(Message::Close))
            })
        })
        .await
    }

    /// Sends one request and reads its reply. Returns `None` if the connection can't be used again.
    async fn exchange(&mut self, job: Box<Job>) -> Option<Offer> {
        let Job { request, limits, mut ticket } = *job;
        let now = Instant::now();
        if limits.deadline <= now {
            ticket.resolve(Err(failure::timed_out_unsent(limits.time)));
            return Some(self.listing.offer());
        }
        let written = self.wire.mark();
        self.wire.expect_head();
        let idle = self.idle_since.take().map(|since| now.duration_since(since));
        if may_be_stale(self.replies, idle) {
            self.wire.probe_next_read();
        }
        ticket.set_delivery(Delivery::Unknown);
        self.connection.is_settled = false;
        let sending = self.sender.try_send_request(request);
        let end = {
            let Self { connection, wire, alarm, .. } = self;
            let mut exchange = pin!(async {
                let reply = match sending.await {
                    Ok(reply) => reply,
                    Err(error) => return End::Unanswered(Box::new(error)),
                };
                wire.head_arrived();
                let (head, body) = reply.into_parts();
                collect(head, body, limits.reply).await.map_or_else(End::BrokenOff, End::Replied)
            });
            poll_fn(|context| {
                connection.poll_drive(context, |context, _| {
                    // Only the connection, which was polled before, makes the exchange progress. It needs no waker.
                    if let Poll::Ready(end) = exchange.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                        return Poll::Ready(end);
                    }
                    if ticket.poll_cancelled(context).is_ready() {
                        return Poll::Ready(End::Cancelled);
                    }
                    if alarm.is_due(context, limits.deadline) {
                        return Poll::Ready(End::TimedOut);
                    }
                    Poll::Pending
                })
            })
            .await
        };
        match end {
            End::Replied(response) => {
                if self.replies > 0 {
                    self.listing.slot.counts().connection_was_reused();
                }
                self.replies += 1;
                self.is_kept = true;
                // The connection is listed as idle before the caller runs, so that the caller's next call can use it.
                self.connection.is_settled = self.sender.is_ready();
                let next = self.connection.is_settled.then(|| self.listing.offer());
                ticket.resolve(Ok(response));
                match next {
                    Some(next) => Some(next),
                    None => self.recover().await,
                }
            }
            End::Unanswered(mut error) => {
                match error.take_message() {
                    // The server had closed a reused connection. The first request of a new connection is not sent again.
                    Some(request) if self.is_kept => {
                        ticket.set_delivery(Delivery::NotSent);
                        self.listing.slot.requeue(Box::new(Job { request, limits, ticket }));
                    }
                    returned => {
                        let unwritten = returned.is_some() || self.wire.close_if_unwritten(written);
                        ticket.resolve(Err(failure::of_request(error.into_error(), unwritten)));
                    }
                }
                None
            }
            End::BrokenOff(error) => {
                ticket.resolve(Err(error));
                None
            }
            End::TimedOut => {
                let unwritten = self.wire.close_if_unwritten(written);
                ticket.resolve(Err(failure::timed_out(limits.time, unwritten)));
                None
            }
            End::Cancelled => None,
        }
    }

    /// Waits until the connection is ready again, for example after a reply that arrived before its request was sent in
    /// full.
    async fn recover(&mut self) -> Option<Offer> {
        let Self { connection, sender, .. } = self;
        let ready = poll_fn(|context| {
            connection.poll_drive(context, |context, has_ended| match has_ended {
                true => Poll::Ready(false),
                false => sender.poll_ready(context).map(|ready| ready.is_ok()),
            })
        });
        match timeout(CLOSING, ready).await {
            Ok(true) => Some(self.listing.offer()),
            _ => None,
        }
    }

    /// Ends the connection.
    async fn close(self) {
        let Self { connection, sender, listing, .. } = self;
        drop(sender);
        // The outcome does not matter.
        if let Some(connection) = connection.connection {
            let _ = timeout(CLOSING, connection).await;
        }
        drop(listing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_checked_at_its_first_reuse_and_after_an_idle_time() {
        let cases = [
            (0, None, false),
            (1, None, true),
            (1, Some(Duration::ZERO), true),
            (2, None, false),
            (2, Some(Duration::ZERO), false),
            (2, Some(UNSEEN), true),
        ];
        for (replies, idle, is_checked) in cases {
            assert_eq!(may_be_stale(replies, idle), is_checked, "{replies} replies, idle {idle:?}");
        }
    }

    #[cfg(feature = "bundled-roots")]
    #[tokio::test]
    async fn the_first_call_on_a_connection_that_has_ended_fails_unsent() {
        use tokio::net::{TcpListener, TcpStream};
        use tokio::runtime::Handle;
        use wecom_core::TransportErrorKind::ConnectionLost;

        use crate::connect::socket::Socket;
        use crate::pool::fixture::job;
        use crate::pool::state::Plan;
        use crate::{HyperTransport, Roots};

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        drop(listener.accept().await.unwrap());
        near.readable().await.unwrap();
        let (socket, wire) = Socket::new(near);

        let transport = HyperTransport::builder().roots(Roots::Bundled).build().unwrap();
        let shared = &transport.pool().0;
        let (job, mut outcome) = job("/");
        let origin = shared.lock().origin(false, "127.0.0.1:1").unwrap();
        shared.lock().submit(&Handle::current(), &origin, false, job);
        let Some(Plan::Connect { lane, .. }) = shared.lock().plan() else { panic!("the call needs a connection") };
        let connected = Connected {
            stream: Stream::Plain(socket),
            wire,
            #[cfg(feature = "http2")]
            is_http2: false,
        };
        serve(Slot::new(Arc::clone(shared), lane), connected).await;
        let error = outcome.try_recv().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (ConnectionLost, Delivery::NotSent));
    }
}
