//! Calls over loopback sockets, 1, 64, 256 and 2,048 in flight, compared with other clients in the same run: a connection of
//! hyper without a pool for each task, a client written by hand on hyper-util, and reqwest.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

mod clients;

use std::rc::Rc;

use criterion::Criterion;
use wecom_tests::bench_server::BenchServer;
use wecom_tests::comparison::{Comparison, bench_client, bench_task_client};

use crate::clients::{BareHyper, HandWritten, Reqwest, get_chain_group, plain, replies};

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(60);
    let server = BenchServer::start(replies());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runtime = Rc::new(runtime);
    for in_flight in [1, 64, 256, 2048] {
        let url = server.base_url();
        let connect = {
            let url = url.clone();
            move || {
                let url = url.clone();
                async move { BareHyper::connect(&url).await }
            }
        };
        let comparison = Comparison::new(vec![
            (
                "hyper-util by hand",
                bench_client(&runtime, in_flight, HandWritten::new(&url), HandWritten::get_chain_group),
            ),
            ("wecom", bench_client(&runtime, in_flight, plain(&url), get_chain_group)),
            (
                "a hyper connection for each task",
                bench_task_client(&runtime, in_flight, connect, BareHyper::get_chain_group),
            ),
            ("reqwest", bench_client(&runtime, in_flight, Reqwest::new(&url), Reqwest::get_chain_group)),
        ]);
        comparison.measure(&mut criterion, &format!("loopback {in_flight} in flight"));
    }
    criterion.final_summary();
}
