//! How the cost of jobs grows with their size: the instructions or bytes of each work at sizes that grow by ten, and the exponent
//! of the growth, which is 1 for linear work.
//!
//! `cargo bench -p wecom-tests --bench growth` prints the table and fails if an exponent is above its limit. Instructions are
//! counted with callgrind: the difference between two runs and one run of the work in a process of its own. It needs `valgrind`.
//! `cargo bench -p wecom-tests --bench growth -- tree` prints the rows whose names contain a text.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::type_complexity,
    clippy::cast_precision_loss,
    reason = "a benchmark"
)]

mod clients;
mod customers;
mod directory;
mod service;

use std::alloc::System;
use std::any::Any;
use std::env;
use std::process::Command;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The noise of an exponent. Work that sorts has 0.1 more than linear work.
const TOLERANCE: f64 = 0.03;

/// Work whose cost grows with its size.
struct Work {
    name: &'static str,
    /// What the size counts.
    item: &'static str,
    sizes: [usize; 3],
    measure: Measure,
    /// The exponent that the growth must not exceed.
    limit: f64,
    /// Prepares the work, which then runs any number of times and returns what it keeps.
    prepare: fn(usize) -> Box<dyn FnMut() -> Box<dyn Any>>,
}

#[derive(Clone, Copy)]
enum Measure {
    Instructions,
    /// All bytes that the work allocates, freed or not.
    Allocated,
    /// The bytes of the result.
    Kept,
    /// The bytes that the work writes to a file, which is its result.
    Written,
}

fn works() -> Vec<Work> {
    [directory::works(), customers::works(), clients::works()].into_iter().flatten().collect()
}

fn main() {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["run", name, size, runs] => run(name, size.parse().unwrap(), runs.parse().unwrap()),
        [part] => print_table(part),
        _ => print_table(""),
    }
}

fn run(name: &str, size: usize, runs: u32) {
    let work = works().into_iter().find(|work| work.name == name).expect("a work of this name");
    let mut work = (work.prepare)(size);
    (0..runs).for_each(|_| drop(work()));
}

fn print_table(part: &str) {
    println!("| Work | Cost of | at the sizes | Exponents |\n|---|---|---|---|");
    let mut above = Vec::new();
    for work in works().iter().filter(|work| work.name.contains(part)) {
        let costs = work.sizes.map(|size| work.cost(size));
        let each = [0, 1, 2].map(|at| format!("{:.1}", costs[at] / work.sizes[at] as f64));
        let exponents = [(costs[1] / costs[0]).log10(), (costs[2] / costs[1]).log10()];
        let shown = exponents.map(|exponent| format!("{exponent:.2}"));
        let sizes = work.sizes.map(|size| size.to_string()).join(", ");
        println!("| {} | {} | {sizes}: {} | {} |", work.name, work.unit(), each.join(", "), shown.join(", "));
        if exponents.iter().any(|exponent| *exponent > work.limit + TOLERANCE) {
            above.push(work.name);
        }
    }
    assert!(above.is_empty(), "the cost grows faster than allowed: {above:?}");
}

impl Work {
    fn unit(&self) -> String {
        match self.measure {
            Measure::Instructions => format!("instructions for each {}", self.item),
            Measure::Allocated => format!("bytes allocated for each {}", self.item),
            Measure::Kept => format!("bytes kept for each {}", self.item),
            Measure::Written => format!("bytes written for each {}", self.item),
        }
    }

    fn cost(&self, size: usize) -> f64 {
        if let Measure::Instructions = self.measure {
            return (self.instructions(size, 2) - self.instructions(size, 1)) as f64;
        }
        let mut work = (self.prepare)(size);
        // The first run also fills caches.
        drop(work());
        if let Measure::Written = self.measure {
            return *work().downcast::<usize>().unwrap() as f64;
        }
        let region = Region::new(ALLOCATED);
        let kept = work();
        let change = region.change();
        drop(kept);
        let freed = if let Measure::Kept = self.measure { change.bytes_deallocated } else { 0 };
        (change.bytes_allocated - freed) as f64
    }

    /// All instructions of a process that runs the work a number of times.
    fn instructions(&self, size: usize, runs: u32) -> u64 {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(env::current_exe().unwrap())
            .args(["run", self.name, &size.to_string(), &runs.to_string()])
            .output()
            .expect("valgrind is installed");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{text}");
        let line = text.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind prints a count");
        line.1.trim().parse().unwrap()
    }
}
