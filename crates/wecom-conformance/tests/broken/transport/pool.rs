//! Idle connections.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use crate::bug::Bug;
use crate::transport::Inner;
use crate::transport::connection::Connection;

#[derive(Default)]
pub(crate) struct Pool(Mutex<HashMap<SocketAddr, Vec<Connection>>>);

impl Inner {
    /// Takes an idle connection that is alive.
    pub(crate) fn take_idle(&self, peer: SocketAddr) -> Option<Connection> {
        let mut pool = self.pool.0.lock().unwrap();
        let idle = pool.get_mut(&peer)?;
        while let Some(mut connection) = idle.pop() {
            let is_usable = self.has(Bug::ReusesWithoutStaleCheck) && !connection.is_closed()
                || connection.is_trusted
                || connection.buffer.is_empty() && !connection.is_stale();
            if is_usable {
                connection.is_reused = true;
                return Some(connection);
            }
        }
        None
    }

    pub(crate) fn put_idle(&self, connection: Connection) {
        self.pool.0.lock().unwrap().entry(connection.peer).or_default().push(connection);
    }
}

impl Connection {
    /// Whether the server has closed the connection without sending anything.
    fn is_closed(&self) -> bool {
        let mut byte = [0];
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut byte));
        let is_closed = peeked.is_ok_and(|count| count == 0);
        is_closed || self.stream.set_nonblocking(false).is_err()
    }
}
