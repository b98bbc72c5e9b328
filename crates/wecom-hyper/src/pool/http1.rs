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
use crate::pool::mailbox::{Letter, Mailbox};
use crate::pool::seat::Seat;
use crate::pool::state::Offer;

/// How long the end of a connection may take: TLS says goodbye.
const CLOSING: Duration = Duration::from_secs(1);

/// After this time without a call, the runtime may not have run, and may have missed that the server closed.
const UNSEEN: Duration = Duration::from_millis(1);

/// Serves calls until the connection ends, is idle for too long, or is told to close.
pub(crate) async fn serve(mut seat: Seat, connected: Connected) {
    let io = TokioIo::new(connected.stream);
    let (sender, connection) = match http1::Builder::new().handshake(io).await {
        Ok(both) => both,
        Err(error) => return seat.fail(&failure::of_request(error, true)),
    };
    let mailbox = Arc::default();
    let first = seat.connected(&mailbox);
    let worker = Worker {
        connection: Driven::new(connection),
        sender,
        wire: connected.wire,
        alarm: Alarm::new(),
        replies: 0,
        idle_since: None,
        is_kept: false,
        listing: Listing { seat, mailbox },
    };
    worker.run(first).await;
}

struct Worker {
    connection: Driven,
    sender: SendRequest<Whole>,
    wire: Arc<Wire>,
    alarm: Alarm,
    replies: u64,
    /// Since when the connection is idle, until its next call.
    idle_since: Option<Instant>,
    /// Whether the connection has been kept for a call after the one that it was opened for.
    is_kept: bool,
    /// The last field: dropping it says that the socket is closed.
    listing: Listing,
}

/// A connection of hyper, dropped as soon as it has ended: only then does it give back a request that it did not send.
struct Driven {
    connection: Option<http1::Connection<TokioIo<Stream>, Whole>>,
    latch: Latch,
    /// Whether the last poll left the connection idle, so that only a wake-up makes another one worth while.
    is_settled: bool,
}

/// How often a task polls its connection before it lets others have their turn.
const ROUNDS: usize = 16;

impl Driven {
    fn new(connection: http1::Connection<TokioIo<Stream>, Whole>) -> Self {
        Self { connection: Some(connection), latch: Latch::new(), is_settled: false }
    }

    /// Drives the connection until `step`, called after each poll of it, is ready. `step` is told whether it has ended.
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
                // The task goes on, and polls the connection again before it sleeps.
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

/// The connection as the pool knows it.
struct Listing {
    seat: Seat,
    mailbox: Arc<Mailbox>,
}

impl Listing {
    fn offer(&self) -> Offer {
        self.seat.offer(&self.mailbox)
    }
}

impl Drop for Listing {
    /// A call in the mailbox is dropped with it, which reports that the runtime has stopped.
    fn drop(&mut self) {
        self.seat.withdraw(&self.mailbox);
    }
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
                    Some(Letter::Job(job)) => match self.exchange(job).await {
                        Some(next) => next,
                        None => return,
                    },
                    Some(Letter::Close) => Offer::Close,
                    None => return,
                },
                Offer::Close => return self.close().await,
            };
        }
    }

    /// Waits for the next letter; `None` when the connection has ended.
    async fn idle(&mut self) -> Option<Letter> {
        self.is_kept = true;
        let now = Instant::now();
        self.idle_since = Some(now);
        let until = after(now, self.listing.seat.idle_timeout());
        let Self { connection, alarm, listing: Listing { seat, mailbox }, .. } = self;
        poll_fn(|context| {
            // Before the connection: the exchange polls it anyway.
            connection.latch.awake(context);
            if let Poll::Ready(letter) = mailbox.poll_take(context) {
                return Poll::Ready(Some(letter));
            }
            connection.poll_drive(context, |context, has_ended| {
                if !has_ended && !alarm.is_due(context, until) {
                    return Poll::Pending;
                }
                if !seat.withdraw(mailbox) {
                    // A letter came meanwhile. A request is given back by a connection that has ended.
                    return Poll::Ready(mailbox.take());
                }
                Poll::Ready((!has_ended).then_some(Letter::Close))
            })
        })
        .await
    }

    /// Whether the server may have closed the connection unseen. A runtime that runs looks at its sockets more often than
    /// every [`UNSEEN`]. The first use after a reply is always suspect: some servers close then, without saying so.
    fn may_be_stale(&mut self, now: Instant) -> bool {
        let idle_since = self.idle_since.take();
        self.replies == 1 || idle_since.is_some_and(|since| now.duration_since(since) >= UNSEEN)
    }

    /// Sends one request and reads its reply. `None` when the connection can't be used again.
    async fn exchange(&mut self, job: Box<Job>) -> Option<Offer> {
        let Job { request, limits, mut ticket } = *job;
        let now = Instant::now();
        if limits.deadline <= now {
            ticket.resolve(Err(failure::timed_out_unsent(limits.time)));
            return Some(self.listing.offer());
        }
        let written = self.wire.mark();
        self.wire.expect_head();
        if self.may_be_stale(now) {
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
                    // Only the connection, polled before, brings the exchange on: it needs no waker of its own.
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
                    self.listing.seat.counts().connection_was_reused();
                }
                self.replies += 1;
                self.is_kept = true;
                // Listed as idle before its caller runs, the connection is there for the caller's next call.
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
                    // A kept connection had been closed; a new one that gives its first request back is no better.
                    Some(request) if self.is_kept => {
                        ticket.set_delivery(Delivery::NotSent);
                        self.listing.seat.requeue(Box::new(Job { request, limits, ticket }));
                    }
                    given_back => {
                        let unwritten = given_back.is_some() || self.wire.close_if_unwritten(written);
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

    /// Waits until the connection is ready again, as after a reply that came before its request was sent in full.
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
        // However it ends, it is over.
        if let Some(connection) = connection.connection {
            let _ = timeout(CLOSING, connection).await;
        }
        drop(listing);
    }
}
