//! A scripted HTTP/1.1 server on loopback, on its own threads. The checks run against it, and the fault server is built on it.
//!
//! A [`Service`] decides what happens to each connection and request. A [`Script`] lists the steps that the server takes for
//! one request. [`accept`] accepts connections, and [`connection`] reads requests.

mod accept;
mod backlog;
pub(crate) mod connection;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod script;
mod service;
mod shared;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use self::accept::{accept, start_thread};
use self::backlog::FullBacklog;
use self::request::RawRequest;
use self::script::Script;
pub(crate) use self::service::Service;
use self::shared::{Shared, State};

/// A server that listens on a free port of 127.0.0.1 until it is dropped.
pub(crate) struct ScriptedServer {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    _backlog: Option<FullBacklog>,
}

impl ScriptedServer {
    /// Starts a server that runs a script for each request. The function receives the request and its number, from 0.
    pub(crate) fn scripted(script: impl Fn(usize, &RawRequest) -> Script + Send + Sync + 'static) -> io::Result<Self> {
        Self::start(script)
    }

    pub(crate) fn start(service: impl Service) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let shared = Arc::new(Shared::new(listener.local_addr()?));
        let own = Arc::clone(&shared);
        let accepting = Some(start_thread(move || accept(&own, &listener, &Arc::new(service)))?);
        Ok(Self { shared, accepting, _backlog: None })
    }

    /// Starts a server to which no further connection can be established. Returns `None` on a system that accepts or refuses
    /// it.
    pub(crate) fn with_full_backlog() -> io::Result<Option<Self>> {
        let Some(backlog) = FullBacklog::new()? else { return Ok(None) };
        let shared = Arc::new(Shared::new(backlog.address));
        Ok(Some(Self { shared, accepting: None, _backlog: Some(backlog) }))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Locks and returns the record of events. The server's threads wait while the guard is held.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// Waits until the condition holds. Works on any runtime.
    pub(crate) async fn until(&self, condition: impl Fn(&State) -> bool) {
        self.shared.until(condition).await;
    }

    /// Releases the scripts that wait for [`State::released`].
    pub(crate) fn release(&self) {
        self.shared.release();
    }

    /// Closes all open connections, and returns once they are closed.
    pub(crate) fn close_connections(&self) {
        self.shared.close_connections();
    }

    /// Stops the server, and returns once all its threads have ended.
    pub(crate) fn join(&mut self) {
        self.stop();
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }

    fn stop(&self) {
        self.shared.stop();
        // Wakes the accepting thread. If connecting fails, its backlog is full, so that thread is already awake.
        let _ = TcpStream::connect_timeout(&self.shared.address, Duration::from_secs(1));
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        if self.accepting.is_some() {
            self.stop();
        }
    }
}
