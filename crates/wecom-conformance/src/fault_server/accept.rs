//! The server's threads, and what they share.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use event_listener::Event;

use super::fault::SocketFault;
use super::request::{ReceivedRequest, Requests};
use super::script::Script;
use super::strike::serve;

/// How many connections there may be at once.
const MOST_CONNECTIONS: usize = 256;

/// How long it waits after a connection could not be taken, and how long for connections to close.
const RESPITE: Duration = Duration::from_millis(20);
const FAREWELL: Duration = Duration::from_secs(2);

pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    #[cfg(feature = "fault-server-tls")]
    pub(crate) identity: super::tls::Identity,
    state: Mutex<State>,
    changed: Condvar,
    told: Event,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) script: Script,
    pub(crate) requests: Requests,
    pub(crate) connections: usize,
    pub(crate) ended_by_client: usize,
    pub(crate) stopped: bool,
    open: BTreeSet<usize>,
    /// Which connections are to be closed: all up to the one of this number.
    closed_up_to: usize,
}

impl Shared {
    pub(crate) fn new(
        address: SocketAddr,
        #[cfg(feature = "fault-server-tls")] identity: super::tls::Identity,
    ) -> Self {
        Self {
            address,
            #[cfg(feature = "fault-server-tls")]
            identity,
            state: Mutex::default(),
            changed: Condvar::new(),
            told: Event::new(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.state());
        self.changed.notify_all();
        self.told.notify(usize::MAX);
        value
    }

    /// Comes back when this holds.
    pub(crate) async fn until(&self, condition: impl Fn(&State) -> bool) {
        loop {
            let told = self.told.listen();
            if condition(&self.state()) {
                return;
            }
            told.await;
        }
    }

    pub(crate) fn close_connections(&self) {
        let last = self.change(|state| {
            state.closed_up_to = state.connections;
            state.closed_up_to
        });
        self.wait(FAREWELL, |state| state.open.first().is_none_or(|&oldest| oldest > last));
    }

    /// Whether a connection has to end.
    pub(crate) fn is_over(&self, connection: usize) -> bool {
        self.state().is_over(connection)
    }

    /// Lets time pass on a connection, and says whether it is to go on.
    pub(crate) fn pause(&self, duration: Duration, connection: usize) -> bool {
        !self.wait(duration, |state| state.is_over(connection))
    }

    /// Remembers a request, and says what it meets and how it is answered where it meets nothing.
    pub(crate) fn receive(&self, request: ReceivedRequest) -> (SocketFault, Bytes) {
        self.change(|state| {
            let good = state.script.good(&request);
            state.requests.add(request);
            (state.script.at_request(), good)
        })
    }

    /// Waits until this holds, but no longer than the bound; says whether it does.
    fn wait(&self, bound: Duration, condition: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), bound, |state| !condition(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&state)
    }
}

impl State {
    fn is_over(&self, connection: usize) -> bool {
        self.stopped || connection <= self.closed_up_to
    }
}

/// Takes connections until the server is stopped, and comes back when all their threads have ended.
pub(crate) fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if shared.state().stopped {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let stream = match accepted {
            Ok((stream, _)) if threads.len() < MOST_CONNECTIONS => stream,
            Ok(_) => continue,
            Err(_) => {
                // The system is out of something, files mostly: asked again at once, it would only say so again.
                shared.pause(RESPITE, usize::MAX);
                continue;
            }
        };
        let (connection, fault) = shared.change(|state| {
            state.connections += 1;
            state.open.insert(state.connections);
            (state.connections, state.script.at_connection())
        });
        let own = Arc::clone(shared);
        let started = start_thread(move || {
            // What a client does to its connection is its own affair.
            let _ = serve(&own, stream, connection, &fault);
            own.change(|state| state.open.remove(&connection));
        });
        match started {
            Ok(thread) => threads.push(thread),
            Err(_) => {
                shared.change(|state| state.open.remove(&connection));
            }
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Starts a thread, or says that there is none to be had, which `thread::spawn` makes a panic of. It belongs to a server that
/// runs beside whatever runtime the client has, and is joined when the server is dropped.
pub(crate) fn start_thread(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("fault-server".to_owned()).spawn(work)
}
