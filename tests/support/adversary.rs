//! An adversarial scheduler: a seed makes every choice that the code under test must not depend on, and favors bad choices.
//!
//! - [`Executor`](executor::Executor) runs tasks on virtual time. It polls ready tasks in any order, leaves a ready task
//!   unpolled for a while or forever, polls a task that nothing woke, and drops a task at any await.
//! - [`Service`](service::Service) is a transport, and [`Store`](token_store::Store) a token store. By the same seed they
//!   answer, fail, hang and return wrong data.
//! - [`Checker`](checker::Checker) observes every poll, request, call and text, and records the first broken promise.
//! - [`run_seeds`](seed_runner::run_seeds) runs one plan for each seed. It shrinks a plan that breaks a promise, and prints
//!   how to replay it.
//!
//! # Why not an existing scheduler
//!
//! - `shuttle` schedules threads and tasks of its own runtime. Its scheduler chooses among the tasks that are ready: it
//!   never polls one that nothing woke, has no clock, and drops a future only where the test aborts it.
//! - `madsim` replaces tokio under `--cfg madsim`, which means a second build of the workspace. It has virtual time, but
//!   runs every ready task before time passes; only a whole simulated machine can be paused.
//! - `turmoil` runs tokio's own scheduler for each simulated host, in tokio's order. It disturbs the network between the
//!   hosts, not the futures on them.
//!
//! The futures of this workspace need no runtime, so a scheduler for them is a loop over a list of futures.

#![allow(clippy::exhaustive_enums, reason = "nothing outside this package uses them")]

pub mod behavior;
pub mod checker;
pub mod checks;
pub mod executor;
pub mod quota_store;
pub mod seed_runner;
pub mod service;
pub mod token_store;
pub mod tokens;
