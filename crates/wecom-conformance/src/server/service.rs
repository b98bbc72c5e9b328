//! What decides about connections and requests.

use std::io;
use std::net::TcpStream;

use crate::server::answer::Answer;
use crate::server::connection::Connection;
use crate::server::request::RawRequest;

/// What a server does with its connections.
pub(crate) trait Service: Send + Sync + 'static {
    /// What was decided about a connection when it was accepted.
    type Plan: Send + 'static;

    /// Decides about a connection; called in the order in which connections are accepted.
    fn accepted(&self) -> Self::Plan;

    /// Serves a connection to its end, on its own thread.
    fn serve(&self, connection: Connection<'_, TcpStream>, plan: Self::Plan) -> io::Result<()>;
}

/// A function that answers each request, given its number from 0.
impl<F> Service for F
where
    F: Fn(usize, &RawRequest) -> Answer + Send + Sync + 'static,
{
    type Plan = ();

    fn accepted(&self) {}

    fn serve(&self, mut connection: Connection<'_, TcpStream>, (): ()) -> io::Result<()> {
        let then = connection.answer_all(self)?;
        connection.end(then)
    }
}
