//! The test harness: the four environments that a scenario runs in, and what it can do there.

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use wecom_core::{BaseUrl, Client, Credentials, ErrCode, Error, Secret, Transport};
use wecom_hyper::HyperTransport;
use wecom_mock::{Cassette, ManualTimer, Player, Recorder};
use wecom_simulator::{Simulator, SimulatorServer, World};
use wecom_upstream::{ChainId, CorpId, Upstream};

/// Control over the simulated world behind the calls. It does nothing while a cassette is played.
pub(crate) struct Control(Option<(Simulator, ManualTimer)>);

impl Control {
    /// Changes the world in a way that no call can.
    pub(crate) fn change(&self, change: impl FnOnce(&Simulator)) {
        if let Some((simulator, _)) = &self.0 {
            change(simulator);
        }
    }

    /// Advances the time.
    pub(crate) fn advance(&self, seconds: u64) {
        if let Some((_, timer)) = &self.0 {
            timer.advance(Duration::from_secs(seconds));
        }
    }
}

/// The outcomes of a scenario's calls: replies as JSON, refusals as their codes and texts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Transcript(Vec<Value>);

impl Transcript {
    /// Records a reply and returns it.
    #[track_caller]
    pub(crate) fn expect_reply<T: Serialize>(&mut self, outcome: Result<T, Error>) -> T {
        let reply = outcome.unwrap_or_else(|error| panic!("{error}"));
        self.0.push(serde_json::to_value(&reply).unwrap());
        reply
    }

    /// Records a refusal and returns its code.
    #[track_caller]
    pub(crate) fn expect_refusal<T: Debug>(&mut self, outcome: Result<T, Error>) -> ErrCode {
        let error = outcome.unwrap_err();
        let code = error.code().unwrap_or_else(|| panic!("{error}"));
        self.0.push(json!({"errcode": code.0, "text": error.to_string()}));
        code
    }
}

/// Runs a scenario in all environments, asserts that the transcripts are equal, and returns the text of the cassette.
pub(crate) async fn run_everywhere(world: World, scenario: impl AsyncFn(&Upstream, &Control) -> Transcript) -> String {
    let in_memory = run_in_memory(&world, &scenario).await;
    assert!(!in_memory.0.is_empty());
    let (cassette, recorded) = run_recorded(&world, &scenario).await;
    assert_eq!(recorded, in_memory);
    assert_eq!(run_on_a_socket(&world, &scenario).await, in_memory);
    assert_eq!(run_replayed(&world, &scenario, &cassette).await, in_memory);
    cassette
}

async fn run_in_memory(world: &World, scenario: &impl AsyncFn(&Upstream, &Control) -> Transcript) -> Transcript {
    let (simulator, control) = start_simulator(world);
    scenario(&upstream_over(simulator.clone(), simulator.credentials()), &control).await
}

async fn run_recorded(
    world: &World,
    scenario: &impl AsyncFn(&Upstream, &Control) -> Transcript,
) -> (String, Transcript) {
    let (simulator, control) = start_simulator(world);
    let (recorder, credentials) = (Recorder::new(simulator.clone()), simulator.credentials());
    let transcript = scenario(&upstream_over(recorder.clone(), credentials.clone()), &control).await;
    let cassette = recorder.cassette().to_json().unwrap();
    assert!(!cassette.contains(credentials.secret().expose()));
    (cassette, transcript)
}

async fn run_on_a_socket(world: &World, scenario: &impl AsyncFn(&Upstream, &Control) -> Transcript) -> Transcript {
    let (simulator, control) = start_simulator(world);
    let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), simulator.clone()).await.unwrap();
    let base: BaseUrl = server.base_url().parse().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    let client = Client::builder(HyperTransport::new().unwrap());
    let upstream = Upstream::new(client.base_url(base).credentials(simulator.credentials()).build());
    let transcript = scenario(&upstream, &control).await;
    drop((upstream, stop));
    running.await.unwrap();
    transcript
}

/// Plays the cassette with another secret than the one it was recorded with.
async fn run_replayed(
    world: &World,
    scenario: &impl AsyncFn(&Upstream, &Control) -> Transcript,
    cassette: &str,
) -> Transcript {
    let player = Player::new(Cassette::from_json(cassette).unwrap());
    let (simulator, _) = start_simulator(world);
    let credentials = Credentials::new(simulator.credentials().corp_id(), Secret::new("the-secret-of-a-replay"));
    let transcript = scenario(&upstream_over(player.clone(), credentials), &Control(None)).await;
    player.verify();
    transcript
}

fn start_simulator(world: &World) -> (Simulator, Control) {
    let timer = ManualTimer::new();
    let simulator = Simulator::new(world.clone()).on_timer(timer.clone());
    (simulator.clone(), Control(Some((simulator, timer))))
}

fn upstream_over(transport: impl Transport + 'static, credentials: Credentials) -> Upstream {
    Upstream::new(Client::builder(transport).credentials(credentials).build())
}

pub(crate) fn dealers() -> ChainId {
    ChainId::new("ChDealers")
}

pub(crate) fn jingxi() -> CorpId {
    CorpId::new("wwjingxi")
}
