//! A WeCom that runs on this machine: the simulator on a socket, for clients in any language.

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
A WeCom (企业微信) upstream/downstream API that runs on this machine.

Usage: wecom-sim [--listen ADDRESS] [--world FILE | --corps N [--seed S]]

  --listen ADDRESS   where to listen; 127.0.0.1:8900 by default
  --world FILE       the world to begin with, as JSON (see wecom_simulator::World::from_json); a small demo by default
  --corps N          instead, a made-up world of so many corps
  --seed S           which one of these; 1 by default
  --help             this text
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
    let Some(Options { address, world, corps, seed }) = options()? else {
        print!("{HELP}");
        return Ok(());
    };
    let world = match (world, corps) {
        (Some(_), Some(_)) => return Err("--world and --corps exclude each other".into()),
        (Some(file), None) => read(&file).map_err(|error| format!("{}: {error}", file.display()))?,
        (None, Some(corps)) => World::generate(corps, seed),
        (None, None) => World::demo(),
    };
    let simulator = Simulator::try_new(world)?.on_timer(Clock(Instant::now()));
    let credentials = simulator.credentials();
    let server = SimulatorServer::bind(address, simulator).await.map_err(|error| format!("{address}: {error}"))?;
    println!("base URL   {}", server.base_url());
    println!("corpid     {}", credentials.corp_id());
    // Whoever runs this has to know it, and it opens nothing but this program.
    println!("corpsecret {}", credentials.secret().expose());
    println!("page       http://{}/", server.address());
    println!("Ctrl-C ends it.");
    server.on_call(log).run(stopped()).await;
    println!("stopped");
    Ok(())
}

struct Options {
    address: SocketAddr,
    world: Option<PathBuf>,
    corps: Option<usize>,
    seed: u64,
}

/// What the command line says; `None` when help is asked for.
fn options() -> Result<Option<Options>, lexopt::Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8900));
    let mut options = Options { address, world: None, corps: None, seed: 1 };
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("listen") => options.address = arguments.value()?.parse()?,
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

/// The time since the program began: tokens expire and jobs go on as it passes.
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

/// Comes back at Ctrl-C. Where the system can't tell of it, the program is ended from outside.
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
