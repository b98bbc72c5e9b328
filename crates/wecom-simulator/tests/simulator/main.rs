//! The behaviour of the simulator, mostly through the typed client.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod codes;
mod custom_endpoints;
mod customers;
mod events;
mod growth;
mod import_rules;
mod imports;
mod leniency;
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
