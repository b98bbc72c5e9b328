//! Eight processes of one company for a minute, over a simulator on a socket and a Redis. They are killed, stopped, continued
//! and started again at random, and together they keep every promise:
//!
//! - The simulator refuses no call because of its quota (45009), and at least 90 % of the quota is used.
//! - Each generation of the token is fetched once.
//! - Each row is imported once.
//! - Each event is handled once.
//!
//! `WECOM_SEED` sets the seed, which each run prints.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a failing test panics; a process prints its port, and the test what it has measured"
)]
#![allow(clippy::disallowed_methods, reason = "a server reads the clock, and a seed is taken from it")]

mod balancer;
mod company;
mod disturbances;
mod process;
mod processes;

use std::env;
use std::time::{Duration, SystemTime};

use wecom_simulator::Simulator;
use wecom_tests::redis_server::RedisServer;

use crate::company::Company;
use crate::process::Setup;
use crate::processes::Processes;

/// How long the processes are disturbed. The quota is one of a minute.
const RUN: Duration = Duration::from_secs(60);

/// One of the eight processes. Does nothing in a normal run of the tests.
#[test]
fn is_one_of_the_processes_of_a_company() {
    let Some(setup) = Setup::from_environment() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(process::run(setup));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_that_are_killed_and_stopped_act_as_one() {
    let Some(redis) = RedisServer::start() else { return };
    let seed = env::var("WECOM_SEED").map_or_else(|_| from_clock(), |seed| seed.parse().unwrap());
    eprintln!("WECOM_SEED={seed}");
    let (company, balancer) = Company::start(Simulator::demo()).await;
    let mut processes = Processes::start(&company, &redis).await;
    tokio::spawn(balancer::run(balancer, processes.ports()));

    disturbances::run(&mut processes, &company, seed, RUN).await;
    let calls = company.calls_within(RUN);
    company.until_all_is_done(&redis).await;
    eprintln!("{calls} of {} calls of the quota, {:?}", company::QUOTA, company.counts());
    processes.stop();

    company.assert_quota_kept_and_used(calls);
    company.assert_one_fetch_a_generation();
    company.assert_each_row_once().await;
    company.assert_each_event_once();
}

fn from_clock() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}
