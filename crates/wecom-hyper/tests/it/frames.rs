//! An HTTP/2 server that sends the frames that a test scripts.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use wecom_core::BaseUrl;

/// The first bytes of every client.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The answer to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Status 200 and this body.
    Reply(&'static str),
    /// A reply with this many headers.
    Headers(usize),
    /// `RST_STREAM` with this code.
    Reset(u32),
    /// `GOAWAY` that admits streams up to this one, with debug data.
    GoAway(u32),
    /// `GOAWAY` that admits this stream, and then its reply.
    GoAwayAndReply(&'static str),
    /// A reply, and then a `GOAWAY` while nothing is under way.
    ReplyAndGoAway(&'static str),
    /// A reply, and then no answer to any ping.
    ReplyAndDie(&'static str),
    /// No further answer, not even to a ping.
    Die,
    /// Bytes that are not a valid HTTP/2 frame.
    Garbage,
    /// The end of the connection.
    Close,
}

/// The events on the server's side, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Accepted,
    /// A request on this stream was read to its end.
    Request(u32),
    Pinged,
    /// The client announced that it closes the connection.
    GoAway,
    Closed,
}

pub(crate) struct Server {
    pub(crate) base: BaseUrl,
    events: UnboundedReceiver<Event>,
}

impl Server {
    /// Answers requests on all connections until the test's runtime ends.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/cgi-bin", listener.local_addr().unwrap()).parse().unwrap();
        let answers: Arc<Mutex<VecDeque<_>>> = Arc::new(Mutex::new(answers.into_iter().collect()));
        let (sender, events) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = sender.send(Event::Accepted);
                let connection =
                    Connection { stream, answers: Arc::clone(&answers), events: sender.clone(), is_dead: false };
                tokio::spawn(connection.serve());
            }
        });
        Self { base, events }
    }

    /// The next event except pings.
    pub(crate) async fn event(&mut self) -> Event {
        loop {
            let event = timeout(Duration::from_secs(20), self.events.recv()).await;
            let event = event.expect("the server reports an event in time").expect("the server is running");
            if event != Event::Pinged {
                return event;
            }
        }
    }

    /// Waits until the client has sent a ping.
    pub(crate) async fn pinged(mut self) {
        let pinged = async { while self.events.recv().await.is_some_and(|event| event != Event::Pinged) {} };
        timeout(Duration::from_secs(20), pinged).await.expect("the client pings");
    }

    /// The events so far except pings.
    pub(crate) fn events_so_far(&mut self) -> Vec<Event> {
        let events = std::iter::from_fn(|| self.events.try_recv().ok());
        events.filter(|event| *event != Event::Pinged).collect()
    }
}

struct Connection {
    stream: TcpStream,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    events: UnboundedSender<Event>,
    is_dead: bool,
}

impl Connection {
    async fn serve(mut self) {
        // The connection may end with an error.
        let _ = self.exchange().await;
        let _ = self.events.send(Event::Closed);
    }

    async fn exchange(&mut self) -> io::Result<()> {
        let mut preface = [0; PREFACE.len()];
        self.stream.read_exact(&mut preface).await?;
        assert_eq!(preface, PREFACE);
        self.stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await?;
            let (length, kind, flags, stream) = parse(head);
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).await?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await?,
                PING if flags & ACK == 0 => {
                    let _ = self.events.send(Event::Pinged);
                    if !self.is_dead {
                        self.stream.write_all(&frame(PING, ACK, 0, &payload)).await?;
                    }
                }
                GOAWAY => {
                    let _ = self.events.send(Event::GoAway);
                }
                HEADERS | DATA if flags & END_STREAM != 0 => {
                    let _ = self.events.send(Event::Request(stream));
                    let answer = self.answers.lock().unwrap().pop_front().expect("an answer for each request");
                    self.stream.write_all(&answer.bytes(stream)).await?;
                    match answer {
                        Answer::Die | Answer::ReplyAndDie(_) => self.is_dead = true,
                        Answer::Close => return Ok(()),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

impl Answer {
    fn bytes(self, stream: u32) -> Vec<u8> {
        let go_away = |last: u32| frame(GOAWAY, 0, 0, &[&last.to_be_bytes()[..], &[0; 4], b"canary"].concat());
        match self {
            Self::Reply(body) | Self::ReplyAndDie(body) => reply(stream, body),
            // Literal headers without indexing, with a name and a value of one letter each.
            Self::Headers(count) => {
                let head = [vec![0x88], b"\x00\x01a\x01b".repeat(count)].concat();
                frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)
            }
            Self::Reset(code) => frame(RST_STREAM, 0, stream, &code.to_be_bytes()),
            Self::GoAway(last) => go_away(last),
            Self::GoAwayAndReply(body) => [go_away(stream), reply(stream, body)].concat(),
            Self::ReplyAndGoAway(body) => [reply(stream, body), go_away(stream)].concat(),
            // A DATA frame without a stream is invalid.
            Self::Garbage => frame(DATA, 0, 0, b"canary"),
            Self::Die | Self::Close => Vec::new(),
        }
    }
}

/// Answers one request on a connection of any kind, with only the frames that a client needs.
pub(crate) fn answer_once(mut connection: impl Read + Write, body: &str) -> io::Result<()> {
    connection.read_exact(&mut [0; PREFACE.len()])?;
    connection.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    connection.flush()?;
    loop {
        let mut head = [0; 9];
        connection.read_exact(&mut head)?;
        let (length, kind, flags, stream) = parse(head);
        connection.read_exact(&mut vec![0; length])?;
        if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
            connection.write_all(&reply(stream, body))?;
            return connection.flush();
        }
    }
}

/// Status 200, which is entry 8 of the static table, and a body.
pub(crate) fn reply(stream: u32, body: &str) -> Vec<u8> {
    [frame(HEADERS, END_HEADERS, stream, &[0x88]), frame(DATA, END_STREAM, stream, body.as_bytes())].concat()
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Length, kind, flags and stream.
pub(crate) fn parse(head: [u8; 9]) -> (usize, u8, u8, u32) {
    let [a, b, c, kind, flags, stream @ ..] = head;
    (u32::from_be_bytes([0, a, b, c]) as usize, kind, flags, u32::from_be_bytes(stream))
}
