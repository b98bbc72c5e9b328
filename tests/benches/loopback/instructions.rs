//! Counts the instructions of a call with callgrind, at 1 and at 64 calls in flight: the difference between two runs of
//! different length, divided by the difference in calls. The server is another process and is not counted.
//!
//! `cargo bench -p wecom-tests --bench instructions` prints the table. It needs `valgrind`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod clients;

use std::env;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};

use wecom_tests::bench_server::BenchServer;

use crate::clients::{BareHyper, HandWritten, RawSocket, Reqwest, get_chain_group, plain, replies, resilient};

const CLIENTS: [&str; 6] =
    ["raw socket", "bare hyper connection", "hyper-util by hand", "wecom", "wecom, resilient", "reqwest"];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve(),
        ["call", client, url, calls, in_flight] => {
            call(client, url.to_owned().leak(), calls.parse().unwrap(), in_flight.parse().unwrap());
        }
        _ => print_table(),
    }
}

/// Serves until its standard input ends, and prints the base URL first.
fn serve() {
    let server = BenchServer::start(replies());
    println!("{}", server.base_url());
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// Makes this number of calls in all, `in_flight` at a time.
fn call(client: &str, url: &'static str, calls: u32, in_flight: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let task = tasks_of(client, url);
        let tasks: Vec<_> = (0..in_flight).map(|_| tokio::spawn(task(calls / in_flight))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// A task that makes this number of calls, one after another.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The tasks of a client. Those without a pool have a connection each.
fn tasks_of(client: &str, url: &'static str) -> Box<dyn Fn(u32) -> Task> {
    match client {
        "raw socket" => tasks(move |calls| async move {
            let mut client = RawSocket::connect(url).await;
            for _ in 0..calls {
                client = client.get_chain_group().await;
            }
        }),
        "bare hyper connection" => tasks(move |calls| async move {
            let mut client = BareHyper::connect(url).await;
            for _ in 0..calls {
                client = client.get_chain_group().await;
            }
        }),
        "hyper-util by hand" => of_pool(HandWritten::new(url), |client, calls| async move {
            for _ in 0..calls {
                client.clone().get_chain_group().await;
            }
        }),
        "reqwest" => of_pool(Reqwest::new(url), |client, calls| async move {
            for _ in 0..calls {
                client.clone().get_chain_group().await;
            }
        }),
        ours => of_pool(if ours == "wecom" { plain(url) } else { resilient(url) }, |client, calls| async move {
            for _ in 0..calls {
                get_chain_group(client.clone()).await;
            }
        }),
    }
}

fn tasks<F: Future<Output = ()> + Send + 'static>(task: impl Fn(u32) -> F + 'static) -> Box<dyn Fn(u32) -> Task> {
    Box::new(move |calls| Box::pin(task(calls)))
}

/// The tasks of a client whose clones share its connections.
fn of_pool<C: Clone + 'static, F: Future<Output = ()> + Send + 'static>(
    client: C,
    task: impl Fn(C, u32) -> F + 'static,
) -> Box<dyn Fn(u32) -> Task> {
    tasks(move |calls| task(client.clone(), calls))
}

fn print_table() {
    let (mut server, url) = start_server();
    println!("{:24} {:>12} {:>12}", "instructions a call", "1 in flight", "64 in flight");
    for client in CLIENTS {
        let each = [1, 64].map(|in_flight| instructions_a_call(client, &url, in_flight));
        println!("{client:24} {:>12} {:>12}", each[0], each[1]);
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

fn instructions_a_call(client: &str, url: &str, in_flight: u64) -> u64 {
    /// Multiples of the numbers in flight.
    const FEW: u64 = 256;
    const MANY: u64 = 1280;
    let difference = instructions(client, url, MANY, in_flight) - instructions(client, url, FEW, in_flight);
    difference / (MANY - FEW)
}

fn start_server() -> (Child, String) {
    let program = env::current_exe().unwrap();
    let mut server = Command::new(program).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    (server, url.trim().to_owned())
}

/// All instructions of a run.
fn instructions(client: &str, url: &str, calls: u64, in_flight: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["call", client, url, &calls.to_string(), &in_flight.to_string()])
        .output()
        .expect("valgrind is installed");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    let line = text.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind prints a count");
    line.1.trim().parse().unwrap()
}
