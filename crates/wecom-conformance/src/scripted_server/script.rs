//! What a server does for one request, step by step.

use std::io;
use std::iter;
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;

use crate::scripted_server::connection::{Connection, Stream};
use crate::scripted_server::reply;
use crate::scripted_server::request::RawRequest;
use crate::scripted_server::shared::State;

/// The steps of an answer, and what becomes of the connection after them. Without a step, nothing is answered.
pub(crate) struct Script {
    steps: Vec<Step>,
    after: After,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    KeepOpen,
    /// FIN.
    Close,
    /// RST.
    Reset,
}

enum Step {
    /// Sends each piece, and pauses after it.
    Send(Pieces, Duration),
    Pause(Duration),
    /// Sends FIN, and goes on reading.
    CloseWriting,
    /// Reads and discards until the client ends the connection, for no longer than this.
    Hold(Duration),
    /// Waits until the condition holds, for no longer than this.
    Wait(Duration, Condition),
}

type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;
type Condition = Box<dyn Fn(&State) -> bool + Send>;

impl Script {
    /// Nothing, on a connection that stays.
    pub(crate) fn empty() -> Self {
        Self { steps: Vec::new(), after: After::KeepOpen }
    }

    /// These bytes, on a connection that stays.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::empty().send(bytes)
    }

    /// A whole reply with this status and body, on a connection that stays.
    pub(crate) fn reply(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::bytes(reply::complete(status, "", body.as_ref()))
    }

    pub(crate) fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.send_each(iter::once(bytes.into()))
    }

    pub(crate) fn send_each(self, pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        self.drip(pieces, Duration::ZERO)
    }

    /// Sends each piece, and pauses after it.
    pub(crate) fn drip(self, pieces: impl Iterator<Item = Bytes> + Send + 'static, pace: Duration) -> Self {
        self.step(Step::Send(Box::new(pieces), pace))
    }

    pub(crate) fn pause(self, duration: Duration) -> Self {
        self.step(Step::Pause(duration))
    }

    pub(crate) fn close_writing(self) -> Self {
        self.step(Step::CloseWriting)
    }

    /// Keeps the connection silent until the client ends it, for no longer than this.
    pub(crate) fn hold(self, at_most: Duration) -> Self {
        self.step(Step::Hold(at_most))
    }

    /// Waits until the condition holds, for no longer than this; after one wait in vain, no answer of the server waits.
    pub(crate) fn wait(self, at_most: Duration, condition: impl Fn(&State) -> bool + Send + 'static) -> Self {
        self.step(Step::Wait(at_most, Box::new(condition)))
    }

    pub(crate) fn end(self, after: After) -> Self {
        Self { after, ..self }
    }

    pub(crate) fn close(self) -> Self {
        self.end(After::Close)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl<S: Stream> Connection<'_, S> {
    /// Answers each request until the connection has to end, and returns how it ends.
    pub(crate) fn serve_requests(&mut self, answer: impl Fn(usize, &RawRequest) -> Script) -> io::Result<After> {
        while let Some(request) = self.request()? {
            let wants_close = request.wants_close();
            let answer = self.record(request, &answer);
            let after = self.perform(answer)?;
            self.completed();
            if after != After::KeepOpen || wants_close {
                return Ok(after);
            }
        }
        Ok(After::Close)
    }

    /// Takes the steps of an answer.
    pub(crate) fn perform(&mut self, answer: Script) -> io::Result<After> {
        let Script { steps, after } = answer;
        for step in steps {
            match step {
                Step::Send(pieces, pace) => {
                    for piece in pieces {
                        self.send(&piece)?;
                        self.pause(pace)?;
                    }
                }
                Step::Pause(duration) => self.pause(duration)?,
                Step::CloseWriting => self.close_writing()?,
                Step::Hold(at_most) => self.hold(at_most)?,
                Step::Wait(at_most, condition) => self.wait(at_most, condition),
            }
        }
        Ok(after)
    }
}

impl Connection<'_, TcpStream> {
    /// Ends the connection.
    pub(crate) fn end(self, after: After) -> io::Result<()> {
        match after {
            After::Reset => self.reset(),
            // Dropping the socket sends FIN.
            After::Close | After::KeepOpen => Ok(()),
        }
    }
}
