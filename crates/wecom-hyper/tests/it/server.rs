//! A server on loopback that answers each request with the next of its scripted answers, as raw bytes.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};
use wecom_core::BaseUrl;

/// The answer to a request that was read to its end.
pub(crate) enum Answer {
    /// These bytes. The connection stays open.
    Bytes(String),
    /// These bytes, and then the end of the connection.
    Last(String),
    /// Nothing. The connection stays open.
    Silence,
    /// These bytes, and then the end of the server's side. The server waits until the client closes its side.
    LastAndListen(String),
    /// The first bytes, and then the bytes of the second text one by one in a loop, with this pause between them.
    Trickle(String, String, Duration),
    /// These bytes, and then chunks of a kilobyte until the client closes the connection.
    Endless(String),
    /// The first bytes, and then the second text repeatedly until the client closes the connection.
    EndlessOf(String, String),
}

impl Answer {
    /// A complete reply with this status and body.
    pub(crate) fn reply(status: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}"))
    }
}

/// The events on the server's side, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A connection was accepted.
    Accepted,
    /// A request was read: its text, head and body.
    Request(String),
    /// The client closed a connection.
    Closed,
    /// The client closed the connection of an endless answer after this many bytes, including those in system buffers.
    Stopped(usize),
}

pub(crate) struct Server {
    pub(crate) address: std::net::SocketAddr,
    events: UnboundedReceiver<Event>,
}

impl Server {
    /// Listens, and answers until the test's runtime ends.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), answers)
    }

    /// As [`start`](Self::start), on an existing socket.
    pub(crate) fn start_on(listener: TcpListener, answers: impl IntoIterator<Item = Answer>) -> Self {
        let address = listener.local_addr().unwrap();
        let answers: Arc<Mutex<VecDeque<Answer>>> = Arc::new(Mutex::new(answers.into_iter().collect()));
        let (sender, events) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = sender.send(Event::Accepted);
                let connection = Connection { stream, answers: Arc::clone(&answers), events: sender.clone() };
                tokio::spawn(connection.serve());
            }
        });
        Self { address, events }
    }

    pub(crate) fn base_url(&self) -> BaseUrl {
        format!("http://{}/cgi-bin", self.address).parse().unwrap()
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Event {
        let event = timeout(Duration::from_secs(20), self.events.recv()).await;
        event.expect("the server reports an event in time").expect("the server is running")
    }

    /// The next request on any connection.
    pub(crate) async fn request(&mut self) -> String {
        loop {
            if let Event::Request(request) = self.event().await {
                return request;
            }
        }
    }

    /// The number of connections accepted so far. Drops all other events.
    pub(crate) fn accepted_so_far(&mut self) -> usize {
        self.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count()
    }

    /// The events so far.
    pub(crate) fn events_so_far(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}

struct Connection {
    stream: TcpStream,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    events: UnboundedSender<Event>,
}

impl Connection {
    async fn serve(mut self) -> io::Result<()> {
        while let Some(request) = self.read_request().await? {
            let _ = self.events.send(Event::Request(request));
            let answer = self.answers.lock().unwrap().pop_front();
            match answer.expect("an answer for each request") {
                Answer::Bytes(bytes) => self.stream.write_all(bytes.as_bytes()).await?,
                Answer::Last(bytes) => {
                    self.stream.write_all(bytes.as_bytes()).await?;
                    return self.stream.shutdown().await;
                }
                Answer::LastAndListen(bytes) => {
                    self.stream.write_all(bytes.as_bytes()).await?;
                    self.stream.shutdown().await?;
                }
                Answer::Trickle(head, bytes, pause) => {
                    self.stream.write_all(head.as_bytes()).await?;
                    self.trickle(&bytes, pause).await;
                }
                Answer::Silence => pending().await,
                // Chunks of 1,024 bytes.
                Answer::Endless(head) => self.write_endlessly(head, format!("400\r\n{}\r\n", "x".repeat(1024))).await,
                Answer::EndlessOf(head, piece) => self.write_endlessly(head, piece).await,
            }
        }
        let _ = self.events.send(Event::Closed);
        Ok(())
    }

    async fn trickle(&mut self, bytes: &str, pause: Duration) {
        for byte in bytes.bytes().cycle() {
            if self.stream.write_all(&[byte]).await.is_err() {
                break;
            }
            sleep(pause).await;
        }
        let _ = self.events.send(Event::Closed);
    }

    async fn write_endlessly(&mut self, head: String, piece: String) {
        let mut written = 0;
        let mut next = head;
        while self.stream.write_all(next.as_bytes()).await.is_ok() {
            written += next.len();
            next.clone_from(&piece);
        }
        let _ = self.events.send(Event::Stopped(written));
    }

    /// Reads one request; `None` if the client closed the connection instead.
    async fn read_request(&mut self) -> io::Result<Option<String>> {
        let mut read = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&read);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                if body.len() >= content_length(head) {
                    return Ok(Some(text.into_owned()));
                }
            }
            if self.stream.read_buf(&mut read).await? == 0 {
                return Ok(None);
            }
        }
    }
}

fn content_length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    line.map_or(0, |length| length.parse().unwrap())
}
