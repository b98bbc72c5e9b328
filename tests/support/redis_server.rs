//! A real Redis server, which a test starts on loopback.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::programs::is_installed;

/// A running Redis server without persistence, in a temporary folder. Dropping it kills the server.
#[derive(Debug)]
pub struct RedisServer {
    program: String,
    options: Vec<String>,
    port: u16,
    folder: PathBuf,
    process: Option<Child>,
}

impl RedisServer {
    /// Starts a server, or returns `None` if the program is missing and may be skipped.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts a server with options, such as `--requirepass` and a password. `REDIS_SERVER` names another program, such as
    /// `valkey-server`.
    ///
    /// # Panics
    ///
    /// Panics if the server does not start.
    #[must_use]
    pub fn start_with(options: &[&str]) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let program = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        if !is_installed(&program) {
            return None;
        }
        let name = format!("wecom-redis-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let mut server = Self { program, options, port, folder, process: None };
        server.run();
        Some(server)
    }

    /// The URL of the server, without a password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Runs a command of `redis-cli`, and returns its output.
    ///
    /// # Panics
    ///
    /// Panics if `redis-cli` cannot run.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Kills the server, which loses its data.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Kills the server and starts it again on the same port, without data.
    pub fn restart(&mut self) {
        self.kill();
        self.run();
    }

    /// Stops the process, so that it accepts connections and does not reply, until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Continues a paused process.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn run(&mut self) {
        let mut process = Command::new(&self.program)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(&self.options)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let is_ready = log.any(|line| line.contains("Ready to accept connections"));
        self.process = Some(process);
        assert!(is_ready, "{} did not start", self.program);
        // The server would block on a pipe that is full.
        std::thread::spawn(move || log.for_each(drop));
    }

    fn signal(&self, signal: &str) {
        if let Some(process) = &self.process {
            let status = Command::new("kill").args([signal, &process.id().to_string()]).status().unwrap();
            assert!(status.success(), "kill {signal} failed");
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
