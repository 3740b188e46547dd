//! The hub as its callers meet it: a real state, a real journal, real requests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod captures;
mod document;
mod findings;
mod fixture;
mod glass;
mod imports;
mod journal;
mod ledger;
mod link;
mod metrics;
mod onboarding;
mod people;
mod records;
mod rights;
mod second_step;
mod sequencer;
mod sessions;
mod settings;
mod throttle;
mod webhooks;
