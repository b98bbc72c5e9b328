//! Runs a plan for each seed, and shrinks a plan that breaks a promise.

use std::env;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::checker::{Checker, Violation};

/// The environment variable with the seed to replay.
pub const SEED: &str = "WECOM_SEED";

/// The environment variable with the number or the range of seeds for each test: `5000000` or `5000000..6000000`.
pub const SEEDS: &str = "WECOM_SEEDS";

/// The operations of one run, generated from a seed.
pub trait Plan: Clone + fmt::Display {
    /// Returns the number of operations.
    fn operations(&self) -> usize;

    /// Returns the plan without these operations.
    #[must_use]
    fn without(&self, operations: Range<usize>) -> Self;

    /// Runs the plan, and passes its checker to a closure first.
    ///
    /// # Errors
    ///
    /// Returns the first broken promise.
    fn run(&self, keeps_journal: bool, on_checker: &mut dyn FnMut(&Checker)) -> Result<(), Violation>;
}

/// Runs the plans of this number of seeds. [`SEED`] and [`SEEDS`] override the number.
///
/// # Panics
///
/// Panics if a plan breaks a promise. The text has the seed, the smallest failing plan, and the journal of its run.
pub fn run_seeds<P: Plan>(test: &str, usual: u64, plan: impl Fn(u64) -> P) {
    if let Some(seed) = env::var(SEED).ok().and_then(|seed| seed.parse().ok()) {
        if let Err(violation) = run(&plan(seed), None) {
            fail(test, seed, &plan(seed), &violation);
        }
        return;
    }
    let (began, seeds) = (Instant::now(), seeds(usual));
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let plan = plan(seed);
        if let Err(violation) = run(&plan, None) {
            fail(test, seed, &plan, &violation);
        }
    }
    report(test, count, began);
}

#[allow(clippy::print_stdout, reason = "the figure of a long run")]
fn report(test: &str, seeds: u64, began: Instant) {
    println!("{test}: {seeds} seeds in {:.1?}", began.elapsed());
}

fn seeds(usual: u64) -> Range<u64> {
    let Ok(text) = env::var(SEEDS) else { return 0..usual };
    let number = |text: &str| {
        text.trim().parse().unwrap_or_else(|_| panic!("invalid {SEEDS}={text}: expected a number or a range of seeds"))
    };
    match text.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => 0..number(&text),
    }
}

/// Runs a plan. A panic counts as a broken promise.
fn run<P: Plan>(plan: &P, mut journal: Option<&mut Vec<String>>) -> Result<(), Violation> {
    let mut checker = None;
    let outcome =
        catch_unwind(AssertUnwindSafe(|| plan.run(journal.is_some(), &mut |of_run| checker = Some(of_run.clone()))));
    if let (Some(journal), Some(checker)) = (&mut journal, &checker) {
        **journal = checker.journal();
    }
    outcome.unwrap_or_else(|panic| {
        // The checker may have ended an endless poll by unwinding.
        checker.map_or(Ok(()), |checker| checker.verdict())?;
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(Violation::new("nothing panics", text.unwrap_or("a panic without a text")))
    })
}

fn fail<P: Plan>(test: &str, seed: u64, plan: &P, violation: &Violation) -> ! {
    let small = shrink(plan, violation);
    let mut journal = Vec::new();
    let violation = run(&small, Some(&mut journal)).err().unwrap_or_else(|| violation.clone());
    let (left, all) = (small.operations(), plan.operations());
    panic!(
        "{violation}\n\nseed {seed}, {left} of {all} operations left:\n{small}\nwhat happened:\n{}\n\n\
         to replay: {SEED}={seed} cargo test -p wecom-tests --test adversarial {test}\n",
        journal.join("\n")
    );
}

/// Removes operations from a plan as long as it still breaks the same promise.
fn shrink<P: Plan>(plan: &P, violation: &Violation) -> P {
    let still_fails = |plan: &P| run(plan, None).is_err_and(|other| other.promise == violation.promise);
    let mut smallest = plan.clone();
    let mut size = smallest.operations().next_power_of_two();
    while size > 0 {
        let mut at = 0;
        let mut is_smaller = false;
        while at < smallest.operations() {
            let end = (at + size).min(smallest.operations());
            let smaller = smallest.without(at..end);
            if still_fails(&smaller) {
                smallest = smaller;
                is_smaller = true;
            } else {
                at = end;
            }
        }
        // An operation may become removable after others have been removed.
        if size > 1 || !is_smaller {
            size /= 2;
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan that breaks a promise if it has both 3 and 7.
    #[derive(Clone)]
    struct Numbers(Vec<u32>);

    impl Plan for Numbers {
        fn operations(&self) -> usize {
            self.0.len()
        }

        fn without(&self, operations: Range<usize>) -> Self {
            let mut numbers = self.0.clone();
            numbers.drain(operations);
            Self(numbers)
        }

        fn run(&self, _: bool, _: &mut dyn FnMut(&Checker)) -> Result<(), Violation> {
            match self.0.contains(&3) && self.0.contains(&7) {
                true => Err(Violation::new("3 and 7 do not meet", format!("{:?}", self.0))),
                false => Ok(()),
            }
        }
    }

    impl fmt::Display for Numbers {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{:?}", self.0)
        }
    }

    #[test]
    fn a_plan_shrinks_to_the_operations_that_matter() {
        let plan = Numbers((0..50).collect());
        let violation = run(&plan, None).unwrap_err();
        assert_eq!(shrink(&plan, &violation).0, [3, 7]);
    }
}
