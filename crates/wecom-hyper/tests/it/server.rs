//! A server on loopback that gives each request the next of its answers, as raw bytes.

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

/// What a request is answered with, once it was read to its end.
pub(crate) enum Answer {
    /// These bytes; the connection stays.
    Bytes(String),
    /// These bytes, and the end of the connection.
    Last(String),
    /// Nothing, and the connection stays.
    Silence,
    /// These bytes, and the end of the server's side; then it waits for the client to close the other one.
    LastAndListen(String),
    /// The first bytes, and then one of the others after the other, with this pause between them, again and again.
    Dribble(String, String, Duration),
    /// These bytes, and then a kilobyte after the other for as long as they are taken.
    Endless(String),
    /// These bytes, and then the others again and again for as long as they are taken.
    EndlessOf(String, String),
}

impl Answer {
    /// A whole reply with this status and body.
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
    /// The client stopped taking an endless answer after this many bytes, those in the system's buffers included.
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

    /// As [`start`](Self::start), on a socket that is there.
    pub(crate) fn start_on(listener: TcpListener, answers: impl IntoIterator<Item = Answer>) -> Self {
        let address = listener.local_addr().unwrap();
        let answers: Arc<Mutex<VecDeque<Answer>>> = Arc::new(Mutex::new(answers.into_iter().collect()));
        let (told, events) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = told.send(Event::Accepted);
                let connection = Connection { stream, answers: Arc::clone(&answers), told: told.clone() };
                tokio::spawn(connection.serve());
            }
        });
        Self { address, events }
    }

    pub(crate) fn base_url(&self) -> BaseUrl {
        format!("http://{}/cgi-bin", self.address).parse().unwrap()
    }

    /// The next thing that happened.
    pub(crate) async fn event(&mut self) -> Event {
        let event = timeout(Duration::from_secs(20), self.events.recv()).await;
        event.expect("the server has something to tell").expect("the server is running")
    }

    /// The next request, on whichever connection.
    pub(crate) async fn request(&mut self) -> String {
        loop {
            if let Event::Request(request) = self.event().await {
                return request;
            }
        }
    }

    /// How many connections were accepted by now, which forgets all other events.
    pub(crate) fn accepted_so_far(&mut self) -> usize {
        self.events_so_far().into_iter().filter(|event| *event == Event::Accepted).count()
    }

    /// What has happened by now.
    pub(crate) fn events_so_far(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}

struct Connection {
    stream: TcpStream,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    told: UnboundedSender<Event>,
}

impl Connection {
    async fn serve(mut self) -> io::Result<()> {
        while let Some(request) = self.read_request().await? {
            let _ = self.told.send(Event::Request(request));
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
                Answer::Dribble(head, bytes, pause) => {
                    self.stream.write_all(head.as_bytes()).await?;
                    self.dribble(&bytes, pause).await;
                }
                Answer::Silence => pending().await,
                // Chunks of 1,024 bytes.
                Answer::Endless(head) => self.write_endlessly(head, format!("400\r\n{}\r\n", "x".repeat(1024))).await,
                Answer::EndlessOf(head, piece) => self.write_endlessly(head, piece).await,
            }
        }
        let _ = self.told.send(Event::Closed);
        Ok(())
    }

    async fn dribble(&mut self, bytes: &str, pause: Duration) {
        for byte in bytes.bytes().cycle() {
            if self.stream.write_all(&[byte]).await.is_err() {
                break;
            }
            sleep(pause).await;
        }
        let _ = self.told.send(Event::Closed);
    }

    async fn write_endlessly(&mut self, head: String, piece: String) {
        let mut written = 0;
        let mut next = head;
        while self.stream.write_all(next.as_bytes()).await.is_ok() {
            written += next.len();
            next.clone_from(&piece);
        }
        let _ = self.told.send(Event::Stopped(written));
    }

    /// Reads one request; `None` where the client closed the connection instead.
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
