//! The steps that the server takes for one request.

use std::io;
use std::iter;
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;

use crate::scripted_server::connection::{Connection, Stream};
use crate::scripted_server::reply;
use crate::scripted_server::request::RawRequest;
use crate::scripted_server::shared::State;

/// The steps for one request, and what happens to the connection after them. A script without steps sends nothing.
pub(crate) struct Script {
    steps: Vec<Step>,
    after: After,
}

/// What happens to a connection after a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    KeepOpen,
    /// Sends FIN.
    Close,
    /// Sends RST.
    Reset,
}

enum Step {
    /// Sends each piece, with a pause after it.
    Send(Pieces, Duration),
    Pause(Duration),
    /// Sends FIN, and keeps reading.
    CloseWriting,
    /// Reads and discards until the client closes the connection or the duration elapses.
    Hold(Duration),
    /// Waits until the condition holds or the duration elapses.
    Wait(Duration, Condition),
    /// Records whether the client has sent the next request already.
    DetectPipelining,
    /// Records how many bytes the client has sent after its request.
    DetectSurplus,
}

type Pieces = Box<dyn Iterator<Item = Bytes> + Send>;
type Condition = Box<dyn Fn(&State) -> bool + Send>;

impl Script {
    /// Sends nothing, and keeps the connection open.
    pub(crate) fn empty() -> Self {
        Self { steps: Vec::new(), after: After::KeepOpen }
    }

    /// Sends these bytes, and keeps the connection open.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::empty().send(bytes)
    }

    /// Sends a complete reply with this status and body, and keeps the connection open.
    pub(crate) fn reply(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::bytes(reply::complete(status, "", body.as_ref()))
    }

    pub(crate) fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.send_each(iter::once(bytes.into()))
    }

    pub(crate) fn send_each(self, pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        self.drip(pieces, Duration::ZERO)
    }

    /// Sends each piece, with a pause after it.
    pub(crate) fn drip(self, pieces: impl Iterator<Item = Bytes> + Send + 'static, pace: Duration) -> Self {
        self.step(Step::Send(Box::new(pieces), pace))
    }

    pub(crate) fn pause(self, duration: Duration) -> Self {
        self.step(Step::Pause(duration))
    }

    pub(crate) fn close_writing(self) -> Self {
        self.step(Step::CloseWriting)
    }

    /// Keeps the connection silent until the client closes it or the duration elapses.
    pub(crate) fn hold(self, at_most: Duration) -> Self {
        self.step(Step::Hold(at_most))
    }

    /// Waits until the condition holds or the duration elapses. Once a wait of a server has elapsed, its later waits return
    /// immediately.
    pub(crate) fn wait(self, at_most: Duration, condition: impl Fn(&State) -> bool + Send + 'static) -> Self {
        self.step(Step::Wait(at_most, Box::new(condition)))
    }

    /// Records whether the client has sent another request before this one has received its reply.
    pub(crate) fn detect_pipelining(self) -> Self {
        self.step(Step::DetectPipelining)
    }

    /// Records how many bytes the client has sent after its request.
    pub(crate) fn detect_surplus(self) -> Self {
        self.step(Step::DetectSurplus)
    }

    pub(crate) fn end(self, after: After) -> Self {
        Self { after, ..self }
    }

    pub(crate) fn close(self) -> Self {
        self.end(After::Close)
    }

    pub(crate) fn reset(self) -> Self {
        self.end(After::Reset)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl<S: Stream> Connection<'_, S> {
    /// Runs a script for each request until the connection must end, and returns how it ends.
    pub(crate) fn serve_requests(&mut self, script: impl Fn(usize, &RawRequest) -> Script) -> io::Result<After> {
        while let Some(request) = self.request()? {
            let wants_close = request.wants_close();
            let script = self.record(request, &script);
            let after = self.perform(script)?;
            self.completed();
            if after != After::KeepOpen || wants_close {
                return Ok(after);
            }
        }
        Ok(After::Close)
    }

    /// Takes the steps of a script.
    pub(crate) fn perform(&mut self, script: Script) -> io::Result<After> {
        let Script { steps, after } = script;
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
                Step::Hold(at_most) => {
                    self.count_wait();
                    self.hold(at_most)?;
                }
                Step::Wait(at_most, condition) => {
                    self.count_wait();
                    self.wait(at_most, condition);
                }
                Step::DetectPipelining => self.detect_pipelining()?,
                Step::DetectSurplus => self.detect_surplus()?,
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
