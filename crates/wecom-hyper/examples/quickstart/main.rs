//! A tour of the upstream API: makes most of its calls over HTTP and prints their replies.
//!
//! - `cargo run --example quickstart` starts a simulated WeCom on loopback and makes the calls of a directory, an import
//!   and customers there.
//! - With `WECOM_CORP_ID`, `WECOM_SECRET` and `WECOM_AGENT_ID` set, it calls the real service instead. It then makes only
//!   the calls that read and need no other ids.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the example prints its results")]

mod show;

use std::env;
use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use wecom_core::{BaseUrl, Client, Credentials, Retry, Secret};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_simulator::{Simulator, SimulatorServer};
use wecom_upstream::{AgentId, Upstream};

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome {
    match real_credentials()? {
        Some((credentials, agent_id)) => {
            println!("Calling the real WeCom as {}.\n", credentials.corp_id());
            let upstream = connect(BaseUrl::default(), credentials)?;
            show::read_only_calls(&upstream, agent_id).await
        }
        None => {
            let simulator = Simulator::demo();
            let credentials = simulator.credentials();
            let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), simulator.clone()).await?;
            let base_url = server.base_url();
            println!("A simulated WeCom with demo data is listening at {base_url}.\n");
            tokio::spawn(server.run(std::future::pending()));
            show::directory_import_and_customers(&connect(BaseUrl::parse(&base_url)?, credentials)?).await?;
            simulator.events().take().iter().for_each(|event| println!("\nEvent for a callback URL (回调): {event:?}"));
            Ok(())
        }
    }
}

fn connect(base_url: BaseUrl, credentials: Credentials) -> Result<Upstream, Box<dyn Error>> {
    let client = Client::builder(HyperTransport::new()?)
        .base_url(base_url)
        .credentials(credentials)
        .timer(TokioTimer::new())
        .retry(Retry::new())
        .deadline(Duration::from_secs(30))
        .build();
    Ok(Upstream::new(client))
}

/// The credentials of a real app, if all variables are set.
fn real_credentials() -> Result<Option<(Credentials, AgentId)>, Box<dyn Error>> {
    let names = ["WECOM_CORP_ID", "WECOM_SECRET", "WECOM_AGENT_ID"];
    match names.map(|name| env::var(name).ok().filter(|value| !value.is_empty())) {
        [Some(corp_id), Some(secret), Some(agent_id)] => {
            let agent_id = agent_id.parse().map_err(|_| "invalid WECOM_AGENT_ID: not a number")?;
            Ok(Some((Credentials::new(corp_id, Secret::new(secret)), agent_id)))
        }
        [None, None, None] => Ok(None),
        _ => {
            Err(format!("missing variable: set all of {} for the real WeCom, or none of them", names.join(", ")).into())
        }
    }
}
