//! A listener whose clients wait until they are connected.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// The number of connections after which the system must have stopped establishing further ones.
const MOST: usize = 8;

/// How long a connection waits before the backlog counts as full. A connection on loopback takes far less than a millisecond.
const PATIENCE: Duration = Duration::from_millis(100);

/// A listener whose backlog is full of connections that nothing accepts.
pub(crate) struct FullBacklog {
    pub(crate) address: SocketAddr,
    _listener: Socket,
    _waiting: Vec<TcpStream>,
}

impl FullBacklog {
    /// Fills the backlog of a listener. Returns `None` on a system that establishes or refuses further connections.
    pub(crate) fn new() -> io::Result<Option<Self>> {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        listener.listen(0)?;
        let Some(address) = listener.local_addr()?.as_socket() else { return Ok(None) };
        let mut waiting = Vec::new();
        while waiting.len() < MOST {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => waiting.push(stream),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Ok(Some(Self { address, _listener: listener, _waiting: waiting }));
                }
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }
}
