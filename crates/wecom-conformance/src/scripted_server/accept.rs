//! Accepts connections and serves each on its own thread.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::scripted_server::connection::Connection;
use crate::scripted_server::service::Service;
use crate::scripted_server::shared::Shared;

/// The largest number of connections open at once.
const MAX_CONNECTIONS: usize = 256;

/// The delay after a failed accept.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);

/// Accepts connections until the server is stopped, and returns once all their threads have ended.
pub(crate) fn accept<S: Service>(shared: &Arc<Shared>, listener: &TcpListener, service: &Arc<S>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if shared.is_stopped() {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let stream = match accepted {
            Ok((stream, _)) if threads.len() < MAX_CONNECTIONS => stream,
            Ok(_) => continue,
            Err(_) => {
                // The process has run out of a resource, usually file descriptors. An immediate retry would fail too.
                shared.pause(ACCEPT_BACKOFF, usize::MAX);
                continue;
            }
        };
        let (number, plan) = shared.open(|| service.plan());
        let (own, service) = (Arc::clone(shared), Arc::clone(service));
        let started = start_thread(move || {
            // A client that breaks its connection is not an error of the server.
            let _ = Connection::new(stream, &own, number).and_then(|connection| service.serve(connection, plan));
            own.closed(number);
        });
        match started {
            Ok(thread) => threads.push(thread),
            Err(_) => shared.closed(number),
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Starts a thread. Returns an error where `thread::spawn` would panic.
pub(crate) fn start_thread(work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("scripted-server".to_owned()).spawn(work)
}
