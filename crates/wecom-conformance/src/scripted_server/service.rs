//! What decides about connections and requests.

use std::io;
use std::net::TcpStream;

use crate::scripted_server::connection::Connection;
use crate::scripted_server::request::RawRequest;
use crate::scripted_server::script::Script;

/// What a server does with its connections.
pub(crate) trait Service: Send + Sync + 'static {
    /// What was decided about a connection when it was accepted.
    type Plan: Send + 'static;

    /// Decides about a connection; called in the order in which connections are accepted.
    fn plan(&self) -> Self::Plan;

    /// Serves a connection to its end, on its own thread.
    fn serve(&self, connection: Connection<'_, TcpStream>, plan: Self::Plan) -> io::Result<()>;
}

/// A function that answers each request, given its number from 0.
impl<F> Service for F
where
    F: Fn(usize, &RawRequest) -> Script + Send + Sync + 'static,
{
    type Plan = ();

    fn plan(&self) {}

    fn serve(&self, mut connection: Connection<'_, TcpStream>, (): ()) -> io::Result<()> {
        let after = connection.serve_requests(self)?;
        connection.end(after)
    }
}
