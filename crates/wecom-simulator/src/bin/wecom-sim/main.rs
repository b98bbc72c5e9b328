//! Runs the simulator as a server, for clients in any language.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's output")]

mod callback_options;
mod options;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::Instant;
use wecom_core::{Timer, async_trait};
use wecom_simulator::{ServedCall, Simulator, SimulatorServer, World};

use crate::options::{HELP, Options, options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wecom-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let Some(Options { address, allowed_hosts, world, corps, seed, is_strict, variants, callback }) = options()? else {
        print!("{HELP}");
        return Ok(());
    };
    let callback = callback.into_url()?;
    let world = match (world, corps) {
        (Some(_), Some(_)) => return Err("--world and --corps can't be used together".into()),
        (Some(file), None) => read(&file).map_err(|error| format!("{}: {error}", file.display()))?,
        (None, Some(corps)) => World::generate(corps, seed),
        (None, None) => World::demo(),
    };
    let simulator = Simulator::try_new(world)?.on_timer(Clock(Instant::now())).wire_variants(variants);
    let simulator = if is_strict { simulator.strict() } else { simulator };
    let credentials = simulator.credentials();
    let server = SimulatorServer::bind(address, simulator).await.map_err(|error| not_bound(address, &error))?;
    let server = allowed_hosts.into_iter().fold(server, SimulatorServer::allow_host);
    println!("base URL   {}", server.base_url());
    println!("corpid     {}", credentials.corp_id());
    // The user needs the secret. It is only valid for this program.
    println!("corpsecret {}", credentials.secret().expose());
    println!("page       http://{}/", server.address());
    let server = match callback {
        Some(url) => server.callback(url).on_callback(|attempt| println!("{attempt}")),
        None => server,
    };
    println!("Press Ctrl-C to stop.");
    server.on_call(log).run(stopped()).await;
    println!("stopped");
    Ok(())
}

fn not_bound(address: SocketAddr, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => "; another program listens there: choose another address with --listen",
        io::ErrorKind::AddrNotAvailable => "; it is no address of this machine: choose one with --listen",
        io::ErrorKind::PermissionDenied => "; choose a port of 1024 or more with --listen",
        _ => "",
    };
    format!("cannot listen on {address}: {error}{remedy}")
}

fn read(file: &Path) -> Result<World, Box<dyn Error>> {
    let world = World::from_json(&std::fs::read_to_string(file)?)?;
    world.check()?;
    Ok(world)
}

/// The time since the program started.
struct Clock(Instant);

#[async_trait]
impl Timer for Clock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

fn log(call: &ServedCall) {
    let is_unknown = call.status == 404 && call.path.starts_with("/cgi-bin/");
    let errcode = match call.errcode {
        Some(code) => format!(" errcode {code}"),
        None if is_unknown => ": unknown endpoint; the reply lists the known ones".to_owned(),
        None => String::new(),
    };
    println!("{} {} {}{errcode}", call.method, call.path, call.status);
}

/// Completes on Ctrl-C and, on Unix, on SIGTERM. Never completes if no signal can be received.
async fn stopped() {
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
}

/// Completes on SIGTERM, by which service managers and containers stop a program.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
