//! A scripted server on loopback, on threads of its own: what a real transport is checked against, on any runtime.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use event_listener::Event;

use super::received::{Received, read_request};

/// How long a connection is kept that nothing happens on: beyond every limit that the checks set.
const HOLD: Duration = Duration::from_secs(10);

/// How long a reply waits for other calls: a transport may well send one after the other.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much of an endless reply there is.
pub(crate) const ENDLESS: usize = 64 * 1024 * 1024;

/// What a request is answered with, once it was read to its end.
pub(crate) enum Answer {
    /// These bytes; the connection stays.
    Bytes(Vec<u8>),
    /// These bytes, and the end of the connection.
    Last(Vec<u8>),
    /// These bytes, and nothing more, on a connection that stays.
    Stall(Vec<u8>),
    /// These bytes, and then one more every 50 ms.
    Drip(Vec<u8>),
    /// These bytes, and then pieces until [`ENDLESS`] bytes are out.
    Endless(Vec<u8>, Vec<u8>),
    /// These bytes, when so many requests have come, and to the last of them first.
    Together(usize, Vec<u8>),
}

impl Answer {
    /// A whole reply with this status and body.
    pub(crate) fn reply(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::Bytes(reply_bytes(status, "", body.as_ref()))
    }
}

/// A whole reply; `headers` are whole lines.
pub(crate) fn reply_bytes(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = match status {
        // These have no body, and so no length.
        204 | 304 => String::new(),
        _ => format!("content-length: {}\r\n", body.len()),
    };
    let mut bytes = format!("HTTP/1.1 {status} Status\r\n{headers}{length}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

type Script = dyn Fn(usize, &Received) -> Answer + Send + Sync;

/// Listens until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Box<Script>,
    log: Mutex<Log>,
    changed: Condvar,
    told: Event,
}

/// What has happened on the server's side.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) requests: Vec<Received>,
    /// How many connections the client ended while an answer was held back.
    pub(crate) given_up: usize,
    /// Whether an endless answer was taken whole.
    pub(crate) took_endless: bool,
    /// How many of the answers that wait for each other are out.
    together: usize,
    /// Whether they still wait for each other.
    impatient: bool,
    stopped: bool,
    streams: Vec<TcpStream>,
}

impl Server {
    /// Begins to listen; the script is asked for each request, with its number from 0.
    pub(crate) fn start(script: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Box::new(script),
            log: Mutex::default(),
            changed: Condvar::new(),
            told: Event::new(),
        });
        let accepting = Arc::clone(&shared);
        spawn(move || accepting.accept(&listener));
        Ok(Self { address, shared })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.shared.log()
    }

    /// Comes back when this holds.
    pub(crate) async fn until(&self, condition: impl Fn(&Log) -> bool) {
        loop {
            let told = self.shared.told.listen();
            if condition(&self.log()) {
                return;
            }
            told.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.tell(|log| {
            log.stopped = true;
            for stream in log.streams.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        // Wakes the thread that accepts, so that it sees the end.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        // Nothing in here panics between two changes that belong together.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell<T>(&self, change: impl FnOnce(&mut Log) -> T) -> T {
        let value = change(&mut self.log());
        self.changed.notify_all();
        self.told.notify(usize::MAX);
        value
    }

    /// Waits until this holds, and says whether it came to be in time.
    fn wait(&self, bound: Duration, condition: impl Fn(&Log) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.log(), bound, |log| !condition(log) && !log.stopped);
        let (log, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&log)
    }

    fn accept(self: Arc<Self>, listener: &TcpListener) {
        while let Ok((stream, _)) = listener.accept() {
            let mut log = self.log();
            if log.stopped {
                return;
            }
            log.streams.extend(stream.try_clone());
            drop(log);
            let shared = Arc::clone(&self);
            spawn(move || {
                let _ = shared.serve(&stream);
                // The log keeps a second handle, so that dropping this one would not close the connection.
                let _ = stream.shutdown(Shutdown::Both);
            });
        }
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HOLD))?;
        stream.set_write_timeout(Some(HOLD))?;
        while let Some(request) = read_request(stream)? {
            let (index, answer) = self.tell(|log| {
                let index = log.requests.len();
                let answer = (self.script)(index, &request);
                log.requests.push(request);
                (index, answer)
            });
            if !self.answer(stream, index, answer)? {
                break;
            }
        }
        Ok(())
    }

    /// Gives the answer, and says whether the connection stays.
    fn answer(&self, mut stream: &TcpStream, index: usize, answer: Answer) -> io::Result<bool> {
        match answer {
            Answer::Bytes(bytes) => stream.write_all(&bytes)?,
            Answer::Together(count, bytes) => {
                self.wait_for_others(index, count);
                stream.write_all(&bytes)?;
                self.tell(|log| log.together += 1);
            }
            Answer::Last(bytes) => {
                stream.write_all(&bytes)?;
                return Ok(false);
            }
            Answer::Stall(bytes) => {
                stream.write_all(&bytes)?;
                self.hold(stream);
                return Ok(false);
            }
            Answer::Drip(bytes) => {
                stream.write_all(&bytes)?;
                self.drip(stream);
                return Ok(false);
            }
            Answer::Endless(head, piece) => {
                stream.write_all(&head)?;
                for _ in 0..ENDLESS / piece.len().max(1) {
                    stream.write_all(&piece)?;
                }
                self.tell(|log| log.took_endless = true);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps the connection until the client ends it.
    fn hold(&self, mut stream: &TcpStream) {
        let ended = match stream.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
        };
        if ended {
            self.tell(|log| log.given_up += 1);
        }
    }

    fn drip(&self, mut stream: &TcpStream) {
        const PACE: Duration = Duration::from_millis(50);
        for _ in 0..HOLD.as_millis() / PACE.as_millis() {
            if self.wait(PACE, |log| log.stopped) || stream.write_all(b"x").is_err() {
                return;
            }
        }
    }

    fn wait_for_others(&self, index: usize, count: usize) {
        let after = (count - 1).saturating_sub(index % count);
        let round = index / count * count;
        let came = self.wait(PATIENCE, |log| {
            log.impatient || (log.requests.len() >= round + count && log.together >= round + after)
        });
        if !came {
            self.tell(|log| log.impatient = true);
        }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    thread::spawn(work);
}
