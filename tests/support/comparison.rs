//! Benchmarks that compare clients: in each round all of them make the same calls in turn, so that other load on the machine
//! affects them alike.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use tokio::runtime::Runtime;

/// A client under measurement: makes this number of calls and returns the time that they took.
pub type BenchClient = Box<dyn Fn(u64) -> Duration>;

/// A comparison of clients. Each sample is a round in which all clients make the same calls in turn. The ratios are medians over
/// the rounds.
pub struct Comparison {
    clients: Vec<(&'static str, BenchClient)>,
    rounds: RefCell<Vec<Vec<f64>>>,
}

impl Comparison {
    /// Compares these clients. The first one is the baseline.
    #[must_use]
    pub fn new(clients: Vec<(&'static str, BenchClient)>) -> Self {
        Self { clients, rounds: RefCell::default() }
    }

    /// Runs a round, which starts with another client each time. Returns the time of the measured client.
    fn round(&self, calls: u64, measured: usize) -> Duration {
        let count = self.clients.len();
        let first = self.rounds.borrow().len();
        let mut times = vec![Duration::ZERO; count];
        for turn in 0..count {
            let index = (first + turn) % count;
            times[index] = self.clients[index].1(calls);
        }
        self.rounds.borrow_mut().push(times.iter().map(Duration::as_secs_f64).collect());
        times[measured]
    }

    /// Measures all clients under this name, and prints the ratios.
    pub fn measure(self, criterion: &mut Criterion, name: &str) {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        for (index, (client, _)) in self.clients.iter().enumerate() {
            group.bench_function(*client, |bencher| bencher.iter_custom(|calls| self.round(calls, index)));
        }
        group.finish();
        self.report(name);
    }

    #[allow(clippy::print_stdout, reason = "a benchmark's report")]
    fn report(&self, group: &str) {
        let rounds = self.rounds.borrow();
        // A run with a filter may have no rounds.
        if rounds.is_empty() {
            return;
        }
        for (index, (name, _)) in self.clients.iter().enumerate().skip(1) {
            let mut ratios: Vec<_> = rounds.iter().map(|times| times[0] / times[index]).collect();
            ratios.sort_by(f64::total_cmp);
            let (rounds, base) = (ratios.len(), self.clients[0].0);
            println!(
                "{group}: {name} has {:.2} x the throughput of {base} (median of {rounds} rounds)",
                ratios[rounds / 2]
            );
        }
    }
}

/// Builds a client under measurement from a client that is cloned for each task.
pub fn bench_client<C, F>(runtime: &Rc<Runtime>, in_flight: u64, client: C, call: fn(C) -> F) -> BenchClient
where
    C: Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Rc::clone(runtime);
    Box::new(move |calls| {
        let client = client.clone();
        runtime.block_on(run(calls, in_flight, move || call(client.clone())))
    })
}

/// A client under measurement of which each task has its own, such as a connection. Opening them is not measured.
pub fn bench_task_client<C, O, F>(
    runtime: &Rc<Runtime>,
    in_flight: u64,
    open: impl Fn() -> O + 'static,
    call: fn(C) -> F,
) -> BenchClient
where
    C: Send + 'static,
    O: Future<Output = C>,
    F: Future<Output = C> + Send + 'static,
{
    let runtime = Rc::clone(runtime);
    Box::new(move |calls| {
        runtime.block_on(async {
            let mut clients = Vec::new();
            for _ in 0..in_flight {
                clients.push(open().await);
            }
            let start = Instant::now();
            let tasks: Vec<_> = (0..in_flight)
                .zip(clients)
                .map(|(task, mut client)| {
                    let share = share(calls, in_flight, task);
                    tokio::spawn(async move {
                        for _ in 0..share {
                            client = call(client).await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            start.elapsed()
        })
    })
}

/// Returns the number of calls of a task.
fn share(calls: u64, in_flight: u64, task: u64) -> u64 {
    calls / in_flight + u64::from(task < calls % in_flight)
}

/// Makes this number of calls, `in_flight` at a time.
async fn run<F>(calls: u64, in_flight: u64, call: impl Fn() -> F + Clone + Send + 'static) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let start = Instant::now();
    let tasks: Vec<_> = (0..in_flight)
        .map(|task| {
            let call = call.clone();
            let share = share(calls, in_flight, task);
            tokio::spawn(async move {
                for _ in 0..share {
                    call().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    start.elapsed()
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clients.iter().map(|(name, _)| name)).finish()
    }
}
