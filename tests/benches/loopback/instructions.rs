//! Counts the instructions of a call with callgrind: the difference between two runs of different length, divided by the
//! difference in calls. The server is another process and is not counted.
//!
//! `cargo bench -p wecom-tests --bench instructions` prints the table. It needs `valgrind`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a benchmark")]

mod clients;

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tokio::runtime::Runtime;
use wecom_tests::bench_server::BenchServer;

use crate::clients::{BareHyper, HandWritten, RawSocket, Reqwest, get_chain_group, plain, replies, resilient};

const CLIENTS: [&str; 6] =
    ["raw socket", "bare hyper connection", "hyper-util by hand", "wecom", "wecom, resilient", "reqwest"];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve(),
        ["call", client, url, calls] => call(client, url, calls.parse().unwrap()),
        _ => print_table(),
    }
}

/// Serves until its standard input ends, and prints the base URL first.
fn serve() {
    let server = BenchServer::start(replies());
    println!("{}", server.base_url());
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn call(client: &str, url: &str, calls: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (client, url) = (client.to_owned(), url.to_owned());
    let task = runtime.spawn(async move {
        match client.as_str() {
            "raw socket" => {
                let mut client = RawSocket::connect(&url).await;
                for _ in 0..calls {
                    client = client.get_chain_group().await;
                }
            }
            "bare hyper connection" => {
                let mut client = BareHyper::connect(&url).await;
                for _ in 0..calls {
                    client = client.get_chain_group().await;
                }
            }
            "hyper-util by hand" => {
                let client = HandWritten::new(&url);
                for _ in 0..calls {
                    client.clone().get_chain_group().await;
                }
            }
            "reqwest" => {
                let client = Reqwest::new(&url);
                for _ in 0..calls {
                    client.clone().get_chain_group().await;
                }
            }
            ours => {
                let client = if ours == "wecom" { plain(&url) } else { resilient(&url) };
                for _ in 0..calls {
                    get_chain_group(client.clone()).await;
                }
            }
        }
    });
    Runtime::block_on(&runtime, task).unwrap();
}

fn print_table() {
    const FEW: u64 = 200;
    const MANY: u64 = 1200;
    let (mut server, url) = start_server();
    println!("{:24} {:>12}", "client", "instructions a call");
    for client in CLIENTS {
        let difference = instructions(client, &url, MANY) - instructions(client, &url, FEW);
        println!("{client:24} {:>12}", difference / (MANY - FEW));
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

fn start_server() -> (Child, String) {
    let program = env::current_exe().unwrap();
    let mut server = Command::new(program).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    (server, url.trim().to_owned())
}

/// All instructions of a run.
fn instructions(client: &str, url: &str, calls: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["call", client, url, &calls.to_string()])
        .output()
        .expect("valgrind is installed");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    let line = text.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind prints a count");
    line.1.trim().parse().unwrap()
}
