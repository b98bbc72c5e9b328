//! HTTP/2: the task of a connection, and the tasks of the calls that share it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::client::conn::TrySendError;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{sleep_until, timeout};
use wecom_core::Delivery;

use crate::connect::Connected;
use crate::connect::origin::Origin;
use crate::exchange::body::Whole;
use crate::exchange::reply::collect;
use crate::failure;
use crate::pool::Shared;
use crate::pool::alarm::Alarm;
use crate::pool::job::{Job, Outcome, after};
use crate::pool::seat::Seat;
use crate::pool::shared_connection::Connection;

/// How long the end of a connection may take.
const CLOSING: Duration = Duration::from_secs(1);

/// Drives a connection until it ends or is idle for too long.
pub(crate) async fn serve(mut seat: Seat, connected: Connected, origin: Arc<Origin>) {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new());
    if let Some(settings) = seat.http2() {
        settings.apply_to(&mut builder);
    }
    let (sender, connection) = match builder.handshake(TokioIo::new(connected.stream)).await {
        Ok(both) => both,
        Err(error) => return seat.fail(&failure::of_request(error, true)),
    };
    let shared = Connection::new(sender, origin, connected.wire);
    for job in seat.share(shared.clone()) {
        drop(tokio::spawn(exchange(Arc::clone(seat.shared()), seat.lane(), shared.clone(), job)));
    }
    let listing = Listing { seat: &seat, connection: shared };
    let mut connection = pin!(connection);
    let mut alarm = Alarm::new();
    let has_ended = poll_fn(|context| {
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        loop {
            if !alarm.is_due(context, after(listing.connection.last_used(), seat.idle_timeout())) {
                return Poll::Pending;
            }
            if listing.seat.unshare(&listing.connection, true) {
                return Poll::Ready(false);
            }
        }
    })
    .await;
    drop(listing);
    if !has_ended {
        // Without senders it ends; however it does, it is over.
        let _ = timeout(CLOSING, connection).await;
    }
}

/// Ends the sharing of a connection when its task does.
struct Listing<'a> {
    seat: &'a Seat,
    connection: Connection,
}

impl Drop for Listing<'_> {
    fn drop(&mut self) {
        self.seat.unshare(&self.connection, false);
    }
}

/// What ended the exchange of a call.
enum End {
    Answered(Outcome),
    Unanswered(TrySendError<http::Request<Whole>>),
    TimedOut,
    Cancelled,
}

/// Sends one request and reads its reply. Spawned, so that the reply is read whatever the caller does.
pub(crate) async fn exchange(shared: Arc<Shared>, lane: u64, connection: Connection, job: Box<Job>) {
    let Job { request, limits, mut ticket } = *job;
    let (mut sender, active) = connection.split();
    let written = active.wire().mark();
    ticket.set_delivery(Delivery::Unknown);
    let path = request.uri().clone();
    let sending = sender.try_send_request(absolute(request, active.origin()));
    drop(sender);
    let mut exchange = pin!(async {
        let reply = match sending.await {
            Ok(reply) => reply,
            Err(error) => return End::Unanswered(error),
        };
        if active.note_reply() {
            shared.counts.connection_was_reused();
        }
        let (head, body) = reply.into_parts();
        End::Answered(collect(head, body, limits.reply).await)
    });
    let mut limit = pin!(sleep_until(limits.deadline));
    let end = poll_fn(|context| {
        if let Poll::Ready(end) = exchange.as_mut().poll(context) {
            return Poll::Ready(end);
        }
        if ticket.poll_cancelled(context).is_ready() {
            return Poll::Ready(End::Cancelled);
        }
        Pin::new(&mut limit).poll(context).map(|()| End::TimedOut)
    })
    .await;
    match end {
        End::Cancelled => {}
        End::Answered(outcome) => ticket.resolve(outcome),
        End::TimedOut => ticket.resolve(Err(failure::timed_out(limits.time, false))),
        End::Unanswered(mut error) => match error.take_message() {
            // The connection had ended; one that gives its first request back is no better than a new one.
            Some(mut request) if active.was_used() => {
                *request.uri_mut() = path;
                ticket.set_delivery(Delivery::NotSent);
                shared.requeue(lane, Box::new(Job { request, limits, ticket }));
            }
            given_back => {
                let is_dead = active.wire().is_gone() && active.wire().close_if_unwritten(written);
                let unwritten = given_back.is_some() || is_dead;
                ticket.resolve(Err(failure::of_request(error.into_error(), unwritten)));
            }
        },
    }
}

/// The request with the URL in full, and without the header that HTTP/2 has no use for.
fn absolute(mut request: http::Request<Whole>, origin: &Origin) -> http::Request<Whole> {
    if let Some(uri) = origin.absolute(request.uri().clone()) {
        *request.uri_mut() = uri;
    }
    if request.headers().get(http::header::HOST) == Some(origin.host()) {
        request.headers_mut().remove(http::header::HOST);
    }
    request
}
