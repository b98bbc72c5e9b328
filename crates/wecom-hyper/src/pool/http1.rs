//! The task of an HTTP/1.1 connection: takes a call, sends it, reads its reply, and takes the next.

use std::future::{Future, poll_fn};
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
use crate::pool::mailbox::{Letter, Mailbox};
use crate::pool::seat::Seat;
use crate::pool::state::Offer;

/// How long the end of a connection may take: TLS says goodbye.
const CLOSING: Duration = Duration::from_secs(1);

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
        connection: Driven(Some(connection)),
        sender,
        wire: connected.wire,
        alarm: Alarm::new(),
        has_replied: false,
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
    has_replied: bool,
    /// Whether the connection has been kept for a call after the one that it was opened for.
    is_kept: bool,
    /// The last field: dropping it says that the socket is closed.
    listing: Listing,
}

/// A connection of hyper, dropped as soon as it has ended: only then does it give back a request that it did not send.
struct Driven(Option<http1::Connection<TokioIo<Stream>, Whole>>);

impl Driven {
    /// Drives the connection, and returns whether it has ended.
    fn poll_ended(&mut self, context: &mut Context<'_>) -> bool {
        if self.0.as_mut().is_some_and(|connection| Pin::new(connection).poll(context).is_ready()) {
            self.0 = None;
        }
        self.0.is_none()
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
    Unanswered(TrySendError<http::Request<Whole>>),
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
        let until = after(Instant::now(), self.listing.seat.idle_timeout());
        let Self { connection, alarm, listing: Listing { seat, mailbox }, .. } = self;
        poll_fn(|context| {
            if let Poll::Ready(letter) = mailbox.poll_take(context) {
                return Poll::Ready(Some(letter));
            }
            let has_ended = connection.poll_ended(context);
            if !has_ended && !alarm.is_due(context, until) {
                return Poll::Pending;
            }
            if !seat.withdraw(mailbox) {
                // A letter came meanwhile. A request is given back by a connection that has ended.
                return Poll::Ready(mailbox.take());
            }
            Poll::Ready((!has_ended).then_some(Letter::Close))
        })
        .await
    }

    /// Sends one request and reads its reply. `None` when the connection can't be used again.
    async fn exchange(&mut self, job: Box<Job>) -> Option<Offer> {
        let Job { request, limits, mut ticket } = *job;
        if limits.deadline <= Instant::now() {
            ticket.resolve(Err(failure::timed_out_unsent(limits.time)));
            return Some(self.listing.offer());
        }
        let written = self.wire.mark();
        self.wire.expect_head();
        self.wire.probe_next_read();
        ticket.set_delivery(Delivery::Unknown);
        let sending = self.sender.try_send_request(request);
        let end = {
            let Self { connection, wire, alarm, .. } = self;
            let mut exchange = pin!(async {
                let reply = match sending.await {
                    Ok(reply) => reply,
                    Err(error) => return End::Unanswered(error),
                };
                wire.head_arrived();
                let (head, body) = reply.into_parts();
                collect(head, body, limits.reply).await.map_or_else(End::BrokenOff, End::Replied)
            });
            poll_fn(|context| {
                connection.poll_ended(context);
                // Only the connection, polled here, brings the exchange on: it needs no waker of its own.
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
            .await
        };
        match end {
            End::Replied(response) => {
                if self.has_replied {
                    self.listing.seat.counts().connection_was_reused();
                }
                (self.has_replied, self.is_kept) = (true, true);
                // Listed as idle before its caller runs, the connection is there for the caller's next call.
                let next = self.sender.is_ready().then(|| self.listing.offer());
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
            if connection.poll_ended(context) {
                return Poll::Ready(false);
            }
            sender.poll_ready(context).map(|ready| ready.is_ok())
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
        if let Driven(Some(connection)) = connection {
            let _ = timeout(CLOSING, connection).await;
        }
        drop(listing);
    }
}
