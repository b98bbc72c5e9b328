//! A load balancer for the callbacks: it passes each connection to a random process that accepts it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
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

async fn pass_on(client: TcpStream, ports: Vec<u16>, suspects: Suspects) {
    for port in ports {
        if let Ok(process) = TcpStream::connect(("127.0.0.1", port)).await {
            let has_answered = exchange(client, process).await;
            let mut suspects = suspects.lock().unwrap();
            if has_answered {
                suspects.remove(&port)
            } else {
                suspects.insert(port)
            };
            return;
        }
    }
}

/// Passes on the bytes of both until one of them closes its connection. Returns whether the process has answered.
async fn exchange(mut client: TcpStream, mut process: TcpStream) -> bool {
    let ((mut from_client, mut to_client), (mut from_process, mut to_process)) = (client.split(), process.split());
    let has_answered = AtomicBool::new(false);
    let answer = async {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = from_process.read(&mut bytes).await {
            has_answered.store(true, Ordering::Relaxed);
            if to_client.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = copy(&mut from_client, &mut to_process) => {}
        () = answer => {}
    }
    has_answered.load(Ordering::Relaxed)
}
