//! Runs the simulator as a server, for clients in any language.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's output")]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use tokio::time::Instant;
use wecom_core::{Timer, async_trait};
use wecom_simulator::{ServedCall, Simulator, SimulatorServer, World};

const HELP: &str = "\
Runs a simulator of the WeCom (企业微信) upstream/downstream API (上下游).

Usage: wecom-sim [--listen ADDRESS] [--allow-host NAME]... [--world FILE | --corps N [--seed S]]

  --listen ADDRESS   listens on this address instead of 127.0.0.1:8900
  --allow-host NAME  accepts requests for this host name, besides localhost and IP addresses; repeatable
  --world FILE       reads the world from this JSON file (see wecom_simulator::World::from_json) instead of the demo world
  --corps N          generates a world of N corps instead
  --seed S           generates the world from this seed instead of 1
  --help             prints this text
";

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
    let Some(Options { address, allowed_hosts, world, corps, seed }) = options()? else {
        print!("{HELP}");
        return Ok(());
    };
    let world = match (world, corps) {
        (Some(_), Some(_)) => return Err("--world and --corps can't be used together".into()),
        (Some(file), None) => read(&file).map_err(|error| format!("{}: {error}", file.display()))?,
        (None, Some(corps)) => World::generate(corps, seed),
        (None, None) => World::demo(),
    };
    let simulator = Simulator::try_new(world)?.on_timer(Clock(Instant::now()));
    let credentials = simulator.credentials();
    let server = SimulatorServer::bind(address, simulator).await.map_err(|error| format!("{address}: {error}"))?;
    let server = allowed_hosts.into_iter().fold(server, SimulatorServer::allow_host);
    println!("base URL   {}", server.base_url());
    println!("corpid     {}", credentials.corp_id());
    // The user needs the secret. It is only valid for this program.
    println!("corpsecret {}", credentials.secret().expose());
    println!("page       http://{}/", server.address());
    println!("Press Ctrl-C to stop.");
    server.on_call(log).run(stopped()).await;
    println!("stopped");
    Ok(())
}

struct Options {
    address: SocketAddr,
    allowed_hosts: Vec<String>,
    world: Option<PathBuf>,
    corps: Option<usize>,
    seed: u64,
}

/// Parses the command line. Returns `None` for `--help`.
fn options() -> Result<Option<Options>, lexopt::Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8900));
    let mut options = Options { address, allowed_hosts: Vec::new(), world: None, corps: None, seed: 1 };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("listen") => options.address = arguments.value()?.parse()?,
            Arg::Long("allow-host") => options.allowed_hosts.push(arguments.value()?.string()?),
            Arg::Long("world") => options.world = Some(arguments.value()?.into()),
            Arg::Long("corps") => options.corps = Some(arguments.value()?.parse()?),
            Arg::Long("seed") => options.seed = arguments.value()?.parse()?,
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
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
    let errcode = call.errcode.map_or_else(String::new, |code| format!(" errcode {code}"));
    println!("{} {} {}{errcode}", call.method, call.path, call.status);
}

/// Completes on Ctrl-C. Never completes if the signal can't be received.
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
