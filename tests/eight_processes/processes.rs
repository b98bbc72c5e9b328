//! The eight processes, as their supervisor sees them.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use wecom_tests::redis_server::RedisServer;

use crate::balancer::Ports;
use crate::company::Company;
use crate::process::Setup;

pub(crate) const COUNT: usize = 8;

/// The processes. Dropping them kills those that run.
pub(crate) struct Processes {
    setup: Setup,
    running: Vec<Option<Child>>,
    ports: Ports,
}

impl Processes {
    pub(crate) async fn start(company: &Company, redis: &RedisServer) -> Self {
        let setup = Setup { base_url: company.base_url(), redis: redis.url(), events: company.events_file() };
        let mut processes =
            Self { setup, running: (0..COUNT).map(|_| None).collect(), ports: Arc::new(Mutex::new(vec![None; COUNT])) };
        for number in 0..COUNT {
            processes.start_one(number).await;
        }
        processes
    }

    pub(crate) fn ports(&self) -> Ports {
        Arc::clone(&self.ports)
    }

    /// Starts a process, and waits until it accepts callbacks.
    pub(crate) async fn start_one(&mut self, number: usize) {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["is_one_of_the_processes_of_a_company", "--exact", "--nocapture"])
            .envs(self.setup.to_environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        self.running[number] = Some(child);
        let port = tokio::task::spawn_blocking(|| {
            let mut lines = output.lines().map_while(Result::ok);
            let port = lines.find_map(|line| line.rsplit_once("port ")?.1.parse().ok());
            // The process could not print the result of its test to a pipe that is closed.
            std::thread::spawn(move || lines.for_each(drop));
            port
        });
        self.ports.lock().unwrap()[number] = Some(port.await.unwrap().unwrap());
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, number: usize) {
        self.ports.lock().unwrap()[number] = None;
        if let Some(mut child) = self.running[number].take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// `STOP` or `CONT`.
    pub(crate) fn signal(&self, number: usize, signal: &str) {
        let child = self.running[number].as_ref().unwrap();
        let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(status.success(), "kill -s {signal} failed");
    }

    /// Lets the processes end by themselves.
    pub(crate) fn stop(&mut self) {
        for mut child in self.running.iter_mut().filter_map(Option::take) {
            drop(child.stdin.take());
            assert!(child.wait().unwrap().success(), "a process failed");
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        (0..COUNT).for_each(|number| self.kill(number));
    }
}
