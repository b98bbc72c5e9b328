//! The stages, and what a story has at hand on each of them.

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

/// What lies behind the calls of a story: a world that changes, unless all of it is on a cassette.
pub(crate) struct Behind(Option<(Simulator, ManualTimer)>);

impl Behind {
    /// Does something in the world that no call can do. A cassette holds what came of it.
    pub(crate) fn act(&self, act: impl FnOnce(&Simulator)) {
        if let Some((simulator, _)) = &self.0 {
            act(simulator);
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        if let Some((_, timer)) = &self.0 {
            timer.advance(Duration::from_secs(seconds));
        }
    }
}

/// What came of the calls of a story: replies as JSON, refusals as their codes and words.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Told(Vec<Value>);

impl Told {
    /// Notes what came of a call, and gives its reply.
    #[track_caller]
    pub(crate) fn granted<T: Serialize>(&mut self, outcome: Result<T, Error>) -> T {
        let reply = outcome.unwrap_or_else(|error| panic!("{error}"));
        self.0.push(serde_json::to_value(&reply).unwrap());
        reply
    }

    /// Notes how a call was refused, and gives the code.
    #[track_caller]
    pub(crate) fn refused<T: Debug>(&mut self, outcome: Result<T, Error>) -> ErrCode {
        let error = outcome.unwrap_err();
        let code = error.code().unwrap_or_else(|| panic!("{error}"));
        self.0.push(json!({"errcode": code.0, "text": error.to_string()}));
        code
    }
}

/// Plays a story on all stages, compares what is told, and gives the text of the cassette.
pub(crate) async fn play(world: World, story: impl AsyncFn(&Upstream, &Behind) -> Told) -> String {
    let in_memory = {
        let (simulator, behind) = raise(&world);
        story(&over(simulator.clone(), simulator.credentials()), &behind).await
    };
    assert!(!in_memory.0.is_empty());

    let (cassette, recorded, credentials) = {
        let (simulator, behind) = raise(&world);
        let (recorder, credentials) = (Recorder::new(simulator.clone()), simulator.credentials());
        let told = story(&over(recorder.clone(), credentials.clone()), &behind).await;
        (recorder.cassette().to_json().unwrap(), told, credentials)
    };
    assert_eq!(recorded, in_memory);
    assert!(!cassette.contains(credentials.secret().expose()));

    assert_eq!(served(&world, &story).await, in_memory);

    // The cassette is played with another secret than it was recorded with.
    let player = Player::new(Cassette::from_json(&cassette).unwrap());
    let credentials = Credentials::new(credentials.corp_id(), Secret::new("the-secret-of-a-replay"));
    assert_eq!(story(&over(player.clone(), credentials), &Behind(None)).await, in_memory);
    player.verify();
    cassette
}

async fn served(world: &World, story: &impl AsyncFn(&Upstream, &Behind) -> Told) -> Told {
    let (simulator, behind) = raise(world);
    let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), simulator.clone()).await.unwrap();
    let base: BaseUrl = server.base_url().parse().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    let client = Client::builder(HyperTransport::new().unwrap());
    let upstream = Upstream::new(client.base_url(base).credentials(simulator.credentials()).build());
    let told = story(&upstream, &behind).await;
    drop((upstream, stop));
    running.await.unwrap();
    told
}

fn raise(world: &World) -> (Simulator, Behind) {
    let timer = ManualTimer::new();
    let simulator = Simulator::new(world.clone()).on_timer(timer.clone());
    (simulator.clone(), Behind(Some((simulator, timer))))
}

fn over(transport: impl Transport + 'static, credentials: Credentials) -> Upstream {
    Upstream::new(Client::builder(transport).credentials(credentials).build())
}

pub(crate) fn dealers() -> ChainId {
    ChainId::new("ChDealers")
}

pub(crate) fn jingxi() -> CorpId {
    CorpId::new("wwjingxi")
}
