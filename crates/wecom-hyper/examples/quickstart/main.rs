//! The upstream API at a glance: every call, over real HTTP.
//!
//! - `cargo run --example quickstart` starts a WeCom on loopback that answers as the vendor's documentation does, and
//!   makes all thirteen calls against it.
//! - With `WECOM_CORP_ID`, `WECOM_SECRET` and `WECOM_AGENT_ID` set, it makes those calls against the real service that
//!   only read and need no id beyond these.
//! - `cargo run --example quickstart -- --serve` keeps the embedded WeCom up on 127.0.0.1:8900, for the first example of
//!   the README.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is there to show something")]

mod embedded;
mod show;

use std::env;
use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use wecom_core::{BaseUrl, Client, Credentials, Secret};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_upstream::{AgentId, Upstream};

/// The port on which `--serve` keeps the embedded WeCom.
const PORT: u16 = 8900;

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
    if env::args().any(|argument| argument == "--serve") {
        return serve().await;
    }
    match real_credentials()? {
        Some((credentials, agent_id)) => {
            println!("Calling the real WeCom as {}.\n", credentials.corp_id());
            let upstream = connect(BaseUrl::default(), credentials)?;
            show::what_only_reads(&upstream, agent_id).await
        }
        None => {
            let base_url = embedded::start((Ipv4Addr::LOCALHOST, 0).into()).await?;
            println!("An embedded WeCom answers at {base_url}, as the vendor's documentation prints it.\n");
            let credentials = Credentials::new("wwdemo", Secret::new("demo-secret"));
            let upstream = connect(BaseUrl::parse(&base_url)?, credentials)?;
            show::all_thirteen_calls(&upstream).await
        }
    }
}

fn connect(base_url: BaseUrl, credentials: Credentials) -> Result<Upstream, Box<dyn Error>> {
    let client = Client::builder(HyperTransport::new()?)
        .base_url(base_url)
        .clock(TokioTimer::new())
        .credentials(credentials)
        .build();
    Ok(Upstream::new(client))
}

async fn serve() -> Outcome {
    let base_url = embedded::start((Ipv4Addr::LOCALHOST, PORT).into()).await?;
    println!("An embedded WeCom answers at {base_url} until you press Ctrl-C.");
    std::future::pending().await
}

/// The credentials of a real app, when all of them are set.
fn real_credentials() -> Result<Option<(Credentials, AgentId)>, Box<dyn Error>> {
    let names = ["WECOM_CORP_ID", "WECOM_SECRET", "WECOM_AGENT_ID"];
    match names.map(|name| env::var(name).ok().filter(|value| !value.is_empty())) {
        [Some(corp_id), Some(secret), Some(agent_id)] => {
            let agent_id = agent_id.parse().map_err(|_| "WECOM_AGENT_ID is not a number")?;
            Ok(Some((Credentials::new(corp_id, Secret::new(secret)), agent_id)))
        }
        [None, None, None] => Ok(None),
        _ => Err(format!("set all of {} for the real WeCom, or none", names.join(", ")).into()),
    }
}
