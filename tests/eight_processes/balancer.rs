//! A load balancer for the callbacks: it passes each connection to a random process that accepts it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// The ports of the processes that run. A stopped process accepts connections and does not answer.
pub(crate) type Ports = Arc<Mutex<Vec<Option<u16>>>>;

/// The ports whose last connection ended without an answer. A stopped process is asked last.
type Suspects = Arc<Mutex<HashSet<u16>>>;

pub(crate) async fn run(listener: TcpListener, ports: Ports) {
    let suspects = Suspects::default();
    while let Ok((client, _)) = listener.accept().await {
        let mut ports: Vec<u16> = ports.lock().unwrap().iter().copied().flatten().collect();
        fastrand::shuffle(&mut ports);
        ports.sort_by_key(|port| suspects.lock().unwrap().contains(port));
        tokio::spawn(pass_on(client, ports, Arc::clone(&suspects)));
    }
}

async fn pass_on(mut client: TcpStream, ports: Vec<u16>, suspects: Suspects) {
    for port in ports {
        if let Ok(mut process) = TcpStream::connect(("127.0.0.1", port)).await {
            // An error means that the process was killed.
            let answered = copy_bidirectional(&mut client, &mut process).await.is_ok_and(|(_, answer)| answer > 0);
            let mut suspects = suspects.lock().unwrap();
            if answered {
                suspects.remove(&port)
            } else {
                suspects.insert(port)
            };
            return;
        }
    }
}
