//! Decides what happens to connections and requests.

use std::io;
use std::net::TcpStream;

use crate::scripted_server::connection::Connection;
use crate::scripted_server::request::RawRequest;
use crate::scripted_server::script::Script;

/// Serves the connections of a server.
pub(crate) trait Service: Send + Sync + 'static {
    /// The plan for a connection, made when it is accepted.
    type Plan: Send + 'static;

    /// Plans a connection. Called in the order in which connections are accepted.
    fn plan(&self) -> Self::Plan;

    /// Serves a connection until it ends, on its own thread.
    fn serve(&self, connection: Connection<'_, TcpStream>, plan: Self::Plan) -> io::Result<()>;
}

/// A function from the number of a request, from 0, and the request to its script.
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
