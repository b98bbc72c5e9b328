//! A client on `std::net`: it sends bytes, and returns the received bytes and how the connection ended.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use wecom_conformance::{FaultServer, SocketFault};

/// The read timeout for bytes that must arrive, even on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection must be silent to count as silent.
const SILENCE: Duration = Duration::from_millis(150);

pub(crate) const OK_BODY: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// FIN.
    Closed,
    /// RST.
    Reset,
    /// Still open, and silent.
    Silent,
}

pub(crate) struct Connection(pub(crate) TcpStream);

/// Returns a server whose next connection or request meets this fault.
pub(crate) fn server_with(fault: SocketFault) -> FaultServer {
    let server = FaultServer::start().unwrap();
    server.inject(fault);
    server
}

pub(crate) fn post(path: &str, body: &str) -> String {
    format!(
        "POST /cgi-bin/{path}?access_token=canary-token HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Connection {
    pub(crate) fn to(server: &FaultServer) -> Self {
        Self(TcpStream::connect(server.address()).unwrap())
    }

    /// Connects and sends a request.
    pub(crate) fn with_request(server: &FaultServer) -> Self {
        let mut connection = Self::to(server);
        connection.send_request();
        connection
    }

    pub(crate) fn send_request(&mut self) {
        self.send(post("corpgroup/corp/get_chain_group", r#"{"chain_id":"ch1"}"#).as_bytes()).unwrap();
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Reads to the end, and returns what was received and how the connection ended.
    pub(crate) fn rest(&mut self) -> (String, End) {
        let mut received = Vec::new();
        let end = self.read_while(&mut received, TIMEOUT, |_| true);
        (String::from_utf8_lossy(&received).into_owned(), end.unwrap())
    }

    /// Whether nothing is received and the connection stays open.
    pub(crate) fn is_silent(&mut self) -> bool {
        let mut received = Vec::new();
        self.read_while(&mut received, SILENCE, |_| true) == Some(End::Silent) && received.is_empty()
    }

    /// Reads up to and including this text.
    pub(crate) fn up_to(&mut self, text: &str) -> String {
        let mut received = Vec::new();
        let end = self.read_while(&mut received, TIMEOUT, |received| !received.ends_with(text.as_bytes()));
        assert_eq!(end, None, "{}", String::from_utf8_lossy(&received));
        String::from_utf8(received).unwrap()
    }

    /// Reads this many bytes.
    pub(crate) fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut received = vec![0; count];
        self.0.set_read_timeout(Some(TIMEOUT)).unwrap();
        self.0.read_exact(&mut received).unwrap();
        received
    }

    /// Reads the next complete reply.
    pub(crate) fn reply(&mut self) -> String {
        let mut received = Vec::new();
        let end = self.read_while(&mut received, TIMEOUT, |received| !is_complete(received));
        assert_eq!(end, None, "{}", String::from_utf8_lossy(&received));
        String::from_utf8(received).unwrap()
    }

    /// Reads while `wanted` holds. Returns early when the connection ends or the read times out, and says which.
    pub(crate) fn read_while(
        &mut self,
        received: &mut Vec<u8>,
        timeout: Duration,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Option<End> {
        self.0.set_read_timeout(Some(timeout)).unwrap();
        let mut piece = vec![0; 64 * 1024];
        while wanted(received) {
            match self.0.read(&mut piece) {
                Ok(0) => return Some(End::Closed),
                Ok(read) => received.extend_from_slice(&piece[..read]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Some(End::Silent);
                }
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Some(End::Reset),
                Err(error) => panic!("{error}"),
            }
        }
        None
    }
}

fn is_complete(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    body.len() >= header(head, "content-length").map_or(0, |length| length.parse().unwrap())
}

/// Returns the value of a header of a reply.
pub(crate) fn header<'a>(reply: &'a str, name: &str) -> Option<&'a str> {
    let head = reply.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.split_once(": ").filter(|(other, _)| *other == name)).map(|(_, value)| value)
}

/// Returns the body of a reply.
pub(crate) fn body(reply: &str) -> &str {
    reply.split_once("\r\n\r\n").unwrap().1
}

#[track_caller]
pub(crate) fn assert_successful(reply: &str) {
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && body(reply) == OK_BODY, "{reply}");
}

/// Returns the outcome of one request that meets a fault, and asserts that the next request, on another connection, succeeds.
#[track_caller]
pub(crate) fn outcome_of(fault: SocketFault) -> (String, End) {
    let server = server_with(fault);
    let outcome = Connection::with_request(&server).rest();
    assert_successful(&Connection::with_request(&server).reply());
    assert_eq!(server.connections(), 2);
    outcome
}
