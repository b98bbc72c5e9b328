//! An adversarial scheduler: a seed decides everything that the code under test has no promise about, and decides it badly.
//!
//! - [`Executor`](executor::Executor) runs tasks on virtual time. It polls ready tasks in any order, leaves a ready task
//!   unpolled for a while or for ever, polls a task that nothing woke, and drops a task at any await.
//! - [`Service`](service::Service) is a transport, and [`Store`](token_store::Store) a token store. They answer, fail,
//!   hang and lie by the same seed.
//! - [`Referee`](referee::Referee) sees every poll, request, call and text, and notes the first broken promise.
//! - [`hunt`](hunt::hunt) runs seed after seed. It shrinks a plan that breaks a promise and prints how to replay it.
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

pub mod executor;
pub mod fate;
pub mod hunt;
pub mod referee;
pub mod service;
pub mod token_store;
pub mod tokens;
pub mod watch;
