//! What the simulator promises, seen from the code under test: through the typed client.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "what helps a test may fail it")]

mod codes;
mod customers;
mod imports;
mod lists;
mod model;
mod parameters;
mod quotas;
mod ranges;
mod refusals;
mod rules;
mod sessions;
mod support;
mod tokens;
mod wire_variants;
mod worlds;
