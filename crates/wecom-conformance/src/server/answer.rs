//! What a server does for one request, step by step.

use std::io;
use std::iter;
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;

use crate::server::connection::{Connection, Stream};
use crate::server::reply;
use crate::server::request::RawRequest;
use crate::server::shared::State;

/// The steps of an answer, and what becomes of the connection after them. Without a step, nothing is answered.
pub(crate) struct Answer {
    steps: Vec<Step>,
    then: Then,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Stays,
    /// FIN.
    Closes,
    /// RST.
    Resets,
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

impl Answer {
    /// Nothing, on a connection that stays.
    pub(crate) fn nothing() -> Self {
        Self { steps: Vec::new(), then: Then::Stays }
    }

    /// These bytes, on a connection that stays.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::nothing().send(bytes)
    }

    /// A whole reply with this status and body, on a connection that stays.
    pub(crate) fn reply(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::bytes(reply::whole(status, "", body.as_ref()))
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

    pub(crate) fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    pub(crate) fn closes(self) -> Self {
        self.then(Then::Closes)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl<S: Stream> Connection<'_, S> {
    /// Answers each request until the connection has to end, and returns how it ends.
    pub(crate) fn answer_all(&mut self, answer: impl Fn(usize, &RawRequest) -> Answer) -> io::Result<Then> {
        while let Some(request) = self.request()? {
            let is_last = request.is_last();
            let answer = self.receive(request, &answer);
            let then = self.give(answer)?;
            self.answered();
            if then != Then::Stays || is_last {
                return Ok(then);
            }
        }
        Ok(Then::Closes)
    }

    /// Takes the steps of an answer.
    pub(crate) fn give(&mut self, answer: Answer) -> io::Result<Then> {
        let Answer { steps, then } = answer;
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
        Ok(then)
    }
}

impl Connection<'_, TcpStream> {
    /// Ends the connection.
    pub(crate) fn end(self, then: Then) -> io::Result<()> {
        match then {
            Then::Resets => self.reset(),
            // Dropping the socket sends FIN.
            Then::Closes | Then::Stays => Ok(()),
        }
    }
}
