//! A client on `std::net` alone: it sends bytes, and says to the byte what came and how the connection ended.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use wecom_conformance::{FaultServer, SocketFault};

/// By when anything that comes at all has come, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long silence has to last to be taken for silence.
const SILENCE: Duration = Duration::from_millis(150);

pub(crate) const GOOD: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// FIN.
    Closed,
    /// RST.
    Reset,
    /// It didn't: it is there still, and silent.
    Silent,
}

pub(crate) struct Connection(pub(crate) TcpStream);

/// A server whose next connection or request meets this.
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

    /// One that has sent a request.
    pub(crate) fn asking(server: &FaultServer) -> Self {
        let mut connection = Self::to(server);
        connection.ask();
        connection
    }

    pub(crate) fn ask(&mut self) {
        self.send(post("corpgroup/corp/get_chain_group", r#"{"chain_id":"ch1"}"#).as_bytes()).unwrap();
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// All that comes, and how it ends.
    pub(crate) fn rest(&mut self) -> (String, End) {
        let mut came = Vec::new();
        let end = self.read_while(&mut came, PATIENCE, |_| true);
        (String::from_utf8_lossy(&came).into_owned(), end.unwrap())
    }

    /// Whether nothing comes, and the connection stays.
    pub(crate) fn is_silent(&mut self) -> bool {
        let mut came = Vec::new();
        self.read_while(&mut came, SILENCE, |_| true) == Some(End::Silent) && came.is_empty()
    }

    /// What comes up to these words.
    pub(crate) fn up_to(&mut self, words: &str) -> String {
        let mut came = Vec::new();
        let end = self.read_while(&mut came, PATIENCE, |came| !came.ends_with(words.as_bytes()));
        assert_eq!(end, None, "{}", String::from_utf8_lossy(&came));
        String::from_utf8(came).unwrap()
    }

    /// What comes up to this many bytes.
    pub(crate) fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut came = vec![0; count];
        self.0.set_read_timeout(Some(PATIENCE)).unwrap();
        self.0.read_exact(&mut came).unwrap();
        came
    }

    /// The next whole reply, as its head says where it ends.
    pub(crate) fn reply(&mut self) -> String {
        let mut came = Vec::new();
        let end = self.read_while(&mut came, PATIENCE, |came| !is_whole(came));
        assert_eq!(end, None, "{}", String::from_utf8_lossy(&came));
        String::from_utf8(came).unwrap()
    }

    /// Reads while this holds; says how the connection ended, or that nothing came for so long, if that was before.
    pub(crate) fn read_while(
        &mut self,
        came: &mut Vec<u8>,
        patience: Duration,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Option<End> {
        self.0.set_read_timeout(Some(patience)).unwrap();
        let mut piece = vec![0; 64 * 1024];
        while wanted(came) {
            match self.0.read(&mut piece) {
                Ok(0) => return Some(End::Closed),
                Ok(read) => came.extend_from_slice(&piece[..read]),
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

fn is_whole(came: &[u8]) -> bool {
    let text = String::from_utf8_lossy(came);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    body.len() >= header(head, "content-length").map_or(0, |length| length.parse().unwrap())
}

/// The value of a header, in the head of a reply.
pub(crate) fn header<'a>(reply: &'a str, name: &str) -> Option<&'a str> {
    let head = reply.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.split_once(": ").filter(|(other, _)| *other == name)).map(|(_, value)| value)
}

/// The body of a reply.
pub(crate) fn body(reply: &str) -> &str {
    reply.split_once("\r\n\r\n").unwrap().1
}

#[track_caller]
pub(crate) fn assert_good(reply: &str) {
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && body(reply) == GOOD, "{reply}");
}

/// What one request brings that meets a fault, to its end; and that the next, on a connection of its own, is answered well.
#[track_caller]
pub(crate) fn outcome_of(fault: SocketFault) -> (String, End) {
    let server = server_with(fault);
    let outcome = Connection::asking(&server).rest();
    assert_good(&Connection::asking(&server).reply());
    assert_eq!(server.connections(), 2);
    outcome
}
