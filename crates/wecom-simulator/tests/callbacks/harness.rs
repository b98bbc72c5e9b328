//! A receiver on a socket with scripted answers, and a server that sends to it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use wecom_callback::{Callback, CallbackKeys, ChainChange, ChangeChain, Channel, Event, Receiver};
use wecom_simulator::{CallbackAttempt, CallbackOutcome, CallbackUrl, Simulator, SimulatorServer};
use wecom_upstream::{ChainId, GroupId};

pub(crate) const TOKEN: &str = "QDG6eK";
pub(crate) const AES_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
/// Longer than any pause of a loaded machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// A time limit that a test waits for.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

pub(crate) fn keys() -> CallbackKeys {
    CallbackKeys::new(TOKEN, AES_KEY).unwrap()
}

pub(crate) fn receiver() -> Receiver {
    Receiver::new(Channel::app(keys(), "wwyunzao"))
}

pub(crate) fn dealers() -> ChainId {
    ChainId::new("ChDealers")
}

/// Makes the event that [`renamed`] returns.
pub(crate) fn rename(simulator: &Simulator, group: i64) {
    simulator.admin().rename_group(&dealers(), GroupId::new(group), "新名").unwrap();
}

pub(crate) fn renamed(group: i64) -> Event {
    Event::ChangeChain(ChangeChain::new(dealers(), ChainChange::UpdateGroup(vec![GroupId::new(group)])))
}

/// A request that the receiver got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// The path with the query.
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').unwrap().1
    }

    pub(crate) fn callback(&self) -> Callback {
        assert_eq!(self.method, "POST");
        receiver().open(self.query(), &self.body, now()).unwrap()
    }

    /// The answer to a URL check.
    pub(crate) fn echo(&self) -> String {
        receiver().verify_url(self.query(), now()).unwrap().into_body()
    }
}

#[allow(clippy::disallowed_methods, reason = "a receiver reads the clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// The answer of the receiver to a request.
pub(crate) enum Answer {
    /// The correct answer: status 200, and the echo for a URL check.
    Right,
    Status(u16),
    /// Bytes instead of an HTTP response.
    Bytes(&'static [u8]),
    /// The correct status and an endless body.
    Endless,
    Close,
    Hang,
}

/// A receiver on loopback.
pub(crate) struct ScriptedReceiver {
    pub(crate) url: String,
    received: mpsc::UnboundedReceiver<Received>,
}

impl ScriptedReceiver {
    /// The script returns the answer to a request, given its number from 0.
    pub(crate) async fn start(script: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        let (sender, received) = mpsc::unbounded_channel();
        let script = Arc::new(script);
        tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (sender, script) = (sender.clone(), Arc::clone(&script));
                tokio::spawn(async move {
                    let request = read(&mut stream).await;
                    let answer = script(number, &request);
                    let _ = sender.send(request.clone());
                    respond(stream, &request, answer).await;
                });
            }
        });
        Self { url, received }
    }

    pub(crate) async fn next(&mut self) -> Received {
        tokio::time::timeout(LONG, self.received.recv()).await.unwrap().unwrap()
    }

    /// Returns the event of the next request.
    pub(crate) async fn next_event(&mut self) -> Event {
        self.next().await.callback().event()
    }
}

/// Reads the head, and the body by its length.
async fn read(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut words = head.split(' ').map(str::to_owned);
            let (method, target) = (words.next().unwrap(), words.next().unwrap());
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Received { method, target, body: body.as_bytes().to_vec() };
            }
        }
        let mut more = [0; 4096];
        let count = stream.read(&mut more).await.unwrap();
        assert!(count > 0, "the request ended early: {text}");
        bytes.extend_from_slice(&more[..count]);
    }
}

async fn respond(mut stream: TcpStream, request: &Received, answer: Answer) {
    let http = |status: u16, body: &str| {
        format!("HTTP/1.1 {status} status\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let bytes = match answer {
        Answer::Right if request.method == "GET" => http(200, &request.echo()),
        Answer::Right => http(200, ""),
        Answer::Status(status) => http(status, ""),
        Answer::Bytes(bytes) => bytes.to_vec(),
        Answer::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
            return;
        }
        Answer::Close => return,
        Answer::Hang => {
            // Until the sender gives up.
            let _ = stream.read(&mut [0; 16]).await;
            return;
        }
    };
    let _ = stream.write_all(&bytes).await;
}

/// The attempts that a server reports.
pub(crate) struct Attempts(mpsc::UnboundedReceiver<CallbackAttempt>);

impl Attempts {
    pub(crate) async fn next(&mut self) -> CallbackAttempt {
        tokio::time::timeout(LONG, self.0.recv()).await.unwrap().unwrap()
    }

    pub(crate) async fn outcomes<const N: usize>(&mut self) -> [CallbackOutcome; N] {
        let mut outcomes = [CallbackOutcome::Accepted; N];
        for outcome in &mut outcomes {
            *outcome = self.next().await.outcome;
        }
        outcomes
    }
}

/// A URL with pauses that a test need not wait for, and time limits that no loaded machine exceeds.
pub(crate) fn url(url: &str) -> CallbackUrl {
    let url = CallbackUrl::new(url, keys()).unwrap();
    let url = url.pause(Duration::from_millis(1)).check_interval(Duration::from_millis(1));
    url.time_limit(LONG).check_time_limit(LONG)
}

/// Runs a server that sends to these URLs. Returns its base URL too.
pub(crate) async fn serve(simulator: &Simulator, urls: impl IntoIterator<Item = CallbackUrl>) -> (String, Attempts) {
    let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), simulator.clone()).await.unwrap();
    let address = server.address().to_string();
    let (sender, attempts) = mpsc::unbounded_channel();
    let server = server.on_callback(move |attempt| {
        let _ = sender.send(attempt.clone());
    });
    let server = urls.into_iter().fold(server, SimulatorServer::callback);
    tokio::spawn(server.run(std::future::pending()));
    (address, Attempts(attempts))
}

/// Sends a request to a server, and returns everything that it answers.
pub(crate) async fn send(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}
