//! What happens to the processes: signals, and changes of the service, at random times from a seed.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep, sleep_until};

use crate::company::Company;
use crate::processes::{COUNT, Processes};

/// When something happens to a process that was killed or stopped.
enum Later {
    Start(usize),
    Continue(usize),
}

impl Later {
    fn number(&self) -> usize {
        match self {
            Self::Start(number) | Self::Continue(number) => *number,
        }
    }
}

/// Disturbs the processes for a time. At its end all of them run.
pub(crate) async fn run(processes: &mut Processes, company: &Company, seed: u64, length: Duration) {
    let (mut random, end) = (Rng::with_seed(seed), Instant::now() + length);
    let mut later: Vec<(Instant, Later)> = Vec::new();
    while Instant::now() < end {
        sleep(Duration::from_millis(random.u64(100..900))).await;
        let (due, rest) = later.drain(..).partition(|(at, _)| *at <= Instant::now());
        later = rest;
        catch_up(processes, due).await;
        let number = random.usize(..COUNT);
        let is_disturbed = later.iter().any(|(_, later)| later.number() == number);
        // Of several stopped processes, an event might reach three.
        let is_one_stopped = later.iter().any(|(_, later)| matches!(later, Later::Continue(_)));
        match random.u32(..12) {
            0..=1 if !is_disturbed => {
                processes.kill(number);
                company.note_kill();
                later.push((after(&mut random, 3_000), Later::Start(number)));
            }
            2 if !is_disturbed && !is_one_stopped => {
                processes.signal(number, "STOP");
                company.note_stop();
                later.push((after(&mut random, 8_000), Later::Continue(number)));
            }
            2..=8 => company.send_event(),
            9 if random.bool() => company.revoke_tokens(),
            _ => {}
        }
    }
    for (at, what) in later {
        sleep_until(at).await;
        catch_up(processes, vec![(at, what)]).await;
    }
}

fn after(random: &mut Rng, longest: u64) -> Instant {
    Instant::now() + Duration::from_millis(random.u64(50..longest))
}

async fn catch_up(processes: &mut Processes, due: Vec<(Instant, Later)>) {
    for (_, what) in due {
        match what {
            Later::Start(number) => processes.start_one(number).await,
            Later::Continue(number) => processes.signal(number, "CONT"),
        }
    }
}
