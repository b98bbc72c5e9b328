//! Requests that are sent before the reply to the previous one.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use wecom_core::Response;

use crate::transport::Inner;
use crate::transport::call::Call;
use crate::transport::connection::Connection;
use crate::transport::encode::Outgoing;
use crate::transport::exchange::{Failure, Limits, Stage};

/// The open connection to each server.
#[derive(Default)]
pub(crate) struct Pipelines(Mutex<HashMap<SocketAddr, Arc<Pipeline>>>);

/// A connection for several requests at a time.
struct Pipeline {
    /// The writing half, and the number of requests written.
    writer: Mutex<(Connection, usize)>,
    /// The number of the request whose reply comes next, or `None` after a failure.
    turn: Mutex<Option<usize>>,
    turned: Condvar,
    /// The reading half.
    reader: Mutex<Connection>,
    stream: TcpStream,
}

impl Pipeline {
    fn open(peer: SocketAddr, limits: Limits) -> io::Result<Self> {
        let writer = Connection::open(peer, limits.connecting)?;
        let stream = writer.stream.try_clone()?;
        let reader = Connection::over(stream.try_clone()?, peer, limits.receiving);
        Ok(Self {
            writer: Mutex::new((writer, 0)),
            turn: Mutex::new(Some(0)),
            turned: Condvar::new(),
            reader: Mutex::new(reader),
            stream,
        })
    }

    fn is_usable(&self) -> bool {
        let Some(turn) = *self.turn.lock().unwrap() else { return false };
        let writer = self.writer.lock().unwrap();
        // With a request in flight, the reply may have arrived.
        turn < writer.1 || !writer.0.is_stale()
    }

    /// Waits for the turn of a request, and returns whether it comes.
    fn wait_for_turn(&self, number: usize) -> bool {
        let turn = self.turn.lock().unwrap();
        let turn = self.turned.wait_while(turn, |turn| turn.is_some_and(|turn| turn < number)).unwrap();
        turn.is_some()
    }

    fn end_turn(&self, next: Option<usize>) {
        *self.turn.lock().unwrap() = next;
        self.turned.notify_all();
    }
}

impl Inner {
    pub(crate) fn pipelined(&self, outgoing: &Outgoing, limits: Limits, call: &Call) -> Result<Response, Failure> {
        let failure = |stage| move |error| Failure { error, is_reused: false, stage };
        let pipeline = self.pipeline(outgoing.target.server, limits).map_err(failure(Stage::Connecting))?;
        call.use_stream(&pipeline.stream).map_err(failure(Stage::Connecting))?;
        let number = {
            let (connection, requests) = &mut *pipeline.writer.lock().unwrap();
            let bytes = [self.head(outgoing), outgoing.body.clone().unwrap_or_default()].concat();
            if let Err((_, error)) = connection.write(&bytes, limits.sending) {
                pipeline.end_turn(None);
                return Err(failure(Stage::Sending)(error));
            }
            *requests += 1;
            *requests - 1
        };
        if !pipeline.wait_for_turn(number) {
            return Err(failure(Stage::Receiving)(ErrorKind::UnexpectedEof.into()));
        }
        let mut reader = pipeline.reader.lock().unwrap();
        reader.limit = limits.receiving;
        let received = self.read_reply(&mut reader, outgoing, call);
        call.release_streams();
        let is_usable = received.as_ref().is_ok_and(|received| received.keeps_alive) && !call.is_dropped();
        let has_surplus = !reader.buffer.is_empty() && number + 1 == pipeline.writer.lock().unwrap().1;
        drop(reader);
        pipeline.end_turn((is_usable && !has_surplus).then_some(number + 1));
        received.map(|received| received.reply).map_err(failure(Stage::Receiving))
    }

    fn pipeline(&self, peer: SocketAddr, limits: Limits) -> io::Result<Arc<Pipeline>> {
        let mut pipelines = self.pipelines.0.lock().unwrap();
        if let Some(pipeline) = pipelines.get(&peer).filter(|pipeline| pipeline.is_usable()) {
            return Ok(Arc::clone(pipeline));
        }
        let pipeline = Arc::new(Pipeline::open(peer, limits)?);
        pipelines.insert(peer, Arc::clone(&pipeline));
        Ok(pipeline)
    }
}
